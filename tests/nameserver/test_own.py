"""Questions of our own."""

import dns.message

from appliance.core.query import upstream_query
from appliance.nameserver.own import ALIVE, own_question


def test_our_own_questions_are_whole() -> None:
    """Dnspython reads them."""
    told = dns.message.from_wire(upstream_query(own_question("dns.example", 28), 7))
    assert told.question[0].to_text() == "dns.example. IN AAAA"
    assert dns.message.from_wire(upstream_query(ALIVE, 7)).question[0].to_text() == ". IN NS"
