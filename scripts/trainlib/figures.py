"""What a model is measured by: how well scores part risky names from harmless ones, with how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scripts.trainlib.data import CLASSES, CONTENT, Row

RATES = (0.005, 0.001)
SLICES = ("in_distribution", "timeshift", "xlist", "overblock")
RESAMPLES = 300


@dataclass(frozen=True, slots=True)
class Share:
    """A share with the interval in which it lies at 95 %."""

    value: float
    low: float
    high: float
    count: int

    def told(self) -> dict[str, float | int]:
        """Return it for JSON."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "rows": self.count,
        }


def slice_of(row: Row) -> str:
    """Return which slice of the data a row is of."""
    kind, colon, _ = row.source.partition(":")
    return kind if colon else "in_distribution"


def is_content(row: Row) -> bool:
    """Say whether a name is of the classes that a filter is there for."""
    return row.label in CONTENT


def is_negative(row: Row) -> bool:
    """Say whether a name is harmless, surely or as one source has it."""
    return row.label in ("benign", "benign_education")


def content_score(scores: Any) -> Any:
    """Return how probable it is that a name is of any such class."""
    return scores[:, : len(CONTENT)].sum(axis=1)


def auc(positives: Any, negatives: Any) -> float:
    """Return the share of pairs in which the risky name has the higher score; ties count half."""
    order = np.sort(negatives)
    below = np.searchsorted(order, positives, "left")
    not_above = np.searchsorted(order, positives, "right")
    return float((below + not_above).mean() / 2 / len(order))


def threshold(negatives: Any, rate: float) -> float:
    """Return the least score above which no more than `rate` of the negatives lie."""
    order = np.sort(negatives)[::-1]
    return float(order[int(rate * len(order))])


def recall(positives: Any, negatives: Any, rate: float, seed: int = 1) -> Share:
    """Return the share of positives above the threshold that the negatives make, resampled for the interval."""
    chance = np.random.default_rng(seed)
    value = float((positives > threshold(negatives, rate)).mean())
    again = [
        float(
            (
                chance.choice(positives, len(positives)) > threshold(chance.choice(negatives, len(negatives)), rate)
            ).mean()
        )
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(again, (0.025, 0.975))
    return Share(value, float(low), float(high), len(positives))


def auc_share(positives: Any, negatives: Any, seed: int = 1) -> Share:
    """Return the AUC with its interval."""
    chance = np.random.default_rng(seed)
    again = [
        auc(chance.choice(positives, len(positives)), chance.choice(negatives, len(negatives)))
        for _ in range(RESAMPLES // 3)
    ]
    low, high = np.quantile(again, (0.025, 0.975))
    return Share(auc(positives, negatives), float(low), float(high), len(positives))


def summary(rows: Sequence[Row], scores: Any) -> dict[str, Any]:
    """Return the figures of scores (names × classes) over the rows that judge, by slice and class."""
    content = content_score(scores)
    part = np.array([slice_of(row) for row in rows])
    risky = np.array([is_content(row) for row in rows])
    harmless = np.array([is_negative(row) for row in rows])
    clean = np.array([row.is_clean for row in rows]) & (part == "in_distribution")
    label = np.array([row.label for row in rows])
    told: dict[str, Any] = {}
    for name in ("in_distribution", "timeshift", "xlist"):
        positives = content[risky & (part == name)]
        others = content[harmless & (part == (name if name == "timeshift" else "in_distribution"))]
        told[name] = {"auc": auc_share(positives, others).told()}
        for rate in RATES:
            told[name][f"recall at {rate:.1%}"] = recall(positives, content[clean], rate).told()
            told[name][f"recall at {rate:.1%} by class"] = {
                one: round(
                    float((content[(label == one) & (part == name)] > threshold(content[clean], rate)).mean()), 3
                )
                for one in CONTENT
                if ((label == one) & (part == name)).any()
            }
    told["timeshift"]["recall at 0.5% of its own negatives"] = recall(
        content[risky & (part == "timeshift")], content[harmless & (part == "timeshift")], 0.005
    ).told()
    told["overblock"] = {
        "rows": int((harmless & (part == "overblock")).sum()),
        "above the 0.5% threshold": round(
            float((content[harmless & (part == "overblock")] > threshold(content[clean], 0.005)).mean()), 4
        ),
    }
    return told


def line(told: dict[str, Any]) -> str:
    """Return the figures that models are compared by, on one line."""
    one, two, three = told["in_distribution"], told["timeshift"], told["xlist"]
    rates = [f"recall at {rate:.1%}" for rate in RATES]
    shares = " ".join(
        f"{rate[10:]} {one[rate]['value']:.3f}/{two[rate]['value']:.3f}/{three[rate]['value']:.3f}" for rate in rates
    )
    own = two["recall at 0.5% of its own negatives"]["value"]
    return (
        f"AUC {one['auc']['value']:.4f}/{two['auc']['value']:.4f} {shares} own {own:.3f} "
        f"overblock {told['overblock']['above the 0.5% threshold']:.3f}"
    )


def order_of(classes: Sequence[str]) -> list[int]:
    """Return where the classes of this module stand among those of a model."""
    return [list(classes).index(one) for one in CLASSES]
