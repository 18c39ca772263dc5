"""The steward daemon: gathers what was counted, erases what is too old, watches the others, and answers pages.

Its clockwork is APScheduler; all that reads or writes a file or asks another daemon happens in threads, so that the bus
answers meanwhile. Nothing that befalls a file ends it: that is noted as a problem, and tried again.

Requests on the bus, besides ``{"ask": "status"}`` (the house, `problems` and `daemons`):
``counts`` (person, first, last) · ``minutes`` (person, role) · ``recent`` (person, role, device) · ``session`` (device,
minutes: begin or end; device, role: what it saw; neither: those that run) · ``events`` (since, limit, kinds, person,
role: all of them may be left out) · ``things`` (device, role) · ``lists`` · ``update_lists`` (lists: ids, or null for
all), to which the answer is which ones are fetched now.

``{"ask": "lists"}`` → ``lists``, id → how it stands (`household.lists.Status`, but for what was read of it, which is in
the data folder), ``digest`` of the file of all lists, ``built_at`` and ``problem``.

``{"ask": "minutes", "person": P, "role": "caregiver" | "child"}`` → what is used and left of P's budgets:

- ``day`` (``2026-11-22``) and ``ends`` (POSIX seconds): the budgets' day that runs, and when the next one begins;
  ``counted_to`` (POSIX seconds): the end of the last minute that is counted, 0 before the first.
- ``grain``: ``day``, or ``no`` where this role sees no minutes of P; then ``budgets`` is empty and ``sum`` null.
- ``budgets``, in the house's order: ``what``; ``used`` today and ``week`` (with today), in minutes; ``carried`` over
  from yesterday; ``bonus``, the minutes given (or, below 0, taken) that hold now; ``of_day`` and ``of_week``, what the
  budget gives today and this week, null for no limit; ``left`` (0 when it is spent; null on a day without a limit);
  ``warned``: 10, 5 or 1, the last warning that was passed, 0 when it is spent, else null.
- ``sum``: minutes of today, all together, budgets or not; null where this role doesn't see them.
- ``how_well``: a sentence on how well minutes are counted, for the page; ``is_whole``: false while the nameserver
  can't be asked, so that the last minutes are missing.

``recent`` → ``entries``, newest first (``at``, ``device``, ``person``, ``action``, ``category``, ``name`` or null,
``grain``), as far as the role sees them. With ``device``, a device of P's, those of that device alone, and then the
child's own page gets the names that were blocked there in the last quarter of an hour, at every age, to ask for them.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from appliance.core.budget import Minutes
from appliance.core.house import EMPTY, House
from appliance.core.visibility import Contract
from appliance.household.inforce import GUARD
from appliance.household.lists import load_standing
from appliance.household.retention import zone_of
from appliance.steward import kinds, upkeep
from appliance.steward.allowance import allowance
from appliance.steward.books import Books
from appliance.steward.clockwork import Clockwork
from appliance.steward.gather import Gatherer
from appliance.steward.labelling import Labelling
from appliance.steward.lists.keeper import Keeper
from appliance.steward.minutes import MINUTE_S, Counter
from appliance.steward.problems import Problems
from appliance.steward.rounds import ASK_S, Rounds
from appliance.steward.views import Refused, Views
from appliance.store.errors import StoreError
from appliance.store.journal import Event
from appliance.world import bus, clock
from appliance.world.snapshot import CURRENT
from appliance.world.state import Mode, Problem, State, StateError, load_state, publish_state
from appliance.world.timekeeping import Timekeeper
from appliance.world.watch import WATCH_S, HouseWatch

NAME = "steward"
WEB = frozenset(("kindgate-web",))
GATHER_S = 300.0
FIRST_GATHER_S = 10.0
HEALTH_S = 2.0
STATE_S = 5.0
COUNT_AFTER_S = 0.4
"""So long after a minute is over it is counted: a worker's heartbeat may be on its way."""
SAVE_S = 300.0
SWEEP_S = 3_600.0
KEEP_TIME_S = 600.0
"""How much of the time a power cut may take, at most; written oftener it would wear out a card."""
DISK_S = 5.0
TALLY_S = 3.0
STOP_S = 5.0
LABELS_AFTER_S = 8.0
"""So long after a start the classifier is not loaded: first of all a box that comes up answers."""
LISTS_STOP_S = 1.0
"""A list that is on its way is fetched another time."""

log = logging.getLogger(__name__)

Written = tuple[int, str, Minutes, dict[str, dict[str, int]], dict[str, Mode], tuple[Problem, ...]]


class Daemon:
    """Runs until it is told to stop."""

    def __init__(self, data: Path, contract: Contract, groups: Mapping[str, str], config: Path | None = None) -> None:
        """Begin nothing yet; `groups` says the group of each service of the rules, `config` where appliance.yaml is."""
        self._data = data
        # Before anything else: all that follows is at some time.
        self._time = Timekeeper(data)
        self._contract = contract
        self._house = HouseWatch(data)
        self._problems = Problems()
        self._books = Books(data, self._problems, self._is_away)
        ask = partial(bus.ask, data, "nameserver", timeout_s=TALLY_S)
        self._gatherer = Gatherer(self._books, contract, ask)
        self._guards = Gatherer(self._books, contract, partial(bus.ask, data, GUARD, timeout_s=ASK_S), GUARD)
        self._views = Views(self._books, contract, ask, lambda: self._gatherer.is_half_done)
        last = load_state(data)
        published = (last.minutes,) if last is not None else ()
        self._counter = Counter(self._books, contract, groups, ask, *published)
        self._counting = asyncio.Lock()
        self._gathering = asyncio.Lock()
        self._sweeping = asyncio.Lock()
        self._lists = Keeper(data, config, self._certain_house)
        self._labelling = Labelling(data, self._problems, after_s=LABELS_AFTER_S)
        self._rounds = Rounds(data)
        self._jump = clock.JumpWatch()
        self._machine = clock.JumpWatch(of_machine=True)
        self._clockwork = Clockwork()
        self._written: Written | None = None
        asked = ("counts", "minutes", "recent", "things", "session", "events", "lists", "update_lists")
        self._bus = bus.Bus(data, NAME, self.answer, dict.fromkeys(asked, WEB))

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until it is to stop."""
        self._house.look()
        try:
            await self._bus.open()
        except OSError as error:
            log.warning("no bus (%s): pages can't show what happened", error.strerror or error)
        watching = [asyncio.create_task(task()) for task in (self._watch, self._count)]
        if self._time.doubt is not None:
            await self._tell_of_clock()
        # Before anything is gathered: what may not exist any longer goes, and in which row each person is, is noted.
        await self.sweep()
        self._begin_clockwork()
        self._lists.start()
        await stopping.wait()
        for task in watching:
            task.cancel()
        await self._labelling.stop()
        await asyncio.to_thread(self._lists.stop, LISTS_STOP_S)
        await self._clockwork.stop(STOP_S)
        try:
            async with asyncio.timeout(STOP_S):
                await self.count()
                await self.save()
                await self.gather()
        except TimeoutError:
            log.warning("what was counted last stays where it was counted")
        finally:
            self.publish()
            await self.keep_time()
            self._books.close()
            await self._bus.close()

    async def answer(self, request: dict[str, object]) -> object:
        """Answer a request of the bus."""
        ask = request.get("ask")
        if ask == "status":
            return self._status()
        try:
            match ask:
                case "counts":
                    # What is being moved from the nameserver to the ledger would be seen twice, or not at all.
                    async with self._gathering:
                        return await asyncio.to_thread(self._views.counts, request, self.house, clock.now())
                case "minutes":
                    return allowance(request, self._counter, self._contract, self.house, clock.now())
                case "recent":
                    return await asyncio.to_thread(self._views.recent, request, self.house, clock.now())
                case "things":
                    return await asyncio.to_thread(self._views.things, request, self.house, clock.now())
                case "session":
                    return await asyncio.to_thread(self._session, request)
                case "events":
                    # What was just cut is told at once.
                    await self.gather(self._guards)
                    return await asyncio.to_thread(self._views.events, request, self.house, clock.now())
                case "lists":
                    return await asyncio.to_thread(self._standing)
                case "update_lists":
                    return self._update_lists(request.get("lists"))
                case _:
                    return {"bus": bus.VERSION, "error": "unknown request"}
        except (Refused, bus.BusError) as error:
            return {"bus": bus.VERSION, "error": str(error)}
        except StoreError as error:
            return {"bus": bus.VERSION, "error": error.sentence}

    @property
    def house(self) -> House:
        """The house as it is in force here."""
        return self._house.snapshot.house if self._house.snapshot else EMPTY

    async def gather(self, *givers: Gatherer) -> None:
        """Bring to the books what some daemons counted: if none is named, the nameserver and a gateway's guard."""
        if self._house.snapshot is None and self._house.problem is not None:
            # Whose counts these are can't be told: they wait where they are.
            return
        async with self._gathering:
            for giver in givers or (self._gatherer, self._guards):
                with contextlib.suppress(bus.BusError):
                    await self._tried("gathering", partial(giver.gather, self.house, clock.now()))

    async def count(self) -> None:
        """Count the minutes that are over, and tell at once what that changed."""
        if self._house.snapshot is None:
            # Nobody's minutes: what was published last stays, until it is known who lives here.
            return
        async with self._counting:
            house = self.house
            passed = await asyncio.to_thread(self._counter.count, house, clock.now())
        self.publish()
        fine = [kinds.as_fine(event, self._contract, house) for event in passed]
        await self._note([event for event in fine if event is not None])

    async def save(self) -> None:
        """Bring the counted minutes to the ledger."""
        async with self._counting:
            await self._tried("writing minutes", self._counter.save)

    async def keep_time(self) -> None:
        """Write down what time it is, for the start after a power cut."""
        if self._is_away():
            return
        try:
            await asyncio.to_thread(self._time.save)
        except OSError as error:
            log.debug("the time can't be written down: %s", error)

    async def sweep(self) -> None:
        """Erase what may not exist any longer; who left or grew is known only where it is certain whose house it is."""
        async with self._sweeping:
            is_certain = self._house.snapshot is not None and self._house.problem is None
            swept = partial(upkeep.sweep_books, self._books, self._contract, self.house, clock.now())
            await self._tried("erasing what is too old", partial(swept, is_certain=is_certain))
            await self._tried("looking back", partial(self._books.look_back, clock.now()))

    async def look_after(self) -> None:
        """See how every other daemon is, and the process that guesses at new names."""
        self._labelling.look()
        await self._note(await self._rounds.go(self._house.revision, self._house.digest))

    def publish(self) -> None:
        """Put state.json in place, if there is news or it has gone."""
        minutes, warned = self._counter.minutes, self._counter.warned
        revision, digest = self._house.revision, self._house.digest
        now: Written = (revision, digest, minutes, warned, self._rounds.modes, self._problems.all())
        if now == self._written and load_state(self._data) is not None:
            return
        state = State(
            at=clock.now(), revision=revision, digest=digest, minutes=minutes, warned=warned, daemons=now[-2],
            problems=now[-1],
        )  # fmt: skip
        try:
            publish_state(self._data, state)
        except StateError as error:
            log.debug("%s", error)
            return
        self._written = now

    def _status(self) -> dict[str, object]:
        return {
            "bus": bus.VERSION,
            "pid": os.getpid(),
            "revision": self._house.revision,
            "digest": self._house.digest,
            "problem": self._house.problem,
            "problems": self._problems.all(),
            "clock": self._time.doubt,
            "daemons": self._rounds.modes,
        }

    def _session(self, request: dict[str, object]) -> object:
        if request.get("device") is None:
            return self._views.sessions()
        act = self._views.begin_session if "minutes" in request else self._views.session
        return act(request, self.house, clock.now())

    def _standing(self) -> dict[str, object]:
        standing = load_standing(self._data)
        lists = {id_: replace(one, report=None) for id_, one in standing.lists.items()}
        told = replace(standing, lists=lists)
        return {"bus": bus.VERSION} | msgspec.structs.asdict(told)

    def _update_lists(self, ids: object) -> dict[str, object]:
        known = [one.id for one in self.house.lists if one.on and one.url is not None]
        if ids is not None and not (isinstance(ids, list) and all(isinstance(one, str) for one in ids)):
            raise Refused("lists are ids, or null")
        wanted = [id_ for id_ in known if ids is None or id_ in ids]
        self._lists.want(wanted)
        return {"bus": bus.VERSION, "lists": wanted}

    def _begin_clockwork(self) -> None:
        self._clockwork.every(GATHER_S, self.gather, first_s=FIRST_GATHER_S)
        self._clockwork.every(HEALTH_S, self.look_after, first_s=0)
        self._clockwork.every(STATE_S, self._publish_now, first_s=0)
        self._clockwork.every(SAVE_S, self.save, first_s=SAVE_S)
        self._clockwork.every(SWEEP_S, self.sweep, first_s=SWEEP_S)
        self._clockwork.every(KEEP_TIME_S, self.keep_time, first_s=0)
        self._clockwork.every(DISK_S, self._look_at_disk, first_s=0)
        self._clockwork.at_midnight(self.sweep, zone_of(self.house))
        self._clockwork.start()

    async def _watch(self) -> None:
        """Notice a changed house, a clock that was set, a bus that has gone."""
        turn = 0
        while True:
            await asyncio.sleep(WATCH_S)
            if self._house.look():
                self._clockwork.at_midnight(self.sweep, zone_of(self.house))
                self._clockwork.at_once(self.sweep)
                self._clockwork.at_once(self.count)
                self._lists.nudge()
                self.publish()
            await self._labelling.settle(self.house)
            turn += 1
            if turn % 10 == 0:
                await self._bus.mend()
                await self._look_at_clock()

    async def _count(self) -> None:
        """Count whenever a minute is over, by whatever the clock says."""
        counted = 0
        while True:
            minute = int((clock.now() - COUNT_AFTER_S) // MINUTE_S)
            if minute != counted:
                counted = minute
                await self.count()
            await asyncio.sleep(WATCH_S)

    async def _look_at_clock(self) -> None:
        """Notice a clock that was set, and one that can't be gone by or can again."""
        before = self._time.doubt
        self._time.look()
        if self._machine.has_jumped():
            # After it was set back, every job would wait for the time that it was.
            self._clockwork.set_anew()
        if self._jump.has_jumped():
            await self._set_clock()
        if self._time.doubt is not before:
            await self._tell_of_clock()
            await self.keep_time()

    async def _tell_of_clock(self) -> None:
        """Note once that nobody knows what time it is, or that it is known again."""
        doubt = self._time.doubt
        if doubt is None:
            await self._note([Event(kind="clock_trusted", at=clock.now())])
        else:
            await self._note([Event(kind="clock_doubted", at=clock.now(), args={"why": doubt.value})])

    async def _set_clock(self) -> None:
        """Go by the time as it is now."""
        async with self._counting:
            self._counter.clock_jumped(clock.now())
        await self._note([Event(kind="clock_set", at=clock.now())])

    async def _publish_now(self) -> None:
        self.publish()

    async def _look_at_disk(self) -> None:
        await asyncio.to_thread(upkeep.look_at_disk, self._data, self._problems)

    async def _note(self, events: list[Event]) -> None:
        """Write what happened to the box into the journal, if it takes it."""
        for event in events:
            log.info("%s %s", event.kind, event.args.get("daemon", ""))
        if events:
            at = clock.now()
            await self._tried("noting", partial(self._books.with_journal, lambda one: one.add(events, at), at))
            self.publish()

    def _certain_house(self) -> House | None:
        """Return the house if it is certain that it is the latest: of one that isn't in it, everything is removed."""
        is_certain = self._house.problem is None and not self._is_away()
        return self._house.snapshot.house if self._house.snapshot and is_certain else None

    def _is_away(self) -> bool:
        """Say whether the data folder is not the one whose house is in force: a disk that was pulled out."""
        return self._house.snapshot is not None and not (self._data / CURRENT).exists()

    async def _tried(self, what: str, call: Callable[[], object]) -> None:
        """Do something with the files in a thread; what is wrong with them is noted where they are used."""
        try:
            await asyncio.to_thread(call)
        except StoreError as error:
            log.warning("%s: %s", what, error)
