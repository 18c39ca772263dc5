"""Nobody waits long where an old answer is kept: it is given, and the question goes on (RFC 8767)."""

import asyncio

import pytest

from appliance.core import answers as cache
from appliance.core.answers import Kept
from appliance.core.query import Failure
from appliance.nameserver import upstream
from appliance.nameserver.upstream import Upstreams
from appliance.world import clock
from tests.fakes import REAL, Asked, FakeUpstream, answer, answers, failing, fake_upstream, silence
from tests.nameserver.asking import address, asking, outcome_of, refusing, settled
from tests.nameserver.inside import in_loop, upstreams_of

NEW = "198.51.100.9"


class Time:
    """The clock that a test sets."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def now(self) -> float:
        """Return what it shows."""
        return self.at


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """A clock that stands still."""
    made = Time()
    monkeypatch.setattr(clock, "now", made.now)
    return made


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients wait for moments only."""
    monkeypatch.setattr(cache, "CLIENT_S", 0.1)
    monkeypatch.setattr(cache, "AGAIN_CLIENT_S", 0.05)
    monkeypatch.setattr(upstream, "LOOK_S", 0.02)


async def old_answer(fake: FakeUpstream, time: Time) -> Upstreams:
    """Return upstreams with one old answer, that all at once say nothing."""
    upstreams = upstreams_of(fake.endpoint)
    await outcome_of(upstreams)
    fake.script = silence
    time.at += 3_600
    return upstreams


def new(asked: Asked) -> list[bytes]:
    """Give another address."""
    return [answer(asked, f"a.example 300 A {NEW}")]


async def came(fake: FakeUpstream, count: int) -> None:
    """Wait until so many questions have come."""
    await asyncio.to_thread(fake.wait_for, count)


@in_loop
async def test_question_goes_on(time: Time, hasty: None) -> None:
    """The old answer is given while the server still thinks; what it says in the end is what the next one hears."""
    with fake_upstream() as fake:
        upstreams = await old_answer(fake, time)
        assert address(await outcome_of(upstreams)) == REAL
        assert upstreams.counts.news()["upstream.late"] == 1
        await came(fake, 2)
        fake.script = new
        fake.asked[1].send(*new(fake.asked[1]))
        await settled(upstreams)
        fresh = upstreams.answers.get(asking().key, time.at)
        assert fresh is not None
        assert address(fresh) == NEW


@in_loop
async def test_all_who_wait_get_it(time: Time, hasty: None, brief: None) -> None:
    """Also who came later than the first, and who comes when it is known to be late."""
    with fake_upstream() as fake:
        upstreams = await old_answer(fake, time)
        found = await asyncio.gather(*(outcome_of(upstreams) for _ in range(5)))
        assert [address(one) for one in found] == [REAL] * 5
        coming: list[object] = []
        time.at += 600
        upstreams.ask(asking(), coming.append)
        assert [address(one) for one in coming if isinstance(one, Kept)] == [REAL]
        await settled(upstreams)


@in_loop
async def test_right_after_a_try_in_vain_nobody_waits(time: Time, hasty: None) -> None:
    """The old answer is given at once and nobody is asked; a second later somebody is, and that once."""
    upstreams = upstreams_of(refusing())
    with fake_upstream() as fake:
        known = await outcome_of(upstreams_of(fake.endpoint))
    assert isinstance(known, Kept)
    upstreams.answers.put(asking().key, known.message, time.at)
    time.at += 3_600
    assert address(await outcome_of(upstreams)) == REAL
    tries = upstreams.counts.news()["upstream.asked"]
    assert tries > 0
    for _ in range(9):
        assert address(await outcome_of(upstreams)) == REAL
    assert "upstream.asked" not in upstreams.counts.news()
    time.at += cache.RETRY_S
    assert address(await outcome_of(upstreams)) == REAL
    assert upstreams.counts.news()["upstream.asked"] == tries


@in_loop
async def test_server_that_is_back(time: Time, hasty: None, brief: None) -> None:
    """Who asks a second after the last try in vain hears the fresh answer, not the old one."""
    with fake_upstream() as fake:
        upstreams = await old_answer(fake, time)
        assert address(await outcome_of(upstreams)) == REAL
        await settled(upstreams)
        fake.script = new
        time.at += cache.RETRY_S
        assert address(await outcome_of(upstreams)) == NEW


@pytest.mark.parametrize("rcode", [2, 5])
@in_loop
async def test_servers_that_fail(time: Time, rcode: int) -> None:
    """An error is in vain, too: the next moment nobody is asked."""
    with fake_upstream() as fake:
        upstreams = await old_answer(fake, time)
        fake.script = failing(rcode)
        assert [address(await outcome_of(upstreams)) for _ in range(3)] == [REAL] * 3
    assert len(fake.asked) == 2


@in_loop
async def test_old_answer_that_is_pushed_out_meanwhile(time: Time, hasty: None) -> None:
    """Who waits for nothing better than it then waits for the servers."""
    with fake_upstream() as fake:
        upstreams = await old_answer(fake, time)
        coming = asyncio.create_task(outcome_of(upstreams))
        await came(fake, 2)
        upstreams.answers.forget()
        await asyncio.sleep(0.2)
        assert not coming.done()
        fake.script = answers
        fake.asked[1].send(answer(fake.asked[1]))
        assert address(await coming) == REAL


@in_loop
async def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an old answer, who waits longer than stub resolvers do is told so, in line or not; servers are not."""
    monkeypatch.setattr(upstream, "MAX_OPEN", 1)
    monkeypatch.setattr(upstream, "PATIENCE_S", 0.1)
    with fake_upstream(silence) as fake:
        upstreams = upstreams_of(fake.endpoint)
        found = await asyncio.gather(*(outcome_of(upstreams, asking(f"n{number}.example")) for number in range(3)))
        assert found == [Failure.NO_ANSWER] * 3
        later = asyncio.create_task(outcome_of(upstreams, asking("n1.example")))
        await came(fake, 1)
        fake.script = answers
        fake.asked[0].send(answer(fake.asked[0]))
        assert address(await later) == REAL
        await settled(upstreams)
    assert set(fake.names()) == {"n0.example", "n1.example"}


@in_loop
async def test_overrun_with_an_old_answer(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """When too many wait, an old answer is better than none."""
    monkeypatch.setattr(upstream, "MAX_OPEN", 0)
    monkeypatch.setattr(upstream, "MAX_WAITING", 0)
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        assert await outcome_of(upstreams) is Failure.NO_ANSWER
        monkeypatch.setattr(upstream, "MAX_OPEN", 1)
        monkeypatch.setattr(upstream, "MAX_WAITING", 1)
        await outcome_of(upstreams)
        monkeypatch.setattr(upstream, "MAX_WAITING", 0)
        time.at += 3_600
        assert address(await outcome_of(upstreams)) == REAL
