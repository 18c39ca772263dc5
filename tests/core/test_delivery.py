"""Whatever delivers a name is looked at: aliases, services, addresses and hints of addresses; chains have an end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import delivery
from appliance.core.delivery import MAX_RECORDS, Delivery
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Message
from appliance.core.wire.reader import WireError
from tests.core.box import Box, ede, read
from tests.core.builders import adult, child, message, own, query
from tests.core.listings import blocks

V4, V6 = "192.0.2.66", "2001:db8::67"


def test_what_an_answer_leads_to() -> None:
    """In one look."""
    answers = [
        "open.example 300 CNAME a.example",
        "a.example 300 A 192.0.2.1",
        "a.example 300 AAAA 2001:db8::1",
        "a.example 300 HTTPS 1 svc.example. alpn=h2 ipv4hint=192.0.2.2 ech=AAT+DQAA",
        "a.example 300 TXT words",
    ]
    found = delivery.read(message("open.example", "HTTPS", answers), "open.example")
    v6 = b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01"
    addresses = [b"\xc0\x00\x02\x01", v6, b"\xc0\x00\x02\x02"]
    assert found == Delivery(["a.example", "svc.example"], addresses, has_keys=True)
    assert not found.leads_home
    assert delivery.read(message("open.example"), "open.example") == Delivery((), [], has_keys=False)


LED: list[tuple[str, str | None]] = [
    ("HTTPS 1 tracker.example. alpn=h2", "category_block"),
    ("HTTPS 0 tracker.example.", "category_block"),
    ("HTTPS 1 malware.example. alpn=h2", "malware"),
    ("HTTPS 1 open.example. alpn=h2", None),
    ("HTTPS 1 . alpn=h2", None),
    (f"HTTPS 1 . ipv4hint=192.0.2.1,{V4}", "list_block"),
    (f"HTTPS 1 . ipv6hint={V6}", "list_block"),
]


@pytest.mark.parametrize(("record", "code"), LED)
def test_a_service_is_decided_like_an_alias(record: str, code: str | None) -> None:
    """And its hints like addresses."""
    box = Box(texts={blocks(): f"{V4}\n{V6}"})
    verdict = box.journey(
        query("open.example", "HTTPS"), message("open.example", "HTTPS", [f"open.example 9 {record}"])
    )
    assert verdict.verdict is not None
    assert (verdict.verdict.reason.code if verdict.verdict.is_blocked else None) == code


def chain(*names: str) -> Message:
    """Return an answer of aliases, each of the next."""
    links = [f"{one} 300 CNAME {other}" for one, other in pairwise(names)]
    return message("open.example", "A", [*links, f"{names[-1]} 300 A 192.0.2.1"])


CIRCLES = [
    (("open.example", "open.example"), True),
    (("open.example", "a.example", "open.example"), True),
    (("open.example", "a.example", "b.example", "c.example", "a.example"), True),
    (("open.example", "a.example", "b.example", "c.example"), False),
    (("x.example", "y.example", "x.example"), False),
]


@pytest.mark.parametrize(("names", "fails"), CIRCLES)
def test_a_chain_that_leads_in_a_circle_is_a_failure(names: tuple[str, ...], *, fails: bool) -> None:
    """For who asks and follows it; what hangs on nothing leads nobody."""
    found = Box(person=adult()).journey(query("open.example"), chain(*names))
    assert fails == (read(found).rcode() == wire.SERVFAIL)
    assert ede(found) == ([(23, "the upstream's answer was malformed")] if fails else [])


@pytest.mark.parametrize(("count", "fails"), [(MAX_RECORDS, False), (MAX_RECORDS + 1, True)])
def test_an_answer_has_no_more_addresses_than_can_be_looked_at(count: int, *, fails: bool) -> None:
    """One more is a failure; others than those that lead somewhere don't count."""
    texts_ = [f"open.example 300 TXT {number}" for number in range(50)]
    answers = [f"open.example 300 A 192.0.2.{number}" for number in range(count)]
    found = Box().journey(query("open.example"), message("open.example", "A", [*texts_, *answers]), is_tcp=True)
    assert fails == (read(found).rcode() == wire.SERVFAIL)


def test_hints_count_as_addresses() -> None:
    """However many one record has of them."""
    hints = ",".join(f"192.0.2.{number}" for number in range(MAX_RECORDS + 1))
    found = message("open.example", "HTTPS", [f"open.example 300 HTTPS 1 . ipv4hint={hints}"])
    with pytest.raises(WireError, match="too many"):
        delivery.read(found, "open.example")


def test_an_own_rule_opens_whatever_service_delivers_it() -> None:
    """As with aliases."""
    box = Box(person=child(rules=(own("open.example", "allow"),)))
    made = message("open.example", "HTTPS", ["open.example 9 HTTPS 1 tracker.example. alpn=h2"])
    assert len(read(box.journey(query("open.example", "HTTPS"), made)).answer) == 1


@given(st.binary(max_size=120), st.sampled_from([wire.A, wire.AAAA, wire.CNAME, wire.HTTPS, wire.SVCB]))
def test_any_data_of_a_record_are_read_or_refused(data: bytes, rtype: int) -> None:
    """By an error of our own."""
    asked = query("open.example")
    record = wire.record(b"\xc0\x0c", rtype, 300, data)
    made = wire.parse_message(wire.header(1, 0x8180, (1, 1, 0, 0)) + asked.question + record)
    try:
        found = delivery.read(made, "open.example")
    except WireError:
        return
    assert all(len(address) in (4, 16) for address in found.addresses)
