"""The dashboard as a WSGI application: its pages, and what holds for all of them."""

from datetime import timedelta
from typing import Any

from flask import Flask, request
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect

from appliance.web import (
    access,
    budgets,
    categories,
    changes,
    check,
    child,
    classifier,
    clients,
    code,
    coverage,
    devices,
    exceptions,
    gate,
    growing,
    headers,
    home,
    house,
    invitations,
    lifts,
    list_find,
    list_new,
    lists,
    local_names,
    look,
    malware,
    me,
    own,
    own_services,
    people,
    requests,
    risky,
    routers,
    routines,
    rules,
    safe,
    services,
    session,
    setup,
    theme,
    things,
    time,
    today,
    week,
    week_copy,
    why,
    wrong,
)
from appliance.web.box import Box
from appliance.web.gate import Listening
from appliance.web.lockout import Lockout

STAY = timedelta(days=30)
"""How long a browser that was told to stay logged in may be idle."""
MAX_OCTETS = 1 << 20

PAGES = (
    access.pages,
    budgets.pages,
    categories.pages,
    changes.pages,
    check.pages,
    child.pages,
    classifier.pages,
    clients.pages,
    coverage.pages,
    devices.pages,
    exceptions.pages,
    growing.pages,
    home.pages,
    house.pages,
    invitations.pages,
    lifts.pages,
    list_find.pages,
    list_new.pages,
    lists.pages,
    local_names.pages,
    malware.pages,
    me.pages,
    own.pages,
    own_services.pages,
    people.pages,
    requests.pages,
    risky.pages,
    routers.pages,
    routines.pages,
    rules.pages,
    safe.pages,
    services.pages,
    session.pages,
    setup.pages,
    theme.pages,
    things.pages,
    time.pages,
    today.pages,
    week.pages,
    week_copy.pages,
    why.pages,
)


class Dashboard(Flask):
    """Flask, with a log that does not say which page of whom was asked for."""

    def log_exception(self, exc_info: Any) -> None:  # noqa: ANN401 -- as Flask has it
        """Log what failed under the name of the view."""
        self.logger.error("Exception in %s", request.endpoint, exc_info=exc_info)


def create_app(box: Box, secret: bytes, listening: Listening | None = None) -> Flask:
    """Return the dashboard of a box; of `secret` (32 octets) come the keys of sessions and of codes."""
    app = Dashboard(__name__)
    app.config.update(
        SECRET_KEY=code.session_key(secret),
        BOOTSTRAP_SERVE_LOCAL=True,
        MAX_CONTENT_LENGTH=MAX_OCTETS,
        PERMANENT_SESSION_LIFETIME=STAY,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # A form that was open overnight is still good: its token belongs to the session.
        WTF_CSRF_TIME_LIMIT=None,
        # Browsers that send no Referer are welcome; the gate looks at Origin and Sec-Fetch-Site.
        WTF_CSRF_SSL_STRICT=False,
    )
    app.extensions["kindgate.box"] = box
    app.extensions["kindgate.secret"] = secret
    app.extensions["kindgate.listening"] = listening or Listening()
    app.extensions["kindgate.lockout"] = Lockout(lambda: box.household.store.accounts)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "extensions": ["jinja2.ext.do"]}
    Bootstrap5(app)
    headers.install(app)
    # In this order: whoever may not see a page is not told that its form lacks a token.
    gate.install(app)
    tokens = CSRFProtect(app)
    look.install(app)
    requests.install(app)
    wrong.install(app)
    for pages in PAGES:
        app.register_blueprint(pages)
    # It carries no token, and looks at Origin itself.
    tokens.exempt(theme.choose)
    return app
