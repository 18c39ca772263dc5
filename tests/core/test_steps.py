"""Each step has a verdict for its own matter or none; `test_policy*` prove their order and their crossings."""

from typing import Any

import pytest

from appliance.core import steps
from appliance.core.budget import NOT_COUNTED
from appliance.core.case import Case
from appliance.core.domainset import Entry
from appliance.core.guesses import Label
from appliance.core.house import House
from appliance.core.person import Mode
from appliance.core.steps import latest_word
from appliance.core.verdict import Action, Lift, Reason, Step, Verdict
from tests.core.builders import AFTERNOON, AT, RULES, child, grant, own, pause, policy_of, subject_of


def case_of(name: str, *extra: Entry, **said: Any) -> Case:
    """Return the case of a name that a child asks for, of whom this is said."""
    house = House(persons=(child(**said),))
    policy = policy_of(house, extra)
    return Case.of(RULES, NOT_COUNTED, subject_of(policy), name, policy.tags(name), AT)


def test_no_step_speaks_of_what_is_not_its_matter() -> None:
    """A name that nothing knows comes to the default."""
    case = case_of("open.example")
    found = [
        steps.hard(case), steps.word(case, None), steps.time(case), steps.own(case), steps.protected(case),
        steps.bypass(case), steps.category(case), steps.listed(case), steps.allowed_category(case),
        steps.labelled(case, None),
    ]  # fmt: skip
    assert found == [None] * 10
    assert steps.default(case) == Verdict(Action.ALLOW, Step.DEFAULT, Reason("default_allow"))


MATTERS = [
    ("hard", "porn.example", {}, Reason.of("hard", category="pornography", band="6-9")),
    ("time", "open.example", {"windows": (AFTERNOON,)}, Reason.of("window", window="Homework")),
    ("own", "a.b.example", {"rules": (own("b.example", "allow"),)}, Reason.of("own_allow", name="b.example")),
    ("protected", "mind.example", {}, Reason.of("protected", category="mental_health")),
    ("bypass", "doh.example", {}, Reason.of("bypass", category="bypass_dns", route="doh")),
    ("category", "forum.example", {}, Reason.of("category_ask", category="forum", origin="6-9")),
    ("allowed_category", "school.example", {}, Reason.of("category_allow", category="education")),
    ("default", "new.example", {"unknown_names": Mode.ASK}, Reason("default_ask")),
]


@pytest.mark.parametrize(("step", "name", "said", "expected"), MATTERS)
def test_a_step_says_why(step: str, name: str, said: dict[str, Any], expected: Reason) -> None:
    """Its code and arguments."""
    verdict = getattr(steps, step)(case_of(name, **said))
    assert verdict.reason == expected


def test_a_refusal_is_lifted_by_one_caregiver() -> None:
    """But for hard blocks."""
    assert steps.category(case_of("forum.example")) == Verdict(
        Action.ASK, Step.CATEGORY, Reason.of("category_ask", category="forum", origin="6-9"), lift=Lift.ONE
    )


def test_a_label_speaks_of_what_the_band_minds() -> None:
    """And of nothing else."""
    case = case_of("new.example")
    found = {one: steps.labelled(case, Label(one, 0.5)) for one in ("forum", "social_media", "education", "nothing")}
    assert [one for one, verdict in found.items() if verdict] == ["forum", "social_media"]


def test_which_word_holds() -> None:
    """Extra time beside a pass that was said before it; a pause said after it undoes it."""
    house = House(
        persons=(child(),), grants=(grant(-9), grant(-5, time=True), grant(-7, time=True)), pauses=(pause(-6),)
    )
    word, extra_time = latest_word(subject_of(policy_of(house)), (), frozenset(), AT)
    assert word is not None
    assert extra_time is not None
    assert (word.is_pause, AT - word.said_at, AT - extra_time.said_at) == (False, 540, 300)
    house = House(persons=(child(),), grants=(grant(-9, time=True),), pauses=(pause(-6),))
    word, extra_time = latest_word(subject_of(policy_of(house)), (), frozenset(), AT)
    assert (word and word.is_pause, extra_time) == (True, None)


def test_what_may_leave_no_trace_is_neither_told_nor_counted() -> None:
    """Whichever step decided; everything else of the verdict stays."""
    given = Verdict(Action.ALLOW, Step.WORD, Reason("grant"), counted=True, until=AT + 5)
    expected = Verdict(Action.ALLOW, Step.WORD, Reason("grant"), traceless=True, until=AT + 5)
    assert steps.afterwards(case_of("mind.example"), given) == expected
    assert steps.afterwards(case_of("hashed.example"), given) == expected
    assert steps.afterwards(case_of("open.example"), given) is given
