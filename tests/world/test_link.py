"""What a daemon and its workers tell each other arrives whole, and no more of it waits than there is room for."""

import asyncio
import socket

import msgspec
import pytest

from appliance.world import link
from appliance.world.link import Link

LIMIT_S = 60.0


class Said(msgspec.Struct, frozen=True, tag=True):
    """A message."""

    octets: bytes | None


SAID = msgspec.json.Decoder(Said)


async def pair() -> tuple[Link, Link]:
    """Return both ends."""
    ours, theirs = socket.socketpair()
    return await Link.over(ours), await Link.over(theirs)


async def all_of(end: Link) -> list[Said]:
    """Return what is heard until the other end is gone."""
    async with asyncio.timeout(LIMIT_S):
        return [message async for message in end.hear(SAID)]


def test_messages_arrive_as_they_were_sent() -> None:
    """Every message arrives whole and in order, however long."""

    async def story() -> None:
        said = [Said(None), Said(b"line\n" * 300_000), Said(bytes(range(256)))]
        one, other = await pair()
        assert all(one.tell(message) for message in said)
        one.close()
        assert await all_of(other) == said
        other.close()

    asyncio.run(story())


def test_other_end_that_is_gone() -> None:
    """When the other end is gone, hearing ends and telling says so."""

    async def story() -> None:
        one, other = await pair()
        other.close()
        assert await all_of(one) == []
        one.close()
        assert one.tell(Said(None)) is False

    asyncio.run(story())


def test_other_end_that_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told to one that does not read is bounded."""
    monkeypatch.setattr(link, "MAX_BACKLOG_OCTETS", 1 << 20)

    async def story() -> None:
        one, other = await pair()
        told = [one.tell(Said(bytes(200_000))) for _ in range(20)]
        assert told[0] is True
        assert told[-1] is False
        heard = asyncio.create_task(all_of(other))
        one.close()
        assert len(await heard) == sum(told)
        other.close()

    asyncio.run(story())


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"type":"Unknown"}\n', b"\xff\n", b"torn"])
def test_nonsense_ends_the_talk(line: bytes) -> None:
    """What is no message ends the talk and nothing else."""

    async def story() -> None:
        ours, theirs = socket.socketpair()
        other = await Link.over(theirs)
        with ours:
            ours.sendall(b'{"type":"Said","octets":null}\n' + line)
            ours.shutdown(socket.SHUT_WR)
            assert await all_of(other) == [Said(None)]
        other.close()

    asyncio.run(story())
