"""Rules in real time: a pause, a window and a budget begin and end by themselves, on the wire and on the pages alike.

All of it happens side by side, because it takes as long as the clock does: Sam is paused and has a window; Kim plays,
first on the tablet and then on the laptop, until two minutes are used up, and gets more by one tap.
"""

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.lablib import net
from tests.browser import WAIT_MS
from tests.lab import evening as at
from tests.lab.evening import HELP_LINE, HELP_SITE, PHONES, SITES, Evening
from tests.lab.home import Home
from tests.lab.moments import clock, iso, next_minute, wait_until_time
from tests.lab.watch import Place, Spell, Watch, cached, played, watched

pytestmark = [pytest.mark.lab, pytest.mark.timeout(420)]

OWNER, PASSWORD = "Dana", "otter lamp gravel"
SITE = "www.example.com"
GAME = ("www.roblox.com", "apis.roblox.com", "games.roblox.com", "c0.rbxcdn.com")
TABLET, LAPTOP = Place("tablet", net.TABLET.v4), Place("laptop", net.LAPTOP.v4)
PHONE = Place("tablet", "192.168.77.20")
"""Sam's: a second address of the tablet's host, because what differs is who asks."""
HOUSE = """\
version: 1
time_zone: Europe/Berlin
country: DE
day_starts: "{reset}"
forwarders:
  - {{id: router, addresses: [192.168.77.1, "fd77::1"], options: [mac, subnet]}}
persons:
  - {{id: kim, name: Kim, band: 6-9, budgets: [{{minutes: 2}}]}}
  - {{id: sam, name: Sam, band: 13-15, windows: [{{name: Quiet hour, start: "{start}", end: "{end}"}}]}}
devices:
  - {{id: tablet, name: Kim's tablet, person: kim, kind: tablet, addresses: [{tablet}]}}
  - {{id: laptop, name: Kim's laptop, person: kim, kind: laptop, addresses: [{laptop}]}}
  - {{id: phone, name: Sam's phone, person: sam, kind: phone, addresses: [{phone}]}}
"""
PAUSE = """\
pauses:
  - {{person: sam, said_at: "{said}", until: "{until}"}}
"""
PAUSE_S = 20
HALF_A_DAY_S = 12 * 3600
COUNTED_WITHIN_S = 30.0
"""So long after a minute is over it may take until it is counted, published and in force."""
FELT_WITHIN_S = 15.0
"""So long after a tap it may take until a device notices, with what it may keep of a closed answer."""


@pytest.fixture
def home(lab: Home, tmp_path: Path) -> Iterator[Evening]:
    """A new box, and a second device in the tablet's host."""
    lab.exec(PHONE.host, ["ip", "addr", "add", f"{PHONE.address}/24", "dev", "eth0"])
    try:
        with at.evening(lab, tmp_path / "data") as box:
            yield box
    finally:
        lab.exec(PHONE.host, ["ip", "addr", "del", f"{PHONE.address}/24", "dev", "eth0"])
        for host in ("appliance", "router"):
            # Or the tablet would be known by this address as well for some minutes, to whoever looks next.
            lab.exec(host, ["ip", "neigh", "flush", "to", PHONE.address])


def test_rules_begin_and_end_by_themselves(home: Evening, tmp_path: Path) -> None:
    """A pause of seconds, a window of one minute, a budget of two: what devices get and what pages say, all the way."""
    with (
        at.browser_in(home.lab, PHONES, tmp_path / "phone") as browser,
        at.phone(browser, tmp_path / "dana.png") as dana,
        ExitStack() as stack,
    ):
        dana.goto("/")
        at.set_up(dana, home.code, OWNER, PASSWORD, {"Kim": "6 to 9"})
        began = next_minute(leaving_s=15)
        window = Spell(began + 120, began + 180, is_open=False)
        house = house_with(window)
        home.appliance.apply(house)
        watches = {place: stack.enter_context(watch(home, place)) for place in (TABLET, LAPTOP, PHONE)}
        with played(home.lab, TABLET, GAME):
            paused = a_pause(home, house, watches[PHONE], dana)
            wait_until_time(began + 120)
        with played(home.lab, LAPTOP, GAME):
            a_window(home, watches[PHONE], dana, window)
            spent = a_budget(home, watches, dana, began + 180)
        free = Spell(paused.end, window.start, is_open=True)
        after = Spell(window.end, time.time(), is_open=True, is_known_end=False)
        assert watches[PHONE].wrong((paused, free, window, after)) == []
        for place in (TABLET, LAPTOP):
            assert watches[place].wrong(spent) == []


def a_pause(home: Evening, house: str, phone: Watch, dana: Page) -> Spell:
    """Sam is paused for some seconds, and free again without anybody's doing; return when that was."""
    said = time.time()
    until = math.ceil(said) + PAUSE_S
    home.appliance.apply(house + PAUSE.format(said=iso(said), until=iso(until)))
    closed = phone.becomes(is_open=False, since=said, within_s=FELT_WITHIN_S, is_sudden=True)
    spell = Spell(closed, until, is_open=False, is_sudden=True)
    says(home, dana, PHONE, "Sam", "The Internet is paused until", "Paused")
    phone.becomes(is_open=True, since=until, within_s=FELT_WITHIN_S + PAUSE_S)
    says(home, dana, PHONE, "Sam", "The Internet is open until", "Free")
    return spell


def a_window(home: Evening, phone: Watch, dana: Page, window: Spell) -> None:
    """A window begins and ends with its minute."""
    phone.becomes(is_open=False, since=window.start, within_s=FELT_WITHIN_S)
    says(home, dana, PHONE, "Sam", "It is Quiet hour until", "Quiet hour")
    wait_until_time(window.end)
    phone.becomes(is_open=True, since=window.end, within_s=FELT_WITHIN_S)
    says(home, dana, PHONE, "Sam", "The Internet is open", "Free")


def a_budget(home: Evening, watches: dict[Place, Watch], dana: Page, used_up: float) -> list[Spell]:
    """Kim's two minutes are used up by two devices, and one tap gives more; return what held when."""
    closed = max(
        watches[place].becomes(is_open=False, since=used_up, within_s=COUNTED_WITHIN_S) for place in (TABLET, LAPTOP)
    )
    for place in (TABLET, LAPTOP):
        says(home, dana, place, "Kim", "Your minutes are used up", "Time is up")
    tapped = time.time()
    at.card(dana, "Kim").get_by_role("button", name="15 min", exact=True).click()
    for place in (TABLET, LAPTOP):
        watches[place].becomes(is_open=True, since=tapped, within_s=FELT_WITHIN_S)
        says(home, dana, place, "Kim", "The Internet is open", "Free")
    return [
        Spell(used_up - 120, used_up, is_open=True),
        Spell(closed, tapped, is_open=False, is_known_end=False),
    ]


@contextmanager
def watch(home: Evening, place: Place) -> Iterator[Watch]:
    """Watch a device that has a cache of its own."""
    with cached(home.lab, place), watched(home.lab, place, SITE) as found:
        yield found


def says(home: Evening, dana: Page, place: Place, person: str, words: str, pill: str) -> None:
    """Assert that the child's page on a device and the card at home say what holds, and that help is there."""
    page = home.fetch(place.host, "/me", where=net.APPLIANCE.v4, source=place.address).text
    assert (words in page, HELP_LINE in page) == (True, True), page
    helped = home.lab.dig(place.host, "-b", place.address, f"@{net.ROUTER.v4}", HELP_SITE)
    assert frozenset(helped) == SITES[HELP_SITE]
    dana.goto("/")
    expect(at.card(dana, person).locator(".kg-pill").first).to_have_text(pill, timeout=WAIT_MS)


def house_with(window: Spell) -> str:
    """Return the house, with Sam's window, and with a day of minutes that doesn't end meanwhile."""
    start, end, reset = map(clock, (window.start, window.end, window.start - HALF_A_DAY_S))
    devices = {"tablet": TABLET.address, "laptop": LAPTOP.address, "phone": PHONE.address}
    return HOUSE.format(start=start, end=end, reset=reset, **devices)
