"""CNAMEs of an answer are decided again: who delivers a name matters, and who does not."""

from itertools import pairwise
from typing import Any

import pytest

from appliance.core import query as core_query
from appliance.core.budget import Budget
from appliance.core.delivery import MAX_CNAMES
from appliance.core.device import DeviceKind
from appliance.core.domainset import Entry
from appliance.core.person import Setting
from appliance.core.said import Things
from appliance.core.schedule import Window
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Message
from tests.core.box import Box, ede, read, texts
from tests.core.builders import (
    AFTERNOON,
    AT,
    adult,
    child,
    counted,
    grant,
    lifted,
    message,
    minutes_from_now,
    own,
    pause,
    query,
)

CHAIN = ["open.example 300 CNAME {target}", "{target} 300 A 192.0.2.1"]


def cloaked(target: str, name: str = "open.example", rcode: int = 0) -> Message:
    """Return an answer whose name is delivered by another."""
    return message(name, "A", [f"{name} 300 CNAME {target}", f"{target} 300 A 192.0.2.1"], rcode=rcode)


SPENT = counted(everything=5, service_tube=5)
STUDY = Window(name="Study", start="14:00", end="16:00", allow=Things(names=("open.example",)))

CLOAKED: list[tuple[str, str, str, dict[str, Any], bool]] = [
    ("an open name of an open network", "open.example", "cdn.example", {}, False),
    ("a tracker under a first party's name", "open.example", "tracker.example", {}, True),
    ("malware", "open.example", "malware.example", {}, True),
    ("a way around", "open.example", "vpn.example", {}, True),
    ("what is to be asked for", "open.example", "forum.example", {}, True),
    ("an allowed category delivered by a blocked one", "school.example", "tracker.example", {}, True),
    (
        "what a caregiver allowed opens whatever network delivers it",
        "open.example",
        "tracker.example",
        {"person": child(rules=(own("open.example", "allow"),))},
        False,
    ),
    (
        "but malware stays blocked",
        "open.example",
        "malware.example",
        {"person": child(rules=(own("open.example", "allow"),))},
        True,
    ),
    (
        "and what a caregiver blocked by name",
        "open.example",
        "cdn.example",
        {"person": child(rules=(own("open.example", "allow"), own("cdn.example", "block")))},
        True,
    ),
    ("a grant opens it too", "social.example", "tracker.example", {"grants": (grant(name="social.example"),)}, False),
    (
        "a grant after a pause, delivered by a name that the pause stops",
        "social.example",
        "cdn.example",
        {"grants": (grant(-5, name="social.example"),), "pauses": (pause(-10),)},
        False,
    ),
    (
        "a grant does not open H behind it",
        "social.example",
        "porn.example",
        {"grants": (grant(-5, name="social.example"),), "pauses": (pause(-10),)},
        True,
    ),
    (
        "always on in a window, delivered by a name that is not",
        "open.example",
        "cdn.example",
        {"person": child(windows=(AFTERNOON,), always_on=Things(names=("open.example",)))},
        False,
    ),
    (
        "always on in a window, delivered by a tracker",
        "open.example",
        "tracker.example",
        {"person": child(windows=(AFTERNOON,), always_on=Things(names=("open.example",)))},
        True,
    ),
    (
        "in a window, delivered by what is granted",
        "open.example",
        "tracker.example",
        {
            "person": child(windows=(AFTERNOON,), always_on=Things(names=("open.example",))),
            "grants": (grant(name="tracker.example"),),
        },
        False,
    ),
    (
        "an update of a paused console, delivered by a network",
        "patch.example",
        "cdn.example",
        {"on": DeviceKind.CONSOLE, "pauses": (pause(),)},
        False,
    ),
    (
        "an open name, delivered by a service that a caregiver blocked",
        "open.example",
        "tube.example",
        {"person": child(services={"tube": Setting.BLOCK})},
        True,
    ),
    (
        "a service that a caregiver allowed, delivered by a kind of its own band's",
        "chat.example",
        "tracker.example",
        {"person": child(services={"chat": Setting.ALLOW})},
        True,
    ),
    (
        "what isn't counted, delivered by what is used up",
        "school.example",
        "tube.example",
        {"person": child(budgets=(Budget(minutes=5), Budget(what="service:tube", minutes=5))), "minutes": SPENT},
        False,
    ),
    (
        "what a window allows by name, delivered by a network that it stops",
        "open.example",
        "tracker.example",
        {"person": child(windows=(STUDY,))},
        False,
    ),
    (
        "but a name that a caregiver blocked",
        "open.example",
        "cdn.example",
        {"person": child(windows=(STUDY,), rules=(own("cdn.example", "block"),))},
        True,
    ),
    ("what was lifted, delivered by malware", "porn.example", "malware.example", {"lifted": (lifted(),)}, True),
    (
        "malware that an owner lifted",
        "open.example",
        "malware.example",
        {"lifted": (lifted(name="malware.example"),)},
        False,
    ),
    ("help, whoever delivers it", "help.example", "malware.example", {}, False),
    ("infrastructure, whoever delivers it", "time.example", "malware.example", {}, False),
    ("protected information, delivered by a tracker", "mind.example", "tracker.example", {}, False),
    ("protected information, delivered by malware", "mind.example", "malware.example", {}, True),
    (
        "protected information, delivered by what a caregiver blocked at 6-9",
        "mind.example",
        "cdn.example",
        {"person": child("6-9", rules=(own("cdn.example", "block"),))},
        True,
    ),
    (
        "and at 13-15, where that does not reach",
        "mind.example",
        "cdn.example",
        {"person": child("13-15", rules=(own("cdn.example", "block"),))},
        False,
    ),
    ("an allow-list's name of an unknown network", "school.example", "cdn.example", {"person": child("0-5")}, False),
    ("an adult's", "open.example", "tracker.example", {"person": adult()}, False),
    ("an adult's malware", "open.example", "malware.example", {"person": adult()}, True),
]


@pytest.mark.parametrize(
    ("name", "target", "said", "blocked"), [row[1:] for row in CLOAKED], ids=[row[0] for row in CLOAKED]
)
def test_what_delivers_a_name_is_decided_too(name: str, target: str, said: dict[str, Any], *, blocked: bool) -> None:
    """By the step that admitted the name or one before it."""
    found = Box(**said).journey(query(name), cloaked(target, name))
    assert found.verdict is not None
    assert blocked == found.verdict.is_blocked
    assert [f"{name}. 10 IN A 0.0.0.0"] == texts(found) if blocked else len(texts(found)) == 2


def test_every_link_of_a_chain_is_looked_at() -> None:
    """Up to as many as resolvers follow; a longer chain is a failure, not a way through."""
    hops = [f"h{number}.example" for number in range(MAX_CNAMES - 1)]
    names = ["open.example", *hops, "tracker.example"]
    records = [f"{one} 300 CNAME {other}" for one, other in pairwise(names)]
    found = Box().journey(query("open.example"), message("open.example", "A", records))
    assert found.verdict is not None
    assert found.verdict.is_blocked
    decoys = [f"decoy{number}.example 300 CNAME x.example" for number in range(MAX_CNAMES)]
    found = Box().journey(query("open.example"), message("open.example", "A", [*decoys, *records[-1:]]))
    assert (read(found).rcode(), ede(found)) == (2, [(23, "the upstream's answer was malformed")])


def test_a_cloaked_block_ends_when_its_name_may_be_decided_anew() -> None:
    """And what may leave no trace leaves none."""
    box = Box(extra=[Entry("talk.example", "malware_phishing")], pauses=(pause(0.1, 9),))
    found = box.journey(query("mind.example"), cloaked("malware.example", "mind.example"))
    assert found.verdict is not None
    assert (found.verdict.until, found.verdict.traceless) == (AT + 6, True)
    assert read(found).answer[0].ttl == 6


def test_a_cloaked_block_ends_with_the_window_that_its_name_passed() -> None:
    """The target was decided without the window, the name was not."""
    person = child(
        windows=(AFTERNOON,),
        always_on=Things(names=("open.example",)),
        rules=(own("x.example", "block", minutes_from_now(90)),),
    )
    found = Box(person=person).journey(query("open.example"), cloaked("tracker.example"))
    assert found.verdict is not None
    assert found.verdict.until == AT + 3600


def test_a_finished_block_may_be_given_out_for_a_while() -> None:
    """Its TTL within."""
    assert Box().reply(query("social.example")).keep_until == AT + core_query.BLOCK_MEMO_S - 10


def test_a_broken_cname_is_a_failure() -> None:
    """Its name can't be decided."""
    made = message("open.example", "A", ["open.example 300 CNAME a.b.example"])
    wire_ = bytearray(made.wire)
    wire_[made.answers[0].rdata_at] = 0
    found = Box().journey(query("open.example"), wire.parse_message(bytes(wire_)))
    assert (read(found).rcode(), ede(found)) == (2, [(23, "the upstream's answer was malformed")])
