"""Weeks of children made of harmless names: how often somebody would be asked for nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scripts.trainlib.data import Row
from scripts.trainlib.figures import is_negative, slice_of

NAMES_A_WEEK = 100
"""Different sites a week that no list, rule or service knows: generous, most of what children visit is known."""
TIERS = {"popular": 0.7, "middle": 0.25, "rare": 0.05}
"""Which part of them is of which popularity."""
WEEKS = 10
REPEATS = 200
RARE = ("tranco_800k+", "opendns_random_2014", "timeshift:umbrella_2026-07")


def tier_of(row: Row) -> str | None:
    """Return how popular a harmless name is, by the lists that have it; None for what no child visits by itself.

    Popular is what two lists of popular names have; rare is from their ends, or new; schools, news, shops and what one
    list has lie between.
    """
    source = row.source
    if not is_negative(row) or slice_of(row) in ("overblock", "xlist") or source.startswith("timeshift:umbrella_infra"):
        return None
    if source.startswith(RARE):
        return "rare"
    return "popular" if source.endswith("/2src") else "middle"


def false_asks(rows: Sequence[Row], is_asked: Any, seed: int = 1) -> dict[str, Any]:
    """Return how many wrong questions a week brings: of ten weeks, drawn many times."""
    chance = np.random.default_rng(seed)
    by_tier = {tier: np.array([tier_of(row) == tier for row in rows]) for tier in TIERS}
    counts = np.zeros((REPEATS, WEEKS))
    for tier, share in TIERS.items():
        asked = is_asked[by_tier[tier]]
        size = round(NAMES_A_WEEK * share)
        for repeat in range(REPEATS):
            for week in range(WEEKS):
                counts[repeat, week] += asked[chance.choice(len(asked), min(size, len(asked)), replace=False)].sum()
    of_ten = counts.mean(axis=1)
    sizes = {tier: (int(there.sum()), int(is_asked[there].sum())) for tier, there in by_tier.items()}
    return {
        "names a week": NAMES_A_WEEK,
        "tiers": {tier: {"share": TIERS[tier], "rows": rows, "asked": asked} for tier, (rows, asked) in sizes.items()},
        "false asks a week": round(float(of_ten.mean()), 3),
        "of ten weeks, 95% of the time at most": round(float(np.quantile(of_ten, 0.95)), 3),
    }
