"""Keeps the lists of a house: fetches those whose time has come, two at a time, and has the file of all lists built.

It works in threads of its own, so that neither a sender nor a build holds up anything else. What was good last stays,
text and file, until something better was built.
"""

import contextlib
import logging
import random
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as with_
from pathlib import Path
from threading import Condition, Lock, Thread

from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.subscription import Subscription
from appliance.household.lists import FOLDER, Phase, Standing, Status, load_standing
from appliance.steward.lists import flights, making, shelf, timing
from appliance.steward.lists.errand import Brought, bring
from appliance.steward.lists.fetch import Manner
from appliance.steward.lists.flights import Flight
from appliance.steward.lists.halt import Halt, Halted
from appliance.steward.lists.limits import NotTaken
from appliance.steward.lists.making import Fresh
from appliance.world import clock

AT_ONCE = 2
LOOK_S = 20.0
"""How often it looks whether something's time has come."""
SETTLE_S = 5.0
"""What has come waits so long for what else is on its way, so that not every list makes a build of its own."""
BUSY_S = 0.2
"""How often it is looked whether somebody else is done with a list."""
TROUBLE_S = 30.0
"""How long a disk that takes nothing is left alone."""
REBUILD_S = 60.0
REBUILD_MAX_S = 3_600.0
FAULT = "The list could not be fetched: something went wrong on this box."

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Inbox:
    """What other threads say to the keeper's own."""

    wanted: dict[str, float] = field(default_factory=dict)
    """List → since when (POSIX seconds)."""
    all_since: float | None = None
    landed: list[Flight] = field(default_factory=list)
    is_nudged: bool = False


class Keeper:
    """Runs until it is stopped; or, without a schedule, until everything that was wanted is done."""

    def __init__(
        self, data: Path, config: Path | None, house: Callable[[], House | None], *, manner: Manner | None = None,
        chance: timing.Chance = random.random, is_scheduled: bool = True,
    ) -> None:  # fmt: skip
        """Begin nothing yet. `config` is the folder of appliance.yaml; `house` gives none while it isn't certain."""
        self._data = data
        self._config = config
        self._house = house
        self._manner = manner or Manner()
        self._chance = chance
        self._is_scheduled = is_scheduled
        self._halt = Halt()
        self._changed = Condition()
        self._keeping = Lock()
        """Held from the look at which lists there are until what is known of one is written."""
        self._inbox = _Inbox()
        self._flights: dict[str, Flight] = {}
        self._fresh: dict[str, Flight] = {}
        """What has come and is to be built."""
        self._ids: frozenset[str] | None = None
        """Of the lists of the house."""
        self._last: House | None = None
        self._failed_builds = 0
        self._build_at = 0.0
        """By the uptime: not before."""
        self._thread = Thread(target=self._run, name="lists", daemon=True)

    def start(self) -> None:
        """Work in a thread of its own."""
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """End everything that is at work; what was on its way is fetched another time."""
        self._halt.call()
        self.nudge()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def nudge(self) -> None:
        """Look now: the house may be another one."""
        with self._changed:
            self._inbox.is_nudged = True
            self._changed.notify_all()

    def want(self, ids: Iterable[str] | None = None) -> None:
        """Have lists fetched now, whenever their time is; None is all of them. Of those named that stands at once."""
        at = clock.now()
        named = None if ids is None else tuple(ids)
        with contextlib.suppress(OSError):
            for id_ in named or ():
                self._note(id_, is_wanted=True)
        with self._changed:
            if named is None:
                self._inbox.all_since = at
            else:
                self._inbox.wanted |= dict.fromkeys(named, at)
            self._inbox.is_nudged = True
            self._changed.notify_all()

    def settle(self) -> None:
        """Work here until everything that was wanted is done. Raises OSError."""
        try:
            while self._turn():
                self._wait(self._pause())
        finally:
            self._halt.call()
            self._let_all_go()

    def _run(self) -> None:
        while not self._halt.is_over:
            try:
                self._turn()
                pause = self._pause()
            except Halted:
                break
            except OSError as error:
                log.warning("lists: %s", error.strerror or "the disk does not take them")
                pause = TROUBLE_S
            except Exception as error:  # noqa: BLE001 -- one list must never end this; the words may hold a name
                log.error("lists: %s", type(error).__name__)  # noqa: TRY400 -- as above
                pause = TROUBLE_S
            self._wait(pause)
        self._let_all_go()

    def _wait(self, seconds: float) -> None:
        with self._changed:
            if not self._inbox.is_nudged and not self._halt.is_over:
                self._changed.wait(seconds)
            self._inbox.is_nudged = False

    def _let_all_go(self) -> None:
        for id_ in tuple(self._fresh):
            self._let_go(id_)

    def _pause(self) -> float:
        """Return for how long nothing will be there to be done, as far as is known."""
        with self._changed:
            is_busy = bool(self._inbox.wanted)
        return BUSY_S if is_busy else SETTLE_S if self._fresh else LOOK_S

    def _turn(self) -> bool:
        """Do what is to be done now; say whether something is on its way."""
        house = self._house()
        if house is None:
            return False
        if house is not self._last:
            self._last, self._build_at = house, 0.0
        self._keep_only(house)
        self._send_off(house)
        self._land()
        self._make(house)
        with self._changed:
            is_wanted = bool(self._inbox.wanted or self._inbox.landed)
        return bool(is_wanted or self._flights or self._fresh)

    def _keep_only(self, house: House) -> None:
        ids = frozenset(one.id for one in house.lists)
        if ids == self._ids:
            return
        is_first = self._ids is None
        with self._keeping:
            # A house that never had a list gets no folder for them.
            if ids or (self._data / FOLDER).exists():
                shelf.keep_only(self._data, ids, clock.now())
            self._ids = ids
        if is_first:
            self._pick_up(ids)

    def _pick_up(self, ids: Iterable[str]) -> None:
        """Find what somebody who died was at: it isn't on its way any more."""
        for id_ in ids:
            with shelf.fetching(self._data, id_) as is_ours:
                if is_ours:
                    shelf.change_one(
                        self._data, id_, lambda old: replace(old, phase=flights.settled(old), is_wanted=False)
                    )

    def _send_off(self, house: House) -> None:
        at = clock.now()
        standing = load_standing(self._data)
        with self._changed:
            if self._inbox.all_since is not None:
                self._inbox.wanted |= dict.fromkeys((one.id for one in house.lists), self._inbox.all_since)
                self._inbox.all_since = None
            wanted = dict(self._inbox.wanted)
        done = wanted.keys() - {one.id for one in house.lists if one.on and one.url is not None}
        for one in house.lists:
            if one.id in self._flights or one.id in self._fresh:
                done.add(one.id)
            if one.id in done or len(self._flights) >= AT_ONCE:
                continue
            since = wanted.get(one.id)
            is_due = self._is_scheduled and timing.is_due(one, standing.lists.get(one.id, Status()), at)
            if (since is not None or is_due) and self._sent_off(one, since, at):
                done.add(one.id)
        for id_ in done:
            if standing.lists.get(id_, Status()).is_wanted:
                self._note(id_, is_wanted=False)
        with self._changed:
            # What was said since it was looked at is another wish.
            self._inbox.wanted = {
                id_: since for id_, since in self._inbox.wanted.items() if id_ not in done or wanted.get(id_) != since
            }

    def _sent_off(self, one: Subscription, since: float | None, at: float) -> bool:
        """Begin to fetch a list, unless somebody else is at it, or just was; say whether there is no more to do."""
        with contextlib.ExitStack() as held:
            if not held.enter_context(shelf.fetching(self._data, one.id)):
                return False
            before = replace(load_standing(self._data).lists.get(one.id, Status()), is_wanted=False)
            if since is not None and before.tried_at is not None and before.tried == one.url:
                if since < before.tried_at <= at:
                    return True
            elif since is None and not timing.is_due(one, before, at):
                return True
            self._note(
                one.id,
                is_wanted=False,
                phase=Phase.FETCHING,
                octets=0,
                of_octets=None,
                tried_at=at,
                tried=one.url or "",
            )
            flight = Flight(one, before, at, held.pop_all())
        self._flights[one.id] = flight
        Thread(target=self._fly, args=[flight], name="list", daemon=True).start()
        return True

    def _fly(self, flight: Flight) -> None:
        """Fetch a list, in a thread of its own."""

        def say(octets: int, of: int | None) -> None:
            with contextlib.suppress(OSError):
                self._note(flight.one.id, octets=octets, of_octets=of)

        try:
            manner = with_(self._manner, progress=say)
            flight.came = bring(self._data, self._config, flight.one, flight.before, manner, self._halt)
        except NotTaken as error:
            flight.came = error
        except Halted:
            flight.came = NotTaken(FAULT)
        except Exception as error:  # noqa: BLE001 -- as in `_run`
            log.error("list %s: %s", flight.one.id, type(error).__name__)  # noqa: TRY400 -- as above
            flight.came = NotTaken(FAULT)
        with self._changed:
            flight.landed_at = clock.uptime()
            self._inbox.landed.append(flight)
            self._inbox.is_nudged = True
            self._changed.notify_all()

    def _land(self) -> None:
        """Take what has come."""
        while True:
            with self._changed:
                if not self._inbox.landed:
                    return
                flight = self._inbox.landed.pop(0)
            one = self._flights.pop(flight.one.id).one
            if isinstance(flight.came, Brought):
                self._fresh[one.id] = flight
                self._note(one.id, phase=Phase.BUILDING, octets=flight.came.taken.octets, of_octets=None)
                continue
            with flight.held:
                if flight.came is None:
                    self._put(one.id, flight.good(self._chance))
                elif not self._halt.is_over:
                    log.warning("list %s: nothing newer came", one.id)
                    self._put(one.id, replace(flight.bad(self._chance), problem=str(flight.came)))

    def _make(self, house: House) -> None:
        """Have the file of all lists built, if it is to be another one."""
        waiting = clock.uptime() - min((one.landed_at for one in self._fresh.values()), default=0.0)
        if self._flights and self._fresh and waiting < SETTLE_S:
            return
        fresh = self._all_fresh(house)
        if not fresh and (clock.uptime() < self._build_at or making.is_made(self._data, house)):
            return
        try:
            self._made(house, fresh, fresh.keys())
            self._failed_builds = 0
        except NotTaken as error:
            if len(fresh) > 1:
                # One of them may be to blame for what befell all.
                for id_ in fresh:
                    with contextlib.suppress(NotTaken):
                        self._made(house, fresh, (id_,))
            log.warning("the file of all lists could not be made")
            if not making.is_made(self._data, house):
                self._failed_builds += 1
                wait = REBUILD_S * 2.0 ** min(self._failed_builds - 1, 10)
                self._build_at = clock.uptime() + min(REBUILD_MAX_S, wait)
                why = str(error)
                shelf.change(self._data, lambda old: replace(old, problem=why))

    def _made(self, house: House, fresh: Mapping[str, Fresh], ids: Collection[str]) -> None:
        """Build with what has come of some lists, and let go of them. Raises NotTaken, Halted, OSError."""
        chosen = {id_: fresh[id_] for id_ in ids}
        for id_ in chosen:
            self._note(id_, phase=Phase.BUILDING)
        try:
            making.make(self._data, house, chosen, self._halt)
        except NotTaken as error:
            if len(chosen) == 1:
                for id_, one in chosen.items():
                    one.path.unlink(missing_ok=True)
                    self._put(id_, replace(one.bad, problem=str(error)))
                    self._let_go(id_)
            raise
        for id_ in chosen:
            self._let_go(id_)

    def _let_go(self, list_id: str) -> None:
        flight = self._fresh.pop(list_id, None)
        if flight is not None:
            flight.drop()

    def _all_fresh(self, house: House) -> dict[str, Fresh]:
        """Return what has come, and what was brought; what the house has no use for any more is let go of."""
        lists = {one.id: one for one in house.lists if one.on}
        for id_, flight in tuple(self._fresh.items()):
            one = lists.get(id_)
            if one is None or one.url != flight.one.url:
                self._put(id_, flight.before)
                self._let_go(id_)
        found = {id_: flight.fresh(self._chance) for id_, flight in self._fresh.items()}
        standing = load_standing(self._data)
        for one in lists.values():
            path = shelf.brought_file(self._data, one.id)
            if one.url is None and path.exists():
                found[one.id] = flights.brought(path, standing.lists.get(one.id, Status()), clock.now())
        return found

    def _note(self, list_id: str, **changes: object) -> None:
        self._change(list_id, lambda old: replace(old, **changes))

    def _put(self, list_id: str, status: Status) -> None:
        self._change(list_id, lambda _: status)

    def _change(self, list_id: str, edit: Callable[[Status], Status]) -> None:
        with self._keeping:
            # Of a list that the house gave up in the meantime nothing is kept.
            if self._ids is not None and list_id in self._ids:
                shelf.change_one(self._data, list_id, edit)


def update(
    data: Path, house: House, config: Path | None, ids: Iterable[str] | None = None, *, manner: Manner | None = None,
    chance: timing.Chance = random.random,
) -> Standing:  # fmt: skip
    """Fetch these lists of a house, or all, take in what was brought, build; return how the lists stand then.

    Needs no daemon, and gets on with one that runs. What is wrong with a list stands in its status. Raises OSError.
    """
    keeper = Keeper(data, config, lambda: house, manner=manner, chance=chance, is_scheduled=False)
    keeper.want(ids)
    keeper.settle()
    return load_standing(data)
