"""Asking first about new sites that look risky: what each age has, what a caregiver sets, and what the child reads."""

from html import unescape

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.house import Classifier, House
from appliance.core.person import Person, PersonKind
from appliance.core.verdict import Reason
from appliance.store.errors import Locked
from appliance.web import edits, risky
from appliance.web.box import Box
from appliance.web.risky import Risky
from tests.web.asking import last, send, told, words
from tests.web.conftest import OWNER

MIAS, JONASES = "192.168.77.10", "192.168.77.11"


def child(band: str, said: bool | None = None) -> Person:
    """Return a child of whom that was said."""
    return Person(id="kid", name="Kid", band=band, risky_names=said)


@pytest.mark.parametrize(
    ("band", "said", "expected"),
    [
        ("6-9", None, Risky(is_on=True, by_age=True, is_said=False, is_in_house=True)),
        ("10-12", False, Risky(is_on=False, by_age=True, is_said=True, is_in_house=True)),
        ("13-15", None, Risky(is_on=False, by_age=False, is_said=False, is_in_house=True)),
        ("13-15", True, Risky(is_on=True, by_age=False, is_said=True, is_in_house=True)),
        ("0-5", None, None),
        ("16-17", True, None),
    ],
)
def test_what_holds(band: str, said: bool | None, expected: Risky | None) -> None:
    """By the age, and by what was said; at some ages never."""
    assert risky.of_child(House(), child(band, said)) == expected


def test_never_of_adults() -> None:
    """Whatever else."""
    assert risky.of_child(House(), Person(id="dana", name="Dana", kind=PersonKind.ADULT)) is None


def test_where_the_house_does_without_it_is_told() -> None:
    """What is set stays."""
    found = risky.of_child(House(classifier=Classifier(on=False)), child("6-9"))
    assert found == Risky(is_on=True, by_age=True, is_said=False, is_in_house=False)


@pytest.mark.parametrize(
    ("person", "wanted", "said", "code", "shown"),
    [
        ("mia", "off", False, "risky_names_off", "Mia may open new sites that look risky."),
        ("jonas", "on", True, "risky_names_on", "Jonas asks first about new sites that look risky."),
    ],
)
def test_a_tap_sets_it_and_one_sets_it_back(
    box: Box, caregiver: FlaskClient, person: str, wanted: str, said: bool, code: str, shown: str
) -> None:
    """What the age has by itself is not set by hand."""
    where = f"/child/{person}/new-sites"
    assert shown in told(caregiver, send(caregiver, where, risky=wanted))
    assert edits.person_of(box.house(), person).risky_names is said
    assert last(box)[1:] == (code, {"person": person})
    assert "Set by a caregiver" in words(caregiver.get(f"/child/{person}/categories"))
    send(caregiver, where, risky="on" if wanted == "off" else "off")
    assert edits.person_of(box.house(), person).risky_names is None
    assert last(box)[1] == "risky_names_reset"
    assert "As usual at this age" in words(caregiver.get(f"/child/{person}/categories"))


def test_the_switch_is_where_it_can_be_set(box: Box, caregiver: FlaskClient) -> None:
    """Not at the ages that never have it, and not among what was searched for; a form from there is refused."""
    title = "Ask about new sites that look risky"
    for person in ("mia", "jonas"):
        assert title in words(caregiver.get(f"/child/{person}/categories"))
    assert title not in words(caregiver.get("/child/mia/categories?q=game"))
    box.change(
        OWNER, Reason("x"), lambda house: edits.with_person(house, "jonas", lambda one: replace(one, band="16-17"))
    )
    assert title not in words(caregiver.get("/child/jonas/categories"))
    assert send(caregiver, "/child/jonas/new-sites", risky="on").status_code == 404
    assert send(caregiver, "/child/dana/new-sites", risky="on").status_code == 404
    assert send(caregiver, "/child/mia/new-sites", risky="perhaps").status_code == 400


def test_a_store_that_is_locked_is_told(caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is set."""

    def locked(*_: object, **__: object) -> None:
        raise Locked

    with monkeypatch.context() as patched:
        patched.setattr(type(box.household.store), "change", locked)
        answer = send(caregiver, "/child/mia/new-sites", risky="off")
    assert Locked().sentence in told(caregiver, answer)
    assert edits.person_of(box.house(), "mia").risky_names is None


def test_the_child_reads_that_it_is_on_and_who_turned_it_on(caregiver: FlaskClient, anyone: FlaskClient) -> None:
    """At 6 to 12 that it is so at this age, at 13 to 15 that a caregiver did; where it is off, nothing."""

    def page(address: str) -> str:
        shown = unescape(anyone.get("/me", environ_base={"REMOTE_ADDR": address}).text)
        return " ".join(shown.split())

    assert "It is so at this age." in page(MIAS)
    assert "All other sites are open, but for new ones that look risky." in page(MIAS)
    assert "New sites that look risky" not in page(JONASES)
    send(caregiver, "/child/jonas/new-sites", risky="on")
    shown = page(JONASES)
    assert "New sites that look risky: ask first" in shown
    assert "A caregiver turned this on." in shown
    assert "It sees the name of the site and nothing else." in shown
    assert "Robin has you ask first about new sites that look risky." in shown
    assert "Robin has you" not in page(MIAS)
