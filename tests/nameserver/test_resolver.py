"""What a worker makes of a query."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import dns.edns
import dns.message
import dns.rcode
import pytest

from appliance.core.device import Device, Forwarder
from appliance.core.house import House
from appliance.core.person import Do, Person, Rule
from appliance.core.word import Grant
from appliance.nameserver import exchange, seats
from appliance.nameserver import resolver as resolver_module
from appliance.nameserver.resolver import Resolver
from appliance.world import clock
from tests.fakes import REAL, Asked, answer, failing, fake_upstream, silence
from tests.nameserver.inside import Still, ask, in_loop, put, resolver_of, snapshot_of
from tests.running import ALLOWED, BLOCKED, addresses, question

GAMES = "games.example"
KIM, SAM, ROUTER, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.10", "127.0.0.99"
KIM_MAC, SAM_MAC, ROUTER_MAC = "02:00:00:00:00:02", "02:00:00:00:00:03", "02:00:00:00:00:10"
AT = 1_772_632_800.0


def kim(*rules: Rule) -> Person:
    """Return a child who may not play."""
    return Person(id="kim", name="Kim", band="6-9", rules=(*rules, Rule(name=GAMES, do=Do.BLOCK)))


HOUSE = House(
    persons=(kim(), Person(id="sam", name="Sam", band="16-17")),
    devices=(
        Device(id="tablet", macs=(KIM_MAC,), addresses=(KIM,), person="kim"),
        Device(id="laptop", macs=(SAM_MAC,), addresses=(SAM,), person="sam"),
    ),
    forwarders=(Forwarder(id="router", addresses=(ROUTER,), macs=(ROUTER_MAC,)),),
)
OPEN = House(devices=HOUSE.devices, persons=(Person(id="kim", name="Kim", band="6-9"), HOUSE.persons[1]))


OPTION = dns.edns.OptionType.make(65001)
"""dnsmasq's `add-mac`."""


def told_mac(mac: str) -> list[dns.edns.GenericOption]:
    """Return the option by which a router says who asks."""
    return [dns.edns.GenericOption(OPTION, bytes.fromhex(mac.replace(":", "")))]


async def seen(resolver: Resolver, source: str, name: str = GAMES, **options: Any) -> list[str]:
    """Return the addresses that a source gets for a name."""
    return addresses(await ask(resolver, name, source=source, **options))


@in_loop
async def test_box_without_a_house() -> None:
    """Without a house what harms everyone is blocked and all else is open."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint)
        assert await seen(resolver, STRANGER, BLOCKED) == ["0.0.0.0"]
        assert await seen(resolver, STRANGER, ALLOWED) == [REAL]
    assert fake.names() == [ALLOWED]


@in_loop
async def test_asker_is_known_by_address() -> None:
    """Each device gets what its person may see."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        found = [await seen(resolver, source) for source in (KIM, SAM, STRANGER, KIM, SAM)]
    assert found == [["0.0.0.0"], [REAL], [REAL], ["0.0.0.0"], [REAL]]
    assert fake.names() == [GAMES]


@in_loop
async def test_asker_is_known_by_mac() -> None:
    """The MAC that the kernel knows is believed before the address, and a device that moved is found again."""
    with fake_upstream() as fake:
        table = Still({STRANGER: KIM_MAC, KIM: SAM_MAC})
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=table)
        assert [await seen(resolver, source) for source in (STRANGER, KIM)] == [["0.0.0.0"], [REAL]]
        table._set(STRANGER, SAM_MAC)
        table._set(KIM, KIM_MAC)
        resolver.look_around()
        assert [await seen(resolver, source) for source in (STRANGER, KIM)] == [[REAL], ["0.0.0.0"]]


@pytest.mark.parametrize("source", [ROUTER, "127.0.0.11"])
@in_loop
async def test_forwarder_says_who_asks(source: str) -> None:
    """Behind a listed forwarder, known by address or MAC, each child gets its own answers, again and again."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=Still({"127.0.0.11": ROUTER_MAC}))
        found = [
            await seen(resolver, source, options=told_mac(mac)) for mac in (KIM_MAC, SAM_MAC, KIM_MAC, SAM_MAC, KIM_MAC)
        ]
    assert found == [["0.0.0.0"], [REAL], ["0.0.0.0"], [REAL], ["0.0.0.0"]]


@in_loop
async def test_forged_option_is_ignored() -> None:
    """Who is no listed forwarder can't ask in another's name; it is counted, and not kept ready."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        assert await seen(resolver, KIM, options=told_mac(SAM_MAC)) == ["0.0.0.0"]
        assert resolver.counts.news()["asker.forged"] == 1
        assert await seen(resolver, KIM, options=told_mac(SAM_MAC)) == ["0.0.0.0"]
        assert resolver.counts.news()["asker.forged"] == 1
        assert resolver.hot == {}


@in_loop
async def test_options_that_disagree() -> None:
    """A router's options that name two devices name nobody."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        assert await seen(resolver, ROUTER, options=told_mac(KIM_MAC) + told_mac(SAM_MAC)) == [REAL]
        assert resolver.counts.news()["asker.conflict"] == 1


@in_loop
async def test_forwarder_that_says_nothing() -> None:
    """A router that does not say who asks makes an unknown device, and is counted."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        assert await seen(resolver, ROUTER) == [REAL]
        assert resolver.counts.news()["asker.missing"] == 1


@in_loop
async def test_misshapen_query_through_a_forwarder() -> None:
    """A shape in which a router may overlook a forged option is refused."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        asked = question(GAMES, options=told_mac(SAM_MAC))
        wire = bytearray(asked.to_wire())
        wire[11] += 1
        extra = b"\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x00\x00\x01"
        reply = dns.message.from_wire(await put(resolver, bytes(wire) + extra, ROUTER))
        assert reply.rcode() == dns.rcode.REFUSED
        assert resolver.counts.news()["asker.misshapen"] == 1


@in_loop
async def test_router_that_nobody_listed_is_counted() -> None:
    """Questions from the default gateway are a sign that it asks for its clients."""
    with fake_upstream() as fake:
        table = Still()
        table.routers = frozenset({STRANGER})
        resolver = resolver_of(fake.endpoint, house=HOUSE, neighbours=table)
        await seen(resolver, STRANGER)
        await seen(resolver, SAM)
        assert resolver.counts.news()["asker.router"] == 1


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("127.0.0.1", True),
        ("192.168.1.9", True),
        ("10.9.9.9", True),
        ("fe80::1%3", True),
        ("fd00::1", True),
        ("203.0.113.9", False),
        ("2001:db8::9", False),
        ("198.51.100.9", True),
        ("192.0.2.9", True),
    ],
)
@in_loop
async def test_who_is_answered(source: str, expected: bool) -> None:
    """Private sources are answered, those of attached networks and of listed ones; nobody else, and it is counted."""
    table = Still()
    table.networks = ("192.0.2.1/24",)
    resolver = resolver_of(house=House(networks=("198.51.100.0/24",)), neighbours=table)
    assert (resolver.seat(source) is not None) is expected
    reply = put(resolver, question(BLOCKED).to_wire(), source)
    assert (reply.exception() is None) is expected
    assert resolver.counts.news().get("dropped.source", 0) == (0 if expected else 2)


@in_loop
async def test_network_that_is_attached_later() -> None:
    """A source is answered as soon as its network is attached, and no longer when it has gone."""
    table = Still()
    resolver = resolver_of(neighbours=table)
    found = []
    for networks in ((), ("203.0.113.1/24",), ()):
        table.networks, table.networks_changed = networks, True
        resolver.look_around()
        found.append(resolver.seat("203.0.113.9") is not None)
    assert found == [False, True, False]


@in_loop
async def test_sources_known_at_once_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of forged sources fills no memory."""
    monkeypatch.setattr(seats, "MAX_SEATS", 50)
    resolver = resolver_of()
    for number in range(500):
        await ask(resolver, BLOCKED, source=f"10.0.{number // 250}.{number % 250}")
    assert len(resolver._seats) <= 50
    assert len(resolver.hot) <= 50


@in_loop
async def test_new_house_wins_over_a_question_under_way() -> None:
    """What was asked under the old house is decided again under the new one: its block wins."""
    with fake_upstream(silence) as fake:
        resolver = resolver_of(fake.endpoint, house=OPEN)
        coming = [put(resolver, question(GAMES).to_wire(), source) for source in (KIM, SAM)]
        await asyncio.to_thread(fake.wait_for, 1)
        resolver.adopt(snapshot_of(HOUSE, 2))
        fake.asked[0].send(answer(fake.asked[0]))
        async with asyncio.timeout(5):
            found = [addresses(dns.message.from_wire(await one)) for one in coming]
    assert found == [["0.0.0.0"], [REAL]]


@in_loop
async def test_answer_that_may_not_be_kept_does_not_pass_a_new_house() -> None:
    """An answer of no lifetime can't be decided again: it does not pass."""
    with fake_upstream(silence) as fake:
        resolver = resolver_of(fake.endpoint, house=OPEN)
        coming = put(resolver, question(GAMES).to_wire(), KIM)
        await asyncio.to_thread(fake.wait_for, 1)
        resolver.adopt(snapshot_of(HOUSE, 2))
        fake.asked[0].send(answer(fake.asked[0], ttl=0))
        async with asyncio.timeout(5):
            reply = dns.message.from_wire(await coming)
    assert (reply.rcode(), addresses(reply)) == (dns.rcode.SERVFAIL, [])


@in_loop
async def test_end_of_a_grant_while_a_question_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict does not outlive its end: what was granted until a moment is blocked after it."""
    now = AT
    monkeypatch.setattr(clock, "now", lambda: now)
    began = datetime.fromtimestamp(AT, UTC)
    grant = Grant(person="kim", said_at=began - timedelta(minutes=5), until=began + timedelta(seconds=10), name=GAMES)
    with fake_upstream(silence) as fake:
        house = House(persons=HOUSE.persons, devices=HOUSE.devices, grants=(grant,))
        resolver = resolver_of(fake.endpoint, house=house)
        coming = put(resolver, question(GAMES).to_wire(), KIM)
        await asyncio.to_thread(fake.wait_for, 1)
        now = AT + 11
        fake.asked[0].send(answer(fake.asked[0]))
        async with asyncio.timeout(5):
            assert addresses(dns.message.from_wire(await coming)) == ["0.0.0.0"]


@in_loop
async def test_new_house_forgets_finished_replies() -> None:
    """After a new house no reply of the old one is given out."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        await seen(resolver, KIM)
        await seen(resolver, KIM, BLOCKED)
        held = resolver.hot[KIM]
        assert held
        resolver.adopt(snapshot_of(OPEN, 2))
        assert held == {}
        assert resolver.hot == {}
        assert await seen(resolver, KIM) == [REAL]


@in_loop
async def test_clock_that_jumped() -> None:
    """What was kept until a time is forgotten when the time is another."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        await seen(resolver, SAM)
        await seen(resolver, SAM)
        assert fake.names() == [GAMES]
        assert resolver.hot[SAM]
        resolver.clock_jumped()
        assert resolver.hot == {}
        await seen(resolver, SAM)
    assert fake.names() == [GAMES] * 2


SECRET = "very-secret-name.example"


def broken(*_: object, **__: object) -> NoReturn:
    """Fail with the name in the words."""
    raise LookupError(SECRET)


@pytest.mark.parametrize("place", ["begin", "finish"])
@in_loop
async def test_fault_of_our_own(place: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A fault inside costs one SERVFAIL each, is counted each time and logged once, without any name."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        with monkeypatch.context() as patch:
            patch.setattr(resolver_module, place, broken)
            replies = await asyncio.gather(*(ask(resolver, SECRET, source=source) for source in (KIM, SAM, STRANGER)))
            assert [reply.rcode() for reply in replies] == [dns.rcode.SERVFAIL] * 3
        assert resolver.counts.news()["errors"] == 3
        assert await seen(resolver, KIM, SECRET) == [REAL]
    assert "LookupError" in caplog.text
    assert "secret" not in caplog.text
    assert len(caplog.records) == 1


@in_loop
async def test_names_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that is asked stands in a log."""
    caplog.set_level(0)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        for name in (SECRET, BLOCKED, GAMES):
            await ask(resolver, name, source=KIM)
        fake.script = failing(2)
        await ask(resolver, f"other.{SECRET}", source=KIM)
    told = [record.getMessage() for record in caplog.records]
    assert [line for line in told if "secret" in line or "kindgate.test" in line or GAMES in line] == []


@in_loop
async def test_client_whose_delivery_fails_costs_no_other() -> None:
    """One client that can't be reached does not keep the answer from the others who asked the same."""

    def unreachable(_: bytes) -> None:
        raise RuntimeError("gone")

    with fake_upstream(silence) as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        resolver.resolve(question(GAMES).to_wire(), STRANGER, unreachable, is_tcp=True)
        coming = put(resolver, question(GAMES).to_wire(), SAM)
        await asyncio.to_thread(fake.wait_for, 1)
        fake.asked[0].send(answer(fake.asked[0]))
        async with asyncio.timeout(5):
            assert addresses(dns.message.from_wire(await coming)) == [REAL]


@in_loop
async def test_no_upstream() -> None:
    """Without an upstream what is blocked is blocked, and all else is said to fail."""
    resolver = resolver_of(house=HOUSE)
    assert await seen(resolver, KIM) == ["0.0.0.0"]
    assert (await ask(resolver, ALLOWED, source=KIM)).rcode() == dns.rcode.SERVFAIL


@in_loop
async def test_upstream_learns_nothing_of_the_client() -> None:
    """What a router or client says of itself goes to no upstream."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        subnet = dns.edns.ECSOption("192.0.2.77", 32)
        await ask(resolver, ALLOWED, source=ROUTER, options=[*told_mac(SAM_MAC), subnet])
        assert [asked.message.options for asked in fake.asked] == [()]


@in_loop
async def test_doctors_question() -> None:
    """The doctor's question is reported with what it carried, and asked of nobody."""
    sights: list[dict[str, object]] = []
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        resolver.on_sight = sights.append
        reply = await ask(resolver, "t0k3n.check.kindgate.home", source=ROUTER, options=told_mac(KIM_MAC))
        assert reply.rcode() == dns.rcode.NXDOMAIN
        assert fake.asked == []
    assert sights == [
        {
            "token": "t0k3n",
            "source": ROUTER,
            "via": "router",
            "device": "tablet",
            "options": {"65001": KIM_MAC.replace(":", "")},
        }
    ]


@pytest.mark.parametrize("wire", [b"", b"\0" * 11, question(ALLOWED).to_wire()[:2] + b"\x80" + bytes(20)])
@in_loop
async def test_what_is_no_question_gets_no_answer(wire: bytes) -> None:
    """What is too short, or is a reply, gets silence and is counted."""
    resolver = resolver_of(house=HOUSE)
    assert isinstance(put(resolver, wire).exception(), LookupError)
    assert resolver.counts.news() == {"dropped.silent": 1}


@in_loop
async def test_stale_answer_is_decided_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale answer goes only to those who may have it."""
    now = AT
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(exchange, "TRY_S", (0.1, 0.1, 0.1))
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        assert await seen(resolver, SAM) == [REAL]
        now += 3_600
        fake.script = silence
        assert await seen(resolver, SAM) == [REAL]
        assert await seen(resolver, KIM) == ["0.0.0.0"]


@in_loop
async def test_cloaked_name_is_blocked() -> None:
    """A name that leads to a blocked one is blocked too, without its address."""

    def script(asked: Asked) -> list[bytes]:
        return [answer(asked, f"{ALLOWED} 300 CNAME {BLOCKED}.", f"{BLOCKED} 300 A {REAL}")]

    with fake_upstream(script) as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        assert await seen(resolver, KIM, ALLOWED) == ["0.0.0.0"]
