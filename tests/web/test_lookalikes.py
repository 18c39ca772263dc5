"""A new device that is likely one of the house: said where it may be seen, and put right with one tap."""

import pytest
from flask.testing import FlaskClient

from appliance.web.box import Box
from appliance.web.lookalikes import lookalikes
from tests.commands.cli import answering, fake_daemon
from tests.web.asking import send, told, words
from tests.web.conftest import FOUND_MAC, TABLET

QUESTION = "Is this Mia's tablet? It came as that one fell silent, and calls itself the same."


def guard(device: str = "tablet") -> dict[str, dict[str, object]]:
    """Return what the guard answers."""
    return {"newcomers": {"bus": 1, "newcomers": {FOUND_MAC: device}}}


def test_is_this_mias_tablet(caregiver: FlaskClient, box: Box) -> None:
    """One tap, and her rules hold there."""
    with fake_daemon(box.data, answering(guard()), "guard"):
        page = caregiver.get("/devices")
    assert QUESTION in words(page)
    assert "It uses a changing address." not in words(page)
    assert '<input type="hidden" name="device" value="tablet">' in page.text
    answer = send(caregiver, f"/devices/found/{FOUND_MAC}/same", device="tablet")
    assert FOUND_MAC in next(one.macs for one in box.house().devices if one.id == "tablet")
    assert f"Mia's tablet is known by {FOUND_MAC} too." in told(caregiver, answer)


def test_where_it_may_not_be_seen_when_a_device_is_on(box: Box) -> None:
    """From 13 nobody learns so that it left."""
    with fake_daemon(box.data, answering(guard("laptop")), "guard"):
        assert lookalikes(box, box.house()) == {}
    with fake_daemon(box.data, answering(guard()), "guard"):
        assert lookalikes(box, box.house()) == {FOUND_MAC: TABLET}


@pytest.mark.parametrize("newcomers", [{FOUND_MAC: "gone"}, {}, 5, None])
def test_what_a_guard_may_say(box: Box, newcomers: object) -> None:
    """Of a device that isn't in the house, of none, or nonsense."""
    with fake_daemon(box.data, answering({"newcomers": {"bus": 1, "newcomers": newcomers}}), "guard"):
        assert lookalikes(box, box.house()) == {}


def test_without_a_gateway(caregiver: FlaskClient, box: Box) -> None:
    """Nobody is asked, and the page is as ever."""
    assert lookalikes(box, box.house()) == {}
    assert "It uses a changing address." in words(caregiver.get("/devices"))
