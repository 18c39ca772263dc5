"""A sink that keeps what a parser tells it."""

from appliance.core.lists.parse import parse
from appliance.core.lists.rule import Rule, Says, Syntax, Why


class Told:
    """What was said, in the order in which it was said."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.names: list[tuple[str, int, Says]] = []
        self.rules: list[Rule] = []
        self.taken: list[Rule | tuple[str, Says]] = []
        self.skipped: list[tuple[int, Why, str]] = []
        self.lines: set[int] = set()
        """The numbers of lines that came to something."""

    def name(self, name: str, line: int, says: Says) -> None:
        """Keep a name."""
        self.names.append((name, line, says))
        self.lines.add(line)

    def rule(self, rule: Rule) -> None:
        """Keep a rule."""
        self.rules.append(rule)
        self.lines.add(rule.line)

    def take_back(self, said: Rule | tuple[str, Says]) -> None:
        """Keep what is taken back."""
        self.taken.append(said)

    def skip(self, line: int, why: Why, text: str) -> None:
        """Keep a skipped line."""
        self.skipped.append((line, why, text))
        self.lines.add(line)

    @property
    def whys(self) -> list[Why]:
        """Return why lines were skipped."""
        return [why for _, why, _ in self.skipped]


def told(text: str, syntax: Syntax = Syntax.MIXED, *, subdomains: bool = False) -> Told:
    """Return what a parser makes of a list."""
    sink = Told()
    parse(text.splitlines(), syntax, sink, subdomains=subdomains)
    return sink
