"""What was read of a list, what was left out and why, and which names it holds that no list should."""

import msgspec

from appliance.core.lists.rule import Syntax, Why


class Skipped(msgspec.Struct, frozen=True):
    """A line that says nothing here."""

    line: int
    why: Why
    text: str


class Conflict(msgspec.Struct, frozen=True):
    """A name that the list blocks though it is protected, needed or known to everybody; and the line that does."""

    name: str
    line: int
    entry: str = ""
    """The entry or the rule that reaches it, where that is another name."""


class Conflicts(msgspec.Struct, frozen=True):
    """Such names of one kind: how many there are, and the first of them."""

    number: int = 0
    first: tuple[Conflict, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a list holds."""

    syntax: Syntax = Syntax.AUTO
    """As it was read."""
    lines: int = 0
    names: int = 0
    """Plain names, each once."""
    rules: int = 0
    """Lines with more to them than a name, patterns among them."""
    patterns: int = 0
    skipped: dict[str, int] = {}
    """`Why` → how many lines."""
    examples: tuple[Skipped, ...] = ()
    """The first of them."""
    help_lines: Conflicts = Conflicts()
    """Protected names of the first tier: they stay open."""
    information: Conflicts = Conflicts()
    """Protected names of the second tier: they stay open."""
    infrastructure: Conflicts = Conflicts()
    """What a device needs to be online: it stays open."""
    popular: Conflicts = Conflicts()
    """Sites that everybody knows: these are blocked, if the list says so."""
    suffixes: Conflicts = Conflicts()
    """Whole registries (``com``, ``co.uk``): left out where all below is meant, but for a list that may."""
    too_wide: Conflicts = Conflicts()
    """Patterns that reach many well-known sites: left out, but for a list that may. `name` is one of the sites."""

    @property
    def conflicts(self) -> int:
        """How many names it holds that no list should."""
        kinds = (self.help_lines, self.information, self.infrastructure, self.popular, self.suffixes, self.too_wide)
        return sum(kind.number for kind in kinds)
