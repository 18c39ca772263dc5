"""Where the servers are that are given by a name: asked of plain servers, and asked again when nobody is there."""

import asyncio
from collections.abc import Callable
from ipaddress import ip_address
from itertools import chain, zip_longest

from appliance.core.query import Ask
from appliance.core.wire import dns
from appliance.core.wire.dns import Message
from appliance.nameserver.own import own_question
from appliance.world import clock

MIN_TTL_S = 60
MAX_TTL_S = 86_400
SECOND_S = 0.2
"""How long the second family is waited for when the first has come."""

Start = Callable[[Ask, Callable[[Message | None], None]], None]


class Bootstrap:
    """The addresses of names, each kept for as long as its answer says."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._known: dict[str, tuple[float, tuple[str, ...]]] = {}

    async def find(self, name: str) -> tuple[str, ...]:
        """Return the addresses of a name, old ones where nobody answers, none where nobody ever did."""
        until, known = self._known.get(name, (0.0, ()))
        if clock.uptime() < until:
            return known
        found, ttl_s = await self._ask(name)
        if found:
            known = found
            self._known[name] = clock.uptime() + max(MIN_TTL_S, min(ttl_s, MAX_TTL_S)), found
        return known

    def doubt(self, name: str) -> None:
        """Ask again before the next use: nobody was there."""
        if name in self._known:
            self._known[name] = 0.0, self._known[name][1]

    async def _ask(self, name: str) -> tuple[tuple[str, ...], int]:
        """Return the addresses that a name has now, of both families in turn, and for how many seconds."""
        loop = asyncio.get_running_loop()
        coming: list[asyncio.Future[Message | None]] = [loop.create_future(), loop.create_future()]
        for qtype, answer in zip((dns.A, dns.AAAA), coming, strict=True):
            self._start(own_question(name, qtype), answer.set_result)
        await asyncio.wait(coming, return_when=asyncio.FIRST_COMPLETED)
        if any(_addresses(one) for one in coming):
            await asyncio.wait(coming, timeout=SECOND_S)
        else:
            await asyncio.wait(coming)
        found = [_addresses(one) for one in coming]
        ttls = [ttl_s for one in found for _, ttl_s in one]
        in_turn = chain.from_iterable(zip_longest(*found))
        return tuple(one[0] for one in in_turn if one is not None), min(ttls, default=0)


def _addresses(coming: "asyncio.Future[Message | None]") -> list[tuple[str, int]]:
    """Return the addresses of an answer that has come, each with its TTL."""
    message = coming.result() if coming.done() else None
    if message is None or message.rcode != dns.NOERROR:
        return []
    octets = {dns.A: 4, dns.AAAA: 16}
    return [
        (str(ip_address(message.wire[record.rdata_at : record.end])), record.ttl_s)
        for record in message.answers
        if octets.get(record.rtype) == record.end - record.rdata_at
    ]
