"""What every reply says to the browser: load nothing from elsewhere, tell nobody, keep no page."""

from importlib.metadata import version
from pathlib import Path
from typing import Any
from zlib import crc32

from flask import Flask, Response, g, request
from flask.sessions import SecureCookieSessionInterface

from appliance.web import gate

POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "manifest-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
))  # fmt: skip
"""No inline script or style, nothing from outside the house. `data:` images are Bootstrap's own marks in its CSS."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer browsers would hide from us too where a form comes from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# No HSTS: with a certificate that no authority signed, browsers ignore it at best; at worst they let nobody past the
# warning, and the child's page on plain HTTP would be shut as well.
YEAR_S = 31_536_000


class Sessions(SecureCookieSessionInterface):
    """Sessions in a signed cookie; one on plain HTTP has another name, and nobody is logged in by it."""

    def get_cookie_name(self, app: Flask) -> str:  # noqa: ARG002 -- as Flask has it
        """Return the name: ``__Host-`` keeps a cookie from being set by anything but this box over TLS."""
        if gate.is_plain():
            return "kindgate-plain"
        return "__Host-kindgate" if request.is_secure else "kindgate"

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 -- as Flask has it
        """Say whether the browser sends it over TLS only."""
        return request.is_secure


def let_ask(*sources: str) -> None:
    """Let the scripts of the page that is being made ask these sources too; no other page may."""
    g.kindgate_asks = sources


def install(app: Flask) -> None:
    """Have every reply say so."""
    word = _version(Path(app.static_folder or ""))

    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint in gate.STATIC:
            values.setdefault("v", word)

    app.session_interface = Sessions()
    app.url_defaults(add_version)
    app.after_request(_say)


def _version(folder: Path) -> str:
    """Return a word that changes with the files that pages load."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    return f"{crc32('|'.join([version('bootstrap-flask'), *told]).encode()):08x}"


def _say(response: Response) -> Response:
    response.headers.update(HEADERS)
    if "kindgate_asks" in g:
        own = "connect-src 'self'"
        wider = POLICY.replace(own, " ".join((own, *g.kindgate_asks)))
        response.headers["Content-Security-Policy"] = wider
    if request.endpoint in gate.STATIC and response.status_code == 200 and "v" in request.args:
        # The query changes with the version, so what stands under one address never changes.
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    elif request.endpoint not in gate.STATIC:
        response.headers["Cache-Control"] = "no-store"
    return response
