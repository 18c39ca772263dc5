"""First questions: read as dnspython reads them, on a port of DNS and elsewhere; nothing else is taken for one."""

import contextlib
import time
from typing import Any

import dns.edns
import dns.message
import dns.name
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import names
from appliance.core.wire import dns as wire
from appliance.core.wire.question import (
    MAX_AWAITED_OCTETS,
    MAX_QUERY_OCTETS,
    Question,
    parse_question,
    parse_stream_question,
)
from appliance.core.wire.reader import NEED_MORE, WireError
from tests.core.builders import message
from tests.core.wire.octets import ASK, LABELS, OPT, ORDINARY_TYPES, query, question, record

ASKED = Question("example.com", wire.A, is_response=False)
ANSWERED = Question("example.com", wire.A, is_response=True)
TO_QUESTION = b"\xc0\x0c"
ANSWER = message("example.com", "A", ["example.com 60 A 192.0.2.1", "example.com 60 A 192.0.2.2"]).wire
FLAGS = st.sampled_from([0, 0x0100, 0x0120, 0x8180, 0x8583, 0x2800, 0x0140, 0x8000])
OCTETS = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda flags, counts, labels, rest: query(*counts, body=question(labels) + rest, flags=flags),
        FLAGS,
        st.tuples(st.integers(0, 2), *[st.sampled_from([0, 0, 0, 1, 9])] * 3),
        LABELS,
        st.binary(max_size=30),
    ),
)


def prefixed(octets: bytes) -> bytes:
    """Return a message as TCP carries it."""
    return len(octets).to_bytes(2, "big") + octets


# --- what is taken


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (query(1, 0, 0, 0, body=ASK), ASKED),
        (query(1, 0, 0, 0, body=ASK, flags=0x0130), ASKED),
        (query(1, 0, 0, 1, body=ASK + OPT), ASKED),
        (query(1, 0, 0, 2, body=ASK + OPT + record(b"\x01a\x00", wire.TSIG)), ASKED),
        (query(1, 0, 0, 0, body=question([b"Example", b"COM"], 1, 0x8001)), ASKED),
        (query(1, 0, 0, 0, body=question([b"version", b"bind"], 16, 3)), Question("version.bind", 16, False)),
        (query(1, 0, 0, 0, body=question([b"a"], 65399)), Question("a", 65399, False)),
        (query(1, 0, 0, 0, body=question([b"a"], 32769)), Question("a", 32769, False)),
        (query(1, 0, 0, 0, body=ASK, flags=0x8183), ANSWERED),
        (ANSWER, ANSWERED),
        (query(1, 1, 0, 0, body=ASK + record(TO_QUESTION, 1, bytes(4)), flags=0x8180), ANSWERED),
    ],
)
def test_a_message_is_known_by_its_shape(octets: bytes, expected: Question) -> None:
    """Whatever the port, over UDP and TCP."""
    assert parse_question(octets) == expected
    assert parse_question(octets, is_dns_port=True) == expected
    assert parse_stream_question(prefixed(octets) + b"more") == expected


FAULTS = [
    query(2, 0, 0, 0, body=ASK + ASK),
    query(1, 0, 0, 0, body=ASK + b"\x00"),
    query(1, 1, 0, 0, body=ASK + record(TO_QUESTION, 1)),
    query(1, 0, 1, 0, body=ASK + record(TO_QUESTION, 1)),
    query(1, 0, 0, 3, body=ASK + OPT * 3),
    query(1, 0, 0, 1, body=ASK),
    query(1, 0, 0, 1, body=ASK + OPT + b"\x00"),
    query(1, 0, 0, 1, body=ASK + OPT[:-1] + b"\x01"),
    query(1, 0, 0, 1, body=ASK + b"\x09" + bytes(10)),
    query(1, 0, 0, 1, body=ASK + b"\x01a" + bytes(9)),
    query(1, 0, 0, 1, body=ASK + record(TO_QUESTION, 1)),
    query(1, 0, 0, 0, body=ASK, flags=0x0140),
    query(1, 0, 0, 0, body=ASK, flags=0x0180),
    query(1, 0, 0, 0, body=ASK, flags=0x0103),
    query(1, 0, 0, 0, body=ASK, flags=0x2000),
    query(1, 0, 0, 0, body=ASK, flags=0x818C),
    query(1, 9, 0, 0, body=ASK + record(TO_QUESTION, 1), flags=0x8180),
    query(1, 0, 0, 0, body=question([b"example", b"com"], 1, 2)),
    query(1, 0, 0, 0, body=question([b"example", b"com"], 0)),
    query(1, 0, 0, 0, body=question([b"example", b"com"], 1000)),
    query(1, 0, 0, 0, body=question([])),
    query(1, 0, 0, 1, body=ASK + record(b"\x00", wire.OPT, bytes(MAX_QUERY_OCTETS))),
]


@pytest.mark.parametrize("octets", FAULTS)
def test_a_message_with_a_fault_is_taken_on_a_port_of_dns_only(octets: bytes) -> None:
    """A resolver there may answer it; elsewhere it is likelier something else."""
    with pytest.raises(WireError):
        parse_question(octets)
    with pytest.raises(WireError):
        parse_stream_question(prefixed(octets))
    expected = parse_question(octets, is_dns_port=True)
    assert expected.name in ("example.com", "")
    assert parse_stream_question(prefixed(octets), is_dns_port=True) == expected


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        query(1, 0, 0, 0)[:11],
        query(1, 0, 0, 0, body=bytes(4)),
        query(0, 0, 0, 0, body=ASK),
        query(9, 0, 0, 0, body=ASK),
        query(1, 0, 0, 0, body=ASK[:-1]),
        query(1, 0, 0, 0, body=b"\xc0\x0c" + ASK),
        query(1, 0, 0, 0, body=b"\x3fexample"),
        query(1, 0, 0, 0, body=question([b"FHEPFCELEHFCEPFFFACACACACACACABL"], 32), flags=0x0110),
        query(1, 0, 0, 0, body=question([b"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"], 33), flags=0),
    ],
)
def test_no_question_is_refused_on_every_port(octets: bytes) -> None:
    """Cut, none, more than there is room for, a pointer where there is nothing to point to, NetBIOS."""
    for is_dns_port in (False, True):
        with pytest.raises(WireError):
            parse_question(octets, is_dns_port=is_dns_port)


def test_a_long_label_is_a_name_where_netbios_has_none() -> None:
    """Another type, or labels behind it."""
    label = b"a" * 32
    for labels, qtype in (([label], 1), ([label, b"example"], 33), ([b"a" * 31], 33)):
        assert parse_question(query(1, 0, 0, 0, body=question(labels, qtype))).qtype == qtype


# --- streams


@pytest.mark.parametrize("octets", [query(1, 0, 0, 0, body=ASK), query(1, 0, 0, 1, body=ASK + OPT), ANSWER])
def test_a_stream_cut_anywhere_needs_more(octets: bytes) -> None:
    """Until the message is there."""
    for is_dns_port in (False, True):
        for cut in range(len(octets) + 2):
            assert parse_stream_question(prefixed(octets)[:cut], is_dns_port=is_dns_port) is NEED_MORE


def test_of_a_long_message_the_beginning_is_enough() -> None:
    """The longest name there is, and another before the first record's data."""
    longest = [b"a" * 63] * 3 + [b"b" * 61]
    owner = question([b"c" * 63] * 3 + [b"d" * 61])[:-4]
    octets = query(1, 1, 0, 0, body=question(longest) + record(owner, 16, bytes(5000)), flags=0x8180)
    stream = prefixed(octets)[: MAX_AWAITED_OCTETS + 2]
    assert parse_stream_question(stream[:-1]) is NEED_MORE
    assert parse_stream_question(stream) == parse_question(octets)


@pytest.mark.parametrize(
    "stream", [b"\x00\x10", b"\x00\x00", b"GET / HTTP/1.1", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(9)]
)
def test_other_streams_are_refused_by_their_first_octets(stream: bytes) -> None:
    """A length too small, or no header of DNS."""
    with pytest.raises(WireError):
        parse_stream_question(stream)


# --- whatever the octets


@given(OCTETS, st.booleans())
def test_any_octets_give_a_question_or_wire_error(octets: bytes, is_dns_port: bool) -> None:
    """Nothing else; what is taken anywhere is taken on a port of DNS."""
    try:
        found = parse_question(octets, is_dns_port=is_dns_port)
    except WireError:
        return
    assert found == parse_question(octets, is_dns_port=True)
    assert octets.lower()[12:].startswith(names.to_wire(found.name))


@given(OCTETS, st.booleans(), st.data())
def test_any_stream_gives_a_question_need_more_or_wire_error(
    octets: bytes, is_dns_port: bool, data: st.DataObject
) -> None:
    """What a beginning is refused for, or read as, so is the whole."""
    stream = data.draw(st.sampled_from([octets, prefixed(octets)]))
    cut = data.draw(st.integers(0, len(stream)))
    try:
        early = parse_stream_question(stream[:cut], is_dns_port=is_dns_port)
    except WireError:
        with pytest.raises(WireError):
            parse_stream_question(stream, is_dns_port=is_dns_port)
        return
    if early is not NEED_MORE:
        assert early == parse_stream_question(stream, is_dns_port=is_dns_port)


@given(
    LABELS.filter(bool), st.sampled_from([t for t in ORDINARY_TYPES if t not in (0, 32, 33) and t < 266]), st.booleans()
)
def test_dnspython_writes_what_is_read(labels: list[bytes], qtype: int, has_edns: bool) -> None:
    """A second opinion, with and without EDNS."""
    extra: dict[str, Any] = {"use_edns": 0, "pad": 128} if has_edns else {}
    asked = dns.message.make_query(dns.name.Name([*labels, b""]), dns.rdatatype.RdataType.make(qtype), **extra)
    expected = Question(names.from_labels(labels), qtype, is_response=False)
    assert expected == parse_question(asked.to_wire()) == parse_stream_question(prefixed(asked.to_wire()))
    reply = dns.message.make_response(asked)
    assert parse_question(reply.to_wire()).is_response


@given(st.binary(min_size=17, max_size=64))
def test_chance_is_not_taken_for_dns(octets: bytes) -> None:
    """Only what has the head of a message, which chance alone all but never has."""
    with contextlib.suppress(WireError):
        parse_question(octets)
        assert octets[4:6] == b"\x00\x01"


def test_no_message_takes_long() -> None:
    """A record whose name is a chain of pointers, as long as may be."""
    chain = b"".join((0xC000 | 12 + len(ASK) + 2 * number).to_bytes(2, "big") for number in range(200))
    octets = query(1, 1, 0, 0, body=ASK + b"\xc0\x0c" + chain, flags=0x8180)
    begun = time.process_time()
    for _ in range(100):
        with contextlib.suppress(WireError):
            parse_question(octets)
    assert time.process_time() - begun < 0.1
