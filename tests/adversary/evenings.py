"""Innocent evenings: what families do, of which the box may neither refuse nor tell anything."""

import os
import struct
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from tests.adversary.child import CLOSED, OPEN, OWN, STUN, VPN, Child, Place
from tests.lab import vpn
from tests.lab.gateway import Open

FILM = Place("www.netflix.com", "203.0.113.45", "2001:db8::45")
ENCYCLOPAEDIA = Place("www.wikipedia.org", "203.0.113.47", "2001:db8::47")
MUSIC = Place("open.spotify.com", "203.0.113.156", "")
CHECKS = ("connectivitycheck.gstatic.com", "captive.apple.com", "www.msftconnecttest.com")
CALL_PORT = 3478
FEW = 3


class Evening(NamedTuple):
    """One of them, at a device."""

    id: str
    title: str
    host: str
    how: Callable[[Child], bool]
    """Says whether all of it worked."""
    is_night: bool = False
    """It is bedtime."""


def _flow(*opened: Open) -> bool:
    """Say whether connections flow and go on, and end them."""
    with ExitStack() as stack:
        for one in opened:
            stack.callback(one.end)
        for one in opened:
            one.wait("open")
        at = time.time()
        for one in opened:
            one.lives_after(at)
    return True


def homework(child: Child) -> bool:
    """Pages, a video in pieces over HTTP/2 and HTTP/3, in both families."""
    for family in ("4", "6"):
        other = Child(child.lab, child.host, child.person, child.band, family)
        if other.curl(f"https://{ENCYCLOPAEDIA.name}/") is None or other.curl(f"http://{OPEN.name}/") is None:
            return False
    name = ("--family", child.family)
    return _flow(child.lab.download(child.host, OPEN.name, *name), child.lab.quic(child.host, OPEN.name, *name))


def game_with_voice(child: Child) -> bool:
    """A match over UDP, its chat over a WebSocket, voice found by STUN."""
    return _call(child, STUN) and _flow(
        child.lab.udp_game(child.host, OWN.name, "--family", "4"), child.lab.ws(child.host, OWN.name, "--family", "4")
    )


def console(child: Child) -> bool:
    """It looks whether it is online, loads a game, plays with a machine that has no name, and talks."""
    online = child.lab.curl(child.host, f"http://{CHECKS[2]}/generate_204", "-4").status == 204
    plays = child.lab.udp_game(child.host, OWN.name, "--at", "203.0.113.171", "--family", "4")
    return online and _flow(
        plays, child.lab.download(child.host, OPEN.name, "--plain", "--port", "80", "--family", "4")
    )


def video_call(child: Child) -> bool:
    """STUN to a name, then pictures to an address that the other side told."""
    return _call(child, STUN) and bool(child.sends(STUN._replace(v4="203.0.113.172"), 40_000, *_pictures()))


def app_store(child: Child) -> bool:
    """A list of updates over TLS, the updates without, in pieces."""
    pieces = [child.curl(f"http://{OPEN.name}/", "-H", f"Range: bytes={at}-{at + 99}") for at in range(0, 400, 100)]
    return child.curl(f"https://{OPEN.name}/") is not None and all(pieces)


def television(child: Child) -> bool:
    """A film, for a long time from one place."""
    return _flow(
        child.lab.download(child.host, FILM.name, "--family", "4"),
        child.lab.quic(child.host, FILM.name, "--family", "4"),
    )


def schools_vpn(child: Child) -> bool:
    """A machine of the school's goes home through the school's tunnel."""
    with vpn.wireguard(child.lab, child.host, child.at(VPN), times=FEW) as speaks:
        return speaks


def adults_vpn(child: Child) -> bool:
    """So does an adult's phone; and it asks whom it likes."""
    with vpn.wireguard(child.lab, child.host, child.at(VPN), times=FEW) as speaks:
        return speaks and child.pinned(CLOSED) is not None


def browser(child: Child) -> bool:
    """Chromium as it is: with made-up ECH, a key share for quantum computers, and several connections at once."""
    with child.lab.browser(child.host) as chromium:
        return all(isinstance(child.lab.fetch(chromium, f"https://{one.name}/"), dict) for one in (OPEN, ENCYCLOPAEDIA))


def checks_at_night(child: Child) -> bool:
    """A phone looks whether it is online, and must not think that it isn't."""
    return all(child.lab.curl(child.host, f"http://{name}/generate_204", "-4").status == 204 for name in CHECKS)


def music_at_night(child: Child) -> bool:
    """What is always on."""
    return _flow(child.lab.download(child.host, MUSIC.name, "--family", "4"))


def mail_and_push(child: Child) -> bool:
    """What keeps a connection open for hours and says little; old mail that begins in clear."""
    with child.connect(OWN, 5223) as push, child.connect(OWN, 143) as mail:
        for one, words in ((push, b"hello\r\n"), (mail, b"a1 CAPABILITY\r\n")):
            one.sendall(words)
            if one.recv(4096) != words:
                return False
    return True


def _call(child: Child, place: Place) -> bool:
    binding = struct.pack("!HHI12s", 1, 0, 0x2112A442, os.urandom(12))
    return child.lab.kdig(child.host, place.name) != [] and bool(child.sends(place, CALL_PORT, binding))


def _pictures() -> list[bytes]:
    """Return RTP (RFC 3550) as a call sends it."""
    return [struct.pack("!BBHII", 0x80, 96, number, number * 3000, 0x4B47) + os.urandom(900) for number in range(20)]


EVENINGS = (
    Evening("homework", "Homework, with videos", "tablet", homework),
    Evening("game-voice", "An online game with voice", "laptop", game_with_voice),
    Evening("console", "An evening at the console", "console", console),
    Evening("call", "A video call with the grandparents", "laptop", video_call),
    Evening("updates", "The app store updates everything", "tablet", app_store),
    Evening("film", "A film on the big screen", "console", television),
    Evening("school", "The school's laptop and its VPN", "toy", schools_vpn),
    Evening("adult", "An adult works from home", "phone", adults_vpn),
    Evening("browser", "A browser with all that is new", "tablet", browser),
    Evening("push", "Mail, and what waits to be called", "guest", mail_and_push),
    Evening("checks", "Phones look whether they are online, at bedtime", "laptop", checks_at_night, is_night=True),
    Evening("music", "Music that is always on, at bedtime", "tablet", music_at_night, is_night=True),
)
