"""An old answer bridges an upstream's silence whatever becomes of the house meanwhile, and by the new house's rules."""

import asyncio

import dns.message
import pytest

from appliance.core import answers as cache
from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Do, Person, Rule
from appliance.nameserver import upstream
from appliance.nameserver.resolver import Resolver
from appliance.world import clock
from tests.fakes import REAL, FakeUpstream, fake_upstream, silence
from tests.nameserver.inside import ask, in_loop, put, resolver_of, snapshot_of
from tests.running import addresses, question

KIM, SAM = "127.0.0.3", "127.0.0.4"
GAMES = "games.example"
DEVICES = (Device(id="k", addresses=(KIM,), person="kim"), Device(id="s", addresses=(SAM,), person="sam"))
SAMS = Person(id="sam", name="Sam", band="16-17")
OPEN = House(persons=(Person(id="kim", name="Kim", band="6-9"), SAMS), devices=DEVICES)
CLOSED = House(
    persons=(Person(id="kim", name="Kim", band="6-9", rules=(Rule(name=GAMES, do=Do.BLOCK),)), SAMS), devices=DEVICES
)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients wait for moments only."""
    monkeypatch.setattr(cache, "CLIENT_S", 0.1)
    monkeypatch.setattr(upstream, "LOOK_S", 0.02)


async def with_an_old_answer(fake: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Return a resolver with an old answer for games, and nobody upstream."""
    resolver = resolver_of(fake.endpoint, house=OPEN)
    assert addresses(await ask(resolver, GAMES, source=KIM)) == [REAL]
    fake.script = silence
    later = clock.now() + 3_600
    monkeypatch.setattr(clock, "now", lambda: later)
    return resolver


@in_loop
async def test_new_house_while_an_old_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a better one is decided again, and gets the old one or the new house's block."""
    with fake_upstream() as fake:
        resolver = await with_an_old_answer(fake, monkeypatch)
        coming = [put(resolver, question(GAMES).to_wire(), source) for source in (KIM, SAM)]
        await asyncio.to_thread(fake.wait_for, 2)
        resolver.adopt(snapshot_of(CLOSED, 2))
        async with asyncio.timeout(5):
            found = [addresses(dns.message.from_wire(await one)) for one in coming]
    assert found == [["0.0.0.0"], [REAL]]
