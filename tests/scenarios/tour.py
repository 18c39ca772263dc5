"""A house that is lived in, with a dashboard that a browser walks through: children of all ages, troubles of a box."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.serving import WSGIRequestHandler, make_server

from appliance.core.access import Access
from appliance.core.budget import Budget, Minutes, Used
from appliance.core.clocktrust import Doubt
from appliance.core.device import Device, DeviceKind, Forwarder
from appliance.core.house import Classifier, House, OwnService
from appliance.core.lists.rule import Syntax
from appliance.core.person import Do, Person, PersonKind, Rule, Setting
from appliance.core.record import Record, RecordType
from appliance.core.riskmodel import RiskModel
from appliance.core.said import Things
from appliance.core.schedule import EVERY_DAY, DateException, Day, Routine, Window
from appliance.core.subscription import ListKind, Subscription
from appliance.core.verdict import Reason
from appliance.household import labels
from appliance.household.lists import Phase, Status, load_standing, save_standing
from appliance.store.accounts import Role
from appliance.store.found import Sighting
from appliance.store.requests import Answer
from appliance.web import code, edits, lift_edits, service_edits, time_edits
from appliance.web.app import create_app
from appliance.web.box import Box
from appliance.world import rules
from appliance.world.bus import Bus
from appliance.world.snapshot import load_snapshot
from appliance.world.state import State, publish_state
from tests.guessing import BETS, CARD, DATES, Fake
from tests.scenarios.asked import asked_by
from tests.web.listed import HELP_LINE, NEEDED, stand

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 4, 19, 42, tzinfo=ZONE)
"""A Wednesday evening: the smallest sleeps, one does homework, one is paused."""
SECRET = bytes(range(32))
DANA, ROBIN, IRIS = "dana-account", "robin-account", "iris-account"
INVITED = "KIND-7Q2M-X4RT-9FBW"
FOUND = ("02:77:00:00:00:91", "02:77:00:00:00:92", "02:77:00:00:00:93")
MIAS, ADULTS, STRANGERS = "192.168.77.10", "192.168.77.20", "192.168.77.99"
"""Addresses of a child's tablet, of an adult's phone, and of a device that nobody named."""
WEEKDAYS = EVERY_DAY[:5]

LIV = Person(id="liv", name="Liv", band="0-5", windows=(Window(name="Bedtime", start="18:45", end="06:30"),))
MIA = Person(
    id="mia", name="Mia", band="6-9", always_on=Things(categories=("music",)),
    windows=(
        Window(name="School", start="08:00", end="13:15", days=WEEKDAYS),
        Window(name="Dinner", start="18:30", end="19:15"),
        Window(name="Bedtime", start="20:30", end="06:45"),
        Window(
            name="Homework", start="14:30", end="15:30", days=WEEKDAYS, routine=Routine.HOMEWORK, internet=True,
            block=Things(categories=("game_violent", "social_media")),
        ),
    ),
    exceptions=(
        DateException(
            name="Class trip", first=date(2026, 3, 5), last=date(2026, 3, 6), instead_of=("School", "Bedtime"),
            windows=(Window(name="Bedtime", start="22:00", end="07:30", routine=Routine.BEDTIME),),
        ),
    ),
)  # fmt: skip
EMRE = Person(
    id="emre", name="Emre", band="10-12",
    windows=(
        Window(name="School", start="07:45", end="14:30", days=WEEKDAYS),
        Window(name="Bedtime", start="21:00", end="06:45"),
    ),
)  # fmt: skip
JONAS = Person(
    id="jonas", name="Jonas", band="13-15", risky_names=True,
    windows=(
        Window(name="Homework", start="18:30", end="20:00", days=WEEKDAYS),
        Window(name="Bedtime", start="22:00", end="06:30", days=WEEKDAYS),
    ),
)  # fmt: skip
BEN = Person(id="ben", name="Benjamin-Alexander", band="16-17")
GROWN = tuple(Person(id=name.lower(), name=name, kind=PersonKind.ADULT) for name in ("Dana", "Robin"))


def _device(number: int, name: str | None, person: str | None, kind: DeviceKind, **more: Any) -> Device:
    id_ = (name or f"device-{number}").lower().replace("'", "").replace(" ", "-")
    mac, address = f"02:77:00:00:00:{number:02x}", f"192.168.77.{number}"
    return Device(id=id_, name=name, person=person, kind=kind, macs=(mac,), addresses=(address,), **more)


DEVICES = (
    _device(10, "Mia's tablet", "mia", DeviceKind.TABLET),
    _device(11, "Jonas' laptop", "jonas", DeviceKind.LAPTOP),
    _device(12, "Jonas' phone", "jonas", DeviceKind.PHONE),
    _device(13, "School laptop", "emre", DeviceKind.MANAGED, bedtime=True),
    _device(14, "Emre's phone", "emre", DeviceKind.PHONE),
    _device(15, "Living-room console of everybody", "emre", DeviceKind.CONSOLE),
    _device(16, "Liv's tablet", "liv", DeviceKind.TABLET),
    _device(20, "Dana's phone", "dana", DeviceKind.ADULT),
    _device(21, "TV", None, DeviceKind.TV),
    _device(22, "Mia's talking doll", "mia", DeviceKind.IOT, only=("dolls.com",)),
    _device(23, "Lamp in the hall", None, DeviceKind.IOT),
)
HOUSE = House(
    time_zone="Europe/Berlin", country="DE", persons=(LIV, MIA, EMRE, JONAS, BEN, *GROWN), devices=DEVICES,
    forwarders=(Forwarder(id="router", addresses=("192.168.77.1",)),),
    access=Access(blocked=("02:77:00:00:00:ee", "192.168.78.0/24")),
    services=(OwnService(id="chess-club", name="Chess club", domains=("club.example",), group="game"),),
    records=tuple(
        Record(name=name, type=RecordType(type_), value=value)
        for name, type_, value in (
            ("nas.lan", "A", "192.168.77.40"), ("nas.lan", "AAAA", "fd77::40"), ("*.nas.lan", "CNAME", "nas.lan"),
            ("192.168.77.41", "PTR", "printer.lan"), ("_ipp._tcp.lan", "SRV", "0 0 631 printer.lan"),
            ("a-very-long-name.of-some-game-server.in-the-cellar.example.com", "A", "198.51.100.200"),
            ("nas.lan", "TXT", "In the cellar, beside the washing machine; ask Dana before you pull the plug"),
            ("example.org", "CNAME", "example.org"),
        )
    ),
    private_names=("home.example.com",),
    classifier=Classifier(steps={"dating": 2, "gambling": -1}),
)  # fmt: skip

LISTS = {
    Subscription(id="fraud", name="Fraud, by our bank", url="https://bank.example/fraud.txt"): (
        f"||fraud.example^\n||{HELP_LINE}^\n||{NEEDED}^\nwikipedia.org\n||a-very-long-name.of-some-shop.example^\n"
        "example.com##.banner\n||pixel.example^$third-party\n/(.)\\1/\n"
        + "".join(f"||f{number}.example^\n" for number in range(480))
    ),
    Subscription(
        id="bets", name="Betting and lotteries", url="https://lists.example/bets.txt", category="gambling",
        syntax=Syntax.EXACT, subdomains=True,
    ): "".join(f"bet{number}.example\n" for number in range(1_300)),
    Subscription(
        id="school", name="Sites of our school", url="https://school.example/open.txt", kind=ListKind.ALLOW,
        persons=("mia", "emre"),
    ): "moodle.example\nfraud.example\n",
    Subscription(
        id="ads", name="Advertising", url="https://lists.example/ads.txt", category="trackers_ads"
    ): "ad.example\n",
    Subscription(id="fresh", name="New names of the week", url="https://lists.example/new.txt"): "",
    Subscription(id="gone", name="A list whose maker gave up", url="https://gone.example/a.txt"): "",
    Subscription(id="own", name="Our own file", persons=("jonas",), on=False): "own.example\n",
}  # fmt: skip
"""Lists as the steward left them, what is on each."""

Change = Callable[[House], House]


class Scene(Enum):
    """Which box is visited."""

    HOME = "home"
    """All is well."""
    TROUBLE = "trouble"
    """Two daemons are away, the disk is full, and nobody knows what time it is."""
    BARE = "bare"
    """An owner and nobody else."""
    NEW = "new"
    """Before its first run."""


class StillBox(Box):
    """A box whose clock stands still."""

    has_doubt = False

    def now(self) -> float:
        """Return that evening."""
        return NOW.timestamp()

    def doubt(self) -> Doubt | None:
        """Return what speaks against the clock after a power cut, where there was one."""
        return Doubt.BEHIND if self.has_doubt else None

    def card(self) -> tuple[RiskModel | None, str]:
        """Return the card of a classifier of the tests' own."""
        return CARD, ""


class Daemons:
    """A nameserver, a steward and a finder, as far as pages ask them."""

    def __init__(self, data: Path, scene: Scene) -> None:
        self._data = data
        self._is_well = scene is not Scene.TROUBLE
        names = ("nameserver", "steward", "finder") if self._is_well else ("nameserver", "steward")
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._up = threading.Event()
        self._buses = [Bus(data, name, self._steward if name == "steward" else self._status) for name in names]
        self._buses.append(Bus(data, labels.NAME, Fake(problem=None if self._is_well else "its checksum is wrong")))
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)
        self._thread.start()
        assert self._up.wait(10)

    def close(self) -> None:
        """End them."""
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(10)
        self._loop.close()

    async def _run(self) -> None:
        for bus in self._buses:
            await bus.open()
        self._up.set()
        await self._ending.wait()
        for bus in self._buses:
            await bus.close()
        await asyncio.sleep(0)

    def _status(self, _: dict[str, object]) -> object:
        snapshot = load_snapshot(self._data).snapshot
        digest = snapshot.digest if snapshot else ""
        problem = None if self._is_well else "The file of names can't be read."
        told = {"bus": 1, "pid": 1, "revision": 1, "digest": digest if self._is_well else "-", "problem": problem}
        return told | {"lists": load_standing(self._data).digest}

    def _steward(self, asked: dict[str, object]) -> object:
        match asked["ask"]:
            case "status":
                wrong = ("classifier_broken", "disk_full", "ledger_renewed", "comet_strike")
                told = {} if self._is_well else {"problems": [{"code": one, "args": {}} for one in wrong]}
                return {"bus": 1, **told, **self._status(asked)}  # type: ignore[dict-item]
            case "counts":
                return _counts(str(asked["person"])) if self._is_well else {"bus": 1, "error": "damaged"}
            case "recent":
                return {"bus": 1, "entries": _recent(str(asked["person"]), str(asked.get("device")))}
            case "session":
                return _session(str(asked.get("device", "")))
            case "things":
                return asked_by(str(asked["device"]), NOW.timestamp())
            case "update_lists":
                return {"bus": 1}
            case "events":
                return {"bus": 1, "events": _happened(str(asked["role"])) if "person" in asked else _EVENTS}
        return {"bus": 1, "error": "unknown request"}


_EVENTS = [
    {"at": NOW.timestamp() - 7_300, "kind": "malware_blocked", "person": "emre"},
    {"at": NOW.timestamp() - 90_000, "kind": "daemon_back"},
    {"at": NOW.timestamp() - 90_060, "kind": "daemon_gone"},
    {"at": NOW.timestamp() - 260_000, "kind": "clock_set"},
]


def _happened(role: str) -> list[dict[str, object]]:
    """Return what a rule ended on somebody's devices and what looked like a way round, as a role sees it."""
    day, at = f"{NOW:%Y-%m-%d}", NOW.timestamp()
    cuts: list[dict[str, object]] = [
        {"at": at - 60 * number, "is_exact": True, "day": day, "kind": "connections_cut",
         "args": {"what": what, "connections": count, "still": still}}
        for number, (what, count, still) in enumerate((("pause", 3, 0), ("budget", 12, 1)), 5)
    ]  # fmt: skip
    args = {"category": "bypass_vpn", "route": "wireguard"}
    if role == "caregiver":
        return [*cuts, {"at": at - 40_000, "day": day, "kind": "bypass_sign", "args": {}}]
    return [*cuts, {"at": at - 40_000, "day": day, "kind": "bypass_sign", "args": args}]


def _recent(person: str, device: str) -> list[dict[str, object]]:
    """Return what was closed on somebody's device in the last minutes."""
    names = (("roblox.com", "game_ugc_chat"), ("a-shop-with-a-long-name.example", "shopping"), (BETS, "unknown_new"))
    return [
        {"at": NOW.timestamp() - 60 * number, "action": "ask", "category": category, "name": name, "device": device,
         "person": person, "grain": "name"}
        for number, (name, category) in enumerate(names, 1)
    ]  # fmt: skip


def _counts(person: str) -> dict[str, object]:
    """Return a day of somebody, as the steward tells it."""
    day = f"{NOW:%Y-%m-%d}"
    kinds = {
        "video_sharing": 214, "game_ugc_chat": 131, "education": 88, "messaging": 52, "music": 47, "search_safe": 31,
        "news_civic": 12, "shopping": 9, "translate_archive": 4,
    }  # fmt: skip
    rows = [
        {"day": day, "category": category, "action": "allow", "count": count} for category, count in kinds.items()
    ] + [{"day": day, "category": "social_media", "action": "block", "count": 37}]
    rows.append({"day": day, "category": "game_ugc_chat", "action": "ask", "count": 22})
    blocked = [
        {"day": day, "name": "tiktok.com", "category": "social_media", "count": 31},
        {"day": day, "name": BETS, "category": "unknown_new", "count": 2},
        {"day": day, "name": "a-very-long-name.of-some-advertising-network.example.com", "category": "trackers_ads",
         "count": 6},
    ]  # fmt: skip
    visited = [{"name": "klexikon.zum.de", "category": "education", "count": 41}]
    match person:
        case "mia" | "liv":
            return {"bus": 1, "grain": "day", "rows": rows, "blocked": blocked, "visited": visited}
        case "emre":
            return {"bus": 1, "grain": "day", "rows": rows[:4], "blocked": [], "is_whole": False}
        case "jonas":
            return {"bus": 1, "grain": "week", "rows": rows[2:7]}
    return {"bus": 1, "grain": "no"}


def _session(device: str) -> dict[str, object]:
    """Return what a troubleshooting session of Emre's phone saw; none runs elsewhere."""
    until = NOW.timestamp() + 540
    running = {"device": "emres-phone", "person": "emre", "until": until}
    seen = (
        ("allow", "education", "moodle.example.org"),
        ("block", "social_media", "instagram.com"),
        ("ask", "messaging", "chat.example.com"),
        ("allow", "unclassified", "a.b.c.some-network.example"),
    )
    entries = [
        {"at": NOW.timestamp() - 7 * number, "action": action, "category": category, "name": name}
        for number, (action, category, name) in enumerate(seen)
    ]
    match device:
        case "":
            return {"bus": 1, "sessions": [running]}
        case "emres-phone":
            return {"bus": 1, **running, "entries": entries}
    return {"bus": 1, "device": device}


def _story() -> Iterator[tuple[str, str, Reason, Change]]:
    """Yield what was changed in the last days: when, by whom, why, and what."""
    until = NOW + timedelta(minutes=28)
    yield "2026-03-01T10:12", DANA, Reason.of("first_run"), lambda _: HOUSE
    yield "2026-03-01T10:20", DANA, Reason.of("windows_set", person="mia"), lambda house: house
    for person, budget in (
        ("mia", Budget(minutes=120, days={Day.SAT: 180, Day.SUN: 180}, carry_over=30)),
        ("mia", Budget(what="service:youtube", minutes=45, week=240)), ("jonas", Budget(minutes=90)),
        ("ben", Budget(minutes=240)),
    ):  # fmt: skip
        reason = Reason.of("budget_set", person=person, what=budget.what)
        yield "2026-03-02T09:00", DANA, reason, _with(time_edits.with_budget, person, budget)
    for at, who, person, name, do, end in (
        ("2026-03-01T19:31", DANA, "mia", "klexikon.zum.de", Do.ALLOW, None),
        ("2026-03-02T17:05", ROBIN, "mia", "tiktok.com", Do.BLOCK, None),
        ("2026-03-03T16:40", ROBIN, "jonas", "chat.example.com", Do.ALLOW, "2026-03-06T18:00:00+01:00"),
        ("2026-03-04T14:02", DANA, "mia", "a-very-long-name.of-some-game-site.example.com", Do.BLOCK,
         "2026-03-04T21:00:00+01:00"),
    ):  # fmt: skip
        rule = Rule(name=name, do=do, until=datetime.fromisoformat(end) if end else None)
        args = {"name": name, "person": person, **({"until": end} if end else {})}
        code_ = "rule_blocked" if do is Do.BLOCK else "rule_allowed"
        yield at, who, Reason.of(code_, **args), _with(edits.with_rule, person, rule)
    for at, who, person, category, setting in (
        ("2026-03-02T08:15", DANA, "mia", "game_ugc_chat", Setting.ASK),
        ("2026-03-02T08:16", DANA, "mia", "video_sharing", Setting.BLOCK),
        ("2026-03-03T20:50", ROBIN, "jonas", "social_media", Setting.ASK),
    ):
        reason = Reason.of("category_set", category=category, setting=setting.value, person=person)
        yield at, who, reason, _with(edits.with_setting, person, category, setting)
    for at, service, setting in (
        ("2026-03-02T08:20", "youtube", Setting.TIMED), ("2026-03-02T08:21", "chess-club", Setting.ALLOW),
    ):  # fmt: skip
        reason = Reason.of("service_set", service=service, called=service, setting=setting.value, person="mia")
        yield at, DANA, reason, _with(service_edits.with_service, "mia", service, setting)
    begun = NOW.timestamp() - 7_200
    for person, who in (("mia", ROBIN), ("emre", DANA)):
        reason = Reason.of("lift_asked", category="gambling", person=person)
        yield "2026-03-04T17:42", who, reason, _with(lift_edits.lifted_alone, person, "gambling", who, begun, None)
    reason = Reason.of("lift_agreed", category="gambling", person="emre")
    yield (
        "2026-03-04T18:02",
        ROBIN,
        reason,
        _with(lift_edits.agreed, "emre", "gambling", ROBIN, begun + 1_200, NOW + timedelta(days=3)),
    )
    yield "2026-03-04T07:55", ROBIN, Reason.of("house_set"), lambda house: replace(house, unknown_devices="closed")
    paused = Reason.of("paused", person="emre", until=until.isoformat())
    said = datetime.fromisoformat("2026-03-04T19:40").replace(tzinfo=ZONE)
    yield "2026-03-04T19:40", ROBIN, paused, _with(edits.paused, "emre", said.timestamp(), until.timestamp())


def _with(edit: Callable[..., House], *what: Any) -> Change:
    return lambda house: edit(house, *what)


def furnished(folder: Path, scene: Scene) -> Box:
    """Return the box of a scene."""
    book = rules.load_rulebook()
    box = StillBox(folder / "data", book, rules.bundled_set(book), rules.load_contract())
    box.has_doubt = scene is Scene.TROUBLE
    store = box.household.store
    if scene is Scene.NEW:
        code.begin_first_run(store, SECRET, box.now())
        return box
    began = datetime(2026, 3, 1, 10, 5, tzinfo=ZONE).timestamp()
    # Nobody logs in by a password here.
    for id_, name, role in ((DANA, "Dana", Role.OWNER), (ROBIN, "Robin", Role.CAREGIVER), (IRIS, "Iris", Role.OWNER)):
        store.accounts.add(DANA, id_, name, "-", role, began)
    if scene is Scene.BARE:
        return box
    store.codes.invite(DANA, code.code_hash(SECRET, INVITED), Role.CAREGIVER, box.now() + 90_000, box.now())
    for at, who, reason, mutate in sorted(_story(), key=lambda one: one[0]):
        box.household.say(who, reason, mutate, datetime.fromisoformat(at).replace(tzinfo=ZONE).timestamp())
    _asked_for(box)
    _subscribe(box)
    store.accounts.disable(DANA, IRIS, box.now() - 60)
    store.found.saw([Sighting(FOUND[0], (STRANGERS,), "Galaxy-A52", is_random_mac=True)], box.now() - 900)
    store.found.saw([Sighting(FOUND[1], ("192.168.77.98",), None)], box.now() - 90_000)
    store.found.saw([Sighting(FOUND[2], ("192.168.77.97",), "ESP_3A91C0-a-lamp-with-a-very-long-name")], box.now() - 60)
    return box


def _asked_for(box: Box) -> None:
    """Have minutes counted and children ask: what one may answer alone, what two must, one that was answered."""
    used = {
        "mia": {"everything": Used(72, 200), "service:youtube": Used(37, 100)},
        "jonas": {"everything": Used(90, 300)},
    }
    publish_state(box.data, State(at=box.now(), minutes=Minutes(box.now() - 30, NOW.date(), used)))
    ask, at = box.household.store.requests.ask, box.now()
    denied = ask("mia", "mias-tablet", "klexikon.zum.de", "for school", at - 9_000)
    box.household.store.requests.deny(ROBIN, Answer(denied.id, is_allowed=False, word="after dinner"), at - 8_000)
    for person, device, what, reason, ago in (
        ("mia", "mias-tablet", "service:minecraft", "we want to finish the bridge", 240),
        ("mia", "mias-tablet", "a-very-long-name.of-some-game-site.example.com", "", 100),
        ("jonas", "jonas-phone", "time", "Only until the match is over: we are three against three, please!", 60),
        ("liv", "livs-tablet", "service:omegle", "", 60),
        ("emre", "emres-phone", DATES, "It is about the fruit, really", 200),
        ("", FOUND[0], "device", "It's me, Oma", 600),
    ):
        ask(person, device, what, reason, at - ago, "dating" if what == DATES else None)


def _subscribe(box: Box) -> None:
    """Have lists: in force, not renewed, being fetched, never come, and off."""
    added = Reason.of("list_added", list="fraud", name="Fraud, by our bank")
    box.household.say(DANA, added, lambda house: replace(house, lists=tuple(LISTS)), box.now() - 9_000)
    at = box.now() - 90_000
    standing = stand(
        box,
        {one: text for one, text in LISTS.items() if text},
        {
            "fresh": Status(phase=Phase.FETCHING, octets=3_100_000, of_octets=8_400_000, tried_at=box.now() - 4),
            "gone": Status(
                problem="The sender has no such list (404).", failures=3, tried_at=at, next_at=box.now() + 5_400
            ),
        },
    )
    old = replace(standing.lists["ads"], problem="The sender's answer is a page, and no list.", fetched_at=at)
    save_standing(box.data, replace(standing, lists=standing.lists | {"ads": old}))


class _Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log(self, *_: Any) -> None:
        """Say nothing."""


class _From:
    """A dashboard to which a request comes from the address that it names: `?from=192.168.77.10`."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Any:
        named = parse_qs(environ.get("QUERY_STRING", "")).get("from")
        return self._app(environ | {"REMOTE_ADDR": named[0]} if named else environ, start)


@contextmanager
def served(folder: Path, scene: Scene) -> Iterator[tuple[Flask, str]]:
    """Give the dashboard of a scene, and where a browser finds it."""
    with ExitStack() as stack:
        box = furnished(folder, scene)
        stack.callback(box.close)
        stack.callback(Daemons(box.data, scene).close)
        app = create_app(box, SECRET)
        server = make_server("127.0.0.1", 0, _From(app), threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        stack.callback(server.server_close)
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield app, f"http://127.0.0.1:{server.port}"


def cookies(client: FlaskClient, address: str) -> list[dict[str, str]]:
    """Return the session of a client as a browser takes it."""
    return [{"name": one.key, "value": one.value, "url": address} for one in (client._cookies or {}).values()]
