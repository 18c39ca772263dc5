"""Any house with one child, one device and what was counted of it: what properties of decisions are tried on."""

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st

from appliance.core.budget import Budget, Minutes, Used
from appliance.core.device import THINGS, DeviceKind
from appliance.core.domainset import Entry
from appliance.core.house import House, Unknown
from appliance.core.person import Level, Mode, Person, Setting
from appliance.core.policy import Policy
from appliance.core.said import Things
from appliance.core.schedule import DateException, Day, Routine, Window
from appliance.core.word import Grant, Pause
from tests.core.builders import (
    AT,
    BANDS,
    SHARED,
    TODAY,
    adult,
    child,
    device,
    grant,
    lifted,
    minutes_from_now,
    own,
    pause,
    policy_of,
)
from tests.core.listings import allows, blocks, list_set

NAMES = [
    "open.example", "www.a.example", "games.example", "school.example", "forum.example", "social.example",
    "video.example", "www.video.example", "www.search.example", "www.soft.example", "www.wild.example", "tube.example",
    "clips.example", "chat.example", "tunnel.example", "tracker.example", "vpn.example", "porn.example",
    "malware.example", "mind.example", "talk.example", "help.example", "time.example", "patch.example", SHARED,
]  # fmt: skip
EXTRA = (Entry("forum.example", "browser_games"),)
LISTS = {
    blocks(): "||games.example^\n||school.example^\n@@||www.a.example^\n192.0.2.9 open.example",
    allows(): "video.example\nmind.example",
    blocks("kinds", category="browser_games"): "tracker.example\nmind.example\ntime.example",
    blocks("kims", persons=("kim",)): "||school.example^$client=thing\n||clips.example^$ctag=user_child",
}
LIST_SET = list_set(LISTS, {one.id: text for one, text in LISTS.items()})
SERVICES = ("tube", "clips", "chat", "gossip", "tunnel")
GROUPS = ("video", "talk", "none")
CATEGORIES = ("browser_games", "video_sharing", "education", "forum", "social_media", "mental_health")
WHATS = ("everything", "service:tube", "service:chat", "group:video", "category:browser_games", "category:forum")

minute = st.integers(-90, 90)
"""Minutes from `AT`, near enough for words, windows and budgets to meet."""
names = st.sampled_from(NAMES)
things = st.builds(
    lambda name, service, group, category: Things(names=name, services=service, groups=group, categories=category),
    st.sampled_from([(), ("a.example",), ("games.example",), ("mind.example",), ("vpn.example",)]),
    st.sampled_from([(), *((one,) for one in SERVICES)]),
    st.sampled_from([(), *((one,) for one in GROUPS)]),
    st.sampled_from([(), *((one,) for one in CATEGORIES)]),
)


@dataclass(frozen=True)
class Played:
    """A house with a device called `thing`, what was counted in it, and a time (POSIX seconds)."""

    house: House
    minutes: Minutes
    at: float

    @property
    def person(self) -> str:
        """The one person's id."""
        return self.house.persons[0].id

    def policy(self, minutes: Minutes | None = None) -> Policy:
        """Return its policy, with these minutes in place of its own."""
        return policy_of(self.house, EXTRA, minutes or self.minutes, LIST_SET)


def clock(minutes: int) -> str:
    """Return a time of day, in minutes since midnight."""
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


@st.composite
def windows(draw: st.DrawFn, name: str) -> Window:
    """Return a window around three in the afternoon."""
    internet = draw(st.booleans())
    start = draw(st.integers(13 * 60, 17 * 60))
    return Window(
        name=name,
        start=clock(start),
        end=clock(start + draw(st.integers(1, 23 * 60))),
        days=tuple(draw(st.sets(st.sampled_from([Day.TUE, Day.WED, Day.THU]), min_size=1))),
        routine=draw(st.sampled_from(Routine)),
        internet=internet,
        block=draw(things) if internet else Things(),
        allow=draw(things),
        safe_search=draw(st.booleans()),
        uncounted=draw(st.booleans()),
        slow=internet and draw(st.booleans()),
    )


@st.composite
def exceptions(draw: st.DrawFn) -> DateException:
    """Return an exception of some days around today."""
    first = TODAY + timedelta(days=draw(st.integers(-2, 1)))
    return DateException(
        name="Other",
        first=first,
        last=first + timedelta(days=draw(st.integers(0, 2))),
        instead_of=draw(st.sampled_from([None, (), ("one",)])),
        windows=tuple(draw(st.lists(windows("other"), max_size=1))),
    )


budgets = st.lists(
    st.builds(
        Budget,
        what=st.sampled_from(WHATS),
        minutes=st.integers(0, 40),
        week=st.none() | st.integers(0, 60),
        days=st.dictionaries(st.just(Day.WED), st.integers(0, 40), max_size=1),
        slow=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda one: one.what,
)


def setting(*without: Setting) -> st.SearchStrategy[Setting]:
    """Return any setting but these."""
    return st.sampled_from([one for one in Setting if one not in without])


rules = st.lists(
    st.builds(
        lambda name, do, until: own(name, do, None if until is None else minutes_from_now(until)),
        names,
        st.sampled_from(["allow", "block"]),
        st.none() | minute,
    ),
    max_size=2,
)


@st.composite
def children(draw: st.DrawFn) -> Person:
    """Return a child with anything said of it."""
    of_service = st.sampled_from([one for one in Setting if one not in (Setting.SAFE, Setting.SAFE_TIMED)])
    return child(
        draw(st.sampled_from(BANDS)),
        rules=tuple(draw(rules)),
        windows=tuple(draw(windows(name)) for name in ("one", "two")[: draw(st.integers(0, 2))]),
        exceptions=tuple(draw(st.lists(exceptions(), max_size=2))),
        budgets=tuple(draw(budgets)),
        categories=draw(st.dictionaries(st.sampled_from(CATEGORIES), st.sampled_from(Setting), max_size=2)),
        services=draw(st.dictionaries(st.sampled_from(SERVICES), of_service, max_size=2)),
        groups=draw(st.dictionaries(st.sampled_from(GROUPS), of_service, max_size=1)),
        safe_search=draw(st.dictionaries(st.just("film"), st.sampled_from(Level), max_size=1)),
        unknown_names=draw(st.none() | st.sampled_from(Mode)),
        always_on=draw(things),
        uncounted=draw(things),
    )


def grants(person: str) -> st.SearchStrategy[Grant]:
    """Return any grant for a person."""
    what = st.one_of(
        st.just({}),
        st.just({"time": True}),
        st.builds(lambda name: {"name": name}, names),
        st.builds(lambda id_: {"service": id_}, st.sampled_from(SERVICES)),
        st.builds(lambda id_: {"group": id_}, st.sampled_from(GROUPS)),
        st.builds(lambda id_: {"category": id_}, st.sampled_from(CATEGORIES)),
        st.builds(
            lambda what, minutes: {"minutes": minutes or 5, "budget": what},
            st.sampled_from(WHATS),
            st.integers(-20, 20),
        ),
    )
    return st.builds(
        lambda said, long, what: grant(said, said + long, person, **what), minute, st.integers(1, 60), what
    )


def pauses(person: str) -> st.SearchStrategy[Pause]:
    """Return any pause, of the house, a person or the device."""
    of = st.sampled_from([{}, {"person": person}, {"device": "thing"}])
    return st.builds(lambda said, long, of: pause(said, said + long, **of), minute, st.integers(1, 60), of)


lifts = st.builds(
    lambda said, begins, long, of: lifted(said, said + begins, said + begins + long, **of),
    minute,
    st.integers(0, 60),
    st.integers(1, 60),
    st.sampled_from([{}, {"category": "adult_cams"}, {"name": "malware.example"}]),
)


@st.composite
def played(draw: st.DrawFn) -> Played:
    """Return any house, a moment in it, and minutes that were counted up to some minutes before."""
    person = adult() if draw(st.integers(0, 9)) == 0 else draw(children())
    kind = draw(st.sampled_from(DeviceKind))
    owner = person.id if draw(st.integers(0, 9)) else None
    only = draw(st.sampled_from([None, None, (), ("a.example", "mind.example")])) if kind in THINGS else None
    house = House(
        persons=(person,),
        devices=(device(kind, owner, bedtime=draw(st.booleans()), only=only),),
        unknown_devices=draw(st.sampled_from([one.value for one in Unknown])),
        pauses=tuple(draw(st.lists(pauses(person.id), max_size=2))),
        grants=tuple(draw(st.lists(grants(person.id), max_size=3))),
        lifted=tuple(draw(st.lists(lifts, max_size=1))) if person.band in BANDS[:3] else (),
        lists=tuple(one for one in LISTS if person.id == "kim" or not one.persons) if draw(st.booleans()) else (),
    )
    used = {
        what: Used(day, day + draw(st.integers(0, 20)), draw(st.integers(0, 5)))
        for what, day in draw(st.dictionaries(st.sampled_from(WHATS), st.integers(0, 45), max_size=4)).items()
    }
    at = AT + draw(st.floats(-60 * 60, 60 * 60, allow_nan=False))
    counted_to = at - at % 60 - 60 * draw(st.integers(0, 5))
    return Played(house, Minutes(counted_to, TODAY, {person.id: used}), at)
