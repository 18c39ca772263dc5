"""The system's own resolvers."""

from pathlib import Path

import pytest

from appliance.config import Endpoint
from appliance.world.resolvers import system_resolvers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("nameserver 192.0.2.1\n", ["192.0.2.1"]),
        ("search home\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n", ["192.0.2.1", "2001:db8::1"]),
        ("  nameserver\t192.0.2.1   # the router\n", ["192.0.2.1"]),
        ("nameserver 192.0.2.1\nnameserver 192.0.2.1\n", ["192.0.2.1"]),
        ("nameserver fe80::1%eth0\n", ["fe80::1"]),
        ("nameserver\nnameserver nowhere\nnameserver 999.0.2.1\noptions nameserver 192.0.2.9\n", []),
        ("#nameserver 192.0.2.1\n;nameserver 192.0.2.2\n", []),
        ("nameserver 192.0.2.1", ["192.0.2.1"]),
    ],
)
def test_lines(tmp_path: Path, text: str, expected: list[str]) -> None:
    """Each nameserver is read once, in order; what is no address is passed over."""
    path = tmp_path / "resolv.conf"
    path.write_text(text)
    assert system_resolvers(path) == tuple(Endpoint(address, 53) for address in expected)


def test_octets_that_are_no_text(tmp_path: Path) -> None:
    """A damaged file costs what is damaged."""
    path = tmp_path / "resolv.conf"
    path.write_bytes(b"\xff\xfe\x00\nnameserver 192.0.2.1\nnameserver \xff\n")
    assert system_resolvers(path) == (Endpoint("192.0.2.1", 53),)


def test_no_file(tmp_path: Path) -> None:
    """Without the file there are none."""
    assert system_resolvers(tmp_path / "missing") == ()


def test_folder_in_its_place(tmp_path: Path) -> None:
    """What is no file gives none."""
    assert system_resolvers(tmp_path) == ()
