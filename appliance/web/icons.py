"""The icons of the pages: single drawings out of the sprite that is installed with Bootstrap-Flask."""

from functools import cache
from pathlib import Path
from re import DOTALL
from re import compile as regex

import flask_bootstrap
from markupsafe import Markup

SPRITE = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5" / "icons" / "bootstrap-icons.svg"
_SYMBOL = regex(r'<symbol[^>]* viewBox="([^"]+)" id="([^"]+)">(.*?)</symbol>', DOTALL)


class NoIcon(LookupError):
    """There is no icon of this name."""


@cache
def icon(name: str) -> Markup:
    """Return an icon as an SVG element that a screen reader passes over. Raises NoIcon.

    The sprite is a megabyte: it is read once for each name that pages use, and what they don't use is not kept.
    """
    box, drawing = _drawing(name)
    return Markup('<svg class="kg-icon" viewBox="{}" aria-hidden="true">{}</svg>').format(box, drawing)


@cache
def symbol(name: str) -> Markup:
    """Return an icon as a symbol that a long page draws many times: ``<use href="#kg-i-NAME"/>``. Raises NoIcon."""
    box, drawing = _drawing(name)
    return Markup('<symbol id="kg-i-{}" viewBox="{}">{}</symbol>').format(name, box, drawing)


def _drawing(name: str) -> tuple[str, Markup]:
    """Return the box and the inside of an icon."""
    for one in _SYMBOL.finditer(_sprite()):
        box, found, drawing = one.groups()
        if found == name:
            # The drawing comes out of an installed package, and so is no text that a person wrote.
            return box, Markup(drawing)  # noqa: S704
    raise NoIcon(f"there is no icon {name!r}")


def _sprite() -> str:
    return SPRITE.read_text(encoding="utf-8")
