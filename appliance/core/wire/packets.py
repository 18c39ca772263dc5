"""From a frame to the packet worth looking at: pieces put together, tunnels opened."""

from appliance.core.wire.fragments import Fragments
from appliance.core.wire.ip import parse
from appliance.core.wire.link import ip_of
from appliance.core.wire.packet import Packet
from appliance.core.wire.reader import WireError
from appliance.core.wire.tunnels import inside

_NO_NEXT = 59
"""IPv6 that carries nothing (RFC 8200 section 4.7), with which Teredo keeps its way open."""


class Packets:
    """Reads frames in the order of their arrival; remembers pieces (see Fragments), nothing else.

    `max_depth` is how many tunnels within one another are opened. Whoever decides about a connection of the kernel's
    takes 0: what an outer packet claims to carry says nothing about where that goes.
    """

    def __init__(self, max_depth: int = 4) -> None:
        self._max_depth = max_depth
        self._fragments = Fragments()
        self._fragments_within = Fragments()

    def read(self, link: int, octets: bytes, at: float) -> tuple[Packet, ...]:
        """Return what there is to look at in a frame: the innermost packet, or the outer one of an unreadable tunnel.

        Nothing where no IP is in the frame, or a piece of a packet that is not whole yet. `link` is pcap's LINKTYPE_,
        `at` in POSIX seconds. GTP-U, VXLAN and Teredo are opened on their own ports only, and only if IP is within.
        Raises WireError for a frame that is misshapen, UnknownLink for one of a link that is not read.
        """
        data = ip_of(link, octets)
        if data is None:
            return ()
        packet = self._packet(data, self._fragments, at)
        for _ in range(self._max_depth):
            if packet is None or (within := inside(packet)) is None:
                break
            try:
                deeper = self._packet(within, self._fragments_within, at)
            except WireError:
                break
            if deeper is not None and deeper.protocol == _NO_NEXT:
                break
            packet = deeper
        return () if packet is None else (packet,)

    @staticmethod
    def _packet(octets: bytes, fragments: Fragments, at: float) -> Packet | None:
        found = parse(octets)
        return found if isinstance(found, Packet) else fragments.put(found, at)
