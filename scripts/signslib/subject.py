"""What may be in a recording, and in which recordings, by their files' names, somebody else says that it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from appliance.core.flows.settle import Settle
from appliance.core.signs.facts import Kind
from appliance.core.wire.packet import Protocol

_PROTOCOLS: Final = {"tcp": int(Protocol.TCP), "udp": int(Protocol.UDP)}


@dataclass(frozen=True)
class Subject:
    """A kind of tunnel, proxy, encrypted DNS, call or swarm."""

    title: str
    signs: tuple[str, ...] = ()
    """What it is told by; none where nothing tells it."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Capture → words, any of which its flows of this kind fit (see `fits`)."""
    why: str = ""
    """What of it is not recognised, and why."""

    def is_in(self, capture: str, settle: Settle) -> bool:
        """Say whether a flow of a capture is of this kind."""
        words = self.held.get(capture)
        return words is not None and any(fits(word, settle) for word in words.split())


def fits(word: str, settle: Settle) -> bool:
    """Say whether a word fits a flow.

    ``udp/53``: the protocol, and a port of either end; ``udp``: any port; ``ip/50``: IANA's number of the protocol;
    ``*``: any flow; anything else is a name, or the end of one, that more than a question of DNS is about.
    """
    if word == "*":
        return True
    protocol, _, number = word.partition("/")
    if protocol == "ip":
        return settle.protocol == int(number)
    if protocol in _PROTOCOLS:
        ports = (settle.client_port, settle.server_port)
        return settle.protocol == _PROTOCOLS[protocol] and (not number or int(number) in ports)
    return settle.kind is not Kind.DNS and f".{settle.name or ''}".endswith(f".{word}")
