"""What lines of all kinds of list have in common: names, addresses, comments, and what is shown of a skipped line."""

from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from re import compile as regex

from appliance.core import names
from appliance.core.lists.rule import Address, Rewrite, Rule, Says, Sink
from appliance.core.wire import dns

MAX_LINE = 10_000
"""Characters; a longer line is skipped."""
SHOWN = 200
"""How many characters of a skipped line are handed on."""

LOCALHOST = frozenset({
    "localhost", "localhost.localdomain", "local", "localdomain", "broadcasthost", "ip6-localhost", "ip6-loopback",
    "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "localhost4", "localhost6",
    "localhost4.localdomain4", "localhost6.localdomain6", "ipv6-localhost", "ipv6-loopback",
})  # fmt: skip
"""What the first lines of a hosts file call the machine itself."""

SINKS = frozenset({"0.0.0.0", "127.0.0.1", "::"})  # noqa: S104 - addresses that lists write for «nowhere»
"""Addresses that block the name beside them."""

_MAX_TYPED = 1_000
"""A name in any spelling is shorter: the rest isn't worth the work of reading it."""
_PLAIN = {
    (False, False): Says.BLOCK, (False, True): Says.BLOCK_EXACT,
    (True, False): Says.ALLOW, (True, True): Says.ALLOW_EXACT,
}  # fmt: skip
"""By whether a rule allows, and whether it is only about the name itself."""
_TRAILING = regex(r"\s#.*")


def name_of(text: str) -> str | None:
    """Return a name in normal form, or None for what is none; an IP address is none."""
    if len(text) > _MAX_TYPED or address_of(text) is not None:
        return None
    try:
        return names.normalise(text)
    except ValueError:
        return None


def address_of(text: str) -> Address | None:
    """Return an IP address, without the interface that may follow it, or None for what is none."""
    text = text.partition("%")[0]
    if ":" not in text and not text[-1:].isdigit():
        return None
    return _address(text)


@lru_cache(maxsize=256)
def _address(text: str) -> Address | None:
    """Return an address, quickly where it is the one of the line before."""
    with suppress(ValueError):
        return ip_address(text)
    return None


@lru_cache(maxsize=256)
def is_nowhere(address: Address) -> bool:
    """Say whether the names beside an address in a hosts file are blocked: nobody can be led to it."""
    return (
        str(address) in SINKS
        or address.is_link_local
        or address.is_multicast
        or address == IPv4Address("255.255.255.255")
    )


def address_text(address: Address) -> str:
    """Return an address as an answer of a list writes it: an IPv4 address inside an IPv6 one is seen as such."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)


@lru_cache(maxsize=256)
def record_of(address: Address) -> Rewrite:
    """Return the one record that gives an address."""
    qtype = dns.A if isinstance(address, IPv4Address) else dns.AAAA
    return Rewrite(qtype=qtype, value=address_text(address))


def without_comment(line: str) -> str:
    """Return a line without the comment at its end, which a space sets apart, and without spaces around it."""
    return _TRAILING.sub("", line, count=1).strip() if "#" in line else line.strip()


def shown(text: str) -> str:
    """Return what is handed on of a skipped line."""
    return text[: 2 * SHOWN].strip()[:SHOWN]


def plain(rule: Rule) -> tuple[str, Says] | None:
    """Return a rule as a plain name and what is said of it, or None where there is more to it than that."""
    if rule.name is None or rule != Rule(rule.line, rule.is_allow, rule.name, rule.is_exact):
        return None
    return rule.name, _PLAIN[rule.is_allow, rule.is_exact]


def put(sink: Sink, rule: Rule) -> None:
    """Hand a rule on, as a plain name where it is no more than one."""
    if (said := plain(rule)) is None:
        sink.rule(rule)
    else:
        sink.name(said[0], rule.line, said[1])
