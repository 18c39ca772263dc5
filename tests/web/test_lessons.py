"""appliance.web.lessons: steps of certainty, moved by answers, bounded, taken back and forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.house import EMPTY, MOST_STEPS, Classifier, House
from appliance.store.requests import Request
from appliance.web import lessons
from appliance.web.box import Box
from appliance.web.lessons import KEEP, OPEN, Lesson
from tests.web.conftest import AT


def house(**steps: int) -> House:
    """Return a house that learned so much."""
    return House(classifier=Classifier(steps=steps))


def request(guessed: str | None = "gambling", taught: int | None = None) -> Request:
    """Return a request about a name."""
    return Request(1, "mia", "tablet", "a.example", "", AT, guessed=guessed, taught=taught)


@given(st.lists(st.tuples(st.sampled_from(["gambling", "dating"]), st.sampled_from([OPEN, KEEP])), max_size=30))
def test_whatever_is_answered_the_house_can_be_saved(said: list[tuple[str, int]]) -> None:
    """No step beyond the bound, and none that is nothing."""
    now = EMPTY
    for category, steps in said:
        now = lessons.moved(now, category, steps)
    assert all(0 < abs(one) <= MOST_STEPS for one in now.classifier.steps.values())


def test_one_category_is_moved_and_no_other() -> None:
    """And what is back at nothing isn't written."""
    assert lessons.moved(house(gambling=1, dating=2), "gambling", 1) == house(gambling=2, dating=2)
    assert lessons.moved(house(gambling=1), "gambling", -1) == house()
    assert lessons.moved(house(), "dating", -1) == house(dating=-1)


def test_the_rest_of_the_classifier_stays() -> None:
    """Whether it is on is another matter."""
    off = House(classifier=Classifier(on=False))
    assert not lessons.moved(off, "dating", 1).classifier.on
    assert not lessons.reset(off).classifier.on


@pytest.mark.parametrize(
    ("category", "left"), [("gambling", {"dating": -1}), (None, {}), ("forum", {"gambling": 3, "dating": -1})]
)
def test_what_was_learned_is_forgotten(category: str | None, left: dict[str, int]) -> None:
    """Of one kind of sites, or of all."""
    assert lessons.reset(house(gambling=3, dating=-1), category) == house(**left)


def test_an_answer_takes_the_place_of_the_one_before() -> None:
    """In whichever category that was."""
    assert Lesson("gambling", OPEN, request(taught=KEEP)).learned(house(gambling=-1)) == house(gambling=1)
    assert Lesson("gambling", OPEN, request("dating", OPEN)).learned(house(dating=1)) == house(gambling=1)
    assert Lesson("gambling", OPEN).learned(house()) == house(gambling=1)


def test_only_a_guess_teaches(box: Box) -> None:
    """Of a category that the rules know still."""
    assert lessons.of_answer(box, request(), OPEN) == Lesson("gambling", OPEN)
    assert lessons.of_answer(box, request(None), OPEN) is None
    assert lessons.of_answer(box, request("gone"), OPEN) is None
