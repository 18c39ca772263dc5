"""What the nameserver daemon and its workers tell each other."""

import socket

from appliance.core.whom import Mode, Whom, parse_server
from appliance.nameserver.link import (
    FROM_WORKER,
    TO_WORKER,
    Adopt,
    AskEntries,
    AskGiven,
    AskThings,
    Begin,
    Blocked,
    Counted,
    Entries,
    FromWorker,
    GivenNow,
    InForceNow,
    Listener,
    ListsNow,
    News,
    Sighted,
    TakeLists,
    TakeTime,
    ThingsNow,
    ToWorker,
    Watch,
)
from appliance.nameserver.recent import Entry
from appliance.nameserver.things import Asked
from appliance.world.link import Link
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
    AskThings(9, "doll"),
    AskGiven(8, (("tablet", "192.0.2.7"), (None, "2001:db8::7"))),
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
        ThingsNow(9, (Asked("a.example", "forum", 3, 1, 0.0, 900.0),), is_thing=True),
        GivenNow(8, ((("a.example", 1.5), ("", 0.5)), ()), 60.0),
    ]
    for message in said:
        worker.tell(message)
    worker.close()
    assert [message async for message in daemon.hear(FROM_WORKER)] == said
    daemon.close()
