"""The box's own name on real sockets: the address that is told is the one that was asked."""

import dns.message
import pytest

from appliance.config import Endpoint
from appliance.world.neighbours import Neighbours
from tests.nameserver.inside import in_loop, resolver_of
from tests.nameserver.test_resolver import HOUSE
from tests.nameserver.test_server import over_tcp, over_udp, serving
from tests.nameserver.test_sockets import has_v6
from tests.needs import need
from tests.running import addresses, free_port, question

WAYS = [
    ("127.0.0.1", "127.0.0.1", "127.0.0.9"),
    ("0.0.0.0", "127.0.0.1", "127.0.0.9"),
    ("0.0.0.0", "127.0.0.5", "127.0.0.9"),
    ("::1", "::1", "::1"),
    ("::", "::1", "::1"),
]


@pytest.mark.parametrize("ask", [over_udp, over_tcp])
@pytest.mark.parametrize(("listen", "asked", "client"), WAYS)
@in_loop
async def test_address_that_was_asked(listen: str, asked: str, client: str, ask: "type[over_udp]") -> None:  # type: ignore[valid-type]
    """Over UDP and TCP, IPv4 and IPv6, on a socket of one address and of all; of the other family the interface's."""
    need(":" not in asked or has_v6(), "this machine has no IPv6")
    table = Neighbours()
    try:
        resolver = resolver_of(house=HOUSE, neighbours=table)
        where = Endpoint(asked, free_port(listen))
        async with serving(resolver, Endpoint(listen, where.port)):
            found = {}
            for qtype in ("A", "AAAA", "A", "AAAA", "HTTPS"):
                reply: dns.message.Message = await ask(where, question("kindgate.home", qtype), client)  # type: ignore[misc]
                assert reply.rcode() == 0
                found[qtype] = addresses(reply)
    finally:
        table.close()
    assert found.pop("HTTPS") == []
    own, other = ("AAAA", "A") if ":" in asked else ("A", "AAAA")
    assert found[own] == [asked]
    if ":" in asked:
        assert found[other] == ["127.0.0.1"]
    elif asked == "127.0.0.1":
        assert found[other] == (["::1"] if has_v6() else [])
