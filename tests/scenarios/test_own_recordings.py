"""tshark reads the same names as we do in what our tests make: words cut and mixed, links, tunnels, pieces, QUIC."""

import struct
from collections.abc import Iterable
from itertools import count, pairwise
from pathlib import Path
from random import Random

from appliance.world.capture import Frame
from tests import tshark
from tests.core.wire import hellos, initials
from tests.core.wire.frames import ethernet, ipv4, ipv6, piece6, udp
from tests.core.wire.octets import query, question
from tests.core.wire.test_link import HOLDING, HOLDING_SIX
from tests.scenarios import opinions

ETHERNET, RAW = 1, 101
FIRST_PORT = 20_000
START = 0xFFFFFC00
"""Of a stream: its numbers wrap."""
VERSIONS = (initials.V1, initials.V2, 0xFF00001D, 0xFF00001B)


def compare(folder: Path, flows: dict[str, list[Frame]]) -> None:
    """Assert that of each flow (name asked for → its frames) both read the name, and of nothing else."""
    tshark.need_tshark()
    frames = [frame for one in flows.values() for frame in one]
    reading = opinions.read_frames(frames)
    names = [settle.name for settles in reading.settles.values() for settle in settles]
    assert sorted(map(str, names)) == sorted(flows)
    joined = folder / "own.pcapng"
    tshark.write_capture(joined, frames)
    same, differing = opinions.differences(joined, [("own", reading)])
    assert not differing
    assert same == len(flows)


def segment(port: int, to: int, offset: int, octets: bytes, flags: int = 16) -> bytes:
    """Return a segment whose octets lie so far from the start of a stream."""
    return struct.pack("!HHIIBBHHH", port, to, (START + offset) % (1 << 32), 5, 80, flags, 0xFFFF, 0, 0) + octets


def stream(port: int, to: int, parts: Iterable[tuple[int, bytes]]) -> list[Frame]:
    """Return a connection's frames, of which the parts say what follows the SYN."""
    segments = [segment(port, to, -1, b"", flags=2), *(segment(port, to, *part) for part in parts)]
    return [Frame(ETHERNET, 0.0, ethernet(ipv4(one, 6)), is_cut=False) for one in segments]


def datagrams(port: int, to: int, payloads: Iterable[bytes]) -> list[Frame]:
    """Return datagrams' frames."""
    return [Frame(RAW, 0.0, ipv4(udp(one, (port, to))), is_cut=False) for one in payloads]


def behind(before: bytes, packet: bytes) -> bytes:
    """Return a frame; where its header has a length of 802.3, that is made true, for tshark goes by it."""
    head, length, rest = before.partition(b"\x00\x30")
    if not length:
        return before + packet
    return head + (len(rest) + len(packet)).to_bytes(2, "big") + rest + packet


def asking(name: str) -> bytes:
    """Return a question of DNS."""
    return query(1, 0, 0, 0, body=question([label.encode() for label in name.split(".")]))


def words(dice: Random, name: str) -> tuple[int, bytes]:
    """Return a server's port and what a client says to it that asks for a name."""
    hello = hellos.message(hellos.extension(21, bytes(dice.randrange(1800))), hellos.server_name(name.encode()))
    target = dice.choice(["/", f"http://{name}/a?b", f"http://user@{name}:8080/"])
    dns = asking(name)
    return dice.choice(
        [
            (443, hellos.record(hello)),
            (8443, hellos.records(hello, dice.randrange(40, 2000))),
            (80, f"GET {target} HTTP/1.1\r\nAccept: */*\r\nHost: {name}\r\n\r\n".encode()),
            (53, len(dns).to_bytes(2, "big") + dns),
        ]
    )


def test_streams_cut_and_mixed(tmp_path: Path) -> None:
    """Segments of every size, out of order, twice, overlapping."""
    flows = {}
    for number in range(120):
        dice, name = Random(number), f"stream-{number}.kind.example"
        to, said = words(dice, name)
        places = [0, *sorted(dice.sample(range(1, len(said)), dice.randrange(6))), len(said)]
        parts = [(start, said[start : stop + dice.randrange(20)]) for start, stop in pairwise(places)]
        parts += dice.sample(parts, dice.randrange(2))
        if number % 2:
            dice.shuffle(parts)
        flows[name] = stream(FIRST_PORT + number, to, parts)
    compare(tmp_path, flows)


def test_quic(tmp_path: Path) -> None:
    """Every version that tshark knows, a hello over one datagram or three, in order, with and without a token."""
    flows = {}
    ports = count(FIRST_PORT)
    for version in VERSIONS:
        for number, cuts in enumerate(([], [300, 1400])):
            name = f"quic-{number}.v{version:x}.example"
            port = next(ports)
            packets = [
                initials.seal(
                    initials.crypto(*piece), at, version=version, dcid=port.to_bytes(8, "big"), token=b"t" * 70 * number
                )
                for at, piece in enumerate(initials.pieces(initials.hello_message(name, 700 + 800 * number), cuts))
            ]
            flows[name] = datagrams(port, 443, packets)
    compare(tmp_path, flows)


def test_links(tmp_path: Path) -> None:
    """Whatever stands before IP."""
    flows = {}
    for number, (link, before) in enumerate((*HOLDING.values(), *HOLDING_SIX.values())):
        # Its packet is as long as PPPoE's headers here say.
        name = f"l{number:02}.kind.example"
        datagram = udp(asking(name), (FIRST_PORT + number, 53))
        packet = ipv4(datagram) if number < len(HOLDING) else ipv6(datagram)
        flows[name] = [Frame(link, 0.0, behind(before, packet), is_cut=False)]
    compare(tmp_path, flows)


def test_tunnels_and_pieces(tmp_path: Path) -> None:
    """IP within IP, GRE, VXLAN and GTP; packets that were cut on their way."""
    flows = {}
    for number in range(8):
        name = f"within-{number}.kind.example"
        datagram = udp(asking(name), (FIRST_PORT + number, 53))
        four, six = ipv4(datagram), ipv6(datagram)
        size = len(four).to_bytes(2, "big")
        packets = (
            [ipv4(four, 4)],
            [ipv4(six, 41)],
            [ipv6(struct.pack("!HH", 0, 0x0800) + four, 47)],
            [ipv4(struct.pack("!HHI", 0x2000, 0x6558, 7) + ethernet(four), 47)],
            [ipv4(udp(b"\x08" + bytes(7) + ethernet(six, 0x86DD), (40_000, 4789)))],
            [ipv4(udp(b"\x30\xff" + size + bytes(4) + four, (40_001, 2152)))],
            [ipv4(datagram[16:], place=2, ident=number), ipv4(datagram[:16], place=0x2000, ident=number)],
            [piece6(datagram[:16], 1, ident=number), piece6(datagram[16:], 16, ident=number)],
        )[number]
        flows[name] = [Frame(RAW, 0.0, packet, is_cut=False) for packet in packets]
    compare(tmp_path, flows)
