"""Only known addresses, in a whole home: what the box gave is reached at the first try, and nothing else."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.lab.appliance import Appliance
from tests.lab.gateway import HOUSE, WAIT_S, Gateway, gateway, guarding, is_looking
from tests.lab.home import wait_until

pytestmark = pytest.mark.lab

SITES = [f"site{number}.example.com" for number in range(100, 150)]
RECORDS = [
    line
    for number, name in enumerate(SITES, 100)
    for line in (f"{name} A 203.0.113.{number}", f"{name} AAAA 2001:db8::{number}")
]
TYPED = {"4": "203.0.113.200", "6": "2001:db8::200"}
FAMILIES = pytest.mark.parametrize("family", ["4", "6"])
STRICT = HOUSE.replace("band: 13-15", "band: 13-15, known_names_only: on").replace(
    "band: 6-9", "band: 6-9, known_names_only: watch"
)
REFUSED = 7
AGAIN_S = 60.0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A home whose internet has fifty more sites."""
    with gateway(f"known-{os.getpid()}", tmp_path_factory.mktemp("known"), records=RECORDS) as up:
        yield up


@pytest.fixture(scope="module")
def box(home: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """Kindgate on it: Noah is kept to known addresses, Mia is watched, Dana and the guest are neither."""
    with guarding(home, tmp_path_factory.mktemp("box") / "data", STRICT) as appliance:
        wait_until(lambda: not reaches(home, "laptop", "4"), "known addresses only", WAIT_S)
        yield appliance


def reaches(home: Gateway, host: str, family: str) -> bool:
    """Say whether a device gets to an address that no name has."""
    there = TYPED[family] if family == "4" else f"[{TYPED[family]}]"
    got = home.curl(host, "https://www.example.com/", "--connect-to", f"::{there}:")
    assert got.code in (0, REFUSED)
    return got.code == 0


@FAMILIES
def test_what_a_name_leads_to_is_reached_at_once(home: Gateway, box: Appliance, family: str) -> None:
    """Fifty names that were never asked for, one after another: none is refused but where the guard was told too late.

    That is counted; a machine that is busy with much else has such moments.
    """
    urls = [f"https://{name}/" for name in SITES]
    curl = ["curl", "-sS", "--proxy", "", f"-{family}", "--max-time", "30", "--cacert", str(home.authority)]
    done = home.exec("laptop", [*curl, "-w", "%{http_code} %{remote_ip}\n", *many(urls)], 60)
    expected = [f"200 {at.split()[2]}" for at in RECORDS if ("AAAA" in at) == (family == "6")]
    found = done.stdout.splitlines()
    missed = len(expected) - sum(one == other for one, other in zip(expected, found, strict=True))
    assert missed < 5, done.stderr
    wait_until(lambda: box.counts().get("known.late", 0) >= missed, done.stderr, WAIT_S)


def many(urls: list[str]) -> list[str]:
    """Return curl's words for many pages, each by itself."""
    return [word for url in urls for word in (url, "-o", "/dev/null")]


@FAMILIES
def test_an_address_without_a_name(home: Gateway, box: Appliance, family: str) -> None:
    """It is refused to Noah's laptop; his console, Mia's tablet, her toy, an adult's phone and a guest get there."""
    hosts = ("laptop", "console", "tablet", "toy", "phone", "guest")
    assert {host for host in hosts if not reaches(home, host, family)} == {"laptop"}


def test_what_would_be_refused_is_counted(home: Gateway, box: Appliance) -> None:
    """The guard tells how often the tablet and the laptop went to an address that nobody gave them, and of no other."""
    for host in ("laptop", "console", "tablet", "phone"):
        reaches(home, host, "4")
    wait_until(lambda: set(box.status("guard")["elsewhere"]) == {"laptop", "tablet"}, "what was counted")


def test_a_guard_that_was_killed(home: Gateway, box: Appliance) -> None:
    """It keeps Noah to what he was given before, by the same box: that still works without asking again."""
    name = SITES[0]
    assert home.curl("laptop", f"https://{name}/", "-4").code == 0
    pid = box.status("guard")["pid"]
    home.exec("appliance", ["kill", f"-{signal.SIGKILL.value}", str(pid)])
    wait_until(lambda: box.status("guard").get("pid", pid) != pid and is_looking(box), "another guard", AGAIN_S)
    wait_until(lambda: not reaches(home, "laptop", "4"), "known addresses only", WAIT_S)
    there = ["--connect-to", "::203.0.113.100:"]
    assert home.curl("laptop", f"https://{name}/", "-4", *there).code == 0
    assert home.curl("laptop", f"https://{SITES[1]}/", "-4").code == 0
