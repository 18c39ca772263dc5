"""A packet socket on one interface that hears what neighbours say to find one another, and speaks for the box."""

import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv6Address, IPv6Network

from appliance.core.wire.reader import WireError
from appliance.guard import links, ndp
from appliance.guard.links import NetworkError
from appliance.guard.packetsocket import MAX_OCTETS, open_packets

ETH_P_IPV6 = 0x86DD
ICMP6_FILTER = 1
BURST = 32
"""Frames that are read at once: others' work goes on in between."""

FILTER = (
    (0x28, 0, 0, 12),  # the EtherType:
    (0x15, 0, 5, ETH_P_IPV6),
    (0x30, 0, 0, 20),  # the next header:
    (0x15, 0, 3, 58),  # ICMPv6
    (0x30, 0, 0, 54),  # its type:
    (0x35, 0, 1, ndp.ADVERTISE_ROUTER),  # from an advertisement of a router
    (0x25, 0, 1, ndp.ADVERTISE),  # … to that of a neighbour
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFF),
)
"""The kernel hands on nothing else."""


class Listening:
    """Hears on an interface until it is closed."""

    def __init__(self, interface: str, take: Callable[[ndp.Message], None], *, own_questions: bool = False) -> None:
        """Begin; with `own_questions` those that the box itself asks are heard too.

        Raises NetworkError, and PermissionError without CAP_NET_RAW.
        """
        self._index = links.index_of(interface)
        self._mac = links.mac_of(interface)
        self._take = take
        self._own_questions = own_questions
        self.malformed = 0
        """Frames that were none."""
        # Questions for addresses go to groups that the box has not joined.
        self._ear = open_packets(interface, ETH_P_IPV6, FILTER, all_groups=True)
        try:
            self._mouth = _mouth(self._index)
        except OSError:
            self._ear.close()
            raise

    def fileno(self) -> int:
        """Return the file descriptor that is readable when something was said."""
        return self._ear.fileno()

    def close(self) -> None:
        """Hear no more."""
        self._ear.close()
        self._mouth.close()

    def read(self) -> None:
        """Hand on what was said since the last time."""
        for _ in range(BURST):
            try:
                frame, sender = self._ear.recvfrom(MAX_OCTETS)
            except BlockingIOError:
                return
            except OSError as error:
                # A link that went down tells so once, and is heard again when it is up.
                if _is_gone(self._index):
                    raise NetworkError("the interface is gone") from error
                return
            try:
                message = ndp.parse(frame)
            except WireError:
                self.malformed += 1
                continue
            is_own = sender[2] == socket.PACKET_OUTGOING or (message is not None and message.mac == self._mac)
            if message is not None and (not is_own or (self._own_questions and isinstance(message, ndp.Solicited))):
                self._take(message)

    def ask_for(self, target: IPv6Address) -> None:
        """Ask who has an address."""
        self._say(*ndp.solicitation(target, self._mac))

    def take_back(self, prefixes: tuple[IPv6Network, ...]) -> None:
        """Tell the devices that the box is no router for IPv6 (any more)."""
        self._say(ndp.ALL_NODES, ndp.farewell(prefixes))

    def _say(self, to: IPv6Address, message: bytes) -> None:
        # A link that is down at the moment, or whose own address is being checked: it is said again.
        with suppress(OSError):
            self._mouth.sendto(message, (str(to), 0, 0, self._index))


def _is_gone(index: int) -> bool:
    try:
        socket.if_indextoname(index)
    except OSError:
        return True
    return False


def _mouth(index: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, 58)
    try:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ndp.HOP_LIMIT)
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        # It only speaks: all types blocked.
        opened.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, b"\xff" * 32)
    except OSError:
        opened.close()
        raise
    return opened
