"""Houses and stores to prove things on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from sqlite_utils import Database

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Do, Person, Rule
from appliance.core.verdict import Reason
from appliance.store.connection import connect

AT = 1_772_600_000.0
WHAT = Reason.of("site_blocked", name="games.example")


def named(*names: str) -> House:
    """Return a house of children, each with a device."""
    children = tuple(Person(id=name.lower(), name=name, band="6-9") for name in names)
    tablets = tuple(
        Device(id=f"{child.id}-tablet", macs=(f"02:00:00:00:00:{number:02x}",), person=child.id)
        for number, child in enumerate(children)
    )
    return House(persons=children, devices=tablets)


def blocking(*names: str, child: int = 0) -> Callable[[House], House]:
    """Return a change that blocks names for a child."""

    def mutate(house: House) -> House:
        person = house.persons[child]
        rules = (*person.rules, *(Rule(name=name, do=Do.BLOCK) for name in names))
        persons = list(house.persons)
        persons[child] = msgspec.structs.replace(person, rules=rules)
        return msgspec.structs.replace(house, persons=tuple(persons))

    return mutate


def blocked(house: House, child: int = 0) -> list[str]:
    """Return the names that are blocked for a child."""
    return [rule.name for rule in house.persons[child].rules]


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """Open a file past its store."""
    db = connect(path, "full")
    try:
        yield db
    finally:
        db.close()


def octets(folder: Path) -> bytes:
    """Return all that stands in the files of a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the right to write to a file, as another program may, until the block ends."""
    with opened(path) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.rollback()
