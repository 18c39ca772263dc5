"""What the classifier guesses of names: how sure it must be before anybody is asked, and what it said lately.

It says of each class how likely a name belongs to it. What is done with that is decided here and in step 11: a guess
of a category that the asker's band would mind, at or above the threshold of that band, is a `Label`.
"""

import hashlib
import math
from collections.abc import Mapping
from typing import NamedTuple

from appliance.core.house import MOST_STEPS
from appliance.core.subject import Subject
from appliance.core.verdict import SEVERE

GUESSED_S = 86_400.0
"""How long a guess is remembered."""
LATE_S = 1.0
"""How long a name goes without one that was not there in time."""
PENDING_S = 5.0
"""How long a reply may be kept at most that was made without a guess that is on its way."""
MAX_GUESSED = 20_000
"""Names that are remembered; one is about 200 octets."""
MIN_KEY_OCTETS = 16
STEP = 0.4
"""By how much one step moves a threshold, in log-odds: four of them are odds of five to one."""


class Guess(NamedTuple):
    """A category that a name may belong to, with a calibrated probability."""

    category: str
    score: float


Guesses = tuple[Guess, ...]
"""The likeliest first; none where the name looks harmless, or can't be judged."""

Thresholds = Mapping[str, Mapping[str, float]]
"""Category → band → the least probability at which somebody of the band is asked about a name."""


class Label(NamedTuple):
    """What the classifier holds a name to be, with a probability: of a category that the asker is asked about."""

    category: str
    score: float


def moved(thresholds: Thresholds, steps: Mapping[str, int]) -> Thresholds:
    """Return thresholds after caregivers' answers: a category's steps, -4 to 4, more of them for more certainty."""
    return {
        category: {band: _moved(least, steps.get(category, 0)) for band, least in by_band.items()}
        for category, by_band in thresholds.items()
    }


def _moved(least: float, steps: int) -> float:
    if not steps or least <= 0:
        return least
    bounded = max(-MOST_STEPS, min(MOST_STEPS, steps))
    return 1 / (1 + (1 - least) / least * math.exp(-STEP * bounded))


def label_of(subject: Subject, guesses: Guesses, thresholds: Thresholds) -> Label | None:
    """Return what a subject is asked about by these guesses, None where it isn't."""
    for category, score in guesses:
        least = thresholds.get(category, {}).get(subject.row)
        if least is not None and score >= least and subject.letter(category) in SEVERE:
            return Label(category, score)
    return None


class Memory:
    """What was guessed of names in the last day, without the names: by their hash with a key that is never written."""

    __slots__ = ("_guessed", "_key", "is_fed")

    def __init__(self, key: bytes) -> None:
        """`key`: 16 to 64 random octets. Raises ValueError for one of another length."""
        if not MIN_KEY_OCTETS <= len(key) <= hashlib.blake2b.MAX_KEY_SIZE:
            raise ValueError(f"a key has {MIN_KEY_OCTETS} to {hashlib.blake2b.MAX_KEY_SIZE} octets, not {len(key)}")
        self._key = key
        self.is_fed = False
        """Whether there is somebody to ask what isn't known here."""
        self._guessed: dict[bytes, tuple[float, Guesses | None]] = {}
        """Until when, and what; None for a name that was passed over."""

    def __len__(self) -> int:
        return len(self._guessed)

    def get(self, name: str, at: float) -> Guesses | None:
        """Return what was guessed of a name, None where that isn't known (any more)."""
        found = self._guessed.get(self._hashed(name))
        return found[1] or () if found is not None and at < found[0] else None

    def put(self, name: str, guesses: Guesses, at: float) -> None:
        """Remember it; of too many the oldest are forgotten."""
        self._put(name, guesses, at + GUESSED_S)

    def _put(self, name: str, guesses: Guesses | None, until: float) -> None:
        hashed = self._hashed(name)
        self._guessed.pop(hashed, None)
        while len(self._guessed) >= MAX_GUESSED:
            del self._guessed[next(iter(self._guessed))]
        self._guessed[hashed] = until, guesses

    def pass_over(self, name: str, at: float) -> None:
        """Go without a guess for a moment: it was not there in time. One that came after all stays."""
        if self.get(name, at) is None:
            self._put(name, None, at + LATE_S)

    def is_passed_over(self, name: str, at: float) -> bool:
        """Say whether a name goes without a guess at the moment, which may come any time."""
        found = self._guessed.get(self._hashed(name))
        return found is not None and at < found[0] and found[1] is None

    def forget(self) -> None:
        """Forget all."""
        self._guessed.clear()

    def sweep(self, at: float) -> None:
        """Forget what is too old to be told."""
        self._guessed = {hashed: kept for hashed, kept in self._guessed.items() if at < kept[0]}

    def _hashed(self, name: str) -> bytes:
        return hashlib.blake2b(name.encode(), digest_size=12, key=self._key).digest()
