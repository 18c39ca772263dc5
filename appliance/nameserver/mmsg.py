"""A burst of datagrams by one system call each way (recvmmsg(2), sendmmsg(2)), answered where they lie.

A call for each datagram costs more than all that is decided about it.
"""

import ctypes
import socket
import struct
import sys
from array import array
from ctypes import Structure, addressof, c_char, c_int, c_size_t, c_uint32, c_void_p, sizeof
from typing import Any, Final, Literal

from appliance.nameserver.sockets import Address, Control

SLOT_OCTETS: Final = 4_096
"""Longer than any query and any answer over UDP; what is longer is cut and so malformed."""
BURST: Final = 64
"""Datagrams taken on one wake-up, before upstreams and TCP get their turn."""

_NAME_OCTETS: Final = 28
"""A sockaddr_in6; the first 16 are a sockaddr_in."""
_CONTROL_OCTETS: Final = 64
_HEADER = struct.Struct("@Nii")
"""struct cmsghdr."""


class _Piece(Structure):
    """struct iovec."""

    _fields_ = (("base", c_void_p), ("size", c_size_t))


class _Message(Structure):
    """struct msghdr."""

    _fields_ = (
        *(("name", c_void_p), ("name_size", c_uint32), ("pieces", c_void_p), ("piece_count", c_size_t)),
        *(("control", c_void_p), ("control_size", c_size_t), ("flags", c_int)),
    )


class _Datagram(Structure):
    """struct mmsghdr."""

    _fields_ = (("message", _Message), ("size", c_uint32))


_libc = ctypes.CDLL(None)
_recvmmsg = _libc.recvmmsg
_recvmmsg.argtypes = (c_int, c_void_p, c_uint32, c_int, c_void_p)
_sendmmsg = _libc.sendmmsg
_sendmmsg.argtypes = (c_int, c_void_p, c_uint32, c_int)


class Burst:
    """Room for the datagrams of one socket; the one in slot n lies at ``octets[n * SLOT_OCTETS]``."""

    def __init__(self, opened: socket.socket, *, is_wildcard: bool) -> None:
        """Take a socket that doesn't block; a wildcard one says of each datagram which own address it came to."""
        self._handle = opened.fileno()
        self._is_v6 = opened.family == socket.AF_INET6
        self._is_wildcard = is_wildcard
        data, names, controls = ((c_char * (BURST * size))() for size in (SLOT_OCTETS, _NAME_OCTETS, _CONTROL_OCTETS))
        self.octets = memoryview(data).cast("B")
        self._names = memoryview(names).cast("B")
        self._controls = memoryview(controls).cast("B")
        self._control_octets = socket.CMSG_SPACE(20 if self._is_v6 else 12) if is_wildcard else 0
        self._in, self._out = (_Datagram * BURST)(), (_Datagram * BURST)()
        self._pieces = (_Piece * BURST)(), (_Piece * BURST)()
        for vector, pieces in zip((self._in, self._out), self._pieces, strict=True):
            for slot in range(BURST):
                pieces[slot] = _Piece(addressof(data) + slot * SLOT_OCTETS, SLOT_OCTETS)
                vector[slot].message = _Message(
                    *(addressof(names) + slot * _NAME_OCTETS, _NAME_OCTETS if self._is_v6 else 16),
                    *(addressof(pieces[slot]), 1),
                    *(addressof(controls) + slot * _CONTROL_OCTETS if is_wildcard else None, self._control_octets),
                )
        self._in_at, self._out_at = addressof(self._in), addressof(self._out)
        self._sizes = _column(self._in, "I", _Datagram.size.offset, sizeof(_Datagram))
        self._addresses = _column(names, "I", 4, _NAME_OCTETS)
        self._interfaces = _column(controls, "I", socket.CMSG_LEN(0), _CONTROL_OCTETS)
        self._control_sizes = _column(self._in, "L", _Message.control_size.offset, sizeof(_Datagram))
        self._room_for_control = memoryview(array("L", [self._control_octets] * BURST))
        self.answer_sizes = _column(self._pieces[1], "L", _Piece.size.offset, sizeof(_Piece))
        """How many octets of each slot `send` sends."""

    def receive(self) -> list[int]:
        """Take what has come, at most BURST datagrams, into the slots from 0 on; return their sizes."""
        if self._is_wildcard:
            self._control_sizes[:] = self._room_for_control
        count = _recvmmsg(self._handle, self._in_at, BURST, socket.MSG_DONTWAIT, None)
        return self._sizes[:count].tolist() if count > 0 else []

    def sources(self, count: int) -> list[Any]:
        """Return who sent the datagrams in the first slots: something to look them up by, equal for equal addresses."""
        if not self._is_v6:
            return self._addresses[:count].tolist()
        # Address and scope.
        return [self._names[at + 8 : at + 28].tobytes() for at in range(0, count * _NAME_OCTETS, _NAME_OCTETS)]

    def send(self, first: int, end: int) -> int:
        """Send the slots from `first` to before `end` back to who sent them; return how many could not be sent."""
        if self._is_wildcard and not self._is_v6:
            # Leave from the address that was asked, by whatever interface the routes say.
            for slot in range(first, end):
                self._interfaces[slot] = 0
        lost = 0
        while first < end:
            sent = _sendmmsg(self._handle, self._out_at + first * sizeof(_Datagram), end - first, socket.MSG_DONTWAIT)
            lost += sent <= 0
            first += max(1, sent)
        return lost

    def address(self, slot: int) -> Address:
        """Return the sender of a datagram as the socket module writes it."""
        name = self._names[slot * _NAME_OCTETS : (slot + 1) * _NAME_OCTETS]
        port = int.from_bytes(name[2:4], "big")
        if not self._is_v6:
            return socket.inet_ntop(socket.AF_INET, name[4:8]), port
        return socket.inet_ntop(socket.AF_INET6, name[8:24]), port, 0, int.from_bytes(name[24:28], sys.byteorder)

    def control(self, slot: int) -> Control:
        """Return what the kernel said of the own address that a datagram came to."""
        if not self._is_wildcard:
            return []
        at = slot * _CONTROL_OCTETS
        size, level, kind = _HEADER.unpack_from(self._controls, at)
        return [(level, kind, self._controls[at + socket.CMSG_LEN(0) : at + size].tobytes())]


def _column(vector: Any, kind: Literal["I", "L"], offset: int, step: int) -> memoryview:  # noqa: ANN401 -- any array of ctypes
    """Return one field of all structs in an array, as numbers that can be read and set (L is size_t's)."""
    numbers = memoryview(vector).cast("B").cast(kind)
    return numbers[offset // numbers.itemsize :: step // numbers.itemsize]
