"""What pages may show: counts, recent queries, sessions and events, cut to what the contract lets a role see.

Each answer is made from the row that a person is in now, whatever was written before.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.visibility import Contract, Field, Granularity, Role, View, finest, row_of
from appliance.household.retention import NOBODY, first_day, rows_of, zone_of
from appliance.steward import kinds
from appliance.steward.books import Books
from appliance.steward.gather import BLOCKED, Ask, Tallied, monday, read_counts
from appliance.store.journal import NameCount
from appliance.store.ledger import Span
from appliance.world import bus

MAX_EVENTS = 500
LOOKED_THROUGH = 5_000
MAX_NAMES = 200
JUST_BLOCKED = "just_blocked"
"""The one field that is of the device in hand and of no other."""
THING_NAMES = "thing_names"
MOST_USED = 20
"""Names of a small child's week that are shown."""
COARSE_S = 900
"""Without the exact time an entry is of a quarter of an hour."""

Request = Mapping[str, object]
Answer = dict[str, object]
Entries = list[dict[str, object]]


class Refused(Exception):
    """This can't be answered: the words are for whoever asked."""


class Views:
    """Answers for pages. They read files and ask the nameserver, so they block: StoreError, BusError, Refused."""

    def __init__(self, books: Books, contract: Contract, ask: Ask, is_half_done: Callable[[], bool]) -> None:
        self._books = books
        self._contract = contract
        self._ask = ask
        self._is_half_done = is_half_done

    def counts(self, request: Request, house: House, at: float) -> Answer:
        """Return a person's sums from the first to the last day, and blocked and visited names where they are seen."""
        person = _optional(request, "person")
        row = rows_of(house).get(person or NOBODY, "")
        if not row:
            raise Refused("there is no such person")
        view, blocked = (self._view(field, row) for field in ("category_counts", "names_blocked"))
        visited = self._view("names_visited", row)
        if finest((view.granularity, blocked.granularity, visited.granularity)) is Granularity.NO:
            return {"bus": bus.VERSION, "grain": "no", "rows": [], "blocked": [], "visited": [], "is_whole": True}
        first, last = _day(request, "first"), _day(request, "last")
        pending, is_whole = self._pending(person)
        rows = self._rows(view, (first, last), person, pending, house, at)
        of_blocked = self._blocked(blocked, (first, last), person, pending, house, at)
        names = self._names(visited, (first, last), person, ("allow", "rewrite"), pending, house, at)
        return {
            "bus": bus.VERSION,
            "grain": view.granularity.value,
            "rows": rows,
            "blocked": of_blocked,
            "visited": _most_used(names),
            "is_whole": is_whole,
        }

    def recent(self, request: Request, house: House, at: float) -> Answer:
        """Return a person's recent queries as a role may see them, those of one device alone where that is said."""
        person, role, device = person_of(house, request.get("person")), role_of(request), request.get("device")
        told = self._ask({"ask": "ring", "person": person.id, "device": device})
        entries = [one for one in _entries(told) if one.get("person") == person.id]
        if device is not None:
            entries = [one for one in entries if one.get("device") == device]
        seen = self._seen(entries, "recent", house, role, at, is_in_hand=device is not None)
        return {"bus": bus.VERSION, "entries": seen}

    def things(self, request: Request, house: House, at: float) -> Answer:
        """Return the names that a thing asked for, as far as a role may see them.

        ``grain`` is how finely; ``is_thing`` is false where it asks for more than a thing does, and so nothing is held.
        """
        (device, row), role = _device(house, request.get("device")), role_of(request)
        view = self._contract.view(THING_NAMES, row, role)
        is_meant = device.kind in self._contract.field(THING_NAMES).kinds
        grain = view.granularity if is_meant else Granularity.NO
        if grain.rank < Granularity.NAME.rank:
            return {"bus": bus.VERSION, "grain": Granularity.NO.value, "asked": [], "is_thing": True}
        told = self._ask({"ask": "things", "device": device.id})
        never = self._contract.never
        hidden = never.categories | never.to_caregivers if role is Role.CAREGIVER else never.categories
        oldest = at - (view.kept_s or 0)
        asked = [one for one in _dicts(told.get("asked")) if one.get("category") not in hidden]
        asked = [one for one in asked if isinstance(when := one.get("last"), int | float) and when > oldest]
        return {"bus": bus.VERSION, "grain": grain.value, "asked": asked, "is_thing": told.get("is_thing") is True}

    def begin_session(self, request: Request, house: House, at: float) -> Answer:
        """Begin a device's troubleshooting session, for as long as the contract has it at most; end it with 0."""
        device, row = _device(house, request.get("device"))
        most_s = self._contract.may_keep("troubleshooting", row) or 0
        views = [self._contract.view("troubleshooting", row, role) for role in Role]
        if finest(view.granularity for view in views) is Granularity.NO or not most_s:
            raise Refused("there is no troubleshooting for this device")
        minutes = request.get("minutes")
        if not isinstance(minutes, int) or minutes < 0:
            raise Refused("minutes is a number")
        until = at + min(minutes * 60, most_s) if minutes else 0
        self._ask({"ask": "session", "device": device.id, "until": until})
        return {"bus": bus.VERSION, "device": device.id, "person": device.person, "until": until}

    def sessions(self) -> Answer:
        """Return the sessions that run, without what they saw."""
        found = _dicts(self._ask({"ask": "session"}).get("sessions"))
        return {"bus": bus.VERSION, "sessions": [{key: one.get(key) for key in _SESSION} for one in found]}

    def session(self, request: Request, house: House, at: float) -> Answer:
        """Return one device's session that runs, with what it saw as far as a role may see that."""
        device, role = _device(house, request.get("device"))[0], role_of(request)
        for one in _dicts(self._ask({"ask": "session"}).get("sessions")):
            if one.get("device") == device.id:
                entries = self._seen(_entries(one), "session", house, role, at)
                return {"bus": bus.VERSION, **{key: one.get(key) for key in _SESSION}, "entries": entries}
        return {"bus": bus.VERSION, "device": device.id, "person": device.person, "until": None, "entries": []}

    def events(self, request: Request, house: House, at: float) -> Answer:
        """Return what happened that a role could not see before `since` (POSIX seconds), the newest first.

        To the child's own page what happened to that child alone.
        """
        since, limit = request.get("since", 0), request.get("limit", 100)
        if not isinstance(since, int | float) or not isinstance(limit, int):
            raise Refused("since and limit are numbers")
        role = role_of(request) if "role" in request else Role.CAREGIVER
        about = request.get("person")
        person = person_of(house, about).id if about is not None or role is Role.CHILD else None
        wanted = request.get("kinds")
        events = self._books.with_journal(lambda one: one.events(person, limit=LOOKED_THROUGH), at)
        if isinstance(wanted, list):
            events = [event for event in events if event.kind in wanted]
        shown = kinds.shown(events, self._contract, house, float(since), at, role)
        return {"bus": bus.VERSION, "events": shown[: max(0, min(limit, MAX_EVENTS))]}

    def _view(self, field: str, row: str) -> View:
        return self._contract.view(field, row, Role.CAREGIVER)

    def _pending(self, person: str | None) -> tuple[list[Tallied], bool]:
        """Return what the nameserver holds of a person that is in no file yet, and whether that could be learned."""
        try:
            held = read_counts(self._ask({"ask": "tally", "peek": True}).get("counts"))
            # The batch that is out stands in the ledger already.
            out = read_counts(self._ask({"ask": "tally"}).get("counts")) if self._is_half_done() else []
        except bus.BusError:
            return [], False
        rest = Counter[Tallied]()
        for sign, tallied in ((1, held), (-1, out)):
            for one in tallied:
                rest[replace(one, count=0)] += sign * one.count
        found = [replace(kind, count=count) for kind, count in rest.items() if count > 0]
        never = self._contract.never.categories | self._contract.never.to_caregivers
        return [one for one in found if one.person == person and one.category not in never], True

    def _rows(
        self, view: View, days: tuple[str, str], person: str | None, pending: list[Tallied], house: House, at: float
    ) -> Entries:
        """Return sums by (day, category, action); a week's under its Monday."""
        grain = view.granularity
        if grain is Granularity.NO or grain is Granularity.SIGN:
            return []
        span = Span.WEEK if grain is Granularity.WEEK else Span.DAY
        first, last = _within(view, days, house, at, span)
        sums = Counter[tuple[str, str, str]]()
        for count in self._books.with_ledger(lambda one: one.counts(first, last, person or NOBODY, span)):
            sums[count.day, count.category, count.action] += count.count
        for one in pending:
            day = monday(one.day) if span is Span.WEEK else one.day
            if first <= day <= last:
                sums[day, one.category, one.action] += one.count
        return [
            {"day": day, "category": category, "action": action, "count": count}
            for (day, category, action), count in sorted(sums.items())
            if category not in self._contract.never.categories
        ]

    def _blocked(
        self, view: View, days: tuple[str, str], person: str | None, pending: list[Tallied], house: House, at: float
    ) -> Entries:
        """Return what was blocked: by name where names are seen, else by category."""
        if view.granularity.rank >= Granularity.NAME.rank:
            return self._names(view, days, person, tuple(sorted(BLOCKED)), pending, house, at)
        return [
            {"day": row["day"], "name": None, "category": row["category"], "count": row["count"]}
            for row in self._rows(view, days, person, pending, house, at)
            if row["action"] in BLOCKED
        ]

    def _names(
        self,
        view: View,
        days: tuple[str, str],
        person: str | None,
        actions: tuple[str, ...],
        pending: list[Tallied],
        house: House,
        at: float,
    ) -> Entries:
        """Return how often each name was asked for in a day, the latest day and the most frequent first."""
        if view.granularity.rank < Granularity.NAME.rank or person is None:
            return []
        first, last = _within(view, days, house, at, Span.DAY)
        kept: list[NameCount] = []
        for action in actions:
            kept += self._books.with_journal(lambda one, of=action: one.names(first, last, person, of, MAX_NAMES), at)  # type: ignore[misc]
        sums = Counter({(one.day, one.permitted_host_name, one.category): 0 for one in kept})
        for one in kept:
            sums[one.day, one.permitted_host_name, one.category] += one.count
        for told in pending:
            if told.name is not None and told.action in actions and first <= told.day <= last:
                sums[told.day, told.name, told.category] += told.count
        found = sorted(sums.items(), key=lambda item: (-item[1], item[0][1]))
        found.sort(key=lambda item: item[0][0], reverse=True)
        return [
            {"day": day, "name": name, "category": category, "count": count}
            for (day, name, category), count in found
            if category not in self._contract.never.categories
        ][: len(actions) * MAX_NAMES]

    def _seen(
        self,
        entries: Iterable[dict[str, object]],
        ring: str,
        house: House,
        role: Role,
        at: float,
        *,
        is_in_hand: bool = False,
    ) -> Entries:
        """Return the entries of a ring that a role may see, without what it may not see of them.

        What the device `is_in_hand` was just refused, its own page shows.
        """
        found = []
        for entry in entries:
            row = _row_of_entry(entry, house)
            category, when = entry.get("category"), entry.get("at")
            hidden = self._contract.never.categories
            hidden = hidden | self._contract.never.to_caregivers if role is Role.CAREGIVER else hidden
            if row is None or category in hidden or not isinstance(when, int | float):
                continue
            fields = [field for field in self._contract.fields if field.ring == ring]
            fields = [field for field in fields if is_in_hand or field.id != JUST_BLOCKED]
            grain = self._ring_grain(fields, row, role, at - when, is_blocked=entry.get("action") in BLOCKED)
            if grain.rank < Granularity.CATEGORY.rank:
                continue
            found.append(_entry(entry, float(when), grain))
        return found

    def _ring_grain(
        self, fields: Iterable[Field], row: str, role: Role, age_s: float, *, is_blocked: bool
    ) -> Granularity:
        """Return how finely a role sees an entry of a ring that is so old, by the fields that are read from it."""
        wanted = ("all", "blocked" if is_blocked else "opened")
        ring_s = max(self._contract.may_keep(field.id, row) or 0 for field in fields if field.names == "all")
        views = [self._contract.view(field.id, row, role) for field in fields if field.names in wanted]
        # A page without the child's own PIN shows what is behind it to nobody.
        return finest(
            view.granularity
            for view in views
            if not view.needs_pin and age_s <= min(ring_s, ring_s if view.kept_s is None else view.kept_s)
        )


_SESSION = ("device", "person", "until")


def _within(view: View, days: tuple[str, str], house: House, at: float, span: Span) -> tuple[str, str]:
    """Return the first and last day to look at: whole weeks, and none that has outlived its age."""
    first, last = days
    if span is Span.WEEK:
        first, last = monday(first), monday(last)
    oldest = first_day(view.kept_s, zone_of(house), at) if view.kept_s is not None else first
    return max(first, oldest), last


def _most_used(names: Entries) -> Entries:
    sums = Counter[tuple[str, str]]()
    for one in names:
        sums[str(one["name"]), str(one["category"])] += int(str(one["count"]))
    return [{"name": name, "category": of, "count": count} for (name, of), count in sums.most_common(MOST_USED)]


def _entry(entry: dict[str, object], at: float, grain: Granularity) -> dict[str, object]:
    is_full, is_named = grain is Granularity.FULL, grain.rank >= Granularity.NAME.rank
    return {
        "at": at if is_full else at // COARSE_S * COARSE_S,
        "device": entry.get("device"),
        "person": entry.get("person"),
        "action": entry.get("action"),
        "category": entry.get("category"),
        "name": entry.get("name") if is_named else None,
        "grain": grain.value,
    }


def _row_of_entry(entry: dict[str, object], house: House) -> str | None:
    """Return the row of an entry by the house as it is now, None for somebody or something that isn't in it."""
    person = next((one for one in house.persons if one.id == entry.get("person")), None)
    device = next((one for one in house.devices if one.id == entry.get("device")), None)
    if (person is None) != (entry.get("person") is None) or (device is None) != (entry.get("device") is None):
        return None
    return row_of(person, device)


def _dicts(told: object) -> Entries:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _entries(told: Mapping[str, object]) -> Entries:
    return _dicts(told.get("entries"))


def person_of(house: House, id_: object) -> Person:
    """Return a person of the house. Raises Refused."""
    for person in house.persons:
        if person.id == id_:
            return person
    raise Refused("there is no such person")


def _device(house: House, id_: object) -> tuple[Device, str]:
    """Return a device of the house and its row in the contract."""
    for device in house.devices:
        if device.id == id_:
            person = next((one for one in house.persons if one.id == device.person), None)
            return device, row_of(person, device)
    raise Refused("there is no such device")


def role_of(request: Request) -> Role:
    """Return who looks. Raises Refused."""
    try:
        return Role(request.get("role"))
    except ValueError as error:
        raise Refused("role is caregiver or child") from error


def _day(request: Request, key: str) -> str:
    try:
        day = str(request.get(key))
        monday(day)
    except ValueError as error:
        raise Refused(f"{key} is a day like 2026-03-04") from error
    return day


def _optional(request: Request, key: str) -> str | None:
    value = request.get(key)
    return None if value is None else str(value)
