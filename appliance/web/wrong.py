"""When a page can't be shown: what is so, in a sentence, and the one next step."""

import logging
from dataclasses import dataclass

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from appliance.store.errors import StoreError

SECRET_WORDS = 500
"""From here on the reason is ours and no visitor's: it goes to the log, not to the page."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a page says in place of what was asked for."""

    icon: str
    tone: str
    title: str
    text: str


NEXT = "Try again in a moment."
TROUBLES: dict[int, Trouble] = {
    400: Trouble("arrow-repeat", "pause", "This form is too old", "Go back, reload the page and do it once more."),
    401: Trouble("lock", "night", "Please log in", "This page is for caregivers of this house."),
    403: Trouble("lock", "night", "This page isn't for you", "Somebody who owns this box can open it, or let you."),
    404: Trouble(
        "signpost-split", "ask", "There is nothing here", "It may have been removed, or the address is wrong."
    ),
    405: Trouble("signpost-split", "ask", "This can't be opened like that", "Start again from the home page."),
    413: Trouble("box-seam", "pause", "This is too much at once", "Send less of it."),
    421: Trouble("signpost-split", "stop", "This box has another name", "Open it as kindgate.home."),
    429: Trouble("hourglass-split", "pause", "Too many tries", "Wait a few minutes, then try again."),
    500: Trouble(
        "bandaid", "stop", "Something went wrong here", f"{NEXT} If this stays, the log of the box says more."
    ),
    503: Trouble("database-exclamation", "stop", "The box can't look that up now", NEXT),
}


def install(app: Flask) -> None:
    """Have every failure shown as a page of ours."""
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(StoreError, _of_store)


def _of_http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    code = error.code or 500
    trouble = TROUBLES.get(code) or TROUBLES[500 if code >= SECRET_WORDS else 400]
    return _page(trouble, _own_words(error) or trouble.text, code)


def _own_words(error: HTTPException) -> str | None:
    """Return what a page of ours said itself, None where a library speaks, or nothing was said."""
    is_general = error.description == type(error).description or isinstance(error, CSRFError)
    return None if is_general or (error.code or 500) >= SECRET_WORDS else error.description


def _of_store(error: StoreError) -> ResponseReturnValue:
    log.warning("a page could not be shown: %s", error)
    return _page(TROUBLES[503], f"{error.sentence} The rules of the house stay in force meanwhile.", 503)


def _page(trouble: Trouble, text: str, code: int) -> ResponseReturnValue:
    href, action = ("/log-in", "Log in") if code == 401 else ("/", "Home")
    return render_template("wrong.html", trouble=trouble, text=text, href=href, action=action), code
