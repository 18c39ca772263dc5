"""A decision on its ladder: the lit step is the one that decided, and the next other answer is found."""

from typing import Any

import pytest

from appliance.core import policy
from appliance.core.house import House
from appliance.core.person import Do, Rule
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.web import ladder
from appliance.web.ladder import NoName
from tests.core.builders import AFTERNOON, AT, BERLIN, BUNDLED, NIGHT, RULES, child, minutes_from_now
from tests.guessing import no_labels


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Roblox.com", "roblox.com"),
        (" https://www.Roblox.com/home?x=1 ", "www.roblox.com"),
        ("http://user@roblox.com:8080/x", "roblox.com"),
        ("roblox.com/games", "roblox.com"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("localhost", "localhost"),
    ],
)
def test_a_name_is_found_in_what_was_typed(typed: str, name: str) -> None:
    """As it stands in the bar of a browser, or as somebody says it."""
    assert ladder.asked_name(typed) == name


@pytest.mark.parametrize(
    "typed", ["", "  ", "two words", "192.168.1.1", "http://[::1]/", "http://[x", "a..b", "https://", "<b>"]
)
def test_what_is_no_name_is_told_so(typed: str) -> None:
    """In a sentence for the form."""
    with pytest.raises(NoName, match=r"\.$"):
        ladder.asked_name(typed)


@pytest.mark.parametrize("step", Step)
def test_the_lit_step_is_the_deciding_one(step: Step) -> None:
    """Twelve rungs: a no for each one before it, and each one after it was not asked."""
    rungs = ladder.steps_of(Verdict(Action.ALLOW, step, Reason("x")), "Because.", "free")
    assert [is_on for _, is_on, _ in rungs] == [one is step for one in Step]
    assert [text.endswith("No") for text, _, _ in rungs] == [one.rank < step.rank for one in Step]
    assert [text.endswith("not asked") for text, _, _ in rungs] == [one.rank > step.rank for one in Step]
    assert rungs[step.rank][0].endswith(": Because.")


def test_every_action_has_a_mark() -> None:
    """Never by colour alone; time and pauses look like themselves."""
    marks = {
        (action, step): ladder.mark_of(Verdict(action, step, Reason("x")))
        for action in Action
        for step in (Step.TIME, Step.WORD, Step.DEFAULT)
    }
    assert all(mark.icon and mark.word and mark.tone for mark in marks.values())
    assert marks[Action.BLOCK, Step.TIME].tone == "night"
    assert marks[Action.BLOCK, Step.WORD].tone == "pause"
    assert marks[Action.ALLOW, Step.WORD].tone == "free"


def compiled(*rules: Rule, **said: Any) -> policy.Policy:
    """Return the policy of a house with one child."""
    return policy.compile(House(persons=(child(rules=rules, **said),)), RULES, (BUNDLED,), BERLIN)


def test_the_next_other_answer_is_found_behind_moments_that_change_nothing() -> None:
    """A rule ends in twenty minutes; the homework that ends in an hour is what opens the name."""
    of = compiled(Rule(name="else.example", do=Do.BLOCK, until=minutes_from_now(20)), windows=(AFTERNOON,))
    subject = of.by_person["kim"]
    verdict = policy.decide(of, subject, "plain.example", None, AT)
    assert verdict.until == AT + 20 * 60
    found = ladder.next_change(of, subject, "plain.example", verdict, AT, no_labels())
    assert found is not None
    assert (found.at, found.verdict.is_blocked) == (AT + 3_600, False)


def test_what_never_changes_by_itself_has_no_moment() -> None:
    """Neither without any end, nor where bedtime comes and goes and a help line stays open."""
    for of, name in ((compiled(), "plain.example"), (compiled(windows=(NIGHT,)), "help.example")):
        subject = of.by_person["kim"]
        verdict = policy.decide(of, subject, name, None, AT)
        assert ladder.next_change(of, subject, name, verdict, AT, no_labels()) is None
    of = compiled(windows=(NIGHT,))
    verdict = policy.decide(of, of.by_person["kim"], "malware.example", None, AT)
    assert ladder.next_change(of, of.by_person["kim"], "malware.example", verdict, AT, no_labels()) is None
