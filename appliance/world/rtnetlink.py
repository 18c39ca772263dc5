"""rtnetlink, the kernel's way to tell of the network (RFC 3549; linux/rtnetlink.h): asking for a table, reading it."""

import socket
import struct
from collections.abc import Iterator

RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST_DUMP = 0x301

NDA_DST, NDA_LLADDR = 1, 2
IFA_ADDRESS, IFA_LOCAL = 1, 2
RTA_OIF, RTA_GATEWAY = 4, 5

DUMP_TIMEOUT_S = 2.0
RECEIVE_OCTETS = 262_144

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")


def dump(request: int, wanted: int) -> Iterator[bytes]:
    """Yield the bodies of one table's messages. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as asked:
        asked.settimeout(DUMP_TIMEOUT_S)
        asked.bind((0, 0))
        asked.send(_HEADER.pack(_HEADER.size + 20, request, NLM_F_REQUEST_DUMP, 1, 0) + bytes(20))
        while True:
            for kind, body in messages(asked.recv(RECEIVE_OCTETS)):
                if kind in (NLMSG_DONE, NLMSG_ERROR):
                    return
                if kind == wanted:
                    yield body


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and body of each message of a datagram; one that was cut ends it."""
    pos = 0
    while pos + _HEADER.size <= len(data):
        size, kind, *_ = _HEADER.unpack_from(data, pos)
        if size < _HEADER.size:
            return
        yield kind, data[pos + _HEADER.size : pos + size]
        pos += size + 3 & ~3


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and octets of each attribute."""
    pos = 0
    while pos + 4 <= len(data):
        size, kind = _ATTRIBUTE.unpack_from(data, pos)
        if size < 4:
            return
        yield kind & 0x3FFF, data[pos + 4 : pos + size]
        pos += size + 3 & ~3
