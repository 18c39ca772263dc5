"""What the guard knows of names that were given out: asked together, soon, and never in the way."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.guard import names as names_module
from appliance.guard.names import FULL, LENIENT_S, MAX_PAIRS, UNTOLD, Names, Pair
from appliance.nameserver import given, records
from appliance.world.bus import Bus
from tests.nameserver.inside import in_loop

ADDRESS = "192.0.2.7"
KIM: Pair = ("tablet", ADDRESS)
LONG_S = 7_200.0


class Nameserver:
    """A nameserver that says what it is told to."""

    def __init__(self) -> None:
        self.names: dict[Pair, list[str]] = {}
        self.since_s: object = LONG_S
        self.asked: list[list[Pair]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answer: Mapping[str, object] | None = None

    async def serve(self, request: dict[str, Any]) -> object:
        """Answer the guard."""
        assert request["ask"] == "given"
        pairs: list[Pair] = [(device, address) for device, address in request["askers"]]
        self.asked.append(pairs)
        await self.may_answer.wait()
        told = {"bus": 1, "names": [self.names.get(pair, []) for pair in pairs], "since_s": self.since_s}
        return self.answer or told


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[tuple[Nameserver, Names]]:
    """Give a nameserver, and the guard's end."""
    nameserver, names = Nameserver(), Names(data)
    opened = Bus(data, names_module.NAMESERVER, nameserver.serve)
    await opened.open()
    try:
        yield nameserver, names
    finally:
        nameserver.may_answer.set()
        names.close()
        await opened.close()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for an answer as long as a busy machine may take; a test of the end of patience sets its own."""
    monkeypatch.setattr(names_module, "PATIENCE_S", 10.0)


def test_both_ends_mean_the_same() -> None:
    """A name that is told nowhere, how many names there are of an address, how many are asked about at once."""
    assert (UNTOLD, FULL, MAX_PAIRS) == (given.UNTOLD, given.MAX_NAMES, records.MAX_ASKERS)


@in_loop
async def test_what_was_given_for_nothing(tmp_path: Path) -> None:
    """Only as far back as nothing is missing; an address of a name that is told nowhere was given."""
    async with serving(tmp_path) as (nameserver, names):
        nameserver.names = {KIM: [""], ("tablet", "192.0.2.8"): ["a.example"]}
        assert [await names.is_strange("tablet", f"192.0.2.{last}", LONG_S) for last in (7, 8, 9)] == [
            False,
            False,
            True,
        ]
        assert not await names.is_strange("tablet", "192.0.2.9", LONG_S + 1.0)
    assert not await names.is_strange("tablet", "192.0.2.10", LONG_S)


@in_loop
async def test_names(tmp_path: Path) -> None:
    """The latest first; none for whom none is known; those that are told nowhere are no names."""
    async with serving(tmp_path) as (nameserver, names):
        nameserver.names = {KIM: ["b.example", "", "a.example"], (None, ADDRESS): ["c.example"]}
        assert await names.of(*KIM) == ("b.example", "a.example")
        assert await names.of(None, ADDRESS) == ("c.example",)
        assert await names.of("console", ADDRESS) == ()
        assert [await names.is_untold(device, ADDRESS) for device in ("tablet", None, "console")] == [
            True,
            False,
            False,
        ]


@pytest.mark.parametrize(
    ("known", "since_s", "expected"),
    [
        (["b.example", "a.example"], 0.0, True),
        (["", "a.example"], LONG_S, True),
        (["b.example"], LONG_S, False),
        ([], LENIENT_S, False),
        ([], LENIENT_S - 1, None),
        (["b.example"], 0.0, None),
        (["b.example", ""], LONG_S, None),
        ([f"{number}.example" for number in range(FULL)], LONG_S, None),
        ([f"{number}.example" for number in range(FULL - 1)], LONG_S, False),
    ],
)
@in_loop
async def test_was_given(known: list[str], since_s: float, expected: bool | None, tmp_path: Path) -> None:
    """No is said only where nothing can be missing."""
    async with serving(tmp_path) as (nameserver, names):
        nameserver.names, nameserver.since_s = {KIM: known}, since_s
        assert await names.was_given(*KIM, "a.example") is expected
        assert len(nameserver.asked) == 1


@in_loop
async def test_together(tmp_path: Path) -> None:
    """What is asked in one moment is one question, each pair once; what comes while it is asked is the next."""
    async with serving(tmp_path) as (nameserver, names):
        nameserver.names = {(None, f"192.0.2.{number}"): [f"{number}.example"] for number in range(100)}
        addresses = [f"192.0.2.{number}" for number in range(100)] * 2
        found = await asyncio.gather(*(names.of(None, address) for address in addresses))
        assert found == [(f"{number}.example",) for number in range(100)] * 2
        assert [len(pairs) for pairs in nameserver.asked] == [MAX_PAIRS, 100 - MAX_PAIRS]
        assert len(set(itertools.chain(*nameserver.asked))) == 100


@in_loop
async def test_known_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are asked for once in a while; that there is none, or not this one, is never taken from before."""
    async with serving(tmp_path) as (nameserver, names):
        assert await names.of(*KIM) == ()
        nameserver.names = {KIM: ["a.example"]}
        assert await names.of(*KIM) == ("a.example",)
        nameserver.names = {KIM: ["b.example", "a.example"]}
        assert await names.of(*KIM) == ("a.example",)
        assert await names.was_given(*KIM, "a.example") is True
        assert len(nameserver.asked) == 2
        assert await names.was_given(*KIM, "b.example") is True
        assert await names.was_given(*KIM, "c.example") is False
        assert len(nameserver.asked) == 4
        monkeypatch.setattr(names_module, "FRESH_S", 0.0)
        assert await names.was_given(*KIM, "c.example") is False
        nameserver.names = {}
        assert await names.of(*KIM) == ()


@in_loop
async def test_what_was_given_while_it_was_asked(tmp_path: Path) -> None:
    """Who asks after a question has gone out is not told what was true before."""
    async with serving(tmp_path) as (nameserver, names):
        nameserver.may_answer.clear()
        first = asyncio.create_task(names.was_given(*KIM, "a.example"))
        while not nameserver.asked:  # noqa: ASYNC110 -- it is a test of just this moment
            await asyncio.sleep(0)
        second = asyncio.create_task(names.was_given(*KIM, "a.example"))
        await asyncio.sleep(0)
        nameserver.may_answer.set()
        assert await first is False
        nameserver.names = {KIM: ["a.example"]}
        assert await second is True


@in_loop
async def test_no_more_is_known_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known for a moment is bounded."""
    monkeypatch.setattr(names_module, "MAX_FRESH", 3)
    async with serving(tmp_path) as (nameserver, names):
        nameserver.names = {(None, f"192.0.2.{number}"): ["a.example"] for number in range(10)}
        for number in range(10):
            assert await names.of(None, f"192.0.2.{number}") == ("a.example",)
        assert len(names._fresh) <= 3


@in_loop
async def test_nameserver_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known, at once, and it isn't asked again and again; once it is back it is."""
    names = Names(tmp_path)
    assert await names.of(*KIM) is None
    assert names._away_until > asyncio.get_running_loop().time()
    async with serving(tmp_path) as (nameserver, _):
        nameserver.names = {KIM: ["a.example"]}
        monkeypatch.setattr(names, "_away_until", float("inf"))
        assert (await names.of(*KIM), await names.was_given(*KIM, "a.example")) == (None, None)
        assert nameserver.asked == []
        names._away_until = 0.0
        assert await names.of(*KIM) == ("a.example",)


@in_loop
async def test_nameserver_that_hangs(tmp_path: Path) -> None:
    """Nobody waits longer than patience lasts, however many ask; nothing is left behind."""
    async with serving(tmp_path) as (nameserver, _):
        names = Names(tmp_path, 0.05)
        nameserver.names = {(None, f"192.0.2.{number}"): ["a.example"] for number in range(100)}
        nameserver.may_answer.clear()
        found = await asyncio.gather(*(names.of(None, f"192.0.2.{number}") for number in range(100)))
        assert found == [None] * 100
        assert len(nameserver.asked) <= 1
        assert names._asking is not None
        await names._asking
        assert names._waiting == names._under_way == {}


@pytest.mark.parametrize(
    "answer",
    [
        {"bus": 1},
        {"bus": 1, "names": [["a.example"]], "since_s": "long"},
        {"bus": 1, "names": [[7]], "since_s": 1.0},
        {"bus": 1, "names": [], "since_s": 1.0},
        {"bus": 1, "names": [["a.example"], ["b.example"]], "since_s": 1.0},
        {"bus": 1, "error": "this is not told to everyone"},
    ],
)
@in_loop
async def test_nameserver_that_talks_nonsense(tmp_path: Path, answer: Mapping[str, object]) -> None:
    """Nothing is known then."""
    async with serving(tmp_path) as (nameserver, names):
        nameserver.answer = answer
        assert (await names.of(*KIM), await names.was_given(*KIM, "a.example")) == (None, None)
        assert names._waiting == names._under_way == {}


@in_loop
async def test_who_asks_no_more(tmp_path: Path) -> None:
    """One that is cancelled takes nothing from the others, and closing leaves nobody waiting."""
    async with serving(tmp_path) as (nameserver, names):
        nameserver.names = {KIM: ["a.example"]}
        nameserver.may_answer.clear()
        asking = [asyncio.create_task(names.of(*KIM)) for _ in range(3)]
        await asyncio.sleep(0)
        asking[0].cancel()
        nameserver.may_answer.set()
        assert await asyncio.gather(*asking[1:]) == [("a.example",)] * 2
        nameserver.may_answer.clear()
        last = asyncio.create_task(names.of("console", ADDRESS))
        await asyncio.sleep(0)
        names.close()
        assert await last is None
