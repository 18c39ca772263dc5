"""What caregivers say for a while, each of which ends by itself: pauses, grants, and what two of them lift together."""

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec.structs import force_setattr

from appliance.core import names
from appliance.core.budget import MAX_MINUTES
from appliance.core.said import EVERYTHING, Id, Moment, Said, Text, is_thing

ALONE = timedelta(hours=24)
"""So long what one caregiver lifts alone is announced before it is open."""

BonusMinutes = Annotated[int, msgspec.Meta(ge=-MAX_MINUTES, le=MAX_MINUTES)]


class Pause(Said, frozen=True):
    """The Internet is off for a person, a device or (with neither) the house, until it ends by itself."""

    said_at: Moment
    until: Moment
    person: Id | None = None
    device: Id | None = None

    def __post_init__(self) -> None:
        """Want one target: a device is paused by itself, not a person's device."""
        if self.person is not None and self.device is not None:
            raise ValueError("a pause is for a person or for a device, not both")


class Grant(Said, frozen=True):
    """For a person until it ends by itself: a pass for one thing, time, minutes, or (with none of these) everything."""

    person: Id
    said_at: Moment
    until: Moment
    name: str | None = None
    service: Id | None = None
    group: Id | None = None
    category: Id | None = None
    time: bool = False
    """Extra time: windows, spent budgets and pauses said before don't hold; what is closed stays closed."""
    grace: bool = False
    """It is extra time that the child took: the one grace of an evening."""
    minutes: BonusMinutes | None = None
    """A bonus, or (below 0) what is taken away, of the budget `budget`."""
    budget: str = EVERYTHING

    def __post_init__(self) -> None:
        """Bring the name to normal form; a grant is for one thing."""
        if self.name is not None:
            force_setattr(self, "name", names.normalise(self.name))
        given = (self.name, self.service, self.group, self.category, self.minutes)
        if sum(one is not None for one in given) + self.time > 1:
            raise ValueError("a grant is for a name, service, group, category, time or minutes: one of them")
        if self.grace and not self.time:
            raise ValueError("grace is time")
        if not is_thing(self.budget):
            raise ValueError(f"{self.budget!r} is not everything, service:ID, group:ID or category:ID")
        if self.minutes is None and self.budget != EVERYTHING:
            raise ValueError("a grant for a budget needs minutes")
        if self.minutes == 0:
            raise ValueError("no minutes are no grant")


class Lifted(Said, frozen=True):
    """A hard block that is open: a category for one child, or a name (malware, by an owner) for the whole house."""

    said_at: Moment
    begins: Moment
    until: Moment | None = None
    """None: until a caregiver takes it back."""
    person: Id | None = None
    category: Id | None = None
    name: str | None = None
    by: tuple[Text, ...] = ()
    """Who lifted it: two caregivers, or one, and then it is announced for a day before it is open."""

    def __post_init__(self) -> None:
        """Bring the name to normal form; want the two, or the day."""
        if self.name is not None:
            force_setattr(self, "name", names.normalise(self.name))
        if (self.name is None) == (self.category is None) or (self.category is None) != (self.person is None):
            raise ValueError("what is lifted is a category for a person, or a name for the house")
        if not self.by or len(self.by) > 2 or len(set(self.by)) < len(self.by):
            raise ValueError("by names one caregiver or two")
        if self.category is not None and len(self.by) == 1 and self.begins - self.said_at < ALONE:
            raise ValueError("what one caregiver lifts alone is announced for 24 hours before it begins")
        if self.begins < self.said_at:
            raise ValueError("it begins before it was said")
        if self.until is not None and self.until <= self.begins:
            raise ValueError("it ends before it begins")
