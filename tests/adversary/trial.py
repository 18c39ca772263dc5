"""Tries a trick as each child would, and says what became of it."""

import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.adversary.child import Child
from tests.adversary.home import BANDS, DAY, NIGHT, SOON_S, Adversary, Told
from tests.adversary.trick import ASKED, ESCAPED, STOPPED, TOLD, Mode, Outcome, OverBedtime, Trick

DNS_BAND = "13-15"
LOOK_S = 0.05


class Finding(NamedTuple):
    """What became of a trick, or what is to become of it."""

    trick: str
    mode: Mode
    band: str
    family: str
    outcome: Outcome


def cases(tricks: Sequence[Trick], every: int = 1) -> list[Any]:
    """Return what is tried: with KINDGATE_LONG=1 all, else some of the tricks, over one family each."""
    if os.environ.get("KINDGATE_LONG") == "1":
        chosen = [(trick, family) for trick in tricks for family in trick.families]
    else:
        chosen = [(trick, trick.families[0]) for trick in tricks[::every]]
    return [pytest.param(trick, family, id=f"{trick.id}-v{family}") for trick, family in chosen]


def bands(trick: Trick | OverBedtime, mode: Mode) -> tuple[str, ...]:
    """Return who tries a trick."""
    return tuple(
        band
        for band in BANDS
        if trick.expected.at(mode, band) is not None and (mode is Mode.GATEWAY or band == DNS_BAND)
    )


def expected(trick: Trick | OverBedtime, mode: Mode, family: str = "4") -> set[Finding]:
    """Return what is to become of a trick."""
    told = ((band, trick.expected.at(mode, band)) for band in bands(trick, mode))
    return {Finding(trick.id, mode, band, family, outcome) for band, outcome in told if outcome is not None}


def found(home: Adversary, trick: Trick, family: str = "4") -> set[Finding]:
    """Return what becomes of a trick."""

    def attempt(band: str) -> Finding:
        child = home.child(band, family)
        since = time.time()
        outcome = judged(home, child, trick, since, works=trick.how(child))
        return Finding(trick.id, home.mode, band, family, outcome)

    who = bands(trick, home.mode)
    with ThreadPoolExecutor(1 if trick.is_alone else len(who) or 1) as pool:
        return set(pool.map(attempt, who))


def found_over_bedtime(home: Adversary, tricks: Iterable[OverBedtime]) -> set[Finding]:
    """Return what becomes of all that is begun before bedtime and is to outlive it."""
    evenings = []
    for trick in tricks:
        for band in bands(trick, home.mode):
            evening = trick.how(home.child(band))
            next(evening)
            evenings.append((trick, band, evening))
    try:
        home.box.apply(NIGHT)
        outcomes = set()
        for trick, band, evening in evenings:
            works = next(evening)
            outcomes.add(Finding(trick.id, home.mode, band, "4", ESCAPED if works else STOPPED))
            evening.close()
        return outcomes
    finally:
        home.box.apply(DAY)


def judged(home: Adversary, child: Child, trick: Trick, since: float, *, works: bool) -> Outcome:
    """Return what became of a trick: whether it worked, what the box told since, whether it may be asked for."""
    told: set[Told] = set()
    deadline = time.monotonic() + SOON_S
    while not told and time.monotonic() < deadline:
        told = {one for one in home.told(since) if one.person in (child.person, None)}
        time.sleep(LOOK_S)
    if works:
        return TOLD if told else ESCAPED
    seen = home.categories(told, child.person) or frozenset({trick.seen} if trick.seen else ())
    return ASKED if home.may_ask(child, trick.site, seen) else STOPPED
