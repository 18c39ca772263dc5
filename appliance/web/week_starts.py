"""The kinds of routines, and what a new one of each starts from: what most families of a child of that age choose."""

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.core.said import NOTHING_SAID, Things
from appliance.core.schedule import EVERY_DAY, Day, Routine, Window
from appliance.web import drawing
from appliance.web.drawing import LOOKS, Kind

SCHOOL_DAYS = EVERY_DAY[:5]


@dataclass(frozen=True, slots=True)
class Start:
    """A kind of routine that may be added."""

    routine: Routine
    title: str
    says: str
    """What it does, in a line."""

    @property
    def look(self) -> tuple[str, str]:
        """Its tone and icon."""
        return LOOKS[drawing.ROUTINES.get(self.routine, Kind.PAUSE)]


STARTS = {
    "bedtime": Start(Routine.BEDTIME, "Bedtime", "The Internet is off overnight."),
    "school": Start(Routine.SCHOOL, "School", "Off but for what school needs."),
    "homework": Start(Routine.HOMEWORK, "Homework", "On, without games and feeds."),
    "free": Start(Routine.FREE, "Free time", "On, and no minute of it counts."),
    "own": Start(Routine.OTHER, "Own", "A meal, football, grandma's afternoon."),
}
_NIGHTS = {
    "0-5": ("19:00", "06:30"),
    "6-9": ("20:00", "06:30"),
    "10-12": ("20:45", "06:30"),
    "13-15": ("21:45", "06:15"),
    "16-17": ("22:30", "06:15"),
}
_SCHOOLS = {
    "0-5": ("08:00", "12:00"),
    "6-9": ("08:00", "13:00"),
    "10-12": ("08:00", "13:30"),
    "13-15": ("08:00", "15:00"),
    "16-17": ("08:00", "15:30"),
}
_HOMEWORKS = {
    "0-5": ("15:00", "15:30"),
    "6-9": ("14:30", "15:15"),
    "10-12": ("14:30", "15:45"),
    "13-15": ("16:00", "17:30"),
    "16-17": ("16:30", "18:30"),
}
_DISTRACTING = (
    "game_ugc_chat", "game_online_chat", "game_loot_chat", "game_violent", "game_platform", "browser_games",
    "cloud_gaming", "vr_social", "social_media", "social_gaming_chat", "livestreaming", "streaming_tv",
)  # fmt: skip
"""What homework closes. Messengers and video platforms stay: classmates ask there, and much is explained there."""
_LEARNING = ("education",)


def usual(kind: str, band: str, categories: Iterable[str]) -> Window:
    """Return what a new routine of a kind (a key of STARTS) starts from; `categories` are those that there are."""
    known = set(categories)

    def some(wanted: Iterable[str]) -> Things:
        return Things(categories=tuple(one for one in wanted if one in known))

    match kind:
        case "bedtime":
            return _window(kind, _NIGHTS[band], EVERY_DAY)
        case "school":
            return _window(kind, _SCHOOLS[band], SCHOOL_DAYS, allow=some(_LEARNING))
        case "homework":
            return _window(kind, _HOMEWORKS[band], SCHOOL_DAYS, is_on=True, block=some(_DISTRACTING))
        case "free":
            return _window(kind, ("10:00", "12:00"), EVERY_DAY[5:], is_on=True, uncounted=True)
        case _:
            return _window(kind, ("18:00", "18:45"), EVERY_DAY)


def _window(
    kind: str,
    times: tuple[str, str],
    days: tuple[Day, ...],
    *,
    is_on: bool = False,
    block: Things = NOTHING_SAID,
    allow: Things = NOTHING_SAID,
    uncounted: bool = False,
) -> Window:
    start = STARTS[kind]
    return Window(
        name=start.title,
        start=times[0],
        end=times[1],
        days=days,
        routine=start.routine,
        internet=is_on,
        block=block,
        allow=allow,
        uncounted=uncounted,
    )
