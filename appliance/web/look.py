"""What every page can use: icons, times in words, the house, whether it is in force, the theme that was chosen."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zlib import crc32

from flask import Flask, g

from appliance import wording
from appliance.core.device import Device
from appliance.core.house import House
from appliance.household.inforce import InForce
from appliance.web import force, gate, session, wrong
from appliance.web.box import box
from appliance.web.icons import icon
from appliance.web.theme import chosen

HUES = 8
"""So many colours of persons the stylesheet has."""
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
NO_LETTER = "?"


def install(app: Flask) -> None:
    """Give the templates of an app what every page can use."""
    app.jinja_env.globals.update(
        icon=icon, now=now, hhmm=hhmm, until_words=until_words, ago=ago, house=house, hue=hue, spread=spread,
        initial=initial, force=in_force, theme=chosen, has_session=has_session, doubted=doubted,
        log_in_address=gate.log_in_address,
    )  # fmt: skip
    wrong.install(app)


def now() -> float:
    """Return the time in POSIX seconds, the same for the whole page."""
    if "kindgate_now" not in g:
        g.kindgate_now = box().now()
    at: float = g.kindgate_now
    return at


def doubted() -> str | None:
    """Return what speaks against the box's clock, None where nothing does."""
    doubt = box().doubt()
    return None if doubt is None else wording.DOUBTS[doubt]


def house() -> House:
    """Return the house as it was last saved."""
    return box().house()


def standing() -> InForce:
    """Return how all daemons stand to the house, asked once for a page."""
    if "kindgate_standing" not in g:
        g.kindgate_standing = box().in_force()
    found: InForce = g.kindgate_standing
    return found


def in_force() -> force.Force:
    """Return whether what is set holds everywhere, in words."""
    return force.of(box(), standing(), now())


def hhmm(at: float) -> str:
    """Return a moment (POSIX seconds) as the house's clock shows it."""
    return f"{box().local_time(at):%H:%M}"


def until_words(at: float) -> str:
    """Return until when: a time today, and its day where it is another one."""
    return f"until {moment_words(box().local_time(at), box().local_time(now()))}"


def moment_words(moment: datetime, seen: datetime) -> str:
    """Return a moment as a person who sees the page at another one would say it, both by the house's clock."""
    day = day_words(moment.date(), seen.date())
    return f"{moment:%H:%M}" if day == "today" else f"{day} {moment:%H:%M}"


def day_words(day: date, today: date) -> str:
    """Return a day as one would say it today."""
    away = (day - today).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(away)
    if near:
        return near
    if 1 < away < 7:
        return f"{day:%A}"
    return f"{day.day} {day:%B}" if day.year == today.year else f"{day.day} {day:%B %Y}"


def ago(at: float) -> str:
    """Return how long ago a moment (POSIX seconds) was."""
    gone = max(0.0, now() - at)
    if gone < MINUTE_S:
        return "just now"
    if gone < HOUR_S:
        return f"{int(gone // MINUTE_S)} min ago"
    moment, seen = box().local_time(at), box().local_time(now())
    if moment.date() == seen.date():
        return f"{int(gone // HOUR_S)} h ago"
    day = day_words(moment.date(), seen.date())
    if moment.date() > seen.date() - timedelta(days=2):
        return f"{day} {moment:%H:%M}"
    return f"on {day}"


def hue(id_: str) -> int:
    """Return the number of a person's colour; persons of the house have different ones, as far as there are colours."""
    if "kindgate_hues" not in g:
        g.kindgate_hues = spread(person.id for person in house().persons)
    found: dict[str, int] = g.kindgate_hues
    return found.get(id_, _own_hue(id_))


def spread(ids: Iterable[str]) -> dict[str, int]:
    """Return a colour for each id: its own, or the next that nobody before it has. Who comes later changes none."""
    found: dict[str, int] = {}
    for id_ in ids:
        first = _own_hue(id_)
        taken = set(found.values())
        found[id_] = next((hue for step in range(HUES) if (hue := (first + step) % HUES) not in taken), first)
    return found


def _own_hue(id_: str) -> int:
    return crc32(id_.encode()) % HUES


def has_session(device: Device) -> bool:
    """Say whether a fault of a device may be looked for."""
    owner = next((one for one in house().persons if one.id == device.person), None)
    return session.is_possible(box(), device, owner)


def initial(name: str) -> str:
    """Return the first letter or digit of a name, large."""
    return next((sign.upper()[0] for sign in name if sign.isalnum()), NO_LETTER)
