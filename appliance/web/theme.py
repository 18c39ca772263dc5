"""Light or dark: by default as the device has it, else as somebody chose it for this browser."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from appliance.web.gate import Who, open_to, safe_path

COOKIE = "theme"
THEMES = ("light", "dark")
YEAR_S = 365 * 86_400

pages = Blueprint("theme", __name__)


@pages.post("/theme")
@open_to(Who.ANYONE)
def choose() -> Response:
    """Remember light, dark, or (anything else) as the device has it, and go back to a page of ours.

    This form carries no token: it works where there is no session, on a child's page, and sets no cookie but its own.
    A foreign page that posts it is refused at the gate.
    """
    answer = redirect(safe_path(request.form.get("back")) or "/", 303)
    theme = request.form.get("theme")
    if theme in THEMES:
        answer.set_cookie(COOKIE, theme, max_age=YEAR_S, samesite="Lax", httponly=True)
    else:
        answer.delete_cookie(COOKIE, samesite="Lax", httponly=True)
    return answer


def chosen() -> str | None:
    """Return the theme that was chosen for this browser, None for that of the device."""
    theme = request.cookies.get(COOKIE)
    return theme if theme in THEMES else None
