"""The page about guesses: how the model stands, what answers changed, who asks first, and an owner's taps."""

from html import unescape

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.house import Classifier, House
from appliance.core.verdict import Reason
from appliance.store.errors import Locked
from appliance.store.requests import Answer, Requests
from appliance.web import box as boxes
from appliance.web import classifier as pages
from appliance.web import edits
from appliance.web.box import Box
from appliance.web.classifier import WHERE
from appliance.world.model import Figures, load_model_card
from tests.guessing import BETS, Fake
from tests.web.asking import last, send, told, words
from tests.web.conftest import AT, OWNER


def learned(box: Box, on: bool = True, **steps: int) -> None:
    """Have the house know that from answers."""
    taught = Classifier(on=on, steps=steps)
    box.change(OWNER, Reason("x"), lambda house: replace(house, classifier=taught))


def shown(client: FlaskClient) -> str:
    """Return the words of the page."""
    answer = client.get(WHERE)
    assert answer.status_code == 200
    return words(answer)


@pytest.mark.usefixtures("classifier")
def test_what_it_is_and_never_does(caregiver: FlaskClient) -> None:
    """In sentences, with the version and what it knows."""
    page = shown(caregiver)
    assert "Works" in page
    assert "test-1" in page
    assert "adult content, dating, gambling, social media" in page
    assert "Never Block by itself" in page
    assert "Nothing yet: it asks as surely as it came." in page


def test_how_it_stands(box: Box, caregiver: FlaskClient, classifier: Fake) -> None:
    """Damaged with what it says, not needed where nobody is of an age, off where the house does without."""
    classifier.problem = "the checksum of the <b>model</b> is wrong"
    assert "Damaged" in shown(caregiver)
    assert "It says: the checksum of the <b>model</b> is wrong" in unescape(caregiver.get(WHERE).text)
    assert "<b>model" not in caregiver.get(WHERE).text
    box.change(OWNER, Reason("x"), lambda house: edits.with_person(house, "mia", lambda one: replace(one, band="0-5")))
    assert "Not needed" in shown(caregiver)
    learned(box, on=False)
    asked = len(classifier.asked)
    assert "New sites are open, as far as nothing else closes them." in shown(caregiver)
    assert len(classifier.asked) == asked


def test_without_the_process_or_its_card_that_is_told(
    caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that everything else holds."""
    page = shown(caregiver)
    assert "everything else holds as it is set" in page.replace("Everything", "everything")
    monkeypatch.setattr(boxes, "load_model_card", lambda: load_model_card(box.data))
    box._card = None
    page = shown(caregiver)
    assert "Damaged" in page
    assert "It says: model.yaml: No such file or directory" in page
    assert "Version not known" in page


@pytest.mark.usefixtures("classifier")
def test_who_is_asked_first(box: Box, caregiver: FlaskClient) -> None:
    """Each child, with the way to where it is set; an adult is not there."""
    page = shown(caregiver)
    assert "Mia Asks first" in page
    assert "Jonas Need not ask" in page
    assert "Dana Asks" not in page
    assert 'href="/child/jonas/categories#new-sites"' in caregiver.get(WHERE).text
    box.change(
        OWNER, Reason("x"), lambda house: edits.with_person(house, "jonas", lambda one: replace(one, band="16-17"))
    )
    learned(box, on=False)
    page = shown(caregiver)
    assert "Mia Asks first · turned off for the whole house" in page
    assert "Jonas Never at this age" in page


def test_an_owner_turns_it_off_and_on(box: Box, owner: FlaskClient, caregiver: FlaskClient) -> None:
    """What was learned stays; a caregiver sees it and may not."""
    learned(box, dating=2)
    assert "no longer guesses" in told(owner, send(owner, WHERE, classifier="off"))
    assert box.house().classifier == Classifier(on=False, steps={"dating": 2})
    assert last(box)[1] == "classifier_off"
    send(owner, WHERE, classifier="on")
    assert box.house().classifier == Classifier(steps={"dating": 2})
    assert last(box)[1] == "classifier_on"
    assert send(owner, WHERE, classifier="perhaps").status_code == 400
    assert 'name="classifier"' in owner.get(WHERE).text
    assert 'name="classifier"' not in caregiver.get(WHERE).text
    for where, values in ((WHERE, {"classifier": "off"}), (f"{WHERE}/reset", {"category": "all"})):
        assert send(caregiver, where, **values).status_code == 403
    assert box.house().classifier.on


def test_what_answers_changed(box: Box, caregiver: FlaskClient) -> None:
    """More and less, by kind of sites, with how many answers are kept still."""
    store = box.household.store.requests
    for number in range(2):
        one = store.ask("mia", "tablet", f"d{number}.example", "", AT, "dating")
        store.deny(OWNER, Answer(one.id, is_allowed=False, taught=1), AT)
    learned(box, dating=2, gambling=-1)
    page = shown(caregiver)
    assert "Dating" in page
    assert "Asks less: 2 of 4 steps · 2 answers of the last weeks" in page
    assert "Asks more: 1 of 4 steps" in page
    assert "Forget" not in page


def test_an_owner_has_it_forgotten(box: Box, owner: FlaskClient) -> None:
    """One kind of sites, or all; answers that are forgotten are not taken back later."""
    store = box.household.store.requests
    one = store.ask("mia", "tablet", BETS, "", AT, "gambling")
    store.deny(OWNER, Answer(one.id, is_allowed=False, taught=-1), AT)
    learned(box, dating=2, gambling=-1, forum=1)
    send(owner, f"{WHERE}/reset", category="dating")
    assert box.house().classifier.steps == {"gambling": -1, "forum": 1}
    assert last(box)[1:] == ("classifier_reset", {"category": "dating"})
    assert store.lesson(BETS) is not None
    assert "There is nothing to forget any more." in told(owner, send(owner, f"{WHERE}/reset", category="dating"))
    assert "Forget all" in words(owner.get(WHERE))
    send(owner, f"{WHERE}/reset", category="all")
    assert box.house().classifier.steps == {}
    assert last(box)[1] == "classifier_all_reset"
    assert store.lesson(BETS) is None


def test_a_store_that_is_locked_is_told(box: Box, owner: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was to be done; the page is shown without the answers that can't be counted."""
    learned(box, dating=2)

    def locked(*_: object, **__: object) -> None:
        raise Locked

    monkeypatch.setattr(Requests, "lessons", locked)
    assert "Asks less: 2 of 4 steps" in shown(owner)
    monkeypatch.setattr(Requests, "unlearn", locked)
    assert Locked().sentence in told(owner, send(owner, f"{WHERE}/reset", category="all"))
    monkeypatch.setattr(type(box.household.store), "change", locked)
    for where, values in ((WHERE, {"classifier": "off"}), (f"{WHERE}/reset", {"category": "all"})):
        assert Locked().sentence in told(owner, send(owner, where, **values))


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (None, ""),
        (
            Figures(0.04, 0.003),
            "less than once in ten weeks. Of 1,000 names that filters often take wrongly it asks about 3.",
        ),
        (Figures(0.25, 0.0), "about once in 4 weeks."),
        (Figures(3.2, 0.0), "about 3 times a week."),
    ],
)
def test_what_was_measured_is_told(monkeypatch: pytest.MonkeyPatch, figures: Figures | None, expected: str) -> None:
    """In a line, or not at all."""
    monkeypatch.setattr(pages, "load_figures", lambda: figures)
    assert expected in pages.figures_words()
    assert bool(expected) is bool(pages.figures_words())


def test_the_house_leads_there(caregiver: FlaskClient) -> None:
    """With what holds."""
    assert f'href="{WHERE}"' in caregiver.get("/house").text
    assert House().classifier.on
