"""What is enforced is never more than is known; each topic has one finding, and each obstacle shows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.coverage import Coverage, Facts, Finding, Guard, Held, Holds, Topic, Way, coverage
from appliance.core.person import KnownNames, Unwatched
from appliance.core.verdict import Reason, Strictness

TABLET = Held("Tablet", is_seen=True)
WELL = Guard(is_current=True, is_looking=True, carries_v6=True, side_doors=0)


def facts(way: Way = Way.DNS, **said: Any) -> Facts:
    """Return the facts of a box on which all is well."""
    usual: dict[str, Any] = {
        "answers": True, "counts": True, "guard": None if way is Way.DNS else WELL, "devices": (TABLET,),
        "has_times": True, "has_budgets": True,
    }  # fmt: skip
    return Facts(way=way, **usual | said)


def found(topic: Topic, way: Way = Way.DNS, **said: Any) -> tuple[str, str]:
    """Return how a topic stands, and the code of its reason."""
    one = of(coverage(facts(way, **said)), topic)
    return one.holds.value, one.reason.code


def of(all_of_it: Coverage, topic: Topic) -> Finding:
    """Return the finding of a topic."""
    (one,) = [one for one in all_of_it.findings if one.topic is topic]
    return one


def notes(way: Way = Way.DNS, **said: Any) -> list[str]:
    """Return the codes of the notes."""
    return [one.code for one in coverage(facts(way, **said)).notes]


BY_DNS = {
    Topic.SITES: ("partly", "sites_by_dns"),
    Topic.TIMES: ("partly", "times_by_dns"),
    Topic.CUTS: ("no", "cuts_by_dns"),
    Topic.NAMELESS: ("no", "nameless_by_dns"),
    Topic.ENCRYPTED_DNS: ("partly", "encrypted_dns_by_dns"),
    Topic.TUNNELS: ("partly", "tunnels_by_dns"),
    Topic.IPV6: ("partly", "ipv6_by_dns"),
    Topic.MINUTES: ("partly", "minutes_by_names"),
}
BY_GATEWAY = {
    Topic.SITES: ("yes", "sites_by_gateway"),
    Topic.TIMES: ("yes", "times_by_gateway"),
    Topic.CUTS: ("yes", "cuts_by_gateway"),
    Topic.NAMELESS: ("partly", "nameless_by_gateway"),
    Topic.ENCRYPTED_DNS: ("yes", "encrypted_dns_by_gateway"),
    Topic.TUNNELS: ("partly", "tunnels_by_gateway"),
    Topic.IPV6: ("yes", "ipv6_by_gateway"),
    Topic.MINUTES: ("partly", "minutes_by_names"),
}


@pytest.mark.parametrize(("way", "expected"), [(Way.DNS, BY_DNS), (Way.GATEWAY, BY_GATEWAY)])
def test_what_a_box_holds_on_which_all_is_well(way: Way, expected: dict[Topic, tuple[str, str]]) -> None:
    """By names alone little is certain; a gateway promises what it can see."""
    assert {topic: found(topic, way) for topic in Topic} == expected


def test_with_one_arm_there_is_a_way_past() -> None:
    """So nothing holds wholly."""
    holds = {topic: found(topic, Way.ONE_ARM)[0] for topic in Topic}
    assert set(holds.values()) == {"partly"}
    assert found(Topic.CUTS, Way.ONE_ARM)[1] == "cuts_one_arm"


GUARDS: list[tuple[Guard | None, Topic, tuple[str, str]]] = [
    (None, Topic.SITES, ("partly", "guard_gone")),
    (None, Topic.CUTS, ("no", "guard_gone")),
    (Guard(is_current=True, is_looking=False), Topic.TIMES, ("partly", "guard_blind")),
    (Guard(is_current=False, is_looking=True), Topic.TUNNELS, ("partly", "guard_behind")),
    (Guard(), Topic.SITES, ("unknown", "guard_untold")),
    (Guard(), Topic.CUTS, ("unknown", "guard_untold")),
    (Guard(), Topic.NAMELESS, ("unknown", "guard_untold")),
    (Guard(is_current=True, is_looking=True), Topic.IPV6, ("unknown", "guard_untold")),
    (Guard(is_current=True, is_looking=True, carries_v6=False, side_doors=0), Topic.IPV6, ("yes", "ipv6_off")),
    (Guard(is_current=True, is_looking=True, carries_v6=True, side_doors=1), Topic.IPV6, ("no", "ipv6_side_door")),
]


@pytest.mark.parametrize(("guard", "topic", "expected"), GUARDS)
def test_a_gateway_without_a_guard_that_sees_promises_less(
    guard: Guard | None, topic: Topic, expected: tuple[str, str]
) -> None:
    """It is gone, blind, late, or tells nothing; and another machine may be a way out."""
    assert found(topic, Way.GATEWAY, guard=guard) == expected


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"devices": ()}, "no_device"),
        ({"devices": (Held("Phone", is_free=True),)}, "no_device"),
        ({"answers": None}, "nameserver_gone"),
    ],
)
def test_what_keeps_everything_from_holding(way: Way, said: dict[str, Any], code: str) -> None:
    """Nobody's device, or nobody who decides: it is the first that is told."""
    wanted = set(Topic) - ({Topic.IPV6} if way is Way.GATEWAY else set())
    assert {found(topic, way, **said) for topic in wanted} == {("no", code)}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"answers": False}, "nameserver_behind"),
        ({"is_router_between": True}, "router_between"),
        ({"is_router_silent": True}, "router_silent"),
    ],
)
def test_sites_hold_in_part_where_it_is_not_sure_who_asks(said: dict[str, Any], code: str) -> None:
    """Or by which house it is decided."""
    for way in Way:
        assert found(Topic.SITES, way, **said) == ("partly", code)


def test_what_the_rules_leave_open_is_not_called_a_gap() -> None:
    """Nor is what nobody set."""
    assert found(Topic.TUNNELS, tunnels=Strictness.ALLOW) == ("unwanted", "tunnels_open")
    assert found(Topic.ENCRYPTED_DNS, encrypted_dns=Strictness.ALLOW) == ("unwanted", "encrypted_dns_open")
    assert found(Topic.TIMES, has_times=False, has_budgets=False) == ("unwanted", "no_times")
    assert found(Topic.TIMES, has_times=False) == ("partly", "times_by_dns")
    assert found(Topic.MINUTES, has_budgets=False) == ("unwanted", "no_budgets")
    assert found(Topic.MINUTES, counts=False) == ("no", "steward_gone")


@pytest.mark.parametrize("way", Way)
def test_ways_that_were_seen_are_told(way: Way) -> None:
    """Each where it belongs."""
    seen = frozenset(("bypass_dns",))
    assert found(Topic.ENCRYPTED_DNS, way, ways_seen=seen) == ("partly", "encrypted_dns_seen")
    assert found(Topic.TUNNELS, way, ways_seen=seen)[1] != "tunnels_seen"
    assert found(Topic.TUNNELS, way, ways_seen=frozenset(("bypass_relay",))) == ("partly", "tunnels_seen")


def test_known_addresses_only() -> None:
    """It counts at a gateway."""
    said = {one: found(Topic.NAMELESS, Way.GATEWAY, known_names_only=one) for one in KnownNames}
    assert said == {
        KnownNames.OFF: ("partly", "nameless_by_gateway"),
        KnownNames.WATCH: ("partly", "nameless_watched"),
        KnownNames.ON: ("yes", "nameless_refused"),
    }
    assert found(Topic.NAMELESS, Way.ONE_ARM, known_names_only=KnownNames.ON) == ("partly", "nameless_refused")
    assert found(Topic.NAMELESS, known_names_only=KnownNames.ON) == ("no", "nameless_by_dns")


def test_what_else_should_be_known() -> None:
    """Of devices, of slowing down, of what holds while nobody looks, of other networks."""
    assert notes() == ["be_gateway", "elsewhere"]
    assert notes(Way.ONE_ARM) == ["one_arm", "unwatched_open", "neighbours", "elsewhere"]
    assert notes(Way.GATEWAY) == ["unwatched_open", "neighbours", "elsewhere"]
    assert notes(Way.GATEWAY, unwatched=Unwatched.CLOSED)[0] == "unwatched_closed"
    assert notes(is_slowing=True) == ["be_gateway", "slow_needs_gateway", "elsewhere"]
    assert notes(Way.GATEWAY, is_slowing=True, unwatched=Unwatched.OPEN)[0] == "unwatched_open"
    devices = (
        Held("Old phone", is_free=True), Held("Tablet", is_seen=False), Held("Laptop", has_mac=False),
        Held("Doll", is_kept=True), Held("Away", is_seen=False),
    )  # fmt: skip
    told = coverage(facts(devices=devices)).notes
    assert told[1:5] == (
        Reason.of("devices_free", devices="Old phone"),
        Reason.of("devices_unseen", devices="Tablet, Away"),
        Reason.of("devices_by_address", devices="Laptop"),
        Reason.of("devices_kept", devices="Doll"),
    )


guards = st.builds(
    Guard,
    is_current=st.none() | st.booleans(),
    is_looking=st.none() | st.booleans(),
    carries_v6=st.none() | st.booleans(),
    side_doors=st.none() | st.integers(0, 2),
)


@given(
    st.builds(
        Facts,
        way=st.sampled_from(Way),
        answers=st.none() | st.booleans(),
        counts=st.booleans(),
        guard=st.none() | guards,
        devices=st.lists(st.builds(Held, name=st.just("A"), is_free=st.booleans()), max_size=2).map(tuple),
        is_router_between=st.booleans(),
        encrypted_dns=st.sampled_from(Strictness),
        tunnels=st.sampled_from(Strictness),
        ways_seen=st.frozensets(st.sampled_from(["bypass_dns", "bypass_vpn"])),
        has_times=st.booleans(),
        has_budgets=st.booleans(),
        known_names_only=st.sampled_from(KnownNames),
    )
)
def test_nothing_is_promised_that_is_not_known(known: Facts) -> None:
    """A whole "yes" needs a box in between with a guard that looks, a nameserver, and a device with these rules."""
    told = coverage(known)
    assert [one.topic for one in told.findings] == list(Topic)
    for one in told.findings:
        if one.holds is Holds.YES:
            assert known.way is Way.GATEWAY
            assert known.guard is not None
            assert known.guard.is_looking
            assert known.answers is not None
            assert any(not device.is_free for device in known.devices)
