"""Two readings of the same recordings, ours and tshark's: which flows each names, and where they differ, why."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from math import inf
from pathlib import Path
from typing import Final

from appliance.core.flows.settle import WATCH, Settle
from appliance.core.flows.table import Flows
from appliance.core.signs.facts import Kind
from appliance.core.wire.packet import Packet
from appliance.core.wire.packets import Packets
from appliance.core.wire.reader import WireError
from appliance.world.capture import Frame, open_capture
from tests import tshark

MAX_FLOWS: Final = 1 << 16
FIELDS: Final = {
    Kind.TLS: (tshark.SNI, "gquic.tag.sni"),
    Kind.HTTP: ("http.request.uri", "http.host"),
    Kind.DNS: ("dns.qry.name",),
}
"""Where tshark tells the names of a kind; QUIC's are TLS's."""
CHOICE: Final = " || ".join(field for fields in FIELDS.values() for field in fields)

Key = tuple[int, frozenset[tuple[bytes, int]]]


@dataclass
class Reading:
    """A recording as we read it."""

    keys: list[Key | None] = field(default_factory=list)
    """Frame by frame: the flow of the packet that was read in it."""
    settles: dict[Key, list[Settle]] = field(default_factory=lambda: defaultdict(list))
    """In the order of their first packets, where ports were used again."""


@dataclass
class Difference:
    """A flow that the two name differently."""

    capture: str
    key: Key
    kind: Kind
    ours: list[str]
    theirs: list[str]
    settles: list[Settle]
    protocols: set[str]
    """What tshark saw in the flow's frames that name something."""
    is_malformed: bool
    """tshark says so of such a frame."""

    @property
    def ports(self) -> set[int]:
        """Both ends'."""
        return {port for _, port in self.key[1]}


def read(capture: Path) -> Reading:
    """Read a recording as `kindgate flows` does."""
    with open_capture(capture) as frames:
        return read_frames(frames)


def read_frames(frames: Iterable[Frame]) -> Reading:
    """Read frames in their order."""
    packets, flows, reading = Packets(), Flows(MAX_FLOWS, inf, inf), Reading()
    for frame in frames:
        found: tuple[Packet, ...] = ()
        with suppress(WireError):
            found = packets.read(frame.link, frame.octets, frame.at)
        reading.keys.append(_key(found[0]) if found else None)
        for packet in found:
            settle = flows.feed(packet, frame.at)
            if settle is not WATCH and not settle.is_again:
                _keep(reading, settle)
            for aside in flows.overdue(frame.at):
                _keep(reading, aside)
    for settle in flows.end():
        _keep(reading, settle)
    return reading


def _key(packet: Packet) -> Key:
    ends = (packet.source, packet.source_port), (packet.target, packet.target_port)
    return packet.protocol, frozenset(ends)


def _keep(reading: Reading, settle: Settle) -> None:
    ends = (settle.client, settle.client_port), (settle.server, settle.server_port)
    reading.settles[settle.protocol, frozenset(ends)].append(settle)


def apart(captures: dict[str, Reading]) -> list[list[str]]:
    """Return the captures in groups: in none of them two share a flow, so that each may be read as one recording."""
    groups: list[tuple[set[Key], list[str]]] = []
    for capture, reading in captures.items():
        keys = {key for key in reading.keys if key}
        held, names = next((group for group in groups if not group[0] & keys), (set[Key](), list[str]()))
        if not names:
            groups.append((held, names))
        held.update(keys)
        names.append(capture)
    return [names for _, names in groups]


def differences(joined: Path, parts: list[tuple[str, Reading]]) -> tuple[int, list[Difference]]:
    """Return in how many flows a recording's readers agree on a name, and all where they don't.

    `parts` are the readings, with their names, of what the recording was joined of.
    """
    rows = _rows(joined, [(capture, key) for capture, reading in parts for key in reading.keys])
    same, differing = 0, []
    for capture, reading in parts:
        for key in reading.settles.keys() | {key for where, key in rows if where == capture}:
            for kind in FIELDS:
                one = _difference(capture, key, kind, reading.settles.get(key, []), rows.get((capture, key), []))
                if one.ours[:1] != one.theirs[:1] or not set(one.ours) <= set(one.theirs):
                    differing.append(one)
                elif one.ours:
                    same += 1
    return same, differing


def _rows(joined: Path, flows: list[tuple[str, Key | None]]) -> dict[tuple[str, Key], list[tshark.Row]]:
    """Return what tshark names in each flow; `flows` tells, frame by frame, which that is."""
    found: dict[tuple[str, Key], list[tshark.Row]] = defaultdict(list)
    for row in tshark.told(joined, CHOICE, "frame.protocols", "_ws.malformed", *chain(*FIELDS.values())):
        capture, key = flows[int(row["frame.number"][0]) - 1]
        assert key is not None, f"{capture}: we read nothing of a frame in which tshark reads {row}"
        found[capture, key].append(row)
    return found


def _difference(capture: str, key: Key, kind: Kind, settles: list[Settle], rows: list[tshark.Row]) -> Difference:
    ours = [name for one in settles if _is(one, kind) and (name := one.name or one.address)]
    return Difference(
        *(capture, key, kind),
        [_plain(name) for name in ours],
        [name for row in rows for name in _names(row, kind)],
        settles,
        {layer for row in rows for layer in row["frame.protocols"][0].split(":")},
        any(row["_ws.malformed"] for row in rows),
    )


def _is(settle: Settle, kind: Kind) -> bool:
    return settle.kind is kind or (settle.kind is Kind.QUIC and kind is Kind.TLS)


_TARGET = re.compile(r"(?:[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#]*)|([^/?#]*:[0-9]+)\Z)", re.IGNORECASE)
"""Absolute form, and that of CONNECT (RFC 9112 section 3.2)."""
_PORT = re.compile(r":[0-9]*\Z")
_ESCAPED = re.compile(r"\\[0-9]{3}|\ufffd")
"""Odd octets: ours in decimal digits, tshark's in octal ones or not at all."""


def _names(row: tshark.Row, kind: Kind) -> Iterator[str]:
    """Yield the names in a frame as we write them; of a request its target's first, as that counts."""
    for field_name in FIELDS[kind]:
        for raw in row[field_name]:
            name: str | None = raw.strip()
            if field_name == "http.request.uri":
                target = _TARGET.match(raw)
                name = (target[1] or target[2]) if target else None
            if kind is Kind.HTTP and name:
                name = _PORT.sub("", name).strip("[]")
            if name:
                yield _plain(name)


def _plain(name: str) -> str:
    return _ESCAPED.sub("?", name.lower().rstrip("."))
