"""A person's day as a strip from 0 to 24 hours: what holds in each part, and what kind of time that is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum

from appliance.core.person import Person
from appliance.core.policy import Policy
from appliance.core.schedule import DAY_MINUTES, Routine, Schedule, Window, minutes
from appliance.core.subject import Subject, Word

DAY_NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
EVENING, MORNING = minutes("19:00"), minutes("10:00")
_NIGHTS = ("bed", "night", "sleep", "nacht", "schlaf", "bett")
_HOMEWORKS = ("homework", "study", "hausaufgaben", "lernen")
_SCHOOLS = ("school", "lesson", "class", "schule", "unterricht")


class Kind(Enum):
    """What kind of time a part of a day is; all else is free."""

    NIGHT = "night"
    SCHOOL = "school"
    HOMEWORK = "homework"
    FREE = "free"
    """Time that is free by plan: it may not count, or open more than usual."""
    PAUSE = "pause"
    """A caregiver's pause, and any other window: a meal, a walk."""
    OPEN = "open"
    """A caregiver opened what would be closed."""


LOOKS = {
    Kind.NIGHT: ("night", "moon-stars"),
    Kind.SCHOOL: ("school", "book"),
    Kind.HOMEWORK: ("school", "pencil"),
    Kind.FREE: ("free", "sun"),
    Kind.PAUSE: ("pause", "cup-hot"),
    Kind.OPEN: ("free", "unlock"),
}
"""The tone and the icon of a kind of time, wherever it is shown."""
ROUTINES = {
    Routine.BEDTIME: Kind.NIGHT,
    Routine.SCHOOL: Kind.SCHOOL,
    Routine.HOMEWORK: Kind.HOMEWORK,
    Routine.FREE: Kind.FREE,
}
"""What a caregiver said a routine is; other ones are known by their name and hours."""
_HATCHED = (Kind.SCHOOL, Kind.HOMEWORK)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a strip, in percent of its length."""

    kind: Kind
    left: float
    width: float
    words: str
    is_on: bool = False
    """The Internet is on in it, and only some of it is closed or opened."""
    window: Window | None = field(default=None, compare=False)
    """The window that it is a part of, None for what caregivers paused or opened."""

    @property
    def icon(self) -> str:
        """The icon of its kind."""
        return LOOKS[self.kind][1]

    @property
    def pattern(self) -> str:
        """What it is filled with: the name of one of the patterns in base.html, empty for a plain colour."""
        if self.kind is Kind.OPEN:
            return "hatch-open"
        if self.is_on and self.kind is not Kind.FREE:
            return f"thin-{LOOKS[self.kind][0]}"
        return "hatch-school" if self.kind in _HATCHED else ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it is drawn: its parts, those on top last; where now is, in percent, None on another day."""

    name: str
    parts: tuple[Part, ...]
    now: float | None
    words: str
    """The same for those who can't see it."""
    on: date = field(default=date.min, compare=False)
    """Its date."""


def today(policy: Policy, person: Person, at: float) -> Day:
    """Return the day of a person at a time (POSIX seconds), in the house's zone."""
    subject = policy.by_person[person.id]
    zone = zone_of(subject)
    return _day(subject, _date(zone, at), zone, at)


def week(policy: Policy, person: Person, at: float) -> tuple[Day, ...]:
    """Return the seven days, from Monday, of the week in which a time (POSIX seconds) is."""
    subject = policy.by_person[person.id]
    zone = zone_of(subject)
    date_ = _date(zone, at)
    monday = date_ - timedelta(days=date_.weekday())
    return tuple(_day(subject, monday + timedelta(days=number), zone, at) for number in range(7))


def kind_of(window: Window) -> Kind:
    """Return what kind of time a window is: as a caregiver said, else by its name, else by its hours."""
    said = ROUTINES.get(window.routine)
    if said is not None:
        return said
    name = window.name.casefold()
    if any(word in name for word in _NIGHTS):
        return Kind.NIGHT
    if any(word in name for word in _HOMEWORKS):
        return Kind.HOMEWORK
    if any(word in name for word in _SCHOOLS):
        return Kind.SCHOOL
    start, end = minutes(window.start), minutes(window.end)
    is_over_night = end <= start or end == DAY_MINUTES
    if not window.internet and ((is_over_night and start >= EVENING) or (start == 0 and end <= MORNING)):
        return Kind.NIGHT
    return Kind.PAUSE


@dataclass(frozen=True, slots=True)
class _Span:
    """Midnight to midnight (POSIX seconds) of a date."""

    date: date
    start: float
    end: float
    zone: tzinfo

    def part(self, kind: Kind, name: str, start: float, end: float, window: Window | None = None) -> Part:
        left, right = self.place(start), self.place(end)
        width, words = round(max(0.0, right - left), 2), f"{name} {self.hours(start, end)}"
        return Part(kind, left, width, words, window is not None and window.internet, window)

    def place(self, moment: float) -> float:
        """Return where the clock of that day stands at a moment, in percent of 24 hours."""
        if moment <= self.start:
            return 0.0
        if moment >= self.end:
            return 100.0
        local = datetime.fromtimestamp(moment, self.zone)
        return round((local.hour * 60 + local.minute + local.second / 60) / DAY_MINUTES * 100, 2)

    def hours(self, start: float, end: float) -> str:
        match start <= self.start, end >= self.end:
            case True, True:
                return "all day"
            case True, False:
                return f"until {self.clock(end)}"
            case False, True:
                return f"from {self.clock(start)}"
            case _:
                return f"{self.clock(start)} to {self.clock(end)}"

    def clock(self, moment: float) -> str:
        return f"{datetime.fromtimestamp(moment, self.zone):%H:%M}"


def _day(subject: Subject, date_: date, zone: tzinfo, at: float) -> Day:
    span = _Span(date_, _midnight(date_, zone), _midnight(date_ + timedelta(days=1), zone), zone)
    parts = [*_windows(subject.schedule, span), *_words(subject.words, span, at)]
    now = span.place(at) if span.start <= at < span.end else None
    told = [part.words for part in parts] or ["Free all day"]
    if now is not None:
        told.append(f"now {span.clock(at)}")
    # Where windows overlap, the one that switches the Internet off holds: it lies on top.
    drawn = sorted(parts, key=lambda part: part.window is None or not part.window.internet)
    return Day(DAY_NAMES[date_.weekday()], tuple(drawn), now, "; ".join(told), date_)


def _windows(schedule: Schedule, span: _Span) -> Iterator[Part]:
    for one in schedule.between(span.date - timedelta(days=2), span.date):
        if one.start < span.end and one.end > span.start:
            yield span.part(kind_of(one.window), one.window.name, max(one.start, span.start), one.end, one.window)


def _words(words: Iterable[Word], span: _Span, at: float) -> Iterator[Part]:
    """Yield what caregivers paused or opened and what isn't over; the latest word, which holds, on top."""
    for word in sorted(words, key=lambda word: word.said_at):
        is_all = word.about is None
        if is_all and word.until > at and word.said_at < span.end and word.until > span.start:
            kind, name = (Kind.PAUSE, "Paused") if word.is_pause else (Kind.OPEN, "Opened")
            yield span.part(kind, name, word.said_at, word.until)


def zone_of(subject: Subject) -> tzinfo:
    """Return the zone of a subject."""
    return subject.zone


def _date(zone: tzinfo, at: float) -> date:
    return datetime.fromtimestamp(at, zone).date()


def _midnight(date_: date, zone: tzinfo) -> float:
    return datetime(date_.year, date_.month, date_.day, tzinfo=zone).timestamp()
