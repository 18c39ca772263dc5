"""What was decided of one question, by which step, why, and until when."""

from enum import Enum, IntEnum

import msgspec


class Action(Enum):
    """What happens to a name."""

    ALLOW = "allow"
    BLOCK = "block"
    ASK = "ask"
    """Answers like BLOCK; the child may ask for it."""
    REWRITE = "rewrite"
    """Allowed with another answer: in its safe mode that of another name, or what a list gives."""


class Step(Enum):
    """The steps of the order of decision, first match first."""

    HELP = "help"
    INFRASTRUCTURE = "infrastructure"
    HARD = "hard"
    WORD = "word"
    TIME = "time"
    OWN = "own"
    PROTECTED = "protected"
    BYPASS = "bypass"
    CATEGORY = "category"
    LIST = "list"
    CLASSIFIER = "classifier"
    DEFAULT = "default"

    @property
    def rank(self) -> int:
        """Its place in the order, from 0."""
        return _RANKS[self]


_RANKS = {step: number for number, step in enumerate(Step)}


class Lift(Enum):
    """Who can lift a block."""

    NOBODY = "nobody"
    ONE = "one"
    TWO = "two"
    OWNER = "owner"
    """The caregiver who owns the box, for one name (malware)."""


class Answer(Enum):
    """A negative answer that a block must have whatever the house chose, because clients look for it."""

    NXDOMAIN = "nxdomain"
    NODATA = "nodata"


class Given(msgspec.Struct, frozen=True):
    """An answer that a list gives: an RCODE, and the data of records of the type asked for as zone files write it."""

    rcode: int = 0
    values: tuple[str, ...] = ()


class Reason(msgspec.Struct, frozen=True):
    """Why: a code and its arguments; `appliance.wording` makes a sentence of them."""

    code: str
    args: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, code: str, **args: str) -> "Reason":
        """Return a reason with its arguments in the order given."""
        return cls(code, tuple(args.items()))


class Verdict(msgspec.Struct, frozen=True):
    """One decision. `until` is the next moment (POSIX seconds) at which it could be another one, None for never."""

    action: Action
    step: Step
    reason: Reason
    counted: bool = False
    """The minutes spent there count as screen time."""
    traceless: bool = False
    """Nothing may log, count, score or report that this was asked."""
    slowed: bool = False
    """It is open, and a gateway lets it flow slowly. A nameserver can't, and so does nothing about it."""
    lift: Lift | None = None
    """None where there is nothing to lift."""
    until: float | None = None
    target: str | None = None
    """The name whose addresses answer a REWRITE."""
    answer: Answer | None = None
    rewrite: Given | None = None
    """What answers a REWRITE without a target, or a BLOCK in place of the house's own answer."""

    @property
    def is_blocked(self) -> bool:
        """BLOCK and ASK answer alike."""
        return self.action in (Action.BLOCK, Action.ASK)


class Letter(Enum):
    """The taxonomy's letters, as `rules/bands.yaml` writes them."""

    P = "P"
    A = "A"
    S = "S"
    T = "T"
    ST = "S+T"
    K = "K"
    B = "B"
    H = "H"


SEVERE = frozenset((Letter.K, Letter.B, Letter.H))
"""The letters of what isn't simply there: asked about or blocked."""


class Strictness(IntEnum):
    """Of two letters for one name the stricter wins; protection wins over both."""

    ALLOW = 0
    ASK = 1
    BLOCK = 2
    HARD = 3


class Terms(msgspec.Struct, frozen=True):
    """What a letter means."""

    strictness: Strictness
    action: Action
    counted: bool = False
    traceless: bool = False
    is_safe: bool = False
    """Only in its safe mode."""
    lift: Lift | None = None


TERMS: dict[Letter, Terms] = {
    Letter.P: Terms(Strictness.ALLOW, Action.ALLOW, traceless=True),
    Letter.A: Terms(Strictness.ALLOW, Action.ALLOW),
    Letter.S: Terms(Strictness.ALLOW, Action.ALLOW, is_safe=True),
    Letter.T: Terms(Strictness.ALLOW, Action.ALLOW, counted=True),
    Letter.ST: Terms(Strictness.ALLOW, Action.ALLOW, counted=True, is_safe=True),
    Letter.K: Terms(Strictness.ASK, Action.ASK, lift=Lift.ONE),
    Letter.B: Terms(Strictness.BLOCK, Action.BLOCK, lift=Lift.ONE),
    Letter.H: Terms(Strictness.HARD, Action.BLOCK, lift=Lift.TWO),
}
"""The one table from letters to verdicts."""
