"""Adblock's rules, as far as AdGuard Home reads them for DNS."""

from re import compile as regex

from appliance.core.lists import modifiers, patterns
from appliance.core.lists.line import plain, put, shown
from appliance.core.lists.modifiers import Modifiers, Refused
from appliance.core.lists.patterns import Target
from appliance.core.lists.rule import Rule, Says, Sink, Why

_MIN_PATTERN = 3
"""A shorter one is about nearly every name: it needs something that narrows it."""
_HASHES = regex(r"#@?(?:[?$%]|\$\?)?#")
_DOLLARS = regex(r"\$@?\$")
_HEADING = regex(r"##+(?:\s|\Z|#)")


def is_cosmetic(text: str) -> bool:
    """Say whether a line hides or changes parts of pages; a comment behind a space is none."""
    at = text.find("#")
    if at >= 0 and not text[:at].endswith((" ", "\t")) and _HASHES.match(text, at):
        return True
    at = text.find("$")
    return at >= 0 and _DOLLARS.match(text, at) is not None


def is_comment(text: str) -> bool:
    """Say whether a whole line is a comment, in lists in which ``##`` may begin a rule."""
    if text.startswith("#"):
        return _HEADING.match(text) is not None or not _HASHES.match(text)
    return text.startswith("!")


def read(text: str, number: int, sink: Sink) -> None:
    """Read a rule, and hand on what it says or why it says nothing."""
    said = _said(text, number)
    if isinstance(said, Why):
        sink.skip(number, said, shown(text))
        return
    rule, is_badfilter, is_below = said
    below = Says.ALLOW_BELOW if rule.is_allow else Says.BLOCK_BELOW
    if is_badfilter:
        sink.take_back((rule.name, below) if is_below and rule.name else plain(rule) or rule)
    elif is_below and rule.name:
        sink.name(rule.name, number, below)
    else:
        put(sink, rule)


def _said(text: str, number: int) -> tuple[Rule, bool, bool] | Why:
    """Return a rule, whether it takes others like it back, and whether it is a plain name's that is spared itself."""
    is_allow = text.startswith("@@")
    pattern, options = _parted(text.removeprefix("@@"))
    try:
        says = modifiers.read(options, is_allow=is_allow)
    except Refused as refused:
        return refused.why
    target = _target(pattern, says)
    if isinstance(target, Why):
        return target
    whole = _rule(number, is_allow, target, says)
    if not target.is_below:
        return whole, says.is_badfilter, False
    if plain(whole):
        return whole, says.is_badfilter, True
    return _rule(number, is_allow, Target(pattern=target.as_pattern), says), says.is_badfilter, False


def _target(pattern: str, says: Modifiers) -> Target | Why:
    if len(pattern) < _MIN_PATTERN and not says.is_narrow:
        return Why.TOO_WIDE
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        return patterns.flaw(pattern[1:-1]) or patterns.searched(pattern[1:-1])
    return patterns.target(pattern) or Why.NOT_A_NAME


def _rule(number: int, is_allow: bool, target: Target, says: Modifiers) -> Rule:
    return Rule(
        number, is_allow, target.name, target.is_exact, target.pattern,
        is_important=says.is_important, qtypes=says.qtypes, not_qtypes=says.not_qtypes,
        clients=says.clients, not_clients=says.not_clients, tags=says.tags, not_tags=says.not_tags,
        spared=says.spared, rewrites=says.rewrites, is_rewrite=says.is_rewrite,
    )  # fmt: skip


def _parted(text: str) -> tuple[str, str]:
    r"""Return a rule's pattern and its modifiers: those behind the last ``$`` that no backslash precedes.

    A regex without modifiers ends with its slash, and every ``$`` is its own.
    """
    if text.startswith("/") and text.endswith("/"):
        return text, ""
    at = text.rfind("$", 0, -1)
    while at > 0 and text[at - 1] == "\\":
        at = text.rfind("$", 0, at)
    return (text, "") if at < 0 else (text[:at], text[at + 1 :].replace(r"\$", "$"))
