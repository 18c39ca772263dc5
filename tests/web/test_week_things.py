"""appliance.web.week_things: what may be ticked for a child, and what is made of it."""

import pytest
from msgspec.structs import replace

from appliance.core.catalogue import Service
from appliance.core.house import House, OwnService
from appliance.core.person import Person
from appliance.core.said import Things
from appliance.web import week_things
from appliance.web.week_things import NotThings, Shelf, Stock
from appliance.world import rules

SERVICES = {
    "zoo": Service(
        id="zoo", name="Zoo tube", group="film", category="video_sharing", domains=("zoo.example",), warning="W"
    ),
    "ant": Service(id="ant", name="ant.tv", group="film", category="kids_video", domains=("ant.example",)),
    "flirt": Service(id="flirt", name="Flirt", group="love", category="pornography", domains=("flirt.example",)),
}  # fmt: skip
OWN = OwnService(id="club", name="Chess club", domains=("club.example",))
BOOK = replace(rules.load_rulebook(), services=SERVICES, groups={"film": "Films", "love": "Love"})
STOCK = Stock(Person(id="mia", name="Mia", band="6-9"), House(services=(OWN,)), BOOK)


def shelf(title: str, *chosen: str, opens: bool) -> Shelf:
    """Return the things of a shelf."""
    return next(one for one in STOCK.shelves(chosen, opens=opens) if one.title == title)


def test_services_stand_in_their_group_by_name() -> None:
    """The group is one switch above them; only what is closed warns of what else stops."""
    films = shelf("Films", "service:ant", "group:film", opens=False)
    assert films.whole is not None
    assert [(one.value, one.name, one.note, one.is_on) for one in (films.whole, *films.offers)] == [
        ("group:film", "All of Films", "What joins this group later too.", True),
        ("service:ant", "ant.tv", "", True),
        ("service:zoo", "Zoo tube", "W", False),
    ]
    assert films.chosen == 2
    assert [one.note for one in shelf("Films", opens=True).offers] == ["", ""]


def test_own_services_have_a_shelf() -> None:
    """Where they are in no group."""
    assert [one.value for one in shelf("Own services", opens=True).offers] == ["service:club"]
    inside = Stock(STOCK.person, House(services=(replace(OWN, group="film"),)), BOOK)
    films = next(one for one in inside.shelves((), opens=True) if one.title == "Films")
    assert "service:club" in [one.value for one in films.offers]


@pytest.mark.parametrize(
    ("value", "opens"), [("service:flirt", True), ("category:pornography", True), ("category:lgbtq_support", False)]
)
def test_what_one_caregiver_can_not_say_is_not_there_and_not_taken(value: str, opens: bool) -> None:
    """Hard things to open, protected ones to close; the other way round both are fine."""
    offered = [one.value for shelf in STOCK.shelves((), opens=opens) for one in shelf.offers]
    assert value not in offered
    with pytest.raises(NotThings, match="at this age"):
        STOCK.said([value], opens=opens)
    assert STOCK.said([value], opens=not opens)


def test_what_is_closed_for_good_is_not_offered_to_be_closed() -> None:
    """It would change nothing."""
    assert "category:pornography" not in [one.value for shelf in STOCK.shelves((), opens=False) for one in shelf.offers]


def test_no_shelf_is_empty() -> None:
    """But for a group that may get services later."""
    for opens in (True, False):
        assert all(one.whole or one.offers for one in STOCK.shelves((), opens=opens))


def test_what_was_ticked_is_said_and_called() -> None:
    """And is ticked again when it is shown."""
    ticked = ["service:club", "group:film", "category:music"]
    things = STOCK.said(ticked, opens=True)
    assert things == Things(services=("club",), groups=("film",), categories=("music",))
    assert sorted(week_things.values(things)) == sorted(ticked)
    named = replace(things, names=("a.example",))
    assert STOCK.called(named) == ["Films", "Chess club", "Music, radio and audio books", "a.example"]
    assert STOCK.called(Things(services=("x",), groups=("y",), categories=("z",))) == ["y", "x", "z"]


def test_names_are_one_a_line_and_once() -> None:
    """As sites are typed everywhere."""
    assert week_things.names_of(" https://www.A.example/x?y \n\nb.example\r\n*.a.example") == ("a.example", "b.example")
    with pytest.raises(NotThings, match="is not the name of a site"):
        week_things.names_of("a.example\n192.0.2.1")
