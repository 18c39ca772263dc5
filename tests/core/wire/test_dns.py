"""DNS messages: read as dnspython reads them, refused as BIND refuses them, a value or WireError and nothing else."""

import contextlib
import random

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import names
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Message, Query, Refusal, parse_message, parse_name, parse_query
from appliance.core.wire.reader import WireError
from tests.core.builders import message
from tests.core.wire.octets import ASK, LABELS, OPT, ORDINARY_TYPES, query, question, record

SEEDS = [
    dns.message.make_query("www.example.com", "A", use_edns=0).to_wire(),
    dns.message.make_query("example.com", "HTTPS", options=[dns.edns.ECSOption("192.0.2.1", 32)]).to_wire(),
    message(
        "www.example.com",
        "A",
        ["www.example.com 60 CNAME cdn.example.net", "cdn.example.net 30 A 192.0.2.1"],
        authorities=["example.net 60 SOA ns.example.net admin.example.net 1 2 3 4 5"],
    ).wire,
    message("example.com", "MX", ["example.com 60 MX 10 mail.example.com"]).wire,
]


# --- a value or our error


@given(st.binary(max_size=80), st.integers(0, 90))
def test_any_octets_give_a_name_or_wire_error(octets: bytes, at: int) -> None:
    """Nothing else."""
    with contextlib.suppress(WireError):
        name, end = parse_name(octets, at)
        assert at < end <= len(octets)
        assert len(names.to_wire(name)) <= names.MAX_NAME_OCTETS


def check(octets: bytes) -> None:
    """Prove that octets are read to a value or our error, and that what is read lies within them."""
    parsed = parse_query(octets)
    if isinstance(parsed, Query):
        assert octets[12 : 12 + len(parsed.question)] == parsed.question
    elif isinstance(parsed, Refusal):
        assert parsed.rcode != wire.NOERROR
    with contextlib.suppress(WireError):
        found = parse_message(octets)
        # Whether it is the question that was asked or another one, there is the same to read.
        assert [parse_message(octets, asked) for asked in ((found.question, found.name), (ASK, "example.com"))] == [
            found
        ] * 2
        for one in (*found.answers, *found.authorities, *found.additionals):
            assert one.start < one.ttl_at < one.rdata_at <= one.end <= len(octets)
            assert 0 <= one.ttl_s < 1 << 31
            with contextlib.suppress(WireError):
                wire.rdata_name(found, one)
            with contextlib.suppress(WireError):
                assert 0 <= wire.soa_minimum_s(found, one) < 1 << 32


@given(
    st.binary(max_size=60),
    st.sampled_from([0x0100, 0x8180, 0x2800, 0x2000]),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
)
def test_any_octets_give_a_message_or_our_error(body: bytes, flags: int, counts: list[int]) -> None:
    """Nothing else, with a header that makes them worth reading."""
    check(query(*counts, body=body, flags=flags))
    check(body)


@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_mutated_messages_give_a_message_or_our_error(seed: bytes, chance: int) -> None:
    """Octets altered, cut out, put in or put twice."""
    dice = random.Random(chance)
    octets = bytearray(seed)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(octets) + 1)
        match dice.randrange(4):
            case 0 if octets:
                octets[at % len(octets)] = dice.randrange(256)
            case 1:
                del octets[at : at + dice.randint(1, 8)]
            case 2:
                octets[at:at] = dice.choice([b"\xc0\x0c", b"\x00", b"\xff", b"\xc0\x1c"])
            case _:
                octets += octets[at : at + 12]
    check(bytes(octets))


# --- queries


@given(
    labels=LABELS,
    qtype=st.sampled_from(ORDINARY_TYPES),
    ident=st.integers(0, 65535),
    flags=st.sampled_from([0, dns.flags.RD, dns.flags.RD | dns.flags.CD, dns.flags.AD]),
    edns=st.none()
    | st.tuples(
        st.integers(0, 65535),
        st.booleans(),
        st.lists(st.tuples(st.integers(16, 65535), st.binary(max_size=20)), max_size=3),
    ),
)
def test_a_query_is_read_as_dnspython_wrote_it(
    labels: list[bytes],
    qtype: int,
    ident: int,
    flags: int,
    edns: tuple[int, bool, list[tuple[int, bytes]]] | None,
) -> None:
    """Whatever its name, type, flags and EDNS options."""
    if qtype in (wire.AXFR, wire.IXFR):
        qtype = wire.A
    made = dns.message.make_query(dns.name.Name([*labels, b""]), dns.rdatatype.RdataType(qtype), id=ident)
    made.flags = dns.flags.Flag(flags)
    expected = None
    if edns is not None:
        size, do, options = edns
        generic: list[dns.edns.Option] = [
            dns.edns.GenericOption(dns.edns.OptionType(code), data) for code, data in options
        ]
        made.use_edns(0, dns.flags.DO if do else 0, size, options=generic)
        expected = wire.Edns(size, 0, do, tuple(options))
    parsed = parse_query(made.to_wire())
    assert isinstance(parsed, Query)
    assert (ident, flags, names.from_labels(labels), qtype, 1) == (
        parsed.id,
        parsed.flags,
        parsed.name,
        parsed.qtype,
        parsed.qclass,
    )
    assert (expected, True) == (parsed.edns, parsed.is_plain)


def test_the_spelling_of_a_question_is_kept() -> None:
    """A client that checks it finds its own."""
    parsed = parse_query(query(1, 0, 0, 0, body=question([b"eXample", b"COM"])))
    assert isinstance(parsed, Query)
    assert (parsed.question, parsed.name) == (b"\x07eXample\x03COM\x00\x00\x01\x00\x01", "example.com")


@pytest.mark.parametrize(
    ("size", "expected"), [(None, 512), (0, 512), (512, 512), (800, 800), (1232, 1232), (4096, 1232), (65535, 1232)]
)
def test_how_long_a_reply_may_be(size: int | None, expected: int) -> None:
    """What the client takes, from 512 to what fits every path."""
    body = ASK if size is None else ASK + record(b"\x00", wire.OPT, rclass=size)
    parsed = parse_query(query(1, 0, 0, 0 if size is None else 1, body=body))
    assert isinstance(parsed, Query)
    assert expected == parsed.udp_octets


HASH = b"\x20" + b"0123456789abcdefghijklmnopqrstuv" + b"\x00"
TSIG = record(b"\x00", wire.TSIG, b"x" * 20, wire.CLASS_ANY)

REFUSED: list[tuple[str, bytes, int]] = [
    ("no question", query(0, 0, 0, 0), wire.FORMERR),
    ("two questions", query(2, 0, 0, 0, body=ASK * 2), wire.FORMERR),
    ("half a question", query(1, 0, 0, 0, body=ASK[:-1]), wire.FORMERR),
    ("octets behind it", query(1, 0, 0, 0, body=ASK + b"\x00"), wire.FORMERR),
    ("a record that isn't there", query(1, 0, 0, 1, body=ASK), wire.FORMERR),
    ("half a record", query(1, 0, 0, 1, body=ASK + OPT[:-2]), wire.FORMERR),
    ("rdata past the end", query(1, 0, 0, 1, body=ASK + OPT[:-1] + b"\x01"), wire.FORMERR),
    ("an answer", query(1, 1, 0, 0, body=ASK + record(b"\x00", 1, bytes(4))), wire.FORMERR),
    ("an authority", query(1, 0, 1, 0, body=ASK + record(b"\x00", 1, bytes(4))), wire.FORMERR),
    ("an additional of another class", query(1, 0, 0, 1, body=ASK + record(b"\x00", 1, b"", 3)), wire.FORMERR),
    ("two OPTs", query(1, 0, 0, 2, body=ASK + OPT * 2), wire.FORMERR),
    ("an OPT not at the root", query(1, 0, 0, 1, body=ASK + b"\x01a" + OPT), wire.FORMERR),
    ("half an option", query(1, 0, 0, 1, body=ASK + record(b"\x00", 41, b"\x00\x08\x00")), wire.FORMERR),
    ("an option past the end", query(1, 0, 0, 1, body=ASK + record(b"\x00", 41, b"\x00\x08\x00\x01")), wire.FORMERR),
    ("a TSIG that isn't last", query(1, 0, 0, 2, body=ASK + TSIG + OPT), wire.FORMERR),
    ("an NSEC3 without a hash", query(1, 1, 0, 0, body=ASK + record(b"\x01a\x00", 50)), wire.SERVFAIL),
    ("an NSEC3 with one", query(1, 1, 0, 0, body=ASK + record(HASH, 50)), wire.FORMERR),
    ("another version of EDNS", query(1, 0, 0, 1, body=ASK + record(b"\x00", 41, ttl=1 << 16)), wire.BADVERS),
    ("type 0", query(1, 0, 0, 0, body=question([b"a"], 0)), wire.FORMERR),
    ("type OPT", query(1, 0, 0, 0, body=question([b"a"], 41)), wire.FORMERR),
    ("a transfer", query(1, 0, 0, 0, body=question([b"a"], wire.AXFR)), wire.REFUSED),
    ("an incremental one", query(1, 0, 1, 0, body=question([b"a"], wire.IXFR) + record(b"\x00", 6)), wire.REFUSED),
    ("class CHAOS", query(1, 0, 0, 0, body=question([b"version", b"bind"], 16, 3)), wire.REFUSED),
    ("class ANY", query(1, 0, 0, 0, body=question([b"a"], 1, 255)), wire.REFUSED),
    ("type 128", query(1, 0, 0, 0, body=question([b"a"], 128)), wire.NOTIMP),
    ("type TKEY", query(1, 0, 0, 0, body=question([b"a"], 249)), wire.NOTIMP),
    ("NOTIFY", query(1, 0, 0, 0, body=ASK, flags=0x2000), wire.NOTIMP),
    ("STATUS", query(0, 0, 0, 0, flags=0x1000), wire.NOTIMP),
    ("malformed NOTIFY", query(1, 0, 0, 0, body=ASK[:-2], flags=0x2000), wire.FORMERR),
    ("UPDATE", query(1, 0, 1, 0, body=ASK + record(b"\x00", 1, bytes(4)), flags=0x2800), wire.NOTIMP),
    ("UPDATE of two zones", query(2, 0, 0, 0, body=ASK * 2, flags=0x2800), wire.FORMERR),
    (
        "UPDATE: a deletion with a TTL",
        query(1, 0, 1, 0, body=ASK + record(b"\x00", 1, b"", 254, 5), flags=0x2800),
        wire.FORMERR,
    ),
    (
        "UPDATE: a deletion with data",
        query(1, 0, 1, 0, body=ASK + record(b"\x00", 1, b"x", 255), flags=0x2800),
        wire.FORMERR,
    ),
    ("UPDATE: a deletion", query(1, 0, 1, 0, body=ASK + record(b"\x00", 1, b"", 255), flags=0x2800), wire.NOTIMP),
]


@pytest.mark.parametrize(("octets", "rcode"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_no_ordinary_query_earns_an_error(octets: bytes, rcode: int) -> None:
    """With its id and flags, so that the asker knows it."""
    parsed = parse_query(octets)
    assert isinstance(parsed, Refusal)
    assert (rcode, 7, octets[2:4]) == (parsed.rcode, parsed.id, parsed.flags.to_bytes(2, "big"))


def test_a_refusal_of_something_understood_has_its_question() -> None:
    """And says whether the asker speaks EDNS."""
    parsed = parse_query(query(1, 0, 0, 1, body=question([b"a"], wire.AXFR) + OPT))
    assert Refusal(7, 0x0100, wire.REFUSED, question([b"a"], wire.AXFR), wire.Edns(1232, 0, False)) == parsed


@pytest.mark.parametrize("octets", [b"", b"\x00" * 11, query(1, 0, 0, 0, body=ASK, flags=0x8180)])
def test_silence_is_the_answer_to_replies_and_scraps(octets: bytes) -> None:
    """Two servers would talk for ever."""
    assert parse_query(octets) is None


PLAIN = [
    ("alone", query(1, 0, 0, 0, body=ASK), True),
    ("with OPT", query(1, 0, 0, 1, body=ASK + OPT), True),
    ("signed", query(1, 0, 0, 1, body=ASK + TSIG), False),
    ("OPT and signed", query(1, 0, 0, 2, body=ASK + OPT + TSIG), False),
]


@pytest.mark.parametrize(("octets", "expected"), [row[1:] for row in PLAIN], ids=[row[0] for row in PLAIN])
def test_a_plain_query_has_a_question_and_an_opt_at_most(octets: bytes, *, expected: bool) -> None:
    """In any other shape a router might put its option at the wrong place."""
    parsed = parse_query(octets)
    assert isinstance(parsed, Query)
    assert expected == parsed.is_plain


# --- messages


def test_a_message_is_read_as_dnspython_wrote_it() -> None:
    """Every section, with the place of what may be patched."""
    made = message(
        "www.Example.com",
        "A",
        ["www.example.com 60 CNAME cdn.example.net", "cdn.example.net 30 A 192.0.2.1"],
        authorities=["example.net 50 NS ns.example.net"],
        rcode=0,
        flags=wire.AD,
        edit=lambda one: one.additional.append(dns.rrset.from_text("ns.example.net.", 40, "IN", "A", "192.0.2.2")),
    )
    found = [(one.name, one.rtype, one.ttl_s) for one in (*made.answers, *made.authorities, *made.additionals)]
    assert found == [
        ("www.example.com", wire.CNAME, 60),
        ("cdn.example.net", wire.A, 30),
        ("example.net", wire.NS, 50),
        ("ns.example.net", wire.A, 40),
        ("", wire.OPT, 0),
    ]
    assert (made.name, made.qtype, bool(made.flags & wire.AD), made.has_answer) == (
        "www.example.com",
        wire.A,
        True,
        True,
    )
    assert wire.rdata_name(made, made.answers[0]) == "cdn.example.net"
    assert made.wire[made.answers[1].rdata_at : made.answers[1].end] == b"\xc0\x00\x02\x01"
    assert (60).to_bytes(4, "big") == made.wire[made.answers[0].ttl_at : made.answers[0].ttl_at + 4]


HAS = [
    (message("a.example", "A", ["a.example 1 A 192.0.2.1"]), True),
    (message("a.example", "A", ["a.example 1 CNAME b.example"]), False),
    (message("a.example", "A", ["a.example 1 CNAME b.example", "b.example 1 A 192.0.2.1"], rcode=3), False),
    (message("a.example", "A"), False),
]


@pytest.mark.parametrize(("made", "expected"), HAS)
def test_an_answer_is_a_record_of_the_type(made: Message, *, expected: bool) -> None:
    """A CNAME to nothing is none."""
    assert expected == made.has_answer


@pytest.mark.parametrize("rcode", [0, 3, 5, 16, 23])
def test_an_rcode_is_put_together(rcode: int) -> None:
    """Four bits in the header, eight in OPT."""
    assert rcode == message("a.example", rcode=rcode).rcode


@pytest.mark.parametrize(("ttl", "expected"), [(0x7FFFFFFF, 0x7FFFFFFF), (0x80000000, 0), (0xFFFFFFFF, 0)])
def test_a_ttl_with_its_highest_bit_is_zero(ttl: int, expected: int) -> None:
    """RFC 2181 section 8."""
    found = parse_message(query(1, 1, 0, 0, body=ASK + record(b"\x00", 1, bytes(4), ttl=ttl)))
    assert [one.ttl_s for one in found.answers] == [expected]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        bytes(11),
        query(0, 0, 0, 0),
        query(1, 1, 0, 0, body=ASK),
        query(1, 0, 0, 2, body=ASK + OPT * 2),
        SEEDS[2] + b"x",
    ],
)
def test_a_malformed_message_is_a_wire_error(octets: bytes) -> None:
    """Never half a message."""
    with pytest.raises(WireError):
        parse_message(octets)


def test_rdata_that_is_no_name_is_a_wire_error() -> None:
    """Or a name and something else."""
    made = message("a.example", "A", ["a.example 1 A 192.0.2.1"])
    with pytest.raises(WireError):
        wire.rdata_name(made, made.answers[0])
    odd = parse_message(query(1, 1, 0, 0, body=ASK + record(b"\x00", wire.CNAME, b"\x01a\x00x")))
    with pytest.raises(WireError, match="not one name"):
        wire.rdata_name(odd, odd.answers[0])


def test_the_minimum_of_an_soa() -> None:
    """The last of its numbers; an SOA of another length has none."""
    made = message("a.example", authorities=["example 9 SOA ns.example admin.example 1 2 3 4 77"])
    assert wire.soa_minimum_s(made, made.authorities[0]) == 77
    odd = parse_message(query(1, 0, 1, 0, body=ASK + record(b"\x00", wire.SOA, bytes(2) + bytes(19))))
    with pytest.raises(WireError, match="wrong length"):
        wire.soa_minimum_s(odd, odd.authorities[0])


def test_what_we_write_dnspython_reads() -> None:
    """Header, record, OPT and option."""
    octets = (
        wire.header(7, wire.QR | wire.RA | 7, (1, 1, 0, 1))
        + ASK
        + wire.record(b"\xc0\x0c", wire.A, 300, bytes((192, 0, 2, 1)))
        + wire.opt(1232, do=True, rcode=23, options=wire.option(wire.OPTION_EDE, b"\x00\x0fwhy"))
    )
    read = dns.message.from_wire(octets)
    assert [rrset.to_text() for rrset in read.answer] == ["example.com. 300 IN A 192.0.2.1"]
    assert (read.id, read.rcode(), read.payload, bool(read.ednsflags & dns.flags.DO)) == (7, 23, 1232, True)
    assert [(option.code, option.text) for option in read.extended_errors()] == [(15, "why")]
