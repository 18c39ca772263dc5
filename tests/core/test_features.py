"""A name as numbers: the same here as in training, whatever stands in the name, and blind to who people are."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import features
from appliance.core.features import MAX_BODY, FeaturesError, Words, parse_words

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "features.json").read_text("utf-8"))
"""Names that we made up, with the numbers that the shipped model was trained to read."""
WORDS = parse_words("\n".join(GOLDEN["words"]))


@pytest.mark.parametrize("case", GOLDEN["names"], ids=lambda case: case["body"] or "empty")
def test_golden(case: dict[str, Any]) -> None:
    """A changed number means a model that reads noise: train it anew."""
    found = features.features(case["body"], case["suffix"], WORDS)
    assert list(found.grams) == case["grams"]
    assert list(found.words) == case["words"]
    assert list(found.signs) == case["signs"]
    assert list(found.whole) == case["whole"]
    assert list(features.tokens(features.read(case["body"], WORDS), WORDS)) == case["tokens"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bakeryshop", ["bakery", "shop"]),
        ("shopbakeryshop", ["shop", "bakery", "shop"]),
        ("bakeryqqqshop", ["bakery", "qqq", "shop"]),
        ("qqbakery", ["qq", "bakery"]),
        ("bakeryqq", ["bakery", "qq"]),
        ("qqq", ["qqq"]),
        ("", []),
    ],
)
def test_segment(text: str, expected: list[str]) -> None:
    """The cheapest words win; letters that belong to none stay together, wherever they stand."""
    assert features.segment(text, WORDS) == expected


def test_a_longer_word_wins_over_its_parts() -> None:
    """Blackjack is one word, though black and jack are two that cost more together."""
    assert features.segment("blackjack", WORDS) == ["blackjack"]
    assert features.shown("blackjack", WORDS) == "blackjack"


def test_tokens_part_numbers_and_hyphens() -> None:
    """Numbers are words by themselves, hyphens none."""
    assert list(features.tokens("bakery24-shop", WORDS)) == ["bakery", "24", "shop"]


@pytest.mark.parametrize("word", ["black", "gay", "jewish", "roma"])
@pytest.mark.parametrize("shape", ["{word}{body}", "{body}{word}", "{word}-{body}", "{body}-{word}"])
@pytest.mark.parametrize("body", ["bakery", "bakeryshop", "bakery-24"])
def test_who_people_are_is_not_seen(word: str, shape: str, body: str) -> None:
    """A word for who people are changes no number at all."""
    changed = features.features(shape.format(word=word, body=body), "org", WORDS)
    assert changed == features.features(body, "org", WORDS)


def test_another_word_that_ends_so_stays_whole() -> None:
    """Or a bunch of flowers would be cut into pieces."""
    words = parse_words("gay 16 unseen\nnosegay 90\nshop 70")
    assert features.shown("nosegay", words) == "nosegay"
    assert features.shown("shopgay", words) == "shop"


def test_nothing_but_an_unseen_word() -> None:
    """What is left then is the ending."""
    assert features.shown("gay", WORDS) == ""
    assert features.features("gay", "org", WORDS) == features.features("", "org", WORDS)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("xn--mnchen-3ya", "munchen"),
        ("xn--80ak6aa92e", "\u0430\u0440\u0440\u04cf\u0435"),
        ("xn--99999999999", "99999999999"),
        ("under_score", "underscore"),
    ],
)
def test_plain(body: str, expected: str) -> None:
    """Punycode is read, accents and odd characters go, and broken punycode stays as it is."""
    assert features.plain(body) == expected


def test_a_long_name_is_cut_last() -> None:
    """What is cut out of it makes room for what was behind."""
    assert features.read("a" * 60, WORDS) == "a" * MAX_BODY
    assert features.read("gay-" + "a" * 60, WORDS) == "a" * MAX_BODY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gaybakeryjewish", "bakery"),
        ("bakery-gay-shop", "bakery-shop"),
        ("bakerygayshop", "bakeryshop"),
        ("blackjackonline", "blackjackonline"),
        ("qblackq", "qq"),
        ("gayqqq", "qqq"),
        ("gay24", "24"),
        ("24gay", "24"),
        ("gay-jewish", ""),
        ("gays-shop", "shop"),
        ("gaysshop", "sshop"),
        ("shopgays", "shop"),
        ("theromashop", "theshop"),
        ("romanews", "news"),
        ("romance", "romance"),
        ("theshop", "theshop"),
    ],
)
def test_shown(text: str, expected: str) -> None:
    """Cut off at both ends and found in between, but not out of another word."""
    assert features.shown(text, WORDS) == expected


@given(st.text(max_size=70), st.sampled_from(["com", "co.uk", "", "xn--p1ai"]))
def test_any_text_has_features(body: str, suffix: str) -> None:
    """Whatever the name: rows of the table, never row 0, and the same twice."""
    found = features.features(body, suffix, WORDS)
    assert found == features.features(body, suffix, WORDS)
    base = len(WORDS.costs)
    assert all(base <= row < WORDS.table_rows for row in found.grams + found.signs + found.whole)
    assert all(1 <= row < base for row in found.words)


@given(st.text("bakeryshop-gq1", max_size=MAX_BODY))
def test_tokens_lose_nothing(text: str) -> None:
    """All letters and digits come back, in order."""
    assert "".join(features.tokens(text, WORDS)) == text.replace("-", "")


@pytest.mark.parametrize(
    "text", ["word", "word x", "word 1 seen", "two words 1", "a1 5", " 5", "ok 1\n\nnext 2", "ok 1\nok 2"]
)
def test_a_damaged_list_of_words(text: str) -> None:
    """The line is named; nothing is guessed."""
    with pytest.raises(FeaturesError, match=r"line \d"):
        parse_words(text)


def test_parse_words() -> None:
    """Rows count from 1, in the order of the lines."""
    assert parse_words("one 8\ntwo 16 unseen\n") == Words({"one": 1, "two": 2}, [0, 8, 16], frozenset({"two"}))
