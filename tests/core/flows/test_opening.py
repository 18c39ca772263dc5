"""A connection that says all in its first packet is what a watched flow would say that it is; else it is watched."""

import ssl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from appliance.core.flows.flow import MAX_OCTETS, Flow
from appliance.core.flows.opening import read_opening
from appliance.core.flows.settle import Settle
from appliance.core.signs.known import NOTHING, Known
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.wire.packet import ACK, FIN, RST, SYN, URG, Packet, Protocol
from tests.core.flows.packets import ASK, HELLO, NAME, REQUEST, SERVER, say
from tests.core.wire import hellos

KNOWN = Known(
    below={"evil.example": Sign("tunnel", Confidence.STRONG, "name")},
    blocks={(4, 24): {int.from_bytes(SERVER[:3], "big"): Sign("doh", Confidence.STRONG, "address")}},
)
PSH = 8
TORS = hellos.of_ssl("www.2zq5xb3dkdl.com", ssl.TLSVersion.TLSv1_2, has_tickets=False)
WHOLE = {
    "a small hello": HELLO,
    "Chromium's": hellos.CHROMIUM,
    "OpenSSL's, with protocols": hellos.of_ssl(NAME, ssl.TLSVersion.TLSv1_3, "h2", "dot"),
    "Tor's": TORS,
    "one that names nothing": hellos.record(hellos.message(b"")),
    "one that names a way round": hellos.record(hellos.message(hellos.server_name(b"a.evil.example"))),
    "one in many records": hellos.records(hellos.message(hellos.server_name(NAME.encode())), 7),
    "one with more behind it": HELLO + REQUEST,
}
PARTS = {
    "nothing": b"",
    "the beginning of a hello": HELLO[:-1],
    "one that can't be read": HELLO[:40] + b"\xff" * (len(HELLO) - 40),
    "SSLv2's": b"\x80\x0b\x01\x03\x01\x00\x02\x00\x00\x00\x00\x00\x2f",
    "an empty record before it": b"\x15\x03\x01\x00\x02\x01\x00" + HELLO,
    "one beyond the limit": hellos.record(hellos.message(hellos.server_name(NAME.encode()))) + bytes(MAX_OCTETS),
    "a request": REQUEST,
    "a question": len(ASK).to_bytes(2, "big") + ASK,
}


def watched(packet: Packet, known: Known) -> Settle | None:
    """Return what a flow is by its first packet, None while more is wanted."""
    return Flow(packet, known, wants_start=True).take(packet, 1.0, is_first=True)


@pytest.mark.parametrize("known", [NOTHING, KNOWN], ids=["nothing known", "some known"])
@pytest.mark.parametrize("words", WHOLE.values(), ids=WHOLE)
def test_who_says_all_at_once_is_not_watched(words: bytes, known: Known) -> None:
    """And is what a watched flow would be, its signs too."""
    found = read_opening(say(0, words), known)
    assert found is not None
    assert found == watched(say(0, words), known)


@pytest.mark.parametrize("words", PARTS.values(), ids=PARTS)
def test_who_says_less_or_something_else_is_watched(words: bytes) -> None:
    """What that comes to is not this room's to say."""
    assert read_opening(say(0, words), KNOWN) is None


@pytest.mark.parametrize("flags", [0, FIN, ACK | RST, ACK | URG, SYN, SYN | ACK])
def test_what_a_server_takes_otherwise_or_not_at_all_is_watched(flags: int) -> None:
    """A reset, octets out of band, and what opens a connection."""
    assert read_opening(say(0, HELLO, flags=flags), KNOWN) is None
    assert read_opening(say(0, HELLO, flags=ACK | PSH | FIN), KNOWN) is not None


def test_over_udp_it_is_none() -> None:
    """There a hello is QUIC's."""
    assert read_opening(replace(say(0, HELLO), protocol=Protocol.UDP), KNOWN) is None


@given(
    st.sampled_from(sorted(WHOLE.values())),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    st.integers(0, 3_000),
    st.sampled_from([ACK, ACK | PSH, ACK | FIN, ACK | URG, ACK | RST, RST, SYN]),
)
@example(TORS, [], 3_000, ACK)
def test_it_never_says_anything_else_than_a_watched_flow(
    words: bytes, changes: list[tuple[int, int]], size: int, flags: int
) -> None:
    """Whatever the octets are: what it doesn't say, the flow goes on to find out."""
    altered = bytearray(words)
    for at, octet in changes:
        altered[at % len(altered)] = octet
    packet = say(0, bytes(altered[:size]), flags=flags)
    found = read_opening(packet, KNOWN)
    if found is not None:
        assert found == watched(packet, KNOWN)
