"""`scripts/train`: from the data to the files in models/."""

import argparse
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from scripts.trainlib import data, export, fit, judge, recipe
from scripts.trainlib.data import BENIGN, CLASSES, ROOT
from scripts.trainlib.net import Shape
from scripts.trainlib.recipe import Lesson

MODELS = ROOT / "models"
KEPT = ROOT / "build" / "unseen.npz"
"""What models said of names that they never saw, to look at."""
PARTS = 3
"""Into how many parts the names are split to see what a model says of names that it never saw."""
HEAD = """\
# What the classifier's output means, and how sure it must be before a child is asked. Written by scripts/train; the
# thresholds may be changed by hand.
version: {version}
classes:                # in the order of the model's output
"""
MEANS = {"adult": ("pornography", "adult content"), "gambling": ("gambling", "gambling"),
         "dating": ("dating", "dating"), "drugs": ("drugs_sale", "drugs"),
         "violence_hate": ("hate_extremism", "violence or hate"),
         "bypass": ("bypass_web_proxy", "a way around the filter"), "games": ("browser_games", "games"),
         "social": ("social_media", "social media")}  # fmt: skip
THRESHOLDS = """\
thresholds:             # the least probability at which a name is asked about, by class and band
"""


def main() -> None:
    """Learn, calibrate, and write the model with what belongs to it."""
    parser = argparse.ArgumentParser(prog="scripts/train", description=__doc__)
    parser.add_argument("--data", type=Path, default=data.DATA, metavar="DIR", help="../shared/data/dataset")
    parser.add_argument("--out", type=Path, default=MODELS, metavar="DIR", help="models/")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=recipe.PLAN.epochs)
    parser.add_argument("--model-version", default=None, metavar="V", help="default: year.month-1")
    told = parser.parse_args()
    began = time.monotonic()
    try:
        given = recipe.prepare(told.data, Path(os.environ["KINDGATE_MEANINGS"]), told.seed)
    except (OSError, ValueError) as error:
        sys.exit(f"scripts/train: {error}")
    print(f"{len(given.rows):,} names and {len(given.made):,} made-up ones, {time.monotonic() - began:.0f} s")
    shape = recipe.shape_of(given)
    plan = fit.Plan(epochs=told.epochs, rate=recipe.PLAN.rate, batch=recipe.PLAN.batch, seed=told.seed)
    unseen = _unseen(given, shape, plan)
    classes = given.classes[: len(given.rows)]
    scale, bias = judge.calibration(unseen, classes)
    scores = judge.softmax(unseen * scale + bias)
    clean = np.array([row.is_clean for row in given.rows])
    KEPT.parent.mkdir(exist_ok=True)
    told.out.mkdir(parents=True, exist_ok=True)
    np.savez(KEPT, scores=scores, classes=classes, clean=clean)
    least = judge.thresholds(scores[clean])
    print(f"calibration error {judge.calibration_error(scores, classes):.4f}")
    learned = recipe.learn(given, range(len(given.told)), shape, plan)
    version = told.model_version or f"{datetime.now(tz=UTC):%Y.%m}-1"
    write(told.out, given, learned, (scale, bias), least, version)
    print(f"{told.out}: {version}, {time.monotonic() - began:.0f} s")


def _unseen(given: Lesson, shape: Shape, plan: fit.Plan) -> Any:
    """Return the logits of each name by a model that learned from the other parts."""
    part = np.array([row.fold % PARTS for row in given.rows] + [-1] * len(given.made))
    found = np.zeros((len(given.rows), shape.classes), np.float32)
    for one in range(PARTS):
        learned = recipe.learn(given, np.flatnonzero(part != one).tolist(), shape, plan)
        held = np.flatnonzero(part == one)
        found[held] = recipe.logits(given, learned, [given.told[number] for number in held])
        right = (found[held].argmax(axis=1) == given.classes[held]).mean()
        print(f"  part {one + 1} of {PARTS}: {right:.4f} right")
    return found


def write(
    out: Path,
    given: Lesson,
    learned: export.Learned,
    calibration: tuple[Any, Any],
    least: dict[str, dict[str, float]],
    version: str,
) -> None:
    """Write the model, its words, its description and the checksums."""
    whole = replace(learned, deep=export.baked(learned.deep, given.vectors))
    (out / "classifier.onnx").write_bytes(export.model(whole, *calibration, CLASSES))
    (out / "words.txt").write_text(given.text, "utf-8")
    (out / "model.yaml").write_text(described(least, version), "utf-8")
    (out / "SHA256SUMS").write_text(export.sums(out, ("classifier.onnx", "words.txt")), "utf-8")


def described(least: dict[str, dict[str, float]], version: str) -> str:
    """Return the text of model.yaml."""
    lines = [HEAD.format(version=version)]
    for number, one in enumerate(CLASSES):
        if number == BENIGN:
            lines.append(f"  - {{id: {one}}}\n")
        else:
            category, words = MEANS[one]
            lines.append(f"  - {{id: {one}, category: {category}, words: {words}}}\n")
    lines.append(THRESHOLDS)
    for one, bands in least.items():
        told = ", ".join(f"{band}: {value}" for band, value in bands.items())
        lines.append(f"  {one}: {{{told}}}\n")
    return "".join(lines)


if __name__ == "__main__":
    main()
