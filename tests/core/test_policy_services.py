"""Services, groups and engines against categories."""

from typing import Any

import pytest

from appliance.core.device import DeviceKind
from appliance.core.domainset import Entry
from appliance.core.house import House, OwnService
from appliance.core.person import Level, Setting
from appliance.core.policy import category_of, decide, service_of
from appliance.core.verdict import Reason
from tests.core.builders import AT, SHARED, adult, child, grant, own, policy_of, subject_of, told, verdict_of

BLOCKED = ("block", "category", "service_block")
ASKED = ("ask", "category", "service_ask")
ALLOWED = ("allow", "category", "service_allow")
CATEGORY = ("block", "category", "category_block")
ENGINE = ("block", "category", "engine_block")

SERVICES: list[tuple[str, str, dict[str, Any], tuple[str, str, str]]] = [
    ("not set, the category decides", "chat.example", {}, CATEGORY),
    ("allowed against the category", "chat.example", {"services": {"chat": Setting.ALLOW}}, ALLOWED),
    ("timed against the category", "chat.example", {"services": {"chat": Setting.TIMED}}, ALLOWED),
    ("asked for", "chat.example", {"services": {"chat": Setting.ASK}}, ASKED),
    ("blocked though the category is open", "tube.example", {"services": {"tube": Setting.BLOCK}}, BLOCKED),
    ("all below", "a.tube.example", {"services": {"tube": Setting.BLOCK}}, BLOCKED),
    (
        "but what others need",
        "id.chat.example",
        {"services": {"chat": Setting.BLOCK}},
        ("allow", "default", "default_allow"),
    ),
    ("with its group", "tube.example", {"groups": {"video": Setting.BLOCK}}, BLOCKED),
    (
        "by itself against its group",
        "tube.example",
        {"groups": {"video": Setting.BLOCK}, "services": {"tube": Setting.ALLOW}},
        ALLOWED,
    ),
    (
        "the group's others stay",
        "clips.example",
        {"groups": {"video": Setting.BLOCK}, "services": {"tube": Setting.ALLOW}},
        BLOCKED,
    ),
    (
        "against a setting of the category",
        "tube.example",
        {"categories": {"video_sharing": Setting.BLOCK}, "services": {"tube": Setting.ALLOW}},
        ALLOWED,
    ),
    ("of two the more open", SHARED, {"services": {"chat": Setting.BLOCK, "gossip": Setting.ALLOW}}, ALLOWED),
    ("whichever it is", SHARED, {"services": {"chat": Setting.TIMED, "gossip": Setting.ASK}}, ALLOWED),
    ("asking is more open than blocking", SHARED, {"services": {"chat": Setting.ASK, "gossip": Setting.BLOCK}}, ASKED),
    (
        "an own rule goes before",
        "chat.example",
        {"services": {"chat": Setting.BLOCK}, "rules": (own("chat.example", "allow"),)},
        ("allow", "own", "own_allow"),
    ),
    ("a way around that was set is open", "tunnel.example", {"services": {"tunnel": Setting.ALLOW}}, ALLOWED),
    (
        "or blocked where one might ask",
        "tunnel.example",
        {"band": "16-17", "services": {"tunnel": Setting.BLOCK}},
        BLOCKED,
    ),
    (
        "one that wasn't is a way around",
        "tunnel.example",
        {"services": {"chat": Setting.ALLOW}},
        ("block", "bypass", "bypass"),
    ),
    ("an engine is off", "www.search.example", {"safe_search": {"seek": Level.BLOCK}}, ENGINE),
    (
        "and nothing below it",
        "mail.www.search.example",
        {"safe_search": {"seek": Level.BLOCK}},
        ("allow", "category", "category_allow"),
    ),
    ("by band", "www.wild.example", {"band": "0-5"}, ENGINE),
    (
        "an own rule opens it",
        "www.wild.example",
        {"band": "0-5", "rules": (own("wild.example", "allow"),)},
        ("allow", "own", "own_allow"),
    ),
    ("a service of it doesn't", "www.wild.example", {"band": "0-5", "services": {"tube": Setting.ALLOW}}, ENGINE),
]


@pytest.mark.parametrize(("name", "said", "expected"), [row[1:] for row in SERVICES], ids=[row[0] for row in SERVICES])
def test_services_go_before_categories(name: str, said: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """Own before group before category; of two services of one name the more open one."""
    extra = [Entry("www.wild.example", "#service:tube")]
    assert told(verdict_of(name, child(**{"band": "6-9", **said}), extra=extra)) == expected


def test_a_name_that_shares_with_a_way_around_is_one() -> None:
    """To allow a service opens no tunnel that is found below its name."""
    extra = [Entry("relay.tube.example", "bypass_relay")]
    person = child(services={"tube": Setting.ALLOW})
    assert told(verdict_of("relay.tube.example", person, extra=extra)) == ("block", "bypass", "bypass")


def test_a_service_is_named() -> None:
    """By its id; the reason of an engine names the engine."""
    person = child(services={"chat": Setting.BLOCK}, safe_search={"film": Level.BLOCK})
    assert verdict_of("chat.example", person).reason == Reason.of("service_block", service="chat")
    assert verdict_of("www.video.example", person).reason == Reason.of("engine_block", engine="film")


def test_a_service_that_is_timed_counts() -> None:
    """And one that is allowed by hand doesn't, whatever its category says; under a pass as well."""
    counted = {
        setting: (
            verdict_of("tube.example", child(services={"tube": setting})).counted,
            verdict_of("tube.example", child(services={"tube": setting}), grants=(grant(),)).counted,
        )
        for setting in (Setting.ALLOW, Setting.TIMED)
    }
    assert counted == {Setting.ALLOW: (False, False), Setting.TIMED: (True, True)}


def test_a_house_has_services_of_its_own() -> None:
    """Switched like any other, by a group too, and of a category if one is said."""
    club = OwnService(id="club", name="Club", domains=("club.example", "clubs.example"), group="talk", category="forum")
    den = OwnService(id="den", name="Den", domains=("den.example",))
    said: Any = {"services": (club, den)}
    assert told(verdict_of("www.clubs.example", **said)) == ("ask", "category", "category_ask")
    assert told(verdict_of("club.example", child(groups={"talk": Setting.ALLOW}), **said)) == ALLOWED
    assert told(verdict_of("den.example", **said)) == ("allow", "default", "default_allow")
    assert told(verdict_of("den.example", child(services={"den": Setting.ASK}), **said)) == ASKED


@pytest.mark.parametrize("said", [{"on": DeviceKind.MANAGED}, {"person": adult()}, {"on": DeviceKind.ADULT}])
def test_who_is_not_filtered_has_no_safe_mode(said: dict[str, Any]) -> None:
    """No engine is off or rewritten on a managed device or an adult's."""
    person = {"person": child(safe_search={"film": Level.BLOCK, "seek": Level.STRICT})}
    for name in ("www.search.example", "www.video.example"):
        verdict = verdict_of(name, **{**person, **said})
        assert (verdict.action.value, verdict.target) == ("allow", None)


def test_a_managed_device_has_its_tunnel() -> None:
    """Whatever is set for the child."""
    person = child(services={"tunnel": Setting.BLOCK, "chat": Setting.BLOCK})
    assert not verdict_of("tunnel.example", person, on=DeviceKind.MANAGED).is_blocked
    assert told(verdict_of("chat.example", person, on=DeviceKind.MANAGED)) == BLOCKED


def test_the_category_of_a_service_is_a_category() -> None:
    """Though a service decided."""
    policy = policy_of(House(persons=(child(services={"chat": Setting.BLOCK, "den": Setting.ALLOW}),)))
    subject = subject_of(policy)
    verdict = decide(policy, subject, "chat.example", None, AT)
    assert category_of(policy, subject, policy.tags("chat.example"), verdict) == "social_media"


def test_the_service_by_which_a_name_counts() -> None:
    """The first by its id; none for a name of none."""
    policy = policy_of(None)
    assert [service_of(policy.tags(name)) for name in (SHARED, "tube.example", "school.example")] == [
        "chat",
        "tube",
        None,
    ]
