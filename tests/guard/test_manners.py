"""How devices' connections begin: nobody looks at adults', and what happens while nobody can look is the person's."""

from typing import Any

import pytest

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Person, Setting, Unwatched
from appliance.guard.manners import Manners, manners_of
from tests.core.builders import AFTERNOON, adult, child, pause
from tests.core.passages import policy_of

MAC, OTHER = "02:77:00:00:00:10", "02:77:00:00:00:11"


def manners(*devices: Device, person: Person | None = None, **said: Any) -> Manners:
    """Return the manners of a house with one person."""
    return manners_of(policy_of(House(persons=(person or child("10-12"),), devices=devices, **said)))


def thing(kind: DeviceKind = DeviceKind.TABLET, **said: Any) -> Device:
    """Return the person's device."""
    told: dict[str, Any] = {"id": "thing", "macs": (MAC,), "person": "kim", "kind": kind} | said
    return Device(**told)


def test_a_childs_device_is_looked_at() -> None:
    """And passes while nobody can, unless a caregiver said otherwise."""
    assert manners(thing()) == Manners(open=frozenset({MAC}), no_encrypted_dns=frozenset({MAC}))
    closed = manners(thing(), person=child("10-12", unwatched=Unwatched.CLOSED))
    assert closed == Manners(closed=frozenset({MAC}), no_encrypted_dns=frozenset({MAC}))


@pytest.mark.parametrize("kind", [DeviceKind.ADULT, DeviceKind.MANAGED])
def test_an_adults_device_and_a_managed_one_are_not(kind: DeviceKind) -> None:
    """Whoever's they are."""
    assert manners(thing(kind)) == Manners(free=frozenset({MAC}))


def test_an_adults_own_are_not() -> None:
    """Of whatever kind."""
    assert manners(thing(person="alex"), person=adult()) == Manners(free=frozenset({MAC}))


def test_a_managed_device_that_sleeps_with_its_owner_is_looked_at() -> None:
    """Else bedtime would reach no connection of it."""
    asleep = child("10-12", windows=(AFTERNOON,))
    assert manners(thing(DeviceKind.MANAGED, bedtime=True), person=asleep).open == {MAC}
    assert manners(thing(DeviceKind.MANAGED), person=asleep).free == {MAC}
    assert manners(thing(DeviceKind.MANAGED, bedtime=True), pauses=(pause(),)).open == {MAC}


def test_encrypted_questions_are_free_where_that_is_allowed() -> None:
    """A setting of the category opens the ports."""
    allowed = child("13-15", categories={"bypass_dns": Setting.ALLOW})
    assert manners(thing(), person=allowed) == Manners(open=frozenset({MAC}))


@pytest.mark.parametrize("person", [child("10-12"), adult()])
@pytest.mark.parametrize("kind", [DeviceKind.TV, DeviceKind.IOT])
def test_a_thing_that_is_kept_to_some_names_is_looked_at(kind: DeviceKind, person: Person) -> None:
    """An adult's too; it asks this box, and goes nowhere in the house."""
    kept = manners(thing(kind, person=person.id, only=("maker.example",)), person=person)
    assert kept == Manners(open=frozenset({MAC}), no_encrypted_dns=frozenset({MAC}), things=frozenset({MAC}))


def test_a_thing_has_no_business_in_the_house() -> None:
    """A lamp, whoever's it is; a TV and a console have: a phone plays on them."""
    assert manners(thing(DeviceKind.IOT, person=None)).things == {MAC}
    assert manners(thing(DeviceKind.IOT, person="alex"), person=adult()) == Manners(
        free=frozenset({MAC}), things=frozenset({MAC})
    )
    for kind in DeviceKind:
        assert manners(thing(kind)).things == ({MAC} if kind is DeviceKind.IOT else set())


def test_a_device_is_known_by_its_macs_else_by_its_addresses() -> None:
    """An address may be another's tomorrow."""
    both = thing(macs=(MAC, OTHER), addresses=("192.168.78.10",))
    assert manners(both).open == {MAC, OTHER}
    assert manners(thing(macs=(), addresses=("192.168.78.10", "fd78::10"))).open == {"192.168.78.10", "fd78::10"}


def test_a_box_without_a_house() -> None:
    """Nobody has a name, and nobody is free."""
    assert manners_of(policy_of(House())) == Manners()
