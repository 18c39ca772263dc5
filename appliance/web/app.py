"""The dashboard as a WSGI application: its pages, and what holds for all of them."""

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect

from appliance.web import gate
from appliance.web.box import Box


def create_app(box: Box, secret: bytes) -> Flask:
    """Return the dashboard of a box; `secret` signs sessions and forms."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY=secret, BOOTSTRAP_SERVE_LOCAL=True, MAX_CONTENT_LENGTH=1 << 20)
    app.extensions["kindgate.box"] = box
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    Bootstrap5(app)
    CSRFProtect(app)
    gate.install(app)
    return app
