"""The page of what truly holds for a child: findings in words, notes, and what holds while the box can't look."""

import pytest
from flask.testing import FlaskClient

from appliance.core.coverage import Holds
from appliance.core.person import KnownNames, Person, Unwatched
from appliance.store.errors import Locked
from appliance.web import coverage
from appliance.web.box import Box
from appliance.world.snapshot import load_snapshot
from tests.commands.cli import answering, fake_daemon, status
from tests.web.asking import last, send, told, words
from tests.web.conftest import CAREGIVER

PLACE = "/child/mia/coverage"


def mia(box: Box) -> Person:
    """Return Mia as she is in the house."""
    return next(one for one in box.house().persons if one.id == "mia")


def test_while_nothing_runs_nothing_is_promised(caregiver: FlaskClient) -> None:
    """Each thing says so, with what to do."""
    page = words(caregiver.get(PLACE))
    assert "Sites and apps Doesn't hold The name server is not running. kindgate check tells what is wrong." in page
    assert "It sees no connection." in page
    assert "It isn't now: this counts as soon as it is." in page
    assert "kindgate.home/me/check" in page
    assert "Mobile data" in page


def test_a_gateway_that_looks_holds_what_it_sees(caregiver: FlaskClient, box: Box) -> None:
    """As its daemons tell."""
    snapshot = load_snapshot(box.data).snapshot
    assert snapshot is not None
    parts = {"workers": [{"digest": snapshot.digest}], "mode": "gateway", "v6": {"mode": "off"}, "side_doors": []}
    with (
        fake_daemon(box.data, answering({"status": status(snapshot.digest)})),
        fake_daemon(box.data, answering({"status": {"bus": 1, "problem": None} | parts}), "guard"),
    ):
        page = words(caregiver.get(PLACE))
    assert "Sites and apps Holds Closed sites are refused by name and by connection." in page
    assert "there is no way out but through it" in page
    assert "While the box can't look, new connections pass." in page


def test_it_is_one_tap_from_the_child(caregiver: FlaskClient) -> None:
    """Among what one looks at closer."""
    assert f'href="{PLACE}"' in caregiver.get("/child/mia").text


@pytest.mark.parametrize(
    ("field", "value", "code", "expected"),
    [
        ("unwatched", "closed", "unwatched_set", (Unwatched.CLOSED, KnownNames.OFF)),
        ("known_names_only", "watch", "known_names_set", (Unwatched.OPEN, KnownNames.WATCH)),
        ("known_names_only", "on", "known_names_set", (Unwatched.OPEN, KnownNames.ON)),
    ],
)
def test_what_holds_at_a_gateway_is_set_with_one_tap(
    caregiver: FlaskClient, box: Box, field: str, value: str, code: str, expected: tuple[Unwatched, KnownNames]
) -> None:
    """For the child alone, and everybody can read who did it."""
    page = told(caregiver, send(caregiver, PLACE, field=field, value=value))
    assert (mia(box).unwatched, mia(box).known_names_only) == expected
    assert last(box) == (CAREGIVER, code, {"person": "mia", "setting": value})
    assert "Set for Mia: " in page
    assert "Mia" in words(caregiver.get("/changes"))
    assert f'value="{value}" aria-pressed="true"' in caregiver.get(PLACE).text


def test_changes_are_told_in_words(caregiver: FlaskClient) -> None:
    """Of both settings."""
    send(caregiver, PLACE, field="unwatched", value="closed")
    send(caregiver, PLACE, field="known_names_only", value="watch")
    page = words(caregiver.get("/changes"))
    assert "set what Mia gets while nobody can look: closed." in page
    assert "set for Mia whether only known addresses may be reached: watch first." in page


@pytest.mark.parametrize(
    "said", [{}, {"field": "unwatched"}, {"field": "unwatched", "value": "x"}, {"field": "band", "value": "open"},
             {"field": "known_names_only", "value": "closed"}],
)  # fmt: skip
def test_what_can_not_be_set_is_refused(caregiver: FlaskClient, box: Box, said: dict[str, str]) -> None:
    """And nothing changes."""
    assert send(caregiver, PLACE, **said).status_code == 400
    assert (mia(box).unwatched, mia(box).known_names_only) == (Unwatched.OPEN, KnownNames.OFF)


def test_what_is_in_the_way_is_said(caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence."""

    def locked(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(box, "change", locked)
    assert Locked("").sentence in told(caregiver, send(caregiver, PLACE, field="unwatched", value="closed"))


def test_it_is_for_caregivers_and_of_children(anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """Of adults there is nothing to hold."""
    assert anyone.get(PLACE).status_code == 303
    assert "/log-in" in send(anyone, PLACE, field="unwatched", value="closed").location
    for who in ("dana", "nobody"):
        assert caregiver.get(f"/child/{who}/coverage").status_code == 404
        assert send(caregiver, f"/child/{who}/coverage", field="unwatched", value="closed").status_code == 404


def test_each_way_to_stand_has_a_look_of_its_own() -> None:
    """An icon as well as a tone: colour never stands alone."""
    assert coverage.LOOKS.keys() == set(Holds)
    assert len({icon for _, icon in coverage.LOOKS.values()}) == len(Holds)
