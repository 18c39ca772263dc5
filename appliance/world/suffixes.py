"""Which names are whole registries, below which strangers register theirs: ``com``, ``co.uk``, ``github.io``."""

from functools import cache
from pathlib import Path

import publicsuffixlist

from appliance.core import names

_COMPANIES = "===BEGIN PRIVATE DOMAINS==="
"""Where the second section of the list begins."""


def is_suffix(name: str) -> bool:
    """Say whether a name in normal form is a public suffix, of a registry or of a company; so is every single label.

    As https://publicsuffix.org/list says; where all names right below one are suffixes, it is one itself.
    """
    if "." not in name:
        return True
    rules = _rules()
    return name in rules or ("*." + name.partition(".")[2] in rules and "!" + name not in rules)


def is_company(suffix: str) -> bool:
    """Say whether a public suffix is that of a company with customers below it (``github.io``), not of a registry."""
    rules = _rules_of(is_company=True)
    return suffix in rules or "*." + suffix.partition(".")[2] in rules


@cache
def _rules() -> frozenset[str]:
    """Return the rules of both sections."""
    return _rules_of(is_company=False) | _rules_of(is_company=True)


@cache
def _rules_of(*, is_company: bool) -> frozenset[str]:
    """Return the rules of a section, names in normal form: ``*.`` for all right below it, ``!`` for all but it."""
    registries, _, companies = Path(publicsuffixlist.PSLFILE).read_text("utf-8").partition(_COMPANIES)
    text = companies if is_company else registries
    found: set[str] = set()
    for line in text.splitlines():
        rule = line.partition(" ")[0]
        if rule and not rule.startswith("//"):
            mark, name = ("*.", rule[2:]) if rule.startswith("*.") else ("", rule)
            mark, name = ("!", rule[1:]) if rule.startswith("!") else (mark, name)
            name = names.normalise(name)
            found |= {mark + name, name} if mark == "*." else {mark + name}
    return frozenset(found)
