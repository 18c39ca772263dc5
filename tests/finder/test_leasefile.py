"""A lease file is read when it changes, and only as much of it as there is room for."""

import os
from pathlib import Path

import pytest

from appliance.finder import leasefile
from appliance.finder.leasefile import LeaseFile
from appliance.finder.leases import Lease

AT = 1_795_384_800.0
WRITTEN = AT - 100
MAC, OTHER = "02:77:00:00:00:10", "02:77:00:00:00:11"


def write(path: Path, text: str, at: float = WRITTEN) -> None:
    """Write a file as if at a time."""
    path.write_text(text)
    os.utime(path, (at, at))


def line(mac: str, last: int, end: int = 0) -> str:
    """A line of dnsmasq's."""
    return f"{end} {mac} 192.168.77.{last} name{last} *\n"


def test_only_what_is_new(tmp_path: Path) -> None:
    """First all leases since the file was written, then those that changed, nothing while nothing does."""
    path = tmp_path / "leases"
    file = LeaseFile(path)
    assert (file.look(AT), file.is_there) == ((), False)
    write(path, line(MAC, 10, 1_795_400_000))
    first = Lease("192.168.77.10", MAC, "name10", WRITTEN, "1795400000")
    assert (file.look(AT), file.is_there) == ((first,), True)
    assert file.look(AT) == ()
    write(path, line(MAC, 10, 1_795_400_000) + line(OTHER, 11), WRITTEN + 1)
    assert file.look(AT) == (Lease("192.168.77.11", OTHER, "name11", WRITTEN + 1, "0"),)
    write(path, line(MAC, 10, 1_795_500_000) + line(OTHER, 11), WRITTEN + 2)
    assert [lease.mark for lease in file.look(AT)] == ["1795500000"]
    path.unlink()
    assert (file.look(AT), file.is_there, file.status()["leases"]) == ((), False, 0)


def test_a_lease_is_never_from_the_future(tmp_path: Path) -> None:
    """A file that another clock wrote counts as written now."""
    path = tmp_path / "leases"
    write(path, line(MAC, 10), AT + 5000)
    assert [lease.at for lease in LeaseFile(path).look(AT)] == [AT]


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop"])
def test_what_is_no_file(tmp_path: Path, kind: str) -> None:
    """Something else in its place is told, and nothing waits for it."""
    path = tmp_path / "leases"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case _:
            path.symlink_to(path)
    file = LeaseFile(path)
    assert file.look(AT) == ()
    assert file.problem
    assert file.status() == {
        "file": str(path),
        "is_there": True,
        "leases": 0,
        "skipped": 0,
        "problem": file.problem,
    }


def test_a_long_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file that is too long the first line and the end are read."""
    monkeypatch.setattr(leasefile, "MAX_OCTETS", 200)
    path = tmp_path / "leases"
    row = "192.168.77.{0},02:77:00:00:00:{0},,4000,1795388000,h{0},0\n"
    head = "address,hwaddr,client_id,valid_lifetime,expire,hostname,state\n"
    write(path, head + "".join(row.format(n) for n in range(10, 60)))
    found = [lease.host_name for lease in LeaseFile(path).look(AT)]
    assert found == ["h57", "h58", "h59"]


def test_octets_that_are_no_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 is read as far as it goes, and what can't be read is counted."""
    path = tmp_path / "leases"
    path.write_bytes(b"\xff\xfe\x00\n" + line(MAC, 10).encode() + os.urandom(64).replace(b"\n", b"") + b"\n")
    file = LeaseFile(path)
    assert [lease.mac for lease in file.look(AT)] == [MAC]
    assert file.skipped >= 1
