"""A sign: what a flow looks like, how sure that is, and by what it shows."""

from enum import IntEnum

import msgspec


class Confidence(IntEnum):
    """How sure a sign is."""

    WEAK = 1
    """Other things look so too: worth counting with others, never worth acting upon alone."""
    LIKELY = 2
    """Seldom anything else."""
    STRONG = 3
    """Nothing else that is known looks so: enough to refuse a flow by."""


class Sign(msgspec.Struct, frozen=True):
    """What a flow looks like."""

    id: str
    """What it is, for programs and for the sentence in `appliance.wording`."""
    confidence: Confidence
    by: str = ""
    """What showed it, where one thing shows in several ways: a name, an address, a port, a handshake."""
