"""Countries and their time zones come from the installed time zone data."""

import pytest

from appliance.web import places
from appliance.world import clock
from tests.web.conftest import AT


def test_countries_are_known_by_their_names() -> None:
    """In the order of their names."""
    found = places.countries()
    assert (found["DE"], found["AT"]) == ("Germany", "Austria")
    assert list(found.values()) == sorted(found.values())
    assert len(found) > 200


def test_every_country_can_be_chosen() -> None:
    """Each zone of each exists, so that none is refused when all is put in force; nearly all have one."""
    without = [code for code in places.countries() if not places.zones(code)]
    assert len(without) < 5
    for code in places.countries():
        for zone in places.zones(code):
            clock.zone(zone.name)
            assert zone.name in places.all_zones()


def test_the_main_zone_comes_first() -> None:
    """And says what its clocks show."""
    (first, *_) = places.zones("DE")
    assert (first.name, first.label(AT)) == ("Europe/Berlin", "Berlin (most of Germany): 05:53 now")
    assert places.zones("AT")[0].label(AT) == "Vienna: 05:53 now"
    assert places.zones("XX") == ()


@pytest.mark.parametrize(
    ("told", "country"),
    [
        ("de-AT,de;q=0.9", "AT"),
        ("en,de-CH;q=0.5", "CH"),
        ("de", None),
        ("", None),
        ("zh-Hant", None),
        ("x-\x00,;", None),
    ],
)
def test_a_browser_tells_the_country(told: str, country: str | None) -> None:
    """Where its languages name one."""
    assert places.guessed(told) == country
