"""Files of lists made by hand for tests, and patterns without RE2."""

import re
from collections.abc import Iterable, Mapping

from appliance.core.lists.listset import Head, ListSet, Parts, pack
from appliance.core.lists.rule import Rule, Says
from appliance.core.lists.tables import Entries, RuleStore, tables

Said = tuple[str, int, Says] | Rule
"""A name, its line and what is said of it; or a rule."""


class RePatterns:
    """Patterns by Python's own engine."""

    def __init__(self, expressions: Iterable[str]) -> None:
        try:
            self._expressions = [re.compile(expression) for expression in expressions]
        except re.error as error:
            raise ValueError(str(error)) from error

    def found_in(self, name: str) -> list[int]:
        """Return the numbers of those that are found."""
        return [number for number, expression in enumerate(self._expressions) if expression.search(name)]


def packed(lists: Mapping[str, Iterable[Said]]) -> bytes:
    """Return the octets of a file of lists, by id."""
    store, written, loose = RuleStore(), [], []
    for number, said in enumerate(lists.values()):
        entries = Entries()
        for one in said:
            if not isinstance(one, Rule):
                entries.add(*one)
            elif one.name is not None:
                entries.add(one.name, store.add(one), Says.RULE)
            else:
                loose.append((number, store.add(one)))
        written.append(entries)
    made = tables(written)
    head = Head(ids=tuple(lists), clients=("nas", "tv"), has_addresses=True, loose=tuple(loose))
    parts = Parts(made.trie, made.elements, made.values, made.several, store.ends(), memoryview(store.octets))
    return pack(head, parts)


def opened(lists: Mapping[str, Iterable[Said]]) -> ListSet:
    """Return such a file, opened."""
    return ListSet(packed(lists), RePatterns)
