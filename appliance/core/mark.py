"""The mark of a connection: what was decided of it, what it is, and by which state of the rules.

A mark is a number of 32 bits that the kernel keeps with a connection (nf_conntrack's mark) and, while a packet is on
its way, with the packet. Its lowest octet and its highest bit are left to others.

====  =========================================================================
bits  meaning
====  =========================================================================
28-30 `State`
20-27 epoch: which state of the rules decided, 0 to 255, round and round
8-19  what the connection is, by its number (`numbers`); 0 for what nobody knows
====  =========================================================================
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from appliance.core.catalogue import SERVICE_TAG
from appliance.core.rulebook import HELP, INFRASTRUCTURE, Rulebook

MASK: Final = 0x7FFF_FF00
"""The bits that are ours."""
STATE_MASK: Final = 0x7000_0000
EPOCHS: Final = 256
MAX_NUMBER: Final = 0xFFF

FIRST: Final = 0x100
"""Of a watched packet, whose connection has no number yet: the server said that the client's words begin with it."""
REPLY: Final = 0x200
"""Of a watched packet: the server's."""

ANSWER: Final = 0x800
"""Of a watched packet: it confirms what the server said when the connection was opened, neither less nor more."""

OPENED: Final = 0x400
"""Of a watched packet: the connection began here, so that the server said where the client's words begin."""

_STATE_SHIFT, _EPOCH_SHIFT, _NUMBER_SHIFT = 28, 20, 8


class State(IntEnum):
    """What was decided of a connection."""

    NEW = 0
    """Nothing: it is not looked at, or not yet."""
    WATCHED_OPEN = 1
    """Its packets go to the inspector; without one, or where it can't keep up, they pass."""
    WATCHED_CLOSED = 2
    """Its packets go to the inspector; without one, or where it can't keep up, they are dropped."""
    ALLOWED = 3
    """It flows as if nobody looked."""
    SLOWED = 4
    """It flows, at the rate that is left to it."""
    REFUSED = 5
    """Each packet is answered by a reset or by ICMP."""

    @property
    def bits(self) -> int:
        """It as a mark without anything else."""
        return self << _STATE_SHIFT


class Mark(NamedTuple):
    """A mark, read."""

    state: State
    number: int = 0
    epoch: int = 0

    @property
    def bits(self) -> int:
        """It as the kernel has it, the bits of others being 0."""
        return bits_of(self.state, self.number, self.epoch)


def bits_of(state: State, number: int, epoch: int) -> int:
    """Return a mark as the kernel has it; of an epoch what is beyond `EPOCHS` doesn't count."""
    return state << _STATE_SHIFT | epoch % EPOCHS << _EPOCH_SHIFT | number << _NUMBER_SHIFT


def read(bits: int) -> Mark | None:
    """Return the mark that a number of the kernel's is, None for a state that is none of ours."""
    state = (bits & STATE_MASK) >> _STATE_SHIFT
    if state > max(State):
        return None
    return Mark(State(state), bits >> _NUMBER_SHIFT & MAX_NUMBER, bits >> _EPOCH_SHIFT & EPOCHS - 1)


def numbers(rulebook: Rulebook) -> Mapping[str, int]:
    """Return each category's and each service's number, from 1 on; the same for as long as the rules are the same.

    Help lines, and what devices need, have one too: nothing ends them, also where their names are forgotten. The
    house's own services have none: a mark outlives them.
    """
    services = (SERVICE_TAG + id_ for id_ in sorted(rulebook.services))
    tags: Iterable[str] = (HELP, INFRASTRUCTURE, *sorted(rulebook.categories), *services)
    return {tag: number for number, tag in enumerate(tags, 1) if number <= MAX_NUMBER}
