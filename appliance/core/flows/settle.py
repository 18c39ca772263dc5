"""What comes of a packet: its flow is still watched, or it is settled what the flow is."""

from enum import Enum
from typing import Final, Literal

import msgspec

from appliance.core.signs.facts import Kind
from appliance.core.signs.sign import Sign
from appliance.core.wire.hello import Hello


class _Watch(Enum):
    WATCH = "watch"


WATCH: Final = _Watch.WATCH
"""More packets of this flow are wanted."""

Watch = Literal[_Watch.WATCH]


class Why(Enum):
    """What settled a flow."""

    READ = "read"
    """Its first words were read."""
    SIGN = "sign"
    """A strong sign."""
    PROTOCOL = "protocol"
    """Neither TCP nor UDP: there is nothing to wait for."""
    LIMIT = "limit"
    """So many packets or octets and nothing that could be read."""
    TIME = "time"
    ROOM = "room"
    """It gave room to a newer one."""
    END = "end"
    """There is no more of it: the recording ended, or its ports were taken for another connection."""
    LATE = "late"
    """It went on without its beginning, which was waited for."""


class Settle(msgspec.Struct, frozen=True):
    """What a flow is, as far as its first packets tell."""

    protocol: int
    """IANA's number."""
    client: bytes
    """4 or 16 octets."""
    client_port: int
    server: bytes
    server_port: int
    kind: Kind
    why: Why
    name: str | None = None
    """The name that the client asks for, in normal form; None where there is none or two that differ."""
    address: str | None = None
    """The host of an HTTP request that is an IP address, as `ipaddress` prints it."""
    hello: Hello | None = None
    signs: tuple[Sign, ...] = ()
    """The surest first."""
    is_begun: bool = True
    """Over TCP: its SYN was seen, so that nothing stands before what was read. Always so over UDP."""
    is_again: bool = False
    """It was settled by an earlier packet."""
