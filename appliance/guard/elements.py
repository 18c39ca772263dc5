"""Elements of our nftables table's sets, each with an end, over netlink: a program takes longer than a reply waits.

Messages are those of linux/netfilter/nf_tables.h. Root, or CAP_NET_ADMIN, is wanted.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from appliance.guard.conntrack import NETLINK_NETFILTER, NLA_F_NESTED, NLM_F_REQUEST
from appliance.guard.ruleset import TABLE
from appliance.world.rtnetlink import NLMSG_ERROR, RECEIVE_OCTETS, messages

NFPROTO_INET = 1
NFNL_SUBSYS_NFTABLES = 10
NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END = 0x10, 0x11
NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM = 12, 14
NLM_F_CREATE = 0x400
NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET, NFTA_SET_ELEM_LIST_ELEMENTS = 1, 2, 3
NFTA_LIST_ELEM = 1
NFTA_SET_ELEM_KEY, NFTA_SET_ELEM_TIMEOUT = 1, 4
NFTA_DATA_VALUE = 1

BATCH = 512
"""Changed at once: three lists of so many are well below a socket's buffer, and each below 65,535 octets, where an
attribute ends."""

_HEADER = struct.Struct("=IHHII")
_ABOUT = struct.Struct("!BBH")
"""struct nfgenmsg: family, version, resource."""
_ATTRIBUTE = struct.Struct("=HH")
_ERROR = struct.Struct("=i")
_MILLISECONDS = struct.Struct("!Q")


class Element(NamedTuple):
    """One element of a set."""

    set: str
    key: bytes
    """As the kernel compares it: each field filled up to whole words of 4 octets."""
    left_s: float
    """When it ends, from now."""


class Elements:
    """What puts elements into sets, in the network namespace of the process at its first call."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def put(self, elements: Sequence[Element]) -> None:
        """Have all of these in their sets, and each end when it says, whether or not it was there. Raises OSError.

        Where this returns, the next packet meets them; of a `BATCH` either all are changed or none.
        """
        for first in range(0, len(elements), BATCH):
            self._commit(elements[first : first + BATCH])

    def close(self) -> None:
        """Let go of the socket; another call opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _commit(self, elements: Sequence[Element]) -> None:
        sets: dict[str, list[Element]] = {}
        for element in elements:
            sets.setdefault(element.set, []).append(element)
        told = [message for name, these in sets.items() for message in _renewed(name, these)]
        netlink = self._opened()
        netlink.send(b"".join((_edge(NFNL_MSG_BATCH_BEGIN), *told, _edge(NFNL_MSG_BATCH_END))))
        # The kernel does it before `send` returns, and tells only what it refuses: that is there by now.
        refused = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                for kind, body in messages(netlink.recv(RECEIVE_OCTETS)):
                    if kind == NLMSG_ERROR:
                        refused = refused or -_ERROR.unpack_from(body)[0]
        if refused:
            raise OSError(refused, f"the sets of the firewall: {os.strerror(refused)}")

    def _opened(self) -> socket.socket:
        """Return the one socket: while one is closed, the kernel waits until all that was deleted is gone (16 ms)."""
        if self._socket is None:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
            self._socket.setblocking(False)
            self._socket.bind((0, 0))
        return self._socket


def _renewed(name: str, elements: Sequence[Element]) -> Iterator[bytes]:
    """Yield what puts elements into one set. One that is there would keep its end, so it goes and comes again.

    That it is there when it goes, its coming before sees to.
    """
    for kind in (NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM, NFT_MSG_NEWSETELEM):
        yield _message(kind, name, elements)


def _message(kind: int, name: str, elements: Sequence[Element]) -> bytes:
    is_new = kind == NFT_MSG_NEWSETELEM
    listed = b"".join(_nested(NFTA_LIST_ELEM, _element(one, has_end=is_new)) for one in elements)
    body = (
        _attribute(NFTA_SET_ELEM_LIST_TABLE, TABLE.encode() + b"\0")
        + _attribute(NFTA_SET_ELEM_LIST_SET, name.encode() + b"\0")
        + _nested(NFTA_SET_ELEM_LIST_ELEMENTS, listed)
    )
    about = _ABOUT.pack(NFPROTO_INET, 0, 0)
    return _headed(NFNL_SUBSYS_NFTABLES << 8 | kind, about + body, NLM_F_CREATE if is_new else 0)


def _element(element: Element, *, has_end: bool) -> bytes:
    key = _nested(NFTA_SET_ELEM_KEY, _attribute(NFTA_DATA_VALUE, element.key))
    if not has_end:
        return key
    return key + _attribute(NFTA_SET_ELEM_TIMEOUT, _MILLISECONDS.pack(max(1, round(element.left_s * 1000))))


def _edge(kind: int) -> bytes:
    """Return what begins or ends a batch."""
    return _headed(kind, _ABOUT.pack(socket.AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES))


def _headed(kind: int, body: bytes, flags: int = 0) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, NLM_F_REQUEST | flags, 0, 0) + body


def _attribute(kind: int, data: bytes) -> bytes:
    return _ATTRIBUTE.pack(4 + len(data), kind) + data + bytes(-len(data) % 4)


def _nested(kind: int, data: bytes) -> bytes:
    return _attribute(kind | NLA_F_NESTED, data)
