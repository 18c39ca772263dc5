"""A name looked for in all lists: each line that speaks of it, what it would do, and what stands above lists."""

import pytest
from flask.testing import FlaskClient

from appliance.core.subscription import ListKind, Subscription
from appliance.web.box import Box
from tests.web.asking import HOSTILE, words
from tests.web.listed import HELP_LINE, subscribed

FRAUD = Subscription(id="fraud", name="Fraud", url="https://a.example/fraud.txt", redirects=True)
BETS = Subscription(id="bets", name="Betting", category="gambling")
SCHOOL = Subscription(id="school", name="School", kind=ListKind.ALLOW, persons=("mia",))
OFF = Subscription(id="off", name="Once", on=False)
TEXTS = {
    FRAUD: (
        f"||fraud.example^\n||{HELP_LINE}^\n@@||good.fraud.example^\n||odd.example^$dnstype=AAAA,client=tv\n"
        "||odd.example^$ctag=user_child,denyallow=a.odd.example\n||led.example^$dnsrewrite=192.0.2.7\n"
        "@@||back.example^$dnsrewrite\n||192.0.2.66^\n"
    ),
    BETS: "||fraud.example^\n@@||good.fraud.example^\n",
    SCHOOL: "fraud.example\n",
    OFF: "fraud.example\n",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _lists(box: Box) -> None:
    """Let the house have lists."""
    subscribed(box, TEXTS)


def found(client: FlaskClient, name: str, status: int = 200) -> str:
    """Return what the page says of a name."""
    answer = client.get("/lists/find", query_string={"name": name})
    assert answer.status_code == status
    return words(answer)


def test_the_page_is_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """Which sites are looked for is nobody else's business."""
    assert anyone.get("/lists/find?name=fraud.example").status_code == 303
    assert "Which list closes this?" in words(caregiver.get("/lists/find"))


def test_each_list_is_told_with_its_line(caregiver: FlaskClient) -> None:
    """In the order of the house; those that are off are named as not looked through."""
    page = found(caregiver, "https://www.fraud.example/a?b")
    assert "www.fraud.example is on 2 lists." in page
    assert "Closes it for all children. Line 1: ||fraud.example^" in page
    assert "Counts as “Gambling”, for everyone. Line 1: ||fraud.example^" in page
    assert "Not looked through, because off or not here yet: Once." in page
    assert "Opens it for Mia. Line 1: fraud.example" in found(caregiver, "fraud.example")


def test_exceptions_are_told_too(caregiver: FlaskClient) -> None:
    """A line that opens, or takes out of a kind."""
    page = found(caregiver, "good.fraud.example")
    assert "Opens it for all children. Line 3: @@||good.fraud.example^" in page
    assert "Does not count as “Gambling”, for everyone. Line 2: @@||good.fraud.example^" in page


def test_what_else_a_line_asks_for_is_said(caregiver: FlaskClient) -> None:
    """Types of question, devices, kinds of them, exceptions."""
    page = found(caregiver, "odd.example")
    assert "Closes it for all children, only for some types of question, only for some devices." in page
    assert "Closes it for all children, only for some kinds of devices or people, with exceptions." in page


def test_other_answers_are_told(caregiver: FlaskClient) -> None:
    """Given, and taken back."""
    assert "Answers with another address or name for all children." in found(caregiver, "led.example")
    assert "Takes back what another line would answer for all children." in found(caregiver, "back.example")


def test_a_protected_name_stays_open_whatever_lists_say(caregiver: FlaskClient) -> None:
    """And the page says so."""
    page = found(caregiver, HELP_LINE)
    assert "it stays open all the same" in page
    assert "it stays open all the same" not in found(caregiver, "fraud.example")


def test_each_child_s_why_is_one_tap_away(caregiver: FlaskClient) -> None:
    """What holds in the end is not what a list says; for an address nobody asks why."""
    answer = caregiver.get("/lists/find?name=fraud.example")
    assert 'href="/why?name=fraud.example&amp;child=mia"' in answer.text
    page = caregiver.get("/lists/find?name=192.0.2.66")
    assert "192.0.2.66 is on 1 list." in words(page)
    assert "/why?name" not in page.text


def test_a_name_on_no_list(caregiver: FlaskClient) -> None:
    """That is an answer too."""
    assert "nowhere.example is on no list of this house." in found(caregiver, "nowhere.example")


@pytest.mark.parametrize(
    ("typed", "expected"), [("", "Type the name of a site"), ("no name", "not the name of a site")]
)
def test_what_is_no_name_is_refused(caregiver: FlaskClient, typed: str, expected: str) -> None:
    """By the field."""
    assert expected in found(caregiver, typed, 422)


def test_a_hostile_list_is_only_text(caregiver: FlaskClient, box: Box) -> None:
    """A list's line is shown as it stands, and does nothing."""
    subscribed(box, {FRAUD: f"0.0.0.0 bad.example # {HOSTILE}\n"})
    answer = caregiver.get("/lists/find?name=bad.example")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_lines_without_end_are_not_all_shown(caregiver: FlaskClient, box: Box) -> None:
    """The rest is counted."""
    subscribed(box, {FRAUD: "".join(f"||many.example^$client=c{number}\n" for number in range(45))})
    assert "And 5 more lines." in found(caregiver, "many.example")
