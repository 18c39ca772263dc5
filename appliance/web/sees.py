"""Who sees what, for how long: the visibility contract in words that a child reads, and nothing beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from appliance.core.person import BANDS
from appliance.core.rulebook import Category
from appliance.core.visibility import Contract, Field, Granularity, View, Words, seconds

TITLES: Mapping[str, str] = {
    "device_presence": "Whether a device is on",
    "time_sum": "Minutes a day",
    "budget_minutes": "Minutes used and left",
    "budget_ends": "That minutes were coming to an end",
    "ledger_minutes": "What the minutes went to",
    "minute_causes": "What a minute was counted for",
    "category_counts": "Kinds of opened sites",
    "names_visited": "Opened sites, by name",
    "names_blocked": "Blocked sites",
    "just_blocked": "What this device was just refused",
    "queries_ring": "The last things a device asked for",
    "troubleshooting": "Looking for a fault",
    "bypass_signs": "Signs of going round the rules",
    "cuts": "That connections were ended, and how many",
    "security_events": "Harmful sites that were stopped",
    "alerts": "Messages about a serious block",
    "requests": "What was asked for, and the answer",
    "pauses_grants": "Pauses and extra time that are over",
    "resolved_addresses": "Names behind the addresses that a device got",
    "thing_names": "Names that a thing without a screen asked for",
    "rules": "The rules",
    "rule_changes": "Who changed which rule",
    "earlier_houses": "The rules as they were before",
    "persons": "Names and ages of the people here",
    "device_inventory": "The devices of the house",
    "found_devices": "New devices that nobody named yet",
    "accounts": "Who the caregivers are",
    "invitations": "Invitations of caregivers",
    "sign_ins": "Log-ins of caregivers",
    "secrets": "Passwords, as codes that nobody can read",
    "forwarder_counts": "How much the router passes on",
    "box_counts": "Numbers about the box itself",
    "box_events": "What happened to the box",
    "answers": "Addresses of sites, without who asked",
    "classifier_cache": "Guesses about new sites, without who asked",
}
"""A field's name as a heading; what holds of it comes from the contract alone."""

GRAINS: Mapping[Granularity, str] = {
    Granularity.NO: "no",
    Granularity.SIGN: "only that it was so",
    Granularity.WEEK: "numbers for a week",
    Granularity.DAY: "numbers for a day",
    Granularity.CATEGORY: "which kind, no name",
    Granularity.NAME: "which name",
    Granularity.FULL: "all of it",
}

FIRST = ("names_visited", "names_blocked", "category_counts", "time_sum", "troubleshooting")
"""Fields that the child's page tells first."""

_UNITS = {"min": "minutes", "h": "hours", "d": "days", "weeks": "weeks", "months": "months"}
_MAY = {"erase": "erase it", "off": "turn it off"}

ABOUT_YOU, BOX_NEEDS, NOT_KEPT, HOUSE = "about you", "box needs", "not kept", "house"


@dataclass(frozen=True, slots=True)
class Line:
    """One field in words: `you` and `caregivers` see it so, it exists for `kept`; `notes` are whole sentences."""

    field: str
    title: str
    why: str
    you: str
    caregivers: str
    kept: str
    notes: tuple[str, ...] = ()
    caregivers_see: bool = False
    needs_pin: bool = False
    nobody: str = ""
    """In place of both where nobody sees it."""


def groups(contract: Contract, row: str, categories: Mapping[str, Category]) -> dict[str, tuple[Line, ...]]:
    """Return every field of the contract for a row, each in one of four groups, in the contract's order.

    About you: somebody sees it. Box needs: it exists and nobody looks. Not kept: it does not exist. House: of
    everybody alike.
    """
    found: dict[str, tuple[Line, ...]] = {ABOUT_YOU: (), BOX_NEEDS: (), NOT_KEPT: (), HOUSE: ()}
    for words in contract.words(row):
        kind = _kind(words)
        found[kind] = (*found[kind], line_of(words, categories))
    return found


def in_short(found: Mapping[str, tuple[Line, ...]]) -> tuple[Line, ...]:
    """Return the lines about a person that most want to know, those that do not exist too."""
    lines = {line.field: line for kind in (ABOUT_YOU, BOX_NEEDS, NOT_KEPT) for line in found[kind]}
    return tuple(lines[field] for field in FIRST if field in lines)


def line_of(words: Words, categories: Mapping[str, Category]) -> Line:
    """Return a field of a row in words."""
    you, caregivers = words.you, words.caregivers
    return Line(
        field=words.field.id,
        title=title_of(words.field),
        why=words.field.purpose,
        you=_seen(you),
        caregivers=_seen(caregivers),
        kept=kept_words(words.kept),
        notes=tuple(_notes(words.field, you, caregivers, categories)),
        caregivers_see=caregivers.granularity is not Granularity.NO,
        nobody=_nobody(words),
        needs_pin=you.needs_pin and you.granularity is not Granularity.NO,
    )


def title_of(field: Field) -> str:
    """Return a field's heading; a field of a newer contract is called by its id rather than left out."""
    return TITLES.get(field.id, field.id.replace("_", " ").capitalize())


def kept_words(kept: str) -> str:
    """Return a span of the contract in words: ``24 h`` is 24 hours, and so on."""
    if kept == "never":
        return "not kept"
    if kept == "standing":
        return "as long as it holds"
    number, _, unit = kept.partition(" ")
    words = _UNITS[unit]
    return f"{number} {words.removesuffix('s') if number == '1' else words}"


def span_words(span_s: int) -> str:
    """Return seconds in the largest unit that fits: 3600 is an hour, 259200 three days."""
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if span_s >= size and span_s % size == 0:
            number = span_s // size
            return f"{number} {word}{'' if number == 1 else 's'}"
    return f"{span_s} seconds"


def _kind(words: Words) -> str:
    is_seen = {words.you.granularity, words.caregivers.granularity} != {Granularity.NO}
    if words.field.everyone:
        return HOUSE if is_seen else BOX_NEEDS
    if is_seen:
        return ABOUT_YOU
    return NOT_KEPT if seconds(words.kept) == 0 else BOX_NEEDS


def _nobody(words: Words) -> str:
    if {words.you.granularity, words.caregivers.granularity} != {Granularity.NO}:
        return ""
    return "nobody: it is not kept" if seconds(words.kept) == 0 else "nobody"


def _seen(view: View) -> str:
    said = GRAINS[view.granularity]
    return f"{said}, behind a PIN" if view.needs_pin and view.granularity is not Granularity.NO else said


def _notes(field: Field, you: View, caregivers: View, categories: Mapping[str, Category]) -> Iterator[str]:
    if caregivers.granularity is not Granularity.NO and caregivers.after_s:
        going_on = ", and only if it still goes on then" if caregivers.is_lasting else ""
        yield f"You know it {span_words(caregivers.after_s)} before caregivers do{going_on}."
    elif caregivers.granularity is not Granularity.NO and caregivers.is_lasting:
        yield "Caregivers see it only if it goes on."
    if you.of:
        named = ", ".join(categories[id_].name if id_ in categories else id_ for id_ in you.of)
        yield f"Only of these kinds: {named}."
    if caregivers.is_wider:
        yield "Your caregivers chose to see more than is usual at your age."
    if field.per_week and caregivers.granularity is not Granularity.NO:
        yield f"At most {field.per_week} times a week."
    if you.child_may:
        yield f"It is yours: you may {' or '.join(_MAY[one] for one in you.child_may)}."


def is_young(row: str) -> bool:
    """Say whether the page speaks to the grown-up beside a small child."""
    return row == BANDS[0]
