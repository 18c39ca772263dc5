"""What a rule is about, and how many conditions it has."""

import pytest

from appliance.core.lists.rule import Rewrite, Rule


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(1), True),
        (Rule(1, clients=("tv",)), True),
        (Rule(1, name="a.example"), False),
        (Rule(1, pattern="a"), False),
    ],
)
def test_a_rule_about_every_name_has_neither_name_nor_pattern(rule: Rule, expected: bool) -> None:
    """Whatever conditions it has."""
    assert rule.is_everything is expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(1, name="a.example", is_important=True), 0),
        (Rule(1, qtypes=(1,)), 1),
        (Rule(1, qtypes=(1,), not_qtypes=(28,)), 1),
        (Rule(1, not_clients=("tv",), not_tags=("user_child",)), 2),
        (Rule(1, qtypes=(1, 28), clients=("tv",), tags=("a",), spared=("b",), rewrites=(Rewrite(rcode=3),)), 5),
    ],
)
def test_modifiers_are_counted_once_each(rule: Rule, expected: int) -> None:
    """However many values one has."""
    assert rule.modifiers == expected
