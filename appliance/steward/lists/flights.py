"""A list on its way: as it stood before, what came of it, and how it stands by that."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from appliance.core.subscription import Subscription
from appliance.household.lists import Phase, Status
from appliance.steward.lists import making, timing
from appliance.steward.lists.errand import Brought
from appliance.steward.lists.limits import NotTaken
from appliance.steward.lists.making import Fresh


@dataclass(slots=True)
class Flight:
    """A list that is being fetched, or was and isn't built yet. While this lasts, nobody else fetches it."""

    one: Subscription
    before: Status
    at: float
    """When it began (POSIX seconds)."""
    held: contextlib.ExitStack
    """The right to fetch it."""
    came: Brought | NotTaken | None = None
    """None where there is nothing newer."""
    landed_at: float = 0.0
    """By the uptime."""

    def good(self, chance: timing.Chance) -> Status:
        """Return how it stands if it is now as it is at its source."""
        return replace(
            self.before, phase=settled(self.before), problem="", failures=0, tried=self.one.url or "",
            tried_at=self.at, fetched_at=self.at, next_at=timing.next_at(self.at, 0, chance),
        )  # fmt: skip

    def bad(self, chance: timing.Chance) -> Status:
        """Return how it stands if it isn't, but for why."""
        failures = self.before.failures + 1
        return replace(
            self.before, phase=settled(self.before), failures=failures, tried=self.one.url or "",
            tried_at=self.at, next_at=timing.next_at(self.at, failures, chance),
        )  # fmt: skip

    def fresh(self, chance: timing.Chance) -> Fresh:
        """Return what came, for a build."""
        assert isinstance(self.came, Brought)  # noqa: S101 -- only such wait for a build
        taken, marks = self.came.taken, self.came.marks
        good = replace(
            self.good(chance), changed_at=self.at, source=self.one.url or "", octets=taken.octets,
            digest=taken.digest, etag=marks.etag, last_modified=marks.last_modified,
        )  # fmt: skip
        return Fresh(self.came.path, good, self.bad(chance))

    def drop(self) -> None:
        """Let go of it, and of what came and was not taken."""
        if isinstance(self.came, Brought):
            self.came.path.unlink(missing_ok=True)
        self.held.close()


def brought(path: Path, before: Status, at: float) -> Fresh:
    """Return, for a build, a list that was copied in at a time. Raises OSError."""
    bad = replace(before, phase=settled(before), tried_at=at)
    good = replace(
        bad, problem="", failures=0, source="", octets=making.text_octets(path), fetched_at=at, changed_at=at,
        next_at=None,
    )  # fmt: skip
    return Fresh(path, good, bad)


def settled(status: Status) -> Phase:
    """Return how far a list has come that nobody is at."""
    return Phase.WAITING if status.report is None else Phase.READY
