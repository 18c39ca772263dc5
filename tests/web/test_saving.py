"""A change is made in the name of who is logged in, or a sentence says what is in the way."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask, get_flashed_messages
from flask_login import login_user
from msgspec.structs import replace

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.verdict import Reason
from appliance.household.changes import Unpublished
from appliance.store.accounts import Role
from appliance.store.errors import Locked
from appliance.web import edits, saving
from appliance.web.box import Box
from appliance.web.gate import LoggedIn
from tests.web.asking import last
from tests.web.conftest import CAREGIVER

WHAT = Reason.of("person_changed", person="mia")


@pytest.fixture(autouse=True)
def _inside(app: Flask) -> Iterator[None]:
    """Be in a request of Robin's."""
    with app.test_request_context("/"):
        login_user(LoggedIn(CAREGIVER, "Robin", Role.CAREGIVER, 1))
        yield


def fails(error: Exception) -> Callable[..., House]:
    """Return an edit that raises."""

    def edit(_: House) -> House:
        raise error

    return edit


def test_a_change_bears_the_name_of_who_is_logged_in(box: Box) -> None:
    """And its reason."""
    assert saving.changed(WHAT, lambda house: replace(house, country="AT")) is None
    assert box.house().country == "AT"
    assert last(box) == (CAREGIVER, "person_changed", {"person": "mia"})


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (fails(Locked("house.db")), Locked("").sentence),
        (fails(edits.NoSuchPerson("x")), "This person is not in the house any more."),
        (fails(edits.NoSuchDevice("x")), "This device is not in the house any more."),
        (lambda house: replace(house, time_zone="Mars/Olympus"), "This can't be saved: "),
        (lambda house: replace(house, country="nowhere"), "This can't be saved: "),
    ],
)
def test_what_is_in_the_way_is_a_sentence(box: Box, edit: Callable[[House], House], expected: str) -> None:
    """And nothing changed."""
    before = box.house()
    assert str(saving.changed(WHAT, edit)).startswith(expected)
    assert box.house() == before


def test_what_is_taken_is_for_the_form_to_ask_about() -> None:
    """It knows whose it is."""
    thief = Device(id="thief", macs=("02:77:00:00:00:10",))
    with pytest.raises(edits.Taken):
        saving.changed(WHAT, lambda house: edits.with_device(house, thief))


def test_what_is_saved_and_not_in_force_is_told_and_no_error(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form is done with; the next page says it."""

    def unpublished(*_: object, **__: object) -> None:
        raise Unpublished("no room")

    monkeypatch.setattr(box, "change", unpublished)
    assert saving.changed(WHAT, lambda house: house) is None
    assert [("stop", f"{(Unpublished.__doc__ or '').strip()} no room")] == get_flashed_messages(with_categories=True)


def test_a_reason_has_no_empty_arguments() -> None:
    """The audit says what there is."""
    assert saving.reason("x", name="a.example", until=None) == Reason.of("x", name="a.example")
