"""The text of our nftables table: rendered from what the installer set, and from who the devices are."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Interface, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from jinja2 import Environment, StrictUndefined

from appliance.config import V6, Gateway
from appliance.core.device import normal_address, normal_mac
from appliance.core.mark import ANSWER, FIRST, MASK, OPENED, REPLY, STATE_MASK, State
from appliance.guard import knock
from appliance.guard.kept import Kept
from appliance.guard.manners import Manners

TABLE: Final = "kindgate"
FILE: Final = "nftables/base.nft"
"""The template, in the folder of rules."""
OTHERS: Final = 0xFFFF_FFFF ^ MASK
"""The bits of a mark that are not ours."""

Network = IPv4Network | IPv6Network

_BURST_OCTETS = 70_000
_ICMPV6 = (
    "destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem", "echo-request", "echo-reply",
)  # fmt: skip
_ICMPV6_LINK = (
    "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert", "mld-listener-query",
)  # fmt: skip
_PRIVATE4 = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
_PRIVATE6 = ("fc00::/7", "fe80::/10")
"""Of a house, a provider or a link, and not of the internet (RFC 1918, 3927, 4193, 4291, 6598)."""
_SORTS = ("macs", "addresses4", "addresses6")


def render(template: str, gateway: Gateway, home: Sequence[Network] = (), *, has_v6: bool | None = None) -> str:
    """Return nft's script for a gateway: it replaces the table that was there by a new one that knows nobody yet.

    `home` is what the devices' own network is besides the one that is set; only with one arm does it matter.
    Without `has_v6` no IPv6 is forwarded; by default it is, unless it was set to be off.
    """
    networks = {*home, *((IPv4Interface(gateway.address).network,) if gateway.address else ())}
    # This is no HTML: what is put in are names of interfaces, which the configuration has checked, and numbers.
    environment = Environment(
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(template).render(
        {state.name: state.bits for state in State},
        TABLE=TABLE,
        STATE_MASK=STATE_MASK,
        OTHERS=OTHERS,
        FIRST=FIRST,
        ANSWER=ANSWER,
        OPENED=OPENED,
        REPLY=REPLY,
        KNOCK=knock.MARK,
        ICMPV6=", ".join(_ICMPV6),
        ICMPV6_LINK=", ".join(_ICMPV6_LINK),
        PRIVATE4=", ".join(_PRIVATE4),
        PRIVATE6=", ".join(_PRIVATE6),
        hex="0x{:08x}".format,
        bare=_bare,
        plus_one=_plus_one,
        elements=_elements,
        lan=gateway.lan,
        wan=gateway.wan,
        ours=", ".join(f'"{one}"' for one in dict.fromkeys((gateway.lan, gateway.wan or gateway.lan))),
        is_one_armed=gateway.is_one_armed,
        has_v6=gateway.v6 is not V6.OFF if has_v6 is None else has_v6,
        home4=sorted(one for one in networks if isinstance(one, IPv4Network)),
        home6=sorted(one for one in networks if isinstance(one, IPv6Network)),
        over=f"limit rate over {gateway.slow_kbit * 1000 // 8} bytes/second burst {_BURST_OCTETS} bytes",
    )


def render_manners(manners: Manners) -> str:
    """Return nft's script that puts these devices in place of those that the table knows. Raises ValueError.

    Where two of a house's devices are known by one address, the stricter manner holds.
    """
    verdicts: dict[str, str] = {}
    for chain, who in (("free", manners.free), ("open", manners.open), ("closed", manners.closed)):
        verdicts.update((_normal(one), f"goto {chain}") for one in who)
    lines = _replace("map", "", {one: f"{one} : {verdict}" for one, verdict in verdicts.items()})
    lines += _replace("set", "asks_here_", {one: one for one in map(_normal, manners.no_encrypted_dns)})
    lines += _replace("set", "things_", {one: one for one in map(_normal, manners.things)})
    return "\n".join(lines) + "\n"


def render_kept(kept: Mapping[int, Kept]) -> str:
    """Return nft's script that keeps these persons, by number, to known addresses, and nobody else. Raises ValueError.

    What each was given stays as it is. Where two have a device in common, the higher number has it.
    """
    owners = {_normal(one): number for number, person in sorted(kept.items()) for one in person.known_by}
    lines = _replace("map", "owners_", {one: f"{one} : {number}" for one, number in owners.items()})
    lines.append(f"flush set inet {TABLE} refused")
    refused = sorted(number for number, person in kept.items() if person.is_refused)
    if refused:
        lines.append(f"add element inet {TABLE} refused {{ {', '.join(map(str, refused))} }}")
    return "\n".join(lines) + "\n"


def _replace(kind: str, prefix: str, elements: Mapping[str, str]) -> list[str]:
    """Return the lines that fill the three of a kind, by what each element is."""
    sorted_: dict[str, list[str]] = {name: [] for name in _SORTS}
    for one, element in sorted(elements.items()):
        sorted_[_sort(one)].append(element)
    lines = []
    for name, these in sorted_.items():
        lines.append(f"flush {kind} inet {TABLE} {prefix}{name}")
        if these:
            lines.append(f"add element inet {TABLE} {prefix}{name} {{ {', '.join(these)} }}")
    return lines


def _normal(one: str) -> str:
    """Return a MAC or an IP address in its one spelling: nothing else gets into the script. Raises ValueError.

    An address's zone (RFC 4007) is left out: it may be any text.
    """
    try:
        return normal_mac(one)
    except ValueError:
        return normal_address(one.partition("%")[0])


def _sort(one: str) -> str:
    try:
        return "addresses6" if isinstance(ip_address(one), IPv6Address) else "addresses4"
    except ValueError:
        return "macs"


def _plus_one(answers: str, family: str) -> str:
    """Return the rules that put into a set what a client confirms of a SYN-ACK of `family`, ``ip`` or ``ip6``."""
    ends = f"{family} daddr . tcp dport . {family} saddr . tcp sport"
    rules = []
    for ones in range(33):
        changed = min((2 << ones) - 1, 0xFFFF_FFFF)
        number = f"tcp sequence & {changed:#x} == {(1 << ones) - 1:#x}"
        rules.append(f"        {number} update @{answers} {{ {ends} . tcp sequence ^ {changed:#x} }} return")
    return "\n".join(rules)


def _bare(header_octets: int) -> str:
    """Return, for each length of a TCP header, how long a packet is that has no payload.

    The octet of the length (RFC 9293 3.1) with its reserved bits at 0, and the length of the whole packet.
    """
    return ", ".join(f"{words << 4:#04x} . {header_octets + 4 * words}" for words in range(5, 16))


def _elements(networks: Iterable[Network]) -> str:
    found = ", ".join(map(str, networks))
    return f" elements = {{ {found} }};" if found else ""
