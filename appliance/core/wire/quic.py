"""The client's hello in QUIC: Initial packets of one direction, opened and put together (RFC 9000, 9001, 9369)."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from appliance.core.wire import gquic, quic_frames
from appliance.core.wire.hello import Hello
from appliance.core.wire.quic_crypto import Edition, derive_keys, editions_of, is_published, open_packet
from appliance.core.wire.quic_frames import MAX_CRYPTO_OCTETS, CryptoStream, varint
from appliance.core.wire.reader import NEED_MORE, NeedMore, Reader, WireError
from appliance.core.wire.tls import parse_client_hello

MAX_PACKETS: Final = 3
"""Coalesced in one datagram: clients send two or three."""
MAX_ATTEMPTS: Final = 3
"""Handshakes that a flow may begin: anew after a Retry, a version negotiation, or on a port used again."""
MIN_FIRST_OCTETS: Final = 1200
MIN_FIRST_DCID_OCTETS: Final = 8
MAX_CONNECTION_ID_OCTETS: Final = 20

_LONG = 0x80
_FIXED = 0x40


class _Packet(NamedTuple):
    """A packet with a long header: `octets` from its first to its last, and where its protected number begins."""

    version: int
    type: int
    dcid: bytes
    octets: bytes
    number_at: int
    is_whole: bool


class _Attempt:
    """One handshake: its keys and what came of it."""

    __slots__ = ("dcid", "edition", "keys", "largest", "stream")

    def __init__(self, dcid: bytes, edition: Edition) -> None:
        self.dcid = dcid
        self.edition = edition
        self.keys = derive_keys(dcid, edition)
        self.stream = CryptoStream()
        self.largest = -1


def is_quic(datagram: bytes) -> bool:
    """Say whether a flow that begins with this datagram, from its client, is QUIC with a long header or Google's."""
    if gquic.plain_packet(datagram):
        return True
    packet = next(_packets(datagram), None)
    if packet is None:
        return False
    return is_published(packet.version) or (
        datagram[0] & _FIXED != 0
        and packet.is_whole
        and len(datagram) >= MIN_FIRST_OCTETS
        and len(packet.dcid) >= MIN_FIRST_DCID_OCTETS
    )


def opened_with(datagram: bytes) -> int | None:
    """Return the connection ID, as a number, with which a client's datagram opens a handshake.

    None where it goes on with one, for its keys come from the first ID, and where it is none of QUIC's.
    """
    packet = next(_packets(datagram), None) if len(datagram) >= MIN_FIRST_OCTETS else None
    if packet is None or len(packet.dcid) < MIN_FIRST_DCID_OCTETS:
        return None
    for edition in editions_of(packet.version):
        keys = derive_keys(packet.dcid, edition)
        if edition.initial == packet.type and open_packet(packet.octets, packet.number_at, keys, -1):
            return int.from_bytes(packet.dcid, "big")
    return None


class Initials:
    """Takes the datagrams of a flow's client until its hello is whole."""

    __slots__ = ("_attempts", "_current", "_is_quic", "_plain")

    def __init__(self) -> None:
        self._is_quic = False
        self._attempts: dict[tuple[bytes, Edition], _Attempt] = {}
        self._current: _Attempt | None = None
        self._plain: CryptoStream | None = None

    @property
    def has_opened(self) -> bool:
        """Something was read of the client's: whose datagrams these are is sure."""
        return self._current is not None or self._plain is not None

    @property
    def opened_by(self) -> int | None:
        """The connection ID of the handshake that was read last, as a number."""
        return int.from_bytes(self._current.dcid, "big") if self._current else None

    @property
    def has_conflict(self) -> bool:
        """Two pieces told different octets of one place of a hello: a server may have taken either."""
        streams = [attempt.stream for attempt in self._attempts.values()]
        return any(stream.has_conflict for stream in (*streams, self._plain) if stream)

    def feed(self, datagram: bytes) -> Hello | NeedMore:
        """Return the client's hello once it is whole.

        Packets that do not open are passed over: the server's, later ones, damaged ones. Raises WireError where the
        first datagram is not QUIC's, or what was opened is not a hello.
        """
        if not self._is_quic and not is_quic(datagram):
            raise WireError("not QUIC")
        self._is_quic = True
        plain = gquic.plain_packet(datagram)
        if plain:
            self._attempts, self._current = {}, None
            self._plain = self._plain or CryptoStream()
            gquic.read_frames(datagram[plain.frames_at :], plain.version, self._plain)
            return gquic.parse_chlo(self._plain.start(self._plain.ready))
        is_long = len(datagram) >= MIN_FIRST_OCTETS
        for packet in _packets(datagram):
            attempt = self._open(packet, is_long)
            if attempt:
                hello = _hello(attempt)
                if hello is not NEED_MORE:
                    return hello
        return NEED_MORE

    def _open(self, packet: _Packet, is_long: bool) -> _Attempt | None:
        """Open a packet with the keys in use, which outlive a change of its DCID, or with those of its own DCID.

        What servers must drop is passed over: of a short datagram (RFC 9000 section 14.1), with a short first DCID.
        """
        known = (self._current.dcid,) if self._current else ()
        own = (packet.dcid,) if len(packet.dcid) >= MIN_FIRST_DCID_OCTETS else ()
        dcids = dict.fromkeys(known + own)
        for edition in editions_of(packet.version):
            if edition.initial != packet.type or not (is_long or edition.is_google):
                continue
            for dcid in dcids:
                attempt = self._attempts.get((dcid, edition)) or _Attempt(dcid, edition)
                opened = open_packet(packet.octets, packet.number_at, attempt.keys, attempt.largest)
                if opened:
                    number, payload = opened
                    attempt.largest = max(attempt.largest, number)
                    self._keep(attempt)
                    self._plain = None
                    if edition.is_google:
                        gquic.read_frames(payload, gquic.LAST_PLAIN_VERSION + 1, attempt.stream)
                    else:
                        quic_frames.read_frames(payload, attempt.stream)
                    self._make_room()
                    return attempt
        return None

    def _keep(self, attempt: _Attempt) -> None:
        """Remember an attempt whose keys opened a packet, as the last one."""
        self._attempts.pop((attempt.dcid, attempt.edition), None)
        self._attempts[attempt.dcid, attempt.edition] = self._current = attempt

    def _make_room(self) -> None:
        """Forget the oldest attempts where there are too many, or they hold more than one hello's room together."""
        while len(self._attempts) > 1 and (
            len(self._attempts) > MAX_ATTEMPTS
            or sum(one.stream.size_octets for one in self._attempts.values()) > MAX_CRYPTO_OCTETS
        ):
            del self._attempts[next(iter(self._attempts))]


def _hello(attempt: _Attempt) -> Hello | NeedMore:
    stream = attempt.stream
    if attempt.edition.is_chlo:
        return gquic.parse_chlo(stream.start(stream.ready))
    message = stream.message()
    return message if message is NEED_MORE else parse_client_hello(message)


def _packets(datagram: bytes) -> Iterator[_Packet]:
    """Yield the packets with a long header and a length at a datagram's start (RFC 9000 section 17.2, 12.2)."""
    at = 0
    for _ in range(MAX_PACKETS):
        try:
            packet = _packet(datagram, at)
        except WireError:
            return
        yield packet
        at += len(packet.octets)


def _packet(datagram: bytes, at: int) -> _Packet:
    reader = Reader(datagram, at)
    first = reader.u8()
    version = reader.u32()
    if not first & _LONG or version == 0:
        raise WireError("no packet of a client with a long header")
    dcid = reader.take(_id_octets(reader))
    reader.skip(_id_octets(reader))
    kind = first >> 4 & 0x03
    number_at = reader.pos
    if any(edition.initial == kind for edition in editions_of(version)):
        token, number_at = varint(datagram, number_at)
        number_at += token
    length, number_at = varint(datagram, number_at)
    end = number_at + length
    return _Packet(version, kind, dcid, datagram[at:end], number_at - at, end <= len(datagram))


def _id_octets(reader: Reader) -> int:
    length = reader.u8()
    if length > MAX_CONNECTION_ID_OCTETS:
        raise WireError("a connection ID is longer than 20 octets")
    return length
