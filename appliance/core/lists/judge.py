"""Which of several lines of lists wins: AdGuard Home's order, with hosts files and Pi-hole's replies in their places.

A list that opens, before all; then answers of a list's own that no line takes back; then important lines before
others, exceptions before blocks, and of equals the one with more conditions; hosts-file addresses last.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from appliance.core import names
from appliance.core.lists.rule import Asked, Did, Hit, Outcome, Rewrite, Rule
from appliance.core.wire import dns

Network = IPv4Network | IPv6Network

LOOPBACK_V6 = "::1"
"""In a hosts file it is an address to who asks for one of its kind, and a sink to everybody else."""

_LOCAL_TYPES = {dns.A: (dns.A, dns.AAAA), dns.AAAA: (dns.A, dns.AAAA), dns.PTR: (dns.PTR,)}
"""Which records of a host table speak of a question: a name that has but the other family has no address of this."""


def judge(
    hits: Sequence[Hit], asked: Asked, *, opening: Collection[str] = (), is_local: bool = False
) -> Outcome | None:
    """Return what lists do with a question, None where they say nothing; `hits` in the order of lists and lines.

    `opening`: ids of lists whose every line opens, whatever others say. `is_local`: the lines are a box's own host
    table, which gives addresses and names and blocks nothing.
    """
    told = [hit for hit in hits if applies(hit, asked)]
    if is_local:
        return _from_table(told, asked)
    for hit in told:
        if hit.list in opening:
            return Outcome(Did.ALLOW, hit)
    return _rewritten(told, asked) or _decided(told, asked) or _from_hosts(told, asked)


def applies(hit: Hit, asked: Asked) -> bool:
    """Say whether the conditions of a line hold; that it is about the name is known."""
    rule = hit.rule
    if rule is None:
        return True
    return (
        (not rule.qtypes or asked.qtype in rule.qtypes)
        and asked.qtype not in rule.not_qtypes
        and (not rule.clients or _is_among(asked, rule.clients))
        and not _is_among(asked, rule.not_clients)
        and (not rule.tags or not asked.tags.isdisjoint(rule.tags))
        and asked.tags.isdisjoint(rule.not_tags)
        and not (rule.spared and _is_spared(asked.name, rule.spared))
    )


def _is_among(asked: Asked, clients: tuple[str, ...]) -> bool:
    return any(token in asked.clients or _holds(token, asked) for token in clients)


def _holds(token: str, asked: Asked) -> bool:
    """Say whether a token is a network or address that the client has an address in, or its MAC in another spelling."""
    network = _network(token)
    if network is None:
        return token.replace("-", ":") in asked.clients
    return any(address in network for address in asked.addresses)


@lru_cache(maxsize=4096)
def _network(token: str) -> Network | None:
    """Return a token as a network; host bits may be set, as in ``192.168.1.7/24``."""
    try:
        return ip_network(token, strict=False)
    except ValueError:
        return None


def _is_spared(name: str, spared: tuple[str, ...]) -> bool:
    """Say whether a rule lets a name alone; one that names exceptions never means an address."""
    return any(names.is_under(name, one) for one in spared) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _rewritten(told: Sequence[Hit], asked: Asked) -> Outcome | None:
    """Return what ``$dnsrewrite`` rules answer together, without what others of them take back."""
    found = [(hit, hit.rule) for hit in told if hit.rule and hit.rule.is_rewrite]
    takers = [rule for hit, rule in found if hit.is_allow]
    kept = [
        (hit, rewrite)
        for hit, rule in found
        if not hit.is_allow
        for rewrite in rule.rewrites or (Rewrite(),)
        if not any(_takes_back(taker, rule, rewrite) for taker in takers)
    ]
    if not kept:
        return None
    outcome = _answered(Did.REWRITE, kept, asked)
    # A name that is led to itself is left as it is: other lines may still speak of it.
    return None if outcome.cname == asked.name else outcome


def _takes_back(taker: Rule, rule: Rule, rewrite: Rewrite) -> bool:
    """Say whether an exception takes a rewrite back: that very one, or with no value of its own every one."""
    if rule.is_important and not taker.is_important:
        return False
    return set(taker.rewrites) <= {Rewrite()} or rewrite in taker.rewrites


def _decided(told: Sequence[Hit], asked: Asked) -> Outcome | None:
    """Return what lines that just open or block come to."""
    lines = [hit for hit in told if not (_is_rewrite(hit) or _is_hosts(hit))]
    if not lines:
        return None
    hit = max(lines, key=_weight)  # of equals the first
    if hit.is_allow:
        return Outcome(Did.ALLOW, hit)
    if hit.rule is None or not hit.rule.rewrites:
        return Outcome(Did.BLOCK, hit)
    return _answered(Did.BLOCK, [(hit, rewrite) for rewrite in hit.rule.rewrites], asked)


def _weight(hit: Hit) -> tuple[bool, bool, int]:
    if hit.rule is None:
        return False, hit.is_allow, 0
    return hit.rule.is_important, hit.is_allow, hit.rule.modifiers


def _answered(did: Did, given: Sequence[tuple[Hit, Rewrite]], asked: Asked) -> Outcome:
    """Return one answer made of several, of which there is at least one.

    The first that names another name or an RCODE is all of it. Records are put together; where none is of the type
    asked for, the answer has none.
    """
    for hit, rewrite in given:
        if rewrite.cname is not None:
            return Outcome(did, hit, cname=rewrite.cname)
        if rewrite.rcode != dns.NOERROR:
            return Outcome(did, hit, rcode=rewrite.rcode, values=())
    records = [(hit, rewrite.value) for hit, rewrite in given if rewrite.qtype == asked.qtype and rewrite.value]
    deciding = records[0][0] if records else given[0][0]
    return Outcome(did, deciding, values=tuple(dict.fromkeys(value for _, value in records)))


def _from_hosts(told: Sequence[Hit], asked: Asked) -> Outcome | None:
    """Return what addresses of a hosts file come to, where no other line has a say."""
    given = [(hit, rewrite) for hit in told if hit.rule and _is_hosts(hit) for rewrite in hit.rule.rewrites]
    if not given:
        return None
    if asked.qtype != dns.AAAA and all(rewrite.value == LOOPBACK_V6 for _, rewrite in given):
        return Outcome(Did.BLOCK, given[0][0])
    return _answered(Did.REWRITE, given, asked)


def _from_table(told: Sequence[Hit], asked: Asked) -> Outcome | None:
    """Return what the box's own host table answers: addresses, and names for addresses; nothing else is touched."""
    types = _LOCAL_TYPES.get(asked.qtype, ())
    given = [(hit, rewrite) for hit in told if hit.rule for rewrite in hit.rule.rewrites if rewrite.qtype in types]
    return _answered(Did.REWRITE, given, asked) if given else None


def _is_rewrite(hit: Hit) -> bool:
    return hit.rule is not None and hit.rule.is_rewrite


def _is_hosts(hit: Hit) -> bool:
    """Say whether a line is a name with an address, which blocks nothing; a pattern with one is a block (Pi-hole)."""
    rule = hit.rule
    if rule is None or rule.is_rewrite or hit.is_allow:
        return False
    return rule.name is not None and bool(rule.rewrites)
