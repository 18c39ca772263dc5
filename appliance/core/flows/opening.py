"""A TCP connection whose client says all in its first packet, as most do: read without keeping anything of it."""

from appliance.core.flows.flow import MAX_OCTETS
from appliance.core.flows.settle import Settle, Why
from appliance.core.signs.facts import Facts, Kind
from appliance.core.signs.known import Known
from appliance.core.signs.look import look
from appliance.core.wire.packet import ACK, RST, SYN, URG, Packet, Protocol
from appliance.core.wire.reader import NEED_MORE, WireError
from appliance.core.wire.tls import parse_hello

_RECORD = b"\x16\x03"
"""How a record of a handshake begins; no other protocol whose signs are known begins so."""


def read_opening(packet: Packet, known: Known) -> Settle | None:
    """Return what a connection is whose client's words begin with this packet, the first that is seen of it.

    It is what a `Flow` would say; None where the packet doesn't say all, or something else than a hello of TLS.
    """
    words = packet.payload
    if packet.protocol != Protocol.TCP or not words.startswith(_RECORD) or len(words) > MAX_OCTETS:
        return None
    if packet.flags & (SYN | RST | URG | ACK) != ACK:
        return None
    try:
        hello = parse_hello(words)
    except WireError:
        return None
    if hello is NEED_MORE:
        return None
    facts = Facts(packet.protocol, packet.source, packet.source_port, packet.target, packet.target_port)
    facts.kind, facts.name, facts.hello = Kind.TLS, hello.name, hello
    return Settle(
        packet.protocol,
        packet.source,
        packet.source_port,
        packet.target,
        packet.target_port,
        Kind.TLS,
        Why.READ,
        hello.name,
        None,
        hello,
        look(facts, known),
    )
