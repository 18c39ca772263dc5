"""What a setting costs a child is told for every kind of sites and every way that it may be set."""

from appliance.core.verdict import Letter
from appliance.web import costs
from appliance.world.rules import load_rulebook

BOOK = load_rulebook()


def test_every_group_says_what_closing_it_costs() -> None:
    """None of them with the words for all else, which are its own."""
    groups = {category.group for category in BOOK.categories.values()} - {"other"}
    said = [costs.of(group, Letter.B) for group in sorted(groups)]
    assert len(set(said)) == len(said)
    assert costs.of("other", Letter.B) not in said
    assert costs.of("nothing known", Letter.H) == costs.of("other", Letter.B)


def test_every_letter_says_what_it_costs() -> None:
    """Safe and counted say both."""
    assert all(costs.of("games", letter) for letter in Letter)
    both = costs.of("video", Letter.ST)
    assert costs.of("video", Letter.S) in both
    assert costs.of("video", Letter.T) in both
