"""A list is added: out of the catalogue with one tap, or by its address; what is wrong stands by its field."""

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.lists.rule import Syntax
from appliance.core.offers import Offer
from appliance.core.subscription import ListKind, Subscription
from appliance.core.verdict import Reason
from appliance.store.errors import Locked
from appliance.web import list_offers
from appliance.web.box import Box
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER

ADDRESS = "/lists/new/address"
TYPED = {
    "url": "https://bank.example/fraud.txt", "name": "Fraud", "kind": "block", "category": "", "whom": "house",
    "syntax": "auto", "subdomains": "",
}  # fmt: skip
ALL = ("0-5", "6-9", "10-12", "13-15", "16-17")


def offer(id_: str, ages: tuple[str, ...], **more: object) -> Offer:
    """Return a list of a catalogue."""
    told = {
        "name": id_.capitalize(), "maker": "Somebody", "url": f"https://lists.example/{id_}.txt", "licence": "MIT",
        "homepage": "https://lists.example/", "names": 1_200, "megabytes": 0.5, "about": "What it is.",
    }  # fmt: skip
    return Offer(**{"id": id_, "ages": ages, **told, **more})  # type: ignore[arg-type]


OFFERS = (
    offer("bets", ALL, category="gambling", syntax=Syntax.HOSTS, subdomains=False),
    offer("grown", ("13-15", "16-17")),
    offer("late", ("16-17", "adult")),
)


@pytest.fixture(autouse=True)
def _offers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the catalogue be a small one."""
    monkeypatch.setattr(list_offers, "offers", lambda: OFFERS)


@pytest.mark.parametrize("place", ["/lists/new", ADDRESS])
def test_the_pages_are_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient, box: Box, place: str) -> None:
    """Others are led to the log-in, and a form without its token changes nothing."""
    assert caregiver.get(place).status_code == 200
    assert anyone.get(place).status_code == 303
    assert "/log-in" in send(anyone, place, **TYPED, offer="bets").location
    assert caregiver.post(place, data={**TYPED, "offer": "bets"}).status_code == 400
    assert box.house().lists == ()


def test_the_catalogue_says_what_each_list_is(caregiver: FlaskClient) -> None:
    """By what it is for: for which ages, how large, by whom, under which licence, and how much it closes wrongly."""
    page = words(caregiver.get("/lists/new"))
    assert "Gambling" in page
    assert "Bets All ages · about 1,200 names, 0.5 MB" in page
    assert "By Somebody https://lists.example/ Licence MIT" in page
    assert "Closed wrongly Not measured yet" in page
    assert "Add it for everyone" in page
    assert "Grown From 13" in page
    assert "Add it for Jonas" in page
    assert "Made for from 16: nobody here is of that age." in page


def test_a_list_is_taken_from_the_catalogue(caregiver: FlaskClient, box: Box) -> None:
    """As the catalogue has it, for all; it is then shown as here."""
    answer = send(caregiver, "/lists/new", offer="bets")
    expected = Subscription(
        id="bets", name="Bets", url="https://lists.example/bets.txt", category="gambling", syntax=Syntax.HOSTS,
        subdomains=False,
    )  # fmt: skip
    assert box.house().lists == (expected,)
    assert last(box) == (CAREGIVER, "list_added", {"list": "bets", "name": "Bets"})
    assert answer.location == "/lists/bets"
    assert "Bets is added" in told(caregiver, answer)
    assert "In the house as Bets." in words(caregiver.get("/lists/new"))
    assert "Robin added the list Bets." in words(caregiver.get("/changes"))


def test_a_list_is_for_those_whom_it_fits(caregiver: FlaskClient, box: Box) -> None:
    """Not for all where it isn't made for all ages, and for nobody where it fits nobody."""
    send(caregiver, "/lists/new", offer="grown")
    assert [one.persons for one in box.house().lists] == [("jonas",)]
    assert "nobody here is of that age" in told(caregiver, send(caregiver, "/lists/new", offer="late"))
    assert len(box.house().lists) == 1


def test_the_same_list_is_not_taken_twice(caregiver: FlaskClient, box: Box) -> None:
    """It says that it is here, whatever it is called."""
    box.change("x", Reason("x"), lambda house: replace(house, lists=(Subscription(
        id="mine", name="My bets", url="https://lists.example/bets.txt", category="gambling"),)))  # fmt: skip
    assert "In the house as My bets." in words(caregiver.get("/lists/new"))
    assert "This can't be saved" in told(caregiver, send(caregiver, "/lists/new", offer="bets"))
    assert len(box.house().lists) == 1


def test_there_is_no_other_offer(caregiver: FlaskClient) -> None:
    """Nothing is taken that isn't in the catalogue."""
    assert send(caregiver, "/lists/new", offer="nonsense").status_code == 404
    assert send(caregiver, "/lists/new").status_code == 404


def test_a_list_is_added_by_its_address(caregiver: FlaskClient, box: Box) -> None:
    """With what it does and for whom; an address without its beginning is one of the web."""
    answer = send(
        caregiver, ADDRESS, **(TYPED | {"url": " bank.example/fraud.txt#top", "kind": "allow", "whom": "some"}),
        persons=["mia", "dana"],
    )  # fmt: skip
    expected = Subscription(
        id="fraud", name="Fraud", url="https://bank.example/fraud.txt", kind=ListKind.ALLOW, persons=("mia", "dana")
    )
    assert box.house().lists == (expected,)
    assert last(box)[1] == "list_added"
    assert answer.location == "/lists/fraud"


def test_ids_are_no_words_of_addresses(caregiver: FlaskClient, box: Box) -> None:
    """A list that is called like a page has a page of its own all the same."""
    for name in ("New", "Find", "Fetch"):
        send(caregiver, ADDRESS, **(TYPED | {"name": name, "url": f"https://a.example/{name}"}))
    assert [one.id for one in box.house().lists] == ["new-2", "find-2", "fetch-2"]
    assert caregiver.get("/lists/find-2").status_code == 200


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"url": ""}, "Type the address of the list."),
        ({"url": "file:own.txt"}, "kindgate list add FILE"),
        ({"url": "FILE:///etc/passwd"}, "kindgate list add FILE"),
        ({"url": "/etc/passwd"}, "kindgate list add FILE"),
        ({"url": "../own.txt"}, "kindgate list add FILE"),
        ({"url": "http://bank.example/a.txt"}, "over https only"),
        ({"url": "ftp://bank.example/a.txt"}, "over https only"),
        ({"url": "https://me:secret@bank.example/a.txt"}, "is not the address of a list"),
        ({"url": "https://"}, "is not the address of a list"),
        ({"url": "https://bank.example/a b"}, "one line without spaces"),
        ({"url": "https://[bank"}, "Invalid IPv6"),
        ({"url": "https://bank.example/" + "a" * 2_000}, "This is too long."),
        ({"name": " "}, "Type a name."),
        ({"name": "a" * 41}, "At most 40 characters."),
        ({"kind": "both"}, "Not a valid choice."),
        ({"category": "csam"}, "Not a valid choice."),
        ({"category": "help_report"}, "Not a valid choice."),
        ({"whom": "some"}, "Tick who it is for."),
        ({"whom": "some", "persons": "nobody"}, "not a valid choice"),
        ({"syntax": "nonsense"}, "Not a valid choice."),
    ],
)
def test_what_is_wrong_stands_beside_what_was_typed(
    caregiver: FlaskClient, box: Box, typed: dict[str, str], expected: str
) -> None:
    """And the house is as it was."""
    answer = send(caregiver, ADDRESS, **(TYPED | typed))
    assert answer.status_code == 422
    assert expected.casefold() in words(answer).casefold()
    assert (typed.get("name") or "Fraud").strip() in answer.text
    assert box.house().lists == ()


def test_a_list_that_is_here_is_named(caregiver: FlaskClient, box: Box) -> None:
    """For another kind of sites the same file may come in once more."""
    send(caregiver, ADDRESS, **TYPED)
    assert "This list is here already: Fraud." in words(send(caregiver, ADDRESS, **(TYPED | {"name": "Again"})))
    send(caregiver, ADDRESS, **(TYPED | {"name": "Bets", "category": "gambling"}))
    assert [one.id for one in box.house().lists] == ["fraud", "bets"]


def test_what_only_some_lists_need_is_folded_away(caregiver: FlaskClient) -> None:
    """Until something of it is said."""
    more = '<details class="kg-more">'
    assert more in caregiver.get(ADDRESS).text
    assert more not in send(caregiver, ADDRESS, **(TYPED | {"name": "", "syntax": "rpz"})).text


def test_what_is_in_the_way_is_said(caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was typed."""

    def locked(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(box, "change", locked)
    answer = send(caregiver, ADDRESS, **TYPED)
    assert answer.status_code == 422
    assert Locked("").sentence in words(answer)
    assert Locked("").sentence in told(caregiver, send(caregiver, "/lists/new", offer="bets"))


def test_a_hostile_address_is_only_text(caregiver: FlaskClient) -> None:
    """It is shown again, and does nothing."""
    answer = send(caregiver, ADDRESS, **(TYPED | {"url": f"https://{HOSTILE}"}))
    assert "<script>alert" not in answer.text
