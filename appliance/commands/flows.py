"""`kindgate flows CAPTURE`: who talks to whom in a recording, asking for what name; works without a house."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from math import inf
from pathlib import Path
from textwrap import wrap
from typing import Final

import click
import msgspec

from appliance import wording
from appliance.commands.options import Fault, Misused, bundled_rules
from appliance.core.flows.settle import WATCH, Settle
from appliance.core.flows.table import Flows
from appliance.core.routes import known_of
from appliance.core.signs.facts import Kind
from appliance.core.signs.known import NOTHING, Known
from appliance.core.signs.sign import Sign
from appliance.core.wire.link import UnknownLink
from appliance.core.wire.packets import Packets
from appliance.core.wire.reader import WireError
from appliance.world.capture import CaptureError, Frame, open_capture

MAX_FLOWS: Final = 1 << 16
"""So many are watched at a time, and so many that are settled are remembered."""

_PROTOCOLS = {
    0: "hopopt",
    1: "icmp",
    2: "igmp",
    4: "ipv4",
    6: "tcp",
    8: "egp",
    9: "igp",
    17: "udp",
    27: "rdp",
    33: "dccp",
    41: "ipv6",
    46: "rsvp",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "ipv6-icmp",
    59: "ipv6-nonxt",
    60: "ipv6-opts",
    88: "eigrp",
    89: "ospfigp",
    94: "ipip",
    97: "etherip",
    103: "pim",
    108: "ipcomp",
    112: "vrrp",
    113: "pgm",
    115: "l2tp",
    132: "sctp",
    133: "fc",
    135: "mobility header",
    136: "udplite",
    137: "mpls-in-ip",
    139: "hip",
    140: "shim6",
    142: "rohc",
    143: "ethernet",
}
"""IANA's names of those that a network today may carry, in lower case; any other is told by its number."""
_INDENT = " " * 7
_LEAST_COLUMNS = 24
"""In a narrower terminal lines are as long as in one of so many columns."""


class Detail(msgspec.Struct, frozen=True):
    """A sign."""

    id: str
    confidence: str
    """``weak``, ``likely`` or ``strong``."""
    by: str
    sentence: str


class Line(msgspec.Struct, frozen=True):
    """A flow, field for field as `--json` prints it."""

    proto: str
    l4: str
    src: str
    """The client's address, as far as the packets tell who that is."""
    sport: int
    """0 where the protocol has no ports."""
    dst: str
    dport: int
    hostname: str | None
    alpn: tuple[str, ...]
    ech: bool
    signs: tuple[str, ...]
    sign_details: tuple[Detail, ...]


@dataclass(slots=True)
class Missed:
    """What of a recording could not be read."""

    misshapen: int = 0
    links: Counter[int] = field(default_factory=Counter)
    """LINKTYPE_ → frames."""
    cut: int = 0
    """Frames that were recorded in part."""
    problem: str | None = None
    """Why the file's rest was not read."""

    def told(self) -> str | None:
        """Return it in words, None where there is nothing to tell."""
        found = [f"{_frames(self.misshapen)} misshapen"] if self.misshapen else []
        if self.links:
            types = ", ".join(str(link) for link in sorted(self.links))
            found.append(f"{_frames(self.links.total())} of a link type that is not known here ({types})")
        if self.cut:
            found.append(f"{_frames(self.cut)} recorded in part only")
        if self.problem:
            found.append(f"the file's end, for {self.problem}")
        return f"not all of it could be read: {'; '.join(found)}" if found else None


@click.command()
@click.argument("capture", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def flows(capture: Path, as_json: bool) -> None:
    """Print each flow of the recording CAPTURE (pcap or pcapng): who asks whom, for what name, and what it looks like.

    A flow is printed when it is settled what it is, with --json as one object on a line. What could not be read of a
    recording is told on the error output, and the exit status is 0 all the same.
    """
    missed = Missed()
    number = 0
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    try:
        recording = open_capture(capture)
    except (CaptureError, OSError) as error:
        raise Misused(f"{capture}: {error}") from error
    with recording as frames:
        for settle in settled(frames, missed, _known()):
            number += 1
            _print(settle, width, as_json=as_json)
    missed.problem = recording.problem
    if not (number or as_json):
        click.echo("There is no flow in it.")
    sys.stdout.flush()
    if words := missed.told():
        click.echo(f"Warning: {capture}: {words}", err=True)


def settled(frames: Iterable[Frame], missed: Missed, known: Known = NOTHING) -> Iterator[Settle]:
    """Yield each flow of a recording when it is settled, and note which frames could not be read. Raises Fault."""
    packets, table = Packets(), Flows(MAX_FLOWS, inf, inf, known)
    try:
        for frame in frames:
            missed.cut += frame.is_cut
            try:
                found = packets.read(frame.link, frame.octets, frame.at)
            except UnknownLink:
                missed.links[frame.link] += 1
                continue
            except WireError:
                missed.misshapen += 1
                continue
            for packet in found:
                settle = table.feed(packet, frame.at)
                if settle is not WATCH and not settle.is_again:
                    yield settle
                yield from table.overdue(frame.at)
    except OSError as error:
        raise Fault(f"the recording can't be read any further: {error.strerror}") from error
    yield from table.end()


def line_of(settle: Settle) -> Line:
    """Return a flow as it is printed."""
    hello = settle.hello
    return Line(
        proto=settle.kind.value,
        l4=_PROTOCOLS.get(settle.protocol, str(settle.protocol)),
        src=str(ip_address(settle.client)),
        sport=settle.client_port,
        dst=str(ip_address(settle.server)),
        dport=settle.server_port,
        hostname=settle.name or settle.address,
        alpn=hello.alpn if hello else (),
        ech=hello is not None and hello.has_ech,
        signs=tuple(sign.id for sign in settle.signs),
        sign_details=tuple(_detail(sign) for sign in settle.signs),
    )


def rows(line: Line, width: int | None = None) -> Iterator[str]:
    """Yield a flow as a person reads it, in lines of so many columns where that can be; None: as long as they are."""
    columns = max(width or 0, _LEAST_COLUMNS) if width is not None else inf
    what = line.proto if line.proto != Kind.OTHER.value else line.l4
    client, server = _end(line.src, line.sport), _end(line.dst, line.dport)
    row = f"{what:<6} {client:<21}"
    for part in (f"→ {server:<21}", line.hostname or ""):
        if part and len(row) + 1 + len(part.rstrip()) > columns:
            yield plain(row.rstrip())
            row = _INDENT + part
        else:
            row += f" {part}"
    yield plain(row.rstrip())
    for detail in line.sign_details:
        if width is None:
            yield plain(_INDENT + detail.sentence)
        else:
            yield from map(
                plain, wrap(detail.sentence, int(columns), initial_indent=_INDENT, subsequent_indent=_INDENT)
            )


def plain(text: str) -> str:
    r"""Return what can be shown on a terminal: signs that would steer it are written as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


@cache
def _known() -> Known:
    """Return what the bundled rules know of names and addresses. Raises Fault."""
    return known_of(bundled_rules())


def _detail(sign: Sign) -> Detail:
    return Detail(sign.id, sign.confidence.name.lower(), sign.by, wording.told(sign))


def _print(settle: Settle, width: int | None, *, as_json: bool) -> None:
    line = line_of(settle)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        return
    for row in rows(line, width):
        click.echo(row)


def _end(address: str, port: int) -> str:
    """Return an address and its port, where it has one."""
    if not port:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _frames(number: int) -> str:
    return "1 frame" if number == 1 else f"{number:,} frames"
