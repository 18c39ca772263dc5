"""The answer cache: fresh, negative, stale, and never larger than it may be."""

import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import names
from appliance.core.answers import (
    AGAIN_CLIENT_S,
    CLIENT_S,
    ENTRY_OCTETS,
    FAILURE_TTL_S,
    LATELY_S,
    MAX_NEGATIVE_TTL_S,
    MAX_READ,
    MAX_TTL_S,
    POPULAR,
    RETRY_S,
    STALE_S,
    TARGET_STALE_S,
    Answers,
    Key,
    lifetime_s,
)
from appliance.core.wire import dns
from appliance.core.wire.dns import Message
from tests.core.builders import AT, message

KEY: Key = ("a.example", 1, 0)
SOA = "example {ttl} SOA ns.example admin.example 1 2 3 4 {minimum}"


def address(ttl: int = 300) -> Message:
    """Return an answer with one address."""
    return message("a.example", "A", [f"a.example {ttl} A 192.0.2.1"])


def negative(ttl: int, minimum: int, rcode: int = 3) -> Message:
    """Return a negative answer with an SOA."""
    return message("a.example", "A", authorities=[SOA.format(ttl=ttl, minimum=minimum)], rcode=rcode)


LIFETIMES = [
    ("its TTL", address(300), 300),
    ("a day at most", address(999_999), MAX_TTL_S),
    ("zero", address(0), 0),
    ("the least of all", message("a.example", "A", ["a.example 60 CNAME b.example", "b.example 20 A 192.0.2.1"]), 20),
    ("a name that isn't: the SOA's MINIMUM", negative(600, 50), 50),
    ("or the SOA's TTL", negative(40, 600), 40),
    ("an hour at most", negative(99_999, 99_999), MAX_NEGATIVE_TTL_S),
    ("a type that isn't", negative(600, 50, rcode=0), 50),
    (
        "a CNAME to nothing: the lesser of both",
        message(
            "a.example", "A", ["a.example 30 CNAME b.example"], authorities=[SOA.format(ttl=600, minimum=50)], rcode=3
        ),
        30,
    ),
    ("without an SOA not at all", message("a.example", "A", rcode=3), 0),
    ("with a name server for an SOA neither", message("a.example", authorities=["example 600 NS ns.example"]), 0),
    ("a failure a moment", message("a.example", rcode=2), FAILURE_TTL_S),
    ("a refusal too", message("a.example", rcode=5), FAILURE_TTL_S),
    ("half an answer not at all", message("a.example", "A", ["a.example 300 A 192.0.2.1"], flags=dns.TC), 0),
]


@pytest.mark.parametrize(("reply", "expected"), [row[1:] for row in LIFETIMES], ids=[row[0] for row in LIFETIMES])
def test_how_long_a_reply_may_be_kept(reply: Message, expected: int) -> None:
    """As its records say, and RFC 2308 of what isn't."""
    assert expected == lifetime_s(reply)


def test_an_soa_that_is_none_keeps_nothing() -> None:
    """Its MINIMUM can't be read."""
    broken = negative(600, 50)
    wire = broken.wire[:-20]
    cut = bytearray(wire)
    record = broken.authorities[0]
    cut[record.rdata_at - 2 : record.rdata_at] = (record.end - record.rdata_at - 20).to_bytes(2, "big")
    cut[10:12] = b"\x00\x00"
    assert lifetime_s(dns.parse_message(bytes(cut[: record.end - 20]))) == 0


def test_a_reply_is_fresh_until_its_ttl_has_passed() -> None:
    """And not before it was put, should the clock go back."""
    answers = Answers(1 << 16)
    kept = answers.put(KEY, address(300), AT)
    assert kept == answers.get(KEY, AT)
    assert kept == answers.get(KEY, AT + 299.9)
    assert [answers.get(KEY, AT + 300), answers.get(KEY, AT - 1)] == [None, None]
    assert answers.get(("b.example", 1, 0), AT) is None


def test_age_is_in_whole_seconds() -> None:
    """Never negative."""
    kept = Answers(1 << 16).put(KEY, address(), AT)
    assert [kept.age_s(AT + seconds) for seconds in (-5, 0.9, 1, 61.5)] == [0, 0, 1, 61]


def test_a_reply_is_stale_for_a_day() -> None:
    """From when it was put, fresh or not."""
    answers = Answers(1 << 16)
    kept = answers.put(KEY, address(300), AT)
    assert kept == answers.get_stale(KEY, AT) == answers.get_stale(KEY, AT + 300 + STALE_S - 1)
    assert [answers.get_stale(KEY, AT + 300 + STALE_S), answers.get_stale(KEY, AT - 1)] == [None, None]
    assert answers.get_stale(("b.example", 1, 0), AT) is None


def test_what_is_not_to_be_served_stale_is_not() -> None:
    """But for the target of a safe mode; and a failure still pushes out nothing that is fresh."""
    answers = Answers(1 << 16, serves_stale=False)
    kept = answers.put(KEY, address(300), AT)
    answers.put(KEY, message("a.example", rcode=2), AT + 1)
    assert (kept, None) == (answers.get(KEY, AT + 299), answers.get_stale(KEY, AT + 300))
    assert answers.patience_s(KEY, AT + 300) is None
    kept = answers.put(KEY, address(300), AT, is_target=True)
    assert kept == answers.get_stale(KEY, AT + 300)


def test_the_target_of_a_safe_mode_is_stale_for_a_week() -> None:
    """Even if somebody asks for it by its own name in between."""
    answers = Answers(1 << 16)
    answers.put(KEY, address(300), AT, is_target=True)
    kept = answers.put(KEY, address(300), AT + 400)
    assert kept == answers.get_stale(KEY, AT + 700 + TARGET_STALE_S - 1)
    assert answers.get_stale(KEY, AT + 700 + TARGET_STALE_S) is None


def test_a_target_that_is_gone_does_not_push_out_what_it_was() -> None:
    """Where nothing better is known, its absence is kept as any other."""
    answers = Answers(1 << 16)
    gone = negative(40, 40)
    answers.put(KEY, gone, AT, is_target=True)
    assert (answers.get(KEY, AT + 1) is not None, answers.get_stale(KEY, AT + 1)) == (True, None)
    good = answers.put(KEY, address(300), AT + 60, is_target=True)
    assert answers.put(KEY, gone, AT + 400, is_target=True).message.rcode == dns.NXDOMAIN
    assert (None, good) == (answers.get(KEY, AT + 401), answers.get_stale(KEY, AT + 401))
    answers.put(KEY, gone, AT + 402)
    assert answers.get_stale(KEY, AT + 403) != good


def test_a_failure_does_not_push_out_what_may_be_served_stale() -> None:
    """It is handed back and forgotten."""
    answers = Answers(1 << 16)
    good = answers.put(KEY, address(300), AT)
    failed = answers.put(KEY, message("a.example", rcode=2), AT + 301)
    assert failed.message.rcode == dns.SERVFAIL
    assert (None, good) == (answers.get(KEY, AT + 302), answers.get_stale(KEY, AT + 302))


def test_a_failure_is_remembered_for_a_moment_and_never_stale() -> None:
    """Where there is nothing better."""
    answers = Answers(1 << 16)
    failed = answers.put(KEY, message("a.example", rcode=2), AT)
    assert (failed, None) == (answers.get(KEY, AT + 4), answers.get(KEY, AT + FAILURE_TTL_S))
    assert answers.get_stale(KEY, AT) is None
    good = answers.put(KEY, address(), AT + 6)
    assert (good, 1) == (answers.get(KEY, AT + 6), len(answers))


def test_what_may_not_be_kept_is_not() -> None:
    """Nor does it push out what is."""
    answers = Answers(1 << 16)
    assert answers.put(KEY, address(0), AT).fresh_until == AT
    assert len(answers) == 0
    good = answers.put(KEY, address(300), AT)
    answers.put(KEY, message("a.example", "A", ["a.example 9 A 192.0.2.9"], flags=dns.TC), AT + 301)
    assert good == answers.get_stale(KEY, AT + 301)


def of_type(qtype: int, flags: int = 0) -> Key:
    """Return the key of another question for the same name."""
    return ("a.example", qtype, flags)


def test_a_name_that_is_not_there_has_records_of_no_type() -> None:
    """RFC 2308 section 5: one answer says so for all types, but not for other flags; then it is all as before."""
    answers = Answers(1 << 16)
    gone = answers.put(KEY, negative(60, 60), AT)
    assert [gone] * 3 == [answers.get(of_type(qtype), AT + 1) for qtype in (dns.A, dns.AAAA, dns.HTTPS)]
    assert (answers.get(of_type(dns.A, 1 << 16), AT + 1), len(answers)) == (None, 1)
    assert gone == answers.get_stale(of_type(dns.TXT), AT + 61)
    found = answers.put(KEY, address(), AT + 61)
    assert (found, None) == (answers.get(KEY, AT + 62), answers.get_stale(of_type(dns.AAAA), AT + 62))


def test_the_later_of_two_stale_answers_counts() -> None:
    """A name that was there, and then for another type was not; and the other way around."""
    answers = Answers(1 << 16)
    there = answers.put(KEY, address(300), AT)
    gone = answers.put(of_type(dns.AAAA), negative(60, 60), AT + 100)
    assert (there, gone) == (answers.get(KEY, AT + 101), answers.get(of_type(dns.AAAA), AT + 101))
    assert [gone, gone] == [answers.get_stale(of_type(qtype), AT + 400) for qtype in (dns.A, dns.AAAA)]
    answers.put(of_type(dns.TXT), negative(60, 60, rcode=0), AT + 200)
    assert there == answers.get_stale(KEY, AT + 400)


def test_an_alias_to_nothing_says_nothing_of_other_types() -> None:
    """It is the alias's target that is not there (RFC 6604)."""
    answers = Answers(1 << 16)
    reply = message(
        "a.example", "A", ["a.example 30 CNAME b.example"], authorities=[SOA.format(ttl=9, minimum=9)], rcode=3
    )
    answers.put(KEY, reply, AT)
    assert (answers.get(KEY, AT) is not None, answers.get(of_type(dns.CNAME), AT)) == (True, None)


def test_a_type_that_is_not_there_says_nothing_of_others() -> None:
    """The name is there, after all."""
    answers = Answers(1 << 16)
    answers.put(of_type(dns.AAAA), negative(60, 60, rcode=0), AT)
    assert (answers.get(KEY, AT), answers.get(of_type(dns.AAAA), AT) is not None) == (None, True)


def test_a_safe_modes_target_is_not_gone_because_a_person_heard_so() -> None:
    """What was known of it outlives that another type of it isn't there."""
    answers = Answers(1 << 16)
    good = answers.put(KEY, address(300), AT, is_target=True)
    answers.put(of_type(dns.AAAA), negative(600, 600), AT + 290)
    assert (None, good) == (answers.get(KEY, AT + 301), answers.get_stale(KEY, AT + 301))


def is_due(answers: Answers, at: float, key: Key = KEY) -> bool:
    """Say whether an answer is due when somebody asks."""
    found = answers.get(key, at)
    assert found is not None
    return found.is_due


def test_a_popular_answer_is_due_before_it_ends() -> None:
    """When it was asked for so often, and a tenth of its life is left; what comes then begins a new life."""
    answers = Answers(1 << 16)
    answers.put(KEY, address(300), AT)
    assert [is_due(answers, AT + seconds) for seconds in (1, 2, 3, 269, 270, 299)] == [False] * 4 + [True] * 2
    answers.put(KEY, address(300), AT + 299)
    assert [is_due(answers, AT + 570 + number) for number in range(POPULAR)] == [False, False, True]


@pytest.mark.parametrize(("ttl", "times"), [(9, POPULAR), (300, POPULAR - 1)])
def test_what_is_not_worth_it_is_never_due(ttl: int, times: int) -> None:
    """What lives for a moment only, and what few ask for."""
    answers = Answers(1 << 16)
    answers.put(KEY, address(ttl), AT)
    assert [is_due(answers, AT + ttl - 0.5) for _ in range(times)] == [False] * times


def test_what_was_asked_for_in_vain_is_due_again_later() -> None:
    """A second after."""
    answers = Answers(1 << 16)
    answers.put(KEY, address(300), AT)
    assert [is_due(answers, AT + 280) for _ in range(POPULAR)][-1]
    answers.note_vain(KEY, AT + 281)
    assert [is_due(answers, AT + 281 + seconds) for seconds in (0, RETRY_S - 0.1, RETRY_S)] == [False, False, True]


def test_patience() -> None:
    """As long as it takes where an old answer is kept, shorter when that was in vain lately, and none right after."""
    answers = Answers(1 << 16)
    answers.note_vain(KEY, AT)
    assert answers.patience_s(KEY, AT) is None
    answers.put(KEY, address(300), AT)
    assert answers.patience_s(KEY, AT + 301) == CLIENT_S
    answers.note_vain(KEY, AT + 302)
    waits = [answers.patience_s(KEY, AT + 302 + seconds) for seconds in (0, RETRY_S - 0.1, RETRY_S, LATELY_S)]
    assert waits == [0, 0, AGAIN_CLIENT_S, CLIENT_S]
    answers.put(KEY, address(300), AT + 400)
    assert answers.patience_s(KEY, AT + 800) == CLIENT_S


def test_many_are_read() -> None:
    """As often as one likes, in whatever order, and what was read before a newer one came is not given out."""
    answers = Answers(1 << 24)
    keys = [of_type(dns.A, flags) for flags in range(MAX_READ + 9)]
    for key in keys:
        answers.put(key, address(300), AT)
    for at in (AT + 1, AT + 2):
        assert all(answers.get(key, at) is not None for key in keys)
    newer = answers.put(keys[-1], address(77), AT + 3)
    assert newer == answers.get(keys[-1], AT + 4)


def test_an_entry_costs_what_is_reckoned() -> None:
    """Within 15 percent, over 50,000 entries and whatever their messages hold."""
    count = 50_000
    answers = Answers(1 << 30)
    ask = names.to_wire("www.name0000000.example") + b"\0\1\0\1"
    tail = dns.record(b"\xc0\x0c", dns.A, 300, bytes(4)) + dns.opt(1232, do=False)
    made = dns.parse_message(dns.header(7, 0x8180, (1, 1, 0, 1)) + ask + tail)
    sizes = 0
    tracemalloc.start()
    try:
        for number in range(count):
            wire = bytes(bytearray(made.wire))
            sizes += len(wire)
            kept = msgspec.structs.replace(made, wire=wire)
            answers.put((f"www.name{number:07}.example", dns.A, dns.RD), kept, AT + number / 1_000)
        cost = (tracemalloc.get_traced_memory()[0] - sizes) / count
    finally:
        tracemalloc.stop()
    assert len(answers) == count
    assert 0.85 * ENTRY_OCTETS < cost < 1.15 * ENTRY_OCTETS, cost


def test_the_longest_unused_goes_first() -> None:
    """A look at a reply makes it young."""
    room = 2 * (ENTRY_OCTETS + len(address().wire))
    answers = Answers(room)
    first, second, third = (("a.example", 1, flags) for flags in (1, 2, 3))
    answers.put(first, address(), AT)
    answers.put(second, address(), AT)
    assert answers.get(first, AT) is not None
    answers.put(third, address(), AT)
    assert [answers.get(key, AT) is not None for key in (first, second, third)] == [True, False, True]


def test_everything_is_forgotten() -> None:
    """And there is room again."""
    answers = Answers(ENTRY_OCTETS + 100)
    answers.put(KEY, address(), AT)
    answers.forget()
    assert (len(answers), answers.get(KEY, AT)) == (0, None)
    answers.put(KEY, address(), AT)
    assert len(answers) == 1


@given(
    puts=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 40), st.booleans()), max_size=60),
    room=st.integers(0, 6 * ENTRY_OCTETS),
)
def test_no_more_is_kept_than_there_is_room_for(puts: list[tuple[int, int, bool]], room: int) -> None:
    """Whatever is put, again and again, in whatever size."""
    answers = Answers(room)
    for number, records, has_failed in puts:
        reply = message(
            "a.example",
            "A",
            [f"a.example 300 A 192.0.2.{last}" for last in range(1, records + 1)],
            rcode=2 if has_failed else 0,
        )
        kept = answers.put(("a.example", 1, number), reply, AT)
        found = [answers.get(("a.example", 1, key), AT) for key in range(13)]
        sizes = [ENTRY_OCTETS + len(one.message.wire) for one in found if one is not None]
        assert sum(sizes) <= room
        assert len(sizes) == len(answers)
        assert kept.put_at == AT
