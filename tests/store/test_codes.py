"""One-time codes make one account each, in time, and the first one only once for ever."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.store.accounts import Caregiver, Role
from appliance.store.codes import Invitation
from appliance.store.errors import BadCode, Claimed, NameTaken
from appliance.store.house import HouseStore
from tests.store.houses import AT


@pytest.fixture
def claimed(house: HouseStore) -> HouseStore:
    """Return a store with one owner."""
    house.codes.begin_first_run("first", AT)
    house.codes.redeem("first", "ann", "Ann", "hash-1", AT)
    return house


def test_first_run(house: HouseStore) -> None:
    """The code makes the owner, in whose own name that is told; afterwards there is no first run any more."""
    assert not house.codes.is_claimed()
    house.codes.begin_first_run("first", AT)
    assert house.codes.role_of("first", AT + 1_000_000) is Role.OWNER
    made = house.codes.redeem("first", "ann", "Ann", "hash-1", AT + 1)
    assert made == house.accounts.get("ann") == Caregiver("ann", "Ann", Role.OWNER, 1, AT + 1)
    assert house.codes.is_claimed()
    assert [(entry.who, entry.what.code) for entry in house.audit()] == [("ann", "caregiver_added")]
    with pytest.raises(Claimed):
        house.codes.begin_first_run("again", AT)


def test_a_new_first_code_voids_the_old_one(house: HouseStore) -> None:
    """Only the code that was printed last opens the box."""
    house.codes.begin_first_run("first", AT)
    house.codes.begin_first_run("second", AT)
    with pytest.raises(BadCode):
        house.codes.redeem("first", "ann", "Ann", "hash-1", AT)
    assert house.codes.redeem("second", "ann", "Ann", "hash-1", AT).role is Role.OWNER


def test_a_first_code_is_void_once_there_is_an_owner(house: HouseStore) -> None:
    """An owner who came another way ends the first run too."""
    house.codes.begin_first_run("first", AT)
    house.accounts.add("box", "ann", "Ann", "hash", Role.OWNER, AT)
    with pytest.raises(BadCode):
        house.codes.redeem("first", "leo", "Leo", "hash", AT)


def test_an_invitation(claimed: HouseStore) -> None:
    """It is listed while it is open, makes one account, and is used up by that."""
    made = claimed.codes.invite("ann", "code", Role.CAREGIVER, AT + 100, AT)
    assert made == Invitation(made.id, Role.CAREGIVER, "ann", AT, AT + 100)
    assert claimed.codes.invitations(AT) == [made]
    assert claimed.codes.role_of("code", AT) is Role.CAREGIVER
    assert claimed.codes.redeem("code", "leo", "Leo", "hash-2", AT + 99).role is Role.CAREGIVER
    assert claimed.codes.invitations(AT) == []
    assert claimed.audit()[0].who == "ann"
    with pytest.raises(BadCode):
        claimed.codes.redeem("code", "eve", "Eve", "hash-3", AT + 99)


def test_a_code_in_time(claimed: HouseStore) -> None:
    """At its end an invitation is over, and the retention job sweeps it up."""
    claimed.codes.invite("ann", "code", Role.CAREGIVER, AT + 100, AT)
    with pytest.raises(BadCode):
        claimed.codes.redeem("code", "leo", "Leo", "hash-2", AT + 100)
    with pytest.raises(BadCode):
        claimed.codes.role_of("code", AT + 100)
    assert claimed.codes.invitations(AT + 100) == []
    assert claimed.erase_older("codes", AT + 100) == 0
    assert claimed.erase_older("codes", AT + 101) == 1


def test_withdraw(claimed: HouseStore) -> None:
    """An invitation that was taken back opens nothing; taking it back twice is fine; no other goes with it."""
    one, two = (claimed.codes.invite("ann", code, Role.CAREGIVER, AT + 100, AT) for code in ("one", "two"))
    claimed.codes.withdraw(one.id)
    claimed.codes.withdraw(one.id)
    assert claimed.codes.invitations(AT) == [two]
    with pytest.raises(BadCode):
        claimed.codes.role_of("one", AT)


def test_a_taken_name_leaves_the_code(claimed: HouseStore) -> None:
    """Who chose a taken name may try again with the same code."""
    claimed.codes.invite("ann", "code", Role.CAREGIVER, AT + 100, AT)
    with pytest.raises(NameTaken):
        claimed.codes.redeem("code", "leo", "ann", "hash-2", AT)
    assert claimed.codes.redeem("code", "leo", "Leo", "hash-2", AT).name == "Leo"


def test_an_unknown_code(house: HouseStore) -> None:
    """Any other code opens nothing."""
    with pytest.raises(BadCode):
        house.codes.redeem("", "leo", "Leo", "hash-2", AT)


def test_many_with_one_code(house: HouseStore) -> None:
    """Of all who come at once with the first code, one owns the box."""
    house.codes.begin_first_run("first", AT)

    def come(number: int) -> bool:
        try:
            house.codes.redeem("first", f"id{number}", f"Name {number}", "hash", AT)
        except BadCode:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(come, range(8))) == 1
    assert len(house.accounts.all()) == 1
