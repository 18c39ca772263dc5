"""What things asked for: as finely and for as long as the contract has it, and of no person's device."""

from datetime import UTC

import pytest

from appliance.core import policy
from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.verdict import Step, Verdict
from appliance.core.visibility import Granularity
from appliance.nameserver.counts import Counts
from appliance.nameserver.memory import Memory
from appliance.nameserver.permit import Who
from appliance.nameserver.recent import COARSE_S
from appliance.nameserver.things import MAX_NAMES, MAX_ROWS, Asked, Things, together
from tests.nameserver.inside import book, bundled, contract
from tests.nameserver.test_memory import AT, EXTRA, MIND, SPY, UP, verdict

DAY_S = 86_400.0
SLOT = AT // COARSE_S * COARSE_S
MAKER = "api.maker.example"
OWNERS = {"0-5": "0-5", "6-9": "6-9", "10-12": "10-12", "13-15": "13-15", "16-17": "16-17"}
DOLL = Who("doll", "kim", "6-9")


def house(kind: DeviceKind = DeviceKind.IOT, **persons: str | None) -> House:
    """Return a house with a thing of every row, by the row's name; `persons` are other owners than theirs."""
    children = tuple(Person(id=f"p{band}", name="Kim", band=band) for band in OWNERS)
    adult = Person(id="padult", name="Alex", kind=PersonKind.ADULT)
    owners = {band: f"p{band}" for band in OWNERS} | {"adult": "padult", "unknown": None} | persons
    devices = tuple(
        Device(id=id_, addresses=(f"192.0.2.{number}",), person=owner, kind=kind)
        for number, (id_, owner) in enumerate(owners.items())
    )
    return House(persons=(*children, adult), devices=devices)


POLICY = policy.compile(house(), book(), (bundled(), EXTRA), UTC)


def memory(told: House | None = None) -> Memory:
    """Return a memory of a house."""
    made = Memory(contract(), Counts())
    made.adopt(told or house())
    return made


def note(one: Memory, device: str | None, name: str = MAKER, said: Verdict | None = None, at: float = AT) -> None:
    """Note a query."""
    one.note(POLICY, POLICY.of_device(device), device, (name, said or verdict()), at, UP).add()


def names(one: Memory | Things, device: str, at: float = AT) -> list[str]:
    """Return the names that a thing asked for."""
    things = one.things if isinstance(one, Memory) else one
    return [each.name for each in things.read(device, at)[0]]


def write(one: Things, name: str = MAKER, at: float = AT, who: Who = DOLL, *, is_refused: bool = False) -> None:
    """Write a query of the doll's, to be kept for a day."""
    one.write(who, Granularity.NAME, DAY_S, (name, "music", is_refused), at)


@pytest.mark.parametrize("row", [*OWNERS, "adult", "unknown"])
def test_every_row(row: str) -> None:
    """A small child's things and nobody's, by name; of older children's and of adults' nothing."""
    one = memory()
    note(one, row)
    is_held = row in ("0-5", "6-9", "unknown")
    assert names(one, row) == ([MAKER] if is_held else [])
    assert one.is_watched(row, UP) == is_held


@pytest.mark.parametrize("kind", [kind for kind in DeviceKind if kind is not DeviceKind.IOT])
def test_no_other_kind(kind: DeviceKind) -> None:
    """What a TV asks for is the diary of who sits before it."""
    one = memory(house(kind))
    for row in ("6-9", "unknown"):
        note(one, row)
        assert (len(one.things), one.is_watched(row, UP)) == (0, False)


def test_device_that_nobody_named() -> None:
    """It has no kind."""
    one = memory()
    note(one, None)
    assert (len(one.things), one.is_watched(None, UP)) == (0, False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (MAKER, verdict(step=Step.HELP)),
        (MAKER, verdict(step=Step.PROTECTED)),
        (MAKER, verdict(silent=True)),
        (MIND, verdict()),
        (SPY, verdict()),
    ],
)
def test_what_leaves_no_trace(name: str, said: Verdict) -> None:
    """Nor does what somebody may have hidden in a thing to watch another."""
    one = memory()
    for row in ("6-9", "unknown"):
        note(one, row, name, said)
    assert len(one.things) == 0


def test_how_often_and_when() -> None:
    """Opened and refused each, with the quarters of an hour of the first and the last."""
    one = Things()
    for at, is_refused in ((AT, False), (AT + 1, False), (AT + 2, True), (AT + 2 * COARSE_S, False)):
        write(one, at=at, is_refused=is_refused)
    write(one, "a.example", is_refused=True)
    found, is_thing = one.read("doll", AT + 2 * COARSE_S)
    doll = Asked(MAKER, "music", 3, 1, SLOT, SLOT + 2 * COARSE_S)
    assert (found, is_thing) == ([Asked("a.example", "music", 0, 1, SLOT, SLOT), doll], True)
    assert one.read("lamp", AT) == ([], True)


@pytest.mark.parametrize("grain", [grain for grain in Granularity if grain.rank < Granularity.NAME.rank])
def test_below_a_name_nothing_is_written(grain: Granularity) -> None:
    """It would be of no use."""
    one = Things()
    one.write(DOLL, grain, DAY_S, (MAKER, "music", False), AT)
    assert len(one) == 0


def test_age() -> None:
    """It counts from the beginning of the quarter of an hour, for what is read and for what is held."""
    one = Things()
    write(one)
    write(one, "a.example", AT + COARSE_S)
    assert names(one, "doll", SLOT + DAY_S - 1) == ["a.example", MAKER]
    one.sweep(SLOT + DAY_S)
    assert (names(one, "doll", AT), len(one)) == (["a.example"], 1)
    assert names(one, "doll", SLOT + COARSE_S + DAY_S) == []


def test_what_asks_for_too_many_names_is_no_thing() -> None:
    """All that was held of it goes and nothing more is written, for as long as the names would have been kept."""
    one = Things()
    for number in range(MAX_NAMES):
        write(one, f"n{number}.example")
    assert (len(names(one, "doll")), one.read("doll", AT)[1]) == (MAX_NAMES, True)
    write(one, who=Who("lamp", None, "unknown"))
    write(one, MAKER)
    write(one, "n1.example", AT + 1)
    assert one.read("doll", AT + 1) == ([], False)
    assert names(one, "lamp") == [MAKER], "another thing's are its own"
    later = AT + DAY_S
    write(one, at=later)
    assert (names(one, "doll", later), one.read("doll", later)[1]) == ([MAKER], True)


def test_names_of_another_day_do_not_add_up() -> None:
    """A maker gives its servers new names."""
    one = Things()
    for number in range(2 * MAX_NAMES):
        write(one, f"n{number}.example", AT + number * COARSE_S * 4)
    assert one.read("doll", AT + 2 * MAX_NAMES * COARSE_S * 4)[1]


def test_the_rows_are_bounded() -> None:
    """The oldest make room, long before their age."""
    one = Things()
    for number in range(MAX_ROWS + 5):
        one.write(DOLL, Granularity.NAME, 1e9, (f"n{number % 7}.example", "music", False), AT + number * COARSE_S)
    assert len(one) == MAX_ROWS
    assert min(each.first for each in one.read("doll", AT)[0]) == SLOT + 5 * COARSE_S


def test_only_what_may_stay_stays() -> None:
    """Another's, a thing no more, gone: erased at once; a change of something else erases nothing."""
    for told, stays in (
        (house(), True),
        (house(unknown="p0-5"), False),
        (house(DeviceKind.PHONE), False),
        (House(), False),
    ):
        one = memory()
        note(one, "unknown")
        one.adopt(told)
        assert names(one, "unknown") == ([MAKER] if stays else [])


def test_when_the_clock_was_set() -> None:
    """No age can be told any more."""
    one = memory()
    note(one, "unknown")
    one.forget()
    assert len(one.things) == 0


def test_together() -> None:
    """Several workers' are added up, with the category of the latest time."""
    told = [Asked("b.example", "music", 1, 0, 1.0, 5.0), Asked("a.example", "games", 2, 2, 2.0, 2.0)]
    told += [Asked("b.example", "games", 1, 3, 0.0, 3.0)]
    assert together(told) == [
        Asked("a.example", "games", 2, 2, 2.0, 2.0), Asked("b.example", "music", 2, 3, 0.0, 5.0),
    ]  # fmt: skip
