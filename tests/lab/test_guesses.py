"""A name that nobody ever saw and that looks risky: asked about in the lab by a child of ten and by an adult."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from appliance.household.labels import NAME
from scripts.lablib import net
from tests.browser import WAIT_MS
from tests.lab import evening as at
from tests.lab.evening import CLOSED, PHONES, WAYS, Evening
from tests.lab.home import home, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

SITE, OTHER, PLAIN = "mega-casino-jackpot-slots.bet", "online-poker-casino-bonus.bet", "our-village-choir.example"
ADDRESSES = {SITE: "203.0.113.91", OTHER: "203.0.113.92", PLAIN: "203.0.113.93"}
OWNER, PASSWORD = "Dana", "otter lamp gravel"
START_S = 60.0
ROUNDS = 6
"""Each worker remembers what it was told: after so many times four questions both were asked, but once in 8 million."""
HOUSE = """\
version: 1
time_zone: Europe/Berlin
country: DE
forwarders:
  - {id: router, addresses: [192.168.77.1, "fd77::1"], options: [mac, subnet]}
persons:
  - {id: kim, name: Kim, band: 10-12}
  - {id: dana, name: Dana, kind: adult}
devices:
  - {id: tablet, name: Kim's tablet, person: kim, kind: tablet, macs: ["02:77:00:00:00:10"]}
  - {id: laptop, name: Dana's laptop, person: dana, kind: laptop, macs: ["02:77:00:00:00:11"]}
"""
CHILD, ADULT = net.TABLET.name, net.LAPTOP.name


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Evening]:
    """A new box, in a lab whose internet knows the names."""
    records = (f"--record={name} A {address}" for name, address in ADDRESSES.items())
    with home(f"guess-{os.getpid()}", tmp_path, *records) as lab, at.evening(lab, tmp_path / "data") as up:
        yield up


def test_a_risky_name_from_question_to_answer(box: Evening, tmp_path: Path) -> None:
    """The tablet is to ask, by every way, and is told why; the laptop gets the address; a yes opens it."""
    with browsing(box, PHONES, tmp_path / "phone") as dana:
        dana.goto("/")
        at.set_up(dana, box.code, OWNER, PASSWORD, {"Kim": "10 to 12"})
    box.appliance.apply(HOUSE)
    wait_until(lambda: "version" in box.appliance.ask(NAME, {"ask": "status"}), "the classifier", START_S)
    becomes(box, CHILD, SITE, CLOSED)
    for way in WAYS:
        reply = box.lab.exec(CHILD, ["dig", "+tries=1", "+time=3", f"@{way}", SITE]).stdout
        assert re.search(r"EDE: 17 \(Filtered\): \(.*looks risky: Gambling", reply), reply
    assert gets(box, ADULT, SITE) == [{ADDRESSES[SITE]}] * len(WAYS)
    assert gets(box, CHILD, PLAIN) == [{ADDRESSES[PLAIN]}] * len(WAYS)
    with browsing(box, CHILD, tmp_path / "tablet") as kim:
        kim.goto("/me")
        at.sees(kim, "It looks like gambling")
        kim.get_by_role("button", name=f"Ask for {SITE}").click(timeout=WAIT_MS)
        at.sees(kim, f"Sent: you asked for {SITE}.")
    with browsing(box, PHONES, tmp_path / "phone") as dana:
        dana.goto("/")
        at.log_in(dana, OWNER, PASSWORD)
        dana.goto("/requests")
        at.sees(dana, "it looks like gambling")
        dana.get_by_role("button", name="Always").click(timeout=WAIT_MS)
        becomes(box, CHILD, SITE, frozenset({ADDRESSES[SITE]}))


def test_answers_go_on_without_the_classifier(box: Evening) -> None:
    """Killed, it is there again in a moment; meanwhile everybody gets answers, and what was guessed is remembered."""
    box.appliance.apply(HOUSE)
    wait_until(lambda: "version" in box.appliance.ask(NAME, {"ask": "status"}), "the classifier", START_S)
    for _ in range(ROUNDS):
        becomes(box, CHILD, SITE, CLOSED)
    first = box.appliance.ask(NAME, {"ask": "status"})["pid"]
    os.kill(first, signal.SIGKILL)
    assert gets(box, ADULT, SITE) == [{ADDRESSES[SITE]}] * len(WAYS)
    assert gets(box, CHILD, PLAIN) == [{ADDRESSES[PLAIN]}] * len(WAYS)
    assert gets(box, CHILD, SITE) == [CLOSED & {"0.0.0.0"}] * len(WAYS)
    wait_until(lambda: box.appliance.ask(NAME, {"ask": "status"}).get("pid", first) != first, "another one", START_S)
    becomes(box, CHILD, OTHER, CLOSED)


@contextmanager
def browsing(box: Evening, host: str, folder: Path) -> Iterator[Page]:
    """Give a page in a host's browser."""
    with at.browser_in(box.lab, host, folder) as browser, at.phone(browser, folder.with_suffix(".png")) as page:
        yield page


def becomes(box: Evening, host: str, name: str, answer: frozenset[str]) -> None:
    """Wait until a device gets an answer by every way: a guess may be late on a busy machine, for a moment."""
    wait_until(lambda: all(got <= answer for got in gets(box, host, name)), f"{answer} for {name}", START_S)


def gets(box: Evening, host: str, name: str) -> list[set[str]]:
    """Return the addresses of IPv4 that a device is given, by every way."""
    return [set(box.lab.dig(host, f"@{way}", name)) for way in WAYS]
