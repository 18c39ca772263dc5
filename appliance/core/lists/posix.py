"""Pi-hole's regular expressions, with its own words behind a semicolon: ``;querytype=``, ``;invert``, ``;reply=``."""

from re import Match
from re import compile as regex

import msgspec

from appliance.core.lists import patterns
from appliance.core.lists.line import address_of, put, record_of, shown
from appliance.core.lists.modifiers import TYPES, Refused
from appliance.core.lists.patterns import Target
from appliance.core.lists.rule import Rewrite, Rule, Sink, Why
from appliance.core.wire import dns

_KNOWN = frozenset(
    TYPES[kind]
    for kind in ("A", "AAAA", "ANY", "SRV", "SOA", "PTR", "TXT", "NAPTR", "MX", "DS", "RRSIG", "DNSKEY", "NS", "SVCB",
    "HTTPS")
)  # fmt: skip
"""The types that Pi-hole counts by name; ``OTHER`` is every type but these."""
_OTHER = "OTHER"
_EDGE = regex(r"\\\\|\\[<>]")
"""Where a word begins or ends; and what looks like it behind a backslash that stands for itself."""
_WORD = "word"
_WORDS = {
    "NODATA": (Rewrite(),),
    "NXDOMAIN": (Rewrite(dns.NXDOMAIN),),
    "REFUSED": (Rewrite(dns.REFUSED),),
    "IP": (),
    "NONE": (),
}
"""``IP`` is the server's own blocked answer; a question is never left unanswered here (``NONE``), it is blocked."""


class _Words(msgspec.Struct):
    is_inverted: bool = False
    qtypes: tuple[int, ...] = ()
    not_qtypes: tuple[int, ...] = ()
    replies: frozenset[str] = frozenset()
    rewrites: tuple[Rewrite, ...] = ()

    @property
    def is_about_types(self) -> bool:
        return bool(self.qtypes or self.not_qtypes)


def read(text: str, number: int, sink: Sink) -> None:
    """Read a line, and hand on what it says or why it says nothing."""
    expression, *options = [part for part in text.split(";") if part] or [""]
    expression = _EDGE.sub(_edge, expression)
    why = patterns.flaw(expression)
    if why is not None:
        sink.skip(number, why, shown(text))
        return
    words = _Words()
    try:
        for option in options:
            _take(words, option.strip())
    except Refused as refused:
        sink.skip(number, refused.why, shown(text))
        return
    target = patterns.searched(expression)
    if words.is_inverted or words.rewrites:
        target = Target(pattern=patterns.whatever_case(expression))
    rule = Rule(
        number, name=target.name, is_exact=target.is_exact, pattern=target.pattern, is_inverted=words.is_inverted,
        qtypes=words.qtypes, not_qtypes=words.not_qtypes, rewrites=words.rewrites,
    )  # fmt: skip
    put(sink, rule)


def _edge(found: Match[str]) -> str:
    return found[0] if found[0] == r"\\" else r"\b"


def _take(words: _Words, option: str) -> None:
    """Take one word; one that Pi-hole doesn't know it leaves aside, and so do we."""
    key, _, value = option.partition("=")
    if option.lower() == "invert":
        words.is_inverted = True
    elif key.lower() == "querytype":
        _querytype(words, value)
    elif key.lower() == "reply":
        _reply(words, value)


def _querytype(words: _Words, value: str) -> None:
    if words.is_about_types:
        raise Refused(Why.BAD_MODIFIER)
    is_not = value.startswith("!")
    typed = {one.strip().upper() for one in value.removeprefix("!").split(",")}
    if not typed <= TYPES.keys() | {_OTHER}:
        raise Refused(Why.BAD_MODIFIER)
    listed = {TYPES[one] for one in typed - {_OTHER}}
    if _OTHER in typed:
        is_not, listed = not is_not, set(_KNOWN - listed)
    if is_not:
        words.not_qtypes = tuple(sorted(listed))
    else:
        words.qtypes = tuple(sorted(listed))


def _reply(words: _Words, value: str) -> None:
    """Take an answer: one word, or an address, of which there may be one of each family."""
    address = address_of(value)
    kind = _WORD if address is None else f"IPv{address.version}"
    is_second = kind in words.replies or _WORD in words.replies or (kind == _WORD and bool(words.replies))
    if is_second or (address is None and value.upper() not in _WORDS):
        raise Refused(Why.BAD_MODIFIER)
    words.replies |= {kind}
    words.rewrites += _WORDS[value.upper()] if address is None else (record_of(address),)
