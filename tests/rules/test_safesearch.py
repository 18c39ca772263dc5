"""The bundled safe modes: complete, true to what is known, and answered as a browser needs it."""

from datetime import UTC, datetime
from typing import Any

import dns.rdatatype
import pytest
import yaml

from appliance.core import policy
from appliance.core.answers import Answers
from appliance.core.catalogue import Engine
from appliance.core.device import Device, DeviceKind
from appliance.core.domainset import DomainSet
from appliance.core.house import House
from appliance.core.person import BANDS, Level, Person, PersonKind, Setting
from appliance.core.policy import Policy
from appliance.core.query import Ask, Reply, begin, finish
from appliance.core.query import Setting as Shared
from appliance.core.rulebook import Rulebook
from appliance.core.schedule import Window
from appliance.core.subject import BLOCKED_TTL_S, CHILD_TTL_S
from appliance.core.verdict import Action, Letter
from appliance.core.word import Grant
from appliance.world import rules
from tests.core.box import read, texts
from tests.core.builders import message, query
from tests.needs import shared

BOOK: Rulebook = rules.load_rulebook()
NAMES: DomainSet = rules.bundled_set(BOOK)
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
AT = NOON.timestamp()
WITH_MODE = [engine for engine in BOOK.engines.values() if engine.targets]
WITHOUT = [engine for engine in BOOK.engines.values() if not engine.targets]
ALLOWED = {engine.category: Setting.ALLOW for engine in BOOK.engines.values()}
SOA = "example.com 300 SOA ns.example.com admin.example.com 1 2 3 4 300"
ADDRESS = {"A": "192.0.2.7", "AAAA": "2001:db8::7"}
ONE = tuple((engine, engine.hosts[0]) for engine in WITH_MODE)


def ident(value: object) -> str | None:
    """Return how a test's id writes an engine."""
    return value.id if isinstance(value, Engine) else None


class Home:
    """A house with one child (of 10-12 if nothing else is said) and one device, and what its queries get."""

    def __init__(self, band: str = "10-12", kind: DeviceKind = DeviceKind.PHONE, **said: Any) -> None:
        grants = said.pop("grants", ())
        child = Person(id="kim", name="Kim", band=band, **said)
        adult = Person(id="alex", name="Alex", kind=PersonKind.ADULT)
        devices = (
            Device(id="thing", macs=("02:00:00:00:00:01",), person="kim", kind=kind),
            Device(id="adults", macs=("02:00:00:00:00:02",), person="alex"),
        )
        house = House(persons=(child, adult), devices=devices, grants=grants)
        self.policy: Policy = policy.compile(house, BOOK, (NAMES,), UTC)
        self.setting = Shared(self.policy, Answers(1 << 20), lambda reason: reason.code)

    def begin(self, name: str, qtype: str = "A", device: str | None = "thing", at: float = AT) -> Reply | Ask:
        """Begin a query."""
        return begin(self.setting, self.policy.of_device(device), query(name, qtype), False, at)

    def answered(self, name: str, qtype: str, records: list[str], rcode: int = 0, *, ttl: int = 300) -> Reply:
        """Ask, and return the reply made of what the upstream says of the target: records are ``type rdata``."""
        ask = self.begin(name, qtype)
        assert isinstance(ask, Ask)
        lines = [f"{ask.name} {ttl} {record}" for record in records]
        said = message(ask.name, qtype, lines, authorities=[] if lines else [SOA], rcode=rcode)
        kept = self.setting.answers.put(ask.key, said, AT, is_target=True)
        return finish(self.setting, self.policy.of_device("thing"), ask, kept, False, AT)


SAFE = {
    level: Home(safe_search={engine.id: level for engine in WITH_MODE if level in engine.targets}, categories=ALLOWED)
    for level in (Level.STRICT, Level.MODERATE)
}
CLOSED = Home("16-17", safe_search=dict.fromkeys(BOOK.engines, Level.BLOCK))
CASES = [(engine, level) for engine in WITH_MODE for level in engine.targets]


# --- the tables


def test_the_engines_that_families_use_are_here() -> None:
    """Those with a safe mode, and some without one."""
    wanted = {"google", "youtube", "bing", "duckduckgo", "yandex", "brave", "ecosia", "pixabay", "qwant", "startpage"}
    assert wanted == {engine.id for engine in WITH_MODE}
    assert {"yahoo", "mojeek", "kagi"} <= {engine.id for engine in WITHOUT}
    assert len(BOOK.engines["google"].hosts) == 2 * 194
    assert set(BOOK.engines["youtube"].targets) == {Level.MODERATE, Level.STRICT}


@pytest.mark.parametrize("engine", BOOK.engines.values(), ids=ident)
def test_an_engine_says_what_it_costs(engine: Engine) -> None:
    """In a sentence or two, for the page where it is set."""
    assert engine.cost.endswith(".")
    assert 40 < len(engine.cost) < 260


@pytest.mark.parametrize("engine", BOOK.engines.values(), ids=ident)
def test_hosts_are_of_the_category_of_their_engine(engine: Engine) -> None:
    """So that what is set for the category reaches the engine too."""
    assert [host for host in engine.hosts if engine.category not in NAMES.tags(host)] == []


def test_no_target_is_rewritten_or_blocked() -> None:
    """It would be answered by itself, or not at all."""
    hosts = {host for engine in BOOK.engines.values() for host in engine.hosts}
    assert [engine.id for engine in WITH_MODE if hosts & set(engine.targets.values())] == []


@pytest.mark.parametrize("engine", [one for one in WITH_MODE if one.category == "search_safe"], ids=ident)
def test_search_is_safe_where_its_letter_says_so(engine: Engine) -> None:
    """S is strict, A is off."""
    level = {Letter.S: Level.STRICT, Letter.A: Level.OFF}
    expected = {band: level[BOOK.letters[band]["search_safe"]] for band in BANDS}
    assert {band: engine.default.get(band, Level.OFF) for band in BANDS} == expected


def test_youtube_opens_in_steps() -> None:
    """Apart from search: strict to 12, moderate at 13-15, off at 16-17; and nothing for who is no child."""
    youtube = BOOK.engines["youtube"]
    steps = [Level.STRICT, Level.STRICT, Level.STRICT, Level.MODERATE, Level.OFF]
    assert [youtube.default.get(band, Level.OFF) for band in BANDS] == steps
    assert all(engine.default.keys() <= set(BANDS) for engine in BOOK.engines.values())


@pytest.mark.shared
def test_the_tables_are_what_is_known() -> None:
    """Host by host, target by target."""
    known = yaml.safe_load(shared("knowledge/safesearch.yaml").read_text("utf-8"))["rules"]
    for one in known:
        id_, _, word = one["engine"].partition("_")
        engine = BOOK.engines[id_]
        if one["cname"] is None:
            assert set(one["hosts"]) <= set(engine.hosts)
            assert engine.targets == {}
        else:
            assert sorted(one["hosts"]) == sorted(engine.hosts)
            assert engine.targets[Level(word or "strict")] == one["cname"]


# --- the answers


@pytest.mark.parametrize(("engine", "level"), CASES, ids=ident)
def test_every_host_is_answered_by_its_target(engine: Engine, level: Level) -> None:
    """A and AAAA ask for the target, whatever the host."""
    home = SAFE[level]
    home.setting.answers.forget()
    for host in engine.hosts:
        for qtype in ADDRESS:
            ask = home.begin(host, qtype)
            assert isinstance(ask, Ask)
            assert (ask.name, ask.verdict.action) == (engine.targets[level], Action.REWRITE), host


@pytest.mark.parametrize(("engine", "host"), ONE, ids=ident)
@pytest.mark.parametrize("qtype", ADDRESS)
def test_the_alias_comes_with_its_addresses(engine: Engine, host: str, qtype: str) -> None:
    """In one message and with a child's TTL: an alias alone makes browsers fail."""
    home = SAFE[Level.STRICT]
    home.setting.answers.forget()
    target = engine.targets[Level.STRICT]
    assert texts(home.answered(host, qtype, [f"{qtype} {ADDRESS[qtype]}"])) == [
        f"{host}. {CHILD_TTL_S} IN CNAME {target}.",
        f"{target}. {CHILD_TTL_S} IN {qtype} {ADDRESS[qtype]}",
    ]


@pytest.mark.parametrize("rcode", [0, 3])
def test_a_target_without_the_newer_addresses_has_none(rcode: int) -> None:
    """The alias alone, with the SOA that says so, and never "no such name" nor the site's own addresses."""
    home = SAFE[Level.STRICT]
    home.setting.answers.forget()
    reply = home.answered("duckduckgo.com", "AAAA", [], rcode)
    made = read(reply)
    assert (made.rcode(), [rrset.rdtype for rrset in made.authority]) == (0, [dns.rdatatype.SOA])
    assert texts(reply) == [f"duckduckgo.com. {CHILD_TTL_S} IN CNAME safe.duckduckgo.com."]


@pytest.mark.parametrize("qtype", ["HTTPS", "SVCB"])
@pytest.mark.parametrize("engine", WITH_MODE, ids=ident)
def test_no_hint_leads_round_the_alias(engine: Engine, qtype: str) -> None:
    """Every host's HTTPS and SVCB are empty, at once."""
    for host in engine.hosts:
        reply = SAFE[Level.STRICT].begin(host, qtype)
        assert isinstance(reply, Reply)
        made = read(reply)
        assert (made.rcode(), made.answer, len(made.authority)) == (0, [], 1), host


@pytest.mark.parametrize("qtype", ["A", "AAAA", "HTTPS", "SVCB"])
@pytest.mark.parametrize("engine", BOOK.engines.values(), ids=ident)
def test_an_engine_that_is_off_is_blocked_by_every_type(engine: Engine, qtype: str) -> None:
    """No address but null, no hint."""
    for host in engine.hosts:
        reply = CLOSED.begin(host, qtype)
        assert isinstance(reply, Reply)
        assert reply.verdict is not None
        assert (reply.verdict.action, reply.verdict.reason.code) == (Action.BLOCK, "engine_block"), host
        null = {"A": ["0.0.0.0"], "AAAA": ["::"]}.get(qtype, [])
        assert texts(reply) == [f"{host}. {BLOCKED_TTL_S} IN {qtype} {address}" for address in null]


@pytest.mark.parametrize(
    "name",
    ["mail.google.com", "maps.google.de", "accounts.google.com", "classroom.google.com", "imgs.search.brave.com",
     "cdn.search.brave.com", "login.live.com", "accounts.youtube.com", "i.ytimg.com", "mail.yandex.ru"],
)  # fmt: skip
@pytest.mark.parametrize("home", [SAFE[Level.STRICT], CLOSED], ids=["strict", "off"])
def test_what_is_below_a_host_is_something_else(home: Home, name: str) -> None:
    """Mail, maps and log-in of the same owner are left as they are."""
    ask = home.begin(name)
    assert isinstance(ask, Ask)
    assert (ask.name, ask.verdict.action) == (name, Action.ALLOW)


@pytest.mark.parametrize(("engine", "host"), ONE, ids=ident)
@pytest.mark.parametrize("band", BANDS)
def test_the_band_decides_until_somebody_does(engine: Engine, host: str, band: str) -> None:
    """What is open at an age is answered as the table says; what is opened by a pass is too."""
    passes = Grant(person="kim", said_at=NOON, until=NOON.replace(hour=13))
    ask = Home(band, grants=(passes,)).begin(host)
    assert isinstance(ask, Ask)
    assert ask.name == engine.targets.get(engine.default.get(band, Level.OFF), host)


def test_a_pass_for_youtube_keeps_its_restricted_mode() -> None:
    """At 6-9, where the service is closed otherwise."""
    passes = Grant(person="kim", said_at=NOON, until=NOON.replace(hour=13), service="youtube")
    home = Home("6-9", services={"youtube": Setting.BLOCK}, grants=(passes,))
    ask = home.begin("www.youtube.com")
    assert isinstance(ask, Ask)
    assert (ask.name, ask.verdict.reason.code) == ("restrict.youtube.com", "grant")
    assert isinstance(home.begin("www.youtube.com", at=AT + 3_600), Reply)


def test_a_window_forces_what_is_off() -> None:
    """The strictest mode there is, of all engines, for as long as it is open."""
    window = Window(name="Homework", start="11:00", end="13:00", internet=True, safe_search=True)
    off = dict.fromkeys(BOOK.engines, Level.OFF)
    home = Home("16-17", windows=(window,), safe_search=off, categories=ALLOWED)
    for engine, host in ONE:
        forced, free = home.begin(host), home.begin(host, at=AT + 3_600)
        assert isinstance(forced, Ask)
        assert isinstance(free, Ask)
        assert (forced.name, free.name) == (engine.targets[Level.STRICT], host)


def test_search_and_youtube_are_set_apart() -> None:
    """One may be off while the other is strict."""
    home = Home("13-15", safe_search={"youtube": Level.OFF, "google": Level.STRICT})
    found = [home.begin(host) for host in ("www.youtube.com", "www.google.com")]
    assert [one.name for one in found if isinstance(one, Ask)] == ["www.youtube.com", "forcesafesearch.google.com"]


@pytest.mark.parametrize(
    ("device", "kind"), [("adults", DeviceKind.PHONE), (None, DeviceKind.PHONE), ("thing", DeviceKind.MANAGED)]
)
def test_who_is_no_child_at_home_is_left_alone(device: str | None, kind: DeviceKind) -> None:
    """Adults, devices that nobody named, and those that a school manages."""
    home = Home(kind=kind)
    for _, host in ONE:
        asked = home.begin(host, device=device)
        assert isinstance(asked, Reply) or asked.name == host
    google = home.begin("www.google.com", device=device)
    assert isinstance(google, Ask)
    assert google.name == "www.google.com"
