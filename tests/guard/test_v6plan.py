"""What is chosen for the devices' IPv6, with what is there."""

from ipaddress import IPv6Interface, IPv6Network

import pytest

from appliance.config import V6, Gateway
from appliance.guard.links import Route
from appliance.guard.v6plan import Found, Mode, Plan, Why, choose, own_address

MAC = "02:78:00:00:00:01"
NEAR = IPv6Interface("2001:db8:1::2/64")
"""Of the router's network."""
NEAR_HOME = IPv6Interface("fd00:1::2/64")
"""… which is the home's own besides."""
LINK = IPv6Interface("fe80::1/64")
OURS = IPv6Interface("2001:db8:2::1/64")
UNREACHABLE, UNICAST = 7, 1


def gateway(v6: V6 = V6.AUTO, wan: str | None = "eth1") -> Gateway:
    """Return a configuration."""
    return Gateway(lan="eth0", wan=wan, address="192.168.78.1/24", v6=v6)


def route(to: str, kind: int = UNREACHABLE) -> Route:
    """Return a route."""
    return Route(IPv6Network(to), 1, kind, 16)


def proxy(near: IPv6Interface) -> Plan:
    """Return the plan to be neighbours of the router's network."""
    return Plan(Mode.PROXY, near.network, own_address(near.network, MAC))


def waiting(network: str) -> Plan:
    """Return the plan to use a network of a prefix that waits for a link."""
    return Plan(Mode.DELEGATED, IPv6Network(network), own_address(IPv6Network(network), MAC))


NONE = Plan(Mode.OFF, why=Why.NO_PREFIX)
DELEGATED = Plan(Mode.DELEGATED, OURS.network)


@pytest.mark.parametrize(
    ("setting", "found", "expected"),
    [
        (V6.AUTO, Found(), NONE),
        (V6.AUTO, Found(lan=(LINK,), wan=(LINK,)), NONE),
        (V6.AUTO, Found(wan=(LINK, NEAR)), proxy(NEAR)),
        (V6.AUTO, Found(wan=(NEAR_HOME, NEAR)), proxy(NEAR)),
        (V6.AUTO, Found(wan=(NEAR_HOME,)), proxy(NEAR_HOME)),
        (V6.AUTO, Found(wan=(IPv6Interface("2001:db8:1::2/128"),)), NONE),
        (V6.AUTO, Found(lan=(LINK, OURS), wan=(NEAR,)), DELEGATED),
        (V6.AUTO, Found(lan=(IPv6Interface("2001:db8:1::9/64"),), wan=(NEAR,)), proxy(NEAR)),
        (V6.AUTO, Found(wan=(NEAR,), routes=(route("2001:db8:2::/56"),)), waiting("2001:db8:2::/64")),
        (V6.AUTO, Found(routes=(route("2001:db8:2::/64"),)), waiting("2001:db8:2::/64")),
        (V6.AUTO, Found(routes=(route("fd00::/48"), route("2001:db8:2::/56"))), waiting("2001:db8:2::/64")),
        (
            V6.AUTO,
            Found(routes=(route("2001:db8:2::/56"), route("2001:db8:2::/64", UNICAST))),
            waiting("2001:db8:2:1::/64"),
        ),
        (V6.AUTO, Found(routes=(route("2001:db8:2::/64"), route("2001:db8:2::/64", UNICAST))), NONE),
        (V6.AUTO, Found(routes=(route("2001:db8:2::/56", UNICAST), route("::/0"), route("fe80::/64"))), NONE),
        (V6.AUTO, Found(routes=(route("2001:db8::/32"), route("2001:db8::/40", UNICAST))), NONE),
        (V6.DELEGATED, Found(wan=(NEAR,)), NONE),
        (V6.DELEGATED, Found(lan=(OURS,)), DELEGATED),
        (V6.PROXY, Found(lan=(OURS,), wan=(NEAR,)), proxy(NEAR)),
        (V6.PROXY, Found(lan=(OURS,)), NONE),
        (V6.OFF, Found(lan=(OURS,), wan=(NEAR,)), Plan(Mode.OFF, why=Why.SET)),
    ],
)
def test_what_is_chosen(setting: V6, found: Found, expected: Plan) -> None:
    """A prefix of the devices' own before the router's, the internet's before the home's."""
    assert choose(gateway(setting), found, MAC) == expected


def test_beside_the_router_there_is_none() -> None:
    """It answers the devices itself."""
    assert choose(gateway(wan=None), Found(lan=(NEAR,)), MAC) == Plan(Mode.OFF, why=Why.ONE_ARMED)


def test_an_address_that_comes_from_a_mac() -> None:
    """As RFC 4291 has it."""
    assert str(own_address(NEAR.network, "34:56:78:9a:bc:de")) == "2001:db8:1:0:3656:78ff:fe9a:bcde/64"
