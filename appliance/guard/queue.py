"""A queue of the kernel's for packets that wait for a verdict (NFQUEUE); nobody else speaks with netfilterqueue."""

import contextlib
import socket
import struct
import warnings
from collections import deque
from collections.abc import Callable
from errno import EAGAIN, ENOBUFS
from typing import cast

from netfilterqueue import NetfilterQueue, Packet

from appliance.core.mark import MASK

MAX_PACKETS = 1024
"""So many wait at most; those beyond pass or are dropped, as the queue is open or closed."""
BUFFER_OCTETS = MAX_PACKETS * 4096
"""Of the socket, without what the kernel doubles it by: 1,500 octets take some 3,000 with all around them."""
COPIED_OCTETS = 4_000
"""Of each packet. NetfilterQueue copies no more; a network's are smaller, for what is larger (GSO) is cut first."""
BATCH = 64
"""So many packets are read at a time, so that whatever else waits has its turn."""
MESSAGE_OCTETS = 8_192
PATIENCE_S = 2.0

# linux/netfilter/nfnetlink.h, nfnetlink_queue.h and netlink.h
_CONFIG = 3 << 8 | 2
_REQUEST_ACK = 0x1 | 0x4
_NLMSG_ERROR = 2
_MASK, _FLAGS = 4, 5
_FAIL_OPEN = 1
_HEAD = struct.Struct("=IHHII")
_FAMILY = struct.Struct("!BBH")
_WORD = struct.Struct("=HH")
_NUMBER = struct.Struct("!I")
_ERROR = struct.Struct("=i")


class QueueError(OSError):
    """The kernel gives no queue."""


class Held:
    """A packet that waits: one of `accept`, `drop` and `give_up` must be called, once."""

    __slots__ = ("_is_open", "_packet", "mac", "mark", "octets")

    def __init__(self, packet: Packet, *, is_open: bool) -> None:
        self._packet = packet
        self._is_open = is_open
        self.octets = packet.get_payload()
        """From its IP header on, COPIED_OCTETS at most."""
        hardware = packet.get_hw()
        self.mac = hardware[:6].hex(":") if hardware else None
        """Of its sender on the link, None where the link has no such thing."""
        self.mark: int = packet.mark
        """The packet's."""

    def accept(self, mark: int) -> None:
        """Let it go on, with this mark in those of the bits that are ours."""
        self._packet.set_mark(self.mark & ~MASK | mark & MASK)
        self._packet.accept()

    def drop(self) -> None:
        """Let it go nowhere."""
        self._packet.drop()

    def give_up(self) -> None:
        """Do what is done while nobody can look: let it pass, or not."""
        if self._is_open:
            self._packet.accept()
        else:
            self._packet.drop()


class Queue:
    """One queue, read without blocking: whoever waits for it to be readable hears of it again while more is there."""

    def __init__(
        self, number: int, take: Callable[[Held], None], *, is_open: bool, max_packets: int = MAX_PACKETS
    ) -> None:
        """Take the queue of a number. `take` must raise nothing. Raises QueueError.

        `is_open`: packets that find the queue full pass, else they are dropped.
        """
        self._queue = NetfilterQueue()
        try:
            with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # of a smaller buffer
                self._queue.bind(
                    number,
                    lambda packet: take(Held(packet, is_open=is_open)),
                    max_len=max_packets,
                    range=COPIED_OCTETS,
                    sock_len=BUFFER_OCTETS,
                )
            self._socket = _Socket(self._queue.get_fd())
            if is_open:
                self._socket.configure(number, _FAIL_OPEN)
        except OSError as error:
            self._queue.unbind()
            raise QueueError(f"queue {number}: {error.strerror or error}") from error

    def take_overruns(self) -> int:
        """Return how often since the last call some packets passed or were dropped unseen, for they came too fast."""
        lost, self._socket.overruns = self._socket.overruns, 0
        return lost

    def fileno(self) -> int:
        """Return the file descriptor that is readable while packets are there."""
        return self._queue.get_fd()

    def read(self) -> None:
        """Hand over what is there, BATCH packets at most."""
        self._socket.left = BATCH
        self._queue.run_socket(cast("socket.socket", self._socket))

    def close(self) -> None:
        """Give the queue back: packets that wait in it are dropped."""
        self._queue.unbind()
        self._socket.close()


class _Socket:
    """What NetfilterQueue reads from in place of its own: hands out so many messages and no more, and counts losses."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.fromfd(fd, socket.AF_NETLINK, socket.SOCK_RAW)
        self._early: deque[bytes] = deque()
        self.left = 0
        self.overruns = 0

    def recv(self, _octets: int) -> bytes:
        """Return a message, whole. Raises BlockingIOError where there is none, or it is others' turn."""
        if not self.left:
            raise BlockingIOError(EAGAIN, "")
        self.left -= 1
        return self._early.popleft() if self._early else self._next(socket.MSG_DONTWAIT)

    def configure(self, number: int, flags: int) -> None:
        """Set flags of a queue (NFQA_CFG_FLAGS) that the library doesn't know. Raises OSError."""
        attributes = b"".join(_WORD.pack(8, kind) + _NUMBER.pack(flags) for kind in (_MASK, _FLAGS))
        body = _FAMILY.pack(socket.AF_UNSPEC, 0, number) + attributes
        # From the queue's own socket, for the kernel listens to no other: packets may come before the answer does.
        self._socket.send(_HEAD.pack(_HEAD.size + len(body), _CONFIG, _REQUEST_ACK, 0, 0) + body)
        self._socket.settimeout(PATIENCE_S)
        try:
            while True:
                message = self._next(0)
                if _HEAD.unpack_from(message)[1] == _NLMSG_ERROR:
                    break
                self._early.append(message)
        finally:
            self._socket.settimeout(None)
        (code,) = _ERROR.unpack_from(message, _HEAD.size)
        if code:
            raise OSError(-code, "the kernel takes no setting of a full queue")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()

    def _next(self, flags: int) -> bytes:
        while True:
            try:
                return self._socket.recv(MESSAGE_OCTETS, flags)
            except OSError as error:
                if error.errno != ENOBUFS:
                    raise
                self.overruns += 1
