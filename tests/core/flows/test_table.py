"""The table of flows: bounded, patient for ten seconds, and of a flow that is settled it says the same again."""

import struct

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.flows.flow import MAX_OCTETS
from appliance.core.flows.settle import WATCH, Settle, Why
from appliance.core.flows.table import MAX_SECONDS, REST_SECONDS, Flows
from appliance.core.signs.facts import Kind
from appliance.core.wire.packet import ACK, FIN, RST, SYN, URG, Packet, Protocol
from tests.core.flows.packets import (
    ANSWER,
    ASK,
    CLIENT,
    HELLO,
    ISN,
    NAME,
    PORT,
    REQUEST,
    SERVER,
    SERVER_HELLO,
    accept,
    ask,
    ids,
    reply,
    say,
    syn,
    tell,
)
from tests.core.wire.initials import crypto, hello_message, pieces, seal

OTHERS = HELLO.replace(b"kind", b"good")
NEIGHBOUR = bytes((192, 0, 2, 9))


def settled(said: object) -> Settle:
    """Return it, if it is one."""
    assert isinstance(said, Settle)
    return said


def begin(flows: Flows, at: float, isn: int = ISN) -> None:
    """Open a connection."""
    assert flows.feed(syn(isn=isn), at) is WATCH
    assert flows.feed(accept(isn + 1), at) is WATCH


def from_port(port: int, payload: bytes = b"hello", flags: int = ACK) -> Packet:
    """Return a segment of a client with another port."""
    return Packet(CLIENT, SERVER, Protocol.TCP, port, 443, payload, 1, flags)


# --- again


def test_what_is_settled_stays_so() -> None:
    """Both ways, for ten seconds after its last packet."""
    flows = Flows()
    begin(flows, 0.0)
    first = settled(flows.feed(say(0, HELLO), 1.0))
    assert (first.name, first.is_again) == (NAME, False)
    for at, packet in ((2.0, say(0, OTHERS)), (11.5, reply(0, SERVER_HELLO)), (21.0, say(0, b""))):
        again = settled(flows.feed(packet, at))
        assert (again.name, again.is_again) == (NAME, True)
    assert settled(flows.feed(say(0, OTHERS), 21.0 + REST_SECONDS)).name == "www.good.example"
    assert len(flows) == 1


def test_another_handshake_of_quic_is_another_connection() -> None:
    """On the ports of one that was settled, whatever that was; the same one sent again is the same."""
    first, second = (seal(crypto(0, hello_message(name)), dcid=bytes(8)) for name in (NAME, "www.good.example"))
    other = seal(crypto(0, hello_message("www.good.example")), dcid=b"\1" * 8)
    flows = Flows(wants_start=True)
    assert settled(flows.feed(ask(first), 1.0)).name == NAME
    assert settled(flows.feed(ask(first), 1.1)).is_again
    assert settled(flows.feed(ask(second), 1.2)).is_again, "with the same ID a server takes it for the same"
    found = settled(flows.feed(ask(other), 1.3))
    assert (found.name, found.is_again) == ("www.good.example", False)
    assert settled(flows.feed(tell(b"\x40" + bytes(30)), 1.4)).name == "www.good.example"


def test_a_server_may_say_where_the_words_begin() -> None:
    """Then no SYN need be seen: what stands elsewhere, earlier or later, is not read in their place."""
    flows = Flows(wants_start=True)
    assert flows.feed(say(len(HELLO), OTHERS), 0.0) is WATCH, "a decoy, further on"
    found = settled(flows.feed(say(0, HELLO), 0.0, is_first=True))
    assert (found.name, found.is_begun, found.signs) == (NAME, True, ())
    assert settled(flows.feed(say(0, HELLO), 1.0, is_first=True)).is_again, "the same one sent again"
    second = settled(flows.feed(say(0, OTHERS, isn=5), 2.0, is_first=True))
    assert (second.name, second.is_again) == ("www.good.example", False), "another connection on these ports"


def test_who_says_all_at_once_is_never_watched() -> None:
    """It is settled as any other is, and what its ports say later is known by it."""
    flows = Flows()
    first = settled(flows.feed(say(0, HELLO), 0.0, is_first=True))
    assert (first.name, first.why, len(flows)) == (NAME, Why.READ, 1)
    assert settled(flows.feed(reply(0, SERVER_HELLO), 0.1)) == msgspec.structs.replace(first, is_again=True)
    other = settled(flows.feed(say(0, OTHERS, isn=5), 2.0, is_first=True))
    assert (other.name, other.is_again) == ("www.good.example", False), "another connection on these ports"


def test_where_the_words_begin_is_known() -> None:
    """By a SYN, by what the server said, or because nothing depends on it any more."""
    flows = Flows(wants_start=True)
    assert not flows.has_start(say(0, HELLO)), "never seen"
    assert flows.feed(say(9, HELLO[9:]), 0.0) is WATCH
    assert not flows.has_start(say(0, HELLO)), "the middle of something"
    flows = Flows(wants_start=True)
    assert flows.feed(say(0, HELLO[:9]), 0.0, is_first=True) is WATCH
    assert flows.has_start(say(9, HELLO[9:]))
    assert settled(flows.feed(say(9, HELLO[9:]), 0.0)).name == NAME
    assert flows.has_start(say(500, b"more"))


def test_what_the_kernel_cut_bears_one_mark() -> None:
    """Parts of one large packet are all said to be the first: only the first of them is."""
    flows = Flows(wants_start=True)
    assert flows.feed(say(0, HELLO[:20]), 0.0, is_first=True) is WATCH
    assert flows.feed(say(20, HELLO[20:40]), 0.0, is_first=True) is WATCH
    found = settled(flows.feed(say(40, HELLO[40:]), 0.01, is_first=True))
    assert (found.name, found.signs) == (NAME, ())
    assert settled(flows.feed(say(len(HELLO), b"more"), 0.02, is_first=True)).is_again
    assert settled(flows.feed(say(len(HELLO), OTHERS), 5.0, is_first=True)).name == "www.good.example", "much later"


def test_words_without_their_beginning() -> None:
    """Where the beginning is wanted, they tell of what kind they are, and no name."""
    flows = Flows(wants_start=True)
    assert flows.feed(say(0, HELLO), 0.0) is WATCH
    (found,) = flows.overdue(MAX_SECONDS)
    assert (found.why, found.kind, found.name, found.is_begun) == (Why.TIME, Kind.TLS, None, False)


def test_what_is_watched_gives_way_to_another_connection() -> None:
    """By the number of its first octet, too."""
    flows = Flows()
    assert flows.feed(say(0, HELLO[:20]), 0.0, is_first=True) is WATCH
    found = settled(flows.feed(say(0, OTHERS, isn=5), 1.0, is_first=True))
    assert (found.name, found.signs) == ("www.good.example", ())
    (before,) = flows.overdue(1.0)
    assert (before.why, before.name) == (Why.END, None)


def test_ports_taken_for_another_connection() -> None:
    """A SYN of another number begins anew, at once; the same one sent again does not."""
    flows = Flows()
    begin(flows, 0.0)
    flows.feed(say(0, HELLO), 0.0)
    assert settled(flows.feed(syn(), 1.0)).is_again
    begin(flows, 2.0, isn=5)
    second = settled(flows.feed(say(0, OTHERS, isn=5), 2.0))
    assert (second.name, second.is_again, second.is_begun) == ("www.good.example", False, True)


def test_ports_taken_while_the_first_connection_is_watched_or_silent() -> None:
    """That one has ended; its number sent again changes nothing."""
    for said in ([], [say(0, REQUEST[:-2])]):
        flows = Flows()
        for packet in [syn(), accept(), *said, syn()]:
            assert flows.feed(packet, 0.0) is WATCH
        assert len(flows) == 1
        assert flows.overdue(0.0) == ()
        begin(flows, 1.0, isn=5)
        (old,) = flows.overdue(1.0)
        assert (old.why, old.name) == (Why.END, NAME if said else None)
        assert settled(flows.feed(say(0, OTHERS, isn=5), 1.0)).name == "www.good.example"


def test_a_new_connection_nobody_answered_is_not_sure() -> None:
    """The server may go on with the first one."""
    flows = Flows()
    begin(flows, 0.0)
    assert flows.feed(syn(isn=5), 0.0) is WATCH
    found = settled(flows.feed(say(0, OTHERS, isn=5), 1.0))
    assert (found.name, ids(found)) == (None, ["two_stories"])


def test_a_flow_seen_in_its_middle_and_then_a_syn() -> None:
    """Is one flow: packets come in a wrong order now and then."""
    flows = Flows()
    assert flows.feed(say(0, HELLO[:30]), 0.0) is WATCH
    begin(flows, 0.0)
    assert settled(flows.feed(say(30, HELLO[30:]), 0.0)).name == NAME


# --- what is no flow, and what is settled at once


def test_a_packet_without_words_opens_nothing() -> None:
    """But for a SYN."""
    flows = Flows()
    for flags in (ACK, FIN | ACK, RST):
        assert flows.feed(say(0, b"", flags=flags), 0.0) is WATCH
    assert flows.feed(ask(b""), 0.0) is WATCH
    assert len(flows) == 0
    assert flows.feed(accept(), 0.0) is WATCH
    assert len(flows) == 1


@pytest.mark.parametrize("protocol", [Protocol.ICMP, Protocol.SCTP, 4, 255])
def test_other_protocols(protocol: int) -> None:
    """There is nothing to wait for."""
    flows = Flows()
    for is_again in (False, True):
        found = settled(flows.feed(Packet(CLIENT, SERVER, protocol, payload=b"\x08\x00hello"), 0.0))
        assert (found.why, found.kind, found.name, found.is_again) == (Why.PROTOCOL, Kind.OTHER, None, is_again)
        assert (found.client, found.server) == (CLIENT, SERVER)


def test_esp_is_known_by_its_number() -> None:
    """As a strong sign."""
    assert ids(settled(Flows().feed(Packet(CLIENT, SERVER, Protocol.ESP, payload=bytes(40)), 0.0))) == ["ipsec"]


# --- time


def test_ten_seconds_from_the_first_payload() -> None:
    """And not from the SYN; then what is there is all."""
    flows = Flows()
    begin(flows, 0.0)
    flows.feed(say(0, REQUEST[:-2]), 5.0)
    flows.feed(say(len(REQUEST) - 2, b"a"), 6.0)
    flows.feed(from_port(1_111), 7.0)
    assert flows.overdue(5.0 + MAX_SECONDS - 0.1) == ()
    (late,) = flows.overdue(5.0 + MAX_SECONDS)
    assert (late.why, late.name) == (Why.TIME, NAME)
    assert flows.overdue(5.0 + MAX_SECONDS) == ()
    again = settled(flows.feed(say(0, HELLO), 16.0))
    assert (again.name, again.why, again.is_again) == (NAME, Why.TIME, True)


def test_at_the_end_all_is_settled() -> None:
    """What is watched, and what opened and said nothing."""
    flows = Flows(watch_s=float("inf"), rest_s=float("inf"))
    begin(flows, 1.0)
    flows.feed(from_port(1_111), 1e9)
    flows.feed(ask(ASK, 53), 2e9)
    assert flows.overdue(3e9) == ()
    assert [(one.why, one.name) for one in flows.end()] == [(Why.END, None), (Why.END, NAME), (Why.END, None)]
    assert list(flows.end()) == []


# --- room


def test_the_oldest_gives_room_without_a_name() -> None:
    """Though it could be told one: nothing can be pushed out that would have been read otherwise."""
    flows = Flows(max_flows=2)
    begin(flows, 0.0)
    flows.feed(say(0, REQUEST[:-2]), 0.0)
    for number in range(2):
        assert flows.feed(from_port(1_000 + number), 1.0) is WATCH
    (given_up,) = flows.overdue(1.0)
    assert (given_up.why, given_up.name, given_up.client_port) == (Why.ROOM, None, PORT)
    assert settled(flows.feed(say(0, HELLO), 2.0)).why is Why.ROOM


def test_a_flow_settled_by_its_first_words_needs_no_room() -> None:
    """Nobody is pushed out for it."""
    flows = Flows(max_flows=1)
    flows.feed(from_port(1_111), 0.0)
    assert settled(flows.feed(say(0, HELLO), 0.0)).name == NAME
    assert flows.overdue(0.0) == ()


def test_every_table_is_bounded() -> None:
    """Open, watched, settled, and those set aside that nobody asks for."""
    flows = Flows(max_flows=3)
    for port in range(1_000, 1_100):
        flows.feed(from_port(port, b"", SYN), 0.0)
        flows.feed(from_port(port + 1_000), 0.0)
        flows.feed(from_port(port + 2_000, HELLO), 0.0)
        assert len(flows) <= 9
    assert len(flows.overdue(0.0)) == 3


def test_of_many_senders_that_are_silent_the_oldest_is_forgotten() -> None:
    """Each has one connection: nobody has more than a share."""
    flows = Flows(max_flows=3)
    opened = [msgspec.structs.replace(syn(), source=bytes((192, 0, 2, number))) for number in range(5)]
    for packet in opened:
        assert flows.feed(packet, 0.0) is WATCH
    assert [flows.has_start(packet) for packet in opened] == [False, False, True, True, True]


@pytest.mark.parametrize("words", [b"", HELLO[:30]])
def test_one_sender_pushes_out_only_its_own(words: bytes) -> None:
    """Whatever it opens: what others have begun is read to its end."""
    flows = Flows(max_flows=8, max_share=2)
    begin(flows, 0.0)
    for port in range(1_000, 1_100):
        flows.feed(msgspec.structs.replace(from_port(port, words, ACK if words else SYN), source=NEIGHBOUR), 0.0)
    assert {one.client for one in flows.overdue(0.0)} <= {NEIGHBOUR}
    assert settled(flows.feed(say(0, HELLO), 0.0)).name == NAME


def test_what_is_over_the_share_is_told() -> None:
    """The oldest that is watched, without a name; one that was silent is forgotten."""
    flows = Flows(max_flows=8, max_share=2)
    for port in (1_000, 1_001, 1_002):
        flows.feed(from_port(port), 0.0)
    assert [(one.why, one.client_port) for one in flows.overdue(0.0)] == [(Why.ROOM, 1_000)]
    flows = Flows(max_flows=8, max_share=1)
    for port in (PORT, 1_001):
        flows.feed(from_port(port, b"", SYN), 0.0)
    assert (len(flows), flows.overdue(0.0)) == (1, ())
    assert not settled(flows.feed(say(0, HELLO), 0.0)).is_begun


def test_a_share_is_given_back() -> None:
    """By what is settled, by what runs out of time, by what its ports are taken from, and by the end."""
    flows = Flows(max_flows=8, max_share=1)
    begin(flows, 0.0)
    flows.feed(say(0, HELLO), 0.0)
    flows.feed(from_port(1_000), 0.0)
    assert len(flows.overdue(10.0)) == 1
    flows.feed(from_port(1_001, b"", SYN), 20.0)
    list(flows.end())
    assert flows._of == {}


# --- anything

WIRE = [
    HELLO,
    HELLO[:30],
    HELLO[30:],
    OTHERS,
    REQUEST,
    REQUEST[:-2],
    SERVER_HELLO,
    b"HTTP/1.1 200 OK\r\n\r\n",
    ASK,
    ANSWER,
]
WIRE += [b"EHLO a\r\nSTARTTLS\r\n", b"CONNECT a.example:1 HTTP/1.1\r\n\r\n", struct.pack("!H", len(ASK)) + ASK, b""]
WIRE += [seal(crypto(*piece), number) for number, piece in enumerate(pieces(hello_message(NAME), [9, 60]))]
ENDS = st.sampled_from([(CLIENT, PORT), (SERVER, 443), (SERVER, 53), (CLIENT, 443)])
PACKETS = st.builds(
    lambda source, target, protocol, payload, at, flags, acknowledged: Packet(
        source[0], target[0], protocol, source[1], target[1], payload, (ISN + at) % 2**32, flags, acknowledged
    ),
    ENDS,
    ENDS,
    st.sampled_from([Protocol.TCP, Protocol.TCP, Protocol.UDP, Protocol.ICMP]),
    st.sampled_from(WIRE) | st.binary(max_size=80),
    st.sampled_from([0, 1, 2, 31, 60]) | st.integers(-70, 20_000) | st.integers(0, 2**32 - 1),
    st.sampled_from([ACK, SYN, SYN | ACK, FIN | ACK, RST, 0, ACK | URG]),
    st.sampled_from([0, ISN + 1, ISN + 2]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(PACKETS, st.floats(0, 8)), max_size=40), st.integers(1, 3))
def test_any_packets_give_watch_or_settle(said: list[tuple[Packet, float]], max_flows: int) -> None:
    """Nothing else, no error, and never more is held than is allowed."""
    flows = Flows(max_flows)
    now = 0.0
    for packet, pause in said:
        now += pause
        found = flows.feed(packet, now)
        assert found is WATCH or isinstance(found, Settle)
        assert len(flows) <= 3 * max_flows
        for flow in (*flows._open.values(), *flows._watched.values()):
            assert flow._octets < MAX_OCTETS
        assert all(isinstance(one, Settle) for one in flows.overdue(now))
    assert all(isinstance(one, Settle) for one in flows.end())


@given(st.permutations([syn(), accept(), say(0, HELLO[:30]), say(30, HELLO[30:]), reply(0, b"hi")]), st.integers(0, 4))
def test_any_order_gives_the_name_or_none(order: list[Packet], doubled: int) -> None:
    """And never another one."""
    flows = Flows()
    said = [flows.feed(packet, 0.0) for packet in (*order, order[doubled])]
    found = [one for one in said if one is not WATCH] + list(flows.end())
    assert {one.name for one in found} <= {NAME, None}


def test_datagrams_settle_as_streams_do() -> None:
    """By the answer."""
    flows = Flows()
    assert flows.feed(ask(ASK, 53), 0.0) is WATCH
    assert settled(flows.feed(tell(ANSWER, 53), 0.0)).name == NAME
