"""Packets as no honest program makes them: into the middle of a connection, or the first of another protocol."""

import os
import socket
import ssl
import time
from contextlib import suppress
from typing import Any

from aioquic.h3.connection import H3_ALPN
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from tests.adversary.child import Child, Place
from tests.adversary.inside import inside
from tests.core.wire import hellos

ETH_P_IP = 0x0800
ODD_ECH = 0xFE0D
MD5_OPTION = (19, bytes(16))
"""A signature of TCP (RFC 2385): whoever has no key for it drops the segment."""


def initial(name: str, *alpn: str) -> bytes:
    """Return the first datagram of QUIC for a name."""
    told = QuicConfiguration(alpn_protocols=list(alpn) or H3_ALPN, server_name=name)
    client = QuicConnection(configuration=told)
    client.connect(("192.0.2.1", 443), now=time.time())
    return client.datagrams_to_send(now=time.time())[0][0]


def hello(name: str, *more: bytes) -> bytes:
    """Return a ClientHello for a name as a record, as OpenSSL answers it."""
    whole = hellos.of_ssl(name, ssl.TLSVersion.TLSv1_2)
    if not more:
        return whole
    message = whole[5:]
    at = 4 + 34 + 1 + message[38]
    at += 2 + int.from_bytes(message[at : at + 2], "big")
    at += 1 + message[at]
    extensions = message[at + 2 :] + b"".join(more)
    body = message[4:at] + len(extensions).to_bytes(2, "big") + extensions
    return hellos.record(b"\x01" + len(body).to_bytes(3, "big") + body)


def encrypted_hello(outer: str) -> bytes:
    """Return a hello whose true name is sealed (ECH): the outer one is the provider's."""
    sealed = b"\x00\x00\x01\x00\x01\x07\x00\x20" + os.urandom(32) + b"\x00\xb0" + os.urandom(176)
    return hello(outer, hellos.extension(ODD_ECH, sealed))


class Wire:
    """A connection over IPv4 into which segments can be put beside those that the device's kernel sends."""

    def __init__(self, child: Child, place: Place, port: int = 443) -> None:
        with inside(child.lab.name, child.host):
            self._raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
            self._raw.bind(("eth0", 0))
        self._raw.settimeout(1.0)
        self.socket = child.connect(place, port)
        self._to = (child.at(place), port)
        self._answer = self._syn_ack()
        self.heard = (self._answer[TCP].seq + 1) % 2**32
        """What confirms all that the server said."""

    def close(self) -> None:
        """End."""
        self._raw.close()
        self.socket.close()

    def put(self, octets: bytes, at: int = 0, *, ttl: int = 64, **fields: Any) -> None:
        """Send octets as if they were the connection's from its octet `at` on; `fields` are TCP's, by scapy's names."""
        answer = self._answer
        made = (
            Ether(src=answer.dst, dst=answer.src)
            / IP(src=answer[IP].dst, dst=answer[IP].src, ttl=ttl)
            / TCP(
                sport=answer[TCP].dport,
                dport=answer[TCP].sport,
                **{"seq": (answer[TCP].ack + at) % 2**32, "ack": self.heard, "flags": "PA"} | fields,
            )
            / Raw(octets)
        )
        self._raw.send(bytes(made))

    def stamps(self, later: int) -> tuple[int, int]:
        """Return time stamps as the connection has them (RFC 7323), or as if it had any, so many ticks later."""
        told = dict(option[:2] for option in self._answer[TCP].options)
        theirs, own = told.get("Timestamp", (1, 1))
        return (own + later) % 2**32, theirs

    def _syn_ack(self) -> Any:
        """Return the server's answer to the SYN. Raises OSError where none came."""
        with suppress(TimeoutError):
            while True:
                heard = Ether(self._raw.recv(65_536))
                is_answer = TCP in heard and heard[TCP].flags == "SA" and heard[IP].src == self._to[0]
                if is_answer and heard[TCP].dport == self.socket.getsockname()[1]:
                    return heard
        raise OSError("no SYN-ACK was heard")
