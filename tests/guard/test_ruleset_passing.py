"""What the kernel does with real packets under our rules: which are looked at, what is kept, what is refused."""

import socket
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP

from appliance.core.mark import OPENED, Mark, State
from appliance.guard.manners import Manners
from tests.guard.street import (
    CLOSED,
    DEVICE,
    DEVICE_AT,
    FREE,
    MAC,
    OPEN,
    SERVER,
    SERVER_AT,
    SILENCE_S,
    Inspector,
    Street,
    always,
    behave,
    is_refused,
    leave,
)

pytestmark = pytest.mark.lab
BOTH = pytest.mark.parametrize("version", [4, 6])
QUEUES = (0, 1)
"""The one for those who pass while nobody looks, and the one for the others."""
ALLOWED = Mark(State.ALLOWED, number=7, epoch=3)
ICMPV6 = socket.IPPROTO_ICMPV6
SO_RCVBUFFORCE = 33
"""asm/socket.h."""


def connect(road: Street, version: int, port: int) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a device's connection to the server."""
    with road.listen(SERVER, version, port) as listener:
        near = road.open(DEVICE, version)
        near.connect((SERVER_AT[version], port))
        far, _ = listener.accept()
    far.settimeout(10)
    return near, far


def words(octets: bytes) -> bytes:
    """Return what a TCP packet carries."""
    header = 40 if octets[0] >> 4 == 6 else (octets[0] & 15) * 4
    return octets[header + (octets[header + 12] >> 4) * 4 :]


@BOTH
def test_settled(road: Street, version: int) -> None:
    """The inspector's answer is kept with the connection, which is not queued any more."""
    behave(road, OPEN)
    with Inspector(road, QUEUES, lambda octets: ALLOWED if words(octets) else None) as inspector:
        near, far = connect(road, version, 443)
        with near, far:
            near.sendall(b"hello")
            assert far.recv(100) == b"hello"
            seen = len(inspector.packets)
            for _ in range(20):
                near.sendall(b"more")
                far.sendall(far.recv(100))
                assert near.recv(100) == b"more"
            assert road.marks() == [ALLOWED.bits]
    assert len(inspector.packets) == seen


@BOTH
@pytest.mark.parametrize(("manners", "state"), [(OPEN, State.WATCHED_OPEN), (CLOSED, State.WATCHED_CLOSED)])
def test_worth_reading(road: Street, version: int, manners: Manners, state: State) -> None:
    """Of a connection that stays without a decision, what bears words is queued, and nothing else."""
    behave(road, manners)
    with Inspector(road, QUEUES, leave) as inspector:
        near, far = connect(road, version, 443)
        with near, far:
            for _ in range(5):
                near.sendall(b"question")
                assert far.recv(100) == b"question"
                far.sendall(b"reply")
                assert near.recv(100) == b"reply"
        assert road.marks() == [state.bits | OPENED]
    assert [words(one) for one in inspector.packets] == [b"question", b"reply"] * 5


@BOTH
def test_refused_by_the_inspector(road: Street, version: int) -> None:
    """Who speaks on a refused connection gets a reset: the device, and the server."""
    behave(road, OPEN)
    with Inspector(road, QUEUES, lambda octets: Mark(State.REFUSED) if words(octets) else None):
        near, far = connect(road, version, 443)
        with near, far:
            near.sendall(b"hello")
            with pytest.raises(ConnectionResetError):
                near.recv(1)


@BOTH
def test_refused_meanwhile(road: Street, version: int) -> None:
    """A connection that is refused later ends at both ends, each when it speaks."""
    behave(road, OPEN)
    near, far = connect(road, version, 443)
    with near, far:
        near.sendall(b"hello")
        assert far.recv(100) == b"hello"
        road.mark(State.REFUSED, version)
        far.sendall(b"news")
        with pytest.raises(ConnectionResetError):
            far.recv(1)
        near.sendall(b"more")
        with pytest.raises(ConnectionResetError):
            near.recv(1)


def test_refused_stays(road: Street) -> None:
    """A connection that was refused while its packet was with the inspector is not opened by the inspector's answer."""

    def late(octets: bytes) -> Mark | None:
        if not words(octets):
            return None
        road.mark(State.REFUSED, 4)
        return ALLOWED

    behave(road, OPEN)
    with Inspector(road, QUEUES, late):
        near, far = connect(road, 4, 443)
        with near, far:
            near.sendall(b"hello")
            with pytest.raises(ConnectionResetError):
                near.recv(1)


@BOTH
def test_refused_udp(road: Street, version: int) -> None:
    """A refused datagram is answered by ICMP."""
    behave(road, OPEN)
    with (
        Inspector(road, QUEUES, always(State.REFUSED)),
        road.listen(SERVER, version, 4433, socket.SOCK_DGRAM),
        road.open(DEVICE, version, socket.SOCK_DGRAM) as near,
    ):
        assert is_refused(near, (SERVER_AT[version], 4433))


@BOTH
def test_free(road: Street, version: int) -> None:
    """What is never looked at isn't, not even its first packet."""
    behave(road, FREE)
    with Inspector(road, QUEUES, always(State.REFUSED)) as inspector:
        near, far = connect(road, version, 443)
        with near, far:
            near.sendall(b"hello")
            assert far.recv(100) == b"hello"
            assert road.marks() == [State.ALLOWED.bits]
    assert inspector.packets == []


def test_ping(road: Street) -> None:
    """ICMP passes without being looked at, also of those who wait for the inspector."""
    behave(road, CLOSED)
    with Inspector(road, QUEUES, leave) as inspector, road.open(DEVICE, 6, socket.SOCK_RAW, ICMPV6) as near:
        near.connect((SERVER_AT[6], 0))
        near.send(bytes((128, 0, 0, 0, 0, 7, 0, 1)))
        assert near.recv(100)[0] == 129
    assert inspector.packets == []


@BOTH
@pytest.mark.parametrize(("manners", "passes"), [(OPEN, True), (Manners(), True), (CLOSED, False)])
def test_nobody_listens(road: Street, version: int, manners: Manners, passes: bool) -> None:
    """While nobody looks, the words of what is new pass or not, as the person's setting is."""
    behave(road, manners)
    near, far = connect(road, version, 443)
    with near, far:
        far.settimeout(10 if passes else SILENCE_S)
        near.sendall(b"hello")
        try:
            assert far.recv(100) == b"hello"
        except TimeoutError:
            assert not passes
        else:
            assert passes


def test_known_by_address(road: Street) -> None:
    """An address counts where the MAC is not known; a known MAC counts before it."""
    ours = frozenset({DEVICE_AT[4], DEVICE_AT[6]})
    behave(road, Manners(free=ours))
    with Inspector(road, QUEUES, leave) as inspector:
        for version in (4, 6):
            for end in connect(road, version, 443):
                end.close()
        assert inspector.packets == []
        behave(road, Manners(free=ours, open=frozenset({MAC})))
        near, far = connect(road, 4, 444)
        with near, far:
            near.sendall(b"hello")
            assert far.recv(100) == b"hello"
        assert [words(one) for one in inspector.packets] == [b"hello"]


@BOTH
def test_hops(road: Street, version: int) -> None:
    """What the inspector reads gets to the server, however few hops it was given."""
    behave(road, OPEN)
    option = (socket.IPPROTO_IP, socket.IP_TTL) if version == 4 else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)
    with Inspector(road, QUEUES, leave) as inspector:
        near, far = connect(road, version, 443)
        with near, far:
            near.setsockopt(*option, 2)
            near.sendall(b"decoy")
            assert far.recv(100) == b"decoy"
    (decoy,) = [one for one in inspector.packets if words(one) == b"decoy"]
    assert decoy[8 if version == 4 else 7] == 64


@pytest.mark.parametrize("odd", [{"options": [(19, bytes(16))]}, {"options": [(29, bytes(14))]}, {"chksum": 1}])
def test_for_the_inspector_alone(road: Street, odd: dict[str, Any]) -> None:
    """What a server would throw away gets neither to the inspector nor to the server."""
    behave(road, OPEN)
    with (
        Inspector(road, QUEUES, leave) as inspector,
        road.listen(SERVER, 4, 443),
        road.open(SERVER, 4, socket.SOCK_RAW, socket.IPPROTO_TCP) as far,
        road.open(DEVICE, 4, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw,
    ):
        whole: dict[str, Any] = {}
        for port, fields in ((4001, odd), (4002, whole)):
            ends = TCP(sport=port, dport=443, flags="A", seq=7, ack=7, **fields)
            raw.sendto(bytes(IP(src=DEVICE_AT[4], dst=SERVER_AT[4]) / ends / b"words"), (SERVER_AT[4], 0))
        arrived = far.recv(100)
    ports = [int.from_bytes(one[20:22], "big") for one in inspector.packets]
    assert ports[0] == 4002
    assert int.from_bytes(arrived[20:22], "big") == 4002


def test_fragments(road: Street) -> None:
    """The inspector reads a datagram whole."""
    behave(road, OPEN)
    with (
        Inspector(road, QUEUES, always(State.ALLOWED)) as inspector,
        road.listen(SERVER, 4, 4433, socket.SOCK_DGRAM) as far,
        road.open(DEVICE, 4, socket.SOCK_DGRAM) as near,
    ):
        near.sendto(bytes(4000), (SERVER_AT[4], 4433))
        assert len(far.recv(5000)) == 4000
    assert [int.from_bytes(one[2:4], "big") for one in inspector.packets] == [4028]


@BOTH
@pytest.mark.parametrize("first", [b"\xc3\0\0\0\1", b"\xd7\x6b\x33\x43\xcf"])
def test_quic_again(road: Street, version: int, first: bytes) -> None:
    """A new first packet of QUIC on an open connection is looked at, and may end it; an adult's is not."""
    behave(road, OPEN)

    def answer(octets: bytes) -> Mark:
        return Mark(State.REFUSED) if first in octets else ALLOWED

    with (
        Inspector(road, QUEUES, answer) as inspector,
        road.listen(SERVER, version, 443, socket.SOCK_DGRAM) as far,
        road.open(DEVICE, version, socket.SOCK_DGRAM) as near,
    ):
        near.connect((SERVER_AT[version], 443))
        for octets in (b"settled", b"@short", b"\xe0\0\0\0\1", b"\xc0\0\0\0\2"):
            near.send(octets)
            assert far.recv(100) == octets
        assert len(inspector.packets) == 1
        behave(road, FREE)
        near.send(first + b"adult")
        assert far.recv(100) == first + b"adult"
        behave(road, OPEN)
        near.send(first + b"child")
        with pytest.raises(OSError, match=r"No route|Permission"):
            near.recv(1)
        assert road.marks("udp") == [State.REFUSED.bits]


@BOTH
@pytest.mark.parametrize("is_down", [True, False])
def test_slowed(road: Street, version: int, is_down: bool) -> None:
    """Of what comes at once, a slowed device gets a second's worth and the burst; an open one all of it."""
    behave(road, OPEN)
    with (
        Inspector(road, QUEUES, always(State.SLOWED)),
        road.listen(SERVER, version, 4433, socket.SOCK_DGRAM) as far,
        road.open(DEVICE, version, socket.SOCK_DGRAM) as near,
    ):
        near.connect((SERVER_AT[version], 4433))
        near.send(b"?")
        far.connect(far.recvfrom(10)[1])
        source, sink = (far, near) if is_down else (near, far)
        sink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4_000_000)
        assert 50 <= _arrived(source, sink) < 800
        road.mark(State.ALLOWED, version, "udp")
        assert _arrived(source, sink) == 1000


def _arrived(source: socket.socket, sink: socket.socket) -> int:
    """Return how many of a thousand datagrams of a thousand octets arrive."""
    for _ in range(1000):
        source.send(bytes(1000))
    sink.settimeout(SILENCE_S)
    count = 0
    while True:
        try:
            sink.recv(2000)
        except TimeoutError:
            return count
        count += 1


def test_marks_of_others(road: Street) -> None:
    """The bits of a connection's mark that are not ours stay as somebody else set them."""
    chain = "chain c { type filter hook prerouting priority -150; ct state new ct mark set 0x80000005; }"
    road.run(("nft", "-f", "-"), f"table inet foreign {{\n{chain}\n}}\n")
    behave(road, FREE)
    near, far = connect(road, 4, 443)
    with near, far:
        assert road.marks() == [State.ALLOWED.bits | 0x8000_0005]
