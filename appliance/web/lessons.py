"""What caregivers' answers teach the box: by how many steps it must be surer before it asks about a kind of sites.

Of each name the last answer counts, as one step; what a child visits counts for nothing.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from appliance.core.house import MOST_STEPS, House
from appliance.store.errors import StoreError
from appliance.store.requests import Request, State
from appliance.web.box import Box

OPEN, KEEP = 1, -1
"""By how many steps an answer moves: opened, the box asks less; kept closed, it asks more."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an answer teaches: by how many steps (1 or -1) of which category, in place of an earlier one."""

    category: str
    steps: int
    instead_of: Request | None = None
    """An earlier answer about the same name, which counts no longer."""

    def learned(self, house: House) -> House:
        """Return the house after it."""
        before = house if self.instead_of is None else unlearned(house, self.instead_of)
        return moved(before, self.category, self.steps)


def of_answer(of: Box, asked: Request, steps: int) -> Lesson | None:
    """Return what an answer to a request teaches, None where the classifier had nothing to do with it.

    A name that was asked about for a guess once, and for another reason now, still has its one answer that counts.
    Raises StoreError.
    """
    earlier = of.household.store.requests.lesson(asked.what)
    category = asked.guessed or (earlier.guessed if earlier else None)
    if category is None or category not in of.book.categories:
        return None
    return Lesson(category, steps, earlier)


def of_rule(of: Box, person_id: str, name: str) -> Request | None:
    """Return the request whose answer made a person's rule for a name and counts still; None where none did."""
    try:
        found = of.household.store.requests.lesson(name)
    except StoreError:
        return None
    if found is None or found.person != person_id or found.guessed is None:
        return None
    is_rule = found.state is State.DENIED or (found.state is State.ALLOWED and found.until is None)
    return found if is_rule else None


def unlearned(house: House, found: Request) -> House:
    """Return a house in which an answer counts no longer."""
    return moved(house, found.guessed or "", -(found.taught or 0))


def moved(house: House, category: str, steps: int) -> House:
    """Return a house in which a category's steps are moved, as far as they may be."""
    now = max(-MOST_STEPS, min(MOST_STEPS, house.classifier.steps.get(category, 0) + steps))
    kept = {id_: one for id_, one in house.classifier.steps.items() if id_ != category}
    return replace(house, classifier=replace(house.classifier, steps=kept | ({category: now} if now else {})))


def reset(house: House, category: str | None = None) -> House:
    """Return a house that has learned nothing about a category, or (None) about any."""
    left = {} if category is None else {id_: one for id_, one in house.classifier.steps.items() if id_ != category}
    return replace(house, classifier=replace(house.classifier, steps=left))
