"""The steward as a daemon: it gathers, erases, watches and answers, and nothing that befalls a file ends it."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.core.house import House
from appliance.steward import daemon as steward
from appliance.steward.daemon import Daemon
from appliance.store.journal import Event, JournalStore
from appliance.store.ledger import Count, LedgerStore
from appliance.world import bus, clock
from appliance.world.snapshot import CURRENT, publish_house
from appliance.world.state import load_state
from tests.commands.cli import fake_daemon
from tests.needs import need
from tests.steward.box import AT, CONTRACT, GROUPS, HOUSE, TODAY, Nameserver, house_of, told
from tests.store.houses import held

WITHIN_S = 20.0
Story = Callable[[Daemon], Awaitable[None]]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let turns come soon, locks be given up soon, and it be always the same day."""
    for name, seconds in {"FIRST_GATHER_S": 3600.0, "HEALTH_S": 0.1, "STATE_S": 0.1, "DISK_S": 0.1}.items():
        monkeypatch.setattr(steward, name, seconds)
    monkeypatch.setattr("appliance.store.connection.BUSY_S", 0.05)
    monkeypatch.setattr("appliance.steward.health.PATIENCE_S", 0.2)
    monkeypatch.setattr("appliance.steward.health.BEGIN_S", 0.2)
    began = clock.uptime()
    monkeypatch.setattr(clock, "now", lambda: AT + clock.uptime() - began)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a house."""
    publish_house(tmp_path, HOUSE)
    return tmp_path


@pytest.fixture
def nameserver(data: Path) -> Iterator[Nameserver]:
    """A nameserver on the bus."""
    fake = Nameserver()
    with fake_daemon(data, fake.ask):
        yield fake


def run(data: Path, story: Story) -> None:
    """Let a story happen while a steward runs."""

    async def both() -> None:
        stopping = asyncio.Event()
        made = Daemon(data, CONTRACT, GROUPS)
        async with asyncio.timeout(3 * WITHIN_S):
            running = asyncio.create_task(made.run(stopping))
            try:
                await until((data / "bus" / "steward.sock").exists)
                await story(made)
            finally:
                stopping.set()
                await running

    asyncio.run(both())


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WITHIN_S):
        while not await asyncio.to_thread(is_so):  # noqa: ASYNC110 -- it is in a file or in another process
            await asyncio.sleep(0.01)


async def ask(data: Path, **request: object) -> dict[str, Any]:
    """Ask the steward."""
    return await asyncio.to_thread(bus.ask, data, "steward", request)


async def problems(data: Path) -> list[str]:
    """Return the codes of the problems that the steward tells."""
    return [problem["code"] for problem in (await ask(data, ask="status"))["problems"]]


def in_ledger(data: Path) -> int:
    """Return the sum of a child's counts in the file."""
    with LedgerStore(data) as ledger:
        return sum(one.count for one in ledger.counts("2026-01-01", "2026-12-31"))


def kinds(data: Path) -> list[str]:
    """Return what the journal says, the oldest first."""
    with JournalStore(data, AT) as journal:
        return [event.kind for event in reversed(journal.events())]


def test_status(data: Path, nameserver: Nameserver) -> None:
    """It says which house it runs, how the others are, and what is wrong."""

    async def story(made: Daemon) -> None:
        await until(lambda: set(made._rounds.modes) == {"nameserver", "finder", "web"})
        status = await ask(data, ask="status")
        snapshot = publish_house(data, HOUSE)
        assert (status["pid"], status["problem"], status["problems"]) == (os.getpid(), None, [])
        assert status["revision"] == snapshot.revision - 1
        states = {name: mode["state"] for name, mode in status["daemons"].items()}
        assert states == {"nameserver": "behind", "finder": "gone", "web": "gone"}

    run(data, story)


def test_it_gathers_and_answers(data: Path, nameserver: Nameserver) -> None:
    """What the nameserver counts is in the answers before it is written and after, and at the end in the file."""
    nameserver.pending = [told("ben", "6-9", count=3)]

    async def story(made: Daemon) -> None:
        asked: dict[str, object] = {"ask": "counts", "person": "ben", "first": TODAY, "last": TODAY}
        for _ in range(2):
            assert (await ask(data, **asked))["rows"] == [
                {"day": TODAY, "category": "games", "action": "allow", "count": 3}
            ]
            await made.gather()
        nameserver.pending = [told("ben", "6-9", count=4)]

    run(data, story)
    assert in_ledger(data) == 7


def test_what_the_guard_just_cut_is_told_at_once(data: Path, nameserver: Nameserver) -> None:
    """Whoever looks need not wait for the next turn; then the guard holds it no more. Without a guard there is none."""
    guard = Nameserver()
    guard.events = [{"at": AT, "kind": "connections_cut", "person": "ben", "args": {"connections": 3}}]

    async def story(_: Daemon) -> None:
        asked = {"ask": "events", "person": "ben", "kinds": ["connections_cut"]}
        assert (await ask(data, **asked))["events"] == []
        with fake_daemon(data, guard.ask, "guard"):
            for _number in range(2):
                assert [one["args"] for one in (await ask(data, **asked))["events"]] == [{"connections": 3}]
        assert not any("tally" in request.values() for request in nameserver.asked)

    run(data, story)
    assert [one["done"] for one in guard.asked if "done" in one] == [1]


def test_answers_of_every_kind(data: Path, nameserver: Nameserver) -> None:
    """Each request of the bus has an answer; what is no request has words."""

    async def story(_: Daemon) -> None:
        assert (await ask(data, ask="recent", person="ben", role="child"))["entries"] == []
        assert (await ask(data, ask="session"))["sessions"] == []
        assert (await ask(data, ask="session", device="ben-phone", minutes=15))["device"] == "ben-phone"
        assert (await ask(data, ask="session", device="ben-phone", role="child"))["entries"] == []
        assert (await ask(data, ask="events", since=0, limit=5))["bus"] == 1
        for wrong in ({"ask": "weather"}, {"ask": "recent", "person": "zoe"}, {"ask": "session", "device": "sold"}):
            with pytest.raises(bus.BusError, match="the steward says"):
                await ask(data, **wrong)

    run(data, story)


def test_without_a_nameserver(data: Path) -> None:
    """What only the nameserver knows is refused in words; the rest is answered."""

    async def story(_: Daemon) -> None:
        with pytest.raises(bus.BusError, match="no nameserver is running"):
            await ask(data, ask="session")
        assert (await ask(data, ask="counts", person="ben", first=TODAY, last=TODAY))["is_whole"] is False

    run(data, story)


def test_daemons_that_go_and_come(data: Path) -> None:
    """A daemon that ends is noticed, and that it is back; both stand in the journal, and at once in state.json."""
    fake = Nameserver()

    async def story(made: Daemon) -> None:
        def state() -> str:
            found = load_state(data)
            return found.daemons["nameserver"].state if found and "nameserver" in found.daemons else ""

        fake.house = {"revision": made._house.revision, "digest": made._house.digest}
        with fake_daemon(data, fake.ask):
            await until(lambda: state() == "running")
        await until(lambda: state() == "gone")
        with fake_daemon(data, fake.ask):
            await until(lambda: state() == "running")
            fake.house = {"revision": 99, "digest": "other"}
            await until(lambda: state() == "behind")

    run(data, story)
    with JournalStore(data, AT) as journal:
        told_of = [event.kind for event in reversed(journal.events()) if event.args.get("daemon") == "nameserver"]
    assert told_of[-3:] == ["daemon_gone", "daemon_back", "daemon_behind"]


def test_a_child_that_grew(data: Path, nameserver: Nameserver) -> None:
    """As soon as the band changes, what is too fine for it goes; so does what is left of who left."""
    with LedgerStore(data) as ledger:
        ledger.add([Count(day=TODAY, person=one, category="games", action="allow", count=1) for one in ("cleo", "ben")])

    async def story(_: Daemon) -> None:
        assert await asyncio.to_thread(in_ledger, data) == 2
        await asyncio.to_thread(publish_house, data, house_of(cleo="13-15", ben="6-9"))
        await until(lambda: in_ledger(data) == 1)
        await asyncio.to_thread(publish_house, data, house_of(cleo="13-15"))
        await until(lambda: in_ledger(data) == 0)

    run(data, story)


def test_what_is_too_old_goes_at_the_start(data: Path) -> None:
    """Before anything else happens."""
    with JournalStore(data, AT) as journal:
        journal.add([Event(kind="malware_blocked", at=AT - 8 * 86_400, person="ada")], AT)

    async def story(_: Daemon) -> None:
        await until(lambda: "malware_blocked" not in kinds(data))

    run(data, story)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"no database" * 2000)])
def test_a_journal_that_is_lost(data: Path, nameserver: Nameserver, harm: Callable[[Path], object]) -> None:
    """It is begun anew and that is told; the counts go on."""

    async def story(made: Daemon) -> None:
        await until(made._clockwork.due)
        harm(data / "journal.db")
        nameserver.pending = [told("ben", "6-9", count=2, action="block", name="a.example")]
        await made.gather()
        assert await problems(data) == ["journal_renewed"]

    run(data, story)
    assert in_ledger(data) == 2
    assert "journal_renewed" in kinds(data)


def test_a_ledger_that_is_broken(data: Path, nameserver: Nameserver) -> None:
    """It is left as it is, what was counted stays with the nameserver, and the rest goes on."""
    (data / "ledger.db").write_bytes(b"no database" * 1000)
    JournalStore(data, AT).close()
    nameserver.pending = [told("ben", "6-9")]

    async def story(made: Daemon) -> None:
        await made.gather()
        assert await problems(data) == ["ledger_broken"]
        assert nameserver.given is not None
        with pytest.raises(bus.BusError, match="The file is damaged"):
            await ask(data, ask="counts", person="ben", first=TODAY, last=TODAY)
        assert (await ask(data, ask="recent", person="ben", role="child"))["entries"] == []

    run(data, story)
    assert (data / "ledger.db").read_bytes() == b"no database" * 1000


def test_a_ledger_that_is_locked(data: Path, nameserver: Nameserver) -> None:
    """While somebody holds it the batch waits, and the bus answers; then it is written."""
    LedgerStore(data).close()
    JournalStore(data, AT).close()
    nameserver.pending = [told("ben", "6-9", count=3)]

    async def story(made: Daemon) -> None:
        with held(data / "ledger.db"):
            await made.gather()
            assert await problems(data) == ["ledger_waiting"]
        await made.gather()
        assert await problems(data) == []

    run(data, story)
    assert in_ledger(data) == 3


def test_a_folder_that_is_away(data: Path, nameserver: Nameserver) -> None:
    """No book is begun in its place, and when it is back all goes on."""
    away = data.with_name("away")

    def take_away() -> None:
        data.rename(away)
        data.mkdir()

    def bring_back() -> list[str]:
        begun = sorted(path.name for path in data.glob("*.db"))
        shutil.rmtree(data)
        away.rename(data)
        return begun

    async def story(made: Daemon) -> None:
        await until(lambda: made._clockwork.due() and len(made._rounds.modes) == 3)
        await made.gather()
        await asyncio.to_thread(take_away)
        nameserver.pending = [told("ben", "6-9", count=3)]
        await made.gather()
        await made.sweep()
        assert {"journal_waiting", "ledger_waiting"} <= {one.code for one in made._problems.all()}
        assert await asyncio.to_thread(bring_back) == []
        await made.gather()

    run(data, story)
    assert in_ledger(data) == 3


def test_a_clock_that_is_set(data: Path) -> None:
    """It is noted, and the jobs go by the clock as it is now."""

    async def story(made: Daemon) -> None:
        await made._set_clock()

    run(data, story)
    assert "clock_set" in kinds(data)


def test_a_box_without_a_house(tmp_path: Path) -> None:
    """It runs and says so; when there is a house, it is that one's steward."""

    async def story(_: Daemon) -> None:
        assert (await ask(tmp_path, ask="status"))["revision"] == 0
        await asyncio.to_thread(publish_house, tmp_path, House())
        await until(lambda: bus.ask(tmp_path, "steward", {"ask": "status"})["revision"] == 1)

    run(tmp_path, story)


def test_a_house_that_nobody_can_read(data: Path, nameserver: Nameserver) -> None:
    """Whose counts these are can't be told: they stay with the nameserver."""
    (data / CURRENT).write_text("{")
    nameserver.pending = [told("ben", "6-9")]

    async def story(made: Daemon) -> None:
        await made.gather()
        assert len(nameserver.pending) == 1

    run(data, story)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, with a house on it."""
    need(os.geteuid() == 0 and shutil.which("mount") is not None, "a disk of its own needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0750", "tmpfs", str(folder)], check=True, timeout=10)
    try:
        publish_house(folder, HOUSE)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True, timeout=10)


def test_a_disk_that_is_full(disk: Path) -> None:
    """It is told, with how much room there is; nothing is lost or counted twice, and with room again all is written."""
    fake = Nameserver()

    async def story(made: Daemon) -> None:
        await made.gather()
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as handle:
            for size in (4096, 1):
                try:
                    while handle.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue
        fake.pending = [told("ben", "6-9", f"category{number}") for number in range(3000)]
        await made.gather()
        await until(lambda: any(one.code == "disk_full" for one in made._problems.all()))
        assert (await ask(disk, ask="status"))["problems"][0]["code"] == "disk_full"
        filler.unlink()
        await made.gather()
        await until(lambda: not made._problems.all())

    with fake_daemon(disk, fake.ask):
        run(disk, story)
    assert in_ledger(disk) == 3000
