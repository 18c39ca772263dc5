"""A name of the internet whose answer leads into the home has none; names of the home may."""

from dataclasses import replace
from typing import Any

import pytest

from appliance.core.house import Blocking, BlockMode
from appliance.core.query import finish
from appliance.core.verdict import Action, Step
from tests.core.box import Box, ede, read, texts
from tests.core.builders import AT, adult, child, message, own, pause, query

LEADS_HOME = [
    ("A", ["open.example 300 A 192.168.1.1"]),
    ("A", ["open.example 300 A 192.0.2.1", "open.example 300 A 10.0.0.1"]),
    ("A", ["open.example 300 CNAME cdn.example", "cdn.example 300 A 127.0.0.1"]),
    ("A", ["open.example 300 A 0.0.0.0"]),
    ("AAAA", ["open.example 300 AAAA fd00::1"]),
    ("AAAA", ["open.example 300 AAAA ::ffff:192.168.1.1"]),
    ("AAAA", ["open.example 300 AAAA 64:ff9b::c0a8:101"]),
    ("HTTPS", ["open.example 300 HTTPS 1 . ipv4hint=192.0.2.1,192.168.1.1"]),
    ("SVCB", ["open.example 300 SVCB 1 x.example. ipv6hint=fe80::1"]),
    ("TXT", ["open.example 300 TXT hello", "open.example 300 A 192.168.1.1"]),
]


@pytest.mark.parametrize("mode", [None, BlockMode.NXDOMAIN])
@pytest.mark.parametrize(("qtype", "answers"), LEADS_HOME)
def test_an_answer_that_leads_into_the_home(qtype: str, answers: list[str], mode: BlockMode | None) -> None:
    """Is no answer, whatever the house answers otherwise, for an adult as for a child."""
    for person in (child(), adult()):
        box = Box(person=person, blocking=Blocking(mode=mode))
        found = box.journey(query("open.example", qtype), message("open.example", qtype, answers))
        assert (found.rcode, texts(found), ede(found)) == (0, [], [(15, "because rebinding")])
        assert found.verdict is not None
        assert (found.verdict.action, found.verdict.step, found.verdict.lift) == (Action.BLOCK, Step.HARD, None)
        assert (person.band is None) == found.verdict.traceless
        again = box.reply(query("open.example", qtype))
        assert (again.verdict, texts(again)) == (found.verdict, [])


def test_a_public_address_is_an_answer() -> None:
    """That of a documentation range, too."""
    for qtype, address in (("A", "198.51.100.7"), ("AAAA", "2001:db8::1")):
        made = message("open.example", qtype, [f"open.example 300 {qtype} {address}"])
        assert len(texts(Box().journey(query("open.example", qtype), made))) == 1


@pytest.mark.parametrize(
    ("name", "private", "routed", "blocked"),
    [
        ("open.example", (), frozenset(), True),
        ("open.example", ("Open.Example",), frozenset(), False),
        ("nas.open.example", ("open.example",), frozenset(), False),
        ("open.example", ("nas.open.example",), frozenset(), True),
        ("notopen.example", ("open.example",), frozenset(), True),
        ("nas.lan", (), frozenset(("lan",)), False),
        ("nas.open.example", (), frozenset(("open.example",)), False),
        ("box.example", (), frozenset(), False),
        ("page.box.example", (), frozenset(), False),
    ],
)
def test_a_name_of_the_home(name: str, private: tuple[str, ...], routed: frozenset[str], *, blocked: bool) -> None:
    """May lie there: where a caregiver said so, or a server of its own is asked for it."""
    box = Box(private_names=private)
    box.setting = replace(box.setting, routed=routed)
    found = box.journey(query(name), message(name, "A", [f"{name} 300 A 192.168.1.9"]))
    assert found.verdict is not None
    assert blocked == found.verdict.is_blocked


SPARED: list[tuple[str, dict[str, Any], bool]] = [
    ("help.example", {}, False),
    ("time.example", {}, False),
    ("mind.example", {}, True),
    ("open.example", {"person": child(rules=(own("open.example", "allow"),))}, True),
    ("www.search.example", {}, True),
]


@pytest.mark.parametrize(("name", "said", "blocked"), SPARED)
def test_what_is_always_open_stays_so(name: str, said: dict[str, Any], *, blocked: bool) -> None:
    """Help lines and what a device needs to be online; no own rule lets a page of elsewhere in."""
    box = Box(**said)
    target = box.ask(query(name)).name
    found = box.journey(query(name), message(target, "A", [f"{target} 300 A 192.168.1.9"]))
    assert found.verdict is not None
    assert blocked == found.verdict.is_blocked
    assert found.verdict.traceless == (name in ("help.example", "mind.example"))


def test_it_ends_when_its_name_may_be_decided_anew() -> None:
    """Nobody keeps it past a pause that is to come."""
    box = Box(pauses=(pause(0.1, 9),))
    found = box.journey(query("open.example"), message("open.example", "A", ["open.example 300 A 10.0.0.1"]))
    assert found.verdict is not None
    assert (found.verdict.until, read(found).authority[0].ttl) == (AT + 6, 6)


def test_an_old_answer_is_looked_at_like_a_new_one() -> None:
    """One that was kept before, and is given out because nobody answers."""
    box = Box()
    ask = box.ask(query("open.example"))
    box.setting.answers.put(ask.key, message("open.example", "A", ["open.example 9 A 10.0.0.1"]), AT)
    stale = box.setting.answers.get_stale(ask.key, AT + 100)
    assert stale is not None
    assert texts(finish(box.setting, box.subject, ask, stale, is_tcp=False, at=AT + 100)) == []
