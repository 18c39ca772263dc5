"""Replies that wait until the guard knows their addresses, together and never for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.core.query import Reply
from appliance.nameserver import known as known_module
from appliance.nameserver.counts import Counts
from appliance.nameserver.known import GUARD, MAX_ADDRESSES, Known
from appliance.nameserver.soon import Soon
from appliance.world.bus import MAX_REQUEST_OCTETS, Bus
from tests.nameserver.inside import in_loop

FOUR, SIX = bytes((203, 0, 113, 1)), bytes.fromhex("20010db8000000000000000000000007")
REPLY = Reply(b"reply", 0, None, 500.0, addresses=(FOUR, SIX))
TOLD = ["203.0.113.1", "2001:db8::7"]


class Guard:
    """Takes what it is told, when it may."""

    def __init__(self) -> None:
        self.told: list[list[tuple[str, list[str]]]] = []
        self.came = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answer: dict[str, object] = {"bus": 1, "is_known": True}

    async def serve(self, request: dict[str, Any]) -> object:
        """Answer a worker."""
        assert request["ask"] == "known"
        self.told.append([(person, addresses) for person, addresses in request["given"]])
        self.came.set()
        await self.may_answer.wait()
        return self.answer


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[Guard]:
    """Give a guard."""
    guard = Guard()
    opened = Bus(data, GUARD, guard.serve)
    await opened.open()
    try:
        yield guard
    finally:
        guard.may_answer.set()
        await opened.close()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as long as a busy machine may take; a test of the end of patience sets its own."""
    monkeypatch.setattr(known_module, "PATIENCE_S", 30.0)


class Held:
    """What waits and what came of it."""

    def __init__(self, data: Path) -> None:
        self.counts = Counts()
        self.known = Known(data, self.counts, Soon(asyncio.get_running_loop()))

    def hold(self, person: str = "kim", reply: Reply = REPLY) -> "asyncio.Future[Reply]":
        """Hold a reply; return it as it is to come."""
        coming: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.known.hold(person, reply, coming.set_result)
        return coming


@in_loop
async def test_told_before_it_leaves(tmp_path: Path) -> None:
    """A reply waits for the guard's answer, and is as it was."""
    held = Held(tmp_path)
    async with serving(tmp_path) as guard:
        guard.may_answer.clear()
        coming = held.hold()
        await guard.came.wait()
        assert (guard.told, coming.done()) == ([[("kim", TOLD)]], False)
        guard.may_answer.set()
        assert await coming is REPLY


@in_loop
async def test_told_together(tmp_path: Path) -> None:
    """What comes while the guard is told is told next, all of it at once."""
    held = Held(tmp_path)
    async with serving(tmp_path) as guard:
        guard.may_answer.clear()
        first = held.hold()
        await guard.came.wait()
        others = [held.hold(person) for person in ("kim", "ben", "kim")]
        guard.may_answer.set()
        await asyncio.gather(first, *others)
        assert [[person for person, _ in one] for one in guard.told] == [["kim"], ["kim", "ben", "kim"]]


@in_loop
async def test_many(tmp_path: Path) -> None:
    """Very many go in several messages, each of which the bus takes."""
    held = Held(tmp_path)
    many = msgspec.structs.replace(REPLY, addresses=(b"\xff" * 16,) * (MAX_ADDRESSES - 1))
    async with serving(tmp_path) as guard:
        for coming in [held.hold("p" * 64, many) for _ in range(3)]:
            assert await coming is many
        assert [len(one) for one in guard.told] == [1, 1, 1]
    longest = {"bus": 1, "ask": "known", "given": [("p" * 64, ["ffff:" * 7 + "ffff"])] * MAX_ADDRESSES}
    assert len(msgspec.json.encode(longest)) < MAX_REQUEST_OCTETS


@pytest.mark.parametrize("is_there", [True, False])
@in_loop
async def test_nobody_takes_it(tmp_path: Path, is_there: bool) -> None:
    """Without a guard, or where it refuses, the reply goes out, and is not given out again without being told."""
    held = Held(tmp_path)
    if is_there:
        async with serving(tmp_path) as guard:
            guard.answer = {"bus": 1, "error": "this could not be answered"}
            found = await held.hold()
    else:
        found = await held.hold()
    assert found == msgspec.structs.replace(REPLY, keep_until=0.0)
    assert held.counts.news() == ({"known.late": 1} if is_there else {})


@in_loop
async def test_a_guard_that_is_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it longer than it is worth, nor those who came meanwhile; it is counted."""
    monkeypatch.setattr(known_module, "PATIENCE_S", 0.05)
    held = Held(tmp_path)
    async with serving(tmp_path) as guard:
        guard.may_answer.clear()
        found = await asyncio.gather(held.hold(), held.hold("ben"))
        assert [one.keep_until for one in found] == [0.0, 0.0]
    assert held.counts.news() == {"known.late": 2}


@in_loop
async def test_a_reply_that_fails(tmp_path: Path) -> None:
    """It costs the others nothing."""
    held = Held(tmp_path)

    def fail(_: Reply) -> None:
        raise RuntimeError("the client is gone")

    held.known.hold("kim", REPLY, fail)
    assert (await held.hold()).wire == REPLY.wire
