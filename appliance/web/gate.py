"""Who may open which page: nobody, unless the page says so."""

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from flask import Flask, abort, request

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "__kindgate_who__"


class Who(Enum):
    """Whom a page is for."""

    ANYONE = "anyone"
    """Whoever is in the house, without a log-in, in every state of the box, on plain HTTP too: the child's page."""
    STRANGER = "stranger"
    """Who is not logged in yet: log-in, first run, an invitation. Never on plain HTTP in the LAN."""
    CAREGIVER = "caregiver"
    OWNER = "owner"


def open_to(who: Who) -> Callable[[View], View]:
    """Mark whom a view is for; one without a mark is closed to everyone."""

    def mark(view: View) -> View:
        setattr(view, _MARK, who)
        return view

    return mark


def who_may(app: Flask, endpoint: str) -> Who | None:
    """Return whom an endpoint is for, None for nobody."""
    return getattr(app.view_functions.get(endpoint), _MARK, None)


def install(app: Flask) -> None:
    """Have every request pass here before it reaches a view."""

    @app.before_request
    def _gate() -> None:
        if request.endpoint is None:
            abort(404)
        if who_may(app, request.endpoint) is None:
            abort(403)
