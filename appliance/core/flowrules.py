"""What the rules make of connections besides their names: signs as categories, and what a device's traffic hints at."""

from enum import Enum
from typing import Annotated, Final

import msgspec

from appliance.core.document import Document, DocumentError, Path
from appliance.core.person import BANDS
from appliance.core.rulebook import BYPASS, Rulebook
from appliance.core.subject import ADULT_ROW, UNKNOWN_ROW

FILE: Final = "flows.yaml"
ROWS: Final = (*BANDS, ADULT_ROW, UNKNOWN_ROW)


class FlowRulesError(ValueError):
    """The rules of connections can't be used: each line says the file, the line and what is wrong."""


class Likely(Enum):
    """What a sign decides that seldom is anything else."""

    DECIDE = "decide"
    """As much as a sure one."""
    TELL = "tell"
    """Nothing, but it is told."""
    NOTHING = "nothing"


Some = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Percent = Annotated[int, msgspec.Meta(ge=51, le=100)]


class LoneUdp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When one stream of UDP is all that a device does."""

    megabytes: Some
    percent: Percent
    """Of all that the device moves."""
    others: Annotated[int, msgspec.Meta(ge=0, le=100)]
    """Servers besides, at most."""


class BusyWithoutDns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a device must know addresses from somebody else."""

    megabytes: Some
    servers: Some


class NamePinned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When names at addresses that were never given are more than chance; within a day."""

    connections: Some
    sites: Some


class Hints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is told of a device by all that it does within some minutes."""

    minutes: Annotated[int, msgspec.Meta(ge=2, le=60)]
    lone_udp: LoneUdp
    busy_without_dns: BusyWithoutDns
    name_pinned: NamePinned


class FlowRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rules/flows.yaml`."""

    version: int
    signs: dict[str, str]
    """Sign → category."""
    unasked: frozenset[str]
    """Weak signs that are likely ones of a connection to a name that its device was given no address for."""
    disguised: str
    hidden: str
    likely: dict[str, Likely]
    """Row (band, ``adult``, ``unknown``) → what such a sign decides."""
    hints: Hints


def parse(text: str, rulebook: Rulebook) -> FlowRules:
    """Return the rules of connections. Raises FlowRulesError that names every line at fault."""
    try:
        document = Document(text)
        found = document.to(FlowRules)
    except DocumentError as error:
        raise FlowRulesError("\n".join(f"{FILE}: line {line}: {said}" for line, said in error.problems)) from error
    places: list[tuple[Path, str]] = [(("signs", sign), category) for sign, category in found.signs.items()]
    places += [(("disguised",), found.disguised), (("hidden",), found.hidden)]
    wrong = [
        f"{FILE}: line {document.line(place)}: {category} is no way round (a category that begins with {BYPASS})"
        for place, category in places
        if category not in rulebook.categories or not category.startswith(BYPASS)
    ]
    wrong += [
        f"{FILE}: line {document.line(('unasked',))}: {sign} is none of the signs"
        for sign in sorted(found.unasked - found.signs.keys())
    ]
    if set(found.likely) != set(ROWS):
        wrong.append(f"{FILE}: line {document.line(('likely',))}: wants exactly {', '.join(ROWS)}")
    if wrong:
        raise FlowRulesError("\n".join(wrong))
    return found
