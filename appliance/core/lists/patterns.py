r"""Patterns of names: Adblock's marks (``||``, ``|``, ``^``, ``*``) and regular expressions, as what they come to.

A pattern that comes to one name stands by that name, where it costs nothing; only the others are searched for.
"""

from re import DOTALL, VERBOSE
from re import compile as regex

import msgspec

from appliance.core.lists.line import address_of, name_of
from appliance.core.lists.rule import Why


class Target(msgspec.Struct, frozen=True):
    """What a pattern is about; with neither name nor expression it is about every name."""

    name: str | None = None
    """In normal form, with all below it; or an IP address."""
    is_exact: bool = False
    is_below: bool = False
    """Only what is below the name."""
    pattern: str | None = None

    @property
    def as_pattern(self) -> str | None:
        """The expression that finds what is only below a name; else the one it has."""
        return f"{_escaped('.' + self.name)}$" if self.is_below and self.name else self.pattern


EVERYTHING = Target()
MAX_EXPRESSION = 2_000
"""Characters: who needs more should write names."""

_ROOT = Target(pattern=r"^\.?$")
_START = "^"
_LABEL = r"(?:^|\.)"
"""``||``: the name begins here, or one of its labels."""
_TAIL = regex(r"([^^|]*)(\^[*^]*\|?|\|)?\Z")
_SEARCHED = regex(r"[a-z0-9_.*-]+\Z")
_SUBDOMAIN = regex(r"/([a-z0-9.-]{2,}\.)\Z")
_FULL_NAME = regex(r"(?:[^.]+\.)*(?:[^\W\d_]{2,}|xn--[a-z0-9-]{4,})\Z")


def target(text: str) -> Target | None:
    """Return what an Adblock pattern (no regex, no modifiers) is about, None where no name can match it.

    As AdGuard Home reads it for DNS: ``^`` is the end of a name, since no name holds a separator. ``||x`` is read as
    ``||x^``, or a list that forgot the mark would close ``x.evil`` and ``xavier`` too.
    """
    text = text.lower()
    if text.endswith("/*"):
        text = text[:-2] + "^"
    anchor, rest = _anchor(text)
    shape = _TAIL.match(rest)
    if shape is None:
        return None
    body, is_end = shape[1], shape[2] is not None
    is_led, is_trailed = body.startswith("*"), body.endswith("*")
    body = body.strip("*")
    if is_led:
        anchor = ""
    if not body:
        return EVERYTHING if not anchor or is_trailed or not is_end else None
    return _named(anchor, body, is_end and not is_trailed, is_led, is_trailed)


def _anchor(text: str) -> tuple[str, str]:
    """Return where a pattern must begin, as an expression, and the rest of it."""
    if text.startswith("||"):
        return _LABEL, text[2:]
    if text.startswith("|"):
        return _START, text[1:]
    for scheme in ("http://", "://"):
        if text.startswith(scheme):
            return _START, text.removeprefix(scheme)
    if found := _SUBDOMAIN.match(text):
        return _START, found[1]
    return "", text


def _named(anchor: str, body: str, is_end: bool, is_led: bool, is_trailed: bool) -> Target | None:
    """Return the name that a pattern comes to, or the expression where it is more than one."""
    is_open = is_trailed or "*" in body
    if anchor == _START and is_end and body == ".":
        return _ROOT
    if anchor == _LABEL and not is_open and (is_end or not body.endswith(".")):
        return _one(body)
    if anchor == _START and not is_open and is_end:
        return _one(body, is_exact=True)
    if not anchor and not is_open and body.startswith(".") and (is_end or is_led):
        return _one(body[1:], is_below=True)
    if not anchor and not is_end and not is_led and not is_open and is_full_name(body):
        return _one(body)
    if not _SEARCHED.match(body) or (anchor and body.startswith(".")):
        return None
    return Target(pattern=anchor + ".*".join(map(_escaped, body.split("*"))) + ("$" if is_end else ""))


def _one(typed: str, *, is_exact: bool = False, is_below: bool = False) -> Target | None:
    if not is_below and (address := address_of(typed)) is not None:
        return Target(name=str(address), is_exact=True)
    name = name_of(typed)
    return None if name is None else Target(name, is_exact, is_below)


def is_full_name(text: str) -> bool:
    """Say whether a text ends like a name on the Internet: ``ads`` and ``a.example`` do, ``ads1`` doesn't."""
    return _FULL_NAME.match(text.lower()) is not None and name_of(text) is not None


def _escaped(text: str) -> str:
    return text.replace(".", r"\.")


_PIECE = regex(
    r"""
    (?P<far> \\[1-9] | \\[kg][<{'] | \(\?P= | \(\?<?[=!] )
    | (?P<class> \[ \^? \]? (?: \[:\^?[a-z]+:\] | \\. | [^\]\\] )* \] )
    | (?P<flags> \(\? [imsU-]+ \) )
    | (?P<open> \( (?: \?P?<[A-Za-z_]\w*> | \? [imsU-]* : )? (?!\?) )
    | (?P<close> \) )
    | (?P<repeat> [*+?]\?? )
    | (?P<bar> \| )
    | (?P<near> \{ [0-9,]* [~+\#-] )
    | (?P<other> \\. | [^\\\[(] )
    """,
    VERBOSE | DOTALL,
)
_ZERO = regex(r"\{,(?=[0-9]+\})")
_UPPER = regex(r"(?:\\.|[^A-Z\\])*?(?:[A-Z]|\[:upper:)", DOTALL)
_LITERAL = r"((?:[a-z0-9_-]|\\\.)+)\$\Z"
_EXACTLY = regex(rf"\^{_LITERAL}")
_WITH_BELOW = regex(rf"(?:\((?:\?:)?(?:\^\|\\\.|\\\.\|\^)\)|\^\((?:\?:)?\.[*+]\\\.\)\?){_LITERAL}")
r"""``(^|\.)x$``, ``^(.+\.)?x$``: how people write a name with all below it."""


def flaw(expression: str) -> Why | None:
    """Return why an expression can't be used, None where that isn't plain; the engine has the last word.

    Looks only, and runs nothing: an expression of a stranger's may not make the house wait.
    """
    if len(expression) > MAX_EXPRESSION:
        return Why.TOO_LONG
    depth, at, is_begun = 0, 0, False
    while at < len(expression):
        piece = _PIECE.match(expression, at)
        if piece is None or piece.lastgroup == "near" or (piece.lastgroup == "repeat" and not is_begun):
            return Why.BAD_REGEX
        if piece.lastgroup == "far":
            return Why.BACK_REFERENCE
        depth += (piece.lastgroup == "open") - (piece.lastgroup == "close")
        if depth < 0:
            return Why.BAD_REGEX
        is_begun = piece.lastgroup in ("class", "close", "other")
        at = piece.end()
    return Why.BAD_REGEX if depth or not expression else None


def searched(expression: str) -> Target:
    """Return what a sound regular expression is about: the name that it comes to, or itself."""
    for shape, is_exact in ((_EXACTLY, True), (_WITH_BELOW, False)):
        found = shape.match(expression)
        name = name_of(found[1].replace("\\", "")) if found else None
        if name is not None:
            return Target(name, is_exact)
    return Target(pattern=whatever_case(expression))


def whatever_case(expression: str) -> str:
    """Return an expression as it is searched: names are in lower case, so the case of its letters means nothing."""
    expression = _ZERO.sub("{0,", expression)
    return f"(?i){expression}" if _UPPER.match(expression) else expression
