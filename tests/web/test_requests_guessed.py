"""Requests for what was only guessed about: why, in words; an answer is a rule, and the box learns from it."""

from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance.core.house import MOST_STEPS
from appliance.core.person import Do, Rule
from appliance.core.verdict import Reason
from appliance.store.errors import Locked
from appliance.store.requests import Request, Requests, State
from appliance.web import edits, lessons
from appliance.web.box import Box
from appliance.world import clock
from tests.guessing import BETS, DATES, Fake
from tests.web.asking import last, send, told, words
from tests.web.conftest import AT, OWNER, token_of

TABLET_AT = "192.168.77.10"
OTHER = "knitting-circle.example"


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a certain Wednesday morning."""
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture
def asked(box: Box) -> Callable[..., Request]:
    """Return what has Mia ask for what looked like gambling."""

    def ask(what: str = BETS, guessed: str | None = "gambling", person: str = "mia") -> Request:
        return box.household.store.requests.ask(person, "tablet", what, "", AT, guessed)

    return ask


def ask(client: FlaskClient, **values: str) -> TestResponse:
    """Send the form of Mia's own page."""
    data = {"csrf_token": token_of(client), **values}
    return client.post("/me/request", data=data, environ_base={"REMOTE_ADDR": TABLET_AT})


def page(client: FlaskClient) -> str:
    """Return Mia's own page."""
    return unescape(client.get("/me", environ_base={"REMOTE_ADDR": TABLET_AT}).text)


def steps(box: Box) -> dict[str, int]:
    """Return what the house has learned."""
    return dict(box.house().classifier.steps)


def taught(box: Box) -> list[int | None]:
    """Return what each request's answer counts, the oldest first."""
    return [one.taught for one in reversed(box.household.store.requests.of("mia", 0))]


@pytest.mark.parametrize(("typed", "what"), [(BETS, BETS), (f"https://www.{BETS}/a", BETS), (f"img.{BETS}", BETS)])
def test_what_looks_risky_may_be_asked_for(
    box: Box, anyone: FlaskClient, classifier: Fake, typed: str, what: str
) -> None:
    """As a whole site; that nothing but a guess closed it is remembered with it."""
    classifier.guesses[f"img.{BETS}"] = classifier.guesses[BETS]
    ask(anyone, site=typed)
    (found,) = box.household.store.requests.open(AT)
    assert (found.what, found.guessed) == (what, "gambling")
    assert f"Sent: you asked for {what}." in page(anyone)


@pytest.mark.usefixtures("classifier")
def test_what_does_not_is_open_already(box: Box, anyone: FlaskClient) -> None:
    """Nothing is written."""
    ask(anyone, site=OTHER)
    assert f"{OTHER} is open for you already." in page(anyone)
    assert box.household.store.requests.open(AT) == []


def test_without_the_classifier_one_may_ask_all_the_same(box: Box, anyone: FlaskClient) -> None:
    """What it said to the device before nobody knows then; another request than one for a guess it is."""
    ask(anyone, site=OTHER)
    (found,) = box.household.store.requests.open(AT)
    assert (found.what, found.guessed) == (OTHER, None)


@pytest.mark.usefixtures("classifier")
def test_a_caregiver_reads_why_and_how_surely(caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """On the page of requests and on the home page, and never as more than a guess."""
    asked()
    said = "New, and it looks like gambling: “casino”, “bet”, .example. The box is quite sure (97 %), and may be wrong."
    for where in ("/requests", "/"):
        shown = words(caregiver.get(where))
        assert said in shown
        assert "Not now" not in shown
    assert "Keep it closed from now on" in words(caregiver.get("/requests"))
    assert "No: keep it closed" in caregiver.get("/").text


def test_without_the_classifier_the_sentence_stands(caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """Without parts, and without how sure it was."""
    asked()
    assert "New, and it looks like gambling. The box may be wrong." in words(caregiver.get("/requests"))


@pytest.mark.parametrize("choice", ["15", "60", "today", "always"])
def test_a_yes_opens_it_and_asks_less(
    box: Box, caregiver: FlaskClient, asked: Callable[..., Request], choice: str
) -> None:
    """In one change: of Mia, as the list of changes has it, and with no word of what it looked like."""
    one = asked()
    shown = told(caregiver, send(caregiver, f"/requests/{one.id}", answer=choice))
    assert f"{BETS}: open for Mia" in shown
    assert steps(box) == {"gambling": 1}
    assert taught(box) == [1]
    assert last(box)[1] == "request_allowed"
    (entry,) = box.household.store.audit(limit=1)
    assert (entry.persons, entry.is_whole_house) == (("mia",), False)
    assert "gambling" not in f"{entry.before}{entry.after}{entry.what}"
    assert BETS not in f"{entry.before}{entry.after}{entry.what}"
    assert "classifier" not in {**entry.before, **entry.after}


def test_a_no_is_a_rule_and_asks_more(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """The child reads it with the word; what others see of it is nothing."""
    one = asked()
    shown = told(caregiver, send(caregiver, f"/requests/{one.id}", answer="no", word="not this one"))
    assert f"{BETS} stays closed for Mia." in shown
    assert "Mia: bet-casino.example Stays closed · Robin" in shown
    assert steps(box) == {"gambling": -1}
    person = edits.person_of(box.house(), "mia")
    assert person.rules == (Rule(name=BETS, do=Do.BLOCK),)
    found = box.household.store.requests.get(one.id)
    assert found is not None
    assert (found.state, found.word, found.taught) == (State.DENIED, "not this one", -1)
    assert last(box)[1] == "request_kept"
    (entry,) = box.household.store.audit(limit=1)
    assert (entry.persons, entry.is_whole_house) == (("mia",), False)
    assert BETS not in f"{entry.before}{entry.after}{entry.what}"


def test_the_child_reads_a_no_and_who_said_it(
    box: Box, caregiver: FlaskClient, anyone: FlaskClient, asked: Callable[..., Request]
) -> None:
    """Among its requests, its sites and what changed; a brother's page has none of it."""
    send(caregiver, f"/requests/{asked().id}", answer="no")
    shown = page(anyone)
    assert "It stays closed" in shown
    assert "Robin keeps what was asked for closed for you." in shown
    other = unescape(anyone.get("/me", environ_base={"REMOTE_ADDR": "192.168.77.11"}).text)
    assert "asked for closed" not in other
    assert BETS not in other


def test_of_one_name_the_last_answer_counts(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """Asked again after a quarter of an hour it is no second step; and who changes their mind changes the step."""
    for _ in range(3):
        send(caregiver, f"/requests/{asked().id}", answer="15")
    assert steps(box) == {"gambling": 1}
    send(caregiver, f"/requests/{asked().id}", answer="no")
    assert steps(box) == {"gambling": -1}
    send(caregiver, f"/requests/{asked(guessed=None).id}", answer="always")
    assert steps(box) == {"gambling": 1}
    assert taught(box) == [None, None, None, None, 1]


def test_what_it_looks_like_now_is_what_counts(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """With another model the same name may look like something else: the step moves there."""
    send(caregiver, f"/requests/{asked().id}", answer="15")
    send(caregiver, f"/requests/{asked(guessed='dating').id}", answer="15")
    assert steps(box) == {"dating": 1}


def test_steps_are_bounded(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """However many say the same."""
    for number in range(MOST_STEPS + 2):
        send(caregiver, f"/requests/{asked(f'bet-{number}.example').id}", answer="always")
    assert steps(box) == {"gambling": MOST_STEPS}


def test_another_request_teaches_nothing(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """What a rule or a kind of sites closed says nothing about guesses, and a no to it is no rule."""
    send(caregiver, f"/requests/{asked('service:instagram', None).id}", answer="no")
    send(caregiver, f"/requests/{asked('instagram.com', None).id}", answer="15")
    assert steps(box) == {}
    assert taught(box) == [None, None]
    assert edits.person_of(box.house(), "mia").rules == ()


@pytest.mark.parametrize("answer", ["always", "no"])
def test_a_rule_taken_away_takes_its_step_back(
    box: Box, caregiver: FlaskClient, asked: Callable[..., Request], answer: str
) -> None:
    """In the same change, which stands on nobody else's page; once."""
    send(caregiver, f"/requests/{asked(DATES, 'dating').id}", answer="15")
    send(caregiver, f"/requests/{asked().id}", answer=answer)
    assert len(steps(box)) == 2
    send(caregiver, "/child/mia/rules/remove", name=BETS)
    assert steps(box) == {"dating": 1}
    assert taught(box) == [1, None]
    (entry,) = box.household.store.audit(limit=1)
    assert (entry.what.code, entry.persons, entry.is_whole_house) == ("rule_removed", ("mia",), False)
    send(caregiver, "/child/mia/rules", name=BETS, do="allow", end="")
    send(caregiver, "/child/mia/rules/remove", name=BETS)
    assert steps(box) == {"dating": 1}


def test_a_rule_that_no_answer_made_takes_nothing_back(
    box: Box, caregiver: FlaskClient, asked: Callable[..., Request]
) -> None:
    """Of the same name for another child, or beside a yes for a while."""
    send(caregiver, f"/requests/{asked().id}", answer="15")
    for person in ("mia", "jonas"):
        send(caregiver, f"/child/{person}/rules", name=BETS, do="block", end="")
        send(caregiver, f"/child/{person}/rules/remove", name=BETS)
    assert steps(box) == {"gambling": 1}


def test_two_who_answer_at_once_are_one_answer(box: Box, caregiver: FlaskClient, asked: Callable[..., Request]) -> None:
    """The second is told who was first, and nothing is learned twice."""
    one = asked()
    send(caregiver, f"/requests/{one.id}", answer="no")
    shown = told(caregiver, send(caregiver, f"/requests/{one.id}", answer="always"))
    assert "You answered this already: no." in shown
    assert steps(box) == {"gambling": -1}


def test_a_store_that_is_locked_is_told(
    box: Box, caregiver: FlaskClient, asked: Callable[..., Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is changed; a rule is taken away all the same where only the past can't be read."""
    one = asked()
    box.change(OWNER, Reason("x"), lambda house: edits.with_rule(house, "mia", Rule(name=BETS, do=Do.BLOCK)))

    def locked(*_: object) -> None:
        raise Locked

    monkeypatch.setattr(Requests, "lesson", locked)
    assert Locked().sentence in told(caregiver, send(caregiver, f"/requests/{one.id}", answer="no"))
    assert lessons.of_rule(box, "mia", BETS) is None
    send(caregiver, "/child/mia/rules/remove", name=BETS)
    assert edits.person_of(box.house(), "mia").rules == ()
    assert steps(box) == {}
