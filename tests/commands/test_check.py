"""The doctor finds what is wrong, names the one thing that mends it, and says so by its exit status."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.commands import check as command
from appliance.commands import daemons, probe
from appliance.config import Endpoint
from appliance.core.rulebook import RulebookError
from appliance.core.whom import Server
from appliance.world import neighbours, rules
from appliance.world.snapshot import load_snapshot
from tests.commands.cli import HOUSE, answering, applied, fake_daemon, kindgate, status

ROUTER = "192.168.77.1"
GATEWAY = "192.168.77.254"
HERE = "127.0.0.1:5300"
ABOVE = "192.0.2.53:53"
MAC = "020000000001"
ECS = "00012000c0a84d0a"
FORGED = {str(code): data.hex() for code, data in probe.FORGED}
WITH_ROUTER = f"{HOUSE}forwarders:\n- {{id: router, addresses: [{ROUTER}]}}\n"

Sight = dict[str, Any] | None
Finding = tuple[str, str, str]


class Network:
    """Who answers the doctor's questions, and what arrives here of those that routers were asked."""

    def __init__(self) -> None:
        self.silent: set[str] = set()
        self.routers: dict[str, Callable[[dict[str, str]], Sight]] = {}
        self.told: dict[str, object] = {}
        self._sights: dict[str, Sight] = {}

    def ask(self, endpoint: Endpoint, question: Any) -> None:
        """Stand in for `probe.ask`."""
        if str(endpoint) in self.silent:
            raise probe.Unanswered(f"{endpoint} does not answer")
        options = {str(option.code): bytes(option.data).hex() for record in question.ar for option in record.rdata}
        word = str(question.q.qname).partition(".")[0]
        if endpoint.port == 53 and endpoint.address != "192.0.2.53":
            if endpoint.address not in self.routers:
                raise probe.Unanswered
            self._sights[word] = self.routers[endpoint.address](options)
        else:
            self._sights[word] = sight(None)

    def answer(self, request: dict[str, object]) -> object:
        """Stand in for the daemon."""
        if request.get("ask") == "sight":
            return {"bus": 1, "sight": self._sights.get(str(request["token"]))}
        return self.told


def sight(via: str | None = "router", **options: str) -> dict[str, Any]:
    """Return what the daemon says of a question that arrived."""
    return {"token": "", "source": ROUTER, "via": via, "device": None, "options": options}


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """A network in which no packet is sent: no gateway, no router; the daemon and the upstream answer."""
    made = Network()
    monkeypatch.setattr(probe, "ask", made.ask)
    monkeypatch.setattr(neighbours, "gateways", lambda: ())
    monkeypatch.setattr(daemons, "others", lambda *_: ())
    return made


def findings(data: Path, *words: str) -> tuple[int, list[Finding]]:
    """Return exit status and findings of `check --json`."""
    result = kindgate("check", "--json", *words, data=data)
    told = [(one["level"], one["what"], one["mend"]) for one in json.loads(result.stdout)]
    return result.exit_code, told


def diagnose(network: Network, data: Path, house: str = HOUSE, **told: Any) -> tuple[int, list[Finding]]:
    """Return what the doctor says of a running nameserver with this house, but for what is well."""
    applied(data, house)
    snapshot = load_snapshot(data).snapshot
    assert snapshot is not None
    network.told = status(snapshot.digest, snapshot.digest, dns=[HERE], upstreams=[ABOVE]) | told
    with fake_daemon(data, network.answer):
        code, found = findings(data)
    return code, [one for one in found if one[0] != "ok"]


def test_all_is_well(network: Network, tmp_path: Path) -> None:
    """Exit status 0; a line for each thing that was looked at."""
    code, found = diagnose(network, tmp_path)
    assert (code, found) == (0, [])
    with fake_daemon(tmp_path, network.answer):
        result = kindgate("check", data=tmp_path)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        f"✓ Data folder {tmp_path}",
        "✓ House: revision 1, 2 persons, 2 devices, 0 forwarders",
        "✓ house.db: revision 1",
        "✓ Nameserver: 2 of 2 workers run that house",
        f"✓ DNS is answered at {HERE}",
        f"✓ The upstream {ABOVE} answers",
    ]


def test_nothing_runs(nowhere: Path) -> None:
    """A fresh machine: no folder and no house are hints, no nameserver is wrong."""
    code, found = findings(nowhere / "data")
    assert code == 1
    assert found[1:] == [
        ("hint", f"There is no data folder {nowhere / 'data'} yet", "kindgate house apply FILE"),
        ("hint", "There is no house yet: every device is unknown", "kindgate house apply FILE"),
        ("wrong", f"No nameserver is running with {nowhere / 'data'}", "kindgate run"),
    ]
    result = kindgate("check", data=nowhere / "data")
    assert result.stdout.splitlines()[-2:] == [f"✗ {found[-1][1]}", "    → kindgate run"]


def test_the_rules_can_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without rules there is nothing else to look at."""

    def broken() -> None:
        raise RulebookError("bands.yaml: missing")

    monkeypatch.setattr(rules, "load_rulebook", broken)
    mend = "pip install --force-reinstall kindgate"
    assert findings(tmp_path) == (1, [("wrong", "The bundled rules can't be read: bands.yaml: missing", mend)])


def test_a_folder_that_can_not_be_written(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the answer of the system is handed in."""
    applied(tmp_path)
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    code, found = diagnose(network, tmp_path)
    expected = ("wrong", f"The data folder {tmp_path} can't be written to", f"chown -R $USER {tmp_path}")
    assert (code, found) == (1, [expected])


def test_a_full_disk(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than ten megabytes is full."""
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=2, f_frsize=4096))
    code, found = diagnose(network, tmp_path)
    assert (code, found) == (1, [("wrong", f"The disk of {tmp_path} is full", f"df -h {tmp_path}")])


def test_a_damaged_house(tmp_path: Path) -> None:
    """With one before it: show and apply again. Without: apply a file, for showing would give an empty one."""
    applied(applied(tmp_path), "version: 1\n")
    (tmp_path / "house.json").write_bytes(b"{")
    code, found = findings(tmp_path)
    (problem,) = [one for one in found if "can't be read" in one[1]]
    assert (code, problem[0], problem[2].split(" >")[0]) == (1, "wrong", "kindgate house show")
    assert [one[1] for one in found if one[1].startswith("House:")] == [
        "House: revision 1, 2 persons, 2 devices, 0 forwarders"
    ]
    (tmp_path / "house.previous.json").unlink()
    (problem,) = [one for one in findings(tmp_path)[1] if "can't be read" in one[1]]
    assert problem[2] == "kindgate house apply FILE"


def test_a_house_that_came_from_elsewhere(tmp_path: Path) -> None:
    """What `apply` would refuse is found in a snapshot too."""
    applied(tmp_path)
    text = (tmp_path / "house.json").read_bytes()
    text = text.replace(b"Europe/Berlin", b"Mars/Base").replace(b'"person":"kim"', b'"person":"tom"')
    (tmp_path / "house.json").write_bytes(text)
    code, found = findings(tmp_path)
    wrong = [what for level, what, _ in found if level == "wrong"]
    assert code == 1
    assert wrong[0] == "House: devices.#1.person: there is no person 'tom'"
    assert wrong[1].startswith("House: time_zone: there is no time zone 'Mars/Base'")


def test_a_bus_that_does_not_answer(network: Network, tmp_path: Path) -> None:
    """A daemon of another version is told apart from none."""
    with fake_daemon(tmp_path, answering({})):
        code, found = findings(tmp_path)
    assert code == 1
    assert found[-1][1].startswith("The nameserver does not answer on its bus: ")


def test_workers_that_run_another_house(network: Network, tmp_path: Path) -> None:
    """How many, and why; restarts are a hint."""
    workers = [
        {"digest": "other", "restarts": 0, "problem": "there is no time zone 'X'"},
        {"digest": None, "restarts": 3, "problem": "starting"},
    ]
    code, found = diagnose(network, tmp_path, workers=workers)
    assert code == 1
    assert [what for _, what, _ in found] == [
        "Only 0 of 2 workers run that house: starting; there is no time zone 'X'",
        "Workers were started again 3 times since the nameserver began",
    ]


def test_dns_is_not_answered(network: Network, tmp_path: Path) -> None:
    """At each address that it listens on; all addresses are asked at loopback."""
    network.silent = {"127.0.0.1:53", "[::1]:53", "127.0.0.1:5300"}
    code, found = diagnose(network, tmp_path, dns=["0.0.0.0:53", "[::]:53", HERE])
    assert code == 1
    expected = [f"DNS is not answered at {text}" for text in ("0.0.0.0:53", "[::]:53", HERE)]
    assert [what for _, what, _ in found] == expected


def test_a_silent_upstream(network: Network, tmp_path: Path) -> None:
    """Each upstream is asked for itself."""
    network.silent = {"192.0.2.54:5353"}
    code, found = diagnose(network, tmp_path, upstreams=[ABOVE, "192.0.2.54:5353"])
    expected = ("wrong", "The upstream 192.0.2.54:5353 does not answer", "kindgate run --upstream ADDR")
    assert (code, found) == (1, [expected])


def test_each_server_is_asked(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those for some names only, and what is wrong with one is told."""
    asked = []

    def reach(server: Server, bootstrap: tuple[Server, ...]) -> None:
        asked.append((str(server), [str(one) for one in bootstrap]))
        if server.name:
            raise probe.Unanswered(f"{server} does not answer: certificate has expired")

    monkeypatch.setattr(probe, "reach", reach)
    dot, router, aid = "tls://192.0.2.3#dns.example", "192.168.1.1:53", "192.0.2.9:53"
    told = [{"server": dot}, {"server": router}]
    code, found = diagnose(network, tmp_path, upstreams=[dot], servers=told, bootstrap=[aid])
    assert asked == [(dot, [aid]), (router, [aid])]
    words = f"The upstream {dot} does not answer: certificate has expired"
    assert (code, found) == (1, [("wrong", words, "kindgate run --upstream ADDR")])


def test_a_server_that_asks_us(network: Network, tmp_path: Path) -> None:
    """It is told, and asked no more, here neither."""
    network.silent = {"192.168.1.1:53"}
    told = [{"server": "192.168.1.1:53", "is_loop": True}, {"server": ABOVE, "is_loop": False}]
    code, found = diagnose(network, tmp_path, upstreams=["192.168.1.1:53", ABOVE], servers=told)
    words = "The upstream 192.168.1.1:53 asks this box in turn, and is asked no more"
    assert (code, [what for _, what, _ in found]) == (1, [words])


def test_no_upstream(network: Network, tmp_path: Path) -> None:
    """Only blocked names would be answered."""
    code, found = diagnose(network, tmp_path, upstreams=[])
    assert (code, found[0][1]) == (1, "There is no upstream: allowed names can't be resolved")


def test_a_good_router(network: Network, tmp_path: Path) -> None:
    """Its own options arrive, the forged ones don't."""
    network.routers[ROUTER] = lambda _: sight(**{"65001": MAC, "8": ECS})
    assert diagnose(network, tmp_path, WITH_ROUTER) == (0, [])


ROUTERS = [
    (
        lambda asked: sight(**{"65001": MAC, "8": ECS} | asked),
        ["lets a client's forged identity through (option 65001"],
    ),
    (lambda asked: sight(**{"8": ECS, "65001": asked.get("65001", MAC)}), ["forged identity through (option 65001)"]),
    (lambda asked: sight(**{"65001": MAC, "8": asked.get("8", ECS)}), ["forged identity through (option 8)"]),
    (lambda _: sight(), ["does not say who asks"]),
    (lambda asked: sight(**asked), ["does not say who asks", "forged identity through (option 65001, 65073, 8)"]),
]


@pytest.mark.parametrize(("router", "expected"), ROUTERS)
def test_a_leaky_router(
    network: Network, tmp_path: Path, router: Callable[[dict[str, str]], Sight], expected: list[str]
) -> None:
    """A forged option that arrives, whichever it is, and options that are missing; the recipe mends both."""
    network.routers[ROUTER] = router
    code, found = diagnose(network, tmp_path, WITH_ROUTER)
    assert code == 1
    assert len(found) == len(expected)
    for (level, what, mend), words in zip(found, expected, strict=True):
        assert (level, what.startswith(f"The router {ROUTER} "), words in what) == ("wrong", True, True)
        assert mend == f"set {command.RECIPE}"


def test_a_router_that_does_not_forward_here(network: Network, tmp_path: Path) -> None:
    """A listed one is a hint, whether it is silent or asks somebody else; a gateway that is not listed is nothing."""
    for router in ({}, {ROUTER: lambda _: None}):
        network.routers = dict(router)
        code, found = diagnose(network, tmp_path / str(len(router)), WITH_ROUTER)
        what = f"The router {ROUTER} (router) does not send its questions here"
        assert (code, found) == (0, [("hint", what, "enter this box as its DNS server")])


def test_a_router_that_is_not_listed(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default gateway asks for its clients: they all look like one device until it is listed."""
    monkeypatch.setattr(neighbours, "gateways", lambda: (GATEWAY, ROUTER))
    assert diagnose(network, tmp_path / "silent") == (0, [])
    network.routers[GATEWAY] = lambda _: sight(None)
    ((level, what, mend),) = diagnose(network, tmp_path / "asks")[1]
    assert (level, what) == ("wrong", f"The router {GATEWAY} asks for its clients, and they all look like one device")
    assert f"forwarders: [{{id: router, addresses: [{GATEWAY}]}}]" in mend


COUNTS = [
    ("asker.forged", "it was ignored"),
    ("asker.conflict", "said two things about who asks"),
    ("asker.misshapen", "they were refused"),
    ("asker.missing", "did not say who asks"),
    ("asker.router", "it may hide its clients by NAT"),
    ("dropped.source", "from networks that are not answered"),
    ("errors", "a fault of ours"),
]


@pytest.mark.parametrize(("key", "words"), COUNTS)
def test_what_was_counted_is_a_hint(network: Network, tmp_path: Path, key: str, words: str) -> None:
    """Each count that a caregiver should know of, with its number; other counts are not told."""
    code, found = diagnose(network, tmp_path, counts={key: 7, "answered": 9000})
    ((level, what, _),) = found
    assert (code, level, what.startswith("7 queries "), words in what) == (0, "hint", True, True)


def test_forged_options_are_those_that_are_sent() -> None:
    """The faked network above hands on what the doctor really sends."""
    question = probe.marked("word", probe.FORGED)
    sent = {str(option.code): bytes(option.data).hex() for record in question.ar for option in record.rdata}
    assert sent == FORGED
