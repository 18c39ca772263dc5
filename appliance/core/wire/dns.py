"""DNS messages (RFC 1035, RFC 6891): queries of clients, replies of upstreams, and the octets that we answer with."""

from struct import Struct
from typing import Final, NamedTuple

import msgspec

from appliance.core import names
from appliance.core.wire.reader import Reader, WireError

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
PTR: Final = 12
HINFO: Final = 13
TXT: Final = 16
AAAA: Final = 28
DNAME: Final = 39
OPT: Final = 41
NSEC3: Final = 50
SVCB: Final = 64
HTTPS: Final = 65
TSIG: Final = 250
IXFR: Final = 251
AXFR: Final = 252
ANY: Final = 255

CLASS_IN: Final = 1
CLASS_NONE: Final = 254
CLASS_ANY: Final = 255

OPCODE_QUERY: Final = 0
OPCODE_UPDATE: Final = 5

NOERROR: Final = 0
FORMERR: Final = 1
SERVFAIL: Final = 2
NXDOMAIN: Final = 3
NOTIMP: Final = 4
REFUSED: Final = 5
BADVERS: Final = 16

QR: Final = 0x8000
TC: Final = 0x0200
RD: Final = 0x0100
RA: Final = 0x0080
AD: Final = 0x0020
CD: Final = 0x0010
DO: Final = 0x8000
"""In the flags of OPT, not of the header."""

OPTION_ECS: Final = 8
OPTION_EDE: Final = 15

HEADER_OCTETS: Final = 12
MIN_UDP_OCTETS: Final = 512
MAX_UDP_OCTETS: Final = 1232
"""What we send and take over UDP: fits every path without fragments (DNS flag day 2020)."""
MAX_TCP_OCTETS: Final = 65_535

MAX_POINTERS: Final = 126
"""A name of 255 octets has at most 127 labels: more pointers than that only keep us busy."""

_HEADER = Struct("!HHHHHH")
_RECORD = Struct("!HHIH")
_OPTION = Struct("!HH")
_QUESTION = Struct("!HH")
_TO_QUESTION = b"\xc0\x0c"


class Edns(msgspec.Struct, frozen=True):
    """What the OPT record of a message says (RFC 6891 section 6.1)."""

    size_octets: int
    version: int
    do: bool
    options: tuple[tuple[int, bytes], ...] = ()
    extended_rcode: int = 0


class Query(msgspec.Struct, frozen=True):
    """A client's message: one question, understood."""

    id: int
    flags: int
    question: bytes
    """The question section as it came, the spelling of its name kept."""
    name: str
    qtype: int
    qclass: int
    edns: Edns | None
    is_plain: bool = True
    """One question, at most one OPT, and nothing else: a shape in which a router's option can't be mistaken."""

    @property
    def udp_octets(self) -> int:
        """How long a UDP reply this client takes, at most."""
        if self.edns is None:
            return MIN_UDP_OCTETS
        return max(MIN_UDP_OCTETS, min(self.edns.size_octets, MAX_UDP_OCTETS))


class Refusal(msgspec.Struct, frozen=True):
    """A client's message that gets an error and nothing more."""

    id: int
    flags: int
    rcode: int
    question: bytes = b""
    edns: Edns | None = None


class Record(NamedTuple):
    """Where a resource record lies in a message, and what policy must know of it."""

    name: str
    rtype: int
    rclass: int
    ttl_s: int
    start: int
    ttl_at: int
    rdata_at: int
    end: int


class Message(msgspec.Struct, frozen=True):
    """A reply of an upstream, its records found and bounds-checked; `wire` is kept as it came."""

    wire: bytes
    id: int
    flags: int
    rcode: int
    question: bytes
    name: str
    qtype: int
    qclass: int
    answers: tuple[Record, ...]
    authorities: tuple[Record, ...]
    additionals: tuple[Record, ...]
    edns: Edns | None

    @property
    def has_answer(self) -> bool:
        """It has a record of the type asked for; otherwise it says that there is none (RFC 2308 section 2)."""
        return self.rcode == NOERROR and any(record.rtype == self.qtype for record in self.answers)


def parse_name(wire: bytes, pos: int, *, allow_pointers: bool = True) -> tuple[str, int]:
    """Return the name at `pos` in normal form and the position after it (RFC 1035 section 4.1.4).

    Pointers must point backwards, so that no message can hold a loop. Raises WireError.
    """
    labels: list[bytes] = []
    octets = 1
    after = -1
    pointers = 0
    lowest = pos
    size = len(wire)
    while True:
        if pos >= size:
            raise WireError("name past the end")
        length = wire[pos]
        if length == 0:
            return names.from_labels(labels), pos + 1 if after < 0 else after
        if length < 64:
            octets += length + 1
            if octets > names.MAX_NAME_OCTETS or pos + 1 + length > size:
                raise WireError("name too long")
            labels.append(wire[pos + 1 : pos + 1 + length])
            pos += length + 1
        elif length >= 192 and allow_pointers:
            if pos + 2 > size:
                raise WireError("pointer past the end")
            if after < 0:
                after = pos + 2
            pos = (length & 63) << 8 | wire[pos + 1]
            pointers += 1
            if not HEADER_OCTETS <= pos < lowest or pointers > MAX_POINTERS:
                raise WireError("pointer not backwards, or one of too many")
            lowest = pos
        else:
            raise WireError("label type unknown")


def parse_query(wire: bytes) -> Query | Refusal | None:
    """Return what a client's message asks, the error it earns, or None where silence is the only right answer.

    None for what is too short to have an id, and for replies (answering those would let two servers talk for ever).
    Checks the whole message, every section: whatever follows may rely on it.
    """
    if len(wire) < HEADER_OCTETS:
        return None
    ident, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(wire)
    if flags & QR:
        return None
    opcode = flags >> 11 & 15
    if opcode != OPCODE_QUERY:
        return _refuse_opcode(wire, ident, flags)
    try:
        name, pos = _parse_question(wire, questions)
        sections = _parse_sections(wire, pos, (answers, authorities, additionals))
        edns = _parse_opt(wire, sections[2])
    except WireError:
        return Refusal(ident, flags, FORMERR)
    qtype, qclass = _QUESTION.unpack_from(wire, pos - 4)
    question = wire[HEADER_OCTETS:pos]
    rcode = _misplaced(sections, qtype, qclass) if len(wire) > pos else NOERROR
    if rcode:
        return Refusal(ident, flags, rcode)
    rcode = _refused_question(qtype, qclass, edns)
    if rcode:
        return Refusal(ident, flags, rcode, question, edns)
    is_plain = additionals == (edns is not None)
    return Query(ident, flags, question, name, qtype, qclass, edns, is_plain)


def _parse_question(wire: bytes, count: int) -> tuple[str, int]:
    """Return the name of the one question and the position after it."""
    if count != 1:
        raise WireError("not one question")
    name, pos = parse_name(wire, HEADER_OCTETS, allow_pointers=False)
    if pos + 4 > len(wire):
        raise WireError("question past the end")
    return name, pos + 4


def _refused_question(qtype: int, qclass: int, edns: Edns | None) -> int:
    """Return the RCODE of a question that no forwarder answers, 0 for one that is."""
    if edns is not None and edns.version != 0:
        return BADVERS
    if qtype in (0, OPT):
        return FORMERR
    if qtype in (IXFR, AXFR) or qclass != CLASS_IN:
        return REFUSED
    # RFC 6895 section 3.1: 128 to 255 are for questions about something else than data.
    return NOTIMP if 128 <= qtype < ANY else NOERROR


def parse_message(wire: bytes, asked: tuple[bytes, str] = (b"", "")) -> Message:
    """Return an upstream's reply with its records found. Raises WireError for anything malformed.

    `asked` is a question section and the name in it, which need not be read where they are just the reply's.
    """
    if len(wire) < HEADER_OCTETS:
        raise WireError("no header")
    ident, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(wire)
    question, name = asked
    if question and questions == 1 and wire.startswith(question, HEADER_OCTETS):
        pos = HEADER_OCTETS + len(question)
    else:
        name, pos = _parse_question(wire, questions)
        question = wire[HEADER_OCTETS:pos]
    qtype, qclass = _QUESTION.unpack_from(wire, pos - 4)
    sections = _parse_sections(wire, pos, (answers, authorities, additionals), name)
    edns = _parse_opt(wire, sections[2])
    rcode = flags & 15 | (edns.extended_rcode << 4 if edns else 0)
    return Message(wire, ident, flags, rcode, question, name, qtype, qclass, *sections, edns)


def rdata_name(message: Message, record: Record) -> str:
    """Return the name that a CNAME, DNAME, NS or PTR record points to. Raises WireError."""
    name, end = parse_name(message.wire, record.rdata_at)
    if end != record.end:
        raise WireError("rdata is not one name")
    return name


def soa_minimum_s(message: Message, record: Record) -> int:
    """Return the MINIMUM field of an SOA record, in seconds (RFC 2308 section 4). Raises WireError."""
    _, pos = parse_name(message.wire, record.rdata_at)
    _, pos = parse_name(message.wire, pos)
    if record.end - pos != 20:
        raise WireError("SOA of a wrong length")
    return int.from_bytes(message.wire[record.end - 4 : record.end], "big")


def header(ident: int, flags: int, counts: tuple[int, int, int, int]) -> bytes:
    """Return the twelve octets that begin a message."""
    return _HEADER.pack(ident, flags, *counts)


def opt(size_octets: int, *, do: bool, rcode: int = 0, options: bytes = b"") -> bytes:
    """Return an OPT record; `options` are the octets of its options, as `option` gives them."""
    ttl = rcode >> 4 << 24 | (DO if do else 0)
    return b"\x00" + _RECORD.pack(OPT, size_octets, ttl, len(options)) + options


def option(code: int, data: bytes) -> bytes:
    """Return one EDNS option."""
    return _OPTION.pack(code, len(data)) + data


def record(name_wire: bytes, rtype: int, ttl_s: int, rdata: bytes) -> bytes:
    """Return a resource record of class IN; `name_wire` is a name or a pointer to one."""
    return name_wire + _RECORD.pack(rtype, CLASS_IN, ttl_s, len(rdata)) + rdata


def _refuse_opcode(wire: bytes, ident: int, flags: int) -> Refusal:
    """Answer NOTIFY, UPDATE and the rest: we hold no zone (RFC 1996 3.1, RFC 2136 2.2): not implemented."""
    try:
        counts = _HEADER.unpack_from(wire)[2:]
        pos = HEADER_OCTETS
        for _ in range(counts[0]):
            _, pos = parse_name(wire, pos)
            pos += 4
        sections = _parse_sections(wire, pos, (counts[1], counts[2], counts[3]))
        if flags >> 11 & 15 == OPCODE_UPDATE:
            _check_update(counts[0], sections[1])
    except WireError:
        return Refusal(ident, flags, FORMERR)
    return Refusal(ident, flags, NOTIMP)


def _check_update(zones: int, updates: tuple[Record, ...]) -> None:
    """Refuse what RFC 2136 sections 2.3 and 3.4.1 call malformed: one zone, deletions without data."""
    if zones != 1:
        raise WireError("not one zone")
    for found in updates:
        if found.rclass in (CLASS_ANY, CLASS_NONE) and found.ttl_s:
            raise WireError("a deletion with a TTL")
        if found.rclass == CLASS_ANY and found.end != found.rdata_at:
            raise WireError("a deletion of a set with data")


def _misplaced(records: tuple[tuple[Record, ...], ...], qtype: int, qclass: int) -> int:
    """Return the RCODE that a query earns for records it should not carry, 0 for none.

    BIND answers an NSEC3 record whose owner is no hash with SERVFAIL and all else with FORMERR; so do we. Answers
    belong in no query, authorities in IXFR only (RFC 1995 section 3).
    """
    answers, authorities, additionals = records
    if any(found.rtype == NSEC3 and not _is_hash(found.name) for found in (*answers, *authorities)):
        return SERVFAIL
    if answers or (authorities and qtype != IXFR):
        return FORMERR
    for number, found in enumerate(additionals):
        if found.rtype == TSIG and number + 1 != len(additionals):
            return FORMERR
        if found.rtype not in (OPT, TSIG) and found.rclass not in (qclass, CLASS_ANY):
            return FORMERR
    return NOERROR


def _is_hash(name: str) -> bool:
    label = name.partition(".")[0]
    return len(label) == 32 and all(char in "0123456789abcdefghijklmnopqrstuv" for char in label)


def _parse_sections(
    wire: bytes, pos: int, counts: tuple[int, int, int], asked: str = ""
) -> tuple[tuple[Record, ...], tuple[Record, ...], tuple[Record, ...]]:
    sections = []
    for count in counts:
        section = []
        for _ in range(count):
            found = _parse_record(wire, pos, asked)
            section.append(found)
            pos = found.end
        sections.append(tuple(section))
    if pos != len(wire):
        raise WireError("octets after the message")
    return sections[0], sections[1], sections[2]


def _parse_record(wire: bytes, start: int, asked: str) -> Record:
    # Most records of most answers are the question's: their name is a pointer to it.
    if wire[start : start + 2] == _TO_QUESTION and asked:
        name, pos = asked, start + 2
    else:
        name, pos = parse_name(wire, start)
    if pos + 10 > len(wire):
        raise WireError("record past the end")
    rtype, rclass, ttl_s, rdlength = _RECORD.unpack_from(wire, pos)
    end = pos + 10 + rdlength
    if end > len(wire):
        raise WireError("rdata past the end")
    # RFC 2181 section 8: a TTL with its highest bit set is zero.
    return Record(name, rtype, rclass, ttl_s if ttl_s < 1 << 31 else 0, start, pos + 4, pos + 10, end)


def _parse_opt(wire: bytes, additionals: tuple[Record, ...]) -> Edns | None:
    found = [record for record in additionals if record.rtype == OPT] if additionals else None
    if not found:
        return None
    if len(found) > 1 or found[0].name:
        raise WireError("more than one OPT, or not at the root")
    ttl = int.from_bytes(wire[found[0].ttl_at : found[0].ttl_at + 4], "big")
    reader = Reader(wire, found[0].rdata_at, found[0].end)
    options = []
    while reader.left:
        code, size = reader.u16(), reader.u16()
        options.append((code, reader.take(size)))
    return Edns(found[0].rclass, ttl >> 16 & 255, bool(ttl & DO), tuple(options), ttl >> 24)
