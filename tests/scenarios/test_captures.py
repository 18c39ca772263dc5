"""Captures of nDPI and suricata, of which nobody here wrote one: what `kindgate flows` says of them."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from appliance.commands.flows import Line, Missed, line_of, settled
from appliance.core.wire.packet import SYN, Packet, Protocol
from appliance.core.wire.packets import Packets
from appliance.core.wire.reader import WireError
from appliance.world.capture import Frame, open_capture
from tests.commands.cli import kindgate
from tests.needs import shared

pytestmark = pytest.mark.shared

LEAST_RIGHT = 0.995
LEAST_RIGHT_AT_ODDS = 0.99
"""Where frames are missing or came in another order."""
SEVERAL_NAMES = {"ndpi__fuzz-2006-06-26-2594.pcap", "ndpi__tls_certificate_too_long.pcap"}
"""In these several names are asked for from one port: which of them is told depends on the order and the answers."""

FIELDS = set(Line.__struct_fields__)
L4: dict[int, str] = {Protocol.TCP: "tcp", Protocol.UDP: "udp"}
Frames = list[Frame]


class Way(NamedTuple):
    """From whom to whom."""

    l4: str
    src: str
    sport: int
    dst: str
    dport: int

    @property
    def back(self) -> "Way":
        """Return the other way of the same flow."""
        return Way(self.l4, self.dst, self.dport, self.src, self.sport)


@cache
def captures() -> tuple[Path, ...]:
    """Return the files."""
    return tuple(sorted(path for path in shared("cases/pcaps").iterdir() if path.suffix != ".json"))


@cache
def expected() -> dict[str, dict[Way, str]]:
    """Return file → the flows that an inspector must read, each with the host that it asks for."""
    told = json.loads(shared("cases/pcaps/expected.json").read_text("utf-8"))
    return {file: {way_of(one): one["hostname"] for one in flows if one.get("strict")} for file, flows in told.items()}


@cache
def frames() -> dict[str, Frames]:
    """Return the frames of each file in which a name must be read, but for those with several."""
    found = {}
    for path in captures():
        if expected().get(path.name) and path.name not in SEVERAL_NAMES:
            with open_capture(path) as capture:
                found[path.name] = list(capture)
    return found


def way_of(flow: dict[str, Any]) -> Way:
    """Return the way of a flow as JSON tells it."""
    return Way(*(flow[key] for key in Way._fields))


def judged(file: str, lines: Iterable[Line]) -> Iterator[str]:
    """Yield, for each host that must be read in a file, how that went: right, none, or in which way wrong."""
    named: dict[Way, Line] = {}
    for line in lines:
        way = Way(line.l4, line.src, line.sport, line.dst, line.dport)
        if line.hostname is not None and way.back not in named:
            named.setdefault(way, line)
    for way, host in expected().get(file, {}).items():
        if way.back in named:
            yield f"wrong: {file} {way} is turned round"
        elif way not in named:
            yield "none"
        else:
            name = named[way].hostname
            yield "right" if name == host.lower().rstrip(".") else f"wrong: {file} {way} {host} {name}"


def test_the_captures_are_there() -> None:
    """There is something to prove."""
    assert len(captures()) == 652
    assert sum(len(hosts) for hosts in expected().values()) == 1868


def test_nearly_every_host_is_read_and_none_is_read_wrongly() -> None:
    """Each file is read to its end or as far as it can be, into objects of exactly these fields."""
    found: Counter[str] = Counter()
    for path in captures():
        result = kindgate("flows", str(path), "--json")
        assert result.exit_code == 0, path.name
        assert len(result.stderr.splitlines()) <= 1, path.name
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert all(line.keys() == FIELDS for line in lines)
        found.update(judged(path.name, (msgspec.convert(line, Line) for line in lines)))
    assert [what for what in found if what.startswith("wrong")] == []
    assert found["right"] / found.total() >= LEAST_RIGHT


def without_servers(file: str, frames: Frames) -> Frames:
    """Only one way was recorded."""
    ways = expected()[file]
    return _without(frames, lambda packet: _way(packet).back in ways)


def without_beginnings(_file: str, frames: Frames) -> Frames:
    """The recording began after the connections."""
    return _without(frames, lambda packet: packet.protocol == Protocol.TCP and packet.flags & SYN != 0)


def twice(_file: str, frames: Frames) -> Frames:
    """Each frame was seen on two interfaces."""
    return [frame for frame in frames for _ in range(2)]


def late_again(_file: str, frames: Frames) -> Frames:
    """Each frame is sent once more when others followed it."""
    return [one for pair in zip(frames, [*frames[3:], *frames[:3]], strict=True) for one in reversed(pair)]


def in_other_order(_file: str, frames: Frames) -> Frames:
    """Of each two frames the second came first."""
    swapped = [frame for pair in zip(frames[1::2], frames[::2], strict=False) for frame in pair]
    return swapped + frames[len(swapped) :]


@pytest.mark.parametrize("odd", [without_servers, without_beginnings, twice, late_again, in_other_order])
def test_the_names_do_not_hang_on_a_clean_recording(odd: Callable[[str, Frames], Frames]) -> None:
    """Where frames are missing, doubled or in another order the same names are read, and no other."""
    found: Counter[str] = Counter()
    for file, clean in frames().items():
        found.update(judged(file, map(line_of, settled(odd(file, clean), Missed()))))
    assert [what for what in found if what.startswith("wrong")] == []
    assert found["right"] / found.total() >= LEAST_RIGHT_AT_ODDS


@pytest.mark.parametrize("seed", range(2))
def test_a_damaged_capture_ends_with_a_word(tmp_path: Path, seed: int) -> None:
    """Cut anywhere, or with octets changed: what can be read is printed, or it is no capture."""
    chance = random.Random(seed)
    damaged = tmp_path / "damaged"
    for path in captures():
        octets = bytearray(path.read_bytes())
        if seed:
            for _ in range(20):
                octets[chance.randrange(len(octets))] = chance.randrange(256)
        damaged.write_bytes(octets[: chance.randrange(len(octets))])
        result = kindgate("flows", str(damaged), "--json")
        assert result.exit_code == 0 or (result.exit_code == 2 and "this file is n" in result.stderr), path.name
        assert len(result.stderr.splitlines()) <= 1


def _without(frames: Frames, is_out: Callable[[Packet], bool]) -> Frames:
    packets, kept = Packets(), []
    for frame in frames:
        try:
            found = packets.read(frame.link, frame.octets, frame.at)
        except WireError:
            found = ()
        if not any(is_out(packet) for packet in found):
            kept.append(frame)
    return kept


def _way(packet: Packet) -> Way:
    source, target = packet.addresses
    return Way(L4.get(packet.protocol, ""), source, packet.source_port, target, packet.target_port)
