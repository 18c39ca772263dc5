"""What the tests of upstreams ask, and what came of it."""

import asyncio
import socket

from appliance.config import Endpoint
from appliance.core.answers import Kept
from appliance.core.query import Ask, Failure
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.core.wire import dns as wire
from appliance.nameserver.upstream import Upstreams
from tests.running import free_port, question, until

ALLOWED = Verdict(Action.ALLOW, Step.DEFAULT, Reason("default"))


def asking(name: str = "a.example", qtype: str = "A") -> Ask:
    """Return what the resolver wants to know."""
    parsed = wire.parse_query(question(name, qtype).to_wire())
    assert isinstance(parsed, wire.Query)
    return Ask(parsed, ALLOWED, name, (name, parsed.qtype, wire.RD | wire.AD))


async def outcome_of(upstreams: Upstreams, ask: Ask | None = None) -> Kept | Failure:
    """Return what came of a question."""
    coming: asyncio.Future[Kept | Failure] = asyncio.get_running_loop().create_future()
    upstreams.ask(ask or asking(), coming.set_result)
    async with asyncio.timeout(10):
        return await coming


async def settled(upstreams: Upstreams) -> None:
    """Wait until no question is under way."""
    await asyncio.to_thread(until, lambda: not upstreams._under_way, 10, "nothing is under way")


def address(outcome: Kept | Failure) -> str:
    """Return the last address of an outcome, the failure's or the RCODE's name where there is none."""
    if isinstance(outcome, Failure):
        return outcome.name
    if outcome.message.rcode:
        return str(outcome.message.rcode)
    last = outcome.message.answers[-1]
    return socket.inet_ntoa(outcome.message.wire[last.rdata_at : last.end])


def refusing() -> Endpoint:
    """Return an endpoint where nobody listens."""
    return Endpoint("127.0.0.1", free_port("127.0.0.1"))
