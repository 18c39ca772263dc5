"""Bursts of datagrams, answered where they lie."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from appliance.config import Endpoint
from appliance.nameserver.mmsg import BURST, SLOT_OCTETS, Burst
from appliance.nameserver.sockets import asked_at, open_udp
from tests.nameserver.test_sockets import has_v6
from tests.needs import need
from tests.running import free_port

KINDS = [
    ("127.0.0.1", "127.0.0.1", "127.0.0.7"),
    ("::1", "::1", "::1"),
    ("0.0.0.0", "127.0.0.5", "127.0.0.9"),
    ("::", "::1", "::1"),
]
"""Where is listened, what is asked, and who asks."""


class Pair:
    """A socket that is asked, its burst, and one that asks."""

    def __init__(self, opened: socket.socket, asking: socket.socket, asked: tuple[str, int]) -> None:
        self.opened = opened
        self.burst = Burst(opened, is_wildcard=opened.getsockname()[0] in ("0.0.0.0", "::"))
        self.asking = asking
        self._asked = asked

    def ask(self, *words: bytes) -> None:
        """Send datagrams and wait until the last is there."""
        for word in words:
            self.asking.sendto(word, self._asked)
        assert select.select([self.opened], [], [], 5)[0]

    def answer(self, slot: int, words: bytes) -> None:
        """Write an answer into a slot."""
        self.burst.octets[slot * SLOT_OCTETS : slot * SLOT_OCTETS + len(words)] = words
        self.burst.answer_sizes[slot] = len(words)

    def read(self, slot: int, size: int) -> bytes:
        """Return what came into a slot."""
        return self.burst.octets[slot * SLOT_OCTETS : slot * SLOT_OCTETS + size].tobytes()


@contextmanager
def pair(listen: str = "127.0.0.1", asked: str = "127.0.0.1", client: str = "127.0.0.7") -> Iterator[Pair]:
    """Give two sockets that know each other."""
    need(":" not in asked or has_v6(), "this machine has no IPv6")
    with ExitStack() as stack:
        opened = stack.enter_context(open_udp(Endpoint(listen, free_port(listen))))
        family = socket.AF_INET6 if ":" in asked else socket.AF_INET
        asking = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
        asking.settimeout(5)
        asking.bind((client, 0))
        yield Pair(opened, asking, (asked, opened.getsockname()[1]))


@pytest.mark.parametrize(("listen", "asked", "client"), KINDS)
def test_burst_is_answered_where_it_lies(listen: str, asked: str, client: str) -> None:
    """Each datagram has its slot, and each answer goes to who asked, from the address that was asked."""
    with pair(listen, asked, client) as made:
        for _ in range(2):
            made.ask(b"one", b"a longer one", b"")
            sizes = made.burst.receive()
            assert [made.read(slot, size) for slot, size in enumerate(sizes)] == [b"one", b"a longer one", b""]
            assert made.burst.address(1)[:2] == made.asking.getsockname()[:2]
            senders = made.burst.sources(3)
            assert senders[0] == senders[1] == senders[2]
            for slot in range(3):
                made.answer(slot, b"answer %d" % slot * (slot + 1))
            assert made.burst.send(0, 3) == 0
            for slot in range(3):
                words, source = made.asking.recvfrom(100)
                assert (words, source[0]) == (b"answer %d" % slot * (slot + 1), asked)
        assert made.burst.receive() == []


@pytest.mark.parametrize(("listen", "asked", "client"), KINDS)
def test_own_address_that_was_asked(listen: str, asked: str, client: str) -> None:
    """A socket of all addresses says which was asked; one of a single address has nothing to say."""
    with pair(listen, asked, client) as made:
        made.ask(b"x")
        assert len(made.burst.receive()) == 1
        assert asked_at(made.burst.control(0)) == ("" if listen == asked else asked)


def test_senders_are_told_apart() -> None:
    """Two addresses are two senders, two ports of one address are one."""
    with pair() as made, pair(client="127.0.0.8") as other, pair() as third:
        target = made.opened.getsockname()
        for asking in (made.asking, other.asking, third.asking):
            asking.sendto(b"x", target)
        made.ask(b"x")
        assert len(made.burst.receive()) == 4
        first, second, again, last = made.burst.sources(4)
        assert first == again == last != second


def test_no_more_than_a_burst_at_a_time() -> None:
    """What is more waits for the next turn, in its order."""
    with pair() as made:
        made.ask(*(b"%d" % number for number in range(BURST + 5)))
        assert len(made.burst.receive()) == BURST
        assert made.read(BURST - 1, 2) == b"%d" % (BURST - 1)
        assert len(made.burst.receive()) == 5
        assert made.read(0, 2) == b"%d" % BURST


def test_a_datagram_too_long_is_cut() -> None:
    """It takes its slot and no more of the next one's."""
    with pair() as made:
        made.ask(b"x" * (SLOT_OCTETS + 100), b"next")
        assert made.burst.receive() == [SLOT_OCTETS, 4]
        assert made.read(1, 4) == b"next"


def test_an_answer_that_cannot_be_sent_costs_no_other() -> None:
    """One of two that has no way is counted; the other arrives."""
    with pair() as made:
        made.ask(b"one", b"two", b"three")
        assert len(made.burst.receive()) == 3
        made.answer(0, b"first")
        made.answer(1, b"second")
        made.answer(2, b"third")
        # Longer than a datagram can be.
        made.burst.answer_sizes[1] = 70_000
        assert made.burst.send(0, 3) == 1
        assert [made.asking.recv(100), made.asking.recv(100)] == [b"first", b"third"]
