"""What the installer set: appliance.yaml as one frozen Config."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path as File
from typing import Annotated

import msgspec
from msgspec.structs import force_setattr

from appliance.core.device import normal_address
from appliance.core.document import Document, DocumentError, Misplaced, Path
from appliance.core.names import normalise
from appliance.core.whom import BadServer, Kind, Mode, Server, Whom, parse_server, split_host

DNS_PORT = 53
DEFAULT_DNS = ("127.0.0.1:5300",)
DEFAULT_WEB = ("127.0.0.1:8080",)
MAX_WORKERS = 4

Workers = Annotated[int, msgspec.Meta(ge=1, le=64)]


class Endpoint(msgspec.Struct, frozen=True):
    """An IP address and a port; printed as ``192.0.2.1:53`` and ``[2001:db8::1]:53``."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def is_v6(self) -> bool:
        """An IPv6 address."""
        return ":" in self.address


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of one box. Everything has a default that works without the file."""

    dns: tuple[str, ...] = DEFAULT_DNS
    """Where DNS is answered: ADDRESS:PORT or [v6]:PORT; 0.0.0.0 and [::] are all addresses of the box."""
    workers: Workers | None = None
    """Worker processes; by default one a core, at most 4."""
    upstreams: tuple[str, ...] = ()
    """Who is asked, as `parse_server` reads it; by default the system's resolvers."""
    upstream_mode: Mode = Mode.IN_ORDER
    """Whether they are asked in order, all at once, or the fastest first."""
    bootstrap: tuple[str, ...] = ()
    """Who is asked where upstreams are that are given by a name: ADDRESS or ADDRESS:PORT."""
    routes: dict[str, tuple[str, ...]] = {}
    """Who is asked for a name and all below it; nobody written there is whoever is asked for the rest."""
    data: str | None = None
    """The data folder."""
    cache_megabytes: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 16
    """For the answers of upstreams, in each worker."""
    serve_stale: bool = True
    """Whether an old answer is given where no server gives a new one in time (RFC 8767)."""
    rate_limit_qps: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 300
    """How many queries a second each client may ask; 0 for no limit. The box itself has none."""
    web: str | tuple[str, ...] = DEFAULT_WEB
    """Where the dashboard is: ADDRESS:PORT, one or several; over TLS if one of them isn't loopback."""
    plain: str | tuple[str, ...] = ()
    """Where the pages that need no log-in are served on plain HTTP: 0.0.0.0:80, so that no warning stands before a
    help line."""
    hosts: str | tuple[str, ...] = ()
    """Names besides kindgate.home that the dashboard answers to."""

    def __post_init__(self) -> None:
        """Bring addresses to normal form."""
        for field, default in (("dns", None), ("bootstrap", DNS_PORT), ("web", None), ("plain", None)):
            told = _several(getattr(self, field))
            force_setattr(self, field, _each((field,), told, partial(parse_endpoint, default_port=default)))
        force_setattr(self, "hosts", _each(("hosts",), _several(self.hosts), normalise))
        force_setattr(self, "upstreams", _each(("upstreams",), self.upstreams, self._server))
        routes = {}
        for name, servers in self.routes.items():
            (route,) = _each(("routes",), (name,), normalise, at=("routes", name))
            routes[route] = _each(("routes", name), servers, self._server)
        force_setattr(self, "routes", routes)

    def _server(self, text: str) -> Server:
        server = parse_server(text)
        if not server.address and not self.bootstrap:
            words = f"where {server.name} is must be asked of somebody: set bootstrap, or write"
            raise BadServer(f"{words} {server.kind.value}://ADDRESS{server.path}#{server.name}")
        return server

    @property
    def listen(self) -> tuple[Endpoint, ...]:
        """Where DNS is answered."""
        return tuple(parse_endpoint(text, None) for text in self.dns)

    @property
    def asked(self) -> Whom:
        """Who is asked, as far as it was set by hand."""
        routes = {name: tuple(map(parse_server, route)) for name, route in self.routes.items()}
        bootstrap = tuple(map(parse_server, self.bootstrap))
        return Whom(tuple(map(parse_server, self.upstreams)), self.upstream_mode, routes, bootstrap)

    @property
    def web_listen(self) -> tuple[Endpoint, ...]:
        """Where the dashboard is."""
        return tuple(parse_endpoint(text, None) for text in _several(self.web))

    @property
    def plain_listen(self) -> tuple[Endpoint, ...]:
        """Where pages are served on plain HTTP."""
        return tuple(parse_endpoint(text, None) for text in _several(self.plain))

    @property
    def own_names(self) -> tuple[str, ...]:
        """The names besides kindgate.home."""
        return _several(self.hosts)


def _each(path: Path, told: tuple[str, ...], parse: Callable[[str], object], at: Path | None = None) -> tuple[str, ...]:
    """Return the normal forms of what stands at a path. Raises Misplaced."""
    found = []
    for number, text in enumerate(told):
        try:
            found.append(str(parse(text)))
        except ValueError as error:
            raise Misplaced(at or (*path, number), str(error)) from error
    return tuple(found)


def _several(told: str | tuple[str, ...]) -> tuple[str, ...]:
    return (told,) if isinstance(told, str) else told


def load_config(path: File | None) -> Config:
    """Return the settings of a file, or the defaults for None. Raises DocumentError (with lines) and OSError."""
    if path is None:
        return Config()
    octets = path.read_bytes()
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise DocumentError([(line, "not UTF-8")]) from error
    return Document(text).to(Config)


def parse_endpoint(text: str, default_port: int | None) -> Endpoint:
    """Return ``127.0.0.1:5300``, ``[::1]:5300``, and without a port where there is a default. Raises ValueError."""
    address, port = split_host(text, default_port)
    return Endpoint(normal_address(address), port)


def ask_plainly(endpoints: Iterable[Endpoint]) -> Whom:
    """Return that these are asked over UDP, one after the other."""
    return Whom(tuple(Server(Kind.UDP, one.address, one.port) for one in endpoints))
