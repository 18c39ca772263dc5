"""What the daemon answers of what the workers remember: tally, recent queries, troubleshooting sessions.

Told to the steward alone, besides root and our own user:

- ``{"ask": "tally"}`` → the batch that is out or a new one: ``serial``, ``counts`` (``[day, person, row, category,
  action, name, count]``), ``events``, ``dropped``; with ``"done": serial`` forgets it; with ``"peek": true`` moves
  nothing.
- ``{"ask": "screens", "run": R, "since": N}`` → screen time: ``rows`` (``[minute, person, service, category, times]``,
  the minute in POSIX minutes, `times` all of that minute so far) that changed after serial N of this ``run`` (all of
  them, if R is another run), ``serial`` to go on from, ``dropped``.
- ``{"ask": "ring", "person": P, "device": D}`` → ``entries``, newest first, ``dropped``; null is everyone.
- ``{"ask": "session", "device": D, "until": POSIX}`` begins or ends one; ``{"ask": "session"}`` → ``sessions``.
"""

import os
from collections.abc import Callable, Iterable

from appliance.core.house import EMPTY, House
from appliance.core.visibility import Contract, Granularity, row_of
from appliance.nameserver.batches import Batches, Event
from appliance.nameserver.link import Entries, Link, News, Watch
from appliance.nameserver.memory import MALWARE_BLOCKED, WARNING
from appliance.nameserver.permit import askers, permits
from appliance.nameserver.polls import Polls
from appliance.nameserver.recent import Entry
from appliance.nameserver.screens import Screens
from appliance.nameserver.sessions import Refused, Sessions
from appliance.nameserver.tally import Key
from appliance.world import bus, clock

STEWARD = frozenset(("kindgate-steward",))
RESTRICTED = {"tally": STEWARD, "screens": STEWARD, "ring": STEWARD, "session": STEWARD}
RESTARTED = "worker_restarted"
LOOPED = "upstream_loop"
BLOCKED_ACTIONS = frozenset(("block", "ask"))

Answer = dict[str, object]


class Records:
    """Holds what workers counted, and asks them for what they hold; `links` are those of the workers that live."""

    def __init__(self, contract: Contract, links: Callable[[], Iterable[Link]]) -> None:
        self._permits = permits(contract)
        self._links = links
        # Not by the clock: a box without one begins each boot at the same time.
        self._batches = Batches(int.from_bytes(os.urandom(6), "big"))
        self._screens = Screens()
        self._run = os.urandom(6).hex()
        self._polls = Polls()
        self._sessions = Sessions()
        self._askers = askers(EMPTY)
        self._rows: dict[str, str] = {}
        self._loops: set[str] = set()

    def adopt(self, house: House) -> None:
        """Go by this house: what may not be kept under it is let go, the sessions of devices that are another's end."""
        self._askers = askers(house)
        self._rows = {person.id: row_of(person) for person in house.persons}
        self._batches.settle(self._settled, self._may_tell)
        self._screens.settle({person for person, row in self._rows.items() if self._permits[row].is_timed})
        if self._sessions.settle(self._askers):
            self._tell_sessions()

    def take(self, news: News) -> None:
        """Take what a worker counted."""
        for one in news.tally:
            key = self._settled(Key(one.person, one.row, one.category, one.action, one.name))
            if key is not None:
                self._batches.count(news.day, key, one.count)
        for screen in news.screens:
            row = self._rows.get(screen.person)
            if row is not None and self._permits[row].is_timed:
                self._screens.take(news.minute, screen)
        for hit in news.malware:
            args: dict[str, str | int] = {"category": hit.category} if hit.category else {}
            event = Event(hit.at, MALWARE_BLOCKED, hit.person, hit.device, WARNING, args)
            if self._may_tell(event):
                self._batches.tell(event, clock.uptime())

    def heard(self, entries: Entries) -> None:
        """Take a worker's answer."""
        self._polls.heard(entries)

    def restarted(self, number: int) -> None:
        """Note that a worker ended and is started again."""
        event = Event(clock.now(), RESTARTED, None, None, WARNING, {"worker": number})
        self._batches.tell(event, clock.uptime())

    def looped(self, servers: Iterable[str]) -> None:
        """Note which servers ask this box in turn, each once for as long as it does."""
        found = set(servers)
        for server in sorted(found - self._loops):
            self._batches.tell(Event(clock.now(), LOOPED, None, None, WARNING, {"server": server}), clock.uptime())
        self._loops = found

    def watch(self) -> Watch:
        """Return what a worker must know of sessions."""
        return Watch(self._sessions.left_s(clock.uptime()))

    def answer(self, request: dict[str, object]) -> object:
        """Answer one of the restricted requests: an answer, or a coroutine that returns one."""
        match request:
            case {"ask": "tally", "peek": True}:
                return _told(self._batches.peek())
            case {"ask": "tally", "done": serial} if serial is not None:
                return _told(self._batches.done(serial))
            case {"ask": "tally"}:
                return _told(self._batches.give())
            case {"ask": "screens"}:
                return self._told_screens(request)
            case {"ask": "ring"}:
                return self._ring(request.get("person"), request.get("device"))
            case {"ask": "session", "device": str(device), "until": float(until) | int(until)}:
                return self._set_session(device, until)
            case {"ask": "session"} if request.get("device") is None:
                return self._told_sessions()
        return {"bus": bus.VERSION, "error": "unknown request"}

    def _told_screens(self, request: dict[str, object]) -> Answer:
        since = request.get("since")
        known = since if isinstance(since, int) and request.get("run") == self._run else 0
        serial, rows = self._screens.since(known, int(clock.now() // 60))
        return _told({"run": self._run, "serial": serial, "rows": rows, "dropped": self._screens.dropped})

    async def _ring(self, person: object, device: object) -> Answer:
        wanted = [str(one) if one is not None else None for one in (person, device)]
        found, dropped = await self._polls.ask(self._links(), person=wanted[0], device=wanted[1])
        return _told({"entries": found, "dropped": dropped})

    def _set_session(self, device: str, until: float) -> Answer:
        who = self._askers.get(device)
        if who is None:
            return {"bus": bus.VERSION, "error": f"there is no device {device!r}"}
        if until > clock.now() and not self._permits[who.row].may_watch:
            return {"bus": bus.VERSION, "error": "nothing that this device asks may be seen"}
        try:
            self._sessions.set(who, until, clock.now(), clock.uptime())
        except Refused as error:
            return {"bus": bus.VERSION, "error": str(error)}
        self._tell_sessions()
        return _told({"sessions": self._told({})})

    async def _told_sessions(self) -> Answer:
        found, _ = await self._polls.ask(self._links(), of_sessions=True)
        seen: dict[str, list[Entry]] = {}
        for entry in found:
            seen.setdefault(str(entry.device), []).append(entry)
        return _told({"sessions": self._told(seen)})

    def _told(self, seen: dict[str, list[Entry]]) -> list[Answer]:
        return [
            {"device": device, "person": one.who.person, "until": one.until, "entries": seen.get(device, [])}
            for device, one in self._sessions.running(clock.uptime()).items()
        ]

    def _tell_sessions(self) -> None:
        for link in self._links():
            link.tell(self.watch())

    def _may_tell(self, event: Event) -> bool:
        """Say whether an event of a person may be told under the house in force."""
        if event.person is None:
            return True
        row = self._rows.get(event.person)
        return row is not None and self._permits[row].malware is not Granularity.NO

    def _settled(self, key: Key) -> Key | None:
        """Return a key as it may be held under the house in force, which a worker may not run yet or run no more."""
        if key.person is None:
            return key
        row = self._rows.get(key.person)
        if row is None or not self._permits[row].is_counted[False]:
            return None
        is_named = self._permits[row].is_named[key.action in BLOCKED_ACTIONS, False]
        return key._replace(row=row, name=key.name if is_named else None)


def _told(answer: Answer) -> Answer:
    return {"bus": bus.VERSION} | answer
