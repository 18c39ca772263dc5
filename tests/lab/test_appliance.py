"""A query finds its child: real devices, a real router, a real upstream."""

import os
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import pytest

from scripts.lablib import net
from tests.lab import forgeries
from tests.lab.appliance import CLOSED, KINDGATE, OPEN, Appliance, house, running
from tests.lab.home import SCRIPT, Home, home, script, wait_until

NAME = "www.example.com"
LAPTOP_MAC = bytes.fromhex("027700000011")
FORGED = {
    "raw MAC": ((65001, LAPTOP_MAC),),
    "text MAC": ((65073, b"02:77:00:00:00:11"),),
    "base64 MAC": ((65073, b"AncAAAAR"),),
    "subnet v4": ((8, bytes.fromhex("00012000c0a84d0b")),),
    "subnet v6": ((8, bytes.fromhex("00028000fd770000000000000000000000000011")),),
    "all": ((65001, LAPTOP_MAC), (65073, b"02:77:00:00:00:11"), (8, bytes.fromhex("00012000c0a84d0b"))),
}
BOX = {"v4": net.APPLIANCE.v4, "v6": net.APPLIANCE.v6}
ROUTER = {"v4": net.ROUTER.v4, "v6": net.ROUTER.v6}

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def box(lab: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """Kindgate, started once for this file; each test sets recipe and house."""
    with running(lab, tmp_path_factory.mktemp("box") / "data") as appliance:
        yield appliance


@pytest.fixture
def at_home(box: Appliance) -> Appliance:
    """The box with the router's recipe of the documentation and the first house."""
    box.lab.set_recipe("both")
    box.apply(house())
    return box


def address(reply: bytes) -> str | None:
    """The address of the last A record of a reply to an A question, None if there is none."""
    assert len(reply) >= 12, "no reply"
    if not int.from_bytes(reply[6:8], "big"):
        return None
    found = [reply[at + 10 : at + 14] for at in range(12, len(reply) - 13) if reply[at : at + 4] == b"\0\1\0\1"]
    answers = [data for data in found[1:] if len(data) == 4] or found
    return str(ip_address(answers[-1]))


@pytest.mark.parametrize("forward_to", ["v4", "v6"])
@pytest.mark.parametrize("family", ["v4", "v6"])
@pytest.mark.parametrize("recipe", ["both", "mac", "mac-text", "mac-base64", "subnet"])
def test_two_children_behind_one_router(at_home: Appliance, recipe: str, family: str, forward_to: str) -> None:
    """The same name asked through the router gets the tablet its own answer and the laptop its own."""
    at_home.lab.set_recipe(recipe, forward_to=forward_to)
    server = f"@{ROUTER[family]}"
    assert at_home.lab.dig("tablet", server, NAME) == [CLOSED]
    assert at_home.lab.dig("laptop", server, NAME)[-1] == OPEN
    assert at_home.lab.dig("tablet", server, NAME, "AAAA") == ["::"]
    assert at_home.lab.dig("laptop", server, NAME, "AAAA")[-1] == "2001:db8::10"


@pytest.mark.parametrize("family", ["v4", "v6"])
def test_two_children_directly(at_home: Appliance, family: str) -> None:
    """A device that asks the box itself is known by its MAC, over UDP and TCP."""
    server = f"@{BOX[family]}"
    for how in ([], ["+tcp"]):
        assert at_home.lab.dig("tablet", server, NAME, *how) == [CLOSED]
        assert at_home.lab.dig("laptop", server, NAME, *how)[-1] == OPEN


@pytest.mark.parametrize("family", ["v4", "v6"])
@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_forged_directly(at_home: Appliance, forged: tuple[tuple[int, bytes], ...], family: str) -> None:
    """A tablet that says "I am the laptop" is still the tablet, and that is counted."""
    before = at_home.counts().get("asker.forged", 0)
    message = forgeries.message(NAME, 1, forgeries.opt(*forged))
    assert address(at_home.lab.ask("tablet", message, to=BOX[family])) == CLOSED
    wait_for_count(at_home, "asker.forged", before + 1)


@pytest.mark.parametrize("forward_to", ["v4", "v6"])
@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_forged_through_the_router(at_home: Appliance, forged: tuple[tuple[int, bytes], ...], forward_to: str) -> None:
    """With the recipe, a forged identity does not come through: the tablet stays the tablet."""
    at_home.lab.set_recipe("both", forward_to=forward_to)
    message = forgeries.message(NAME, 1, forgeries.opt(*forged))
    assert address(at_home.lab.ask("tablet", message)) == CLOSED


@pytest.mark.parametrize("kind", forgeries.ODD)
def test_forged_past_the_router(at_home: Appliance, kind: str) -> None:
    """A message that the router can't take apart, and so does not clean, never opens what is closed."""
    forged = forgeries.ODD[kind](NAME)
    for wrong, right in ((forgeries.FORGED_MAC, LAPTOP_MAC), (forgeries.FORGED_ECS, FORGED["subnet v4"][0][1])):
        forged = forged.replace(wrong, right)
    reply = at_home.lab.ask("tablet", forged, wait_s=1.0)
    assert not reply or reply[3] & 15 != 0 or address(reply) in (None, CLOSED)


@pytest.mark.parametrize(
    ("recipe", "options", "forged"), [("mac", "mac", "subnet v4"), ("subnet", "subnet", "raw MAC")]
)
def test_only_what_the_router_strips_is_believed(at_home: Appliance, recipe: str, options: str, forged: str) -> None:
    """A forwarder listed with one option is not believed in another, which it passes on as its clients send it."""
    at_home.lab.set_recipe(recipe)
    at_home.apply(house(options=options))
    message = forgeries.message(NAME, 1, forgeries.opt(*FORGED[forged]))
    assert address(at_home.lab.ask("tablet", message)) == CLOSED


def test_the_routers_own_question_is_no_childs(at_home: Appliance) -> None:
    """What the router asks for itself is an unknown device's, so that no child becomes "the router"."""
    assert at_home.lab.dig("router", f"@{BOX['v4']}", NAME)[-1] == OPEN
    assert at_home.lab.dig("router", f"@{BOX['v4']}", "www.pornhub.com") == [CLOSED]


def test_identity_never_reaches_the_upstream(at_home: Appliance) -> None:
    """The upstream sees neither MAC nor subnet, and ids and ports that nobody guesses."""
    at_home.lab.forget_upstream()
    names = [f"n{number}.example.net" for number in range(40)]
    for name in names:
        at_home.lab.exec("laptop", ["dig", "+tries=1", "+time=3", f"@{ROUTER['v4']}", name])
    queries = [query for query in at_home.lab.upstream_queries() if query["qname"].rstrip(".") in names]
    assert {query["qname"].rstrip(".") for query in queries} == set(names)
    assert {code for query in queries for code, _ in query["edns_options"]} == set()
    ids, ports = [query["id"] for query in queries], [query["sport"] for query in queries]
    for numbers in (ids, ports):
        assert len(set(numbers)) >= len(names) - 2
        steps = {(later - earlier) % 65_536 for earlier, later in pairwise(numbers)}
        assert len(steps) >= len(names) - 3


def test_a_changed_house_is_felt(at_home: Appliance) -> None:
    """A rule taken away opens the name on the wire as soon as `house apply` returns; put back, it closes it."""
    assert at_home.lab.dig("tablet", NAME) == [CLOSED]
    at_home.apply(house(tablet="allow"))
    assert at_home.lab.dig("tablet", NAME)[-1] == OPEN
    at_home.apply(house())
    assert at_home.lab.dig("tablet", NAME) == [CLOSED]


def test_a_cloaked_name_is_seen_through(at_home: Appliance) -> None:
    """A CNAME to a name that is closed is closed too, and an upstream that is gone gives SERVFAIL with a reason."""
    at_home.apply(house().replace("name: example.com", "name: tracker.example"))
    assert at_home.lab.dig("tablet", "tracker.example") == [CLOSED]
    assert at_home.lab.dig("laptop", "tracker.example") == ["203.0.113.18"]
    at_home.lab.stop_upstream()
    try:
        done = at_home.lab.exec("laptop", ["dig", "+tries=1", "+time=6", f"@{BOX['v4']}", "v4only.example.com", "A"])
    finally:
        at_home.lab.start_upstream()
    assert "status: SERVFAIL" in done.stdout
    assert "EDE: 23" in done.stdout


def test_long_answers_come_over_tcp(at_home: Appliance) -> None:
    """What does not fit a datagram is fetched over TCP, and sent over TCP."""
    assert len(at_home.lab.dig("laptop", f"@{BOX['v4']}", "big.example.com", "TXT")) == 10


def test_the_doctor_finds_a_leaky_router(at_home: Appliance) -> None:
    """`check` sends itself a forged identity through the router, and says what came of it."""
    assert (
        at_home.findings()[f"The router {ROUTER['v4']} says who asks, and a forged identity does not come through"]
        == "ok"
    )
    at_home.lab.set_recipe("leaky")
    leaks = [
        what for what, level in at_home.findings().items() if "forged identity through" in what and level == "wrong"
    ]
    assert [what.split()[2] for what in leaks] == [ROUTER["v4"], ROUTER["v6"]]
    at_home.lab.set_recipe("none")
    assert at_home.findings()[f"The router {ROUTER['v4']} does not say who asks"] == "wrong"


def test_the_doctor_finds_a_router_that_hides_its_clients(at_home: Appliance) -> None:
    """A router that masquerades, or forwards without being listed, makes all devices look like one: `check` says so."""
    at_home.lab.set_recipe("none")
    at_home.apply("version: 1\n")
    found = at_home.findings()
    assert found[f"The router {ROUTER['v4']} asks for its clients, and they all look like one device"] == "wrong"
    at_home.lab.set_recipe("nat")
    before = at_home.counts().get("asker.router", 0)
    assert at_home.lab.dig("tablet", f"@{ROUTER['v4']}", "one.nat.example") == []
    wait_for_count(at_home, "asker.router", before + 1)
    assert any("it may hide its clients by NAT" in what for what in at_home.findings())


def test_a_reply_leaves_from_the_address_that_was_asked(lab: Home, tmp_path: Path) -> None:
    """A box that listens on all its addresses answers from the one that was asked, v4 and v6."""
    more = ("192.168.77.102/24", "fd77::102/64")
    for address in more:
        lab.exec("appliance", ["ip", "addr", "add", address, "dev", "eth0", "nodad"])
    try:
        with running(lab, tmp_path / "data", "0.0.0.0:5353", "[::]:5353"):
            for server in (BOX["v4"], "192.168.77.102", BOX["v6"], "fd77::102"):
                assert lab.dig("tablet", f"@{server}", "-p", "5353", NAME) == [CLOSED], server
                assert lab.dig("laptop", f"@{server}", "-p", "5353", NAME)[-1] == OPEN, server
    finally:
        for address in more:
            lab.exec("appliance", ["ip", "addr", "del", address, "dev", "eth0"])


@pytest.mark.parametrize(("family", "address"), [("v4", "192.168.77.11/24"), ("v6", "fd77::11/64")])
def test_a_borrowed_address_opens_nothing(at_home: Appliance, family: str, address: str) -> None:
    """A tablet that takes the laptop's address is still the tablet, from its first query on: the MAC says so."""
    lab = at_home.lab
    borrowed = address.partition("/")[0]
    assert lab.dig("laptop", f"@{BOX[family]}", NAME)[-1] == OPEN
    lab.exec("laptop", ["ip", "addr", "del", address, "dev", "eth0"])
    try:
        lab.exec("tablet", ["ip", "addr", "add", address, "dev", "eth0", *(["nodad"] if family == "v6" else [])])
        lab.exec("appliance", ["ip", "neigh", "flush", "to", borrowed])
        assert lab.dig("tablet", "-b", borrowed, f"@{BOX[family]}", NAME) == [CLOSED]
    finally:
        lab.exec("tablet", ["ip", "addr", "del", address, "dev", "eth0"])
        lab.exec("laptop", ["ip", "addr", "add", address, "dev", "eth0", *(["nodad"] if family == "v6" else [])])
        lab.exec("appliance", ["ip", "neigh", "flush", "to", borrowed])


@pytest.mark.parametrize("family", ["v4", "v6"])
def test_the_first_query_is_already_the_childs(at_home: Appliance, family: str) -> None:
    """A box that has forgotten (or never known) its neighbours asks for the MAC before it answers."""
    at_home.apply(house().replace('addresses: [192.168.77.10, "fd77::10"]', "addresses: []"))
    for _ in range(3):
        at_home.lab.exec("appliance", ["ip", "neigh", "flush", "all"])
        assert at_home.lab.dig("tablet", f"@{BOX[family]}", NAME) == [CLOSED]


def test_a_home_to_play_in(tmp_path: Path) -> None:
    """`scripts/lab run` and `scripts/lab house` are all it takes to see two children get two answers."""
    env = os.environ | {"KINDGATE_DATA": str(tmp_path / "data")}
    log = tmp_path / "log"
    with home(f"play-{os.getpid()}", tmp_path) as lab:
        with log.open("wb") as written:
            argv = [str(SCRIPT), "run", "--name", lab.name, "--", "--workers", "1"]
            started = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=written, stderr=written, env=env)
        try:
            wait_until(lambda: "Kindgate is running" in log.read_text(), "Kindgate", 60)
            apply = [str(KINDGATE), "house", "apply", "-"]
            text = script("house").stdout
            done = subprocess.run(apply, input=text, env=env, capture_output=True, text=True, check=True, timeout=30)
            assert "in force on 1 of 1 workers" in done.stdout
            assert lab.dig("tablet", "www.tiktok.com") == [CLOSED]
            assert lab.dig("laptop", "www.tiktok.com") == ["203.0.113.40"]
            assert lab.dig("tablet", "www.childline.org.uk") == ["203.0.113.61"]
        finally:
            started.terminate()
            started.wait(15)


def wait_for_count(appliance: Appliance, name: str, least: int) -> None:
    """Wait until the workers' next heartbeat told a count."""
    for _ in range(40):
        if appliance.counts().get(name, 0) >= least:
            return
    pytest.fail(f"{name} did not reach {least}: {appliance.counts()}")
