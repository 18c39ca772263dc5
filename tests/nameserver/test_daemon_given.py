"""For which names the box gave an address, asked over the bus of several workers: by whom, and what a restart does."""

import asyncio
import os
import pwd
import signal
from pathlib import Path
from typing import Any

import pytest

from appliance.guard.names import LENIENT_S, Names
from appliance.nameserver.daemon import Daemon
from appliance.nameserver.records import MAX_ASKERS
from appliance.world import bus
from appliance.world.snapshot import publish_house
from tests.fakes import REAL, fake_upstream
from tests.nameserver.inside import in_loop
from tests.nameserver.test_daemon import END_S, inside, pids, stopped, until_true
from tests.nameserver.test_resolver import GAMES
from tests.nameserver.test_resolver_memory import ALEX, KIM, PAT, house
from tests.nameserver.test_sockets import loopback
from tests.running import ALLOWED, Running, running, until

HELP = "rataufdraht.at"
EVERYBODY = ("d-kim", "d-phone", "d-pat", "d-alex", "d-nobody", None)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with a house."""
    publish_house(tmp_path / "data", house())
    return tmp_path / "data"


def given(started: Running, *askers: tuple[str | None, str]) -> dict[str, Any]:
    """Return the daemon's answer."""
    return bus.ask(started.data, "nameserver", {"ask": "given", "askers": askers})


def all_names(started: Running) -> dict[str | None, list[str]]:
    """Return for which names each device was given the address."""
    told = given(started, *((device, REAL) for device in EVERYBODY))["names"]
    return {device: names for device, names in zip(EVERYBODY, told, strict=True) if names}


def test_of_two_workers(data: Path) -> None:
    """Told for the child's devices and for no other's; of an adult nothing, nor what was blocked, nor a help line."""
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        for source in (KIM, PAT, ALEX):
            for _ in range(6):
                started.ask(GAMES, source=source)
        for number in range(6):
            started.ask(f"k{number}.{ALLOWED}", source=KIM)
        started.ask(ALLOWED, source=PAT)
        started.ask(f"x.{HELP}", source=PAT)
        started.ask("alex.example", source=ALEX)
        latest = [f"k{number}.{ALLOWED}" for number in reversed(range(6))]
        expected = {"d-kim": latest, "d-phone": latest, "d-pat": ["", ALLOWED]}
        # A reply goes out before it is noted.
        until(lambda: all_names(started) == expected, END_S, f"it is {all_names(started)}")
        assert given(started, ("d-kim", "203.0.113.1"), ("d-kim", "no address"))["names"] == [[], []]
        log = started.log.read_text()
    assert ALLOWED not in log


def test_addresses_of_two_workers(data: Path) -> None:
    """A person's, whichever worker gave them; nobody else's. Without a gateway no guard is told before."""
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        for number in range(6):
            started.ask(f"k{number}.{ALLOWED}", source=KIM)
        started.ask("alex.example", source=ALEX)

        def told(person: str) -> list[str]:
            answer = bus.ask(started.data, "nameserver", {"ask": "addresses", "person": person})
            assert answer["is_telling"] is False
            return [address for address, left_s in answer["given"] if 86_000 < left_s <= 86_400]  # type: ignore[attr-defined]

        until(lambda: told("kim") == [REAL], END_S, "Kim's address")
        assert [told(person) for person in ("pat", "alex", "nobody")] == [[], [], []]


def test_worker_that_ended(data: Path) -> None:
    """What it gave out is not known any more, and the answer says since when nothing is missing."""
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        until(lambda: given(started)["since_s"] > 2.0, END_S, "both have been there for a while")
        before = pids(started)
        os.kill(before[0], signal.SIGKILL)
        until(lambda: given(started)["since_s"] < 2.0, END_S, "one is new")
        until(lambda: before[0] not in pids(started) and None not in pids(started), END_S, "it is back")
        assert given(started)["since_s"] < END_S
        os.kill(pids(started)[1], signal.SIGSTOP)
        try:
            told = given(started, ("d-kim", REAL))
        finally:
            os.kill(pids(started)[1], signal.SIGCONT)
        assert told == {"bus": 1, "names": [[]], "since_s": 0.0}


def test_longest_question(data: Path) -> None:
    """As much as may be asked at once fits a line of the bus."""
    longest = [("d" * 64, "2001:db8:1111:2222:3333:4444:5555:6666")] * MAX_ASKERS
    with fake_upstream() as fake, running(data, (fake.endpoint,)) as started:
        assert given(started, *longest)["names"] == [[]] * MAX_ASKERS


@pytest.mark.parametrize("name", sorted(bus.USERS))
@in_loop
async def test_who_may_ask(name: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard alone, and it is told nothing else of persons."""
    entry = pwd.struct_passwd((name, "x", 4711, 4711, "", "/", "/bin/false"))
    monkeypatch.setattr(bus, "_uid", lambda _: 4711)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: entry)
    with fake_upstream() as fake:
        one: Daemon = inside(data, fake, loopback())
        stopping = asyncio.Event()
        running_one = asyncio.create_task(one.run(stopping))
        try:
            await until_true(lambda: one._parts[0].in_force, "the worker is up")
            asking = bus.ask_soon(data, "nameserver", {"ask": "given", "askers": [("d-kim", REAL)]})
            if name == "kindgate-guard":
                assert (await asking)["names"] == [[]]
                with pytest.raises(bus.BusError, match="not told to everyone"):
                    await bus.ask_soon(data, "nameserver", {"ask": "ring"})
            else:
                with pytest.raises(bus.BusError, match="not told to everyone"):
                    await asking
        finally:
            await stopped(one, running_one, stopping)


@in_loop
async def test_as_the_guard_asks(data: Path) -> None:
    """Its end and this one understand each other, and soon after a start it says of nothing that it wasn't given."""
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        await asyncio.to_thread(started.ask, ALLOWED, source=KIM)
        names = Names(data)
        # On a machine that is busy it may say that it doesn't know.
        async with asyncio.timeout(END_S):
            while await names.of("d-phone", REAL) != (ALLOWED,):  # noqa: ASYNC110 -- it is another process
                await asyncio.sleep(0.01)
            while await names.was_given("d-kim", REAL, ALLOWED) is not True:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.01)
        assert await names.of("d-pat", REAL) == ()
        assert (await asyncio.to_thread(given, started))["since_s"] < LENIENT_S
        assert await names.was_given("d-kim", REAL, "other.example") is None
        names.close()
