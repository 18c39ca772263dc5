"""How a list is written, by its first lines."""

import pytest

from appliance.core.lists.guess import AMONG, guess, guessed
from appliance.core.lists.rule import Syntax


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Syntax.MIXED),
        ("# a comment", Syntax.MIXED),
        ("a.example\nb.example", Syntax.MIXED),
        ("# x\n0.0.0.0 a.example\n127.0.0.1 b.example # y", Syntax.HOSTS),
        ("\ufeff[Adblock Plus 2.0]\na.example", Syntax.ADBLOCK),
        ("! x\n||a.example^\na.example", Syntax.ADBLOCK),
        ("@@||a.example^\na.example##.ad", Syntax.ADBLOCK),
        ("ads^\n*$dnstype=A\nev*^$important", Syntax.ADBLOCK),
        ("*.a.example\n*.b.example", Syntax.WILDCARD),
        ("*.a.example\nb.example", Syntax.MIXED),
        ("/ads/\n/^x/", Syntax.REGEX),
        ("^ads\n(^|\\.)a\\.example$\nx;querytype=A", Syntax.POSIX_REGEX),
        ("address=/a.example/\nlocal=/b.example/", Syntax.DNSMASQ),
        ("$TTL 60\n@ SOA a. b. 1 1 1 1 1\na.example CNAME .\n*.a.example CNAME .", Syntax.RPZ),
        ("192.0.2.7\n2001:db8::7", Syntax.MIXED),
        ("what is this", Syntax.MIXED),
        ("=====", Syntax.MIXED),
    ],
)
def test_a_list_is_what_most_of_it_is(text: str, expected: Syntax) -> None:
    """What is of no one kind is mixed."""
    assert expected == guess(text.splitlines())


def test_few_lines_tell() -> None:
    """What comes after them changes nothing."""
    assert guess(["||a.example^"] * 200 + ["0.0.0.0 a.example"] * 10_000) is Syntax.ADBLOCK


def test_lines_that_can_be_read_once_are_all_there() -> None:
    """In their order."""
    lines = [f"0.0.0.0 a{number}.example" for number in range(AMONG + 3)]
    syntax, rest = guessed(iter(lines))
    assert syntax is Syntax.HOSTS
    assert list(rest) == lines
