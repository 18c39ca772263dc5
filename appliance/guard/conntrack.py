"""The kernel's table of connections, over ctnetlink: which flow, with which mark; marking and forgetting them.

Messages are those of linux/netfilter/nfnetlink_conntrack.h. Root, or CAP_NET_ADMIN, is wanted for all of it.
"""

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from appliance.core.mark import MASK
from appliance.core.wire.packet import Protocol
from appliance.guard.connection import Connection
from appliance.world.rtnetlink import DUMP_TIMEOUT_S, NLMSG_DONE, NLMSG_ERROR, RECEIVE_OCTETS, attributes, messages

NETLINK_NETFILTER = 12
NLM_F_REQUEST = 1
NLM_F_DUMP = 0x300
SOL_NETLINK, NETLINK_CAP_ACK = 270, 10
NLA_F_NESTED = 0x8000

CT_NEW, CT_GET, CT_DELETE = 0x100, 0x101, 0x102
"""IPCTNL_MSG_CT_…, of the subsystem NFNL_SUBSYS_CTNETLINK."""

CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_PROTOINFO, CTA_MARK = 1, 2, 4, 8
CTA_COUNTERS_ORIG, CTA_COUNTERS_REPLY, CTA_MARK_MASK = 9, 10, 21
CTA_TUPLE_IP, CTA_TUPLE_PROTO = 1, 2
CTA_IP_V4_SRC, CTA_IP_V4_DST, CTA_IP_V6_SRC, CTA_IP_V6_DST = 1, 2, 3, 4
CTA_PROTO_NUM, CTA_PROTO_SRC_PORT, CTA_PROTO_DST_PORT = 1, 2, 3
CTA_PROTOINFO_TCP = CTA_PROTOINFO_TCP_STATE = 1
CTA_COUNTERS_PACKETS, CTA_COUNTERS_BYTES = 1, 2

TCP_TIME_WAIT, TCP_CLOSE = 7, 8
"""TCP_CONNTRACK_…: nothing flows any more."""

BATCH = 128
"""Changes of one datagram: the kernel's refusals of them all have room in a socket's buffer."""

_ICMP = frozenset((Protocol.ICMP, Protocol.ICMP6))
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_ERROR = struct.Struct("=i")
_U16, _U32 = struct.Struct("!H"), struct.Struct("!I")


class Tracked(NamedTuple):
    """One entry of the table."""

    connection: Connection
    outside: Connection
    """The same as its server knows it: with the box's own address and port where these stand for the client's."""
    mark: int
    """All 32 bits, others' too."""
    octets: tuple[int, int] = (0, 0)
    """From the client and from the server; 0 where the kernel doesn't count (nf_conntrack_acct)."""
    packets: tuple[int, int] = (0, 0)
    is_tcp_open: bool = False
    """Over TCP: neither reset nor closed by both ends."""


def dump(mask: int, value: int) -> list[Tracked]:
    """Return the connections whose mark has, of the bits of `mask`, those of `value`; over IPv4 and IPv6.

    Those of ICMP are left out: they have no ends that could be told apart. Raises OSError.
    """
    asked = _attribute(CTA_MARK, _U32.pack(value)) + _attribute(CTA_MARK_MASK, _U32.pack(mask))
    with _opened() as netlink:
        netlink.send(_message(CT_GET, NLM_F_DUMP, socket.AF_UNSPEC, asked))
        return [tracked for body in _answers(netlink) if (tracked := _tracked(body)) is not None]


def set_marks(marks: Iterable[tuple[Connection, int]]) -> int:
    """Give connections marks, of which only our bits count; others' stay as they are.

    Return how many have theirs; one that is gone is no error. Raises OSError.
    """
    mask = _attribute(CTA_MARK_MASK, _U32.pack(MASK))
    return _change(
        _message(
            CT_NEW, 0, _family(connection), _tuple(connection) + _attribute(CTA_MARK, _U32.pack(bits & MASK)) + mask
        )
        for connection, bits in marks
    )


def delete(connections: Iterable[Connection]) -> int:
    """Forget connections: the next packet of one begins a new one. Return how many there were. Raises OSError."""
    return _change(_message(CT_DELETE, 0, _family(one), _tuple(one)) for one in connections)


def _opened() -> socket.socket:
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
    netlink.settimeout(DUMP_TIMEOUT_S)
    netlink.bind((0, 0))
    # A refusal then says which message it means by its head alone.
    netlink.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
    return netlink


def _answers(netlink: socket.socket) -> Iterator[bytes]:
    """Yield the bodies of a table, until its end."""
    while True:
        for kind, body in messages(netlink.recv(RECEIVE_OCTETS)):
            if kind == NLMSG_DONE:
                return
            if kind == NLMSG_ERROR:
                _check(body)
                return
            yield body


def _change(changes: Iterator[bytes]) -> int:
    """Send messages; return how many met what they were about. The kernel answers none but those that it refuses."""
    done = 0
    with _opened() as netlink:
        netlink.setblocking(False)
        while batch := list(islice(changes, BATCH)):
            netlink.send(b"".join(batch))
            # It does what it is told before `send` returns: what it has to say is there by now.
            done += len(batch) - _missed(netlink)
    return done


def _missed(netlink: socket.socket) -> int:
    missed = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            for kind, body in messages(netlink.recv(RECEIVE_OCTETS)):
                if kind == NLMSG_ERROR and _check(body):
                    missed += 1
    return missed


def _check(body: bytes) -> bool:
    """Say whether what was meant is not there. Raises OSError for any other refusal."""
    code: int = -_ERROR.unpack_from(body)[0]
    if code in (0, errno.ENOENT):
        return code != 0
    raise OSError(code, f"the table of connections: {os.strerror(code)}")


def _family(connection: Connection) -> int:
    return socket.AF_INET6 if connection.is_v6 else socket.AF_INET


def _message(kind: int, flags: int, family: int, body: bytes) -> bytes:
    """Return a message with its struct nfgenmsg: a family, version 0, no resource."""
    size = _HEADER.size + 4 + len(body)
    return _HEADER.pack(size, kind, NLM_F_REQUEST | flags, 0, 0) + bytes((family, 0, 0, 0)) + body


def _attribute(kind: int, data: bytes) -> bytes:
    return _ATTRIBUTE.pack(4 + len(data), kind) + data + bytes(-len(data) % 4)


def _tuple(connection: Connection) -> bytes:
    """Return the attribute of a connection's original direction. A protocol without ports has none looked at."""
    source, target = (CTA_IP_V6_SRC, CTA_IP_V6_DST) if connection.is_v6 else (CTA_IP_V4_SRC, CTA_IP_V4_DST)
    addresses = _attribute(source, connection.client) + _attribute(target, connection.server)
    protocol = (
        _attribute(CTA_PROTO_NUM, bytes((connection.protocol,)))
        + _attribute(CTA_PROTO_SRC_PORT, _U16.pack(connection.client_port))
        + _attribute(CTA_PROTO_DST_PORT, _U16.pack(connection.server_port))
    )
    ends = _attribute(CTA_TUPLE_IP | NLA_F_NESTED, addresses) + _attribute(CTA_TUPLE_PROTO | NLA_F_NESTED, protocol)
    return _attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, ends)


def _tracked(body: bytes) -> Tracked | None:
    """Return what a message tells (after its struct nfgenmsg), None for one that is cut, or ICMP's."""
    told = dict(attributes(body[4:]))
    there, back = _ends(told.get(CTA_TUPLE_ORIG, b"")), _ends(told.get(CTA_TUPLE_REPLY, b""))
    if there is None or back is None or there.protocol in _ICMP:
        return None
    outside = Connection(back.protocol, back.server, back.server_port, back.client, back.client_port)
    sent, received = _counted(told.get(CTA_COUNTERS_ORIG)), _counted(told.get(CTA_COUNTERS_REPLY))
    return Tracked(
        there,
        outside,
        _number(told, CTA_MARK),
        (sent[1], received[1]),
        (sent[0], received[0]),
        there.protocol == Protocol.TCP and _is_open(told.get(CTA_PROTOINFO, b"")),
    )


def _ends(data: bytes) -> Connection | None:
    """Return one direction: who sends to whom."""
    told = dict(attributes(data))
    addresses = dict(attributes(told.get(CTA_TUPLE_IP, b"")))
    protocol = dict(attributes(told.get(CTA_TUPLE_PROTO, b"")))
    source = addresses.get(CTA_IP_V4_SRC) or addresses.get(CTA_IP_V6_SRC)
    target = addresses.get(CTA_IP_V4_DST) or addresses.get(CTA_IP_V6_DST)
    number = protocol.get(CTA_PROTO_NUM)
    if not source or not target or not number:
        return None
    ports = _number(protocol, CTA_PROTO_SRC_PORT), _number(protocol, CTA_PROTO_DST_PORT)
    return Connection(number[0], source, ports[0], target, ports[1])


def _is_open(data: bytes) -> bool:
    for kind, tcp in attributes(data):
        if kind == CTA_PROTOINFO_TCP:
            state = dict(attributes(tcp)).get(CTA_PROTOINFO_TCP_STATE, b"")[:1]
            return state not in (bytes((TCP_TIME_WAIT,)), bytes((TCP_CLOSE,)))
    return False


def _counted(data: bytes | None) -> tuple[int, int]:
    """Return packets and octets of one direction."""
    if data is None:
        return 0, 0
    told = dict(attributes(data))
    return _number(told, CTA_COUNTERS_PACKETS), _number(told, CTA_COUNTERS_BYTES)


def _number(told: Mapping[int, bytes], kind: int) -> int:
    return int.from_bytes(told.get(kind, b""), "big")
