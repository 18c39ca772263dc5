"""Octets as a stranger sees them: whether they could be a key, and numbers that count packets."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from appliance.core.signs.facts import Facts, Glimpse

_DIFFERENT: Final = 0.7
"""Of 8 to 64 random octets, so many are different ones: fewer come once in 6,600 at worst, with nine octets."""


def seems_random(octets: bytes) -> bool:
    """Say whether octets could be a key, or something encrypted; any eight to 64."""
    return len(octets) >= 8 and len(set(octets)) >= _DIFFERENT * len(octets)


def is_count(numbers: Iterable[int], most: int = 1000) -> bool:
    """Say whether numbers rise from each to the next, by `most` at most: one may count packets so, a few being lost."""
    return all(0 < late - early <= most for early, late in pairwise(numbers))


def sides(glimpses: Iterable[Glimpse]) -> tuple[list[Glimpse], list[Glimpse]]:
    """Return what the client sent and what the server sent."""
    parts: tuple[list[Glimpse], list[Glimpse]] = ([], [])
    for one in glimpses:
        parts[not one.is_clients].append(one)
    return parts


def beginnings(facts: Facts) -> Iterator[tuple[Glimpse, bytes]]:
    """Yield each packet with as much of it as is known: of the first of either side that is more than its head."""
    longer = {True: facts.first, False: facts.answer}
    for one in facts.glimpses:
        yield one, longer.pop(one.is_clients, one.head)
