"""The page about guesses: what the model sees and never does, whether it works, what the family's answers taught it."""

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from msgspec.structs import replace

from appliance.core.house import MOST_STEPS, House
from appliance.core.person import Person
from appliance.household import labels
from appliance.household.labels import Standing
from appliance.store.errors import StoreError
from appliance.web import guessed, lessons, risky
from appliance.web.box import Box, box
from appliance.web.gate import Who, open_to
from appliance.web.risky import Risky
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason
from appliance.world.model import load_figures

pages = Blueprint("classifier", __name__)

WHERE = "/house/new-sites"
ALL = "all"
STANDS: dict[Standing, tuple[str, str, str, str]] = {
    Standing.WORKS: ("free", "check-circle", "Works", "A site that nothing else knows is guessed at when it is new."),
    Standing.OFF: ("plain", "power", "Off", "New sites are open, as far as nothing else closes them."),
    Standing.NOT_NEEDED: (
        "plain", "moon", "Not needed", "Nobody here is of an age for it, or has it turned on, and so it doesn't run.",
    ),
    Standing.DAMAGED: (
        "stop", "exclamation-triangle", "Damaged", "New sites are open meanwhile. Everything else holds as it is set.",
    ),
    Standing.SILENT: (
        "pause", "hourglass-split", "Doesn't answer",
        "It may be starting. New sites are open meanwhile; everything else holds as it is set.",
    ),
}  # fmt: skip
"""How it stands → tone, icon, word, what that means."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What answers taught about one kind of sites: by how many steps (below 0: less) it must be surer."""

    category: str
    name: str
    steps: int
    answers: int
    """Those that are still kept."""

    @property
    def words(self) -> str:
        """Return what came of it."""
        count = abs(self.steps)
        how = "less" if self.steps > 0 else "more"
        kept = f" · {self.answers} {'answer' if self.answers == 1 else 'answers'} of the last weeks" * bool(
            self.answers
        )
        return f"Asks {how}: {count} of {MOST_STEPS} steps{kept}"


@dataclass(frozen=True, slots=True)
class Whom:
    """A child, and whether it asks first."""

    person: Person
    risky: Risky | None

    @property
    def words(self) -> str:
        """Return how it is, in short."""
        if self.risky is None:
            return "Never at this age"
        does = "Asks first" if self.risky.is_on else "Need not ask"
        return f"{does} · set by a caregiver" if self.risky.is_said else does


@pages.get(WHERE)
@open_to(Who.CAREGIVER)
def show() -> ResponseReturnValue:
    """Show how the classifier is."""
    of = box()
    house = of.house()
    card, wrong = of.card()
    found, why = labels.standing(house, labels.told(of.data) if house.classifier.on else None, wrong)
    return render_template(
        "classifier.html",
        stands=STANDS[found],
        why=why,
        is_on=house.classifier.on,
        version=card.version if card else "",
        figures=figures_words(),
        kinds=sorted({guessed.called(of, one.category) for one in card.classes if one.category}) if card else (),
        learned=_learned(of, house),
        whom=[Whom(one, risky.of_child(house, one)) for one in house.persons if one.band],
        all=ALL,
    )


@pages.post(WHERE)
@open_to(Who.OWNER)
def choose() -> ResponseReturnValue:
    """Have the box guess (`on`), or do without (`off`)."""
    wanted = request.form.get("classifier", "")
    if wanted not in (risky.ON, risky.OFF):
        abort(400)
    is_on = wanted == risky.ON

    def mutate(house: House) -> House:
        return replace(house, classifier=replace(house.classifier, on=is_on))

    trouble = changed(reason(f"classifier_{wanted}"), mutate)
    said = "The box guesses which new sites look risky." if is_on else "The box no longer guesses about new sites."
    return done(trouble or said, WRONG if trouble else GOOD, WHERE)


@pages.post(f"{WHERE}/reset")
@open_to(Who.OWNER)
def reset() -> ResponseReturnValue:
    """Forget what answers taught about a `category`, or about `all`."""
    wanted = request.form.get("category", "")
    category = None if wanted == ALL else wanted
    if category is not None and category not in box().house().classifier.steps:
        return done("There is nothing to forget any more.", MIND, WHERE)
    what = reason("classifier_all_reset") if category is None else reason("classifier_reset", category=category)
    trouble = changed(what, lambda house: lessons.reset(house, category))
    if trouble is not None:
        return done(trouble, WRONG, WHERE)
    try:
        box().household.store.requests.unlearn(category)
    except StoreError as error:
        return done(error.sentence, WRONG, WHERE)
    return done("It is as surely asked about as at first.", GOOD, WHERE)


def figures_words() -> str:
    """Return what the model's card measured of wrong questions, in a line; empty where nobody measured."""
    found = load_figures()
    if found is None:
        return ""
    return (
        f"Measured: a child is asked about a harmless site {_often(found.false_asks_a_week)}. Of 1,000 names that"
        f" filters often take wrongly it asks about {1000 * found.overblock_share:.0f}."
    )


def _often(a_week: float) -> str:
    if a_week < 0.1:
        return "less than once in ten weeks"
    return f"about once in {1 / a_week:.0f} weeks" if a_week < 0.7 else f"about {max(1, round(a_week))} times a week"


def _learned(of: Box, house: House) -> list[Learned]:
    """Return what answers taught, by kind of sites, in the order of the rulebook."""
    try:
        answers = of.household.store.requests.lessons()
    except StoreError:
        answers = {}
    steps = house.classifier.steps
    known = [id_ for id_ in of.book.categories if steps.get(id_)]
    return [Learned(id_, of.book.categories[id_].name, steps[id_], answers.get(id_, 0)) for id_ in known]
