"""What caregivers say about time, as functions from a house to the next one: bonuses, passes, pauses, budgets."""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from appliance.core.budget import Budget
from appliance.core.house import House
from appliance.core.person import Do, Person, Rule, Setting
from appliance.core.said import CATEGORY, EVERYTHING, GROUP, SERVICE, Things
from appliance.core.word import Grant, Pause
from appliance.web.edits import EditError, cleaned, device_of, person_of, with_rule

TIME = "time"
_PARTS = ((SERVICE, "services"), (GROUP, "groups"), (CATEGORY, "categories"))


def given(house: House, person_id: str, minutes: int, what: str, at: float, until: float) -> House:
    """Give a person minutes of a budget, or (below 0) take them, from `at` to `until` (POSIX seconds).

    What was given before stays. Raises NoSuchPerson, and EditError where there is no such budget.
    """
    person = person_of(house, person_id)
    if all(budget.what != what for budget in person.budgets):
        raise EditError(f"there is no budget for {what}")
    grant = Grant(person=person_id, said_at=_moment(at), until=_moment(until), minutes=minutes, budget=what)
    clean = cleaned(house, at, person_id)
    return replace(clean, grants=(*clean.grants, grant))


def granted(house: House, person_id: str, what: str, at: float, until: float, *, is_grace: bool = False) -> House:
    """Open something for a person, from `at` to `until` (POSIX seconds), in place of an earlier pass for the same.

    `what` is ``time`` (what is closed at this age stays closed), a thing as budgets write it, or a name. Raises
    NoSuchPerson.
    """
    person_of(house, person_id)
    grant = grant_of(person_id, what, at, until, is_grace=is_grace)
    clean = cleaned(house, at, person_id)
    kept = (one for one in clean.grants if one.person != person_id or about(one) != about(grant))
    return replace(clean, grants=(*kept, grant))


def ungranted(house: House, person_id: str, what: str, at: float) -> House:
    """End a person's passes for something before their time. Raises NoSuchPerson."""
    person_of(house, person_id)
    clean = cleaned(house, at, person_id)
    return replace(clean, grants=tuple(one for one in clean.grants if one.person != person_id or about(one) != what))


def grant_of(person_id: str, what: str, at: float, until: float, *, is_grace: bool = False) -> Grant:
    """Return a pass for something. Raises ValueError for what is no name."""
    said, end = _moment(at), _moment(until)
    if what == TIME:
        return Grant(person=person_id, said_at=said, until=end, time=True, grace=is_grace)
    if what.startswith(SERVICE):
        return Grant(person=person_id, said_at=said, until=end, service=what.removeprefix(SERVICE))
    if what.startswith(GROUP):
        return Grant(person=person_id, said_at=said, until=end, group=what.removeprefix(GROUP))
    if what.startswith(CATEGORY):
        return Grant(person=person_id, said_at=said, until=end, category=what.removeprefix(CATEGORY))
    return Grant(person=person_id, said_at=said, until=end, name=None if what == EVERYTHING else what)


def about(grant: Grant) -> str:
    """Return what a grant is for, as `granted` takes it; ``minutes`` for a bonus."""
    if grant.minutes is not None:
        return "minutes"
    if grant.time:
        return TIME
    pairs = ((SERVICE, grant.service), (GROUP, grant.group), (CATEGORY, grant.category), ("", grant.name))
    return next((f"{prefix}{id_}" for prefix, id_ in pairs if id_ is not None), EVERYTHING)


def opened_for_good(house: House, person_id: str, what: str) -> House:
    """Open a site, or a kind of it, for a person for as long as nobody says otherwise.

    What counts as screen time goes on counting where there are minutes for everything. Raises NoSuchPerson, and
    EditError for what can't be opened for good.
    """
    person = person_of(house, person_id)
    setting = Setting.TIMED if any(one.what == EVERYTHING for one in person.budgets) else Setting.ALLOW
    if what in (TIME, EVERYTHING):
        raise EditError("time is given for a while, not for good")
    prefix, part = next((one for one in _PARTS if what.startswith(one[0])), ("", ""))
    if not part:
        return with_rule(house, person_id, Rule(name=what, do=Do.ALLOW))
    said = {**getattr(person, part), what.removeprefix(prefix): setting}
    return _with_person(house, person_id, lambda one: replace(one, **{part: said}))


def with_budget(house: House, person_id: str, budget: Budget, instead_of: str | None = None) -> House:
    """Give a person a budget, in place of one for the same and of another where that is said. Raises NoSuchPerson."""

    def changed(person: Person) -> Person:
        found = list(person.budgets)
        whats = [one.what for one in found]
        place = whats.index(instead_of) if instead_of in whats else len(found)
        kept = [one for one in found if one.what not in (budget.what, instead_of)]
        place = min(place, len(kept))
        return replace(person, budgets=(*kept[:place], budget, *kept[place:]))

    return _with_person(house, person_id, changed)


def without_budget(house: House, person_id: str, what: str) -> House:
    """Take a budget away, with the minutes that were given for it. Raises NoSuchPerson."""
    clean = replace(
        house,
        grants=tuple(
            one for one in house.grants if one.person != person_id or one.minutes is None or one.budget != what
        ),
    )
    return _with_person(
        clean,
        person_id,
        lambda person: replace(person, budgets=tuple(one for one in person.budgets if one.what != what)),
    )


def with_thing(house: House, person_id: str, field: str, what: str) -> House:
    """Add a thing to what a person's budgets don't count (``uncounted``) or nothing stops (``always_on``).

    Raises NoSuchPerson, EditError, and ValueError for what is no name.
    """
    return _with_things(house, person_id, field, what, is_in=True)


def without_thing(house: House, person_id: str, field: str, what: str) -> House:
    """Take a thing out of them; raises as `with_thing` does."""
    return _with_things(house, person_id, field, what, is_in=False)


def things(said: Things) -> tuple[str, ...]:
    """Return each thing as budgets write it."""
    return (
        *(f"{CATEGORY}{id_}" for id_ in said.categories),
        *(f"{GROUP}{id_}" for id_ in said.groups),
        *(f"{SERVICE}{id_}" for id_ in said.services),
        *said.names,
    )


def paused_device(house: House, device_id: str, at: float, until: float) -> House:
    """Pause a device, from `at` to `until` (POSIX seconds), in place of a pause that it has. Raises NoSuchDevice."""
    device = device_of(house, device_id)
    clean = cleaned(house, at, device.person or "")
    kept = (one for one in clean.pauses if one.device != device_id)
    return replace(clean, pauses=(*kept, Pause(said_at=_moment(at), until=_moment(until), device=device_id)))


def resumed_device(house: House, device_id: str, at: float) -> House:
    """End the pause of a device alone. Raises NoSuchDevice."""
    device = device_of(house, device_id)
    clean = cleaned(house, at, device.person or "")
    return replace(clean, pauses=tuple(one for one in clean.pauses if one.device != device_id))


def _with_things(house: House, person_id: str, field: str, what: str, *, is_in: bool) -> House:
    if field not in ("uncounted", "always_on"):
        raise EditError(f"{field} is no list of things")
    if what == EVERYTHING:
        raise EditError("everything would be no rule at all")
    prefix, part = next((one for one in _PARTS if what.startswith(one[0])), ("", "names"))
    id_ = what.removeprefix(prefix)

    def changed(person: Person) -> Person:
        said: Things = getattr(person, field)
        kept = tuple(one for one in getattr(said, part) if one != id_)
        return replace(person, **{field: replace(said, **{part: (*kept, id_) if is_in else kept})})

    return _with_person(house, person_id, changed)


def _with_person(house: House, person_id: str, change: Callable[[Person], Person]) -> House:
    person_of(house, person_id)
    return replace(house, persons=tuple(change(one) if one.id == person_id else one for one in house.persons))


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
