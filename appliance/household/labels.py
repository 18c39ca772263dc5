"""What the classifier holds names to be, for pages and commands: its process is asked over the bus, and may not answer.

Step 11 is decided here as the nameserver decides it: the same thresholds, and only of names that nothing else knows.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar

import msgspec

from appliance.core import policy
from appliance.core.guesses import Guesses, Label, Thresholds, label_of
from appliance.core.house import House
from appliance.core.policy import Policy
from appliance.core.subject import Subject
from appliance.core.verdict import Action, Step, Verdict
from appliance.core.wire import dns
from appliance.world import bus

NAME = "labels"
ASK_S = 0.3
"""How long anybody waits for it: what it has to say is worth a sentence, and no more."""
STATUS_S = 1.0
MAX_NAMES = 40
"""In one request; a page shows fewer."""


Answer = TypeVar("Answer")


class Looks(msgspec.Struct, frozen=True):
    """What a name looks like: in words, by which of its parts (the strongest first), and how likely (0 to 1)."""

    words: str
    score: float
    parts: tuple[str, ...] = ()


class Told(msgspec.Struct, frozen=True):
    """What the process says of itself."""

    version: str | None = None
    problem: str | None = None
    """Why it can't guess, in words; None where it can."""


class Standing(Enum):
    """How the classifier stands in a house."""

    WORKS = "works"
    OFF = "off"
    """The house does without."""
    NOT_NEEDED = "not needed"
    """Nobody is of an age, or has the setting, for it."""
    DAMAGED = "damaged"
    """Its model is missing or broken."""
    SILENT = "silent"
    """Its process doesn't run, or doesn't answer."""


class _Guessed(msgspec.Struct, frozen=True):
    guesses: tuple[Guesses, ...]


class Labels:
    """The classifier as one page, or one command, asks it: once it doesn't answer, it isn't asked again."""

    def __init__(self, data: Path, thresholds: Thresholds, ask_s: float = ASK_S) -> None:
        """`thresholds`: those of the model, moved as the house has it."""
        self._data = data
        self._thresholds = thresholds
        self._ask_s = ask_s
        self._known: dict[str, Guesses] = {}
        self.is_silent = False
        """It was wanted, and didn't answer."""

    def decide(self, of: Policy, subject: Subject, name: str, at: float, *, qtype: int = dns.A) -> Verdict:
        """Return what happens to a name (in normal form), with the classifier's word where that matters."""
        verdict = policy.decide(of, subject, name, None, at, qtype=qtype)
        if not is_wanted(of, subject, name, verdict):
            return verdict
        label = self.label(subject, name)
        return verdict if label is None else policy.decide(of, subject, name, label, at, qtype=qtype)

    def learn(self, names: Iterable[str]) -> None:
        """Ask about several names at once, for what is wanted of each later."""
        wanted = [name for name in dict.fromkeys(names) if name not in self._known][:MAX_NAMES]
        if not wanted:
            return
        told = self._ask(_Guessed, ask="guess", names=wanted)
        if told is not None and len(told.guesses) == len(wanted):
            self._known |= dict(zip(wanted, told.guesses, strict=True))
        else:
            self.is_silent = True

    def label(self, subject: Subject, name: str) -> Label | None:
        """Return what a name is held to be that a subject is asked about; None for nothing, and without an answer."""
        self.learn((name,))
        return label_of(subject, self._known.get(name, ()), self._thresholds)

    def looks(self, name: str, category: str) -> Looks | None:
        """Return why a name looks like a category, None where the classifier can't be asked."""
        return self._ask(Looks, ask="explain", name=name, category=category)

    def _ask(self, kind: type[Answer], **request: object) -> Answer | None:
        if self.is_silent:
            return None
        found = _asked(self._data, kind, self._ask_s, **request)
        self.is_silent = found is None
        return found


def is_wanted(of: Policy, subject: Subject, name: str, verdict: Verdict) -> bool:
    """Say whether the classifier has a word in what was decided without it: nothing but the default had one."""
    if not subject.is_scored or verdict.step is not Step.DEFAULT or verdict.action is not Action.ALLOW:
        return False
    return "." in name and not of.knows(name)


def told(data: Path) -> Told | None:
    """Return what the process says of itself, None where it doesn't run or doesn't answer."""
    return _asked(data, Told, STATUS_S, ask="status")


def standing(house: House, found: Told | None, problem: str = "") -> tuple[Standing, str]:
    """Return how the classifier stands in a house, and what is wrong in words.

    `found` is what its process says; `problem` what is wrong with the model's card, empty where nothing is.
    """
    if not house.classifier.on:
        return Standing.OFF, ""
    if not any(house.is_scored(person) for person in house.persons):
        return Standing.NOT_NEEDED, ""
    if found is not None and found.problem:
        return Standing.DAMAGED, found.problem
    if problem:
        return Standing.DAMAGED, problem
    return (Standing.SILENT, "") if found is None else (Standing.WORKS, "")


def _asked(data: Path, kind: type[Answer], ask_s: float, **request: object) -> Answer | None:
    try:
        answer: Mapping[str, object] = bus.ask(data, NAME, request, ask_s)
        return msgspec.convert(answer, kind)
    except (bus.BusError, msgspec.ValidationError):
        return None
