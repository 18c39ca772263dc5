"""Adblock's rules as AdGuard Home reads them for DNS."""

import pytest

from appliance.core.lists import adblock
from appliance.core.lists.rule import Rewrite, Rule, Says, Why
from tests.core.lists.told import Told


def _told(text: str) -> Told:
    sink = Told()
    adblock.read(text, 7, sink)
    return sink


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("||evil.example^", "evil.example", Says.BLOCK),
        ("|evil.example^", "evil.example", Says.BLOCK_EXACT),
        ("@@||good.example^", "good.example", Says.ALLOW),
        ("@@|good.example|", "good.example", Says.ALLOW_EXACT),
        ("*.evil.example", "evil.example", Says.BLOCK_BELOW),
        ("@@||*.good.example^", "good.example", Says.ALLOW_BELOW),
        ("||evil.example^$~image", "evil.example", Says.BLOCK),
        (r"/^evil\.example$/", "evil.example", Says.BLOCK_EXACT),
    ],
)
def test_a_rule_that_is_but_a_name(text: str, name: str, says: Says) -> None:
    """The marks say how far it reaches."""
    assert _told(text).names == [(name, 7, says)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("||evil.example^$important", Rule(7, name="evil.example", is_important=True)),
        ("||evil.example^$dnstype=AAAA", Rule(7, name="evil.example", qtypes=(28,))),
        ("*.evil.example$dnstype=A", Rule(7, pattern=r"\.evil\.example$", qtypes=(1,))),
        ("*$dnstype=A", Rule(7, qtypes=(1,))),
        ("$ctag=user_child", Rule(7, tags=("user_child",))),
        ("*^$denyallow=good.example", Rule(7, spared=("good.example",))),
        ("||*^", Rule(7)),
        ("ads1", Rule(7, pattern="ads1")),
        ("/ads[0-9]/", Rule(7, pattern="ads[0-9]")),
        ("@@/ads[0-9]/$client=tom", Rule(7, True, pattern="ads[0-9]", clients=("tom",))),
        ("/ads$/", Rule(7, pattern="ads$")),
        ("||a.example^$dnsrewrite=192.0.2.7",
         Rule(7, name="a.example", rewrites=(Rewrite(qtype=1, value="192.0.2.7"),), is_rewrite=True)),
        ("@@||a.example^$dnsrewrite", Rule(7, True, "a.example", is_rewrite=True)),
        (r"||a.example^$client='a\$b'", Rule(7, name="a.example", clients=("a$b",))),
    ],
)  # fmt: skip
def test_a_rule_with_more_to_it(text: str, expected: Rule) -> None:
    """Everything that is said is in it."""
    assert _told(text).rules == [expected]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("||evil.example^$third-party", Why.MODIFIER),
        ("||evil.example^$dnstype=", Why.BAD_MODIFIER),
        ("||evil.example/path", Why.NOT_A_NAME),
        ("||evil.example^$", Why.NOT_A_NAME),
        ("/$client=tom", Why.NOT_A_NAME),
        ("*", Why.TOO_WIDE),
        ("@@", Why.TOO_WIDE),
        ("*^$important", Why.TOO_WIDE),
        ("/", Why.TOO_WIDE),
        ("/?/", Why.BAD_REGEX),
        ("/[/", Why.BAD_REGEX),
        (r"/(a)\1/", Why.BACK_REFERENCE),
    ],
)
def test_a_rule_that_says_nothing_here(text: str, why: Why) -> None:
    """With the reason."""
    assert _told(text).skipped == [(7, why, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("||evil.example^$badfilter", ("evil.example", Says.BLOCK)),
        ("*.evil.example$badfilter", ("evil.example", Says.BLOCK_BELOW)),
        ("@@*.good.example$badfilter", ("good.example", Says.ALLOW_BELOW)),
        ("||evil.example^$client=b|a,badfilter", Rule(7, name="evil.example", clients=("a", "b"))),
        ("*$badfilter,ctag=x", Rule(7, tags=("x",))),
    ],
)
def test_a_rule_may_take_others_back(text: str, expected: Rule | tuple[str, Says]) -> None:
    """Those that say the same, whatever the order of what they say."""
    sink = _told(text)
    assert sink.taken == [expected]
    assert not sink.lines


@pytest.mark.parametrize(
    "text",
    ["##.ad", "a.example##.ad", "a.example#@#.ad", "#?#x", "a.example#$#x", "a.example#@$?#x", "a.example#%#x",
     'a.example$$script[x="y"]', "a.example$@$x"],
)  # fmt: skip
def test_what_hides_parts_of_pages_is_seen(text: str) -> None:
    """And is no comment."""
    assert adblock.is_cosmetic(text)
    assert not adblock.is_comment(text)


@pytest.mark.parametrize("text", ["# x", "#", "## heading", "#####", "! x", "#x"])
def test_a_comment_is_seen(text: str) -> None:
    """Though it may begin as a rule for pages does."""
    assert adblock.is_comment(text)


@pytest.mark.parametrize("text", ["||a.example^$important", "a.example ## x", "a.example\t##x", "a.example"])
def test_other_lines_hide_nothing(text: str) -> None:
    """Not even with a comment of two hashes."""
    assert not adblock.is_cosmetic(text)
    assert not adblock.is_comment(text)
