"""Names that no server of the internet is ever asked for (RFC 6761), and what they are answered with here."""

from typing import Final

import msgspec

from appliance.core import names
from appliance.core.verdict import Action, Step, Verdict
from appliance.core.wire import dns

DS: Final = 43

LOCALHOST: Final = "localhost"
TOP: Final = frozenset((
    LOCALHOST, "test", "invalid",  # RFC 6761 section 6; `example` is asked for like any other
    "local",  # RFC 6762: told by multicast
    "onion",  # RFC 7686: Tor's
    "alt",  # RFC 9476: of other systems than DNS
    "internal",  # set aside by ICANN in 2024
    "intranet", "private", "corp", "home", "lan",  # RFC 6762 appendix G: used in homes
))  # fmt: skip
"""The last labels of such names."""

_LOOPBACK: Final = {dns.A: b"\x7f\0\0\x01", dns.AAAA: bytes(15) + b"\x01"}
_REVERSE_LOOPBACK: Final = frozenset(("1.0.0.127.in-addr.arpa", "1" + ".0" * 31 + ".ip6.arpa"))
_RESOLVER: Final = "resolver.arpa"

ZONES: Final = frozenset((
    "home.arpa",  # RFC 8375
    _RESOLVER,  # RFC 9462 section 6: without an announcement of our own there is none
    "service.arpa",  # RFC 9665
    "0.in-addr.arpa", "127.in-addr.arpa", "254.169.in-addr.arpa", "255.255.255.255.in-addr.arpa",  # RFC 6303 section 4
    "2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa",
    "10.in-addr.arpa", "168.192.in-addr.arpa", *(f"{second}.172.in-addr.arpa" for second in range(16, 32)),
    *(f"{second}.100.in-addr.arpa" for second in range(64, 128)),  # RFC 7793
    "0" + ".0" * 31 + ".ip6.arpa", "1" + ".0" * 31 + ".ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa",
    "d.f.ip6.arpa", "8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa",
))  # fmt: skip
"""Below `arpa`, where not all names are such: each zone, and so all below it."""


class Special(msgspec.Struct, frozen=True):
    """The answer to a question for such a name: an RCODE, and the data of records of the type asked for."""

    rcode: int
    data: tuple[bytes, ...] = ()


NO_NAME: Final = Special(dns.NXDOMAIN)
NO_DATA: Final = Special(dns.NOERROR)


def special_of(name: str, qtype: int, routed: frozenset[str]) -> Special | None:
    """Return the answer to a question, None where it is to be asked as any other.

    `routed` are domains that somebody is asked for who knows them, whatever they are.
    """
    top = name.rpartition(".")[2]
    if top in TOP:
        if top == LOCALHOST:
            return _localhost(qtype)
        return NO_NAME if routed.isdisjoint(names.parents(name)) else None
    zone = _zone(name) if top == "arpa" else None
    if zone is None or not routed.isdisjoint(names.parents(name)):
        return None
    if name in _REVERSE_LOOPBACK:
        return Special(dns.NOERROR, (names.to_wire(LOCALHOST),) if qtype == dns.PTR else ())
    if zone == _RESOLVER:
        return NO_DATA
    # The zone above says that this one is not signed: who checks signatures must hear that (RFC 8375 section 4).
    return None if name == zone and qtype == DS else NO_NAME


def goes_before(verdict: Verdict) -> bool:
    """Say whether a name is answered as was decided, whatever it is: a rule, a list or a caregiver speaks of it.

    A default doesn't count: nobody can be asked for a name that there is not.
    """
    if verdict.step in (Step.HELP, Step.INFRASTRUCTURE) or verdict.action is Action.REWRITE:
        return True
    return verdict.is_blocked and verdict.step is not Step.DEFAULT


def _localhost(qtype: int) -> Special:
    """Answer RFC 6761 section 6.3: the name exists, and so other types are "no data" and never "no such name"."""
    return Special(dns.NOERROR, (_LOOPBACK[qtype],)) if qtype in _LOOPBACK else NO_DATA


def _zone(name: str) -> str | None:
    return next((one for one in names.parents(name) if one in ZONES), None)
