"""How well minutes are counted from names asked: true and counted minutes of ten scripted evenings.

Each evening is played many times with other dice: a child opens apps, the apps ask as apps do (a burst when one is
opened, one for each video or match, a beat between them, a little after it was closed), and the devices make noise in
the background. Replies live 60 seconds, as a child's do, so that no name is asked for twice within a minute.
"""

import argparse
import itertools
import random
import statistics
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from appliance.core import activity
from appliance.core.activity import Asked

PERSON = "kim"
TTL_S = 60.0
ROUNDS = 40
DUSK = 20_000_000 * 60
"""16:00 of some evening, POSIX seconds; a whole minute."""
HOUR_S = 3_600.0


@dataclass(frozen=True)
class App:
    """How an app asks: names at once when it is opened; for each scene (a video, a match); for each beat between."""

    category: str
    opens: tuple[int, int]
    scene_s: float
    scene: tuple[int, int]
    beat_s: float
    beat: tuple[int, int]
    types: int = 2
    """Questions a name: A and AAAA, or HTTPS as well."""


@dataclass(frozen=True)
class Noise:
    """How a device asks when nobody holds it: often for a little, now and then for more."""

    category: str
    often_s: float
    little: tuple[int, int]
    seldom_s: float
    more: tuple[int, int]
    types: int = 2


class Used(NamedTuple):
    """An app that is used, in minutes from the beginning of the evening."""

    app: App
    start: float
    minutes: float


class Evening(NamedTuple):
    """What happens, and what is in the background; `hours` is how long it is watched."""

    name: str
    used: tuple[Used, ...]
    noise: tuple[Noise, ...] = ()
    hours: float = 6.0


YOUTUBE = App("video", (6, 12), 420, (2, 5), 95, (1, 2), 3)
FILM = App("video", (8, 14), 1_500, (1, 3), 240, (1, 2))
CHOOSING = App("video", (5, 9), 120, (1, 3), 60, (1, 2))
CLIPS = App("social", (6, 10), 90, (1, 4), 60, (1, 2), 3)
GAME = App("games", (7, 14), 720, (3, 6), 170, (1, 3))
CHAT = App("chat", (4, 7), 300, (1, 3), 140, (1, 2), 3)
FORUM = App("forum", (3, 5), 150, (1, 3), 200, (1, 1), 3)
PUSH = Noise("chat", 1_300, (1, 1), 9_000, (2, 4), 3)
SOCIAL = Noise("social", 1_500, (1, 2), 7_200, (2, 4), 3)
CONSOLE = Noise("games", 900, (1, 2), 10_000, (3, 5))
TELEVISION = Noise("video", 1_100, (1, 1), 12_000, (2, 4))

PHONE = (PUSH, SOCIAL)
EVENINGS = (
    Evening("YouTube on a tablet", (Used(YOUTUBE, 30, 75),), PHONE),
    Evening("console game with chat", (Used(GAME, 20, 110), Used(CHAT, 22, 106)), (*PHONE, CONSOLE)),
    Evening("homework with music, a look at clips", (Used(CLIPS, 70, 9),), PHONE),
    Evening("an idle phone all night", (), PHONE, 14.0),
    Evening("the tablet changes hands twice", (Used(GAME, 10, 25), Used(GAME, 70, 30), Used(YOUTUBE, 130, 20)), PHONE),
    Evening("television and tablet at once", (Used(YOUTUBE, 30, 60), Used(GAME, 50, 70)), (*PHONE, TELEVISION)),
    Evening("a message now and then", tuple(Used(CHAT, 10 + 22 * number, 2.5) for number in range(12)), PHONE),
    Evening("a film", (Used(CHOOSING, 60, 6), Used(FILM, 66, 94)), (TELEVISION,)),
    Evening("reading and writing in a forum", (Used(FORUM, 15, 50), Used(FORUM, 120, 25)), PHONE),
    Evening(
        "a bit of everything",
        (Used(CLIPS, 5, 15), Used(YOUTUBE, 40, 30), Used(CHAT, 45, 12), Used(GAME, 95, 55), Used(CLIPS, 200, 8)),
        (*PHONE, CONSOLE, TELEVISION),
    ),
)


def asked(evening: Evening, dice: random.Random) -> list[Asked]:
    """Return what is asked in an evening."""
    times: dict[tuple[int, str], int] = defaultdict(int)
    for used in evening.used:
        for at, count in _of_app(used, dice):
            times[int(at // 60), used.app.category] += count * used.app.types
    for noise in evening.noise:
        for at, count in _of_noise(noise, evening.hours * HOUR_S, dice):
            times[int(at // 60), noise.category] += count * noise.types
    return [Asked(PERSON, minute, None, category, count) for (minute, category), count in times.items()]


def _of_app(used: Used, dice: random.Random) -> Iterator[tuple[float, int]]:
    app, start = used.app, DUSK + used.start * 60 + dice.uniform(0, 60)
    end = start + used.minutes * 60
    for _ in range(dice.randint(*app.opens)):
        yield start + abs(dice.gauss(0, 8)), 1
    for mean_s, names in ((app.scene_s, app.scene), (app.beat_s, app.beat)):
        at = start + _pause(mean_s, dice)
        while at < end:
            yield at, dice.randint(*names)
            at += _pause(mean_s, dice)
    # What it has to tell of itself when it was closed.
    for _ in range(dice.randint(0, 2)):
        yield end + dice.expovariate(1 / 60), 1


def _of_noise(noise: Noise, seconds: float, dice: random.Random) -> Iterator[tuple[float, int]]:
    for mean_s, names in ((noise.often_s, noise.little), (noise.seldom_s, noise.more)):
        at = DUSK + dice.expovariate(1 / mean_s)
        while at < DUSK + seconds:
            yield at, dice.randint(*names)
            at += TTL_S + dice.expovariate(1 / mean_s)


def _pause(mean_s: float, dice: random.Random) -> float:
    """Return how long until the next one: never the same name within its life."""
    return TTL_S * dice.random() + dice.lognormvariate(0, 0.6) * mean_s * 0.83


def true_minutes(evening: Evening) -> float:
    """Return for how long anything was used."""
    spans = sorted((used.start, used.start + used.minutes) for used in evening.used)
    total, until = 0.0, float("-inf")
    for start, end in spans:
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def counted_minutes(evening: Evening, dice: random.Random) -> int:
    """Return how many minutes are counted."""
    return len({use.minute for use in activity.uses(asked(evening, dice), 1 << 60)})


def measure(rounds: int, seed: int) -> list[tuple[Evening, float, list[int]]]:
    """Return each evening with its true minutes and those counted in each round."""
    found = []
    for evening in EVENINGS:
        dice = (random.Random(f"{seed} {number} {evening.name}") for number in range(rounds))
        found.append((evening, true_minutes(evening), [counted_minutes(evening, one) for one in dice]))
    return found


def show(found: list[tuple[Evening, float, list[int]]]) -> None:
    """Print the table."""
    print(f"{'evening':40} {'true':>6} {'counted':>8} {'low':>5} {'high':>5} {'error':>8}")
    off: list[float] = []
    apart: list[float] = []
    for evening, true, counted in found:
        errors = [abs(one - true) for one in counted]
        mean = statistics.mean(counted)
        words = f"{statistics.mean(errors) / true:8.0%}" if true else f"{statistics.mean(errors):4.1f} min"
        print(f"{evening.name:40} {true:6.0f} {mean:8.1f} {min(counted):5} {max(counted):5} {words}")
        apart += errors
        off += [error / true for error in errors] if true else []
    middle = statistics.quantiles(off, n=20)
    print(f"\nerror of an evening: mean {statistics.mean(off):.0%}, half within {statistics.median(off):.0%}, "
          f"nine of ten within {middle[17]:.0%}, worst {max(off):.0%} ({max(apart):.0f} min)")  # fmt: skip


def search(rounds: int) -> None:
    """Print how other numbers would do, the best first."""
    found = []
    names = ("BEGINS", "BEGINS_AGAIN", "AGAIN_MINUTES", "GOES_ON", "FIRST_GAP", "MOST_GAP", "GAP_GROWS")
    for tried in itertools.product((9, 12, 15), (4, 6), (0, 12, 20), (2, 3), (2, 3, 4), (6, 8, 10, 12), (1, 2, 3)):
        for name, number in zip(names, tried, strict=True):
            setattr(activity, name, number)
        off = [abs(one - true) / max(true, 30) for _, true, counted in measure(rounds, 1) for one in counted]
        found.append((statistics.mean(off), max(off), tried))
    for mean, worst, tried in sorted(found)[:15]:
        words = ", ".join(f"{name} {number}" for name, number in zip(names, tried, strict=True))
        print(f"{words}: mean {mean:.1%}, worst {worst:.0%}")


def main() -> None:
    """Measure, or look for better numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--search", action="store_true", help="try other numbers, on evenings with other dice")
    args = parser.parse_args()
    if args.search:
        search(args.rounds)
    else:
        show(measure(args.rounds, 0))


if __name__ == "__main__":
    main()
