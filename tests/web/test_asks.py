"""appliance.web.asks: what may be asked for, who can open it, and what may be answered."""

import pytest
from msgspec.structs import replace

from appliance.core.device import Device, DeviceKind
from appliance.core.policy import Policy
from appliance.core.schedule import Window
from appliance.core.subject import Subject
from appliance.core.subscription import Subscription
from appliance.core.verdict import Lift, Reason
from appliance.core.word import Lifted
from appliance.household.lists import set_file
from appliance.store.requests import TIME, Request
from appliance.web import asks, lift_edits
from appliance.web.asks import NotAsked
from appliance.web.box import Box
from appliance.web.ladder import NoName
from appliance.wording import Names
from appliance.world.listfile import publish_set
from tests.core.listings import list_octets
from tests.guessing import no_labels
from tests.web.conftest import AT, DANA, MIA, OWNER, TABLET
from tests.web.minutes import EARLY, NEW_DAY, has

TUBE = "service:youtube"


def names(box: Box) -> Names:
    """Return what things are called."""
    return Names.of(box.book, box.house())


def mia(box: Box) -> tuple[Policy, Subject]:
    """Return the policy, and Mia in it."""
    compiled = box.policy()
    return compiled, compiled.by_person["mia"]


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        ("YouTube", TUBE),
        (" youtube ", TUBE),
        ("youtube.com", TUBE),
        ("https://www.youtube.com/watch?v=1", TUBE),
        ("plain.example", "plain.example"),
        ("www.Plain.example", "plain.example"),
    ],
)
def test_what_was_typed_is_a_service_or_a_site(box: Box, typed: str, what: str) -> None:
    """By the service's name, or by a name that belongs to it."""
    assert asks.read(box.policy(), names(box), typed) == what


@pytest.mark.parametrize("typed", ["no such app", "com", ""])
def test_what_is_neither_is_told(box: Box, typed: str) -> None:
    """In words for whoever typed it."""
    with pytest.raises(NoName):
        asks.read(box.policy(), names(box), typed)


@pytest.mark.parametrize(
    ("what", "lift"),
    [
        (TIME, Lift.ONE),
        ("group:game", Lift.ONE),
        ("instagram.com", Lift.ONE),
        ("stake.com", Lift.TWO),
        ("service:stake", Lift.TWO),
        ("category:gambling", Lift.TWO),
        ("category:social_media", Lift.ONE),
        ("malware.kindgate.test", Lift.OWNER),
    ],
)
def test_who_can_open_it(box: Box, what: str, lift: Lift) -> None:
    """One caregiver, two together, or the owner."""
    assert asks.lift_of(*mia(box), what, AT) is lift


def test_what_two_lifted_is_answered_by_one(box: Box) -> None:
    """From the moment on at which it is open."""
    box.change(
        OWNER,
        Reason("lift_asked"),
        lambda house: lift_edits.lifted_alone(house, "mia", "gambling", OWNER, AT, None),
    )
    (lifted,) = box.house().lifted
    assert isinstance(lifted, Lifted)
    begins = lifted.begins.timestamp()
    assert asks.lift_of(*mia(box), "category:gambling", begins - 1) is Lift.TWO
    assert asks.lift_of(*mia(box), "category:gambling", begins) is Lift.ONE


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (TUBE, "YouTube is open for you already."),
        ("klexikon.zum.de", "klexikon.zum.de is open for you already."),
        ("service:gone", "The box does not know that any more."),
        ("category:csam", "This stays closed for everybody|writes nothing down"),
        ("category:mental_health", "writes nothing down"),
        ("amaze.org", "writes nothing down"),
    ],
)
def test_what_is_not_asked_for_says_why(box: Box, what: str, why: str) -> None:
    """It is open, unknown, or of what is never written down."""
    compiled, subject = mia(box)
    with pytest.raises(NotAsked) as caught:
        asks.checked(box.contract.never, compiled, subject, names(box), what, AT, no_labels())
    assert any(one in str(caught.value) for one in why.split("|"))


def test_what_a_list_says_is_silent_is_not_asked_for(box: Box) -> None:
    """As what the box says itself: a kind of site of which nothing is written down for caregivers."""
    told = Subscription(id="spies", name="Spies", category="stalkerware")
    box.change(OWNER, Reason.of("list_added", name="Spies"), lambda house: replace(house, lists=(told,)))
    publish_set(set_file(box.data), list_octets([told], {"spies": "spy.example"}))
    compiled, subject = mia(box)
    with pytest.raises(NotAsked, match="writes nothing down"):
        asks.checked(box.contract.never, compiled, subject, names(box), "www.spy.example", AT, no_labels())


@pytest.mark.parametrize("what", [TIME, "instagram.com", "service:instagram", "category:social_media", "group:game"])
def test_what_is_closed_may_be_asked_for(box: Box, what: str) -> None:
    """It comes back as it is."""
    compiled, subject = mia(box)
    assert asks.checked(box.contract.never, compiled, subject, names(box), what, AT, no_labels()) == what


def test_an_own_service_is_known_by_its_names(box: Box) -> None:
    """Open where all of them are; one without names of its own is not."""
    compiled, subject = mia(box)
    assert asks.is_open(compiled, subject, TUBE, AT, no_labels())
    assert not asks.is_open(compiled, subject, "service:instagram", AT, no_labels())
    assert not asks.is_open(compiled, subject, "service:gone", AT, no_labels())


def test_today_ends_at_the_next_time_off(box: Box) -> None:
    """Or when a new day begins; a window in which the Internet is on ends nothing."""
    assert asks.today_until(mia(box)[1], AT) == NEW_DAY
    homework = Window(name="Homework", start="06:00", end="07:00", internet=True)
    has(box, windows=(homework,))
    assert asks.today_until(mia(box)[1], AT) == NEW_DAY
    has(box, windows=(homework, Window(name="School", start="08:00", end="13:00")))
    assert asks.today_until(mia(box)[1], AT) == AT + 2 * 3_600 + 6 * 60 + 40


@pytest.mark.parametrize(
    ("what", "windows", "values"),
    [
        ("x.example", (), ["15", "60", "today", "always"]),
        (TIME, (), ["15", "60", "today"]),
        ("x.example", (EARLY,), ["15", "60", "always"]),
        (TIME, (EARLY,), ["15", "60"]),
    ],
)
def test_choices_are_what_fits(box: Box, what: str, windows: tuple[Window, ...], values: list[str]) -> None:
    """No time for good, and no whole night with one tap."""
    has(box, windows=windows)
    assert [one.value for one in asks.choices(mia(box)[1], what, AT)] == values


def test_who_may_ask(box: Box) -> None:
    """Children and strangers; nothing of adults and managed machines exists."""
    work = Device(id="work", person="mia", kind=DeviceKind.MANAGED, addresses=("192.168.77.32",))
    pairs = ((MIA, TABLET), (MIA, None), (None, None), (DANA, None), (MIA, work))
    assert [asks.may_ask(box, person, device) for person, device in pairs] == [True, True, True, False, False]


def test_a_request_in_words(box: Box) -> None:
    """With an icon; only what is no name is capitalised."""
    found = [asks.in_words(names(box), what) for what in (TIME, TUBE, "group:game", "category:forum", "x.example")]
    assert [words for words, _ in found][:2] == ["more time", "YouTube"]
    assert "kind" in found[3][0]
    assert len({icon for _, icon in found}) == 5
    assert [asks.as_heading("x.example", "x.example"), asks.as_heading("more time", TIME)] == ["x.example", "More time"]
    one = asks.asked(box, box.policy(), Request(1, "mia", "tablet", "malware.kindgate.test", "", AT), AT, no_labels())
    assert (one.choices, one.person, one.device) == ((), MIA, TABLET)
    assert "malware" in one.note
