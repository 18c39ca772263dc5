"""DNS over HTTPS: each question a POST of HTTP/2, many under way (RFC 8484)."""

from collections.abc import Iterable
from contextlib import suppress

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import H2Error

from appliance.core.query import Ask
from appliance.core.whom import Server
from appliance.core.wire import dns
from appliance.nameserver.codec import Broken, padded_query

TYPE = "application/dns-message"
MAX_UNDER_WAY = 100
OK = "200"


class Requests:
    """One connection over TLS."""

    alpn = "h2"

    def __init__(self, server: Server) -> None:
        host = f"[{server.name}]" if ":" in server.name else server.name
        self._headers = [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", host if server.port == 443 else f"{host}:{server.port}"),
            (":path", server.path),
            ("accept", TYPE),
            ("content-type", TYPE),
        ]
        self._http = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._http.initiate_connection()
        self._bodies: dict[int, bytearray] = {}
        self.is_over = False

    def room(self) -> int:
        """Return how many more questions may be under way."""
        most = min(MAX_UNDER_WAY, self._http.remote_settings.max_concurrent_streams)
        return most - len(self._bodies)

    def ask(self, ask: Ask, *, has_edns: bool) -> tuple[int, int]:
        """Write a question with the id 0, which caches like (RFC 8484 section 4.1)."""
        wire = padded_query(ask, 0, has_edns=has_edns)
        number = self._http.get_next_available_stream_id()
        self._http.send_headers(number, [*self._headers, ("content-length", str(len(wire)))])
        self._http.send_data(number, wire, end_stream=True)
        self._bodies[number] = bytearray()
        return number, 0

    def forget(self, number: int) -> None:
        """Want no answer any more."""
        if self._bodies.pop(number, None) is not None:
            self._cancel(number)

    def take(self, data: bytes) -> Iterable[tuple[int, bytes | None]]:
        """Return the answers that are whole by now, None for what is none. Raises Broken."""
        found: list[tuple[int, bytes | None]] = []
        try:
            for event in self._http.receive_data(data):
                match event:
                    case ResponseReceived(stream_id=int(number)) if number in self._bodies and not _is_good(event):
                        self.forget(number)
                        found.append((number, None))
                    case DataReceived(stream_id=int(number)):
                        self._http.acknowledge_received_data(event.flow_controlled_length or 0, number)
                        found += self._grow(number, event.data or b"")
                    case StreamEnded(stream_id=int(number)) if number in self._bodies:
                        found.append((number, bytes(self._bodies.pop(number))))
                    case StreamReset(stream_id=int(number)) if self._bodies.pop(number, None) is not None:
                        found.append((number, None))
                    case ConnectionTerminated():
                        self.is_over = True
                    case _:
                        pass
        except (H2Error, ValueError) as error:
            raise Broken(str(error)) from error
        return found

    def to_send(self) -> bytes:
        """Return the octets that are to be sent, once."""
        return self._http.data_to_send()

    def _grow(self, number: int, data: bytes) -> Iterable[tuple[int, None]]:
        body = self._bodies.get(number)
        if body is None:
            return ()
        body += data
        if len(body) <= dns.MAX_TCP_OCTETS:
            return ()
        self.forget(number)
        return ((number, None),)

    def _cancel(self, number: int) -> None:
        with suppress(H2Error):
            self._http.reset_stream(number, ErrorCodes.CANCEL)


def _is_good(event: ResponseReceived) -> bool:
    headers = {str(name): str(value) for name, value in event.headers or ()}
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return headers.get(":status") == OK and kind == TYPE
