"""What `scripts/lab` says without a lab: its help, its example house, its zone; and what its capture reads."""

import json
import struct

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scripts.lablib import lab, sniffer, zone
from scripts.lablib.errors import LabError
from tests.lab import forgeries
from tests.lab.home import script

COMMANDS = ["up", "down", "status", "exec", "shell", "recipe", "upstream", "house", "run"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """`-h` works for each command, and the main help names it."""
    done = script(command, "-h")
    assert (done.returncode, done.stderr) == (0, "")
    assert command in script("-h").stdout


def test_the_example_house_is_yaml() -> None:
    """`house` prints a house of version 1."""
    assert yaml.safe_load(script("house").stdout)["version"] == 1


@pytest.mark.parametrize("name", ["", "a/b", "../x", "UPPER", "x" * 32])
def test_a_lab_name_is_plain(name: str) -> None:
    """A name becomes part of paths and namespaces, so it is checked."""
    done = script("down", "--name", name)
    assert (done.returncode, "name" in done.stderr) == (1, True)


def test_wildcards_reach_below_every_name() -> None:
    """Each name that exists, in between too, gets a wildcard below it (RFC 4592 section 3.3.1)."""
    text = zone.zone_text(["a.b.test A 203.0.113.1"], ["203.0.113.200", "2001:db8::200"])
    for owner in ("*.", "*.test.", "*.b.test.", "*.a.b.test."):
        assert f"{owner} IN A 203.0.113.200\n" in text
        assert f"{owner} IN AAAA 2001:db8::200\n" in text


@pytest.mark.parametrize(("records", "wildcards"), [(["only-two A"], []), ([], ["not-an-address"])])
def test_a_wrong_record_is_refused(records: list[str], wildcards: list[str]) -> None:
    """A record has three parts, a wildcard is an address."""
    with pytest.raises(LabError):
        zone.zone_text(records, wildcards)


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is told what to install."""
    monkeypatch.setitem(lab.PACKAGES, "no-such-program", "no-such-package")
    with pytest.raises(LabError, match=r"no-such-program \(Debian package no-such-package\)"):
        lab.require_programs()


def udp_frame(payload: bytes, dport: int = 53) -> bytes:
    """An Ethernet frame with padding behind a UDP datagram over IPv4."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0, b"\xc0\0\2\1", b"\xc0\0\2\2")
    return bytes(12) + b"\x08\0" + ip + struct.pack("!HHHH", 4711, dport, 8 + len(payload), 0) + payload + b"pad"


def test_a_query_becomes_one_line() -> None:
    """The capture's line for a frame holds all that a test may ask."""
    (line,) = sniffer.lines(udp_frame(forgeries.ordinary("Www.Test")), 12.5)
    expected = {"time": 12.5, "src": "192.0.2.1", "sport": 4711, "dst": "192.0.2.2", "l4": "udp", "id": 0x4B47}
    expected |= {"qname": "Www.Test", "qtype": 1, "do": False, "rd": True, "cd": False, "ad": False}
    assert json.loads(line) == expected | {"edns_options": [[65001, "020000000bad"], [8, "00012000c0a84d42"]]}
    assert line.endswith("\n")


def test_other_ports_and_replies_are_passed_over() -> None:
    """Only queries to port 53 are recorded."""
    query = forgeries.ordinary("www.test")
    assert list(sniffer.lines(udp_frame(query, dport=5353), 0)) == []
    assert list(sniffer.lines(udp_frame(query[:2] + b"\x81" + query[3:]), 0)) == []


@given(st.binary(max_size=120))
def test_any_frame_gives_lines_or_nothing(junk: bytes) -> None:
    """No bytes from the wire can end the capture."""
    for frame in (junk, bytes(12) + b"\x08\0" + junk, bytes(12) + b"\x86\xdd" + junk, udp_frame(junk)):
        assert all(json.loads(line) for line in sniffer.lines(frame, 0))
