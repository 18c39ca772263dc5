"""A recording's flows are told one by one, as far as it can be read, to programs and to people."""

import gzip
import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.commands.flows import Detail, Line, Missed, line_of, plain, rows, settled
from appliance.commands.options import Fault
from appliance.core.wire.packet import ACK, SYN
from appliance.world.capture import Frame
from tests.commands.cli import kindgate
from tests.core.wire import frames
from tests.core.wire.hellos import CHROMIUM, message, record, server_name
from tests.core.wire.initials import crypto, hello_message, seal
from tests.core.wire.octets import ASK, query
from tests.world.test_capture import classic, enhanced, interface, section

HELLO = record(message(server_name(b"www.kind.example")))
REQUEST = b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n"
LINE = Line("tls", "tcp", "192.0.2.1", 50000, "198.51.100.2", 443, "www.kind.example", (), False, (), ())


def segment(payload: bytes = b"", flags: int = ACK, sequence: int = 1, ports: tuple[int, int] = (50000, 443)) -> bytes:
    """Return a segment of TCP."""
    return struct.pack("!HHIIBBHHH", *ports, sequence, 0, 5 << 4, flags, 1, 0, 0) + payload


def tcp(payload: bytes = b"", flags: int = ACK, sequence: int = 1, ports: tuple[int, int] = (50000, 443)) -> bytes:
    """Return a frame with a segment."""
    return frames.ethernet(frames.ipv4(segment(payload, flags, sequence, ports), 6))


def udp(payload: bytes, ports: tuple[int, int] = (50000, 443)) -> bytes:
    """Return a frame with a datagram."""
    return frames.ethernet(frames.ipv4(frames.udp(payload, ports)))


def told(folder: Path, octets: bytes) -> list[dict[str, Any]]:
    """Return the objects that are printed of a file of these octets, of which all can be read."""
    result = kindgate("flows", str(saved(folder, octets)), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.splitlines()]


def saved(folder: Path, octets: bytes) -> Path:
    """Return a file of these octets."""
    path = folder / "capture"
    path.write_bytes(octets)
    return path


CONNECTION = (tcp(flags=SYN, sequence=0), tcp(HELLO))
FILES = {
    "pcap": classic(*CONNECTION),
    "pcapng": section() + interface() + b"".join(enhanced(frame) for frame in CONNECTION),
    "packed": gzip.compress(classic(*CONNECTION)),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_flow_is_an_object_on_a_line(tmp_path: Path, kind: str) -> None:
    """Of these fields and no others, whatever kind of file it is of."""
    flow = {
        "proto": "tls",
        "l4": "tcp",
        "src": "192.0.2.1",
        "sport": 50000,
        "dst": "198.51.100.2",
        "dport": 443,
        "hostname": "www.kind.example",
        "alpn": [],
        "ech": False,
        "signs": [],
        "sign_details": [],
    }
    assert told(tmp_path, FILES[kind]) == [flow]


def test_a_hello_tells_protocols_and_ech(tmp_path: Path) -> None:
    """One of Chromium's has both."""
    (flow,) = told(tmp_path, classic(tcp(CHROMIUM)))
    assert (flow["hostname"], flow["alpn"], flow["ech"]) == ("www.kind.example", ["h2", "http/1.1"], True)


@pytest.mark.parametrize(
    ("frame", "proto", "l4", "hostname"),
    [
        (tcp(REQUEST % b"Kind.Example:80", ports=(50000, 80)), "http", "tcp", "kind.example"),
        (tcp(REQUEST % b"[2001:DB8::1]:80", ports=(50000, 80)), "http", "tcp", "2001:db8::1"),
        (udp(query(1, 0, 0, 0, body=ASK), (50000, 53)), "dns", "udp", "example.com"),
        (udp(seal(crypto(0, hello_message("www.kind.example")))), "quic", "udp", "www.kind.example"),
        (tcp(record(message())), "tls", "tcp", None),
        (tcp(b"what nobody knows"), "other", "tcp", None),
        (tcp(flags=SYN), "other", "tcp", None),
    ],
    ids=["http", "http to an address", "dns", "quic", "no name", "other", "silent"],
)
def test_each_kind_is_told_with_its_name(tmp_path: Path, frame: bytes, proto: str, l4: str, hostname: str) -> None:
    """A name, for HTTP an address too, or null."""
    (flow,) = told(tmp_path, classic(frame))
    assert (flow["proto"], flow["l4"], flow["hostname"]) == (proto, l4, hostname)


@pytest.mark.parametrize(("protocol", "l4"), [(1, "icmp"), (47, "gre"), (58, "ipv6-icmp"), (132, "sctp"), (253, "253")])
def test_other_protocols_go_by_their_name_or_number(tmp_path: Path, protocol: int, l4: str) -> None:
    """They have no ports."""
    (flow,) = told(tmp_path, classic(frames.ethernet(frames.ipv4(bytes(40), protocol))))
    assert (flow["proto"], flow["l4"], flow["sport"], flow["dport"]) == ("other", l4, 0, 0)


def test_addresses_are_told_as_ipaddress_prints_them(tmp_path: Path) -> None:
    """Those of IPv6 in the short form."""
    (flow,) = told(tmp_path, classic(frames.ethernet(frames.ipv6(segment(HELLO), 6), 0x86DD)))
    assert (flow["src"], flow["dst"]) == ("2001:db8::1", "2001:db8::2")


def test_signs_are_told_by_id_and_in_words(tmp_path: Path) -> None:
    """With how sure each is, and by what it shows."""
    (flow,) = told(tmp_path, classic(frames.ethernet(frames.ipv4(bytes(40), 50))))
    (detail,) = flow["sign_details"]
    assert flow["signs"] == ["ipsec"]
    assert (detail["id"], detail["confidence"], detail["by"]) == ("ipsec", "strong", "esp")
    assert detail.keys() == {"id", "confidence", "by", "sentence"}
    assert detail["sentence"].startswith("This is very likely a VPN")


def test_flows_come_in_the_order_in_which_they_are_settled(tmp_path: Path) -> None:
    """What nothing settles comes last."""
    slow, quick = tcp(HELLO[:40]), tcp(HELLO, ports=(50001, 443))
    octets = classic(tcp(b"what", ports=(50002, 443)), slow, quick, tcp(HELLO[40:], sequence=41))
    assert [flow["sport"] for flow in told(tmp_path, octets)] == [50001, 50000, 50002]


def test_the_client_is_the_source_whoever_spoke_first(tmp_path: Path) -> None:
    """A recording may begin with the server's words."""
    answer = struct.pack("!4s4s", frames.B4, frames.A4)
    hello = tcp(HELLO)
    back = tcp(flags=SYN | ACK, ports=(443, 50000))
    (flow,) = told(tmp_path, classic(back[:26] + answer + back[34:], hello))
    assert (flow["src"], flow["sport"], flow["hostname"]) == ("192.0.2.1", 50000, "www.kind.example")


def test_a_conversation_is_told_once(tmp_path: Path) -> None:
    """However long it goes on; a connection that takes the same ports later is another one."""
    datagram = udp(seal(crypto(0, hello_message())))
    assert len(told(tmp_path, classic(*[datagram] * 40))) == 1
    again = (tcp(flags=SYN, sequence=7000), tcp(record(message(server_name(b"two.example"))), sequence=7001))
    flows = told(tmp_path, classic(*CONNECTION, *CONNECTION, *again))
    assert [flow["hostname"] for flow in flows] == ["www.kind.example", "two.example"]


def test_a_flow_is_told_when_it_is_settled() -> None:
    """And not only at the end: a recording may be longer than what memory holds."""

    def endless() -> Iterator[Frame]:
        while True:
            yield Frame(1, 0.0, tcp(HELLO), False)

    settle = next(settled(endless(), Missed()))
    assert line_of(settle) == LINE


def test_a_disk_that_fails_is_told() -> None:
    """That is no recording cut short."""

    def failing() -> Iterator[Frame]:
        yield Frame(1, 0.0, tcp(HELLO), False)
        raise OSError(5, "Input/output error")

    found = settled(failing(), Missed())
    assert line_of(next(found)) == LINE
    with pytest.raises(Fault, match="Input/output error"):
        next(found)


CUT = bytearray(classic(tcp(HELLO)))
CUT[36:40] = struct.pack("<I", 1500)
PARTLY = {
    "a file cut short": (
        classic(*CONNECTION, tcp(HELLO))[:-1],
        "the file's end, for it ends in the middle of a record",
    ),
    "a frame": (classic(*CONNECTION, b"short"), "1 frame misshapen"),
    "two frames": (classic(*CONNECTION, b"short", b"too"), "2 frames misshapen"),
    "a link": (
        section() + interface() + interface(link=147) + enhanced(CONNECTION[1]) + enhanced(b"what", number=1),
        "1 frame of a link type that is not known here (147)",
    ),
    "a part": (bytes(CUT), "1 frame recorded in part only"),
}


@pytest.mark.parametrize(("octets", "words"), PARTLY.values(), ids=PARTLY)
def test_what_could_not_be_read_is_told_in_a_sentence(tmp_path: Path, octets: bytes, words: str) -> None:
    """On the error output; the rest is read, and that is no failure."""
    path = saved(tmp_path, octets)
    result = kindgate("flows", str(path), "--json")
    assert result.exit_code == 0
    assert result.stderr == f"Warning: {path}: not all of it could be read: {words}\n"
    assert json.loads(result.stdout)["hostname"] == "www.kind.example"


def test_all_that_could_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    """However much it is."""
    octets = classic(b"short", link=1) + struct.pack("<IIII", 1, 0, 1 << 31, 9)
    result = kindgate("flows", str(saved(tmp_path, octets)))
    assert result.stdout == "There is no flow in it.\n"
    assert result.stderr.endswith(": 1 frame misshapen; the file's end, for a packet of 2147483648 octets cannot be\n")


def test_a_recording_without_a_flow_is_told_in_no_lines(tmp_path: Path) -> None:
    """A program gets nothing, a person a word."""
    assert told(tmp_path, classic()) == []
    assert kindgate("flows", str(tmp_path / "capture")).stdout == "There is no flow in it.\n"


@pytest.mark.parametrize("octets", [b"", b"no capture at all", b"\x1f\x8bno"], ids=["empty", "text", "not packed"])
def test_what_is_no_capture_is_refused(tmp_path: Path, octets: bytes) -> None:
    """With a word and exit status 2."""
    result = kindgate("flows", str(saved(tmp_path, octets)))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "this file is n" in result.stderr


@pytest.mark.parametrize("name", ["none", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    """By the command line."""
    result = kindgate("flows", str(tmp_path / name))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "CAPTURE" in result.stderr


def test_a_person_reads_rows(tmp_path: Path) -> None:
    """Client, server, what it is, the name; the signs below, in words."""
    octets = classic(*CONNECTION, frames.ethernet(frames.ipv4(bytes(40), 50)))
    result = kindgate("flows", str(saved(tmp_path, octets)))
    assert result.exit_code == 0
    first, second, sign = result.stdout.splitlines()
    assert first == "tls    192.0.2.1:50000       → 198.51.100.2:443      www.kind.example"
    assert second == "esp    192.0.2.1             → 198.51.100.2"
    assert sign.startswith("       This is very likely a VPN")


SIGNED = Line(
    *("other", "udp", "2001:db8::1", 50000, "2001:db8::2", 0, None, (), False, ("x",)),
    (Detail("x", "weak", "", "It looks a little like something else."),),
)


@pytest.mark.parametrize("width", [1, 24, 30, 60, 200])
@pytest.mark.parametrize("line", [LINE, SIGNED], ids=["name", "sign"])
def test_a_narrow_terminal_gets_more_lines(line: Line, width: int) -> None:
    """Nothing is left out, and what is too long for a line stands alone on it."""
    found = list(rows(line, width))
    assert "".join(" ".join(found).split()) == "".join(" ".join(rows(line)).split())
    assert all(row.strip() for row in found)
    assert all(len(row) <= max(width, 24) or len(row.split()) <= 2 for row in found)


def test_a_terminal_gets_nothing_that_steers_it() -> None:
    """Whatever a name says."""
    line = Line("http", "tcp", "::1", 1, "::1", 80, "a\x1b[2J\u202eb\x9b\n\ud800.example", (), False, (), ())
    assert list(rows(line)) == [
        "http   [::1]:1               → [::1]:80              a\\x1b[2J\\u202eb\\x9b\\n\\ud800.example"
    ]
    assert plain("münchen.de") == "münchen.de"


def test_a_reader_who_leaves_ends_it_quietly(tmp_path: Path) -> None:
    """As `kindgate flows CAPTURE | head` does."""
    connections = [tcp(HELLO, ports=(port, 443)) for port in range(10_000, 14_000)]
    path = saved(tmp_path, classic(*connections))
    for words in ([], ["--json"]):
        argv = [sys.executable, "-m", "appliance", "flows", str(path), *words]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
            assert started.stdout is not None
            assert started.stderr is not None
            started.stdout.readline()
            started.stdout.close()
            assert started.stderr.read() == b""
            assert started.wait(30) in {0, 1}
