"""How many flows of each kind the signs tell, of how many, and how many they call so wrongly."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from appliance.core.flows.settle import Settle
from appliance.core.signs.sign import Confidence, Sign
from scripts.signslib.subject import Subject


@dataclass(frozen=True)
class Hit:
    """A flow with a sign of a subject, the surest where there are several."""

    capture: str
    subject: Subject
    settle: Settle
    sign: Sign
    is_right: bool
    is_web: bool
    """It is known to be nothing but a visit of a site."""


@dataclass
class Figures:
    """What was counted for a subject."""

    captures: int = 0
    """In which it is."""
    flows: int = 0
    """That are of it."""
    told: Counter[tuple[Confidence, str]] = field(default_factory=Counter)
    """How sure, and by what → flows of it that have its sign."""
    missed: list[str] = field(default_factory=list)
    """Captures in which no flow of it has its sign."""
    wrong: Counter[Confidence] = field(default_factory=Counter)
    """Flows that are not of it and have its sign."""
    wrong_web: Counter[Confidence] = field(default_factory=Counter)
    """Those of them that are known to be nothing but visits of sites."""


@dataclass
class Score:
    """What was counted over all captures."""

    figures: dict[str, Figures]
    """By the subject's title."""
    hits: list[Hit] = field(default_factory=list)
    captures: int = 0
    flows: int = 0
    web: int = 0
    """Flows that are known to be nothing but visits of sites."""


def score(
    captures: Iterable[tuple[str, Sequence[Settle]]],
    subjects: Sequence[Subject],
    is_web: Callable[[str, Settle], bool],
) -> Score:
    """Count over captures, each with its name and its flows."""
    counted = Score({subject.title: Figures() for subject in subjects})
    for capture, settles in captures:
        counted.captures += 1
        counted.flows += len(settles)
        counted.web += sum(is_web(capture, settle) for settle in settles)
        for subject in subjects:
            hits = list(_hits(capture, settles, subject, is_web))
            counted.hits += hits
            _add(counted.figures[subject.title], hits)
            if capture in subject.held:
                figures = counted.figures[subject.title]
                figures.captures += 1
                figures.flows += sum(subject.is_in(capture, settle) for settle in settles)
                if not any(hit.is_right for hit in hits):
                    figures.missed.append(capture)
    return counted


def _hits(
    capture: str, settles: Sequence[Settle], subject: Subject, is_web: Callable[[str, Settle], bool]
) -> Iterable[Hit]:
    for settle in settles:
        signs = [sign for sign in settle.signs if sign.id in subject.signs]
        if signs:
            surest = max(signs, key=lambda sign: sign.confidence)
            is_right = subject.is_in(capture, settle)
            yield Hit(capture, subject, settle, surest, is_right, is_web(capture, settle))


def _add(figures: Figures, hits: Iterable[Hit]) -> None:
    for hit in hits:
        if hit.is_right:
            figures.told[hit.sign.confidence, hit.sign.by] += 1
            continue
        figures.wrong[hit.sign.confidence] += 1
        if hit.is_web:
            figures.wrong_web[hit.sign.confidence] += 1
