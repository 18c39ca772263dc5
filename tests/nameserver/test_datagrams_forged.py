"""Who tries every id there is at the right port from the right address finds none that is taken."""

import asyncio
import time

import pytest

from appliance.core.answers import Kept
from appliance.core.query import Failure
from appliance.nameserver import datagrams, exchange, upstream
from tests.fakes import REAL, Asked, answer, fake_upstream
from tests.nameserver.asking import address, asking
from tests.nameserver.inside import in_loop, upstreams_of

BATCH = 128
"""So many fit into any socket's buffer."""
END_S = 50.0


@in_loop
async def test_every_other_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """All 65,535 of them at one port, each taken from the socket and thrown away; then the real answer is taken."""
    monkeypatch.setattr(exchange, "TRY_S", (END_S,))
    monkeypatch.setattr(exchange, "BUDGET_S", END_S)
    monkeypatch.setattr(upstream, "PATIENCE_S", END_S)
    monkeypatch.setattr(datagrams, "MAX_STRAY", 1 << 16)
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        stray = upstreams.counts.cell("upstream.stray")

        def script(asked: Asked) -> list[bytes]:
            forged = answer(asked, "a.example 300 A 203.0.113.66")[2:]
            ends = time.monotonic() + END_S
            for number, ident in enumerate(ident for ident in range(65_536) if ident != asked.id):
                while number - stray.fresh >= BATCH:
                    assert time.monotonic() < ends, "they are not read"
                    time.sleep(0.0005)
                asked.send(ident.to_bytes(2, "big") + forged)
            return [answer(asked)]

        fake.script = script
        coming: asyncio.Future[Kept | Failure] = asyncio.get_running_loop().create_future()
        upstreams.ask(asking(), coming.set_result)
        async with asyncio.timeout(END_S):
            assert address(await coming) == REAL
    assert (stray.fresh, len(fake.asked)) == (65_535, 1)
