"""Counted minutes in force: a budget stops what it is about, at once, and no reply that was made before outlives it."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import dns.message
import msgspec
import pytest

from appliance.core.budget import Budget, Minutes, Used
from appliance.core.device import Device, Forwarder
from appliance.core.house import House, OwnService
from appliance.core.person import Person
from appliance.core.word import Grant
from appliance.nameserver.resolver import Resolver
from appliance.nameserver.tally import Screen
from appliance.world import clock
from tests.fakes import REAL, FakeUpstream, answer, failing, fake_upstream, silence
from tests.nameserver.inside import ask, in_loop, put, resolver_of, snapshot_of
from tests.nameserver.test_server import over_udp, serving
from tests.running import addresses, question

PLAY = "play.example"
KIM, KIM_TOO, SAM, ROUTER = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.10"
AT = 1_772_632_800.0
DAY = date(2026, 3, 4)
SPENT, ENDS = ["0.0.0.0"], AT + 13.5 * 3_600


def house(*grants: Grant, minutes: int = 20, carry_over: int = 0) -> House:
    """Return a house in which two children may play for some minutes a day."""
    budget = Budget(what="service:play", minutes=minutes, carry_over=carry_over)
    places = {"tablet": (KIM, "kim"), "phone": (KIM_TOO, "kim"), "laptop": (SAM, "sam")}
    return House(
        persons=tuple(Person(id=id_, name=id_, band="16-17", budgets=(budget,)) for id_ in ("kim", "sam")),
        devices=tuple(Device(id=id_, addresses=(place,), person=who) for id_, (place, who) in places.items()),
        services=(OwnService(id="play", name="Play", domains=(PLAY,)),),
        forwarders=(Forwarder(id="router", addresses=(ROUTER,)),),
        grants=grants,
    )


def used(kim: int, sam: int = 0, at: float = AT, day: date = DAY) -> Minutes:
    """Return counted minutes."""
    return Minutes(at, day, {"kim": {"service:play": Used(kim, kim)}, "sam": {"service:play": Used(sam, sam)}})


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which stands still until a test moves it."""
    times = [AT]
    monkeypatch.setattr(clock, "now", lambda: times[-1])
    return times


async def seen(resolver: Resolver, source: str = KIM) -> list[str]:
    """Return the addresses that a source gets for the game."""
    return addresses(await ask(resolver, PLAY, source=source))


@in_loop
async def test_a_budget_ends_and_is_there_again(now: list[float]) -> None:
    """On all devices of the child and on no other's; the next day it is there without anybody's doing."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        assert await seen(resolver) == [REAL]
        resolver.take_minutes(used(19))
        assert await seen(resolver) == [REAL]
        resolver.take_minutes(used(20))
        assert [await seen(resolver, source) for source in (KIM, KIM_TOO, SAM)] == [SPENT, SPENT, [REAL]]
        now.append(ENDS - 1)
        assert await seen(resolver) == SPENT
        now.append(ENDS)
        assert await seen(resolver) == [REAL]


@in_loop
async def test_a_new_house_keeps_the_minutes() -> None:
    """They are no part of it; a bonus in it is in force without anything being counted anew, and so is a penalty."""
    said = datetime.fromtimestamp(AT, UTC)
    more = Grant(person="kim", said_at=said, until=said + timedelta(hours=9), minutes=15, budget="service:play")
    less = msgspec.structs.replace(more, minutes=-15)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        resolver.take_minutes(used(20, 10))
        for number, (told, expected) in enumerate(
            ((house(), SPENT), (house(more), [REAL]), (house(), SPENT), (house(minutes=40), [REAL])), 2
        ):
            resolver.adopt(snapshot_of(told, number))
            assert await seen(resolver) == expected
        resolver.adopt(snapshot_of(house(msgspec.structs.replace(less, person="sam")), 9))
        assert await seen(resolver, SAM) == SPENT


@in_loop
async def test_a_worker_that_starts_later() -> None:
    """It is told the minutes before the house, and the first reply goes by them."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint)
        resolver.take_minutes(used(20))
        resolver.adopt(snapshot_of(house()))
        assert await seen(resolver) == SPENT


def ttl(reply: dns.message.Message) -> int:
    """Return for how long a reply may be kept."""
    return min(rrset.ttl for rrset in reply.answer)


@in_loop
async def test_no_reply_outlives_the_budget(now: list[float]) -> None:
    """Neither in the memo nor at the device: also where the end came nearer by a gap that was filled."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        async with serving(resolver) as endpoint:
            resolver.take_minutes(used(10))
            assert ttl(await over_udp(endpoint, question(PLAY), KIM)) == 60
            # Nine more at once: the end is a minute away, and was ten.
            now.append(AT + 30)
            resolver.take_minutes(used(19))
            assert ttl(await over_udp(endpoint, question(PLAY), KIM)) <= 30
            assert ttl(await over_udp(endpoint, question(PLAY), SAM)) == 60
            now.append(AT + 60)
            resolver.take_minutes(used(20, at=AT + 60))
            assert addresses(await over_udp(endpoint, question(PLAY), KIM)) == SPENT


@in_loop
async def test_replies_are_given_out_again_from_minute_to_minute(
    now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute counted in its time makes nobody think again; what changed for one changes nothing for others."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        resolver.take_minutes(used(10, 10))
        async with serving(resolver) as endpoint:
            for source in (KIM, SAM) * 2:
                await over_udp(endpoint, question(PLAY), source)
            monkeypatch.setattr(resolver, "resolve", None)
            now.append(AT + 61)
            resolver.take_minutes(used(11, 10, AT + 60))
            for source in (KIM, SAM):
                assert addresses(await over_udp(endpoint, question(PLAY), source)) == [REAL]
            resolver.take_minutes(used(20, 10, AT + 60))
            assert addresses(await over_udp(endpoint, question(PLAY), SAM)) == [REAL]
            assert len(resolver.memos) == 1


@in_loop
async def test_an_answer_that_comes_after_the_end() -> None:
    """It was asked for while there was time, and is decided once more; one across a mere minute is not lost."""
    for counted, expected in ((used(20), SPENT), (used(3), [REAL])):
        with fake_upstream(silence) as fake:
            resolver = resolver_of(fake.endpoint, house=house())
            resolver.take_minutes(used(2))
            coming = put(resolver, question(PLAY).to_wire(), KIM)
            await asked_of(fake)
            resolver.take_minutes(counted)
            fake.script = lambda asked: [answer(asked, f"{asked.name} 300 A {REAL}")]
            async with asyncio.timeout(20):
                assert addresses(dns.message.from_wire(await coming)) == expected


async def asked_of(fake: FakeUpstream) -> None:
    """Wait until the upstream was asked."""
    async with asyncio.timeout(5):
        while not fake.names():  # noqa: ASYNC110 -- it is asked in another thread
            await asyncio.sleep(0.01)


@in_loop
async def test_screen_time_of_what_was_answered() -> None:
    """Out of the memo too, on both devices; not what was blocked, and not what no upstream answered."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        async with serving(resolver) as endpoint:
            for source in (KIM, KIM, KIM_TOO, KIM_TOO):
                await over_udp(endpoint, question(PLAY), source)
            fake.script = failing(2)
            await over_udp(endpoint, question(f"down.{PLAY}"), KIM)
            resolver.take_minutes(used(0, 20))
            await over_udp(endpoint, question(PLAY), SAM)
    resolver.counts.tally.news()
    assert resolver.counts.tally.screens() == {Screen("kim", "play", "unclassified"): 4}
