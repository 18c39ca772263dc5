"""How a connection to the dashboard is taken: TLS or not, and never waited for longer than a person would."""

import socket
import ssl
import sys
from functools import partial
from pathlib import Path

from gunicorn import http, util
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from appliance.world import clock

HANDSHAKE_S = 5.0
PATIENCE_S = 10.0
"""How long one read or write may take."""
REQUEST_S = 20.0
"""How long all of one request may take to arrive: who sends an octet now and then holds no thread for ever."""
DRAIN_S = 0.1
CONTEXT = "kindgate_tls"
"""The name under which the settings of the server hold the TLS context."""
_TLS_HANDSHAKE = b"\x16"


class _Patient(socket.socket):
    """A socket that blocks only for a while."""

    _until: float | None = None

    def setblocking(self, flag: bool) -> None:
        """Block, from now on, until a request should have come; or not at all."""
        self._until = clock.uptime() + REQUEST_S if flag else None
        self.settimeout(PATIENCE_S if flag else 0.0)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return what has come. Raises TimeoutError."""
        if self._until is not None and clock.uptime() > self._until:
            raise TimeoutError
        return super().recv(size, flags)


class _PatientTLS(_Patient, ssl.SSLSocket):  # type: ignore[misc]
    """The same over TLS."""


class Connection(TConn):  # type: ignore[misc]
    """A connection that turns out to be TLS or not by its first octet."""

    initialized: bool
    sock: socket.socket

    def init(self) -> None:
        """Shake hands, if that is what the other side began with; called once there is something to read."""
        if self.initialized:
            return
        self.initialized = True
        self.sock.setblocking(True)
        context: ssl.SSLContext | None = getattr(self.cfg, CONTEXT, None)
        if context is not None and self.sock.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
            self.sock.settimeout(HANDSHAKE_S)
            secured = self.sock = context.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
            secured.do_handshake()
            secured.setblocking(True)
        self.parser = http.get_parser(self.cfg, self.sock, self.client)

    def close(self, graceful: bool = False) -> None:
        """Close; the loop of all connections does not wait for the other side."""
        if graceful:
            util.close_graceful(self.sock, timeout=DRAIN_S)
        else:
            util.close(self.sock)


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, in which a connection takes none before it has something to say."""

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and wait for its first octets without a thread."""
        try:
            accepted, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        client = _Patient(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        conn = Connection(self.cfg, client, address, listener.getsockname())
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(client, 1, partial(self.on_pending_socket_readable, conn))


class Log(Logger):  # type: ignore[misc]
    """What the server says of itself: nothing of who asked for what."""

    error_fmt = "%(levelname)s web: %(message)s"

    def access(self, *_: object) -> None:
        """Keep no log of pages."""

    def warning(self, msg: str, *args: object, **kwargs: object) -> None:
        """Leave out what holds an address."""
        if not msg.startswith("Invalid request from"):
            super().warning(msg, *args, **kwargs)

    def exception(self, msg: str, *args: object, **kwargs: object) -> None:
        """Say what failed, without the address of the page; a client that is slow or gone is no failure."""
        if isinstance(sys.exc_info()[1], (TimeoutError, ConnectionError, ssl.SSLError)):
            return
        plain = msg.partition(" %s")[0] if args else msg
        super().exception(plain, **kwargs)


def context_of(pem: Path) -> ssl.SSLContext:
    """Return what TLS connections begin with. Raises OSError and ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(pem)
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = _PatientTLS
    return context
