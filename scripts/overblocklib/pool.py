"""The names that should stay open, by what they are, and which of them a list is meant to close all the same."""

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.core import names
from appliance.core.domainset import DomainSet
from appliance.core.rulebook import HELP, INFRASTRUCTURE, UPDATES, Rulebook

PROTECTED, NEEDED, POPULAR, SLICE = "protected", "infrastructure", "popular", "slice"
KINDS = (PROTECTED, NEEDED, POPULAR, SLICE)
"""A name that is of several kinds is of the first of these."""
TEST_ROWS = "dataset/dev_test.csv.gz"
_WRONG = "overblock:"


@dataclass(frozen=True)
class Pool:
    """Names in normal form that should stay open, each of one kind; and for each the groups of its categories."""

    kinds: Mapping[str, str]
    groups: Mapping[str, frozenset[str]]
    group_of: Mapping[str, str]
    """Category → its group on the settings page."""

    def meant(self, category: str | None) -> dict[str, str]:
        """Return name → kind of those that a list of this category has no business to close.

        A list of social networks closes a well-known social network on purpose: a popular name of the same group of
        categories as the list's own isn't held against it. For all other kinds there is no such excuse.
        """
        group = None if category is None else self.group_of[category]
        return {
            name: kind
            for name, kind in self.kinds.items()
            if kind != POPULAR or group not in self.groups.get(name, frozenset())
        }


def gather(book: Rulebook, bundled: DomainSet, popular: Iterable[str], slice_: Iterable[str]) -> Pool:
    """Return the pool of the bundled rules, the popular names and the names that were seen closed wrongly."""
    group_of = {category.id: category.group for category in book.categories.values()}
    kinds: dict[str, str] = {}
    for wanted, found in (
        (PROTECTED, _entries(book, (HELP, *book.information))),
        (NEEDED, _entries(book, (INFRASTRUCTURE, UPDATES))),
        (POPULAR, popular),
        (SLICE, slice_),
    ):
        for name in found:
            kinds.setdefault(name, wanted)
    groups = {
        name: frozenset(group_of[tag] for tag in bundled.tags(name) if tag in group_of)
        for name, kind in kinds.items()
        if kind == POPULAR
    }
    return Pool(kinds, groups, group_of)


def wrongly_closed(data: Path) -> Iterator[str]:
    """Yield the names of the test data that filters have been seen to close wrongly; `data` is its folder."""
    with gzip.open(data / TEST_ROWS, "rt", encoding="utf-8", newline="") as file:
        for domain, _, source in csv.reader(file):
            if source.startswith(_WRONG):
                yield names.normalise(domain)


def _entries(book: Rulebook, tags: tuple[str, ...]) -> Iterator[str]:
    for entry in book.entries:
        if not entry.is_not and (entry.tag in tags or (UPDATES in tags and entry.tag.startswith(UPDATES))):
            yield entry.name
