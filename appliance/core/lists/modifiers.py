"""What follows the ``$`` of an Adblock rule: the part of it that AdGuard Home reads for DNS."""

from collections.abc import Callable, Iterable
from re import compile as regex
from typing import TypeVar

import msgspec

from appliance.core.lists.line import address_of, name_of, record_of
from appliance.core.lists.rule import Rewrite, Why
from appliance.core.wire import dns, mnemonics, presentation

Value = TypeVar("Value", int, str)

_MORE_TYPES = {
    "MD": 3, "MF": 4, "MB": 7, "MG": 8, "MR": 9, "NULL": 10, "MINFO": 14, "RP": 17, "AFSDB": 18, "X25": 19, "ISDN": 20,
    "RT": 21, "NSAP-PTR": 23, "SIG": 24, "KEY": 25, "PX": 26, "GPOS": 27, "LOC": 29, "NXT": 30, "EID": 31,
    "NIMLOC": 32, "ATMA": 34, "KX": 36, "CERT": 37, "DNAME": 39, "OPT": 41, "APL": 42, "SSHFP": 44, "IPSECKEY": 45,
    "NSEC": 47, "DHCID": 49, "NSEC3": 50, "NSEC3PARAM": 51, "SMIMEA": 53, "HIP": 55, "NINFO": 56, "RKEY": 57,
    "TALINK": 58, "CDS": 59, "CDNSKEY": 60, "OPENPGPKEY": 61, "CSYNC": 62, "ZONEMD": 63, "SPF": 99, "UINFO": 100,
    "UID": 101, "GID": 102, "UNSPEC": 103, "NID": 104, "L32": 105, "L64": 106, "LP": 107, "EUI48": 108, "EUI64": 109,
    "TKEY": 249, "TSIG": 250, "IXFR": 251, "AXFR": 252, "MAILB": 253, "MAILA": 254, "URI": 256, "AVC": 258,
    "TA": 32768, "DLV": 32769,
}  # fmt: skip
"""Types beside those that the house names itself (IANA's table)."""
TYPES = mnemonics.QTYPES | _MORE_TYPES

_HARMLESS = frozenset(
    f"~{kind}" for kind in ("script", "stylesheet", "subdocument", "object", "image", "xmlhttprequest", "media", "font",
    "websocket", "ping", "other")
)  # fmt: skip
"""Kinds of request that a question to a nameserver never is: it is left as one for a page."""
_KEYWORDS = frozenset({"NOERROR", "SERVFAIL", "NXDOMAIN", "REFUSED"})
_WRITTEN = frozenset({presentation.MX, dns.TXT, presentation.SRV, dns.SVCB, dns.HTTPS})
_TAG = regex(r"[a-z0-9_]+\Z")
_NUMBERED = regex(r"TYPE([0-9]{1,5})\Z")


class Refused(ValueError):
    """A rule with such a modifier says nothing here."""

    def __init__(self, why: Why) -> None:
        """Take the reason."""
        super().__init__(why.value)
        self.why = why


class Modifiers(msgspec.Struct):
    """What the modifiers of a rule say; the fields are those of a `Rule`."""

    is_important: bool = False
    is_badfilter: bool = False
    qtypes: tuple[int, ...] = ()
    not_qtypes: tuple[int, ...] = ()
    clients: tuple[str, ...] = ()
    not_clients: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    is_rewrite: bool = False

    @property
    def is_narrow(self) -> bool:
        """Say whether it is about some questions or askers only: such a rule may be about every name."""
        return any(
            (self.qtypes, self.not_qtypes, self.clients, self.not_clients, self.tags, self.not_tags, self.spared)
        )


def read(options: str, *, is_allow: bool = False) -> Modifiers:
    """Return what modifiers say. Raises Refused."""
    modifiers = Modifiers()
    for option in _split(options, ","):
        key, _, value = option.partition("=")
        if key in _HARMLESS:
            continue
        take = _TAKERS.get(key)
        if take is None:
            raise Refused(Why.MODIFIER)
        take(modifiers, value)
    if modifiers.is_rewrite and not modifiers.rewrites and not is_allow:
        modifiers.rewrites = (Rewrite(),)
    return modifiers


def _important(into: Modifiers, _: str) -> None:
    into.is_important = True


def _badfilter(into: Modifiers, _: str) -> None:
    into.is_badfilter = True


def _dnstype(into: Modifiers, value: str) -> None:
    only, never = _sides(value.split("|"))
    into.qtypes, into.not_qtypes = _ordered(map(_type, only)), _ordered(map(_type, never))


def _client(into: Modifiers, value: str) -> None:
    only, never = _sides(_split(value, "|"))
    into.clients, into.not_clients = _ordered(map(_unquoted, only)), _ordered(map(_unquoted, never))


def _ctag(into: Modifiers, value: str) -> None:
    only, never = _sides(value.split("|"))
    if not all(map(_TAG.match, only + never)):
        raise Refused(Why.BAD_MODIFIER)
    into.tags, into.not_tags = _ordered(only), _ordered(never)


def _denyallow(into: Modifiers, value: str) -> None:
    into.spared = _ordered(map(_name, value.split("|")))


def _dnsrewrite(into: Modifiers, value: str) -> None:
    into.is_rewrite = True
    into.rewrites = (rewrite(value),) if value else ()


_TAKERS: dict[str, Callable[[Modifiers, str], None]] = {
    "important": _important, "badfilter": _badfilter, "dnstype": _dnstype, "client": _client, "ctag": _ctag,
    "denyallow": _denyallow, "dnsrewrite": _dnsrewrite,
}  # fmt: skip


_MARKS = {mark: regex(rf"(?<!\\){re_mark}") for mark, re_mark in ((",", ","), ("|", r"\|"))}


def _split(text: str, mark: str) -> list[str]:
    """Return the parts between marks that no backslash precedes, without empty ones."""
    return [part.replace("\\" + mark, mark) for part in _MARKS[mark].split(text) if part]


def _sides(values: list[str]) -> tuple[list[str], list[str]]:
    """Return the values that a rule is only about and those, marked by ``~``, that it is not about."""
    if not values:
        raise Refused(Why.BAD_MODIFIER)
    return [one for one in values if one[:1] != "~"], [one[1:] for one in values if one[:1] == "~"]


def _ordered(values: Iterable[Value]) -> tuple[Value, ...]:
    return tuple(sorted(set(values)))


def type_of(text: str) -> int | None:
    """Return the number of a record type, whatever its case, None where there is no such type."""
    text = text.upper()
    if found := _NUMBERED.match(text):
        number = int(found[1])
        return number if 0 < number < 65_535 else None
    return TYPES.get(text)


def _type(text: str) -> int:
    number = type_of(text)
    if number is None:
        raise Refused(Why.BAD_MODIFIER)
    return number


def _name(text: str) -> str:
    name = name_of(text)
    if name is None:
        raise Refused(Why.BAD_MODIFIER)
    return name


def _unquoted(text: str) -> str:
    """Return a client as it is called, in lower case."""
    quote = text[:1]
    if len(text) >= 2 and quote in "'\"" and text.endswith(quote):
        text = text[1:-1].replace("\\" + quote, quote)
    if not text:
        raise Refused(Why.BAD_MODIFIER)
    return text.lower()


def rewrite(value: str) -> Rewrite:
    """Return the answer that ``$dnsrewrite`` gives, by its short or its full form. Raises Refused."""
    parts = value.split(";", 2)
    if len(parts) == 3:
        return _full(*map(str.strip, parts))
    if len(parts) == 2:
        raise Refused(Why.BAD_MODIFIER)
    if value in _KEYWORDS:
        return Rewrite(mnemonics.RCODES[value])
    if (address := address_of(value)) is not None:
        return record_of(address)
    if value.isascii() and value.isalpha() and value.isupper():
        raise Refused(Why.BAD_MODIFIER)  # a keyword that nobody knows, rather than a name
    return Rewrite(cname=_name(value))


def _full(keyword: str, rtype: str, value: str) -> Rewrite:
    rcode = mnemonics.RCODES.get(keyword.upper())
    if rcode is None:
        raise Refused(Why.BAD_MODIFIER)
    if rcode or not (rtype or value):
        return Rewrite(rcode)
    return record(_type(rtype), value)


def record(qtype: int, value: str) -> Rewrite:
    """Return one record as an answer; of a type that can't be written here there is none. Raises Refused."""
    if qtype == dns.CNAME:
        return Rewrite(cname=_name(value))
    if qtype in (dns.A, dns.AAAA):
        address = address_of(value)
        if address is None or record_of(address).qtype != qtype:
            raise Refused(Why.BAD_MODIFIER)
        return record_of(address)
    if qtype == dns.PTR:
        return Rewrite(qtype=qtype, value=_name(value) + ".")
    if qtype not in _WRITTEN:
        return Rewrite(qtype=qtype)
    try:
        presentation.encode(qtype, value)
    except presentation.BadRecord as error:
        raise Refused(Why.BAD_MODIFIER) from error
    return Rewrite(qtype=qtype, value=value)
