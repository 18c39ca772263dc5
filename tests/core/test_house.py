"""What caregivers may say: in normal form, checked one by one and as a whole, to and from JSON."""

import contextlib
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import house as houses
from appliance.core import rulebook
from appliance.core.budget import Budget
from appliance.core.device import Device, DeviceKind, Forwarder
from appliance.core.document import Document, DocumentError, to_yaml
from appliance.core.house import (
    MOST_STEPS,
    Blocking,
    BlockMode,
    Classifier,
    Doubted,
    House,
    HouseError,
    OwnService,
    from_json,
    problems,
    to_json,
    with_own,
)
from appliance.core.lists.rule import Syntax
from appliance.core.names import BadName
from appliance.core.person import BANDS, Do, Known, KnownNames, Level, Rule, Setting, Unwatched
from appliance.core.said import Things
from appliance.core.schedule import DateException, Day, Routine, Window
from appliance.core.subscription import ListKind, Subscription
from tests.core.builders import adult, child, device, grant, lifted, pause

MAC = "02:00:00:00:00:01"


def test_values_come_in_normal_form() -> None:
    """Names, addresses and networks are brought to it when a value is made."""
    assert OwnService(id="chess", name="Chess", domains=("Chess.Example.",)).domains == ("chess.example",)
    assert House(networks=("192.0.2.0/24", "2001:DB8::/32")).networks == ("192.0.2.0/24", "2001:db8::/32")
    assert House(private_names=("Plex.Direct.",)).private_names == ("plex.direct",)
    assert (Blocking(address4="0.0.0.0").address4, Blocking(address6="0::0").address6) == ("0.0.0.0", "::")


REFUSED = [
    (lambda: Blocking(address4="::1"), ValueError, "::1 does not fit address4"),
    (lambda: Blocking(address6="192.0.2.1"), ValueError, "192.0.2.1 does not fit address6"),
    (lambda: Blocking(address4="x"), ValueError, "IPv4 or IPv6"),
    (lambda: Blocking(mode=BlockMode.ADDRESS), ValueError, "mode address needs address4 or address6"),
    (lambda: OwnService(id="a", name="A", domains=()), ValueError, "needs a name that it is known by"),
    (lambda: OwnService(id="a", name="A", domains=("a b",)), BadName, "not a domain name"),
    (lambda: House(day_starts="24:00"), ValueError, "a day starts at 00:00, not at 24:00"),
    (lambda: House(day_starts="3.30"), ValueError, "'3.30' is not a time of day"),
    (lambda: House(version=2), ValueError, "version 2 is not known here"),
    (lambda: House(unknown_devices="open"), ValueError, "unknown_devices is one of 0-5"),
    (lambda: House(networks=("192.0.2.1/24",)), ValueError, "host bits"),
    (lambda: House(private_names=("*.example.com",)), BadName, "not a domain name"),
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


def test_choices_for_unknown_devices() -> None:
    """The five bands, filtered and closed."""
    for choice in (*BANDS, "filtered", "closed"):
        assert choice == House(unknown_devices=choice).unknown_devices


FULL = House(
    time_zone="Europe/Berlin",
    country="DE",
    language="de",
    day_starts="04:00",
    unknown_devices="closed",
    doubted_clock=Doubted.CLOSED,
    networks=("198.51.100.0/24",),
    private_names=("plex.direct",),
    blocking=Blocking(mode=BlockMode.ADDRESS, address4="192.0.2.9", address6="2001:db8::9"),
    classifier=Classifier(on=False, steps={"pornography": MOST_STEPS, "forum": -MOST_STEPS}),
    forwarders=(Forwarder(id="router", macs=("02:00:00:00:00:fe",), addresses=("192.168.1.1",)),),
    services=(OwnService(id="chess", name="Chess", domains=("chess.example",), group="video", category="forum"),),
    persons=(
        child(
            categories={"forum": Setting.SAFE_TIMED},
            services={"chess": Setting.TIMED},
            groups={"video": Setting.ASK},
            safe_search={"seek": Level.STRICT},
            rules=(Rule(name="a.example", do=Do.BLOCK, until=datetime(2026, 1, 1, tzinfo=UTC)),),
            windows=(
                Window(name="Night", start="20:00", end="06:00", routine=Routine.BEDTIME),
                Window(
                    name="School",
                    start="08:00",
                    end="13:00",
                    days=(Day.MON,),
                    internet=True,
                    block=Things(groups=("video",)),
                    allow=Things(names=("school.example",)),
                    safe_search=True,
                    uncounted=True,
                    slow=True,
                ),
            ),
            exceptions=(
                DateException(
                    name="Holiday",
                    first=date(2026, 7, 1),
                    last=date(2026, 8, 31),
                    instead_of=("School",),
                    windows=(Window(name="Late", start="22:00", end="08:00"),),
                ),
            ),
            budgets=(Budget(minutes=60, days={Day.SAT: 90}, week=400, carry_over=10, slow=True),),
            uncounted=Things(services=("chess",)),
            always_on=Things(names=("school.example",), categories=("education",)),
            grace_minutes=10,
            unwatched=Unwatched.CLOSED,
            known_names_only=KnownNames.WATCH,
            risky_names=False,
        ),
        adult(),
    ),
    devices=(
        device(bedtime=True, name="Kim's phone"),
        Device(id="doll", kind=DeviceKind.IOT, macs=("02:00:00:00:00:0a",), only=("maker.example",)),
        Device(id="lamp", kind=DeviceKind.IOT, macs=("02:00:00:00:00:0b",), only=()),
    ),
    pauses=(pause(person="kim"), pause(device="thing"), pause()),
    grants=(
        grant(name="a.example"),
        grant(service="chess"),
        grant(group="video"),
        grant(category="forum"),
        grant(time=True, grace=True),
        grant(minutes=-10, budget="service:chess"),
        grant(),
    ),
    lifted=(lifted(), lifted(name="bad.example", by=("Dana",))),
    lists=(
        Subscription(
            id="ads",
            name="Advertisements",
            url="https://lists.example/ads.txt",
            persons=("kim", "alex"),
            syntax=Syntax.ADBLOCK,
            subdomains=False,
            redirects=True,
            wide=True,
            on=False,
        ),
        Subscription(id="boards", name="Boards", url="file:boards.txt", kind=ListKind.ALLOW, category="forum"),
        Subscription(id="own", name="Copied in"),
    ),
)
KNOWN = Known(
    categories={"forum", "education", "mental_health", "pornography", "csam", "malware_phishing"},
    services={"tube": "video_sharing"},
    groups={"video"},
    engines={"seek": (Level.OFF, Level.STRICT, Level.BLOCK)},
    hard={("pornography", "6-9"), ("csam", "6-9"), ("malware_phishing", "6-9")},
    protected={("mental_health", "6-9")},
    unfed={"mental_health", "csam"},
)
URL = "https://lists.example/ads.txt"


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
    b'{"classifier": {"steps": {"forum": 5}}}',
    b'{"classifier": {"steps": {"forum": -5}}}',
    b'{"classifier": {"steps": {"forum": 0.5}}}',
    b'{"classifier": {"steps": {"No id": 1}}}',
    b'{"classifier": {"on": 1}}',
    b'{"classifier": {"off": true}}',
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


@pytest.mark.parametrize("day", ["2026-7-1", "1.7.2026", "2026-02-30", "2026-07-01T00:00:00Z", "tonight"])
def test_a_date_is_told_as_it_is_to_be_written(day: str) -> None:
    """Year, month and day, and on which line it is not; one that is right needs no quotes."""
    person = "persons:\n- id: kim\n  name: Kim\n  band: 6-9\n"
    text = f"{person}  exceptions:\n  - name: A\n    first: 2026-07-01\n    last: {{}}\n"
    with pytest.raises(
        DocumentError, match=r"^line 8: persons.#1.exceptions.#1.last: a date is written as in 2026-12-"
    ):
        Document(text.format(day)).to(House)
    (told,) = Document(text.format("2026-07-31")).to(House).persons[0].exceptions
    assert (told.first, told.last) == (date(2026, 7, 1), date(2026, 7, 31))


@pytest.mark.parametrize(
    ("said", "line", "words"),
    [
        ("exceptions: [{name: A, first: 2026-07-02, last: 2026-07-01}]", 5, "the last day 2026-07-01 is before"),
        ("budgets:\n  - {minutes: 10}\n  - {what: youtube, minutes: 5}", 7, "'youtube' is not everything"),
        ("budgets:\n  - minutes: 10\n    days:\n      sat: 2000", 8, "<= 1440"),
        ("windows:\n  - name: A\n    start: 20:00\n    end: 25:00", 6, "'25:00' is not a time of day"),
        ("windows:\n  - name: A\n    start: 20:00\n    end: 21:00\n    routine: party", 9, "'party'"),
        ("grace_minutes: 31", 5, "<= 30"),
        ("safe_search:\n    seek: on", 6, "'on'"),
        ("risky_names: maybe", 5, "risky_names: expected `bool"),
    ],
)
def test_errors_of_times_name_a_line(said: str, line: int, words: str) -> None:
    """The line of the value, or of the thing that it makes wrong."""
    with pytest.raises(DocumentError, match=f"^line {line}: persons.#1.*{words}"):
        Document(f"persons:\n- id: kim\n  name: Kim\n  band: 6-9\n  {said}\n").to(House)


@pytest.mark.parametrize(("steps", "bound"), [(MOST_STEPS + 1, "<= 4"), (-MOST_STEPS - 1, ">= -4")])
def test_answers_to_guesses_are_bounded(steps: int, bound: str) -> None:
    """As far as they may move a threshold, and no further."""
    text = "classifier:\n  on: true\n  steps:\n    forum: {}\n"
    with pytest.raises(DocumentError, match=rf"^line [34]: classifier.steps.*{bound}"):
        Document(text.format(steps)).to(House)
    within = steps - 1 if steps > 0 else steps + 1
    assert Document(text.format(within)).to(House).classifier == Classifier(steps={"forum": within})


def test_the_classifier_is_on_by_itself() -> None:
    """And two houses share no steps."""
    assert House().classifier == Classifier(on=True, steps={})
    assert Classifier().steps is not Classifier().steps
    assert to_json(House(classifier=Classifier(steps={"forum": 1}))) == b'{"classifier":{"steps":{"forum":1}}}'


@pytest.mark.parametrize(("said", "bands"), [(None, "6-9 10-12"), (True, "6-9 10-12 13-15"), (False, "")])
def test_who_may_be_asked_about_a_risky_name(said: bool | None, bands: str) -> None:
    """6 to 12 unless said otherwise, 13 to 15 if said so, no adult; and nobody in a house that has it off."""
    children = [child(band, risky_names=said) for band in BANDS]
    assert [one.band for one in children if House().is_scored(one)] == bands.split()
    assert not House().is_scored(adult())
    assert not any(House(classifier=Classifier(on=False)).is_scored(one) for one in (*children, adult()))


def test_a_whole_house_without_problems() -> None:
    """The example has none."""
    assert list(problems(FULL, KNOWN)) == []


def listed(id_: str = "ads", **said: Any) -> Subscription:
    """Return a list."""
    return Subscription(id=id_, name=id_, **said)


OWN = OwnService(id="chess", name="Chess", domains=("chess.example",))
PROBLEMS: list[tuple[dict[str, Any], tuple[Any, ...], str]] = [
    ({"devices": (device(person="nobody"),)}, ("devices", 0, "person"), "there is no person 'nobody'"),
    ({"pauses": (pause(), pause(person="nobody"))}, ("pauses", 1, "person"), "there is no person 'nobody'"),
    ({"pauses": (pause(device="nothing"),)}, ("pauses", 0, "device"), "there is no device 'nothing'"),
    ({"grants": (grant(person="nobody"),)}, ("grants", 0, "person"), "there is no person 'nobody'"),
    ({"grants": (grant(category="cats"),)}, ("grants", 0, "category"), "there is no category 'cats'"),
    ({"grants": (grant(), grant(service="tub"))}, ("grants", 1, "service"), "there is no service 'tub'"),
    ({"grants": (grant(group="tube"),)}, ("grants", 0, "group"), "there is no group 'tube'"),
    ({"grants": (grant(minutes=5, budget="group:tube"),)}, ("grants", 0, "budget"), "there is no group 'tube'"),
    ({"lifted": (lifted(person="nobody"),)}, ("lifted", 0, "person"), "there is no person 'nobody'"),
    ({"lifted": (lifted(), lifted(category="cats"))}, ("lifted", 1, "category"), "there is no category 'cats'"),
    ({"lifted": (lifted(category="csam"),)}, ("lifted", 0, "category"), "nobody lifts csam"),
    (
        {"lifted": (lifted(category="malware_phishing"),)},
        ("lifted", 0, "category"),
        "malware_phishing is lifted by an owner, one name at a time",
    ),
    (
        {"lifted": (lifted(category="forum"),)},
        ("lifted", 0, "category"),
        "forum is not closed hard for kim: set it in categories",
    ),
    (
        {"services": (OWN, OwnService(id="tube", name="Tube", domains=("tube.example",)))},
        ("services", 1, "id"),
        "there is a bundled service 'tube' already",
    ),
    (
        {"services": (msgspec.structs.replace(OWN, group="games"),)},
        ("services", 0, "group"),
        "there is no group 'games'",
    ),
    (
        {"services": (msgspec.structs.replace(OWN, category="cats"),)},
        ("services", 0, "category"),
        "there is no category 'cats'",
    ),
    (
        {"private_names": ("plex.direct", "box")},
        ("private_names", 1),
        "box is a whole ending: say which names below it are of this home",
    ),
    (
        {"classifier": Classifier(steps={"forum": 1, "cats": 1})},
        ("classifier", "steps", "cats"),
        "there is no category 'cats'",
    ),
    ({"services": (OWN, OWN)}, ("services", 1), "chess is used twice: here and by services chess"),
    (
        {"persons": (child(categories={"cats": Setting.ASK}),)},
        ("persons", 0, "categories", "cats"),
        "there is no category 'cats'",
    ),
    ({"lists": (listed(), listed())}, ("lists", 1), "ads is used twice: here and by lists ads"),
    ({"lists": (listed(category="cats"),)}, ("lists", 0, "category"), "there is no category 'cats'"),
    (
        {"lists": (listed(), listed("b", category="csam"))},
        ("lists", 1, "category"),
        "no list says what belongs to csam",
    ),
    (
        {"lists": (listed(category="mental_health"),)},
        ("lists", 0, "category"),
        "no list says what belongs to mental_health",
    ),
    ({"lists": (listed(persons=("kim", "nobody")),)}, ("lists", 0, "persons", 1), "there is no person 'nobody'"),
    ({"lists": (listed(persons=("kim", "kim")),)}, ("lists", 0, "persons", 1), "kim is named twice"),
    (
        {"lists": (listed(url=URL), listed("b", url=f" {URL}#top"))},
        ("lists", 1, "url"),
        "the list ads is this one already: one is enough, for more persons",
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
    assert [(place, words)] == list(problems(house, KNOWN))


def test_own_services_are_known_beside_the_bundled_ones() -> None:
    """A child's settings, budgets and windows speak of both; a house without own ones knows none more."""
    house = House(
        services=(OWN, msgspec.structs.replace(OWN, id="go", category="pornography")),
        persons=(child(services={"chess": Setting.ALLOW, "tube": Setting.ALLOW}),),
        grants=(grant(service="chess"),),
    )
    assert dict(with_own(KNOWN, house).services) == {"tube": "video_sharing", "chess": "", "go": "pornography"}
    assert list(problems(house, KNOWN)) == []
    closed = msgspec.structs.replace(house, persons=(child(services={"go": Setting.ALLOW}),))
    assert [text for _, text in problems(closed, KNOWN)] == [
        "go at 6-9 is lifted by two caregivers together, not by a setting"
    ]


def test_one_address_may_be_for_two_things() -> None:
    """Another category, or the other way round; and what was copied in has none."""
    house = House(
        lists=(
            listed("a", url=URL),
            listed("b", url=URL, category="forum"),
            listed("c", url=URL, kind=ListKind.ALLOW),
            listed("d"),
            listed("e"),
        )
    )
    assert list(problems(house, KNOWN)) == []


def test_what_is_lifted_by_name_is_malware() -> None:
    """The house and the rules mean the same category."""
    assert houses.LIFTED_BY_NAME == rulebook.MALWARE
