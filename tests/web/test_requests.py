"""Requests: a child asks from its device, caregivers answer in one tap, and the answer is what then holds."""

from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance.core import policy
from appliance.core.device import Device, DeviceKind
from appliance.core.person import Setting
from appliance.core.verdict import Reason
from appliance.store.errors import Locked
from appliance.store.requests import MAX_OPEN, NOBODY, TIME, Request, State
from appliance.web import edits, time_edits
from appliance.web.box import Box
from appliance.world import clock
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import AT, CAREGIVER, FOUND_MAC, OWNER, logged_in, token_of
from tests.web.minutes import EARLY, NEW_DAY, has

TABLET_AT, LAPTOP_AT, STRANGER = "192.168.77.10", "192.168.77.11", "192.168.77.200"
CLOSED, TUBE = "instagram.com", "service:instagram"
GAMBLING = "stake.com"


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a certain Wednesday morning."""
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture
def asked(box: Box) -> Callable[..., Request]:
    """Return what has Mia ask from her tablet."""

    def ask(what: str = TUBE, reason: str = "", person: str = "mia", device: str = "tablet") -> Request:
        return box.household.store.requests.ask(person, device, what, reason, AT)

    return ask


def ask(client: FlaskClient, address: str = TABLET_AT, **values: str) -> TestResponse:
    """Send the form of the own page from a device."""
    data = {"csrf_token": token_of(client), **values}
    return client.post("/me/request", data=data, environ_base={"REMOTE_ADDR": address})


def page(client: FlaskClient, address: str = TABLET_AT) -> str:
    """Return the own page of a device."""
    return unescape(client.get("/me", environ_base={"REMOTE_ADDR": address}).text)


def only(box: Box) -> Request:
    """Return the one request that waits."""
    (found,) = box.household.store.requests.open(AT)
    return found


def is_open(box: Box, name: str) -> bool:
    """Say whether Mia may open a name now."""
    compiled = box.policy()
    return not policy.decide(compiled, compiled.of_device("tablet"), name, None, AT).is_blocked


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"what": TUBE}, TUBE),
        ({"what": CLOSED}, TUBE),
        ({"site": "https://www.Instagram.com/somebody?x=1"}, TUBE),
        ({"site": " instagram "}, TUBE),
        ({"what": TIME}, TIME),
        ({"what": "category:social_media"}, "category:social_media"),
        ({"what": "", "site": "instagram.com"}, TUBE),
    ],
)
def test_one_tap_asks(box: Box, anyone: FlaskClient, values: dict[str, str], what: str) -> None:
    """For a site, its service where it belongs to one, a kind or time; without a log-in, in the own words."""
    has(box, windows=(EARLY,))
    answer = ask(anyone, reason="we want to\nfinish  the bridge", **values)
    assert answer.status_code == 303
    assert answer.location == "/me"
    found = only(box)
    assert (found.person, found.device, found.what) == ("mia", "tablet", what)
    assert found.reason == "we want to finish the bridge"
    assert "Sent: you asked for" in page(anyone)
    assert "Waits for an answer" in page(anyone)
    assert "Waits for an answer" not in page(anyone, LAPTOP_AT)


def test_words_are_cut(box: Box, anyone: FlaskClient) -> None:
    """To what fits a card, without signs that nobody sees."""
    ask(anyone, what=TUBE, reason="a\u202eb" + "x" * 500)
    assert len(only(box).reason) == 200
    assert only(box).reason.startswith("abx")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"site": "klexikon.zum.de"}, "klexikon.zum.de is open for you already."),
        ({"site": "no name at all"}, "This is not the name of a site."),
        ({"site": "com"}, "would be every site"),
        ({}, "Say what you would like to have opened."),
        ({"what": "service:nothing"}, "The box does not know that any more."),
        ({"what": "device"}, "This is not the name of a site|This device is known here already"),
    ],
)
def test_what_can_not_be_asked_for_is_told(box: Box, anyone: FlaskClient, values: dict[str, str], said: str) -> None:
    """In a sentence, and nothing is written."""
    ask(anyone, **values)
    shown = page(anyone)
    assert any(one in shown for one in said.split("|"))
    assert box.household.store.requests.open(AT) == []


def test_what_the_contract_never_writes_is_not_asked_for(box: Box, anyone: FlaskClient) -> None:
    """Information that leaves no trace leaves none in a request either: at bedtime one asks for time."""
    has(box, windows=(EARLY,))
    ask(anyone, site="amaze.org")
    assert "writes nothing down about this" in page(anyone)
    assert box.household.store.requests.of("mia", 0) == []


def test_the_same_again_is_told_and_too_many_are_too(
    box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody gets a heap of the same, and a heap of others ends."""
    ask(anyone, what=TUBE)
    monkeypatch.setattr(clock, "now", lambda: AT + 5)
    ask(anyone, what=TUBE)
    assert "You asked for this already." in page(anyone)
    has(box, windows=(EARLY,))
    for number in range(MAX_OPEN):
        ask(anyone, site=f"site-{number}.example")
    assert "That is a lot of questions for now" in page(anyone)
    assert len(box.household.store.requests.open(AT + 5)) == MAX_OPEN


def test_taken_back(box: Box, anyone: FlaskClient, asked: Callable[..., Request]) -> None:
    """From the own page, and by nobody else."""
    one = asked()
    for address, left in ((LAPTOP_AT, 1), (TABLET_AT, 0)):
        data = {"csrf_token": token_of(anyone)}
        anyone.post(f"/me/request/{one.id}/withdraw", data=data, environ_base={"REMOTE_ADDR": address})
        assert len(box.household.store.requests.open(AT)) == left


def test_a_stranger_asks_to_be_let_in_once(box: Box, anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """Whatever else it sends; caregivers are led to where they say whose it is."""
    for _ in range(2):
        ask(anyone, STRANGER, what=TUBE, site="x.example", reason="Oma")
    found = only(box)
    assert (found.person, found.device, found.what, found.reason) == (NOBODY, STRANGER, "device", "Oma")
    assert "A caregiver was asked whose it is." in page(anyone, STRANGER)
    shown = words(caregiver.get("/requests"))
    assert "A device that nobody named asks whose it is" in shown
    assert "“Oma”" in shown
    assert "Say whose it is" in words(caregiver.get("/"))


def test_a_found_devices_request_leads_to_its_page(box: Box, caregiver: FlaskClient) -> None:
    """And is gone when the device is somebody's."""
    box.household.store.requests.ask(NOBODY, FOUND_MAC, "device", "", AT)
    assert f'href="/devices/found/{FOUND_MAC}"' in caregiver.get("/requests").text
    phone = Device(id="new", person="mia", macs=(FOUND_MAC,))
    box.change(OWNER, Reason("device_added"), lambda house: edits.with_device(house, phone))
    assert "Nobody is waiting" in words(caregiver.get("/requests"))


@pytest.mark.parametrize("kind", [DeviceKind.ADULT, DeviceKind.MANAGED])
def test_nothing_of_adults_and_managed_machines_is_kept(box: Box, anyone: FlaskClient, kind: DeviceKind) -> None:
    """Their pages don't ask, and a form from there is refused."""
    work = Device(id="work", person="mia", kind=kind, addresses=("192.168.77.32",))
    box.change(OWNER, Reason("device_added"), lambda house: edits.with_device(house, work))
    assert 'action="/me/request"' not in page(anyone, "192.168.77.32")
    assert ask(anyone, "192.168.77.32", what=TIME).status_code == 403
    assert box.household.store.requests.open(AT) == []


def test_without_a_token_nobody_asks(box: Box, anyone: FlaskClient) -> None:
    """As in all forms."""
    for where in ("/me/request", "/me/request/1/withdraw", "/me/grace"):
        assert anyone.post(where, environ_base={"REMOTE_ADDR": TABLET_AT}).status_code == 400
    assert box.household.store.requests.open(AT) == []


@pytest.mark.parametrize(("choice", "until"), [("15", AT + 900), ("60", AT + 3_600), ("today", NEW_DAY)])
def test_a_yes_opens_for_a_while(
    box: Box, caregiver: FlaskClient, asked: Callable[..., Request], choice: str, until: float
) -> None:
    """At once, and the child reads who said it, until when, and the word."""
    one = asked()
    assert not is_open(box, CLOSED)
    shown = told(caregiver, send(caregiver, f"/requests/{one.id}", answer=choice, word="have fun"))
    assert "Instagram: open for Mia until" in shown
    assert is_open(box, CLOSED)
    assert [(time_edits.about(grant), grant.until.timestamp()) for grant in box.house().grants] == [(TUBE, until)]
    end = clock.iso(until, box.zone())
    assert last(box) == (CAREGIVER, "request_allowed", {"person": "mia", "request": "1", "until": end})
    mine = page(caregiver)
    assert "Yes, until" in mine
    assert "Robin: “have fun”" in mine


def test_time_is_time(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """Extra time from now on, not for good, and in bedtime not for the whole night."""
    has(box, windows=(EARLY,))
    one = asked(TIME)
    shown = caregiver.get("/requests").text
    assert ('value="always"' in shown, 'value="today"' in shown) == (False, False)
    assert send(caregiver, f"/requests/{one.id}", answer="always").status_code == 400
    send(caregiver, f"/requests/{one.id}", answer="15")
    assert [grant.time for grant in box.house().grants] == [True]
    assert is_open(box, "plain.example")


@pytest.mark.parametrize(
    ("what", "field", "expected"),
    [
        (TUBE, "services", {"instagram": Setting.ALLOW}),
        ("category:social_media", "categories", {"social_media": Setting.ALLOW}),
    ],
)
def test_always_is_a_setting(
    box: Box, caregiver: FlaskClient, asked: Callable[..., Request], what: str, field: str, expected: object
) -> None:
    """With the same tap."""
    send(caregiver, f"/requests/{asked(what).id}", answer="always")
    assert getattr(edits.person_of(box.house(), "mia"), field) == expected
    assert is_open(box, CLOSED)
    assert "Yes, from now on" in page(caregiver)


def test_always_for_a_site_is_a_rule(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """And the changes name it nowhere: it is in the rules, and in the request while that is kept."""
    send(caregiver, f"/requests/{asked('games.example').id}", answer="always")
    assert [rule.name for rule in edits.person_of(box.house(), "mia").rules] == ["games.example"]
    entry = box.household.store.audit(limit=1)[0]
    assert "games.example" not in repr(entry)
    assert "Robin said yes to what was asked for Mia." in words(caregiver.get("/changes"))


def test_no_is_told_with_its_word(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """Nothing else changes."""
    before = box.house()
    shown = told(caregiver, send(caregiver, f"/requests/{asked().id}", answer="no", word="after dinner", back="/"))
    assert "Mia is told: not now." in shown
    assert box.house() == before
    mine = page(caregiver)
    assert "Not now · Robin" in mine
    assert "“after dinner”" in mine
    assert "Mia: Instagram Not now · Robin" in words(caregiver.get("/requests"))


def test_the_second_caregiver_sees_that_it_is_answered(
    app: Flask, box: Box, caregiver: FlaskClient, asked: Callable[..., Request]
) -> None:
    """Whatever they tapped; the first answer stands."""
    one = asked()
    send(caregiver, f"/requests/{one.id}", answer="15")
    dana = logged_in(app, OWNER)
    for answer in ("no", "60"):
        shown = told(dana, send(dana, f"/requests/{one.id}", answer=answer))
        assert "Robin answered this already: yes, until 06:08." in shown
    found = box.household.store.requests.get(one.id)
    assert found
    assert (found.state, found.answered_by) == (State.ALLOWED, CAREGIVER)


def test_at_the_same_moment_one_of_two_answers_holds(
    app: Flask, box: Box, caregiver: FlaskClient, asked: Callable[..., Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second looked when it was still open."""
    one = asked()
    send(caregiver, f"/requests/{one.id}", answer="15")
    before = box.house()
    store = type(box.household.store.requests)
    real = store.get
    seen = iter([one])
    monkeypatch.setattr(store, "get", lambda self, id_: next(seen, None) or real(self, id_))
    dana = logged_in(app, OWNER)
    assert "Robin answered this already" in told(dana, send(dana, f"/requests/{one.id}", answer="60"))
    assert box.house() == before


def test_what_takes_two_is_not_answered_by_one(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """The card says so and leads to where two lift it; a form that was made by hand is refused."""
    one = asked(GAMBLING)
    shown = caregiver.get("/requests").text
    assert "One caregiver alone can&#39;t open this" in shown
    assert 'href="/child/mia/closed"' in shown
    before = box.house()
    assert send(caregiver, f"/requests/{one.id}", answer="60").status_code == 400
    assert box.house() == before
    assert "Mia is told: not now." in told(caregiver, send(caregiver, f"/requests/{one.id}", answer="no"))


@pytest.mark.parametrize(("answer", "said"), [("", "Choose an answer."), ("no", "This was taken back")])
def test_what_is_no_answer_is_told(
    caregiver: FlaskClient, asked: Callable[..., Request], answer: str, said: str
) -> None:
    """Enter in the field of the word, and a request that is gone."""
    number = asked().id if not answer else 77
    assert said in told(caregiver, send(caregiver, f"/requests/{number}", answer=answer))


def test_home_shows_them_and_answers(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """On the child's card, with the number at the page's sign; it leads back home."""
    asked(reason="we want to finish the bridge")
    asked("games.example")
    home = caregiver.get("/")
    shown = words(home)
    assert "Asks for Instagram" in shown
    assert "“we want to finish the bridge”" in shown
    assert "Mia asks for 1 more" in shown
    assert '<span class="kg-count">2<' in home.text
    assert send(caregiver, "/requests/1", answer="15", back="/").location == "/"


def test_they_are_of_the_house_and_for_caregivers(
    box: Box, anyone: FlaskClient, caregiver: FlaskClient, asked: Callable[..., Request]
) -> None:
    """A child sees nobody else's; of one who left none is shown."""
    asked("jonas.example", person="jonas", device="laptop")
    assert anyone.get("/requests").status_code == 303
    assert send(anyone, "/requests/1", answer="15").headers["Location"].startswith("/log-in")
    assert caregiver.post("/requests/1", data={"answer": "15"}).status_code == 400
    assert "jonas.example" in words(caregiver.get("/requests"))
    assert "jonas.example" not in page(anyone)
    box.change(OWNER, Reason("person_removed"), lambda house: edits.without_person(house, "jonas"))
    assert "jonas.example" not in words(caregiver.get("/requests"))


def test_a_store_that_is_locked_is_told(
    box: Box,
    anyone: FlaskClient,
    caregiver: FlaskClient,
    asked: Callable[..., Request],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On each page, and none breaks."""
    one = asked()

    def locked(*_: object, **__: object) -> None:
        raise Locked

    for method in ("open", "ask", "get", "of", "withdraw"):
        monkeypatch.setattr(type(box.household.store.requests), method, locked)
    assert "Requests can't be read at the moment." in words(caregiver.get("/requests"))
    assert caregiver.get("/").status_code == 200
    ask(anyone, what=TUBE)
    assert Locked().sentence in page(anyone)
    assert Locked().sentence in told(caregiver, send(caregiver, f"/requests/{one.id}", answer="15"))


def test_words_are_inert(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """What a child and a caregiver write is text on every page."""
    one = asked(reason=HOSTILE[:200])
    for where in ("/", "/requests"):
        assert "<script>alert" not in caregiver.get(where).text
    send(caregiver, f"/requests/{one.id}", answer="no", word=HOSTILE)
    own = caregiver.get("/me", environ_base={"REMOTE_ADDR": TABLET_AT}).text
    assert "<script>alert" not in own + caregiver.get("/requests").text
    assert "&lt;script&gt;alert" in own
