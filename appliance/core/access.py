"""Which clients are answered at all: those that the house allows, where it allows some, and never those that it blocks.

A client is an address, a network or a MAC. Who is known by several (a device by its MAC and its addresses) is blocked
by any of them, and allowed by any. The box itself is always answered.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from msgspec.structs import force_setattr

from appliance.core.device import Located, normal_address, normal_mac
from appliance.core.document import Misplaced, Path
from appliance.core.said import Said

Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_MAPPED = IPv6Network("::ffff:0:0/96")
"""RFC 4291 section 2.5.5.2."""


class Access(Said, frozen=True):
    """Clients as a caregiver wrote them. With `allowed` nobody else is answered; `blocked` goes before it."""

    allowed: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Bring clients to normal form. Raises Misplaced."""
        for field in ("allowed", "blocked"):
            found = []
            for number, text in enumerate(getattr(self, field)):
                try:
                    found.append(normal_client(text))
                except ValueError as error:
                    raise Misplaced((field, number), str(error)) from error
            force_setattr(self, field, tuple(found))


EVERYBODY = Access()


def normal_client(text: str) -> str:
    """Return an address, a network (``192.168.1.0/24``) or a MAC in its one spelling. Raises ValueError.

    A network of one address is that address, and what it holds beyond its prefix is left out.
    """
    text = text.strip()
    try:
        if "/" not in text:
            return normal_mac(text) if _is_mac(text) else normal_address(text)
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(f"{text!r} is no address, no network (192.168.1.0/24) and no MAC") from error
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        mapped = IPv4Network(int(network.network_address) & 0xFFFF_FFFF)
        network = mapped.supernet(new_prefix=network.prefixlen - 96)
    return str(network) if network.num_addresses > 1 else str(network.network_address)


def problems(said: Access, routers: Iterable[Located]) -> Iterator[tuple[Path, str]]:
    """Yield what can't be meant: the place and the words. `routers` are those that say who asks."""
    known = tuple(routers)
    for field in ("allowed", "blocked"):
        clients: tuple[str, ...] = getattr(said, field)
        for number, client in enumerate(clients):
            if client in clients[:number]:
                yield (field, number), f"{client} stands here twice"
    for number, client in enumerate(said.blocked):
        one = Clients((client,))
        if client in said.allowed:
            yield ("blocked", number), f"{client} is allowed, too: it can be only one of the two"
        if any(one.holds_some_of(network) for network in LOOPBACK):
            yield ("blocked", number), f"{client} is the box itself, which has to be answered"
        for router in known:
            if one.hold((*router.macs, *router.addresses)):
                yield ("blocked", number), f"{client} is the router {router.id}: nobody behind it would be answered"
    allowed = Clients(said.allowed)
    for router in known if said.allowed else ():
        # Which address one has that is known by its MAC only can't be told.
        is_unsure = not router.addresses and not allowed.are_macs
        if not is_unsure and not allowed.hold((*router.macs, *router.addresses)):
            yield ("allowed",), f"the router {router.id} is left out: nobody behind it would be answered"


class Clients:
    """Clients to find somebody among."""

    __slots__ = ("_networks", "_words")

    def __init__(self, clients: Iterable[str]) -> None:
        self._words = frozenset(clients)
        self._networks = tuple(ip_network(client) for client in self._words if not _is_mac(client))

    @property
    def are_macs(self) -> bool:
        """All of them are MACs."""
        return not self._networks

    def hold(self, known_by: Iterable[str]) -> bool:
        """Say whether somebody is among them, who is known by these MACs and addresses (in normal form)."""
        for word in known_by:
            if word in self._words:
                return True
            if not _is_mac(word):
                address = ip_address(word)
                if any(address in network for network in self._networks):
                    return True
        return False

    def holds_some_of(self, network: Network) -> bool:
        """Say whether any address of a network is among them."""
        return any(one.version == network.version and one.overlaps(network) for one in self._networks)


class Door:
    """Who is let in, made once for a house."""

    __slots__ = ("_allowed", "_blocked", "is_open")

    def __init__(self, said: Access) -> None:
        self._allowed = Clients(said.allowed) if said.allowed else None
        self._blocked = Clients(said.blocked)
        self.is_open = said == EVERYBODY
        """Everybody is let in."""

    def lets_in(self, known_by: Iterable[str], *, is_doubtful: bool = False) -> bool:
        """Say whether somebody is answered who is known by these MACs and addresses, or in doubt by one of them."""
        if self._blocked.hold(known_by):
            return False
        return self._allowed is None or (not is_doubtful and self._allowed.hold(known_by))


def plain_address(source: str) -> str:
    """Return a source address without the number of its interface, a mapped IPv4 address as IPv4."""
    address = ip_address(source.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _is_mac(word: str) -> bool:
    try:
        normal_mac(word)
    except ValueError:
        return False
    return True
