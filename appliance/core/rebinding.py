"""Which addresses of answers lead into a home: no name of the internet has one, but an attacker's page may say it has.

A page whose name turns into the router's address reads what the router shows (DNS rebinding).
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from appliance.core.asker import PRIVATE

NOWHERE: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # RFC 1122 section 3.2.1.3: this host; a connection to it ends at the device itself
        "100.64.0.0/10",  # RFC 6598: of a provider's own network, where this home's router has its outer address
        "fec0::/10",  # RFC 3879: once what fc00::/7 is now
    )
)
"""Besides the addresses of a home, those that no name of the internet has, and that reach into it or close to it."""

_EMBEDDED: Final = (
    (bytes(12), 12),  # RFC 4291 section 2.5.5.1, and with it :: and ::1
    (bytes(10) + b"\xff\xff", 12),  # section 2.5.5.2: mapped
    (bytes(8) + b"\xff\xff\0\0", 12),  # RFC 2765 section 2.1: translated
    (b"\x00\x64\xff\x9b" + bytes(8), 12),  # RFC 6052 section 2.1: NAT64
    (b"\x00\x64\xff\x9b\x00\x01", 12),  # RFC 8215: a NAT64 of one's own
    (b"\x20\x02", 2),  # RFC 3056 section 2: 6to4
)
"""How an IPv6 address begins that carries an IPv4 address, and where that begins."""

_Blocks = dict[int, tuple[tuple[int, int], ...]]


def _by_first(networks: Iterable[IPv4Network | IPv6Network]) -> _Blocks:
    """Return by the first octet of an address what may hold it: by how much to shift, and what is left then."""
    found: _Blocks = {}
    for network in networks:
        shift = network.max_prefixlen - network.prefixlen
        block = shift, int(network.network_address) >> shift
        for first in range(network.network_address.packed[0], network.broadcast_address.packed[0] + 1):
            found[first] = (*found.get(first, ()), block)
    return found


_V4 = _by_first(one for one in (*PRIVATE, *NOWHERE) if one.version == 4)
_V6 = _by_first(one for one in (*PRIVATE, *NOWHERE) if one.version == 6)
_V6_FIRST = frozenset(_V6) | {start[0] for start, _ in _EMBEDDED}


def is_home(address: bytes) -> bool:
    """Say whether an address (4 or 16 octets) leads into a home. The documentation ranges don't."""
    first = address[0]
    if len(address) == 4:
        return first in _V4 and _is_in(address, _V4[first])
    if first not in _V6_FIRST:
        return False
    if first in _V6 and _is_in(address, _V6[first]):
        return True
    return any(address.startswith(start) and is_home(address[at : at + 4]) for start, at in _EMBEDDED)


def _is_in(address: bytes, blocks: tuple[tuple[int, int], ...]) -> bool:
    number = int.from_bytes(address, "big")
    return any(number >> shift == start for shift, start in blocks)
