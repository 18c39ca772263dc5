"""A web server with TLS on this machine, under an authority of its own: it sends what a test gives it, as it does."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
Answer = Callable[[BaseHTTPRequestHandler], None]


def send(body: bytes, status: int = 200, **headers: str) -> Answer:
    """Return what answers with a body; ``etag="x"`` is the header ETag, an underscore a hyphen."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Type": "text/plain", "Content-Length": str(len(body))} | said).items():
            if value:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def sent_on(to: str, status: int = 302) -> Answer:
    """Return what sends on to another address."""
    return send(b"", status, Location=to)


def raw(octets: bytes) -> Answer:
    """Return what answers with octets as they are."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(octets)

    return answer


@dataclass
class Sender:
    """What it sends at each path, and what it was asked."""

    port: int
    authority: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers, with lower-case names."""
    over: threading.Event = field(default_factory=threading.Event)
    """Set when it ends: what sends for ever should look at it."""

    def url(self, path: str) -> str:
        """Return where something is."""
        return f"https://{HOST}:{self.port}{path}"


@contextmanager
def sending(folder: Path, *, is_valid: bool = True) -> Iterator[Sender]:
    """Run a sender; its certificate may be one whose time is over."""
    key, chain = _certificate(folder, is_valid=is_valid)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)

    class Handler(BaseHTTPRequestHandler):
        """Answers a GET."""

        def do_GET(self) -> None:
            """Answer as the test says."""
            sender.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            sender.answers.get(self.path, send(b"no such thing", 404))(self)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        """Is silent about whoever hangs up."""

        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Say nothing."""

        def finish_request(self, request: Any, client_address: Any) -> None:
            """Speak TLS, in the thread of the one client."""
            request.settimeout(30)
            with context.wrap_socket(request, server_side=True) as safe:
                super().finish_request(safe, client_address)

    with Server((HOST, 0), Handler) as server:
        sender = Sender(server.server_address[1], folder / "authority.pem")
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        serving.start()
        try:
            yield sender
        finally:
            sender.over.set()
            server.shutdown()
            serving.join(10)


def _certificate(folder: Path, *, is_valid: bool) -> tuple[Path, Path]:
    """Make an authority and a certificate of it; return the files of the key and of the certificate."""
    now = datetime.now(UTC)
    begin, end = (now - timedelta(days=9), now + timedelta(days=9 if is_valid else -1))
    above, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, subject = _named("An authority for tests"), _named(HOST)
    root = (
        _begun(issuer, issuer, above.public_key(), now - timedelta(days=9), now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(above, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST)), x509.DNSName("lists.example")])
    own = _begun(subject, issuer, key.public_key(), begin, end).add_extension(names, critical=False)
    (folder / "authority.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "own.pem").write_bytes(own.sign(above, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "own.key").write_bytes(private)
    return folder / "own.key", folder / "own.pem"


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
