"""A child at a device: its connections as any program can make them, and the places that it goes to."""

import json
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from tests.adversary.inside import socket_in
from tests.lab.gateway import Gateway

WAIT_S = 3.0
"""So long a child waits for an answer on a network that needs a millisecond."""

T = TypeVar("T")

First = Callable[[socket.socket, bytes], None]
"""Sends a connection's first octets."""


class Place(NamedTuple):
    """A name and its addresses."""

    name: str
    v4: str
    v6: str

    def at(self, family: str) -> str:
        """Return the address of a family."""
        return self.v4 if family == "4" else self.v6


def _place(name: str, last: int) -> Place:
    return Place(name, f"203.0.113.{last}", f"2001:db8::{last}")


CLOSED = _place("www.tiktok.com", 40)
"""Closed to each child by a rule of the house."""
OPEN = _place("www.example.com", 10)
SEARCH = _place("www.google.com", 30)
OWN = _place("play.example", 95)
"""A machine of the child's own (or of a friend's) somewhere in the internet."""
VPN = _place("vpn.example", 94)
PROXY = _place("proxy.example", 93)
STUN = _place("stun.example", 92)
RESOLVER = _place("resolver.example", 90)


class Child:
    """One who tries something, over IPv4 or IPv6."""

    def __init__(self, lab: Gateway, host: str, person: str, band: str, family: str = "4") -> None:
        self.lab = lab
        self.host = host
        self.person = person
        self.band = band
        self.family = family

    @property
    def ip(self) -> str:
        """`-4` or `-6`."""
        return f"-{self.family}"

    def at(self, place: Place) -> str:
        """Return a place's address of the family."""
        return place.at(self.family)

    def in_url(self, place: Place) -> str:
        """Return a place's address as it stands in a URL."""
        return self.at(place) if self.family == "4" else f"[{self.at(place)}]"

    def curl(self, url: str, *options: str) -> dict[str, Any] | None:
        """Return what a site says to curl, None where nothing came."""
        got = self.lab.curl(self.host, url, self.ip, "-k", *options, limit_s=WAIT_S)
        with suppress(ValueError):
            return dict(json.loads(got.body)) if got.code == 0 else None
        return None

    def pinned(self, place: Place, url: str = "", *options: str) -> dict[str, Any] | None:
        """Visit a place at its address without asking for it, as with a hosts file."""
        return self.curl(url or f"https://{place.name}/", "--connect-to", f"::{self.in_url(place)}:", *options)

    def endpoint(self, kind: int, protocol: int = 0) -> socket.socket:
        """Return a socket of the device's."""
        family = socket.AF_INET if self.family == "4" else socket.AF_INET6
        made = socket_in(self.lab.name, self.host, family, kind, protocol)
        made.settimeout(WAIT_S)
        return made

    def connect(self, place: Place, port: int) -> socket.socket:
        """Return a TCP connection. Raises OSError."""
        made = self.endpoint(socket.SOCK_STREAM)
        try:
            made.connect((self.at(place), port))
        except OSError:
            made.close()
            raise
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def says(self, place: Place, port: int, words: bytes, until: bytes = b"") -> bytes:
        """Return what is answered to words over TCP till something is in it; nothing where nobody answers."""
        answer = b""
        with suppress(OSError), self.connect(place, port) as made:
            made.sendall(words)
            while (not answer or until not in answer) and (more := made.recv(65_536)):
                answer += more
        return answer

    def sends(self, place: Place, port: int, *datagrams: bytes) -> bytes:
        """Return the answer to the last of some datagrams, each sent when the one before was answered."""
        answer = b""
        with suppress(OSError), self.endpoint(socket.SOCK_DGRAM) as made:
            made.connect((self.at(place), port))
            for octets in datagrams:
                answer = b""
                made.send(octets)
                answer = made.recv(65_536)
        return answer


class Https:
    """A visit over TLS whose octets the child sends as it likes."""

    def __init__(self, made: socket.socket, name: str | None, first: First = socket.socket.sendall) -> None:
        self._socket = made
        self._first: First | None = first
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)

    def get(self, host: str) -> dict[str, Any] | None:
        """Return what the site says of a request, None where it ends before."""
        with suppress(OSError, EOFError, ValueError):
            self._run(self._tls.do_handshake)
            self._run(lambda: self._tls.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()))
            said = b""
            while b"}" not in said and (more := self._run(lambda: self._tls.read(65_536))):
                said += more
            return dict(json.loads(said.partition(b"\r\n\r\n")[2]))
        return None

    def asks(self, words: bytes, answer: bytes) -> bool:
        """Say whether the far end answers something to words."""
        with suppress(OSError, EOFError):
            self._run(self._tls.do_handshake)
            self._run(lambda: self._tls.write(words))
            return self._run(lambda: self._tls.read(65_536)) == answer
        return False

    def _run(self, step: Callable[[], T]) -> T:
        """Take a step of TLS, and send and receive what it needs. Raises OSError."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                octets = self._socket.recv(65_536)
                if not octets:
                    raise EOFError from None
                self._incoming.write(octets)
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        octets = self._outgoing.read()
        if octets:
            send, self._first = self._first or socket.socket.sendall, None
            send(self._socket, octets)
