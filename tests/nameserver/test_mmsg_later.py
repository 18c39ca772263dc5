"""Datagrams that are sent together: replies that come later, and those of connected sockets."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from appliance.nameserver.mmsg import BURST, SLOT_OCTETS, Back, Connected, Outbox
from tests.nameserver.test_mmsg import KINDS, Pair, pair


@pytest.mark.parametrize(("listen", "asked", "client"), KINDS)
def test_replies_find_back_after_other_bursts(listen: str, asked: str, client: str) -> None:
    """Each to who asked, from the address that was asked, although the slots that it came in hold others by now."""
    with pair(listen, asked, client) as made:
        outbox = Outbox(made.burst)
        made.ask(b"one", b"two")
        assert len(made.burst.receive()) == 2
        ways = [made.burst.back(slot) for slot in range(2)]
        with pair(client=client if ":" not in asked else "127.0.0.1") as other:
            other.ask(b"x")
            other.burst.receive()
        made.ask(b"three")
        assert len(made.burst.receive()) == 1
        assert len(outbox) == 0
        assert [outbox.put(words, way) for words, way in zip((b"1", b"22"), ways, strict=True)] == [0, 0]
        assert len(outbox) == 2
        assert (outbox.flush(), len(outbox)) == (0, 0)
        for words in (b"1", b"22"):
            heard, source = made.asking.recvfrom(100)
            assert (heard, source[0]) == (words, asked)
        assert outbox.flush() == 0


def begun(made: Pair) -> tuple[Outbox, Back]:
    """Return an outbox, and the way back to who has asked."""
    made.ask(b"x")
    made.burst.receive()
    return Outbox(made.burst), made.burst.back(0)


def test_more_replies_than_there_is_room_for() -> None:
    """Those before are sent first, and the order stays."""
    with pair() as made:
        outbox, back = begun(made)
        replies = [b"%d" % number for number in range(BURST + 3)]
        assert sum(outbox.put(reply, back) for reply in replies) == 0
        assert len(outbox) == 3
        assert outbox.flush() == 0
        assert [made.asking.recv(10) for _ in replies] == replies


def test_a_reply_too_long_is_lost_alone() -> None:
    """It is counted, and no other one is written over."""
    with pair() as made:
        outbox, back = begun(made)
        lost = [outbox.put(reply, back) for reply in (b"first", bytes(SLOT_OCTETS + 1), bytes(SLOT_OCTETS), b"last")]
        assert (lost, outbox.flush()) == ([0, 1, 0, 0], 0)
        assert [len(made.asking.recv(SLOT_OCTETS + 1)) for _ in range(3)] == [5, SLOT_OCTETS, 4]


@contextmanager
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give a socket that doesn't block, and the one that it is connected to."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near,
    ):
        far.settimeout(5)
        far.bind(("127.0.0.1", 0))
        near.connect(far.getsockname())
        near.setblocking(False)
        yield near, far


@pytest.mark.parametrize("count", [1, 2, BURST])
def test_connected_both_ways(count: int) -> None:
    """All that is sent arrives, and all that has come is there, cut where it is too long."""
    connected = Connected()
    words = [b"%d" % number * (number + 1) for number in range(count)]
    with ends() as (near, far):
        assert connected.send(near, words) == 0
        assert [far.recv(10_000) for _ in words] == words
        for one in words:
            far.sendto(one, near.getsockname())
        found: list[bytes] = []
        while len(found) < count:
            assert select.select([near], [], [], 5)[0]
            found += connected.receive(near, count)
        assert found == words
        for most in (1, 2):
            with pytest.raises(BlockingIOError):
                connected.receive(near, most)
        far.sendto(bytes(SLOT_OCTETS + 9), near.getsockname())
        assert select.select([near], [], [], 5)[0]
        assert [len(one) for one in connected.receive(near, count)] == [SLOT_OCTETS]


@pytest.mark.parametrize("count", [1, 2])
def test_nobody_listens_at_the_other_end(count: int) -> None:
    """The error that its machine tells is told here, however many are waited for."""
    connected = Connected()
    with ends() as (near, far):
        far.close()
        connected.send(near, [b"x"] * count)
        assert select.select([near], [], [], 5)[0]
        with pytest.raises(ConnectionRefusedError):
            connected.receive(near, count)


def test_sending_to_where_nobody_listens() -> None:
    """What could not be sent is counted, or told where there was only that."""
    connected = Connected()
    with ends() as (near, far):
        far.close()
        connected.send(near, [b"x"])
        assert select.select([near], [], [], 5)[0]
        assert connected.send(near, [b"x", b"y"]) >= 1
        assert select.select([near], [], [], 5)[0]
        with pytest.raises(ConnectionRefusedError):
            connected.send(near, [b"x"])
