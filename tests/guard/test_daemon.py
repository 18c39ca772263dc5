"""The guard daemon without a kernel: in which order it begins and ends, what it follows, and what it says of itself."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from appliance.config import Gateway
from appliance.core.house import House
from appliance.guard import daemon as module
from appliance.guard.cuts import Sweep
from appliance.guard.daemon import Daemon
from appliance.guard.firewall import FirewallError
from appliance.guard.manners import Manners
from appliance.guard.messages import FromWorker, Running, Told
from appliance.household.orders import Orders
from appliance.world import bus, clock
from appliance.world.crew import Member
from appliance.world.snapshot import publish_house
from tests.core.builders import adult, child, device
from tests.core.passages import BOOK, FLOW_RULES
from tests.guard.ordered import connection, settled

LIMIT_S = 20.0
GATEWAY = Gateway(lan="eth0", wan="eth1", address="192.168.78.1/24")
MAC = "02:00:00:00:00:01"
CHILDS = House(persons=(child("10-12"), adult()), devices=(device(),))
ADULTS = House(persons=(child("10-12"), adult()), devices=(device(person="alex"),))


class Scene:
    """Stands in for all that the daemon moves, and notes what it is told."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.manners: list[Manners] = []
        self.has_v6 = False
        self.next_at: float | None = None
        """When (POSIX seconds) something that flows is to end."""
        self.rules_problem: str | None = None
        self.sweep_problem: str | None = None
        self.hear: Callable[[Member, FromWorker], None] = lambda *_: None
        self.ended: Callable[[Member], None] = lambda _: None
        self.member = Member(0)

    def __contains__(self, step: str) -> bool:
        return step in self.steps

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that is seen by a look alone."""
        async with asyncio.timeout(LIMIT_S):
            while not is_so():  # noqa: ASYNC110 -- what is waited for is no event
                await asyncio.sleep(0.01)

    def sweeps(self) -> int:
        """Return how often all that flows was looked through."""
        return self.steps.count("sweep")


class _Part:
    scene: Scene

    def __init__(self, *_: object, **__: object) -> None:
        pass


class _Firewall(_Part):
    def up(self, _: object, *, manners: Manners, has_v6: bool) -> None:
        if self.scene.rules_problem is not None:
            raise FirewallError(self.scene.rules_problem)
        self.scene.manners.append(manners)
        self.scene.steps.append("rules with v6" if has_v6 else "rules")

    def down(self) -> None:
        self.scene.steps.append("no rules")

    def set_manners(self, manners: Manners) -> None:
        if self.scene.rules_problem is not None:
            raise FirewallError(self.scene.rules_problem)
        self.scene.manners.append(manners)

    def set_kept(self, _: object) -> None:
        """Keep nobody to known names."""


class _Kernel(_Part):
    def up(self, *, has_v6: bool) -> None:
        self.scene.steps.append("forwards v6" if has_v6 else "forwards")

    def down(self) -> None:
        self.scene.steps.append("forwards nothing")


class _Network(_Part):
    async def up(self) -> None:
        self.scene.steps.append("network")

    async def down(self) -> None:
        self.scene.steps.append("no network")

    async def leave(self) -> None:
        self.scene.steps.append("left")

    def networks(self) -> tuple[IPv4Network, ...]:
        return (IPv4Network("192.168.78.0/24"),)

    @property
    def has_v6(self) -> bool:
        return self.scene.has_v6

    def leases(self) -> tuple[()]:
        return ()

    def status(self) -> dict[str, object]:
        return {"address": "192.168.78.1"}


class _Crew(_Part):
    def __init__(self, *words: Any, **told: Any) -> None:
        self.scene.hear, self.scene.ended = words[3], told["ended"]
        self.members = [self.scene.member]

    def start(self) -> list["asyncio.Task[None]"]:
        self.scene.steps.append("crew")
        return []

    async def stop(self) -> None:
        self.scene.steps.append("no crew")

    def replace_silent(self) -> None:
        """Find nobody silent."""


class _Cuts(_Part):
    latest = ()

    @property
    def next_at(self) -> float | None:
        return self.scene.next_at

    async def sweep(self, at: float) -> Sweep:
        self.scene.steps.append("sweep")
        if self.scene.next_at is not None and at >= self.scene.next_at:
            self.scene.next_at = None
        if self.scene.sweep_problem is not None:
            raise OSError(self.scene.sweep_problem)
        return Sweep(0, 0, 0, 0)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A daemon that is made from now on moves nothing in the kernel."""
    made = Scene()
    for name, part in {
        "Firewall": _Firewall, "Kernel": _Kernel, "Network": _Network, "Crew": _Crew, "Cuts": _Cuts
    }.items():  # fmt: skip
        monkeypatch.setattr(module, name, type(name, (part,), {"scene": made}))
    return made


@asynccontextmanager
async def guarded(data: Path, house: House = CHILDS, *, is_back_soon: bool = False) -> AsyncIterator[Daemon]:
    """A daemon that runs until the block ends."""
    publish_house(data, house)
    daemon, stopping = Daemon(GATEWAY, data, Orders(data, BOOK, FLOW_RULES), 1), asyncio.Event()
    running = asyncio.create_task(daemon.run(stopping, lambda: is_back_soon))
    try:
        yield daemon
    finally:
        stopping.set()
        async with asyncio.timeout(LIMIT_S):
            await running


def on_loop(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on an event loop."""

    @functools.wraps(story)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(story(*args, **kwargs))

    return run


def status(daemon: Daemon) -> dict[str, Any]:
    """Return what it says of itself."""
    told = daemon.answer({"ask": "status"})
    assert isinstance(told, dict)
    return told


@on_loop
async def test_nothing_is_forwarded_that_nobody_looks_at(scene: Scene, tmp_path: Path) -> None:
    """The kernel forwards last of all and stops first; the rules go when nothing is left that needs them."""
    async with guarded(tmp_path):
        await scene.until(lambda: "forwards" in scene)
    steps = [step for step in scene.steps if step != "sweep"]
    begun, ended = ["network", "rules", "crew", "forwards"], ["forwards nothing", "no crew", "no network", "no rules"]
    assert steps == begun + ended


@on_loop
async def test_one_that_is_back_soon_leaves_all_as_it_is(scene: Scene, tmp_path: Path) -> None:
    """The rules stay, the kernel forwards on, and it is still expected on the bus: only its workers end."""
    async with guarded(tmp_path, is_back_soon=True):
        await scene.until(lambda: "forwards" in scene)
    steps = [step for step in scene.steps if step != "sweep"]
    assert steps == ["network", "rules", "crew", "forwards", "no crew", "left"]
    assert bus.is_expected(tmp_path, "guard")


@on_loop
async def test_a_fault_of_its_own_ends_it(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It doesn't live on looking at nothing: it ends, and leaves the rules for who is started after it."""

    def faulty(*_: object) -> Manners:
        raise KeyError("a fault")

    async def story() -> None:
        async with guarded(tmp_path):
            await scene.until(lambda: "forwards" in scene)
            monkeypatch.setattr(module, "manners_of", faulty)
            await scene.until(lambda: "left" in scene)

    with pytest.raises(KeyError, match="a fault"):
        await story()
    assert "forwards nothing" not in scene
    assert "no rules" not in scene


@on_loop
async def test_rules_that_cannot_be_loaded_end_it(scene: Scene, tmp_path: Path) -> None:
    """Without rules it forwards nothing, takes back what it has done, and says why."""
    scene.rules_problem = "nft is missing: install nftables"
    with pytest.raises(FirewallError, match="install nftables"):
        async with guarded(tmp_path):
            await scene.until(lambda: "no rules" in scene)
    assert "forwards" not in scene
    assert scene.steps[-2:] == ["no network", "no rules"]


@on_loop
async def test_another_house_is_followed(scene: Scene, tmp_path: Path) -> None:
    """The firewall knows whose the device is now, and all that flows is looked through."""
    async with guarded(tmp_path):
        await scene.until(lambda: "forwards" in scene)
        assert (scene.manners[-1].open, scene.sweeps()) == (frozenset((MAC,)), 0)
        snapshot = publish_house(tmp_path, ADULTS)
        await scene.until(lambda: bool(scene.manners[-1].free) and scene.sweeps() == 1)
        assert scene.manners[-1].free == frozenset((MAC,))
        assert [step for step in scene.steps if step.startswith("rules")] == ["rules"]
    assert snapshot.revision == 2


@on_loop
async def test_another_place_in_the_network_is_followed(scene: Scene, tmp_path: Path) -> None:
    """IPv6 that comes late is let through by rules that are loaded anew, and then forwarded."""
    async with guarded(tmp_path):
        await scene.until(lambda: "forwards" in scene)
        scene.has_v6 = True
        await scene.until(lambda: "forwards v6" in scene)
    assert scene.steps.index("rules with v6") < scene.steps.index("forwards v6")


@on_loop
async def test_a_firewall_that_is_wrong_is_told_until_it_is_right(scene: Scene, tmp_path: Path) -> None:
    """The status has the program's own words; a device's owner is told to the kernel as soon as that takes it."""
    async with guarded(tmp_path) as daemon:
        await scene.until(lambda: "forwards" in scene)
        scene.rules_problem = "nft: no memory"
        publish_house(tmp_path, ADULTS)
        await scene.until(lambda: status(daemon)["problem"] == "nft: no memory")
        scene.rules_problem = None
        await scene.until(lambda: status(daemon)["problem"] is None)
        assert scene.manners[-1].free == frozenset((MAC,))


@on_loop
async def test_what_was_decided_a_moment_ago_is_looked_at_again(scene: Scene, tmp_path: Path) -> None:
    """A worker may decide by the house before: then all is looked through; what is as it should be costs nothing."""
    async with guarded(tmp_path) as daemon:
        await scene.until(lambda: "forwards" in scene)
        publish_house(tmp_path, ADULTS)
        await scene.until(lambda: scene.sweeps() == 1)
        scene.hear(scene.member, Told((settled(connection(1)), settled(connection(2)))))
        await scene.until(lambda: scene.sweeps() == 2)
        assert status(daemon)["connections"] == 2


@on_loop
async def test_when_something_ends_all_is_looked_through(scene: Scene, tmp_path: Path) -> None:
    """A window that begins needs nobody's word."""
    scene.next_at = clock.now() + 0.1
    async with guarded(tmp_path):
        await scene.until(lambda: scene.next_at is None)
    assert scene.sweeps() == 1


@on_loop
async def test_a_sweep_that_fails_is_counted(scene: Scene, tmp_path: Path) -> None:
    """It ends nothing: the next one comes when something changes again."""
    async with guarded(tmp_path) as daemon:
        await scene.until(lambda: "forwards" in scene)
        scene.sweep_problem = "no buffer space"
        publish_house(tmp_path, ADULTS)
        await scene.until(lambda: status(daemon)["counts"].get("sweeps.failed") == 1)
        scene.sweep_problem = None
        publish_house(tmp_path, CHILDS)
        await scene.until(lambda: scene.sweeps() == 2)


@on_loop
async def test_it_tells_how_its_workers_are(scene: Scene, tmp_path: Path) -> None:
    """What they run and counted; one that ended is starting again, and the steward hears of it."""
    async with guarded(tmp_path) as daemon:
        await scene.until(lambda: "forwards" in scene)
        assert [one["problem"] for one in status(daemon)["workers"]] == ["starting"]
        for _ in range(2):
            scene.hear(scene.member, Running(1, "d1", None, {"packets": 3}))
        told = status(daemon)
        assert [(one["digest"], one["problem"]) for one in told["workers"]] == [("d1", None)]
        assert (told["counts"]["packets"], told["mode"], told["address"]) == (6, "gateway", "192.168.78.1")
        scene.ended(scene.member)
        assert [one["problem"] for one in status(daemon)["workers"]] == ["starting"]
        tally = daemon.answer({"ask": "tally"})
        assert isinstance(tally, dict)
        assert [one.kind for one in tally["events"]] == ["worker_restarted"]


@on_loop
async def test_what_it_does_not_know_it_says(scene: Scene, tmp_path: Path) -> None:
    """A request that it doesn't understand has an answer."""
    async with guarded(tmp_path) as daemon:
        await scene.until(lambda: "forwards" in scene)
        told = daemon.answer({"ask": "the weather"})
    assert isinstance(told, dict)
    assert told["error"] == "unknown request"
