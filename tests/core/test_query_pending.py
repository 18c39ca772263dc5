"""What a query does whose name was not guessed at in time: it is answered as by default, and not for long."""

from typing import Any

import pytest

from appliance.core.guesses import LATE_S, PENDING_S, Guess
from appliance.core.query import is_as_begun, is_unguessed
from appliance.core.verdict import Step
from tests.core.box import texts
from tests.core.builders import AT, adult, child, message, own, pause, query
from tests.core.test_query_guesses import NEW, RISKY, Guessing

ANSWER = message(NEW, "A", [f"{NEW}. 300 A 198.51.100.7"])


def passed_over(**said: Any) -> Guessing:
    """Return a house in which the guess at a name was not there in time."""
    box = Guessing(**said)
    box.memory.pass_over(NEW, AT)
    return box


def test_a_name_that_was_passed_over_is_open_for_a_moment() -> None:
    """Nobody keeps the reply for longer than a guess may be on its way, and it is not given out again."""
    box = passed_over()
    asked = box.ask(query(NEW))
    assert (asked.verdict.step, asked.verdict.until) == (Step.DEFAULT, AT + PENDING_S)
    reply = box.journey(query(NEW), ANSWER)
    assert texts(reply) == [f"{NEW}. {int(PENDING_S)} IN A 198.51.100.7"]
    assert reply.keep_until <= AT


def test_out_of_the_cache_as_well() -> None:
    """An answer that is at hand is given out for as short a time."""
    box = passed_over()
    box.setting.answers.put(box.ask(query(NEW)).key, ANSWER, AT)
    reply = box.reply(query(NEW))
    assert (texts(reply), reply.keep_until <= AT) == ([f"{NEW}. {int(PENDING_S)} IN A 198.51.100.7"], True)


def test_what_ends_sooner_ends_sooner() -> None:
    """A pause that begins meanwhile is not put off."""
    box = passed_over(pauses=(pause(said=2 / 60, until=30),))
    assert box.ask(query(NEW)).verdict.until == pytest.approx(AT + 2)


def test_one_that_looks_harmless_is_not_cut() -> None:
    """Nor one that nobody could be asked about."""
    box = Guessing()
    box.memory.put(NEW, (), AT)
    assert box.ask(query(NEW)).verdict.until is None
    box = Guessing()
    box.memory.is_fed = False
    assert box.ask(query(NEW)).verdict.until is None


def test_who_is_not_guessed_for_is_not_cut() -> None:
    """A grown-up, somebody of sixteen, and who has a rule about it."""
    for person in (adult(), child("16-17"), child("6-9", rules=(own(NEW, "allow"),))):
        assert passed_over(person=person).ask(query(NEW)).verdict.until is None


def test_the_guess_after_all() -> None:
    """It holds as soon as it is there; a moment later the name is asked about anew."""
    box = passed_over()
    assert not box.is_unsure(query(NEW))
    assert box.is_unsure(query(NEW), AT + LATE_S)
    assert box.told(NEW, *RISKY).step is Step.CLASSIFIER  # type: ignore[union-attr]
    assert not box.memory.is_passed_over(NEW, AT)


def test_what_is_passed_over() -> None:
    """For a moment, only what was not guessed at."""
    memory = Guessing().memory
    assert not memory.is_passed_over(NEW, AT)
    memory.pass_over(NEW, AT)
    assert (memory.is_passed_over(NEW, AT), memory.get(NEW, AT)) == (True, ())
    assert (memory.is_passed_over(NEW, AT + LATE_S), memory.get(NEW, AT + LATE_S)) == (False, None)
    memory.put(NEW, (), AT)
    assert not memory.is_passed_over(NEW, AT)
    memory.pass_over(NEW, AT)
    assert not memory.is_passed_over(NEW, AT)


def test_bare_whether_anybody_can_be_asked_or_not() -> None:
    """A reply may be another one later, also where there is nobody to ask now."""
    box = Guessing()
    box.memory.is_fed = False
    verdict = box.ask(query(NEW)).verdict
    assert not box.is_unsure(query(NEW))
    assert is_unguessed(box.setting, box.subject, NEW, verdict, AT)
    box.memory.put(NEW, (Guess("forum", 0.1),), AT)
    assert not is_unguessed(box.setting, box.subject, NEW, verdict, AT)
    assert not is_unguessed(box.setting, box.subject, NEW, None, AT)
    closed = box.told(NEW, *RISKY)
    assert not is_unguessed(box.setting, box.subject, "other.example", closed, AT)


def test_what_was_begun_holds_with_a_guess_that_asks_nobody() -> None:
    """A harmless one, one below the threshold, one of a category that is open; not what is asked about, or late."""
    box = Guessing()

    def holds(name: str, *guesses: Guess) -> bool:
        box.memory.put(name, guesses, AT)
        return is_as_begun(box.setting, box.subject, name, AT)

    assert not is_as_begun(box.setting, box.subject, NEW, AT)
    assert holds(NEW)
    assert holds(NEW, Guess("forum", 0.89))
    assert holds(NEW, Guess("education", 1.0))
    assert not holds(NEW, *RISKY)
    assert holds("printer", *RISKY)
    late = passed_over()
    assert not is_as_begun(late.setting, late.subject, NEW, AT)
    grown_up = Guessing(person=adult())
    assert not is_as_begun(grown_up.setting, grown_up.subject, NEW, AT)
    assert not is_as_begun(box.setting, box.subject, "other.example", AT)
