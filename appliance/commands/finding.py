"""What the doctor says of one thing."""

from enum import Enum

import msgspec


class Level(Enum):
    """How a finding stands."""

    OK = "ok"
    HINT = "hint"
    WRONG = "wrong"


class Finding(msgspec.Struct, frozen=True):
    """One thing that the doctor looked at, and what mends it if it is wrong."""

    level: Level
    what: str
    mend: str = ""
