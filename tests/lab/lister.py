"""Somebody out on the internet who keeps a list: a web server with TLS, which sends as slowly as a test wants it.

Run as `lister.py ADDRESS KEY CERTIFICATE FOLDER`. It sends FOLDER/list.txt at every path: a trickle, and the rest once
there is a FOLDER/go. With a FOLDER/page it sends that, as a web page.
"""

import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

READY = "lister ready"
PATIENCE_S = 60.0
TRICKLE_OCTETS = 200


class Lister(ThreadingHTTPServer):
    """Speaks TLS in the thread of each client."""

    daemon_threads = True

    def __init__(self, address: str, key: str, chain: str, folder: Path) -> None:
        self.folder = folder
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(chain, key)
        super().__init__((address, 443), Handler)

    def finish_request(self, request: object, client_address: object) -> None:
        """Take a client in."""
        with self._context.wrap_socket(request, server_side=True) as safe:  # type: ignore[arg-type]
            super().finish_request(safe, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers a GET."""

    def do_GET(self) -> None:
        """Send the list, or the page."""
        folder = self.server.folder  # type: ignore[attr-defined]
        page = folder / "page"
        self._send(page if page.exists() else folder / "list.txt", "text/html" if page.exists() else "text/plain")

    def _send(self, path: Path, kind: str) -> None:
        octets = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        sent, until = 0, time.monotonic() + PATIENCE_S
        while not (path.parent / "go").exists() and time.monotonic() < until:
            self.wfile.write(octets[sent : sent + TRICKLE_OCTETS])
            sent += TRICKLE_OCTETS
            time.sleep(0.05)
        self.wfile.write(octets[sent:])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    address, key, chain, folder = sys.argv[1:]
    with Lister(address, key, chain, Path(folder)) as lister:
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        lister.serve_forever(0.05)
