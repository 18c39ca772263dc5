"""Whom to ask what we don't know: how the address of a server is written, and which servers know which names."""

from collections.abc import Mapping
from enum import Enum
from re import compile as regex
from typing import TypeVar

import msgspec

from appliance.core import names
from appliance.core.device import normal_address

T = TypeVar("T")

_PATH = regex(r"/[!-~]+\Z")
_NUMBER = regex(r"[0-9]+\Z")
HOW = "a server is ADDRESS, tcp://ADDRESS, tls://NAME or https://NAME/dns-query"


class BadServer(ValueError):
    """This is not the address of a server."""


class Kind(Enum):
    """How a server is asked; the value is the scheme of its address."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    HTTPS = "https"


_PORTS = {Kind.UDP: 53, Kind.TCP: 53, Kind.TLS: 853, Kind.HTTPS: 443}


class Mode(Enum):
    """In which order servers are asked."""

    IN_ORDER = "in_order"
    PARALLEL = "parallel"
    FASTEST = "fastest"


class Server(msgspec.Struct, frozen=True):
    """A server that is asked; printed as it is written, and read back as itself."""

    kind: Kind
    address: str
    """Its IP address; empty where its name must be looked up first."""
    port: int
    name: str = ""
    """For whom its certificate must be: a name, else the address; empty without TLS."""
    path: str = ""

    def __str__(self) -> str:
        host = self.address or self.name
        host = f"[{host}]" if ":" in host else host
        if self.kind is Kind.UDP:
            return f"{host}:{self.port}"
        port = "" if self.port == _PORTS[self.kind] else f":{self.port}"
        name = f"#{self.name}" if self.address and self.name not in ("", self.address) else ""
        return f"{self.kind.value}://{host}{port}{self.path}{name}"


class Whom(msgspec.Struct, frozen=True):
    """All servers of a box."""

    servers: tuple[Server, ...] = ()
    mode: Mode = Mode.IN_ORDER
    routes: dict[str, tuple[Server, ...]] = {}
    """Those for a name and all below it; an empty line leaves it to `servers`."""
    bootstrap: tuple[Server, ...] = ()
    """Those that know where the others are."""

    @property
    def all(self) -> tuple[Server, ...]:
        """Each server that knows names of others, once."""
        return tuple(dict.fromkeys((*self.servers, *(one for route in self.routes.values() for one in route))))


def parse_server(text: str) -> Server:
    """Return a server as AdGuard Home's users write it. Raises BadServer.

    ``192.0.2.1``, ``192.0.2.1:5353``, ``udp://``, ``tcp://``, ``tls://dns.example``, ``tls://192.0.2.1#dns.example``
    (the certificate must be for the name), ``https://dns.example/dns-query``.
    """
    told = text.strip()
    if told.startswith("[/"):
        raise BadServer(f"{text!r}: servers for some names only stand under routes")
    scheme, found, rest = told.partition("://")
    if not found:
        scheme, rest = Kind.UDP.value, told
    try:
        kind = Kind(scheme.lower())
    except ValueError as error:
        raise BadServer(f"{text!r}: {scheme}:// is not known here; {HOW}") from error
    rest, _, name = rest.partition("#")
    path = ""
    if kind is Kind.HTTPS:
        rest, slash, path = rest.partition("/")
        path = (slash + path).removesuffix("{?dns}")
        if not _PATH.match(path):
            raise BadServer(f"{text!r} needs its path, mostly /dns-query")
    try:
        host, port = split_host(rest, _PORTS[kind])
        return Server(kind, *_place(host, port, name, has_tls=kind in (Kind.TLS, Kind.HTTPS)), path)
    except ValueError as error:
        raise BadServer(f"{text!r}: {error}" if text not in str(error) else str(error)) from error


def split_host(text: str, default_port: int | None) -> tuple[str, int]:
    """Return the parts of ``HOST:PORT`` and ``[v6]:PORT``, a port only where there is no default. Raises BadServer."""
    host, port = text.strip(), ""
    if host.startswith("["):
        host, closed, port = host[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            raise BadServer(f"{text!r} is not [ADDRESS]:PORT")
        port = port[1:]
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if not port and default_port is None:
        raise BadServer(f"{text!r} needs a port: ADDRESS:PORT or [ADDRESS]:PORT")
    number = int(port) if port.isascii() and port.isdigit() else (default_port if not port else -1)
    if number is None or not 0 < number < 65536:
        raise BadServer(f"{text!r}: a port is a number from 1 to 65535")
    return host, number


def _place(host: str, port: int, name: str, *, has_tls: bool) -> tuple[str, int, str]:
    """Return address, port and name of a server. Raises ValueError."""
    try:
        address = normal_address(host)
    except ValueError:
        if not has_tls or name:
            raise
        typed = names.normalise(host)
        if _NUMBER.match(typed.rpartition(".")[2]):  # also one in other digits
            raise
        return "", port, typed
    if name and not has_tls:
        raise BadServer("a name after # is for tls:// and https://")
    return address, port, names.normalise(name) if name else address if has_tls else ""


def route_of(routes: Mapping[str, T], name: str) -> T | None:
    """Return what is set for a name in normal form, or for the nearest one above it."""
    return next((routes[parent] for parent in names.parents(name) if parent in routes), None)
