"""Pages while nobody knows what time it is: they say so, and what holds meanwhile, to caregivers and to the child."""

from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance import wording
from appliance.core.budget import Budget
from appliance.core.clocktrust import Doubt
from appliance.core.house import Doubted, House
from appliance.core.schedule import Window
from appliance.core.verdict import Reason
from appliance.store.requests import TIME
from appliance.web import status, time
from appliance.web.box import Box
from appliance.web.status import State
from appliance.world import clock
from tests.machine import YEAR_S, Machine
from tests.web.conftest import AT, CAREGIVER, HOUSE, JONAS, MIA, OWNER

TABLET_AT, LAPTOP_AT = "192.168.77.10", "192.168.77.11"
NIGHT = Window(name="Bedtime", start="20:30", end="07:00")
UNKNOWN = "The box doesn't know what time it is"


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a certain Wednesday morning, as far as that is known."""
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture
def doubt(box: Box, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What makes the clock doubted under a house; None of a doubt makes it right again."""

    def made(why: Doubt | None = Doubt.BEHIND, **said: object) -> None:
        monkeypatch.setattr(box, "doubt", lambda: why)
        told = replace(HOUSE, persons=(replace(MIA, windows=(NIGHT,)), JONAS), **said)
        box.change(CAREGIVER, Reason("house_replaced"), lambda _: told)

    return made


def text(client: FlaskClient, path: str, address: str = "127.0.0.1") -> str:
    """Return a page as it reads."""
    reply = client.get(path, environ_base={"REMOTE_ADDR": address})
    assert reply.status_code == 200
    return unescape(reply.get_data(as_text=True))


@pytest.mark.parametrize("why", Doubt)
def test_every_page_of_caregivers_says_so(caregiver: FlaskClient, doubt: Callable[..., None], why: Doubt) -> None:
    """With what speaks against the clock, by what time it goes on, and what mends it."""
    doubt(why)
    for path in ("/", "/house", "/child/mia", "/devices"):
        page = text(caregiver, path)
        assert UNKNOWN in page
        assert wording.DOUBTS[why] in page
        assert "as if it were 05:53" in page
    doubt(None)
    assert UNKNOWN not in text(caregiver, "/")


def test_the_child_reads_it_too(anyone: FlaskClient, doubt: Callable[..., None]) -> None:
    """Where anything of the child's has to do with the time; and what holds till then."""
    doubt()
    page = text(anyone, "/me", TABLET_AT)
    assert f"{UNKNOWN} yet. It goes on as if it were 05:53." in page
    assert "It is Bedtime until 07:00." in page
    assert UNKNOWN not in text(anyone, "/me", LAPTOP_AT)
    doubt(doubted_clock=Doubted.CLOSED)
    page = text(anyone, "/me", TABLET_AT)
    assert f"{UNKNOWN} yet." in page
    assert "So it is as at bedtime, but sites for school are open. It ends by itself." in page
    assert "as if it were" not in page
    assert "The Internet is open." in text(anyone, "/me", LAPTOP_AT)
    doubt(None, doubted_clock=Doubted.CLOSED)
    assert UNKNOWN not in text(anyone, "/me", TABLET_AT)


def test_a_card_says_what_is_waited_for(box: Box, caregiver: FlaskClient, doubt: Callable[..., None]) -> None:
    """Closed, without an end that could be told; a caregiver may give more time all the same."""
    doubt(doubted_clock=Doubted.CLOSED)
    person = next(one for one in box.house().persons if one.id == "mia")
    found = status.look(box, person, AT)
    assert (found.state, found.until, found.is_stopped) == (State.WAITING, None, True)
    assert (found.word, found.line) == ("Waiting for the time", "as at bedtime, until the box knows what time it is")
    assert "As at bedtime, until the box knows what time it is" in text(caregiver, "/child/mia")
    assert "it is as at bedtime for every child who has times" in text(caregiver, "/")
    extra = time.helping(box, person, 15, AT)
    assert extra is not None
    assert extra.what == TIME


def test_pages_decide_as_the_nameserver_does(box: Box, doubt: Callable[..., None]) -> None:
    """The policy is another one while nobody knows the time, and the one before when it is known again."""

    def is_waiting() -> bool:
        return box.policy().by_person["mia"].is_waiting

    doubt(doubted_clock=Doubted.CLOSED)
    assert is_waiting()
    doubt(None, doubted_clock=Doubted.CLOSED)
    assert not is_waiting()


def test_minutes_are_waited_for_as_well(box: Box, doubt: Callable[..., None]) -> None:
    """A child with a budget and no window has times too."""
    doubt(doubted_clock=Doubted.CLOSED)
    said = replace(box.house(), persons=(replace(JONAS, budgets=(Budget(minutes=60),)),), devices=())
    box.change(OWNER, Reason("house_replaced"), lambda _: said)
    assert status.look(box, said.persons[0], AT).state is State.WAITING


def test_the_box_looks_at_the_clock_itself(empty_box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jump of the clock is none of the time that pages go by."""
    monkeypatch.undo()
    machine = Machine(monkeypatch)
    made = Box(empty_box.data, empty_box.book, empty_box._bundled, empty_box.contract)
    assert (made.doubt(), made.now()) == (None, machine.shown)
    at = machine.shown
    machine.run(60)
    machine.shown += 5 * YEAR_S
    assert (made.doubt(), made.now()) == (Doubt.JUMPED, at + 60)


def test_an_owner_chooses(box: Box, owner: FlaskClient, csrf: Callable[[FlaskClient], str]) -> None:
    """What holds while nobody knows the time; it is among the settings of the house."""
    page = text(owner, "/house/edit")
    assert 'name="doubted" value="plan" checked' in page
    data = {"csrf_token": csrf(owner), "country": "DE", "zone": "Europe/Berlin", "unknown": "filtered"}
    assert owner.post("/house/edit", data=data | {"doubted": "open"}).status_code == 422
    assert owner.post("/house/edit", data=data | {"doubted": "closed"}).status_code == 303
    assert box.house().doubted_clock is Doubted.CLOSED
    assert House().doubted_clock is Doubted.PLAN
    assert "while nobody knows the time" in text(owner, "/changes")
