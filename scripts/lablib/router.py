"""The home router's ways of forwarding DNS to the appliance: real dnsmasq settings, or address translation."""

from dataclasses import dataclass
from pathlib import Path

from scripts.lablib.net import APPLIANCE, HOME_V4, HOME_V6, ROUTER

_MAC = ("add-mac", "strip-mac")
_SUBNET = ("add-subnet=32,128", "strip-subnet")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One router setup: the dnsmasq options that say who asks, or None for address translation without dnsmasq."""

    name: str
    options: tuple[str, ...] | None
    says: str


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("both", _MAC + _SUBNET, "the MAC in option 65001 and the address in ECS; a client's own are taken out"),
        Recipe("mac", _MAC, "the MAC, six bytes in option 65001"),
        Recipe("mac-text", ("add-mac=text", "strip-mac"), "the MAC as text in option 65073"),
        Recipe("mac-base64", ("add-mac=base64", "strip-mac"), "the MAC in base64 in option 65073"),
        Recipe("subnet", _SUBNET, "the client's whole address in ECS"),
        Recipe("none", (), "nothing: every query looks like the router's own"),
        Recipe("leaky", ("add-mac",), "the MAC, unless the client sends an option 65001 of its own, which then wins"),
        Recipe("nat", None, "nothing: the router rewrites addresses and runs no resolver"),
    )
}
FORWARD_TO = {"v4": APPLIANCE.v4, "v6": APPLIANCE.v6}


def dnsmasq_conf(recipe: Recipe, forward_to: str, port: int) -> str:
    """The router's dnsmasq.conf; `forward_to` is v4 or v6, the port is the appliance's."""
    assert recipe.options is not None
    # cache-size=0 is part of every recipe: a cache here would hand one child's answer to the other child, and would
    # hide from the appliance what was asked.
    fixed = f"""\
keep-in-foreground
user=root
log-facility=-
pid-file=
port=53
bind-interfaces
listen-address={ROUTER.v4},{ROUTER.v6}
no-resolv
no-hosts
no-poll
cache-size=0
no-negcache
dns-forward-max=2000
server={FORWARD_TO[forward_to]}#{port}
"""
    return fixed + "".join(f"{option}\n" for option in recipe.options)


def nat_ruleset(port: int) -> str:
    """nftables rules that hand the router's port 53 to the appliance in the router's own name."""
    return f"""\
table inet kindgate_lab {{
  chain incoming {{
    type nat hook prerouting priority dstnat
    iifname br0 ip daddr {ROUTER.v4} meta l4proto {{ tcp, udp }} th dport 53 dnat ip to {APPLIANCE.v4}:{port}
    iifname br0 ip6 daddr {ROUTER.v6} meta l4proto {{ tcp, udp }} th dport 53 dnat ip6 to [{APPLIANCE.v6}]:{port}
  }}
  chain outgoing {{
    type nat hook postrouting priority srcnat
    oifname br0 ip saddr {HOME_V4} ip daddr {APPLIANCE.v4} masquerade
    oifname br0 ip6 saddr {HOME_V6} ip6 daddr {APPLIANCE.v6} masquerade
  }}
}}
"""


NO_NAT = "table inet kindgate_lab\ndelete table inet kindgate_lab\n"


def write_conf(path: Path, recipe: Recipe, forward_to: str, port: int) -> None:
    """Put the recipe's dnsmasq.conf where the router starts it from."""
    path.write_text(dnsmasq_conf(recipe, forward_to, port))
