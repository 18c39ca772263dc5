"""Pi-hole's regular expressions."""

import pytest

from appliance.core.lists import posix
from appliance.core.lists.rule import Rewrite, Rule, Says, Why
from tests.core.lists.told import Told

SEVEN = Rewrite(qtype=1, value="192.0.2.7")
SEVEN6 = Rewrite(qtype=28, value="2001:db8::7")


def _told(text: str) -> Told:
    sink = Told()
    posix.read(text, 5, sink)
    return sink


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("^ad[0-9]", Rule(5, pattern="^ad[0-9]")),
        ("^a$;querytype=A", Rule(5, name="a", is_exact=True, qtypes=(1,))),
        ("ads;querytype=aaaa,HTTPS", Rule(5, pattern="ads", qtypes=(28, 65))),
        ("ads;querytype=!A,AAAA", Rule(5, pattern="ads", not_qtypes=(1, 28))),
        ("ads;querytype=OTHER",
         Rule(5, pattern="ads", not_qtypes=(1, 2, 6, 12, 15, 16, 28, 33, 35, 43, 46, 48, 64, 65, 255))),
        ("ads;querytype=!A,AAAA,ANY,SRV,SOA,PTR,TXT,NAPTR,MX,OTHER",
         Rule(5, pattern="ads", qtypes=(2, 43, 46, 48, 64, 65))),
        ("^a$;invert", Rule(5, pattern="^a$", is_inverted=True)),
        ("^a$;reply=NXDOMAIN", Rule(5, pattern="^a$", rewrites=(Rewrite(3),))),
        ("^a$;reply=nodata", Rule(5, pattern="^a$", rewrites=(Rewrite(),))),
        ("^a$;reply=refused;invert", Rule(5, pattern="^a$", is_inverted=True, rewrites=(Rewrite(5),))),
        ("^a$;reply=192.0.2.7;reply=2001:db8::7", Rule(5, pattern="^a$", rewrites=(SEVEN, SEVEN6))),
        (r"\<ads\>\\<", Rule(5, pattern=r"\bads\b\\<")),
        ("ads;whatever=1", Rule(5, pattern="ads")),
        (";ads;;", Rule(5, pattern="ads")),
    ],
)  # fmt: skip
def test_a_line_is_an_expression_and_its_words(text: str, expected: Rule) -> None:
    """Words that Pi-hole doesn't know it leaves aside."""
    assert _told(text).rules == [expected]


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        (r"(^|\.)evil\.example$", "evil.example", Says.BLOCK),
        ("^evil$;reply=NONE", "evil", Says.BLOCK_EXACT),
        ("^evil$;reply=IP", "evil", Says.BLOCK_EXACT),
    ],
)
def test_an_expression_that_is_a_name(text: str, name: str, says: Says) -> None:
    """It stands by it."""
    assert _told(text).names == [(name, 5, says)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (r"(a)\1", Why.BACK_REFERENCE),
        ("(a", Why.BAD_REGEX),
        (";;", Why.BAD_REGEX),
        ("a{~2}", Why.BAD_REGEX),
        ("a;querytype=WHAT", Why.BAD_MODIFIER),
        ("a;querytype=", Why.BAD_MODIFIER),
        ("a;querytype=A;querytype=AAAA", Why.BAD_MODIFIER),
        ("a;reply=", Why.BAD_MODIFIER),
        ("a;reply=what", Why.BAD_MODIFIER),
        ("a;reply=NODATA;reply=NXDOMAIN", Why.BAD_MODIFIER),
        ("a;reply=192.0.2.7;reply=NXDOMAIN", Why.BAD_MODIFIER),
        ("a;reply=NXDOMAIN;reply=192.0.2.7", Why.BAD_MODIFIER),
        ("a;reply=192.0.2.7;reply=192.0.2.8", Why.BAD_MODIFIER),
    ],
)
def test_a_line_that_cannot_be_used(text: str, why: Why) -> None:
    """With the reason."""
    assert _told(text).skipped == [(5, why, text)]
