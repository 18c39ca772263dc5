"""What is said of the classifier in words: read whole or refused with every line at fault."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.guesses import Guess, moved
from appliance.core.house import MOST_STEPS
from appliance.core.riskmodel import RiskClass, RiskModel, RiskModelError, parse

TEXT = """\
version: 2026.11-1
classes:
  - {id: adult, category: pornography, words: adult content}
  - {id: gambling, category: gambling, words: gambling}
  - {id: cams, category: pornography}
  - {id: benign}
thresholds:
  adult: {6-9: 0.97, 10-12: 0.98, 13-15: 0.99}
  gambling: {6-9: 0.9}
  cams: {6-9: 0.96, 10-12: 0.99, 16-17: 1}
"""
MODEL = parse(TEXT)

scores = st.floats(0, 1)


def test_a_model_is_what_the_text_says() -> None:
    """Classes in their order; what is not said is nothing."""
    assert (
        RiskModel(
            version="2026.11-1",
            classes=(
                RiskClass(id="adult", category="pornography", words="adult content"),
                RiskClass(id="gambling", category="gambling", words="gambling"),
                RiskClass(id="cams", category="pornography"),
                RiskClass(id="benign"),
            ),
            thresholds={
                "adult": {"6-9": 0.97, "10-12": 0.98, "13-15": 0.99},
                "gambling": {"6-9": 0.9},
                "cams": {"6-9": 0.96, "10-12": 0.99, "16-17": 1.0},
            },
        )
        == MODEL
    )


WRONG = [
    ("", "model.yaml: line 1: "),
    ("version: 1.5\nclasses: []\nthresholds: {}\n", "model.yaml: line 1: version: expected `str`"),
    ("version: a\nclasses: []\n", "model.yaml: line 1: .*missing required field `thresholds`"),
    (TEXT.replace("{id: benign}", "{id: adult}"), r"model.yaml: line 6: adult stands here a second"),
    (TEXT.replace("{id: benign}", "{id: Benign}"), "model.yaml: line 6: classes.#4.id: "),
    (TEXT.replace("{id: benign}", "{name: benign}"), "model.yaml: line 6: classes.#4.name: unknown key 'name'"),
    (TEXT.replace("words: gambling", "words: ''"), "model.yaml: line 4: classes.#2.words: "),
    (TEXT + "  benign: {6-9: 0.9}\n", "model.yaml: line 11: .*benign is no class that has a category"),
    (TEXT + "  dating: {6-9: 0.9}\n", "model.yaml: line 11: .*dating is no class that has a category"),
    (TEXT.replace("16-17: 1", "18-20: 1"), "model.yaml: line 10: .*18-20 is not one of 0-5, 6-9, 10-12, 13-15, 16-17"),
    (TEXT.replace("0.9}", "1.1}"), "model.yaml: line 8: thresholds: expected `float` <= 1.0"),
    (TEXT.replace("0.9}", "0}"), "model.yaml: line 8: thresholds: expected `float` > 0.0"),
    (TEXT.replace("0.9}", "-0.9}"), "model.yaml: line 8: thresholds: "),
    (TEXT.replace("0.9}", ".nan}"), "model.yaml: line 8: thresholds: "),
    (TEXT.replace("0.9}", "0.9, 6-9: 0.8}"), "model.yaml: line 9: '6-9' stands here a second time"),
    (TEXT.replace("0.9}", "0.9"), "model.yaml: line "),
    (TEXT + "surprise: 1\n", "model.yaml: line 11: surprise: unknown key 'surprise'"),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_fault_has_its_line(text: str, words: str) -> None:
    """With the file, and what is wrong there."""
    with pytest.raises(RiskModelError, match=f"^{words}"):
        parse(text)


def test_all_faults_are_told_at_once() -> None:
    """In the order of their lines."""
    text = TEXT.replace("{id: benign}", "{id: adult}").replace("16-17", "17") + "  benign: {6: 0.9}\n"
    with pytest.raises(RiskModelError) as caught:
        parse(text)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "line 6", "line 10", "line 11", "line 11"
    ]  # fmt: skip


@given(st.text(max_size=80) | st.text(max_size=30).map(lambda said: TEXT + said))
def test_any_text_gives_a_model_or_our_error(text: str) -> None:
    """Never anything else."""
    with contextlib.suppress(RiskModelError):
        assert isinstance(parse(text), RiskModel)


def test_thresholds_by_category() -> None:
    """Of two classes of one category the lower one at each age; none of what harms nobody."""
    assert MODEL.by_category == {
        "pornography": {"6-9": 0.96, "10-12": 0.98, "13-15": 0.99, "16-17": 1.0},
        "gambling": {"6-9": 0.9},
    }


def test_a_class_without_thresholds() -> None:
    """Nobody is asked about it."""
    found = parse("version: a\nclasses: [{id: dating, category: dating}, {id: benign}]\nthresholds: {}\n")
    assert (found.by_category, found.least) == ({"dating": {}}, 1.0)


def test_a_model_without_classes() -> None:
    """It says nothing of any name."""
    found = parse("version: a\nclasses: []\nthresholds: {}\n")
    assert (found.by_category, found.least, found.guesses(())) == ({}, 1.0, ())


def test_what_scores_say() -> None:
    """By category, likeliest first, without what is harmless and what is less likely than is asked for."""
    assert MODEL.guesses((0.1, 0.7, 0.15, 0.05)) == (
        Guess("gambling", 0.7), Guess("pornography", 0.15), Guess("pornography", 0.1)
    )  # fmt: skip
    assert MODEL.guesses((0.1, 0.7, 0.15, 0.05), 0.15) == (Guess("gambling", 0.7), Guess("pornography", 0.15))
    assert MODEL.guesses((0.0, 0.0, 0.0, 1.0), 0.5) == ()


def test_what_could_not_be_scored() -> None:
    """It has no guesses."""
    assert MODEL.guesses(None) == ()


def test_scores_that_are_not_numbers_are_no_guesses() -> None:
    """Nobody is asked because of a fault in the arithmetic."""
    assert MODEL.guesses((float("nan"), 0.9, 0.0, 0.0), 0.5) == (Guess("gambling", 0.9),)


@pytest.mark.parametrize("count", [3, 5])
def test_scores_of_another_model_are_refused(count: int) -> None:
    """One for each class, or it is not this one's output."""
    with pytest.raises(ValueError, match="zip"):
        MODEL.guesses((0.1,) * count)


@given(found=st.tuples(scores, scores, scores, scores), least=scores)
def test_guesses_are_the_likely_ones_in_order(found: tuple[float, ...], least: float) -> None:
    """Each as it was scored, none of them twice, none missing."""
    told = MODEL.guesses(found, least)
    expected = [
        Guess(one.category, score)
        for one, score in zip(MODEL.classes, found, strict=True)
        if one.category and score >= least
    ]
    assert sorted(told) == sorted(expected)
    assert [guess.score for guess in told] == sorted((guess.score for guess in told), reverse=True)


def test_what_a_category_looks_like() -> None:
    """In the words of the first class that has some, else by its own name."""
    assert [MODEL.words(one) for one in ("pornography", "gambling", "dating")] == [
        "adult content", "gambling", "dating"
    ]  # fmt: skip
    found = parse("version: a\nclasses: [{id: a, category: x}, {id: b, category: x, words: y}]\nthresholds: {}\n")
    assert found.words("x") == "y"


@given(by=st.dictionaries(st.sampled_from(["pornography", "gambling"]), st.integers(-MOST_STEPS, MOST_STEPS)))
def test_no_score_below_the_least_matters(by: dict[str, int]) -> None:
    """However much less sure caregivers let it be."""
    after = moved(MODEL.by_category, by)
    assert MODEL.least <= min(least for rows in after.values() for least in rows.values())


def test_the_least_is_reached() -> None:
    """By the lowest threshold after the most steps down, so that nothing that doesn't matter is passed on."""
    lowest = moved(MODEL.by_category, {"gambling": -MOST_STEPS})["gambling"]["6-9"]
    assert MODEL.least == lowest < 0.9
