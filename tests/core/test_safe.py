"""Safe modes of one person: by hand, by the setting of the engine's category, by band."""

from typing import Any

import pytest

from appliance.core.person import Level, Person, Setting
from appliance.core.safe import NO_SAFE_MODE, level_of, safe_of
from tests.core.builders import BANDS, RULES, child

OFF, MODERATE, STRICT, BLOCK = Level

LEVELS: list[tuple[str, str, dict[str, Any], Level]] = [
    ("film", "6-9", {}, STRICT),
    ("film", "13-15", {}, MODERATE),
    ("film", "16-17", {}, OFF),
    ("wild", "0-5", {}, BLOCK),
    ("film", "6-9", {"safe_search": {"film": OFF}}, OFF),
    ("film", "16-17", {"safe_search": {"film": STRICT}}, STRICT),
    ("film", "6-9", {"safe_search": {"seek": OFF}}, STRICT),
    ("film", "6-9", {"safe_search": {"film": MODERATE}, "categories": {"video_sharing": Setting.ALLOW}}, MODERATE),
    ("film", "6-9", {"categories": {"video_sharing": Setting.ALLOW}}, OFF),
    ("film", "6-9", {"categories": {"video_sharing": Setting.TIMED}}, OFF),
    ("film", "6-9", {"categories": {"video_sharing": Setting.SAFE}}, STRICT),
    ("film", "13-15", {"categories": {"video_sharing": Setting.SAFE_TIMED}}, MODERATE),
    ("film", "16-17", {"categories": {"video_sharing": Setting.SAFE}}, MODERATE),
    ("seek", "16-17", {"categories": {"search_safe": Setting.SAFE}}, STRICT),
    ("wild", "16-17", {"categories": {"forum": Setting.SAFE}}, BLOCK),
    ("film", "6-9", {"categories": {"video_sharing": Setting.BLOCK}}, STRICT),
    ("film", "16-17", {"categories": {"video_sharing": Setting.ASK}}, OFF),
]


@pytest.mark.parametrize(("engine", "band", "said", "expected"), LEVELS)
def test_who_says_at_which_level_an_engine_is(engine: str, band: str, said: dict[str, Any], expected: Level) -> None:
    """A hand before the category's setting, that before the band; a setting that blocks says nothing of a mode."""
    assert level_of(RULES.engines[engine], band, child(band, **said)) is expected


def test_without_a_person_the_band_decides() -> None:
    """For a device that nobody named; a row without a word is off."""
    film = RULES.engines["film"]
    assert [level_of(film, row, None) for row in (*BANDS, "unknown")] == [
        STRICT, STRICT, MODERATE, MODERATE, OFF, OFF,
    ]  # fmt: skip


def targets(person: Person) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return what answers for which host, what does when forced, and what is off."""
    safe = safe_of(RULES, str(person.band), person)
    return dict(safe.targets), dict(safe.strictest), dict(safe.blocked)


STRICTEST = {
    "www.search.example": "safe.search.example",
    "www.video.example": "safe.video.example",
    "www.soft.example": "moderate.soft.example",
}


def test_each_host_has_its_target() -> None:
    """By level; forced, the strictest that the engine has, and nothing for one that has none."""
    assert targets(child("10-12")) == (
        {"www.search.example": "safe.search.example", "www.video.example": "moderate.video.example"},
        STRICTEST,
        {},
    )
    assert targets(child("16-17")) == ({}, STRICTEST, {})


def test_what_is_off_is_strict_for_whom_it_is_opened() -> None:
    """A pass for an engine that is closed doesn't open it without its safe mode."""
    off = {"film": BLOCK, "wild": BLOCK, "soft": BLOCK}
    assert targets(child("16-17", safe_search=off)) == (
        {"www.video.example": "safe.video.example", "www.soft.example": "moderate.soft.example"},
        STRICTEST,
        {"www.video.example": "film", "www.soft.example": "soft", "www.wild.example": "wild"},
    )


def test_there_may_be_no_safe_mode() -> None:
    """For adults, and on managed devices."""
    assert (NO_SAFE_MODE.targets, NO_SAFE_MODE.strictest, NO_SAFE_MODE.blocked) == ({}, {}, {})
