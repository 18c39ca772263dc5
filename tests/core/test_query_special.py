"""A name that nobody is asked for is answered at once, unless somebody said something of it."""

from dataclasses import replace
from typing import Any

import pytest

from appliance.core.person import Mode
from appliance.core.query import BLOCK_MEMO_S, SPECIAL_TTL_S, Ask
from tests.core.box import Box, ede, read, texts
from tests.core.builders import AT, adult, child, grant, own, pause, query
from tests.core.listings import allows, blocks

ANSWERED = [
    ("nas.lan", "A", 3, []),
    ("NAS.Home.ARPA", "AAAA", 3, []),
    ("1.1.168.192.in-addr.arpa", "PTR", 3, []),
    ("Dev.localhost", "A", 0, ["Dev.localhost. 60 IN A 127.0.0.1"]),
    ("localhost", "AAAA", 0, ["localhost. 60 IN AAAA ::1"]),
    ("localhost", "MX", 0, []),
    ("1.0.0.127.in-addr.arpa", "PTR", 0, ["1.0.0.127.in-addr.arpa. 60 IN PTR localhost."]),
    ("_dns.resolver.arpa", "SVCB", 0, []),
]


@pytest.mark.parametrize(("name", "qtype", "rcode", "answers"), ANSWERED)
def test_a_special_name_is_answered_here(name: str, qtype: str, rcode: int, answers: list[str]) -> None:
    """Nobody is asked, nothing is counted; a negative answer may be kept."""
    found = Box().reply(query(name, qtype))
    assert (found.rcode, texts(found), found.verdict, ede(found)) == (rcode, answers, None, [])
    assert [rrset.ttl for rrset in read(found).authority] == ([] if answers else [60])


def test_it_may_be_given_out_for_a_while() -> None:
    """Its TTL within; no longer than the house stays as it is."""
    assert Box(person=adult()).reply(query("nas.lan")).keep_until == AT + BLOCK_MEMO_S - SPECIAL_TTL_S
    found = Box(pauses=(pause(0.5, 9),)).reply(query("nas.lan"))
    assert (found.keep_until, read(found).authority[0].ttl) == (AT, 30)


SAID: list[tuple[str, dict[str, Any], str | None]] = [
    ("nothing", {}, None),
    ("a caregiver's rule", {"person": child(rules=(own("nas.lan", "block"),))}, "own_block"),
    ("an allowing rule", {"person": child(rules=(own("nas.lan", "allow"),))}, None),
    ("a pause", {"pauses": (pause(),)}, "pause"),
    ("a pass", {"grants": (grant(),)}, None),
    ("small children's list", {"person": child("0-5")}, None),
    ("what must be asked for", {"person": child(unknown_names=Mode.ASK)}, None),
    ("a list", {"texts": {blocks(): "nas.lan"}}, "list_block"),
    ("a list that opens", {"texts": {allows(): "nas.lan"}}, None),
    ("a list that answers", {"texts": {blocks(): "192.168.1.9 nas.lan"}}, "list_rewrite"),
]


@pytest.mark.parametrize(("said", "code"), [row[1:] for row in SAID], ids=[row[0] for row in SAID])
def test_what_was_said_of_it_goes_before(said: dict[str, Any], code: str | None) -> None:
    """A default doesn't: nobody can be asked for a name that there is not."""
    found = Box(**said).reply(query("nas.lan"))
    assert code == (found.verdict.reason.code if found.verdict else None)
    if code == "list_rewrite":
        assert texts(found) == ["nas.lan. 60 IN A 192.168.1.9"]


def test_a_name_that_somebody_knows_is_asked_for() -> None:
    """The router, say."""
    box = Box()
    box.setting = replace(box.setting, routed=frozenset(("lan",)))
    assert isinstance(box.begin(query("nas.lan")), Ask)
    assert box.reply(query("nas.home")).rcode == 3
