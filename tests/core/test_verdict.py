"""The words of a verdict, and the one table from letters to what they mean."""

import pytest

from appliance.core.verdict import TERMS, Action, Letter, Lift, Reason, Step, Strictness, Verdict

TABLE = [
    ("P", Action.ALLOW, False, True, False, None),
    ("A", Action.ALLOW, False, False, False, None),
    ("S", Action.ALLOW, False, False, True, None),
    ("T", Action.ALLOW, True, False, False, None),
    ("S+T", Action.ALLOW, True, False, True, None),
    ("K", Action.ASK, False, False, False, Lift.ONE),
    ("B", Action.BLOCK, False, False, False, Lift.ONE),
    ("H", Action.BLOCK, False, False, False, Lift.TWO),
]


@pytest.mark.parametrize(("letter", "action", "counted", "traceless", "safe", "lift"), TABLE)
def test_a_letter_has_its_terms(
    letter: str, action: Action, *, counted: bool, traceless: bool, safe: bool, lift: Lift | None
) -> None:
    """P allows without a trace, T counts, S is safe, K asks, one lifts B and two lift H."""
    terms = TERMS[Letter(letter)]
    assert (action, counted, traceless, safe, lift) == (
        terms.action,
        terms.counted,
        terms.traceless,
        terms.is_safe,
        terms.lift,
    )


def test_every_letter_has_terms() -> None:
    """None is forgotten, and each refusal is stricter than what is allowed."""
    assert set(Letter) == TERMS.keys()
    assert [TERMS[Letter(one)].strictness for one in "KBH"] == [Strictness.ASK, Strictness.BLOCK, Strictness.HARD]
    assert {Strictness.ALLOW} == {TERMS[one].strictness for one in Letter if TERMS[one].action is Action.ALLOW}


def test_steps_are_ranked_as_they_are_written() -> None:
    """Help first, the default last."""
    assert list(range(12)) == [step.rank for step in Step]
    assert (min(Step, key=lambda step: step.rank), max(Step, key=lambda step: step.rank)) == (Step.HELP, Step.DEFAULT)


@pytest.mark.parametrize(
    ("action", "expected"),
    [(Action.ALLOW, False), (Action.REWRITE, False), (Action.BLOCK, True), (Action.ASK, True)],
)
def test_ask_answers_like_block(action: Action, *, expected: bool) -> None:
    """Both are blocked as far as an answer goes."""
    assert expected == Verdict(action, Step.DEFAULT, Reason("x")).is_blocked


def test_a_reason_keeps_the_order_of_its_arguments() -> None:
    """So that two alike are equal."""
    assert Reason("code", (("b", "1"), ("a", "2"))) == Reason.of("code", b="1", a="2")
