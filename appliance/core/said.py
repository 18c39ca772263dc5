"""What all values have in common that caregivers say; and the things that rules, windows and budgets are about."""

from datetime import datetime
from re import compile as regex
from typing import Annotated

import msgspec
from msgspec.structs import force_setattr

from appliance.core import names

_ID = r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$"
_THING = regex(r"(?:everything|(?:service|group|category):[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?)\Z")

Id = Annotated[str, msgspec.Meta(pattern=_ID, description="a short word: letters, digits, - . _")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern="^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
"""What a person calls a thing: one line."""
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

EVERYTHING = "everything"
SERVICE = "service:"
GROUP = "group:"
CATEGORY = "category:"
"""How one thing is written: ``everything``, ``service:youtube``, ``group:game``, ``category:forum``, or a bare name."""


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The manner of all values of a house: frozen, every key known, defaults left out when written."""


class Things(Said, frozen=True):
    """Names with all below them, services, groups of services, categories: what a window or an exemption is about."""

    names: tuple[str, ...] = ()
    services: tuple[Id, ...] = ()
    groups: tuple[Id, ...] = ()
    categories: tuple[Id, ...] = ()

    def __post_init__(self) -> None:
        """Bring the names to normal form."""
        force_setattr(self, "names", tuple(names.normalise(name) for name in self.names))

    def __bool__(self) -> bool:
        """Say whether there is anything."""
        return bool(self.names or self.services or self.groups or self.categories)


NOTHING_SAID = Things()


def is_thing(word: str) -> bool:
    """Say whether a word is ``everything``, or a service, group or category as one is written."""
    return bool(_THING.match(word))
