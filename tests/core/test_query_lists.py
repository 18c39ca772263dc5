"""What lists do to answers: blocks and answers of their own, names that answer for others, addresses that they name."""

from typing import Any

import dns.rcode
import dns.rdatatype
import pytest

from appliance.core.device import DeviceKind
from appliance.core.house import Blocking, BlockMode
from appliance.core.query import GIVEN_TTL_S, Ask, Reply
from appliance.core.subscription import Subscription
from appliance.core.verdict import Step
from appliance.core.wire import dns as wire
from tests.core.box import Box, ede, read, texts
from tests.core.builders import AT, adult, child, grant, message, own, pause, query
from tests.core.listings import allows, blocks

ANSWERED = """\
||open.example^
192.0.2.9 host.example
192.0.2.10 host.example
2001:db8::9 host.example
||gone.example^$dnsrewrite=NXDOMAIN
||no.example^$dnsrewrite=REFUSED
||sunk.example^$dnsrewrite=192.0.2.1,important
||null.example^$dnsrewrite=0.0.0.0
||text.example^$dnsrewrite=NOERROR;TXT;some words
||mail.example^$dnsrewrite=NOERROR;MX;10 mail.host.example
||bad.example^$dnsrewrite=NOERROR;SRV;1 2 3
||service.example^$dnsrewrite=NOERROR;HTTPS;1 . alpn=h3
"""
ANSWERS: list[tuple[str, str, str, list[str], list[tuple[int, str]]]] = [
    ("open.example", "A", "NOERROR", ["open.example. 10 IN A 0.0.0.0"], [(17, "because list_block")]),
    ("open.example", "HTTPS", "NOERROR", [], [(17, "because list_block")]),
    ("host.example", "A", "NOERROR", ["host.example. 60 IN A 192.0.2.9", "host.example. 60 IN A 192.0.2.10"], []),
    ("host.example", "AAAA", "NOERROR", ["host.example. 60 IN AAAA 2001:db8::9"], []),
    ("host.example", "MX", "NOERROR", [], []),
    ("gone.example", "A", "NXDOMAIN", [], [(17, "because list_block")]),
    ("no.example", "A", "REFUSED", [], [(17, "because list_block")]),
    ("sunk.example", "A", "NOERROR", ["sunk.example. 60 IN A 192.0.2.1"], []),
    ("null.example", "A", "NOERROR", ["null.example. 10 IN A 0.0.0.0"], [(17, "because list_block")]),
    ("text.example", "TXT", "NOERROR", ['text.example. 60 IN TXT "some words"'], []),
    ("mail.example", "MX", "NOERROR", ["mail.example. 60 IN MX 10 mail.host.example."], []),
    ("service.example", "HTTPS", "NOERROR", ['service.example. 60 IN HTTPS 1 . alpn="h3"'], []),
]


@pytest.mark.parametrize(("name", "qtype", "rcode", "answers", "errors"), ANSWERS)
def test_what_a_list_answers(
    name: str, qtype: str, rcode: str, answers: list[str], errors: list[tuple[int, str]]
) -> None:
    """At once, without an upstream: the house's own blocked answer, or what stands in the list."""
    found = Box(texts={blocks(): ANSWERED}).reply(query(name, qtype))
    assert (sorted(texts(found)), ede(found)) == (sorted(answers), errors)
    message_ = read(found)
    assert dns.rcode.to_text(message_.rcode()) == rcode
    has_soa = not answers and rcode != "REFUSED"
    assert [dns.rdatatype.to_text(rrset.rdtype) for rrset in message_.authority] == (["SOA"] if has_soa else [])


def test_an_answer_that_can_t_be_written_is_none() -> None:
    """A list may say anything: what is no record is left out."""
    found = Box(texts={blocks(): "bad.example\n||bad.example^$dnsrewrite=NOERROR;SRV;1 2 3"}).reply(
        query("bad.example", "SRV")
    )
    assert (texts(found), read(found).rcode()) == ([], 0)


def test_a_house_that_answers_otherwise() -> None:
    """What the list says itself goes before it."""
    box = Box(texts={blocks(): ANSWERED}, blocking=Blocking(BlockMode.NXDOMAIN))
    assert dns.rcode.to_text(read(box.reply(query("open.example"))).rcode()) == "NXDOMAIN"
    assert texts(box.reply(query("null.example"))) == ["null.example. 10 IN A 0.0.0.0"]


def test_how_long_a_list_s_answer_may_be_given_out() -> None:
    """No longer than its verdict; an adult keeps it no longer than a child."""
    box = Box(texts={blocks(): ANSWERED}, pauses=(pause(0.5, 2),))
    found = box.reply(query("host.example"))
    assert (read(found).answer[0].ttl, found.keep_until) == (30, AT)
    box = Box(texts={blocks(persons=("alex",)): ANSWERED}, person=adult())
    found = box.reply(query("host.example"))
    assert (read(found).answer[0].ttl, found.keep_until) == (GIVEN_TTL_S, AT + 600 - GIVEN_TTL_S)


def test_a_list_s_long_answer_goes_over_tcp() -> None:
    """Over UDP it says so."""
    lines = "\n".join(f"192.0.2.{number} host.example" for number in range(1, 200))
    box = Box(texts={blocks(): lines})
    asked = query("host.example")
    found = box.begin(asked)
    assert isinstance(found, Reply)
    assert (bool(wire.TC & int.from_bytes(found.wire[2:4], "big")), texts(found)) == (True, [])
    found = box.begin(asked, is_tcp=True)
    assert isinstance(found, Reply)
    assert len(texts(found)) == 199


LED = {blocks(): "||open.example^$dnsrewrite=www.host.example"}
RECORDS = {
    "A": "192.0.2.1", "AAAA": "2001:db8::1", "TXT": '"words"', "HTTPS": '1 . alpn="h2"', "SVCB": '1 . alpn="h2"',
}  # fmt: skip


@pytest.mark.parametrize("qtype", sorted(RECORDS))
def test_another_name_answers(qtype: str) -> None:
    """With its own records, behind an alias."""
    box = Box(texts=LED)
    ask = box.ask(query("open.example", qtype))
    assert ask.name == "www.host.example"
    made = message("www.host.example", qtype, [f"www.host.example 300 {qtype} {RECORDS[qtype]}"])
    found = box.journey(query("open.example", qtype), made)
    assert [line.split(None, 3)[3] for line in texts(found)] == ["CNAME www.host.example.", f"{qtype} {RECORDS[qtype]}"]


@pytest.mark.parametrize("qtype", ["MX", "NS", "CNAME", "SRV"])
def test_of_another_name_no_record_is_given_with_a_name_in_it(qtype: str) -> None:
    """It might be cut short in the answer that it is taken from."""
    found = Box(texts=LED).reply(query("open.example", qtype))
    assert (texts(found), read(found).authority[0].ttl) == ([], 60)


TARGETS: list[tuple[str, dict[Subscription, str], dict[str, Any], str | None]] = [
    ("a name that is open", {}, {}, None),
    ("malware", {blocks("bad", category="malware_phishing"): "www.host.example"}, {}, "malware"),
    ("a name on another list", {blocks("more"): "www.host.example"}, {}, "list_block"),
    ("a name that a caregiver blocked", {}, {"person": child(rules=(own("host.example", "block"),))}, "own_block"),
    ("a name that leads back", {blocks("more"): "||www.host.example^$dnsrewrite=open.example"}, {}, None),
    ("what a small child does not know", {}, {"person": child("0-5")}, None),
]


@pytest.mark.parametrize(("more", "said", "expected"), [row[1:] for row in TARGETS], ids=[row[0] for row in TARGETS])
def test_the_name_that_answers_is_decided_too(
    more: dict[Subscription, str], said: dict[str, Any], expected: str | None
) -> None:
    """A list can't lead anybody to what is closed."""
    found = Box(texts=LED | more, **said).begin(query("open.example"))
    assert isinstance(found, Ask) if expected is None else isinstance(found, Reply)
    assert found.verdict is not None
    assert found.verdict.reason.code == (expected or "list_rewrite")


LISTED = {
    blocks(): "cdn.example\n192.0.2.66\n||only4.example^$dnstype=A",
    blocks("bad", category="malware_phishing"): "trap.example\n192.0.2.67\n2001:db8::67",
    blocks("talk", category="forum"): "192.0.2.68",
    allows(): "good.example",
}
DELIVERED: list[tuple[str, str, str, str, dict[str, Any], str | None]] = [
    ("a name on a list", "open.example", "A", "CNAME x.cdn.example", {}, None),
    ("the very name", "open.example", "A", "CNAME cdn.example", {}, "list_block"),
    ("a name that lists call malware", "open.example", "A", "CNAME trap.example", {}, "malware"),
    ("a rule for a type", "open.example", "A", "CNAME only4.example", {}, "list_block"),
    ("a rule for a type, of another", "open.example", "AAAA", "CNAME only4.example", {}, None),
    ("an address", "open.example", "A", "A 192.0.2.66", {}, "list_block"),
    ("an address of what is closed", "open.example", "A", "A 192.0.2.68", {}, "category_ask"),
    ("an address of malware", "open.example", "A", "A 192.0.2.67", {}, "malware"),
    ("an address of the other family", "open.example", "AAAA", "AAAA 2001:db8::67", {}, "malware"),
    ("an address that no list names", "open.example", "A", "A 192.0.2.1", {}, None),
    ("what a list opens, whatever network delivers it", "good.example", "A", "CNAME cdn.example", {}, None),
    ("what a list opens, at whatever address", "good.example", "A", "A 192.0.2.66", {}, None),
    ("but not malware", "good.example", "A", "A 192.0.2.67", {}, "malware"),
    ("what a caregiver allowed", "open.example", "A", "CNAME cdn.example",
     {"person": child(rules=(own("open.example", "allow"),))}, None),
    ("what a caregiver allowed, at an address", "open.example", "A", "A 192.0.2.66",
     {"person": child(rules=(own("open.example", "allow"),))}, None),
    ("what a caregiver allowed, at an address of malware", "open.example", "A", "A 192.0.2.67",
     {"person": child(rules=(own("open.example", "allow"),))}, "malware"),
    ("protected information", "mind.example", "A", "CNAME cdn.example", {}, None),
    ("protected information, by malware of a list", "mind.example", "A", "CNAME trap.example", {}, None),
    ("protected information, by malware of the box", "mind.example", "A", "CNAME malware.example", {}, "malware"),
    ("protected information, at an address of malware", "mind.example", "A", "A 192.0.2.67", {}, None),
    ("protected information under a pass, by malware of a list", "mind.example", "A", "CNAME trap.example",
     {"grants": (grant(),)}, None),
    ("a help line", "help.example", "A", "A 192.0.2.67", {}, None),
    ("a clock", "time.example", "A", "CNAME trap.example", {}, None),
    ("a safe mode", "www.search.example", "A", "A 192.0.2.66", {}, None),
    ("an adult", "open.example", "A", "A 192.0.2.66", {"person": adult()}, None),
    ("an adult's malware", "open.example", "A", "A 192.0.2.67", {"person": adult()}, "malware"),
    ("a managed device", "open.example", "A", "A 192.0.2.66", {"on": DeviceKind.MANAGED}, "list_block"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "qtype", "record", "said", "expected"), [row[1:] for row in DELIVERED], ids=[row[0] for row in DELIVERED]
)
def test_who_delivers_a_name_may_be_on_a_list(
    name: str, qtype: str, record: str, said: dict[str, Any], expected: str | None
) -> None:
    """By the step that admitted the name or one before it; never against what is protected."""
    box = Box(texts=LISTED, **said)
    asked = query(name, qtype)
    ask = box.ask(asked)
    verdict = box.journey(asked, message(ask.name, qtype, [f"{ask.name} 300 {record}"])).verdict
    assert verdict is not None
    assert (verdict.reason.code if verdict.is_blocked else None) == expected


def test_without_addresses_on_lists_none_is_looked_at() -> None:
    """Nor is one of a wrong length, which nobody can use."""
    box = Box(texts={blocks(): "cdn.example"})
    found = box.journey(query("open.example"), message("open.example", "A", ["open.example 300 A 192.0.2.66"]))
    assert found.verdict is not None
    assert found.verdict.step is Step.DEFAULT
    made = message("open.example", "A", ["open.example 300 TXT words", "open.example 300 A 192.0.2.67"])
    octets = bytearray(made.wire)
    octets[made.answers[0].rdata_at - 10 : made.answers[0].rdata_at - 8] = b"\x00\x01"
    found = Box(texts=LISTED).journey(query("open.example"), wire.parse_message(bytes(octets)))
    assert found.verdict is not None
    assert found.verdict.step is Step.HARD


def test_a_block_by_an_address_ends_with_the_name_s_verdict() -> None:
    """And its reply with it."""
    box = Box(texts=LISTED, pauses=(pause(0.1, 9),))
    found = box.journey(query("open.example"), message("open.example", "A", ["open.example 300 A 192.0.2.66"]))
    assert found.verdict is not None
    assert (found.verdict.until, texts(found)) == (AT + 6, ["open.example. 6 IN A 0.0.0.0"])
