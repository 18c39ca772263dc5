"""What a worker process tells of persons: counts, recent queries and sessions, and no name beyond what may be told."""

import asyncio

import msgspec
import pytest

from appliance.nameserver.link import AskEntries, Entries, FromWorker, News, Watch
from tests.fakes import fake_upstream
from tests.nameserver.inside import in_loop, snapshot_of
from tests.nameserver.test_resolver import GAMES
from tests.nameserver.test_resolver_memory import ALEX, KIM, PAT, SAM, STRANGER, TOT, house
from tests.nameserver.test_worker import Led, led
from tests.running import ALLOWED, BLOCKED, ask_tcp, ask_udp, question

WHO = {"tot": TOT, "kim": KIM, "pat": PAT, "sam": SAM, "alex": ALEX, "stranger": STRANGER}
CANARY = "canary-7vq2"
HELP = "rataufdraht.at"


def canary(who: str, action: str) -> str:
    """Return a name that one person alone asks for: below one that is blocked for the children, or allowed."""
    return f"{CANARY}-{who}.{GAMES if action == 'block' else ALLOWED}"


async def ask_all(worker: Led) -> None:
    """Have everyone ask for names of their own, blocked and not, and for help, over UDP and TCP, more than once."""
    for who, source in WHO.items():
        for name in (canary(who, "allow"), canary(who, "block"), f"{CANARY}-{who}.{HELP}"):
            wire = question(name).to_wire()
            for ask in (ask_udp, ask_udp, ask_udp, ask_tcp):
                await asyncio.to_thread(ask, worker.endpoint, wire, source)


async def said_until(worker: Led, token: int) -> list[FromWorker]:
    """Return all that it says until it has answered a question."""
    said: list[FromWorker] = []
    async with asyncio.timeout(15):
        while not said or not (isinstance(said[-1], Entries) and said[-1].token == token):
            said.append(await worker.said.get())
    return said


def names_in(said: list[FromWorker]) -> set[str]:
    """Return whose canaries stand in messages, as they go over the link."""
    text = msgspec.json.encode(said).decode()
    found = {(who, action) for who in WHO for action in ("allow", "block") if canary(who, action) in text}
    assert text.count(f"{CANARY}-") == sum(text.count(canary(*one)) for one in found), "another one stands there"
    return {f"{who} {action}" for who, action in found}


@in_loop
async def test_names_go_no_further_than_they_may(capfd: pytest.CaptureFixture[str]) -> None:
    """In the heartbeats those names alone that the journal may hold; in the recent queries those of their rows."""
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            await worker.adopt(snapshot_of(house(), 3).text)
            await ask_all(worker)
            heard: list[FromWorker] = []
            counted: dict[tuple[str | None, str], int] = {}
            while sum(counted.values()) < 3 * 4 * 2:
                news = await worker.next(News)
                assert isinstance(news, News)
                heard.append(news)
                for one in news.tally:
                    counted[one.person, one.action] = counted.get((one.person, one.action), 0) + one.count
            assert counted == {(who, action): 4 for who in ("tot", "kim", "pat") for action in ("allow", "block")}
            assert names_in(heard) == {"tot allow", "tot block", "kim block"}
            worker.link.tell(AskEntries(1))
            found = [one for one in await said_until(worker, 1) if isinstance(one, Entries)]
            rings = {"tot allow", "tot block", "kim block", "pat allow", "pat block", "sam allow", "sam block"}
            assert names_in(list(found)) == rings
            worker.link.tell(AskEntries(2, person="sam"))
            assert names_in(await said_until(worker, 2)) == {"sam allow", "sam block"}
    assert CANARY not in "".join(capfd.readouterr())


@in_loop
async def test_session_of_one_device() -> None:
    """It widens what is seen of that device; when it ends, or the house is another, it is gone."""
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            await worker.adopt(snapshot_of(house(), 3).text)
            worker.link.tell(Watch({"d-kim": 600.0}))
            await ask_all(worker)
            worker.link.tell(AskEntries(1, of_sessions=True))
            (entries,) = (one for one in await said_until(worker, 1) if isinstance(one, Entries))
            assert {entry.device for entry in entries.entries} == {"d-kim"}
            assert len(entries.entries) == 2 * 4
            assert names_in([entries]) == {"kim allow", "kim block"}
            await worker.adopt(snapshot_of(house(kim="10-12"), 4).text)
            worker.link.tell(AskEntries(2, of_sessions=True))
            assert names_in(await said_until(worker, 2)) <= {"tot allow", "tot block", "kim block"}
            worker.link.tell(Watch({}))
            worker.link.tell(AskEntries(3, of_sessions=True))
            assert (await said_until(worker, 3))[-1] == Entries(3, (), 0)


@in_loop
async def test_malware_and_the_day() -> None:
    """A heartbeat tells the local day of the house, and who was kept from malware."""
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            await worker.adopt(snapshot_of(house(), 3).text)
            await asyncio.to_thread(ask_udp, worker.endpoint, question(BLOCKED).to_wire(), PAT)
            while not (isinstance(news := await worker.next(News), News) and news.malware):
                pass
            assert [(one.person, one.category, one.device) for one in news.malware] == [
                ("pat", "malware_phishing", "d-pat")
            ]
            assert len(news.day) == len("2026-11-22")
