"""The journey of a query: decided, asked, finished; with an upstream that dnspython plays."""

from typing import Any

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from appliance.core import query as core_query
from appliance.core.answers import Kept
from appliance.core.budget import Budget
from appliance.core.house import Blocking, BlockMode
from appliance.core.person import Setting
from appliance.core.query import Ask, Failure, Reply, finish, is_answer_to, upstream_query
from appliance.core.schedule import Window
from appliance.core.verdict import Action, Step
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Refusal
from tests.core.box import Box, ede, read, texts
from tests.core.builders import (
    AT,
    adult,
    child,
    counted,
    message,
    pause,
    query,
)

# --- begin


def test_a_refusal_is_refused() -> None:
    """Without a verdict."""
    found = Box().begin(Refusal(7, 0x0100, wire.NOTIMP))
    assert isinstance(found, Reply)
    assert (read(found).rcode(), found.verdict, found.keep_until) == (4, None, 0.0)


@pytest.mark.parametrize("name", ["open.example", "porn.example"])
def test_any_is_answered_without_a_look(name: str) -> None:
    """It is nobody's honest question."""
    found = Box().reply(query(name, "ANY"))
    assert [f'{name}. 3600 IN HINFO "RFC8482" ""'] == texts(found)


MODES = [
    (None, "A", 0, ["social.example. 10 IN A 0.0.0.0"]),
    (None, "AAAA", 0, ["social.example. 10 IN AAAA ::"]),
    (None, "HTTPS", 0, []),
    (None, "TXT", 0, []),
    (BlockMode.NULL, "A", 0, ["social.example. 10 IN A 0.0.0.0"]),
    (BlockMode.NXDOMAIN, "A", 3, []),
    (BlockMode.NXDOMAIN, "TXT", 3, []),
    (BlockMode.NODATA, "AAAA", 0, []),
    (BlockMode.REFUSED, "HTTPS", 5, []),
    (BlockMode.ADDRESS, "A", 0, ["social.example. 10 IN A 192.0.2.9"]),
    (BlockMode.ADDRESS, "AAAA", 0, []),
]


@pytest.mark.parametrize(("mode", "qtype", "rcode", "answers"), MODES)
def test_a_block_is_answered_at_once(mode: BlockMode | None, qtype: str, rcode: int, answers: list[str]) -> None:
    """In the house's mode, with the reason as a sentence."""
    found = Box(blocking=Blocking(mode=mode, address4="192.0.2.9")).reply(query("social.example", qtype))
    assert (rcode, answers) == (found.rcode, texts(found))
    assert ede(found) == [(17, "because category_block")]
    assert found.verdict is not None
    assert Step.CATEGORY is found.verdict.step


@pytest.mark.parametrize("mode", list(BlockMode))
@pytest.mark.parametrize(("name", "rcode"), [("canary.example", 3), ("relay.example", 0)])
def test_a_canary_is_answered_as_its_makers_want(mode: BlockMode, name: str, rcode: int) -> None:
    """Whatever the house chose."""
    found = Box(blocking=Blocking(mode=mode, address4="192.0.2.9")).reply(query(name))
    assert (rcode, []) == (found.rcode, texts(found))


CODES = [
    ("malware.example", {}, 15),
    ("porn.example", {}, 15),
    ("csam.example", {}, 16),
    ("social.example", {}, 17),
    ("forum.example", {}, 17),
    ("open.example", {"pauses": (pause(),)}, 17),
    ("vpn.example", {}, 17),
]


@pytest.mark.parametrize(("name", "said", "code"), CODES)
def test_an_extended_error_says_who_blocks(name: str, said: dict[str, Any], code: int) -> None:
    """16 the law, 15 the box by itself, 17 the family."""
    assert code == ede(Box(**said).reply(query(name)))[0][0]


# --- allowed


def test_an_allowed_name_is_asked_and_answered() -> None:
    """The verdict goes along, the TTL is cut to a child's, the question keeps its spelling."""
    box = Box()
    asked = query("www.OPEN.example")
    found = box.journey(asked, message("www.open.example", "A", ["www.open.example 300 A 192.0.2.1"]))
    assert texts(found) == ["www.OPEN.example. 60 IN A 192.0.2.1"]
    assert (asked.id, Step.DEFAULT) == (read(found).id, found.verdict and found.verdict.step)


def test_the_second_question_is_answered_from_the_cache() -> None:
    """With what is left of the TTL."""
    box = Box(person=adult())
    box.journey(query("open.example"), message("open.example", "A", ["open.example 300 A 192.0.2.1"]))
    found = box.reply(query("open.example"), AT + 100)
    assert texts(found) == ["open.example. 180 IN A 192.0.2.1"]
    box.ask(query("open.example"), AT + 300)


@pytest.mark.parametrize(
    ("flags", "do", "expected"),
    [
        (wire.RD, False, wire.RD | wire.AD),
        (0, False, wire.AD),
        (wire.RD | wire.CD, False, wire.RD | wire.CD | wire.AD),
        (wire.RD | wire.AD, True, wire.RD | wire.AD | 1 << 16),
    ],
)
def test_flags_that_answers_depend_on_are_asked_and_kept_apart(flags: int, *, do: bool, expected: int) -> None:
    """RD and CD as sent, AD always, DO."""
    ask = Box().ask(query("open.example", want_dnssec=do, flags=flags))
    assert ("open.example", wire.A, expected) == ask.key
    sent = dns.message.from_wire(upstream_query(ask, 77))
    assert (77, "open.example. IN A", expected & 0xFFFF) == (sent.id, sent.question[0].to_text(), sent.flags)
    assert (do, 1232, ()) == (bool(sent.ednsflags & dns.flags.DO), sent.payload, tuple(sent.options))


def test_an_upstream_may_be_asked_without_edns() -> None:
    """For one that can't."""
    assert dns.message.from_wire(upstream_query(Box().ask(query("open.example")), 1, has_edns=False)).edns == -1


def test_nothing_of_what_a_client_said_of_itself_is_sent_on() -> None:
    """Neither its options nor its spelling."""
    asked = query("Open.EXAMPLE", options=[dns.edns.ECSOption("192.0.2.7", 32)])
    sent = dns.message.from_wire(upstream_query(Box().ask(asked), 1))
    assert (tuple(sent.options), sent.question[0].name.to_text()) == ((), "open.example.")


ANSWERS = [
    ({}, True),
    ({"id": 2}, False),
    ({"flags": 0}, False),
    ({"name": "other.example"}, False),
    ({"qtype": wire.AAAA}, False),
    ({"qclass": 3}, False),
]


@pytest.mark.parametrize(("change", "expected"), ANSWERS)
def test_only_an_answer_to_what_was_asked_is_one(change: dict[str, Any], *, expected: bool) -> None:
    """The same id and question, and a reply at all."""
    ask = Box().ask(query("open.example"))
    made = replace(message("OPEN.example", "A"), **({"id": 1} | change))
    assert expected == is_answer_to(made, ask, 1)


AD = [
    ({"edns": False}, False),
    ({"edns": False, "flags": wire.RD | wire.AD}, True),
    ({"want_dnssec": True}, True),
]


@pytest.mark.parametrize(("how", "expected"), AD)
def test_ad_reaches_who_understands_it(how: dict[str, Any], *, expected: bool) -> None:
    """Whoever set AD or DO."""
    upstream = message("open.example", "A", ["open.example 300 A 192.0.2.1"], flags=wire.AD)
    assert expected == bool(read(Box().journey(query("open.example", **how), upstream)).flags & dns.flags.AD)


# --- rewrites


def test_a_safe_mode_is_answered_by_its_target() -> None:
    """A CNAME and the target's addresses, with a child's TTL."""
    box = Box()
    asked = query("www.search.example")
    ask = box.ask(asked)
    assert (ask.name, ask.verdict.action) == ("safe.search.example", Action.REWRITE)
    assert dns.message.from_wire(upstream_query(ask, 1)).question[0].to_text() == "safe.search.example. IN A"
    found = box.journey(asked, message("safe.search.example", "A", ["safe.search.example 300 A 192.0.2.1"]))
    assert texts(found) == [
        "www.search.example. 60 IN CNAME safe.search.example.",
        "safe.search.example. 60 IN A 192.0.2.1",
    ]


@pytest.mark.parametrize("rcode", [0, 3])
def test_a_safe_mode_without_an_address_is_nodata(rcode: int) -> None:
    """The reply says so, and so does its RCODE."""
    found = Box().journey(query("www.search.example", "AAAA"), message("safe.search.example", "AAAA", rcode=rcode))
    assert (found.rcode, texts(found)) == (0, ["www.search.example. 0 IN CNAME safe.search.example."])


@pytest.mark.parametrize("qtype", ["HTTPS", "SVCB"])
def test_no_hint_leads_around_a_safe_mode(qtype: str) -> None:
    """The service records of the original are withheld."""
    found = Box().reply(query("www.search.example", qtype))
    assert (found.rcode, texts(found), read(found).authority[0].ttl) == (0, [], 60)
    assert found.keep_until == AT + core_query.BLOCK_MEMO_S - 60


def test_other_types_of_a_safe_name_are_its_own() -> None:
    """Mail finds its way."""
    box = Box()
    found = box.journey(
        query("www.search.example", "MX"), message("www.search.example", "MX", ["www.search.example 60 MX 5 m.example"])
    )
    assert box.ask(query("www.search.example", "TXT")).name == "www.search.example"
    assert texts(found) == ["www.search.example. 54 IN MX 5 m.example."]


def test_a_safe_mode_is_answered_whoever_delivers_it() -> None:
    """The box chose the target itself."""
    answers = ["safe.search.example 300 CNAME tracker.example", "tracker.example 300 A 192.0.2.1"]
    found = Box().journey(query("www.search.example"), message("safe.search.example", "A", answers))
    assert texts(found)[1:] == ["safe.search.example. 60 IN A 192.0.2.1"]


# --- UDP, TCP

LONG = message("open.example", "TXT", [f'open.example 300 TXT "{number:0200}"' for number in range(9)])


@pytest.mark.parametrize(
    ("how", "is_tcp", "truncated"),
    [({}, False, True), ({"edns": False}, False, True), ({}, True, False), ({"edns": False}, True, False)],
)
def test_what_is_too_long_for_udp_is_truncated(how: dict[str, Any], *, is_tcp: bool, truncated: bool) -> None:
    """And asked again over TCP."""
    found = Box().journey(query("open.example", "TXT", **how), LONG, is_tcp=is_tcp)
    answer = read(found)
    assert (truncated, truncated) == (bool(answer.flags & dns.flags.TC), not answer.answer)
    assert len(found.wire) <= 1232 or is_tcp
    assert found.keep_until <= AT or not truncated


@pytest.mark.parametrize(("more", "truncated"), [(0, False), (1, True)])
def test_what_just_fits_is_not_truncated(more: int, *, truncated: bool) -> None:
    """512 octets fit, 513 don't."""
    asked = query("open.example", "TXT", edns=False)
    head = 12 + len(asked.question) + 2 * 12
    first, second = 240, 512 - head - 242 + more
    texts_ = [f'open.example 300 TXT "{"a" * (size - 1)}"' for size in (first + 2, second)]
    found = Box().journey(asked, message("open.example", "TXT", texts_))
    assert (truncated, not truncated) == (bool(read(found).flags & dns.flags.TC), len(found.wire) == 512)


@pytest.mark.parametrize("edns", [False, True])
def test_not_even_tcp_carries_more_than_its_length_field_counts(*, edns: bool) -> None:
    """An answer of 65,535 octets fits; with our OPT behind it, it is truncated."""
    asked = query("open.example", "TXT", edns=edns)
    head, size = 12 + len(asked.question), 252
    count, rest = divmod(65_535 - head, size)
    sizes = [size] * (count - 1) + [size // 2, size - size // 2 + rest // 2, rest - rest // 2]
    sizes = [one for one in sizes if one > 13]
    sizes[-1] += 65_535 - head - sum(sizes)
    texts_ = [bytes((one - 13,)) + b"a" * (one - 13) for one in sizes]
    records = b"".join(wire.record(b"\xc0\x0c", wire.TXT, 300, text) for text in texts_)
    upstreams = wire.header(1, 0x8180, (1, len(sizes), 0, 0)) + asked.question + records
    found = Box().journey(asked, wire.parse_message(upstreams), is_tcp=True)
    assert (len(upstreams), edns) == (65_535, bool(read(found).flags & dns.flags.TC))
    assert len(found.wire) <= 65_535


# --- stale and failed


@pytest.mark.parametrize(
    ("failure", "code"),
    [(Failure.NO_UPSTREAM, 14), (Failure.NO_ANSWER, 23)],
)
def test_without_an_upstream_a_query_fails_with_a_reason(failure: Failure, code: int) -> None:
    """SERVFAIL, never an answer made up, not kept."""
    found = Box().journey(query("open.example"), failure)
    assert (2, [(code, failure.value)], 0.0) == (read(found).rcode(), ede(found), found.keep_until)


def test_a_stale_answer_says_so() -> None:
    """Half a minute at a time, and not kept as finished."""
    box = Box(person=adult())
    box.journey(query("open.example"), message("open.example", "A", ["open.example 300 A 192.0.2.1"]))
    ask = box.ask(query("open.example"), AT + 1000)
    stale = box.setting.answers.get_stale(ask.key, AT + 1000)
    assert stale is not None
    found = finish(box.setting, box.subject, ask, stale, is_tcp=False, at=AT + 1000)
    assert (texts(found), ede(found)) == (["open.example. 30 IN A 192.0.2.1"], [(3, "")])
    assert found.keep_until <= AT + 1000
    kept = Kept(stale.message, AT - 300, AT)
    assert ede(finish(box.setting, box.subject, ask, kept, is_tcp=False, at=AT)) == [(3, "")]


def test_a_stale_safe_mode_is_still_one() -> None:
    """Rewritten as when it was fresh."""
    box = Box()
    ask = box.ask(query("www.search.example"))
    kept = Kept(message("safe.search.example", "A", ["safe.search.example 9 A 192.0.2.1"]), AT - 100, AT - 91)
    found = finish(box.setting, box.subject, ask, kept, is_tcp=False, at=AT)
    assert texts(found)[0] == "www.search.example. 30 IN CNAME safe.search.example."


@pytest.mark.parametrize("later", [0.0, 0.4])
def test_an_answer_with_ttl_0_is_not_stale(later: float) -> None:
    """Nor kept; all who waited for it together get it as it is."""
    box = Box()
    ask = box.ask(query("open.example"))
    kept = box.setting.answers.put(ask.key, message("open.example", "A", ["open.example 0 A 192.0.2.1"]), AT)
    found = finish(box.setting, box.subject, ask, kept, is_tcp=False, at=AT + later)
    assert (texts(found), ede(found)) == (["open.example. 0 IN A 192.0.2.1"], [])
    assert found.keep_until <= AT + later


@pytest.mark.parametrize("rcode", [2, 3, 5])
def test_an_upstreams_error_is_passed_on(rcode: int) -> None:
    """As it is."""
    assert rcode == read(Box().journey(query("open.example"), message("open.example", rcode=rcode))).rcode()


@pytest.mark.parametrize(("how", "expected"), [({}, 23), ({"edns": False}, 2)])
def test_an_extended_error_of_an_upstream_is_never_success(how: dict[str, Any], expected: int) -> None:
    """A client without EDNS hears SERVFAIL."""
    found = Box().journey(query("open.example", **how), message("open.example", rcode=23))
    assert expected == dns.message.from_wire(found.wire).rcode()


# --- nothing outlives `until`


@given(
    until=st.floats(0.1, 4000),
    ttl=st.integers(0, 100_000),
    later=st.floats(0, 5),
    name=st.sampled_from(["open.example", "social.example", "forum.example", "www.search.example", "mind.example"]),
    qtype=st.sampled_from(["A", "HTTPS"]),
    grown=st.booleans(),
    aged=st.floats(0, 200_000),
)
def test_nothing_outlives_until(
    until: float, ttl: int, later: float, name: str, qtype: str, *, grown: bool, aged: float
) -> None:
    """Whenever a finished reply is given out for the last time, nobody keeps it past the next change."""
    person = adult() if grown else child(categories={"education": Setting.ASK})
    box = Box(person=person, pauses=(pause(until / 60, until / 60 + 9, person=person.id),))
    asked = query(name, qtype)
    begun = box.begin(asked)
    if isinstance(begun, Ask):
        answer = message(
            begun.name, qtype, [f"{begun.name} {ttl} A 192.0.2.1" if qtype == "A" else f"{begun.name} {ttl} HTTPS 1 ."]
        )
        found = finish(
            box.setting,
            box.subject,
            begun,
            box.setting.answers.put(begun.key, answer, AT + later),
            is_tcp=False,
            at=AT + later,
        )
        given_out = [(found, AT + later)]
        again = box.begin(asked, AT + later + aged)
        given_out += [(again, AT + later + aged)] if isinstance(again, Reply) else []
    else:
        given_out = [(begun, AT)]
    for reply, at in given_out:
        assert reply.verdict is not None
        ends = reply.verdict.until
        last = max(at, reply.keep_until)
        longest = max(rrset.ttl for rrset in (*read(reply).answer, *read(reply).authority))
        cap = 10 if reply.verdict.is_blocked else box.subject.ttl_cap_s
        assert longest <= cap
        assert ends is None or ends <= at or last + longest <= ends + 1e-6
        assert ends is not None or at >= AT + until
        assert reply.keep_until <= at + max(100_000, core_query.BLOCK_MEMO_S)


@given(ttl=st.integers(1, 100_000), aged=st.floats(0, 100_000))
def test_nothing_outlives_the_upstreams_ttl(ttl: int, aged: float) -> None:
    """However often it is given out."""
    box = Box(person=adult())
    box.journey(query("open.example"), message("open.example", "A", [f"open.example {ttl} A 192.0.2.1"]))
    found = box.begin(query("open.example"), AT + aged)
    if isinstance(found, Reply):
        last = max(AT + aged, found.keep_until)
        assert last + read(found).answer[0].ttl <= AT + min(ttl, 86_400) + 1e-6


# --- budgets and windows on the wire


def test_an_answer_before_bedtime_is_not_kept_past_it() -> None:
    """Asked half a minute before, it is gone half a minute later; the first answer after it is a block."""
    box = Box(person=child(windows=(Window(name="Bedtime", start="15:01", end="20:00"),)))
    asked, answer = query("open.example"), message("open.example", "A", ["open.example 300 A 192.0.2.1"])
    assert texts(box.journey(asked, answer, AT + 30)) == ["open.example. 30 IN A 192.0.2.1"]
    assert texts(box.reply(asked, AT + 60)) == ["open.example. 10 IN A 0.0.0.0"]


def test_an_answer_is_not_kept_past_a_budget() -> None:
    """Nor is a finished reply given out when the last minute may be used up."""
    tube = Budget(what="service:tube", minutes=30)
    box = Box(person=child(budgets=(tube,)), minutes=counted(service_tube=29))
    found = box.journey(query("tube.example"), message("tube.example", "A", ["tube.example 300 A 192.0.2.1"]), AT + 40)
    assert texts(found) == ["tube.example. 20 IN A 192.0.2.1"]
    assert found.keep_until + 20 <= AT + 60
    box = Box(person=child(budgets=(tube,)), minutes=counted(service_tube=30))
    assert ede(box.reply(query("tube.example"))) == [(17, "because budget")]


def test_a_window_forces_a_safe_mode_on_the_wire() -> None:
    """Addresses of the strictest target, no hints, and for no longer than the window."""
    study = Window(name="Study", start="14:00", end="15:01", internet=True, safe_search=True)
    box = Box(person=child("16-17", windows=(study,)))
    ask = box.ask(query("www.video.example"))
    assert (ask.name, ask.verdict.action) == ("safe.video.example", Action.REWRITE)
    hints = box.reply(query("www.video.example", "HTTPS"), AT + 20)
    assert (hints.rcode, texts(hints), read(hints).authority[0].ttl) == (0, [], 40)
    assert box.ask(query("www.video.example", "HTTPS"), AT + 60).name == "www.video.example"
