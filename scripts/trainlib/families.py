"""`scripts/train families`: other models on the same names, for the experiment log, each a line."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from appliance.core import features
from scripts.trainlib import baseline, data, figures, fit, judge, letters, linear, recipe
from scripts.trainlib.data import BENIGN, CLASSES, Row
from scripts.trainlib.recipe import Lesson

LINEAR = {"linear-parted": linear.PARTED, "linear-whole": linear.WHOLE}
HARMLESS = np.eye(len(CLASSES))[BENIGN]
"""Of what the box never scores."""
FAMILIES = ("linear", "pieces", "letters", "words", "words-without-meaning", *LINEAR, "shipped")


def main() -> None:
    """Learn from nine tenths of the names, and print what each family does with names that it never saw."""
    parser = argparse.ArgumentParser(prog="scripts/train families", description=__doc__)
    parser.add_argument("--data", type=Path, default=data.DATA, metavar="DIR", help="../shared/data/dataset")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=FAMILIES, action="append", help="may be given again; default: all")
    told = parser.parse_args()
    try:
        given = recipe.prepare(told.data, Path(os.environ["KINDGATE_MEANINGS"]), told.seed)
        judged = data.read(told.data / "dev_test.csv.gz")
    except (OSError, ValueError) as error:
        sys.exit(f"scripts/train families: {error}")
    for family in told.only or FAMILIES:
        began = time.monotonic()
        scores = scores_of(family, given, judged, told.seed)
        if family != "linear":
            scores[[not any(data.parts(row.name)) for row in judged]] = HARMLESS
        took = time.monotonic() - began
        print(
            f"{family:22} seed {told.seed}  {figures.line(figures.summary(judged, scores))}  {took:.0f} s", flush=True
        )


def scores_of(family: str, given: Lesson, judged: Sequence[Row], seed: int) -> Any:
    """Return the probabilities that a family gives the names that judge."""
    learned = np.array([number for number in range(len(given.told)) if not _is_held(given, number)])
    if family == "linear":
        return baseline.scores([row for row in given.rows if row.fold], [row.name for row in judged], seed)
    plan = replace(recipe.PLAN, seed=seed)
    if family == "letters":
        shape = letters.LettersShape(len(CLASSES))
        parts = letters.padded([_text(*data.parts(row.name)) for row in given.rows])
        rows = learned[learned < len(given.rows)]
        part = fit.Padded({"letters": parts[0].rows["letters"][rows]}, np.arange(len(rows)))
        told = fit.learn([part], given.targets[rows], given.weights[rows], given.vectors, shape, plan, letters)
        read = letters.padded([_text(*data.parts(row.name)) for row in judged])
        return judge.softmax(fit.predicted(told, read, len(judged), given.vectors, shape, letters))
    asked = [features.features(*data.parts(row.name), given.words) for row in judged]
    shape_ = recipe.shape_of(given)
    if family == "shipped":
        return judge.softmax(recipe.logits(given, recipe.learn(given, learned.tolist(), shape_, plan), asked))
    if family in LINEAR:
        view = LINEAR[family]
        table = linear.matrix([given.told[number] for number in learned], given.base, view)
        learnt = linear.learn(table, view, given.classes[learned], given.weights[learned], len(CLASSES), seed)
        return judge.softmax(linear.log_probabilities(linear.matrix(asked, given.base, view), learnt))
    meanings = np.zeros_like(given.vectors) if family == "words-without-meaning" else given.vectors
    shape_ = replace(shape_, with_words=family != "pieces")
    parts = fit.padded([given.told[number] for number in learned], given.base)
    told = fit.learn(parts, given.targets[learned], given.weights[learned], meanings, shape_, plan)
    return judge.softmax(fit.predicted(told, fit.padded(asked, given.base), len(judged), meanings, shape_))


def _is_held(given: Lesson, number: int) -> bool:
    return number < len(given.rows) and given.rows[number].fold == 0


def _text(body: str, suffix: str) -> str:
    return f"{features.plain(body)}.{suffix}"


if __name__ == "__main__":
    main()
