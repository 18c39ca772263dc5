"""What a caregiver does to a house: one thing changes, the others stay, and no edit makes a house that is none."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from appliance.core.device import Device, DeviceKind, Forwarder
from appliance.core.house import House, from_json, problems, to_json
from appliance.core.person import BANDS, Do, Mode, Person, PersonKind, Rule, Setting
from appliance.core.schedule import Window
from appliance.core.word import Grant, Pause
from appliance.web import edits
from appliance.web.ids import new_id
from appliance.world.rules import load_rulebook

AT = 1_772_600_000.0
BOOK = load_rulebook()
UNTOUCHABLE = BOOK.hard | BOOK.protected


def moment(at: float) -> datetime:
    """Return a time as a house holds it."""
    return datetime.fromtimestamp(at, UTC)


MIA = Person(id="mia", name="Mia", band="6-9")
JONAS = Person(id="jonas", name="Jonas", band="13-15")
DANA = Person(id="dana", name="Dana", kind=PersonKind.ADULT)
TABLET = Device(id="tablet", person="mia", macs=("02:00:00:00:00:01",), addresses=("192.0.2.1",))
TV = Device(id="tv", kind=DeviceKind.TV, macs=("02:00:00:00:00:02",))
WORK = Device(id="work", kind=DeviceKind.MANAGED, macs=("02:00:00:00:00:03",))
OWN = Device(id="own", kind=DeviceKind.ADULT, macs=("02:00:00:00:00:04",))
HOUSE = House(persons=(MIA, JONAS, DANA), devices=(TABLET, TV, WORK, OWN))


def pause(person: str | None = None, device: str | None = None, *, until: float = AT + 60, at: float = AT) -> Pause:
    """Return a pause."""
    return Pause(said_at=moment(at), until=moment(until), person=person, device=device)


def grant(person: str, *, until: float = AT + 60, **more: Any) -> Grant:
    """Return a grant."""
    return Grant(said_at=moment(AT), until=moment(until), person=person, **more)


def test_a_person_is_added_at_the_end() -> None:
    """All else stays."""
    zoe = Person(id="zoe", name="Zoë", band="0-5")
    assert replace(HOUSE, persons=(*HOUSE.persons, zoe)) == edits.with_child(HOUSE, zoe)


def test_another_band_ends_settings_that_nobody_may_make_there() -> None:
    """At 6-9 gambling is closed by two caregivers; a setting from 13 on would not be a house."""
    jonas = replace(JONAS, categories={"gambling": Setting.ASK, "forum": Setting.BLOCK})
    house = replace(HOUSE, persons=(MIA, jonas))
    found = edits.changed_person(house, "jonas", "Jon", "6-9", UNTOUCHABLE)
    assert found.persons[1] == replace(JONAS, name="Jon", band="6-9", categories={"forum": Setting.BLOCK})


def test_an_adult_gets_another_name_and_no_band() -> None:
    """Whatever the form said."""
    assert replace(DANA, name="D.") == edits.changed_person(HOUSE, "dana", "D.", "6-9", UNTOUCHABLE).persons[2]


def test_a_person_who_goes_leaves_nothing_but_devices() -> None:
    """They are nobody's then; pauses and grants of others stay."""
    house = replace(HOUSE, pauses=(pause("mia"), pause("jonas"), pause()), grants=(grant("mia"), grant("jonas")))
    found = edits.without_person(house, "mia")
    assert tuple(one.id for one in found.persons) == ("jonas", "dana")
    assert found.devices[0] == replace(TABLET, person=None)
    assert found.pauses == (pause("jonas"), pause())
    assert found.grants == (grant("jonas"),)


def test_a_new_rule_takes_the_place_of_the_old_one_of_that_name() -> None:
    """Block after allow, with another end; rules for other names stay."""
    house = edits.with_rule(HOUSE, "mia", Rule(name="a.example", do=Do.ALLOW))
    house = edits.with_rule(house, "mia", Rule(name="b.example", do=Do.BLOCK))
    last = Rule(name="A.example.", do=Do.BLOCK, until=moment(AT + 60))
    house = edits.with_rule(house, "mia", last)
    assert (Rule(name="b.example", do=Do.BLOCK), last) == house.persons[0].rules
    assert edits.without_rule(house, "mia", "a.example").persons[0].rules == (Rule(name="b.example", do=Do.BLOCK),)


def test_a_category_is_set_and_given_back_to_the_age() -> None:
    """The others stay."""
    house = edits.with_setting(HOUSE, "mia", "forum", Setting.ASK)
    house = edits.with_setting(house, "mia", "music", Setting.BLOCK)
    house = edits.with_setting(house, "mia", "forum", Setting.BLOCK)
    assert house.persons[0].categories == {"music": Setting.BLOCK, "forum": Setting.BLOCK}
    assert edits.without_setting(house, "mia", "forum").persons[0].categories == {"music": Setting.BLOCK}


def test_what_is_said_of_all_else_stands_in_the_place_of_the_word_for_unknown_names() -> None:
    """Or the tap would change nothing."""
    house = replace(HOUSE, persons=(replace(MIA, unknown_names=Mode.ASK),))
    assert edits.with_setting(house, "mia", "unclassified", Setting.ALLOW).persons[0].unknown_names is None
    assert edits.with_setting(house, "mia", "forum", Setting.ALLOW).persons[0].unknown_names is Mode.ASK


def test_a_childs_windows_are_put_in_place_of_the_old() -> None:
    """As they are given."""
    night = Window(name="Bedtime", start="20:00", end="06:00")
    assert edits.with_windows(HOUSE, "mia", [night]).persons[0].windows == (night,)


def test_a_pause_takes_the_place_of_one_of_the_same_only() -> None:
    """Not of another person's, a device's or the house's."""
    house = replace(HOUSE, pauses=(pause("mia"), pause("jonas"), pause(device="tv"), pause()))
    found = edits.paused(house, "mia", AT + 1, AT + 900)
    assert found.pauses == (pause("jonas"), pause(device="tv"), pause(), pause("mia", at=AT + 1, until=AT + 900))
    found = edits.paused(house, None, AT + 1, AT + 900)
    assert found.pauses == (pause("mia"), pause("jonas"), pause(device="tv"), pause(at=AT + 1, until=AT + 900))


def test_a_person_resumes_with_all_its_devices() -> None:
    """Others stay paused."""
    house = replace(HOUSE, pauses=(pause("mia"), pause("jonas"), pause(device="tablet")))
    assert edits.resumed(house, "mia", AT).pauses == (pause("jonas"),)


def test_one_child_resumes_out_of_a_pause_of_the_house() -> None:
    """The others and nobody's devices stay paused as long; what the pause did not reach is not paused now either."""
    house = replace(HOUSE, pauses=(pause(),))
    assert edits.resumed(house, "mia", AT + 1).pauses == (pause("jonas"), pause(device="tv"))


def test_all_resume_from_the_pause_of_the_house_and_from_single_ones_only_where_there_is_none() -> None:
    """A child that was paused alone stays so when dinner is over."""
    house = replace(HOUSE, pauses=(pause("mia"), pause()))
    once = edits.resumed(house, None, AT)
    assert once.pauses == (pause("mia"),)
    assert edits.resumed(once, None, AT).pauses == ()


def test_opening_takes_the_place_of_a_grant_of_everything_only() -> None:
    """A pass for a name runs on."""
    house = replace(HOUSE, grants=(grant("mia"), grant("mia", name="a.example"), grant("jonas")))
    found = edits.opened(house, "mia", AT, AT + 900)
    assert found.grants == (grant("mia", name="a.example"), grant("jonas"), grant("mia", until=AT + 900, time=True))


def test_only_what_ended_is_cleaned_and_of_one_child_only_its_own() -> None:
    """Or the change of one would be told to the others."""
    over, on = Rule(name="a.example", do=Do.BLOCK, until=moment(AT)), Rule(name="b.example", do=Do.BLOCK)
    persons = (replace(MIA, rules=(over, on)), replace(JONAS, rules=(over, on)))
    ended = (pause("mia", until=AT), pause("jonas", until=AT), pause(until=AT))
    grants = (grant("mia", until=AT), grant("jonas", until=AT), grant("mia"))
    house = replace(HOUSE, persons=persons, pauses=(*ended, pause("mia")), grants=grants)
    found = edits.cleaned(house, AT, "mia")
    assert found.persons == (replace(MIA, rules=(on,)), persons[1])
    assert found.pauses == (ended[1], ended[2], pause("mia"))
    assert found.grants == (grants[1], grants[2])
    found = edits.cleaned(house, AT)
    assert [person.rules for person in found.persons] == [(on,), (on,)]
    assert (found.pauses, found.grants) == ((pause("mia"),), (grants[2],))


def test_a_device_is_added() -> None:
    """At the end."""
    new = Device(id="new-2", macs=("02:00:00:00:00:09",))
    assert edits.with_device(HOUSE, new).devices == (*HOUSE.devices, new)


@pytest.mark.parametrize("known", [{"macs": TABLET.macs}, {"addresses": TABLET.addresses}])
def test_what_another_device_is_known_by_is_not_taken_unasked(known: dict[str, Any]) -> None:
    """The error says whose it is."""
    with pytest.raises(edits.Taken) as caught:
        edits.with_device(HOUSE, Device(id="thief", **known))
    assert caught.value.holder == "tablet"


def test_what_is_taken_moves() -> None:
    """The other device keeps what is left to it."""
    thief = Device(id="thief", macs=TABLET.macs)
    found = edits.with_device(HOUSE, thief, take=True).devices
    assert (replace(TABLET, macs=()), thief) == (found[0], found[-1])


def test_a_device_that_is_left_without_an_address_goes_with_its_pauses() -> None:
    """It could never be met again."""
    house = replace(HOUSE, pauses=(pause(device="tv"), pause("mia")))
    found = edits.changed_device(house, replace(TABLET, macs=(*TABLET.macs, *TV.macs)), take=True)
    assert [one.id for one in found.devices] == ["tablet", "work", "own"]
    assert found.pauses == (pause("mia"),)


def test_a_routers_address_is_never_taken() -> None:
    """All that it forwards would be one device's."""
    house = replace(HOUSE, forwarders=(Forwarder(id="router", addresses=("192.0.2.254",)),))
    with pytest.raises(edits.Taken) as caught:
        edits.with_device(house, Device(id="thief", addresses=("192.0.2.254",)), take=True)
    assert caught.value.holder is None


def test_a_device_is_changed_in_its_place_and_taken_out_with_its_pauses() -> None:
    """The others stay as they are."""
    renamed = replace(TV, name="Big TV")
    assert edits.changed_device(HOUSE, renamed).devices == (TABLET, renamed, WORK, OWN)
    house = replace(HOUSE, pauses=(pause(device="tv"), pause()))
    found = edits.without_device(house, "tv")
    assert (found.devices, found.pauses) == ((TABLET, WORK, OWN), (pause(),))


MISSING: list[tuple[Callable[[], House], type[edits.EditError]]] = [
    (lambda: edits.changed_person(HOUSE, "x", "X", "6-9", ()), edits.NoSuchPerson),
    (lambda: edits.without_person(HOUSE, "x"), edits.NoSuchPerson),
    (lambda: edits.with_rule(HOUSE, "x", Rule(name="a.example", do=Do.ALLOW)), edits.NoSuchPerson),
    (lambda: edits.without_rule(HOUSE, "x", "a.example"), edits.NoSuchPerson),
    (lambda: edits.with_setting(HOUSE, "x", "forum", Setting.ASK), edits.NoSuchPerson),
    (lambda: edits.without_setting(HOUSE, "x", "forum"), edits.NoSuchPerson),
    (lambda: edits.with_windows(HOUSE, "x", ()), edits.NoSuchPerson),
    (lambda: edits.paused(HOUSE, "x", AT, AT + 1), edits.NoSuchPerson),
    (lambda: edits.resumed(HOUSE, "x", AT), edits.NoSuchPerson),
    (lambda: edits.opened(HOUSE, "x", AT, AT + 1), edits.NoSuchPerson),
    (lambda: edits.changed_device(HOUSE, replace(TV, id="x")), edits.NoSuchDevice),
    (lambda: edits.without_device(HOUSE, "x"), edits.NoSuchDevice),
]


@pytest.mark.parametrize(("edit", "error"), MISSING)
def test_who_and_what_is_gone_is_said(edit: Callable[[], House], error: type[edits.EditError]) -> None:
    """Somebody else may have taken it out while the form was open."""
    with pytest.raises(error):
        edit()


def _fresh(house: House) -> str:
    return new_id("fresh", [one.id for one in house.devices], "device")


MACS = st.integers(1, 6).map(lambda number: f"02:00:00:00:00:{number:02d}")
NAMES = st.sampled_from(("a.example", "b.example", "www.b.example"))
TIMES = st.floats(AT - 100, AT + 100)
PERSONS = st.sampled_from(("mia", "jonas", "dana", "gone"))
DEVICES = st.sampled_from(("tablet", "tv", "work", "own", "gone"))
DEVICE = st.builds(
    lambda id_, macs, person, kind: Device(id=id_, macs=tuple(macs), person=person, kind=kind),
    st.sampled_from(("tablet", "tv", "fresh")), st.sets(MACS, min_size=1, max_size=3),
    st.sampled_from(("mia", None)), st.sampled_from(DeviceKind),
)  # fmt: skip
RULES = st.builds(lambda name, do, at: Rule(name=name, do=do, until=moment(at)), NAMES, st.sampled_from(Do), TIMES)
EDITS = st.one_of(
    st.builds(
        lambda who, band: lambda h: edits.changed_person(h, who, "N", band, UNTOUCHABLE),
        PERSONS, st.sampled_from(BANDS),
    ),
    st.builds(lambda who: lambda h: edits.without_person(h, who), PERSONS),
    st.builds(lambda who, rule: lambda h: edits.with_rule(h, who, rule), PERSONS, RULES),
    st.builds(lambda who, name: lambda h: edits.without_rule(h, who, name), PERSONS, NAMES),
    st.builds(lambda who, at: lambda h: edits.paused(h, who, at, at + 60), st.none() | PERSONS, TIMES),
    st.builds(lambda who, at: lambda h: edits.resumed(h, who, at), st.none() | PERSONS, TIMES),
    st.builds(lambda who, at: lambda h: edits.opened(h, who, at, at + 60), PERSONS, TIMES),
    st.builds(lambda at: lambda h: edits.cleaned(h, at), TIMES),
    st.builds(
        lambda one, take: lambda h: edits.with_device(h, replace(one, id=_fresh(h)), take=take), DEVICE, st.booleans()
    ),
    st.builds(lambda one, take: lambda h: edits.changed_device(h, one, take=take), DEVICE, st.booleans()),
    st.builds(lambda id_: lambda h: edits.without_device(h, id_), DEVICES),
    st.builds(lambda setting: lambda h: edits.with_setting(h, "mia", "forum", setting), st.sampled_from(Setting)),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(EDITS, max_size=12))
def test_no_row_of_edits_makes_a_house_that_is_none(row: list[Callable[[House], House]]) -> None:
    """Each is refused, or what it leaves is valid as a whole and reads back as it was written."""
    house = HOUSE
    for edit in row:
        with contextlib.suppress(edits.EditError):
            house = edit(house)
    assert list(problems(house, BOOK.known)) == []
    assert house == from_json(to_json(house))
