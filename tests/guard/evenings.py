"""Evenings of one device as the kernel's table shows them, looked through as the daemon does, with the time in hand."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.mark import Mark, State
from appliance.core.signs.facts import Kind
from appliance.guard.book import Book
from appliance.guard.connection import Connection
from appliance.guard.conntrack import Tracked
from appliance.guard.hints import Hints
from appliance.guard.messages import Settled
from appliance.guard.review import Judged, Review
from tests.core.builders import AT, adult, child
from tests.guard.ordered import Ordered

TCP, UDP = 6, 17
STEP_S = 30.0
EVENING_S = 7_200.0
MAC = "02:77:00:00:00:10"
CLIENT = "192.168.78.10"
UP_S = 1_000.0
"""The uptime of the machine when an evening begins."""


class Line(NamedTuple):
    """A connection: with whom, how fast (kbit/s), and what its first words show."""

    server: str
    down: int
    up: int = 0
    protocol: int = TCP
    kind: Kind = Kind.TLS
    name: str | None = None
    shows: tuple[tuple[str, int], ...] = ()
    begins_s: float = 0.0
    lasts_s: float = EVENING_S
    is_given: bool = True
    """This box gave the device the server's address."""
    is_seen: bool = True
    """A worker saw it, if only in its middle."""

    def octets(self, at: float) -> tuple[int, int]:
        """Return what was moved by then; a little of it back, in any case."""
        lasted_s = at - self.begins_s
        down = int(self.down * 125 * lasted_s)
        return int(self.up * 125 * lasted_s) or down // 40 + 100, down


class Told(NamedTuple):
    """What came of an evening."""

    hints: frozenset[str]
    refused: frozenset[str]
    """The servers to which something was refused."""


class Evening:
    """The guard of a house with one device; nobody is asked but what the test says."""

    def __init__(
        self,
        lines: Sequence[Line],
        kind: DeviceKind = DeviceKind.TABLET,
        band: str = "13-15",
        *,
        knows_s: float = 30_000.0,
        here_s: float = 1_800.0,
        has_push: bool = True,
        **said: Any,
    ) -> None:
        """`knows_s` is for how long the nameserver had run when it began, `here_s` the device.

        With `has_push` the device keeps a connection that was there before all others. `said` is said of the child.
        """
        owner = adult() if kind is DeviceKind.ADULT else child(band, **said)
        device = Device(id="thing", macs=(MAC,), person=owner.id, kind=kind)
        self._orders = Ordered(House(persons=(owner,), devices=(device,)))
        self._lines = (PUSH, *lines) if has_push else tuple(lines)
        self._knows_s = knows_s
        self._at = -here_s
        self._book = Book()
        self._told: set[str] = set()
        self._hints = Hints(self._orders.orders, self._book, self, self)

    def may_hint(self, device: str, /) -> bool:
        """Let all be told."""
        return device == "thing"

    def hint(self, device: str | None, route: str, /) -> None:
        """Hear of one."""
        assert device == "thing"
        self._told.add(route)

    async def is_strange(self, device: str | None, address: str, for_s: float, /) -> bool:
        """Answer as the nameserver does, of the device's person."""
        assert device == "thing"
        given = {line.server for line in self._lines if line.is_given}
        return address not in given and self._knows_s + self._at >= for_s

    def mac(self, address: str) -> str | None:
        """Return the device's MAC."""
        return MAC if address == CLIENT else None

    def refresh(self) -> None:
        """Find nothing new."""

    def run(self, until_s: float = EVENING_S) -> Told:
        """Look through all that flows, time after time."""
        return asyncio.run(self._run(until_s))

    async def _run(self, until_s: float) -> Told:
        refused: set[str] = set()
        while self._at <= until_s:
            judged = await self._judged()
            refused |= {one.tracked.connection.addresses[1] for one in judged if one.state is State.REFUSED}
            await self._hints.look(judged, UP_S + 10_000.0 + self._at)
            self._at += STEP_S
        return Told(frozenset(self._told), frozenset(refused))

    async def _judged(self) -> list[Judged]:
        flowing = []
        for number, line in enumerate(self._lines):
            if not line.begins_s <= self._at < line.begins_s + line.lasts_s:
                continue
            ends = ip_address(CLIENT).packed, 40_000 + number, ip_address(line.server).packed, 443
            connection = Connection(line.protocol, *ends)
            if line.is_seen and self._book.of(connection) is None:
                mark = Mark(State.ALLOWED).bits
                said = line.name, line.kind.value, mark, 1, None
                self._book.put(Settled(*connection, "thing", *said, is_open=True, shows=line.shows))
            mark = Mark(State.ALLOWED).bits
            is_open = line.protocol == TCP
            flowing.append(Tracked(connection, connection, mark, line.octets(self._at), is_tcp_open=is_open))
        review = Review(self._orders.orders, self._book, None, self)
        return await review.judge(flowing, AT + self._at)


PUSH = Line("17.57.146.20", 1, name="1-courier.push.apple.com", begins_s=-86_400.0, lasts_s=2 * 86_400.0)
"""A connection that is hardly used, and never ends."""


def many(line: Line, number: int, every_s: float = 0.0) -> tuple[Line, ...]:
    """Return a line to as many servers, one beginning after the other."""
    first = ip_address(line.server)
    return tuple(
        line._replace(server=str(first + one), begins_s=line.begins_s + one * every_s) for one in range(number)
    )
