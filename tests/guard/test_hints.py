"""Evenings in which nothing is hidden, and what they look like in which something is."""

import pytest

from appliance.core.device import DeviceKind
from appliance.core.person import Setting
from appliance.core.signs.facts import Kind
from appliance.guard.events import HINTS
from tests.guard.evenings import UDP, Evening, Line, Told, many

NOTHING = Told(frozenset(), frozenset())
SITE = Line("203.0.113.10", 400, name="www.wikipedia.org")
PLAIN = Line("198.51.100.7", 0, protocol=UDP, kind=Kind.OTHER, is_given=False)
"""A stream of UDP to an address, of which nobody knows what it is."""
TUNNEL = PLAIN._replace(down=4_000, up=200)
STRANGE = many(SITE._replace(is_given=False, begins_s=600.0, down=1_000), 3)
LIKELY, STRONG = 2, 3

INNOCENT: dict[str, tuple[Line, ...]] = {
    "a video call of two hours": (
        PLAIN._replace(down=2_500, up=2_500, shows=(("stun", STRONG),)),
        Line("203.0.113.20", 30, name="meet.jit.si"),
    ),
    "a video call of a service that shows nothing": (
        PLAIN._replace(down=2_500, up=2_500, is_given=True, name="zoomfra77mmr.fra.zoom.us"),
        Line("203.0.113.21", 20, name="us04web.zoom.us"),
    ),
    "an online game over UDP": (
        PLAIN._replace(down=300, up=120),
        Line("203.0.113.22", 5, name="login.game.example"),
    ),
    "a game that is fetched by QUIC": (
        Line("203.0.113.23", 40_000, protocol=UDP, kind=Kind.QUIC, name="download.game.example"),
    ),
    "music": many(Line("203.0.113.24", 320, name="audio-ak.spotifycdn.com"), 3, 1_200.0),
    "a backup over TCP": (Line("203.0.113.40", 0, 30_000, name="backup.example"),),
    "a backup to the home's own disk": (Line("192.168.79.2", 0, 80_000, kind=Kind.OTHER, is_given=False),),
    "print-outs by way of the box": (Line("192.168.79.3", 10, 4_000, UDP, Kind.OTHER, is_given=False),),
    "a swarm that shares a film": many(
        Line("198.51.100.50", 900, 300, UDP, Kind.OTHER, shows=(("bittorrent", LIKELY),), is_given=False), 30, 10.0
    ),
    "sites that are looked at": many(SITE, 40, 120.0),
    "a film, with a server that moves": many(SITE._replace(down=15_000, lasts_s=1_200.0), 6, 1_200.0),
    "an app that brings its own addresses": (
        *many(SITE, 12, 300.0),
        *many(Line("198.51.100.80", 300, name="audio-fa.scdn.co", begins_s=60.0, is_given=False), 4, 300.0),
        *many(Line("198.51.100.90", 300, name="spclient.spotify.com", begins_s=60.0, is_given=False), 4, 300.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("evening", INNOCENT)
@pytest.mark.parametrize("has_push", [True, False])
def test_an_innocent_evening(evening: str, *, has_push: bool) -> None:
    """It raises nothing, and nothing in it is refused, so that it was looked at."""
    assert Evening(INNOCENT[evening], has_push=has_push).run() == NOTHING


@pytest.mark.parametrize("kind", [DeviceKind.CONSOLE, DeviceKind.TV, DeviceKind.IOT, DeviceKind.ADULT])
def test_who_is_not_looked_at(kind: DeviceKind) -> None:
    """A console that plays with another house, a television, a toy, an adult: whatever they do."""
    strange = many(SITE._replace(is_given=False, begins_s=60.0, down=9_000), 5)
    assert Evening((TUNNEL,), kind).run().hints == Evening(strange, kind).run().hints == frozenset()


def test_calls_over_the_wireless_network() -> None:
    """A telephone's calls by its provider, over IPsec: a VPN by its first words, and refused as one, without a hint."""
    calls = PLAIN._replace(down=100, up=100, shows=(("ipsec", STRONG),))
    assert Evening((SITE, calls), DeviceKind.PHONE).run() == Told(frozenset(), frozenset({PLAIN.server}))


def test_a_laptop_that_wakes_after_the_box() -> None:
    """What it had open goes on, and the box has forgotten that it gave the addresses."""
    awake = many(Line("198.51.100.30", 3_000, kind=Kind.OTHER, is_given=False), 4)
    assert Evening(awake, DeviceKind.LAPTOP, knows_s=60.0, here_s=0.0).run() == NOTHING


def test_a_guard_that_started_anew() -> None:
    """Of what flowed before, nobody knows what it is."""
    before = TUNNEL._replace(is_seen=False, begins_s=-9_000.0, lasts_s=20_000.0)
    films = many(SITE._replace(is_seen=False, is_given=False, begins_s=-9_000.0, down=9_000, lasts_s=20_000.0), 5)
    assert Evening((before,)).run() == Evening(films).run() == NOTHING


def test_a_telephone_that_comes_home() -> None:
    """It still uses what it looked up on its way."""
    held = many(SITE._replace(is_given=False, lasts_s=600.0, name="a.example"), 2)
    more = many(SITE._replace(is_given=False, lasts_s=600.0, name="b.example", server="198.51.100.60"), 2)
    home = many(SITE._replace(begins_s=30.0), 9)
    assert Evening((*held, *more, *home), DeviceKind.PHONE, here_s=0.0).run() == NOTHING


def test_a_vpn_that_nobody_knows() -> None:
    """One stream, and hardly anything beside it: told when it went on for ten minutes."""
    evening = Evening((TUNNEL._replace(begins_s=60.0), SITE._replace(lasts_s=30.0)))
    assert evening.run(630.0) == NOTHING
    assert evening.run(700.0) == Told(frozenset({"lone_udp"}), frozenset())


@pytest.mark.parametrize(
    "more",
    [
        (TUNNEL._replace(down=500, up=50),),
        (TUNNEL, *many(SITE, 5)),
        (TUNNEL, SITE._replace(down=2_000)),
        (TUNNEL._replace(protocol=6),),
        (TUNNEL._replace(shows=(("call", 1),)),),
        (TUNNEL._replace(lasts_s=540.0),),
    ],
    ids=["too little", "many others", "too much beside it", "TCP", "a call", "too short"],
)
def test_what_is_no_vpn(more: tuple[Line, ...]) -> None:
    """Each of the things by which it is told is wanted."""
    assert Evening(more).run() == NOTHING


def test_another_resolver() -> None:
    """Much with several servers, of which this box gave the address of none."""
    assert Evening(STRANGE, has_push=False).run().hints == {"busy_without_dns"}


@pytest.mark.parametrize(
    ("lines", "knows_s", "has_push"),
    [
        (STRANGE, 30_000.0, True),
        ((*STRANGE, SITE._replace(server="203.0.113.99", down=1)), 30_000.0, False),
        (STRANGE[:2], 30_000.0, False),
        (tuple(one._replace(down=60) for one in STRANGE), 30_000.0, False),
        (STRANGE, 200.0, False),
    ],
    ids=["one from before was given", "one was given", "two servers", "too little", "the box may have forgotten"],
)
def test_what_is_no_other_resolver(lines: tuple[Line, ...], knows_s: float, *, has_push: bool) -> None:
    """Each of the things by which it is told is wanted."""
    assert Evening(lines, knows_s=knows_s, here_s=0.0, has_push=has_push).run() == NOTHING


def test_a_changed_hosts_file() -> None:
    """Two sites at addresses that were given for nothing, while all else is as it was."""
    usual = many(SITE, 10, 60.0)
    pinned = (
        *many(Line("198.51.100.70", 50, name="www.school.example", begins_s=900.0, is_given=False), 2, 600.0),
        Line("198.51.100.75", 50, name="encyclopedia.test", begins_s=1_500.0, is_given=False),
    )
    assert Evening((*usual, *pinned)).run() == Told(frozenset({"name_pinned"}), frozenset())
    assert Evening((*usual, *pinned[:2])).run() == NOTHING
    assert Evening((*usual, *pinned), knows_s=9_000.0).run() == NOTHING


def test_what_is_refused() -> None:
    """It was told when that was done: what it moved before then says nothing."""
    closed = tuple(one._replace(name="www.tiktok.com") for one in STRANGE)
    told = Evening(closed, band="6-9", has_push=False).run()
    assert told == Told(frozenset(), frozenset(one.server for one in STRANGE))


def test_where_it_is_open_anyway() -> None:
    """Of a child that may use a VPN, none is told."""
    assert Evening((TUNNEL,)).run().hints == {"lone_udp"}
    assert Evening((TUNNEL,), categories={"bypass_vpn": Setting.ALLOW}).run() == NOTHING


def test_each_is_a_hint() -> None:
    """There are words for it."""
    assert {"lone_udp", "busy_without_dns", "name_pinned", "mac_changed"} <= HINTS.keys()
