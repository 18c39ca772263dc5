"""The lists of the house on their pages: shown, fetched, turned off, changed and taken away, by caregivers alone."""

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.lists.report import Report, Skipped
from appliance.core.lists.rule import Why
from appliance.core.subscription import ListKind, Subscription
from appliance.core.verdict import Reason
from appliance.household.lists import Phase, Standing, Status, load_standing, save_standing
from appliance.store.errors import Locked
from appliance.web import list_offers, lists
from appliance.web.box import Box
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER
from tests.web.listed import HELP_LINE, KNOWN_SITE, stand, subscribed

FRAUD = Subscription(id="fraud", name="Fraud", url="https://a.example/fraud.txt")
MINE = Subscription(id="mine", name="Our own file", persons=("mia",))
FILE = Subscription(id="file", name="From the folder", url="file:own.txt")
TEXTS = {
    FRAUD: f"||fraud.example^\n||{HELP_LINE}^\n||{KNOWN_SITE}^\nexample.com##.banner\n||bad_^$nonsense\n",
    MINE: "own.example\n",
}
GETS = ["/lists", "/lists/fraud", "/lists/fraud/edit", "/lists/fraud/remove"]
POSTS = ["/lists/fetch", "/lists/fraud/switch", "/lists/fraud/edit", "/lists/fraud/remove"]
TYPED = {
    "url": "https://a.example/other.txt", "name": "Fraud and more", "kind": "allow", "category": "", "whom": "some",
    "persons": ["mia", "jonas"], "syntax": "hosts", "subdomains": "yes", "redirects": "y", "wide": "y",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _lists(box: Box) -> None:
    """Let the house have lists."""
    subscribed(box, TEXTS)


def test_the_pages_are_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient, box: Box) -> None:
    """Others are led to the log-in, and a form without its token changes nothing."""
    before = box.house()
    for place in GETS:
        assert caregiver.get(place).status_code == 200
        assert anyone.get(place).status_code == 303
    for place in POSTS:
        assert "/log-in" in send(anyone, place, **TYPED).location
        assert caregiver.post(place, data=TYPED).status_code == 400
    assert box.house() == before


def test_all_lists_are_shown(caregiver: FlaskClient) -> None:
    """What each does, for whom, how much is on it, and what stays open all the same; the house leads to them."""
    page = words(caregiver.get("/lists"))
    assert "Fraud Taking effect Closes its sites for all children · 3 names · fetched 1 h ago" in page
    assert "Holds 1 name that stays open" in page
    assert "Our own file Taking effect Closes its sites for Mia · 1 name" in page
    assert "Lists Fraud, Our own file" in words(caregiver.get("/house"))


def test_no_lists_yet(caregiver: FlaskClient, box: Box) -> None:
    """And the one next step."""
    subscribed(box, {})
    answer = caregiver.get("/lists")
    assert "No list yet" in words(answer)
    assert 'href="/lists/new"' in answer.text


def test_what_could_not_be_put_together_is_said(caregiver: FlaskClient, box: Box) -> None:
    """With the reason."""
    save_standing(box.data, replace(load_standing(box.data), problem="The disk is full."))
    assert "The lists could not be put together. The disk is full." in words(caregiver.get("/lists"))


def test_what_happens_is_marked_to_be_followed(caregiver: FlaskClient, box: Box) -> None:
    """By the script, by who can't see the bar move, and by who has no script."""
    fetching = Status(phase=Phase.FETCHING, octets=250_000, of_octets=1_000_000)
    stand(box, TEXTS, {"fraud": fetching})
    for place in ("/lists", "/lists/fraud"):
        answer = caregiver.get(place)
        assert "data-busy" in answer.text
        assert 'aria-valuenow="25"' in answer.text
        assert "Fraud: fetching" in words(answer)
        assert "Look again" in answer.text
    box.household.say("x", Reason("list_removed"), lambda house: replace(house, lists=()), box.now())
    assert "data-busy" not in caregiver.get("/lists").text


def test_one_list_tells_what_it_holds(caregiver: FlaskClient) -> None:
    """Names that stay open with their lines, lines that say nothing with the reason, and where it comes from."""
    page = words(caregiver.get("/lists/fraud"))
    assert "What is on Fraud?" in page
    assert f"Help: 1 Protected: these stay open all the same. {HELP_LINE} line 2" in page
    assert f"Sites that everybody knows: 1 These are closed, because the list says so. {KNOWN_SITE} line 3" in page
    assert "Hides parts of pages, which a nameserver can't 1 line example.com##.banner line 4" in page
    assert "Fetched from a.example https://a.example/fraud.txt" in page


def test_a_list_of_the_catalogue_tells_who_makes_it(caregiver: FlaskClient, box: Box) -> None:
    """And under which licence."""
    offer = list_offers.offers()[0]
    subscribed(box, {Subscription(id="one", name="One", url=offer.url): "a.example\n"})
    page = words(caregiver.get("/lists/one"))
    assert f"Made by {offer.maker}" in page
    assert f"Licence {offer.licence}" in page


def test_a_list_that_never_came_is_a_page_too(caregiver: FlaskClient, box: Box) -> None:
    """With what went wrong."""
    stand(box, {MINE: "a.example\n"}, {"fraud": Status(problem="The sender has no such list (404).")})
    page = words(caregiver.get("/lists/fraud"))
    assert "Failed The sender has no such list (404)." in page
    assert "Told when the list is here." in page


def test_a_list_without_a_fault(caregiver: FlaskClient) -> None:
    """It is said, and a file that was copied in is not fetched."""
    answer = caregiver.get("/lists/mine")
    assert "Nothing: no help line, nothing that devices need" in words(answer)
    assert "Copied in At the box itself." in words(answer)
    assert "Fetch now" not in answer.text


def test_a_file_of_the_folder_is_named(caregiver: FlaskClient, box: Box) -> None:
    """It is read, and not fetched."""
    subscribed(box, {FILE: "a.example\n"})
    assert "Read from A file in the box’s own folder: own.txt" in words(caregiver.get("/lists/file"))


@pytest.mark.parametrize(("form", "asked"), [({"list": "fraud"}, ["fraud"]), ({}, None)])
def test_a_list_is_fetched_now(
    caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch, form: dict[str, str], asked: list[str] | None
) -> None:
    """The steward is asked for one, or for all."""
    seen: list[object] = []

    def ask(what: str, **more: object) -> dict[str, object]:
        seen.append((what, more))
        return {}

    monkeypatch.setattr(box, "ask_steward", ask)
    assert "looked for at its source now" in told(caregiver, send(caregiver, "/lists/fetch", **form))
    assert seen == [("update_lists", {"lists": asked})]


def test_without_a_steward_nothing_is_fetched(caregiver: FlaskClient) -> None:
    """And that is said."""
    assert "does not answer at the moment" in told(caregiver, send(caregiver, "/lists/fetch", list="fraud"))


def test_a_list_that_is_off_is_not_fetched(caregiver: FlaskClient) -> None:
    """Turn it on first."""
    send(caregiver, "/lists/fraud/switch", on="no")
    assert "Fraud is off: turn it on first." in told(caregiver, send(caregiver, "/lists/fetch", list="fraud"))


def test_a_list_is_turned_off_and_on(caregiver: FlaskClient, box: Box) -> None:
    """Each is a change like others."""
    answer = send(caregiver, "/lists/fraud/switch", on="no")
    assert box.house().lists[0] == replace(FRAUD, on=False)
    assert last(box) == (CAREGIVER, "list_off", {"list": "fraud", "name": "Fraud"})
    assert "it says nothing until you turn it on again" in told(caregiver, answer)
    answer = send(caregiver, "/lists/fraud/switch", on="yes")
    assert box.house().lists[0] == FRAUD
    assert "Fraud is on." in told(caregiver, answer)
    assert "Robin turned the list Fraud on." in words(caregiver.get("/changes"))


def test_a_list_is_changed(caregiver: FlaskClient, box: Box) -> None:
    """All of it but its id."""
    answer = send(caregiver, "/lists/fraud/edit", **TYPED)
    changed = box.house().lists[0]
    assert (changed.id, changed.name, changed.url) == ("fraud", "Fraud and more", "https://a.example/other.txt")
    assert (changed.kind, changed.persons, changed.subdomains) == (ListKind.ALLOW, ("mia", "jonas"), True)
    assert (changed.redirects, changed.wide, changed.on, changed.syntax.value) == (True, True, True, "hosts")
    assert last(box)[1] == "list_changed"
    assert "Fraud and more is saved." in told(caregiver, answer)
    assert "how it is written: as usual → hosts" in words(caregiver.get("/changes"))


def test_a_copied_list_keeps_where_it_is_from(caregiver: FlaskClient, box: Box) -> None:
    """An address can't be given to it here: what lies here would be lost."""
    assert 'name="url"' not in caregiver.get("/lists/mine/edit").text
    send(caregiver, "/lists/mine/edit", **TYPED)
    assert (box.house().lists[1].url, box.house().lists[1].name) == (None, "Fraud and more")


def test_what_is_wrong_stands_by_its_field(caregiver: FlaskClient, box: Box) -> None:
    """With what was typed."""
    before = box.house()
    answer = send(caregiver, "/lists/fraud/edit", **(TYPED | {"name": "", "url": "http://a.example/x"}))
    assert answer.status_code == 422
    assert "Type a name." in words(answer)
    assert "over https only" in words(answer)
    assert "http://a.example/x" in answer.text
    assert box.house() == before


def test_a_list_is_removed(caregiver: FlaskClient, box: Box) -> None:
    """After it was said what that means."""
    page = words(caregiver.get("/lists/fraud/remove"))
    assert "What only it closes opens 3 names" in page
    assert "You can take it again" in page
    assert "It is gone for good" in words(caregiver.get("/lists/mine/remove"))
    answer = send(caregiver, "/lists/fraud/remove")
    assert [one.id for one in box.house().lists] == ["mine"]
    assert last(box) == (CAREGIVER, "list_removed", {"list": "fraud", "name": "Fraud"})
    assert "Fraud is gone" in told(caregiver, answer)


def test_a_list_that_opens_is_removed_with_other_words(caregiver: FlaskClient, box: Box) -> None:
    """What it opened is as if nobody had said so."""
    subscribed(box, {replace(FRAUD, kind=ListKind.ALLOW): "a.example\n"})
    assert "as if nobody had said so" in words(caregiver.get("/lists/fraud/remove"))


def test_there_is_no_other_list(caregiver: FlaskClient) -> None:
    """Neither page nor form."""
    for place in (*GETS[1:], *POSTS[1:]):
        where = place.replace("fraud", "nonsense")
        assert send(caregiver, where, **TYPED).status_code in (404, 405)
        assert caregiver.get(where).status_code in (404, 405)
    assert send(caregiver, "/lists/fetch", list="nonsense").status_code == 404


def test_what_is_in_the_way_is_said(caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the form, or on the page that it leads to."""

    def locked(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(box, "change", locked)
    answer = send(caregiver, "/lists/fraud/edit", **TYPED)
    assert answer.status_code == 422
    assert Locked("").sentence in words(answer)
    for place in ("/lists/fraud/switch", "/lists/fraud/remove"):
        assert Locked("").sentence in told(caregiver, send(caregiver, place))


def test_a_hostile_name_is_only_a_name(caregiver: FlaskClient, box: Box) -> None:
    """And so are hostile lines, on every page that shows them."""
    named = replace(FRAUD, name=HOSTILE[:40])
    subscribed(box, {named: f"{HOSTILE}\n"})
    for place in (*GETS, "/house", "/changes", "/me", "/child/mia/page"):
        assert "<script>alert" not in caregiver.get(place).text


def test_lines_that_say_nothing_are_told_by_their_reason() -> None:
    """The most frequent first; a reason of a newer box is shown as it stands."""
    one, two = Skipped(1, Why.COSMETIC, "a##b"), Skipped(4, Why.TOO_LONG, "x")
    report = Report(skipped={Why.TOO_LONG.value: 1, Why.COSMETIC.value: 30, "odd": 2}, examples=(one, two))
    assert lists.left_out(report) == [
        lists.Left("Hides parts of pages, which a nameserver can't", 30, (one,)),
        lists.Left("Odd", 2, ()),
        lists.Left("Longer than a line may be", 1, (two,)),
    ]


def test_a_standing_of_nothing_is_shown(caregiver: FlaskClient, box: Box) -> None:
    """Before the steward saw the list for the first time."""
    save_standing(box.data, Standing())
    assert "It is fetched as soon as the box is online." in words(caregiver.get("/lists/fraud"))
