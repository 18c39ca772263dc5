"""`kindgate week PERSON`: a child's times and minutes, as a family would write them down; works without a daemon."""

import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

import click
import msgspec

from appliance.commands.options import Fault, bundled_rules, child_of, configured, data_folder, moment_of, with_place
from appliance.core.budget import Budget
from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.said import EVERYTHING, Things
from appliance.core.schedule import EVERY_DAY, DateException, Opening, Schedule, Window
from appliance.wording import Names
from appliance.world import clock
from appliance.world.snapshot import load_snapshot
from appliance.world.timekeeping import Timekeeper

DAYS = 7
AHEAD_DAYS = 14
"""So far ahead exceptions are told."""


@click.command()
@click.argument("person")
@click.option("--at", metavar="ISO", help="From a time on, 2026-11-22T21:00 or with an offset. Default: now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_place
def week(person: str, at: str | None, as_json: bool, data: Path | None, config: Path | None) -> None:
    """Print the times and minutes of PERSON (id or name) for seven days, by the house's clock."""
    where = data_folder(data, configured(config))
    Timekeeper(where)
    loaded = load_snapshot(where)
    if loaded.problem:
        click.echo(f"Warning: {loaded.problem}", err=True)
    told = loaded.snapshot.house if loaded.snapshot else House()
    try:
        zone = clock.zone(told.time_zone)
    except clock.UnknownZone as error:
        raise Fault(str(error)) from error
    child = child_of(told, person, "adults have no windows and no minutes")
    moment = moment_of(at, zone)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(_plain(child, zone, moment))) + b"\n")
    else:
        for line in _lines(child, Names.of(bundled_rules(), told), zone, moment):
            click.echo(line)


def _days(child: Person, zone: tzinfo, at: float) -> list[tuple[date, list[Opening]]]:
    """Return seven days from that of a moment on, each with what starts on it."""
    schedule = Schedule(child.windows, child.exceptions, zone)
    today = datetime.fromtimestamp(at, zone).date()
    days = [today + timedelta(days=number) for number in range(DAYS)]
    return [(day, schedule.between(day, day)) for day in days]


def _coming(child: Person, zone: tzinfo, at: float) -> list[DateException]:
    """Return the exceptions of the next two weeks, the first first."""
    today = datetime.fromtimestamp(at, zone).date()
    last = today + timedelta(days=AHEAD_DAYS - 1)
    return sorted(
        (one for one in child.exceptions if one.last >= today and one.first <= last), key=lambda one: one.first
    )


def _plain(child: Person, zone: tzinfo, at: float) -> dict[str, object]:
    schedule = Schedule(child.windows, child.exceptions, zone)
    change = schedule.next_change(at)
    return {
        "person": child.id,
        "at": clock.iso(at, zone),
        "open": [_opening(one, zone) for one in schedule.open_at(at)],
        "next_change": None if change is None else clock.iso(change, zone),
        "days": [
            {
                "date": day.isoformat(),
                "weekday": EVERY_DAY[day.weekday()].value,
                "windows": [_opening(one, zone) for one in openings],
                "minutes": {one.what: minutes for one in child.budgets if (minutes := one.of_day(day)) is not None},
            }
            for day, openings in _days(child, zone, at)
        ],
        "exceptions": msgspec.to_builtins(_coming(child, zone, at)),
        "budgets": msgspec.to_builtins(child.budgets),
        "grace_minutes": child.grace_minutes,
    }


def _opening(one: Opening, zone: tzinfo) -> dict[str, object]:
    times = {"start": clock.iso(one.start, zone), "end": clock.iso(one.end, zone)}
    plain: dict[str, object] = msgspec.to_builtins(one.window)
    return {key: plain[key] for key in plain if key != "days"} | times


def _lines(child: Person, names: Names, zone: tzinfo, at: float) -> Iterator[str]:
    yield f"{child.name}, {child.band}"
    yield f"  Now: {_now(child, zone, at)}"
    for day, openings in _days(child, zone, at):
        rows = [f"{_clock(one.start, zone)}-{_clock(one.end, zone)}  {_told(one.window, names)}" for one in openings]
        for number, row in enumerate(rows or ["no window"]):
            yield f"{_date(day) if number == 0 else '':<14}  {row}"
    coming = _coming(child, zone, at)
    if coming:
        yield "Other times"
    for one in coming:
        yield f"  {_range(one)}  {one.name}: {_exception(one, names)}"
    if child.budgets:
        yield "Minutes"
    for budget in child.budgets:
        yield f"  {_budget(budget, names)}"
    if child.grace_minutes:
        yield f"To finish, once an evening: {child.grace_minutes} min"


def _now(child: Person, zone: tzinfo, at: float) -> str:
    """Return what is open, or what opens next."""
    schedule = Schedule(child.windows, child.exceptions, zone)
    openings = schedule.open_at(at)
    if openings:
        return ", ".join(f"{one.window.name} until {_moment(one.end, zone)}" for one in openings)
    change = schedule.next_change(at)
    if change is None:
        return "no window"
    return f"no window; {schedule.open_at(change)[0].window.name} from {_moment(change, zone)}"


def _told(window: Window, names: Names) -> str:
    """Return what a window is called and what it does."""
    block, allow = _things(window.block, names), _things(window.allow, names)
    does = [] if window.internet else [f"Internet off but for {allow}" if allow else "Internet off"]
    if window.internet:
        closed = [f"slow: {block or 'all'}"] if window.slow else [f"no {block}"] if block else []
        does = [*closed, *([f"open: {allow}"] if allow else [])] or ["Internet on"]
    if window.safe_search:
        does.append("strictest search")
    if window.uncounted:
        does.append("not counted")
    return f"{window.name}: {'; '.join(does)}"


def _exception(one: DateException, names: Names) -> str:
    if one.instead_of is None:
        without = "none of the usual windows"
    else:
        without = f"without {', '.join(one.instead_of)}" if one.instead_of else "the usual windows"
    windows = [f"{window.start}-{window.end}{_weekdays(window)} {_told(window, names)}" for window in one.windows]
    return " + ".join([without, *windows])


def _weekdays(window: Window) -> str:
    return "" if window.days == EVERY_DAY else f" ({', '.join(day.value.title() for day in window.days)})"


def _budget(budget: Budget, names: Names) -> str:
    """Return a budget with its minutes, weekdays of the same minutes together."""
    of_days: dict[int | None, list[str]] = {}
    for day in EVERY_DAY:
        of_days.setdefault(budget.days.get(day, budget.minutes), []).append(day.value.title())
    parts = [
        f"{minutes} min {'a day' if len(days) == len(EVERY_DAY) else ', '.join(days)}"
        for minutes, days in of_days.items()
        if minutes is not None
    ]
    if budget.week is not None:
        parts.append(f"{budget.week} min a week")
    if budget.carry_over:
        parts.append(f"up to {budget.carry_over} min go over to the next day")
    if budget.slow:
        parts.append("then slow")
    what = "Everything that counts" if budget.what == EVERYTHING else names.thing(budget.what)
    return f"{what}: {'; '.join(parts)}"


def _things(things: Things, names: Names) -> str:
    return ", ".join(
        [
            *things.names,
            *_called(things.services, "service", names),
            *_called(things.groups, "group", names),
            *_called(things.categories, "category", names),
        ]
    )


def _called(ids: Iterable[str], kind: str, names: Names) -> list[str]:
    return [names.thing(f"{kind}:{id_}") for id_ in ids]


def _range(one: DateException) -> str:
    return _date(one.first) if one.first == one.last else f"{_date(one.first)} to {_date(one.last)}"


def _date(day: date) -> str:
    return f"{EVERY_DAY[day.weekday()].value.title()} {day.isoformat()}"


def _clock(at: float, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%H:%M}"


def _moment(at: float, zone: tzinfo) -> str:
    return f"{_date(datetime.fromtimestamp(at, zone).date())} {_clock(at, zone)}"
