"""The doctor's own questions."""

import dns.edns
import dns.message
import dns.rcode

from appliance.core.asker import Asker
from appliance.core.wire import dns as wire
from appliance.nameserver.sights import CHECK_DOMAIN, no_such_name, sight_of
from tests.nameserver.test_resolver import KIM_MAC, told_mac
from tests.running import question

ASKED = question(f"t0k3n.{CHECK_DOMAIN}", options=[*told_mac(KIM_MAC), dns.edns.GenericOption(dns.edns.NSID, b"x")])


def parsed() -> wire.Query:
    """Return the doctor's question."""
    found = wire.parse_query(ASKED.to_wire())
    assert isinstance(found, wire.Query)
    return found


def test_what_it_carried() -> None:
    """Its token, where it came from, who that is, and the options that say who asks: no others."""
    assert sight_of(parsed(), "192.0.2.1", Asker(device="tablet", via="router")) == {
        "token": "t0k3n",
        "source": "192.0.2.1",
        "via": "router",
        "device": "tablet",
        "options": {"65001": KIM_MAC.replace(":", "")},
    }


def test_reply() -> None:
    """There is no such name, for just this question."""
    reply = dns.message.from_wire(no_such_name(parsed()))
    assert ASKED.is_response(reply)
    assert reply.rcode() == dns.rcode.NXDOMAIN
