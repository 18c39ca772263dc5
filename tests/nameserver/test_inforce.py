"""A house as a worker runs it."""

from ipaddress import ip_address

import pytest
from msgspec.structs import replace

from appliance.core.answers import Answers
from appliance.core.budget import NOT_COUNTED
from appliance.core.device import Device
from appliance.core.guesses import Guess, Memory, moved
from appliance.core.house import Classifier, House
from appliance.core.query import begin
from appliance.core.verdict import Step
from appliance.core.wire import dns
from appliance.nameserver.inforce import Maker
from appliance.world.clock import UnknownZone
from tests.core.builders import query
from tests.listed import list_set
from tests.nameserver.inside import Still, book, bundled, snapshot_of
from tests.nameserver.test_resolver import AT, HOUSE, KIM, OPEN

MAKER = Maker(book(), bundled(), Answers(1 << 20))


def test_a_house() -> None:
    """It is known by the snapshot's number and digest, and has the lists that it was made with."""
    snapshot, lists = snapshot_of(HOUSE, 7), list_set("ads.example")
    made = MAKER.make(snapshot, lists, NOT_COUNTED)
    assert (made.revision, made.digest, made.lists) == (7, snapshot.digest, lists)
    assert made.setting.policy.house == HOUSE
    assert made.registry.identify(KIM, (), lambda _: None).device == "tablet"


def test_a_box_without_a_house() -> None:
    """It has number 0, and runs the empty house."""
    made = MAKER.make(None, None, NOT_COUNTED)
    assert (made.revision, made.digest, made.lists) == (0, "", None)
    assert made.setting.policy.house == House()


def test_a_house_of_no_known_zone() -> None:
    """It can't be run."""
    with pytest.raises(UnknownZone):
        MAKER.make(snapshot_of(House(time_zone="Mars/Olympus")), None, NOT_COUNTED)


def test_a_house_behind_a_router_that_knows_names() -> None:
    """The domains that a server of its own is asked for go with every house."""
    maker = Maker(book(), bundled(), Answers(1 << 20), frozenset(("lan",)))
    assert maker.make(snapshot_of(HOUSE), None, NOT_COUNTED).setting.routed == {"lan"}
    assert MAKER.make(None, None, NOT_COUNTED).setting.routed == frozenset()


def test_a_house_whose_devices_move() -> None:
    """Where each is, the neighbour table tells at the moment of the question."""
    near = Still()
    house = House(devices=(Device(id="tablet", macs=("02:00:00:00:00:09",)),))
    maker = Maker(book(), bundled(), Answers(1 << 20), frozenset(), near)
    local = maker.make(snapshot_of(house), None, NOT_COUNTED).setting.local
    for address in ("192.168.1.9", "192.168.1.10"):
        near.learn(address, "02:00:00:00:00:09")
        found = local.answer("tablet.lan", dns.A)
        assert found is not None
        assert ip_address(address).packed in found.data


THRESHOLDS = {"gambling": {"6-9": 0.9, "10-12": 0.95}, "dating": {"6-9": 0.9}}


def test_a_house_without_the_classifier() -> None:
    """Nothing is remembered, and nobody asked."""
    setting = MAKER.make(snapshot_of(HOUSE), None, NOT_COUNTED).setting
    assert (setting.guessed, setting.thresholds) == (None, {})


def test_a_house_that_says_nothing_of_guesses() -> None:
    """The thresholds are the card's to the last digit, and every house shares the one memory."""
    memory = Memory(bytes(32))
    maker = Maker(book(), bundled(), Answers(1 << 20), guessed=memory, thresholds=THRESHOLDS)
    for snapshot in (None, snapshot_of(HOUSE)):
        setting = maker.make(snapshot, None, NOT_COUNTED).setting
        assert setting.thresholds == THRESHOLDS
        assert setting.guessed is memory


def test_answers_of_a_house_move_the_thresholds() -> None:
    """Of the category at every age; the next house begins with the card's again."""
    maker = Maker(book(), bundled(), Answers(1 << 20), guessed=Memory(bytes(32)), thresholds=THRESHOLDS)
    for steps in ({"gambling": 2}, {"gambling": -2, "dating": 1}):
        house = replace(HOUSE, classifier=Classifier(steps=steps))
        found = maker.make(snapshot_of(house), None, NOT_COUNTED).setting.thresholds
        assert found == moved(THRESHOLDS, steps)
        assert (found["gambling"]["10-12"] > 0.95) == (steps["gambling"] > 0)
        assert (found["dating"]["6-9"] > 0.9) == ("dating" in steps)
    assert maker.make(snapshot_of(HOUSE), None, NOT_COUNTED).setting.thresholds == THRESHOLDS


def test_answers_of_a_house_reach_its_children() -> None:
    """A name that was asked about is open once the family wants more certainty, and the other way round."""
    memory = Memory(bytes(32))
    memory.put("new-name.example", (Guess("gambling", 0.92),), AT)
    maker = Maker(book(), bundled(), Answers(1 << 20), guessed=memory, thresholds=THRESHOLDS)

    def step(by: int) -> Step:
        house = replace(OPEN, classifier=Classifier(steps={"gambling": by}))
        made = maker.make(snapshot_of(house), None, NOT_COUNTED)
        begun = begin(made.setting, made.setting.policy.by_person["kim"], query("new-name.example"), False, AT)
        assert begun.verdict is not None
        return begun.verdict.step

    assert [step(by) for by in (-1, 0, 1)] == [Step.CLASSIFIER, Step.CLASSIFIER, Step.DEFAULT]
