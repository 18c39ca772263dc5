"""What a change of lists takes: said to the house, brought in, built, in force; with the steward's help or without it.

Where a steward runs it does the work, and this waits for it. Where none runs the same is done here.
"""

import logging
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path

import click
from msgspec.structs import replace

from appliance.commands.options import Fault
from appliance.core import house as houses
from appliance.core.house import House, HouseError
from appliance.core.rulebook import Rulebook
from appliance.core.subscription import Subscription
from appliance.core.verdict import Reason
from appliance.household import inforce, lists
from appliance.household.changes import BOX, Household, NotValid, Unpublished
from appliance.household.inforce import Standing
from appliance.household.lists import Phase, Status, load_standing
from appliance.steward.lists import keeper, making, shelf
from appliance.steward.lists.limits import NotTaken
from appliance.store.errors import StoreError
from appliance.world import bus, clock
from appliance.world.snapshot import load_snapshot

STEWARD = "steward"
DONE_S = 900.0
"""So long the steward is waited for: lists that come slowly, and a file of two million names."""
IN_FORCE_S = 15.0
POLL_S = 0.1

# What is wrong with a list is this command's answer: the steward's log is not for a terminal.
logging.getLogger("appliance.steward").addHandler(logging.NullHandler())

_MOVING = (Phase.FETCHING, Phase.BUILDING)


class NotYet(Fault):
    """It is said and goes on by itself, but not all of it is in force."""

    exit_code = 3


class Tending:
    """The lists of one data folder, to be changed. All raise Fault."""

    def __init__(self, data: Path, config: Path, rulebook: Rulebook) -> None:
        self._data = data
        self._config = config
        self._rulebook = rulebook

    def add(self, told: House, one: Subscription, path: Path | None) -> None:
        """Add a list to a house, of the file at a path where one is given; if it is refused the house is as it was."""
        wanted = _with(one)(told)
        self._check(told, wanted)
        since = clock.now()
        try:
            # A list may be the first thing that is ever said on a box.
            self._data.mkdir(parents=True, exist_ok=True, mode=0o750)
            if path is not None:
                shelf.take_in(self._data, one.id, path)
        except NotTaken as error:
            raise Fault(f"{path}: {error}") from error
        except OSError as error:
            raise Fault(f"{self._data}: {error.strerror or error}") from error
        if self._has_steward():
            self._say("list_added", one, _with(one))
            self._wait([one.id], since)
        else:
            self._update(wanted, () if path is not None else [one.id])
        if why := self.status(one.id).problem:
            self._take_back(told, one)
            raise Fault(f"not added: {why}")
        # Where no steward runs, a list that can't be had never was in the house.
        self._say("list_added", one, _with(one))

    def remove(self, told: House, one: Subscription) -> None:
        """Take a list out of a house."""
        self._say("list_removed", one, _without(one))
        if self._has_steward():
            self._wait((), clock.now())
        else:
            self._update(_without(one)(told), ())

    def fetch(self, told: House, ids: Collection[str]) -> None:
        """Fetch lists of a house anew."""
        since = clock.now()
        if self._has_steward():
            self._ask({"ask": "update_lists", "lists": list(ids)})
            self._wait(ids, since)
        else:
            self._update(told, ids)

    def status(self, list_id: str) -> Status:
        """Return how a list stands."""
        return load_standing(self._data).lists.get(list_id, Status())

    def settle(self) -> None:
        """Wait until all workers run the house and the lists as they are now, and say so."""
        snapshot = load_snapshot(self._data).snapshot
        house = inforce.wait(self._data, snapshot, IN_FORCE_S, (inforce.NAMESERVER,)).daemons[0]
        listed = inforce.wait_for_lists(self._data, load_standing(self._data).digest, IN_FORCE_S)
        if Standing.GONE in (house.standing, listed.standing):
            click.echo(f"No nameserver is running with {self._data}: whoever starts next runs it.")
        elif house.standing is listed.standing is Standing.RUNS:
            click.echo("In force on all workers.")
        else:
            problem = house.problem or listed.problem or "the nameserver did not report in time"
            raise NotYet(f"saved, but not in force yet: {problem}")

    def _check(self, told: House, wanted: House) -> None:
        old = {words for _, words in houses.problems(told, self._rulebook.known)}
        fresh = [one for one in houses.problems(wanted, self._rulebook.known) if one[1] not in old]
        if fresh:
            raise Fault("\n".join(words for _, words in fresh))

    def _say(self, code: str, one: Subscription, mutate: Callable[[House], House]) -> None:
        """Change the house, if it isn't so already."""
        try:
            with closing(Household(self._data, self._rulebook)) as household:
                household.say(BOX, Reason.of(code, name=one.name), mutate, clock.now())
        except StoreError as error:
            raise Fault(f"not saved: {error}\n{error.sentence}") from error
        except (NotValid, HouseError) as error:
            raise Fault(f"not saved: {error}") from error
        except Unpublished as error:
            raise NotYet(f"saved, but not in force until the disk takes it: {error}") from error

    def _take_back(self, told: House, one: Subscription) -> None:
        if self._has_steward():
            self._say("list_removed", one, _without(one))
            self._wait((), clock.now())
        else:
            self._update(told, ())

    def _has_steward(self) -> bool:
        try:
            self._ask({"ask": "status"})
        except bus.NotRunning:
            return False
        return True

    def _ask(self, request: dict[str, object]) -> dict[str, object]:
        try:
            return bus.ask(self._data, STEWARD, request)
        except bus.NotRunning:
            raise
        except bus.BusError as error:
            raise Fault(str(error)) from error

    def _update(self, house: House, ids: Collection[str]) -> None:
        """Fetch and build here. What is wrong with a list stands in its status then."""
        try:
            standing = keeper.update(self._data, house, self._config, ids)
        except OSError as error:
            raise Fault(f"{error.filename or self._data}: {error.strerror or error}") from error
        if standing.problem:
            raise Fault(standing.problem)

    def _wait(self, ids: Collection[str], since: float) -> None:
        """Wait until the steward has tried these lists since then, and made the file of all lists of the house."""
        until = clock.uptime() + DONE_S
        waiting, moved = set(ids), set[str]()
        while clock.uptime() < until:
            standing = load_standing(self._data)
            for id_ in tuple(waiting):
                status = standing.lists.get(id_, Status())
                if status.phase in _MOVING:
                    moved.add(id_)
                elif id_ in moved or (status.tried_at or 0.0) >= since:
                    waiting.remove(id_)
            if not waiting and self._is_made(standing):
                return
            if standing.problem and not waiting:
                raise NotYet(f"saved, but the file of all lists could not be made: {standing.problem}")
            clock.pause(POLL_S)
        raise NotYet("saved; the steward is still at it: kindgate list stats shows how far it is")

    def _is_made(self, standing: lists.Standing) -> bool:
        """Say whether the file of all lists is made of the house as it is, and what the house gave up is gone."""
        snapshot = load_snapshot(self._data).snapshot
        told = snapshot.house if snapshot else House()
        return standing.lists.keys() <= {one.id for one in told.lists} and making.is_made(self._data, told)


def _with(one: Subscription) -> Callable[[House], House]:
    """Return what adds a list to a house that doesn't have it."""

    def add(house: House) -> House:
        return house if one in house.lists else replace(house, lists=(*house.lists, one))

    return add


def _without(one: Subscription) -> Callable[[House], House]:
    """Return what takes a list out of a house."""

    def remove(house: House) -> House:
        return replace(house, lists=tuple(kept for kept in house.lists if kept.id != one.id))

    return remove
