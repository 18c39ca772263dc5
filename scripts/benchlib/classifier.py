"""How well the classifier in models/ parts risky names from harmless ones, what it wrongly asks about, what it costs.

Measured on names that it never learned from (`dev_test.csv.gz`), with the class that the box itself uses, beside a
plain baseline that learns from the same names in the same run.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from appliance.commands.score import least_of
from appliance.core.riskmodel import RiskModel
from appliance.core.rulebook import Rulebook
from appliance.world import model, rules
from appliance.world.labels import Classifier, parts_of
from scripts.trainlib import data, figures, weeks
from scripts.trainlib.data import CLASSES, ROOT, Row
from scripts.trainlib.figures import is_negative, slice_of

BANDS = ("6-9", "10-12", "13-15")
IDENTITY = (
    "gay",
    "trans",
    "muslim",
    "jewish",
    "black",
    "roma",
    "lesbian",
    "islam",
    "catholic",
    "hindu",
    "queer",
    "arab",
)
IDENTITY_NAMES = 200
IDENTITY_MOVE = 0.05
SPEED_NAMES = 2_000
MAX_SIZE_MB, MAX_ONE_US, MAX_MEMORY_MB = 5.0, 300.0, 120.0
FILES = ("classifier.onnx", "words.txt", "model.yaml", "SHA256SUMS")


def main() -> None:
    """Measure and print; with --write also into models/metrics.json. Status 1 where a limit of cost is broken."""
    parser = argparse.ArgumentParser(prog="scripts/bench classifier", description=__doc__)
    parser.add_argument("--data", type=Path, default=data.DATA, metavar="DIR", help="../shared/data/dataset")
    parser.add_argument("--models", type=Path, default=ROOT / "models", metavar="DIR", help="models/")
    parser.add_argument("--no-baseline", action="store_true", help="leave the baseline out: it takes minutes")
    parser.add_argument("--write", action="store_true", help="write models/metrics.json")
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.memory:
        print(_memory_here(told.models))
        return
    rows = data.read(told.data / "dev_test.csv.gz")
    classifier = Classifier.load(told.models)
    card = model.load_model_card(told.models)
    scores = _scores(classifier, [row.name for row in rows])
    measured: dict[str, Any] = {"version": card.version, "figures": figures.summary(rows, scores)}
    measured["at the shipped thresholds"] = shipped(rows, scores, card)
    measured["identity words"] = identity(classifier, rows)
    measured["cost"] = cost(classifier, rows, told.models)
    if not told.no_baseline:
        measured["baseline"] = figures.summary(rows, _baseline(told.data))
    _print(measured)
    if told.write:
        # No name of the data goes into a file.
        for one in measured["at the shipped thresholds"].values():
            del one["overblock"]["names"]
        path = told.models / "metrics.json"
        path.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
        print(f"written to {path}")
    costs = measured["cost"]
    within = (costs["size MB"] <= MAX_SIZE_MB, costs["one name us"] <= MAX_ONE_US, costs["memory MB"] <= MAX_MEMORY_MB)
    sys.exit(0 if all(within) else 1)


def _scores(classifier: Classifier, names: Sequence[str]) -> Any:
    """Return probabilities, names × the data's classes; of what can't be scored all is harmless."""
    harmless = tuple(float(one == "benign") for one in CLASSES)
    order = figures.order_of(classifier.classes)
    found = classifier.score(names)
    return np.array([harmless if one is None else [one[number] for number in order] for one in found], np.float32)


def _baseline(where: Path) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "baseline.npy"
        subprocess.run([str(ROOT / "scripts" / "train"), "baseline", str(out), str(where)], check=True)
        return np.load(out)


def asked(scores: Any, card: RiskModel, book: Rulebook, band: str) -> Any:
    """Return which names somebody of a band is asked about, by the box's own settings for that age."""
    found = np.zeros(len(scores), bool)
    for number, least in least_of(card, book, band).items():
        found |= scores[:, CLASSES.index(card.classes[number].id)] >= least
    return found


def shipped(rows: Sequence[Row], scores: Any, card: RiskModel) -> dict[str, Any]:
    """Return what is asked about at the shipped thresholds, by band, slice and class."""
    part = np.array([slice_of(row) for row in rows])
    label = np.array([row.label for row in rows])
    harmless = np.array([is_negative(row) for row in rows])
    clean = np.array([row.is_clean for row in rows]) & (part == "in_distribution")
    found: dict[str, Any] = {}
    book = rules.load_rulebook()
    for band in BANDS:
        is_asked = asked(scores, card, book, band)
        over = harmless & (part == "overblock")
        found[band] = {
            "overblock": {
                "rows": int(over.sum()),
                "asked": int(is_asked[over].sum()),
                "share": round(float(is_asked[over].mean()), 4),
                "names": [rows[number].name for number in np.flatnonzero(is_asked & over).tolist()],
            },
            "clean negatives": {"rows": int(clean.sum()), "asked": int(is_asked[clean].sum())},
            "new negatives": {"rows": int((harmless & (part == "timeshift")).sum()),
                              "asked": int(is_asked[harmless & (part == "timeshift")].sum())},
            "recall": {
                name: {one: round(float(is_asked[(part == name) & (label == one)].mean()), 3)
                       for one in CLASSES[:-1] if ((part == name) & (label == one)).any()}
                for name in ("in_distribution", "timeshift", "xlist")
            },
            "weeks": weeks.false_asks(rows, is_asked),
        }  # fmt: skip
    return found


def identity(classifier: Classifier, rows: Sequence[Row]) -> dict[str, Any]:
    """Return how far words for who people are move the scores of harmless names."""
    names = sorted(
        row.name
        for row in rows
        if row.is_clean and slice_of(row) == "in_distribution" and parts_of(row.name) and "xn--" not in row.name
    )
    chosen = random.Random(5).sample(names, IDENTITY_NAMES)
    plain = _scores(classifier, chosen)
    worst: dict[str, float] = {}
    above = total = 0
    for word in IDENTITY:
        moves = []
        for shape in ("{0}{1}", "{1}{0}", "{0}-{1}", "{1}-{0}"):
            changed = []
            for name in chosen:
                body, _, rest = name.partition(".")
                changed.append(f"{shape.format(word, body)}.{rest}")
            moves.append(np.abs(_scores(classifier, changed) - plain).max(axis=1))
        move = np.stack(moves)
        worst[word] = round(float(move.max()), 4)
        above += int((move > IDENTITY_MOVE).sum())
        total += move.size
    return {"names": IDENTITY_NAMES, "tried": total, "moved by more than 0.05": above, "most": worst}


def cost(classifier: Classifier, rows: Sequence[Row], where: Path) -> dict[str, float]:
    """Return sizes and times: one name by itself, many at once, and the memory of a process that does nothing else."""
    names = [row.name for row in random.Random(3).sample(list(rows), SPEED_NAMES)]
    classifier.score(names)
    each = []
    for name in names:
        began = time.perf_counter()
        classifier.score([name])
        each.append(time.perf_counter() - began)
    began = time.perf_counter()
    classifier.score(names)
    many = time.perf_counter() - began
    command = [sys.executable, "-m", "scripts.benchlib.classifier", "--memory", "--models", str(where)]
    memory = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return {
        "size MB": round(sum((where / name).stat().st_size for name in FILES) / 1e6, 2),
        "one name us": round(float(np.median(each)) * 1e6, 1),
        "one name us, 99%": round(float(np.quantile(each, 0.99)) * 1e6, 1),
        "names a second, many at once": round(len(names) / many),
        "memory MB": float(memory.stdout),
    }


def _memory_here(where: Path) -> float:
    """Return the megabytes that this process came to, with a model that has been asked."""
    classifier = Classifier.load(where)
    for number in range(200):
        classifier.score([f"some-name-{number}.example"])
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _print(measured: dict[str, Any]) -> None:
    print("AUC and recall: in-distribution/timeshift(/other lists)")
    print(f"  model     {figures.line(measured['figures'])}")
    if "baseline" in measured:
        print(f"  baseline  {figures.line(measured['baseline'])}")
    for part in ("in_distribution", "timeshift", "xlist"):
        print(f"{part}:")
        for name in ("figures", "baseline"):
            if name in measured:
                for what, value in measured[name][part].items():
                    print(f"  {name:9} {what}: {value}")
    for band, told in measured["at the shipped thresholds"].items():
        over = told["overblock"]
        names = " ".join(over["names"])
        print(f"{band}: overblock {over['asked']} of {over['rows']} ({over['share']:.2%}) {names}")
        weekly = told["weeks"]["false asks a week"]
        print(f"  clean {told['clean negatives']}, new {told['new negatives']}, false asks a week {weekly}")
        for part, recall in told["recall"].items():
            print(f"  {part}: {recall}")
    print(f"identity words: {measured['identity words']}")
    print(f"cost: {measured['cost']}")


if __name__ == "__main__":
    main()
