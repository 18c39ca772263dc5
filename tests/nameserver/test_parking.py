"""A query waits until the kernel knows whose MAC is behind its address."""

import asyncio

import pytest

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Do, Person, Rule
from appliance.nameserver import parking
from appliance.nameserver.resolver import Resolver
from tests.fakes import REAL, answer, fake_upstream, silence
from tests.nameserver.inside import Still, ask, in_loop, resolver_of, snapshot_of
from tests.running import addresses

GAMES = "games.example"
NEAR = "192.0.2.0/24"
TABLET, LAPTOP = "192.0.2.10", "192.0.2.11"
TABLET_MAC, LAPTOP_MAC = "02:00:00:00:00:02", "02:00:00:00:00:03"

HOUSE = House(
    persons=(
        Person(id="kim", name="Kim", band="6-9", rules=(Rule(name=GAMES, do=Do.BLOCK),)),
        Person(id="sam", name="Sam", band="16-17"),
    ),
    devices=(
        Device(id="tablet", macs=(TABLET_MAC,), person="kim"),
        Device(id="laptop", macs=(LAPTOP_MAC,), addresses=(LAPTOP,), person="sam"),
    ),
    networks=(NEAR,),
)


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that the kernel was told to find out."""
    found: list[str] = []
    monkeypatch.setattr(parking, "resolve_mac", found.append)
    return found


async def begun(resolver: Resolver, source: str) -> "asyncio.Task[list[str]]":
    """Ask for games, and give the event loop the turns to begin with it."""

    async def asking() -> list[str]:
        return addresses(await ask(resolver, GAMES, source=source))

    task = asyncio.create_task(asking())
    for _ in range(5):
        await asyncio.sleep(0)
    return task


@in_loop
async def test_first_query_of_a_child(wanted: list[str]) -> None:
    """The first query after a start waits for the MAC, and then is the child's, not an unknown device's."""
    near = Still(attached=NEAR)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=near)
        first, second = await begun(resolver, TABLET), await begun(resolver, TABLET)
        assert (wanted, first.done(), second.done()) == ([TABLET], False, False)
        near.learn(TABLET, TABLET_MAC)
        resolver.look_around()
        assert [await first, await second] == [["0.0.0.0"], ["0.0.0.0"]]
        assert await (await begun(resolver, TABLET)) == ["0.0.0.0"]
    assert (wanted, fake.names()) == ([TABLET], [])


@in_loop
async def test_borrowed_address(wanted: list[str]) -> None:
    """A child's device with the address of another one is known by its MAC from the first query on."""
    near = Still(attached=NEAR)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=near)
        asked = await begun(resolver, LAPTOP)
        near.learn(LAPTOP, TABLET_MAC)
        resolver.look_around()
        assert await asked == ["0.0.0.0"]
    assert wanted == [LAPTOP]


@in_loop
async def test_device_that_never_says(wanted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no MAC becomes known, the address decides after a while; the next query does not wait again."""
    monkeypatch.setattr(parking, "PARK_S", 0.05)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=Still(attached=NEAR))
        assert await (await begun(resolver, LAPTOP)) == [REAL]
        assert await (await begun(resolver, LAPTOP)) == [REAL]
    assert wanted == [LAPTOP]


@in_loop
async def test_new_house_while_waiting(wanted: list[str]) -> None:
    """What waits is answered by the house that is in force when the wait ends."""
    near = Still(attached=NEAR)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=near)
        asked = await begun(resolver, TABLET)
        free = House(persons=(Person(id="kim", name="Kim", band="6-9"),), devices=HOUSE.devices[:1], networks=(NEAR,))
        resolver.adopt(snapshot_of(free, 2))
        near.learn(TABLET, TABLET_MAC)
        resolver.look_around()
        assert await asked == [REAL]


@in_loop
async def test_flood_of_addresses(wanted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """So many addresses are waited for and so many queries of each; the rest is dropped, never answered unseen."""
    monkeypatch.setattr(parking, "MAX_PARKED", 2)
    monkeypatch.setattr(parking, "MAX_PARKED_QUERIES", 3)
    monkeypatch.setattr(parking, "PARK_S", 0.05)
    answered: list[bytes] = []
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=Still(attached=NEAR))
        for number in (20, 20, 20, 20, 21, 22):
            source = f"192.0.2.{number}"
            resolver.resolve(
                bytes.fromhex("000101000001000000000000") + b"\0\0\xff\0\1", source, answered.append, is_tcp=False
            )
        assert (wanted, answered) == (["192.0.2.20", "192.0.2.21"], [])
        await asyncio.sleep(0.1)
    assert (len(answered), resolver.counts.news()["dropped.waiting"]) == (3 + 1, 2)


@in_loop
async def test_patience_begins_anew(wanted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A second wait for one address is as long as the first: what is left of the first one's time does not end it."""
    monkeypatch.setattr(parking, "PARK_S", 0.2)
    near = Still(attached=NEAR)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=near)
        first = await begun(resolver, TABLET)
        await asyncio.sleep(0.15)
        near.learn(TABLET, TABLET_MAC)
        resolver.look_around()
        assert await first == ["0.0.0.0"]
        del near._macs[TABLET]
        resolver.forget()
        second = await begun(resolver, TABLET)
        await asyncio.sleep(0.1)
        assert not second.done()
        near.learn(TABLET, TABLET_MAC)
        resolver.look_around()
        assert await second == ["0.0.0.0"]
    assert wanted == [TABLET, TABLET]


@in_loop
async def test_who_is_not_waited_for(wanted: list[str]) -> None:
    """A routed address, the box's own and a TCP client are answered at once: nothing more will be known of them."""
    near = Still(attached=NEAR)
    near._own = frozenset(("192.0.2.1",))
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=near)
        for source in ("10.9.8.7", "192.0.2.1", "127.0.0.5"):
            assert addresses(await ask(resolver, GAMES, source=source)) == [REAL]
        assert addresses(await ask(resolver, GAMES, source=LAPTOP, is_tcp=True)) == [REAL]
    assert wanted == []


@in_loop
async def test_an_upstreams_answer_is_given_out_again_at_once() -> None:
    """From the second time that it is asked for on, nobody thinks about it."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=Still(attached=NEAR, macs={LAPTOP: LAPTOP_MAC}))
        assert addresses(await ask(resolver, GAMES, source=LAPTOP)) == [REAL]
        assert [len(memo) for memo in resolver.hot.values()] == [1]


@in_loop
async def test_nothing_is_kept_for_who_left_before_the_answer(wanted: list[str]) -> None:
    """Its address may be another's by then, whom the hot path would take for the one who left."""
    near = Still(attached=NEAR, macs={LAPTOP: LAPTOP_MAC})
    with fake_upstream(silence) as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=near)
        asking = await begun(resolver, LAPTOP)
        near.changed.add(LAPTOP)
        resolver.look_around()
        await asyncio.to_thread(fake.wait_for, 1)
        fake.asked[0].send(answer(fake.asked[0]))
        assert await asking == [REAL]
        assert (resolver.hot, len(resolver.memos), wanted) == ({}, 0, [])
