"""The daemon's answer to the steward: what a thing asked all workers for."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from appliance.nameserver import polls
from appliance.nameserver.link import TO_WORKER, AskThings, ThingsNow
from appliance.nameserver.records import Records
from appliance.nameserver.things import MAX_NAMES, Asked
from appliance.world.link import Link
from tests.nameserver.inside import contract, in_loop

A, B = Asked("a.example", "music", 1, 0, 0.0, 900.0), Asked("b.example", "music", 0, 2, 0.0, 0.0)
Worker = tuple[tuple[Asked, ...], bool] | None
"""What a worker holds, and whether it takes it for a thing; None: it says nothing."""


@asynccontextmanager
async def records(*workers: Worker) -> AsyncIterator[Records]:
    """Give records with workers that answer so."""
    links: list[Link] = []
    serving: list[asyncio.Task[None]] = []
    made = Records(contract(), lambda: iter(links))

    async def serve(end: Link, told: Worker) -> None:
        async for message in end.hear(TO_WORKER):
            assert isinstance(message, AskThings)
            assert message.device == "doll"
            if told is not None:
                made.heard(ThingsNow(message.token, *told))
        end.close()

    for told in workers:
        ours, theirs = socket.socketpair()
        links.append(await Link.over(ours))
        serving.append(asyncio.create_task(serve(await Link.over(theirs), told)))
    yield made
    for link in links:
        link.close()
    await asyncio.gather(*serving)


async def answer(one: Records, device: object = "doll") -> Any:
    """Return an answer as it comes over the bus."""
    found = one.answer({"bus": 1, "ask": "things", "device": device})
    if isinstance(found, Awaitable):
        found = await found
    return msgspec.json.decode(msgspec.json.encode(found))


@in_loop
async def test_all_workers_together() -> None:
    """Each name once."""
    async with records(((A, B), True), ((A,), True), ((), True)) as one:
        expected = [Asked("a.example", "music", 2, 0, 0.0, 900.0), B]
        assert await answer(one) == {"bus": 1, "is_thing": True, "asked": msgspec.to_builtins(expected)}


@in_loop
async def test_what_is_no_thing_to_one_of_them() -> None:
    """Nothing of it is told by the others either."""
    async with records(((A,), True), ((), False)) as one:
        assert await answer(one) == {"bus": 1, "is_thing": False, "asked": []}


@in_loop
async def test_what_is_no_thing_to_all_together() -> None:
    """Each worker saw half of the names."""
    many = [tuple(Asked(f"{half}{number}.example", "", 1, 0, 0.0, 0.0) for number in range(MAX_NAMES // 2 + 1)) for half in "ab"]  # fmt: skip # noqa: E501
    async with records(*((one, True) for one in many)) as one:
        assert await answer(one) == {"bus": 1, "is_thing": False, "asked": []}


@in_loop
async def test_worker_that_says_nothing(monkeypatch: Any) -> None:
    """It is left out."""
    monkeypatch.setattr(polls, "PATIENCE_S", 0.05)
    async with records(((A,), True), None) as one:
        assert (await answer(one))["asked"] == [msgspec.to_builtins(A)]


@in_loop
async def test_what_is_no_question() -> None:
    """A thing is asked about by its id."""
    async with records() as one:
        assert await answer(one, None) == {"bus": 1, "error": "unknown request"}
