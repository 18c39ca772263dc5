"""Why?: each step of the order is lit where it decides, as `kindgate explain` says; who did it, and what to do."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.budget import Budget
from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Do, Level, Person, Rule, Setting
from appliance.core.record import Record, RecordType
from appliance.core.rulebook import BYPASS, INFRASTRUCTURE
from appliance.core.said import Things
from appliance.core.schedule import DateException, Window
from appliance.core.subscription import Subscription
from appliance.core.verdict import Letter, Reason, Step
from appliance.core.word import Grant, Pause
from appliance.household.lists import source_file
from appliance.store.errors import Locked
from appliance.web.box import Box
from appliance.web.ladder import QUESTIONS
from appliance.world import clock
from tests.commands.cli import kindgate
from tests.guessing import BETS, CARD
from tests.web.asking import words
from tests.web.conftest import AT, CAREGIVER, HOUSE, MIA, OWNER
from tests.web.listed import subscribed

LIT = re.compile(r'<li class="is-on[^"]*" aria-current="step">(.*?)</li>')
RUNGS = re.compile(r'<ol class="kg-ladder">(.*?)</ol>', re.DOTALL)
SOON = datetime.fromtimestamp(AT + 1800, UTC)
SAID = datetime.fromtimestamp(AT - 60, UTC)


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a certain Wednesday morning."""
    monkeypatch.setattr(clock, "now", lambda: AT)


def with_mia(**said: object) -> House:
    """Return the house with another Mia."""
    return replace(HOUSE, persons=(replace(MIA, **said), *HOUSE.persons[1:]))


def changed(box: Box, house: House, code: str = "house_replaced", **args: str) -> None:
    """Have Robin change the house."""
    box.change(CAREGIVER, Reason.of(code, **args), lambda _: house)


def page(client: FlaskClient, name: str, child: str = "mia", status: int = 200) -> str:
    """Return what the page says of a name."""
    reply = client.get("/why", query_string={"name": name, "child": child})
    assert reply.status_code == status
    return unescape(reply.get_data(as_text=True))


def name_of(box: Box, *tags: str) -> str:
    """Return a bundled name under one of the tags, and under none that decides before."""
    letters = box.book.letters["6-9"]
    blocked = (Letter.H, Letter.B)
    for entry in box.book.entries:
        found = box.policy().tags(entry.name)
        if entry.tag in tags and not any(letters.get(tag) in blocked for tag in found - set(tags)):
            return entry.name
    pytest.fail(f"no name of {tags}")


EARLY = Window(name="Early hours", start="05:00", end="07:00")
HOUSES: dict[Step, House] = {
    Step.WORD: replace(HOUSE, pauses=(Pause(said_at=SAID, until=SOON, person="mia"),)),
    Step.TIME: with_mia(windows=(EARLY,)),
    Step.OWN: with_mia(rules=(Rule(name="games.example", do=Do.BLOCK),)),
    Step.CATEGORY: with_mia(categories={"forum": Setting.BLOCK}),
}


def asked_name(box: Box, step: Step) -> str:
    """Return a name that a step decides for Mia."""
    information = sorted(id_ for id_ in box.book.information if box.book.letters["6-9"].get(id_) is Letter.P)
    bypass = sorted(id_ for id_ in box.book.categories if id_.startswith(BYPASS))
    match step:
        case Step.HELP:
            return "nummergegenkummer.de"
        case Step.INFRASTRUCTURE:
            return name_of(box, INFRASTRUCTURE)
        case Step.HARD:
            return "adult.kindgate.test"
        case Step.OWN:
            return "www.games.example"
        case Step.PROTECTED:
            return name_of(box, *information)
        case Step.BYPASS:
            return name_of(box, *bypass)
        case Step.CATEGORY:
            return name_of(box, "forum")
        case Step.CLASSIFIER:
            return BETS
        case _:
            return "plain.example"


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.LIST])
@pytest.mark.usefixtures("classifier")
def test_the_deciding_step_is_lit_as_explain_says(
    box: Box, caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    """Step, sentence and end are those of the command; no house subscribes lists here, so eleven steps."""
    monkeypatch.setattr("appliance.commands.explain.load_model_card", lambda: CARD)
    changed(box, HOUSES.get(step, HOUSE))
    name = asked_name(box, step)
    told = json.loads(kindgate("explain", name, "--person", "mia", "--json", data=box.data).stdout)
    shown = page(caregiver, name)
    rungs = RUNGS.search(shown)
    assert told["step"] == step.value
    assert LIT.findall(shown) == [f"{QUESTIONS[step].rstrip('?')}: {told['sentence']}"]
    assert rungs is not None
    assert (rungs[1].count("<li"), rungs[1].count(" No</li>"), rungs[1].count("not asked</li>")) == (
        12, step.rank, 11 - step.rank,
    )  # fmt: skip


def test_who_set_it_and_since_when_is_told(box: Box, caregiver: FlaskClient) -> None:
    """The rule, the pause, the time and the category each lead to the change that brought them."""
    for step, house in HOUSES.items():
        changed(box, house)
        assert "Set by Robin, just now." in page(caregiver, asked_name(box, step)), step
    changed(box, replace(HOUSE, grants=(Grant(person="mia", said_at=SAID, until=SOON, name="plain.example"),)))
    assert "Set by Robin, just now." in page(caregiver, "plain.example")


def test_what_no_caregiver_set_is_nobodys_doing(caregiver: FlaskClient) -> None:
    """A default has no author."""
    assert "Set by" not in page(caregiver, "plain.example")
    assert "Set by" not in page(caregiver, "adult.kindgate.test")


def test_when_it_changes_by_itself_is_told(box: Box, caregiver: FlaskClient) -> None:
    """At the next moment with another answer, and in the headline; else that there is none."""
    changed(box, HOUSES[Step.TIME])
    shown = page(caregiver, "plain.example")
    assert "plain.example is closed for Mia until 07:00." in shown
    assert "Changes by itself at 07:00: open then." in shown
    changed(box, HOUSES[Step.OWN])
    shown = page(caregiver, "games.example")
    assert "games.example is closed for Mia." in shown
    assert "Does not change by itself." in shown


def test_a_block_can_be_lifted_from_here(box: Box, caregiver: FlaskClient, csrf: Callable[[FlaskClient], str]) -> None:
    """The forms of the page are those that the rules' page understands: they do what their words say."""
    changed(box, HOUSES[Step.OWN])
    shown = page(caregiver, "games.example")
    action, fields = form(shown, "Remove the rule")
    assert caregiver.post(action, data=fields | {"csrf_token": csrf(caregiver)}).status_code == 303
    assert "games.example is open for Mia." in page(caregiver, "games.example")
    action, fields = form(page(caregiver, "www.tiktok.com"), "Allow for 1 hour")
    assert caregiver.post(action, data=fields | {"csrf_token": csrf(caregiver)}).status_code == 303
    assert "is open for Mia until" in page(caregiver, "www.tiktok.com")


def form(shown: str, button: str) -> tuple[str, dict[str, str]]:
    """Return where a form with a button leads, and its hidden values."""
    for action, inside in re.findall(r'<form method="post" action="([^"]+)">(.*?)</form>', shown, re.DOTALL):
        if button in inside:
            found = re.findall(r'name="([a-z]+)" value="([^"]*)"', inside)
            return action, dict(found)
    pytest.fail(f"there is no button {button}")


def test_what_takes_two_leads_to_where_two_lift_it(caregiver: FlaskClient) -> None:
    """And offers no button that would promise more."""
    shown = page(caregiver, "adult.kindgate.test")
    assert "Two caregivers together can lift this, or one, and then it is announced for a day." in shown
    assert 'href="/child/mia/closed#kind-pornography"' in shown
    assert "Allow" not in shown


TODAY = date(2026, 3, 4)
SETTINGS: list[tuple[dict[str, Any], str, str]] = [
    ({"services": {"youtube": Setting.BLOCK}}, "A caregiver blocked YouTube.", "/child/mia/services?q=youtube"),
    ({"groups": {"video": Setting.ASK}}, "YouTube is open after asking", "/child/mia/services?q=youtube"),
    (
        {"safe_search": {"youtube": Level.BLOCK}},
        "YouTube is closed in the settings of safe search.", "/child/mia/safe-search#engine-youtube",
    ),
    ({"categories": {"video_sharing": Setting.BLOCK}}, "Blocked by a caregiver", "/child/mia/categories"),
    ({"windows": (EARLY,)}, "It is Early hours now.", "/child/mia/week"),
    (
        {"windows": (replace(EARLY, internet=True, block=Things(services=("youtube",))),)},
        "Closed during Early hours.", "/child/mia/week",
    ),
    (
        {"categories": {"video_sharing": Setting.BLOCK},
         "windows": (replace(EARLY, internet=True, allow=Things(names=("www.youtube.com",))),)},
        "Open during Early hours.", "/child/mia/week",
    ),
    (
        {"exceptions": (DateException(name="Holiday", first=TODAY, last=TODAY, windows=(EARLY,)),)},
        "It is Early hours now.", "/child/mia/week",
    ),
    ({"budgets": (Budget(minutes=0),)}, "The time for today is used up", "/child/mia/budgets"),
    ({"budgets": (Budget(what="service:youtube", minutes=0),)}, "time for YouTube is used up", "/child/mia/budgets"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "sentence", "href"), SETTINGS)
def test_each_setting_is_told_with_who_set_it_and_where(
    box: Box, caregiver: FlaskClient, said: dict[str, Any], sentence: str, href: str
) -> None:
    """Services, groups, engines, routines of the week and of a date, minutes."""
    changed(box, with_mia(**said))
    shown = page(caregiver, "www.youtube.com")
    assert sentence in shown
    assert "Set by Robin, just now." in shown
    assert f'href="{href}"' in shown


def test_one_may_ask_for_adults_devices_and_strangers(box: Box, caregiver: FlaskClient) -> None:
    """Each with the decision that holds there."""
    assert "adult.kindgate.test is open for Dana." in page(caregiver, "adult.kindgate.test", "dana")
    assert "adult.kindgate.test is closed for a new device." in page(caregiver, "adult.kindgate.test", "new")
    shown = page(caregiver, "plain.example", "device:tablet")
    assert "plain.example is open for Mia's tablet." in shown
    assert "It is Mia's." in shown
    changed(box, replace(HOUSE, unknown_devices="closed"))
    assert "This device is not known here yet" in page(caregiver, "plain.example", "new")


@pytest.mark.parametrize("typed", ["two words", "192.168.1.1", "http://[x", "<script>alert(1)</script>"])
def test_what_is_no_name_stays_in_the_form(caregiver: FlaskClient, typed: str) -> None:
    """With what is wrong beside it; nothing typed is lost, and nothing of it is markup."""
    reply = caregiver.get("/why", query_string={"name": typed, "child": "jonas"})
    raw = reply.get_data(as_text=True)
    assert reply.status_code == 422
    assert "<script>alert" not in raw
    assert f'value="{typed}"' in unescape(raw)
    assert 'value="jonas" checked' in raw
    assert 'id="name-wrong"' in raw


def test_without_a_name_it_is_a_form(caregiver: FlaskClient) -> None:
    """That says what it is for; an empty one is told what to type."""
    assert caregiver.get("/why").status_code == 200
    assert 'aria-current="step"' not in caregiver.get("/why").get_data(as_text=True)
    assert caregiver.get("/why?name=").status_code == 422


def test_hostile_names_of_persons_are_inert(box: Box, caregiver: FlaskClient) -> None:
    """What a caregiver calls a child is text."""
    hostile = Person(id="x", name="<b onclick=x>", band="6-9")
    changed(box, replace(HOUSE, persons=(*HOUSE.persons, hostile)))
    assert "<b onclick" not in caregiver.get("/why?name=plain.example&child=x").get_data(as_text=True)


def test_a_store_that_is_locked_keeps_nobody_from_the_answer(
    box: Box, caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only who set it can't be told."""
    changed(box, HOUSES[Step.OWN])

    def locked(*_: object, **__: object) -> None:
        raise Locked

    monkeypatch.setattr(type(box.household.store), "audit", locked)
    shown = page(caregiver, "games.example")
    assert "games.example is closed for Mia." in shown
    assert "Who set it can't be told at the moment." in shown


def test_it_is_for_caregivers(anyone: FlaskClient, owner: FlaskClient) -> None:
    """Others are led to the log-in."""
    assert anyone.get("/why?name=plain.example").status_code == 303
    assert owner.get("/why?name=plain.example").status_code == 200
    assert OWNER != CAREGIVER


def test_a_verdict_by_a_list_names_list_line_and_rule(box: Box, caregiver: FlaskClient) -> None:
    """And who added it; the list is one tap away."""
    fraud = Subscription(id="fraud", name="Fraud, by our bank")
    spared = "|".join(f"a{number}.long.example" for number in range(60))
    texts = f"! title\n||fraud.example^\n||long.example^$denyallow={spared}\n"
    subscribed(box, {fraud: texts}, CAREGIVER)
    text = page(caregiver, "www.fraud.example")
    assert "The list Fraud, by our bank blocks this name." in text
    assert "On the list Fraud, by our bank, line 2: ||fraud.example^" in text
    assert "Set by Robin, 2 h ago." in text
    assert 'href="/lists/fraud"' in text
    assert "denyallow" in page(caregiver, "long.example")
    assert "a59.long.example" not in page(caregiver, "long.example")
    source_file(box.data, "fraud").unlink()
    assert "On the list Fraud, by our bank, line 2." in page(caregiver, "fraud.example")


def test_a_kind_that_a_list_knows_names_the_list(box: Box, caregiver: FlaskClient) -> None:
    """The verdict is the kind's; the line is the list's."""
    subscribed(box, {Subscription(id="bets", name="Betting", category="gambling"): "||bet.example^\n"})
    text = page(caregiver, "bet.example")
    assert "On the list Betting, line 1: ||bet.example^" in text
    assert 'href="/lists/bets"' in text


def test_a_name_at_home_is_open_by_no_step(box: Box, caregiver: FlaskClient) -> None:
    """In a pause, too; one that leads to the Internet is decided as any other, and it is said where it leads."""
    records = (
        Record(name="nas.lan", type=RecordType.A, value="192.168.77.40"),
        Record(name="far.lan", type=RecordType.A, value="198.51.100.40"),
    )
    changed(box, replace(HOUSE, records=records))
    assert "At home far.lan is answered with 198.51.100.40." in page(caregiver, "far.lan")
    changed(box, replace(HOUSE, records=records, pauses=(Pause(said_at=SAID, until=SOON),)))
    shown = page(caregiver, "nas.lan")
    assert "nas.lan is open for Mia." in shown
    assert "At home nas.lan is answered with 192.168.77.40." in shown
    assert RUNGS.search(shown) is None
    assert "far.lan is closed for Mia" in page(caregiver, "far.lan")


def test_what_a_thing_may_reach_leads_to_the_thing(box: Box, caregiver: FlaskClient) -> None:
    """Nothing about the person would open it."""
    doll = Device(id="doll", name="Doll", kind=DeviceKind.IOT, person="mia", macs=("02:77:00:00:00:40",), only=())
    changed(box, replace(HOUSE, devices=(*HOUSE.devices, doll)))
    shown = page(caregiver, "open.example", "device:doll")
    assert "A caregiver said which names this device may reach, and this is none of them." in shown
    assert "What it may reach" in shown
    assert 'href="/devices/doll"' in shown
    assert "Remove the rule" not in shown


def test_what_is_slow_is_told(box: Box, caregiver: FlaskClient) -> None:
    """It is open; only a gateway can slow it."""
    evening = Window(name="Early", start="05:00", end="07:00", internet=True, slow=True)
    changed(box, with_mia(windows=(evening,)))
    assert "Slow now, where the box is the gateway." in page(caregiver, "open.example")
    assert "Slow now" not in page(caregiver, "open.example", "jonas")


@pytest.mark.usefixtures("classifier")
def test_why_a_new_name_is_asked_about(caregiver: FlaskClient) -> None:
    """By which parts, how surely; and a tap opens it for good."""
    shown = words(caregiver.get(f"/why?name={BETS}&child=mia"))
    assert f"{BETS} is open after asking a caregiver for Mia." in shown
    said = "New, and it looks like gambling: “casino”, “bet”, .example. The box is quite sure (97 %), and may be wrong."
    assert said in shown
    assert "Always allow" in shown


@pytest.mark.parametrize(
    ("name", "who", "said"),
    [
        ("knitting-circle.example", "mia", "New, and looks risky? It can't be asked at the moment"),
        ("knitting-circle.example", "jonas", "New, and looks risky? Not asked here"),
        ("knitting-circle.example", "new", "New, and looks risky? Not asked here"),
    ],
)
def test_of_step_eleven_the_truth_is_told(caregiver: FlaskClient, name: str, who: str, said: str) -> None:
    """Where no classifier runs, and where it isn't asked."""
    shown = words(caregiver.get(f"/why?name={name}&child={who}"))
    assert said in shown
