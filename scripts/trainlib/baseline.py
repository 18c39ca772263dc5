"""The yardstick: one-vs-rest logistic regression on hashed pieces of 2 to 5 letters, learned from the same names."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.multiclass import OneVsRestClassifier

from scripts.trainlib import data
from scripts.trainlib.data import Row


def pieces(names: Sequence[str]) -> csr_matrix:
    """Return names as pieces, hashed to 2^18."""
    made = HashingVectorizer(analyzer="char", ngram_range=(2, 5), n_features=1 << 18, alternate_sign=False, norm="l2")
    return made.transform([f"^{name}$" for name in names])


def scores(train: Sequence[Row], asked: Sequence[str], seed: int) -> Any:
    """Return the probabilities of the classes for names, a row each."""
    known = [row for row in train if row.class_ is not None]
    one = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=12, tol=None, random_state=seed, average=True)
    model = OneVsRestClassifier(one).fit(pieces([row.name for row in known]), [row.class_ for row in known])
    return model.predict_proba(pieces(asked)).astype(np.float32)


def main() -> None:
    """Write the probabilities for the names of `dev_test.csv.gz` into the file that is named."""
    out, where = Path(sys.argv[1]), Path(sys.argv[2])
    train, judged = data.read(where / "train.csv.gz"), data.read(where / "dev_test.csv.gz")
    np.save(out, scores(train, [row.name for row in judged], seed=1))


if __name__ == "__main__":
    main()
