"""Things that caregivers spoke of are compared with a name by the name itself or by its tags."""

import pytest

from appliance.core import matcher
from appliance.core.house import House, OwnService
from appliance.core.matcher import NOTHING, Matcher
from appliance.core.said import Things
from tests.core.builders import RULES

GROUPS = matcher.groups_of(House(), RULES)


@pytest.mark.parametrize(
    ("above", "tags", "expected"),
    [
        (("www.a.example", "a.example", "example"), frozenset(), (True, True)),
        (("b.example", "example"), frozenset({"forum"}), (True, False)),
        (("a.example", "example"), frozenset({"forum"}), (True, True)),
        (("b.example", "example"), frozenset({"games"}), (False, False)),
        ((), frozenset(), (False, False)),
    ],
)
def test_a_name_is_meant_by_itself_or_by_a_tag(
    above: tuple[str, ...], tags: frozenset[str], expected: tuple[bool, bool]
) -> None:
    """By itself: it or one above it was named."""
    found = Matcher(frozenset({"a.example"}), frozenset({"forum", "music"}))
    assert (found.covers(above, tags), found.names_it(above)) == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [(NOTHING, False), (Matcher(names=frozenset({"a"})), True), (Matcher(tags=frozenset({"a"})), True)],
)
def test_what_means_nothing_is_false(made: Matcher, *, expected: bool) -> None:
    """It covers no name whatever."""
    assert (bool(made), made.covers(("a",), frozenset("a"))) == (expected, expected)


def test_a_group_has_the_services_of_rules_and_house() -> None:
    """One without services has none, and an own service may be of no group."""
    own = (
        OwnService(id="club", name="Club", domains=("club.example",), group="talk"),
        OwnService(id="den", name="Den", domains=("den.example",)),
    )
    assert matcher.groups_of(House(services=own), RULES) == {
        "video": {"#service:tube", "#service:clips"},
        "talk": {"#service:chat", "#service:gossip", "#service:club"},
        "ways": {"#service:tunnel"},
        "none": set(),
    }


def test_things_become_names_and_tags() -> None:
    """Services by their tag, groups by those of their services, and what is added."""
    things = Things(names=("a.example",), services=("tube",), groups=("talk", "gone"), categories=("forum",))
    found = matcher.of_things(things, GROUPS, ["#updates:tv"])
    tags = {"#service:tube", "#service:chat", "#service:gossip", "forum", "#updates:tv"}
    assert (set(found.names), set(found.tags)) == ({"a.example"}, tags)


@pytest.mark.parametrize("things", [Things(), Things(groups=("none",)), Things(groups=("gone",))])
def test_things_that_are_none_are_nothing(things: Things) -> None:
    """A group without services too."""
    assert matcher.of_things(things, GROUPS) is NOTHING


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("everything", None),
        ("service:tube", {"#service:tube"}),
        ("group:talk", {"#service:chat", "#service:gossip"}),
        ("group:gone", set()),
        ("category:forum", {"forum"}),
    ],
)
def test_what_a_budget_is_about(what: str, expected: set[str] | None) -> None:
    """None is everything."""
    assert matcher.tags_of(what, GROUPS) == expected
