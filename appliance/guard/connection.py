"""A connection as the kernel knows it: the five things by which one is told from another."""

from ipaddress import ip_address
from typing import NamedTuple

from appliance.core.flows.settle import Settle


class Connection(NamedTuple):
    """Who opened it to whom, as nf_conntrack's original direction has it."""

    protocol: int
    """IANA's number."""
    client: bytes
    """4 or 16 octets."""
    client_port: int
    """0 where the protocol has no ports."""
    server: bytes
    server_port: int

    @classmethod
    def of(cls, settle: Settle) -> "Connection":
        """Return the connection of a settled flow, whose client opened it."""
        return cls(settle.protocol, settle.client, settle.client_port, settle.server, settle.server_port)

    @property
    def is_v6(self) -> bool:
        """Over IPv6."""
        return len(self.client) == 16

    @property
    def addresses(self) -> tuple[str, str]:
        """Client and server as `ipaddress` prints them."""
        return str(ip_address(self.client)), str(ip_address(self.server))
