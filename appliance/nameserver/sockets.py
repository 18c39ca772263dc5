"""The sockets that DNS comes in by, and how a reply leaves from the address that was asked."""

import socket
import struct
from collections.abc import Sequence
from typing import Any

from appliance.config import Endpoint

ANY_V4 = "0.0.0.0"  # noqa: S104 -- compared with, the installer's choice
ANY_V6 = "::"
BUFFER_OCTETS = 4 << 20
BACKLOG = 128

IP_PKTINFO = 8
IPV6_RECVPKTINFO = 49
IPV6_PKTINFO = 50
"""linux/in.h, linux/in6.h."""

_PKTINFO4 = struct.Struct("=I4s4s")

Address = tuple[Any, ...]
Control = list[tuple[int, int, bytes]]


class ListenError(OSError):
    """An address can't be listened on."""


def open_udp(endpoint: Endpoint) -> socket.socket:
    """Return a UDP socket that shares its port with those of other workers. Raises ListenError."""
    return _open(endpoint, socket.SOCK_DGRAM)


def open_tcp(endpoint: Endpoint) -> socket.socket:
    """Return a listening TCP socket that shares its port with those of other workers. Raises ListenError."""
    return _open(endpoint, socket.SOCK_STREAM)


def _open(endpoint: Endpoint, kind: socket.SocketKind) -> socket.socket:
    opened = socket.socket(socket.AF_INET6 if endpoint.is_v6 else socket.AF_INET, kind)
    try:
        if endpoint.is_v6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if kind == socket.SOCK_DGRAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_OCTETS)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_OCTETS)
            if endpoint.address == ANY_V4:
                opened.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            elif endpoint.address == ANY_V6:
                opened.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
        else:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setblocking(False)
        opened.bind((endpoint.address, endpoint.port))
        if kind == socket.SOCK_STREAM:
            opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        what = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
        raise ListenError(f"can't listen on {endpoint} ({what}): {error.strerror}") from error
    return opened


def is_wildcard(opened: socket.socket) -> bool:
    """Say whether a socket listens on all addresses, so that a reply must be told which one to leave from."""
    return opened.getsockname()[0] in (ANY_V4, ANY_V6)


def asked_at(control: Control) -> str:
    """Return the own address that a datagram was sent to, empty where the kernel said none."""
    for level, kind, value in control:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            return socket.inet_ntop(socket.AF_INET, _PKTINFO4.unpack_from(value)[1])
        if (level, kind) == (socket.IPPROTO_IPV6, IPV6_PKTINFO):
            packed, interface = value[:16], int.from_bytes(value[16:20], "little")
            return source_key((socket.inet_ntop(socket.AF_INET6, packed), 0, 0, interface))
    return ""


def source_key(address: Sequence[Any]) -> str:
    """Return a source address as text; a link-local one with the number of its interface."""
    host = str(address[0])
    if len(address) == 4 and address[3] and host.startswith("fe80:"):
        return f"{host.partition('%')[0]}%{address[3]}"
    return host
