"""Connections are decided as names are; what has no name, or hides it, by what it shows."""

from ipaddress import ip_address
from typing import Any

import pytest

from appliance.core.device import DeviceKind
from appliance.core.flows.settle import Settle, Why
from appliance.core.house import House
from appliance.core.passage import By, Passage, judge
from appliance.core.person import Mode, Person, Setting
from appliance.core.policy import Policy
from appliance.core.signs.facts import Kind
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.verdict import Action, Step
from appliance.world import rules
from tests.core.builders import AFTERNOON, AT, adult, child, device, grant, own, pause
from tests.core.listings import blocks, list_set
from tests.core.passages import BOOK, FLOW_RULES, policy_of, settled

SURE, LIKELY, WEAK = Confidence.STRONG, Confidence.LIKELY, Confidence.WEAK


def passage(
    settle: Settle,
    *resolved: str,
    person: Person | None = None,
    on: DeviceKind = DeviceKind.TABLET,
    policy: Policy | None = None,
    **said: Any,
) -> Passage:
    """Return what is decided of a connection of a person's device."""
    owner = person or child("10-12")
    policy = policy or policy_of(House(persons=(owner,), devices=(device(on, owner.id),), **said))
    return judge(policy, FLOW_RULES, policy.of_device("thing"), settle, resolved, AT, kind=on)


def test_a_name_decides_as_it_does_in_dns() -> None:
    """The same function, and so the same verdict."""
    closed = passage(settled("www.tiktok.com"))
    assert (closed.is_open, closed.verdict.step, closed.name, closed.by) == (
        False,
        Step.CATEGORY,
        "www.tiktok.com",
        By.WORDS,
    )
    assert passage(settled("www.wikipedia.org")).is_open


def test_a_connection_is_told_by_its_service_else_its_category() -> None:
    """That is what its mark carries."""
    assert passage(settled("www.youtube.com")).tag == "#service:youtube"
    assert passage(settled("www.wikipedia.org")).tag == "education"
    assert passage(settled("www.nummergegenkummer.de")).tag == "#help"
    assert passage(settled("pool.ntp.org")).tag == "#infrastructure"
    assert passage(settled("nobody-knows-it.example")).tag is None


def test_what_names_nothing_is_known_by_what_this_box_gave_the_address_for() -> None:
    """The latest name counts."""
    found = passage(settled(None), "www.tiktok.com", "www.wikipedia.org")
    assert (found.is_open, found.name, found.by) == (False, "www.tiktok.com", By.RESOLVED)
    assert passage(settled(None), "www.wikipedia.org", "www.tiktok.com").is_open


def test_own_words_go_before_what_was_resolved() -> None:
    """Many sites share an address."""
    assert passage(settled("www.wikipedia.org"), "www.tiktok.com").name == "www.wikipedia.org"


@pytest.mark.parametrize(
    ("band", "web", "other"),
    [
        ("0-5", Action.BLOCK, Action.BLOCK),
        ("6-9", Action.ASK, Action.ALLOW),
        ("10-12", Action.ASK, Action.ALLOW),
        ("13-15", Action.ALLOW, Action.ALLOW),
        ("16-17", Action.ALLOW, Action.ALLOW),
    ],
)
def test_what_nobody_has_a_name_for(band: str, web: Action, other: Action) -> None:
    """Sites that keep their name back are asked about at 6 to 12; games and calls name nothing and go on."""
    for kind in (Kind.TLS, Kind.QUIC, Kind.HTTP):
        assert passage(settled(None, kind), person=child(band)).verdict.action is web
    assert passage(settled(None, Kind.OTHER), person=child(band)).verdict.action is other


@pytest.mark.parametrize("kind", [DeviceKind.CONSOLE, DeviceKind.TV, DeviceKind.IOT])
def test_a_console_needs_no_names(kind: DeviceKind) -> None:
    """It plays with other homes, which have none."""
    assert passage(settled(None), on=kind).is_open


def test_where_new_names_are_asked_about_the_nameless_are_too() -> None:
    """Else leaving the name out would be the way round."""
    asked = child("10-12", unknown_names=Mode.ASK)
    assert passage(settled(None, Kind.OTHER), person=asked).verdict.action is Action.ASK


@pytest.mark.parametrize(
    ("band", "confidence", "is_open", "is_told"),
    [
        ("10-12", SURE, False, True),
        ("10-12", LIKELY, False, True),
        ("10-12", WEAK, True, False),
        ("13-15", SURE, False, True),
        ("13-15", LIKELY, True, True),
        ("16-17", SURE, False, True),
        ("16-17", LIKELY, True, False),
    ],
)
def test_a_tunnel_by_how_sure_it_is(band: str, confidence: Confidence, is_open: bool, is_told: bool) -> None:
    """What only may be one is refused to the young alone, and what is harmless to nobody."""
    found = passage(settled(None, Kind.OTHER, Sign("wireguard", confidence)), person=child(band))
    assert found.is_open is is_open
    assert found.signs == ((("bypass_vpn", "wireguard"),) if is_told else ())
    assert is_open or found.verdict.step is Step.BYPASS


def test_a_harmless_name_covers_no_tunnel() -> None:
    """What is in a hello anybody may write."""
    assert not passage(settled("www.wikipedia.org", Kind.TLS, Sign("openvpn", SURE))).is_open


def test_help_is_open_whatever_it_looks_like() -> None:
    """Protected names are not looked at any further."""
    for name in ("www.nummergegenkummer.de", "www.plannedparenthood.org"):
        found = passage(settled(name, Kind.TLS, Sign("vpn_service", SURE)))
        assert (found.is_open, found.verdict.traceless) == (True, True), name


def test_a_call_over_wifi_is_no_vpn() -> None:
    """It is a tunnel to the operator, and may be for the ambulance: open at any age, in a pause too."""
    ipsec = settled(None, Kind.OTHER, Sign("ipsec", SURE))
    operator = "epdg.epc.mnc001.mcc262.pub.3gppnetwork.org"
    assert passage(ipsec, operator, pauses=(pause(),)).is_open
    assert not passage(ipsec, "vpn.example").is_open


def test_two_names_at_once() -> None:
    """A connection that shows two names is closed to children, by what it shows and not by a name."""
    found = passage(settled(None, Kind.TLS, Sign("two_stories", LIKELY, "segments")), person=child("13-15"))
    assert (found.is_open, found.signs) == (False, (("bypass_disguised", "two_stories"),))


def test_a_question_that_went_elsewhere() -> None:
    """What it asks for says nothing of who answers: it goes past this box."""
    found = passage(settled("www.wikipedia.org", Kind.DNS))
    assert (found.is_open, found.name, found.signs) == (False, None, (("bypass_dns", "dns"),))


def test_a_caregiver_may_open_a_way_round() -> None:
    """A setting of the category, or a pass for everything, reaches connections as well."""
    tunnel = settled(None, Kind.OTHER, Sign("wireguard", SURE))
    allowed = passage(tunnel, person=child("13-15", categories={"bypass_vpn": Setting.ALLOW}))
    assert (allowed.is_open, allowed.signs) == (True, ())
    assert passage(tunnel, person=child("13-15"), grants=(grant(),)).is_open


def test_time_stops_what_has_no_name_as_well() -> None:
    """A pause and a window leave no game running."""
    game = settled(None, Kind.OTHER)
    assert passage(game, pauses=(pause(),)).verdict.step is Step.WORD
    assert passage(game, person=child("16-17", windows=(AFTERNOON,))).verdict.step is Step.TIME


def test_an_own_rule_reaches_the_connection() -> None:
    """By name, however the address was found."""
    person = child("16-17", rules=(own("www.wikipedia.org", "block"),))
    assert not passage(settled("www.wikipedia.org"), person=person).is_open
    assert not passage(settled(None), "www.wikipedia.org", person=person).is_open


@pytest.mark.parametrize("on", [DeviceKind.ADULT, DeviceKind.MANAGED])
def test_who_is_not_filtered_goes_where_they_want(on: DeviceKind) -> None:
    """An adult's device, and one of a school's, have tunnels and leave no sign."""
    owner = adult() if on is DeviceKind.ADULT else child("10-12")
    found = passage(settled(None, Kind.TLS, Sign("wireguard", SURE)), person=owner, on=on)
    assert (found.is_open, found.signs) == (True, ())


def test_a_list_may_close_an_address() -> None:
    """One that nobody has a name for."""
    ads = blocks("ads")
    lists = list_set({ads: ""}, {ads.id: "||203.0.113.9^\n"})
    policy = policy_of(House(persons=(child("13-15"),), devices=(device(DeviceKind.TABLET),), lists=(ads,)), lists)
    for address, is_open in (("203.0.113.9", False), ("203.0.113.8", True)):
        found = passage(settled(None, server=address), policy=policy)
        assert found.is_open is is_open


def test_what_was_known_before_counts() -> None:
    """Of a connection whose first words nobody has any more, its service and its category are known by its mark."""
    person = child("10-12", services={"youtube": Setting.BLOCK})
    policy = policy_of(House(persons=(person,), devices=(device(DeviceKind.TABLET),)))
    subject = policy.of_device("thing")
    video = frozenset(("#service:youtube", "video_sharing"))
    for tags, is_open in ((frozenset[str](), True), (video, False)):
        found = judge(policy, FLOW_RULES, subject, settled(None, Kind.OTHER), (), AT, tags=tags)
        assert (found.is_open, found.tag) == (is_open, None if is_open else "#service:youtube")


def test_the_rules_are_the_bundled_ones() -> None:
    """What is tried here is what ships."""
    assert rules.load_flow_rules(BOOK) == FLOW_RULES
    assert settled(None).why is Why.READ
    assert ip_address(settled(None).server).version == 4
