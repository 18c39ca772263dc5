"""What is said of the classifier in words: its classes, what category each is here, and how sure it must be of each."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from appliance.core.document import Path, checked
from appliance.core.guesses import Guess, Guesses, Thresholds, moved
from appliance.core.house import MOST_STEPS
from appliance.core.person import BANDS
from appliance.core.said import Id, Text

FILE = "model.yaml"

Probability = Annotated[float, msgspec.Meta(gt=0, le=1)]


class RiskModelError(ValueError):
    """This is no description of a classifier: each line says the file, the line and what is wrong."""


class RiskClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the classes that the classifier tells apart."""

    id: Id
    category: Id | None = None
    """The category of the rules that a name of this class is held to be of; None for what harms nobody."""
    words: Text | None = None
    """What it is called after "looks like"."""


class RiskModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model's classes, in the order of its output, and its thresholds."""

    version: Text
    """Of the model."""
    classes: tuple[RiskClass, ...]
    thresholds: dict[Id, dict[str, Probability]]
    """Class → band → the least probability at which somebody of the band is asked about a name."""

    @property
    def by_category(self) -> Thresholds:
        """The same by category; of two classes of one category the lower one."""
        found: dict[str, dict[str, float]] = {}
        for one in self.classes:
            if one.category is not None:
                rows = found.setdefault(one.category, {})
                for band, least in self.thresholds.get(one.id, {}).items():
                    rows[band] = min(least, rows.get(band, 1.0))
        return found

    def guesses(self, scores: tuple[float, ...] | None, least: float = 0.0) -> Guesses:
        """Return what a model's output says of a name, likeliest first, but for what is less likely than `least`.

        `scores`: probabilities in the order of the classes; None for a name that could not be scored.
        """
        if scores is None:
            return ()
        pairs = zip(self.classes, scores, strict=True)
        found = [Guess(one.category, score) for one, score in pairs if one.category is not None and score >= least]
        return tuple(sorted(found, key=lambda guess: -guess.score))

    def words(self, category: str) -> str:
        """Return what a category is called after "looks like"."""
        return next((one.words for one in self.classes if one.category == category and one.words), category)

    @property
    def least(self) -> float:
        """The least that a threshold may come to by caregivers' answers: below it no score matters to anybody."""
        found = self.by_category
        lowest = moved(found, dict.fromkeys(found, -MOST_STEPS))
        return min((least for rows in lowest.values() for least in rows.values()), default=1.0)


def parse(text: str) -> RiskModel:
    """Return what a text says of a classifier. Raises RiskModelError that names every line at fault."""
    return checked(text, RiskModel, _problems, FILE, RiskModelError)


def _problems(found: RiskModel) -> Iterator[tuple[Path, str]]:
    """Yield the place and the words of classes that stand there twice, and of thresholds of none."""
    seen: set[str] = set()
    for number, one in enumerate(found.classes):
        if one.id in seen:
            yield ("classes", number, "id"), f"{one.id} stands here a second time"
        seen.add(one.id)
    risky = {one.id for one in found.classes if one.category is not None}
    for id_, rows in found.thresholds.items():
        if id_ not in risky:
            yield ("thresholds", id_), f"{id_} is no class that has a category"
        for band in rows:
            if band not in BANDS:
                yield ("thresholds", id_, band), f"{band} is not one of {', '.join(BANDS)}"
