"""How long a caregiver's tap takes: until every worker answers otherwise, and until the page says "in force".

Kindgate on loopback, set up by its own pages; a site is blocked and the rule taken away again, a child is paused and
resumed, and one of ten may have what it asks for because the classifier was wary of it. Each tap is asked about from
ports that were not used before, so that all workers are reached.
"""

import argparse
import http.client
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode

import dns.message

SERVER, DNS_PORT, WEB_PORT = "127.0.0.1", 5396, 8096
TEEN, TWEEN = "127.0.0.2", "127.0.0.3"
SITE, NEW_SITE = "tap.kindgate.test", "mega-casino-jackpot-slots.bet"
"""There is no upstream here, so that only what is blocked has an answer."""
HOUSE = f"""\
version: 1
persons: [{{id: kim, name: Kim, band: 13-15}}, {{id: ada, name: Ada, band: 10-12}}]
devices: [{{id: phone, person: kim, addresses: [{TEEN}]}}, {{id: tablet, person: ada, addresses: [{TWEEN}]}}]
"""
"""The pages refuse to name a device on loopback; an installer's file does not."""
PASSWORD = "otter lamp gravel"
CLIENTS = 24
LIMIT_S = 10.0
READY_S = 30.0
STOP_S = 15.0
BOUND_S = 1.0


class Tap(NamedTuple):
    """What is done, the form that does it, whether the site is closed then, and which one at whose device."""

    what: str
    path: str
    fields: Mapping[str, str]
    is_closed: bool
    site: str = SITE
    source: str = TEEN


class Took(NamedTuple):
    """After how many seconds the wire and the page had it."""

    wire_s: float
    page_s: float


TAPS = (
    Tap("a site is blocked", "/child/kim/rules", {"name": SITE, "do": "block", "end": ""}, True),
    Tap("the rule is taken away", "/child/kim/rules/remove", {"name": SITE}, False),
    Tap("a child is paused", "/child/kim/pause", {"for": "15"}, True),
    Tap("the pause is ended", "/child/kim/resume", {}, False),
)
ALLOWED = Tap("what a child asks for is allowed", "", {"answer": "always"}, False, NEW_SITE, TWEEN)
"""Its path is the request's."""
TAKEN_BACK = Tap("and taken back", "/child/ada/rules/remove", {"name": NEW_SITE}, True, NEW_SITE, TWEEN)


def main() -> None:
    """Measure and print medians and maxima; status 1 where the bound is broken."""
    parser = argparse.ArgumentParser(prog="scripts/bench tap", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often each of the four is done")
    parser.add_argument("--workers", type=int, default=2)
    told = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        caregiver, child = Visitor(SERVER), Visitor(TWEEN)
        set_up(caregiver, stack.enter_context(kindgate(folder, told.workers)))
        wait_for_the_classifier()
        finger = stack.enter_context(ThreadPoolExecutor(1))
        took: dict[str, list[Took]] = {one.what: [] for one in (*TAPS, ALLOWED, TAKEN_BACK)}
        for _ in range(told.times):
            for one in TAPS:
                took[one.what].append(tap(finger, caregiver, one))
            allowed = ALLOWED._replace(path=requested(caregiver, child))
            for one in (allowed, TAKEN_BACK):
                took[one.what].append(tap(finger, caregiver, one))
    longest_s = report(took, f"{told.workers} workers, {told.times} times each")
    sys.exit(longest_s > BOUND_S)


class From(urllib.request.HTTPHandler):
    """Connects from an address of one's own."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self._source = source

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Ask over a new connection."""
        return self.do_open(http.client.HTTPConnection, req, source_address=(self._source, 0))


class Visitor:
    """A browser without a script: follows redirects, keeps cookies, sends the token of the last form."""

    def __init__(self, source: str) -> None:
        self._opener = urllib.request.build_opener(From(source), urllib.request.HTTPCookieProcessor(CookieJar()))
        self._token = ""

    def get(self, path: str) -> str:
        """Return a page."""
        return self._open(path, None)

    def post(self, path: str, **fields: str) -> str:
        """Send a form; return the page that it leads to."""
        return self._open(path, urlencode(fields | {"csrf_token": self._token}).encode())

    def _open(self, path: str, form: bytes | None) -> str:
        try:
            with self._opener.open(f"http://{SERVER}:{WEB_PORT}{path}", form, timeout=LIMIT_S) as reply:
                text: str = reply.read().decode()
        except HTTPError as error:
            sys.exit(f"{path} was refused ({error.code}): {error.read().decode()[:2000]}")
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        self._token = unescape(found[1]) if found else self._token
        return text


@contextmanager
def kindgate(folder: Path, workers: int) -> Iterator[str]:
    """Run Kindgate until the block ends; give the code of its first run."""
    log, data = folder / "log", folder / "data"
    argv = [sys.executable, "-m", "appliance"]
    place = ["--data", str(data)]
    where = ["--dns", f"{SERVER}:{DNS_PORT}", "--web", f"{SERVER}:{WEB_PORT}", "--upstream", "127.0.0.1:9"]
    (folder / "house.yaml").write_text(HOUSE)
    data.mkdir()
    applied = [*argv, "house", "apply", str(folder / "house.yaml"), *place]
    subprocess.run(applied, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=READY_S)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*argv, "run", *place, *where, "--workers", str(workers)],
            stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
        )  # fmt: skip
    try:
        yield code_in(log, process)
    finally:
        process.terminate()
        process.wait(STOP_S)


def code_in(log: Path, process: "subprocess.Popen[bytes]") -> str:
    """Return the code that was printed, once everything is up."""
    until = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < until:
        found = re.search(r"First run +code (\S+)\n(?s:.*)Try ", log.read_text())
        if found:
            return found[1]
        time.sleep(0.02)
    sys.exit(f"Kindgate did not come up: {log.read_text()}")


def set_up(caregiver: Visitor, code: str) -> None:
    """Do the first run, and wait until all of it is in force."""
    caregiver.get("/start")
    caregiver.post("/start", code=code)
    caregiver.post("/start/place", country="DE", language="en")
    caregiver.post("/start/time", zone="Europe/Berlin")
    caregiver.post("/start/children", do="next")
    caregiver.post("/start/devices", unknown="filtered")
    caregiver.post("/start/owner", name="Dana", password=PASSWORD, again=PASSWORD)
    settle(caregiver, caregiver.get("/"))


def wait_for_the_classifier() -> None:
    """Return when the youngest is to ask about a name that nobody knows, from whichever worker."""
    until = time.monotonic() + READY_S
    with ExitStack() as stack:
        clients = [stack.enter_context(client(TWEEN)) for _ in range(CLIENTS)]
        while not all(is_closed(each, NEW_SITE) for each in clients):
            if time.monotonic() > until:
                sys.exit("the classifier did not come up")
            time.sleep(0.1)


def requested(caregiver: Visitor, child: Visitor) -> str:
    """Have the youngest ask for what the classifier is wary of; return the form by which that is answered."""
    child.get("/me")
    child.post("/me/request", what=NEW_SITE)
    found = re.search(r'action="(/requests/\d+)"', caregiver.get("/requests"))
    if not found:
        sys.exit("no caregiver sees the request")
    return found[1]


def tap(finger: ThreadPoolExecutor, caregiver: Visitor, one: Tap) -> Took:
    """Send a form and, meanwhile, ask for the site; return after how long both had it."""
    with ExitStack() as stack:
        clients = [stack.enter_context(client(one.source)) for _ in range(CLIENTS)]
        if any(is_closed(each, one.site) is one.is_closed for each in clients):
            sys.exit(f"{one.site} was so before: {one.what}")
        began = time.monotonic()
        page = finger.submit(press, caregiver, one, began)
        while not all(is_closed(each, one.site) is one.is_closed for each in clients):
            if time.monotonic() - began > LIMIT_S:
                sys.exit(f"never on the wire: {one.what}")
        wire_s = time.monotonic() - began
        return Took(wire_s, page.result(2 * LIMIT_S))


def press(caregiver: Visitor, one: Tap, began: float) -> float:
    """Send a form; return after how many seconds the page says that it is in force."""
    settle(caregiver, caregiver.post(one.path, **one.fields))
    return time.monotonic() - began


def settle(caregiver: Visitor, page: str) -> None:
    """Return when a page says "in force", or its mark would that is asked again as the page's script does."""
    until = time.monotonic() + LIMIT_S
    is_everywhere = 'data-force="everywhere"' in page
    while not is_everywhere:
        if time.monotonic() > until:
            sys.exit("a page never said that it is in force")
        is_everywhere = json.loads(caregiver.get("/force.json"))["is_everywhere"]


def client(source: str) -> socket.socket:
    """Return a child's device on a port of its own."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.settimeout(LIMIT_S)
    opened.bind((source, 0))
    opened.connect((SERVER, DNS_PORT))
    return opened


def is_closed(opened: socket.socket, site: str) -> bool:
    """Say whether the device gets the block answer."""
    opened.send(dns.message.make_query(site, "A").to_wire())
    return bool(dns.message.from_wire(opened.recv(4096)).answer)


def report(took: Mapping[str, list[Took]], how: str) -> float:
    """Print a table; return the longest time."""
    print(f"| From the tap ({how}) | new answer from every worker: median | max | page in force: median | max |")
    print("|---|---:|---:|---:|---:|")
    every = [one for times in took.values() for one in times]
    for what, times in (*took.items(), ("all", every)):
        columns = ([one.wire_s for one in times], [one.page_s for one in times])
        cells = (f"{number * 1000:.0f} ms" for each in columns for number in (statistics.median(each), max(each)))
        print(f"| {what} | {' | '.join(cells)} |")
    return max(max(one) for one in every)


if __name__ == "__main__":
    main()
