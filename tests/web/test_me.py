"""The child's page: in every state it says what holds and why, who sees what, and whom to call; it needs no log-in."""

from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Do, Person, Rule
from appliance.core.schedule import Window
from appliance.core.subscription import ListKind, Subscription
from appliance.core.verdict import Reason
from appliance.core.word import Pause
from appliance.store.errors import Locked
from appliance.web import me, sees
from appliance.web.box import Box
from appliance.web.status import State, Status
from appliance.world import clock
from tests.web.conftest import AT, CAREGIVER, HOUSE, JONAS, LAPTOP, MIA, OWNER, TABLET, made
from tests.web.listed import subscribed

TABLET_AT, LAPTOP_AT, STRANGER = "192.168.77.10", "192.168.77.11", "192.168.77.200"
SOON = datetime.fromtimestamp(AT + 1_800, UTC)
SAID = datetime.fromtimestamp(AT - 600, UTC)
EARLY = Window(name="Early hours", start="05:00", end="07:00")


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a certain Wednesday morning."""
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture
def say(box: Box) -> Callable[[House], None]:
    """What has Robin change the house."""

    def changed(house: House) -> None:
        box.change(CAREGIVER, Reason("house_replaced"), lambda _: house)

    return changed


def page(client: FlaskClient, address: str = TABLET_AT, **headers: str) -> str:
    """Return the page as a device at an address gets it."""
    reply = client.get("/me", environ_base={"REMOTE_ADDR": address}, headers=headers)
    assert reply.status_code == 200
    return unescape(reply.get_data(as_text=True))


def holds(state: State, until: float | None, since: float | None = None) -> Status:
    """Return what holds until a time."""
    return Status(state, "free", "sun", "Free", "", until, since)


def test_a_child_is_known_by_its_device(anyone: FlaskClient) -> None:
    """And greeted by name, without a log-in; the cookie is the forms' own and names nobody."""
    shown = page(anyone)
    assert "<h1>Hi Mia!</h1>" in shown
    assert "The Internet is open." in shown
    assert "<h1>Hi Jonas!</h1>" in page(anyone, LAPTOP_AT)
    with anyone.session_transaction() as session:
        assert set(session) == {"csrf_token"}


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": TABLET_AT},
        {"Forwarded": f"for={TABLET_AT}"},
        {"X-Real-Ip": TABLET_AT},
        {"X-Kindgate": "mia"},
    ],
)
def test_nobody_becomes_somebody_else_by_what_they_send(anyone: FlaskClient, headers: dict[str, str]) -> None:
    """Neither headers nor parameters say who asks."""
    assert "This device isn't known here yet." in page(anyone, STRANGER, **headers)
    reply = anyone.get("/me?child=mia&device=tablet", environ_base={"REMOTE_ADDR": STRANGER})
    assert "Hi Mia" not in reply.get_data(as_text=True)


@pytest.mark.parametrize("address", ["::ffff:192.168.77.10", "fe80::1%eth0", "", "nonsense"])
def test_every_address_gets_a_page(anyone: FlaskClient, address: str) -> None:
    """A mapped one is the device's; what is none is a stranger's."""
    assert ("Hi Mia!" in page(anyone, address)) is address.startswith("::ffff:")


def test_a_pause_says_until_when(anyone: FlaskClient, say: Callable[[House], None]) -> None:
    """And that it ends by itself; the device may be paused, or the whole house."""
    for target in ({"person": "mia"}, {"device": "tablet"}, {}):
        say(replace(HOUSE, pauses=(Pause(said_at=SAID, until=SOON, **target),)))
        shown = page(anyone)
        assert "The Internet is paused until 06:23." in shown
        assert "30</strong>" in shown
    assert "The Internet is paused until 06:23." in page(anyone, STRANGER)


def test_a_time_off_says_which_and_what_stays_open(anyone: FlaskClient, say: Callable[[House], None]) -> None:
    """With the day's parts below."""
    say(replace(HOUSE, persons=(replace(MIA, windows=(EARLY,)), *HOUSE.persons[1:])))
    shown = page(anyone)
    assert "It is Early hours until 07:00." in shown
    assert "Help lines stay open, always." in shown
    assert "05:00 – 07:00" in shown


@pytest.mark.parametrize("choice", ["filtered", "closed", "6-9"])
def test_a_stranger_is_told_what_to_do(anyone: FlaskClient, say: Callable[[House], None], choice: str) -> None:
    """And what holds until then."""
    say(replace(HOUSE, unknown_devices=choice))
    shown = page(anyone, STRANGER)
    assert "Ask a caregiver to add it." in shown
    assert "Until then" in shown
    assert "116 111" in shown


def test_a_device_of_nobody_says_so(anyone: FlaskClient, say: Callable[[House], None]) -> None:
    """A television has a name and no person."""
    tv = Device(id="tv", kind=DeviceKind.TV, addresses=("192.168.77.30",))
    say(replace(HOUSE, devices=(*HOUSE.devices, tv)))
    assert "This device is nobody's yet." in page(anyone, "192.168.77.30")


def test_an_adult_is_told_that_nothing_is_written(anyone: FlaskClient, say: Callable[[House], None]) -> None:
    """By person and by kind of device."""
    own = Device(id="own", person="dana", addresses=("192.168.77.31",))
    work = Device(id="work", person="mia", kind=DeviceKind.ADULT, addresses=("192.168.77.32",))
    say(replace(HOUSE, devices=(*HOUSE.devices, own, work)))
    for address in ("192.168.77.31", "192.168.77.32"):
        shown = page(anyone, address)
        assert "This is a grown-up's device." in shown
        assert "Nobody sees what this device asks for, and nothing of it is kept." in shown
        assert "What can I open?" not in shown


def test_at_0_to_5_it_speaks_to_the_grown_up(anyone: FlaskClient, say: Callable[[House], None]) -> None:
    """Not to a child that can't read."""
    say(replace(HOUSE, persons=(replace(MIA, band="0-5"), *HOUSE.persons[1:])))
    shown = page(anyone)
    assert "<h1>Mia's page</h1>" in shown
    assert "What can Mia open?" in shown
    assert "What caregivers allowed is open." in shown


def test_before_the_first_run_it_answers(empty_box: Box) -> None:
    """With what holds, and where help is found from everywhere."""
    shown = page(made(empty_box).test_client(), STRANGER)
    assert "This box is new here." in shown
    assert "Find A Helpline" in shown
    assert "Nobody said yet in which country this box stands" in shown


def test_a_country_without_checked_lines_says_so(anyone: FlaskClient, say: Callable[[House], None]) -> None:
    """Rather than show a number that nobody checked."""
    say(replace(HOUSE, country="KR"))
    shown = page(anyone)
    assert "No line of this country is checked yet" in shown
    assert "1388" not in shown


def test_help_lines_are_those_of_the_country(anyone: FlaskClient, say: Callable[[House], None]) -> None:
    """To tap: numbers as calls, sites without telling them where one came from."""
    shown = page(anyone)
    assert 'href="tel:116111"' in shown
    assert 'href="https://nummergegenkummer.de" rel="noreferrer noopener external"' in shown
    say(replace(HOUSE, country="FR"))
    shown = page(anyone)
    assert 'href="tel:3018"' in shown
    assert "116 111" not in shown


@pytest.mark.parametrize("band", ["0-5", "6-9", "10-12", "13-15", "16-17"])
def test_every_field_of_the_contract_is_on_the_page(
    box: Box, anyone: FlaskClient, say: Callable[[House], None], band: str
) -> None:
    """In the words of the contract for that age, for both who see it."""
    say(replace(HOUSE, persons=(replace(MIA, band=band), *HOUSE.persons[1:])))
    shown = page(anyone)
    for lines in sees.groups(box.contract, band, box.book.categories).values():
        for line in lines:
            assert line.title in shown, line.field
            assert all(note in shown for note in line.notes), line.field
    assert "nobody: the box can't see it" in shown
    pinned = band in ("10-12", "13-15", "16-17")
    assert ("A PIN can't be set yet" in shown) is pinned


def test_changes_are_told_to_whom_they_concern(box: Box, anyone: FlaskClient) -> None:
    """With who made them, and not to others."""
    box.change(
        CAREGIVER,
        Reason.of("rule_blocked", name="games.example", person="mia"),
        lambda house: replace(
            house, persons=(replace(MIA, rules=(Rule(name="games.example", do=Do.BLOCK),)), *house.persons[1:])
        ),
    )
    shown = page(anyone)
    assert "Robin blocked games.example for you." in shown
    assert "games.example" not in page(anyone, LAPTOP_AT)
    assert "games.example" not in page(anyone, STRANGER)


def test_changes_of_more_than_a_month_ago_are_history(
    box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stand on the caregivers' page."""
    assert "Dana set this box up." in page(anyone)
    monkeypatch.setattr(clock, "now", lambda: AT + 31 * 86_400)
    assert "Nothing changed in the last 30 days." in page(anyone)
    assert box.household.store.audit()


def test_a_store_that_is_locked_hides_no_rule(box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page answers from what was published; only what changed can't be told."""

    def locked(*_: object, **__: object) -> None:
        raise Locked

    for method in ("current", "audit"):
        monkeypatch.setattr(type(box.household.store), method, locked)
    monkeypatch.setattr(type(box.household.store.accounts), "all", locked)
    shown = page(anyone)
    assert "<h1>Hi Mia!</h1>" in shown
    assert "This can't be told at the moment." in shown
    assert "116 111" in shown


def steward(monkeypatch: pytest.MonkeyPatch, **answers: dict[str, Any]) -> None:
    """Have a steward answer so."""
    monkeypatch.setattr(Box, "ask_steward", lambda _box, ask, **_what: answers.get(ask))


@pytest.mark.parametrize(
    ("band", "said"),
    [
        ("6-9", "Caregivers see all of it."),
        ("10-12", "Caregivers see which kind, no name."),
        ("13-15", "Caregivers do not see it."),
    ],
)
def test_a_session_that_runs_is_told(
    anyone: FlaskClient, say: Callable[[House], None], monkeypatch: pytest.MonkeyPatch, band: str, said: str
) -> None:
    """On the page of the device that is looked at: for how long, and what caregivers see by the contract."""
    say(replace(HOUSE, persons=(replace(MIA, band=band), *HOUSE.persons[1:])))
    running = [{"device": "tablet", "person": "mia", "until": AT + 500}]
    steward(monkeypatch, session={"bus": 1, "sessions": running})
    shown = page(anyone)
    assert "A fault is looked for until 06:01." in shown
    assert "For 9 more minutes the box keeps what Mia's tablet asks for." in shown
    assert said in shown
    assert "A fault is looked for" not in page(anyone, LAPTOP_AT)
    assert "A fault is looked for" not in page(anyone, STRANGER)


@pytest.mark.parametrize("told", [{"bus": 1, "sessions": "x"}, {"bus": 1, "sessions": [{"device": 1}]}, {"bus": 1}])
def test_what_the_steward_says_wrongly_spoils_nothing(
    anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any]
) -> None:
    """The page does without."""
    steward(monkeypatch, session=told)
    assert "<h1>Hi Mia!</h1>" in page(anyone)


def test_hostile_names_are_inert(anyone: FlaskClient, say: Callable[[House], None]) -> None:
    """What people call persons, devices and times is text."""
    evil = "<img src=x onerror=y>"
    hostile = replace(MIA, name=evil, windows=(replace(EARLY, name=evil),))
    say(replace(HOUSE, persons=(hostile, JONAS), devices=(replace(TABLET, name=evil), LAPTOP)))
    reply = anyone.get("/me", environ_base={"REMOTE_ADDR": TABLET_AT})
    assert reply.status_code == 200
    assert "<img src=x" not in reply.get_data(as_text=True)


def test_a_caregiver_sees_a_childs_page(caregiver: FlaskClient, anyone: FlaskClient) -> None:
    """The same, with a word that it is looked at; who is nobody has none."""
    shown = unescape(caregiver.get("/child/mia/page").get_data(as_text=True))
    assert "So Mia sees it" in shown
    assert "<h1>Hi Mia!</h1>" in shown
    assert caregiver.get("/child/nobody/page").status_code == 404
    assert anyone.get("/child/mia/page").status_code == 303
    assert OWNER != CAREGIVER


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (holds(State.FREE, None), None),
        (holds(State.FREE, AT + 13 * 3_600), None),
        (holds(State.PAUSED, AT + 900, AT - 900), (0.5, "15", "minutes left")),
        (holds(State.WINDOW, AT + 5_400), (0.125, "1:30", "hours left")),
        (holds(State.PAUSED, AT + 30, AT - 30), (0.5, "1", "minute left")),
    ],
)
def test_how_long_it_lasts_is_a_share_and_a_number(state: Status, expected: tuple[float, str, str] | None) -> None:
    """Of what was said, or of half a day; not for ends that are far away."""
    found = me.lasts(state, AT)
    assert (found and (found.share, found.big, found.small)) == expected


def test_a_person_of_the_house_is_enough(caregiver: FlaskClient, say: Callable[[House], None]) -> None:
    """A child without any device has a page too."""
    say(replace(HOUSE, persons=(*HOUSE.persons, Person(id="ben", name="Ben", band="0-5"))))
    assert "Ben's page" in unescape(caregiver.get("/child/ben/page").get_data(as_text=True))


def test_a_child_sees_which_lists_hold(box: Box, anyone: FlaskClient) -> None:
    """By name, with what they do; not those for others, nor those that are off."""
    subscribed(
        box,
        {
            Subscription(id="a", name="Fraud, by our bank"): "a.example\n",
            Subscription(id="b", name="School", kind=ListKind.ALLOW, persons=("mia",)): "b.example\n",
            Subscription(id="c", name="Jonas alone", persons=("jonas",)): "c.example\n",
            Subscription(id="d", name="Once", on=False): "d.example\n",
        },
    )
    mine, others = page(anyone), page(anyone, LAPTOP_AT)
    assert "2 lists that others keep hold here" in mine
    assert "Fraud, by our bank" in mine
    assert "Its sites are closed here" in mine
    assert "Its sites are open here" in mine
    assert ("Jonas alone" in mine, "Once" in mine, "Jonas alone" in others, "School" in others) == (
        False, False, True, False,
    )  # fmt: skip


def test_without_lists_nothing_is_said_of_them(anyone: FlaskClient) -> None:
    """A page says what is so."""
    assert "that others keep" not in page(anyone)
