"""Who may open which page: nobody, unless the page says so."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from appliance.config import Endpoint
from appliance.core.device import normal_address
from appliance.store.accounts import Caregiver, Role
from appliance.store.errors import StoreError
from appliance.web.box import box

View = TypeVar("View", bound=Callable[..., Any])

HOME = "kindgate.home"
"""The box's name in every house; the nameserver answers it with the box's own address."""
NAMES = (HOME, "localhost")
STATIC = ("static", "bootstrap.static")
"""Files that every page needs, the child's too."""
FIRST_RUN = "setup"
"""The blueprint of the first run."""
PLAIN = "kindgate.plain"
"""In the WSGI environment: this came over plain HTTP in the LAN, where everybody can listen."""
LOCAL = "kindgate.local"
"""In the WSGI environment: the address of ours that the connection came to."""

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::\d{1,5})?")
_SAFE = ("GET", "HEAD", "OPTIONS")
_MARK = "__kindgate_who__"
_CLAIMED = "kindgate.claimed"


class Who(Enum):
    """Whom a page is for."""

    ANYONE = "anyone"
    """Whoever is in the house, without a log-in, in every state of the box, on plain HTTP too: the child's page."""
    STRANGER = "stranger"
    """Who is not logged in yet: log-in, first run, an invitation. Never on plain HTTP in the LAN."""
    CAREGIVER = "caregiver"
    OWNER = "owner"


class Listening(msgspec.Struct, frozen=True):
    """Where the dashboard listens, and the names it answers to."""

    web: tuple[Endpoint, ...] = ()
    plain: tuple[Endpoint, ...] = ()
    """Where the pages that are for anyone are served without TLS."""
    is_tls: bool = False
    hosts: tuple[str, ...] = ()
    """Names besides our own that the installer gave the box."""
    fingerprint: str | None = None
    """The certificate's SHA-256, as browsers show it."""

    @property
    def tls_port(self) -> int | None:
        """The port that a page with a log-in is found at from the house, None where it isn't."""
        return next((one.port for one in self.web if not ip_address(one.address).is_loopback), None)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A caregiver who is logged in, as `current_user` gives it."""

    id: str
    name: str
    role: Role
    session_epoch: int
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    @property
    def is_owner(self) -> bool:
        """May invite others and end what they may do."""
        return self.role is Role.OWNER

    def get_id(self) -> str:
        """Return what the session holds: it counts as long as it was begun at this epoch."""
        return f"{self.id}:{self.session_epoch}"

    @classmethod
    def of(cls, caregiver: Caregiver) -> "LoggedIn":
        """Return an account as one that is logged in."""
        return cls(caregiver.id, caregiver.name, caregiver.role, caregiver.session_epoch)


def open_to(who: Who) -> Callable[[View], View]:
    """Mark whom a view is for; one without a mark is closed to everyone."""

    def mark(view: View) -> View:
        setattr(view, _MARK, who)
        return view

    return mark


def who_may(app: Flask, endpoint: str) -> Who | None:
    """Return whom an endpoint is for, None for nobody."""
    return Who.ANYONE if endpoint in STATIC else getattr(app.view_functions.get(endpoint), _MARK, None)


def is_plain() -> bool:
    """Say whether this request came over plain HTTP in the LAN."""
    return bool(request.environ.get(PLAIN))


def listening() -> Listening:
    """Return where the running app listens."""
    found: Listening = current_app.extensions["kindgate.listening"]
    return found


def is_claimed() -> bool:
    """Say whether the box has an owner, and so no first run. Raises StoreError."""
    if not current_app.extensions.get(_CLAIMED):
        current_app.extensions[_CLAIMED] = box().household.store.codes.is_claimed()
    return bool(current_app.extensions[_CLAIMED])


def safe_path(text: str | None) -> str | None:
    """Return a path of ours that a log-in may lead back to, None for anything else."""
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")) or not text.isprintable():
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc or "\\" in text else text


def log_in_address() -> str | None:
    """Return where one logs in from this page, None where that can't be reached."""
    return _tls_address("/log-in") if is_plain() else "/log-in"


def install(app: Flask) -> None:
    """Have every request pass here before it reaches a view."""
    manager = LoginManager(app)
    # Addresses in a house change; the cookie can't be read by scripts and counts for one epoch only.
    manager.session_protection = None
    manager.user_loader(_load)
    app.before_request(_gate)


def _load(token: str) -> LoggedIn | None:
    """Return whose session this is, None where it does not count any more."""
    name, _, epoch = str(token).rpartition(":")
    if is_plain():
        return None
    try:
        caregiver = box().household.store.accounts.get(name)
    except StoreError as error:
        g.kindgate_trouble = error
        return None
    if caregiver is None or caregiver.disabled_at is not None or str(caregiver.session_epoch) != epoch:
        return None
    return LoggedIn.of(caregiver)


def _gate() -> ResponseReturnValue | None:
    if not _is_our_host(request.environ.get("HTTP_HOST", "")):
        words = f"This box answers to {HOME}, to its own addresses, and to names that its installer set (hosts).\n"
        return Response(words, 421, mimetype="text/plain")
    if request.endpoint is None:
        abort(404)
    who = who_may(current_app, request.endpoint)
    if who is None:
        abort(403)
    if request.method not in _SAFE and _is_foreign():
        abort(403, "Another site sent this form.")
    if who is Who.ANYONE:
        return None
    if is_plain():
        # Whoever types the box's name is mostly a child: no warning about a certificate stands in its way.
        return redirect("/me", 302) if request.path == "/" and request.method in _SAFE else _to_tls()
    return _first_run(who) or (None if who is Who.STRANGER else _log_in(who))


def _is_our_host(host: str) -> bool:
    """Say whether a page was asked for under a name of ours: no other site's name may lead here (DNS rebinding)."""
    matched = _HOST.fullmatch(host.lower())
    if matched is None:
        return False
    name = matched[1] or matched[2].removesuffix(".")
    try:
        address = normal_address(name)
    except ValueError:
        return name in NAMES or name in listening().hosts
    local = str(request.environ.get(LOCAL, "")).partition("%")[0]
    ours = {normal_address(local)} if local else {one.address for one in listening().web + listening().plain}
    return address in ours or ip_address(address).is_loopback


def _is_foreign() -> bool:
    """Say whether the browser tells that a form comes from another site; old ones tell nothing."""
    origin = request.headers.get("Origin", "null")
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none") or (
        origin != "null" and urlsplit(origin).netloc != request.host
    )


def _to_tls() -> ResponseReturnValue:
    """Lead a page that is not for anyone to where nobody listens in; what was sent in clear is not taken."""
    address = _tls_address(request.full_path.removesuffix("?"))
    if request.method not in _SAFE or address is None:
        abort(403, "Not over plain HTTP: everybody in the house could read it.")
    return redirect(address, 302)


def _tls_address(path: str) -> str | None:
    """Return where a path of ours is found over TLS, under the name that was asked for; None where it isn't."""
    port = listening().tls_port
    if port is None or not listening().is_tls:
        return None
    host = _HOST.fullmatch(request.environ["HTTP_HOST"].lower())
    name = "" if host is None else f"[{host[1]}]" if host[1] else host[2]
    return f"https://{name}{'' if port == 443 else f':{port}'}{path}"


def _first_run(who: Who) -> ResponseReturnValue | None:
    """Lead to the first run before it happened, and away from it after."""
    is_there = request.blueprint == FIRST_RUN
    if is_claimed():
        return redirect("/", 303) if is_there and who is Who.STRANGER else None
    return None if is_there else redirect(url_for(f"{FIRST_RUN}.start"), 303)


def _log_in(who: Who) -> ResponseReturnValue | None:
    """Let in who is logged in and may open this; lead others to the log-in and back."""
    if not current_user.is_authenticated:
        trouble = g.get("kindgate_trouble")
        if trouble is not None:
            raise trouble
        if request.path.endswith(".json"):
            abort(401)
        back = request.full_path.removesuffix("?") if request.method in _SAFE and request.path != "/" else None
        return redirect(url_for("access.log_in", next=back), 303)
    if who is Who.OWNER and not current_user.is_owner:
        abort(403)
    return None
