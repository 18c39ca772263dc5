"""Changes: all of them as sentences, by day, for one person, page by page."""

from html import unescape

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.person import Do, Rule
from appliance.core.verdict import Reason
from appliance.store.errors import DiskFull
from appliance.web import changes
from appliance.web.box import Box
from tests.web.conftest import CAREGIVER, MIA


def blocked(box: Box, name: str) -> None:
    """Have Robin block a name for Mia."""

    def mutate(house: House) -> House:
        mia = next(person for person in house.persons if person.id == MIA.id)
        rules = (*mia.rules, Rule(name=name, do=Do.BLOCK))
        others = tuple(person for person in house.persons if person.id != MIA.id)
        return replace(house, persons=(replace(mia, rules=rules), *others))

    box.household.say(CAREGIVER, Reason.of("rule_blocked", name=name, person=MIA.id), mutate, box.now())


def shown(client: FlaskClient, **query: str | int) -> str:
    """Return the page."""
    reply = client.get("/changes", query_string=query)
    assert reply.status_code == 200
    return unescape(reply.get_data(as_text=True))


def test_each_change_is_a_sentence_with_who_made_it(box: Box, caregiver: FlaskClient) -> None:
    """Accounts are changes too; how long they are kept is the contract's."""
    blocked(box, "games.example")
    page = shown(caregiver)
    assert "Robin blocked games.example for Mia." in page
    assert "Dana set this box up." in page
    assert "Dana made Robin a caregiver." in page
    assert "Kept for 12 months." in page


def test_those_of_one_person_are_theirs(box: Box, caregiver: FlaskClient) -> None:
    """And of the whole house; not another's. Somebody who isn't there has none."""
    blocked(box, "games.example")
    assert "games.example" in shown(caregiver, child="mia")
    page = shown(caregiver, child="jonas")
    assert ("games.example" in page, "Dana set this box up." in page) == (False, True)
    assert caregiver.get("/changes?child=nobody").status_code == 404


def test_there_are_pages(box: Box, caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change stands on exactly one of them."""
    monkeypatch.setattr(changes, "PAGE", 4)
    for number in range(6):
        blocked(box, f"site{number}.example")
    pages = [shown(caregiver, page=number) for number in (1, 2, 3)]
    found = [[number for number in range(6) if f"site{number}.example" in page] for page in pages]
    assert found == [[2, 3, 4, 5], [0, 1], []]
    assert [("Older" in page, "Newer" in page) for page in pages] == [(True, False), (True, True), (False, True)]


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999"])
def test_a_page_that_is_none_is_some_page(caregiver: FlaskClient, page: str) -> None:
    """Nobody gets an error for it."""
    assert caregiver.get(f"/changes?page={page}").status_code == 200


def test_a_store_that_is_full_says_so(box: Box, caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its own words."""

    def full(*_: object, **__: object) -> None:
        raise DiskFull

    monkeypatch.setattr(type(box.household.store), "audit", full)
    assert DiskFull().sentence in shown(caregiver)


def test_hostile_words_are_inert(box: Box, caregiver: FlaskClient) -> None:
    """A person's name in a sentence is text."""
    evil = "<script>x</script>"
    box.change(
        CAREGIVER,
        Reason.of("person_changed", person="mia"),
        lambda house: replace(house, persons=(replace(MIA, name=evil), *house.persons[1:])),
    )
    assert "<script>x" not in caregiver.get("/changes").get_data(as_text=True)
