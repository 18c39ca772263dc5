"""Hearing what devices say of themselves on the network: scapy's sniffer in a thread, behind a filter in the kernel.

Without CAP_NET_RAW nothing is heard, and scapy is not even loaded.
"""

import ctypes
import logging
import socket
import struct
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Any

from appliance.finder import frames
from appliance.finder.inventory import Sighting
from appliance.world import clock

QUEUE = 256
MAX_READ_PER_S = 40
"""Frames taken apart a second: more say nothing new."""
MAX_SENDER_PER_S = 8
"""Of these, so many of one sender."""
MAX_SPENT_S = 0.2
"""How much of a second may go into it: a frame can be made to cost a hundredth of one."""
RETRY_S = 1.0
RETRY_MAX_S = 60.0
HEALTHY_S = 60.0
STOP_S = 2.0

ETH_P_ALL = 3
ARPHRD_ETHER = 1
SO_ATTACH_FILTER = 26
SOL_PACKET, PACKET_STATISTICS = 263, 6
MDNS_V4, MDNS_V6 = "224.0.0.251", "ff02::fb"

FILTER = (
    (0x28, 0, 0, 12),  # the EtherType:
    (0x15, 0, 9, 0x0800),  # IPv4, or else on to IPv6
    (0x30, 0, 0, 23),  # the protocol:
    (0x15, 0, 12, 17),  # UDP
    (0x28, 0, 0, 20),  # the fragment's offset:
    (0x45, 10, 0, 0x1FFF),  # none
    (0xB1, 0, 0, 14),  # behind the header
    (0x48, 0, 0, 16),  # the port that it is sent to:
    (0x15, 8, 0, 67),  # DHCP, to a server
    (0x15, 7, 0, 68),  # DHCP, to a client
    (0x15, 6, 5, 5353),  # mDNS
    (0x15, 0, 4, 0x86DD),  # IPv6
    (0x30, 0, 0, 20),  # the next header:
    (0x15, 0, 2, 17),  # UDP
    (0x28, 0, 0, 56),  # the port that it is sent to:
    (0x15, 1, 0, 5353),  # mDNS
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFF),
)
"""The kernel hands on nothing else: DHCP and mDNS of an Ethernet (linux/bpf_common.h; code, if true, if false, value).

Written out, because scapy would need libpcap to have its words compiled.
"""

log = logging.getLogger(__name__)


class Hearing:
    """Listens on interfaces; keeps what was heard until it is fetched."""

    def __init__(self) -> None:
        self.why: str | None = "not yet tried"
        """Why nothing is heard, in words; None while it listens."""
        self.dropped = 0
        """Frames not taken apart, or not fetched: too many."""
        self.malformed = 0
        """Frames that could not be taken apart."""
        self.restarts = 0
        self._queue: Queue[Sighting] = Queue(QUEUE)
        self._interfaces: tuple[str, ...] = ()
        self._sniffer: Any = None
        self._sockets: list[Any] = []
        self._groups: list[socket.socket] = []
        self._began_at = self._retry_at = 0.0
        self._pause_s = RETRY_S
        self._second = 0
        self._spent_s = 0.0
        self._read: Counter[bytes] = Counter()

    def tend(self, interfaces: tuple[str, ...]) -> None:
        """Listen on these interfaces, again where the sniffer died. May take seconds, the first time."""
        if self._sniffer is not None and interfaces == self._interfaces and self._is_well():
            self.dropped += sum(map(_lost, self._sockets))
            return
        if self._sniffer is not None:
            self._fell(interfaces)
        if clock.uptime() < self._retry_at:
            return
        self._interfaces = interfaces
        try:
            self.why = _obstacle() if interfaces else "no interface has a home's address"
            if self.why is None:
                self._start()
        except Exception as error:  # noqa: BLE001 -- whatever scapy or the kernel refuses, the rest of the finder goes on
            self._failed(f"{type(error).__name__}: {error}")

    def heard(self) -> list[Sighting]:
        """Return what was heard since the last call."""
        found: list[Sighting] = []
        with suppress(Empty):
            while len(found) < QUEUE:
                found.append(self._queue.get_nowait())
        return found

    def close(self) -> None:
        """Stop listening."""
        sniffer, self._sniffer = self._sniffer, None
        if sniffer is not None and sniffer.running:
            with suppress(Exception):
                sniffer.stop(join=False)
                sniffer.thread.join(STOP_S)
        for opened in (*self._sockets, *self._groups):
            with suppress(OSError):
                opened.close()
        self._sockets, self._groups = [], []

    def hear(self, packet: frames.Layer) -> None:
        """Take a frame in, in the sniffer's thread; nothing that it holds makes this raise."""
        frame = bytes(packet)
        began = self._begin()
        if self._is_full():
            # What comes until the second is over waits in the kernel, which drops and counts what does not fit.
            self.dropped += 1
            clock.pause(max(0.0, self._second + 1 - began))
            return
        if self._read[frame[6:12]] >= MAX_SENDER_PER_S:
            self.dropped += 1
            return
        self._read[frame[6:12]] += 1
        self._keep(frame)
        self._spent_s += clock.uptime() - began

    def _begin(self) -> float:
        """Return the uptime; begin to count anew where another second has begun."""
        at = clock.uptime()
        if int(at) != self._second:
            self._second, self._spent_s, self._read = int(at), 0.0, Counter()
        return at

    def _is_full(self) -> bool:
        return self._read.total() >= MAX_READ_PER_S or self._spent_s >= MAX_SPENT_S

    def _keep(self, frame: bytes) -> None:
        """Take a frame apart, and keep what it says."""
        try:
            seen = frames.read(frame, clock.now())
        except Exception:  # noqa: BLE001 -- scapy makes no promises about octets of a stranger
            self.malformed += 1
            return
        if seen is not None:
            try:
                self._queue.put_nowait(seen)
            except Full:
                self.dropped += 1

    def _start(self) -> None:
        listen = _listener()
        for interface in self._interfaces:
            opened = listen(interface)
            if opened.ins.getsockname()[3] == ARPHRD_ETHER:
                self._sockets.append(opened)
                self._groups += _join(interface)
            else:
                opened.close()
        if not self._sockets:
            self.why = "no interface of the home is an Ethernet"
            return
        self._sniffer = frames.scapy().AsyncSniffer(opened_socket=list(self._sockets), prn=self.hear, store=False)
        self._sniffer.start()
        self._began_at = clock.uptime()

    def _is_well(self) -> bool:
        return self._sniffer.thread.is_alive() and not any(opened.closed for opened in self._sockets)

    def _fell(self, interfaces: tuple[str, ...]) -> None:
        """Clean up behind a sniffer that died, or that is to listen elsewhere."""
        has_died = interfaces == self._interfaces
        self.close()
        if has_died:
            self._failed("the sniffer ended")

    def _failed(self, words: str) -> None:
        """Note a failure, and try again later: the later, the shorter it lived."""
        self.close()
        self.why = words
        self.restarts += 1
        is_old = clock.uptime() - self._began_at > HEALTHY_S
        self._pause_s = RETRY_S if is_old and self._began_at else min(RETRY_MAX_S, self._pause_s * 2)
        self._retry_at = clock.uptime() + self._pause_s
        log.warning("nothing is heard for now: %s", words)


def _obstacle() -> str | None:
    """Return what keeps this process from hearing frames, in words."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        return "this process has no CAP_NET_RAW"
    except OSError as error:
        return f"this system has no packet sockets ({error.strerror or error})"
    return None


def _listener() -> Callable[[str], frames.Layer]:
    """Return scapy's listening socket, changed to filter in the kernel and to leave the frames whole."""
    base: Any = frames.scapy().L2ListenSocket
    raw = frames.scapy().conf.raw_layer

    class Listener(base):  # type: ignore[misc]
        """A packet socket that gives frames as they are: what is malformed is found where it does no harm."""

        def __init__(self, interface: str) -> None:
            super().__init__(iface=interface, type=ETH_P_ALL, promisc=False, nofilter=1)
            attach(self.ins)

        def recv_raw(self, x: int = 0xFFFF) -> tuple[Any, bytes | None, float | None]:
            frame, sender, at = self._recv_raw(self.ins, x)
            if sender[2] == socket.PACKET_OUTGOING:
                return None, None, None
            return raw, frame, at

    return Listener


def attach(listening: socket.socket) -> None:
    """Have the kernel hand on only what `FILTER` lets through."""
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in FILTER))
    listening.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(FILTER), ctypes.addressof(program)))


def _lost(listening: frames.Layer) -> int:
    """Return how many frames the kernel dropped since the last call (struct tpacket_stats): they came too fast."""
    try:
        told = listening.ins.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
    except OSError:
        return 0
    return int.from_bytes(told[4:], sys.byteorder)


def _join(interface: str) -> list[socket.socket]:
    """Join mDNS's groups on an interface, so that network card and switch hand them on."""
    joined = []
    index = socket.if_nametoindex(interface)
    for family, group in ((socket.AF_INET, MDNS_V4), (socket.AF_INET6, MDNS_V6)):
        packed = socket.inet_pton(family, group)
        with suppress(OSError):
            member = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            joined.append(member)
            if family == socket.AF_INET:
                told = packed + bytes(4) + struct.pack("=I", index)
                member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, told)
            else:
                member.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, packed + struct.pack("=I", index))
    return joined
