"""Which addresses a list may be fetched from: public ones, and nothing inside a house."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_DOCUMENTATION = tuple(map(ip_network, ("198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
"""Nobody has these; a lab plays the internet with them."""
_UNICAST = ip_network("2000::/3")
_TRANSLATED = ip_network("64:ff9b::/96")
"""NAT64 (RFC 6052): the IPv4 address is in the last 32 bits."""


def is_public(address: str) -> bool:
    """Say whether an IP address is out on the internet; one with a zone (``fe80::1%eth0``) is not."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.scope_id is not None or found.teredo is not None:
            return False
        inside = found.ipv4_mapped or found.sixtofour
        if found in _TRANSLATED:
            inside = IPv4Address(int(found) & 0xFFFF_FFFF)
        if inside is not None:
            return _is_public(inside)
    return _is_public(found)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if any(address in network for network in _DOCUMENTATION):
        return True
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast
