"""Tells by the first lines of a list how it is written."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from re import IGNORECASE
from re import compile as regex

from appliance.core.lists import adblock
from appliance.core.lists.line import MAX_LINE, address_of, name_of, without_comment
from appliance.core.lists.rule import Syntax

LINES = 200
"""So many lines that say something tell the syntax,"""
AMONG = 5_000
"""out of so many that are looked at."""
NEARLY_ALL = 0.9

_ZONE = regex(r"\$(?:TTL|ORIGIN)\b|.*\s(?:SOA|CNAME)\s", IGNORECASE)
_DNSMASQ = regex(r"(?:--)?(?:address|server|local)\s*=\s*/")
_HEADER = regex(r"\[\s*(?:Adblock|AdGuard|uBlock)", IGNORECASE)
_POSIX = regex(r"\^|\(|\.\*|.*(?:\\\.|\$\Z|\)\Z|\[\[:|;(?:querytype|reply)=|;invert\b)")


def guessed(lines: Iterable[str]) -> tuple[Syntax, Iterator[str]]:
    """Return the syntax of lines that can be read but once, and all of them, from the first."""
    rest = iter(lines)
    head = list(islice(rest, AMONG))
    return guess(head), chain(head, rest)


def guess(lines: Sequence[str]) -> Syntax:
    """Return how a list is written; what is of no one kind is MIXED, where each line is what it looks like."""
    counts: Counter[Syntax] = Counter()
    for line in islice(lines, AMONG):
        text = line[:MAX_LINE].replace("\ufeff", "").strip()
        if _HEADER.match(text):
            return Syntax.ADBLOCK
        if text and not adblock.is_comment(text) and text[0] != ";":
            counts[_kind(text)] += 1
        if counts.total() >= LINES:
            break
    if not counts:
        return Syntax.MIXED
    if counts[Syntax.ADBLOCK] * 2 >= counts.total():
        return Syntax.ADBLOCK
    syntax, number = counts.most_common(1)[0]
    return syntax if number >= counts.total() * NEARLY_ALL else Syntax.MIXED


def _kind(text: str) -> Syntax:
    if _ZONE.match(text):
        return Syntax.RPZ
    if _DNSMASQ.match(text):
        return Syntax.DNSMASQ
    first, *others = without_comment(text).split()
    if others and address_of(first) is not None:
        return Syntax.HOSTS
    if first.startswith("*.") and name_of(first[2:]) is not None:
        return Syntax.WILDCARD
    if name_of(first) is not None or address_of(first) is not None:
        return Syntax.MIXED
    if first.startswith("/") and first.endswith("/"):
        return Syntax.REGEX
    if adblock.is_cosmetic(text) or text.startswith(("|", "@@")) or text.endswith(("^", "|")) or "^$" in text:
        return Syntax.ADBLOCK
    return Syntax.POSIX_REGEX if _POSIX.match(text) else Syntax.MIXED
