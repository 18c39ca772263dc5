"""One evening at the gateway in real time: bedtime, a console's evening, a slow hour and minutes that are used up.

All of it happens side by side, because it takes as long as the clock does: for Mia it is bedtime for a minute, Noah has
a console and the same minute, Lena's hour is slow for that long, and Tim plays until his one minute is over.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest

from tests.lab.appliance import Appliance
from tests.lab.gateway import HOUSE, Gateway, Open, cuts, gateway, guarding
from tests.lab.moments import clock, next_minute, wait_until_time
from tests.lab.watch import Place, played

pytestmark = [pytest.mark.lab, pytest.mark.timeout(420)]

SITE, MUSIC, UPDATES, ONLINE = (
    "www.example.com",
    "open.spotify.com",
    "update.playstation.net",
    "http://connectivitycheck.gstatic.com/generate_204",
)
PLAY, TALK, TALK_PORT = "play.example", "stun.example", "3478"
ANY = {"4": "203.0.113.96", "6": "2001:db8::96"}
"""Where a site is that has no name in this internet."""
GAME = ("www.roblox.com", "apis.roblox.com", "games.roblox.com", "c0.rbxcdn.com")
WITHIN_S = 2.0
"""So soon after its beginning a window has ended what was open: a promise of the product's."""
COUNTED_WITHIN_S = 30.0
GUEST = '  - {id: guest, person: tim, kind: tablet, macs: ["02:77:00:00:00:15"]}\n'
HALF_A_DAY_S = 12 * 3600
FAST_KBIT, SLOW_KBIT = 8000, 512
MEASURED_S = 8.0
BEDTIME = 'windows: [{{name: Bedtime, start: "{start}", end: "{end}"}}]'
SLOW = 'windows: [{{name: Slow hour, start: "{start}", end: "{end}", internet: true, slow: true}}]'
PERSONS = """\
  - {{id: lena, name: Lena, band: 10-12, {slow}}}
  - {{id: tim, name: Tim, band: 6-9, budgets: [{{minutes: 1}}]}}
"""


class Cast(NamedTuple):
    """What is open when the evening begins."""

    ending: list[Open]
    """Mia's: all of it ends at bedtime."""
    idle: list[Open]
    """Hers too, but nothing is said on it."""
    music: list[Open]
    play: list[Open]
    """Noah's console: games and voices."""
    updates: list[Open]
    slowed: Open
    """Lena's download."""
    spent: list[Open]
    """Tim's."""

    @property
    def all(self) -> list[Open]:
        """Return each of them."""
        return [one for some in self for one in (some if isinstance(some, list) else [some])]


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A home with two interfaces."""
    with gateway(f"evening-{os.getpid()}", tmp_path_factory.mktemp("gateway")) as up:
        yield up


def test_an_evening(home: Gateway, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is forbidden ends within moments and is told rightly; what is not goes on; afterwards all flows again."""
    data = tmp_path_factory.mktemp("box") / "data"
    with guarding(home, data, slow_kbit=SLOW_KBIT) as box, ExitStack() as stack:
        cast = stack.enter_context(opened(home))
        began = next_minute(leaving_s=20)
        start, end = began + 60, began + 120
        box.apply(house(start, end))
        with played(home, Place("guest", home.host("guest").v4), GAME):
            quick = cast.slowed.rate(MEASURED_S)
            wait_until_time(start)
            bedtime(cast, start)
            it_is_slow(home, cast, quick)
            the_console_is_online(home)
            minutes_are_used_up(home, cast, end)
        journal_tells(box, start)
        wait_until_time(end)
        all_is_open_again(home, cast, end, quick)


@contextmanager
def opened(home: Gateway) -> Iterator[Cast]:
    """Open all that the evening is about, over both families."""

    def both(begin: Callable[..., Open], *words: str, is_nameless: bool = False) -> list[Open]:
        at = ({"4": ("--at", ANY["4"]), "6": ("--at", ANY["6"])}) if is_nameless else {"4": (), "6": ()}
        return [begin(*words, "--family", family, *at[family]) for family in ("4", "6")]

    cast = Cast(
        ending=[one for begin in (home.download, home.ws, home.quic) for one in both(begin, "tablet", SITE)],
        idle=both(home.ws, "tablet", SITE, "--pace-s", "600"),
        music=both(home.download, "tablet", MUSIC, is_nameless=True),
        play=[*both(home.udp_game, "console", PLAY), *both(home.udp_game, "console", TALK, "--port", TALK_PORT)],
        updates=both(home.download, "console", UPDATES, is_nameless=True),
        slowed=home.download("laptop", SITE, "--family", "4", kbit=FAST_KBIT),
        spent=both(home.download, "guest", SITE),
    )
    try:
        for one in cast.all:
            one.wait("open", limit_s=30)
        yield cast
    finally:
        for one in cast.all:
            one.end()


def bedtime(cast: Cast, start: float) -> None:
    """Downloads, WebSockets and QUIC end, idle ones too, and play and voices; music and updates go on."""
    for one in (*cast.ending, *cast.play):
        assert one.wait_for_end(after=start)["heard"] - start < WITHIN_S
    for one in cast.idle:
        assert one.wait("closed", after=start)["at"] - start < WITHIN_S
    ended_at = time.time()
    for one in (*cast.music, *cast.updates):
        one.lives_after(ended_at)


def it_is_slow(home: Gateway, cast: Cast, quick: float) -> None:
    """Lena's download goes at about the rate of the slow hour: it was open before, as were others that begin now."""
    assert cast.slowed.rate(MEASURED_S) < 2 * SLOW_KBIT < quick
    assert home.curl("laptop", f"https://{SITE}/").code == 0


def the_console_is_online(home: Gateway) -> None:
    """It finds out that there is an internet; its store is closed."""
    assert home.curl("console", ONLINE).status == 204
    assert home.curl("console", f"https://{SITE}/").code != 0


def minutes_are_used_up(home: Gateway, cast: Cast, end: float) -> None:
    """Tim's downloads end once his minute is counted, though the window is nothing to him."""
    for one in cast.spent:
        one.wait_for_end(limit_s=max(0.0, end - time.time()) + COUNTED_WITHIN_S)
    assert home.curl("guest", f"https://{SITE}/").code != 0


def journal_tells(box: Appliance, start: float) -> None:
    """Caregivers read of Mia's connections that all of them ended; of a teenager's the teenager alone does."""
    for person, role, what, connections in (
        ("mia", "caregiver", "window", 8),
        ("noah", "child", "window", 4),
        ("tim", "caregiver", "budget", 2),
    ):
        assert cuts(box, person, role, start) == [{"what": what, "connections": connections, "still": 0}]
    assert cuts(box, "noah", "caregiver", start, limit_s=0.0) == []


def all_is_open_again(home: Gateway, cast: Cast, end: float, quick: float) -> None:
    """New connections, and the next datagram of what was refused."""
    for family in ("-4", "-6"):
        assert home.curl("tablet", f"https://{SITE}/", family).code == 0
        assert home.curl("console", f"https://{SITE}/", family).code == 0
    for one in cast.play:
        one.wait("open", after=end)
    assert cast.slowed.rate(MEASURED_S) > quick / 2


def house(start: float, end: float) -> str:
    """Return the house, with a minute of bedtime and of slowness, and a day of minutes that doesn't end meanwhile."""
    times = {"start": clock(start), "end": clock(end)}
    bedtime, slow = BEDTIME.format(**times), SLOW.format(**times)
    return (
        HOUSE.replace("persons:", f'day_starts: "{clock(start - HALF_A_DAY_S)}"\npersons:')
        .replace("band: 6-9}", f"band: 6-9, {bedtime}, always_on: {{services: [spotify]}}}}")
        .replace("band: 13-15}", f"band: 13-15, {bedtime}}}")
        .replace("devices:\n", PERSONS.format(slow=slow) + "devices:\n" + GUEST)
        .replace("id: laptop, person: noah", "id: laptop, person: lena")
    )
