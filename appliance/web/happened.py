"""What happened to somebody, in words: connections that were ended when a rule began, and signs of a way round."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import msgspec

from appliance import wording
from appliance.core.person import Person
from appliance.core.policy import Policy
from appliance.core.said import CATEGORY
from appliance.core.verdict import TERMS, Strictness
from appliance.core.visibility import Granularity, Role, View, row_of
from appliance.household.happenings import BYPASS_SIGN, CUT, FIELDS
from appliance.web import look, sees
from appliance.web.box import Box, box

KINDS = (CUT, BYPASS_SIGN)
TOGETHER_S = 60.0
"""What a rule ends on several devices within such a time is one thing."""
CHECK_S = 5
"""So long after a cut it is looked whether anything of it flows."""

_BEGAN: Mapping[str, str] = {
    "pause": "The Internet was paused",
    "budget": "The minutes were used up",
    "clock": "The box lost track of the time",
    "window": "{window} began",
    "window_block": "{window} began",
}
"""By the code of a reason; whatever else ends a connection is that its site is not open any more."""
_ANY_RULE = "A rule began to hold"
_SOME_WINDOW = "A time off"


class _Event(msgspec.Struct, frozen=True):
    """What the steward tells of something that happened."""

    at: float
    kind: str
    day: date
    is_exact: bool = False
    args: dict[str, str | int | float | bool] = {}


class _Events(msgspec.Struct, frozen=True):
    events: tuple[_Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing: its day, when it was as one says it today, the time alone, what it was, and what to make of it."""

    at: float
    day: date
    when: str
    time: str
    """Empty where no more than the day may be told."""
    words: str
    note: str
    tone: str
    icon: str
    asks: str = ""
    """As a request says it; empty for nothing."""


def told(of: Box, compiled: Policy, person: Person, role: Role) -> tuple[Happened, ...]:
    """Return what a role may see of a person by now, the newest first; nothing where the steward can't be asked."""
    row = row_of(person)
    if all(of.contract.view(FIELDS[kind], row, role).granularity is Granularity.NO for kind in KINDS):
        return ()
    answer = of.ask_steward("events", since=0, kinds=list(KINDS), person=person.id, role=role.value)
    try:
        events = msgspec.convert(answer or {}, _Events).events
    except msgspec.ValidationError:
        return ()
    is_own = role is Role.CHILD and not sees.is_young(row)
    found = [*_cuts(compiled, person, events, is_own=is_own), *_ways(of, compiled, person, events, role)]
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def _cuts(compiled: Policy, person: Person, events: Iterable[_Event], *, is_own: bool) -> Iterator[Happened]:
    for same in _together([one for one in events if one.kind == CUT]):
        count, still = (sum(_number(one, key) for one in same) for key in ("connections", "still"))
        what = "of your connections" if is_own else "connection" if count == 1 else "connections"
        words = f"{_began(compiled, person, same[0])}; {count} {what} closed."
        yield _happened(same[0], words, _still(still), "night", "scissors")


def _still(still: int) -> str:
    """Return what was found when it was looked again."""
    if not still:
        return f"{CHECK_S} seconds later nothing of it went on."
    return f"{still} of them went on {CHECK_S} seconds later, and {'was' if still == 1 else 'were'} closed again."


def _together(cuts: list[_Event]) -> list[list[_Event]]:
    """Return what one rule ended, on whatever devices, each as one; the oldest first."""
    found: dict[str, list[list[_Event]]] = {}
    for one in sorted(cuts, key=lambda one: one.at):
        alike = found.setdefault(str(one.args.get("what")), [])
        if alike and one.at - alike[-1][0].at <= TOGETHER_S:
            alike[-1].append(one)
        else:
            alike.append([one])
    return [same for alike in found.values() for same in alike]


def _began(compiled: Policy, person: Person, cut: _Event) -> str:
    """Return what began when something was cut; the window by the times as they are set now."""
    said = _BEGAN.get(str(cut.args.get("what")), _ANY_RULE)
    subject = compiled.by_person.get(person.id)
    openings = subject.schedule.open_at(cut.at) if subject and subject.schedule and cut.is_exact else ()
    began = max(openings, key=lambda one: one.start, default=None)
    return said.format(window=began.window.name if began else _SOME_WINDOW)


def _ways(of: Box, compiled: Policy, person: Person, events: Iterable[_Event], role: Role) -> Iterator[Happened]:
    """Yield each way round once a day."""
    view = of.contract.view(FIELDS[BYPASS_SIGN], row_of(person), Role.CAREGIVER)
    latest: dict[tuple[object, ...], _Event] = {}
    for one in events:
        if one.kind == BYPASS_SIGN:
            latest.setdefault((one.day, one.args.get("route"), one.args.get("category")), one)
    for one in latest.values():
        category = str(one.args.get("category", ""))
        is_own = role is Role.CHILD
        note = _to_child(of, category, view) if is_own else _to_caregiver(of, category, one)
        asks = _asks(of, compiled, person, category) if is_own else ""
        yield _happened(one, _looked(person, one), note, "ask", "sign-turn-right", asks)


def _looked(person: Person, event: _Event) -> str:
    route = event.args.get("route")
    if route is None:
        return f"{person.name} goes on with ways around the rules."
    return f"Something looked like {wording.way(str(route))}."


def _to_child(of: Box, category: str, view: View) -> str:
    """Return why that matters, and who is told of it when."""
    name = _called(of, category)
    why = f"This would go around the rules of your home{f' ({name})' if name else ''}."
    return f"{why} If it was something else, or if you need it, say so. {_who_knows(view)}"


def _who_knows(view: View) -> str:
    if view.granularity is Granularity.NO:
        return "Nobody else sees this."
    if not view.after_s and not view.is_lasting:
        return "Caregivers see it too."
    later = sees.span_words(view.after_s)
    if not view.is_lasting:
        return f"Caregivers see it {later} after you."
    only = ", and then only that it does" if view.granularity is Granularity.SIGN else ""
    return f"Caregivers see it only if it still goes on after {later}{only}."


def _to_caregiver(of: Box, category: str, event: _Event) -> str:
    name = _called(of, category)
    kind = f"{name}. " if name else ""
    more = "" if event.args else "More is not shown at this age. "
    return f"{kind}{more}Many use such things for good reasons: talk about it first."


def _called(of: Box, category: str) -> str:
    known = of.book.categories.get(category)
    return known.name if known is not None else ""


def _asks(of: Box, compiled: Policy, person: Person, category: str) -> str:
    """Return what may be asked for after a sign: its kind, where that is closed."""
    subject = compiled.by_person.get(person.id)
    if subject is None or category not in of.book.categories:
        return ""
    is_open = TERMS[subject.letter(category)].strictness is Strictness.ALLOW
    return "" if is_open else f"{CATEGORY}{category}"


def _number(event: _Event, key: str) -> int:
    value = event.args.get(key, 0)
    return value if isinstance(value, int) else 0


def _happened(event: _Event, words: str, note: str, tone: str, icon: str, asks: str = "") -> Happened:
    day, today_is = event.day, box().local_time(look.now()).date()
    time = look.hhmm(event.at) if event.is_exact else ""
    day_words = look.day_words(day, today_is)
    when = time if time and day == today_is else f"{day_words[:1].upper()}{day_words[1:]} {time}".strip()
    return Happened(event.at, day, when, time, words, note, tone, icon, asks)
