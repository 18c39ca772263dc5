"""Who may reach known addresses alone does so, in the kernel: refused at once or counted, and floods end there too."""

import socket
from collections.abc import Iterator

import pytest

from appliance.core.mark import OPENED, State
from appliance.guard.elements import Element, Elements
from appliance.guard.firewall import Firewall
from appliance.guard.kept import Kept
from tests.guard.street import (
    BOX,
    BOX_AT,
    DEVICE,
    DEVICE_AT,
    FAMILY,
    FREE,
    GATEWAY,
    MAC,
    OPEN,
    SERVER,
    SERVER_AT,
    Street,
    behave,
    guarded,
    is_refused,
)

pytestmark = pytest.mark.lab
BOTH = pytest.mark.parametrize("version", [4, 6])
BURST = 2_000
BEGUN = 4_000


@pytest.fixture
def road(built: Street) -> Iterator[Street]:
    """The street, with our rules alone."""
    with guarded(built) as one:
        behave(one, OPEN)
        yield one


def keep(road: Street, *known_by: str, is_refused: bool = True) -> Firewall:
    """Keep who is known by these to known addresses."""
    firewall = Firewall(GATEWAY, 1, road.run)
    firewall.set_kept({7: Kept(frozenset(known_by), is_refused)})
    return firewall


def give(road: Street, version: int, left_s: float = 60.0, number: int = 7) -> None:
    """Let the kernel know the server's address as given to somebody."""
    address = socket.inet_pton(FAMILY[version], SERVER_AT[version])
    elements = Elements()
    with road.inside(BOX):
        elements.put([Element(f"known{version}", number.to_bytes(4, "little") + address, left_s)])
    elements.close()


def connects(road: Street, version: int, kind: int = socket.SOCK_DGRAM) -> bool:
    """Say whether the device reaches the server, or is refused at once."""
    with road.open(DEVICE, version, kind) as attempt, road.listen(SERVER, version, 7_000, kind) as listener:
        if kind == socket.SOCK_STREAM:
            return attempt.connect_ex((SERVER_AT[version], 7_000)) == 0
        attempt.connect((SERVER_AT[version], 7_000))
        attempt.send(b"!")
        listener.setblocking(False)
        attempt.settimeout(0.2)
        try:
            attempt.recv(1)
        except TimeoutError:
            return listener.recv(10) == b"!"
        except OSError:
            return False
        return False


@BOTH
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
@pytest.mark.parametrize("by_mac", [True, False])
def test_known_or_refused(road: Street, version: int, kind: int, by_mac: bool) -> None:
    """An address is closed until that person was given it; the device is known by its MAC or else by its address."""
    keep(road, MAC if by_mac else DEVICE_AT[version])
    give(road, version, number=8)
    assert not connects(road, version, kind)
    give(road, version)
    assert connects(road, version, kind)


@BOTH
def test_only_who_is_kept(road: Street, version: int) -> None:
    """Another device goes where it likes, and so does this one when it is kept no more."""
    keep(road, "02:77:00:00:00:99")
    assert connects(road, version)
    firewall = keep(road, MAC)
    assert not connects(road, version)
    firewall.set_kept({})
    assert connects(road, version)


@BOTH
def test_watched(road: Street, version: int) -> None:
    """It passes, and is counted once for each connection; one that was refused is counted too."""
    firewall = keep(road, MAC, is_refused=False)
    assert firewall.strange() == {}
    assert connects(road, version, socket.SOCK_STREAM)
    assert firewall.strange() == {(MAC, 7): 1}
    give(road, version)
    assert connects(road, version, socket.SOCK_STREAM)
    assert firewall.strange() == {(MAC, 7): 1}


def test_what_is_open_stays(road: Street) -> None:
    """A connection that began before its device was kept goes on."""
    with road.listen(SERVER, 4, 7_000) as listener, road.open(DEVICE, 4) as near:
        near.connect((SERVER_AT[4], 7_000))
        far, _ = listener.accept()
        with far:
            keep(road, MAC)
            near.sendall(b"on")
            assert far.recv(10) == b"on"


@BOTH
def test_the_box_itself(road: Street, version: int) -> None:
    """It is always known."""
    keep(road, MAC)
    with road.listen(BOX, version, 7_000) as listener, road.open(DEVICE, version) as near:
        near.connect((BOX_AT[version], 7_000))
        listener.accept()[0].close()


def test_kept_goes_before_the_queue(road: Street) -> None:
    """What is refused never gets a state, and the mark that counted leaves no trace on what passes."""
    keep(road, MAC)
    with road.open(DEVICE, 4) as near:
        assert is_refused(near, (SERVER_AT[4], 7_000))
    assert road.marks() == []
    give(road, 4)
    assert connects(road, 4, socket.SOCK_STREAM)
    assert set(road.marks()) == {State.WATCHED_OPEN.bits | OPENED}


@pytest.mark.parametrize("manners", [OPEN, FREE], ids=["watched", "free"])
def test_a_flood(road: Street, manners: object) -> None:
    """Of very many new connections at once of a watched device most are dropped; an adult's are not counted."""
    behave(road, manners)  # type: ignore[arg-type]
    sockets = [road.open(DEVICE, 4, socket.SOCK_DGRAM) for _ in range(40)]
    for number in range(BEGUN):
        sockets[number % len(sockets)].sendto(b"!", (SERVER_AT[4], 10_000 + number // len(sockets)))
    begun = len(road.marks("udp"))
    for one in sockets:
        one.close()
    assert (begun >= BURST, begun == BEGUN) == (True, manners is FREE)
