"""`--used WHAT=MINUTES`: what is told of used minutes in place of those that were counted."""

from collections.abc import Iterable
from datetime import date

from appliance.commands.options import Fault
from appliance.core.budget import MAX_MINUTES, Minutes, Used
from appliance.core.house import House, with_own
from appliance.core.person import Known
from appliance.core.rulebook import Rulebook
from appliance.core.said import CATEGORY, EVERYTHING, GROUP, SERVICE

HELP = "Minutes used today, in place of those counted: everything=45, service:youtube=20. May be given again."


def read(told: Iterable[str], house: House, book: Rulebook) -> dict[str, int]:
    """Return thing, as budgets write it → minutes used. Raises Fault for what doesn't exist or is no number."""
    known = with_own(book.known, house)
    found: dict[str, int] = {}
    for word in told:
        what, is_there, minutes = word.rpartition("=")
        if not is_there or not (minutes.isascii() and minutes.isdigit()) or int(minutes) > MAX_MINUTES:
            raise Fault(f"{word!r} is not a thing and its minutes (youtube=20, everything=45)")
        thing = _thing(what.strip().lower(), known)
        if thing in found:
            raise Fault(f"the minutes of {thing} are told twice")
        found[thing] = int(minutes)
    return found


def minutes_of(person: str, used: dict[str, int], at: float, day: date) -> Minutes:
    """Return these minutes as if they were counted up to the minute of `at`; a week has at least those of the day."""
    return Minutes(at - at % 60, day, {person: {what: Used(minutes, minutes) for what, minutes in used.items()}})


def _thing(word: str, known: Known) -> str:
    """Return a thing as budgets write it, of a whole word or a bare id. Raises Fault."""
    if word == EVERYTHING:
        return word
    kinds = ((SERVICE, known.services), (GROUP, known.groups), (CATEGORY, known.categories))
    for prefix, ids in kinds:
        if word.startswith(prefix):
            if word.removeprefix(prefix) not in ids:
                raise Fault(f"there is no {prefix[:-1]} {word.removeprefix(prefix)!r}")
            return word
    found = [prefix + word for prefix, ids in kinds if word in ids]
    if not found:
        raise Fault(f"there is no service, group or category {word!r}")
    if len(found) > 1:
        raise Fault(f"{word!r} may be {' or '.join(found)}: write one of them")
    return found[0]
