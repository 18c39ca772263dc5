"""What a caregiver does to a house: functions from a house to the next one, which is checked where it is saved."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime

from msgspec.structs import replace

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Person, PersonKind, Rule, Setting
from appliance.core.rulebook import UNCLASSIFIED
from appliance.core.schedule import Window
from appliance.core.subscription import Subscription
from appliance.core.word import Grant, Pause

Pairs = Collection[tuple[str, str]]
"""(category, band)."""


class EditError(ValueError):
    """This can't be done to the house as it is."""


class NoSuchPerson(EditError):
    """This person is not in the house any more."""


class NoSuchDevice(EditError):
    """This device is not in the house any more."""


class Taken(EditError):
    """Another device is known by this already. `holder` is its id, None for a router of the house."""

    def __init__(self, word: str, holder: str | None) -> None:
        super().__init__(f"{word} belongs to another device already")
        self.word = word
        self.holder = holder


def person_of(house: House, person_id: str) -> Person:
    """Return a person of the house. Raises NoSuchPerson."""
    for person in house.persons:
        if person.id == person_id:
            return person
    raise NoSuchPerson(f"there is no person {person_id!r}")


def device_of(house: House, device_id: str) -> Device:
    """Return a device of the house. Raises NoSuchDevice."""
    for device in house.devices:
        if device.id == device_id:
            return device
    raise NoSuchDevice(f"there is no device {device_id!r}")


def with_child(house: House, person: Person) -> House:
    """Add a person, a child or an adult."""
    return replace(house, persons=(*house.persons, person))


def changed_person(house: House, person_id: str, name: str, band: str | None, untouchable: Pairs) -> House:
    """Give a person another name, a child another band.

    Settings of categories that no caregiver may set in the new band (`untouchable`: the rulebook's hard and protected
    pairs) end with the old one. Raises NoSuchPerson.
    """

    def changed(person: Person) -> Person:
        if person.kind is PersonKind.ADULT:
            return replace(person, name=name)
        kept = {id_: one for id_, one in person.categories.items() if (id_, str(band)) not in untouchable}
        return replace(person, name=name, band=band, categories=kept)

    return with_person(house, person_id, changed)


def without_person(house: House, person_id: str) -> House:
    """Take a person out: pauses, grants, lifts and lists for nobody else go along, devices become nobody's.

    Raises NoSuchPerson.
    """
    person_of(house, person_id)
    return replace(
        house,
        persons=tuple(one for one in house.persons if one.id != person_id),
        lists=tuple(_lists_without(house.lists, person_id)),
        devices=tuple(replace(one, person=None) if one.person == person_id else one for one in house.devices),
        pauses=tuple(one for one in house.pauses if one.person != person_id),
        grants=tuple(one for one in house.grants if one.person != person_id),
        lifted=tuple(one for one in house.lifted if one.person != person_id),
    )


def with_rule(house: House, person_id: str, rule: Rule) -> House:
    """Add a rule of a person's own, in place of any for the same name. Raises NoSuchPerson."""
    return with_person(
        house,
        person_id,
        lambda person: replace(person, rules=(*(one for one in person.rules if one.name != rule.name), rule)),
    )


def without_rule(house: House, person_id: str, name: str) -> House:
    """Take away a person's rules for a name in normal form. Raises NoSuchPerson."""
    return with_person(
        house, person_id, lambda person: replace(person, rules=tuple(one for one in person.rules if one.name != name))
    )


def with_setting(house: House, person_id: str, category: str, setting: Setting) -> House:
    """Set a category for a child. Raises NoSuchPerson."""
    return _with_category(house, person_id, category, {category: setting})


def without_setting(house: House, person_id: str, category: str) -> House:
    """Let the age decide about a category again. Raises NoSuchPerson."""
    return _with_category(house, person_id, category, {})


def with_windows(house: House, person_id: str, windows: Iterable[Window]) -> House:
    """Give a child these windows in place of those it had. Raises NoSuchPerson."""
    wanted = tuple(windows)
    return with_person(house, person_id, lambda person: replace(person, windows=wanted))


def paused(house: House, person_id: str | None, at: float, until: float) -> House:
    """Pause a person, or (None) all children and strangers, from `at` to `until` (POSIX seconds).

    It takes the place of a pause of the same. Raises NoSuchPerson.
    """
    if person_id is not None:
        person_of(house, person_id)
    pause = Pause(said_at=_moment(at), until=_moment(until), person=person_id)
    clean = cleaned(house, at, person_id)
    kept = (one for one in clean.pauses if one.device is not None or one.person != person_id)
    return replace(clean, pauses=(*kept, pause))


def resumed(house: House, person_id: str | None, at: float) -> House:
    """End the pauses that reach a person, or (None) the pause of the whole house, without one all that there are.

    Of a pause of the whole house one person's part ends: the others and nobody's devices stay paused, each by itself,
    and devices that the house doesn't know are free again. Raises NoSuchPerson.
    """
    if person_id is None:
        clean = cleaned(house, at)
        kept = tuple(one for one in clean.pauses if one.person or one.device)
        return replace(clean, pauses=kept if len(kept) < len(clean.pauses) else ())
    person_of(house, person_id)
    clean = _apart(cleaned(house, at, person_id), at)
    own = {one.id for one in clean.devices if one.person == person_id}
    return replace(
        clean, pauses=tuple(one for one in clean.pauses if one.person != person_id and one.device not in own)
    )


def opened(house: House, person_id: str, at: float, until: float) -> House:
    """Give a person extra time, from `at` to `until` (POSIX seconds): what is closed at this age stays closed.

    It takes the place of extra time, and of a grant for everything. Raises NoSuchPerson.
    """
    person_of(house, person_id)
    grant = Grant(person=person_id, said_at=_moment(at), until=_moment(until), time=True)
    clean = cleaned(house, at, person_id)
    kept = (
        one
        for one in clean.grants
        if one.person != person_id or one.minutes or any((one.name, one.service, one.group, one.category))
    )
    return replace(clean, grants=(*kept, grant))


def cleaned(house: House, at: float, person_id: str | None = None) -> House:
    """Drop pauses, grants and rules that ended before `at` (POSIX seconds): one person's, or (None) all.

    A change for one child cleans only after that child, or its row in the audit would be about the others too.
    """

    def kept(thing: Pause | Grant) -> bool:
        return thing.until.timestamp() > at or person_id not in (None, thing.person)

    return replace(
        house,
        persons=tuple(
            replace(one, rules=tuple(rule for rule in one.rules if _is_running(rule, at)))
            if person_id in (None, one.id)
            else one
            for one in house.persons
        ),
        pauses=tuple(pause for pause in house.pauses if kept(pause)),
        grants=tuple(grant for grant in house.grants if kept(grant)),
    )


def with_device(house: House, device: Device, *, take: bool = False) -> House:
    """Add a device. Raises NoSuchPerson for one of somebody who isn't there.

    A MAC or an address by which another device is known raises Taken; with `take` it moves to the new one, and a
    device that is left without any goes.
    """
    return _with_devices(house, device, take=take, place=len(house.devices))


def changed_device(house: House, device: Device, *, take: bool = False) -> House:
    """Put a device in place of that of the same id; raises NoSuchDevice, and as `with_device` does."""
    old = device_of(house, device.id)
    place = house.devices.index(old)
    rest = replace(house, devices=tuple(one for one in house.devices if one.id != device.id))
    return _with_devices(rest, device, take=take, place=place)


def without_device(house: House, device_id: str) -> House:
    """Take a device and its pauses out of the house. Raises NoSuchDevice."""
    device_of(house, device_id)
    return replace(
        house,
        devices=tuple(one for one in house.devices if one.id != device_id),
        pauses=tuple(one for one in house.pauses if one.device != device_id),
    )


def with_person(house: House, person_id: str, change: Callable[[Person], Person]) -> House:
    """Put what a change makes of a person in their place. Raises NoSuchPerson."""
    person_of(house, person_id)
    return replace(
        house, persons=tuple(change(person) if person.id == person_id else person for person in house.persons)
    )


def _with_category(house: House, person_id: str, category: str, said: dict[str, Setting]) -> House:
    """Put what is said now of a category in the place of all that was."""

    def changed(person: Person) -> Person:
        kept = {id_: one for id_, one in person.categories.items() if id_ != category}
        # Names that nothing knows have a second word of their own, which would stand above this one.
        mode = None if category == UNCLASSIFIED else person.unknown_names
        return replace(person, categories=kept | said, unknown_names=mode)

    return with_person(house, person_id, changed)


def _lists_without(lists: Iterable[Subscription], person_id: str) -> Iterator[Subscription]:
    """Yield lists without a person; one that was for nobody else would be for the whole house, and is left out."""
    for one in lists:
        left = tuple(person for person in one.persons if person != person_id)
        if left or not one.persons:
            yield replace(one, persons=left)


def _with_devices(house: House, device: Device, *, take: bool, place: int) -> House:
    """Put a device at a place among the others, which give up what it is known by."""
    if device.person is not None:
        # Taken out of the house, perhaps, while the form was open.
        person_of(house, device.person)
    words = {*device.macs, *device.addresses}
    for one in (*house.forwarders, *house.devices):
        is_router = one in house.forwarders
        shared = sorted(words.intersection((*one.macs, *one.addresses)))
        if shared and (is_router or not take):
            raise Taken(shared[0], None if is_router else one.id)
    others = [_left(one, words) for one in house.devices]
    left = [*others[:place], device, *others[place:]]
    devices = tuple(one for one in left if one is not None)
    known = {one.id for one in devices}
    pauses = tuple(one for one in house.pauses if one.device is None or one.device in known)
    return replace(house, devices=devices, pauses=pauses)


def _left(device: Device, words: set[str]) -> Device | None:
    """Return a device without what another one took, None where nothing is left to know it by."""
    macs = tuple(mac for mac in device.macs if mac not in words)
    addresses = tuple(address for address in device.addresses if address not in words)
    return replace(device, macs=macs, addresses=addresses) if macs or addresses else None


def _apart(house: House, at: float) -> House:
    """Put in place of a running pause of the whole house one for each child and each of nobody's devices it reaches."""
    pauses: list[Pause] = []
    for pause in house.pauses:
        if pause.person or pause.device or pause.until.timestamp() <= at:
            pauses.append(pause)
            continue
        children = (one for one in house.persons if one.kind is PersonKind.CHILD)
        nobodys = (one for one in house.devices if one.person is None and _is_reached(one))
        pauses += [replace(pause, person=one.id) for one in children]
        pauses += [replace(pause, device=one.id) for one in nobodys]
    return replace(house, pauses=tuple(pauses))


def _is_reached(device: Device) -> bool:
    """Say whether a pause of the whole house reaches one of nobody's devices."""
    return device.kind is not DeviceKind.ADULT and (device.kind is not DeviceKind.MANAGED or device.bedtime)


def _is_running(rule: Rule, at: float) -> bool:
    return rule.until is None or rule.until.timestamp() > at


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
