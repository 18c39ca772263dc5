"""Windows in every time zone there is, against an oracle that knows no rule of clocks and looks at one every minute."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import example, given
from hypothesis import strategies as st

from appliance.core.schedule import EVERY_DAY, DateException, Day, Schedule, Window, minutes

ZONES = sorted(available_timezones())
HOUR_S, DAY_S, WEEK_S = 3600, 86_400, 7 * 86_400
FIRST, LAST = 100_000_000, 2_145_916_800
"""The years 1973, from when on all clocks differ by whole minutes, to 2037."""
NAMES = ("One", "Two", "Three")


def wall(at: float, zone: ZoneInfo) -> datetime:
    """Return what the clock shows."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


@cache
def jumps(zone: str) -> tuple[int, ...]:
    """Return the moments at which the clock of a zone is set, but for those within a week of another."""
    tz = ZoneInfo(zone)
    found = []
    old, before = datetime.fromtimestamp(FIRST, tz).utcoffset(), FIRST
    for at in range(FIRST, LAST, WEEK_S):
        new = datetime.fromtimestamp(at, tz).utcoffset()
        if new != old:
            low, high = before, at
            while high - low > 1:
                middle = (low + high) // 2
                same = datetime.fromtimestamp(middle, tz).utcoffset() == old
                low, high = (middle, high) if same else (low, middle)
            found.append(high)
        old, before = new, at
    return tuple(found)


class Clock:
    """What the clock of a zone shows in each minute of some days."""

    def __init__(self, zone: ZoneInfo, first: int, last: int) -> None:
        self.moments = range(first - first % 60, last, 60)
        self.shown = [wall(at, zone) for at in self.moments]
        self.first: dict[datetime, int] = {}
        self.last: dict[datetime, int] = {}
        for at, shown in zip(self.moments, self.shown, strict=True):
            self.first.setdefault(shown, at)
            self.last[shown] = at

    def moment(self, day: date, minute: int, *, is_last: bool) -> int:
        """Return when the clock shows a minute of a day for the first or the last time, or jumps over it."""
        wanted = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
        if wanted in self.first:
            return (self.last if is_last else self.first)[wanted]
        (jump,) = [
            at
            for at, before, after in zip(self.moments[1:], self.shown, self.shown[1:], strict=False)
            if before < wanted < after
        ]
        return jump

    def openings(
        self, windows: Iterable[Window], exceptions: Iterable[DateException], day: date
    ) -> list[tuple[str, int, int]]:
        """Return what starts on a date: name, start and end."""
        weekday = EVERY_DAY[day.weekday()]
        today = [one for one in windows if weekday in one.days]
        for exception in exceptions:
            if exception.first <= day <= exception.last:
                gone = exception.instead_of
                today = [one for one in today if gone is not None and one.name not in gone]
                today.extend(one for one in exception.windows if weekday in one.days)
        found = []
        for one in today:
            start, end = minutes(one.start), minutes(one.end)
            end += 1440 if end <= start else 0
            opens, ends = self.moment(day, start, is_last=False), self.moment(day, end, is_last=True)
            if opens < ends:
                found.append((one.name, opens, ends))
        return found


def agree(
    zone: str, windows: list[Window], exceptions: list[DateException], about: int, moments: Iterable[float]
) -> None:
    """Hold a schedule against the oracle at some moments around one."""
    tz = ZoneInfo(zone)
    near = [wall(about, tz).date() + timedelta(days=number) for number in range(-4, 4)]
    clock = Clock(tz, about - 6 * DAY_S, about + 6 * DAY_S)
    openings = [one for day in near for one in clock.openings(windows, exceptions, day)]
    edges = sorted({moment for _, start, end in openings for moment in (start, end)})
    asked = Schedule(windows, exceptions, tz)
    for at in moments:
        expected = sorted(one for one in openings if one[1] <= at < one[2])
        found = asked.open_at(at)
        assert sorted((one.window.name, one.start, one.end) for one in found) == expected, (zone, at)
        assert [one.end for one in found] == sorted((one[2] for one in expected), reverse=True)
        place = bisect_left(edges, at + 0.001)
        change = asked.next_change(at)
        if place < len(edges) and edges[place] < about + 2 * DAY_S:
            assert change == edges[place], (zone, at)
        else:
            # The oracle doesn't look so far.
            assert change is None or change > at
            assert change is None or change >= about + 2 * DAY_S


CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda pair: f"{pair[0]:02}:{pair[1]:02}")
NEAR_NIGHT = st.tuples(st.sampled_from((0, 1, 2, 3, 23)), st.sampled_from((0, 1, 15, 30, 45, 59))).map(
    lambda pair: f"{pair[0]:02}:{pair[1]:02}"
)
WINDOWS = st.builds(
    Window,
    name=st.sampled_from(NAMES),
    start=CLOCKS | NEAR_NIGHT,
    end=CLOCKS | NEAR_NIGHT | st.just("24:00"),
    days=st.just(EVERY_DAY) | st.sets(st.sampled_from(Day), min_size=1).map(tuple),
)


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, int]:
    """Return a zone and a moment, mostly close to one at which its clock is set."""
    zone = draw(st.sampled_from(ZONES))
    anywhere = draw(st.integers(FIRST, LAST))
    if not jumps(zone) or draw(st.integers(0, 4)) == 0:
        return zone, anywhere
    return zone, draw(st.sampled_from(jumps(zone))) + draw(st.integers(-30 * HOUR_S, 30 * HOUR_S))


@st.composite
def exceptions_near(draw: st.DrawFn, zone: str, at: int) -> list[DateException]:
    """Return exceptions around a moment."""
    today = wall(at, ZoneInfo(zone)).date()
    found = []
    for _ in range(draw(st.integers(0, 3))):
        first = max(today + timedelta(days=draw(st.integers(-3, 2))), date(2000, 1, 1))
        found.append(
            DateException(
                name="Other",
                first=first,
                last=first + timedelta(days=draw(st.integers(0, 3))),
                instead_of=draw(st.none() | st.sets(st.sampled_from(NAMES)).map(tuple)),
                windows=tuple(draw(st.lists(WINDOWS, max_size=2))),
            )
        )
    return found


@given(data=st.data(), where=moments(), windows=st.lists(WINDOWS, max_size=4))
def test_a_schedule_agrees_with_one_that_looks_at_the_clock(
    data: st.DataObject, where: tuple[str, int], windows: list[Window]
) -> None:
    """What is open, in which order, and the next change: at every half hour of two days and to the second."""
    zone, about = where
    exceptions = data.draw(exceptions_near(zone, about))
    near = [about + number * 1800 for number in range(-48, 49)]
    agree(zone, windows, exceptions, about, [*near, about - 1, about + 0.5])


def largest() -> list[tuple[str, int, timedelta]]:
    """Return each zone with its furthest jumps forth and back, where no other's clock does so at the same hour."""
    found = {}
    for zone in ZONES:
        tz = ZoneInfo(zone)
        sizes = {at: wall(at, tz) - wall(at - 1, tz) - timedelta(seconds=1) for at in jumps(zone)}
        for at in {pick(sizes, key=sizes.__getitem__) for pick in (min, max) if sizes}:
            found[wall(at, tz).time(), sizes[at]] = (zone, at, sizes[at])
    return list(found.values())


def test_every_zone_at_its_largest_jumps() -> None:
    """Where its clock was set furthest forth and back: windows that end, begin and lie in the jump."""
    for zone, jump, size in largest():
        edge = wall(jump - 1, ZoneInfo(zone)) + timedelta(seconds=1)
        shown = [f"{one:%H:%M}" for one in (edge - timedelta(hours=1), edge + size / 2, edge, edge + size)]
        windows = [Window(name=f"{start} {end}", start=start, end=end) for start in shown for end in shown]
        near = [jump + seconds for seconds in range(-26 * HOUR_S, 26 * HOUR_S, 3500)]
        agree(zone, windows, [], jump, [*near, jump - 1, jump, jump + 1])


def test_the_zones_have_what_is_looked_for() -> None:
    """There are jumps over midnight, of half an hour, of two hours and of a day among them."""
    sizes = {
        (zone, wall(at, ZoneInfo(zone)) - wall(at - 1, ZoneInfo(zone)) - timedelta(seconds=1))
        for zone in ("Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Apia", "Africa/Cairo")
        for at in jumps(zone)
    }
    for zone, size in [
        ("Australia/Lord_Howe", timedelta(minutes=30)),
        ("Australia/Lord_Howe", timedelta(minutes=-30)),
        ("Antarctica/Troll", timedelta(hours=2)),
        ("Antarctica/Troll", timedelta(hours=-2)),
        ("Pacific/Apia", timedelta(days=1)),
        ("Africa/Cairo", timedelta(hours=1)),
    ]:
        assert (zone, size) in sizes


@given(where=moments(), windows=st.lists(WINDOWS, min_size=1, max_size=4))
@example(where=("Pacific/Apia", 1_325_239_200), windows=[Window(name="One", start="21:00", end="06:30")])
def test_from_change_to_change(where: tuple[str, int], windows: list[Window]) -> None:
    """Each change is later than the last, in between nothing differs, and a year's are as many as its days need."""
    zone, at = where
    asked = Schedule(windows, (), ZoneInfo(zone))
    moment = float(at)
    for _ in range(20):
        change = asked.next_change(moment)
        assert change is not None
        assert moment < change <= moment + 8 * DAY_S + 2 * HOUR_S + DAY_S
        fresh = Schedule(windows, (), ZoneInfo(zone))
        assert fresh.open_at(change - 0.001) == asked.open_at(moment)
        moment = change


def test_the_years_that_are_looked_at() -> None:
    """The oracle's minutes are whole ones from its first year on."""
    assert datetime.fromtimestamp(FIRST, UTC).year == 1973
    for zone in ZONES:
        offset = datetime.fromtimestamp(FIRST, ZoneInfo(zone)).utcoffset()
        assert offset is not None
        assert offset.total_seconds() % 60 == 0, zone
