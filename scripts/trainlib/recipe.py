"""What the shipped model learns from: names of the data, made-up ones beside them, and the words in both."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from appliance.core import features
from appliance.core.features import Features, Words
from scripts.trainlib import altered, data, fit, holders, linear, vectors, words
from scripts.trainlib.altered import Made
from scripts.trainlib.data import CLASSES, Row
from scripts.trainlib.export import Learned
from scripts.trainlib.net import DEEP_ROWS, Shape

WORDS = 44_000
MADE = ((altered.help_site, altered.HELP_ENDINGS, 8_000), (altered.trade, altered.OPEN_ENDINGS, 8_000))
LOOKALIKES = 14_000
RISKY_A_WORD = 60
MADE_WEIGHT = 0.3
PLAN = fit.Plan(epochs=6)


def shape_of(given: "Lesson") -> Shape:
    """Return the network that is shipped."""
    return Shape(rows=given.base + DEEP_ROWS, classes=len(CLASSES))


@dataclass(frozen=True, slots=True)
class Lesson:
    """All that there is to learn from: names, then made-up ones."""

    rows: list[Row]
    made: list[Made]
    told: list[Features]
    words: Words
    text: str
    """The list of words."""
    vectors: Any

    @property
    def base(self) -> int:
        """Return the first row of a hash."""
        return len(self.words.costs)

    @property
    def classes(self) -> Any:
        """Return the class of each, a number."""
        return np.array([row.class_ for row in self.rows] + [one.class_ for one in self.made])

    @property
    def weights(self) -> Any:
        """Return how much each counts."""
        return np.array([1.0] * len(self.rows) + [MADE_WEIGHT] * len(self.made), np.float32)

    @property
    def targets(self) -> Any:
        """Return the probabilities that are to be learned."""
        return np.eye(len(CLASSES), dtype=np.float32)[self.classes]


def prepare(where: Path, meanings: Path, seed: int) -> Lesson:
    """Return what there is to learn from in a folder of data. Raises OSError and ValueError."""
    all_rows = data.read(where / "train.csv.gz")
    english, table = vectors.english(meanings)
    text = words.learn(data.bodies(all_rows), WORDS, keep=english)
    rows = [row for row in all_rows if row.class_ is not None and data.parts(row.name)[0]]
    made = [one for kind, endings, count in MADE for one in altered.made(kind, endings, count, seed)]
    made += altered.lookalikes(holders.holders(english, table), LOOKALIKES, seed)
    made += altered.all_risky(RISKY_A_WORD, seed)
    return lesson(rows, made, text, meanings)


def lesson(rows: list[Row], made: list[Made], text: str, meanings: Path) -> Lesson:
    """Return names and made-up ones with their features."""
    known = features.parse_words(text)
    told = [features.features(*data.parts(row.name), known) for row in rows]
    told += [features.features(one.body, one.suffix, known) for one in made]
    return Lesson(rows, made, told, known, text, vectors.vectors(list(known.rows), meanings))


def learn(given: Lesson, which: Sequence[int], shape: Shape, plan: fit.Plan) -> Learned:
    """Return what all parts learn from some of the names."""
    chosen = np.asarray(which)
    told = [given.told[number] for number in chosen]
    parts = fit.padded(told, given.base)
    deep = fit.learn(parts, given.targets[chosen], given.weights[chosen], given.vectors, shape, plan)
    weights = given.weights[chosen]
    parts_ = [
        linear.learn(
            linear.matrix(told, given.base, view), view, given.classes[chosen], weights, shape.classes, plan.seed
        )
        for view in linear.VIEWS
    ]
    return Learned(given.base, deep, shape, tuple(parts_))


def logits(given: Lesson, learned: Learned, asked: Sequence[Features]) -> Any:
    """Return what all parts say of names, names × classes: the mean that the model's output is made of."""
    parts = fit.padded(asked, given.base)
    deep = fit.predicted(learned.deep, parts, len(asked), given.vectors, learned.shape)
    others = [linear.log_probabilities(linear.matrix(asked, given.base, one.view), one) for one in learned.linear]
    return sum(others, deep) / learned.parts
