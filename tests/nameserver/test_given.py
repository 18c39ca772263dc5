"""The names for which addresses were given out: whose, for how long, how many, and which are told nowhere."""

from datetime import UTC, datetime, timedelta

import pytest

from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.policy import Policy
from appliance.core.policy import compile as compiled
from appliance.core.subject import Subject
from appliance.core.verdict import Step, Verdict
from appliance.core.word import Pause
from appliance.nameserver.given import MAX_NAMES, UNTOLD, Given, together
from tests.nameserver.inside import book, bundled, contract
from tests.nameserver.test_memory import AT, EXTRA, MIND, POLICY, SPY, house, verdict

A, B = bytes((192, 0, 2, 7)), bytes.fromhex("20010db8000000000000000000000007")
DAY_S = 86_400.0
OPEN = verdict()


def of(device: str | None, policy: Policy = POLICY) -> Subject:
    """Return a device's subject."""
    return policy.of_device(device)


def note(one: Given, device: str | None, name: str, at: float = AT, said: Verdict | None = OPEN) -> None:
    """Give a device the address A for a name."""
    one.note(POLICY, of(device), (name, said), (A,), at)


def names(one: Given, device: str | None, address: bytes = A, at: float = AT) -> list[str]:
    """Return the names for which a device was given an address."""
    return [name for name, _ in one.of(of(device), address, at)]


def all_subjects(told: House) -> list[Subject]:
    """Return the subjects of a house."""
    policy = compiled(told, book(), (bundled(), EXTRA), UTC)
    return [policy.unknown, *policy.by_device.values(), *policy.by_person.values()]


def given(most: int = 100) -> Given:
    """Return an empty memory."""
    return Given(contract(), AT - DAY_S, most)


def test_latest_first() -> None:
    """Each name once, with when it was given last, for every address of the answer."""
    one = given()
    for name, at in (("a.example", 0.0), ("b.example", 1.0), ("a.example", 2.0)):
        one.note(POLICY, of("10-12"), (name, OPEN), (A, B), AT + at)
    for address in (A, B):
        assert one.of(of("10-12"), address, AT + 2) == (("a.example", AT + 2), ("b.example", AT + 1))
    assert one.of(of("10-12"), bytes(4), AT + 2) == ()


@pytest.mark.parametrize("device", ["0-5", "6-9", "10-12", "13-15", "16-17", None])
def test_told_of_whom_it_was_given_alone(device: str | None) -> None:
    """Of no other child and of no device that nobody named, or of these alone."""
    one = given()
    note(one, device, "a.example")
    for other in ("0-5", "6-9", "10-12", "13-15", "16-17", None):
        assert names(one, other) == (["a.example"] if other == device else [])


@pytest.mark.parametrize("device", ["adult", "managed", "pc"])
def test_never_of_adults_and_managed_devices(device: str) -> None:
    """Nothing is held of them."""
    one = given()
    note(one, device, "a.example")
    assert (len(one), names(one, device)) == (0, [])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (MIND, OPEN),
        ("a.example", verdict(step=Step.HELP)),
        ("a.example", verdict(step=Step.PROTECTED)),
        ("a.example", verdict(silent=True)),
        ("a.example", verdict(category="help_report")),
    ],
)
def test_what_is_written_nowhere(name: str, said: Verdict) -> None:
    """That the address was given is known, for what is not: neither here nor anywhere in the memory."""
    one = given()
    note(one, "16-17", name, said=said)
    assert names(one, "16-17") == [UNTOLD]
    assert name not in repr(vars(one))


def test_what_only_a_caregiver_must_not_see() -> None:
    """Nobody sees this at all: it is held like any other."""
    one = given()
    note(one, "6-9", SPY)
    assert names(one, "6-9") == [SPY]


def test_names_of_the_home() -> None:
    """Nothing is decided of them, and they are known all the same."""
    one = given()
    note(one, "6-9", "printer.lan", said=None)
    assert names(one, "6-9") == ["printer.lan"]


def test_a_day_and_no_longer() -> None:
    """A name that is given again stays, one that isn't is neither told nor held after a day."""
    one = given()
    for name, at in (("a.example", 0.0), ("b.example", 1.0), ("a.example", 2.0)):
        note(one, "6-9", name, AT + at)
    assert names(one, "6-9", at=AT + DAY_S + 1) == ["a.example"]
    assert len(one) == 2
    one.sweep(AT + DAY_S + 1)
    assert (names(one, "6-9"), len(one)) == (["a.example"], 1)
    one.sweep(AT + DAY_S + 2)
    assert (names(one, "6-9"), len(one)) == ([], 0)
    assert "example" not in repr(vars(one))


def test_many_names_of_one_address() -> None:
    """The latest stay, of each address so many."""
    one = given()
    for number in range(MAX_NAMES + 2):
        note(one, "6-9", f"{number}.example", AT + number)
    assert names(one, "6-9") == [f"{number}.example" for number in range(MAX_NAMES + 1, 1, -1)]
    assert len(one) == MAX_NAMES


def test_more_than_there_is_room_for() -> None:
    """The oldest goes, and it is known since when nothing is missing."""
    one = given(most=2)
    assert one.whole_s(AT) == DAY_S
    for number, device in enumerate(("6-9", "10-12", "6-9", "13-15")):
        note(one, device, "a.example", AT + number)
    assert [names(one, device) for device in ("6-9", "10-12", "13-15")] == [["a.example"], [], ["a.example"]]
    assert (len(one), one.whole_s(AT + 11)) == (2, 10.0)


def test_clock_that_was_set() -> None:
    """Everything goes, and nothing is missing from then on."""
    one = given()
    note(one, "6-9", "a.example")
    one.forget(5.0)
    assert (names(one, "6-9"), len(one), one.whole_s(8.0)) == ([], 0, 3.0)
    assert one.whole_s(4.0) == 0.0
    assert one.whole_s(9 * DAY_S) == DAY_S


def test_another_house() -> None:
    """Whoever left, or is an adult now, is forgotten; the others are not."""
    one = given()
    for device in ("6-9", "10-12", "13-15", None):
        note(one, device, "a.example")
    told = house(**{"p13-15": "16-17"})
    stay = tuple(person for person in told.persons if person.id != "p10-12")
    devices = tuple(device for device in told.devices if device.person != "p10-12")
    one.settle(all_subjects(House(persons=stay, devices=devices)))
    held = [device for device in ("6-9", "10-12", "13-15", None) if names(one, device)]
    assert (held, len(one)) == (["6-9", "13-15", None], 3)
    grown = tuple(Person(id=person.id, name="Kim", kind=PersonKind.ADULT) for person in stay)
    one.settle(all_subjects(House(persons=grown, devices=devices)))
    assert (names(one, None), len(one)) == (["a.example"], 1)


def test_pause_of_one_device() -> None:
    """Neither when it begins nor when it ends is forgotten what the device was given."""
    told, begun = house(), datetime.fromtimestamp(AT, UTC)
    pause = Pause(device="6-9", said_at=begun, until=begun + timedelta(minutes=10))
    paused = House(persons=told.persons, devices=told.devices, pauses=(pause,))
    during = compiled(paused, book(), (bundled(), EXTRA), UTC)
    assert during.of_device("6-9").key != of("6-9").key
    one = given()
    note(one, "6-9", "a.example")
    one.settle(all_subjects(paused))
    assert [name for name, _ in one.of(during.of_device("6-9"), A, AT)] == ["a.example"]
    one.note(during, during.of_device("6-9"), ("b.example", OPEN), (A,), AT + 1)
    one.settle(all_subjects(told))
    assert names(one, "6-9") == ["b.example", "a.example"]


def test_of_several_workers() -> None:
    """Each name once, the latest first, no more than one worker tells."""
    assert together([]) == ()
    assert together([[("a", 3.0), ("b", 1.0)], [], [("b", 4.0), ("c", 2.0)]]) == ("b", "a", "c")
    many = [[(f"{number}", float(number)) for number in range(MAX_NAMES)], [("x", 99.0)]]
    assert together(many) == ("x", *(f"{number}" for number in range(MAX_NAMES - 1, 0, -1)))


def test_addresses_of_a_person() -> None:
    """Those of all names and devices, the latest first, each with what is left of its day; of nobody else."""
    one = given()
    for device, address, at in (("6-9", A, 0.0), ("6-9", B, 10.0), ("10-12", A, 20.0), ("6-9", A, 30.0)):
        one.note(POLICY, of(device), ("a.example" if at else "b.example", OPEN), (address,), AT + at)
    person = of("6-9").person
    assert person is not None
    assert one.addresses(person, AT + 40) == ((A, DAY_S - 10), (B, DAY_S - 30))
    assert one.addresses(person, AT + 10 + DAY_S) == ((A, 20.0),)
    assert one.addresses("nobody", AT) == ()
