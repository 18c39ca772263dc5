"""Kindgate as the gateway of a home: what each device reaches, and that what becomes forbidden comes to an end."""

import os
import random
import time
from collections.abc import Iterator

import pytest
import yaml

from tests.lab.appliance import Appliance
from tests.lab.gateway import HOUSE, ROOT, Gateway, gateway, guarding

pytestmark = pytest.mark.lab

OPEN, CLOSED = "www.example.com", "www.tiktok.com"
TIKTOK = {"4": "::203.0.113.40:", "6": "::[2001:db8::40]:"}
FAMILIES = pytest.mark.parametrize("family", ["4", "6"])
MANAGED = HOUSE.replace("kind: laptop", "kind: managed")
STRICTER = HOUSE.replace("band: 6-9}", "band: 6-9, rules: [{name: example.com, do: block}]}")
REFUSED, RESET, TLS = 7, 56, 35
"""What curl says of a name that leads nowhere, and of a connection that is cut."""
SERVICES = [
    domain
    for service in yaml.safe_load((ROOT / "rules" / "services.yaml").read_text())["services"]
    for domain in service["domains"]
]
COUNTED = ["-t", "mangle", "-vnxL", "KINDGATE"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A home with two interfaces."""
    with gateway(f"guarded-{os.getpid()}", tmp_path_factory.mktemp("gateway")) as up:
        yield up


@pytest.fixture(scope="module")
def box(home: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """Kindgate on it."""
    with guarding(home, tmp_path_factory.mktemp("box") / "data") as appliance:
        yield appliance


@FAMILIES
@pytest.mark.parametrize("host", ["tablet", "laptop", "console", "phone", "toy", "guest"])
def test_an_open_site_is_reached(home: Gateway, box: Appliance, host: str, family: str) -> None:
    """Every device gets what it may have."""
    got = home.curl(host, f"https://{OPEN}/", f"-{family}")
    assert (got.code, got.status) == (0, 200)


@FAMILIES
def test_a_closed_site_is_closed_at_its_address_too(home: Gateway, box: Appliance, family: str) -> None:
    """Who knows the address gets a reset as soon as the name is told; whom it isn't closed for gets there."""
    url, there = f"https://{CLOSED}/", ["--connect-to", TIKTOK[family]]
    assert home.curl("tablet", url, f"-{family}").code == REFUSED
    assert home.curl("tablet", url, f"-{family}", *there).code in (RESET, TLS)
    for host in ("laptop", "phone"):
        assert home.curl(host, url, f"-{family}", *there).said["host"] == CLOSED


@FAMILIES
def test_what_becomes_forbidden_ends(home: Gateway, box: Appliance, family: str) -> None:
    """A download, a WebSocket and a QUIC stream of the child's end at a new rule; the brother's go on."""
    how = ("--family", family)
    begin = (home.download, home.ws, home.quic)
    ending = [one("tablet", OPEN, *how) for one in begin]
    living = [one("laptop", OPEN, *how) for one in begin]
    for one in (*ending, *living):
        one.wait("open")
    try:
        box.apply(STRICTER)
        for one in ending:
            one.wait_for_end()
        ended_at = time.time()
        for one in living:
            one.lives_after(ended_at)
    finally:
        box.apply(HOUSE)
        for one in (*ending, *living):
            one.end()
    assert home.curl("tablet", f"https://{OPEN}/", f"-{family}").code == 0


@pytest.mark.parametrize("host", ["tablet", "laptop", "console", "phone", "toy", "guest"])
def test_both_families_and_both_ways_come_to_the_same(home: Gateway, box: Appliance, host: str) -> None:
    """Twenty names of services: what DNS closes it closes in both families, and so it is at any address."""
    names = random.Random(host).sample(SERVICES, 20)
    closed, closed6 = closed_names(home, host, names, "A"), closed_names(home, host, names, "AAAA")
    refused, refused6 = (refused_names(home, host, names, family) for family in ("4", "6"))
    assert (closed, refused) == (closed6, refused6)
    assert closed <= refused


def test_some_names_are_closed_and_some_are_not(home: Gateway, box: Appliance) -> None:
    """Or the test above would say nothing."""
    names = random.Random("tablet").sample(SERVICES, 20)
    assert 0 < len(refused_names(home, "tablet", names, "4")) < 20
    assert refused_names(home, "phone", names, "4") == set()


@FAMILIES
def test_nobody_looks_at_who_is_free(home: Gateway, box: Appliance, family: str) -> None:
    """No packet of an adult's or of a managed device comes to a queue; each of a child's new connections does."""
    try:
        box.apply(MANAGED)
        before = queued(home)
        for host in ("phone", "laptop"):
            assert home.curl(host, f"https://{OPEN}/", f"-{family}").code == 0
            assert home.quic_once(host, OPEN, "--family", family)["over"] == "quic"
        assert queued(home) == before
        assert home.curl("tablet", f"https://{OPEN}/", f"-{family}").code == 0
        assert queued(home) > before
    finally:
        box.apply(HOUSE)


def closed_names(home: Gateway, host: str, names: list[str], rtype: str) -> set[str]:
    """Return those of some names that the box answers as blocked."""
    asked = [word for name in names for word in (f"@{home.plan.box.v4}", name, rtype, "+noall", "+answer")]
    rows = [line.split() for line in home.exec(host, ["dig", *asked]).stdout.splitlines()]
    return {row[0].rstrip(".") for row in rows if row[-1] in ("0.0.0.0", "::")}


def refused_names(home: Gateway, host: str, names: list[str], family: str) -> set[str]:
    """Return those of some names to which no connection comes about, at an address that is anybody's."""
    urls = [word for name in names for word in (f"https://{name}/", "-o", "/dev/null")]
    how = ["curl", "-sk", "--max-time", "5", "--connect-to", TIKTOK[family], "-w", "%{exitcode} %{url}\n"]
    rows = [line.split() for line in home.exec(host, [*how, *urls]).stdout.splitlines()]
    assert len(rows) == len(names)
    return {url.removeprefix("https://").rstrip("/") for code, url in rows if int(code) in (RESET, TLS)}


def queued(home: Gateway) -> int:
    """Return how many packets the box's kernel has given to queues."""
    shown = [home.exec("appliance", [one, *COUNTED]).stdout for one in ("iptables-nft", "ip6tables-nft")]
    rows = [line.split() for line in "".join(shown).splitlines() if "NFQUEUE" in line]
    assert len(rows) == 4
    return sum(int(row[0]) for row in rows)
