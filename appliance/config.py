"""What the installer set: appliance.yaml as one frozen Config."""

from collections.abc import Callable, Iterable
from enum import Enum
from functools import partial
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path as File
from re import compile as regex
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

OWN_LEASES = File("guard") / "dnsmasq.leases"
"""In the data folder: whom the box has given which address."""

_INTERFACE = regex(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,14}")

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


class Dhcp(Enum):
    """Whether the box gives the devices of its network their addresses."""

    AUTO = "auto"
    """Unless another server does."""
    ON = "on"
    OFF = "off"


class V6(Enum):
    """How devices behind the box get IPv6."""

    AUTO = "auto"
    """A delegated prefix where there is one, else as neighbours of the router's network, else none."""
    DELEGATED = "delegated"
    PROXY = "proxy"
    """The router's own prefix: the box answers for the devices there (RFC 4389)."""
    OFF = "off"


class Gateway(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The box as the gateway of a network: all traffic goes through it."""

    lan: str
    """The interface of the devices: ``eth0``, or a VLAN as ``eth0.20``."""
    wan: str | None = None
    """The interface of the router; the same one, or none: the box stands beside the router, with one arm."""
    address: str | None = None
    """The box's own address and network on the LAN, ``192.168.78.1/24``; with one arm by default what it has."""
    dhcp: Dhcp = Dhcp.AUTO
    first: str | None = None
    """The first address that is given out; by default the network's 50th."""
    last: str | None = None
    """The last; by default the network's 249th, or its last but one."""
    lease_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 12
    v6: V6 = V6.AUTO
    queues: Annotated[int, msgspec.Meta(ge=1, le=8)] | None = None
    """Processes that look at new connections; by default one a core, at most 4."""
    slow_kbit: Annotated[int, msgspec.Meta(ge=64, le=1_000_000)] = 512
    """How fast a connection is that was slowed down, all of a device's together."""

    def __post_init__(self) -> None:
        """Check names and addresses."""
        for field in ("lan", "wan"):
            given = getattr(self, field)
            if given is not None and not _INTERFACE.fullmatch(given):
                raise Misplaced((field,), f"{given!r} is not the name of an interface")
        network = self._network()
        for field in ("first", "last"):
            self._check_bound(field, network)
        if self.first is not None and self.last is not None and IPv4Address(self.first) > IPv4Address(self.last):
            raise Misplaced(("first",), f"{self.first} is after {self.last}")
        if self.is_one_armed and self.v6 in (V6.DELEGATED, V6.PROXY):
            raise Misplaced(("v6",), "beside the router the box is on no one's way of IPv6: off, or wan: eth1")

    def _network(self) -> IPv4Network | None:
        """Return the network that was set. Raises Misplaced."""
        if self.address is None:
            if not self.is_one_armed:
                raise Misplaced(("address",), "which network is the devices'? 192.168.78.1/24")
            return None
        try:
            own = IPv4Interface(self.address)
        except ValueError as error:
            raise Misplaced(("address",), f"{error} (192.168.78.1/24)") from error
        if "/" not in self.address or own.network.prefixlen > 29:
            raise Misplaced(("address",), f"{self.address} leaves no room for devices: 192.168.78.1/24")
        if own.ip in (own.network.network_address, own.network.broadcast_address):
            raise Misplaced(("address",), f"{own.ip} is the address of the network, and not of one in it")
        return own.network

    def _check_bound(self, field: str, network: IPv4Network | None) -> None:
        """Raise Misplaced where the first or last address to be given is none of the network."""
        given = getattr(self, field)
        if given is None:
            return
        try:
            address = IPv4Address(given)
        except AddressValueError as error:
            raise Misplaced((field,), f"{error}") from error
        if network is not None and address not in network:
            raise Misplaced((field,), f"{given} is not in {network}")

    @property
    def is_one_armed(self) -> bool:
        """The router is on the devices' own network."""
        return self.wan in (None, self.lan)


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
    gateway: Gateway | None = None
    """The box as the gateway of a network; without it, it answers DNS and nothing more."""

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
