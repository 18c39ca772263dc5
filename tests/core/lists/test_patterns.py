"""What Adblock's marks and regular expressions come to."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.lists import patterns
from appliance.core.lists.patterns import EVERYTHING, Target
from appliance.core.lists.rule import Why

NAMES = st.lists(st.sampled_from(["a", "ads", "x1", "evil", "example", "sub"]), min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("||evil.example^", Target("evil.example")),
        ("||evil.example", Target("evil.example")),
        ("||Evil.Example|", Target("evil.example")),
        ("||evil.example^|", Target("evil.example")),
        ("||evil.example^*", Target("evil.example")),
        ("||evil.example/*", Target("evil.example")),
        ("||evil.example.^", Target("evil.example")),
        ("||bücher.example^", Target("xn--bcher-kva.example")),
        ("||192.0.2.7^", Target("192.0.2.7", is_exact=True)),
        ("|evil.example^", Target("evil.example", is_exact=True)),
        ("|evil.example|", Target("evil.example", is_exact=True)),
        ("evil.example", Target("evil.example")),
        ("*.evil.example", Target("evil.example", is_below=True)),
        ("*.evil.example^", Target("evil.example", is_below=True)),
        ("||*.evil.example^", Target("evil.example", is_below=True)),
        (".evil.example^", Target("evil.example", is_below=True)),
        ("|.^", Target(pattern=r"^\.?$")),
        ("|evil.example", Target(pattern=r"^evil\.example")),
        ("://evil.example", Target(pattern=r"^evil\.example")),
        ("http://evil.example", Target(pattern=r"^evil\.example")),
        ("/ads.", Target(pattern=r"^ads\.")),
        ("||ads.", Target(pattern=r"(?:^|\.)ads\.")),
        ("||evil.*^", Target(pattern=r"(?:^|\.)evil\.")),
        ("||ev*l.example^", Target(pattern=r"(?:^|\.)ev.*l\.example$")),
        ("||*evil^", Target(pattern="evil$")),
        ("evil.example^", Target(pattern=r"evil\.example$")),
        ("ev*.example", Target(pattern=r"ev.*\.example")),
        ("ads1", Target(pattern="ads1")),
        (".ads.", Target(pattern=r"\.ads\.")),
        ("-ad-*", Target(pattern="-ad-")),
        ("*.evil*", Target(pattern=r"\.evil")),
    ],
)
def test_a_pattern_comes_to_a_name_or_an_expression(text: str, expected: Target) -> None:
    """A name where it is one, for that costs nothing."""
    assert expected == patterns.target(text)


@pytest.mark.parametrize("text", ["", "*", "||*^", "||", "|", "^", "*^", "||*^*|", "||*"])
def test_a_pattern_of_nothing_but_marks_is_about_every_name(text: str) -> None:
    """It is the modifiers' turn to narrow it."""
    assert patterns.target(text) == EVERYTHING


@pytest.mark.parametrize(
    "text",
    ["||evil.example/ads", "/ads/banner", "^evil", "evil^example", "ev|l", "||^", "|^", "https://evil.example",
     "&ad=", "||.evil.example^", "evil$", "||a b^", "*.192.0.2.7^", "|.evil"],
)  # fmt: skip
def test_a_pattern_that_no_name_can_match_is_about_none(text: str) -> None:
    """Paths, schemes and marks inside: for pages."""
    assert patterns.target(text) is None


def test_what_is_only_below_a_name_can_be_searched_for() -> None:
    """For a rule with conditions."""
    assert Target("evil.example", is_below=True).as_pattern == r"\.evil\.example$"
    assert Target("evil.example").as_pattern is None


@given(st.text(st.sampled_from("|^*.a-x1/"), max_size=12), NAMES)
def test_a_pattern_finds_what_the_marks_say(text: str, name: str) -> None:
    """Checked against the marks one by one, as AdGuard translates them for ``http://name``."""
    target = patterns.target(text)
    skips = (text.startswith("/") and text.endswith("/")) or not re.search(r"[a-z0-9]", text) or text.endswith("/*")
    if skips or patterns.is_full_name(text) or not set("*^|./") & set(text):
        return
    if text.startswith("||") and not text.endswith(("^", "|", "*", ".")):
        return  # read as if it ended with its mark
    if text.startswith("*.") and "*" not in text[1:] and not text.endswith(("^", "|")):
        return  # so is this
    assert _matches(text, name) == (target is not None and _finds(target, name))


def _finds(target: Target, name: str) -> bool:
    if target.name is None:
        return target.pattern is None or re.search(target.pattern, name) is not None
    if target.is_exact:
        return name == target.name
    return name.endswith("." + target.name) or (name == target.name and not target.is_below)


def _matches(text: str, name: str) -> bool:
    """Say whether a pattern matches by the plain rules: ``||`` and ``/x.`` look at a URL, the others at the name."""
    marks = {"*": ".*", "^": "(?:[^a-z0-9.%_-]|$)"}
    is_subdomain = re.match(r"/[a-z0-9.-]{2,}\.$", text)
    start, looked = "", f"http://{name}" if text.startswith("||") or is_subdomain else name
    rest = text
    if text.startswith("||"):
        start, rest = r"^http://(?:[a-z0-9_.-]+\.)?", text[2:]
    elif text.startswith("|"):
        start, rest = "^", text[1:]
    end = "$" if rest.endswith("|") else ""
    rest = rest[:-1] if end else rest
    return re.search(start + "".join(marks.get(char) or re.escape(char) for char in rest) + end, looked) is not None


@pytest.mark.parametrize(
    "expression",
    [r"^ads[0-9]*\.", "(a|b)+c", "[]x]y", "[^]]", "[[:digit:]]+x", r"(?:^|\.)x", "(?i)x", "(?P<n>x)", "a??", "a{2,3}b",
     r"\[x", "^", "a|b", r"[\]]"],
)  # fmt: skip
def test_a_sound_expression_has_no_flaw(expression: str) -> None:
    """The engine may think otherwise; by its looks it is fine."""
    assert patterns.flaw(expression) is None


@pytest.mark.parametrize(
    "expression",
    ["", "?", "*a", "a|*", "(+a)", "[", "[a", "(a", "a)", "a)(", "a\\", "a**", "(?>a)", "a{~2}", "a{1,2~}"],
)
def test_a_broken_expression_is_seen(expression: str) -> None:
    """Without running it."""
    assert patterns.flaw(expression) is Why.BAD_REGEX


def test_an_expression_has_an_end() -> None:
    """Looking through it costs time."""
    assert patterns.flaw("a" * patterns.MAX_EXPRESSION) is None
    assert patterns.flaw("a" * patterns.MAX_EXPRESSION + "a") is Why.TOO_LONG


@pytest.mark.parametrize("expression", [r"(a)\1", r"(?=a)", r"a(?!b)", r"(?<=a)b", r"(?<!a)b", r"(?P=n)", r"\k<n>"])
def test_what_looks_back_or_around_is_told_apart(expression: str) -> None:
    """Such expressions can take for ever; nothing here runs them."""
    assert patterns.flaw(expression) is Why.BACK_REFERENCE


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (r"^evil\.example$", Target("evil.example", is_exact=True)),
        (r"(^|\.)evil\.example$", Target("evil.example")),
        (r"(\.|^)evil\.example$", Target("evil.example")),
        (r"(?:^|\.)evil\.example$", Target("evil.example")),
        (r"^(.+\.)?evil\.example$", Target("evil.example")),
        (r"^evil.example$", Target(pattern=r"^evil.example$")),
        (r"^a\.\.b$", Target(pattern=r"^a\.\.b$")),
        (r"\bEvil\D", Target(pattern=r"(?i)\bEvil\D")),
        (r"\D\.evil", Target(pattern=r"\D\.evil")),
        ("[[:upper:]]x", Target(pattern="(?i)[[:upper:]]x")),
        ("a{,3}b", Target(pattern="a{0,3}b")),
    ],
)
def test_an_expression_that_is_a_name_stands_by_it(expression: str, expected: Target) -> None:
    """Others are searched for, and the case of their letters means nothing."""
    assert expected == patterns.searched(expression)


@given(st.text(max_size=60))
def test_any_text_is_a_pattern_or_none(text: str) -> None:
    """Nothing raises."""
    patterns.target(text)
    patterns.flaw(text)
    patterns.searched(text)
