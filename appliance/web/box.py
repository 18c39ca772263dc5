"""What pages look at and act on: the house, who may see what, the other daemons, the time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import msgspec
from flask import current_app

from appliance.core import policy
from appliance.core.asker import Registry
from appliance.core.budget import Minutes
from appliance.core.clocktrust import Doubt
from appliance.core.device import Device
from appliance.core.domainset import DomainSet
from appliance.core.guesses import moved
from appliance.core.house import EMPTY, House
from appliance.core.lists.listset import ListSet
from appliance.core.person import Person
from appliance.core.policy import Policy
from appliance.core.riskmodel import RiskModel, RiskModelError
from appliance.core.rulebook import Rulebook
from appliance.core.verdict import Reason
from appliance.core.visibility import Contract
from appliance.household import inforce
from appliance.household.changes import Household, Said
from appliance.household.inforce import NAMESERVER, InForce
from appliance.household.labels import Labels
from appliance.household.lists import set_file
from appliance.store.errors import StoreError
from appliance.store.requests import Answer, TakenBack
from appliance.world import bus, clock
from appliance.world.listfile import ListsWatch, map_set
from appliance.world.model import load_model_card
from appliance.world.neighbours import Neighbours
from appliance.world.snapshot import load_snapshot
from appliance.world.timekeeping import Timekeeper
from appliance.world.watch import MinutesWatch

SETTLE_S = 1.0
"""How long a page waits for a change to be in force before it says "taking effect"; mostly a tenth of it is enough."""
STEWARD = "steward"
ASK_S = 2.0


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who holds the device that asks for a page, as far as the box knows."""

    device: Device | None
    person: Person | None


class _Compiled(msgspec.Struct, frozen=True):
    house: House
    policy: Policy
    registry: Registry
    is_doubted: bool


class Box:
    """One data folder, as the pages of one process see it; thread-safe."""

    def __init__(self, data: Path, book: Rulebook, bundled: DomainSet, contract: Contract) -> None:
        self.data = data
        self._time = Timekeeper(data)
        self.book = book
        self.contract = contract
        self._bundled = bundled
        self._lock = threading.Lock()
        self._household: Household | None = None
        self._neighbours: Neighbours | None = None
        self._compiled: _Compiled | None = None
        self._counted = MinutesWatch(data)
        self._lists_file = ListsWatch(set_file(data))
        self._lists: ListSet | None = None
        self._card: tuple[RiskModel | None, str] | None = None

    def now(self) -> float:
        """Return the time in POSIX seconds, the best guess where nobody knows it."""
        self._time.tend()
        return clock.now()

    def doubt(self) -> Doubt | None:
        """Return what speaks against the clock, None where nothing does."""
        self._time.tend()
        return self._time.doubt

    @property
    def household(self) -> Household:
        """What is remembered, opened when it is first wanted and again after a failure. Raises StoreError."""
        with self._lock:
            if self._household is None:
                self._household = Household(self.data, self.book)
            return self._household

    def house(self) -> House:
        """Return the house as it was last saved; where that can't be read, as it was last published."""
        try:
            return self.household.current()
        except StoreError:
            snapshot = load_snapshot(self.data).snapshot
            return snapshot.house if snapshot else EMPTY

    def zone(self) -> tzinfo:
        """Return the house's time zone."""
        try:
            return clock.zone(self.house().time_zone)
        except clock.UnknownZone:
            return clock.zone("UTC")

    def local_time(self, at: float) -> datetime:
        """Return a moment by the house's clock."""
        return datetime.fromtimestamp(at, self.zone())

    def policy(self) -> Policy:
        """Return the house and the rules, compiled, with counted minutes: the same decisions as the nameserver's."""
        compiled = self._compile().policy
        minutes = self.minutes()
        return compiled if compiled.minutes == minutes else replace(compiled, minutes=minutes)

    def minutes(self) -> Minutes:
        """Return what the steward counted last."""
        with self._lock:
            self._counted.look()
            return self._counted.minutes

    def change(
        self,
        who: str,
        what: Reason,
        mutate: Callable[[House], House],
        *,
        base: int | None = None,
        answer: Answer | TakenBack | None = None,
    ) -> Said:
        """Change the house, and wait a moment for it to be in force; with `answer` a request is answered by that.

        Raises NotValid, HouseError, StoreError, Unpublished, and whatever `mutate` does.
        """
        said = self.household.say(who, what, mutate, self.now(), base=base, answer=answer)
        inforce.wait(self.data, said.snapshot, SETTLE_S)
        return said

    def in_force(self) -> InForce:
        """Return how all daemons stand to the house as it was published."""
        return inforce.look(self.data, load_snapshot(self.data).snapshot)

    def lists(self) -> ListSet | None:
        """Return the lists of the house as they are built, None where there are none."""
        with self._lock:
            if self._lists_file.look():
                handle = self._lists_file.handle
                self._lists = None if handle is None else map_set(handle)[1]
            return self._lists

    def lists_in_force(self, digest: str) -> bool:
        """Say whether every worker of the nameserver runs the file of all lists of this digest."""
        return inforce.look_at_lists(self.data, digest).standing is inforce.Standing.RUNS

    def card(self) -> tuple[RiskModel | None, str]:
        """Return what is said of the classifier's model; None with what is wrong, where that can't be read."""
        if self._card is None:
            try:
                self._card = load_model_card(), ""
            except RiskModelError as error:
                self._card = None, str(error)
        return self._card

    def labels(self) -> Labels:
        """Return what the classifier is asked by for one page: how sure it must be is as the house has it."""
        card, _ = self.card()
        return Labels(self.data, moved(card.by_category, self.house().classifier.steps) if card else {})

    def ask_steward(self, ask: str, **what: object) -> dict[str, Any] | None:
        """Return the steward's answer, None where it can't be reached or refuses."""
        try:
            return bus.ask(self.data, STEWARD, {"ask": ask, **what}, ASK_S)
        except bus.BusError:
            return None

    def sight(self, token: str) -> dict[str, Any] | None:
        """Return as what the nameserver saw a question with this token, empty if not at all; None: it can't tell."""
        try:
            told = bus.ask(self.data, NAMESERVER, {"ask": "sight", "token": token}, ASK_S).get("sight")
        except bus.BusError:
            return None
        return told if isinstance(told, dict) else {}

    def visitor(self, address: str) -> Visitor:
        """Return whose device is behind the address that a request came from."""
        compiled = self._compile()
        asker = compiled.registry.identify(address, (), self.mac)
        device = next((one for one in compiled.house.devices if one.id == asker.device), None)
        person = next((one for one in compiled.house.persons if device and one.id == device.person), None)
        return Visitor(device, person)

    def key_of(self, address: str) -> str:
        """Return by what a device is known that nobody named: its MAC where that is seen, else its address."""
        return self.mac(address) or address

    def close(self) -> None:
        """Close what is remembered."""
        with self._lock:
            if self._household is not None:
                self._household.close()
                self._household = None
            if self._neighbours is not None:
                self._neighbours.close()
                self._neighbours = None
            self._lists_file.close()

    def mac(self, address: str) -> str | None:
        """Return the MAC behind an address, None where the kernel knows none."""
        with self._lock:
            return self._near().mac(address)

    def addresses(self, mac: str) -> tuple[str, ...]:
        """Return the addresses at which a MAC is seen."""
        with self._lock:
            return self._near().addresses(mac)

    def _near(self) -> Neighbours:
        if self._neighbours is None:
            self._neighbours = Neighbours()
        self._neighbours.refresh()
        return self._neighbours

    def _compile(self) -> _Compiled:
        house, lists, is_doubted = self.house(), self.lists(), self.doubt() is not None
        compiled = self._compiled
        if (
            compiled is None
            or compiled.house != house
            or compiled.policy.lists is not lists
            or compiled.is_doubted != is_doubted
        ):
            made = policy.compile(house, self.book, (self._bundled,), self.zone(), lists=lists, is_doubted=is_doubted)
            compiled = self._compiled = _Compiled(house, made, Registry(house), is_doubted)
        return compiled


def box() -> Box:
    """Return the box of the running app."""
    found: Box = current_app.extensions["kindgate.box"]
    return found
