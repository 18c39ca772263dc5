"""What a verdict says besides its action: until, lift, counted, traceless, the safe mode; and the TTL of a reply."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.device import Device, DeviceKind
from appliance.core.domainset import Entry
from appliance.core.guesses import Label
from appliance.core.house import House, OwnService
from appliance.core.person import Mode, Setting
from appliance.core.policy import decide, ttl_s
from appliance.core.schedule import Window
from appliance.core.verdict import Action, Answer, Lift, Reason, Step, Verdict
from tests.core.builders import (
    AFTERNOON,
    AT,
    BANDS,
    adult,
    child,
    grant,
    minutes_from_now,
    own,
    pause,
    policy_of,
    subject_of,
    told,
    verdict_of,
)


def test_a_name_bears_the_tags_of_all_sets() -> None:
    """The bundled set and a subscribed one add up."""
    policy = policy_of(None, [Entry("school.example", "forum")])
    assert {"education", "forum"} == policy.tags("www.school.example")


def test_what_was_looked_up_is_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many names are kept with their tags, and each time it is the same that is found."""
    monkeypatch.setattr("appliance.core.policy.MAX_LOOKED_UP", 2)
    policy = policy_of(None)
    asked = ["forum.example", "social.example", "porn.example"] * 2
    found = [policy.tags(name) for name in asked]
    assert found[:3] == found[3:] == [policy_of(None).tags(name) for name in asked[:3]]
    assert len(policy._tags) <= 2


LIFTS: list[tuple[str, dict[str, Any], Lift | None]] = [
    ("malware.example", {}, Lift.OWNER),
    ("porn.example", {}, Lift.TWO),
    ("csam.example", {}, Lift.NOBODY),
    ("social.example", {}, Lift.ONE),
    ("forum.example", {}, Lift.ONE),
    ("vpn.example", {}, Lift.ONE),
    ("new.example", {"person": child("0-5")}, Lift.ONE),
    ("open.example", {"pauses": (pause(),)}, Lift.ONE),
    ("open.example", {"person": child(windows=(AFTERNOON,))}, Lift.ONE),
    ("open.example", {"person": child(rules=(own("open.example", "block"),))}, Lift.ONE),
    ("new.example", {"label": Label("pornography", 1.0)}, Lift.ONE),
    ("open.example", {}, None),
    ("malware.example", {"extra": [Entry("malware.example", "csam")]}, Lift.NOBODY),
    ("cams.example", {"extra": [Entry("cams.example", "csam")]}, Lift.NOBODY),
    ("cams.example", {"extra": [Entry("cams.example", "malware_phishing")]}, Lift.OWNER),
]


@pytest.mark.parametrize(("name", "said", "expected"), LIFTS)
def test_a_block_says_who_lifts_it(name: str, said: dict[str, Any], expected: Lift | None) -> None:
    """One caregiver, two, an owner, nobody; of several hard categories the one that is hardest to lift."""
    assert expected == verdict_of(name, **said).lift


REASONS: list[tuple[str, dict[str, Any], Reason]] = [
    ("malware.example", {}, Reason.of("malware", category="malware_phishing", band="6-9")),
    (
        "cams.example",
        {"extra": [Entry("cams.example", "pornography")]},
        Reason.of("hard", category="adult_cams", band="6-9"),
    ),
    ("social.example", {"grants": (grant(name="social.example"),)}, Reason.of("grant", what="social.example")),
    ("social.example", {"grants": (grant(category="social_media"),)}, Reason.of("grant", what="category:social_media")),
    ("social.example", {"grants": (grant(),)}, Reason.of("grant", what="everything")),
    ("open.example", {"person": child(windows=(AFTERNOON,))}, Reason.of("window", window="Homework")),
    ("a.b.example", {"person": child(rules=(own("b.example", "block"),))}, Reason.of("own_block", name="b.example")),
    ("mind.example", {}, Reason.of("protected", category="mental_health")),
    ("mind.example", {"extra": [Entry("mind.example", "drugs_help")]}, Reason.of("protected", category="drugs_help")),
    (
        "tracker.example",
        {"extra": [Entry("tracker.example", "social_media")]},
        Reason.of("category_block", category="social_media", origin="6-9"),
    ),
    ("vpn.example", {}, Reason.of("bypass", category="bypass_vpn", route="vpn")),
    (
        "other.example",
        {"extra": [Entry("other.example", "bypass_vpn")]},
        Reason.of("bypass", category="bypass_vpn", route=""),
    ),
    ("social.example", {}, Reason.of("category_block", category="social_media", origin="6-9")),
    (
        "school.example",
        {"person": child(categories={"education": Setting.ASK})},
        Reason.of("category_ask", category="education", origin="person"),
    ),
    ("new.example", {"label": Label("forum", 0.987)}, Reason.of("classifier", category="forum", score="0.99")),
]


@pytest.mark.parametrize(("name", "said", "expected"), REASONS)
def test_a_reason_has_its_arguments(name: str, said: dict[str, Any], expected: Reason) -> None:
    """Which rule, window, category, route or score it was."""
    assert expected == verdict_of(name, **said).reason


@pytest.mark.parametrize(
    ("name", "expected"),
    [("doh.example", None), ("canary.example", Answer.NXDOMAIN), ("relay.example", Answer.NODATA)],
)
def test_a_route_that_clients_look_for_has_its_answer(name: str, expected: Answer | None) -> None:
    """A canary is answered as its makers want it, whatever the house chose for blocks."""
    assert expected == verdict_of(name).answer


def test_a_route_answers_for_its_own_category_only() -> None:
    """A name that a second category blocks is not answered by the route of the first."""
    person = child("16-17", categories={"bypass_relay": Setting.ALLOW})
    verdict = verdict_of("relay.example", person, extra=[Entry("relay.example", "bypass_vpn")])
    assert (Reason.of("bypass", category="bypass_vpn", route=""), None) == (verdict.reason, verdict.answer)


COUNTED: list[tuple[str, dict[str, Any], bool]] = [
    ("games.example", {}, True),
    ("games.example", {"person": child("13-15")}, False),
    ("school.example", {}, False),
    ("games.example", {"grants": (grant(),)}, True),
    ("school.example", {"grants": (grant(),)}, False),
    ("games.example", {"person": child(rules=(own("games.example", "allow"),))}, True),
    ("school.example", {"person": child(rules=(own("school.example", "allow"),))}, False),
    ("school.example", {"person": child(categories={"education": Setting.TIMED})}, True),
    ("school.example", {"person": child(categories={"education": Setting.SAFE_TIMED})}, True),
    ("school.example", {"extra": [Entry("school.example", "browser_games")]}, False),
    ("forum.example", {"person": child("16-17"), "extra": [Entry("forum.example", "browser_games")]}, False),
    ("forum.example", {"person": child("13-15"), "extra": [Entry("forum.example", "video_sharing")]}, True),
    ("games.example", {"person": child(categories={"browser_games": Setting.BLOCK})}, False),
    ("games.example", {"on": DeviceKind.MANAGED}, False),
    ("games.example", {"person": adult()}, False),
    ("games.example", {"grants": (grant(),), "extra": [Entry("games.example", "trackers_ads")]}, True),
    ("games.example", {"grants": (grant(),), "extra": [Entry("games.example", "education")]}, False),
    (
        "games.example",
        {"person": child(rules=(own("games.example", "allow"),)), "extra": [Entry("games.example", "forum")]},
        True,
    ),
    ("mind.example", {"grants": (grant(),), "extra": [Entry("mind.example", "browser_games")]}, False),
    ("new.example", {}, False),
]


@pytest.mark.parametrize(("name", "said", "expected"), COUNTED)
def test_minutes_count_where_a_category_says_so(name: str, said: dict[str, Any], *, expected: bool) -> None:
    """Timed categories count, under grants and own rules too; never on a managed device, for adults or protected."""
    assert expected == verdict_of(name, **said).counted


TRACELESS: list[tuple[str, dict[str, Any], bool]] = [
    ("help.example", {}, True),
    ("mind.example", {}, True),
    ("mind.example", {"pauses": (pause(),)}, True),
    ("mind.example", {"person": child(windows=(AFTERNOON,))}, True),
    ("mind.example", {"grants": (grant(),)}, True),
    ("mind.example", {"person": child(rules=(own("mind.example", "block"),))}, True),
    ("mind.example", {"person": child(rules=(own("mind.example", "allow"),))}, True),
    ("mind.example", {"extra": [Entry("mind.example", "malware_phishing")]}, True),
    ("talk.example", {"person": child("0-5")}, True),
    ("csam.example", {}, True),
    ("hashed.example", {}, True),
    ("hashed.example", {"person": child("13-15")}, True),
    ("porn.example", {}, False),
    ("time.example", {}, False),
    ("time.example", {"person": adult()}, True),
    ("open.example", {}, False),
    ("open.example", {"pauses": (pause(),)}, False),
    ("open.example", {"person": adult()}, True),
]


@pytest.mark.parametrize(("name", "said", "expected"), TRACELESS)
def test_what_may_leave_no_trace_leaves_none(name: str, said: dict[str, Any], *, expected: bool) -> None:
    """Help, protected information in every state, hashed lists and adults; all else may be told."""
    assert expected == verdict_of(name, **said).traceless


SAFE: list[tuple[str, dict[str, Any], tuple[str, str, str], str | None]] = [
    ("www.search.example", {}, ("rewrite", "category", "category_allow"), "safe.search.example"),
    ("www.video.example", {}, ("rewrite", "category", "category_allow"), "safe.video.example"),
    ("mail.search.example", {}, ("allow", "category", "category_allow"), None),
    ("www.search.example", {"person": child("16-17")}, ("allow", "category", "category_allow"), None),
    ("www.search.example", {"grants": (grant(),)}, ("rewrite", "word", "grant"), "safe.search.example"),
    (
        "www.search.example",
        {"person": child(rules=(own("search.example", "allow"),))},
        ("rewrite", "own", "own_allow"),
        "safe.search.example",
    ),
    (
        "www.search.example",
        {"extra": [Entry("www.search.example", "trackers_ads")], "grants": (grant(),)},
        ("rewrite", "word", "grant"),
        "safe.search.example",
    ),
    ("www.search.example", {"pauses": (pause(),)}, ("block", "word", "pause"), None),
    ("www.search.example", {"on": DeviceKind.MANAGED}, ("allow", "category", "category_allow"), None),
    (
        "www.search.example",
        {"person": child(categories={"search_safe": Setting.ALLOW})},
        ("allow", "category", "category_allow"),
        None,
    ),
    (
        "www.search.example",
        {"person": child("16-17", categories={"search_safe": Setting.SAFE})},
        ("rewrite", "category", "category_allow"),
        "safe.search.example",
    ),
]


@pytest.mark.parametrize(("name", "said", "expected", "target"), SAFE)
def test_an_admitted_name_is_answered_by_its_safe_mode(
    name: str, said: dict[str, Any], expected: tuple[str, str, str], target: str | None
) -> None:
    """For persons who have it on, under grants and own rules too; exactly the host and nothing below it."""
    verdict = verdict_of(name, **said)
    assert (expected, target) == (told(verdict), verdict.target)


def test_a_safe_and_timed_name_counts() -> None:
    """S+T is rewritten and counted."""
    verdict = verdict_of("www.video.example")
    assert (verdict.action, verdict.counted) == (Action.REWRITE, True)


UNTIL: list[tuple[str, dict[str, Any], float | None]] = [
    ("open.example", {}, None),
    ("help.example", {"pauses": (pause(),)}, None),
    ("time.example", {"pauses": (pause(),)}, None),
    ("porn.example", {"pauses": (pause(),)}, None),
    ("open.example", {"pauses": (pause(until=30),)}, 30),
    ("open.example", {"pauses": (pause(5, 30),)}, 5),
    ("open.example", {"pauses": (pause(until=30),), "grants": (grant(until=20),)}, 20),
    ("open.example", {"person": child(windows=(AFTERNOON,))}, 60),
    ("open.example", {"person": child(windows=(AFTERNOON,)), "pauses": (pause(until=30),)}, 30),
    ("open.example", {"person": child(windows=(Window(name="Evening", start="18:30", end="19:00"),))}, 210),
    ("open.example", {"person": child(rules=(own("x.example", "block", minutes_from_now(3)),))}, 3),
    ("mind.example", {"person": child(windows=(AFTERNOON,))}, 60),
    ("social.example", {"grants": (grant(1, 2),)}, 1),
    ("new.example", {"person": adult(rules=(own("x.example", "block", minutes_from_now(4)),))}, 4),
]


@pytest.mark.parametrize(("name", "said", "minutes"), UNTIL)
def test_until_is_the_next_change(name: str, said: dict[str, Any], minutes: float | None) -> None:
    """The next moment at which a word, rule or window begins or ends; never for what no time changes."""
    expected = None if minutes is None else AT + 60 * minutes
    assert expected == verdict_of(name, **said).until


@given(
    pauses=st.lists(st.tuples(st.integers(-60, 60), st.integers(1, 60)), max_size=2),
    grants=st.lists(st.tuples(st.integers(-60, 60), st.integers(1, 60)), max_size=2),
    start=st.integers(0, 23),
    step=st.floats(0, 0.999),
    name=st.sampled_from(["open.example", "games.example", "forum.example", "mind.example", "new.example"]),
)
def test_nothing_changes_before_until(
    pauses: list[tuple[int, int]], grants: list[tuple[int, int]], start: int, step: float, name: str
) -> None:
    """Between now and `until` the same question has the same answer."""
    person = child(
        windows=(Window(name="Some hour", start=f"{start}:15", end=f"{start}:45"),),
        rules=(own("new.example", "block", minutes_from_now(7)),),
    )
    house = House(
        persons=(person,),
        pauses=tuple(pause(said, said + length) for said, length in pauses),
        grants=tuple(grant(said, said + length, name="forum.example") for said, length in grants),
    )
    policy = policy_of(house)
    now = decide(policy, subject_of(policy), name, None, AT)
    assert now.until is not None
    assert now == decide(policy, subject_of(policy), name, None, AT + (now.until - AT) * step)


KNOWN = [
    ("games.example", True),
    ("www.games.example", True),
    ("help.example", True),
    ("time.example", True),
    ("system.example", True),
    ("box.example", True),
    ("shop.mind.example", True),
    ("id.chat.example", True),
    ("a.exacthelp.example", True),
    ("club.example", True),
    ("more.example", True),
    ("example", False),
    ("new.example", False),
    ("games.example.net", False),
    ("notgames.example", False),
    ("", False),
]


@pytest.mark.parametrize(("name", "expected"), KNOWN)
def test_which_names_the_rules_know(name: str, *, expected: bool) -> None:
    """Those that they name, all below them, and what they except; with the house's own services."""
    services = (OwnService(id="club", name="Club", domains=("club.example",)),)
    policy = policy_of(House(persons=(child(),), services=services), [Entry("more.example", "forum")])
    assert policy.knows(name) is expected


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("mode", list(Mode))
def test_a_label_never_blocks(band: str, mode: Mode) -> None:
    """Whatever the classifier says, a name is at most asked about because of it, and never opened where none is."""
    verdict = verdict_of("new.example", child(band, unknown_names=mode), label=Label("csam", 1.0))
    assert (verdict.step is Step.CLASSIFIER) == (band in ("6-9", "10-12") and mode is Mode.OPEN)
    assert verdict.step is not Step.CLASSIFIER or verdict.action is Action.ASK


TTLS = [
    ("a child's reply is kept a minute at most", child(), {}, "open.example", 300, 60),
    ("what is wanted shorter stays so", child(), {}, "open.example", 7.9, 7),
    ("a block ten seconds", child(), {}, "social.example", 300, 10),
    ("what is asked for too", child(), {}, "forum.example", 300, 10),
    ("an adult's a day", adult(), {}, "open.example", 1e9, 86400),
    ("an adult's block ten seconds", adult(), {}, "malware.example", 300, 10),
    ("nothing outlives until", child(), {"pauses": (pause(0.5, 2),)}, "open.example", 300, 30),
    ("nor a block", child(), {"pauses": (pause(-1, 0.05),)}, "open.example", 300, 3),
]


@pytest.mark.parametrize(
    ("person", "said", "name", "wanted", "expected"), [row[1:] for row in TTLS], ids=[row[0] for row in TTLS]
)
def test_a_ttl_is_cut(person: Any, said: dict[str, Any], name: str, wanted: float, expected: int) -> None:
    """To the asker's cap, to the block's, and to `until`."""
    policy = policy_of(House(persons=(person,), **said))
    subject = subject_of(policy)
    assert expected == ttl_s(subject, decide(policy, subject, name, None, AT), wanted, AT)


def test_a_ttl_is_never_negative() -> None:
    """A verdict whose `until` has passed is kept for no time at all."""
    policy = policy_of(House(persons=(child(),)))
    verdict = Verdict(Action.ALLOW, Step.DEFAULT, Reason("default_allow"), until=AT - 5)
    assert ttl_s(subject_of(policy), verdict, 300, AT) == 0


def test_devices_of_a_kind_share_a_subject() -> None:
    """Two phones of one person are decided as one; a console is not."""
    house = House(
        persons=(child(),),
        devices=tuple(
            Device(id=id_, macs=(mac,), person="kim", kind=kind)
            for id_, mac, kind in (
                ("a", "02:00:00:00:00:0a", DeviceKind.PHONE),
                ("b", "02:00:00:00:00:0b", DeviceKind.LAPTOP),
                ("c", "02:00:00:00:00:0c", DeviceKind.CONSOLE),
            )
        ),
    )
    policy = policy_of(house)
    assert policy.of_device("a") is policy.of_device("b")
    assert policy.of_device("a") is not policy.of_device("c")
