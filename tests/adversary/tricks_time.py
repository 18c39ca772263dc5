"""Going on when it is bedtime."""

from collections.abc import Generator
from contextlib import suppress

from tests.adversary.child import OPEN, OWN, Child
from tests.adversary.trick import (
    EVERYWHERE_STOPPED,
    STOPPED,
    OverBedtime,
    gateway,
)
from tests.lab.gateway import Open

Steps = Generator[bool | None, None, None]
ENDS_WITHIN_S = 8.0
"""The box ends what is forbidden at once; the test has other things to do meanwhile."""


def _outlives(opened: Open) -> Steps:
    """Yield when something flows, and then whether it goes on."""
    try:
        opened.wait("open")
        yield None
        with suppress(AssertionError):
            opened.wait_for_end(limit_s=ENDS_WITHIN_S)
            yield False
            return
        yield True
    finally:
        opened.end()


def download(child: Child) -> Steps:
    """A file that never ends."""
    return _outlives(child.lab.download(child.host, OPEN.name, "--family", child.family))


def websocket(child: Child) -> Steps:
    """A chat."""
    return _outlives(child.lab.ws(child.host, OPEN.name, "--family", child.family))


def quic(child: Child) -> Steps:
    """A film over HTTP/3."""
    return _outlives(child.lab.quic(child.host, OPEN.name, "--family", child.family))


def game(child: Child) -> Steps:
    """A game over UDP."""
    return _outlives(child.lab.udp_game(child.host, OWN.name, "--family", child.family))


def idle(child: Child) -> Steps:
    """A connection that was opened before and says something only then."""
    with child.connect(OPEN, 80) as made:
        made.sendall(b"GET / HTTP/1.1\r\n")
        yield None
        works = False
        with suppress(OSError):
            made.sendall(f"Host: {OPEN.name}\r\n\r\n".encode())
            works = bool(made.recv(4096))
        yield works


def tunnel(child: Child) -> Steps:
    """A tunnel to a machine of one's own, from before."""
    return _outlives(child.lab.udp_game(child.host, OWN.name, "--family", child.family, "--port", "27015"))


def anew(child: Child) -> Steps:
    """A new visit; what the device's own clock says is nothing to the box."""
    yield None
    yield child.curl(f"https://{OPEN.name}/") is not None


def anew_by_address(child: Child) -> Steps:
    """A new visit at an address that was noted before."""
    yield None
    yield child.pinned(OPEN) is not None


CUT = "What is open is looked through as bedtime begins, and ended."
TRICKS = (
    OverBedtime("bed-download", "I begin a big download before bedtime", download, gateway(STOPPED), CUT),
    OverBedtime("bed-websocket", "I keep a chat open", websocket, gateway(STOPPED), CUT),
    OverBedtime("bed-quic", "I keep a film open over HTTP/3", quic, gateway(STOPPED), CUT),
    OverBedtime("bed-game", "I keep playing", game, gateway(STOPPED), CUT),
    OverBedtime("bed-tunnel", "I dig a tunnel before bedtime", tunnel, gateway(STOPPED), CUT),
    OverBedtime("bed-idle", "I open a connection before and use it after", idle, gateway(STOPPED), CUT),
    OverBedtime(
        "bed-clock", "I set my device's clock back", anew, EVERYWHERE_STOPPED, "The box goes by its own clock."
    ),
    OverBedtime(
        "bed-address",
        "I note addresses for the night",
        anew_by_address,
        gateway(STOPPED),
        "A connection is decided whether it was asked for or not.",
    ),
)
