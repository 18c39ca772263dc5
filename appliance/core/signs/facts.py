"""What is known of a flow so far, for those who look for signs."""

from enum import StrEnum
from typing import Final, NamedTuple

from appliance.core.wire.hello import Hello

HEAD_OCTETS: Final = 64
FIRST_OCTETS: Final = 512


class Kind(StrEnum):
    """Whose words a flow begins with."""

    TLS = "tls"
    QUIC = "quic"
    HTTP = "http"
    DNS = "dns"
    OTHER = "other"


class Glimpse(NamedTuple):
    """The beginning of a packet's payload."""

    is_clients: bool
    size: int
    """Octets of the whole payload."""
    head: bytes
    """Its first octets, HEAD_OCTETS at most."""


class Facts:
    """A flow so far. Ends are told once it is known who is the client; till then the first packet's sender is."""

    __slots__ = (
        *("protocol", "client", "client_port", "server", "server_port"),
        *("glimpses", "first", "answer", "kind", "name", "hello", "has_start", "has_upgrade"),
    )

    def __init__(self, protocol: int, client: bytes, client_port: int, server: bytes, server_port: int) -> None:
        self.protocol = protocol
        """IANA's number."""
        self.client = client
        """4 or 16 octets."""
        self.client_port = client_port
        self.server = server
        self.server_port = server_port
        self.glimpses: list[Glimpse] = []
        """Of the packets with a payload, in order of arrival."""
        self.first = b""
        """The first payload of the client's, FIRST_OCTETS at most."""
        self.answer = b""
        """The first of the server's."""
        self.kind = Kind.OTHER
        self.name: str | None = None
        """The name asked for, in normal form."""
        self.hello: Hello | None = None
        self.has_start = False
        """The opening of the connection was seen, so that `first` is what it begins with."""
        self.has_upgrade = False
        """TLS began after lines of text."""

    def see(self, payload: bytes, is_clients: bool) -> None:
        """Keep the beginning of a payload, which is not empty."""
        self.glimpses.append(Glimpse(is_clients, len(payload), payload[:HEAD_OCTETS]))
        if is_clients:
            self.first = self.first or payload[:FIRST_OCTETS]
        else:
            self.answer = self.answer or payload[:FIRST_OCTETS]

    def turn(self) -> None:
        """Take the other end for the client."""
        self.client, self.server = self.server, self.client
        self.client_port, self.server_port = self.server_port, self.client_port
        self.first, self.answer = self.answer, self.first
        self.glimpses = [Glimpse(not one.is_clients, one.size, one.head) for one in self.glimpses]
