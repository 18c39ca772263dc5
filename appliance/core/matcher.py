"""Things that caregivers spoke of, ready to be compared with a name: by the name itself or by its tags."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appliance.core.catalogue import SERVICE_TAG
from appliance.core.house import House
from appliance.core.rulebook import Rulebook
from appliance.core.said import CATEGORY, EVERYTHING, GROUP, SERVICE, Things

Groups = Mapping[str, frozenset[str]]
"""Group of services → the tags of its services."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """Names (with all below them) and tags."""

    names: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Say whether anything can match."""
        return bool(self.names or self.tags)

    def covers(self, above: Iterable[str], tags: frozenset[str]) -> bool:
        """Say whether a name with these parents (itself among them) and tags is meant."""
        return not (self.tags.isdisjoint(tags) and self.names.isdisjoint(above))

    def names_it(self, above: Iterable[str]) -> bool:
        """Say whether a name is meant by itself or by one above it, and not by a tag."""
        return not self.names.isdisjoint(above)


NOTHING = Matcher()


def groups_of(house: House, rulebook: Rulebook) -> dict[str, frozenset[str]]:
    """Return the tags of the services of each group, the house's own services among them."""
    found: dict[str, set[str]] = {group: set() for group in rulebook.groups}
    pairs = [(service.group, service.id) for service in rulebook.services.values()]
    pairs += [(service.group, service.id) for service in house.services if service.group is not None]
    for group, id_ in pairs:
        found.setdefault(group, set()).add(SERVICE_TAG + id_)
    return {group: frozenset(tags) for group, tags in found.items()}


def of_things(things: Things, groups: Groups, more: Iterable[str] = ()) -> Matcher:
    """Return the matcher of things, and of `more` tags."""
    tags = {*things.categories, *(SERVICE_TAG + id_ for id_ in things.services), *more}
    for group in things.groups:
        tags |= groups.get(group, frozenset())
    return Matcher(frozenset(things.names), frozenset(tags)) if tags or things.names else NOTHING


def tags_of(what: str, groups: Groups) -> frozenset[str] | None:
    """Return the tags of a thing as budgets write it; None is everything."""
    if what == EVERYTHING:
        return None
    if what.startswith(GROUP):
        return groups.get(what.removeprefix(GROUP), frozenset())
    if what.startswith(SERVICE):
        return frozenset((SERVICE_TAG + what.removeprefix(SERVICE),))
    return frozenset((what.removeprefix(CATEGORY),))
