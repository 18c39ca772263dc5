"""The check of one's own device, in its browser: whether its questions come here, and what gets past the box.

No harmful name is tried: to be refused says nothing where nobody would answer it either, and the caregivers would be
told of it.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from re import compile as regex

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from appliance.core.subject import ADULT_ROW
from appliance.web import own
from appliance.web.box import Visitor, box
from appliance.web.gate import HOME, Who, open_to
from appliance.web.headers import let_ask

pages = Blueprint("check", __name__)

SIGHTED = f"check.{HOME}"
"""Below it the nameserver notes who asked, and answers that there is no such name."""
SOURCES = ("https:", f"*.{SIGHTED}")
"""What the check asks. All of https, because a policy can't name addresses (CSP Level 3, 6.7.2.8)."""
_QUESTION = b"\x00\x00\x01\x00\x00\x01" + bytes(6) + b"\x07example\x03com\x00\x00\x01\x00\x01"
"""A question of DNS for example.com."""
_DOH = f"/dns-query?dns={urlsafe_b64encode(_QUESTION).decode().rstrip('=')}"
"""As DNS over HTTPS has it in an address (RFC 8484, 4.1)."""
_TOKEN = regex(r"[0-9a-f]{16}\Z")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What may come of a try, and what to do."""

    when: str
    tone: str
    icon: str
    word: str
    said: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Try:
    """One thing that is tried: an address, reached or not; `//HOST` is asked for as this page was."""

    id: str
    title: str
    address: str
    outcomes: tuple[Outcome, ...]


TRIES = (
    Try(
        "names",
        "Do your questions come here?",
        f"//TOKEN.{SIGHTED}/",
        (
            Outcome("you", "free", "check-circle", "Yes", "This browser asks this box, and the box knows the device."),
            Outcome(
                "nobody", "pause", "circle-half", "Not as you",
                "This browser asks this box, but the box doesn't know for whom.",
                "A grown-up can name the device, or let the router say who asks.",
            ),
            Outcome(
                "not", "stop", "x-circle", "No",
                "This browser asks somebody else, so what holds here doesn't hold in it.",
                "Look for “secure DNS”, a VPN or a relay in the browser and in the network settings.",
            ),
            Outcome("untold", "ask", "question-circle", "Not known", "The box can't tell.", "Try again later."),
        ),
    ),
    Try(
        "named",
        "Can it ask another name server?",
        f"https://cloudflare-dns.com{_DOH}",
        (
            Outcome("shut", "free", "check-circle", "No", "A well-known encrypted name server is refused by its name."),
            Outcome(
                "open", "pause", "circle-half", "Yes",
                "An encrypted name server answers. Apps may ask it, past this box.",
                "On a child's device the box closes it by name: ask a grown-up whose device this is.",
            ),
        ),
    ),
    Try(
        "address",
        "Can it ask one by its address?",
        f"https://1.1.1.1{_DOH}",
        (
            Outcome("shut", "free", "check-circle", "No", "The same, by its address alone, is refused."),
            Outcome(
                "open", "pause", "circle-half", "Yes", "An address without a name is reached.",
                "A box that answers names alone can't help that. As the home's gateway it can.",
            ),
        ),
    ),
    Try(
        "ipv6",
        "And over IPv6?",
        f"https://[2606:4700:4700::1111]{_DOH}",
        (
            Outcome("shut", "free", "check-circle", "No", "Over IPv6 it is refused, or there is no IPv6 here."),
            Outcome(
                "open", "pause", "circle-half", "Yes", "An address of IPv6 without a name is reached.",
                "If the box is the gateway: another machine gives out IPv6. “What does the box hold?” tells more.",
            ),
        ),
    ),
)  # fmt: skip


@pages.get("/me/check")
@open_to(Who.ANYONE)
def check() -> ResponseReturnValue:
    """Show what the script of the page will try, and what may come of it."""
    let_ask(*SOURCES)
    visitor = own.visitor_of(box(), request.remote_addr or "")
    return render_template("check.html", tries=TRIES, device=visitor.device, is_adult=_is_adult(visitor))


@pages.get("/me/check/<token>.json")
@open_to(Who.ANYONE)
def came(token: str) -> ResponseReturnValue:
    """Tell whether a question with this token came to the nameserver, and as whose: this device's or not."""
    if not _TOKEN.match(token):
        abort(404)
    return jsonify(came=_came(token, own.visitor_of(box(), request.remote_addr or "")))


def _came(token: str, visitor: Visitor) -> str:
    sight = box().sight(token)
    if sight is None:
        return "untold"
    if not sight:
        return "not"
    is_known = visitor.device is not None and sight.get("device") == visitor.device.id
    return "you" if is_known else "nobody"


def _is_adult(visitor: Visitor) -> bool:
    return visitor.device is not None and box().policy().of_device(visitor.device.id).row == ADULT_ROW
