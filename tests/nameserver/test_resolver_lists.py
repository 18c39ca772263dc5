"""Lists in force: swapped whole, at once, and no reply that was made before outlives them."""

import asyncio

import dns.message
import pytest

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.subscription import Subscription
from appliance.nameserver.resolver import Resolver
from tests.fakes import REAL, answer, fake_upstream, silence
from tests.listed import LIST, list_set
from tests.nameserver.inside import ask, in_loop, put, resolver_of, snapshot_of
from tests.nameserver.test_server import over_udp, serving
from tests.running import addresses, question

ADS, NEWS = "ads.example", "news.example"
KIM, ALEX, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.99"
SHUT, OPEN = ["0.0.0.0"], [REAL]


def house(*lists: Subscription) -> House:
    """Return a house with a child, an adult and lists."""
    return House(
        persons=(Person(id="kim", name="Kim", band="16-17"), Person(id="alex", name="Alex", kind=PersonKind.ADULT)),
        devices=(
            Device(id="phone", addresses=(KIM,), person="kim"),
            Device(id="laptop", addresses=(ALEX,), person="alex"),
        ),
        lists=lists,
    )


HOUSE = house(Subscription(id=LIST, name="Ads"))


async def seen(resolver: Resolver, name: str = ADS, *sources: str) -> list[list[str]]:
    """Return the addresses that child, adult and stranger get for a name."""
    return [addresses(await ask(resolver, name, source=source)) for source in sources or (KIM, ALEX, STRANGER)]


@in_loop
async def test_lists_are_swapped() -> None:
    """Both ways, for those whom they are for, and nothing of the old ones is left in a memo."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        for _ in range(2):
            assert await seen(resolver) == [OPEN, OPEN, OPEN]
            resolver.take_lists(list_set(f"||{ADS}^"))
            assert [await seen(resolver) for _ in range(2)] == [[SHUT, OPEN, SHUT]] * 2
            resolver.take_lists(list_set(f"||{NEWS}^"))
            assert (await seen(resolver), await seen(resolver, NEWS)) == ([OPEN, OPEN, OPEN], [SHUT, OPEN, SHUT])
            resolver.take_lists(None)


@in_loop
async def test_memo_is_forgotten_on_the_wire() -> None:
    """A reply that was given out over and over is made anew."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        async with serving(resolver) as endpoint:
            asked = question(ADS)
            for lists, expected in ((None, OPEN), (list_set(ADS), SHUT), (None, OPEN)):
                resolver.take_lists(lists)
                for _ in range(3):
                    assert addresses(await over_udp(endpoint, asked, KIM)) == expected


@in_loop
async def test_a_query_under_way_is_decided_anew() -> None:
    """Lists that come while an upstream is asked hold for its answer."""
    with fake_upstream(silence) as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        coming = put(resolver, question(ADS).to_wire(), KIM)
        await asyncio.to_thread(fake.wait_for, 1)
        resolver.take_lists(list_set(f"||{ADS}^"))
        fake.asked[0].send(answer(fake.asked[0]))
        async with asyncio.timeout(5):
            assert addresses(dns.message.from_wire(await coming)) == SHUT


@in_loop
async def test_a_new_house_keeps_the_lists() -> None:
    """They are no part of it; who is to have them says the house."""
    kims = house(Subscription(id=LIST, name="Ads", persons=("alex",)))
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint)
        resolver.take_lists(list_set(f"||{ADS}^"))
        assert await seen(resolver) == [OPEN, OPEN, OPEN]
        for told, expected in ((HOUSE, [SHUT, OPEN, SHUT]), (kims, [OPEN, SHUT, OPEN]), (house(), [OPEN] * 3)):
            resolver.adopt(snapshot_of(told))
            assert await seen(resolver) == expected


@in_loop
async def test_lists_that_can_not_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they can't be compiled, those before stay, whole."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        resolver.take_lists(list_set(ADS))
        before = resolver.in_force

        def fail(*_: object, **__: object) -> None:
            raise ValueError("no")

        with monkeypatch.context() as patched:
            patched.setattr("appliance.core.policy.compile", fail)
            with pytest.raises(ValueError, match="no"):
                resolver.take_lists(None)
        assert resolver.in_force is before
        assert await seen(resolver) == [SHUT, OPEN, SHUT]
        resolver.adopt(snapshot_of(HOUSE, 2))
        assert await seen(resolver) == [SHUT, OPEN, SHUT]
