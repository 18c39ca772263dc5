"""What the resolver remembers of the addresses that it gives out: for the name that was asked, and nothing blocked."""

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.record import Record, RecordType
from appliance.nameserver.resolver import MAX_REPEATED_S, Resolver
from appliance.world import clock
from tests.fakes import REAL, REAL6, Asked, answer, fake_upstream
from tests.nameserver.inside import Still, ask, in_loop, resolver_of, snapshot_of
from tests.nameserver.test_resolver import AT, GAMES, ROUTER, ROUTER_MAC, SAM_MAC, told_mac
from tests.nameserver.test_resolver import HOUSE as ROUTED
from tests.nameserver.test_resolver_memory import ALEX, KIM, KIM_PHONE, PAT, STRANGER, house
from tests.nameserver.test_server import over_tcp, over_udp, serving
from tests.running import ALLOWED, BLOCKED, addresses, question


def names(resolver: Resolver, device: str | None, address: str = REAL) -> list[str]:
    """Return for which names a device was given an address."""
    subject = resolver.in_force.setting.policy.of_device(device)
    return [name for name, _ in resolver.given.of(subject, ip_address(address).packed, clock.now())]


@in_loop
async def test_for_whom_an_address_was_asked() -> None:
    """A child's name is known for that child, on each device; not for another, an adult or a stranger."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        for source, name in (
            (KIM, "kim.example"),
            (PAT, "pat.example"),
            (ALEX, "alex.example"),
            (STRANGER, "x.example"),
        ):
            await ask(resolver, name, source=source)
            await ask(resolver, name, "AAAA", source=source)
        for address in (REAL, REAL6):
            found = {
                device: names(resolver, device, address) for device in ("d-kim", "d-phone", "d-pat", "d-alex", None)
            }
            assert found == {
                "d-kim": ["kim.example"],
                "d-phone": ["kim.example"],
                "d-pat": ["pat.example"],
                "d-alex": [],
                None: ["x.example"],
            }
        assert "alex.example" not in repr(vars(resolver.given))


@in_loop
async def test_nothing_blocked_and_nothing_failed() -> None:
    """What was blocked by its name or by what it leads to was not given."""

    def script(asked: Asked) -> list[bytes]:
        if asked.name == "cloak.example":
            return [answer(asked, f"{asked.name} 300 CNAME {BLOCKED}.", f"{BLOCKED} 300 A {REAL}")]
        return [answer(asked, rcode=2 if asked.name == "fails.example" else 0)]

    with fake_upstream(script) as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        for name in (GAMES, BLOCKED, "cloak.example", "fails.example"):
            await ask(resolver, name, source=KIM)
    assert len(resolver.given) == 0


@in_loop
async def test_the_name_that_was_asked() -> None:
    """Not an alias on the way to it; the hints of a service's address are its as well."""

    def script(asked: Asked) -> list[bytes]:
        if asked.qtype == "HTTPS":
            return [answer(asked, f"{asked.name} 300 HTTPS 1 . ipv4hint=203.0.113.5 ipv6hint=2001:db8::5")]
        return [answer(asked, f"{asked.name} 300 CNAME edge.example.", f"edge.example 300 A {REAL}")]

    with fake_upstream(script) as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        for qtype in ("A", "HTTPS"):
            await ask(resolver, "WWW.Shop.example", qtype, source=PAT)
    assert [names(resolver, "d-pat", one) for one in (REAL, "203.0.113.5", "2001:db8::5")] == [["www.shop.example"]] * 3


@in_loop
async def test_safe_search() -> None:
    """A name that is led to another's address is the one that was asked."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        reply = await ask(resolver, "www.google.com", source=KIM)
        assert addresses(reply) == [REAL]
        assert fake.names() == ["forcesafesearch.google.com"]
    assert names(resolver, "d-kim") == ["www.google.com"]


@in_loop
async def test_over_tcp_and_through_a_router() -> None:
    """As over UDP; behind a router it is whom its option names."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=ROUTED, neighbours=Still({ROUTER: ROUTER_MAC}))
        async with serving(resolver) as endpoint:
            await over_tcp(endpoint, question("tcp.example"), "127.0.0.2")
            await over_udp(endpoint, question("routed.example", options=told_mac(SAM_MAC)), ROUTER)
    devices = {device.id: names(resolver, device.id) for device in ROUTED.devices}
    assert sorted(found for found in devices.values() if found) == [["routed.example"], ["tcp.example"]]


@in_loop
async def test_an_answer_too_long_is_not_given() -> None:
    """Who is sent to TCP was given nothing until it has asked there."""

    def script(asked: Asked) -> list[bytes]:
        return [answer(asked, *(f"{asked.name} 300 A 198.51.100.{number}" for number in range(90)))]

    with fake_upstream(script) as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        await ask(resolver, "long.example", source=KIM)
        assert len(resolver.given) == 0
        await ask(resolver, "long.example", source=KIM, is_tcp=True)
        assert len(resolver.given) == 90


@in_loop
async def test_finished_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is given one that was made for another device of the same child is known; it isn't given out for too long."""
    now = AT
    monkeypatch.setattr(clock, "now", lambda: now)
    with fake_upstream(lambda asked: [answer(asked, ttl=86_400)]) as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        async with serving(resolver) as endpoint:
            await over_udp(endpoint, question(ALLOWED), KIM)
            await over_udp(endpoint, question(ALLOWED), KIM_PHONE)
            assert names(resolver, "d-phone") == [ALLOWED]
            now = AT + MAX_REPEATED_S - 1
            await over_udp(endpoint, question(ALLOWED), KIM)
            now = AT + MAX_REPEATED_S
            await over_udp(endpoint, question(ALLOWED), KIM)
    kim = resolver.in_force.setting.policy.of_device("d-kim")
    assert resolver.given.of(kim, ip_address(REAL).packed, now) == ((ALLOWED, AT + MAX_REPEATED_S),)


def _nothing(_: Resolver) -> None:
    """Change nothing."""


def _gone(resolver: Resolver) -> None:
    """Put a house in force without the child."""
    resolver.adopt(snapshot_of(House(), 2))


def _same(resolver: Resolver) -> None:
    """Put the same house in force again."""
    resolver.adopt(snapshot_of(house(), 2))


@pytest.mark.parametrize(
    ("change", "later_s", "held"),
    [
        (_nothing, 0.0, 1),
        (_same, 0.0, 1),
        (_gone, 0.0, 0),
        (Resolver.clock_jumped, 0.0, 0),
        (Resolver.sweep, 86_399.0, 1),
        (Resolver.sweep, 86_400.0, 0),
    ],
)
@in_loop
async def test_forgotten(
    change: Callable[[Resolver], None], later_s: float, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a day, with the child, and when the clock was set; not with a new house."""
    now = AT
    monkeypatch.setattr(clock, "now", lambda: now)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        await ask(resolver, ALLOWED, source=KIM)
        now += later_s
        change(resolver)
    assert len(resolver.given) == held


@in_loop
async def test_addresses_that_the_house_gives() -> None:
    """A name that the house itself has an answer for was given as well."""
    kim = Person(id="kim", name="Kim", band="6-9")
    device = Device(id="d-kim", addresses=(KIM,), person="kim")
    record = Record(name="nas.example", type=RecordType.A, value="203.0.113.9")
    own = House(persons=(kim,), devices=(device,), records=(record,))
    resolver = resolver_of(house=own)
    assert addresses(await ask(resolver, "nas.example", source=KIM)) == ["203.0.113.9"]
    assert names(resolver, "d-kim", "203.0.113.9") == ["nas.example"]
