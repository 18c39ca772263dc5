"""A house as a worker runs it: compiled whole, with the rules, the lists and what is counted, before it is in force."""

from dataclasses import dataclass
from datetime import tzinfo

from appliance import wording
from appliance.core import policy
from appliance.core.answers import Answers
from appliance.core.asker import Registry
from appliance.core.budget import Minutes
from appliance.core.domainset import DomainSet
from appliance.core.house import House
from appliance.core.lists.listset import ListSet
from appliance.core.query import Setting
from appliance.core.rulebook import Rulebook
from appliance.world import clock
from appliance.world.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class InForce:
    """A house as this worker runs it; without a snapshot it is a box without one."""

    snapshot: Snapshot | None
    setting: Setting
    registry: Registry
    zone: tzinfo

    @property
    def revision(self) -> int:
        """The number of the house, 0 without one."""
        return self.snapshot.revision if self.snapshot else 0

    @property
    def digest(self) -> str:
        """What tells two houses of one number apart, empty without one."""
        return self.snapshot.digest if self.snapshot else ""

    @property
    def lists(self) -> ListSet | None:
        """The lists that it runs with."""
        return self.setting.policy.lists


@dataclass(frozen=True, slots=True)
class Maker:
    """What every house is compiled with for as long as the worker runs."""

    rules: Rulebook
    bundled: DomainSet
    answers: Answers

    def make(self, snapshot: Snapshot | None, lists: ListSet | None, minutes: Minutes) -> InForce:
        """Return a house, or none, ready to be put in force. Raises UnknownZone."""
        house = snapshot.house if snapshot else House()
        zone = clock.zone(house.time_zone)
        compiled = policy.compile(house, self.rules, (self.bundled,), zone, minutes, lists)
        names = wording.Names.of(self.rules, house)
        setting = Setting(compiled, self.answers, lambda reason: wording.sentence(reason, names, house.language))
        return InForce(snapshot, setting, Registry(house), zone)
