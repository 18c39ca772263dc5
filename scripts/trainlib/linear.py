"""The linear parts of the model: for each class one weight a row, learned one class against the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier

from appliance.core.features import Features
from scripts.trainlib.net import DEEP_ROWS

ROUNDS = 10


@dataclass(frozen=True, slots=True)
class View:
    """What one linear part looks at, and how it is held back."""

    name: str
    kinds: tuple[str, ...]
    hashed: int
    """To how many rows it folds the hashes."""
    pull: float
    """How strongly weights are drawn to nothing."""
    has_words: bool


PARTED = View("parted", ("grams", "words", "signs"), DEEP_ROWS, 3e-6, has_words=True)
WHOLE = View("whole", ("whole",), 1 << 17, 1e-6, has_words=False)
VIEWS = (PARTED, WHOLE)


@dataclass(frozen=True, slots=True)
class Weights:
    """What one linear part learned: rows × classes, and what they are raised by."""

    view: View
    rows: Any
    shifts: Any


def first_row(view: View, base: int) -> int:
    """Return the first row of a hash in a view's table: behind the words, or behind the row that is nothing."""
    return base if view.has_words else 1


def matrix(names: Sequence[Features], base: int, view: View) -> csr_matrix:
    """Return names × rows of a view's table; each kind's rows are a vector of length 1."""
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for one in names:
        for kind in view.kinds:
            told = getattr(one, kind)
            columns += told
            values += [max(1, len(told)) ** -0.5] * len(told)
        ends.append(len(columns))
    rows = np.array(columns)
    first = first_row(view, base)
    rows = np.where(rows >= base, first + (rows - base) % view.hashed, rows)
    found = csr_matrix((np.array(values, np.float32), rows, np.array(ends)), (len(names), first + view.hashed))
    found.sum_duplicates()
    return found


def learn(told: csr_matrix, view: View, classes: Any, weights: Any, count: int, seed: int) -> Weights:
    """Return what a view learns of names; `weights` say how much each counts."""
    found, shifts = [], []
    for class_ in range(count):
        one = SGDClassifier(
            loss="log_loss", alpha=view.pull, max_iter=ROUNDS, tol=None, random_state=seed + class_, average=True
        )
        one.fit(told, classes == class_, sample_weight=weights)
        found.append(one.coef_[0].astype(np.float32))
        shifts.append(float(one.intercept_[0]))
    return Weights(view, np.stack(found, axis=1), np.array(shifts, np.float32))


def log_probabilities(told: csr_matrix, learned: Weights) -> Any:
    """Return for each class the logarithm of how probable it is against the rest."""
    return -np.logaddexp(0, -(np.asarray(told @ learned.rows) + learned.shifts)).astype(np.float32)
