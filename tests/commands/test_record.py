"""`kindgate record`: names at home by the command line, and a nameserver that answers with them."""

import json
from pathlib import Path

import pytest

from appliance.core.house import House
from appliance.core.record import Record, RecordType
from appliance.household.changes import Household, Unpublished
from appliance.store.errors import Locked
from appliance.world import rules
from appliance.world.snapshot import load_snapshot
from tests.commands.cli import applied, fake_daemon, kindgate, status


def records(data: Path) -> list[tuple[str, str, str, int | None]]:
    """Return what is in force."""
    snapshot = load_snapshot(data).snapshot
    assert snapshot is not None
    return [(one.name, one.type.value, one.value, one.ttl_s) for one in snapshot.house.records]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["NAS.lan", "192.168.1.5"], ("nas.lan", "A", "192.168.1.5", None)),
        (["nas.lan", "FD00::5"], ("nas.lan", "AAAA", "fd00::5", None)),
        (["*.nas.lan", "nas.lan"], ("*.nas.lan", "CNAME", "nas.lan", None)),
        (["192.168.1.5", "nas.lan"], ("5.1.168.192.in-addr.arpa", "PTR", "nas.lan", None)),
        (["nas.lan", "in the cellar", "--type", "txt"], ("nas.lan", "TXT", "in the cellar", None)),
        (["_ipp._tcp.lan", "0 0 631 nas.lan", "--type", "SRV", "--ttl", "900"],
         ("_ipp._tcp.lan", "SRV", "0 0 631 nas.lan", 900)),
        (["site.example", "a"], ("site.example", "A", "A", None)),
        (["site.example", "AAAA"], ("site.example", "AAAA", "AAAA", None)),
        (["site.example", "site.example"], ("site.example", "CNAME", "site.example", None)),
    ],
)  # fmt: skip
def test_adding(tmp_path: Path, words: list[str], expected: tuple[str, str, str, int | None]) -> None:
    """The type by a look at what was typed; the first thing that is said on a box, too."""
    data = tmp_path / "data"
    result = kindgate("record", "add", *words, data=data)
    assert result.exit_code == 0, result.output
    assert "published; no nameserver is running" in result.output
    assert records(data) == [expected]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nas.lan", "192.168.1.5", "--type", "AAAA"], "'192.168.1.5' is not an address of IPv6"),
        (["n as.lan", "192.168.1.5"], "'n as.lan' is not a domain name"),
        (["nas.lan", "192.168.1.5", "--ttl", "-5"], ">= 0"),
        (["www.childline.org.uk", "192.168.1.5"], "childline.org.uk is protected"),
        (["kindgate.home", "192.168.1.5"], "kindgate.home is this box itself"),
        (["*.com", "192.168.1.5"], "*.com would be every site that ends in it"),
    ],
)
def test_what_can_not_be(tmp_path: Path, words: list[str], expected: str) -> None:
    """It is said why, and the house is as it was."""
    data = applied(tmp_path / "data")
    before = load_snapshot(data).snapshot
    result = kindgate("record", "add", *words, data=data)
    assert result.exit_code in (1, 2)
    assert expected in result.output
    assert load_snapshot(data).snapshot == before


def test_what_was_said_stands_in_the_changes(tmp_path: Path) -> None:
    """Who began it, and of which name."""
    data = applied(tmp_path / "data")
    assert kindgate("record", "add", "nas.lan", "192.168.1.5", data=data).exit_code == 0
    assert kindgate("record", "remove", "nas.lan", data=data).exit_code == 0
    household = Household(data, rules.load_rulebook())
    told = [(one.what.code, dict(one.what.args)) for one in household.store.audit(limit=2)]
    household.close()
    assert told == [("record_removed", {"name": "nas.lan"}), ("record_added", {"name": "nas.lan"})]


def test_listing(tmp_path: Path) -> None:
    """Records as they were said, then devices by their names."""
    data = tmp_path / "data"
    assert "No record and no device yet" in kindgate("record", "list", data=data).output
    applied(data)
    kindgate("record", "add", "nas.lan", "192.168.1.5", "--ttl", "300", data=data)
    kindgate("record", "add", "nas.lan", "fd00::5", data=data)
    assert kindgate("record", "list", data=data).output.splitlines() == [
        "nas.lan  A  192.168.1.5  300 s",
        "nas.lan  AAAA  fd00::5",
        "kims-tablet.lan  device tablet  fd77::10, 192.168.77.10",
        "tv.lan  device tv  where it is seen",
    ]
    told = json.loads(kindgate("record", "list", "--json", data=data).output)
    assert told["records"][0] == {"name": "nas.lan", "type": "A", "value": "192.168.1.5", "ttl_s": 300}
    assert told["devices"][1] == {"name": "tv.lan", "device": "tv", "addresses": []}


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["NAS.lan"], 1),
        (["nas.lan", "192.168.1.5"], 3),
        (["nas.lan", "FD00:0::5"], 3),
        (["nas.lan", "--type", "aaaa"], 3),
        (["192.168.1.9"], 3),
        (["nas.lan", "192.168.1.6"], None),
        (["nas.lan", "--type", "TXT"], None),
        (["other.lan"], None),
        (["no name"], None),
    ],
)
def test_removing(tmp_path: Path, words: list[str], left: int | None) -> None:
    """All of a name, or only some; what isn't there can't go."""
    data = applied(tmp_path / "data")
    for name, value in (
        ("nas.lan", "192.168.1.5"), ("nas.lan", "192.168.1.7"), ("nas.lan", "fd00::5"), ("192.168.1.9", "x.lan")
    ):  # fmt: skip
        assert kindgate("record", "add", name, value, data=data).exit_code == 0
    result = kindgate("record", "remove", *words, data=data)
    assert result.exit_code == (1 if left is None else 0), result.output
    assert len(records(data)) == (4 if left is None else left)
    assert ("there is no such record" in result.output) is (left is None)


def test_it_waits_until_it_is_in_force(tmp_path: Path) -> None:
    """Where a nameserver runs something else, that is said."""
    data = applied(tmp_path / "data")
    with fake_daemon(data, lambda _: status("another")):
        result = kindgate("record", "add", "nas.lan", "192.168.1.5", data=data)
    assert result.exit_code == 3
    assert "in force on 0 of 1 workers" in result.output


@pytest.mark.parametrize(
    ("error", "status_", "words"),
    [
        (Locked("house.db is locked"), 1, "not saved: house.db is locked"),
        (Unpublished("no room"), 3, "saved, but not in force until the disk takes it: no room"),
    ],
)
def test_what_stands_in_the_way_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, status_: int, words: str
) -> None:
    """Nothing is said to be saved that isn't."""
    data = applied(tmp_path / "data")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Household, "say", fail)
    result = kindgate("record", "add", "nas.lan", "192.168.1.5", data=data)
    assert (result.exit_code, words in result.output) == (status_, True)


def test_a_record_that_went_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, and the others stay."""
    data = applied(tmp_path / "data")
    kindgate("record", "add", "nas.lan", "192.168.1.5", data=data)
    gone = House(records=(Record(name="gone.lan", type=RecordType.A, value="192.168.1.5"),))
    monkeypatch.setattr("appliance.commands.record._house", lambda _: gone)
    result = kindgate("record", "remove", "gone.lan", data=data)
    assert result.exit_code == 1
    assert "there is no record gone.lan A 192.168.1.5" in result.output
    assert len(records(data)) == 1
