"""What is not there, said out of the cache (RFC 2308)."""

import pytest

from appliance.core.query import Ask, Reply
from tests.core.box import Box, read
from tests.core.builders import AT, adult, message, query

SOA = "example 60 SOA ns.example admin.example 1 2 3 4 50"


def gone() -> Box:
    """Return a box whose cache knows that a name has no address, because it is not there."""
    box = Box(person=adult())
    box.journey(query("gone.example"), message("gone.example", authorities=[SOA], rcode=3))
    return box


@pytest.mark.parametrize("qtype", ["A", "AAAA", "TXT", "HTTPS"])
def test_name_that_is_not_there(qtype: str) -> None:
    """Nobody is asked for another type of it; the question is the client's own, and the SOA's TTL counts down."""
    asked = query("gONE.example", qtype)
    found = gone().reply(asked, AT + 20)
    reply = read(found)
    assert (reply.rcode(), found.wire[12 : 12 + len(asked.question)]) == (3, asked.question)
    assert [rrset.ttl for rrset in reply.authority] == [27]


def test_who_checks_signatures_is_asked_for() -> None:
    """What came without signatures is no answer to a question with DO."""
    assert isinstance(gone().begin(query("gone.example", want_dnssec=True), AT + 20), Ask)


def test_it_ends() -> None:
    """With the lesser of the SOA's TTL and its MINIMUM."""
    box = gone()
    assert isinstance(box.begin(query("gone.example"), AT + 49.9), Reply)
    assert isinstance(box.begin(query("gone.example"), AT + 50), Ask)
