"""Encrypted hellos (ECH, RFC 9849): kept from those who are led by the names in hellos.

With one, nobody but the site's network sees which site a connection is for: who may not ask another resolver could go
anywhere by it.
"""

from typing import Final

from msgspec.structs import replace

from appliance.core import names
from appliance.core.subject import Subject
from appliance.core.verdict import TERMS, Strictness
from appliance.core.wire import dns, svcb
from appliance.core.wire.dns import Message, Record
from appliance.core.wire.svcb import Service

CATEGORY: Final = "bypass_dns"
"""Who may ask another resolver gets these keys there anyway."""

_RRSIG: Final = 46
_NAMED: Final = frozenset((dns.CNAME, dns.DNAME))
_PLAIN: Final = frozenset((dns.A, dns.AAAA, _RRSIG))
"""Types whose data hold no name that could be cut short (RFC 4034 section 3.1.7)."""
_TO_QUESTION = b"\xc0\x0c"


def is_withheld(subject: Subject) -> bool:
    """Say whether an asker gets no keys for encrypted hellos: children, but for a school's or a firm's own devices."""
    return not subject.is_managed and TERMS[subject.letter(CATEGORY)].strictness is not Strictness.ALLOW


def without_keys(message: Message) -> Message:
    """Return an answer without the keys. Raises WireError.

    What was changed is signed no more and isn't called authentic; only what an answer of this type is made of is kept.
    """
    told = {
        record: svcb.read(message.wire, record.rdata_at, record.end)
        for record in message.answers
        if record.rtype in svcb.TYPES
    }
    changed = {(record.name, record.rtype) for record, service in told.items() if service.has(svcb.ECH)}
    kept = [_copy(message, one, told.get(one)) for one in message.answers if not _is_signature(message, one, changed)]
    records = [octets for octets in kept if octets]
    head = dns.header(message.id, message.flags & ~dns.AD, (1, len(records), 0, 0))
    return replace(dns.parse_message(head + message.question + b"".join(records)), rcode=message.rcode)


def _is_signature(message: Message, record: Record, changed: set[tuple[str, int]]) -> bool:
    """Say whether a record signs what was changed; the type that it signs stands first in it."""
    covered = int.from_bytes(message.wire[record.rdata_at : record.rdata_at + 2], "big")
    return record.rtype == _RRSIG and (record.name, covered) in changed


def _copy(message: Message, record: Record, service: Service | None) -> bytes:
    """Return a record that stands anywhere in a message, nothing for one of another type."""
    if service is not None:
        rdata = service.without(svcb.ECH).encode()
    elif record.rtype in _NAMED:
        rdata = names.to_wire(dns.rdata_name(message, record))
    elif record.rtype in _PLAIN:
        rdata = message.wire[record.rdata_at : record.end]
    else:
        return b""
    owner = _TO_QUESTION if record.name == message.name else names.to_wire(record.name)
    return dns.record(owner, record.rtype, record.ttl_s, rdata)
