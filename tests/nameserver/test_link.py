"""What daemon and workers tell each other."""

import asyncio
import socket

import pytest

from appliance.core.whom import Mode, Whom, parse_server
from appliance.nameserver import link
from appliance.nameserver.link import (
    FROM_WORKER,
    TO_WORKER,
    Adopt,
    AskEntries,
    Begin,
    Blocked,
    Counted,
    Entries,
    FromWorker,
    InForceNow,
    Link,
    Listener,
    ListsNow,
    News,
    Sighted,
    TakeLists,
    TakeTime,
    ToWorker,
    Watch,
)
from appliance.nameserver.recent import Entry
from tests.nameserver.inside import in_loop

SAID: list[ToWorker] = [
    Begin(
        (Listener(3, False), Listener(4, True)),
        Whom((parse_server("tls://192.0.2.1#dns.example"),), Mode.FASTEST, {"lan": ()}),
        1 << 20,
    ),
    Adopt(None),
    Adopt(b'{"a":"\n"}' * 300_000),
    Adopt(bytes(range(256))),
    TakeLists("/data/lists/lists.set", "0123456789abcdef", 7),
    TakeLists("/data/lists/lists.set", ""),
    TakeTime(1_795_424_000.125, is_doubted=True),
    Watch({"tablet": 899.5}),
    AskEntries(7, of_sessions=True, device="tablet", person="kim"),
]


async def pair() -> tuple[Link, Link]:
    """Return both ends."""
    ours, theirs = socket.socketpair()
    return await Link.over(ours), await Link.over(theirs)


@in_loop
async def test_messages_arrive_as_they_were_sent() -> None:
    """Every message arrives whole and in order, however long."""
    daemon, worker = await pair()
    assert all(daemon.tell(message) for message in SAID)
    daemon.close()
    assert [message async for message in worker.hear(TO_WORKER)] == SAID
    worker.close()


@in_loop
async def test_answers_of_a_worker() -> None:
    """A worker's messages are told apart."""
    daemon, worker = await pair()
    said: list[FromWorker] = [
        InForceNow(3, "abc"),
        InForceNow(3, "abc", "why"),
        ListsNow("0123456789abcdef"),
        ListsNow("", "why"),
        News({"a": 1}),
        News(
            {},
            "2026-11-22",
            (Counted("kim", "6-9", "forum", "ask", "a.example", 3), Counted(None, "unknown", "c", "allow", None, 1)),
            (Blocked("kim", "malware_phishing", "tablet", 1.5),),
        ),
        Entries(7, (Entry(1.5, "tablet", "kim", "allow", "forum", None, "category"),), 2),
        Sighted({"token": "t", "via": None}),
    ]
    for message in said:
        worker.tell(message)
    worker.close()
    assert [message async for message in daemon.hear(FROM_WORKER)] == said
    daemon.close()


@in_loop
async def test_other_end_that_is_gone() -> None:
    """When the other end is gone, hearing ends and telling says so."""
    daemon, worker = await pair()
    worker.close()
    assert [message async for message in daemon.hear(FROM_WORKER)] == []
    daemon.close()
    assert daemon.tell(Adopt(None)) is False


@in_loop
async def test_other_end_that_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told to one that does not read is bounded."""
    monkeypatch.setattr(link, "MAX_BACKLOG_OCTETS", 1 << 20)
    daemon, worker = await pair()
    told = [daemon.tell(Adopt(bytes(200_000))) for _ in range(20)]
    assert told[0] is True
    assert told[-1] is False
    heard = asyncio.create_task(_count(worker))
    daemon.close()
    assert await heard == sum(told)
    worker.close()


@in_loop
@pytest.mark.parametrize("line", [b"nonsense\n", b'{"type":"Unknown"}\n', b"\xff\n", b"torn"])
async def test_nonsense_ends_the_talk(line: bytes) -> None:
    """What is no message ends the talk and nothing else."""
    ours, theirs = socket.socketpair()
    worker = await Link.over(theirs)
    with ours:
        ours.sendall(b'{"type":"Adopt","snapshot":null}\n' + line)
        ours.shutdown(socket.SHUT_WR)
        assert [message async for message in worker.hear(TO_WORKER)] == [Adopt(None)]
    worker.close()


async def _count(end: Link) -> int:
    return len([message async for message in end.hear(TO_WORKER)])
