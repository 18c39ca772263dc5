"""What a routine opens or closes, to be ticked: services by group, kinds of sites, and names one a line."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from appliance.core import names
from appliance.core.house import House, with_own
from appliance.core.person import Known, Person
from appliance.core.rulebook import Rulebook
from appliance.core.said import CATEGORY, GROUP, SERVICE, Things
from appliance.web import categories, ladder, rules

OTHERS = "others"
MAX_NAMES = 200
MOST_TOLD = 3
"""So many things are named in a line."""


class NotThings(ValueError):
    """This can't be opened or closed by a routine."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A thing that may be ticked, as one is written: ``service:youtube``."""

    value: str
    name: str
    note: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """Things that belong together; `whole` is the switch for all services of a group, later ones too."""

    title: str
    icon: str
    whole: Offer | None
    offers: tuple[Offer, ...]

    @property
    def chosen(self) -> int:
        """How many of its things are ticked."""
        return sum(one.is_on for one in (*([self.whole] if self.whole else []), *self.offers))


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is to choose from for one child."""

    person: Person
    house: House
    book: Rulebook

    @property
    def known(self) -> Known:
        """The ids that there are, the house's own services with them."""
        return with_own(self.book.known, self.house)

    def shelves(self, chosen: Collection[str], *, opens: bool) -> list[Shelf]:
        """Return what may be opened or closed; what a caregiver can't open or close alone is not among it."""
        offers = [*self._groups(chosen, opens=opens), *self._kinds(chosen, opens=opens)]
        return [shelf for shelf in offers if shelf.whole or shelf.offers]

    def said(self, chosen: Iterable[str], *, opens: bool) -> Things:
        """Return what was ticked. Raises NotThings."""
        known = self.known
        found: dict[str, list[str]] = {SERVICE: [], GROUP: [], CATEGORY: []}
        ids: dict[str, Collection[str]] = {
            SERVICE: known.services, GROUP: known.groups, CATEGORY: known.categories,
        }  # fmt: skip
        for value in chosen:
            prefix, _, id_ = value.partition(":")
            kind = f"{prefix}:"
            if kind not in ids or id_ not in ids[kind]:
                raise NotThings(f"There is no {prefix if kind in ids else 'such thing as'} “{id_ or value}” any more.")
            self._check(kind, id_, opens=opens)
            found[kind].append(id_)
        return Things(services=tuple(found[SERVICE]), groups=tuple(found[GROUP]), categories=tuple(found[CATEGORY]))

    def called(self, things: Things) -> list[str]:
        """Return things as people call them."""
        services = {id_: one.name for id_, one in self.book.services.items()}
        services |= {one.id: one.name for one in self.house.services}
        kinds = {id_: one.name for id_, one in self.book.categories.items()}
        return [
            *(self.book.groups.get(id_, id_) for id_ in things.groups),
            *(services.get(id_, id_) for id_ in things.services),
            *(kinds.get(id_, id_) for id_ in things.categories),
            *things.names,
        ]

    def _check(self, kind: str, id_: str, *, opens: bool) -> None:
        if not self._is_free(kind, id_, opens=opens):
            name = self.called(Things(**{_FIELDS[kind]: (id_,)}))[0]
            if opens:
                raise NotThings(f"{name} is closed at this age: two caregivers together lift it, not a routine.")
            raise NotThings(f"{name} is protected at this age: bedtime stops it, but it is not closed alone.")

    def _is_free(self, kind: str, id_: str, *, opens: bool) -> bool:
        """Say whether a routine may open or close a thing for this child."""
        if opens:
            category = id_ if kind == CATEGORY else self.known.services.get(id_, "") if kind == SERVICE else ""
            return (category, str(self.person.band)) not in self.known.hard
        return kind != CATEGORY or (id_, str(self.person.band)) not in self.known.protected

    def _groups(self, chosen: Collection[str], *, opens: bool) -> Iterable[Shelf]:
        members: dict[str, list[Offer]] = {}
        services = [(one.id, one.name, one.group, one.warning) for one in self.book.services.values()]
        services += [(one.id, one.name, one.group or OTHERS, "") for one in self.house.services]
        for id_, name, group, note in sorted(services, key=lambda one: one[1].casefold()):
            value = f"{SERVICE}{id_}"
            if self._is_free(SERVICE, id_, opens=opens):
                offer = Offer(value, name, "" if opens else note, value in chosen)
                members.setdefault(group, []).append(offer)
        for group, title in self.book.groups.items():
            value = f"{GROUP}{group}"
            whole = Offer(value, f"All of {title}", "What joins this group later too.", value in chosen)
            yield Shelf(title, "grid", whole, tuple(members.pop(group, ())))
        for offers in members.values():
            yield Shelf("Own services", "grid", None, tuple(offers))

    def _kinds(self, chosen: Collection[str], *, opens: bool) -> Iterable[Shelf]:
        for id_, (title, icon, _) in categories.GROUPS.items():
            found = (one for one in self.book.categories.values() if one.group == id_)
            offers = (
                Offer(f"{CATEGORY}{one.id}", one.name, one.note, f"{CATEGORY}{one.id}" in chosen)
                for one in found
                if self._is_free(CATEGORY, one.id, opens=opens)
                and (one.id, str(self.person.band)) not in self.book.hard
            )
            yield Shelf(title, icon, None, tuple(offers))


_FIELDS = {SERVICE: "services", GROUP: "groups", CATEGORY: "categories"}


def values(things: Things) -> list[str]:
    """Return services, groups and categories as they are ticked."""
    return [
        *(f"{SERVICE}{id_}" for id_ in things.services),
        *(f"{GROUP}{id_}" for id_ in things.groups),
        *(f"{CATEGORY}{id_}" for id_ in things.categories),
    ]


def chosen_words(shelves: Iterable[Shelf], typed: str) -> str:
    """Return what is ticked on shelves, and the names that were typed beside them, in words."""
    offers = (one for shelf in shelves for one in (*([shelf.whole] if shelf.whole else []), *shelf.offers))
    return listed([*(one.name for one in offers if one.is_on), *typed.split()])


def listed(called: list[str]) -> str:
    """Return the first of some things, and how many more there are."""
    more = len(called) - MOST_TOLD
    return ", ".join(called[:MOST_TOLD]) + (f" and {more} more" if more > 0 else "")


def names_of(typed: str) -> tuple[str, ...]:
    """Return the names of sites in a text, one a line, each once. Raises NotThings."""
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    if len(lines) > MAX_NAMES:
        raise NotThings(f"At most {MAX_NAMES} names, please.")
    found = []
    for line in lines:
        try:
            found.append(rules.site(line))
        except (ladder.NoName, names.BadName) as error:
            raise NotThings(f"“{line[:60]}” is not the name of a site. Write one a line, like example.com.") from error
    return tuple(dict.fromkeys(found))
