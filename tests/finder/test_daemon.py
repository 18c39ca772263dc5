"""The finder as it lives: what it tells of whom, and as a process."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

import pytest

from appliance.core.house import EMPTY, House, from_json
from appliance.finder import daemon as module
from appliance.finder import surroundings
from appliance.finder.daemon import Daemon
from appliance.finder.hearing import Hearing
from appliance.finder.inventory import Sighting, Source
from appliance.finder.surroundings import Neighbour, Surroundings
from appliance.world import bus, clock
from appliance.world.rules import load_contract
from appliance.world.snapshot import publish_house
from tests.finder.test_residents import HOUSE
from tests.running import until

AT = 1_795_384_800.0
STRANGER, TABLET, LAPTOP, PHONE = "02:77:00:00:00:99", "02:77:00:00:00:10", "02:77:00:00:00:14", "02:77:00:00:00:13"
ROUTER, GATEWAY, BOX = "02:77:00:00:00:01", "02:77:00:00:00:05", "02:77:00:00:00:02"
WAIT_S = 20.0


class Box:
    """A finder whose kernel, network and clock are the test's."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch, *leases: Path) -> None:
        self.at = AT
        self.around = Surroundings(("eth0",), (), frozenset((BOX,)), frozenset((GATEWAY,)), NETWORKS)
        self.said: list[Sighting] = []
        monkeypatch.setattr(clock, "now", lambda: self.at)
        monkeypatch.setattr(surroundings, "look", lambda: self.around)
        monkeypatch.setattr(Hearing, "tend", lambda *_: None)
        monkeypatch.setattr(Hearing, "heard", lambda _: [self.said.pop() for _ in list(self.said)])
        self.daemon = Daemon(data, load_contract(), leases)
        self.daemon._around = self.around

    def neighbours(self, *who: tuple[str, str | None, float]) -> None:
        """Let the kernel know these, and look."""
        self.around = Surroundings(
            self.around.interfaces,
            tuple(Neighbour(*one) for one in who),
            self.around.own,
            self.around.routers,
            NETWORKS,
        )
        asyncio.run(self.daemon._look_around())

    def heard(self, *sightings: Sighting) -> None:
        """Hear these."""
        self.said = list(sightings)
        self.daemon._take(self.daemon._heard())

    def house(self) -> None:
        """Look at the house."""
        self.daemon._look_at_house()

    def ask(self, word: str, **more: object) -> Any:
        """Ask on the bus."""
        return self.daemon.answer({"bus": 1, "ask": word} | more)

    def seen(self) -> dict[str, dict[str, Any]]:
        """Return the devices that are told, by MAC."""
        return {one["mac"]: one for one in self.ask("seen")["devices"]}


NETWORKS = tuple(one.network for one in map(ip_interface, ("192.168.77.2/24", "fd77::2/64")))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with a house."""
    publish_house(tmp_path / "data", HOUSE)
    return tmp_path / "data"


@pytest.fixture
def box(data: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A finder that has looked at its house."""
    up = Box(data, monkeypatch)
    up.house()
    return up


def test_who_is_found(box: Box) -> None:
    """Who is nobody's is found, routers marked; the house's own devices, the box itself and groups are not."""
    box.neighbours(
        (STRANGER, "192.168.77.99", 30.0),
        (STRANGER, None, 5.0),
        (TABLET, "192.168.77.10", 0.0),
        (LAPTOP, "192.168.77.14", 0.0),
        ("02:77:00:00:00:98", "192.168.77.12", 0.0),
        (ROUTER, "192.168.77.1", 0.0),
        (GATEWAY, "192.168.77.254", 0.0),
        (BOX, "192.168.77.3", 0.0),
        ("01:00:5e:00:00:fb", "192.168.77.4", 0.0),
        ("00:00:00:00:00:00", "192.168.77.5", 0.0),
    )
    found = box.seen()
    assert found.keys() == {STRANGER, ROUTER, GATEWAY}
    assert found[STRANGER] == {
        "mac": STRANGER,
        "addresses": ["192.168.77.99"],
        "host_name": None,
        "is_random_mac": True,
        "is_router": False,
        "first": AT - 30,
        "last": AT - 5,
        "sources": ["neighbour"],
    }
    assert (found[ROUTER]["is_router"], found[GATEWAY]["is_router"]) == (True, True)


def test_presence(box: Box) -> None:
    """When children's devices were last there, by a sign of life; nothing of 16 or older, of adults, of strangers."""
    box.neighbours(
        (TABLET, "192.168.77.10", 7.0), ("02:77:00:00:00:98", "192.168.77.12", 9.0), (LAPTOP, "192.168.77.14", 0.0)
    )
    box.heard(Sighting(PHONE, Source.MDNS, AT), Sighting(LAPTOP, Source.DHCP, AT), Sighting(STRANGER, Source.MDNS, AT))
    expected = [{"device": "console", "last": AT - 9}, {"device": "tablet", "last": AT - 7}]
    assert box.ask("presence") == {"bus": 1, "devices": expected}
    box.at += 86_400 - 8
    assert box.ask("presence")["devices"] == expected[1:]
    box.at += 2
    assert box.ask("presence")["devices"] == []


def test_a_lease_is_no_presence(data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A lease finds a device that nobody named; it does not say that a child's device is on."""
    leases = tmp_path / "leases"
    leases.write_text(f"0 {STRANGER} 192.168.77.99 printer *\n0 {TABLET} 192.168.77.10 tablet *\n")
    box = Box(data, monkeypatch, leases)
    box.house()
    box.daemon._take(module._leased(box.daemon._leases[0].look(AT)))
    assert {mac: (one["host_name"], one["sources"]) for mac, one in box.seen().items()} == {
        STRANGER: ("printer", ["dhcp-lease"])
    }
    assert box.ask("presence")["devices"] == []


def test_addresses_of_elsewhere(box: Box) -> None:
    """A heard address that is none of the home's networks is not taken; its device is."""
    box.heard(Sighting(STRANGER, Source.DHCP, AT, ("10.1.2.3", "192.168.77.99", "fd77::99"), "cam"))
    assert box.seen()[STRANGER]["addresses"] == ["192.168.77.99", "fd77::99"]
    assert box.seen()[STRANGER]["host_name"] == "cam"


def test_a_device_is_named(data: Path, box: Box) -> None:
    """What the house names is found no more, at once; what it forgets is found again; and so with presence."""
    box.neighbours((STRANGER, "192.168.77.99", 0.0), (TABLET, "192.168.77.10", 0.0))
    assert (set(box.seen()), len(box.ask("presence")["devices"])) == ({STRANGER}, 1)
    other: House = from_json(
        b'{"persons": [{"id": "kim", "name": "Kim", "band": "6-9"}],'
        b'"devices": [{"id": "cam", "person": "kim", "addresses": ["192.168.77.99"]}]}'
    )
    publish_house(data, other)
    box.house()
    assert (box.seen(), box.ask("presence")["devices"]) == ({}, [])
    box.neighbours((STRANGER, "192.168.77.99", 0.0), (TABLET, "192.168.77.10", 0.0))
    assert set(box.seen()) == {TABLET}
    assert [one["device"] for one in box.ask("presence")["devices"]] == ["cam"]


def test_found_devices_grow_old(box: Box) -> None:
    """What was not seen for a week is forgotten."""
    box.neighbours((STRANGER, "192.168.77.99", 0.0))
    box.at += 7 * 86_400
    box.daemon._expire()
    assert box.seen().keys() == {STRANGER}
    box.at += 1
    box.daemon._expire()
    assert box.seen() == {}


def test_the_kernel_says_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that can't be read is told, and what was known stays."""
    box.neighbours((STRANGER, "192.168.77.99", 0.0))

    def refuse() -> Surroundings:
        raise OSError(12, "Cannot allocate memory")

    with monkeypatch.context() as refusing:
        refusing.setattr(surroundings, "look", refuse)
        asyncio.run(box.daemon._look_around())
    assert box.ask("status")["problem"] == "the kernel's neighbour table can't be read: Cannot allocate memory"
    assert box.seen().keys() == {STRANGER}
    asyncio.run(box.daemon._look_around())
    assert box.ask("status")["problem"] is None


@pytest.mark.parametrize("since", [None, "x", -1, 1.5, True, [], 1 << 80])
def test_a_strange_serial(box: Box, since: object) -> None:
    """Whatever stands for the serial, all is told or nothing breaks."""
    box.neighbours((STRANGER, "192.168.77.99", 0.0))
    assert len(box.ask("seen", since=since)["devices"]) == 1


@pytest.mark.parametrize("request_", [{}, {"ask": "everything"}, {"ask": None}, {"ask": ["status"]}])
def test_an_unknown_request(box: Box, request_: dict[str, object]) -> None:
    """It is refused."""
    assert box.daemon.answer(request_) == {"bus": 1, "error": "unknown request"}


class Finder:
    """A finder in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], data: Path, log: Path) -> None:
        self.process = process
        self.data = data
        self.log = log

    def ask(self, word: str, **more: object) -> dict[str, Any]:
        """Ask it, {} while it does not answer."""
        try:
            return bus.ask(self.data, module.NAME, {"ask": word} | more)
        except bus.BusError:
            return {}


_RUN = "import sys; from appliance.commands.finder import finder; finder(sys.argv[1:])"


@contextmanager
def running(data: Path, *words: str, prefix: tuple[str, ...] = ()) -> Iterator[Finder]:
    """Run a finder as long as the block lasts."""
    log = data.with_name("finder.log")
    argv = [*prefix, sys.executable, "-c", _RUN, "--data", str(data), *words]
    with log.open("wb") as written:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=written, stderr=written, cwd=Path(__file__).parents[2]
        )
    up = Finder(process, data, log)
    try:
        until(lambda: process.poll() is not None or up.ask("status"), WAIT_S, "the finder answers")
        assert process.poll() is None, log.read_text()
        yield up
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(WAIT_S)


def test_as_a_process(data: Path, tmp_path: Path) -> None:
    """It answers, follows the house and a lease file, leaves nothing but its socket, and ends when it is told."""
    leases = tmp_path / "leases"
    leases.write_text(f"0 {STRANGER} 192.168.77.99 canary-printer *\n0 {LAPTOP} 192.168.77.14 canary-laptop *\n")
    before = {path.name for path in data.iterdir()}
    with running(data, "--leases", str(leases)) as up:
        status = up.ask("status")
        assert status["pid"] == up.process.pid
        assert (status["revision"], status["problem"]) == (1, None)
        assert (status["hearing"], status["why"] is None) in ((True, True), (False, False))
        until(lambda: STRANGER in {one["mac"] for one in up.ask("seen", since=0)["devices"]}, WAIT_S, "the lease")
        answer = up.ask("seen", since=0)
        assert LAPTOP not in {one["mac"] for one in answer["devices"]}
        assert up.ask("seen", since=answer["serial"])["devices"] == []
        assert up.ask("presence")["devices"] == []
        publish_house(data, EMPTY)
        until(lambda: up.ask("status")["revision"] == 2, WAIT_S, "the house is followed")
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(WAIT_S) == 0
        log = up.log.read_text()
    assert {path.name for path in data.iterdir()} - before <= {"bus", "house.previous.json"}
    assert "Traceback" not in log
    assert "canary" not in log
    assert STRANGER not in log


def test_a_data_folder_that_goes_away(data: Path) -> None:
    """Without its folder the finder lives on, and its bus is back when the folder is."""
    with running(data) as up:
        shutil.rmtree(data)
        until(lambda: "house.json is gone" in up.log.read_text(), WAIT_S, "it is told")
        publish_house(data, HOUSE)
        until(lambda: up.ask("status"), WAIT_S, "the bus is mended")


def test_a_data_folder_that_can_not_be_written_to(data: Path) -> None:
    """The finder says that nobody can ask it, and stays."""
    if os.geteuid() == 0:
        (data / "bus").write_text("in the way")
    else:
        data.chmod(0o500)
    log = data.with_name("finder.log")
    with log.open("wb") as written:
        argv = [sys.executable, "-c", _RUN, "--data", str(data)]
        process = subprocess.Popen(argv, stdout=written, stderr=written, cwd=Path(__file__).parents[2])
    try:
        until(lambda: "nobody can ask what was found" in log.read_text(), WAIT_S, "it is told")
        assert process.poll() is None
        process.terminate()
        assert process.wait(WAIT_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(WAIT_S)
