"""The catalogue of lists as a house sees it: what each is for, whom it fits, how large it is, how good it is."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

from appliance.core.house import House
from appliance.core.offers import ADULT, Offer
from appliance.core.person import BANDS, Person, PersonKind
from appliance.core.rulebook import Rulebook
from appliance.core.subscription import Subscription
from appliance.web import bands, ids, list_edits, list_look
from appliance.web.categories import GROUPS
from appliance.world import rules

ALL_SORTS = ("All sorts", "collection", "Lists that are closed by themselves, whatever kind of site a name is.")
UNMEASURED = "not measured yet"
REASONS = {
    "gambling": "Closes many more sites that want to be played for money.",
    "malware_phishing": "Keeps every device in the house from fraud and harmful programs.",
    "pornography": "Closes many more such sites than the box knows by itself.",
    "trackers_ads": "Less advertising, and fewer who follow your children about.",
}
"""Kind of sites → why a list of it is offered ready ticked."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A list of the catalogue, as a house sees it."""

    offer: Offer
    kind: str
    """The name of the kind of sites that it feeds, empty where it feeds none."""
    fits: str
    whom: str
    """For whom it would be in this house; empty where it fits nobody here."""
    amount: str
    overblock: str
    called: str
    """What the same list is called that the house has already; empty where it hasn't."""


@dataclass(frozen=True, slots=True)
class Group:
    """Lists for the same."""

    title: str
    icon: str
    note: str
    lists: tuple[Shown, ...]

    @property
    def has_default(self) -> bool:
        """Say whether one of them is good to begin with."""
        return any(one.offer.default for one in self.lists)

    @property
    def here(self) -> int:
        """How many of them the house has."""
        return sum(bool(one.called) for one in self.lists)


@cache
def offers() -> tuple[Offer, ...]:
    """Return the bundled catalogue."""
    return rules.load_offers()


def by_address(url: str | None) -> Offer | None:
    """Return the list of the catalogue that comes from an address, None where it has none."""
    return next((one for one in offers() if one.url == url), None)


def grouped(house: House, book: Rulebook) -> list[Group]:
    """Return the catalogue by what lists are about: first what one does well to begin with, then as GROUPS has it."""
    told: dict[str, list[Shown]] = {}
    for one in offers():
        told.setdefault(one.category or "", []).append(shown(one, house, book))
    places = {id_: place for place, id_ in enumerate(GROUPS)}

    def order(category: str) -> tuple[bool, bool, int]:
        has_default = any(one.offer.default for one in told[category])
        return not has_default, not category, places[book.categories[category].group] if category else 0

    return [_group(category, tuple(told[category]), book) for category in sorted(told, key=order)]


def _group(category: str, lists: tuple[Shown, ...], book: Rulebook) -> Group:
    if not category:
        return Group(*ALL_SORTS, lists)
    kind = book.categories[category]
    return Group(kind.name, GROUPS[kind.group][1], kind.note, lists)


def shown(offer: Offer, house: House, book: Rulebook) -> Shown:
    """Return a list of the catalogue as a house sees it."""
    category = book.categories.get(offer.category or "")
    made = subscription(offer, house)
    return Shown(
        offer=offer,
        kind=category.name if category else "",
        fits=ages_words(offer.ages),
        whom=list_look.whom(made, house) if made else "",
        amount=amount(offer),
        overblock=overblock_words(offer),
        called=next((one.name for one in house.lists if one.url == offer.url), ""),
    )


def subscription(offer: Offer, house: House) -> Subscription | None:
    """Return a list as this house takes it: for the children whom it fits, for all where it fits every age.

    None where it fits none of them.
    """
    fitting = children_of(offer, house.persons)
    if not is_for_all(offer) and not fitting:
        return None
    return Subscription(
        id=ids.new_id(offer.id, {one.id for one in house.lists}, "list"),
        name=offer.name,
        url=offer.url,
        category=offer.category,
        persons=() if is_for_all(offer) else tuple(one.id for one in fitting),
        syntax=offer.syntax,
        subdomains=offer.subdomains,
    )


def taken(house: House, wanted: Collection[str]) -> House:
    """Return a house with these lists of the catalogue; those that it has already, or that fit nobody, are left out."""
    for offer in offers():
        made = subscription(offer, house) if offer.id in wanted else None
        if made is not None and all(one.url != made.url for one in house.lists):
            house = list_edits.with_list(house, made)
    return house


def defaults(ages: Collection[str]) -> list[Offer]:
    """Return what is offered ready ticked to a house with children of these ages."""
    return [one for one in offers() if set(one.default) & set(ages)]


def named(wanted: Collection[str]) -> list[str]:
    """Return the names of these lists of the catalogue."""
    return [one.name for one in offers() if one.id in wanted]


def why(offer: Offer) -> str:
    """Return in a line why a list is offered ready ticked."""
    return REASONS.get(offer.category or "", offer.about)


def is_for_all(offer: Offer) -> bool:
    """Say whether a list fits every age of a child."""
    return set(BANDS) <= set(offer.ages)


def children_of(offer: Offer, persons: Iterable[Person]) -> list[Person]:
    """Return the children whose age a list fits."""
    return [one for one in persons if one.kind is PersonKind.CHILD and one.band in offer.ages]


def ages_words(ages: Collection[str]) -> str:
    """Return for which ages a list fits, as people say it: ``all ages``, ``from 10``, ``to 12``, ``6 to 9``."""
    fit = [place for place, band in enumerate(BANDS) if band in ages]
    if len(fit) == len(BANDS):
        return "all ages"
    if not fit:
        return "adults" if ADULT in ages else "nobody"
    first, last = fit[0], fit[-1]
    if fit != list(range(first, last + 1)):
        return ", ".join(bands.ages(BANDS[place]) for place in fit)
    youngest, oldest = BANDS[first].split("-")[0], BANDS[last].split("-")[1]
    if last == len(BANDS) - 1:
        return f"from {youngest}"
    return f"to {oldest}" if first == 0 else f"{youngest} to {oldest}"


def amount(offer: Offer) -> str:
    """Return how much is on a list, and how much is fetched, roughly."""
    return f"about {list_look.number(offer.names, 'name')}, {offer.megabytes:g} MB"


def overblock_words(offer: Offer | None) -> str:
    """Return how much a list closes of what should stay open."""
    told = offer.overblock if offer else None
    if told is None:
        return UNMEASURED
    return f"{told.index:g} of 1,000"
