"""The catalogue as a house sees it: by what lists are for, for whom they fit, and what is good to begin with."""

import datetime

import pytest
from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.offers import ADULT, Overblock
from appliance.core.person import BANDS, Person
from appliance.core.subscription import Subscription
from appliance.web import list_offers
from appliance.web.box import Box
from appliance.world import rules
from tests.web.conftest import HOUSE
from tests.web.test_list_new import ALL, offer

BETS = offer("bets", ALL, category="gambling", default=("13-15",))
SMALL = offer("small", ("0-5", "6-9"), category="browser_games", default=("6-9",))
OTHER = offer("other", ALL)
FRAUD = offer("fraud", (*ALL, ADULT), category="malware_phishing")
CATALOGUE = (OTHER, FRAUD, BETS, SMALL)


@pytest.fixture(autouse=True)
def _offers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the catalogue be a small one."""
    monkeypatch.setattr(list_offers, "offers", lambda: CATALOGUE)


def test_what_is_good_to_begin_with_stands_first(box: Box) -> None:
    """Then kinds of sites as they stand everywhere; what is of no kind comes last."""
    found = list_offers.grouped(HOUSE, box.book)
    assert [one.title for one in found] == ["Browser games", "Gambling", "Malware and fraud", "All sorts"]
    assert [(one.has_default, one.here) for one in found] == [(True, 0), (True, 0), (False, 0), (False, 0)]
    here = replace(HOUSE, lists=(Subscription(id="x", name="X", url=FRAUD.url),))
    assert [one.here for one in list_offers.grouped(here, box.book)] == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        (BANDS, "all ages"),
        ((*BANDS, ADULT), "all ages"),
        (("0-5", "6-9"), "to 9"),
        (("10-12", "13-15", "16-17"), "from 10"),
        (("16-17", ADULT), "from 16"),
        (("6-9", "10-12"), "6 to 12"),
        (("0-5", "13-15"), "0 to 5, 13 to 15"),
        ((ADULT,), "adults"),
        ((), "nobody"),
    ],
)
def test_ages_are_told_as_people_say_them(ages: tuple[str, ...], expected: str) -> None:
    """One after another, or one by one where there is a gap."""
    assert list_offers.ages_words(ages) == expected


def test_a_list_is_for_the_children_whom_it_fits() -> None:
    """For all where it fits every age; for nobody where none is of its ages."""
    all_, some = list_offers.subscription(BETS, HOUSE), list_offers.subscription(SMALL, HOUSE)
    assert (all_ and all_.persons, some and some.persons) == ((), ("mia",))
    grown = replace(HOUSE, persons=HOUSE.persons[1:], devices=())
    assert list_offers.subscription(SMALL, grown) is None


def test_an_id_that_is_taken_is_taken_once() -> None:
    """A list that somebody named so stays what it is."""
    house = replace(HOUSE, lists=(Subscription(id="bets", name="Ours"),))
    made = list_offers.subscription(BETS, house)
    assert made is not None
    assert made.id == "bets-2"


def test_lists_are_taken_once() -> None:
    """What is here already, or fits nobody, is left out."""
    grown = replace(HOUSE, persons=(Person(id="ben", name="Ben", band="16-17"),), devices=())
    once = list_offers.taken(grown, {"bets", "small", "nonsense"})
    assert [one.id for one in once.lists] == ["bets"]
    assert list_offers.taken(once, {"bets"}) == once
    assert list_offers.taken(House(), ()) == House()


def test_what_is_offered_ready_ticked_is_told_why() -> None:
    """By the ages of the children; a kind without words of its own by what the list is."""
    assert [one.id for one in list_offers.defaults({"13-15"})] == ["bets"]
    assert [one.id for one in list_offers.defaults({"6-9", "13-15"})] == ["bets", "small"]
    assert list_offers.defaults(()) == []
    assert list_offers.why(BETS) == list_offers.REASONS["gambling"]
    assert list_offers.why(SMALL) == SMALL.about
    assert list_offers.named({"bets", "nonsense"}) == ["Bets"]


def test_how_much_is_closed_wrongly_is_told_where_it_was_measured() -> None:
    """And said where it wasn't."""
    told = Overblock(
        index=2.5, protected=1, infrastructure=0, popular=4, slice=3, names=1_000, measured=datetime.date(2026, 3, 1)
    )
    assert list_offers.overblock_words(replace(BETS, overblock=told)) == "2.5 of 1,000"
    assert list_offers.overblock_words(BETS) == list_offers.overblock_words(None) == list_offers.UNMEASURED
    assert list_offers.by_address(BETS.url) is BETS
    assert list_offers.by_address(None) is None


def test_every_default_of_the_bundled_catalogue_fits_who_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A house with a child of an age can take all that is offered ready ticked to it."""
    monkeypatch.setattr(list_offers, "offers", rules.load_offers)
    for band in BANDS:
        house = House(persons=(Person(id="kim", name="Kim", band=band),))
        for one in list_offers.defaults({band}):
            assert list_offers.subscription(one, house) is not None
