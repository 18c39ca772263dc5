"""`coverage` prints what truly holds for a child, with what is to be done, and promises nothing while nothing runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.core.coverage import Topic
from appliance.world import clock
from appliance.world.snapshot import load_snapshot
from tests.commands.cli import answering, applied, fake_daemon, kindgate, status

GUARD = {"bus": 1, "mode": "gateway", "problem": None, "v6": {"mode": "off"}, "side_doors": []}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a house: Kim, a tablet, bedtime."""
    return applied(tmp_path / "data")


def digest_of(data: Path) -> str:
    """Return the digest of the house in force."""
    snapshot = load_snapshot(data).snapshot
    assert snapshot is not None
    return snapshot.digest


def test_without_daemons_nothing_holds(data: Path) -> None:
    """And the way to find out why is there."""
    result = kindgate("coverage", "Kim", data=data)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["Kim, 6-9", "  The box answers the questions for names. It sees no connection."]
    assert lines[2:5] == [
        "✗ Sites and apps: doesn't hold",
        "    The name server is not running.",
        "    → kindgate check tells what is wrong.",
    ]
    assert "- Minutes: left open" in lines
    assert lines[-1].startswith("  Mobile data, ")


def test_a_gateway_that_looks(data: Path) -> None:
    """It holds what it can see."""
    digest = digest_of(data)
    guard = {"status": GUARD | {"workers": [{"digest": digest}]}}
    with (
        fake_daemon(data, answering({"status": status(digest)})),
        fake_daemon(data, answering(guard), "guard"),
    ):
        told = json.loads(kindgate("coverage", "kim", "--json", data=data).stdout)
    assert (told["person"], told["way"]) == ("kim", "gateway")
    assert [one["topic"] for one in told["findings"]] == [topic.value for topic in Topic]
    stands: dict[str, Any] = {one["topic"]: (one["holds"], one["reason"]) for one in told["findings"]}
    assert stands["sites"] == ("yes", "sites_by_gateway")
    assert stands["cuts"] == ("yes", "cuts_by_gateway")
    assert stands["ipv6"] == ("yes", "ipv6_off")
    assert told["findings"][0] == {
        "topic": "sites",
        "holds": "yes",
        "reason": "sites_by_gateway",
        "what": "Closed sites are refused by name and by connection.",
        "mend": "",
    }
    assert [one["reason"] for one in told["notes"]] == ["unwatched_open", "neighbours", "elsewhere"]


@pytest.mark.parametrize(
    ("who", "said"),
    [("alex", "Alex is an adult: nothing is enforced"), ("mia", "there is no person 'mia'; known: kim, alex")],
)
def test_for_whom_nothing_can_be_told(data: Path, who: str, said: str) -> None:
    """Adults, and who is not there."""
    result = kindgate("coverage", who, data=data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


def test_a_box_without_a_house(tmp_path: Path) -> None:
    """There is nobody yet."""
    result = kindgate("coverage", "kim", data=tmp_path)
    assert result.exit_code == 1
    assert "known: nobody" in result.stderr


def test_a_damaged_house_is_told(data: Path) -> None:
    """With a warning."""
    (data / "house.json").write_text("{")
    assert "Warning: " in kindgate("coverage", "kim", data=data).stderr


def test_a_zone_that_this_machine_does_not_know(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so."""

    def unknown(name: str) -> object:
        raise clock.UnknownZone(f"no time zone {name!r} is known here")

    monkeypatch.setattr(clock, "zone", unknown)
    result = kindgate("coverage", "kim", data=data)
    assert result.exit_code == 1
    assert "no time zone" in result.stderr
