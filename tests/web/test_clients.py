"""Who is answered: an owner's page, which says what it would shut out."""

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.access import Access
from appliance.core.device import Device, Forwarder
from appliance.core.verdict import Reason
from appliance.web.box import Box
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import OWNER

PLACE = "/house/clients"
KIM = "02:00:00:00:00:01"


def having(box: Box, *, allowed: tuple[str, ...] = (), blocked: tuple[str, ...] = ()) -> None:
    """Give the house clients that it allows and blocks."""
    said = Access(allowed=allowed, blocked=blocked)
    box.change("x", Reason("x"), lambda house: replace(house, access=said))


def test_an_owner_only(anyone: FlaskClient, caregiver: FlaskClient, owner: FlaskClient, box: Box) -> None:
    """Nobody else sees or changes it."""
    having(box, blocked=(KIM,))
    before = box.house()
    assert KIM in words(owner.get(PLACE))
    assert (caregiver.get(PLACE).status_code, anyone.get(PLACE).status_code) == (403, 303)
    for place in (PLACE, f"{PLACE}/remove"):
        assert send(caregiver, place, who=KIM, to="allowed").status_code == 403
        assert send(anyone, place, who=KIM, to="allowed").status_code == 303
        assert owner.post(place, data={"who": KIM, "to": "allowed"}).status_code == 400
    assert box.house() == before


def test_blocking_and_allowing(owner: FlaskClient, box: Box) -> None:
    """In any spelling, with a row in the audit; whom one allows is blocked no longer."""
    answer = send(owner, PLACE, who="02-00-00-00-00-01", to="blocked")
    assert f"{KIM} gets no answer any more." in told(owner, answer)
    assert box.house().access == Access(blocked=(KIM,))
    assert last(box) == (OWNER, "client_blocked", {"client": KIM})
    assert "nobody else" in told(owner, send(owner, PLACE, who=KIM, to="allowed"))
    assert box.house().access == Access(allowed=(KIM,))
    assert last(box) == (OWNER, "client_allowed", {"client": KIM})
    answer = send(owner, f"{PLACE}/remove", who=KIM)
    assert "neither blocked nor allowed" in told(owner, answer)
    assert box.house().access == Access()
    assert last(box) == (OWNER, "client_removed", {"client": KIM})
    assert "not there any more" in told(owner, send(owner, f"{PLACE}/remove", who=KIM))


@pytest.mark.parametrize(
    ("client", "to", "expected"),
    [
        ("", "blocked", "Type an address or a MAC."),
        ("x" * 81, "blocked", "This is too long."),
        (HOSTILE, "blocked", "This is no address"),
        ("127.0.0.1", "blocked", "127.0.0.1 is the box itself"),
        ("10.9.0.1", "blocked", "10.9.0.1 is the router way"),
        (KIM, "allowed", "the router way is left out"),
    ],
)
def test_what_can_not_be(owner: FlaskClient, box: Box, client: str, to: str, expected: str) -> None:
    """It is said beside the field, and the house is as it was."""
    way = Forwarder(id="way", addresses=("10.9.0.1",))
    box.change("x", Reason("x"), lambda house: replace(house, forwarders=(way,)))
    answer = send(owner, PLACE, who=client, to=to)
    assert answer.status_code == 422
    assert expected in words(answer)
    assert "<script>alert" not in answer.text
    assert box.house().access == Access()
    assert send(owner, PLACE, who=KIM, to="elsewhere").status_code == 422


def test_clients_are_called_by_their_devices(owner: FlaskClient, box: Box) -> None:
    """And a router is one."""
    pad = Device(id="pad", name="Kim's pad", macs=(KIM,))
    way = Forwarder(id="way", addresses=("10.9.0.1",))
    box.change("x", Reason("x"), lambda house: replace(house, devices=(pad,), forwarders=(way,)))
    having(box, allowed=("10.9.0.1",), blocked=(KIM, "10.8.0.0/16"))
    shown = words(owner.get(PLACE))
    assert "10.9.0.1 Router" in shown
    assert f"{KIM} Kim's pad" in shown
    assert "Nobody else in the home is answered." in shown
    assert "1 allowed" in words(owner.get("/house"))
