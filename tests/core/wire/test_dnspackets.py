"""Thousands of messages that other resolvers' authors collected: none does us harm, and we read them as others do."""

import gzip
import json
from functools import cache
from typing import Any

import dns.message
import pytest

from appliance.core import names
from appliance.core.wire.dns import Message, Query, Refusal, parse_message, parse_query
from appliance.core.wire.reader import WireError
from tests.core.wire.octets import is_ordinary
from tests.needs import shared

pytestmark = pytest.mark.shared


@cache
def packets() -> tuple[dict[str, Any], ...]:
    """Return all messages."""
    return tuple(json.loads(gzip.decompress(shared("cases/dnspackets/index.json.gz").read_bytes())))


def test_a_query_gives_a_query_a_refusal_or_silence() -> None:
    """Never an error, and a query only where dnspython reads one too."""
    queries = [packet for packet in packets() if packet["qr"] == 0]
    found = [(packet, parse_query(bytes.fromhex(packet["hex"]))) for packet in queries]
    assert {Query, Refusal, type(None)} >= {type(parsed) for _, parsed in found}
    assert [packet["id"] for packet, parsed in found if isinstance(parsed, Query) and packet["dnspython"] != "ok"] == []
    assert len(queries) > 1500


def test_ordinary_queries_are_read_as_dnspython_reads_them() -> None:
    """The same name, type and options."""
    seen = 0
    for packet in packets():
        if packet["qr"] == 1 or packet["dnspython"] != "ok":
            continue
        read = dns.message.from_wire(bytes.fromhex(packet["hex"]))
        if not is_ordinary(read):
            continue
        seen += 1
        asked = read.question[0]
        parsed = parse_query(bytes.fromhex(packet["hex"]))
        assert isinstance(parsed, Query), packet["id"]
        expected = (read.id, names.from_labels(asked.name.labels[:-1]), asked.rdtype, len(read.options))
        options = parsed.edns.options if parsed.edns else ()
        assert expected == (parsed.id, parsed.name, parsed.qtype, len(options)), packet["id"]
    assert seen > 400


def test_a_reply_gives_a_message_or_wire_error() -> None:
    """Never another error; and with the records that dnspython finds."""
    seen = 0
    for packet in packets():
        octets = bytes.fromhex(packet["hex"])
        if packet["qr"] == 0:
            continue
        try:
            found = parse_message(octets)
        except WireError:
            continue
        assert isinstance(found, Message)
        if packet["dnspython"] == "ok":
            seen += 1
            read = dns.message.from_wire(octets, one_rr_per_rrset=True)
            assert len(read.answer) == len(found.answers), packet["id"]
            assert read.rcode() == found.rcode, packet["id"]
    assert seen > 450


def test_malformed_queries_earn_what_bind_gives_them() -> None:
    """The same RCODE."""
    expected = {packet["id"]: packet["expect"]["rcode"] for packet in packets() if packet["expect"]}
    found = {
        packet["id"]: parsed.rcode
        for packet in packets()
        if packet["expect"] and isinstance(parsed := parse_query(bytes.fromhex(packet["hex"])), Refusal)
    }
    assert expected == found
    assert len(expected) == 9
