"""What the installer set: appliance.yaml as one frozen Config."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec.structs import force_setattr

from appliance.core.device import normal_address
from appliance.core.document import Document, DocumentError
from appliance.core.names import normalise

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
    """Who is asked: ADDRESS or ADDRESS:PORT; by default the system's resolvers."""
    data: str | None = None
    """The data folder."""
    cache_megabytes: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 48
    """For the answers of upstreams, in each worker."""
    web: str | tuple[str, ...] = DEFAULT_WEB
    """Where the dashboard is: ADDRESS:PORT, one or several; over TLS if one of them isn't loopback."""
    plain: str | tuple[str, ...] = ()
    """Where the pages that need no log-in are served on plain HTTP: 0.0.0.0:80, so that no warning stands before a
    help line."""
    hosts: str | tuple[str, ...] = ()
    """Names besides kindgate.home that the dashboard answers to."""

    def __post_init__(self) -> None:
        """Bring addresses to normal form."""
        force_setattr(self, "dns", tuple(str(parse_endpoint(text, None)) for text in self.dns))
        force_setattr(self, "upstreams", tuple(str(parse_endpoint(text, DNS_PORT)) for text in self.upstreams))
        force_setattr(self, "web", tuple(str(parse_endpoint(text, None)) for text in _several(self.web)))
        force_setattr(self, "plain", tuple(str(parse_endpoint(text, None)) for text in _several(self.plain)))
        force_setattr(self, "hosts", tuple(normalise(name) for name in _several(self.hosts)))

    @property
    def listen(self) -> tuple[Endpoint, ...]:
        """Where DNS is answered."""
        return tuple(parse_endpoint(text, None) for text in self.dns)

    @property
    def asked(self) -> tuple[Endpoint, ...]:
        """The upstreams that were set by hand."""
        return tuple(parse_endpoint(text, DNS_PORT) for text in self.upstreams)

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


def _several(told: str | tuple[str, ...]) -> tuple[str, ...]:
    return (told,) if isinstance(told, str) else told


def load_config(path: Path | None) -> Config:
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
    address, port = text.strip(), ""
    if address.startswith("["):
        address, closed, port = address[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            raise ValueError(f"{text!r} is not [ADDRESS]:PORT")
        port = port[1:]
    elif address.count(":") == 1:
        address, _, port = address.partition(":")
    if not port and default_port is None:
        raise ValueError(f"{text!r} needs a port: ADDRESS:PORT or [ADDRESS]:PORT")
    number = int(port) if port.isascii() and port.isdigit() else (default_port if not port else -1)
    if number is None or not 0 < number < 65536:
        raise ValueError(f"{text!r}: a port is a number from 1 to 65535")
    return Endpoint(normal_address(address), number)
