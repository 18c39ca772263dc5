"""appliance.web.box: what pages look at and act on."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from msgspec.structs import replace

from appliance.core import policy
from appliance.core.house import EMPTY, House
from appliance.core.subscription import Subscription
from appliance.core.verdict import Action, Reason
from appliance.household.changes import NotValid
from appliance.household.inforce import DAEMONS, Standing
from appliance.household.lists import set_file
from appliance.store.errors import StoreError
from appliance.store.house import HouseStore
from appliance.web import box as module
from appliance.web.box import Box, Visitor
from appliance.world import clock
from appliance.world.neighbours import Neighbours
from appliance.world.snapshot import CURRENT, load_snapshot
from tests.commands.cli import answering, fake_daemon, status
from tests.web.conftest import AT, HOUSE, JONAS, LAPTOP, MIA, OWNER, TABLET
from tests.web.listed import subscribed

RENAMED = Reason.of("person_changed", person="mia")
STRANGER = "192.168.77.250"


def renamed(house: House) -> House:
    """Call Mia Mina."""
    persons = tuple(replace(one, name="Mina") if one.id == "mia" else one for one in house.persons)
    return replace(house, persons=persons)


@contextmanager
def daemons(data: Path, digest: str) -> Iterator[None]:
    """Run what says that it runs the house of a digest."""
    with ExitStack() as stack:
        for name in DAEMONS:
            told = status(digest) if name == "nameserver" else {"bus": 1, "digest": digest, "problem": None}
            stack.enter_context(fake_daemon(data, answering({"status": told}), name))
        yield


def test_a_new_box_has_an_empty_house(empty_box: Box) -> None:
    """Nothing was saved, nothing is in force, and looking makes no house."""
    assert empty_box.house() == EMPTY
    assert empty_box.in_force().revision == 0
    assert not (empty_box.data / CURRENT).exists()


def test_a_change_is_saved_published_and_seen(box: Box) -> None:
    """By the same box at once: in the house, in what decides, and in who is known."""
    before = box.policy()
    said = box.change(OWNER, RENAMED, renamed)
    assert said.entry is not None
    assert said.entry.who == OWNER
    snapshot = load_snapshot(box.data).snapshot
    assert snapshot is not None
    assert (snapshot.revision, snapshot.house) == (said.snapshot.revision, renamed(HOUSE))
    assert box.house() == renamed(HOUSE)
    assert box.policy() is not before
    assert (box.visitor(TABLET.addresses[0]).person or JONAS).name == "Mina"


def test_a_change_that_can_not_be_changes_nothing(box: Box) -> None:
    """Neither what is remembered nor what is published."""
    with pytest.raises(NotValid):
        box.change(OWNER, RENAMED, lambda house: replace(house, persons=(*house.persons, MIA)))
    snapshot = load_snapshot(box.data).snapshot
    assert snapshot is not None
    assert (box.house(), snapshot.house) == (HOUSE, HOUSE)


def test_a_page_waits_for_daemons_that_are_behind(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as it was told, and no longer; those that are gone are not waited for."""
    waited: list[float] = []
    monkeypatch.setattr(clock, "uptime", lambda: float(len(waited)))
    monkeypatch.setattr(clock, "pause", waited.append)
    monkeypatch.setattr(module, "SETTLE_S", 3.0)
    box.change(OWNER, RENAMED, renamed)
    assert waited == []
    with daemons(box.data, "another house"):
        box.change(OWNER, RENAMED, lambda _: HOUSE)
    assert len(waited) == 4


def test_in_force_is_what_the_daemons_say(box: Box) -> None:
    """Of the house as it was published: all run it, or none is there."""
    snapshot = load_snapshot(box.data).snapshot
    assert snapshot is not None
    with daemons(box.data, snapshot.digest):
        assert box.in_force().is_everywhere
    assert {one.standing for one in box.in_force().daemons} == {Standing.GONE}


def test_without_what_is_remembered_the_published_house_is_shown(box: Box) -> None:
    """A house.db that is none: pages still know who lives here and what is decided; a change says what is wrong."""
    box.close()
    for suffix in ("-wal", "-shm"):
        (box.data / (HouseStore.FILE + suffix)).unlink(missing_ok=True)
    (box.data / HouseStore.FILE).write_bytes(b"no database" * 1000)
    assert box.house() == HOUSE
    assert box.visitor(LAPTOP.addresses[0]) == Visitor(LAPTOP, JONAS)
    with pytest.raises(StoreError):
        box.change(OWNER, RENAMED, renamed)
    (box.data / CURRENT).unlink()
    assert box.house() == EMPTY


def test_what_is_remembered_is_opened_again(box: Box) -> None:
    """After it was closed, or could not be opened at first."""
    box.close()
    path, aside = box.data / HouseStore.FILE, box.data / "aside"
    path.rename(aside)
    path.mkdir()
    with pytest.raises(StoreError):
        _ = box.household
    path.rmdir()
    aside.rename(path)
    assert box.household.current() == HOUSE
    assert box.household is box.household


def test_a_house_that_another_process_saved_is_seen(box: Box) -> None:
    """`kindgate house apply` beside the dashboard: the next page shows it, and decides by it."""
    before = box.policy()
    with closing(Box(box.data, box.book, box._bundled, box.contract)) as beside:
        beside.change(OWNER, RENAMED, renamed)
    assert box.house() == renamed(HOUSE)
    assert box.policy() is not before


def test_what_is_compiled_is_kept(box: Box) -> None:
    """As long as the house is the same: compiling takes longer than a page should."""
    assert box.policy() is box.policy()


def test_it_decides_as_the_nameserver_does(box: Box) -> None:
    """By the bundled lists and the person's age."""
    compiled = box.policy()

    def decided(device: str, name: str) -> Action:
        return policy.decide(compiled, compiled.of_device(device), name, None, AT).action

    assert [decided(device, "discord.com") for device in ("tablet", "laptop")] == [Action.BLOCK, Action.ALLOW]
    assert decided("laptop", "malware.kindgate.test") is Action.BLOCK


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (TABLET.addresses[0], Visitor(TABLET, MIA)),
        (LAPTOP.addresses[0], Visitor(LAPTOP, JONAS)),
        (STRANGER, Visitor(None, None)),
    ],
)
def test_a_visitor_is_known_by_the_device(box: Box, address: str, expected: Visitor) -> None:
    """Whoever holds it; a device that nobody named is nobody's."""
    assert box.visitor(address) == expected


def test_a_visitor_is_known_by_the_mac(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the neighbour table as it is now, whatever address the device has today."""
    looked: list[str] = []
    monkeypatch.setattr(Neighbours, "refresh", lambda _: looked.append("refresh"))
    monkeypatch.setattr(Neighbours, "mac", lambda _, address: TABLET.macs[0] if address == STRANGER else None)
    assert box.visitor(STRANGER) == Visitor(TABLET, MIA)
    assert box.visitor("192.168.77.251") == Visitor(None, None)
    assert looked == ["refresh", "refresh"]


def test_a_device_may_be_nobodys(box: Box) -> None:
    """It is known, and no person with it."""
    nobodys = replace(TABLET, person=None)
    box.change(OWNER, RENAMED, lambda house: replace(house, devices=(nobodys, LAPTOP)))
    assert box.visitor(TABLET.addresses[0]) == Visitor(nobodys, None)


def test_times_are_the_houses(box: Box) -> None:
    """By the zone that was set."""
    assert f"{box.local_time(AT):%Y-%m-%d %H:%M %z}" == "2026-03-04 05:53 +0100"
    box.change(OWNER, Reason.of("house_set"), lambda house: replace(house, time_zone="America/New_York"))
    assert f"{box.local_time(AT):%Y-%m-%d %H:%M %z}" == "2026-03-03 23:53 -0500"


def test_a_zone_that_is_gone_is_utc(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A house of another machine may have a zone that this one doesn't know: pages must come all the same."""
    monkeypatch.setattr(Box, "house", lambda _: replace(HOUSE, time_zone="Moon/Crater"))
    assert f"{box.local_time(AT):%H:%M %z}" == "04:53 +0000"


def test_the_steward_answers_or_nothing_does(box: Box) -> None:
    """What it says is handed on with what was asked; a refusal and silence are None."""
    asked: list[dict[str, object]] = []

    def answer(request: dict[str, object]) -> object:
        asked.append(request)
        return {"bus": 1, "entries": []} if request["ask"] == "recent" else {"bus": 1, "error": "unknown request"}

    assert box.ask_steward("recent", person="mia", role="child") is None
    with fake_daemon(box.data, answer, "steward"):
        assert box.ask_steward("recent", person="mia", role="child") == {"bus": 1, "entries": []}
        assert box.ask_steward("counts") is None
    assert asked[0] == {"bus": 1, "ask": "recent", "person": "mia", "role": "child"}


def test_pages_find_the_box_of_their_app(app: Flask, box: Box) -> None:
    """Two dashboards in one process would not mix up their houses."""
    with app.app_context():
        assert module.box() is box


def test_lists_that_the_steward_built_decide(box: Box) -> None:
    """As soon as they lie there, and no longer than that."""
    fraud = Subscription(id="fraud", name="Fraud")
    assert box.lists() is None
    standing = subscribed(box, {fraud: "||fraud.example^\n"})
    lists = box.lists()
    assert lists is not None
    assert lists is box.lists()
    compiled = box.policy()
    verdict = policy.decide(compiled, compiled.by_person["mia"], "fraud.example", None, AT)
    assert dict(verdict.reason.args) == {"list": "fraud", "line": "1"}
    with fake_daemon(box.data, answering({"status": status("d") | {"lists": standing.digest}})):
        assert box.lists_in_force(standing.digest)
        assert not box.lists_in_force("another")
    assert not box.lists_in_force(standing.digest)
    set_file(box.data).unlink()
    assert box.lists() is None
    compiled = box.policy()
    assert not policy.decide(compiled, compiled.by_person["mia"], "fraud.example", None, AT).is_blocked


def test_a_question_that_was_seen(box: Box) -> None:
    """As the nameserver saw it; empty where it didn't come, None where nobody can tell."""
    seen = {"token": "abc", "device": "tablet"}
    for told, expected in ((seen, seen), (None, {})):
        with fake_daemon(box.data, answering({"sight": {"bus": 1, "sight": told}})):
            assert box.sight("abc") == expected
    assert box.sight("abc") is None
