"""Keys for encrypted hellos are kept from children, and nothing else of an answer is."""

from dataclasses import replace

import dns.flags
import pytest

from appliance.core import ech
from appliance.core.device import DeviceKind
from appliance.core.house import House, Unknown
from appliance.core.person import Person, Setting
from appliance.core.query import Reply
from appliance.core.wire import dns as wire
from appliance.core.wire.reader import WireError
from tests.core.box import Box, read, texts
from tests.core.builders import AT, adult, child, device, message, policy_of, query

KEYS = "ech=AAT+DQAA"
PLAIN = "open.example 300 HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1"
SIGNED = "RRSIG {rtype} 13 2 300 20300101000000 20200101000000 1 open.example. AAAA"

WHO = [
    (child("6-9"), None, True),
    (child("16-17"), None, True),
    (child(categories={"bypass_dns": Setting.ALLOW}), None, False),
    (child(), DeviceKind.PHONE, True),
    (child(), DeviceKind.MANAGED, False),
    (adult(), None, False),
    (child(), DeviceKind.ADULT, False),
]


@pytest.mark.parametrize(("person", "on", "withheld"), WHO)
def test_who_gets_no_keys(person: Person, on: DeviceKind | None, *, withheld: bool) -> None:
    """Who may ask no other resolver, but for a school's own device."""
    compiled = policy_of(House(persons=(person,), devices=(device(on),) if on else ()))
    subject = compiled.of_device("thing") if on else compiled.by_person[person.id]
    assert withheld == ech.is_withheld(subject)


@pytest.mark.parametrize(
    ("unknown", "withheld"), [("6-9", True), (Unknown.CLOSED.value, True), (Unknown.FILTERED.value, False)]
)
def test_a_device_that_nobody_named(unknown: str, *, withheld: bool) -> None:
    """As the house chose: where all but harm is open, other resolvers are, too."""
    assert withheld == ech.is_withheld(policy_of(House(unknown_devices=unknown)).unknown)


def answered(box: Box, qtype: str, answers: list[str], *, do: bool = False, authorities: tuple[str, ...] = ()) -> Reply:
    """Return the reply made of an authentic answer."""
    made = message("open.example", qtype, answers, authorities=authorities, flags=dns.flags.AD)
    return box.journey(query("open.example", qtype, want_dnssec=do, flags=wire.RD | wire.AD), made)


@pytest.mark.parametrize("qtype", ["HTTPS", "SVCB"])
def test_a_child_gets_the_answer_without_the_keys(qtype: str) -> None:
    """No longer called authentic; aliases, other parameters and TTLs stay."""
    answers = [
        "open.example 300 CNAME cdn.open.example",
        f"cdn.open.example 300 {qtype} 1 . alpn=h2 ipv4hint=192.0.2.1 {KEYS}",
    ]
    found = answered(Box(), qtype, answers)
    assert texts(found) == [
        "open.example. 60 IN CNAME cdn.open.example.",
        f'cdn.open.example. 60 IN {qtype} 1 . alpn="h2" ipv4hint="192.0.2.1"',
    ]
    assert not read(found).flags & dns.flags.AD
    grown = answered(Box(person=adult()), qtype, answers)
    assert [KEYS.partition("=")[2] in text for text in texts(grown)] == [False, True]
    assert read(grown).flags & dns.flags.AD


def test_an_answer_without_keys_is_left_as_it_is() -> None:
    """Signed, authentic."""
    found = answered(Box(), "HTTPS", [PLAIN, f"open.example 300 {SIGNED.format(rtype='HTTPS')}"], do=True)
    assert (len(texts(found)), bool(read(found).flags & dns.flags.AD)) == (2, True)


def test_what_was_changed_is_signed_no_more() -> None:
    """What was not is; a record of another type has no place there."""
    answers = [
        "open.example 300 DNAME open.test",
        f"open.example 300 {SIGNED.format(rtype='DNAME')}",
        "open.example 300 CNAME cdn.example",
        f"open.example 300 {SIGNED.format(rtype='CNAME')}",
        f"cdn.example 300 HTTPS 1 . {KEYS}",
        f"cdn.example 300 {SIGNED.format(rtype='HTTPS')}",
        "cdn.example 300 A 192.0.2.1",
        "cdn.example 300 MX 5 mail.example",
    ]
    found = answered(Box(), "HTTPS", answers, do=True, authorities=("cdn.example 300 NS ns.example",))
    told = read(found)
    kinds = [(one.name.to_text(), int(one.rdtype), int(one.covers)) for one in told.answer]
    assert kinds == [
        ("open.example.", 39, 0),
        ("open.example.", 46, 39),
        ("open.example.", 5, 0),
        ("open.example.", 46, 5),
        ("cdn.example.", 65, 0),
        ("cdn.example.", 1, 0),
    ]
    assert (told.authority, told.answer[4][0].to_text()) == ([], "1 .")


def test_what_is_kept_keeps_its_keys() -> None:
    """An adult who asks after a child gets them out of the same cache."""
    kid, grown = Box(), Box(person=adult())
    grown.setting = replace(grown.setting, answers=kid.setting.answers)
    made = message("open.example", "HTTPS", [f"{PLAIN} {KEYS}"])
    ask = kid.ask(query("open.example", "HTTPS"))
    kid.setting.answers.put(ask.key, made, AT)
    for box, has in ((kid, False), (grown, True), (kid, False)):
        assert has == ("ech" in texts(box.reply(query("open.example", "HTTPS")))[0])


def test_an_rcode_stays_what_it_was() -> None:
    """Its upper bits, too, which stood in the record that is left out."""
    made = message("open.example", "HTTPS", [f"{PLAIN} {KEYS}"], rcode=23)
    assert (made.rcode, ech.without_keys(made).rcode) == (23, 23)


def test_a_broken_record_is_a_failure() -> None:
    """For an adult as well: its hints could lead anywhere."""
    made = message("open.example", "HTTPS", [f"{PLAIN} {KEYS}"])
    octets = bytearray(made.wire)
    octets[made.answers[0].rdata_at + 4] ^= 0xFF
    broken = wire.parse_message(bytes(octets))
    for box in (Box(), Box(person=adult())):
        assert read(box.journey(query("open.example", "HTTPS"), broken)).rcode() == wire.SERVFAIL
    with pytest.raises(WireError):
        ech.without_keys(broken)
