"""The daemon's answer to the guard: for which names its workers gave devices addresses."""

import asyncio
import socket
from collections.abc import Awaitable
from typing import Any

import pytest

from appliance.nameserver.link import TO_WORKER, AskGiven, GivenNow
from appliance.nameserver.records import MAX_ASKERS, Records
from appliance.world import clock
from appliance.world.link import Link
from tests.nameserver.inside import contract, in_loop

ASKER = ["tablet", "192.0.2.7"]


async def answer(one: Records, askers: object) -> Any:
    """Return an answer to the guard."""
    found = one.answer({"bus": 1, "ask": "given", "askers": askers})
    return await found if isinstance(found, Awaitable) else found


@in_loop
async def test_what_a_worker_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is handed on; after a worker's end nothing is said to be whole that was given before."""
    up = 1_000.0
    monkeypatch.setattr(clock, "uptime", lambda: up)
    ours, theirs = socket.socketpair()
    link, end = await Link.over(ours), await Link.over(theirs)
    one = Records(contract(), lambda: iter((link,)))
    asked: list[AskGiven] = []

    async def serve() -> None:
        async for message in end.hear(TO_WORKER):
            assert isinstance(message, AskGiven)
            asked.append(message)
            one.heard(GivenNow(message.token, ((("a.example", 5.0),),), 600.0))
        end.close()

    serving = asyncio.create_task(serve())
    assert await answer(one, [ASKER]) == {"bus": 1, "names": [("a.example",)], "since_s": 600.0}
    one.restarted(1)
    up += 7.0
    assert (await answer(one, [ASKER]))["since_s"] == 7.0
    assert [message.askers for message in asked] == [(("tablet", "192.0.2.7"),)] * 2
    link.close()
    await serving


@pytest.mark.parametrize(
    ("askers", "words"),
    [
        ([ASKER] * (MAX_ASKERS + 1), "at most 64"),
        ([["tablet"]], "a device and an address"),
        ([[1, "192.0.2.7"]], "a device and an address"),
        (["tablet"], "a device and an address"),
        ("tablet", "unknown request"),
        (None, "unknown request"),
    ],
)
@in_loop
async def test_what_is_no_question(askers: object, words: str) -> None:
    """It is refused in words; as many as may be asked at once are answered, though no worker lives."""
    one = Records(contract(), lambda: iter(()))
    assert words in (await answer(one, askers))["error"]
    assert await answer(one, [ASKER] * MAX_ASKERS) == {"bus": 1, "names": [()] * MAX_ASKERS, "since_s": 0.0}
