"""The daemon's tally, recent queries and sessions, over processes: fetched, merged, refused, and gone in time."""

import asyncio
import os
import pwd
import signal
import time
from pathlib import Path
from typing import Any

import dns.message
import pytest

from appliance.nameserver.daemon import Daemon
from appliance.world import bus
from appliance.world.snapshot import publish_house
from tests.fakes import fake_upstream
from tests.nameserver.inside import in_loop
from tests.nameserver.test_daemon import END_S, inside, pids, stopped, until_true
from tests.nameserver.test_resolver import GAMES
from tests.nameserver.test_resolver_memory import ALEX, KIM, PAT, SAM, TOT, house
from tests.nameserver.test_sockets import loopback
from tests.running import ALLOWED, BLOCKED, Running, addresses, ask_udp, question, running, until


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with a house."""
    publish_house(tmp_path / "data", house())
    return tmp_path / "data"


def told(started: Running, **request: object) -> dict[str, Any]:
    """Return the daemon's answer."""
    return bus.ask(started.data, "nameserver", request)


def ask_all(started: Running, times: int = 6) -> None:
    """Have everyone ask the same, from so many ports that each worker is asked."""
    for source in (TOT, KIM, PAT, SAM, ALEX):
        for name in (GAMES, ALLOWED):
            for _ in range(times):
                started.ask(name, source=source)


def rows(answer: dict[str, Any]) -> dict[tuple[object, ...], int]:
    """Return the counts of a tally without their day."""
    return {tuple(row[1:-1]): row[-1] for row in answer["counts"]}


def test_tally_of_two_workers(data: Path) -> None:
    """Counts of both are added up, told until they are done, and gone then; adults and the oldest are not in it."""
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        ask_all(started)
        expected = {
            ("tot", "0-5", "unclassified", "allow", ALLOWED): 6,
            ("tot", "0-5", "unclassified", "block", GAMES): 6,
            ("kim", "6-9", "unclassified", "allow", None): 6,
            ("kim", "6-9", "unclassified", "block", GAMES): 6,
            ("pat", "10-12", "unclassified", "allow", None): 6,
            ("pat", "10-12", "unclassified", "block", None): 6,
        }
        until(lambda: rows(told(started, ask="tally", peek=True)) == expected, END_S, "the counts arrive")
        first = told(started, ask="tally")
        assert rows(first) == expected
        assert {len(row[0]) for row in first["counts"]} == {len("2026-11-22")}
        started.ask(GAMES, source=PAT)
        until(lambda: sum(rows(told(started, ask="tally", peek=True)).values()) == 37, END_S, "one more arrives")
        assert told(started, ask="tally") == first
        told(started, ask="tally", done=first["serial"])
        assert rows(told(started, ask="tally")) == {("pat", "10-12", "unclassified", "block", None): 1}
        assert GAMES not in str(started.status()["counts"])
        log = started.log.read_text()
    assert GAMES not in log


def test_ring_of_two_workers(data: Path) -> None:
    """What both wrote is merged, the newest first, as each row may be seen; a new house purges it everywhere."""
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        ask_all(started, 1)
        entries = told(started, ask="ring")["entries"]
        found = sorted((entry["person"], entry["action"], entry["name"], entry["grain"]) for entry in entries)
        assert found == [
            ("kim", "block", GAMES, "name"),
            ("pat", "allow", ALLOWED, "full"),
            ("pat", "block", GAMES, "full"),
            ("sam", "allow", ALLOWED, "full"),
            ("sam", "block", GAMES, "full"),
            ("tot", "allow", ALLOWED, "name"),
            ("tot", "block", GAMES, "name"),
        ]
        assert [entry["at"] for entry in entries] == sorted((entry["at"] for entry in entries), reverse=True)
        assert {entry["person"] for entry in told(started, ask="ring", person="sam")["entries"]} == {"sam"}
        assert {entry["device"] for entry in told(started, ask="ring", device="d-kim")["entries"]} == {"d-kim"}
        publish_house(data, house(pat="6-9", sam="13-15"))
        until(
            lambda: {entry["person"] for entry in told(started, ask="ring")["entries"]} == {"tot", "kim"},
            END_S,
            "what the other bands may not hold is gone",
        )


def test_session_over_processes(data: Path) -> None:
    """A session sees its device on every worker, lives on when a worker dies, and ends when it is ended."""
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        ask_all(started, 1)
        begun = told(started, ask="session", device="d-kim", until=time.time() + 3_600)["sessions"]
        assert [(one["device"], one["person"], one["entries"]) for one in begun] == [("d-kim", "kim", [])]
        assert begun[0]["until"] - time.time() <= 900
        ask_all(started)
        (session,) = told(started, ask="session")["sessions"]
        seen = [(entry["device"], entry["grain"]) for entry in session["entries"]]
        assert seen == [("d-kim", "full")] * 12
        worker = pids(started)[0]
        os.kill(worker, signal.SIGKILL)
        until(lambda: worker not in pids(started) and started.is_up(), END_S, "another worker is up")

        def all_seen() -> bool:
            before = len(told(started, ask="session")["sessions"][0]["entries"])
            for _ in range(8):
                started.ask(GAMES, source=KIM)
            return len(told(started, ask="session")["sessions"][0]["entries"]) == before + 8

        until(all_seen, END_S, "the new worker takes part")
        assert told(started, ask="session", device="d-kim", until=0)["sessions"] == []
        assert told(started, ask="session")["sessions"] == []
        with pytest.raises(bus.BusError, match="there is no device"):
            told(started, ask="session", device="d-nobody", until=time.time() + 60)


def test_events(data: Path) -> None:
    """Malware of a child and a worker's end are told once."""
    with fake_upstream() as fake, running(data, (fake.endpoint,)) as started:
        for source in (KIM, KIM, ALEX):
            started.ask(BLOCKED, source=source)
        until(lambda: told(started, ask="tally", peek=True)["events"], END_S, "the event arrives")
        os.kill(pids(started)[0], signal.SIGKILL)
        until(lambda: len(told(started, ask="tally", peek=True)["events"]) == 2, END_S, "the other one arrives")
        malware, restart = told(started, ask="tally")["events"]
        assert malware.pop("at") <= restart.pop("at") <= time.time()
        category = {"category": "malware_phishing"}
        assert malware == {
            "kind": "malware_blocked",
            "person": "kim",
            "device": "d-kim",
            "severity": 1,
            "args": category,
        }
        worker = {"person": None, "device": None, "severity": 1, "args": {"worker": 0}}
        assert restart == {"kind": "worker_restarted"} | worker


@pytest.mark.parametrize("name", ["kindgate-web", "kindgate-finder", "kindgate-steward"])
@in_loop
async def test_who_may_ask(name: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of persons the steward alone is told; how the daemon is, every daemon."""
    entry = pwd.struct_passwd((name, "x", 4711, 4711, "", "/", "/bin/false"))
    monkeypatch.setattr(bus, "_uid", lambda _: 4711)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: entry)
    with fake_upstream() as fake:
        one: Daemon = inside(data, fake, where := loopback())
        stopping = asyncio.Event()
        running_one = asyncio.create_task(one.run(stopping))
        try:
            await until_true(lambda: one._parts[0].in_force, "the worker is up")
            reply = await asyncio.to_thread(ask_udp, where, question(GAMES).to_wire(), PAT)
            assert addresses(dns.message.from_wire(reply)) == ["0.0.0.0"]
            assert (await asyncio.to_thread(bus.ask, data, "nameserver", {"ask": "status"}))["revision"] == 1
            for word, key in (("tally", "counts"), ("ring", "entries"), ("session", "sessions")):
                asking = asyncio.to_thread(bus.ask, data, "nameserver", {"ask": word})
                if name == "kindgate-steward":
                    assert key in await asking
                    continue
                with pytest.raises(bus.BusError, match="not told to everyone"):
                    await asking
        finally:
            await stopped(one, running_one, stopping)


def test_home_over_processes(data: Path) -> None:
    """The box's own name leads to it, over UDP and TCP."""
    with fake_upstream() as fake, running(data, (fake.endpoint,)) as started:
        for is_tcp in (False, True):
            assert addresses(started.ask("kindgate.home", source=KIM, is_tcp=is_tcp)) == [started.server.address]
    assert fake.asked == []
