"""What a daemon decides by: the house, its lists, the counted minutes and the time, followed and compiled."""

import zlib
from collections.abc import Mapping
from pathlib import Path

from appliance.core import policy
from appliance.core.asker import Registry
from appliance.core.device import Device
from appliance.core.flowrules import FlowRules
from appliance.core.house import EMPTY, House, HouseError
from appliance.core.lists.listset import ListSet, ListSetError
from appliance.core.policy import Policy
from appliance.core.rulebook import Rulebook
from appliance.household import lists
from appliance.world import clock, rules
from appliance.world.listfile import ListsWatch, map_set
from appliance.world.snapshot import Snapshot
from appliance.world.timekeeping import Timekeeper
from appliance.world.watch import HouseWatch, MinutesWatch


class Orders:
    """Compiled when `look` finds something else; what can't be compiled is said, and what was before stays."""

    def __init__(self, data: Path, rulebook: Rulebook, flow_rules: FlowRules) -> None:
        self.rulebook = rulebook
        self.flow_rules = flow_rules
        self._bundled = rules.bundled_set(rulebook)
        # Before anything else: all that follows is at some time.
        self._time = Timekeeper(data)
        self._house = HouseWatch(data)
        self._minutes = MinutesWatch(data)
        self._lists = ListsWatch(lists.set_file(data))
        self._mapped: ListSet | None = None
        self._snapshot: Snapshot | None = None
        self._failed: str | None = None
        self._is_doubted = clock.is_doubted()
        self.policy: Policy
        self.registry: Registry
        self.devices: Mapping[str, Device]
        self.state = 0
        """What tells two orders apart, the same in every process that follows the same."""
        self._look_at_all()
        self._compile(EMPTY)
        self._take()

    @property
    def house(self) -> House:
        """The house in force."""
        return self.policy.house

    @property
    def revision(self) -> int:
        """The number of the house in force, 0 without one."""
        return self._snapshot.revision if self._snapshot else 0

    @property
    def digest(self) -> str:
        """What tells two houses of one number apart, empty without one."""
        return self._snapshot.digest if self._snapshot else ""

    @property
    def problem(self) -> str | None:
        """Why not all of it is as it was told, in words."""
        return self._failed or self._house.problem or self._lists.problem

    def look(self) -> bool:
        """Follow what changed; say whether it is decided by something else now."""
        before = self.state
        if self._look_at_all():
            self._take()
        return self.state != before

    def close(self) -> None:
        """Let go of the file of lists."""
        self._lists.close()

    def _look_at_all(self) -> bool:
        self._time.tend()
        was_doubted, self._is_doubted = self._is_doubted, clock.is_doubted()
        is_other = [self._house.look(), self._minutes.look(), self._look_at_lists(), was_doubted != self._is_doubted]
        return any(is_other)

    def _look_at_lists(self) -> bool:
        if not self._lists.look():
            return False
        try:
            self._mapped = map_set(self._lists.handle)[1] if self._lists.handle is not None else None
        except (OSError, ListSetError):
            return False
        return True

    def _take(self) -> None:
        snapshot = self._house.snapshot
        try:
            self._compile(snapshot.house if snapshot else EMPTY)
        except (HouseError, clock.UnknownZone) as error:
            self._failed = str(error)
            return
        self._snapshot, self._failed = snapshot, None

    def _compile(self, house: House) -> None:
        self.policy = policy.compile(
            house,
            self.rulebook,
            (self._bundled,),
            clock.zone(house.time_zone),
            self._minutes.minutes,
            self._mapped,
            is_doubted=self._is_doubted,
        )
        self.registry = Registry(house)
        self.devices = {device.id: device for device in house.devices}
        digest = self._house.digest if self._house.snapshot else ""
        told = (digest, self._lists.digest, repr(self._minutes.minutes), self._is_doubted)
        self.state = zlib.crc32(repr(told).encode())
