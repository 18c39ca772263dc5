"""The dashboard as a daemon: gunicorn inside this process, its listeners, its certificate, its one worker."""

import errno
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.http import wsgi

from appliance.config import Endpoint
from appliance.core.rulebook import RulebookError
from appliance.core.visibility import VisibilityError
from appliance.store.errors import StoreError
from appliance.web import certificate, clerk, code, connections
from appliance.web.app import create_app
from appliance.web.box import Box
from appliance.web.gate import HOME, LOCAL, PLAIN, Listening
from appliance.world import clock, life, rules

THREADS = 16
"""A page may wait a second for a change to be in force, and a browser opens six connections: two or three caregivers at
once, and the children's pages, with room to spare. A waiting thread costs some 100 kB."""
KEEP_ALIVE_S = 15
CONNECTIONS = 256
STOP_S = 2
"""For requests that are under way when it is to end."""
HANG_S = 30
FREE_S = 3.0
BACKLOG = 64
ANY = ("0.0.0.0", "::")  # noqa: S104 -- compared with
HTTP_PORT, HTTPS_PORT = 80, 443

log = logging.getLogger(__name__)

Start = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], Start], Iterable[bytes]]


class ListenError(OSError):
    """An address can't be listened on."""


class NotReady(OSError):
    """The dashboard lacks what it can't begin without."""


def needs_tls(web: Iterable[Endpoint]) -> bool:
    """Say whether anybody but this box can reach it: then nothing with a log-in goes in clear."""
    return any(not one.address.startswith("127.") and one.address != "::1" for one in web)


def prepare(
    data: Path, web: tuple[Endpoint, ...], plain: tuple[Endpoint, ...], hosts: tuple[str, ...]
) -> tuple[Listening, ssl.SSLContext | None]:
    """Return how to listen, with a certificate where one is needed. Raises NotReady."""
    if not needs_tls(web):
        return Listening(web, plain, hosts=hosts), None
    try:
        addresses = [one.address for one in web if one.address not in ANY]
        if len(addresses) < len(web):
            addresses += certificate.own_addresses()
        kept = certificate.ensure(data, hosts, addresses, clock.now())
        return Listening(web, plain, True, hosts, kept.fingerprint), connections.context_of(kept.path)
    except OSError as error:
        raise NotReady(f"no certificate: {error}") from error


def greeting(listening: Listening, first_run: str | None) -> list[tuple[str, str]]:
    """Return what to tell whoever starts the dashboard: a word and its line."""
    lines = [("Dashboard", url) for url in urls(listening)]
    if listening.fingerprint:
        lines.append(("Fingerprint", f"SHA-256 {listening.fingerprint}"))
    if first_run:
        lines.append(("First run", f"code {first_run}"))
    return lines


def urls(listening: Listening) -> list[str]:
    """Return the addresses to open in a browser, those of the house first."""
    scheme, usual = ("https", HTTPS_PORT) if listening.is_tls else ("http", HTTP_PORT)
    found = []
    for one in listening.web:
        host = HOME if one.address in ANY else f"[{one.address}]" if one.is_v6 else one.address
        found.append(f"{scheme}://{host}/" if one.port == usual else f"{scheme}://{host}:{one.port}/")
    return list(dict.fromkeys(found))


def serve(data: Path, listening: Listening, context: ssl.SSLContext | None, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, or until whoever supervises is gone; `ready` is called when pages are answered.

    Raises ListenError and SystemExit.
    """
    opened = [open_listener(one) for one in (*listening.web, *listening.plain)]
    # What stands in the header Server is nobody's business, and gunicorn has no setting for it.
    wsgi.SERVER = "kindgate"
    if life.is_supervised():
        threading.Thread(target=_end_with_supervisor, daemon=True).start()
    _Server(data, listening, context, [one.detach() for one in opened], ready).run()


def open_listener(endpoint: Endpoint) -> socket.socket:
    """Return a listening socket; a port that is taken is waited for a moment. Raises ListenError."""
    until = clock.uptime() + FREE_S
    while True:
        opened = socket.socket(socket.AF_INET6 if endpoint.is_v6 else socket.AF_INET, socket.SOCK_STREAM)
        try:
            if endpoint.is_v6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind((endpoint.address, endpoint.port))
            opened.listen(BACKLOG)
        except OSError as error:
            opened.close()
            # One that was killed leaves its worker behind for a moment.
            if error.errno != errno.EADDRINUSE or clock.uptime() > until:
                raise ListenError(f"can't listen on {endpoint} (web): {error.strerror}") from error
            clock.pause(0.05)
        else:
            return opened


def told(app: Wsgi, listening: Listening) -> Wsgi:
    """Return an app whose requests say what the connection was: TLS or not, and which address of ours it came to."""

    def tell(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        sock = environ["gunicorn.socket"]
        local, peer = sock.getsockname(), sock.getpeername()
        environ[LOCAL] = local[0]
        if len(peer) == 4 and peer[3]:
            # A link-local address says nothing without its interface.
            environ["REMOTE_ADDR"] = f"{peer[0].partition('%')[0]}%{peer[3]}"
        if isinstance(sock, ssl.SSLSocket):
            environ["wsgi.url_scheme"] = "https"
        elif listening.is_tls or not any(_fits(one, local) for one in listening.web):
            environ[PLAIN] = True
        return app(environ, start)

    return tell


def _fits(endpoint: Endpoint, local: tuple[Any, ...]) -> bool:
    return endpoint.port == local[1] and endpoint.address in (*ANY, local[0].partition("%")[0])


def _end_with_supervisor() -> None:
    while os.read(sys.stdin.fileno(), 512):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn's master with one worker, which alone opens the stores."""

    def __init__(
        self,
        data: Path,
        listening: Listening,
        context: ssl.SSLContext | None,
        handles: list[int],
        ready: Callable[[], None],
    ) -> None:
        self._data = data
        self._ready = ready
        self._listening = listening
        self._context = context
        self._handles = handles
        self._ends: list[Callable[[], None]] = []
        super().__init__()

    def load_config(self) -> None:
        """Set what gunicorn is to do; nothing is taken from its environment or files."""
        settings = {
            "bind": [f"fd://{handle}" for handle in self._handles],
            "worker_class": connections.Worker,
            "logger_class": connections.Log,
            "workers": 1,
            "threads": THREADS,
            "worker_connections": CONNECTIONS,
            "keepalive": KEEP_ALIVE_S,
            "timeout": HANG_S,
            "graceful_timeout": STOP_S,
            "loglevel": "warning",
            "accesslog": None,
            "errorlog": "-",
            # No header of a client says who it is.
            "forwarded_allow_ips": "",
            "secure_scheme_headers": {},
            "control_socket_disable": True,
            "proc_name": "kindgate web",
            "post_worker_init": lambda _worker: self._ready(),
            "worker_exit": lambda _arbiter, _worker: self._end(),
        }
        if Path("/dev/shm").is_dir():  # noqa: S108 -- a heartbeat that a full disk does not stop
            settings["worker_tmp_dir"] = "/dev/shm"  # noqa: S108
        for key, value in settings.items():
            self.cfg.set(key, value)
        setattr(self.cfg, connections.CONTEXT, self._context)

    def load(self) -> Wsgi:
        """Return the dashboard; called in the worker, after the fork."""
        try:
            book = rules.load_rulebook()
            box = Box(self._data, book, rules.bundled_set(book), rules.load_contract())
        except (RulebookError, VisibilityError, OSError) as error:
            log.error("the bundled rules can't be read: %s", error)  # noqa: TRY400 -- the words are enough
            raise SystemExit(1) from error
        secret = secret_of(self._data)
        try:
            code.begin_first_run(box.household.store, secret, box.now())
        except StoreError as error:
            log.warning("%s", error)
        self._ends = [clerk.start(box, urls(self._listening)), box.close]
        app = create_app(box, secret, self._listening)
        return told(app.wsgi_app, self._listening)

    def _end(self) -> None:
        for end in self._ends:
            end()


def secret_of(data: Path) -> bytes:
    """Return the secret of a data folder; where none can be kept, one that is good until the next start."""
    try:
        return code.load_secret(data)
    except code.NoSecret as error:
        log.warning("%s: sessions end with this start", error)
        return os.urandom(code.OCTETS)


def first_run_code(data: Path) -> str | None:
    """Return the code of the first run to tell, None where there is none or it can't be read."""
    try:
        return code.first_run_code(data)
    except (StoreError, code.NoSecret):
        return None
