"""No site that people know and no help line looks like a way round the box by its name, but those that are one."""

import pytest

from appliance.core.domainset import DomainSet
from appliance.core.routes import known_of
from appliance.core.rulebook import BYPASS, ROUTE, Rulebook
from appliance.core.signs.facts import Facts, Kind
from appliance.core.signs.look import look
from appliance.core.signs.sign import Confidence, Sign
from appliance.world import rules

BOOK: Rulebook = rules.load_rulebook()
NAMES: DomainSet = rules.bundled_set(BOOK)
KNOWN = known_of(BOOK)

HEALTH = ("doh.wa.gov", "doh.health.ny.gov", "www.doh.gov.za", "doh.gov.ph", "doh.gov.uk", "www.doh.state.fl.us")
"""Departments of health."""
TOYS = ("play-doh.com", "www.play-doh.com", "playdoh.hasbro.com", "play-doh.hasbro.com")


def signs(name: str, kind: Kind = Kind.TLS) -> tuple[Sign, ...]:
    """Return the signs of a flow to a name, at an address of no one's."""
    facts = Facts(6, bytes((192, 168, 1, 5)), 40000, bytes((198, 51, 100, 7)), 443)
    facts.kind, facts.name = kind, name
    return look(facts, KNOWN)


def is_way_round(name: str) -> bool:
    """Say whether the bundled rules call a name a way round the box."""
    return any(tag.startswith((BYPASS, ROUTE)) for tag in NAMES.tags(name))


def known_sites() -> set[str]:
    """Return the popular names, and all that the bundled rules have a word for."""
    return {*rules.load_popular(), *(entry.name for entry in BOOK.entries)}


@pytest.mark.parametrize("before", ["", "www."])
def test_a_known_site_has_no_sign(before: str) -> None:
    """Unless the rules call it a way round themselves."""
    sites = sorted(name for name in known_sites() if not is_way_round(name))
    assert len(sites) > 4000
    assert {name: found for name in sites if (found := signs(before + name))} == {}


@pytest.mark.parametrize("name", [*HEALTH, *TOYS])
def test_letters_that_mean_something_else_are_no_sign_to_act_upon(name: str) -> None:
    """DOH is a department of health far more often than DNS over HTTPS."""
    assert [sign for sign in signs(name) if sign.confidence > Confidence.WEAK] == []


def test_a_maker_s_pages_are_never_told_for_sure() -> None:
    """One who reads about a VPN, a relay or Tor uses none: a strong sign is of names that nobody visits."""
    for name in ("www.torproject.org", "mullvad.net", "nordvpn.com", "protonvpn.com", "psiphon.ca", "one.one.one.one"):
        assert [sign for sign in signs(name) if sign.confidence is Confidence.STRONG] == [], name
