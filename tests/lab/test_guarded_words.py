"""What a caregiver says at the gateway: it ends what is open at once, and opens it again, whatever it is said by."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.appliance import Appliance
from tests.lab.gateway import HOUSE, Gateway, Open, cuts, gateway, guarding
from tests.lab.home import wait_until
from tests.lab.moments import iso

pytestmark = pytest.mark.lab

SITE = "www.example.com"
HOUR_S = 3600
RULE = HOUSE.replace("band: 6-9}", "band: 6-9, rules: [{name: example.com, do: block}]}")
SPENT = HOUSE.replace("band: 6-9}", "band: 6-9, budgets: [{minutes: 0}]}")
STRICT_BROTHER = HOUSE.replace("band: 13-15}", "band: 13-15, rules: [{name: example.com, do: block}]}")
MOVED = STRICT_BROTHER.replace("id: tablet, person: mia", "id: tablet, person: noah")


def paused(at: float, person: str = "mia") -> str:
    """Return the house with a child's Internet off for an hour."""
    return HOUSE + f'pauses:\n  - {{person: {person}, said_at: "{iso(at)}", until: "{iso(at + HOUR_S)}"}}\n'


def granted(house: str, at: float) -> str:
    """Return a house in which Mia may have the site for an hour all the same."""
    return (
        house + f"grants:\n  - {{person: mia, name: example.com, said_at: {iso(at)!r}, until: {iso(at + HOUR_S)!r}}}\n"
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A home with two interfaces."""
    with gateway(f"words-{os.getpid()}", tmp_path_factory.mktemp("gateway")) as up:
        yield up


@pytest.fixture(scope="module")
def box(home: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """Kindgate on it."""
    with guarding(home, tmp_path_factory.mktemp("box") / "data") as appliance:
        yield appliance


@contextmanager
def opened(home: Gateway, host: str) -> Iterator[list[Open]]:
    """A download, a WebSocket and a QUIC stream, of each family."""
    begin = (home.download, home.ws, home.quic)
    found = [one(host, SITE, "--family", family) for family in ("4", "6") for one in begin]
    try:
        for one in found:
            one.wait("open", limit_s=30)
        yield found
    finally:
        for one in found:
            one.end()


@pytest.mark.parametrize(
    ("why", "person"), [("pause", "mia"), ("own_block", "mia"), ("budget", "mia"), ("moved", "noah")]
)
def test_a_word_ends_what_is_open(home: Gateway, box: Appliance, why: str, person: str) -> None:
    """A pause, an own rule, spent minutes, a tablet that is a brother's now: six connections end, and it is told."""
    said_at = time.time()
    says = {"pause": paused(said_at), "own_block": RULE, "budget": SPENT, "moved": MOVED}
    try:
        # Or his laptop's connections would be told with the tablet's.
        box.apply(STRICT_BROTHER if why == "moved" else HOUSE)
        with opened(home, "tablet") as ending, opened(home, "phone") as living:
            box.apply(says[why])
            for one in ending:
                one.wait_for_end(after=said_at)
            ended_at = time.time()
            for one in living:
                one.lives_after(ended_at)
            assert home.curl("tablet", f"https://{SITE}/").code != 0
            what = "own_block" if why == "moved" else why
            (told,) = cuts(box, person, "child", said_at)
            assert told == {"what": what, "connections": 6, "still": 0}
    finally:
        box.apply(HOUSE)
    for family in ("-4", "-6"):
        assert home.curl("tablet", f"https://{SITE}/", family).code == 0


def test_a_grant_opens_at_once(home: Gateway, box: Appliance) -> None:
    """In a pause the one site that is granted opens to new connections; when the grant is taken back, these end."""
    at = time.time()
    try:
        box.apply(paused(at - 1))
        assert home.curl("tablet", f"https://{SITE}/").code != 0
        box.apply(granted(paused(at - 1), at))
        with opened(home, "tablet") as ending:
            taken_at = time.time()
            box.apply(paused(at - 1))
            for one in ending:
                one.wait_for_end(after=taken_at)
    finally:
        box.apply(HOUSE)


def test_what_was_refused_goes_on_with_its_next_packet(home: Gateway, box: Appliance) -> None:
    """A game over UDP stops at a pause, and plays on, on the same ports, as soon as the pause is taken back.

    On the laptop: its connections are remembered for minutes, and those of Mia's tablet are counted elsewhere.
    """
    playing = [home.udp_game("laptop", "play.example", "--family", family) for family in ("4", "6")]
    try:
        for one in playing:
            one.wait("open")
        said_at = time.time()
        box.apply(paused(said_at, "noah"))
        ended = [one.wait_for_end(after=said_at) for one in playing]
        box.apply(HOUSE)
        for one, end in zip(playing, ended, strict=True):
            one.wait("open", after=end["at"])
    finally:
        box.apply(HOUSE)
        for one in playing:
            one.end()


def test_who_is_slowed_is_quick_again(home: Gateway, box: Appliance) -> None:
    """A budget that slows when it is spent: the download that runs goes on at the set rate, and then as before."""
    slow = SPENT.replace("minutes: 0", "minutes: 0, slow: true")
    one = home.download("tablet", SITE, "--family", "4", kbit=8000)
    try:
        one.wait("open")
        quick = one.rate(3.0)
        box.apply(slow)
        wait_until(lambda: one.rate(3.0) < quick / 4, "a slow download")
        box.apply(HOUSE)
        wait_until(lambda: one.rate(3.0) > quick / 2, "a quick download")
    finally:
        box.apply(HOUSE)
        one.end()
