"""A list from the internet: over https, from a public address, as much of it and for as long as our limits say.

The address is looked up and checked here, and then connected to as it is: a name that leads elsewhere the second time
it is asked for gains nothing by that. Neither the list's address nor its name is ever logged.
"""

import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from importlib.metadata import version
from threading import Timer
from typing import BinaryIO
from urllib.parse import urljoin

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import parse_url

from appliance.core.subscription import normal_url
from appliance.steward.lists.halt import Halt
from appliance.steward.lists.intake import Intake, Taken
from appliance.steward.lists.limits import A_PAGE, NO_TEXT, USUAL, Limits, NotTaken
from appliance.steward.lists.public import is_public
from appliance.steward.lists.unpack import PIECE_OCTETS
from appliance.world import clock

CONNECT_S = 10.0
HTTPS_PORT = 443
MAX_MARK = 500
AGENT = f"Kindgate/{version('kindgate')}"

NOWHERE = "There is nothing at this address: its name was not found."
UNREACHED = "The sender could not be reached."
PRIVATE = "That address leads into a home network: lists come from the internet only."
TOO_SLOW = "The sender took too long, and was given up."
CUT_SHORT = "The sender broke off before the list was whole."
NO_HTTPS = "The sender sends us on to an address that is not https."
UNTRUSTED = "The sender's certificate can't be trusted: nobody knows who wrote this."
UNTIMELY = "The sender's certificate is not valid today. Is the clock of the box right?"
NO_HTTP = "The sender does not answer as a web server does."

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_TIMES = frozenset((9, 10))
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""
_PAGES = frozenset(("text/html", "application/xhtml+xml"))
_NO_TEXTS = ("image/", "audio/", "video/", "font/")

MayConnect = Callable[[str], bool]
"""Whether an IP address may be connected to."""
Progress = Callable[[int, int | None], None]
"""Told how many octets came, and of how many, where the sender says so."""

# It warns of headers that it can't read, with the address of the list.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Marks:
    """By what a sender tells whether a list is still the one that we have."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is fetched."""

    limits: Limits = USUAL
    may_connect: MayConnect = is_public
    progress: Progress = lambda _octets, _of: None


def fetch(url: str, known: Marks, into: BinaryIO, manner: Manner, halt: Halt) -> tuple[Taken, Marks] | None:
    """Return what came, and by what it is known again; None if what we have is still the same.

    Raises NotTaken, Halted; then `into` holds a part or nothing.
    """
    until = clock.uptime() + manner.limits.total_s
    for _ in range(manner.limits.redirects + 1):
        halt.check()
        with _asked(url, known, manner, until, halt) as response:
            if response.status not in _REDIRECTS:
                got = _taken(response, known, into, manner, until)
                # What was ended may look like what is over.
                halt.check()
                return got
            url = _next(url, response.headers.get("Location", ""))
    raise NotTaken(f"The sender sends us on more than {manner.limits.redirects} times.")


class _Connection(HTTPSConnection):
    """A connection to an address that was checked, ended when its time is over."""

    def __init__(
        self, host: str, port: int, manner: Manner, until: float, halt: Halt, ends: contextlib.ExitStack
    ) -> None:
        super().__init__(host, port, timeout=manner.limits.stall_s, ssl_context=ssl.create_default_context())
        self._manner = manner
        self._until = until
        self._halt = halt
        self._ends = ends

    def _new_conn(self) -> socket.socket:
        connected = _connected(self.host, self.port, self._manner, self._until)
        # A second handle to the connection: another thread may end it whatever TLS is doing with the first.
        guard = self._ends.enter_context(connected.dup())

        def end() -> None:
            with contextlib.suppress(OSError):
                guard.shutdown(socket.SHUT_RDWR)

        timer = Timer(max(0.0, self._until - clock.uptime()), end)
        timer.daemon = True
        timer.start()
        self._ends.callback(timer.cancel)
        self._ends.enter_context(self._halt.ends(end))
        connected.settimeout(self._manner.limits.stall_s)
        return connected


def _connected(host: str, port: int, manner: Manner, until: float) -> socket.socket:
    """Return a connection to one of a name's addresses that may be connected to. Raises NotTaken."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotTaken(NOWHERE) from error
    allowed = [(family, at) for family, _, _, _, at in found if manner.may_connect(str(at[0]))]
    if not allowed:
        raise NotTaken(PRIVATE)
    for family, at in allowed:
        left = until - clock.uptime()
        if left <= 0:
            raise NotTaken(TOO_SLOW)
        connecting = socket.socket(family, socket.SOCK_STREAM)
        connecting.settimeout(min(CONNECT_S, left))
        try:
            connecting.connect(at)
        except OSError:
            connecting.close()
        else:
            return connecting
    raise NotTaken(UNREACHED)


@contextmanager
def _asked(url: str, known: Marks, manner: Manner, until: float, halt: Halt) -> Iterator[BaseHTTPResponse]:
    """Ask for a list, and give what the sender answers. Raises NotTaken, Halted."""
    try:
        parts = parse_url(url)
    except LocationParseError as error:
        raise NotTaken(NOWHERE) from error
    with _told(until, halt), contextlib.ExitStack() as ends:
        host, port = (parts.host or "").strip("[]"), parts.port or HTTPS_PORT
        connection = _Connection(host, port, manner, until, halt, ends)
        ends.callback(connection.close)
        connection.request(
            "GET", parts.request_uri, headers=_headers(known), preload_content=False, decode_content=False
        )
        response = connection.getresponse()
        ends.callback(response.close)
        yield response


def _headers(known: Marks) -> dict[str, str]:
    found = {
        "User-Agent": AGENT,
        "Accept": "text/plain, */*;q=0.5",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "close",
        "If-None-Match": known.etag,
        "If-Modified-Since": known.last_modified,
    }
    return {name: value for name, value in found.items() if value}


@contextmanager
def _told(until: float, halt: Halt) -> Iterator[None]:
    """Turn what goes wrong on the way into a sentence."""
    try:
        yield
    except (OSError, HTTPException, HTTPError, ValueError) as error:
        halt.check()
        raise NotTaken(_sentence(error, until)) from error


def _sentence(error: Exception, until: float) -> str:
    if clock.uptime() >= until or isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
        return TOO_SLOW
    if isinstance(error, ssl.SSLCertVerificationError):
        return UNTIMELY if error.verify_code in _TIMES else UNTRUSTED
    if isinstance(error, ssl.SSLError):
        return NO_HTTP
    if isinstance(error, (ConnectionError, HTTPError)):
        return CUT_SHORT
    return NO_HTTP if isinstance(error, (HTTPException, ValueError)) else UNREACHED


def _next(url: str, location: str) -> str:
    """Return where the sender sends us on to. Raises NotTaken."""
    if not location:
        raise NotTaken("The sender sends us on, and does not say where to.")
    try:
        found = normal_url(urljoin(url, location))
    except ValueError as error:
        raise NotTaken(NO_HTTPS) from error
    if not found.startswith("https:"):
        raise NotTaken(NO_HTTPS)
    return found


def _taken(
    response: BaseHTTPResponse, known: Marks, into: BinaryIO, manner: Manner, until: float
) -> tuple[Taken, Marks] | None:
    if response.status == 304 and known != Marks():
        return None
    if response.status != 200:
        raise NotTaken(_status_words(response.status))
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in _PAGES:
        raise NotTaken(A_PAGE)
    if kind.startswith(_NO_TEXTS):
        raise NotTaken(NO_TEXT)
    said = response.headers.get("Content-Length", "")
    length = int(said) if said.isascii() and said.isdigit() else None
    if length is not None and length > manner.limits.unpacked_octets:
        raise NotTaken(manner.limits.too_large)
    intake = Intake(into, manner.limits, response.headers.get("Content-Encoding", ""))
    came = 0
    while piece := response.read1(PIECE_OCTETS):
        came += len(piece)
        intake.feed(piece)
        manner.progress(came, length)
        if clock.uptime() > until:
            raise NotTaken(TOO_SLOW)
    if clock.uptime() > until:
        raise NotTaken(TOO_SLOW)
    if length is not None and came < length:
        raise NotTaken(CUT_SHORT)
    return intake.end(), Marks(_mark(response, "ETag"), _mark(response, "Last-Modified"))


def _mark(response: BaseHTTPResponse, header: str) -> str:
    """Return a header that we can send back, empty where we can't."""
    found = response.headers.get(header, "")
    return found if len(found) <= MAX_MARK and found.isascii() and found.isprintable() else ""


def _status_words(status: int) -> str:
    match status:
        case 404 | 410:
            words = "There is no list at this address"
        case 401 | 403 | 407 | 451:
            words = "The sender does not give this list to everybody"
        case 429:
            words = "The sender was asked too often"
        case _ if status >= 500:
            words = "The sender has trouble of its own"
        case _:
            words = "The sender has something else to say than the list"
    return f"{words} ({status})."
