"""Asking upstreams, proved against one that does as a script says."""

import asyncio

import pytest

from appliance.core.answers import Kept
from appliance.core.query import Failure
from appliance.nameserver import upstream
from tests.fakes import REAL, answer, answers, fake_upstream, silence
from tests.nameserver.asking import address, asking, outcome_of
from tests.nameserver.inside import in_loop, upstreams_of


@in_loop
async def test_answer() -> None:
    """A question is asked once and its answer comes back, fresh for as long as it says."""
    with fake_upstream() as fake:
        outcome = await outcome_of(upstreams_of(fake.endpoint))
    assert isinstance(outcome, Kept)
    assert address(outcome) == REAL
    assert outcome.fresh_until - outcome.put_at == 300
    assert fake.names() == ["a.example"]


@in_loop
async def test_no_more_than_the_limit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit questions wait in line, and all are answered in the end."""
    monkeypatch.setattr(upstream, "MAX_OPEN", 8)
    with fake_upstream(silence) as fake:
        upstreams = upstreams_of(fake.endpoint)
        coming = [asyncio.create_task(outcome_of(upstreams, asking(f"n{number}.example"))) for number in range(50)]
        for answered in range(50):
            await asyncio.to_thread(fake.wait_for, min(50, answered + 8))
            assert len(fake.asked) == min(50, answered + 8)
            asked = fake.asked[answered]
            asked.send(answer(asked))
            await asyncio.wait_for(asyncio.shield(coming[answered]), 5)
        assert [address(await one) for one in coming] == [REAL] * 50


@in_loop
async def test_line_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """When too many wait, the next one is told so at once, and counted."""
    monkeypatch.setattr(upstream, "MAX_OPEN", 2)
    monkeypatch.setattr(upstream, "MAX_WAITING", 3)
    with fake_upstream(silence) as fake:
        upstreams = upstreams_of(fake.endpoint)
        coming = [asyncio.create_task(outcome_of(upstreams, asking(f"n{number}.example"))) for number in range(6)]
        assert await coming[5] is Failure.NO_ANSWER
        assert upstreams.counts.news()["upstream.overrun"] == 1
        fake.script = answers
        await asyncio.to_thread(fake.wait_for, 2)
        for asked in fake.asked[:2]:
            asked.send(answer(asked))
        assert [address(await one) for one in coming[:5]] == [REAL] * 5
