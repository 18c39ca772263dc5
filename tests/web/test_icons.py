"""appliance.web.icons: single drawings out of a sprite."""

import pytest

from appliance.web import icons
from appliance.web.icons import NoIcon, icon


def test_an_icon_is_an_svg_that_a_screen_reader_passes_over() -> None:
    """What comes out is one drawing, in the colour of the text around it."""
    drawn = str(icon("sun"))
    assert drawn.startswith('<svg class="kg-icon" viewBox="0 0 16 16" aria-hidden="true"><path ')
    assert drawn.count("<svg") == 1
    assert drawn.endswith("</svg>")


def test_each_name_is_its_own_drawing() -> None:
    """A name that begins like another one is not taken for it."""
    assert icon("moon") != icon("moon-stars")
    assert icon("phone") != icon("telephone")


@pytest.mark.parametrize("name", ["", "no-such-icon", "sun.*", '"><script>'])
def test_a_name_that_is_none_is_refused_at_once(name: str) -> None:
    """A typing error in a template fails in a test, and is no hole in a page."""
    with pytest.raises(NoIcon):
        icon(name)


def test_the_sprite_is_read_once_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page does not read a megabyte for each of its icons."""
    icon.cache_clear()
    first = icon("cup-hot")
    monkeypatch.setattr(icons, "_sprite", lambda: "")
    assert icon("cup-hot") is first
