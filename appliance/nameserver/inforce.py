"""A house as a worker runs it: compiled whole, with the rules, the lists and what is counted, before it is in force."""

from dataclasses import dataclass, field
from datetime import tzinfo

from appliance import wording
from appliance.core import policy
from appliance.core.answers import Answers
from appliance.core.asker import Registry
from appliance.core.budget import Minutes
from appliance.core.domainset import DomainSet
from appliance.core.guesses import Memory, Thresholds, moved
from appliance.core.house import House
from appliance.core.lists.listset import ListSet
from appliance.core.local import NOBODY, Around, Local
from appliance.core.query import Setting
from appliance.core.rulebook import Rulebook
from appliance.core.verdict import Reason
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
    routed: frozenset[str] = frozenset()
    """Domains that servers of their own are asked for."""
    around: Around = NOBODY
    """Who is near, by the kernel's table."""
    guessed: Memory | None = None
    """What the classifier said lately."""
    thresholds: Thresholds = field(default_factory=dict)
    """How sure it must be where no caregiver's answer says otherwise."""

    def make(self, snapshot: Snapshot | None, lists: ListSet | None, minutes: Minutes) -> InForce:
        """Return a house, or none, ready to be put in force. Raises UnknownZone."""
        house = snapshot.house if snapshot else House()
        zone = clock.zone(house.time_zone)
        compiled = policy.compile(
            house, self.rules, (self.bundled,), zone, minutes, lists, is_doubted=clock.is_doubted()
        )
        names = wording.Names.of(self.rules, house)

        def say(reason: Reason) -> str:
            return wording.sentence(reason, names, house.language)

        local = Local.of(house, self.routed, self.around)
        thresholds = moved(self.thresholds, house.classifier.steps)
        setting = Setting(compiled, self.answers, say, self.routed, local, self.guessed, thresholds)
        return InForce(snapshot, setting, Registry(house), zone)
