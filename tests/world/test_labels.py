"""The bundled model loads, scores what can be scored, says why, and a damaged one is refused in words."""

import hashlib
import shutil
from pathlib import Path

import pytest

from appliance.world import labels, model
from appliance.world.labels import MAX_REASONS, Classifier, ModelError, parts_of

CLASSES = ("adult", "gambling", "dating", "drugs", "violence_hate", "bypass", "games", "social", "benign")
IDENTITY = ("gay", "trans", "muslim", "jewish", "black", "roma", "lesbian", "islam", "catholic", "hindu")
HARMLESS = (
    "oakfield-primary-school.org",
    "northwindbakery.com",
    "stadtbibliothek-musterhausen.de",
    "gardenerscorner.net",
)


@pytest.fixture(scope="module")
def bundled() -> Classifier:
    """Return the bundled model, loaded once."""
    return Classifier.load()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of the bundled model that a test may damage."""
    return Path(shutil.copytree(model.folder(), tmp_path / "models"))


def test_classes_are_those_of_the_card(bundled: Classifier) -> None:
    """In the order that the card has, with its version."""
    assert bundled.classes == CLASSES
    assert bundled.version == model.load_model_card().version


@pytest.mark.parametrize(
    ("name", "class_"),
    [
        ("luckyspins-casino-bonus.bet", "gambling"),
        ("hotpornvideos-example.xxx", "adult"),
        ("meetlocalsingles-dating.com", "dating"),
        ("oakfield-primary-school.org", "benign"),
    ],
)
def test_a_plain_case(bundled: Classifier, name: str, class_: str) -> None:
    """A name that says what it is has most of its probability there."""
    (scores,) = bundled.score([name])
    assert scores is not None
    assert scores[CLASSES.index(class_)] > 0.5


def test_scores_are_probabilities_in_order(bundled: Classifier) -> None:
    """One a name, in order, alone or among many; what can't be scored has none."""
    asked = [*HARMLESS, "192.0.2.7", "casino.bet", *(f"name-{number}.example" for number in range(150)), "localhost"]
    found = bundled.score(asked)
    assert [one is None for one in found] == [name in ("192.0.2.7", "localhost") for name in asked]
    for name, scores in zip(asked, found, strict=True):
        if scores is not None:
            assert sum(scores) == pytest.approx(1, abs=1e-4)
            assert bundled.score([name])[0] == pytest.approx(scores, abs=1e-4)


def test_no_names(bundled: Classifier) -> None:
    """Nothing asked, nothing said."""
    assert bundled.score([]) == []


@pytest.mark.parametrize(
    "name",
    ["localhost", "", ".", "192.0.2.7", "2001:db8::1", "a\\.b.com", "a" * 64 + ".com", "a." * 126 + "com", "co.uk",
     "github.io", "with space.com", "a..b", "7.2.0.192.in-addr.arpa", "d111111abcdef8.cloudfront.net"],
)  # fmt: skip
def test_what_cannot_be_scored(bundled: Classifier, name: str) -> None:
    """An address, one label, escapes, what is too long, and whole registries."""
    assert bundled.score([name]) == [None]
    assert bundled.reasons(name, "adult") == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("example.com", ("example", "com")),
        ("WWW.Example.CO.UK.", ("example", "co.uk")),
        ("a.b.somebody.github.io", ("somebody", "*")),
        ("m\u00fcnchen.de", ("xn--mnchen-3ya", "de")),
        ("box.lan", ("box", "lan")),
    ],
)
def test_parts_of(name: str, parts: tuple[str, str]) -> None:
    """What somebody registered and below what, of any name of a host."""
    assert parts_of(name) == parts


def test_a_host_has_the_score_of_its_site(bundled: Classifier) -> None:
    """Only what was registered is looked at."""
    assert bundled.score(["cdn.static.northwindbakery.com"]) == bundled.score(["northwindbakery.com"])


def test_who_people_are_moves_no_score(bundled: Classifier) -> None:
    """A word for that before or behind a harmless name changes nothing."""
    for name in HARMLESS:
        (plain,) = bundled.score([name])
        changed = [f"{word}-{name}" for word in IDENTITY] + [f"{word}{name}" for word in IDENTITY]
        for word, scores in zip(changed, bundled.score(changed), strict=True):
            assert scores == pytest.approx(plain, abs=0.05), word


def test_reasons_are_parts_of_the_name(bundled: Classifier) -> None:
    """The strongest first, three at most; each stands in the name."""
    reasons = bundled.reasons("luckyspins-casino-bonus.bet", "gambling")
    assert "casino" in reasons
    assert len(reasons) <= MAX_REASONS
    assert all(reason in "luckyspins-casino-bonus.bet" for reason in reasons)


def test_an_ending_can_be_a_reason(bundled: Classifier) -> None:
    """It is told with its dot."""
    assert ".casino" in bundled.reasons("qzkvw.casino", "gambling")


def test_reasons_of_an_unknown_class(bundled: Classifier) -> None:
    """Is a fault of whoever asks."""
    with pytest.raises(ValueError, match="not in"):
        bundled.reasons("example.com", "weather")


@pytest.mark.parametrize("name", [labels.MODEL_FILE, labels.WORDS_FILE])
def test_a_damaged_file(copied: Path, name: str) -> None:
    """The checksum says so, and the words say which."""
    path = copied / name
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.write_bytes(octets)
    with pytest.raises(ModelError, match="its checksum is not the one"):
        Classifier.load(copied)


@pytest.mark.parametrize("name", [labels.MODEL_FILE, labels.WORDS_FILE, labels.SUMS_FILE, "model.yaml"])
def test_a_missing_file(copied: Path, name: str) -> None:
    """Its name is told."""
    (copied / name).unlink()
    with pytest.raises(ModelError, match=name):
        Classifier.load(copied)


def test_no_folder(tmp_path: Path) -> None:
    """Is a model that is missing."""
    with pytest.raises(ModelError, match=r"model\.yaml"):
        Classifier.load(tmp_path / "none")


def signed(where: Path) -> None:
    """Write the checksums anew."""
    names = (labels.MODEL_FILE, labels.WORDS_FILE)
    lines = [f"{hashlib.sha256((where / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (where / labels.SUMS_FILE).write_text("".join(lines))


def test_what_is_no_model(copied: Path) -> None:
    """Octets that ONNX Runtime can't read are told as such."""
    (copied / labels.MODEL_FILE).write_bytes(b"nothing")
    signed(copied)
    with pytest.raises(ModelError, match="no model that can be run"):
        Classifier.load(copied)


def test_a_list_of_words_that_is_none(copied: Path) -> None:
    """The line is told."""
    (copied / labels.WORDS_FILE).write_text("one 1\ntwo\n")
    signed(copied)
    with pytest.raises(ModelError, match="line 2"):
        Classifier.load(copied)


def test_words_of_another_model(copied: Path) -> None:
    """More of them than the table has rows would be read out of nowhere."""
    text = (copied / labels.WORDS_FILE).read_text()
    (copied / labels.WORDS_FILE).write_text("".join(text.splitlines(keepends=True)[:-5]))
    signed(copied)
    with pytest.raises(ModelError, match="not those that the model was made"):
        Classifier.load(copied)


def test_classes_of_another_model(copied: Path) -> None:
    """A card with a class less doesn't go with the model."""
    card = (copied / "model.yaml").read_text()
    (copied / "model.yaml").write_text(card.replace("  - {id: benign}\n", ""))
    with pytest.raises(ModelError, match="its classes"):
        Classifier.load(copied)


def test_sums_that_are_no_text(copied: Path) -> None:
    """A damaged list of checksums is told too."""
    (copied / labels.SUMS_FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="not UTF-8"):
        Classifier.load(copied)
