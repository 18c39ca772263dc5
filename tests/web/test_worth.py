"""appliance.web.worth: what is worth a caregiver's look."""

import pytest

from appliance.core.device import Forwarder
from appliance.core.house import House, Unknown
from appliance.core.verdict import Reason
from appliance.household.inforce import Daemon, InForce, Standing
from appliance.steward.labelling import BROKEN, DOWN
from appliance.store.errors import Locked
from appliance.store.found import FoundDevice, Sighting
from appliance.store.house import HouseStore
from appliance.web import lift_edits, worth
from appliance.web.box import Box
from appliance.world.snapshot import Loaded, load_snapshot
from appliance.world.state import Problem
from tests.web.conftest import AT, FOUND_MAC, HOUSE, OWNER, TABLET

WELL = InForce(
    7, (Daemon("nameserver", Standing.RUNS), Daemon("steward", Standing.RUNS), Daemon("finder", Standing.RUNS))
)


@pytest.fixture
def nothing_new(box: Box, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A box at which no device was found, and whose steward finds nothing wrong."""
    box.household.store.found.forget(FOUND_MAC)
    monkeypatch.setattr(Box, "ask_steward", lambda *_, **__: {"bus": 1, "problems": []})
    return box


def found(mac: str, at: float = AT, *addresses: str) -> FoundDevice:
    """Return a device that was seen for the first and the last time."""
    return FoundDevice(mac, addresses, None, False, at, at)


def test_what_waits_for_a_second_caregiver_is_told(nothing_new: Box) -> None:
    """With when it opens without one, and the way to agree or say no; what is open already is not."""

    def began(house: House) -> House:
        return lift_edits.lifted_alone(house, "mia", "gambling", OWNER, AT, None)

    nothing_new.change(OWNER, Reason("x"), began)
    (one,) = (one for one in worth.look(nothing_new, WELL, AT) if one.icon == "people")
    assert one.title == "Dana wants to lift Gambling for Mia"
    assert one.note == "It opens by itself tomorrow 05:53, at once if a second caregiver agrees"
    assert one.href == "/child/mia/closed"
    assert [one for one in worth.look(nothing_new, WELL, AT + 86_400) if one.icon == "people"] == []


def titles(box: Box, at: float, standing: InForce = WELL) -> list[str]:
    """Return what is worth a look."""
    return [one.title for one in worth.look(box, standing, at)]


def test_where_all_is_well_there_is_nothing(nothing_new: Box) -> None:
    """A quiet evening has no card of worries."""
    assert worth.look(nothing_new, WELL, nothing_new.now()) == []


def test_a_new_device_is_asked_about(box: Box) -> None:
    """By what it calls itself, with what happens to it until then and where to say whose it is."""
    told = worth.look(box, WELL, box.now())[-1]
    assert (told.title, told.href, told.action) == ("Galaxy-A52 is new here", f"/devices/found/{FOUND_MAC}", "Whose?")
    assert told.note.endswith("· open but for what harms everyone")


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Unknown.CLOSED.value, "nothing opens until you say whose it is"),
        ("6-9", "treated like a child of 6 to 9 until you say whose it is"),
    ],
)
def test_what_happens_to_a_new_device_is_the_choice_of_the_house(nothing_new: Box, choice: str, words: str) -> None:
    """The page doesn't promise what isn't so."""
    house = House(unknown_devices=choice)
    nothing_new.change(OWNER, Reason("house_set"), lambda _: house)
    nothing_new.household.store.found.saw([Sighting(FOUND_MAC)], AT)
    (told,) = worth.look(nothing_new, WELL, AT)
    assert (told.title, told.note) == ("A new device joined", f"04:53 · {words}")


def test_many_new_devices_are_three_and_the_rest(nothing_new: Box) -> None:
    """A house with forty bulbs still has a home page."""
    nothing_new.household.store.found.saw([Sighting(f"02:99:00:00:00:{one:02x}") for one in range(40)], AT)
    assert titles(nothing_new, AT) == ["A new device joined"] * 3 + ["And 37 more"]


def test_what_the_house_names_or_has_not_seen_lately_is_not_new() -> None:
    """By MAC and by address, routers too; a phone of last month's guest is gone."""
    router = Forwarder(id="router", macs=("02:77:00:00:00:01",))
    house = House(devices=HOUSE.devices, forwarders=(router,))
    seen = [
        found(TABLET.macs[0]),
        found("02:77:00:00:00:01"),
        found("02:99:00:00:00:01", AT, "192.168.77.11"),
        found("02:99:00:00:00:02", AT - worth.RECENT_S),
        found("02:99:00:00:00:03", AT - 5),
        found("02:99:00:00:00:04", AT - 2),
    ]
    assert [one.mac for one in worth.new_devices(house, seen, AT)] == ["02:99:00:00:00:04", "02:99:00:00:00:03"]


def test_a_daemon_that_does_not_run_is_told_and_how_grave_that_is(nothing_new: Box) -> None:
    """What answers names is graver than the rest; one that is merely behind is told by the mark on top."""
    standing = InForce(
        7,
        (
            Daemon("nameserver", Standing.SILENT),
            Daemon("steward", Standing.BEHIND),
            Daemon("finder", Standing.GONE),
        ),
    )
    told = worth.look(nothing_new, standing, AT)
    assert [(one.title, one.tone) for one in told] == [
        ("The name server doesn't answer", "stop"),
        ("The finder isn't running", "pause"),
    ]


def test_what_the_steward_finds_wrong_is_told(nothing_new: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words where the code is known, by the code where a later steward says more."""
    told = {"problems": [{"code": "disk_full", "args": {"free_bytes": 7}}, {"code": "comet_strike"}]}
    monkeypatch.setattr(Box, "ask_steward", lambda *_, **__: told)
    assert titles(nothing_new, AT) == ["The box's disk is full", "The box reports: comet strike"]


@pytest.mark.parametrize("answer", [None, {"problems": "many"}, {"problems": [{"args": {}}]}, {}])
def test_a_steward_that_says_nothing_sensible_is_no_problem(
    nothing_new: Box, monkeypatch: pytest.MonkeyPatch, answer: dict[str, object] | None
) -> None:
    """The page is shown all the same."""
    monkeypatch.setattr(Box, "ask_steward", lambda *_, **__: answer)
    assert worth.problems(nothing_new) == ()


@pytest.mark.parametrize("code", sorted(worth.PROBLEMS))
def test_each_known_problem_has_its_words(code: str) -> None:
    """What is so, and what that means."""
    title, note = worth.problem_words(Problem(code))
    assert title
    assert note.endswith((".", "?"))


def test_a_change_that_is_saved_and_not_published_is_told(nothing_new: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not lost, and not in force."""
    before = load_snapshot(nothing_new.data)
    nothing_new.change(OWNER, Reason("house_set"), lambda _: House(country="FR"))
    monkeypatch.setattr(worth, "load_snapshot", lambda _: before)
    assert titles(nothing_new, AT) == ["A change is saved, but not in force"]
    monkeypatch.setattr(worth, "load_snapshot", lambda _: Loaded(None))
    assert titles(nothing_new, AT) == ["A change is saved, but not in force"]


def test_a_store_that_can_not_be_read_is_told_once(nothing_new: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own sentence; nothing else is made up."""

    def fail(_: HouseStore) -> tuple[int, House]:
        raise Locked("house.db")

    monkeypatch.setattr(HouseStore, "current", fail)
    told = worth.look(nothing_new, WELL, AT)
    assert [one.note for one in told] == [Locked("").sentence]


def test_what_is_wrong_with_the_classifier_leads_to_its_page(nothing_new: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it stands what that means; all else leads to the house."""
    told = {"problems": [{"code": BROKEN, "args": {"why": "x"}}, {"code": DOWN}, {"code": "disk_full"}]}
    monkeypatch.setattr(Box, "ask_steward", lambda *_, **__: told)
    found = worth.look(nothing_new, WELL, AT)
    assert [one.href for one in found] == ["/house/new-sites", "/house/new-sites", "/house"]
    assert not any(one.title.startswith("The box reports") for one in found)
