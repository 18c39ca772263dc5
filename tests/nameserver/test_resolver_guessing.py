"""What a resolver does with guesses at new names: whose names are asked about, and what their queries wait for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.message
import dns.rcode
import msgspec
import pytest

from appliance.core.device import Device, DeviceKind, Forwarder
from appliance.core.house import Classifier, House
from appliance.core.person import Do, Mode, Person, PersonKind, Rule
from appliance.core.record import Record, RecordType
from appliance.core.subscription import Subscription
from appliance.core.word import Pause
from appliance.nameserver import guessing as guessing_module
from appliance.nameserver.guessing import Guessing
from appliance.nameserver.rates import Rates
from appliance.nameserver.resolver import Resolver
from appliance.world import clock
from tests.fakes import REAL, FakeUpstream, fake_upstream
from tests.listed import LIST, list_set
from tests.nameserver.inside import ask, in_loop, put, resolver_of, snapshot_of
from tests.nameserver.labels import CASINO, GUESSED, PILLS, PLAIN, THRESHOLDS, Labels, fed, labelling
from tests.nameserver.test_resolver import told_mac
from tests.nameserver.test_server import over_udp, serving
from tests.running import BLOCKED, addresses, question

SHUT, OPEN = ["0.0.0.0"], [REAL]
KIM_MAC, ROUTER = "02:00:00:00:00:02", "127.0.0.10"
AT = {
    "tot": "127.0.4.1", "kim": "127.0.4.2", "pat": "127.0.4.3", "dan": "127.0.4.4", "dee": "127.0.4.5",
    "sam": "127.0.4.6", "off": "127.0.4.7", "alex": "127.0.4.8", "work": "127.0.4.9", "borrowed": "127.0.4.10",
    "guest": "127.0.4.11", "stranger": "127.0.4.99",
}  # fmt: skip
"""Who asks → where. `work` is Kim's managed device, `borrowed` an adult's in Kim's hands, `guest` nobody's."""
PEOPLE = (
    Person(id="tot", name="Tot", band="0-5"),
    Person(
        id="kim", name="Kim", band="6-9",
        rules=(Rule(name="own.example", do=Do.BLOCK), Rule(name="mine.example", do=Do.ALLOW)),
    ),
    Person(id="pat", name="Pat", band="10-12"),
    Person(id="dan", name="Dan", band="13-15"),
    Person(id="dee", name="Dee", band="13-15", risky_names=True),
    Person(id="sam", name="Sam", band="16-17"),
    Person(id="off", name="Off", band="6-9", risky_names=False),
    Person(id="alex", name="Alex", kind=PersonKind.ADULT),
)  # fmt: skip
KINDS = {"work": DeviceKind.MANAGED, "borrowed": DeviceKind.ADULT}
OWNERS = {one.id: one.id for one in PEOPLE} | {"work": "kim", "borrowed": "kim", "guest": None}
HOUSE = House(
    persons=PEOPLE,
    devices=tuple(
        Device(id=f"d-{who}", person=owner, kind=KINDS.get(who, DeviceKind.TABLET), addresses=(AT[who],),
               macs=(KIM_MAC,) if who == "kim" else ())
        for who, owner in OWNERS.items()
    ),
    forwarders=(Forwarder(id="router", addresses=(ROUTER,)),),
    records=(Record(name="nas.lan", type=RecordType.A, value="192.168.77.40"),
             Record(name="led.example", type=RecordType.A, value="198.51.100.40")),
    private_names=("office.example",),
    lists=(Subscription(id=LIST, name="Ads"),),
)  # fmt: skip


class Guessed:
    """A resolver that asks a labels process."""

    def __init__(self, resolver: Resolver, labels: Labels, fake: FakeUpstream) -> None:
        self.resolver, self.labels, self.fake = resolver, labels, fake
        assert resolver.guessing is not None
        self.guessing = resolver.guessing

    async def adopt(self, house: House) -> None:
        """Put a house in force in which somebody is scored."""
        self.resolver.adopt(snapshot_of(house))
        await fed(self.guessing)

    async def ask(self, name: str, who: str = "kim", qtype: str = "A", *, is_tcp: bool = False) -> dns.message.Message:
        """Return the reply that somebody gets."""
        return await ask(self.resolver, name, qtype, source=AT[who], is_tcp=is_tcp)

    async def seen(self, name: str, who: str = "kim") -> list[str]:
        """Return the addresses that somebody gets."""
        return addresses(await self.ask(name, who))


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as long as a busy machine may take; a test of the end of patience sets its own."""
    monkeypatch.setattr(guessing_module, "PATIENCE_S", 5.0)
    monkeypatch.setattr(guessing_module, "RETRY_S", 0.01)


@asynccontextmanager
async def guessed(data: Path, house: House = HOUSE) -> AsyncIterator[Guessed]:
    """Give a resolver that runs a house and is fed."""
    with fake_upstream() as fake:
        async with labelling(data) as labels:
            resolver = resolver_of(fake.endpoint, thresholds=THRESHOLDS)
            resolver.guessing = Guessing(data, resolver.guessed, resolver.counts, resolver.soon)
            made = Guessed(resolver, labels, fake)
            await made.adopt(house)
            try:
                yield made
            finally:
                resolver.adopt(None)


@in_loop
async def test_a_risky_name_is_asked_about(tmp_path: Path) -> None:
    """A child of an age that minds is to ask; who is older, grown up or a stranger gets the real answer."""
    async with guessed(tmp_path) as one:
        found = {who: await one.seen(CASINO, who) for who in AT if who != "tot"}
        asked = {who for who, got in found.items() if got == SHUT}
        assert (asked, {tuple(got) for who, got in found.items() if who not in asked}) == (
            {"kim", "pat", "dee"}, {(REAL,)},
        )  # fmt: skip
        reply = await one.ask(CASINO)
        assert reply.edns >= 0
        assert [rrset.ttl for rrset in reply.answer] == [10]
        assert one.labels.names == [CASINO]


@in_loop
async def test_what_is_refused_is_asked_of_nobody(tmp_path: Path) -> None:
    """No upstream hears of a name that its asker is to ask about."""
    async with guessed(tmp_path) as one:
        assert [await one.seen(CASINO), await one.seen(PLAIN)] == [SHUT, OPEN]
        assert one.fake.names() == [PLAIN]


@in_loop
async def test_whose_names_are_guessed_at(tmp_path: Path) -> None:
    """Those of 6 to 12, and of 13 to 15 where it is turned on; never an adult's, a managed device's, a stranger's."""
    async with guessed(tmp_path) as one:
        for who in AT:
            for is_tcp in (False, True):
                await one.ask(f"{who}-{is_tcp}.example".lower(), who, is_tcp=is_tcp)
        assert {name.split("-")[0] for name in one.labels.names} == {"kim", "pat", "dee"}
        assert len(one.labels.names) == 6


@in_loop
async def test_which_names_are_guessed_at(tmp_path: Path) -> None:
    """Only those that nothing else knows: no list, rule, help line, protected or local name, nothing closed anyway."""
    known = [
        BLOCKED, "nummergegenkummer.de", "connectivitycheck.gstatic.com", "own.example", "mine.example",
        "sub.own.example", "ads.example", "www.ads.example", "fine.example", "nas.lan", "other.lan", "led.example",
        "1.0.0.127.in-addr.arpa", "x.office.example", "localhost", "printer", "", "some.local", "x.kindgate.home",
        "youtube.com", "wikipedia.org", "bet365.com",
    ]  # fmt: skip
    async with guessed(tmp_path) as one:
        one.resolver.take_lists(list_set("||ads.example^", "@@||fine.example^"))
        for name in known:
            for qtype in ("A", "AAAA", "HTTPS", "TXT", "PTR", "ANY"):
                await one.ask(name, "kim", qtype)
        assert one.labels.names == []
        for qtype in ("A", "AAAA", "HTTPS", "ANY"):
            await one.ask(PLAIN, "kim", qtype)
        assert one.labels.names == [PLAIN]


@in_loop
async def test_what_is_closed_anyway_is_not_guessed_at(tmp_path: Path) -> None:
    """In a pause, and where every new name is asked about."""
    now = datetime.fromtimestamp(clock.now(), UTC)
    pause = Pause(said_at=now - timedelta(minutes=1), until=now + timedelta(hours=1), person="kim")
    asks = msgspec.structs.replace(PEOPLE[2], unknown_names=Mode.ASK)
    house = msgspec.structs.replace(HOUSE, persons=(*PEOPLE[:2], asks, *PEOPLE[3:]), pauses=(pause,))
    async with guessed(tmp_path, house) as one:
        assert [await one.seen(PLAIN), await one.seen(PLAIN, "pat")] == [SHUT, SHUT]
        assert one.labels.names == []


@pytest.mark.parametrize("house", [
    msgspec.structs.replace(HOUSE, classifier=Classifier(on=False)),
    msgspec.structs.replace(HOUSE, persons=(PEOPLE[0], *PEOPLE[3:4], *PEOPLE[5:]), devices=HOUSE.devices[4:]),
    House(),
])  # fmt: skip
@in_loop
async def test_a_house_without_anybody_to_guess_for(tmp_path: Path, house: House) -> None:
    """Where the classifier is off or nobody is of such an age, nothing is sent and nobody is connected."""
    async with guessed(tmp_path) as one:
        assert await one.seen(CASINO) == SHUT
        one.resolver.adopt(snapshot_of(house, 2))
        await fed(one.guessing, is_fed=False)
        for who in AT:
            await one.ask(PILLS, who)
        assert (one.labels.names, len(one.resolver.guessed)) == ([CASINO], 0)


@in_loop
async def test_caregivers_answers_move_the_threshold(tmp_path: Path) -> None:
    """As soon as the house says so; nothing is asked a second time."""
    async with guessed(tmp_path) as one:
        assert await one.seen(CASINO) == SHUT
        for steps, expected in ((4, OPEN), (0, SHUT), (-4, SHUT)):
            moved = msgspec.structs.replace(HOUSE, classifier=Classifier(steps={"gambling": steps}))
            await one.adopt(moved)
            assert await one.seen(CASINO) == expected
        allowed = msgspec.structs.replace(PEOPLE[1], rules=(Rule(name=CASINO, do=Do.ALLOW),))
        await one.adopt(msgspec.structs.replace(HOUSE, persons=(allowed, *PEOPLE[2:]), devices=HOUSE.devices[1:]))
        assert [await one.seen(CASINO), await one.seen(CASINO, "pat")] == [OPEN, SHUT]
        assert one.labels.names == [CASINO]


@in_loop
async def test_queries_of_one_name_wait_together(tmp_path: Path) -> None:
    """Two types, two children, over TCP and through a router: one guess, an answer for each."""
    async with guessed(tmp_path) as one:
        one.labels.may_answer.clear()
        told = question(CASINO, options=told_mac(KIM_MAC))
        coming = [
            put(one.resolver, question(CASINO).to_wire(), AT["kim"]),
            put(one.resolver, question(CASINO, "AAAA").to_wire(), AT["pat"]),
            put(one.resolver, question(CASINO).to_wire(), AT["dee"], is_tcp=True),
            put(one.resolver, told.to_wire(), ROUTER),
        ]
        await one.labels.came.wait()
        assert not any(each.done() for each in coming)
        one.labels.may_answer.set()
        replies = [dns.message.from_wire(wire) for wire in await asyncio.gather(*coming)]
        assert [addresses(reply) for reply in replies] == [SHUT, ["::"], SHUT, SHUT]
        assert one.labels.asked == [[CASINO]]
        assert one.fake.names() == []


@in_loop
async def test_who_pays_at_a_router_pays_once(tmp_path: Path) -> None:
    """A query that waited for a guess is one query."""
    async with guessed(tmp_path) as one:
        rates = Rates(3, 1, one.resolver.counts.cell("dropped.rate"), spares_loopback=False)
        one.resolver._seats.rates = rates
        for number in range(3):
            asked = question(f"n{number}.example", options=told_mac(KIM_MAC))
            await asyncio.wait_for(put(one.resolver, asked.to_wire(), ROUTER), 5)
        assert one.resolver.counts.news().get("dropped.rate", 0) == 0
        assert len(one.labels.names) == 3


@in_loop
async def test_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default for now, kept by nobody for long; the next time it is as was guessed."""
    async with guessed(tmp_path) as one:
        monkeypatch.setattr(guessing_module, "PATIENCE_S", 0.02)
        async with serving(one.resolver) as endpoint:
            one.labels.may_answer.clear()
            reply = await over_udp(endpoint, question(CASINO), AT["kim"])
            assert addresses(reply) == OPEN
            assert all(rrset.ttl <= 5 for rrset in reply.answer)
            assert one.resolver.guessed.is_passed_over(CASINO, clock.now())
            kept = [each for memo in one.resolver.hot.values() for each in memo.values()]
            assert all(float(str(each.until)) <= clock.now() + 1 for each in kept)
            one.labels.may_answer.set()
            async with asyncio.timeout(10):
                while addresses(await over_udp(endpoint, question(CASINO), AT["kim"])) != SHUT:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        assert one.labels.names == [CASINO]


@in_loop
async def test_too_late_with_an_answer_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an adult asked for before is at hand, and is given out for as short a time."""
    async with guessed(tmp_path) as one:
        monkeypatch.setattr(guessing_module, "PATIENCE_S", 0.02)
        one.labels.may_answer.clear()
        assert await one.seen(CASINO, "alex") == OPEN
        reply = await one.ask(CASINO)
        assert (addresses(reply), [rrset.ttl <= 5 for rrset in reply.answer]) == (OPEN, [True])
        one.labels.may_answer.set()
        async with asyncio.timeout(10):
            while await one.seen(CASINO) != SHUT:  # noqa: ASYNC110 -- the guess comes over a socket
                await asyncio.sleep(0.01)
        assert one.fake.names() == [CASINO]


@in_loop
async def test_nobody_to_ask(tmp_path: Path) -> None:
    """Answers go on, none of them is given out again for long, and none that a guess can't change is cut."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, thresholds=THRESHOLDS)
        resolver.guessing = Guessing(tmp_path, resolver.guessed, resolver.counts, resolver.soon)
        resolver.adopt(snapshot_of(HOUSE))
        before = clock.now()
        for who in ("kim", "alex"):
            for name in (CASINO, "mine.example"):
                assert addresses(await ask(resolver, name, source=AT[who])) == OPEN
        kept = {who: sorted(one.until - before for one in resolver.hot[AT[who]].values()) for who in ("kim", "alex")}  # type: ignore[operator]
        assert [one < 8 for one in kept["kim"]] == [True, False]
        assert all(one > 10 for one in (kept["kim"][1], *kept["alex"]))
        resolver.adopt(None)


@in_loop
async def test_another_house_while_it_waits(tmp_path: Path) -> None:
    """What waits for a guess is answered by the house that is in force when it comes."""
    async with guessed(tmp_path) as one:
        one.labels.may_answer.clear()
        coming = put(one.resolver, question(CASINO).to_wire(), AT["kim"])
        await one.labels.came.wait()
        rules = (Rule(name=CASINO, do=Do.ALLOW),)
        allowed = msgspec.structs.replace(PEOPLE[1], rules=rules)
        one.resolver.adopt(snapshot_of(msgspec.structs.replace(HOUSE, persons=(PEOPLE[0], allowed, *PEOPLE[2:])), 2))
        one.labels.may_answer.set()
        assert addresses(dns.message.from_wire(await asyncio.wait_for(coming, 5))) == OPEN


@in_loop
async def test_nobody_is_scored_any_more_while_it_waits(tmp_path: Path) -> None:
    """The query is answered all the same."""
    async with guessed(tmp_path) as one:
        one.labels.may_answer.clear()
        coming = put(one.resolver, question(CASINO).to_wire(), AT["kim"], is_tcp=True)
        await one.labels.came.wait()
        one.resolver.adopt(None)
        assert addresses(dns.message.from_wire(await asyncio.wait_for(coming, 5))) == OPEN


@in_loop
async def test_a_labels_process_that_dies_while_it_waits(tmp_path: Path) -> None:
    """The query is answered, and the next ones at once; when it is there again they are guessed at."""
    async with guessed(tmp_path) as one:
        one.labels.may_answer.clear()
        one.labels.problem = "gone"
        coming = put(one.resolver, question(CASINO).to_wire(), AT["kim"])
        await one.labels.came.wait()
        one.labels.answer = b"\xff"
        one.labels.may_answer.set()
        assert addresses(dns.message.from_wire(await asyncio.wait_for(coming, 5))) == OPEN
        assert await one.seen(PILLS, "pat") == OPEN
        one.labels.answer = one.labels.problem = None
        await fed(one.guessing)
        async with asyncio.timeout(10):
            while await one.seen(PILLS, "pat") != SHUT:
                one.resolver.memos.forget()
                await asyncio.sleep(0.01)


@in_loop
async def test_a_fault_after_the_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs one query its answer, who hears so, and is counted."""
    async with guessed(tmp_path) as one:
        one.labels.may_answer.clear()
        coming = put(one.resolver, question(CASINO).to_wire(), AT["kim"])
        await one.labels.came.wait()

        def fail(*_: object) -> None:
            raise RuntimeError("anything")

        monkeypatch.setattr("appliance.nameserver.resolver.begin", fail)
        one.labels.may_answer.set()
        reply = dns.message.from_wire(await asyncio.wait_for(coming, 5))
        assert reply.rcode() == dns.rcode.SERVFAIL
        assert one.resolver.counts.news()["errors"] == 1


@in_loop
async def test_what_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guesses are gone when the clock jumps, and after a day; what was said of a name is asked for again then."""
    async with guessed(tmp_path) as one:
        for _ in range(2):
            assert await one.seen(CASINO) == SHUT
        assert len(one.resolver.guessed) == 1
        one.resolver.clock_jumped()
        assert len(one.resolver.guessed) == 0
        assert await one.seen(CASINO) == SHUT
        assert one.labels.names == [CASINO, CASINO]
        later = clock.now() + 86_401
        monkeypatch.setattr(clock, "now", lambda: later)
        for _ in range(50):
            one.resolver.sweep()
        assert len(one.resolver.guessed) == 0


@in_loop
async def test_without_thresholds(tmp_path: Path) -> None:
    """A worker that doesn't know how sure to be guesses at nothing, and keeps its replies as ever."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        assert resolver.in_force.setting.guessed is None
        before = clock.now()
        assert addresses(await ask(resolver, CASINO, source=AT["kim"])) == OPEN
        (kept,) = resolver.hot[AT["kim"]].values()
        assert kept.until > before + 10


def test_what_the_fake_guesses() -> None:
    """The names of these tests are what they are meant to be."""
    assert {guesses[0].category for guesses in GUESSED.values()} == THRESHOLDS.keys()
