"""What the bundled models folder says of the classifier, as it lies on the disk."""

from pathlib import Path

import pytest

from appliance.core import riskmodel
from appliance.core.guesses import Guess
from appliance.core.riskmodel import RiskModelError
from appliance.world import model

TEXT = """\
version: 2026.11-1
classes:
  - {id: gambling, category: gambling, words: gambling}
  - {id: benign}
thresholds:
  gambling: {6-9: 0.97}
"""


def written(folder: Path, octets: bytes) -> Path:
    """Return a folder with such a card."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / riskmodel.FILE).write_bytes(octets)
    return folder


def test_a_card_is_read(tmp_path: Path) -> None:
    """From the folder of the argument."""
    found = model.load_model_card(written(tmp_path, TEXT.encode()))
    assert (found, found.version) == (riskmodel.parse(TEXT), "2026.11-1")
    assert found.guesses((0.98, 0.02), found.least) == (Guess("gambling", 0.98),)


def test_words_of_any_language_are_read(tmp_path: Path) -> None:
    """They are UTF-8, whatever the machine speaks."""
    text = TEXT.replace("words: gambling", "words: Glücksspiel")
    assert model.load_model_card(written(tmp_path, text.encode())).words("gambling") == "Glücksspiel"


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", "line 1: "),
        (TEXT.replace("0.97", "97").encode(), "line 6: thresholds: .*<= 1.0"),
        (TEXT.replace("words: gambling", "words: \xfc").encode("latin-1"), "not UTF-8"),
    ],
)
def test_a_damaged_card_is_told(tmp_path: Path, octets: bytes, expected: str) -> None:
    """With its file, and with the line where there is one."""
    with pytest.raises(RiskModelError, match=f"^{riskmodel.FILE}: {expected}"):
        model.load_model_card(written(tmp_path, octets))


def test_a_card_that_is_missing_or_no_file_is_told(tmp_path: Path) -> None:
    """With what the machine says of it."""
    with pytest.raises(RiskModelError, match=f"^{riskmodel.FILE}: No such file or directory$"):
        model.load_model_card(tmp_path)
    (tmp_path / riskmodel.FILE).mkdir()
    with pytest.raises(RiskModelError, match=f"^{riskmodel.FILE}: Is a directory$"):
        model.load_model_card(tmp_path)


def test_the_bundled_card_is_inside_the_package_or_beside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Installed, or in a checkout; where both are, the installed one."""
    package = tmp_path / "appliance"
    monkeypatch.setattr(model, "_PACKAGE", package)
    beside = written(tmp_path / "models", TEXT.encode())
    assert (model.folder(), model.load_model_card()) == (beside, riskmodel.parse(TEXT))
    inside = written(package / "models", TEXT.replace("-1", "-2").encode())
    assert (model.folder(), model.load_model_card().version) == (inside, "2026.11-2")


def test_no_model_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation that lost it says what to do; a folder without a card is none."""
    monkeypatch.setattr(model, "_PACKAGE", tmp_path / "appliance")
    (tmp_path / "models").mkdir()
    for load in (model.folder, model.load_model_card):
        with pytest.raises(RiskModelError, match=r"^the bundled model is missing: install Kindgate again$"):
            load()


FIGURES = """\
{"version": "2026.11-1", "auc": {"in": 0.95}, "at the shipped thresholds": {
 "6-9": {"overblock": {"share": 0.003, "rows": 9}, "weeks": {"false asks a week": 0.02}},
 "10-12": {"overblock": {"share": 0.001}, "weeks": {"false asks a week": 0.04}}
}}"""


def test_figures_are_read(tmp_path: Path) -> None:
    """Those that a caregiver is told, of all bands the worst; the others are for those who make models."""
    (tmp_path / model.METRICS).write_text(FIGURES)
    assert model.load_figures(tmp_path) == model.Figures(false_asks_a_week=0.04, overblock_share=0.003)


@pytest.mark.parametrize(
    "octets",
    [
        None,
        b"",
        b"[]",
        b"{}",
        b'{"at the shipped thresholds": {}}',
        FIGURES.encode()[:-1],
        FIGURES.replace("0.04", '"few"').encode(),
        FIGURES.replace("0.04", '"\xff"').encode("latin-1"),
        FIGURES.encode("utf-16"),
        FIGURES.replace("0.95", "[" * 5_000).encode(),
    ],
)
def test_figures_that_nobody_can_read_are_none(tmp_path: Path, octets: bytes | None) -> None:
    """A page goes without them."""
    if octets is not None:
        (tmp_path / model.METRICS).write_bytes(octets)
    assert model.load_figures(tmp_path) is None


def test_figures_lie_beside_the_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of the bundled model by default; without one there are none."""
    monkeypatch.setattr(model, "_PACKAGE", tmp_path / "appliance")
    assert model.load_figures() is None
    folder = written(tmp_path / "models", TEXT.encode())
    (folder / model.METRICS).write_text(FIGURES)
    found = model.load_figures()
    assert found is not None
    assert (found.false_asks_a_week, found.overblock_share) == (0.04, 0.003)
