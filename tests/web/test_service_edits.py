"""What a caregiver does about services, safe modes and another age: from a house to the next one."""

from datetime import date

import pytest
from msgspec.structs import replace

from appliance.core.house import House, OwnService, problems
from appliance.core.person import Level, Person, Setting
from appliance.core.rulebook import Rulebook
from appliance.core.said import Things
from appliance.core.schedule import DateException, Window
from appliance.core.verdict import Letter
from appliance.web import edits, lift_edits, service_edits
from appliance.world.rules import load_rulebook
from tests.web.conftest import AT, HOUSE, MIA

BOOK: Rulebook = load_rulebook()
CLUB = OwnService(id="club", name="Club", domains=("club.example",), category="gambling")


def with_mia(**said: object) -> House:
    """Return the house with another Mia."""
    return replace(HOUSE, persons=(replace(MIA, **said), *HOUSE.persons[1:]))


def mia(house: House) -> Person:
    """Return Mia."""
    return edits.person_of(house, "mia")


def test_a_service_a_group_and_a_level_are_set_and_taken_back() -> None:
    """Each by itself; the others' words stay."""
    house = service_edits.with_service(HOUSE, "mia", "youtube", Setting.ASK)
    house = service_edits.with_group(house, "mia", "game", Setting.BLOCK)
    house = service_edits.with_level(house, "mia", "bing", Level.OFF)
    assert (mia(house).services, mia(house).groups) == ({"youtube": Setting.ASK}, {"game": Setting.BLOCK})
    assert mia(house).safe_search == {"bing": Level.OFF}
    assert list(problems(house, BOOK.known)) == []
    house = service_edits.with_service(house, "mia", "youtube", None)
    house = service_edits.with_level(service_edits.with_group(house, "mia", "game", None), "mia", "bing", None)
    assert house == HOUSE


def test_somebody_who_is_not_there_gets_nothing() -> None:
    """And is not made."""
    for edit in (service_edits.with_service, service_edits.with_group):
        with pytest.raises(edits.NoSuchPerson):
            edit(HOUSE, "nobody", "x", Setting.ASK)
    with pytest.raises(edits.NoSuchPerson):
        service_edits.with_level(HOUSE, "nobody", "bing", Level.OFF)


def test_an_own_service_that_is_not_there_is_not_changed() -> None:
    """Nor taken away."""
    with pytest.raises(service_edits.NoSuchService):
        service_edits.changed_own(HOUSE, CLUB)
    with pytest.raises(service_edits.NoSuchService):
        service_edits.without_own(HOUSE, "club")


def test_an_own_service_goes_with_all_that_was_said_of_it() -> None:
    """In routines and on single dates too; the house stays right."""
    window = Window(name="Play", start="14:00", end="15:00", internet=True, block=Things(services=("club", "youtube")))
    exception = DateException(name="Holiday", first=date(2026, 3, 4), last=date(2026, 3, 5), windows=(window,))
    house = replace(with_mia(windows=(window,), exceptions=(exception,)), services=(replace(CLUB, category=None),))
    left = service_edits.without_own(house, "club")
    for one in (*mia(left).windows, *mia(left).exceptions[0].windows):
        assert one.block == Things(services=("youtube",))
    assert list(problems(left, BOOK.known)) == []


def test_another_age_ends_what_does_not_fit_it() -> None:
    """Jonas at 13 may have what at 10 takes two: categories, services, routines that open it."""
    assert BOOK.letters["13-15"]["gambling"] is not Letter.H
    play = Window(name="Play", start="14:00", end="15:00", allow=Things(categories=("gambling", "music")))
    club = Window(name="Club", start="15:00", end="16:00", allow=Things(services=("club", "youtube")))
    exception = DateException(name="Holiday", first=date(2026, 3, 4), last=date(2026, 3, 5), windows=(club,))
    said = {
        "categories": {"gambling": Setting.ASK, "forum": Setting.ASK},
        "services": {"club": Setting.ASK, "youtube": Setting.ASK},
        "windows": (play,), "exceptions": (exception,), "band": "13-15",
    }  # fmt: skip
    house = replace(with_mia(**said), services=(CLUB,))
    assert list(problems(house, BOOK.known)) == []
    younger = service_edits.moved(house, "mia", "Mia", "10-12", BOOK.known)
    assert list(problems(younger, BOOK.known)) == []
    found = mia(younger)
    assert (found.categories, found.services) == ({"forum": Setting.ASK}, {"youtube": Setting.ASK})
    assert found.windows[0].allow == Things(categories=("music",))
    assert found.exceptions[0].windows[0].allow == Things(services=("youtube",))


def test_a_service_that_is_closed_stays_closed_at_another_age() -> None:
    """That needs no second caregiver."""
    house = replace(with_mia(services={"club": Setting.BLOCK}, band="13-15"), services=(CLUB,))
    assert mia(service_edits.moved(house, "mia", "Mia", "10-12", BOOK.known)).services == {"club": Setting.BLOCK}


def test_what_is_lifted_ends_where_one_caregiver_decides() -> None:
    """And stays where it still takes two."""
    house = with_mia(band="10-12")
    for category in ("gambling", "ai_nudify"):
        house = lift_edits.lifted_alone(house, "mia", category, "dana", AT, None)
    older = service_edits.moved(house, "mia", "Mia", "13-15", BOOK.known)
    assert [one.category for one in older.lifted] == ["ai_nudify"]
    assert list(problems(older, BOOK.known)) == []


def test_another_name_changes_nothing_else() -> None:
    """Of a child and of an adult."""
    house = lift_edits.lifted_alone(HOUSE, "mia", "gambling", "dana", AT, None)
    same = service_edits.moved(house, "mia", "Mia-Sophie", "6-9", BOOK.known)
    assert same == replace(house, persons=(replace(MIA, name="Mia-Sophie"), *HOUSE.persons[1:]))
    assert edits.person_of(service_edits.moved(house, "dana", "D", None, BOOK.known), "dana").name == "D"
