"""A house whose day is lived: its people, the devices they hold, a caregiver's browser, and the box's own processes."""

import contextlib
import http.client
import os
import re
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from appliance.commands.options import bundled_rules
from appliance.config import Endpoint
from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.household.changes import Household
from appliance.store.accounts import Role
from appliance.store.ledger import LedgerStore, Span
from appliance.web import passwords
from appliance.world import bus, clock
from tests.running import Running, addresses, running, until

NAME, PASSWORD = "Dana", "correct horse battery"
DAEMONS = ("nameserver", "steward", "finder", "web")
BACK_S = 30.0
"""Within this a daemon that was killed is there again, on a machine that is busy with other things."""
PAGE_S = 30.0
COUNTED = ("toddler", "kid", "tween", "teen")
"""Whose queries are counted, by the contract."""
GAMBLING = "bet365.com"

BANDS = {"toddler": "0-5", "kid": "6-9", "tween": "10-12", "teen": "13-15", "youth": "16-17"}
AT = {
    "toddler": "127.0.3.1", "kid": "127.0.3.2", "tween": "127.0.3.3", "teen": "127.0.3.4", "youth": "127.0.3.5",
    "parent": "127.0.3.6", "work": "127.0.3.7", "stranger": "127.0.3.8",
}  # fmt: skip
"""Who asks → the address of the device in their hands; `work` is the tween's managed one, `stranger` nobody's."""

Counts = Mapping[tuple[str, str], int]
"""Person and action → how often."""


def house() -> House:
    """Return the house: a child of each band, an adult, a managed device."""
    children = [Person(id=one, name=one.title(), band=band) for one, band in BANDS.items()]
    owner = {one: one for one in (*BANDS, "parent")} | {"work": "tween"}
    kinds = {"work": DeviceKind.MANAGED, "parent": DeviceKind.ADULT}
    devices = [
        Device(id=f"{one}s", name=f"{one.title()}'s", person=whose, kind=kinds.get(one, DeviceKind.TABLET),
               addresses=(AT[one],))
        for one, whose in owner.items()
    ]  # fmt: skip
    parent = Person(id="parent", name="Parent", kind=PersonKind.ADULT)
    return House(time_zone="Europe/Berlin", country="DE", persons=(*children, parent), devices=tuple(devices))


def furnish(data: Path) -> None:
    """Put the house and its owner's account in a data folder where no daemon runs yet."""
    household = Household(data, bundled_rules())
    try:
        hashed = passwords.hash_password(PASSWORD)
        household.store.accounts.add("box", "dana-account", NAME, hashed, Role.OWNER, clock.now())
        household.replace("dana-account", house(), clock.now())
    finally:
        household.close()


class Reply:
    """What the dashboard answered."""

    def __init__(self, status: int, where: str | None, text: str) -> None:
        self.status, self.where, self.text = status, where, text

    @property
    def words(self) -> str:
        """The words of the page, without its marks."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text)).split())


class Browser:
    """A browser without JavaScript; `source` is the address of the device that it runs on."""

    def __init__(self, at: Endpoint, source: str = "127.0.0.1") -> None:
        self._at = at
        self._source = source
        self._token = ""
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Reply:
        """Return a page. Raises OSError and HTTPException where none is served."""
        return self._ask("GET", path, None)

    def send(self, path: str, **fields: str) -> Reply:
        """Return what a form led to; its token is that of the page that was looked at last."""
        return self._ask("POST", path, urlencode({"csrf_token": self._token, **fields}))

    def log_in(self, password: str = PASSWORD) -> Reply:
        """Log in with a name and a password."""
        self.get("/log-in")
        found = self.send("/log-in", name=NAME, password=password)
        if found.status == 303:
            # Its form's token is another one than before.
            self.get("/account")
        return found

    def _ask(self, method: str, path: str, body: str | None) -> Reply:
        client = http.client.HTTPConnection(self._at.address, self._at.port, PAGE_S, (self._source, 0))
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        try:
            client.request(method, path, body, headers)
            answered = client.getresponse()
            text = answered.read().decode()
        finally:
            client.close()
        for cookie in answered.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
        self._token = token[1] if token else self._token
        return Reply(answered.status, answered.headers["Location"], text)


@dataclass
class Box:
    """`kindgate run` with that house in it."""

    up: Running

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.up.data

    def browser(self, source: str = "127.0.0.1") -> Browser:
        """Return a fresh browser on a device."""
        assert self.up.web is not None
        return Browser(self.up.web, source)

    def owner(self) -> Browser:
        """Return a fresh browser that just logged in."""
        browser = self.browser()
        found = browser.log_in()
        assert (found.status, found.where) == (303, "/"), found.words
        return browser

    def ask(self, who: str, name: str, *, is_tcp: bool = False, qtype: str = "A") -> list[str]:
        """Return the addresses that somebody's device gets for a name."""
        return addresses(self.up.ask(name, qtype, source=AT[who], is_tcp=is_tcp))

    def status(self, daemon: str) -> dict[str, Any]:
        """Return what a daemon says of itself, nothing while it does not answer."""
        try:
            return bus.ask(self.data, daemon, {"ask": "status"})
        except OSError:
            return {}

    def pid(self, daemon: str) -> int:
        """Return the process that answers for a daemon, 0 while none does."""
        return int(self.status(daemon).get("pid", 0))

    def children(self) -> dict[str, int]:
        """Return the processes that the supervisor started, by their names."""
        found = {}
        pids = Path(f"/proc/{self.up.process.pid}/task/{self.up.process.pid}/children").read_text().split()
        for pid in map(int, pids):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                found[next((word for word in words if word in DAEMONS), "")] = pid
        return found

    def end(self, daemons: Iterable[str], number: int = signal.SIGKILL, *, is_awaited: bool = True) -> None:
        """Send a signal to the processes of daemons; wait for those that take their place, unless told not to."""
        before = {one: self.pid(one) for one in daemons}
        children = self.children()
        for one, pid in before.items():
            for each in {children.get(one, 0), pid} - {0}:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, number)
        if is_awaited:
            until(lambda: all(self.pid(one) not in (0, pid) for one, pid in before.items()), BACK_S, f"{before} again")

    def pages(self) -> bool:
        """Say whether the dashboard answers at all."""
        try:
            return self.browser().get("/log-in").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def held(self) -> dict[tuple[str, str], int]:
        """Return what was counted and is with the nameserver still."""
        told: Any = bus.ask(self.data, "nameserver", {"ask": "tally", "peek": True})["counts"]
        found: dict[tuple[str, str], int] = {}
        for _, person, _, _, action, _, count in told:
            found[str(person), action] = found.get((str(person), action), 0) + count
        return found

    def booked(self) -> dict[tuple[str, str], int]:
        """Return what is in the ledger."""
        return booked(self.data)

    def counted(self, expected: Counts) -> None:
        """Wait until the workers have told of all that was counted: it is with the nameserver or in the ledger."""
        until(lambda: added(self.held(), self.booked()) == expected, BACK_S, "all is told")

    def commit(self) -> None:
        """Have the steward write what there is, as it does each five minutes and when it is told to end."""
        self.end(["steward"], signal.SIGTERM)


def booked(data: Path) -> dict[tuple[str, str], int]:
    """Return how often each person had an action, by the ledger of a data folder."""
    found: dict[tuple[str, str], int] = {}
    with LedgerStore(data) as ledger:
        for span in Span:
            for one in ledger.counts("2000-01-01", "2999-12-31", span=span):
                key = str(one.person), one.action
                found[key] = found.get(key, 0) + one.count
    return found


def added(*counts: Counts) -> dict[tuple[str, str], int]:
    """Return the sums of several counts."""
    found: dict[tuple[str, str], int] = {}
    for one in counts:
        for key, count in one.items():
            found[key] = found.get(key, 0) + count
    return found


@contextmanager
def lived_in(data: Path, upstream: Endpoint, workers: int = 2) -> Iterator[Box]:
    """Give the house with all four daemons at work, for as long as the block runs."""
    furnish(data)
    with running(data, (upstream,), workers=workers, command="run") as up:
        box = Box(up)
        until(lambda: all(box.pid(one) for one in DAEMONS) and box.pages(), BACK_S, "all daemons are there")
        yield box
