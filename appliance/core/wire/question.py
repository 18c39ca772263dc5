"""The first question of a DNS message on any port, over UDP and TCP, also of LLMNR and multicast DNS."""

from struct import Struct
from typing import Final, NamedTuple

import msgspec

from appliance.core.wire import dns
from appliance.core.wire.reader import NEED_MORE, NeedMore, WireError

MAX_AWAITED_OCTETS: Final = 600
"""Of a message in a stream: the longest question and the head of the record behind it lie within."""
MAX_QUERY_OCTETS: Final = 512
"""Where no port says DNS: names, EDNS and its padding (RFC 8467) need no more."""

_HEADER = Struct("!HHHHHH")
_QUESTION = Struct("!HH")
_RECORD = Struct("!HHIH")
_MIN_QUESTION_OCTETS = 5
_MIN_RECORD_OCTETS = 11

_RESERVED = 0x0040
_OPCODE = 0x7800
_RCODE = 0x000F
_MAX_RCODE = 11
_UNICAST = 0x8000
"""In the class of a multicast question: "answer to me alone" (RFC 6762 section 5.4)."""
_CLASSES = (dns.CLASS_IN, 3, dns.CLASS_ANY)
_NBNS_TYPES = (32, 33)
_NBNS_LABEL_OCTETS = 32


class Question(msgspec.Struct, frozen=True):
    """What a message asks, or what a response was asked."""

    name: str
    """In normal form; ``""`` is the root."""
    qtype: int
    is_response: bool


class _Counts(NamedTuple):
    questions: int
    answers: int
    authorities: int
    additionals: int

    @property
    def records(self) -> int:
        return self.answers + self.authorities + self.additionals


def parse_question(datagram: bytes, *, is_dns_port: bool = False) -> Question:
    """Return the first question of a message. Raises WireError for what is no DNS message or has no question.

    `is_dns_port`: the port says DNS already, so a message is taken that has faults behind a question that can be
    read; elsewhere all of its shape must fit (RFC 1035 section 4, RFC 4795 section 2.1, RFC 6762 section 18).
    """
    return _parse(datagram, len(datagram), is_dns_port=is_dns_port)


def parse_stream_question(stream: bytes, *, is_dns_port: bool = False) -> Question | NeedMore:
    """Return the first question of the first message of a TCP stream (RFC 7766 section 8), or NEED_MORE.

    Raises WireError as `parse_question` does.
    """
    length = int.from_bytes(stream[:2], "big")
    body = stream[2 : 2 + length]
    if len(stream) >= 2 and length < dns.HEADER_OCTETS + _MIN_QUESTION_OCTETS:
        raise WireError("too short for a question")
    if len(body) >= dns.HEADER_OCTETS:
        _parse_header(body, length, is_dns_port=is_dns_port)
    if len(stream) < 2 or len(body) < min(length, MAX_AWAITED_OCTETS):
        return NEED_MORE
    return _parse(body, length, is_dns_port=is_dns_port)


def _parse(wire: bytes, size: int, *, is_dns_port: bool) -> Question:
    """Return the question of a message of `size` octets, of which `wire` are there."""
    flags, counts = _parse_header(wire, size, is_dns_port=is_dns_port)
    name, pos = dns.parse_name(wire, dns.HEADER_OCTETS, allow_pointers=False)
    if pos + _QUESTION.size > len(wire):
        raise WireError("question past the end")
    qtype, qclass = _QUESTION.unpack_from(wire, pos)
    if qtype in _NBNS_TYPES and wire[dns.HEADER_OCTETS] == _NBNS_LABEL_OCTETS and "." not in name:
        raise WireError("a NetBIOS name (RFC 1002 section 4.2), none of DNS")
    question = Question(name, qtype, bool(flags & dns.QR))
    if not is_dns_port:
        _check_question(question, qclass)
        _check_rest(wire, size, pos + _QUESTION.size, question, counts)
    return question


def _parse_header(wire: bytes, size: int, *, is_dns_port: bool) -> tuple[int, _Counts]:
    if size < dns.HEADER_OCTETS + _MIN_QUESTION_OCTETS:
        raise WireError("too short for a question")
    _, flags, *numbers = _HEADER.unpack_from(wire)
    counts = _Counts(*numbers)
    left = size - dns.HEADER_OCTETS
    if not 1 <= counts.questions <= left // _MIN_QUESTION_OCTETS:
        raise WireError("no question, or more than there is room for")
    if is_dns_port:
        return flags, counts
    if flags & (_OPCODE | _RESERVED) or flags & _RCODE > _MAX_RCODE or counts.questions > 1:
        raise WireError("no flags of DNS")
    if not flags & dns.QR:
        # EDNS and a signature at most. (The known answers of multicast DNS come to its own port.)
        is_bare = counts.answers == counts.authorities == 0 and counts.additionals <= 2
        if size > MAX_QUERY_OCTETS or flags & (dns.RA | _RCODE) or not is_bare:
            raise WireError("no query")
    if counts.records * _MIN_RECORD_OCTETS > left - _MIN_QUESTION_OCTETS:
        raise WireError("more records than there is room for")
    return flags, counts


def _check_question(question: Question, qclass: int) -> None:
    """Refuse what no client asks: a class or a type that does not exist, or the root."""
    is_type = 0 < question.qtype < 266 or question.qtype in (32768, 32769) or 65280 <= question.qtype < 65535
    if qclass & ~_UNICAST not in _CLASSES or not is_type or not question.name:
        raise WireError("no question that is asked")


def _check_rest(wire: bytes, size: int, pos: int, question: Question, counts: _Counts) -> None:
    """Refuse a message whose first record does not fit behind its question."""
    if counts.records == 0:
        if pos != size:
            raise WireError("octets after the message")
        return
    _, pos = dns.parse_name(wire, pos)
    if pos + _RECORD.size > len(wire):
        raise WireError("record past the end")
    rtype, _, _, rdlength = _RECORD.unpack_from(wire, pos)
    end = pos + _RECORD.size + rdlength
    if end > size or (counts.records == 1 and end != size):
        raise WireError("rdata past the end, or octets after it")
    if not question.is_response and rtype not in (dns.OPT, dns.TSIG):
        raise WireError("a record that no query has")
