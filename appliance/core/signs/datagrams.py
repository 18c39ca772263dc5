"""The signs of a flow over UDP."""

from collections.abc import Iterator

from appliance.core.signs import (
    datagrams_calls,
    datagrams_dns,
    datagrams_ipsec,
    datagrams_meshes,
    datagrams_openvpn,
    datagrams_swarms,
    datagrams_tunnels,
    datagrams_wireguard,
)
from appliance.core.signs.facts import Facts
from appliance.core.signs.sign import Sign

_LOOKS = (
    datagrams_wireguard.look,
    datagrams_openvpn.look,
    datagrams_ipsec.look,
    datagrams_dns.look,
    datagrams_meshes.look,
    datagrams_tunnels.look,
    datagrams_calls.look,
    datagrams_swarms.look,
)


def look(facts: Facts) -> Iterator[Sign]:
    """Yield the signs of a flow of which a packet was seen, in no order; there may be several of one id."""
    for one in _LOOKS:
        yield from one(facts)
