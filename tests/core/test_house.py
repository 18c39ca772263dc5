"""What caregivers may say: in normal form, checked one by one and as a whole, to and from JSON."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import house as said
from appliance.core.document import Document, DocumentError, to_yaml
from appliance.core.house import (
    BANDS,
    LETTERS,
    AlwaysOn,
    Blocking,
    BlockMode,
    Device,
    Do,
    Forwarder,
    Grant,
    House,
    HouseError,
    Person,
    PersonKind,
    Rule,
    Setting,
    from_json,
    normal_address,
    normal_mac,
    problems,
    to_json,
)
from appliance.core.names import BadName
from appliance.core.schedule import Window
from tests.core.builders import adult, child, device, grant, pause

MAC = "02:00:00:00:00:01"


@pytest.mark.parametrize("text", ["AA-BB-CC-00-11-22", " aa:bb:cc:00:11:22 ", "Aa:bB:cc:00:11:22"])
def test_a_mac_has_one_spelling(text: str) -> None:
    """Lower case, with colons."""
    assert normal_mac(text) == "aa:bb:cc:00:11:22"


@pytest.mark.parametrize("text", ["", "aa:bb:cc:00:11", "aa:bb:cc:00:11:22:33", "aabb.cc00.1122", "ga:bb:cc:00:11:22"])
def test_what_is_no_mac_is_refused(text: str) -> None:
    """Other lengths and other spellings."""
    with pytest.raises(ValueError, match="not a MAC"):
        normal_mac(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::1", "::1"),
    ],
)
def test_an_address_has_one_spelling(text: str, expected: str) -> None:
    """A mapped IPv4 address is an IPv4 address."""
    assert expected == normal_address(text)


@pytest.mark.parametrize("text", ["", "192.0.2", "192.0.2.1:53", "192.0.2.0/24", "example.com"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """Networks, ports and names are none."""
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        normal_address(text)


def test_values_come_in_normal_form() -> None:
    """Names, MACs, addresses and networks are brought to it when a value is made."""
    assert Rule(name="München.de.", do=Do.ALLOW).name == "xn--mnchen-3ya.de"
    assert AlwaysOn(names=("School.example.",)).names == ("school.example",)
    made = Device(id="a", macs=("AA-BB-CC-00-11-22",), addresses=("2001:DB8::1",))
    assert (made.macs, made.addresses) == (("aa:bb:cc:00:11:22",), ("2001:db8::1",))
    assert House(networks=("192.0.2.0/24", "2001:DB8::/32")).networks == ("192.0.2.0/24", "2001:db8::/32")
    assert (Blocking(address4="0.0.0.0").address4, Blocking(address6="0::0").address6) == ("0.0.0.0", "::")
    assert grant(name="Games.Example").name == "games.example"


REFUSED = [
    (lambda: Rule(name="not a name", do=Do.BLOCK), BadName, "not a domain name"),
    (lambda: AlwaysOn(names=("",)), BadName, "not a domain name"),
    (lambda: Person(id="a", name="A"), ValueError, "a child needs a band: one of 0-5, 6-9"),
    (lambda: Person(id="a", name="A", band="6-10"), ValueError, "a child needs a band"),
    (lambda: adult(band="16-17"), ValueError, "an adult has no band"),
    (lambda: adult(categories={"forum": Setting.BLOCK}), ValueError, "an adult has no band"),
    (lambda: adult(windows=(Window(name="N", start="20:00", end="21:00"),)), ValueError, "an adult has no band"),
    (lambda: adult(unknown_names=said.Mode.OPEN), ValueError, "an adult has no band"),
    (lambda: Device(id="a"), ValueError, "needs macs or addresses"),
    (lambda: Forwarder(id="a"), ValueError, "needs macs or addresses"),
    (lambda: Device(id="a", macs=("x",)), ValueError, "not a MAC"),
    (lambda: Device(id="a", addresses=("x",)), ValueError, "IPv4 or IPv6"),
    (lambda: Blocking(address4="::1"), ValueError, "::1 does not fit address4"),
    (lambda: Blocking(address6="192.0.2.1"), ValueError, "192.0.2.1 does not fit address6"),
    (lambda: Blocking(address4="x"), ValueError, "IPv4 or IPv6"),
    (lambda: Blocking(mode=BlockMode.ADDRESS), ValueError, "mode address needs address4 or address6"),
    (lambda: grant(name="a.example", category="forum"), ValueError, "a name, a category or time: one of them"),
    (lambda: grant(name="a b"), BadName, "not a domain name"),
    (lambda: House(version=2), ValueError, "version 2 is not known here"),
    (lambda: House(unknown_devices="open"), ValueError, "unknown_devices is one of 0-5"),
    (lambda: House(networks=("192.0.2.1/24",)), ValueError, "host bits"),
]


@pytest.mark.parametrize(("make", "error", "words"), REFUSED)
def test_a_wrong_value_is_never_made(make: Any, error: type[Exception], words: str) -> None:
    """What exists is right, so nobody need check it again."""
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("mode", [mode for mode in BlockMode if mode is not BlockMode.ADDRESS])
def test_only_the_mode_address_wants_one(mode: BlockMode) -> None:
    """The others answer without."""
    assert mode is Blocking(mode=mode).mode


@pytest.mark.parametrize("address", [{"address4": "192.0.2.1"}, {"address6": "::1"}])
def test_one_address_is_enough(address: dict[str, str]) -> None:
    """The other family gets none."""
    assert address == {key: getattr(Blocking(mode=BlockMode.ADDRESS, **address), key) for key in address}


def test_every_setting_has_a_letter() -> None:
    """A caregiver sets anything but H and P."""
    assert {"A", "T", "S", "S+T", "K", "B"} == {LETTERS[setting].value for setting in Setting}


def test_choices_for_unknown_devices() -> None:
    """The five bands, filtered and closed."""
    for choice in (*BANDS, "filtered", "closed"):
        assert choice == House(unknown_devices=choice).unknown_devices


FULL = House(
    time_zone="Europe/Berlin",
    country="DE",
    language="de",
    unknown_devices="closed",
    networks=("198.51.100.0/24",),
    blocking=Blocking(mode=BlockMode.ADDRESS, address4="192.0.2.9", address6="2001:db8::9"),
    forwarders=(Forwarder(id="router", macs=("02:00:00:00:00:fe",), addresses=("192.168.1.1",)),),
    persons=(
        child(
            categories={"forum": Setting.SAFE_TIMED},
            rules=(Rule(name="a.example", do=Do.BLOCK, until=datetime(2026, 1, 1, tzinfo=UTC)),),
            windows=(Window(name="Night", start="20:00", end="06:00"),),
            always_on=AlwaysOn(names=("school.example",), categories=("education",)),
        ),
        adult(),
    ),
    devices=(device(bedtime=True, name="Kim's phone"),),
    pauses=(pause(person="kim"), pause(device="thing"), pause()),
    grants=(grant(name="a.example"), grant(category="forum"), grant()),
)
CATEGORIES = {"forum", "education", "mental_health", "pornography"}
HARD = {("pornography", "6-9")}
PROTECTED = {("mental_health", "6-9")}


def test_a_house_survives_json() -> None:
    """All of it."""
    assert from_json(to_json(FULL)) == FULL


def test_a_house_survives_yaml() -> None:
    """All of it."""
    assert Document(to_yaml(FULL)).to(House) == FULL


def test_defaults_are_not_written() -> None:
    """What nobody said is not in the file."""
    assert to_json(House()) == b"{}"


WRONG_JSON = [
    b"",
    b"{",
    b"[]",
    b'{"version": 2}',
    b'{"verison": 1}',
    b'{"persons": [{"id": "a", "name": "A"}]}',
    b'{"persons": [{"id": "A", "name": "A", "band": "6-9"}]}',
    b'{"persons": [{"id": "a", "name": "", "band": "6-9"}]}',
    b'{"country": "de"}',
    b'{"language": "\xff"}',
    b'{"pauses": [{"said_at": "2026-01-01T00:00:00", "until": "2026-01-01T00:00:00Z"}]}',
    b'{"a": ' + b"[" * 5000,
]


@pytest.mark.parametrize("text", WRONG_JSON)
def test_json_that_is_no_house_is_refused(text: bytes) -> None:
    """By our own error, with words."""
    with pytest.raises(HouseError) as caught:
        from_json(text)
    assert str(caught.value)


@given(
    st.binary(max_size=60) | st.text(max_size=40).map(lambda text: f'{{"time_zone": {text}'.encode("utf-8", "replace"))
)
def test_octets_give_a_house_or_house_error(text: bytes) -> None:
    """Never anything else."""
    with contextlib.suppress(HouseError):
        assert isinstance(from_json(text), House)


def test_errors_name_the_line_of_the_thing() -> None:
    """A caregiver finds the device whose MAC is wrong."""
    with pytest.raises(DocumentError, match=r"^line 3: devices.#2: 'x' is not a MAC"):
        Document(f"devices:\n- {{id: a, macs: ['{MAC}']}}\n- {{id: b, macs: [x]}}\n").to(House)


@pytest.mark.parametrize("moment", ["2026-01-01", "2026-01-01T00:00:00", "22:00"])
def test_a_time_is_told_as_it_is_to_be_written(moment: str) -> None:
    """With seconds and an offset, and on which line it is not."""
    with pytest.raises(DocumentError, match=r"^line 3: pauses.#1.until: a time is written with seconds"):
        Document(f"pauses:\n- said_at: 2026-01-01T00:00:00Z\n  until: {moment}\n").to(House)


@pytest.mark.parametrize("name", ["", "a" * 81, "two\nlines", "a bell\x07", "a\u2028b"])
def test_what_a_person_is_called_is_one_line(name: str) -> None:
    """Not empty, not long, nothing that a page or a log would stumble over."""
    with pytest.raises(msgspec.ValidationError, match="name"):
        msgspec.convert({"id": "a", "name": name, "band": "6-9"}, Person)


def test_a_pause_has_one_target() -> None:
    """A person's device is paused by its own name."""
    with pytest.raises(ValueError, match="not both"):
        pause(person="kim", device="thing")


def test_a_whole_house_without_problems() -> None:
    """The example has none."""
    assert list(problems(FULL, CATEGORIES, HARD)) == []


PROBLEMS: list[tuple[dict[str, Any], tuple[Any, ...], str]] = [
    ({"devices": (device(person="nobody"),)}, ("devices", 0, "person"), "there is no person 'nobody'"),
    ({"pauses": (pause(), pause(person="nobody"))}, ("pauses", 1, "person"), "there is no person 'nobody'"),
    ({"pauses": (pause(device="nothing"),)}, ("pauses", 0, "device"), "there is no device 'nothing'"),
    ({"grants": (grant(person="nobody"),)}, ("grants", 0, "person"), "there is no person 'nobody'"),
    ({"grants": (grant(category="cats"),)}, ("grants", 0, "category"), "there is no category 'cats'"),
    (
        {"persons": (child(categories={"cats": Setting.ASK}),)},
        ("persons", 0, "categories", "cats"),
        "there is no category 'cats'",
    ),
    (
        {"persons": (child(categories={"pornography": Setting.ASK}),)},
        ("persons", 0, "categories", "pornography"),
        "pornography at 6-9 is lifted by two caregivers together, not by a setting",
    ),
    (
        {"persons": (child(categories={"mental_health": Setting.ALLOW}),)},
        ("persons", 0, "categories", "mental_health"),
        "mental_health at 6-9 is protected: no setting reaches it",
    ),
    (
        {"persons": (child(always_on=AlwaysOn(categories=("education", "cats"))),)},
        ("persons", 0, "always_on", "categories", 1),
        "there is no category 'cats'",
    ),
    ({"persons": (child(), child())}, ("persons", 1), "kim is used twice: here and by persons kim"),
    (
        {"devices": (device(), Device(id="other", macs=(MAC,)))},
        ("devices", 1),
        f"{MAC} is used twice: here and by devices thing",
    ),
    (
        {"forwarders": (Forwarder(id="thing", macs=(MAC,)),), "devices": (device(),)},
        ("devices", 0),
        f"{MAC} is used twice: here and by forwarders thing",
    ),
    (
        {"devices": (device(addresses=("192.0.2.1",)), Device(id="other", addresses=("::ffff:192.0.2.1",)))},
        ("devices", 1),
        "192.0.2.1 is used twice: here and by devices thing",
    ),
]


@pytest.mark.parametrize(("change", "place", "words"), PROBLEMS)
def test_a_problem_of_the_whole_has_a_place(change: dict[str, Any], place: tuple[Any, ...], words: str) -> None:
    """What refers to nothing, stands for two things, or says what one caregiver can't."""
    house = House(**({"persons": (child(),)} | change))
    assert [(place, words)] == list(problems(house, CATEGORIES, HARD, PROTECTED))


def test_what_is_hard_may_be_blocked_and_set_in_another_band() -> None:
    """Blocking an H category changes nothing, and what is H for the small is not for the tall."""
    persons = (
        child(categories={"pornography": Setting.BLOCK}),
        Person(id="lou", name="Lou", band="13-15", categories={"pornography": Setting.ASK}),
        Person(id="max", name="Max", kind=PersonKind.ADULT),
    )
    assert list(problems(House(persons=persons), CATEGORIES, HARD)) == []


def test_moments_have_an_offset() -> None:
    """Without one nobody knows when a pause ends."""
    with pytest.raises(msgspec.ValidationError, match="timezone"):
        msgspec.convert({"person": "a", "said_at": "2026-01-01T00:00:00", "until": "2026-01-01T00:00:00Z"}, Grant)
