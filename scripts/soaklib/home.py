"""The house that is lived in: persons, how they are told apart, the names that they ask for, and how it changes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from appliance.core.device import Device, Forwarder
from appliance.core.house import House
from appliance.core.lists.build import Known, Source, build
from appliance.core.lists.rule import Syntax
from appliance.core.person import Do, Person, PersonKind, Rule
from appliance.core.subscription import Subscription
from appliance.core.word import Pause
from appliance.world import clock
from appliance.world.patterns import compile_patterns

BANDS = ("0-5", "6-9", "10-12", "13-15", "16-17")
ROUTER = "127.0.0.40"
ADULT = "adult"
PERSONS = (*(f"child{number}" for number in range(5)), ADULT, None)
"""Whose devices there are; nobody's is a stranger's."""
ADDRESSES = tuple(f"127.0.0.{31 + number}" for number in range(len(PERSONS)))
MACS = tuple(f"02:00:00:00:00:{number:02x}" for number in range(len(PERSONS)))
PAUSED = PERSONS[1]
LIST_NAMES = 50_000
OFTEN, KEPT = 200, 400
"""How many names there are that everybody asks for: with answers that end within seconds, and with lasting ones."""
SHORT_TTL_S = 5
SHORT_ZONE = "short.example.net"
ZONE = f"""
  local-zone: "{SHORT_ZONE}." redirect
  local-data: "{SHORT_ZONE}. {SHORT_TTL_S} IN A 198.51.100.7"
"""
REAL = bytes((198, 51, 100, 7))
"""What every name has upstream."""


class Kind(Enum):
    """What kind of name is asked for."""

    OFTEN = "often"
    """Its answer ends within seconds: where no upstream answers, an old one must do."""
    KEPT = "kept"
    LISTED = "listed"
    NEW = "new"
    """Nobody asked for it before."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A name that is asked for."""

    name: str
    kind: Kind


def wishes(chance: random.Random) -> Iterator[Wish]:
    """Yield what is asked for, without end: a quarter, a third, a quarter and the rest of each kind."""
    serial = 0
    while True:
        drawn = chance.random()
        if drawn < 0.25:
            yield Wish(often(chance.randrange(OFTEN)), Kind.OFTEN)
        elif drawn < 0.6:
            yield Wish(kept(chance.randrange(KEPT)), Kind.KEPT)
        elif drawn < 0.85:
            yield Wish(listed(chance.randrange(LIST_NAMES)), Kind.LISTED)
        else:
            serial += 1
            yield Wish(f"new{serial}.site{serial % 97}.example.org", Kind.NEW)


def often(number: int) -> str:
    """Return a name whose answers are short-lived."""
    return f"host{number}.{SHORT_ZONE}"


def kept(number: int) -> str:
    """Return a name whose answer is kept for long."""
    return f"host{number}.kept.example.net"


def listed(number: int) -> str:
    """Return a name of the list."""
    return f"host{number}.listed.example.net"


def is_wrong(person: str | None, kind: Kind, wire: bytes) -> bool:
    """Say whether an answer tells a child what is listed, or doesn't tell the adult what nobody closed."""
    if kind is Kind.LISTED and person != ADULT:
        return REAL in wire
    return person == ADULT and REAL not in wire


def house(turn: int) -> House:
    """Return the house after so many changes: a pause that comes and goes, and a rule that is another each time."""
    now = datetime.fromtimestamp(clock.now(), UTC)
    rule = Rule(name=kept(turn % KEPT), do=Do.BLOCK)
    children = [
        Person(id=f"child{number}", name=f"Child {number}", band=band, rules=() if number else (rule,))
        for number, band in enumerate(BANDS)
    ]
    return House(
        persons=(*children, Person(id=ADULT, name="Adult", kind=PersonKind.ADULT)),
        devices=tuple(
            Device(id=f"device{number}", person=person, addresses=(address,), macs=(mac,))
            for number, (person, address, mac) in enumerate(zip(PERSONS, ADDRESSES, MACS, strict=True))
        ),
        forwarders=(Forwarder(id="router", addresses=(ROUTER,)),),
        lists=(Subscription(id="long", name="A long list"),),
        pauses=(Pause(said_at=now, until=now + timedelta(hours=2), person=PAUSED),) if turn % 2 else (),
    )


def list_files() -> tuple[bytes, bytes]:
    """Return two files of the list, of which one has a name more."""
    lines = [f"0.0.0.0 {listed(number)}" for number in range(LIST_NAMES)]
    return _file(lines), _file([*lines, "0.0.0.0 one.more.example.net"])


def _file(lines: list[str]) -> bytes:
    source = Source(id="long", lines=lines, syntax=Syntax.HOSTS, wide=True)
    return build([source], Known(), compile_patterns).octets
