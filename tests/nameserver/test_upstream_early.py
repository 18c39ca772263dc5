"""What is popular is asked for before it ends, and nobody is told, counted or kept waiting for it."""

import asyncio

import pytest

from appliance.core.answers import MIN_DUE_S, POPULAR
from appliance.nameserver import upstream
from appliance.world import clock
from tests.fakes import REAL, answer, failing, fake_upstream, silence
from tests.nameserver.asking import address, asking, outcome_of, settled
from tests.nameserver.inside import ask, in_loop, resolver_of, upstreams_of
from tests.running import addresses

START = 1_000_000.0
NEW = "198.51.100.9"


@in_loop
async def test_popular_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for again with a tenth of its life left, it never ends; no person is counted for it."""
    now = START
    monkeypatch.setattr(clock, "now", lambda: now)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint)
        upstreams = resolver._upstreams
        for seconds in (0, 1, 200):
            now = START + seconds
            assert addresses(await ask(resolver, "a.example")) == [REAL]
        assert fake.names() == ["a.example"]
        fake.script = lambda asked: [answer(asked, f"a.example 300 A {NEW}")]
        now = START + 285
        assert addresses(await ask(resolver, "a.example")) == [REAL]
        await settled(upstreams)
        assert addresses(await ask(resolver, "a.example")) == [NEW]
        news = resolver.counts.news()
        now = START + 400
        assert addresses(await ask(resolver, "a.example")) == [NEW]
    assert fake.names() == ["a.example"] * 2
    assert news == {"answered.allow": 5, "upstream.asked": 2, "upstream.early": 1}


@in_loop
async def test_who_asks_meanwhile_waits_for_the_same() -> None:
    """There is one question under way, not two."""
    with fake_upstream(silence) as fake:
        upstreams = upstreams_of(fake.endpoint)
        for _ in range(3):
            upstreams.refresh(asking())
        coming = asyncio.create_task(outcome_of(upstreams))
        await asyncio.to_thread(fake.wait_for, 1)
        fake.asked[0].send(answer(fake.asked[0]))
        assert address(await coming) == REAL
    assert len(fake.asked) == 1
    assert (upstreams._early, upstreams._open) == (0, 0)


@in_loop
async def test_only_where_there_is_room_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many at once, and none where all room is taken."""
    monkeypatch.setattr(upstream, "MAX_EARLY", 2)
    monkeypatch.setattr(upstream, "MAX_OPEN", 3)
    with fake_upstream(silence) as fake:
        upstreams = upstreams_of(fake.endpoint)
        for number in range(5):
            upstreams.refresh(asking(f"n{number}.example"))
        assert (upstreams._early, upstreams._open) == (2, 2)
        coming = [asyncio.create_task(outcome_of(upstreams, asking(f"m{number}.example"))) for number in range(2)]
        await asyncio.to_thread(fake.wait_for, 3)
        monkeypatch.setattr(upstream, "MAX_EARLY", 9)
        upstreams.refresh(asking("late.example"))
        assert "late.example" not in {key[0] for key in upstreams._under_way}
        fake.script = lambda asked: [answer(asked)]
        for asked in fake.asked[:3]:
            asked.send(answer(asked))
        assert [address(await one) for one in coming] == [REAL] * 2
        await settled(upstreams)


@in_loop
async def test_without_servers() -> None:
    """Nobody is asked."""
    upstreams = upstreams_of()
    upstreams.refresh(asking())
    assert (upstreams._under_way, upstreams.counts.news()) == ({}, {})


@in_loop
async def test_in_vain(brief: None) -> None:
    """An error pushes nothing out, and the next one who asks in that second does not try again."""
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        kept = await outcome_of(upstreams)
        fake.script = failing(2)
        upstreams.refresh(asking())
        await settled(upstreams)
        at = clock.now()
        assert kept == upstreams.answers.get(asking().key, at)
        assert upstreams.answers.patience_s(asking().key, at) == 0


def test_it_is_worth_it() -> None:
    """Neither what one client asks for once nor what lives for a moment is asked for early."""
    assert POPULAR > 1
    assert MIN_DUE_S >= 10
