"""With one arm connections pass the box both ways; what stays on the devices' own network is left alone."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from appliance.config import Gateway
from appliance.core.mark import Mark, State
from appliance.guard.firewall import Firewall
from tests.guard.street import (
    BESIDE,
    BOX,
    BOX_AT,
    DEVICE,
    ROUTER_AT,
    SERVER,
    SERVER_AT,
    Inspector,
    Street,
    always,
    street,
)

pytestmark = pytest.mark.lab
BOTH = pytest.mark.parametrize("version", [4])
"""With one arm the box offers no IPv6: over it a device may be redirected past the box."""


@pytest.fixture(scope="module")
def built() -> Iterator[Street]:
    """A street for all tests of this file."""
    with street(BESIDE) as one:
        yield one


@pytest.fixture
def road(built: Street) -> Iterator[Street]:
    """The street, with our rules alone on the box."""
    built.forget()
    home = (ip_network("fd78::/64"),)
    Firewall(Gateway(lan="lan", address="192.168.78.1/24"), 1, built.run).up(home)
    yield built
    built.forget()


@BOTH
@pytest.mark.parametrize("state", [State.ALLOWED, State.REFUSED])
def test_out(road: Street, version: int, state: State) -> None:
    """A connection to the world is looked at; the world sees the box's address, so that answers come back to it."""
    with (
        Inspector(road, (0,), lambda octets: Mark(state) if b"hello" in octets else None),
        road.listen(SERVER, version, 443) as listener,
        road.open(DEVICE, version) as near,
    ):
        near.connect((SERVER_AT[version], 443))
        far, peer = listener.accept()
        with far:
            assert peer[0] == BOX_AT[version]
            near.sendall(b"hello")
            if state is State.ALLOWED:
                assert far.recv(100) == b"hello"
                far.sendall(b"reply")
                assert near.recv(100) == b"reply"
                assert road.marks() == [State.ALLOWED.bits]
            else:
                with pytest.raises(ConnectionResetError):
                    near.recv(1)


@BOTH
def test_home(road: Street, version: int) -> None:
    """What passes the box between two of the devices' network is not looked at."""
    with (
        Inspector(road, (0,), always(State.REFUSED)) as inspector,
        road.listen(SERVER, version, 443) as listener,
        road.open(DEVICE, version) as near,
    ):
        near.connect((ROUTER_AT[version], 443))
        listener.accept()[0].close()
        assert road.marks() == [0]
    assert inspector.packets == []


@BOTH
def test_dns(road: Street, version: int) -> None:
    """A question to the router, or to anybody else, is answered by the box."""
    with road.listen(BOX, version, 53) as box:
        for to in (ROUTER_AT, SERVER_AT):
            with road.open(DEVICE, version) as near:
                near.connect((to[version], 53))
                box.accept()[0].close()
