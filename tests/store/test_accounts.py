"""Caregivers: added once, reset, shut out, never left without an owner; failures counted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.store.accounts import Attempts, Caregiver, Credentials, Role, name_key
from appliance.store.errors import LastOwner, NameTaken, NoCaregiver
from appliance.store.house import HouseStore
from tests.store.houses import AT

ANN = Caregiver("ann", "Ann", Role.OWNER, 1, AT)


@pytest.fixture
def house(house: HouseStore) -> HouseStore:
    """Return a store with one owner."""
    house.accounts.add("box", "ann", "Ann", "hash-1", Role.OWNER, AT)
    return house


def test_an_account(house: HouseStore) -> None:
    """It is found by id and by name in any spelling, its hash only where that is asked for."""
    assert house.accounts.all() == [ANN]
    assert house.accounts.get("ann") == ANN
    assert [house.accounts.credentials(name) for name in ("Ann", " ANN ", "ann")] == [Credentials(ANN, "hash-1")] * 3
    assert (house.accounts.get("leo"), house.accounts.credentials("Leo")) == (None, None)


@pytest.mark.parametrize("name", ["Ann", "aNN", " Ann", "\uff21nn"])
def test_a_name_is_had_once(house: HouseStore, name: str) -> None:
    """Two names that a person would take for one are one."""
    with pytest.raises(NameTaken):
        house.accounts.add("ann", "other", name, "hash-2", Role.CAREGIVER, AT)
    assert house.accounts.all() == [ANN]


def test_an_id_is_had_once(house: HouseStore) -> None:
    """A second account of one id is refused."""
    with pytest.raises(NameTaken):
        house.accounts.add("ann", "ann", "Leo", "hash-2", Role.CAREGIVER, AT)


def test_name_keys() -> None:
    """Spaces, case and width don't tell names apart; letters do."""
    assert name_key("  Ann   Marie ") == name_key("ANN marie")
    assert name_key("Straße") == name_key("STRASSE")
    assert name_key("Ann") != name_key("Anna")


def test_reset(house: HouseStore) -> None:
    """Another password ends all sessions; the account stays."""
    assert house.accounts.reset("box", "ann", "hash-2", AT + 1).session_epoch == 2
    credentials = house.accounts.credentials("Ann")
    assert credentials == Credentials(Caregiver("ann", "Ann", Role.OWNER, 2, AT), "hash-2")


def test_rehash(house: HouseStore) -> None:
    """A better hash of the same password ends nothing and is no change of the house."""
    house.accounts.rehash("ann", "hash-2")
    assert house.accounts.credentials("Ann") == Credentials(ANN, "hash-2")
    assert len(house.audit()) == 1


def test_end_sessions(house: HouseStore) -> None:
    """Each time the epoch goes up."""
    epochs = [house.accounts.end_sessions("ann", "ann", AT + number).session_epoch for number in range(3)]
    assert epochs == [2, 3, 4]


def test_disable_and_enable(house: HouseStore) -> None:
    """A disabled account stays and says since when; sessions from before don't come back with it."""
    house.accounts.add("ann", "leo", "Leo", "hash-2", Role.CAREGIVER, AT + 1)
    assert house.accounts.disable("ann", "leo", AT + 2) == Caregiver("leo", "Leo", Role.CAREGIVER, 2, AT + 1, AT + 2)
    assert [one.id for one in house.accounts.all()] == ["ann", "leo"]
    assert house.accounts.enable("ann", "leo", AT + 3) == Caregiver("leo", "Leo", Role.CAREGIVER, 3, AT + 1)


def test_the_last_owner_stays(house: HouseStore) -> None:
    """Nobody can leave a house without an owner, whichever way."""
    house.accounts.add("ann", "leo", "Leo", "hash-2", Role.CAREGIVER, AT)
    with pytest.raises(LastOwner):
        house.accounts.disable("ann", "ann", AT)
    with pytest.raises(LastOwner):
        house.accounts.set_role("ann", "ann", Role.CAREGIVER, AT)
    assert house.accounts.get("ann") == ANN
    assert house.accounts.set_role("ann", "leo", Role.OWNER, AT).role is Role.OWNER
    assert house.accounts.disable("leo", "ann", AT).disabled_at == AT


def test_two_owners_shut_each_other_out(house: HouseStore) -> None:
    """At the same moment only one of them can."""
    house.accounts.add("ann", "leo", "Leo", "hash-2", Role.OWNER, AT)

    def shut_out(pair: tuple[str, str]) -> bool:
        try:
            house.accounts.disable(*pair, AT)
        except LastOwner:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(shut_out, [("ann", "leo"), ("leo", "ann")])) == [False, True]


@pytest.mark.parametrize("call", ["reset", "disable", "enable", "end_sessions", "set_role", "rehash"])
def test_nobody_of_that_id(house: HouseStore, call: str) -> None:
    """What is to be done to nobody is refused, and nothing is written."""
    calls: dict[str, Callable[[], object]] = {
        "reset": lambda: house.accounts.reset("box", "leo", "hash", AT),
        "disable": lambda: house.accounts.disable("box", "leo", AT),
        "enable": lambda: house.accounts.enable("box", "leo", AT),
        "end_sessions": lambda: house.accounts.end_sessions("box", "leo", AT),
        "set_role": lambda: house.accounts.set_role("box", "leo", Role.OWNER, AT),
        "rehash": lambda: house.accounts.rehash("leo", "hash"),
    }
    with pytest.raises(NoCaregiver):
        calls[call]()
    assert len(house.audit()) == 1


def test_accounts_are_audited(house: HouseStore) -> None:
    """Who added, reset or shut out whom is told, to nobody's children."""
    house.accounts.add("ann", "leo", "Leo", "hash-2", Role.CAREGIVER, AT + 1)
    house.accounts.disable("ann", "leo", AT + 2)
    entries = house.audit()
    assert [(entry.who, entry.what.code, dict(entry.what.args)["name"]) for entry in entries] == [
        ("ann", "caregiver_disabled", "Leo"), ("ann", "caregiver_added", "Leo"), ("box", "caregiver_added", "Ann"),
    ]  # fmt: skip
    assert {(entry.persons, entry.is_whole_house, entry.revision) for entry in entries} == {((), False, 0)}
    assert house.audit("kim") == []


def test_attempts(house: HouseStore) -> None:
    """Failures in a row are counted by subject, a lock-out is kept, a success forgets both."""
    assert house.accounts.attempts("ann") == Attempts()
    assert house.accounts.fail("ann", AT) == Attempts(1, AT, AT)
    assert house.accounts.fail("ann", AT + 5) == Attempts(2, AT, AT + 5)
    assert house.accounts.lock_out("ann", AT + 60, AT + 6) == Attempts(2, AT, AT + 5, AT + 60)
    assert house.accounts.fail("ann", AT + 7) == house.accounts.attempts("ann") == Attempts(3, AT, AT + 7, AT + 60)
    assert house.accounts.attempts("192.0.2.7") == Attempts()
    house.accounts.succeed("ann")
    assert house.accounts.attempts("ann") == Attempts()
    house.accounts.succeed("ann")
    assert house.accounts.lock_out("ann", AT + 60, AT) == Attempts(0, AT, AT, AT + 60)


def test_no_failure_is_missed(house: HouseStore) -> None:
    """Guesses from many threads at once all count."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: house.accounts.fail("ann", AT + number), range(40)))
    assert house.accounts.attempts("ann").failures == 40
