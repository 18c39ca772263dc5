"""Packets are decided at once, or soon; what goes wrong costs a packet what was known of it."""

import asyncio
import functools
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from appliance.core.mark import ANSWER, FIRST, State, read
from appliance.core.wire.packet import SYN
from appliance.guard import desk
from appliance.guard.desk import Desk
from appliance.guard.inspector import Inspector
from appliance.guard.messages import Settled
from appliance.world import clock
from tests.guard.packets import (
    PORT,
    SITE_V4,
    TABLET,
    Standing,
    hello,
    nameless_hello,
    tcp,
    udp,
)
from tests.guard.seen import HOUSE, WATCHED

LIMIT_S = 30.0
GAVE_UP = "gave up"
DROPPED = "dropped"


class Packet:
    """A packet that waits in no queue, and remembers what became of it."""

    def __init__(self, octets: bytes, flags: int = 0) -> None:
        self.octets = octets
        self.mac: str | None = TABLET
        self.mark = WATCHED | flags
        self.became: list[State | str] = []

    def accept(self, mark: int) -> None:
        """Remember the state of the mark."""
        found = read(mark)
        assert found
        self.became.append(found.state)

    def drop(self) -> None:
        """Remember that."""
        self.became.append(DROPPED)

    def give_up(self) -> None:
        """Remember that."""
        self.became.append(GAVE_UP)


class Giver:
    """A nameserver that says what a test lets it, when it lets it."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.may_say = asyncio.Event()
        self.asked: list[tuple[str | None, str]] = []
        self.untold: list[tuple[str | None, str]] = []
        self.error: Exception | None = None
        self.is_away = False

    async def of(self, device: str | None, address: str) -> tuple[str, ...] | None:
        """Say all names."""
        self.asked.append((device, address))
        await self.may_say.wait()
        if self.error:
            raise self.error
        return None if self.is_away else self.names

    async def is_untold(self, device: str | None, address: str) -> bool:
        """Say what a test says."""
        return (device, address) in self.untold

    async def was_given(self, device: str | None, address: str, name: str) -> bool | None:
        """Say whether it is one of the names."""
        self.asked.append((device, address))
        return name in self.names


class Office:
    """A desk, with an inspector of a house with a child's tablet."""

    def __init__(self, giver: Giver) -> None:
        self.told: list[Settled] = []
        self.counts: Counter[str] = Counter()
        self.orders = Standing(HOUSE)
        inspector = Inspector(self.orders, self, self.told.append, self.counts, clock.now())
        self.desk = Desk(inspector, giver, self.counts)

    def mac(self, address: str) -> str | None:
        """Know no neighbours."""

    def take(self, octets: bytes, flags: int = 0) -> Packet:
        """Have a packet looked at."""
        packet = Packet(octets, flags)
        self.desk.take(packet)
        return packet

    def nameless(self, port: int = PORT) -> Packet:
        """Begin a connection by a hello without a name."""
        self.take(tcp(flags=SYN, ports=(port, 443)))
        return self.take(tcp(nameless_hello(), ports=(port, 443)))


def in_loop(story: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test on an event loop, for a bounded time."""

    @functools.wraps(story)
    def run() -> None:
        asyncio.run(asyncio.wait_for(story(), LIMIT_S))

    return run


async def end_of(office: Office, *packets: Packet) -> list[list[State | str]]:
    """Return what became of packets, once all is answered."""
    if office.desk._asking:
        await asyncio.wait(office.desk._asking)
    return [packet.became for packet in packets]


@in_loop
async def test_what_names_itself_waits_for_nobody() -> None:
    """It is decided at once, and told."""
    office = Office(Giver())
    opened = office.take(tcp(flags=SYN))
    said = office.take(tcp(hello("www.tiktok.com")))
    assert (opened.became, said.became) == ([State.WATCHED_OPEN], [State.REFUSED])
    assert [told.name for told in office.told] == ["www.tiktok.com"]
    assert office.counts["packets"] == 2


@in_loop
async def test_what_cant_be_read_goes_nowhere() -> None:
    """Neither on nor into a wait."""
    assert Office(Giver()).take(b"\x45").became == [DROPPED]


@in_loop
async def test_what_names_nothing_waits_and_others_do_not() -> None:
    """All of its packets wait for one answer; others' are decided meanwhile."""
    giver = Giver("www.tiktok.com")
    office = Office(giver)
    first = office.nameless()
    second = office.take(tcp(b"more", 400))
    other = office.take(tcp(hello("www.wikipedia.org"), ports=(PORT + 1, 443)), FIRST | ANSWER)
    assert (first.became, second.became, other.became) == ([], [], [State.ALLOWED])
    giver.may_say.set()
    assert await end_of(office, first, second) == [[State.REFUSED], [State.REFUSED]]
    assert giver.asked == [("tablet", SITE_V4)]
    assert [told.name for told in office.told if not told.is_open] == ["www.tiktok.com"]


@in_loop
async def test_no_more_wait_than_there_is_room_for() -> None:
    """Those beyond are decided as if nobody knew anything; when the others are answered there is room again."""
    giver = Giver("www.wikipedia.org")
    office = Office(giver)
    waiting = [office.nameless(1_000 + number) for number in range(desk.MAX_HELD)]
    beyond = office.nameless(9_000)
    assert beyond.became == [State.REFUSED]
    assert office.counts["unasked"] == 1
    giver.may_say.set()
    assert {state for became in await end_of(office, *waiting) for state in became} == {State.ALLOWED}
    later = office.nameless(9_001)
    assert await end_of(office, later) == [[State.ALLOWED]]


@in_loop
async def test_what_runs_out_of_time_is_asked_about() -> None:
    """No packet of it is there to wait: the daemon is told."""
    giver = Giver("www.tiktok.com")
    giver.may_say.set()
    office = Office(giver)
    office.take(udp(b"hello, anybody?", ports=(PORT, 9_999)))
    offset = clock.now() - clock.uptime()
    clock.go_by(offset + 3_600)
    try:
        office.desk.tend()
    finally:
        clock.go_by(offset)
    await end_of(office)
    assert [(told.name, told.is_open) for told in office.told] == [("www.tiktok.com", False)]


@in_loop
async def test_a_nameserver_that_does_not_answer() -> None:
    """That it said nothing isn't that there is nothing: the connection is asked about again."""
    giver = Giver()
    giver.may_say.set()
    office = Office(giver)
    for giver.is_away in (True, False):
        await end_of(office, office.nameless(PORT + giver.is_away))
    assert [told.is_blind for told in office.told] == [True, False]


@in_loop
async def test_who_waits_at_the_end() -> None:
    """Those go where packets go at which nobody looks."""
    office = Office(Giver())
    packet = office.nameless()
    office.desk.close()
    assert packet.became == [GAVE_UP]


class Broken(Inspector):
    """One who can't look at anything."""

    def __init__(self) -> None:
        pass

    def look(self, octets: bytes, mac: str | None, mark: int, at: float) -> int:
        """Fail, with a name in what is said."""
        raise LookupError(f"www.secret.example {octets!r} {mac} {mark} {at}")


def test_a_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    """It is counted, its place is logged once, and never its words."""
    counts: Counter[str] = Counter()
    desk = Desk(Broken(), Giver(), counts)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            packet = Packet(b"")
            desk.take(packet)
            assert packet.became == [GAVE_UP]
    assert counts["errors"] == 3
    assert len(caplog.records) == 1
    assert "Broken.look" in caplog.text
    assert "secret" not in caplog.text


@in_loop
async def test_a_fault_while_a_packet_waits() -> None:
    """It does not wait for ever."""
    giver = Giver()
    giver.error = LookupError()
    giver.may_say.set()
    office = Office(giver)
    packet = office.nameless()
    assert await end_of(office, packet) == [[GAVE_UP]]
    assert office.counts["errors"] == 1


@in_loop
async def test_a_name_that_is_written_nowhere() -> None:
    """An address that was given for one is nothing to wonder about."""
    giver = Giver()
    giver.untold = [("tablet", SITE_V4)]
    giver.may_say.set()
    office = Office(giver)
    packet = office.nameless()
    assert await end_of(office, packet) == [[State.ALLOWED]]
