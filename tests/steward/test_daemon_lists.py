"""The steward fetches and builds the lists of its house beside all else, and tells how they stand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from appliance.core.house import House
from appliance.household.lists import FOLDER, load_standing, set_file
from appliance.steward import daemon as steward
from appliance.steward.daemon import WEB, Daemon
from appliance.world import bus, clock
from appliance.world.listfile import open_set
from appliance.world.snapshot import CURRENT, publish_house
from tests.commands.cli import fake_daemon
from tests.steward.box import CONTRACT, GROUPS, HOUSE, Nameserver
from tests.steward.lists.houses import BAD, PAGE, WORSE, lay, one
from tests.steward.test_daemon import ask, run, until

A, B = one("a", "file:a.txt"), one("b", "file:b.txt")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder with a house, a nameserver on its bus, and beside it a folder of lists."""
    lay(tmp_path / "config", "a.txt", BAD)
    lay(tmp_path / "config", "b.txt", WORSE)
    folder = tmp_path / "data"
    folder.mkdir()
    publish_house(folder, HOUSE)
    with fake_daemon(folder, Nameserver().ask):
        yield folder


@pytest.fixture(autouse=True)
def _configured(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the steward know where the folder of lists is."""

    def made(where: Path, contract: object, groups: object) -> Daemon:
        assert (contract, groups) == (CONTRACT, GROUPS)
        return Daemon(where, CONTRACT, GROUPS, data.parent / "config")

    monkeypatch.setattr("tests.steward.test_daemon.Daemon", made)


def with_lists(*lists: object) -> House:
    """Return the house with lists."""
    return replace(HOUSE, lists=lists)


def names(data: Path) -> set[str]:
    """Return the names that are in force."""
    found = open_set(set_file(data))
    return {name for name, _ in found.below("example")} if found else set()


def test_a_list_that_the_house_gets(data: Path) -> None:
    """It is fetched and built at once, and what the house gives up is gone from what is built."""

    async def story(_: Daemon) -> None:
        assert not (data / FOLDER).exists()
        publish_house(data, with_lists(A, B))
        await until(lambda: names(data) == {"bad.example", "worse.example"})
        publish_house(data, with_lists(B))
        await until(lambda: names(data) == {"worse.example"})
        publish_house(data, HOUSE)
        await until(lambda: not set_file(data).exists())

    run(data, story)
    assert load_standing(data).lists == {}


def test_it_tells_how_they_stand(data: Path) -> None:
    """Without all that was read of them, which is more than a line of the bus may hold."""
    lay(data.parent / "config", "b.txt", PAGE)
    publish_house(data, with_lists(A, B))

    async def story(_: Daemon) -> None:
        await until(lambda: names(data) == {"bad.example"})
        await until(lambda: load_standing(data).lists["b"].failures)
        await until(lambda: load_standing(data).digest)
        told = await ask(data, ask="lists")
        assert (told["digest"], told["problem"]) == (load_standing(data).digest, "")
        phases = {list_id: status["phase"] for list_id, status in told["lists"].items()}
        assert phases == {"a": "ready", "b": "waiting"}
        assert "web page" in told["lists"]["b"]["problem"]
        assert told["lists"]["a"]["report"] is None

    run(data, story)


def test_it_is_told_to_fetch(data: Path) -> None:
    """One, or all; what there is not is not fetched, and what is no list of ids is refused."""
    publish_house(data, with_lists(A, B, one("c"), one("d", "file:d.txt", on=False)))

    async def story(_: Daemon) -> None:
        await until(lambda: names(data) == {"bad.example", "worse.example"})
        lay(data.parent / "config", "a.txt", b"0.0.0.0 new.example\n")
        assert (await ask(data, ask="update_lists", lists=["a", "x", "c", "d"]))["lists"] == ["a"]
        await until(lambda: names(data) == {"new.example", "worse.example"})
        lay(data.parent / "config", "b.txt", b"0.0.0.0 newer.example\n")
        assert (await ask(data, ask="update_lists", lists=None))["lists"] == ["a", "b"]
        await until(lambda: names(data) == {"new.example", "newer.example"})
        for wrong in ("a", [1], 7):
            with pytest.raises(bus.BusError, match="ids"):
                await ask(data, ask="update_lists", lists=wrong)

    run(data, story)


def test_who_may_ask(data: Path) -> None:
    """The dashboard and root, as with all that is about the house."""

    async def story(made: Daemon) -> None:
        assert {made._bus._restricted[word] for word in ("lists", "update_lists")} == {WEB}

    run(data, story)


def test_a_house_that_can_not_be_read(data: Path) -> None:
    """Nothing is removed by it, nor by a disk that was pulled out."""
    publish_house(data, with_lists(A))

    async def story(made: Daemon) -> None:
        await until(lambda: names(data) == {"bad.example"})
        (data / CURRENT).write_bytes(b"{")
        await until(lambda: made._house.problem)
        made._lists.nudge()
        assert made._certain_house() is None
        publish_house(data, with_lists(A, B))
        await until(lambda: names(data) == {"bad.example", "worse.example"})
        (data / CURRENT).unlink()
        (data / "house.previous.json").unlink()
        assert made._certain_house() is None
        made._lists.nudge()

    run(data, story)
    assert names(data) == {"bad.example", "worse.example"}


def test_it_does_not_wait_for_them(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a list is awaited, the steward answers; and it ends when it is to."""
    monkeypatch.setattr(steward, "LISTS_STOP_S", 0.1)
    (data.parent / "config" / "lists" / "a.txt").unlink()
    publish_house(data, with_lists(A))

    def never(*_: object) -> None:
        clock.pause(3.0)

    monkeypatch.setattr("appliance.steward.lists.keeper.bring", never)

    async def story(_: Daemon) -> None:
        await until(lambda: load_standing(data).lists.get("a"))
        assert (await ask(data, ask="lists"))["lists"]["a"]["phase"] == "fetching"
        assert (await ask(data, ask="status"))["problem"] is None

    run(data, story)
