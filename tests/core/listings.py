"""Lists of a house, read from a few lines as the steward reads them."""

from collections.abc import Iterable, Mapping
from typing import Any

from appliance.core.house import House
from appliance.core.lists.build import Known, Source, build
from appliance.core.lists.listset import ListSet
from appliance.core.person import Person
from appliance.core.policy import Policy
from appliance.core.subscription import ListKind, Subscription
from appliance.world.patterns import compile_patterns
from tests.core.builders import child, policy_of

KNOWN = Known()
"""Nothing of what a list should not hold: what is protected wins all the same."""


def blocks(id_: str = "ads", **said: Any) -> Subscription:
    """Return a list that does what its lines say, answers of its own included."""
    return Subscription(id=id_, name=id_.title(), **{"redirects": True, "wide": True} | said)


def allows(id_: str = "ours", **said: Any) -> Subscription:
    """Return a list that opens."""
    return blocks(id_, kind=ListKind.ALLOW, **said)


def list_set(lists: Iterable[Subscription], texts: Mapping[str, str]) -> ListSet:
    """Return lists ready to be searched; `texts` are their lines by id."""
    return ListSet(list_octets(lists, texts), compile_patterns)


def list_octets(lists: Iterable[Subscription], texts: Mapping[str, str]) -> bytes:
    """Return the file of lists."""
    sources = [
        Source(
            id=one.id,
            lines=texts[one.id].splitlines(),
            is_allow=one.kind is ListKind.ALLOW,
            syntax=one.syntax,
            subdomains=one.reaches_below,
            redirects=one.redirects,
            wide=one.wide,
        )
        for one in lists
    ]
    return build(sources, KNOWN, compile_patterns).octets


def listed_policy(
    texts: Mapping[Subscription, str], *, persons: tuple[Person, ...] | None = None, **said: Any
) -> Policy:
    """Return the policy of a house with a child of 6-9 (or other persons) and these lists."""
    house = House(persons=(child(),) if persons is None else persons, lists=tuple(texts), **said)
    made = list_set(house.lists, {one.id: text for one, text in texts.items()})
    return policy_of(house, lists=made)
