"""What our rules refuse, or send elsewhere, without anybody looking: from outside, past this box, out of sight."""

import socket

import pytest

from appliance.guard.firewall import Firewall
from appliance.guard.manners import Manners
from tests.guard.street import (
    BOX,
    BOX_AT,
    DEVICE,
    DEVICE_AT,
    FREE,
    GATEWAY,
    MAC,
    OPEN,
    OUTSIDE_AT,
    SERVER,
    SERVER_AT,
    SILENCE_S,
    Street,
    behave,
    is_refused,
)

pytestmark = pytest.mark.lab
BOTH = pytest.mark.parametrize("version", [4, 6])
ECHO_REQUEST, ECHO_REPLY = bytes((128, 0, 0, 0, 0, 7, 0, 1)), 129


@BOTH
@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
@pytest.mark.parametrize(("manners", "by"), [(OPEN, b"box"), (FREE, b"server")])
def test_dns_elsewhere(road: Street, version: int, kind: int, manners: Manners, by: bytes) -> None:
    """A question to another name server is answered by the box, in its name; an adult's goes where it is sent."""
    behave(road, manners)
    with (
        road.listen(BOX, version, 53, kind) as box,
        road.listen(SERVER, version, 53, kind) as server,
        road.open(DEVICE, version, kind) as near,
    ):
        near.connect((SERVER_AT[version], 53))
        near.send(b"?")
        if kind == socket.SOCK_STREAM:
            with (box if by == b"box" else server).accept()[0] as end:
                end.sendall(by)
                assert near.recv(100) == by
        else:
            end = box if by == b"box" else server
            end.sendto(by, end.recvfrom(100)[1])
            assert near.recv(100) == by


@BOTH
@pytest.mark.parametrize("to", [{4: "203.0.113.1", 6: "2001:db8:ffff::1"}, BOX_AT])
def test_dns_where_there_is_no_way(road: Street, version: int, to: dict[int, str]) -> None:
    """A question is answered by the box wherever it goes, be it to nowhere, or to the box."""
    behave(road, OPEN)
    with road.listen(BOX, version, 53) as box, road.open(DEVICE, version) as near:
        near.connect((to[version], 53))
        box.accept()[0].close()


@BOTH
@pytest.mark.parametrize(
    ("kind", "port"), [(socket.SOCK_STREAM, 853), (socket.SOCK_DGRAM, 853), (socket.SOCK_DGRAM, 784)]
)
def test_encrypted_dns(road: Street, version: int, kind: int, port: int) -> None:
    """Encrypted questions to others are refused at once, of those who are to ask the box; nothing of it is kept."""
    with road.listen(SERVER, version, port, kind):
        for known_by in (MAC, DEVICE_AT[version]):
            behave(road, Manners(open=frozenset({known_by}), no_encrypted_dns=frozenset({known_by})))
            with road.open(DEVICE, version, kind) as near:
                assert is_refused(near, (SERVER_AT[version], port))
        assert road.marks("tcp" if kind == socket.SOCK_STREAM else "udp") == []
        behave(road, OPEN)
        with road.open(DEVICE, version, kind) as near:
            near.settimeout(SILENCE_S)
            assert not is_refused(near, (SERVER_AT[version], port))


@BOTH
@pytest.mark.parametrize("port", [1900, 3544, 5350, 5351])
def test_doors_from_outside(road: Street, version: int, port: int) -> None:
    """A child's device can't have the router open a door, nor go out through Teredo; an adult's can."""
    with road.listen(SERVER, version, port, socket.SOCK_DGRAM) as far:
        behave(road, OPEN)
        with road.open(DEVICE, version, socket.SOCK_DGRAM) as near:
            assert is_refused(near, (SERVER_AT[version], port))
        behave(road, FREE)
        with road.open(DEVICE, version, socket.SOCK_DGRAM) as near:
            near.sendto(b"adult", (SERVER_AT[version], port))
            assert far.recv(10) == b"adult"


def test_tunnel(road: Street) -> None:
    """IPv6 in IPv4 does not get out; an adult's does."""
    with road.open(DEVICE, 4, socket.SOCK_RAW, 41) as near, road.open(SERVER, 4, socket.SOCK_RAW, 41) as far:
        for manners, octets in ((OPEN, b"child"), (FREE, b"adult")):
            behave(road, manners)
            near.sendto(octets, (SERVER_AT[4], 0))
        assert far.recv(100)[20:] == b"adult"


@BOTH
def test_from_outside(road: Street, version: int) -> None:
    """Nobody outside opens a connection to a device, nor to the box; a device opens one to the box."""
    with road.listen(DEVICE, version, 8080), road.listen(BOX, version, 8080) as box:
        for to in (DEVICE_AT[version], OUTSIDE_AT[version]):
            with road.open(SERVER, version) as outside:
                assert is_refused(outside, (to, 8080))
        with road.open(DEVICE, version) as near:
            near.connect((BOX_AT[version], 8080))
            box.accept()[0].close()
    assert [mark for mark in road.marks() if mark] == []


def test_ping_from_outside(road: Street) -> None:
    """IPv6 can't do without ICMPv6: an echo is answered, by a device and by the box (RFC 4890)."""
    for to in (DEVICE_AT[6], OUTSIDE_AT[6]):
        with road.open(SERVER, 6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as outside:
            outside.connect((to, 0))
            outside.send(ECHO_REQUEST)
            while (reply := outside.recv(100))[0] != ECHO_REPLY:
                pass  # Neighbours ask for one another meanwhile.
            assert reply[4:] == ECHO_REQUEST[4:]


def test_without_v6(road: Street) -> None:
    """Where the devices are to have no IPv6, none passes; IPv4 does."""
    Firewall(GATEWAY, 1, road.run).up(has_v6=False)
    with (
        road.listen(SERVER, 6, 444),
        road.listen(SERVER, 4, 443),
        road.open(DEVICE, 4) as v4,
        road.open(DEVICE, 6) as v6,
    ):
        assert is_refused(v6, (SERVER_AT[6], 444))
        v4.connect((SERVER_AT[4], 443))
