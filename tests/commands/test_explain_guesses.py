"""`explain` asks the classifier where its word matters, says why a name looks risky, or that it can't be asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.commands import explain as command
from appliance.core.riskmodel import RiskModelError
from tests.commands.cli import applied, kindgate
from tests.guessing import BETS, CARD, SURELY, Fake, classifying

DAY = "2026-11-18T15:00"
"""A Wednesday afternoon."""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a house in it."""
    monkeypatch.setattr(command, "load_model_card", lambda: CARD)
    return applied(tmp_path / "data")


def explained(data: Path, *words: str) -> dict[str, Any]:
    """Return what `explain --json` says."""
    result = kindgate("explain", *words, "--at", DAY, "--json", data=data)
    assert (result.exit_code, result.stderr) == (0, "")
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_a_name_that_looks_risky(data: Path) -> None:
    """By which step, and which parts of it say so."""
    with classifying(data):
        told = explained(data, BETS, "--person", "kim")
        shown = kindgate("explain", BETS, "--person", "kim", "--at", DAY, data=data).stdout
    assert (told["action"], told["step"], told["answer"], told["is_unasked"]) == ("ask", "classifier", "block", False)
    assert told["looks"] == {"words": "gambling", "score": SURELY, "parts": ["casino", "bet", ".example"]}
    assert told["to_child"] == "This site is new here and looks risky: Gambling. We may be wrong: you can ask."
    assert "ASK  bet-casino.example" in shown
    assert "New, and it looks like gambling: “casino”, “bet”, .example. The box is quite sure (97 %)" in shown
    assert "Step: classifier" in shown


def test_whom_it_does_not_matter_to(data: Path) -> None:
    """Nobody is asked about a name for an adult, nor about one that is known."""
    with classifying(data) as fake:
        for words in ((BETS, "--person", "alex"), (BETS,), ("tiktok.com", "--person", "kim")):
            told = explained(data, *words)
            assert (told["looks"], told["is_unasked"]) == (None, False)
    assert fake.asked == []


def test_where_it_can_not_be_asked_that_is_said(data: Path) -> None:
    """The rest is told as it holds."""
    told = explained(data, BETS, "--person", "kim")
    assert (told["action"], told["step"], told["looks"], told["is_unasked"]) == ("allow", "default", None, True)
    shown = kindgate("explain", BETS, "--person", "kim", "--at", DAY, data=data).stdout
    assert "The classifier can't be asked at the moment, and so step 11 is left out." in shown
    with classifying(data, Fake(problem="damaged")):
        assert explained(data, BETS, "--person", "kim")["is_unasked"]


def test_the_house_moves_how_sure_it_must_be(data: Path) -> None:
    """As the nameserver has it."""
    house = kindgate("house", "show", data=data).stdout
    applied(data, f"{house}\nclassifier:\n  steps: {{gambling: 4}}\n")
    with classifying(data):
        assert explained(data, BETS, "--person", "kim")["step"] == "default"


def test_without_its_card_nobody_is_asked_first(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing that says how sure it must be."""

    def missing() -> None:
        raise RiskModelError("gone")

    monkeypatch.setattr(command, "load_model_card", missing)
    with classifying(data):
        assert explained(data, BETS, "--person", "kim")["step"] == "default"
