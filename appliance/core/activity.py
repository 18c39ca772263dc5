"""Minutes from names asked: when somebody used a thing, told from how often its names were asked for.

An app asks for many names when it is opened and for a few now and again while it goes on; a device that nobody holds
asks as well, for a few names every now and then. So a use begins in a minute in which much is asked (two minutes
together count, because a beginning may fall on the turn of one), goes on through gaps until the next minute in which
at least something is asked, and ends when a gap becomes too long. What is asked beside a use is noise. The minute in
which a use begins is not counted, because that in which it ends is counted whole.

`scripts/bench minutes` measures this on scripted evenings; the numbers below are its choice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from appliance.core.budget import Use

BEGINS = 12
"""So many questions within two minutes begin a use: four names of an app, each asked for in three types."""
BEGINS_AGAIN = 4
"""So many begin another one soon after the last: of an app that is open already less has to be asked."""
AGAIN_MINUTES = 20
GOES_ON = 2
"""So many questions in a minute carry a use on: one name, by both kinds of address."""
FIRST_GAP = 2
"""So many minutes may nothing be asked soon after a use began: what follows a mere look at an app is noise."""
MOST_GAP = 6
"""So many later on: a long match or a film asks seldom."""
GAP_GROWS = 2
"""After each so many minutes of use the gap may be a minute longer."""

TYPICAL_PERCENT = 10
"""Measured: half of all evenings are counted within this, up or down."""
MOST_PERCENT = 45
"""Measured: and nine of ten within this."""

HOW_WELL = (
    "Minutes are counted from the names that devices ask for, when a minute is over: half of all evenings come out "
    f"within {TYPICAL_PERCENT} percent, nine of ten within {MOST_PERCENT}."
)
"""For the pages: how well this works."""


class Asked(msgspec.Struct, frozen=True):
    """How often names of one service, or of a category without one, were asked for by a person in a POSIX minute."""

    person: str
    minute: int
    service: str | None
    category: str | None
    times: int


def uses(asked: Iterable[Asked], through: int) -> Iterator[Use]:
    """Yield the minutes that somebody used something, of what was asked up to a POSIX minute.

    A minute that is told once is told again however much is added later; what is added may fill the gap behind it.
    """
    streams: dict[tuple[str, str | None, str | None], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in asked:
        if one.minute <= through:
            streams[one.person, one.service, one.category][one.minute] += one.times
    for (person, service, category), times in streams.items():
        for minute in used_minutes(times):
            yield Use(person, minute, service, category)


def used_minutes(times: Mapping[int, int]) -> set[int]:
    """Return the minutes of use, of how many questions were asked in each minute."""
    found: set[int] = set()
    began = last = lapsed = None  # type: int | None
    for minute in sorted(times):
        if began is not None and last is not None:
            gap = min(MOST_GAP, FIRST_GAP + (last - began) // GAP_GROWS)
            if minute - last - 1 > gap:
                began, last, lapsed = None, None, last
        if last is not None:
            if times[minute] >= GOES_ON:
                found.update(range(last + 1, minute + 1))
                last = minute
        else:
            is_again = lapsed is not None and minute - lapsed <= AGAIN_MINUTES
            if times[minute] + times.get(minute - 1, 0) >= (BEGINS_AGAIN if is_again else BEGINS):
                began = last = minute
    return found
