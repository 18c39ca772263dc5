"""Which names that no list should block, a list does block: protected ones, needed ones, and sites everybody knows."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from appliance.core import names
from appliance.core.lists.judge import judge
from appliance.core.lists.listset import ListSet
from appliance.core.lists.report import Conflict, Conflicts
from appliance.core.lists.rule import Asked, CompilePatterns, Did, Hit, Rule
from appliance.core.wire import dns

SHOWN = 50
"""Of so many conflicts of a kind the names are kept; of the rest only their number."""
POPULAR = "popular"
EVERYTHING = "*"
"""The pattern of a rule about every name, as it is shown."""

_WWW = "www."


class Tally:
    """Counts conflicts, and keeps the first."""

    def __init__(self) -> None:
        self._number = 0
        self._first: list[Conflict] = []

    def add(self, conflict: Conflict) -> None:
        """Take another one."""
        self._number += 1
        if self._number <= SHOWN:
            self._first.append(conflict)

    def told(self) -> Conflicts:
        """Return what was counted."""
        return Conflicts(self._number, tuple(self._first))


def find_conflicts(
    lists: ListSet, kept: Mapping[str, Collection[str]], popular: Iterable[str]
) -> dict[str, dict[str, Conflicts]]:
    """Return by list, and by the kind's name, what it blocks of these names in normal form.

    `kept`: by kind, names that stay open whatever lists say, with all below them. `popular` are of the kind POPULAR,
    and so are they with ``www.``. A name is told once, of the first kind that it is of. A list's own exceptions are
    heard; rules for some clients or query types only are not.
    """
    tallies = {name: {kind: Tally() for kind in (*kept, POPULAR)} for name in lists.ids}
    seen: set[str] = set()
    for kind, protected in kept.items():
        for name in sorted(protected):
            for one in _and_below(lists, name):
                if one not in seen:
                    seen.add(one)
                    _tally(lists, one, kind, tallies)
    covered = frozenset().union(*kept.values())
    for name in sorted(popular):
        if covered.isdisjoint(names.parents(name)):
            told = _tally(lists, name, POPULAR, tallies)
            _tally(lists, f"{_WWW}{name}", POPULAR, tallies, but=told)
    return {name: {kind: tally.told() for kind, tally in kinds.items()} for name, kinds in tallies.items()}


def reach(rules: Sequence[Rule], sites: Sequence[str], compile_patterns: CompilePatterns) -> list[list[str]]:
    """Return for each of these rules, which stand by no name, the sites it reaches: them or their ``www``."""
    numbers = [number for number, rule in enumerate(rules) if rule.pattern is not None]
    inverted = frozenset(place for place, number in enumerate(numbers) if rules[number].is_inverted)
    everything = [number for number, rule in enumerate(rules) if rule.is_everything]
    patterns = compile_patterns([rule.pattern for rule in rules if rule.pattern is not None])
    reached: list[list[str]] = [[] for _ in rules]
    for site in sites:
        found = {*inverted.symmetric_difference(patterns.found_in(site))}
        found |= inverted.symmetric_difference(patterns.found_in(f"{_WWW}{site}"))
        for number in (*everything, *(numbers[place] for place in found)):
            if not any(names.is_under(site, spared) for spared in rules[number].spared):
                reached[number].append(site)
    return reached


def _and_below(lists: ListSet, name: str) -> Iterator[str]:
    """Yield a name, and every name below it that has an entry."""
    yield name
    for below, _ in lists.below(name):
        yield below


def _tally(
    lists: ListSet, name: str, kind: str, tallies: Mapping[str, Mapping[str, Tally]], but: Collection[str] = ()
) -> set[str]:
    """Count a name for each of the lists, but for some, that block it; return these."""
    by_list: dict[str, list[Hit]] = {}
    for hit in lists.find(name):
        by_list.setdefault(hit.list, []).append(hit)
    told = set()
    for one in by_list.keys() - set(but):
        outcome = judge(by_list[one], Asked(name, dns.A))
        if outcome is not None and outcome.did is not Did.ALLOW:
            told.add(one)
            tallies[one][kind].add(Conflict(name, outcome.hit.line, _entry(lists, name, outcome.hit)))
    return told


def _entry(lists: ListSet, name: str, hit: Hit) -> str:
    """Return the entry or the pattern by which a line reaches a name, empty where it is the name itself."""
    if hit.rule is not None and hit.rule.name is None:
        return hit.rule.pattern or EVERYTHING
    above = next(above for above in names.parents(name) if hit in lists.entry(above))
    return "" if above == name else above
