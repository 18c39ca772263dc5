"""A watched flow is settled by its words, by a strong sign, or when it has said enough; and it is told who is whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.flows.flow import MAX_OCTETS, MAX_PACKETS, Flow
from appliance.core.flows.reading import Reading
from appliance.core.flows.settle import Settle, Why
from appliance.core.signs.facts import Kind
from appliance.core.signs.sign import Confidence
from appliance.core.wire.packet import Packet, Protocol
from tests.core.flows.packets import (
    CLIENT,
    HELLO,
    NAME,
    PORT,
    REQUEST,
    SERVER,
    accept,
    ask,
    ended,
    fed,
    ids,
    reply,
    say,
    syn,
    tell,
)

TWO_HOSTS = b"GET http://www.evil.example/ HTTP/1.1\r\nHost: www.kind.example\r\n\r\n"
BITTORRENT = b"\x13BitTorrent protocol" + bytes(48)


def taken(*packets: Packet) -> tuple[Flow, Settle | None]:
    """Return a flow that took packets, and what the last of them settled."""
    flow = Flow(packets[0])
    said = None
    for at, packet in enumerate(packets):
        assert said is None
        said = flow.take(packet, float(at))
    return flow, said


# --- enough


def test_twelve_packets_with_a_payload() -> None:
    """Both ways together; those without one do not count."""
    said = [syn(), accept(), *(say(at, b"\x01") if at % 2 else reply(at, b"\x01") for at in range(MAX_PACKETS - 1))]
    assert taken(*said, say(0, b""))[1] is None
    found = taken(*said, say(50, b"\x01"))[1]
    assert found is not None
    assert (found.why, found.kind, found.name) == (Why.LIMIT, Kind.OTHER, None)


def test_sixteen_kib() -> None:
    """Both ways together, and what is beyond them is not looked at."""
    assert taken(say(0, b"\x01" * 9_000), reply(0, b"\x01" * (MAX_OCTETS - 9_001)))[1] is None
    found = taken(say(0, b"\x01" * 9_000), reply(0, b"\x01" * (MAX_OCTETS - 9_000)))[1]
    assert found is not None
    assert found.why is Why.LIMIT
    long = REQUEST[:-2] + b"a: b\r\n" * 4_000
    found = fed([syn(), accept(), say(0, long[:9_000]), say(9_000, long[9_000:])])
    assert found is not None
    assert (found.kind, found.name) == (Kind.HTTP, NAME)


def test_a_hello_that_ends_beyond_the_limit_is_none() -> None:
    """Nothing of a name is made up."""
    found = fed([syn(), accept(), say(0, b"\x16\x03\x01\x40\x00" + bytes((1, 0, 0x3F, 0xFC)) + bytes(MAX_OCTETS))])
    assert found is not None
    assert found.name is None


def test_since_and_by_which_number() -> None:
    """The first payload's time, the SYN's number."""
    flow, _ = taken(syn(isn=77), accept(78), say(0, b"\x01", isn=77), say(1, b"\x01", isn=77))
    assert (flow.since, flow.opened_by) == (2.0, 77)
    flow, _ = taken(syn())
    assert flow.since is None


# --- what settles


def test_two_hosts_are_no_name() -> None:
    """A server may believe either; the sign says so."""
    found = ended([syn(), accept(), say(0, TWO_HOSTS)])
    assert (found.kind, found.name, found.address, found.why) == (Kind.HTTP, None, None, Why.READ)
    assert [(sign.id, sign.by) for sign in found.signs if sign.id == "two_stories"] == [("two_stories", "hosts")]


def test_an_address_is_no_name() -> None:
    """But is told."""
    found = ended([syn(), accept(), say(0, REQUEST.replace(NAME.encode(), b"198.51.100.2"))])
    assert (found.name, found.address) == (None, "198.51.100.2")


def test_a_strong_sign_settles() -> None:
    """Without any name."""
    found = fed([syn(), accept(), say(0, BITTORRENT)])
    assert found is not None
    assert (found.why, found.name, ids(found)) == (Why.SIGN, None, ["bittorrent"])


def test_the_surest_sign_stands_first() -> None:
    """Whoever found it."""
    found = ended([syn(), accept(), say(0, TWO_HOSTS), say(0, TWO_HOSTS)])
    sure = [sign.confidence for sign in found.signs]
    assert sure == sorted(sure, reverse=True)
    assert Confidence.LIKELY in sure


def test_making_room_reads_nothing() -> None:
    """And a flow of which the end came says what it can."""
    flow, _ = taken(syn(), accept(), say(0, REQUEST[:-2]))
    assert flow.settle(Why.ROOM).name is None
    assert flow.settle(Why.TIME).name == NAME
    assert flow.settle(Why.SIGN, Reading(Kind.TLS, "a.example")).name == "a.example"


# --- who is whom


@pytest.mark.parametrize(
    ("ports", "is_turned"),
    [
        ((50_000, 443), False),
        ((443, 50_000), True),
        ((9_000, 40_000), True),
        ((40_000, 9_000), False),
        ((40_000, 50_000), False),
        ((9_000, 9_001), False),
        ((80, 443), False),
    ],
)
def test_the_client_by_its_port(ports: tuple[int, int], is_turned: bool) -> None:
    """Where only one of them is a client's; else the first to speak."""
    found = ended([Packet(CLIENT, SERVER, Protocol.UDP, *ports, b"hello")])
    assert (found.client, found.client_port) == ((SERVER, ports[1]) if is_turned else (CLIENT, ports[0]))
    assert (found.server, found.server_port) == ((CLIENT, ports[0]) if is_turned else (SERVER, ports[1]))


def test_the_server_speaks_first() -> None:
    """The client's hello says whose the flow is."""
    found = ended([reply(0, b"\x01"), say(0, HELLO)])
    assert (found.client, found.client_port, found.server, found.server_port) == (CLIENT, PORT, SERVER, 443)
    assert not found.is_begun


def test_the_same_address_at_both_ends() -> None:
    """Ends are told by their ports too."""
    there = Packet(CLIENT, CLIENT, Protocol.UDP, 53, PORT, b"\1")
    back = Packet(CLIENT, CLIENT, Protocol.UDP, PORT, 53, b"\1")
    found = ended([there, back])
    assert (found.client_port, found.server_port) == (PORT, 53)


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=30)), min_size=1, max_size=MAX_PACKETS - 1))
def test_any_datagrams_are_told_from_the_clients_side(said: list[tuple[bool, bytes]]) -> None:
    """Whoever was seen first."""
    found = ended([ask(octets, 9_999) if is_clients else tell(octets, 9_999) for is_clients, octets in said])
    assert {found.client, found.server} == {CLIENT, SERVER}
    assert found.client_port in (PORT, 9_999)
