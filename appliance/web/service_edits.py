"""What a caregiver does about services, safe modes and another age: functions from a house to the next one."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from appliance.core import house as houses
from appliance.core.house import House, OwnService
from appliance.core.person import Known, Level, Person, Setting
from appliance.core.said import SERVICE, Things
from appliance.core.schedule import DateException, Window
from appliance.web import edits
from appliance.web.week_edits import fitted


class NoSuchService(edits.EditError):
    """This service is not in the house any more."""


def with_service(house: House, person_id: str, service: str, setting: Setting | None) -> House:
    """Set a service for a child, or (None) let group and age decide again. Raises NoSuchPerson."""
    return with_services(house, person_id, (service,), setting)


def with_services(house: House, person_id: str, services: Iterable[str], setting: Setting | None) -> House:
    """Set these services one by one, or (None) let group and age decide again. Raises NoSuchPerson."""
    meant = tuple(services)
    said = {} if setting is None else dict.fromkeys(meant, setting)

    def changed(person: Person) -> Person:
        return replace(person, services={id_: one for id_, one in person.services.items() if id_ not in meant} | said)

    return edits.with_person(house, person_id, changed)


def with_group(house: House, person_id: str, group: str, setting: Setting | None) -> House:
    """Set a whole group, what it gets later too, or (None) let the age decide again; what is set one by one stays.

    Raises NoSuchPerson.
    """
    said = {} if setting is None else {group: setting}

    def changed(person: Person) -> Person:
        return replace(person, groups={id_: one for id_, one in person.groups.items() if id_ != group} | said)

    return edits.with_person(house, person_id, changed)


def with_level(house: House, person_id: str, engine: str, level: Level | None) -> House:
    """Set a search engine or video site for a child, or (None) let the age decide again. Raises NoSuchPerson."""
    said = {} if level is None else {engine: level}

    def changed(person: Person) -> Person:
        kept = {id_: one for id_, one in person.safe_search.items() if id_ != engine}
        return replace(person, safe_search=kept | said)

    return edits.with_person(house, person_id, changed)


def own_of(house: House, service_id: str) -> OwnService:
    """Return a service that a caregiver made. Raises NoSuchService."""
    for service in house.services:
        if service.id == service_id:
            return service
    raise NoSuchService(f"there is no service {service_id!r}")


def with_own(house: House, service: OwnService) -> House:
    """Add a service of the house's own."""
    return replace(house, services=(*house.services, service))


def changed_own(house: House, service: OwnService) -> House:
    """Put a service in place of that of the same id. Raises NoSuchService."""
    own_of(house, service.id)
    return replace(house, services=tuple(service if one.id == service.id else one for one in house.services))


def without_own(house: House, service_id: str) -> House:
    """Take a service of the house's own away, and all that was said of it. Raises NoSuchService."""
    own_of(house, service_id)
    what = SERVICE + service_id
    return replace(
        house,
        services=tuple(one for one in house.services if one.id != service_id),
        persons=tuple(_without_service(person, service_id) for person in house.persons),
        grants=tuple(one for one in house.grants if one.service != service_id and one.budget != what),
    )


def moved(house: House, person_id: str, name: str, band: str | None, known: Known) -> House:
    """Give a person another name, a child another band; what doesn't fit the new band ends with the old one.

    `known` are the bundled rules' ids. What two caregivers lifted stays lifted only where the new band has it closed
    as hard. Raises NoSuchPerson.
    """
    untouchable = frozenset((*known.hard, *known.protected))
    after = edits.changed_person(house, person_id, name, band, untouchable)
    if band is None:
        return after
    all_known = houses.with_own(known, house)
    shut = {category for category, of in known.hard if of == band}

    def changed(person: Person) -> Person:
        kept = {
            id_: one
            for id_, one in person.services.items()
            if one is Setting.BLOCK or all_known.services.get(id_) not in shut
        }
        return _with_windows(replace(person, services=kept), lambda window: fitted(window, band, all_known))

    return replace(
        edits.with_person(after, person_id, changed),
        lifted=tuple(one for one in after.lifted if one.person != person_id or one.category in shut),
    )


def _without_service(person: Person, service_id: str) -> Person:
    """Return a person of whom nothing is said about a service any more."""

    def less(things: Things) -> Things:
        return replace(things, services=tuple(one for one in things.services if one != service_id))

    def without(window: Window) -> Window:
        return replace(window, block=less(window.block), allow=less(window.allow))

    kept = replace(
        person,
        services={id_: one for id_, one in person.services.items() if id_ != service_id},
        budgets=tuple(one for one in person.budgets if one.what != SERVICE + service_id),
        always_on=less(person.always_on),
        uncounted=less(person.uncounted),
    )
    return _with_windows(kept, without)


def _with_windows(person: Person, change: Callable[[Window], Window]) -> Person:
    """Return a person with every window changed, those of single dates too."""

    def dated(one: DateException) -> DateException:
        return replace(one, windows=tuple(change(window) for window in one.windows))

    return replace(
        person,
        windows=tuple(change(window) for window in person.windows),
        exceptions=tuple(dated(one) for one in person.exceptions),
    )
