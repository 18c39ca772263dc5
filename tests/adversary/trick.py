"""What a trick is: what a child would say, how it is done, and what becomes of it in each mode and at each age."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from tests.adversary.child import Child


class Outcome(Enum):
    """What becomes of a trick."""

    STOPPED = "stopped"
    """It doesn't work."""
    ASKED = "asked"
    """It doesn't work, and the child may ask for it."""
    TOLD = "told"
    """It works, and the box tells so, to whom the visibility contract says."""
    ESCAPED = "escaped"
    """It works, and nobody notices."""


STOPPED, ASKED, TOLD, ESCAPED = Outcome


class Mode(Enum):
    """How the box stands in the network."""

    DNS = "dns"
    """It answers questions; connections pass it by."""
    GATEWAY = "gateway"


class Expected(NamedTuple):
    """What becomes of a trick, None where it is no trick because nothing of the kind is closed."""

    dns: Outcome | None
    """At 13-15, where the box only answers questions."""
    at_6: Outcome | None
    """At the gateway, at 6-9."""
    at_13: Outcome | None
    at_16: Outcome | None

    def at(self, mode: Mode, band: str) -> Outcome | None:
        """Return what is expected of a child of a band."""
        if mode is Mode.DNS:
            return self.dns
        return {"6-9": self.at_6, "13-15": self.at_13, "16-17": self.at_16}[band]


def gateway(outcome: Outcome, dns: Outcome | None = ESCAPED) -> Expected:
    """Return an expectation that is the same at all ages: at the gateway, and where the box only answers questions."""
    return Expected(dns, outcome, outcome, outcome)


EVERYWHERE_STOPPED = gateway(STOPPED, STOPPED)
EVERYWHERE_ESCAPED = gateway(ESCAPED)

Attempt = Callable[[Child], bool]
"""Does it and says whether it worked."""
Evening = Callable[[Child], Generator[bool | None, None, None]]
"""Does the first part, yields when bedtime may begin, and then whether it still worked."""


@dataclass(frozen=True, slots=True)
class Trick:
    """Something that a child tries."""

    id: str
    title: str
    how: Attempt
    expected: Expected
    why: str = ""
    """What stops it, or why nothing does."""
    families: tuple[str, ...] = ("4",)
    site: str | None = None
    """The closed name that it is after: what a refusal of it means is asked of the house."""
    seen: str | None = None
    """The category that it is of where the box tells of none."""
    is_alone: bool = False
    """Two devices can't do it at a time."""


@dataclass(frozen=True, slots=True)
class OverBedtime:
    """Something that is begun before bedtime and is to outlive it."""

    id: str
    title: str
    how: Evening
    expected: Expected
    why: str = ""


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """Something that happens on no network of the box's."""

    id: str
    title: str
    why: str


BOTH = ("4", "6")
