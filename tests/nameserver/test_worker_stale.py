"""A worker that may not give out old answers."""

import asyncio

from tests.fakes import REAL, answer, failing, fake_upstream
from tests.nameserver.inside import in_loop
from tests.nameserver.test_worker import led
from tests.running import ALLOWED

TTL_S = 1


@in_loop
async def test_nothing_old_is_given_out() -> None:
    """When the servers fail, it says so as soon as the answer has ended."""
    with fake_upstream(lambda asked: [answer(asked, ttl=TTL_S)]) as fake:
        async with led(fake.endpoint, serves_stale=False) as worker:
            await worker.adopt(None)
            assert await worker.seen(ALLOWED) == [REAL]
            fake.script = failing(2)
            await asyncio.sleep(TTL_S + 0.1)
            assert await worker.seen(ALLOWED) == []
