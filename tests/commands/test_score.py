"""`kindgate score`: what the model alone makes of names, one by one or in a stream."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.commands import score
from appliance.core.riskmodel import RiskClass, RiskModel
from appliance.world import model, rules
from appliance.world.labels import Classifier, ModelError
from tests.commands.cli import kindgate

ROOT = Path(__file__).parents[2]
KEYS = ["name", "label", "scores", "action", "reasons"]
RISKY, HARMLESS = "luckyspins-casino-bonus.bet", "oakfield-primary-school.org"


def lines(*words: str, stdin: str | bytes | None = None) -> list[dict[str, Any]]:
    """Return what the command prints as JSON, one object a line."""
    result = kindgate("score", *words, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_json_has_these_fields() -> None:
    """For each name, in order: its label, a probability a class, what becomes of it at 10 to 12; reasons on demand."""
    risky, harmless = lines(RISKY, HARMLESS)
    assert [*risky] == [*harmless] == KEYS
    assert [risky["name"], harmless["name"]] == [RISKY, HARMLESS]
    assert [*risky["scores"]] == [one.id for one in model.load_model_card().classes]
    assert (risky["label"], risky["action"], risky["reasons"]) == ("gambling", "ask", [])
    assert (harmless["label"], harmless["action"], harmless["reasons"]) == ("benign", "allow", [])
    assert sum(risky["scores"].values()) == pytest.approx(1, abs=1e-4)


def test_reasons_on_demand() -> None:
    """The parts of the name that moved its score; of a harmless name none."""
    risky, harmless = lines(RISKY, HARMLESS, "--reasons")
    assert "casino" in risky["reasons"]
    assert harmless["reasons"] == []


def test_for_a_person() -> None:
    """A readable line a name."""
    result = kindgate("score", RISKY, "--reasons")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"ASK  {RISKY}  gambling ")
    assert "casino" in result.stdout


@pytest.mark.parametrize("words", [[], ["-"]])
def test_a_stream(words: list[str]) -> None:
    """One answer a line, in order; a line that is no name, or empty, has one too, and so has a last one without end."""
    asked = [RISKY, "", "not a name", HARMLESS, "192.0.2.7", "M\u00fcnchen.de", "\ufffd", "localhost"]
    told = lines(*words, stdin="\n".join(asked[:-2]).encode() + b"\r\n\xff\nlocalhost")
    assert [one["name"] for one in told] == asked
    zeros = [one["name"] for one in told if not any(one["scores"].values())]
    assert zeros == ["", "not a name", "192.0.2.7", "\ufffd", "localhost"]
    assert {one["action"] for one in told if one["name"] in zeros} == {"allow"}


def test_an_empty_stream() -> None:
    """Nothing asked, nothing said."""
    assert lines("-", stdin="") == []


def test_a_pipe_has_its_answer_before_the_next_name() -> None:
    """Whoever writes a name and waits is answered."""
    command = [sys.executable, "-m", "appliance", "score", "-", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        for name in (HARMLESS, RISKY):
            run.stdin.write(name.encode() + b"\n")
            run.stdin.flush()
            assert json.loads(run.stdout.readline())["name"] == name
        run.stdin.close()
        assert run.wait() == 0


def test_nobody_reads_on() -> None:
    """A pipe that is closed ends the command without a fault."""
    command = [sys.executable, "-m", "appliance", "score", "-"]
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=writer, stderr=subprocess.PIPE, cwd=ROOT) as run:
        os.close(writer)
        _, said = run.communicate(b"a.com\n" * 10)
    assert (run.returncode, said) == (0, b"")


def test_a_model_that_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told in words, with status 1."""

    def broken(_: type[Classifier]) -> Classifier:
        raise ModelError("classifier.onnx: its checksum is not the one in SHA256SUMS")

    monkeypatch.setattr(Classifier, "load", classmethod(broken))
    result = kindgate("score", RISKY)
    assert result.exit_code == 1
    assert "the model can't be used: classifier.onnx: its checksum" in result.output


def test_least_of() -> None:
    """Only what the band minds counts, at the band's threshold: games are open at 10 to 12."""
    card = RiskModel(
        version="1",
        classes=(
            RiskClass(id="games", category="browser_games"),
            RiskClass(id="gambling", category="gambling"),
            RiskClass(id="dating", category="dating"),
            RiskClass(id="benign"),
        ),
        thresholds={"games": {"10-12": 0.5}, "gambling": {"10-12": 0.9, "6-9": 0.8}, "dating": {"6-9": 0.7}},
    )
    assert score.least_of(card, rules.load_rulebook()) == {1: 0.9}
