"""What the resolver remembers of the queries that it answers, out of the memo or by thinking."""

import dns.message
import pytest

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Do, Person, PersonKind, Rule
from appliance.nameserver.resolver import Resolver
from appliance.nameserver.tally import Key
from appliance.world import clock
from tests.fakes import REAL, Asked, answer, failing, fake_upstream
from tests.nameserver.inside import Still, ask, in_loop, resolver_of, snapshot_of
from tests.nameserver.test_resolver import AT, GAMES, ROUTER, ROUTER_MAC, told_mac
from tests.nameserver.test_resolver import HOUSE as ROUTED
from tests.nameserver.test_server import over_tcp, over_udp, serving
from tests.running import ALLOWED, BLOCKED, addresses, question

TOT, KIM, PAT, SAM, ALEX, STRANGER = (f"127.0.0.{number}" for number in (2, 3, 4, 5, 6, 99))
KIM_PHONE = "127.0.0.13"
BANDS = {"tot": "0-5", "kim": "6-9", "pat": "10-12", "sam": "16-17"}


def house(**bands: str) -> House:
    """Return a house of four children and an adult, all of whom may not play."""
    block = (Rule(name=GAMES, do=Do.BLOCK), Rule(name=ALLOWED, do=Do.ALLOW))
    children = tuple(Person(id=id_, name=id_, band=band, rules=block) for id_, band in (BANDS | bands).items())
    places = {"tot": TOT, "kim": KIM, "pat": PAT, "sam": SAM, "alex": ALEX}
    devices = tuple(Device(id=f"d-{id_}", addresses=(place,), person=id_) for id_, place in places.items())
    phone = Device(id="d-phone", addresses=(KIM_PHONE,), person="kim")
    adult = Person(id="alex", name="Alex", kind=PersonKind.ADULT)
    return House(persons=(*children, adult), devices=(*devices, phone))


def tally(resolver: Resolver) -> dict[Key, int]:
    """Return what is new."""
    return dict(resolver.counts.tally.news())


def ring(resolver: Resolver, person: str | None = None) -> list[tuple[str | None, str | None, str]]:
    """Return device, name and action of what can be read, the newest first."""
    found = resolver.memory.entries(None, person, clock.now())
    return [(entry.device, entry.name, entry.action) for entry in found]


@in_loop
async def test_everyone_asks() -> None:
    """Each is remembered as their row lets them be; adults and strangers only among the box's numbers."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        for source in (TOT, KIM, PAT, SAM, ALEX, STRANGER):
            for name in (ALLOWED, GAMES):
                await ask(resolver, name, source=source)
        assert tally(resolver) == {
            Key("tot", "0-5", "unclassified", "allow", ALLOWED): 1,
            Key("tot", "0-5", "unclassified", "block", GAMES): 1,
            Key("kim", "6-9", "unclassified", "allow"): 1,
            Key("kim", "6-9", "unclassified", "block", GAMES): 1,
            Key("pat", "10-12", "unclassified", "allow"): 1,
            Key("pat", "10-12", "unclassified", "block"): 1,
        }
        both = [(GAMES, "block"), (ALLOWED, "allow")]
        expected = [("d-sam", *one) for one in both] + [("d-pat", *one) for one in both]
        expected += [("d-kim", *both[0])] + [("d-tot", *one) for one in both]
        assert ring(resolver) == expected
        numbers = resolver.counts.news()
        # Alex' answers leave no trace of what became of them.
        told = {name: number for name, number in numbers.items() if name.startswith("answered")}
        assert told == {"answered.allow": 6, "answered.block": 4, "answered": 2}


@in_loop
async def test_finished_replies_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given out again is counted for the person, and the recent queries hold it once."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        async with serving(resolver) as endpoint:
            for name in (GAMES, ALLOWED):
                await over_udp(endpoint, question(name), TOT)
            before = tally(resolver)
            noted = len(ring(resolver))
            monkeypatch.setattr(resolver, "resolve", None)
            for _ in range(5):
                assert addresses(await over_udp(endpoint, question(GAMES), TOT)) == ["0.0.0.0"]
                assert addresses(await over_udp(endpoint, question(ALLOWED), TOT)) == [REAL]
        assert (set(before.values()), noted) == ({1}, 2)
        assert tally(resolver) == dict.fromkeys(before, 5)
        assert len(ring(resolver)) == noted


@in_loop
async def test_over_tcp_and_through_a_router() -> None:
    """TCP is remembered like UDP; behind a router it is the child whom its option names."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=ROUTED, neighbours=Still({ROUTER: ROUTER_MAC}))
        async with serving(resolver) as endpoint:
            await over_tcp(endpoint, question(GAMES), "127.0.0.2")
            for mac in ("02:00:00:00:00:02", "02:00:00:00:00:03") * 2:
                await over_udp(endpoint, question(GAMES, options=told_mac(mac)), ROUTER)
        assert tally(resolver) == {Key("kim", "6-9", "unclassified", "block", GAMES): 3}
        assert {device for device, *_ in ring(resolver)} == {"tablet", "laptop"}


@in_loop
async def test_what_an_upstream_answered_late_and_what_failed() -> None:
    """A cloaked name is remembered as blocked by the name that was asked for; a failure as what was decided."""

    def script(asked: Asked) -> list[bytes]:
        return [answer(asked, f"{asked.name} 300 CNAME {BLOCKED}.", f"{BLOCKED} 300 A {REAL}")]

    with fake_upstream(script) as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        await ask(resolver, "cloak.example", source=PAT)
        fake.script = failing(2)
        await ask(resolver, "fails.example", source=PAT)
    assert ring(resolver) == [("d-pat", "fails.example", "allow"), ("d-pat", "cloak.example", "block")]
    assert list(tally(resolver)) == [
        Key("pat", "10-12", "malware_phishing", "block"),
        Key("pat", "10-12", "unclassified", "allow"),
    ]
    assert [(person, category) for person, category, *_ in resolver.memory.happened()] == [("pat", "malware_phishing")]


@in_loop
async def test_session_sees_its_device_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it runs every query of the device is noted, finished before or not; of another one of the child none."""
    up = 1_000.0
    monkeypatch.setattr(clock, "uptime", lambda: up)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        async with serving(resolver) as endpoint:

            async def all_ask() -> list[dns.message.Message]:
                return [await over_udp(endpoint, question(GAMES), source) for source in (KIM, KIM_PHONE, PAT) * 2]

            await all_ask()
            held = len(resolver.hot)
            resolver.watch({"d-kim": 60.0})
            replies = await all_ask()
            assert [addresses(reply) for reply in replies] == [["0.0.0.0"]] * 6
            found = resolver.memory.session_entries(clock.now(), up)
            assert [(entry.device, entry.name, entry.grain) for entry in found] == [("d-kim", GAMES, "full")] * 2
            assert (held, set(resolver.hot)) == (3, {KIM_PHONE, PAT})
            up += 60
            await all_ask()
            assert resolver.memory.session_entries(clock.now(), up) == []
            assert set(resolver.hot) == {KIM, KIM_PHONE, PAT}
    assert sum(tally(resolver).values()) == 18


@in_loop
async def test_session_behind_a_router(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device behind a router is seen as well: its replies are not kept ready, those of the others are."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=ROUTED, neighbours=Still({ROUTER: ROUTER_MAC}))
        resolver.watch({"tablet": 60.0})
        async with serving(resolver) as endpoint:
            for mac in ("02:00:00:00:00:02", "02:00:00:00:00:03") * 3:
                await over_udp(endpoint, question(GAMES, options=told_mac(mac)), ROUTER)
        found = resolver.memory.session_entries(clock.now(), clock.uptime())
        assert [entry.device for entry in found] == ["tablet"] * 3
        assert len(resolver.hot[ROUTER]) == 1


@in_loop
async def test_new_house_erases() -> None:
    """A child of another band now, and one who left: no entry and no name of theirs stays in the worker."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=house())
        async with serving(resolver) as endpoint:
            for source in (TOT, KIM, PAT, SAM):
                for _ in range(2):
                    await over_udp(endpoint, question(GAMES), source)
        resolver.counts.news()
        tally(resolver)
        grown = house(kim="10-12")
        resolver.adopt(snapshot_of(House(persons=grown.persons[1:], devices=grown.devices), 2))
        assert {device for device, *_ in ring(resolver)} == {"d-pat", "d-sam"}
        assert len(resolver.counts.tally) == 0
        await ask(resolver, GAMES, source=KIM)
        assert tally(resolver) == {Key("kim", "10-12", "unclassified", "block"): 1}


@in_loop
async def test_clock_that_jumped(monkeypatch: pytest.MonkeyPatch) -> None:
    """When ages can't be told any more, nothing recent is kept; counts are."""
    monkeypatch.setattr(clock, "now", lambda: AT)
    resolver = resolver_of(house=house())
    await ask(resolver, GAMES, source=PAT)
    resolver.clock_jumped()
    assert ring(resolver) == []
    assert len(resolver.memory.recent) == 0
    assert sum(tally(resolver).values()) == 1


@in_loop
async def test_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old entries go."""
    now = AT
    monkeypatch.setattr(clock, "now", lambda: now)
    resolver = resolver_of(house=house())
    await ask(resolver, GAMES, source=TOT)
    resolver.sweep()
    assert len(resolver.memory.recent) == 1
    now += 7_200
    resolver.sweep()
    assert len(resolver.memory.recent) == 0
