"""The figures in models/ are those of the model that lies there, and they are within what was promised."""

import json
from typing import Any

import pytest

from appliance.world import model
from scripts.trainlib.data import CLASSES
from scripts.trainlib.wordlists import WORDLISTS
from tests.rooms.tree import ROOT

MODELS = ROOT / "models"
MEASURED: dict[str, Any] = json.loads((MODELS / "metrics.json").read_text("utf-8"))
MAX_OCTETS = 5_000_000
MAX_OVERBLOCK = 0.005
MAX_FALSE_ASKS = 0.1
SHIPPED = "at the shipped thresholds"


def test_the_figures_are_of_this_model() -> None:
    """Whoever trains anew measures anew."""
    assert MEASURED["version"] == model.load_model_card().version


def test_classes_are_those_of_training() -> None:
    """In the same order: the output has no names."""
    assert tuple(one.id for one in model.load_model_card().classes) == CLASSES


@pytest.mark.parametrize("band", ["6-9", "10-12", "13-15"])
def test_over_blocking_is_within_the_promise(band: str) -> None:
    """Of names that a filter must not block, and of a week's harmless ones."""
    told = MEASURED[SHIPPED][band]
    assert told["overblock"]["share"] <= MAX_OVERBLOCK
    assert told["weeks"]["false asks a week"] <= MAX_FALSE_ASKS


def test_who_people_are_moved_nothing() -> None:
    """No score of 200 harmless names, whatever such word was added wherever."""
    assert MEASURED["identity words"]["moved by more than 0.05"] == 0


def test_the_model_is_small() -> None:
    """All files that it needs together."""
    names = ("classifier.onnx", "words.txt", "model.yaml", "SHA256SUMS")
    assert sum((MODELS / name).stat().st_size for name in names) <= MAX_OCTETS


def test_every_band_is_at_least_as_careful_as_the_younger() -> None:
    """A threshold grows with age."""
    for rows in model.load_model_card().thresholds.values():
        assert sorted(rows.values()) == [rows[band] for band in ("6-9", "10-12", "13-15")]


def test_unseen_words_are_those_of_training() -> None:
    """What training keeps out of sight, the shipped list keeps out of sight."""
    lines = (MODELS / "words.txt").read_text("utf-8").splitlines()
    unseen = {line.partition(" ")[0] for line in lines if line.endswith(" unseen")}
    assert {"gay", "muslim", "jewish", "black", "roma", "trans"} <= unseen <= set(WORDLISTS["unseen"])
