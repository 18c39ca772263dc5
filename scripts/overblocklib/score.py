"""How many of the names that should stay open a list closes."""

import gzip
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from appliance.core import names
from appliance.core.lists.build import Known, Source, build
from appliance.core.lists.judge import judge
from appliance.core.lists.listset import ListSet
from appliance.core.lists.rule import Asked, Did
from appliance.core.offers import Offer, Overblock
from appliance.core.wire import dns
from appliance.world.patterns import compile_patterns
from appliance.world.suffixes import is_suffix
from scripts.overblocklib.pool import KINDS, POPULAR, Pool

Closes = Callable[[str], bool]
"""Whether a list closes a name."""


def closed_of(meant: Mapping[str, str], closes: Closes) -> dict[str, str]:
    """Return name → kind of the names that are closed: by their own name, or with ``www.`` before it."""
    return {name: kind for name, kind in meant.items() if closes(name) or closes(f"www.{name}")}


def index(closed: int, of: int) -> float:
    """Return how many of 1,000 sites that should stay open are closed, to a tenth."""
    return round(1000 * closed / of, 1) if of else 0.0


def measure(offer: Offer, lines: Iterable[str], on: date, pool: Pool) -> tuple[Overblock, dict[str, str]]:
    """Return what a list closes, as a house would run it, and the closed names with their kinds.

    Raises ListRefused for a list that no house would take.
    """
    popular = frozenset(name for name, kind in pool.kinds.items() if kind == POPULAR)
    closes, held = closing(offer, lines, popular)
    meant = pool.meant(offer.category)
    closed = closed_of(meant, closes)
    counted = Counter(closed.values())
    figures = {kind: counted[kind] for kind in KINDS}
    return Overblock(index=index(len(closed), len(meant)), names=held, measured=on, **figures), closed


def closing(offer: Offer, lines: Iterable[str], popular: frozenset[str]) -> tuple[Closes, int]:
    """Return what a list says of a name asked for by a client that no line singles out; and how much it holds.

    What reaches whole registries, or many of the popular names at once, is left out as in a house.
    """
    source = Source(
        id=offer.id,
        is_allow=False,
        syntax=offer.syntax,
        subdomains=offer.category is not None if offer.subdomains is None else offer.subdomains,
        redirects=False,
        wide=False,
        lines=lines,
    )
    built = build([source], Known(popular=popular, is_suffix=is_suffix), compile_patterns)
    lists = ListSet(built.octets, compile_patterns)
    report = built.reports[offer.id]

    def closes(name: str) -> bool:
        outcome = judge(lists.find(name), Asked(name, dns.A))
        return outcome is not None and outcome.did is Did.BLOCK

    return closes, report.names + report.rules


def of_plain_names(listed: Iterable[str]) -> Closes:
    """Return what a list of bare names closes, each with all below it."""
    held = frozenset(listed)
    return lambda name: not held.isdisjoint(names.parents(name))


def lines_of(path: Path) -> Iterator[str]:
    """Yield the lines of a list, packed with gzip or not; what isn't UTF-8 comes as U+FFFD."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="replace") as file:
        for line in file:
            yield line.rstrip("\n")
