"""Bands in words: each has a meaning, and what caregivers see comes from the contract."""

import pytest

from appliance.core.person import BANDS
from appliance.web import bands
from appliance.world.rules import load_contract

CONTRACT = load_contract()


def test_every_band_is_a_choice_with_its_meaning() -> None:
    """The five, the youngest first."""
    found = bands.choices(CONTRACT)
    assert tuple(one.id for one in found) == BANDS
    assert all(one.meaning and one.sights for one in found)
    assert found[1].ages == "6 to 9"


@pytest.mark.parametrize(
    ("band", "is_seen"), [("0-5", True), ("6-9", True), ("10-12", False), ("13-15", False), ("16-17", False)]
)
def test_names_of_blocked_sites_are_told_only_where_the_contract_shows_them(band: str, *, is_seen: bool) -> None:
    """Up to 9."""
    assert is_seen == ("names of blocked sites" in bands.sights(CONTRACT, band))


def test_an_older_band_says_what_caregivers_lose() -> None:
    """And what they see in its place."""
    expected = "Caregivers no longer see names of blocked sites. Caregivers now see kinds of blocked sites."
    assert expected == bands.changed(CONTRACT, "6-9", "10-12")


def test_at_sixteen_nothing_is_left_to_see() -> None:
    """No counts at all."""
    assert bands.sights(CONTRACT, "16-17") == ()
    assert bands.changed(CONTRACT, "16-17", "16-17") == ""
    assert "now see" not in bands.changed(CONTRACT, "13-15", "16-17")
