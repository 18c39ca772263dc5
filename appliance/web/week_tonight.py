"""Tonight: which bedtime is meant, and what makes it begin at another time, just this once."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from msgspec.structs import replace

from appliance.core import budget
from appliance.core.schedule import DAY_MINUTES, EVERY_DAY, DateException, Opening, Schedule, Window, minutes
from appliance.web import drawing
from appliance.web.drawing import Kind
from appliance.web.week_edits import TONIGHT

MINUTE_S = 60


class NotTonight(ValueError):
    """Bedtime can't begin then."""


@dataclass(frozen=True, slots=True)
class Tonight:
    """The bedtime of an evening: the date of that evening, when it begins there and when it ends."""

    evening: date
    opening: Opening
    begins: int
    """Minutes since midnight of the evening's date, 1440 and more being the next day's."""
    ends: int
    since: int
    """The same of now: before this nothing can begin any more."""

    @property
    def clock(self) -> str:
        """When it begins, as the clock shows it."""
        return clock_of(self.begins)

    @property
    def is_running(self) -> bool:
        """Say whether it has begun."""
        return self.begins < self.since

    def later(self, by: int) -> int:
        """Return when it begins if that is so many minutes later, or so many from now where it runs already."""
        return max(self.begins, self.since) + by

    def at(self, clock: str) -> int:
        """Return a time of day as minutes of this evening: before noon is the morning after. Raises NotTonight."""
        try:
            found = minutes(clock)
        except ValueError as error:
            raise NotTonight("This is not a time of day, like 21:30.") from error
        return found + DAY_MINUTES if found < DAY_MINUTES // 2 else found

    def moved(self, begins: int) -> tuple[DateException, ...]:
        """Return what makes it begin at a time, just this once. Raises NotTonight.

        A window starts on a date: one that begins after midnight is said of the next date, and of this one that
        nothing starts on it.
        """
        if begins < self.since:
            raise NotTonight(f"{clock_of(begins)} is over already.")
        if begins >= self.ends:
            raise NotTonight(f"It ends at {clock_of(self.ends)}: it can't begin at {clock_of(begins)}.")
        window = self.opening.window
        of = {"start": clock_of(begins), "end": clock_of(self.ends), "days": EVERY_DAY}
        moved = replace(window, **of)
        left = (window.name,)
        if begins < DAY_MINUTES:
            return (_one(self.evening, left, moved),)
        return _one(self.evening, left), _one(self.evening + timedelta(days=1), (), moved)


def find(schedule: Schedule, zone: tzinfo, day_starts: str, at: float) -> Tonight | None:
    """Return the bedtime that runs or comes before the next day of the house starts, None where there is none.

    `day_starts` (``HH:MM``) parts one evening from the next: at one at night it is still that of yesterday's date.
    """
    evening = budget.day_of(at, zone, day_starts)
    first, last = budget.start_of(evening, zone, day_starts), budget.end_of(evening, zone, day_starts)
    for one in schedule.between(evening, evening + timedelta(days=1)):
        is_night = drawing.kind_of(one.window) is Kind.NIGHT and not one.window.internet
        if is_night and first <= one.start < last and one.end > at:
            midnight = datetime(evening.year, evening.month, evening.day)
            begins = _minutes(one.start, zone, midnight)
            now = -int(-_wall(at, zone, midnight) // MINUTE_S)
            return Tonight(evening, one, begins, _minutes(one.end, zone, midnight), now)
    return None


def clock_of(minute: int) -> str:
    """Return minutes since a midnight as the clock shows them."""
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _one(day: date, left: tuple[str, ...], *windows: Window) -> DateException:
    return DateException(name=TONIGHT, first=day, last=day, instead_of=left, windows=windows)


def _minutes(moment: float, zone: tzinfo, midnight: datetime) -> int:
    return int(_wall(moment, zone, midnight) // MINUTE_S)


def _wall(moment: float, zone: tzinfo, midnight: datetime) -> float:
    """Return the seconds that the clock on the wall shows since a midnight."""
    return (datetime.fromtimestamp(moment, zone).replace(tzinfo=None) - midnight).total_seconds()
