"""Reads a list in any of the syntaxes that houses bring with them: names, rules, and lines that say nothing here.

Nothing that a list holds raises, and one bad line never stops the rest. Most lines of large lists are plain names:
these go by one look each.
"""

from collections.abc import Callable, Iterable
from re import Pattern
from re import compile as regex
from typing import NamedTuple

from appliance.core.lists import adblock, dnsmasq, hosts, posix, rpz
from appliance.core.lists.guess import guessed
from appliance.core.lists.line import LOCALHOST, MAX_LINE, address_of, name_of, shown, without_comment
from appliance.core.lists.patterns import is_full_name
from appliance.core.lists.rule import Says, Sink, Syntax, Why

MAX_NAME = 253

_NAME = r"((?:[a-z0-9_-]{1,63}\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59}))"
_SINK = r"(?:(?:0\.0\.0\.0|127\.0\.0\.1|::)[ \t]+)"
_END = r"(?:[ \t]+(?:#.*)?)?[\r\n]*\Z"
_ANY = regex(rf"(?:{_SINK}?{_NAME}|\|\|{_NAME}\^){_END}")
_BARE = regex(rf"{_NAME}{_END}")
_STARRED = regex(rf"(?:{_NAME}|\*\.{_NAME}){_END}")
_ADDRESSED = regex(rf"(?:address=/{_NAME}/(?:#|0\.0\.0\.0|127\.0\.0\.1|::)?|(?:local|server)=/{_NAME}/){_END}")
_NONE = regex(r"(?!)")

_MARKED = regex(r"[|^*$/@]")
_HEADER = regex(r"\[[\w .:;+/-]*\]\Z")


class _Language(NamedTuple):
    """How lines of a syntax are read."""

    plain: Pattern[str]
    """A line that is but a name, in its first group: that is about what a bare name is about; in its second: always
    the name and all below it."""
    read: Callable[[str, int, Sink, Says], None]
    """Takes any other line, without spaces around it and no comment; its number; what a bare name says."""
    is_comment: Callable[[str], bool]


def parse(lines: Iterable[str], syntax: Syntax, sink: Sink, *, subdomains: bool = False) -> Syntax:
    """Hand on what a list says, line by line, and return the syntax that it was read as.

    `subdomains`: a bare name is about all below it too. `lines` may end as they like; nobody needs more of a line
    than `MAX_LINE` characters and one.
    """
    if syntax is Syntax.AUTO:
        syntax, lines = guessed(lines)
    if syntax is Syntax.RPZ:
        rpz.read(lines, sink)
        return syntax
    language = _LANGUAGES[syntax]
    bare = Says.BLOCK if subdomains or syntax in (Syntax.DOMAINS, Syntax.DNSMASQ) else Says.BLOCK_EXACT
    says = (bare, bare, Says.BLOCK)
    match, put = language.plain.match, sink.name
    for number, line in enumerate(lines, 1):
        found = match(line)
        if found is not None:
            group = found.lastindex or 0
            name = found[group]
            if len(name) <= MAX_NAME and name not in LOCALHOST:
                put(name, number, says[group])
                continue
        _read(line, number, sink, language, bare)
    return syntax


def _read(line: str, number: int, sink: Sink, language: _Language, bare: Says) -> None:
    """Read a line that isn't plainly a name."""
    if len(line) > MAX_LINE:
        sink.skip(number, Why.TOO_LONG, shown(line))
        return
    text = line.replace("\ufeff", "").strip()
    if text and not language.is_comment(text):
        language.read(text, number, sink, bare)


def _mixed(text: str, number: int, sink: Sink, bare: Says) -> None:
    rest = _beside_hosts(text, number, sink, bare)
    if rest is None:
        return
    if rest.startswith(("*.", ".")) and (name := name_of(rest.removeprefix("*")[1:])) is not None:
        sink.name(name, number, Says.BLOCK)
    elif _MARKED.search(rest):
        adblock.read(rest, number, sink)
    else:
        _bare(rest, number, sink, bare)


def _adblock(text: str, number: int, sink: Sink, bare: Says) -> None:
    rest = _beside_hosts(text, number, sink, bare)
    if rest is None:
        return
    if is_full_name(rest) or (" " in rest and not _MARKED.search(rest)):
        _bare(rest, number, sink, bare)
    else:
        adblock.read(rest, number, sink)


def _beside_hosts(text: str, number: int, sink: Sink, bare: Says) -> str | None:
    """Return a line without its comment; None where it was one of a hosts file, or hides parts of pages."""
    first = text.split(maxsplit=1)[0]
    address = address_of(first)
    if address is None and not adblock.is_cosmetic(text):
        return text if "$" in text else without_comment(text)
    if address is None:
        sink.skip(number, Why.COSMETIC, shown(text))
    elif typed := without_comment(text).split()[1:]:
        hosts.hosts_line(address, typed, number, sink, bare)
    else:
        hosts.bare(first, number, sink, bare)
    return None


def _bare(text: str, number: int, sink: Sink, bare: Says) -> None:
    """Take a line that should be but a name."""
    rest = without_comment(text)
    if len(rest.split()) > 1:
        sink.skip(number, Why.UNKNOWN, shown(text))
    else:
        hosts.bare(rest, number, sink, bare)


def _domains(text: str, number: int, sink: Sink, bare: Says) -> None:
    _bare(text.removeprefix("*").removeprefix("."), number, sink, bare)


def _starred(text: str, number: int, sink: Sink, bare: Says) -> None:
    if text.startswith("*."):
        _bare(text[2:], number, sink, Says.BLOCK)
    else:
        _bare(text, number, sink, bare)


def _regex(text: str, number: int, sink: Sink, bare: Says) -> None:
    rest = without_comment(text)
    if rest.startswith("/"):
        adblock.read(rest, number, sink)
    else:
        _bare(rest, number, sink, bare)


def _is_comment(text: str) -> bool:
    return text[0] in "#!" or _HEADER.match(text) is not None


def _is_mixed_comment(text: str) -> bool:
    return adblock.is_comment(text) or _HEADER.match(text) is not None


def _is_hash(text: str) -> bool:
    return text[0] == "#"


_LANGUAGES = {
    Syntax.MIXED: _Language(_ANY, _mixed, _is_mixed_comment),
    Syntax.HOSTS: _Language(_ANY, _mixed, _is_mixed_comment),
    Syntax.ADBLOCK: _Language(_ANY, _adblock, _is_mixed_comment),
    Syntax.ETC_HOSTS: _Language(_NONE, lambda text, *to: hosts.etc_hosts(without_comment(text), *to[:2]), _is_hash),
    Syntax.WILDCARD: _Language(_STARRED, _starred, _is_comment),
    Syntax.EXACT: _Language(_BARE, _bare, _is_comment),
    Syntax.DOMAINS: _Language(_BARE, _domains, _is_comment),
    Syntax.REGEX: _Language(_NONE, _regex, _is_comment),
    Syntax.POSIX_REGEX: _Language(_NONE, lambda text, *to: posix.read(without_comment(text), *to[:2]), _is_hash),
    Syntax.DNSMASQ: _Language(_ADDRESSED, lambda text, *to: dnsmasq.read(without_comment(text), *to[:2]), _is_hash),
}
