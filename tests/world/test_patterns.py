"""Expressions are found where Python's engine finds them, a thousand at once, and bad ones are told in RE2's words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.world.patterns import AT_ONCE, compile_patterns

PARTS = st.sampled_from(["a", "b", r"\.", "[ab]", "(a|b)+", "b{2}", ".*", "^", "$", "(^|\\.)", "ab"])
EXPRESSIONS = st.lists(PARTS, min_size=1, max_size=4).map("".join)
NAMES = st.lists(st.sampled_from(["a", "b", "ab", "bb", "aab"]), min_size=1, max_size=4).map(".".join)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=8), st.lists(NAMES, min_size=1, max_size=8))
def test_what_is_found_is_what_python_finds(expressions: list[str], names: list[str]) -> None:
    """On any names, with and without words that must be there."""
    patterns = compile_patterns(expressions)
    for name in names:
        expected = [number for number, expression in enumerate(expressions) if re.search(expression, name)]
        assert list(patterns.found_in(name)) == expected


def test_letters_of_any_case_are_found() -> None:
    """Names are in lower case, expressions need not be."""
    patterns = compile_patterns(["^ADS?[.]", "(?i)Tracker", "[A-C]nalytics"])
    assert list(patterns.found_in("ad.tracker.analytics.example")) == [0, 1, 2]


def test_no_expressions_find_nothing() -> None:
    """And are no error."""
    assert list(compile_patterns(()).found_in("a.example")) == []


def test_more_than_fit_in_one_go() -> None:
    """Numbers go on from one filter to the next."""
    number = 2 * AT_ONCE + 10
    patterns = compile_patterns(f"^host{place}[.]" for place in range(number))
    assert [list(patterns.found_in(f"host{place}.example")) for place in (0, AT_ONCE, number - 1)] == [
        [0],
        [AT_ONCE],
        [number - 1],
    ]


def test_long_words_that_do_not_fit_in_one_filter(capfd: pytest.CaptureFixture[str]) -> None:
    """They are parted until they do."""
    words = [f"{place:04d}" + "abcdefgh" * 60 for place in range(300)]
    patterns = compile_patterns(words)
    assert [list(patterns.found_in(f"x{words[place]}x")) for place in (0, 150, 299)] == [[0], [150], [299]]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("(a", "missing )"),
        ("(?=a)b", "invalid perl operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("a{2000}", "invalid repetition size"),
        ("((a{100}){100}){100}", "invalid repetition size"),
        ("[a-z]{900}" * 60, "too large"),
        ("(" + "a" * 5000, "missing )"),
        ("\udcff", "surrogates not allowed"),
    ],
)
def test_an_expression_that_can_not_be_used(expression: str, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    """RE2's own words, in our error; nothing is written to where a daemon's log goes."""
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        compile_patterns(["fine", expression])
    assert len(str(caught.value)) < 300
    assert capfd.readouterr() == ("", "")
