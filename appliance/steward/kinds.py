"""Events: to which field of the visibility contract a kind belongs, what of it may be written, and when it is seen."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time

import msgspec

from appliance.core.house import House
from appliance.core.visibility import Contract, Granularity, Role, View
from appliance.household.happenings import ARGS, BOX, field_of, grain_of, row_in
from appliance.household.retention import zone_of
from appliance.store.journal import Event

END_OF_DAYS = 253_000_000_000
"""No calendar goes further."""

Shown = dict[str, object]


def permitted(told: object, contract: Contract, house: House) -> Iterator[Event]:
    """Yield the events of a tally that may be written, as finely as they may; what can't be read is left out."""
    for one in told if isinstance(told, list) else ():
        try:
            event = msgspec.convert(one, Event)
        except msgspec.ValidationError:
            continue
        fine = as_fine(event, contract, house)
        if fine is not None and 0 <= event.at < END_OF_DAYS:
            yield fine


def as_fine(event: Event, contract: Contract, house: House) -> Event | None:
    """Return an event as finely as it may be written, None for one that may not."""
    field = field_of(event.kind)
    if field == BOX:
        numbers = {key: value for key, value in event.args.items() if not isinstance(value, str)}
        return msgspec.structs.replace(event, person=None, device=None, args=numbers)
    row = row_in(house, event.person, event.device)
    grain = grain_of(contract, field, row, event.args.get("category"))
    if grain is Granularity.NO:
        return None
    if grain is Granularity.SIGN:
        return msgspec.structs.replace(event, device=None, args={})
    if grain in (Granularity.DAY, Granularity.WEEK):
        event = msgspec.structs.replace(event, at=_midnight(event.at, house), device=None)
    return msgspec.structs.replace(event, args={key: event.args[key] for key in event.args.keys() & ARGS})


def shown(
    events: Iterable[Event],
    contract: Contract,
    house: House,
    since: float,
    at: float,
    role: Role = Role.CAREGIVER,
) -> list[Shown]:
    """Return what a role may see by now and could not see before `since`, the newest first.

    To the child the events are to be handed that are its own.
    """
    known = sorted(events, key=lambda event: event.at)
    seen: dict[object, Shown] = {}
    for number, event in enumerate(known):
        field, row = field_of(event.kind), row_in(house, event.person, event.device)
        if row is None:
            continue
        view = contract.view(field, row, role)
        visible_at = _visible_at(event, known, view)
        if view.granularity is Granularity.NO or visible_at is None or not since <= visible_at <= at:
            continue
        if view.of and event.args.get("category") not in view.of:
            continue
        if view.kept_s is not None and at - event.at > view.kept_s:
            # It goes with the next sweep.
            continue
        is_sign = view.granularity is Granularity.SIGN
        seen[(event.kind, event.person) if is_sign else number] = _coarse(event, view.granularity, house)
    return list(reversed(seen.values()))


def _visible_at(event: Event, known: list[Event], view: View) -> float | None:
    """Return from when on an event is seen, None while it isn't known to go on."""
    due = event.at + view.after_s
    if not view.is_lasting:
        return due
    again = (one.at for one in known if (one.kind, one.person) == (event.kind, event.person) and one.at >= due)
    return next(again, None)


def _coarse(event: Event, grain: Granularity, house: House) -> Shown:
    """Return an event as finely as somebody sees it: the time and all it holds; its day and kind; that it is so."""
    day = datetime.fromtimestamp(event.at, zone_of(house)).date()
    plain: Shown = {
        "at": _midnight(event.at, house), "is_exact": False, "day": day.isoformat(),
        "kind": event.kind, "person": event.person, "device": None, "severity": int(event.severity), "args": {},
    }  # fmt: skip
    match grain:
        case Granularity.FULL:
            return plain | {"at": event.at, "is_exact": True, "device": event.device, "args": event.args}
        case Granularity.SIGN:
            return plain
        case _:
            return plain | {"device": event.device, "args": event.args}


def _midnight(at: float, house: House) -> float:
    """Return when the day of a moment began."""
    zone = zone_of(house)
    return datetime.combine(datetime.fromtimestamp(at, zone).date(), time(), zone).timestamp()
