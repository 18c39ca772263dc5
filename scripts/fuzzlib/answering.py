"""Octets as a client's query, and as an upstream's answer on its way through the cache to a child and to an adult."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from appliance.core import delivery, ech, names
from appliance.core.answers import MAX_TTL_S, STALE_TTL_S, Answers, Kept, lifetime_s
from appliance.core.budget import NOT_COUNTED
from appliance.core.house import House
from appliance.core.lists.build import Known, Source, build
from appliance.core.lists.listset import ListSet
from appliance.core.person import Person, PersonKind
from appliance.core.query import Ask, Failure, Reply, Setting, at_home, begin, finish, is_answer_to, upstream_query
from appliance.core.record import Record, RecordType
from appliance.core.rulebook import Rulebook
from appliance.core.subject import Subject
from appliance.core.subscription import Subscription
from appliance.core.wire import dns, svcb
from appliance.core.wire.dns import Message, Query
from appliance.core.wire.reader import WireError
from appliance.nameserver.inforce import Maker
from appliance.world.patterns import compile_patterns
from appliance.world.rules import bundled_set, load_rulebook
from appliance.world.snapshot import Snapshot

AT: Final = 1_800_000_000.0
IDENT: Final = 7
PLAIN, LED = "www.example.com", "www.google.com"
"""What is asked for: a name that nothing is said of, and one that has a safe mode."""
QTYPES: Final = (dns.A, dns.AAAA, dns.HTTPS, dns.CNAME, dns.TXT, dns.SVCB, dns.SOA, dns.DNAME)
LINES: Final = ("||blocked.example^", "198.51.100.66", "||led.example^$dnsrewrite=NOERROR;CNAME;to.example")
HOUSE: Final = House(
    persons=(Person(id="child", name="child", band="6-9"), Person(id="adult", name="adult", kind=PersonKind.ADULT)),
    lists=(Subscription(id="own", name="own", redirects=True),),
    records=(Record(name="told.example", type=RecordType.A, value="192.0.2.1"),),
    private_names=("inside.example",),
)
PERSONS: Final = ("child", "adult")


class Broken(Exception):
    """What came out is not as promised."""


def read_dns(octets: bytes) -> None:
    """Read a message as a query and as an answer, and all that is told of its records."""
    asked = dns.parse_query(octets)
    if isinstance(asked, Query):
        _check_name(asked.name)
        _expect(dns.MIN_UDP_OCTETS <= asked.udp_octets <= dns.MAX_UDP_OCTETS, "a size within bounds")
    try:
        message = dns.parse_message(octets)
    except WireError:
        return
    _check_name(message.name)
    _expect(0 <= lifetime_s(message) <= MAX_TTL_S, "a lifetime within bounds")
    for record in (*message.answers, *message.authorities, *message.additionals):
        _check_name(record.name)
        with contextlib.suppress(WireError):
            _check_name(dns.rdata_name(message, record))
        with contextlib.suppress(WireError):
            dns.soa_minimum_s(message, record)
        with contextlib.suppress(WireError):
            _check_service(svcb.read(message.wire, record.rdata_at, record.end))
    with contextlib.suppress(WireError):
        delivery.read(message, message.name)
    with contextlib.suppress(WireError):
        _expect(not _has_keys(ech.without_keys(message)), "no keys")


def read_answers(octets: bytes) -> None:
    """Answer octets as a query; and a known question, as the first octet says, out of the rest as what came for it."""
    for is_tcp in (False, True):
        for person in PERSONS:
            _ask(octets[1:], _subject(person), is_tcp)
    if octets:
        _answer(octets[0], octets[1:])


def _ask(octets: bytes, subject: Subject, is_tcp: bool) -> None:
    parsed = dns.parse_query(octets)
    if parsed is None:
        return
    made = begin(_setting(), subject, parsed, is_tcp, AT)
    if isinstance(made, Ask):
        _expect(dns.parse_message(upstream_query(made, IDENT)).name == made.name, "the same question for upstreams")
        made = finish(_setting(), subject, made, Failure.NO_ANSWER, is_tcp, AT)
    if isinstance(parsed, Query):
        _check_reply(made, parsed, is_tcp)
        _check_reply(at_home(parsed, ("192.0.2.1", "2001:db8::1")), parsed, is_tcp)
    else:
        _expect(made.wire[:2] == octets[:2] and made.wire[2] & 0x80 != 0, "an error as a reply")


def _answer(how: int, octets: bytes) -> None:
    is_tcp = how & 16 != 0
    query = _query(LED if how & 128 else PLAIN, QTYPES[how & 7], has_edns=how & 32 != 0, do=how & 8 != 0)
    setting = replace(_setting(), answers=Answers(1 << 20))
    subjects = [_subject(person) for person in PERSONS]
    for subject in subjects:
        ask = begin(setting, subject, query, is_tcp, AT)
        if isinstance(ask, Reply):
            # It has no answer in a safe mode, or what was read for the other one is kept.
            _check_reply(ask, query, is_tcp)
            continue
        wire = octets if how & 64 else _fitted(octets, ask)
        try:
            message = dns.parse_message(wire)
        except WireError:
            return
        if is_answer_to(message, ask, int.from_bytes(wire[:2], "big")):
            _pass_on(setting, subjects, ask, message, is_tcp)


def _pass_on(setting: Setting, subjects: Sequence[Subject], ask: Ask, message: Message, is_tcp: bool) -> None:
    """Let an answer be told at once, a little later, and when it is old; then it comes again."""
    answers, is_target = setting.answers, ask.name != ask.query.name
    kept = answers.put(ask.key, message, AT, is_target=is_target)
    old_at = kept.fresh_until + 60
    outcomes = [(kept, AT), (answers.get(ask.key, AT + 1), AT + 1), (answers.get_stale(ask.key, old_at), old_at)]
    for outcome, at in outcomes:
        for subject in subjects:
            if outcome is not None:
                _check_answer(setting, subject, ask, outcome, is_tcp, at)
    for number in range(4):
        for subject in subjects:
            again = begin(setting, subject, ask.query, is_tcp, AT + number)
            if isinstance(again, Reply):
                _check_reply(again, ask.query, is_tcp)
    answers.note_vain(ask.key, old_at)
    patience_s = answers.patience_s(ask.key, old_at)
    _expect(patience_s is None or patience_s == 0, "no patience after a try in vain")
    answers.put(ask.key, message, AT + 2, is_target=is_target)


def _check_answer(setting: Setting, subject: Subject, ask: Ask, kept: Kept, is_tcp: bool, at: float) -> None:
    made = finish(setting, subject, ask, kept, is_tcp, at)
    told = _check_reply(made, ask.query, is_tcp)
    if made.rcode == dns.SERVFAIL or made.verdict is None or made.verdict.is_blocked:
        return
    _expect(not delivery.read(told, ask.query.name).leads_home, "no address of a home")
    _expect(not (ech.is_withheld(subject) and _has_keys(told)), "no keys")
    if at >= kept.fresh_until + 1:
        _expect(all(record.ttl_s <= STALE_TTL_S for record in told.answers), "old answers soon asked for again")


def _check_reply(made: Reply, query: Query, is_tcp: bool) -> Message:
    """Read a reply as whoever asked would."""
    message = dns.parse_message(made.wire)
    _expect(message.id == query.id and message.question == query.question, "the question as it came")
    _expect(bool(message.flags & dns.QR), "a reply")
    _expect(len(made.wire) <= (dns.MAX_TCP_OCTETS if is_tcp else query.udp_octets), "no more than fits")
    _expect((message.edns is None) == (query.edns is None), "EDNS where it was asked with")
    return message


def _check_name(name: str) -> None:
    octets = names.to_wire(name)
    _expect(dns.parse_name(octets, 0, allow_pointers=False) == (name, len(octets)), "a name that can be written")


def _check_service(service: svcb.Service) -> None:
    _expect(all(len(hint) in (4, 16) for hint in service.hints), "addresses of a right length")
    for one in (service, service.without(svcb.ECH)):
        octets = one.encode()
        _expect(svcb.read(octets, 0, len(octets)) == one, "a service that can be written")
    _expect(not service.without(svcb.ECH).has(svcb.ECH), "no keys")


def _has_keys(message: Message) -> bool:
    found = (one for one in message.answers if one.rtype in svcb.TYPES)
    return any(svcb.read(message.wire, one.rdata_at, one.end).has(svcb.ECH) for one in found)


def _expect(is_so: bool, what: str) -> None:
    if not is_so:
        raise Broken(what)


def _query(name: str, qtype: int, *, has_edns: bool, do: bool) -> Query:
    head = dns.header(IDENT, dns.RD, (1, 0, 0, 1 if has_edns else 0))
    question = names.to_wire(name) + qtype.to_bytes(2, "big") + b"\x00\x01"
    parsed = dns.parse_query(head + question + (dns.opt(dns.MAX_UDP_OCTETS, do=do) if has_edns else b""))
    if not isinstance(parsed, Query):
        raise Broken("an ordinary question")
    return parsed


def _fitted(octets: bytes, ask: Ask) -> bytes:
    """Return octets (flags, three counts, records) as an answer to what was asked."""
    head = octets[:8].ljust(8, b"\x00")
    asked = dns.parse_message(upstream_query(ask, IDENT))
    return (
        IDENT.to_bytes(2, "big") + bytes((head[0] | 0x80, head[1])) + b"\0\1" + head[2:] + asked.question + octets[8:]
    )


@cache
def _setting() -> Setting:
    """Return the house with the bundled rules and a list, and a cache in which nothing is ever put."""
    rules: Rulebook = load_rulebook()
    source = Source(id="own", lines=list(LINES), redirects=True, wide=True)
    lists = ListSet(build([source], Known(), compile_patterns).octets, compile_patterns)
    maker = Maker(rules, bundled_set(rules), Answers(0))
    return maker.make(Snapshot(1, HOUSE, b""), lists, NOT_COUNTED).setting


def _subject(person: str) -> Subject:
    return _setting().policy.by_person[person]


def _records(*records: bytes, authorities: Sequence[bytes] = (), flags: int = 0x8180) -> bytes:
    counts = (len(records), len(authorities), 0)
    return (
        dns.header(0, flags, (0, *counts))[2:4]
        + dns.header(0, 0, (0, *counts))[6:]
        + b"".join((*records, *authorities))
    )


_TO_QUESTION: Final = b"\xc0\x0c"
_HERE, _THERE = names.to_wire("cdn.example.net"), names.to_wire("forcesafesearch.google.com")
_SOA = (
    names.to_wire("ns.example") + names.to_wire("me.example") + b"".join(n.to_bytes(4, "big") for n in (1, 2, 3, 4, 5))
)
_SERVICE = svcb.Service(
    1, "", ((0, b"\0\5"), (1, b"\2h2"), (4, bytes((198, 51, 100, 7))), (5, b"keys"), (6, b"\x20\1" + bytes(14)))
).encode()
_A = dns.record(_TO_QUESTION, dns.A, 300, bytes((198, 51, 100, 7)))
_ANSWERS: Final = (
    (0, _records(_A)),
    (0, _records(_A, dns.record(_TO_QUESTION, dns.A, 300, bytes((192, 168, 0, 1))))),
    (0, _records(dns.record(_TO_QUESTION, dns.CNAME, 60, _HERE), dns.record(_HERE, dns.A, 9, bytes(4)))),
    (1, _records(dns.record(_TO_QUESTION, dns.AAAA, 300, b"\x20\1" + bytes(14)))),
    (2, _records(dns.record(_TO_QUESTION, dns.HTTPS, 300, _SERVICE))),
    (5, _records(dns.record(_TO_QUESTION, dns.SVCB, 300, _SERVICE))),
    (4, _records(*(dns.record(_TO_QUESTION, dns.TXT, 300, b"\x50" + bytes(80)) for _ in range(14)))),
    (0, _records(authorities=[dns.record(_TO_QUESTION, dns.SOA, 300, _SOA)], flags=0x8183)),
    (2, _records(authorities=[dns.record(_TO_QUESTION, dns.SOA, 300, _SOA)])),
    (0, _records(flags=0x8182)),
    (128, _records(_A, dns.record(_THERE, dns.A, 300, bytes((198, 51, 100, 8))))),
)
_ASKED: Final = tuple(
    dns.header(IDENT, dns.RD, (1, 0, 0, 1)) + names.to_wire(name) + b"\0\1\0\1" + dns.opt(1232, do=True, options=told)
    for name, told in (
        (PLAIN, b""),
        (LED, dns.option(65001, b"\2\0\0\0\0\1")),
        ("blocked.example", dns.option(dns.OPTION_ECS, b"\0\1\x20\0\xc0\0\2\1")),
        ("led.example", b""),
        ("told.example", b""),
        ("1.0.168.192.in-addr.arpa", b""),
    )
)

ANSWER_SEEDS: Final = (
    *(bytes((how | more,)) + octets for how, octets in _ANSWERS for more in (0, 32, 48)),
    *(b"\x40" + octets for octets in _ASKED),
)
DNS_SEEDS: Final = (
    *(
        dns.header(IDENT, 0, (0, 0, 0, 0))[:2] + octets[:2] + b"\0\1" + octets[2:8] + _ASKED[0][12:33] + octets[8:]
        for _, octets in _ANSWERS
    ),
    *_ASKED,
)
