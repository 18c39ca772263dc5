"""Records of a house in the order of decision: what lies in the home answers always, all else is decided first."""

from typing import Any

import pytest

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.query import BLOCK_MEMO_S, Reply
from appliance.core.record import Record, RecordType
from appliance.core.verdict import Action
from tests.core.box import Box, read, texts
from tests.core.builders import AT, adult, child, message, own, pause, policy_of, query, setting_of
from tests.core.listings import blocks

HOME = ("nas.lan", "A", "192.168.1.5")


def box(*records: tuple[str, str, str], **said: Any) -> Box:
    """Return a house with these records."""
    made = tuple(Record(name=name, type=RecordType(type_), value=value) for name, type_, value in records)
    return Box(records=made, **said)


STATES: dict[str, dict[str, Any]] = {
    "open": {},
    "paused": {"pauses": (pause(),)},
    "blocked": {"person": child(rules=(own("nas.lan", "block"), own("site.example", "block")))},
    "smallest": {"person": child("0-5")},
    "listed": {"texts": {blocks(): "||nas.lan^\n||site.example^"}},
    "adult": {"person": adult()},
}


@pytest.mark.parametrize("state", STATES)
def test_the_home_answers_in_every_state(state: str) -> None:
    """It is no internet: no pause, rule, age or list reaches it, and nothing is counted or noted of it."""
    here = box(HOME, ("www.site.example", "CNAME", "nas.lan"), **STATES[state])
    found = here.reply(query("NAS.lan"))
    assert texts(found) == ["NAS.lan. 60 IN A 192.168.1.5"]
    assert found.verdict is None
    assert texts(here.reply(query("www.site.example"))) == [
        "www.site.example. 60 IN CNAME nas.lan.", "nas.lan. 60 IN A 192.168.1.5"
    ]  # fmt: skip
    assert texts(here.reply(query("5.1.168.192.in-addr.arpa", "PTR"))) == [
        "5.1.168.192.in-addr.arpa. 60 IN PTR nas.lan."
    ]


def test_what_there_is_none_of() -> None:
    """NODATA for the other family, with an SOA; and behind an alias, too."""
    here = box(HOME, ("alias.lan", "CNAME", "nas.lan"), ("gone.lan", "CNAME", "nothing.lan"))
    plain = here.reply(query("nas.lan", "AAAA"))
    assert (plain.rcode, texts(plain), len(read(plain).authority)) == (0, [], 1)
    behind = here.reply(query("alias.lan", "AAAA"))
    assert (behind.rcode, texts(behind), len(read(behind).authority)) == (0, ["alias.lan. 60 IN CNAME nas.lan."], 1)
    gone = here.reply(query("gone.lan"))
    assert (gone.rcode, texts(gone), len(read(gone).authority)) == (3, ["gone.lan. 60 IN CNAME nothing.lan."], 1)


def test_a_reply_may_be_given_out_again() -> None:
    """Of a record for as long as any; of a device never, because it may be elsewhere now."""
    assert box(HOME).reply(query("nas.lan")).keep_until == AT + BLOCK_MEMO_S
    here = box()
    phone = Device(id="phone", addresses=("192.168.1.9",))
    here.setting = setting_of(policy_of(House(persons=(child(),), devices=(phone,))))
    found = here.reply(query("phone.lan"))
    assert texts(found) == ["phone.lan. 60 IN A 192.168.1.9"]
    assert found.keep_until == AT


PUBLIC = ("site.example", "A", "198.51.100.7")


def test_a_record_of_the_internet_answers_where_it_is_open() -> None:
    """With the verdict of the name."""
    found = box(PUBLIC).reply(query("site.example"))
    assert texts(found) == ["site.example. 60 IN A 198.51.100.7"]
    assert found.verdict is not None
    assert found.verdict.action is Action.ALLOW
    assert found.keep_until == AT + BLOCK_MEMO_S


@pytest.mark.parametrize("state", ["paused", "blocked", "listed", "smallest"])
def test_a_record_of_the_internet_is_closed_with_its_name(state: str) -> None:
    """By a pause, a rule, a list, an age that only knows what was opened for it."""
    found = box(PUBLIC, **STATES[state]).reply(query("site.example"))
    assert read(found).answer[0][0].to_text() == "0.0.0.0"
    assert found.verdict is not None
    assert found.verdict.is_blocked


def test_its_ttl_ends_with_the_verdict() -> None:
    """Nobody keeps it into a pause that is to come."""
    soon = box(PUBLIC, pauses=(pause(0.5, 30),)).reply(query("site.example"))
    assert read(soon).answer[0].ttl == 30
    assert soon.keep_until == AT


def test_a_hard_block_goes_before() -> None:
    """Malware stays malware."""
    found = box(("malware.example", "A", "198.51.100.7")).reply(query("malware.example"))
    assert found.verdict is not None
    assert found.verdict.reason.code == "malware"


def test_what_is_protected_is_as_the_internet_has_it() -> None:
    """A record for all below an ending does not reach help lines, nor what devices need to be online."""
    here = box(("*.example", "A", "192.168.1.5"), ("*.www.example", "A", "198.51.100.7"))
    assert texts(here.reply(query("any.example"))) == ["any.example. 60 IN A 192.168.1.5"]
    for name in ("help.example", "time.example", "mind.example"):
        assert here.ask(query(name)).name == name


def test_a_safe_mode_goes_before() -> None:
    """A record is no way around it."""
    here = box(("www.search.example", "A", "198.51.100.7"), ("seek.example", "CNAME", "www.search.example"))
    assert here.ask(query("www.search.example")).name == "safe.search.example"


def test_a_record_goes_before_what_a_list_answers() -> None:
    """Words of the family go before lists."""
    here = box(PUBLIC, texts={blocks(redirects=True): "||site.example^$dnsrewrite=198.51.100.99"})
    assert texts(here.reply(query("site.example"))) == ["site.example. 60 IN A 198.51.100.7"]
    led = box(("site.example", "CNAME", "other.example"),
              texts={blocks(redirects=True): "||site.example^$dnsrewrite=third.example"})  # fmt: skip
    assert led.ask(query("site.example")).name == "other.example"


def test_an_alias_is_asked_for() -> None:
    """Its target's records, by a CNAME; out of the cache the next time."""
    here = box(("news.lan", "CNAME", "site.example"))
    found = here.journey(query("news.lan"), message("site.example", answers=["site.example. 300 A 198.51.100.7"]))
    assert texts(found) == ["news.lan. 60 IN CNAME site.example.", "site.example. 60 IN A 198.51.100.7"]
    again = here.begin(query("news.lan"))
    assert isinstance(again, Reply)
    assert texts(again) == texts(found)


@pytest.mark.parametrize("name", ["porn.example", "games.example", "malware.example", "own.example"])
def test_an_alias_to_what_is_closed_is_closed(name: str) -> None:
    """For whom its target is closed."""
    here = box(
        ("fun.lan", "CNAME", name), person=child(rules=(own("own.example", "block"), own("games.example", "block")))
    )
    found = here.reply(query("fun.lan"))
    assert found.verdict is not None
    assert found.verdict.is_blocked


def test_an_alias_within_the_house_is_decided_too() -> None:
    """What is closed under its own name is closed under another one, though the house says where both are."""
    records = (("fun.lan", "CNAME", "own.example"), ("own.example", "A", "198.51.100.7"))
    closed = box(*records, person=child(rules=(own("own.example", "block"),))).reply(query("fun.lan"))
    assert closed.verdict is not None
    assert closed.verdict.is_blocked
    assert texts(box(*records).reply(query("fun.lan"))) == [
        "fun.lan. 60 IN CNAME own.example.", "own.example. 60 IN A 198.51.100.7"
    ]  # fmt: skip


def test_an_alias_that_leads_into_a_home_is_refused() -> None:
    """Where the answer of the internet does, whatever was said of the name."""
    here = box(("news.lan", "CNAME", "site.example"))
    found = here.journey(query("news.lan"), message("site.example", answers=["site.example. 300 A 192.168.1.1"]))
    assert found.verdict is not None
    assert found.verdict.reason.code == "rebinding"


def test_other_types_of_an_alias() -> None:
    """A record whose data may hold names isn't taken from the target."""
    found = box(("news.lan", "CNAME", "site.example")).reply(query("news.lan", "MX"))
    assert texts(found) == ["news.lan. 60 IN CNAME site.example."]


def test_too_much_for_a_datagram() -> None:
    """The client asks again over TCP."""
    here = box(*(("many.lan", "A", f"10.0.{number // 250}.{number % 250}") for number in range(400)))
    assert here.reply(query("many.lan")).wire[2] & 2
    found = here.begin(query("many.lan"), is_tcp=True)
    assert isinstance(found, Reply)
    assert len(texts(found)) == 400


def test_what_nothing_knows() -> None:
    """NXDOMAIN with our SOA below the domain of the home; the domain itself is there."""
    here = box(local_domain="home.example")
    found = here.reply(query("nothing.home.example"))
    assert (found.rcode, [rrset.ttl for rrset in read(found).authority]) == (3, [60])
    assert here.reply(query("home.example")).rcode == 0
    assert box().reply(query("nothing.lan")).rcode == 3
    assert box().reply(query("9.1.168.192.in-addr.arpa", "PTR")).rcode == 3
