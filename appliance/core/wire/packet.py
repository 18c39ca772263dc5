"""A packet of a flow as the inspector sees it: who to whom by which protocol, and what it carries."""

from enum import IntEnum
from ipaddress import ip_address

import msgspec


class Protocol(IntEnum):
    """Protocols above IP that are told apart; any other number is itself (IANA's)."""

    ICMP = 1
    TCP = 6
    UDP = 17
    GRE = 47
    ESP = 50
    AH = 51
    ICMP6 = 58
    SCTP = 132


FIN, SYN, RST, ACK, URG = 1, 2, 4, 16, 32
"""Flags of TCP (RFC 9293 section 3.1)."""


class Packet(msgspec.Struct, frozen=True):
    """One IP packet, whole or put together of its fragments."""

    source: bytes
    """4 or 16 octets."""
    target: bytes
    protocol: int
    source_port: int = 0
    """0 where the protocol has none."""
    target_port: int = 0
    payload: bytes = b""
    """What TCP or UDP carries; of any other protocol what IP carries. May be cut short by who recorded it."""
    sequence: int = 0
    """TCP's number of the first octet of the payload."""
    flags: int = 0
    """TCP's."""
    acknowledged: int = 0
    """TCP's number of the next octet that the sender waits for."""

    @property
    def addresses(self) -> tuple[str, str]:
        """Return source and target as `ipaddress` prints them."""
        return str(ip_address(self.source)), str(ip_address(self.target))
