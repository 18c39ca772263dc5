"""A burst of datagrams by one system call each way (recvmmsg(2), sendmmsg(2)), answered where they lie.

A call for each datagram costs more than all that is decided about it.
"""

import ctypes
import os
import socket
import struct
import sys
from _socket import socket as RawSocket  # noqa: N812
from array import array
from collections.abc import Sequence
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


_libc = ctypes.CDLL(None, use_errno=True)
_recvmmsg = _libc.recvmmsg
_recvmmsg.argtypes = (c_int, c_void_p, c_uint32, c_int, c_void_p)
_sendmmsg = _libc.sendmmsg
_sendmmsg.argtypes = (c_int, c_void_p, c_uint32, c_int)


class _Room:
    """BURST slots for datagrams, and beside each one for its other end and for what the kernel says of the way."""

    def __init__(self, *, name_octets: int = 0, control_octets: int = 0) -> None:
        data, names, controls = ((c_char * (BURST * size))() for size in (SLOT_OCTETS, _NAME_OCTETS, _CONTROL_OCTETS))
        self._at = addressof(data), addressof(names), addressof(controls)
        self._name_octets, self._control_octets = name_octets, control_octets
        self.octets = memoryview(data).cast("B")
        self.names = memoryview(names).cast("B")
        self.controls = memoryview(controls).cast("B")

    def vector(self) -> "_Vector":
        """Return the slots as a system call takes them, each whole."""
        vector, pieces = (_Datagram * BURST)(), (_Piece * BURST)()
        data, names, controls = self._at
        for slot in range(BURST):
            pieces[slot] = _Piece(data + slot * SLOT_OCTETS, SLOT_OCTETS)
            vector[slot].message = _Message(
                *(names + slot * _NAME_OCTETS if self._name_octets else None, self._name_octets),
                *(addressof(pieces[slot]), 1),
                *(controls + slot * _CONTROL_OCTETS if self._control_octets else None, self._control_octets),
            )
        return _Vector(vector, pieces)


class _Vector:
    """An array of struct mmsghdr, and the fields of it that change."""

    def __init__(self, vector: Any, pieces: Any) -> None:  # noqa: ANN401 -- arrays of ctypes
        self._held = vector, pieces
        self.at = addressof(vector)
        self.received = _column(vector, "I", _Datagram.size.offset, sizeof(_Datagram))
        """How many octets came into each slot."""
        self.sizes = _column(pieces, "L", _Piece.size.offset, sizeof(_Piece))
        """How many octets of each slot are sent, or may come."""
        self.control_sizes = _column(vector, "L", _Message.control_size.offset, sizeof(_Datagram))

    def send(self, handle: int, first: int, end: int) -> int:
        """Send the slots from `first` to before `end`; return how many could not be sent."""
        lost = 0
        while first < end:
            sent = _sendmmsg(handle, self.at + first * sizeof(_Datagram), end - first, socket.MSG_DONTWAIT)
            lost += sent <= 0
            first += max(1, sent)
        return lost


class Connected:
    """Datagrams of connected sockets; one room serves them all, one after the other."""

    def __init__(self) -> None:
        self._room = _Room()
        self._in, self._out = self._room.vector(), self._room.vector()

    def send(self, opened: RawSocket, datagrams: Sequence[bytes]) -> int:
        """Send these, at most BURST; return how many could not be sent. Raises OSError where none could."""
        if len(datagrams) == 1:
            opened.send(datagrams[0])
            return 0
        at = 0
        for slot, datagram in enumerate(datagrams):
            self._room.octets[at : at + len(datagram)] = datagram
            self._out.sizes[slot] = len(datagram)
            at += SLOT_OCTETS
        return self._out.send(opened.fileno(), 0, len(datagrams))

    def receive(self, opened: RawSocket, most: int) -> list[bytes]:
        """Return what has come, at most so many (up to BURST). Raises OSError, BlockingIOError for nothing."""
        if most == 1:
            return [opened.recv(SLOT_OCTETS)]
        count = _recvmmsg(opened.fileno(), self._in.at, min(most, BURST), socket.MSG_DONTWAIT, None)
        if count < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        octets = self._room.octets
        sizes = self._in.received[:count].tolist()
        return [octets[slot * SLOT_OCTETS : slot * SLOT_OCTETS + size].tobytes() for slot, size in enumerate(sizes)]


class Outbox:
    """Replies that are sent together, each to who asked and from the address that was asked."""

    def __init__(self, burst: "Burst") -> None:
        self._burst = burst
        self._room = burst.like()
        self._out = self._room.vector()
        self._count = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return self._count

    def put(self, reply: bytes, back: "Back") -> int:
        """Take a reply; where there is no room for it the others are sent first. Return how many could not be sent."""
        if len(reply) > SLOT_OCTETS:
            return 1
        lost = self.flush() if self._count == BURST else 0
        slot = self._count
        self._room.octets[slot * SLOT_OCTETS : slot * SLOT_OCTETS + len(reply)] = reply
        self._out.sizes[slot] = len(reply)
        name, control = back
        self._room.names[slot * _NAME_OCTETS : slot * _NAME_OCTETS + len(name)] = name
        self._room.controls[slot * _CONTROL_OCTETS : slot * _CONTROL_OCTETS + len(control)] = control
        self._count = slot + 1
        return lost

    def flush(self) -> int:
        """Send them; return how many could not be sent."""
        count, self._count = self._count, 0
        return self._out.send(self._burst.handle, 0, count)


Back = tuple[bytes, bytes]
"""The way back to who sent a datagram, as the kernel has it."""


class Burst:
    """Room for the datagrams of one socket; the one in slot n lies at ``octets[n * SLOT_OCTETS]``."""

    def __init__(self, opened: socket.socket, *, is_wildcard: bool) -> None:
        """Take a socket that doesn't block; a wildcard one says of each datagram which own address it came to."""
        self.handle = opened.fileno()
        self._is_v6 = opened.family == socket.AF_INET6
        self._is_wildcard = is_wildcard
        self._name_octets = _NAME_OCTETS if self._is_v6 else 16
        self._control_octets = socket.CMSG_SPACE(20 if self._is_v6 else 12) if is_wildcard else 0
        self._room = self.like()
        self.octets = self._room.octets
        self._in, self._out = self._room.vector(), self._room.vector()
        self._addresses = self._room.names.cast("I")[1 :: _NAME_OCTETS // 4]
        self._interfaces = self._room.controls.cast("I")[socket.CMSG_LEN(0) // 4 :: _CONTROL_OCTETS // 4]
        self._room_for_control = memoryview(array("L", [self._control_octets] * BURST))
        self.answer_sizes = self._out.sizes
        """How many octets of each slot `send` sends."""

    def like(self) -> _Room:
        """Return another room for datagrams of this socket."""
        return _Room(name_octets=self._name_octets, control_octets=self._control_octets)

    def receive(self) -> list[int]:
        """Take what has come, at most BURST datagrams, into the slots from 0 on; return their sizes."""
        if self._is_wildcard:
            self._in.control_sizes[:] = self._room_for_control
        count = _recvmmsg(self.handle, self._in.at, BURST, socket.MSG_DONTWAIT, None)
        return self._in.received[:count].tolist() if count > 0 else []

    def sources(self, count: int) -> list[Any]:
        """Return who sent the datagrams in the first slots: something to look them up by, equal for equal addresses."""
        if not self._is_v6:
            return self._addresses[:count].tolist()
        # Address and scope.
        return [self._room.names[at + 8 : at + 28].tobytes() for at in range(0, count * _NAME_OCTETS, _NAME_OCTETS)]

    def send(self, first: int, end: int) -> int:
        """Send the slots from `first` to before `end` back to who sent them; return how many could not be sent."""
        if self._is_wildcard and not self._is_v6:
            # Leave from the address that was asked, by whatever interface the routes say.
            for slot in range(first, end):
                self._interfaces[slot] = 0
        return self._out.send(self.handle, first, end)

    def address(self, slot: int) -> Address:
        """Return the sender of a datagram as the socket module writes it."""
        name = self._room.names[slot * _NAME_OCTETS : (slot + 1) * _NAME_OCTETS]
        port = int.from_bytes(name[2:4], "big")
        if not self._is_v6:
            return socket.inet_ntop(socket.AF_INET, name[4:8]), port
        return socket.inet_ntop(socket.AF_INET6, name[8:24]), port, 0, int.from_bytes(name[24:28], sys.byteorder)

    def back(self, slot: int) -> Back:
        """Return the way back to the sender of a datagram, from the address that was asked."""
        name = self._room.names[slot * _NAME_OCTETS : slot * _NAME_OCTETS + self._name_octets].tobytes()
        if not self._is_wildcard:
            return name, b""
        at = slot * _CONTROL_OCTETS
        control = bytearray(self._room.controls[at : at + self._control_octets])
        if not self._is_v6:
            # By whatever interface the routes say.
            control[socket.CMSG_LEN(0) : socket.CMSG_LEN(0) + 4] = bytes(4)
        return name, bytes(control)

    def control(self, slot: int) -> Control:
        """Return what the kernel said of the own address that a datagram came to."""
        if not self._is_wildcard:
            return []
        at = slot * _CONTROL_OCTETS
        size, level, kind = _HEADER.unpack_from(self._room.controls, at)
        return [(level, kind, self._room.controls[at + socket.CMSG_LEN(0) : at + size].tobytes())]


def _column(vector: Any, kind: Literal["I", "L"], offset: int, step: int) -> memoryview:  # noqa: ANN401 -- any array of ctypes
    """Return one field of all structs in an array, as numbers that can be read and set (L is size_t's)."""
    numbers = memoryview(vector).cast("B").cast(kind)
    return numbers[offset // numbers.itemsize :: step // numbers.itemsize]
