"""`kindgate access`: who is answered, by the command line."""

import json
from pathlib import Path

import pytest

from appliance.core.access import Access
from appliance.household.changes import Household, Unpublished
from appliance.store.errors import Locked
from appliance.world.snapshot import load_snapshot
from tests.commands.cli import kindgate

KIM = "02:00:00:00:00:01"


def told(data: Path) -> Access:
    """Return what is in force."""
    snapshot = load_snapshot(data).snapshot
    assert snapshot is not None
    return snapshot.house.access


def test_clients_are_allowed_blocked_and_neither(tmp_path: Path) -> None:
    """In any spelling; the list says all of them."""
    data = tmp_path / "data"
    for words in (("block", "02-00-00-00-00-01"), ("block", "10.0.0.9/8"), ("allow", "fd00::7")):
        result = kindgate("access", *words, data=data)
        assert result.exit_code == 0, result.output
        assert "published; no nameserver is running" in result.output
    assert told(data) == Access(allowed=("fd00::7",), blocked=(KIM, "10.0.0.0/8"))
    assert kindgate("access", "list", data=data).output.splitlines() == [
        "allowed  fd00::7", f"blocked  {KIM}", "blocked  10.0.0.0/8",
    ]  # fmt: skip
    assert kindgate("access", "remove", "FD00::7", data=data).exit_code == 0
    said = json.loads(kindgate("access", "list", "--json", data=data).stdout)
    assert said == {"allowed": [], "blocked": [KIM, "10.0.0.0/8"]}
    assert "All other clients" in kindgate("access", "list", data=data).output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("block", "kim"), "'kim' is no address, no network"),
        (("block", "127.0.0.0/8"), "is the box itself"),
        (("remove", "10.0.0.1"), "neither allowed nor blocked"),
    ],
)
def test_what_can_not_be(tmp_path: Path, words: tuple[str, str], expected: str) -> None:
    """It is said why, and the house is as it was."""
    result = kindgate("access", *words, data=tmp_path / "data")
    assert result.exit_code != 0
    assert expected in result.output


@pytest.mark.parametrize(("error", "words", "status"), [(Locked("x"), "not saved", 1), (Unpublished("x"), "saved", 3)])
def test_a_disk_that_does_not_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str, status: int
) -> None:
    """It is said what became of it."""

    def say(*_: object) -> None:
        raise error

    monkeypatch.setattr(Household, "say", say)
    result = kindgate("access", "block", KIM, data=tmp_path / "data")
    assert (result.exit_code, words in result.output) == (status, True)
