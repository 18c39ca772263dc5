"""Our replies, read by dnspython: they mean what they should."""

from typing import Any

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import reply
from appliance.core.house import Blocking, BlockMode
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Query, Refusal, parse_query
from tests.core.builders import message, query

EDE = (17, "Bedtime, until 07:00 – sleep well")
LONGEST = ".".join(["a" * 63] * 3 + ["b" * 61])
ADDRESSES = Blocking(mode=BlockMode.ADDRESS, address4="192.0.2.9", address6="2001:db8::9")


def read(octets: bytes) -> dns.message.Message:
    """Return what dnspython reads; it refuses what is malformed."""
    return dns.message.from_wire(octets)


def texts(section: list[dns.rrset.RRset]) -> list[str]:
    """Return records as text, each on its own."""
    return [line for rrset in section for line in rrset.to_text().splitlines()]


@pytest.mark.parametrize("edns", [False, True])
@pytest.mark.parametrize(("flags", "kept"), [(0, ""), (wire.RD, "RD"), (wire.RD | wire.CD | wire.AD, "RD CD")])
def test_a_reply_has_the_id_question_and_flags_of_its_query(flags: int, kept: str, *, edns: bool) -> None:
    """RD and CD as sent, RA always, the spelling as it came, OPT only for who sent one."""
    made = dns.message.make_query("ExAmPle.com", "A", use_edns=0 if edns else None, payload=4096 if edns else None)
    made.flags = dns.flags.Flag(flags)
    parsed = parse_query(made.to_wire())
    assert isinstance(parsed, Query)
    answer = read(reply.compose(parsed, wire.NOERROR))
    assert (made.id, "ExAmPle.com. IN A") == (answer.id, answer.question[0].to_text())
    assert {"QR", "RA", *kept.split()} == set(dns.flags.to_text(answer.flags).split())
    assert (0 if edns else -1, 1232 if edns else 0) == (answer.edns, answer.payload)


@pytest.mark.parametrize("do", [False, True])
def test_do_is_given_back(*, do: bool) -> None:
    """RFC 3225 section 3."""
    answer = read(reply.compose(query("a.example", want_dnssec=do), wire.NOERROR))
    assert do == bool(answer.ednsflags & dns.flags.DO)


def test_an_extended_error_is_said_to_who_speaks_edns() -> None:
    """Code and text; others get none."""
    said = read(reply.compose(query("a.example"), wire.NOERROR, ede=EDE))
    assert [(option.code, option.text) for option in said.extended_errors()] == [EDE]
    silent = read(reply.compose(query("a.example", edns=False), wire.NOERROR, ede=EDE))
    assert (silent.edns, silent.extended_errors()) == (-1, [])


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_an_extended_error_is_cut_between_characters(text: str) -> None:
    """It stays UTF-8, however long it was."""
    octets = reply.compose(query("a.example"), wire.NOERROR, ede=(15, text))
    parsed = wire.parse_message(octets)
    assert parsed.edns is not None
    said = parsed.edns.options[0][1][2:]
    assert text.startswith(said.decode())
    assert len(text.encode()) - 3 <= len(said) or reply.EDE_TEXT_OCTETS - 3 <= len(said) <= reply.EDE_TEXT_OCTETS


@pytest.mark.parametrize(("edns", "rcode", "expected"), [(True, 16, 16), (False, 16, 2), (False, 15, 15)])
def test_an_rcode_that_needs_opt_is_a_failure_without_one(rcode: int, expected: int, *, edns: bool) -> None:
    """Never NOERROR by accident."""
    assert expected == read(reply.compose(query("a.example", edns=edns), rcode)).rcode()


REFUSALS = [
    (Refusal(7, 0x0100, wire.FORMERR), 1, "QR RD RA", 0, -1),
    (Refusal(7, 0x0110, wire.NOTIMP), 4, "QR RD RA CD", 0, -1),
    (Refusal(7, 0, wire.REFUSED, query("a.example").question), 5, "QR RA", 1, -1),
    (Refusal(7, 0, wire.BADVERS, query("a.example").question, wire.Edns(512, 1, True)), 16, "QR RA", 1, 0),
]


@pytest.mark.parametrize(("refusal", "rcode", "flags", "questions", "edns"), REFUSALS)
def test_a_refusal_is_an_error_and_nothing_more(
    refusal: Refusal, rcode: int, flags: str, questions: int, edns: int
) -> None:
    """With the question where it was understood, with OPT where one came."""
    answer = read(reply.refuse(refusal))
    found = (answer.id, answer.rcode(), dns.flags.to_text(answer.flags), len(answer.question), answer.edns)
    assert (7, rcode, flags, questions, edns) == found


def test_a_refusal_keeps_the_opcode() -> None:
    """A NOTIFY is refused as a NOTIFY."""
    assert int.from_bytes(reply.refuse(Refusal(7, 0x2000, wire.NOTIMP))[2:4], "big") & 0x7800 == 0x2000


def test_any_is_answered_with_one_small_record() -> None:
    """RFC 8482."""
    answer = read(reply.any_answer(query("a.example", "ANY")))
    assert texts(answer.answer) == ['a.example. 3600 IN HINFO "RFC8482" ""']


def test_truncation_sends_a_client_to_tcp() -> None:
    """With the RCODE and no records."""
    answer = read(reply.truncated(query("a.example"), wire.NXDOMAIN))
    assert (bool(answer.flags & dns.flags.TC), answer.rcode(), answer.answer) == (True, 3, [])


SOA = "a.example. 10 IN SOA kindgate.home. hostmaster.kindgate.home. 1 3600 600 86400 10"

BLOCKS = [
    (BlockMode.NULL, "A", 0, ["a.example. 10 IN A 0.0.0.0"], []),
    (BlockMode.NULL, "AAAA", 0, ["a.example. 10 IN AAAA ::"], []),
    (BlockMode.NULL, "HTTPS", 0, [], [SOA]),
    (BlockMode.NULL, "TXT", 0, [], [SOA]),
    *((BlockMode.NXDOMAIN, qtype, 3, [], [SOA]) for qtype in ("A", "AAAA", "HTTPS", "TXT")),
    *((BlockMode.NODATA, qtype, 0, [], [SOA]) for qtype in ("A", "AAAA", "HTTPS", "TXT")),
    *((BlockMode.REFUSED, qtype, 5, [], []) for qtype in ("A", "AAAA", "HTTPS", "TXT")),
    (BlockMode.ADDRESS, "A", 0, ["a.example. 10 IN A 192.0.2.9"], []),
    (BlockMode.ADDRESS, "AAAA", 0, ["a.example. 10 IN AAAA 2001:db8::9"], []),
    (BlockMode.ADDRESS, "HTTPS", 0, [], [SOA]),
]


@pytest.mark.parametrize(("mode", "qtype", "rcode", "answers", "authorities"), BLOCKS)
def test_a_block_is_answered_in_its_mode(
    mode: BlockMode, qtype: str, rcode: int, answers: list[str], authorities: list[str]
) -> None:
    """With why it is blocked, and an SOA where the answer is negative, so that it is kept."""
    said, octets = reply.block(query("a.example", qtype), ADDRESSES, mode, 10, EDE)
    answer = read(octets)
    assert (rcode, rcode, answers, authorities) == (said, answer.rcode(), texts(answer.answer), texts(answer.authority))
    assert [(option.code, option.text) for option in answer.extended_errors()] == [EDE]


@pytest.mark.parametrize(("given_", "qtype"), [({"address4": "192.0.2.9"}, "AAAA"), ({"address6": "::9"}, "A")])
def test_a_family_without_an_address_gets_none(given_: dict[str, str], qtype: str) -> None:
    """NODATA, so that the client takes the other."""
    blocking = Blocking(mode=BlockMode.ADDRESS, **given_)
    rcode, octets = reply.block(query("a.example", qtype), blocking, BlockMode.ADDRESS, 10, EDE)
    assert (rcode, read(octets).answer) == (wire.NOERROR, [])


@pytest.mark.parametrize("mode", list(BlockMode))
@pytest.mark.parametrize("qtype", ["A", "AAAA", "TXT"])
def test_no_block_is_too_long_for_udp(mode: BlockMode, qtype: str) -> None:
    """The longest name, the longest reason, the shortest reply that a client may want."""
    assert len(LONGEST) == 253
    octets = reply.block(query(LONGEST, qtype), ADDRESSES, mode, 10, (17, "ß" * 500))[1]
    assert len(octets) <= wire.MIN_UDP_OCTETS


CHAIN = ["www.a.example 300 CNAME cdn.b.example", "cdn.b.example 200 A 192.0.2.1", "cdn.b.example 200 A 192.0.2.2"]
AUTHORITY = ["b.example 500 NS ns.b.example"]
NO_ANSWER = ["a.example 500 SOA ns.a.example admin.a.example 1 2 3 4 5"]


def more(made: dns.message.Message) -> None:
    """Put addresses of name servers behind, compressed."""
    made.additional.append(dns.rrset.from_text("ns.b.example.", 400, "IN", "A", "192.0.2.53"))


def test_an_upstreams_answer_is_passed_on() -> None:
    """Answers with their compression, TTLs cut, our own id and OPT; what the client has no use for stays behind."""
    upstream = message("WWW.a.example", "A", CHAIN, authorities=AUTHORITY, edit=more, flags=wire.AD)
    asked = query("www.A.example")
    answer = read(reply.pass_on(asked, upstream, 250, 100))
    assert asked.id == answer.id
    assert answer.question[0].to_text() == "www.A.example. IN A"
    assert texts(answer.answer) == [
        "www.A.example. 200 IN CNAME cdn.b.example.",
        "cdn.b.example. 100 IN A 192.0.2.1",
        "cdn.b.example. 100 IN A 192.0.2.2",
    ]
    assert (answer.authority, answer.additional, answer.edns, answer.payload) == ([], [], 0, 1232)


def test_who_checks_signatures_gets_the_authority_section() -> None:
    """It may hold the proof."""
    upstream = message("www.a.example", "A", CHAIN, authorities=AUTHORITY, edit=more)
    answer = read(reply.pass_on(query("www.a.example", want_dnssec=True), upstream, 60, 0))
    assert texts(answer.authority) == ["b.example. 60 IN NS ns.b.example."]


@pytest.mark.parametrize(("answers", "rcode"), [([], 3), ([], 0), (CHAIN[:1], 3), (CHAIN[:1], 0)])
def test_what_proves_that_there_is_nothing_is_passed_on(answers: list[str], rcode: int) -> None:
    """Without its SOA a negative answer is not kept."""
    upstream = message("www.a.example", "A", answers, authorities=NO_ANSWER, rcode=rcode, edit=more)
    answer = read(reply.pass_on(query("www.a.example", edns=False), upstream, 60, 10))
    assert (rcode, len(answers), -1) == (answer.rcode(), len(answer.answer), answer.edns)
    assert texts(answer.authority) == ["a.example. 60 IN SOA ns.a.example. admin.a.example. 1 2 3 4 5"]


AD = [
    ({"edns": False}, 0, False),
    ({"edns": False}, wire.AD, True),
    ({"want_dnssec": True}, 0, True),
    ({}, 0, False),
]


@pytest.mark.parametrize(("how", "flags", "expected"), AD)
@pytest.mark.parametrize("is_authentic", [False, True])
def test_ad_is_for_who_understands_it(how: dict[str, Any], flags: int, *, expected: bool, is_authentic: bool) -> None:
    """RFC 6840 section 5.8: whoever set AD or DO, and only where the upstream did."""
    asked = query("www.a.example", flags=wire.RD | flags, **how)
    upstream = message("www.a.example", "A", CHAIN, flags=wire.AD if is_authentic else 0)
    assert (expected and is_authentic) == bool(read(reply.pass_on(asked, upstream, 60, 0)).flags & dns.flags.AD)


def test_half_an_answer_stays_marked_as_half() -> None:
    """TC is passed on."""
    upstream = message("www.a.example", "A", CHAIN, flags=wire.TC)
    assert read(reply.pass_on(query("www.a.example"), upstream, 60, 0)).flags & dns.flags.TC


def test_an_empty_message_is_passed_on() -> None:
    """With its RCODE."""
    answer = read(reply.pass_on(query("a.example"), message("a.example", rcode=2), 60, 0))
    assert (answer.rcode(), answer.answer) == (2, [])


@given(
    ttls=st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=5),
    ttl=st.integers(0, 86400),
    age=st.integers(0, 2**32),
)
def test_no_ttl_is_above_what_is_left(ttls: list[int], ttl: int, age: int) -> None:
    """Nor above what is wanted; never negative."""
    records = [f"h{number}.example {one} TXT x" for number, one in enumerate(ttls)]
    answer = read(reply.pass_on(query("a.example", "TXT"), message("a.example", "TXT", records), ttl, age))
    assert [min(ttl, max(0, one - age)) for one in ttls] == [rrset.ttl for rrset in answer.answer]


TARGET = "safe.search.example"


@pytest.mark.parametrize(
    ("qtype", "records", "expected"),
    [
        ("A", [f"{TARGET} 300 A 192.0.2.1", f"{TARGET} 300 A 192.0.2.2"], ["192.0.2.1", "192.0.2.2"]),
        ("A", [f"{TARGET} 300 CNAME x.example", "x.example 9 A 192.0.2.3"], ["192.0.2.3"]),
        ("AAAA", [f"{TARGET} 300 AAAA 2001:db8::1"], ["2001:db8::1"]),
    ],
)
def test_a_rewrite_is_a_cname_with_the_targets_addresses(qtype: str, records: list[str], expected: list[str]) -> None:
    """All with the TTL that is wanted, the chain behind the target left out."""
    octets = reply.rewrite(query("www.Search.example", qtype), TARGET, message(TARGET, qtype, records), 60)
    assert [
        f"www.Search.example. 60 IN CNAME {TARGET}.",
        *(f"{TARGET}. 60 IN {qtype} {address}" for address in expected),
    ] == texts(read(octets).answer)


@pytest.mark.parametrize("rcode", [0, 3])
def test_a_target_without_an_address_gets_nodata(rcode: int) -> None:
    """Never NXDOMAIN, which would close the other family too."""
    answer = read(reply.rewrite(query("www.search.example", "AAAA"), TARGET, message(TARGET, "AAAA", rcode=rcode), 60))
    assert (0, [f"www.search.example. 60 IN CNAME {TARGET}."]) == (answer.rcode(), texts(answer.answer))
    assert answer.authority[0].ttl == 60


@pytest.mark.parametrize("rcode", [2, 5])
def test_a_failure_of_the_target_is_a_failure(rcode: int) -> None:
    """Nothing is made up."""
    answer = read(reply.rewrite(query("www.search.example"), TARGET, message(TARGET, rcode=rcode), 60))
    assert (rcode, []) == (answer.rcode(), answer.answer)
