"""The catalogue of well-known lists: who makes each, under which licence, for which ages, what it closes wrongly."""

import datetime
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import force_setattr

from appliance.core import names
from appliance.core.document import Path, checked
from appliance.core.lists.rule import Syntax
from appliance.core.person import BANDS
from appliance.core.said import Id, Text
from appliance.core.subscription import normal_url

FILE = "lists.yaml"
POPULAR_FILE = "popular.yaml"
ADULT = "adult"
AGES = (*BANDS, ADULT)
"""For whom a list can be fit."""

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Number = Annotated[int, msgspec.Meta(ge=0)]
PerMille = Annotated[float, msgspec.Meta(ge=0, le=1000)]


class OffersError(ValueError):
    """The catalogue of lists can't be used: each line says the file, the line and what is wrong."""


class Overblock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a list closes of the sites that should stay open, as `scripts/overblock` counted it."""

    index: PerMille
    """Of 1,000 such sites."""
    protected: Number
    """How many names of help lines and protected information; they stay open in the house all the same."""
    infrastructure: Number
    """How many names that devices need; they stay open too."""
    popular: Number
    """How many names of `popular.yaml`, but for those that are of the list's own category."""
    slice: Number
    """How many of the names that filters have been seen to close wrongly."""
    names: Number
    """How many names and rules the list held on that day."""
    measured: datetime.date
    """The day of the copy that was measured, as well as that is known."""


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A list that a house can subscribe to with one tap."""

    id: Id
    name: Text
    maker: Text
    url: str
    """https, and the list itself."""
    homepage: str
    """https, for people."""
    licence: Text
    """SPDX's word for it, or the maker's own."""
    category: Id | None = None
    """What the list feeds. None: it is decided by itself."""
    syntax: Syntax = Syntax.AUTO
    subdomains: bool | None = None
    """As in a subscription."""
    names: Number
    """About how many."""
    megabytes: Annotated[float, msgspec.Meta(gt=0, le=1000)]
    """About how much is fetched."""
    ages: tuple[str, ...]
    """For whom it is fit: bands, and ``adult``."""
    default: tuple[str, ...] = ()
    """It is offered ready ticked at the first run to a house where somebody is of these ages."""
    about: Words
    """What it is, and what it does wrong as far as that is known."""
    overblock: Overblock | None = None
    """None: not measured."""

    def __post_init__(self) -> None:
        """Bring the addresses to the form in which a subscription keeps them."""
        force_setattr(self, "url", _https(self.url))
        force_setattr(self, "homepage", _https(self.homepage))
        for field in ("ages", "default"):
            said = getattr(self, field)
            if said != tuple(age for age in AGES if age in said):
                raise ValueError(f"{field} are some of {', '.join(AGES)}, youngest first")
        if not self.ages:
            raise ValueError("a list is for somebody")
        if not set(self.default) <= set(self.ages):
            raise ValueError("a list is the default only where it is fit")


class Offers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The catalogue as it stands in the file."""

    version: Literal[1]
    lists: tuple[Offer, ...]


class Popular(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sites that everybody knows, by what they are."""

    version: Literal[1]
    names: dict[str, tuple[str, ...]]


def parse(text: str) -> tuple[Offer, ...]:
    """Return the lists of a catalogue in its order. Raises OffersError that names every line at fault."""
    return checked(text, Offers, _twice, FILE, OffersError).lists


def parse_popular(text: str) -> dict[str, tuple[str, ...]]:
    """Return kind of site → names, in the file's order. Raises OffersError that names every line at fault."""
    return checked(text, Popular, _odd_names, POPULAR_FILE, OffersError).names


def _https(typed: str) -> str:
    url = normal_url(typed)
    if urlsplit(url).scheme != "https":
        raise ValueError(f"{typed!r} is not on the net")
    return url


def _twice(found: Offers) -> Iterator[tuple[Path, str]]:
    """Yield the place and the words of ids and addresses that stand there a second time."""
    seen: set[str] = set()
    for number, offer in enumerate(found.lists):
        for field in ("id", "url"):
            word = getattr(offer, field)
            if word in seen:
                yield ("lists", number, field), f"{word} stands here a second time"
            seen.add(word)


def _odd_names(found: Popular) -> Iterator[tuple[Path, str]]:
    """Yield the place and the words of names that are none, or stand there a second time."""
    seen: set[str] = set()
    for kind, words in found.names.items():
        for index, word in enumerate(words):
            place = ("names", kind, index)
            if word in seen:
                yield place, f"{word} stands here a second time"
            elif not _is_normal(word):
                yield place, f"{word!r} is not a domain name in its normal form"
            seen.add(word)


def _is_normal(name: str) -> bool:
    try:
        return names.normalise(name) == name
    except names.BadName:
        return False
