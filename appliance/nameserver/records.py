"""What the daemon answers of what the workers remember: tally, recent queries, troubleshooting sessions.

Besides root and our own user the steward alone is told:

- ``{"ask": "tally"}`` → what was counted and what happened (`household.batches`); a count is ``[day, person, row,
  category, action, name, count]``.
- ``{"ask": "screens", "run": R, "since": N}`` → screen time: ``rows`` (``[minute, person, service, category, times]``,
  the minute in POSIX minutes, `times` all of that minute so far) that changed after serial N of this ``run`` (all of
  them, if R is another run), ``serial`` to go on from, ``dropped``.
- ``{"ask": "ring", "person": P, "device": D}`` → ``entries``, newest first, ``dropped``; null is everyone.
- ``{"ask": "things", "device": D}`` → ``asked``, what a thing asked for in the order of the names (`things.Asked`), and
  ``is_thing``: false where it asks for more names than a thing does; of such a one nothing is told.
- ``{"ask": "session", "device": D, "until": POSIX}`` begins or ends one; ``{"ask": "session"}`` → ``sessions``.

And the guard alone:

- ``{"ask": "given", "askers": [[D, ADDRESS], …]}``, at most `MAX_ASKERS` → ``names``, for each of them those for which
  this box gave device D (null: one that nobody named) the address, the latest first and at most `given.MAX_NAMES`; an
  empty one is a name that is written nowhere. ``since_s``: for so long nothing that was given is missing.
- ``{"ask": "addresses", "person": P}`` → ``given``, the addresses that P was given and how long each may still be held
  (seconds), the latest first; ``is_telling``: the guard is told of others before they are given out.
"""

import os
from collections.abc import Callable, Iterable

import msgspec

from appliance.core.house import EMPTY, House
from appliance.core.visibility import Contract, Granularity, row_of
from appliance.household.batches import STEWARD, Batches, Event
from appliance.household.happenings import RESTARTED
from appliance.nameserver.link import News, Watch
from appliance.nameserver.memory import MALWARE_BLOCKED, WARNING
from appliance.nameserver.permit import askers, permits
from appliance.nameserver.polls import Answer as Polled
from appliance.nameserver.polls import Polls
from appliance.nameserver.recent import Entry
from appliance.nameserver.screens import Screens
from appliance.nameserver.sessions import Refused, Sessions
from appliance.nameserver.tally import Key
from appliance.world import bus, clock
from appliance.world.link import Link

GUARD = frozenset(("kindgate-guard",))
RESTRICTED = {
    "tally": STEWARD,
    "screens": STEWARD,
    "ring": STEWARD,
    "things": STEWARD,
    "session": STEWARD,
    "given": GUARD,
    "addresses": GUARD,
}
MAX_ASKERS = 64
LOOPED = "upstream_loop"
BLOCKED_ACTIONS = frozenset(("block", "ask"))

Answer = dict[str, object]


class Records:
    """Holds what workers counted, and asks them for what they hold; `links` are those of the workers that live."""

    def __init__(self, contract: Contract, links: Callable[[], Iterable[Link]]) -> None:
        self._permits = permits(contract)
        self._links = links
        self._batches = Batches[Key]()
        self._screens = Screens()
        self._run = os.urandom(6).hex()
        self._polls = Polls()
        self._sessions = Sessions()
        self._askers = askers(EMPTY)
        self._rows: dict[str, str] = {}
        self._loops: set[str] = set()
        self._ended_at = 0.0
        """When a worker ended last, and what it had given out was forgotten (uptime)."""

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

    def heard(self, answer: Polled) -> None:
        """Take a worker's answer."""
        self._polls.heard(answer)

    def restarted(self, number: int) -> None:
        """Note that a worker ended and is started again."""
        self._ended_at = clock.uptime()
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
            case {"ask": "tally"}:
                return _told(self._batches.answer(request))
            case {"ask": "screens"}:
                return self._told_screens(request)
            case {"ask": "ring"}:
                return self._ring(request.get("person"), request.get("device"))
            case {"ask": "things", "device": str(device)}:
                return self._asked_by_thing(device)
            case {"ask": "given", "askers": list(askers)}:
                return self._given(askers)
            case {"ask": "addresses", "person": str(person)}:
                return self._addresses(person)
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

    async def _asked_by_thing(self, device: str) -> Answer:
        asked, is_thing = await self._polls.ask_things(self._links(), device)
        return _told({"asked": asked, "is_thing": is_thing})

    async def _given(self, asked: list[object]) -> Answer:
        try:
            askers = msgspec.convert(asked, list[tuple[str | None, str]])
        except msgspec.ValidationError:
            return {"bus": bus.VERSION, "error": "an asker is a device and an address"}
        if len(askers) > MAX_ASKERS:
            return {"bus": bus.VERSION, "error": f"at most {MAX_ASKERS} are told at once"}
        names, whole_s = await self._polls.ask_given(self._links(), askers)
        return _told({"names": names, "since_s": min(whole_s, clock.uptime() - self._ended_at)})

    async def _addresses(self, person: str) -> Answer:
        given, is_telling = await self._polls.ask_addresses(self._links(), person)
        return _told({"given": given, "is_telling": is_telling})

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
