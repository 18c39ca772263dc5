"""From what a model says of names that it never saw: probabilities that mean what they say, and thresholds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize

from scripts.trainlib.data import BENIGN, CLASSES

BANDS = ("6-9", "10-12", "13-15")
RATES: Mapping[str, float] = {"6-9": 0.0, "10-12": 0.0, "13-15": 0.0}
"""How many of the surely harmless names each class may be asked about wrongly, at most."""
LEAST = {"6-9": 0.9, "10-12": 0.92, "13-15": 0.96}
"""However few are wrong, nobody is asked about less than this."""
MOST = 0.999


def softmax(logits: Any) -> Any:
    """Return probabilities, a row a name."""
    told = np.exp(logits - logits.max(axis=1, keepdims=True))
    return told / told.sum(axis=1, keepdims=True)


def calibration(logits: Any, classes: Any) -> tuple[float, Any]:
    """Return what logits are to be multiplied by, and raised by, a number a class, so that the truth is likeliest."""
    count = logits.shape[1]
    truth = np.eye(count)[classes]

    def loss(told: Any) -> tuple[float, Any]:
        found = softmax(logits * told[0] + told[1:])
        off = (found - truth) / len(truth)
        value = -np.log(np.maximum((found * truth).sum(axis=1), 1e-12)).mean()
        return float(value), np.concatenate([[(off * logits).sum()], off.sum(axis=0)])

    told = minimize(loss, np.concatenate([[1.0], np.zeros(count)]), jac=True, method="L-BFGS-B").x
    return float(told[0]), told[1:] - told[1:].mean()


def thresholds(clean: Any) -> dict[str, dict[str, float]]:
    """Return the least probability by class and band, from probabilities of names that are surely harmless."""
    found: dict[str, dict[str, float]] = {}
    for number, class_ in enumerate(CLASSES):
        if number == BENIGN:
            continue
        order = np.sort(clean[:, number])[::-1]
        found[class_] = {}
        for band in BANDS:
            above = order[int(RATES[band] * len(order))]
            found[class_][band] = round(min(MOST, max(LEAST[band], float(np.ceil(above * 1000) / 1000))), 3)
    return found


def calibration_error(scores: Any, classes: Any, bins: int = 15) -> float:
    """Return by how much the likeliest class's probability misses how often it is right, weighted by names."""
    sure = scores.max(axis=1)
    right = scores.argmax(axis=1) == classes
    place = np.minimum((sure * bins).astype(int), bins - 1)
    return float(
        sum(abs(sure[place == one].mean() - right[place == one].mean()) * (place == one).mean() for one in set(place))
    )
