"""A classifier of a test's own on the bus: it says of a few names what it takes them for, and of all others nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance.core import riskmodel
from appliance.core.riskmodel import RiskModel
from appliance.household.labels import NAME, Labels
from tests.commands.cli import fake_daemon

CARD: RiskModel = riskmodel.parse("""\
version: test-1
classes:
- {id: adult, category: pornography, words: adult content}
- {id: gambling, category: gambling, words: gambling}
- {id: dating, category: dating, words: dating}
- {id: social, category: social_media, words: social media}
- {id: benign}
thresholds:
  adult: {6-9: 0.9, 10-12: 0.9, 13-15: 0.95}
  gambling: {6-9: 0.9, 10-12: 0.95, 13-15: 0.95}
  dating: {6-9: 0.9, 10-12: 0.9, 13-15: 0.95}
  social: {6-9: 0.9, 10-12: 0.9, 13-15: 0.95}
""")
BETS, DATES, SURELY = "bet-casino.example", "late-night-dates.example", 0.97
GUESSES: Mapping[str, tuple[str, float]] = {
    BETS: ("gambling", SURELY),
    f"www.{BETS}": ("gambling", SURELY),
    DATES: ("dating", 0.93),
    "bet-perhaps.example": ("gambling", 0.5),
}
PARTS = {"gambling": ["casino", "bet", ".example"], "dating": ["dates"]}
WORDS = {"gambling": "gambling", "dating": "dating"}


def no_labels() -> Labels:
    """Return what a page asks where no classifier runs; it remembers that nobody answered."""
    return Labels(Path("nowhere"), {})


class Fake:
    """What the classifier says; what it was asked is noted."""

    def __init__(self, guesses: Mapping[str, tuple[str, float]] = GUESSES, problem: str | None = None) -> None:
        self.guesses = dict(guesses)
        self.problem = problem
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: dict[str, Any]) -> dict[str, object]:
        """Answer a request as the bus has it."""
        self.asked.append(request)
        if request["ask"] == "status":
            return {"bus": 1, "pid": 1, "version": "test-1", "problem": self.problem, "counts": {}}
        if self.problem:
            return {"bus": 1, "error": "the model can't be used"}
        if request["ask"] == "explain":
            _, score = self.guesses[request["name"]]
            category = request["category"]
            return {"bus": 1, "words": WORDS[category], "parts": PARTS[category], "score": score}
        found = [[list(self.guesses[name])] if name in self.guesses else [] for name in request["names"]]
        return {"bus": 1, "guesses": found}

    @property
    def names(self) -> list[str]:
        """The names that it was asked to guess about."""
        return [name for one in self.asked if one["ask"] == "guess" for name in one["names"]]


@contextmanager
def classifying(data: Path, fake: Fake | None = None) -> Iterator[Fake]:
    """Run a classifier on the bus of a data folder."""
    said = fake or Fake()
    with fake_daemon(data, said, NAME):
        yield said
