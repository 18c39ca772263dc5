"""appliance.web.guessed: what a name was taken for, in words, with the classifier and without."""

from pathlib import Path

import pytest

from appliance.core.guesses import Label
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.web import box as boxes
from appliance.web import guessed
from appliance.web.box import Box
from appliance.world.model import load_model_card
from tests.guessing import BETS, Fake, no_labels
from tests.web.conftest import AT


def test_only_step_eleven_guesses() -> None:
    """A category that decided in another step is no guess."""
    reason = Reason.of("classifier", category="gambling", score="0.97")
    assert guessed.category_of(Verdict(Action.ASK, Step.CLASSIFIER, reason)) == "gambling"
    assert guessed.category_of(Verdict(Action.ASK, Step.CATEGORY, reason)) is None


def test_of_a_name(box: Box, classifier: Fake) -> None:
    """For whom it matters, and for nobody else."""
    of = box.policy()
    mia, jonas = (of.by_person[id_] for id_ in ("mia", "jonas"))
    assert guessed.category(box.labels(), of, mia, BETS, AT) == "gambling"
    assert guessed.category(box.labels(), of, jonas, BETS, AT) is None
    assert classifier.names == [BETS]


@pytest.mark.usefixtures("classifier")
def test_in_words(box: Box) -> None:
    """To each in theirs."""
    parts = "“casino”, “bet”, .example"
    assert guessed.to_child(box, box.labels(), BETS, "gambling") == (
        f"It looks like gambling: {parts}. We may be wrong: you can ask."
    )
    assert f"gambling: {parts}. The box is quite sure (97 %)" in guessed.to_caregiver(
        box, box.labels(), BETS, "gambling"
    )
    assert guessed.in_short(box, Label("pornography", 0.999)) == "new, looks like adult content (99 %)"


def test_without_it(box: Box) -> None:
    """The sentence stands alone."""
    assert (
        guessed.to_child(box, no_labels(), BETS, "gambling") == "It looks like gambling. We may be wrong: you can ask."
    )
    assert guessed.to_child(box, no_labels(), BETS, None).startswith("It is new here and looks risky.")
    said = guessed.to_caregiver(box, no_labels(), BETS, "gambling")
    assert said == "New, and it looks like gambling. The box may be wrong."


def test_what_a_category_is_called(box: Box, classifier: Fake) -> None:
    """As the model's card has it, else as the rules do, else by its id."""
    assert classifier.asked == []
    assert guessed.called(box, "pornography") == "adult content"
    assert guessed.called(box, "forum") == box.book.categories["forum"].name.lower()
    assert guessed.called(box, "nonsense") == "nonsense"


def test_without_a_card_the_rules_have_a_word(box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And what is wrong with the card is told."""
    monkeypatch.setattr(boxes, "load_model_card", lambda: load_model_card(tmp_path))
    box._card = None
    assert guessed.called(box, "gambling") == box.book.categories["gambling"].name.lower()
    assert box.card() == (None, "model.yaml: No such file or directory")
