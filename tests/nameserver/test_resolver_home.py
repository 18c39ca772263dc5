"""The box answers for itself, whoever asks and whatever the state of the house."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import product

import dns.message
import dns.rdatatype
import pytest

from appliance.core.house import Blocking, BlockMode, House, Unknown
from appliance.core.word import Pause
from appliance.nameserver.resolver import Resolver
from appliance.world import clock
from appliance.world.neighbours import Own
from tests.fakes import fake_upstream
from tests.nameserver.inside import Still, in_loop, resolver_of
from tests.nameserver.test_parking import HOUSE as NEAR_HOUSE
from tests.nameserver.test_parking import NEAR, TABLET, TABLET_MAC
from tests.nameserver.test_resolver import HOUSE, KIM, KIM_MAC, ROUTER, SAM, STRANGER, told_mac
from tests.running import addresses, question

HOME = "kindgate.home"
LOCAL, LOCAL6 = "192.0.2.1", "fd00::1"
OWN = (Own("127.0.0.1", 8, 1), Own(LOCAL, 24, 2), Own(LOCAL6, 64, 2), Own("198.51.100.1", 24, 3))


def house(**said: object) -> House:
    """Return the house in some state."""
    return House(persons=HOUSE.persons, devices=HOUSE.devices, forwarders=HOUSE.forwarders, **said)  # type: ignore[arg-type]


def paused() -> House:
    """Return a house in which all is off, children, strangers and all."""
    now = datetime.fromtimestamp(clock.now(), UTC)
    return house(pauses=(Pause(said_at=now - timedelta(minutes=1), until=now + timedelta(hours=1)),))


STATES = {
    "none": None,
    "open": house(),
    "paused": paused(),
    "closed": house(unknown_devices=Unknown.CLOSED.value),
    "small": house(unknown_devices="0-5"),
    "refusing": house(blocking=Blocking(mode=BlockMode.REFUSED), unknown_devices=Unknown.CLOSED.value),
}


def attached() -> Still:
    """Return a network in which the box has addresses."""
    table = Still()
    table.own = OWN
    return table


async def at_home(
    resolver: Resolver, qtype: str = "A", *, name: str = HOME, source: str = KIM, local: str = LOCAL, **options: object
) -> dns.message.Message:
    """Return the reply to a question for the box that came in at one of its addresses."""
    coming: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    asked = question(name, qtype, **options)
    assert resolver.resolve(asked.to_wire(), source, coming.set_result, lambda: local, is_tcp=False)
    async with asyncio.timeout(5):
        reply = dns.message.from_wire(await coming)
    assert asked.is_response(reply)
    return reply


@pytest.mark.parametrize("state", STATES)
@in_loop
async def test_every_state(state: str) -> None:
    """Paused, closed, blocked, without a house, without an upstream: the page of the box is found."""
    resolver = resolver_of(house=STATES[state], neighbours=attached())
    for source, name in product((KIM, SAM, STRANGER), (HOME, "me.kindgate.home", "KINDGATE.home")):
        assert addresses(await at_home(resolver, name=name, source=source)) == [LOCAL]
        assert addresses(await at_home(resolver, "AAAA", name=name, source=source)) == [LOCAL6]
        for qtype in ("HTTPS", "SVCB", "TXT"):
            reply = await at_home(resolver, qtype, name=name, source=source)
            assert (reply.rcode(), reply.answer, len(reply.authority)) == (0, [], 1)
    assert set(resolver.counts.news()) == {"answered"}
    assert resolver.counts.tally.news() == []


@in_loop
async def test_nobody_else_is_asked() -> None:
    """The question never leaves the home."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=attached())
        for qtype in ("A", "AAAA", "HTTPS", "ANY"):
            await at_home(resolver, qtype)
        assert fake.asked == []


@in_loop
async def test_each_gets_the_address_by_which_it_came() -> None:
    """Nothing is kept ready: the same octets that come in at another address get that one."""
    resolver = resolver_of(house=HOUSE, neighbours=attached())
    found = [addresses(await at_home(resolver, local=local)) for local in (LOCAL, "198.51.100.1", "127.0.0.1", LOCAL)]
    assert found == [[LOCAL], ["198.51.100.1"], ["127.0.0.1"], [LOCAL]]
    assert addresses(await at_home(resolver, "AAAA", local="198.51.100.1")) == []
    assert resolver.hot == {}
    assert len(resolver.memos) == 0


@in_loop
async def test_address_that_changed() -> None:
    """A box that got another address says so."""
    table = attached()
    resolver = resolver_of(house=HOUSE, neighbours=table)
    assert addresses(await at_home(resolver, local=LOCAL6)) == [LOCAL]
    table.own = (Own("192.0.2.77", 24, 2), Own(LOCAL6, 64, 2))
    assert addresses(await at_home(resolver, local=LOCAL6)) == ["192.0.2.77"]


@in_loop
async def test_through_a_forwarder() -> None:
    """A router's clients get the address that the router reaches, misshapen question or not."""
    resolver = resolver_of(house=paused(), neighbours=attached())
    for options in (told_mac(KIM_MAC), []):
        assert addresses(await at_home(resolver, source=ROUTER, options=options)) == [LOCAL]
    asked = question(HOME, options=told_mac(KIM_MAC)).to_wire()
    extra = b"\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x00\x00\x01"
    replies: list[bytes] = []
    resolver.resolve(asked[:11] + b"\2" + asked[12:] + extra, ROUTER, replies.append, lambda: LOCAL, is_tcp=False)
    assert addresses(dns.message.from_wire(replies[0])) == [LOCAL]


@in_loop
async def test_question_that_waits_for_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first question of a device still knows by which address it came."""
    monkeypatch.setattr("appliance.nameserver.parking.resolve_mac", lambda _: None)
    table = Still(attached=NEAR)
    table.own = OWN
    resolver = resolver_of(house=NEAR_HOUSE, neighbours=table)
    asked = asyncio.create_task(at_home(resolver, source=TABLET))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not asked.done()
    table.learn(TABLET, TABLET_MAC)
    resolver.look_around()
    assert addresses(await asked) == [LOCAL]


@in_loop
async def test_address_that_is_not_known() -> None:
    """Where nobody says by which address a question came, there is none to tell."""
    reply = await at_home(resolver_of(house=HOUSE, neighbours=attached()), local="")
    assert (reply.rcode(), reply.answer) == (0, [])


@in_loop
async def test_doctors_question_is_still_the_doctors() -> None:
    """Below the box's name stands one that is reported and does not exist."""
    sights: list[dict[str, object]] = []
    resolver = resolver_of(house=HOUSE, neighbours=attached())
    resolver.on_sight = sights.append
    assert (await at_home(resolver, name="w0rd.check.kindgate.home")).rcode() == 3
    assert [sight["token"] for sight in sights] == ["w0rd"]
    assert addresses(await at_home(resolver, name="uncheck.kindgate.home")) == [LOCAL]
