"""A client's Initials give its hello whatever their order, version and company, and never a name nobody sent."""

import contextlib
import itertools
import random

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicProtocolVersion, encode_quic_retry, encode_quic_version_negotiation
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.hello import Hello
from appliance.core.wire.quic import MAX_ATTEMPTS, MAX_PACKETS, Initials, is_quic, opened_with
from appliance.core.wire.quic_frames import MAX_CRYPTO_OCTETS
from appliance.core.wire.reader import NEED_MORE, NeedMore, WireError
from tests.core.wire.initials import DCID, V1, V2, chlo, crypto, hello_message, pieces, seal

NAME = "www.example.com"
MESSAGE = hello_message()
FIRST = seal(crypto(0, MESSAGE))
OTHER_DCID = bytes(range(20))
VERSIONS = [V1, V2, *range(0xFF000016, 0xFF000023), 0xFACEB001, 0xFACEB002, 0xFACEB003, 0xFACEB00E, 0xBABABABA]
PEER = ("192.0.2.1", 443)


def name_in(*datagrams: bytes) -> str | None:
    """Return the name that a flow of these datagrams asks for, None while there is no hello."""
    flow = Initials()
    for datagram in datagrams:
        said: Hello | NeedMore = flow.feed(datagram)
        if said is not NEED_MORE:
            return said.name
    return None


# --- versions


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version(version: int) -> None:
    """One datagram holds it all."""
    assert name_in(seal(crypto(0, MESSAGE), version=version)) == NAME


@pytest.mark.parametrize("version", [0x54303530, 0x54303531])
def test_googles_quic_with_tls(version: int) -> None:
    """T050 and T051: sealed, and CRYPTO frames have Google's number."""
    assert name_in(seal(crypto(0, MESSAGE, kind=0x08), version=version)) == NAME


def test_googles_last_quic() -> None:
    """Q050: sealed, with a CHLO inside, here in two packets."""
    message = chlo({b"PAD\x00": bytes(900), b"SNI\x00": NAME.encode()})
    packets = [seal(crypto(at, part, kind=0x08), version=0x51303530) for at, part in pieces(message, [500])]
    assert name_in(packets[0]) is None
    assert name_in(packets[1], packets[0]) == NAME


def test_an_unpublished_version() -> None:
    """Is QUIC if it looks like a whole first datagram: it may open with the keys of another version."""
    version = 0x12345678
    first = seal(crypto(0, MESSAGE), version=version)
    assert name_in(first) == NAME
    plain = bytes((first[0] & ~0x40,)) + first[1:]
    few = seal(crypto(0, MESSAGE), version=version, dcid=b"1234567")
    for other in (first[:-1], seal(crypto(0, MESSAGE), version=version, pad_to=500), plain, few):
        assert not is_quic(other)
        with pytest.raises(WireError):
            Initials().feed(other)


# --- in pieces


@pytest.mark.parametrize("version", [V1, V2])
def test_three_datagrams_in_every_order(version: int) -> None:
    """Each twice."""
    message = hello_message(padding=1700)
    packets = [seal(crypto(*piece), number, version=version) for number, piece in enumerate(pieces(message, [40, 900]))]
    for order in itertools.permutations(packets):
        assert name_in(*order) == NAME
        assert name_in(order[0], order[0], order[1], order[0], order[1]) is None
        assert name_in(*(order * 2)) == NAME


@given(st.randoms(use_true_random=False), st.lists(st.integers(1, len(MESSAGE) - 1), max_size=12))
def test_scattered_frames(dice: random.Random, cuts: list[int]) -> None:
    """As Chromium sends them: out of order, with PING and PADDING between, over two datagrams."""
    frames = [crypto(*piece) for piece in pieces(MESSAGE, cuts)] + [b"\x01", bytes(5), b"\x01"]
    dice.shuffle(frames)
    middle = len(frames) // 2
    assert name_in(seal(b"".join(frames[:middle])), seal(b"".join(frames[middle:]), 1)) == NAME


@pytest.mark.parametrize("cut", range(1, len(MESSAGE)))
def test_cut_at_every_octet(cut: int) -> None:
    """The first half alone gives nothing; the second may come first."""
    parts = [seal(crypto(*piece), number) for number, piece in enumerate(pieces(MESSAGE, [cut]))]
    assert name_in(parts[0]) is None
    assert name_in(*parts) == name_in(*reversed(parts)) == NAME


def test_the_first_octets_win() -> None:
    """A second hello over the first changes nothing, but is noticed."""
    other = hello_message("not.example.com")
    assert name_in(seal(crypto(0, MESSAGE[:70])), seal(crypto(0, other), 1)) == NAME
    for second, has_conflict in ((MESSAGE, False), (other, True)):
        flow = Initials()
        assert not flow.has_opened
        assert flow.feed(seal(crypto(0, MESSAGE[:70]))) is NEED_MORE
        assert (flow.has_opened, flow.has_conflict) == (True, False)
        flow.feed(seal(crypto(0, second), 1))
        assert flow.has_conflict is has_conflict


def test_what_servers_drop_is_not_read() -> None:
    """An Initial in a datagram of less than 1200 octets, and one whose first DCID has less than 8."""
    decoy = crypto(0, hello_message("not.example.com"))
    for datagram in (seal(decoy, pad_to=1100), seal(decoy, dcid=DCID[:7], pad_to=1200)):
        assert is_quic(datagram)
        assert name_in(datagram) is None
        assert name_in(datagram, FIRST) == NAME


def test_googles_plain_quic_and_the_sealed_one_are_not_mixed() -> None:
    """What came of the one is forgotten when the other begins."""
    plain = b"\x09" + bytes(8) + b"Q043\x01" + bytes(12) + b"\xa0\x01\x00\x08CHLO\x01\x00\x00\x00"
    flow = Initials()
    assert flow.feed(seal(crypto(0, MESSAGE[:50]))) is NEED_MORE
    assert flow.feed(plain) is NEED_MORE
    assert flow.feed(seal(crypto(50, MESSAGE[50:]), 1)) is NEED_MORE
    assert flow.has_opened
    assert isinstance(flow.feed(FIRST), Hello)


def test_coalesced_packets() -> None:
    """Two Initials in one datagram, a 0-RTT packet between, and what is no packet after."""
    zero_rtt = bytes((0xD0,)) + V1.to_bytes(4, "big") + b"\x08" + DCID + b"\x00" + b"\x20" + bytes(32)
    one, two = (seal(crypto(*piece), at, pad_to=600) for at, piece in enumerate(pieces(MESSAGE, [50])))
    assert name_in(one + zero_rtt + two + bytes(9)) == NAME
    assert name_in(zero_rtt, two + one) == NAME


def test_packets_of_one_datagram_are_bounded() -> None:
    """What comes after them is not looked at."""
    ping = seal(b"\x01", pad_to=20)
    assert name_in(ping * (MAX_PACKETS - 1) + FIRST) == NAME
    assert name_in(ping * MAX_PACKETS + FIRST) is None


def test_tokens_and_source_ids() -> None:
    """Any length of them, and of the packet's number."""
    for token, scid, octets in ((b"t" * 300, b"", 1), (b"", b"source", 2), (b"t", bytes(20), 3)):
        assert name_in(seal(crypto(0, MESSAGE), token=token, scid=scid, number_octets=octets)) == NAME


# --- connection IDs


def test_a_dcid_that_changed_without_retry() -> None:
    """The server chose another: the keys stay."""
    one, two = (crypto(*piece) for piece in pieces(MESSAGE, [60]))
    assert name_in(seal(one), seal(two, 1, dcid=OTHER_DCID, keys_of=DCID)) == NAME
    assert name_in(seal(one), seal(two, 1, dcid=b"", keys_of=DCID, pad_to=1180)) == NAME


def test_after_a_retry() -> None:
    """The keys are new, and so is the handshake: pieces of the first one do not count."""
    parts = [crypto(*piece) for piece in pieces(MESSAGE, [60])]
    anew = [seal(part, at, dcid=OTHER_DCID, token=b"token") for at, part in enumerate(parts)]
    assert name_in(seal(parts[0]), *anew) == NAME
    assert name_in(seal(parts[0]), anew[1]) is None
    assert name_in(anew[0], seal(parts[0]), anew[1]) == NAME


def test_a_port_used_again() -> None:
    """Two hellos of which halves are lost give no third."""
    other = hello_message("not.example.com")
    halves = seal(crypto(0, MESSAGE[:60])), seal(crypto(60, other[60:]), 1, dcid=OTHER_DCID)
    assert name_in(*halves) is None


def test_attempts_are_bounded() -> None:
    """The oldest is forgotten."""
    dcids = [bytes((number,)) * 8 for number in range(MAX_ATTEMPTS + 1)]
    one, two = (crypto(*piece) for piece in pieces(MESSAGE, [60]))
    starts = [seal(one, dcid=dcid) for dcid in dcids]
    assert name_in(*starts, seal(two, dcid=dcids[1])) == NAME
    assert name_in(*starts, seal(two, dcid=dcids[0])) is None


def test_the_room_of_all_attempts_is_bounded() -> None:
    """One that asks for much makes the older ones forgotten."""
    far = seal(crypto(MAX_CRYPTO_OCTETS - 1, b"x"), dcid=OTHER_DCID)
    one, two = (crypto(*piece) for piece in pieces(MESSAGE, [60]))
    assert name_in(seal(one), far, seal(two, 1)) is None
    assert name_in(far, seal(one), seal(two, 1)) == NAME


def test_the_servers_packets_are_passed_over() -> None:
    """They are sealed with other keys."""
    server = seal(crypto(0, b"\x02\x00\x00\x01x"), dcid=b"", keys_of=b"server's")
    assert name_in(seal(crypto(0, MESSAGE[:60])), server, seal(crypto(60, MESSAGE[60:]), 1)) == NAME


# --- what is no hello


def test_another_handshake_message_is_an_error() -> None:
    """Sealed with the client's keys, but no ClientHello."""
    with pytest.raises(WireError):
        Initials().feed(seal(crypto(0, b"\x02\x00\x00\x01x")))


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\xc0",
        b"\x40" + bytes(40),
        b"\xc0\x00\x00\x00\x00" + bytes(40),
        b"\xc0\x00\x00\x00\x01\x15" + bytes(40),
        b"\xc0\x00\x00\x00\x01\x00\x15" + bytes(40),
        b"\xc0\x00\x00\x00\x01\x08" + bytes(4),
        bytes(1200),
    ],
    ids=["nothing", "one octet", "short", "negotiation", "long dcid", "long scid", "cut", "zeros"],
)
def test_what_is_not_quic(datagram: bytes) -> None:
    """An error as a flow's first datagram, nothing later."""
    assert not is_quic(datagram)
    with pytest.raises(WireError):
        Initials().feed(datagram)
    assert name_in(FIRST[:-1], datagram, FIRST) == NAME


@pytest.mark.parametrize("end", range(17, len(FIRST), 97))
def test_a_datagram_cut_off_is_quic_without_a_name(end: int) -> None:
    """As some record only the first octets of each."""
    assert is_quic(FIRST[:end] if end > 17 else FIRST[:18])
    assert name_in(FIRST[:18], FIRST[:end]) is None


@given(st.integers(0, 8 * len(FIRST) - 1))
def test_one_bit_changed_gives_no_name(bit: int) -> None:
    """Wherever it is, but for the version: some versions share their keys, and even then the seal is broken."""
    damaged = bytearray(FIRST)
    damaged[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(WireError):
        assert name_in(bytes(damaged)) is None


@given(st.lists(st.binary(max_size=300), max_size=5), st.booleans())
def test_any_octets_give_a_value_or_our_error(datagrams: list[bytes], is_begun: bool) -> None:
    """Nothing else."""
    flow = Initials()
    if is_begun:
        flow.feed(seal(crypto(0, MESSAGE[:60])))
    for datagram in datagrams:
        with contextlib.suppress(WireError):
            assert isinstance(flow.feed(datagram), Hello | type(NEED_MORE))


@given(st.binary(max_size=200))
def test_any_sealed_octets_give_a_value_or_our_error(payload: bytes) -> None:
    """Nothing else, whoever sealed them."""
    with contextlib.suppress(WireError):
        assert isinstance(Initials().feed(seal(payload)), Hello | type(NEED_MORE))


# --- a second opinion


def client(version: int, *, protocols: int = 1) -> QuicConnection:
    """Return aioquic's client, about to ask for the name; many protocols make its hello long."""
    chosen = QuicProtocolVersion(version)
    return QuicConnection(
        configuration=QuicConfiguration(
            alpn_protocols=["h3", *(f"{'p' * 200}{number}" for number in range(protocols - 1))],
            server_name=NAME,
            original_version=chosen,
            supported_versions=[chosen],
        )
    )


def sent(connection: QuicConnection, at: float) -> list[bytes]:
    """Return the datagrams that a connection would send now."""
    return [data for data, _ in connection.datagrams_to_send(at)]


def ids(datagram: bytes) -> tuple[bytes, bytes]:
    """Return the connection IDs in a long header, the destination's first."""
    end = 6 + datagram[5]
    return datagram[6:end], datagram[end + 1 : end + 1 + datagram[end]]


@pytest.mark.parametrize("version", [V1, V2])
def test_aioquics_hello(version: int) -> None:
    """Its name, and what it offers."""
    connection = client(version)
    connection.connect(PEER, 0.0)
    said = Initials().feed(sent(connection, 0.0)[0])
    assert isinstance(said, Hello)
    assert (said.name, said.alpn, said.versions) == (NAME, ("h3",), (0x0304,))


@pytest.mark.parametrize("version", [V1, V2])
def test_aioquics_long_hello(version: int) -> None:
    """Over several datagrams, in every order."""
    connection = client(version, protocols=16)
    connection.connect(PEER, 0.0)
    datagrams = sent(connection, 0.0)
    assert len(datagrams) > 2
    for order in itertools.permutations(datagrams):
        assert name_in(*order) == NAME
        assert name_in(*order[:-1]) is None


def test_aioquic_after_a_retry() -> None:
    """Its hello comes again under the new keys, as a whole."""
    connection = client(V1)
    connection.connect(PEER, 0.0)
    first = sent(connection, 0.0)
    dcid, scid = ids(first[0])
    connection.receive_datagram(encode_quic_retry(V1, OTHER_DCID, scid, dcid, b"token"), PEER, 0.1)
    again = sent(connection, 0.1)
    assert ids(again[0])[0] == OTHER_DCID
    assert name_in(first[0][:-1], *again) == name_in(*again) == NAME


def test_aioquic_after_a_negotiation() -> None:
    """It begins anew with the version that the server has."""
    connection = QuicConnection(
        configuration=QuicConfiguration(
            server_name=NAME,
            original_version=QuicProtocolVersion.VERSION_2,
            supported_versions=[QuicProtocolVersion.VERSION_2, QuicProtocolVersion.VERSION_1],
        )
    )
    connection.connect(PEER, 0.0)
    first = sent(connection, 0.0)
    dcid, scid = ids(first[0])
    answer = encode_quic_version_negotiation(source_cid=dcid, destination_cid=scid, supported_versions=[V1])
    connection.receive_datagram(answer, PEER, 0.1)
    again = sent(connection, 0.1)
    assert again[0][1:5] == V1.to_bytes(4, "big")
    assert name_in(first[0][:-1], *again) == NAME


def test_what_opens_a_handshake() -> None:
    """A client's first datagrams, by their connection ID; none that goes on, none of a server's, no other octets."""
    first = seal(crypto(0, hello_message()))
    assert opened_with(first) == int.from_bytes(DCID, "big")
    assert opened_with(seal(crypto(0, hello_message()), version=V2)) == int.from_bytes(DCID, "big")
    for octets in (seal(crypto(0, hello_message()), keys_of=b"12345678"), first[:1100], b"\x40" + first[1:], b""):
        assert opened_with(octets) is None
