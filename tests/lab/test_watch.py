"""The watch on a device finds what it is there to find."""

import pytest

from scripts.lablib import net
from tests.lab.watch import Answer, Spell, broken

OPEN, SHUT = frozenset({"203.0.113.10"}), frozenset({"0.0.0.0"})
CACHE = "127.0.0.10#5300"
CLOSED = Spell(100.0, 160.0, is_open=False)
FREE = Spell(100.0, 160.0, is_open=True)


def answer(at: float, found: frozenset[str] | None, ttl_s: int, server: str = net.ROUTER.v4) -> Answer:
    """Return an answer that came at once."""
    return Answer(at, at, server, found, ttl_s)


RIGHT = [
    (CLOSED, answer(100, SHUT, 10)),
    (FREE, answer(100, OPEN, 60)),
    (FREE, answer(159.5, OPEN, 0)),
    (FREE, answer(99.9, SHUT, 70)),
    (FREE, answer(160, SHUT, 10)),
    (CLOSED, answer(101, OPEN, 1, CACHE)),
    (CLOSED._replace(is_sudden=True), answer(159, OPEN, 1, CACHE)),
    (FREE._replace(is_known_end=False), answer(150, OPEN, 60)),
]


@pytest.mark.parametrize(("spell", "given"), RIGHT)
def test_what_is_right_is_no_fault(spell: Spell, given: Answer) -> None:
    """Also what came before or after, and what a device may keep for a moment."""
    assert list(broken(spell, given)) == []


WRONG = [
    (CLOSED, answer(100, OPEN, 10), "open 0.00 s into"),
    (FREE, answer(101, SHUT, 10), "closed 1.00 s into"),
    (FREE, answer(101, None, 0), "no answer 1.00 s into"),
    (FREE, answer(101, frozenset(), 0), "closed 1.00 s into"),
    (FREE, answer(100, OPEN, 61), "a TTL above the cap"),
    (CLOSED, answer(100, SHUT, 11), "a TTL above the cap"),
    (FREE, answer(159.5, OPEN, 1), "a TTL beyond the end"),
    (CLOSED, answer(103, OPEN, 1, CACHE), "open 3.00 s into"),
]


@pytest.mark.parametrize(("spell", "given", "words"), WRONG)
def test_what_is_wrong_is_told(spell: Spell, given: Answer, words: str) -> None:
    """Open or closed at the wrong time, no answer, or one that is kept for too long."""
    assert any(words in told for told in broken(spell, given))
