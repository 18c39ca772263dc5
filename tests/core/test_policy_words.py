"""A caregiver's latest word: which of two holds, and what a pass for one thing opens."""

from typing import Any

import pytest

from appliance.core.domainset import Entry
from appliance.core.guesses import Label
from appliance.core.person import Level
from tests.core.builders import AFTERNOON, SHARED, adult, child, grant, own, pause, told, verdict_of

GRANT = ("allow", "word", "grant")
PAUSE = ("block", "word", "pause")
BLOCK = ("block", "category", "category_block")
OPEN = ("allow", "default", "default_allow")

WORDS: list[tuple[str, str, dict[str, Any], tuple[str, str, str]]] = [
    ("a service", "www.chat.example", {"grants": (grant(service="chat"),)}, GRANT),
    ("and no other one", "gossip.example", {"grants": (grant(service="chat"),)}, BLOCK),
    ("what two services share", SHARED, {"grants": (grant(service="gossip"),)}, GRANT),
    ("and what no switch of it reaches", "id.chat.example", {"grants": (grant(service="chat"),)}, OPEN),
    ("a group", "gossip.example", {"grants": (grant(group="talk"),)}, GRANT),
    ("and no other one", "gossip.example", {"grants": (grant(group="video"),)}, BLOCK),
    ("a group without services", "gossip.example", {"grants": (grant(group="none"),)}, BLOCK),
    ("a category", "gossip.example", {"grants": (grant(category="social_media"),)}, GRANT),
    ("minutes open nothing", "gossip.example", {"grants": (grant(minutes=30),)}, BLOCK),
    ("nor do they end a pause", "open.example", {"pauses": (pause(-10),), "grants": (grant(minutes=30),)}, PAUSE),
    (
        "a service after a pause",
        "www.chat.example",
        {"pauses": (pause(-10),), "grants": (grant(-5, service="chat"),)},
        GRANT,
    ),
    (
        "just that service",
        "open.example",
        {"pauses": (pause(-10),), "grants": (grant(-5, service="chat"),)},
        PAUSE,
    ),
    (
        "a pause after a service",
        "www.chat.example",
        {"pauses": (pause(-5),), "grants": (grant(-10, service="chat"),)},
        PAUSE,
    ),
    ("said at once, the pause", "open.example", {"pauses": (pause(-5),), "grants": (grant(-5),)}, PAUSE),
    (
        "of a person after one of the house",
        "open.example",
        {"pauses": (pause(-10), pause(-2, person="kim")), "grants": (grant(-5),)},
        PAUSE,
    ),
    ("grace ends a window", "open.example", {"grants": (grant(time=True, grace=True),)}, OPEN),
    ("and opens nothing", "www.chat.example", {"grants": (grant(time=True, grace=True),)}, BLOCK),
    (
        "a pass for a name, a pause for all, a pass for a category of it",
        "www.chat.example",
        {
            "grants": (grant(-9, name="chat.example"), grant(-3, category="social_media")),
            "pauses": (pause(-5),),
        },
        GRANT,
    ),
    ("hard blocks stay", "porn.example", {"grants": (grant(), grant(time=True))}, ("block", "hard", "hard")),
    ("help beats a pause", "help.example", {"pauses": (pause(),)}, ("allow", "help", "help")),
    ("a pass opens an unknown name", "new.example", {"grants": (grant(),), "label": Label("forum", 1.0)}, GRANT),
    (
        "an adult's own",
        "open.example",
        {"person": adult(rules=(own("open.example", "block"),)), "grants": (grant(person="alex"),)},
        GRANT,
    ),
]


@pytest.mark.parametrize(("name", "said", "expected"), [row[1:] for row in WORDS], ids=[row[0] for row in WORDS])
def test_words(name: str, said: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """Of two about this name the later one; a pass opens just what it is for."""
    windows = (AFTERNOON,) if any(one.grace for one in said.get("grants", ())) else ()
    person = said.get("person", child(windows=windows))
    assert told(verdict_of(name, **{**said, "person": person})) == expected


@pytest.mark.parametrize(
    ("what", "name", "expected"),
    [
        ({"name": "chat.example"}, "www.chat.example", "chat.example"),
        ({"service": "chat"}, "www.chat.example", "service:chat"),
        ({"group": "talk"}, "www.chat.example", "group:talk"),
        ({"category": "social_media"}, "www.chat.example", "category:social_media"),
        ({}, "www.chat.example", "everything"),
    ],
)
def test_a_pass_says_what_it_is_for(what: dict[str, Any], name: str, expected: str) -> None:
    """As budgets write a thing."""
    assert verdict_of(name, grants=(grant(**what),)).reason.args == (("what", expected),)


def test_a_pass_keeps_the_safe_mode() -> None:
    """Of a video site that was closed too, in its strictest then; unless it was set to off."""
    for level, expected in (
        (Level.MODERATE, "moderate.video.example"),
        (Level.BLOCK, "safe.video.example"),
        (Level.OFF, None),
    ):
        person = child(safe_search={"film": level})
        extra = [Entry("www.video.example", "trackers_ads")]
        verdict = verdict_of("www.video.example", person, extra=extra, grants=(grant(name="www.video.example"),))
        assert (told(verdict)[1:], verdict.target) == (("word", "grant"), expected)
    wild = verdict_of("www.wild.example", child("0-5"), grants=(grant(),))
    assert (told(wild), wild.target) == (GRANT, None)
