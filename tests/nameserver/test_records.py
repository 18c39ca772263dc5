"""What the daemon answers of what the workers remember."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from appliance.core.house import House
from appliance.core.person import Person
from appliance.nameserver import records as records_module
from appliance.nameserver.link import (
    TO_WORKER,
    AskEntries,
    Blocked,
    Counted,
    Entries,
    News,
    Screened,
    ToWorker,
    Watch,
)
from appliance.nameserver.recent import Entry
from appliance.nameserver.records import Records
from appliance.world import clock
from appliance.world.link import Link
from tests.nameserver.inside import contract, in_loop
from tests.nameserver.test_memory import BANDS, CANARY, house

DAY = "2026-11-22"
AT = 1_772_632_800.0


def news(*counted: Counted, malware: tuple[Blocked, ...] = ()) -> News:
    """Return a worker's heartbeat."""
    return News({}, DAY, counted, malware)


def counted(band: str = "6-9", action: str = "block", name: str | None = CANARY, count: int = 1) -> Counted:
    """Return a count of the child of a band."""
    return Counted(f"p{band}", band, "forum", action, name, count)


def records(told: House | None = None, *links: Link) -> Records:
    """Return records of a house."""
    made = Records(contract(), lambda: iter(links))
    made.adopt(told or house())
    return made


async def answer(one: Records, **request: object) -> Any:
    """Return an answer as it comes over the bus."""
    found = one.answer({"bus": 1} | request)
    if isinstance(found, Awaitable):
        found = await found
    return msgspec.json.decode(msgspec.json.encode(found))


@in_loop
async def test_tally() -> None:
    """What workers counted is added up, and given again until it is done."""
    one = records()
    for _ in range(2):
        one.take(news(counted(count=2), counted("10-12", name=None)))
    first = await answer(one, ask="tally")
    rows: list[list[object]] = [
        [DAY, "p6-9", "6-9", "forum", "block", CANARY, 4],
        [DAY, "p10-12", "10-12", "forum", "block", None, 2],
    ]
    assert first == {"bus": 1, "serial": first["serial"], "counts": rows, "events": [], "dropped": 0}
    one.take(news(counted()))
    assert await answer(one, ask="tally") == first
    peeked = await answer(one, ask="tally", peek=True)
    assert peeked["counts"][0][-1] == 5
    await answer(one, ask="tally", done=first["serial"])
    assert (await answer(one, ask="tally"))["counts"] == [[*rows[0][:-1], 1]]


@in_loop
async def test_numbers_are_not_given_twice() -> None:
    """A daemon that was started anew begins with another number than those before it."""
    serials = {(await answer(records(), ask="tally"))["serial"] for _ in range(20)}
    assert len(serials) == 20
    assert max(serials) < 1 << 53, "JSON knows it exactly"


@in_loop
async def test_only_what_the_house_in_force_lets_be_counted() -> None:
    """A worker that still runs another house tells no more than this one lets be held."""
    one = records(house(**{"p6-9": "10-12", "p13-15": "16-17"}))
    told = [Counted("gone", "0-5", "forum", "allow", CANARY, 1), Counted("padult", "0-5", "forum", "allow", CANARY, 1)]
    told += [counted(band, action) for band in BANDS for action in ("allow", "block", "ask", "rewrite")]
    one.take(news(*told))
    found = {(row[1], row[2], row[4], row[5]) for row in (await answer(one, ask="tally"))["counts"]}
    expected: set[tuple[str, str, str, str | None]] = {
        ("p0-5", "0-5", action, CANARY) for action in ("allow", "block", "ask", "rewrite")
    }
    expected |= {(id_, "10-12", action, None) for id_ in ("p6-9", "p10-12") for action in told_actions()}
    assert found == expected


def told_actions() -> tuple[str, ...]:
    """Return all actions."""
    return "allow", "block", "ask", "rewrite"


@in_loop
async def test_new_house_reaches_what_was_counted_before() -> None:
    """Names and persons that may not be held any more go from what is out and what is pending; so do their events."""
    one = records()
    hit = Blocked("p6-9", "malware_phishing", "6-9", AT)
    one.take(news(counted(), counted("0-5"), malware=(hit,)))
    await answer(one, ask="tally")
    one.take(news(counted(name="other.example"), counted("0-5", name="other.example")))
    one.adopt(House(persons=(Person(id="p6-9", name="Kim", band="10-12"),)))
    peeked = await answer(one, ask="tally", peek=True)
    assert peeked["counts"] == [[DAY, "p6-9", "10-12", "forum", "block", None, 2]]
    assert [event["person"] for event in peeked["events"]] == ["p6-9"]
    one.adopt(House())
    peeked = await answer(one, ask="tally", peek=True)
    assert (peeked["counts"], peeked["events"]) == ([], [])


@in_loop
async def test_malware_is_an_event() -> None:
    """One of each person in ten minutes, however many workers tell it; a stranger's as a sign; nobody's who is gone."""
    one = records()
    hits = [Blocked("p6-9", "malware_phishing", "6-9", AT), Blocked(None, "", "tv", AT), Blocked("gone", "x", None, AT)]
    hits += [Blocked("padult", "malware_phishing", "adult", AT)]
    for _ in range(2):
        one.take(news(malware=tuple(hits)))
    events = (await answer(one, ask="tally"))["events"]
    told = {"at": AT, "kind": "malware_blocked", "severity": 1}
    assert events == [
        told | {"person": "p6-9", "device": "6-9", "args": {"category": "malware_phishing"}},
        told | {"person": None, "device": "tv", "args": {}},
    ]


@in_loop
async def test_restart_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each worker one in ten minutes, so that one that can't be started fills nothing."""
    monkeypatch.setattr(clock, "now", lambda: AT)
    one = records()
    for number in (0, 1, 0, 0):
        one.restarted(number)
    events = (await answer(one, ask="tally"))["events"]
    told = {"at": AT, "kind": "worker_restarted", "person": None, "device": None, "severity": 1}
    assert events == [told | {"args": {"worker": number}} for number in (0, 1)]


@in_loop
async def test_a_server_that_asks_us_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, until it no longer does."""
    monkeypatch.setattr(clock, "now", lambda: AT)
    one = records()
    for servers in (["b", "a", "a"], ["a"], [], ["c"]):
        one.looped(servers)
    events = (await answer(one, ask="tally"))["events"]
    told = {"at": AT, "kind": "upstream_loop", "person": None, "device": None, "severity": 1}
    assert events == [told | {"args": {"server": server}} for server in "abc"]


class Served:
    """A worker that says what it is told to."""

    def __init__(self) -> None:
        self.heard: list[ToWorker] = []
        self.entries: tuple[Entry, ...] = ()
        self.links: list[Link] = []
        self.records = Records(contract(), lambda: iter(self.links))

    async def serve(self, end: Link) -> None:
        """Note what is asked, and answer."""
        async for message in end.hear(TO_WORKER):
            self.heard.append(message)
            if isinstance(message, AskEntries):
                self.records.heard(Entries(message.token, self.entries, 3))
        end.close()

    async def watched(self) -> dict[str, float]:
        """Return the last sessions that it was told of."""
        await answer(self.records, ask="ring")
        found = [message for message in self.heard if isinstance(message, Watch)]
        return {device: round(seconds) for device, seconds in found[-1].left_s.items()}


@asynccontextmanager
async def served() -> AsyncIterator[Served]:
    """Give a worker, and records that know it."""
    ours, theirs = socket.socketpair()
    one = Served()
    one.links.append(await Link.over(ours))
    serving = asyncio.create_task(one.serve(await Link.over(theirs)))
    one.records.adopt(house())
    yield one
    one.links[0].close()
    await serving


def entry(device: str, at: float = AT) -> Entry:
    """Return an entry of a device."""
    return Entry(at, device, f"p{device}", "allow", "music", CANARY, "full")


@in_loop
async def test_ring() -> None:
    """The workers are asked for whom it is about, and what they say is handed on."""
    async with served() as one:
        one.entries = (entry("10-12"),)
        found = await answer(one.records, ask="ring", person="p10-12", device="10-12")
        told = {"at": AT, "device": "10-12", "person": "p10-12", "action": "allow", "category": "music"}
        assert found == {"bus": 1, "entries": [told | {"name": CANARY, "grain": "full"}], "dropped": 3}
        await answer(one.records, ask="ring", person=None)
        asked = [message for message in one.heard if isinstance(message, AskEntries)]
        assert [(message.device, message.person) for message in asked] == [("10-12", "p10-12"), (None, None)]
        assert not any(message.of_sessions for message in asked)


@in_loop
async def test_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins, is told to the workers and shown with what it saw, and ends when it is ended."""
    monkeypatch.setattr(clock, "now", lambda: AT)
    async with served() as one:
        assert await answer(one.records, ask="session") == {"bus": 1, "sessions": []}
        begun = await answer(one.records, ask="session", device="6-9", until=AT + 3_600)
        told = {"device": "6-9", "person": "p6-9", "until": AT + 900}
        assert begun == {"bus": 1, "sessions": [told | {"entries": []}]}
        assert await one.watched() == {"6-9": 900}
        assert round(one.records.watch().left_s["6-9"]) == 900
        one.entries = (entry("6-9"), entry("0-5"))
        (shown,) = (await answer(one.records, ask="session", device=None))["sessions"]
        assert shown | {"entries": []} == told | {"entries": []}
        assert [seen["device"] for seen in shown["entries"]] == ["6-9"]
        assert await answer(one.records, ask="session", device="6-9", until=0) == {"bus": 1, "sessions": []}
        assert await one.watched() == {}


@in_loop
async def test_session_ends_with_a_new_house() -> None:
    """When the device is another's or gone, the workers are told at once."""
    async with served() as one:
        await answer(one.records, ask="session", device="6-9", until=1e12)
        one.records.adopt(house(**{"p13-15": "16-17"}))
        assert await one.watched() == {"6-9": 900}
        one.records.adopt(house(**{"p6-9": "10-12"}))
        assert await one.watched() == {}
        assert (await answer(one.records, ask="session"))["sessions"] == []


@pytest.mark.parametrize(
    ("device", "until", "expected"),
    [
        ("nowhere", 1e12, "there is no device 'nowhere'"),
        ("adult", 1e12, "nothing that this device asks may be seen"),
        ("managed", 1e12, "nothing that this device asks may be seen"),
        ("unknown", 1e12, "nothing that this device asks may be seen"),
        ("6-9", "soon", "unknown request"),
        ("6-9", None, "unknown request"),
        (7, 1e12, "unknown request"),
    ],
)
@in_loop
async def test_session_that_can_not_be(device: object, until: object, expected: str) -> None:
    """Of a device that is not there or that nothing is seen of, or without an end."""
    assert await answer(records(), ask="session", device=device, until=until) == {"bus": 1, "error": expected}


@in_loop
async def test_too_many_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused in words."""
    monkeypatch.setattr("appliance.nameserver.sessions.MAX_SESSIONS", 1)
    one = records()
    await answer(one, ask="session", device="6-9", until=1e12)
    refused = await answer(one, ask="session", device="0-5", until=1e12)
    assert refused == {"bus": 1, "error": "too many sessions are running"}


@in_loop
async def test_unknown_request() -> None:
    """Is told so."""
    for request in ({"ask": "everything"}, {}, {"ask": 7}):
        assert await answer(records(), **request) == {"bus": 1, "error": "unknown request"}


def test_who_may_ask() -> None:
    """All that tells of persons is restricted to the steward, but for what the guard decides by."""
    words = {word: {"kindgate-steward"} for word in ("tally", "screens", "ring", "things", "session")}
    words |= {word: {"kindgate-guard"} for word in ("given", "addresses")}
    assert words == records_module.RESTRICTED


@in_loop
async def test_screens() -> None:
    """Screen time of the house's children is added up, told from a serial on; to who knows another run, all."""
    one = records()
    screens = (Screened("p6-9", None, "music", 3), Screened("padult", None, "music", 1), Screened("gone", None, "a", 1))
    for _ in range(2):
        one.take(News({}, DAY, minute=int(clock.now() // 60), screens=screens))
    first = await answer(one, ask="screens", since=0)
    minute = first["rows"][0][0]
    assert first["rows"] == [[minute, "p6-9", None, "music", 6]]
    assert (first["dropped"], len(first["run"])) == (0, 12)
    again = await answer(one, ask="screens", run=first["run"], since=first["serial"])
    assert (again["rows"], again["serial"]) == ([], first["serial"])
    for other in ({"run": "another", "since": first["serial"]}, {"run": first["run"], "since": "x"}, {}):
        assert (await answer(one, ask="screens", **other))["rows"] == first["rows"]
    one.adopt(House())
    assert (await answer(one, ask="screens"))["rows"] == []
