"""Pages of any site over https and HTTP/3: `pages.py CERTIFICATE KEY PORT`.

A page's title is the site that the request named and the application protocol that the handshake agreed on.
"""

import asyncio
import re
import ssl
import sys
from pathlib import Path

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, QuicEvent

READY = "pages ready"
WAIT_S = 10.0
HOST = re.compile(rb"\r\nhost: *([^\r\n]*)", re.IGNORECASE)


def page(site: bytes, protocol: str | None) -> bytes:
    """A page that asks for nothing else, not even an icon."""
    title = f"{site.decode()} {protocol}"
    return f'<!doctype html><html lang=en><link rel="icon" href="data:,"><title>{title}</title><p>Here.'.encode()


async def over_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request in HTTP/1.1."""
    try:
        asked = HOST.search(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_S))
    except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
        asked = None  # a connection that a browser opened to spare
    if asked:
        body = page(asked[1], writer.get_extra_info("ssl_object").selected_alpn_protocol())
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
    writer.close()


class OverQuic(QuicConnectionProtocol):
    """A connection of HTTP/3."""

    _http: H3Connection | None = None

    def quic_event_received(self, event: QuicEvent) -> None:
        """Answer each request."""
        if isinstance(event, ProtocolNegotiated):
            self._http = H3Connection(self._quic)
        if self._http is None:
            return
        for said in self._http.handle_event(event):
            if isinstance(said, HeadersReceived):
                body = page(dict(said.headers)[b":authority"], "h3")
                self._http.send_headers(said.stream_id, [(b":status", b"200"), (b"content-type", b"text/html")])
                self._http.send_data(said.stream_id, body, end_stream=True)
        self.transmit()


async def main(certificate: str, key: str, port: str) -> None:
    """Serve until the process is ended."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    tls.set_alpn_protocols(["http/1.1"])
    quic = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=False)
    quic.load_cert_chain(Path(certificate), Path(key))
    await serve("::", int(port), configuration=quic, create_protocol=OverQuic)
    listening = await asyncio.start_server(over_tls, None, int(port), ssl=tls)
    sys.stderr.write(f"{READY}\n")
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
