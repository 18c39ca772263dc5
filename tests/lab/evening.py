"""A new box in the lab and those who live with it: what caregivers tap and type, what the children's devices get."""

import html
import json
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Locator, Page, expect

from scripts.lablib import net
from tests.browser import WAIT_MS, chromium, visitor
from tests.lab.appliance import KINDGATE, Appliance
from tests.lab.home import Home, wait_until

HOME = "kindgate.home"
ADDRESS = f"https://{HOME}"
BOX = frozenset({net.APPLIANCE.v4, net.APPLIANCE.v6})
CLOSED = frozenset({"0.0.0.0", "::"})
HELP_SITE, HELP_LINE = "www.nummergegenkummer.de", "Nummer gegen Kummer"
BYPASS = "dns.google"
"""A way round the rules: where it is closed there is no such name."""
SITES = {
    "www.example.com": frozenset({"203.0.113.10", "2001:db8::10"}),
    "www.tiktok.com": frozenset({"203.0.113.40"}),
    "web.whatsapp.com": frozenset({"203.0.113.46"}),
    "www.wikipedia.org": frozenset({"203.0.113.47"}),
    "www.pornhub.com": frozenset({"203.0.113.48"}),
    HELP_SITE: frozenset({"203.0.113.60"}),
    BYPASS: frozenset({"203.0.113.80"}),
}
"""What the lab's internet answers."""
WAYS = (net.ROUTER.v4, net.ROUTER.v6, net.APPLIANCE.v4, net.APPLIANCE.v6)
"""Whom a device may ask: its router, or the box itself."""
INSTALLED = """\
version: 1
forwarders:
  - {id: router, addresses: [192.168.77.1, "fd77::1"], options: [mac, subnet]}
"""
"""What an installer sets before anybody taps: which router may say who asks."""
START_S = 60.0
PHONES = "router"
"""The host with the caregivers' browsers: it is no child's device."""
FETCH = """
import http.client, json, sys
where, method, path, source = sys.argv[1:5]
line = http.client.HTTPConnection(where, 80, timeout=10, source_address=(source, 0) if source else None)
line.request(method, path, headers={"Host": "kindgate.home"})
got = line.getresponse()
print(json.dumps([got.status, got.headers["Location"] or "", got.read().decode()]))
"""


class Got(NamedTuple):
    """What a device got over plain HTTP."""

    status: int
    location: str
    text: str


class Evening:
    """`kindgate run` as it comes out of the box: nobody's, and without a house."""

    def __init__(self, lab: Home, appliance: Appliance, printed: str) -> None:
        self.lab = lab
        self.appliance = appliance
        self.code = re.findall(r"First run +code (\S+)", printed)[0]

    def gets(self, host: str, opened: tuple[str, ...], closed: tuple[str, ...]) -> None:
        """Assert what a device gets now, by all four ways, A and AAAA; the box's own name and help lines always."""
        wanted = {name: frozenset() if name == BYPASS else CLOSED for name in closed}
        wanted |= {name: SITES[name] for name in (*opened, HELP_SITE)} | {HOME: BOX}
        found = self._answers(host, list(wanted))
        wrong = [
            f"{name} from {way}: {set(answer)}, not {set(wanted[name])}"
            for name, ways in found.items()
            for way, answer in ways.items()
            if answer != wanted[name]
        ]
        assert not wrong, f"{host} gets {'; '.join(wrong)}"

    def fetch(self, host: str, path: str, method: str = "GET", where: str = HOME, source: str = "") -> Got:
        """Ask for a page of the box over plain HTTP, as a device does; `where` is looked up with the device's DNS.

        `source` is the address to ask from, of a host that has more than one.
        """
        done = self.lab.exec(host, [sys.executable, "-c", FETCH, where, method, path, source])
        assert done.returncode == 0, done.stderr
        status, location, text = json.loads(done.stdout)
        return Got(status, location, html.unescape(text))

    def _answers(self, host: str, names: list[str]) -> dict[str, dict[str, frozenset[str]]]:
        """Ask in one go, as it is asked often: name → whom → addresses."""
        asked = [(name, way) for name in names for way in WAYS]
        dig = "dig +short +tries=1 +time=3 +nocookie"
        lines = (f"{dig} {shlex.quote(f'@{way}')} {name} A {name} AAAA; echo =" for name, way in asked)
        printed = self.lab.exec(host, ["sh", "-c", "\n".join(lines)], limit_s=60).stdout
        found: dict[str, dict[str, frozenset[str]]] = {name: {} for name in names}
        for (name, way), answer in zip(asked, printed.split("=\n")[:-1], strict=True):
            # What ends in a dot is the name that an alias stands for.
            found[name][way] = frozenset(line for line in answer.splitlines() if not line.endswith("."))
        return found


@contextmanager
def evening(lab: Home, data: Path) -> Iterator[Evening]:
    """Kindgate in the appliance, never set up, until the block ends."""
    v4, v6 = net.APPLIANCE.v4, f"[{net.APPLIANCE.v6}]"
    told = {"--dns": (f"{v4}:53", f"{v6}:53"), "--web": (f"{v4}:443", f"{v6}:443"), "--plain": (f"{v4}:80", f"{v6}:80")}
    where = [word for option, places in told.items() for place in places for word in (option, place)]
    data.mkdir()
    lab.set_recipe("both")
    argv = [str(KINDGATE), "run", "--data", str(data), "--upstream", net.INTERNET.v4, *where]
    process = lab.popen("appliance", argv)
    try:
        wait_until(lambda: "Try " in lab.output(process), "Kindgate", START_S)
        yield Evening(lab, Appliance(lab, data), lab.output(process))
    finally:
        # Shown by pytest where the test fails.
        sys.stdout.write(lab.output(process))
        lab.stop(process)
    assert "Traceback" not in lab.output(process)


@contextmanager
def browser_in(lab: Home, host: str, folder: Path) -> Iterator[Browser]:
    """Give a browser in a host, which finds the box by its name."""
    folder.mkdir(exist_ok=True)
    rules = [f"--host-resolver-rules=MAP {HOME} {net.APPLIANCE.v4}"] if host == PHONES else []
    with chromium(folder, net.inside(lab.name, host, []), *rules) as browser:
        yield browser


@contextmanager
def phone(browser: Browser, picture: Path, address: str = ADDRESS, has_script: bool = True) -> Iterator[Page]:
    """Give a page of a phone; how it looked is kept where something fails."""
    with visitor(browser, address, java_script_enabled=has_script) as page:
        try:
            yield page
        except BaseException:
            page.screenshot(path=picture, full_page=True)
            raise


def set_up(page: Page, code: str, owner: str, password: str, children: Mapping[str, str]) -> None:
    """Do the first run: `children` are names and ages as the page says them ("6 to 9")."""
    type_in(page, {"Code": "KIND-22222-22222"}, "Set up the box")
    sees(page, "This is not the code of this box.")
    type_in(page, {"Code": code.lower()}, "Set up the box")
    page.get_by_label("Country", exact=True).select_option("Germany")
    press(page, "Next")
    choose(page, "Time zone", "most of Germany")
    press(page, "Next")
    for name, ages in children.items():
        page.get_by_label("First name").fill(name)
        choose(page, "Age", ages)
        press(page, "Add this child")
        sees(page, f"{ages} years")
    press(page, "That's everybody: next")
    press(page, "Without lists for now")
    choose(page, "A device that nobody named", "Filtered")
    press(page, "Next")
    type_in(page, {"Your name": owner, "Password": password, "The same once more": password}, "Put it in force")
    sees(page, "The box is yours.")


def claim(page: Page, mac: str, name: str, kind: str, person: str) -> None:
    """Say on the page of devices whose a found one is, once it is there."""
    link = page.get_by_role("link", name=f"Whose is {mac}?")
    for _ in range(30):
        if link.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    link.click()
    choose(page, "Whose is it?", person)
    page.get_by_label("Name", exact=True).fill(name)
    choose(page, "What is it?", kind)
    press(page, "Save")
    sees(page, f"{name} is {person}'s now")


def rule(page: Page, person: str, site: str, end: str, do: str) -> None:
    """Block or allow a site for a child, from wherever one is."""
    go(page, "Home")
    page.get_by_role("heading", name=person).get_by_role("link").click()
    page.get_by_label("Site", exact=True).fill(site)
    choose(page, "For how long?", end)
    press(page, do)


def pause(page: Page, person: str) -> None:
    """Pause a child for a quarter of an hour, at home."""
    go(page, "Home")
    card(page, person).get_by_text("Pause", exact=True).click()
    card(page, person).get_by_role("button", name="15 min").click()
    sees(page, f"{person} is paused until")
    expect(card(page, person)).to_contain_text("Paused", timeout=WAIT_MS)


def resume(page: Page, person: str) -> None:
    """End a child's pause, at home."""
    go(page, "Home")
    card(page, person).get_by_role("button", name="Resume now").click()
    sees(page, f"{person}'s pause is over.")
    expect(card(page, person)).to_contain_text("Free", timeout=WAIT_MS)


def why(page: Page, site: str, person: str) -> Locator:
    """Ask why a site is as it is for a child; return the answer."""
    go(page, "Why?")
    page.get_by_label("Site").fill(site)
    choose(page, "For whom?", person)
    press(page, "Look it up")
    return page.locator("#answer")


def log_in(page: Page, name: str, password: str) -> None:
    """Type name and password."""
    type_in(page, {"Your name": name, "Password": password}, "Log in")


def type_in(page: Page, fields: Mapping[str, str], button: str) -> None:
    """Fill in fields by their labels, and press a button."""
    for label, text in fields.items():
        page.get_by_label(label, exact=True).fill(text)
    press(page, button)


def choose(page: Page, question: str, answer: str) -> None:
    """Tap one of the answers to a question."""
    page.get_by_role("group", name=question).get_by_role("radio", name=answer).first.check()


def press(page: Page, button: str) -> None:
    """Press a button by what stands on it."""
    page.get_by_role("button", name=button, exact=True).click()


def go(page: Page, section: str) -> None:
    """Go to one of the four sections of the dashboard."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=section).click()


def card(page: Page, person: str) -> Locator:
    """Return a child's card at home."""
    return page.get_by_role("article", name=person)


def sees(page: Page, words: str) -> None:
    """Assert that words stand on the page."""
    expect(page.get_by_text(words).first).to_be_visible(timeout=WAIT_MS)


def in_force(page: Page, has_script: bool = True) -> None:
    """Assert that the page says "in force"; without a script whoever looks may have to ask for it again."""
    mark = page.get_by_text("In force on the whole house")
    for _ in range(0 if has_script else 10):
        if mark.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(mark).to_be_visible(timeout=WAIT_MS)
