"""What lifts a hard block, and what takes that back: functions from a house to the next one."""

from datetime import UTC, datetime

from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.word import ALONE, Lifted
from appliance.web import edits


class NothingLifted(edits.EditError):
    """It was taken back meanwhile."""


class SamePerson(edits.EditError):
    """The second one has to be another caregiver."""


class AlreadyLifted(edits.EditError):
    """A caregiver began to lift this already."""


def lifted_of(house: House, person_id: str, category: str, at: float) -> Lifted | None:
    """Return what was said to lift a category for a child, if it isn't over at `at` (POSIX seconds)."""
    for one in house.lifted:
        if (one.person, one.category) == (person_id, category) and not is_over(one, at):
            return one
    return None


def name_of(house: House, name: str, at: float) -> Lifted | None:
    """Return what an owner said to open a name (in normal form) or one above it, if it isn't over."""
    for one in house.lifted:
        if one.name is not None and not is_over(one, at) and (name == one.name or name.endswith(f".{one.name}")):
            return one
    return None


def open_kinds(house: House, person_id: str, at: float) -> frozenset[str]:
    """Return the categories that are open for a child because they were lifted."""
    return frozenset(
        one.category
        for one in house.lifted
        if one.person == person_id and one.category and not is_waiting(one, at) and not is_over(one, at)
    )


def is_over(one: Lifted, at: float) -> bool:
    """Say whether it has ended by itself."""
    return one.until is not None and one.until.timestamp() <= at


def is_waiting(one: Lifted, at: float) -> bool:
    """Say whether it is announced and not open yet: a second caregiver may still agree or say no."""
    return at < one.begins.timestamp()


def lifted_alone(house: House, person_id: str, category: str, who: str, at: float, until: datetime | None) -> House:
    """Have one caregiver lift a category for a child: it opens 24 hours after `at`, until `until` (None: for good).

    Raises NoSuchPerson and AlreadyLifted.
    """
    edits.person_of(house, person_id)
    if lifted_of(house, person_id, category, at) is not None:
        raise AlreadyLifted("a caregiver began to lift it already")
    said = _moment(at)
    one = Lifted(said_at=said, begins=said + ALONE, until=until, person=person_id, category=category, by=(who,))
    return replace(house, lifted=(*_without(house, person_id, category), one))


def agreed(house: House, person_id: str, category: str, who: str, at: float, until: datetime | None) -> House:
    """Have a second caregiver agree: it is open from `at` on. Raises NothingLifted and SamePerson."""
    one = lifted_of(house, person_id, category, at)
    if one is None or not is_waiting(one, at):
        raise NothingLifted("there is nothing to agree to any more")
    if who in one.by:
        raise SamePerson("the second one has to be another caregiver")
    both = replace(one, begins=_moment(at), until=until, by=(*one.by, who))
    return replace(house, lifted=(*_without(house, person_id, category), both))


def taken_back(house: House, person_id: str, category: str, at: float) -> House:
    """Close a category for a child again, whether it is open or announced. Raises NothingLifted."""
    if lifted_of(house, person_id, category, at) is None:
        raise NothingLifted("it is closed already")
    return replace(house, lifted=_without(house, person_id, category))


def opened_name(house: House, name: str, who: str, at: float, until: datetime | None) -> House:
    """Have an owner open a name that is known for malware, for the whole house and at once."""
    one = Lifted(said_at=_moment(at), begins=_moment(at), until=until, name=name, by=(who,))
    return replace(house, lifted=(*(old for old in house.lifted if old.name != name), one))


def closed_name(house: House, name: str) -> House:
    """Close a name again that an owner opened. Raises NothingLifted."""
    kept = tuple(one for one in house.lifted if one.name != name)
    if len(kept) == len(house.lifted):
        raise NothingLifted("it is closed already")
    return replace(house, lifted=kept)


def _without(house: House, person_id: str, category: str) -> tuple[Lifted, ...]:
    return tuple(one for one in house.lifted if (one.person, one.category) != (person_id, category))


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
