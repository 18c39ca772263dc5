"""appliance.household.looks: a guess as a sentence, for caregivers and for the child."""

import pytest

from appliance.core.rulebook import BYPASS
from appliance.household import looks
from appliance.world import rules


@pytest.mark.parametrize(
    ("score", "parts", "expected"),
    [
        (0.97, ["casino", "bet", ".bet"],
         "New, and it looks like gambling: “casino”, “bet”, .bet. The box is quite sure (97 %), and may be wrong."),
        (0.8, [], "New, and it looks like gambling. The box is not quite sure (80 %), and may be wrong."),
        (None, ["casino"], "New, and it looks like gambling. The box may be wrong."),
    ],
)  # fmt: skip
def test_to_a_caregiver(score: float | None, parts: list[str], expected: str) -> None:
    """With the parts of the name, and how sure it is; without where nobody can be asked."""
    assert looks.to_caregiver("gambling", score, parts) == expected


@pytest.mark.parametrize(
    ("category", "parts", "expected"),
    [
        ("gambling", ["casino", "bet", ".bet"],
         "It looks like gambling: “casino”, “bet”, .bet. We may be wrong: you can ask."),
        ("pornography", [], "It looks like something for grown-ups. We may be wrong: you can ask."),
        ("other", [], "It looks like that. We may be wrong: you can ask."),
        (None, [], "It is new here and looks risky. We may be wrong: you can ask."),
    ],
)  # fmt: skip
def test_to_a_child(category: str | None, parts: list[str], expected: str) -> None:
    """In its own words, and always with what it may do."""
    assert looks.to_child(category, "that", parts) == expected


def test_it_is_never_certain() -> None:
    """Whatever the model says, 99 % is the most, and from the least to the most each has its words."""
    assert [looks.percent(score) for score in (1.0, 0.996, 0.5, 0.0)] == [99, 99, 50, 0]
    assert "nearly sure (99 %)" in looks.how_sure(1.0)
    assert looks.how_sure(0.9) == "The box is quite sure (90 %)"
    assert "not quite sure (0 %)" in looks.how_sure(0.0)


def test_another_language_is_told_in_english() -> None:
    """As all words are that have no catalogue."""
    assert looks.to_caregiver("gambling", language="xx") == looks.to_caregiver("gambling")
    assert looks.to_child("gambling", "", language="xx") == looks.to_child("gambling", "")


def test_what_a_child_is_told_of_are_categories() -> None:
    """So that no words stand for nothing."""
    assert looks.TO_CHILD.keys() <= rules.load_rulebook().categories.keys()
    assert any(id_.startswith(BYPASS) for id_ in looks.TO_CHILD)
