"""The octets of our replies: errors, blocks, upstream answers with our own header, TTLs and EDNS."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from appliance.core import names
from appliance.core.house import Blocking, BlockMode
from appliance.core.wire import dns
from appliance.core.wire.dns import Message, Query, Record, Refusal

EDE_STALE = 3
EDE_NOT_READY = 14
EDE_BLOCKED = 15
EDE_CENSORED = 16
EDE_FILTERED = 17
EDE_NETWORK_ERROR = 23
"""RFC 8914 section 4."""

EDE_TEXT_OCTETS = 150
"""With this much, a block of the longest name still fits the shortest UDP reply."""
ANY_TTL_S = 3600

_QUESTION = b"\xc0\x0c"
"""A pointer to the name in the question."""
_HOME = b"\x08kindgate\x04home\x00"

Ede = tuple[int, str]


def compose(
    query: Query,
    rcode: int,
    sections: tuple[Sequence[bytes], Sequence[bytes]] = ((), ()),
    *,
    flags: int = 0,
    ede: Ede | None = None,
) -> bytes:
    """Return a reply with these answer and authority records; id, spelling of the question, RD and CD as sent."""
    answers, authorities = sections
    return _enclose(query, rcode, b"".join((*answers, *authorities)), (len(answers), len(authorities), 0), flags, ede)


def refuse(refusal: Refusal) -> bytes:
    """Return the error that a message earned."""
    flags = dns.QR | dns.RA | refusal.flags & (0x7800 | dns.RD | dns.CD) | refusal.rcode & 15
    edns = dns.opt(dns.MAX_UDP_OCTETS, do=False, rcode=refusal.rcode) if refusal.edns is not None else b""
    counts = (1 if refusal.question else 0, 0, 0, 1 if edns else 0)
    return dns.header(refusal.id, flags, counts) + refusal.question + edns


def any_answer(query: Query) -> bytes:
    """Answer ANY with one small record (RFC 8482 section 4.2)."""
    return compose(query, dns.NOERROR, ([dns.record(_QUESTION, dns.HINFO, ANY_TTL_S, b"\x07RFC8482\x00")], ()))


def truncated(query: Query, rcode: int) -> bytes:
    """Return the reply that sends a client to TCP."""
    return compose(query, rcode, flags=dns.TC)


def nodata(query: Query, ttl_s: int, ede: Ede | None = None) -> bytes:
    """Return "the name exists, but not this type"."""
    return compose(query, dns.NOERROR, ((), [_soa(ttl_s)]), ede=ede)


def block(query: Query, blocking: Blocking, mode: BlockMode, ttl_s: int, ede: Ede) -> tuple[int, bytes]:
    """Return RCODE and octets of a blocked answer in a mode."""
    if mode is BlockMode.REFUSED:
        return dns.REFUSED, compose(query, dns.REFUSED, ede=ede)
    if mode is BlockMode.NXDOMAIN:
        return dns.NXDOMAIN, compose(query, dns.NXDOMAIN, ((), [_soa(ttl_s)]), ede=ede)
    address = _block_address(mode, blocking, query.qtype)
    if address is None:
        return dns.NOERROR, nodata(query, ttl_s, ede)
    answer = dns.record(_QUESTION, query.qtype, ttl_s, address)
    return dns.NOERROR, compose(query, dns.NOERROR, ([answer], ()), ede=ede)


def given(
    query: Query, rcode: int, data: Sequence[bytes], ttl_s: int, ede: Ede | None = None, target: str | None = None
) -> bytes:
    """Return an answer with records of the type asked for, of which this is the data; without any, a negative one.

    With a target the records are those of that, by a CNAME.
    """
    alias, owner = ([], _QUESTION) if target is None else _alias(query, target, ttl_s)
    answers = [dns.record(owner, query.qtype, ttl_s, octets) for octets in data]
    is_negative = rcode == dns.NXDOMAIN or (rcode == dns.NOERROR and not answers)
    return compose(query, rcode, ([*alias, *answers], [_soa(ttl_s)] if is_negative else []), ede=ede)


def pass_on(query: Query, message: Message, ttl_s: int, age_s: int, ede: Ede | None = None) -> bytes:
    """Return an upstream's message as our reply, no TTL above `ttl_s` nor above what is left of it after `age_s`.

    Only what the client needs is passed on: the answer, and the authority section where it proves that there is none
    (SOA, NSEC) or the client checks signatures.
    """
    wants_proof = query.edns is not None and query.edns.do
    authorities = () if message.has_answer and not wants_proof else message.authorities
    records = (*message.answers, *authorities)
    start = dns.HEADER_OCTETS + len(message.question)
    body = bytearray(message.wire[start : records[-1].end] if records else b"")
    for record in records:
        left = min(ttl_s, max(0, record.ttl_s - age_s))
        body[record.ttl_at - start : record.ttl_at - start + 4] = left.to_bytes(4, "big")
    counts = (len(message.answers), len(authorities), 0)
    flags = message.flags & (dns.TC | (dns.AD if _wants_ad(query) else 0))
    return _enclose(query, message.rcode, bytes(body), counts, flags, ede)


def rewrite(query: Query, target: str, message: Message, ttl_s: int) -> bytes:
    """Return a CNAME to `target` together with the target's own records, as a client that checks both wants it.

    A target without an address of this family gets NODATA, never NXDOMAIN: the client would give up the other family.
    """
    if message.rcode not in (dns.NOERROR, dns.NXDOMAIN):
        return compose(query, message.rcode)
    alias, owner = _alias(query, target, ttl_s)
    found = [_copy(message, record, owner, ttl_s) for record in message.answers if record.rtype == query.qtype]
    return compose(query, dns.NOERROR, ([*alias, *found], [] if found else [_soa(ttl_s)]))


def _alias(query: Query, target: str, ttl_s: int) -> tuple[list[bytes], bytes]:
    """Return the CNAME to a target, and a pointer to the target in it for the records that follow."""
    owner = (dns.HEADER_OCTETS + len(query.question) + 12 | 0xC000).to_bytes(2, "big")
    return [dns.record(_QUESTION, dns.CNAME, ttl_s, names.to_wire(target))], owner


def _copy(message: Message, record: Record, owner: bytes, ttl_s: int) -> bytes:
    return dns.record(owner, record.rtype, ttl_s, message.wire[record.rdata_at : record.end])


def _block_address(mode: BlockMode, blocking: Blocking, qtype: int) -> bytes | None:
    """Return the rdata that a blocked A or AAAA question gets, None for a negative answer."""
    if mode is BlockMode.NULL:
        return {dns.A: bytes(4), dns.AAAA: bytes(16)}.get(qtype)
    if mode is BlockMode.ADDRESS and qtype == dns.A and blocking.address4:
        return IPv4Address(blocking.address4).packed
    if mode is BlockMode.ADDRESS and qtype == dns.AAAA and blocking.address6:
        return IPv6Address(blocking.address6).packed
    return None


def _soa(ttl_s: int) -> bytes:
    """Return an SOA at the question's name, without which a negative answer is not kept (RFC 2308 section 3)."""
    numbers = b"".join(number.to_bytes(4, "big") for number in (1, 3600, 600, 86400, ttl_s))
    return dns.record(_QUESTION, dns.SOA, ttl_s, _HOME + b"\x0ahostmaster" + _HOME + numbers)


def _wants_ad(query: Query) -> bool:
    """Say whether a client understands AD (RFC 6840 section 5.8)."""
    return bool(query.flags & dns.AD) or (query.edns is not None and query.edns.do)


def _enclose(query: Query, rcode: int, body: bytes, counts: tuple[int, int, int], flags: int, ede: Ede | None) -> bytes:
    """Put header, question and, for a client that sent one, OPT around the records."""
    edns = b""
    if query.edns is None and rcode > 15:
        # Without an OPT the upper bits have no place, and the lower ones alone would say that all is well.
        rcode = dns.SERVFAIL
    if query.edns is not None:
        options = b""
        if ede is not None:
            text = ede[1].encode()[:EDE_TEXT_OCTETS].decode(errors="ignore").encode()
            options = dns.option(dns.OPTION_EDE, ede[0].to_bytes(2, "big") + text)
        edns = dns.opt(dns.MAX_UDP_OCTETS, do=query.edns.do, rcode=rcode, options=options)
    head_flags = dns.QR | dns.RA | query.flags & (dns.RD | dns.CD) | flags | rcode & 15
    head = dns.header(query.id, head_flags, (1, counts[0], counts[1], counts[2] + (1 if edns else 0)))
    return head + query.question + body + edns
