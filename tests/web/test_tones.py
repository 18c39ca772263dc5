"""appliance.web.tones: every change has an icon that there is, and a tone that pages know."""

import pytest

from appliance import wording
from appliance.web import tones
from appliance.web.icons import icon

TONES = {"free", "ask", "pause", "stop", "night", "school"}


@pytest.mark.parametrize("code", wording.CHANGES)
def test_every_change_has_a_look(code: str) -> None:
    """Its own, that of its kind, or that of all others."""
    drawing, tone = tones.look_of(code)
    assert icon(drawing)
    assert tone in TONES


def test_whose_kind_is_known_looks_like_it() -> None:
    """By the word before the first underscore, where it has no look of its own."""
    assert tones.look_of("device_added") == tones.look_of("device_whatever")
    assert tones.look_of("rule_blocked") == ("slash-circle", "stop")
    assert tones.look_of("nothing_known") == tones.look_of("other")
