"""Things reach no other device of the house through the box, and no private network beyond it; the internet they do."""

import socket
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from appliance.config import Gateway
from appliance.guard.firewall import Firewall
from appliance.guard.manners import Manners
from scripts.lablib import net
from tests.guard.street import (
    BESIDE,
    BOX,
    DEVICE,
    DEVICE_AT,
    MAC,
    OPEN,
    ROUTER_AT,
    SERVER,
    SERVER_AT,
    WAIT_S,
    Inspector,
    Street,
    behave,
    guarded,
    is_refused,
    leave,
    street,
)

pytestmark = pytest.mark.lab
BOTH = pytest.mark.parametrize("version", [4, 6])
KINDS = pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
THINGS = pytest.mark.parametrize(
    "things",
    [
        Manners(open=frozenset({MAC}), things=frozenset({MAC})),
        Manners(free=frozenset({MAC}), things=frozenset({MAC})),
        Manners(things=frozenset(DEVICE_AT.values())),
    ],
    ids=["a child's", "an adult's", "by its address"],
)
PRIVATE_AT = {4: "10.99.0.9", 6: "fd99::9"}
HAIRPIN_AT = {4: "203.0.113.7", 6: "2001:db8:7::7"}
"""Public addresses to which the way leads back to the devices' network."""
PORT = 8009


@pytest.fixture(scope="module")
def built() -> Iterator[Street]:
    """A box between the devices and a server, which has a private address too."""
    with street() as one:
        _ip(one, SERVER, *(f"addr add {at} dev lo" for at in PRIVATE_AT.values()))
        _ip(one, BOX, *(f"route add {PRIVATE_AT[version]} via {SERVER_AT[version]}" for version in (4, 6)))
        _ip(one, BOX, *(f"route add {HAIRPIN_AT[version]} via {DEVICE_AT[version]}" for version in (4, 6)))
        yield one


@pytest.fixture
def road(built: Street) -> Iterator[Street]:
    """It, with our rules alone on the box."""
    with guarded(built) as one:
        yield one


@pytest.fixture(scope="module")
def lane() -> Iterator[Street]:
    """A box with one arm beside the router."""
    with street(BESIDE) as one:
        yield one


@pytest.fixture
def firewall(lane: Street) -> Iterator[Firewall]:
    """Our rules alone on the box with one arm."""
    lane.forget()
    made = Firewall(Gateway(lan="lan", address="192.168.78.1/24"), 1, lane.run)
    made.up((ip_network("fd78::/64"),))
    yield made
    lane.forget()


def _ip(road: Street, host: str, *lines: str) -> None:
    net.run(["ip", "-n", road.namespace(host), "-batch", "-"], stdin="\n".join(lines) + "\n")


def is_kept_out(road: Street, version: int, kind: int, address: str) -> bool:
    """Say whether the device is refused at an address."""
    with road.open(DEVICE, version, kind) as near:
        return is_refused(near, (address, PORT))


def arrive(road: Street, version: int, kind: int, address: str) -> None:
    """Assert that what the device sends to an address gets to the server there."""
    with road.listen(SERVER, version, PORT, kind) as listener, road.open(DEVICE, version, kind) as near:
        near.connect((address, PORT))
        far = listener.accept()[0] if kind == socket.SOCK_STREAM else listener
        with far:
            far.settimeout(WAIT_S)
            near.sendall(b"words")
            assert far.recv(100) == b"words"


@BOTH
@KINDS
@THINGS
def test_private_networks(road: Street, version: int, kind: int, things: Manners) -> None:
    """The router's own pages, a neighbour at the provider: a thing that was taken over finds nobody there."""
    with Inspector(road, (0,), leave):
        behave(road, OPEN)
        arrive(road, version, kind, PRIVATE_AT[version])
        behave(road, things)
        assert is_kept_out(road, version, kind, PRIVATE_AT[version])


@BOTH
@KINDS
@THINGS
def test_back_into_the_house(road: Street, version: int, kind: int, things: Manners) -> None:
    """What leaves by the side that it came from is for another device, whatever its address."""
    behave(road, things)
    assert is_kept_out(road, version, kind, HAIRPIN_AT[version])


@BOTH
@KINDS
@THINGS
def test_the_internet(road: Street, version: int, kind: int, things: Manners) -> None:
    """Whether it may reach a name there is another question, which the inspector answers."""
    with Inspector(road, (0,), leave) as inspector:
        behave(road, things)
        arrive(road, version, kind, SERVER_AT[version])
        assert any(b"words" in packet for packet in inspector.packets) == (MAC not in things.free)


@BOTH
@THINGS
def test_who_comes_to_a_thing_is_answered(road: Street, version: int, things: Manners) -> None:
    """A phone of another network of the house opens the lamp's page: the answers pass."""
    _ip(road, SERVER, f"route replace {DEVICE_AT[version]} via {'198.51.100.1' if version == 4 else '2001:db8:99::1'}")
    behave(road, things)
    # From outside nobody may: the rule for it is not what is tried here.
    road.run(("nft", "insert rule inet kindgate inbound accept"))
    with road.listen(DEVICE, version, PORT) as listener, road.open(SERVER, version) as phone:
        phone.bind((PRIVATE_AT[version], 0))
        phone.connect((DEVICE_AT[version], PORT))
        lamp = listener.accept()[0]
        with lamp:
            lamp.sendall(b"page")
            assert phone.recv(100) == b"page"


@pytest.mark.parametrize("version", [4])  # with one arm the box offers no IPv6
@KINDS
@THINGS
def test_with_one_arm(lane: Street, firewall: Firewall, version: int, kind: int, things: Manners) -> None:
    """What the box is asked to carry to another device of the network is not carried; the internet is reached."""
    with Inspector(lane, (0,), leave):
        firewall.set_manners(OPEN)
        arrive(lane, version, kind, ROUTER_AT[version])
        firewall.set_manners(things)
        assert is_kept_out(lane, version, kind, ROUTER_AT[version])
        arrive(lane, version, kind, SERVER_AT[version])
