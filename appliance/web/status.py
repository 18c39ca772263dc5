"""What holds for a person now, until when, and who said so: the pill and the line of a card."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum

from appliance.core.house import Person
from appliance.core.policy import Policy, latest_word
from appliance.core.schedule import Window, open_until
from appliance.core.subject import Subject, Word
from appliance.store.errors import StoreError
from appliance.web import drawing
from appliance.web.box import Box
from appliance.web.look import moment_words

MAX_CHANGES = 200
"""So many changes ahead are looked at for the one at which the state becomes another."""
SAVED_WITHIN_S = 10.0
"""A word is said when a button is pressed, and its audit row is written this much later at most."""
ROUNDING_S = 0.001
"""What a time loses when the house writes it down."""
_CODES = {True: "paused", False: "opened"}


class State(Enum):
    """What holds for a person."""

    FREE = "free"
    WINDOW = "window"
    PAUSED = "paused"
    OPENED = "opened"
    """A caregiver gave extra time, or opened everything that one caregiver may open."""


@dataclass(frozen=True, slots=True)
class Now:
    """What holds at a moment, by the order of decision: the latest word, then time."""

    state: State
    window: Window | None = None
    """The window that is open, under a word too."""
    word: Word | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What a card says of a person."""

    state: State
    tone: str
    icon: str
    word: str
    line: str
    until: float | None
    """When the state becomes another one by itself (POSIX seconds), None where it doesn't."""
    since: float | None = None
    """When a caregiver said so, None where the week does."""


def look(box: Box, person: Person, at: float) -> Status:
    """Return what holds for a person of the house at a time (POSIX seconds), and who said so where it is known."""
    policy = box.policy()
    found = now(policy.by_person[person.id], at)
    return of(policy, person, at, said_by(box, person, found.word) if found.word else None)


def of(policy: Policy, person: Person, at: float, who: str | None = None) -> Status:
    """Return what holds for a person at a time (POSIX seconds); `who` is the name of the caregiver who said so."""
    subject = policy.by_person[person.id]
    found = now(subject, at)
    until = ends(subject, at)
    line = _line(subject, found, until, at, who)
    since = found.word.said_at if found.word else None
    match found.state:
        case State.PAUSED:
            return Status(found.state, "pause", "pause-fill", "Paused", line, until, since)
        case State.OPENED:
            return Status(found.state, "free", "unlock", opened_word(found), line, until, since)
        case State.WINDOW if found.window is not None:
            tone, icon = drawing.LOOKS[drawing.kind_of(found.window)]
            return Status(found.state, tone, icon, found.window.name, line, until)
        case _:
            return Status(found.state, "free", "sun", "Free", line, until)


def now(subject: Subject, at: float) -> Now:
    """Return what holds for a subject at a time (POSIX seconds).

    Words about one name or category are no state of the person; of those about everything the latest holds.
    """
    window = open_until(subject.windows, subject.zone, at) if subject.windows and subject.zone else None
    opened = window[0] if window else None
    word, extra_time = latest_word(subject, (), frozenset(), at)
    word = word or extra_time
    if word is not None:
        return Now(State.PAUSED if word.is_pause else State.OPENED, opened, word)
    return Now(State.WINDOW if opened else State.FREE, opened)


def opened_word(found: Now) -> str:
    """Return what a caregiver opened, in a word or two."""
    return "Extra time" if found.word is not None and found.word.is_time else "Open"


def ends(subject: Subject, at: float) -> float | None:
    """Return when another state begins by itself (POSIX seconds): one window may follow another, or a word a word."""
    state = now(subject, at).state
    for _ in range(MAX_CHANGES):
        following = subject.next_change(at)
        if following is None or now(subject, following).state is not state:
            return following
        at = following
    return None


def said_by(box: Box, person: Person, word: Word) -> str | None:
    """Return the name of the caregiver who said a word about a person, None where it isn't known."""
    store = box.household.store
    try:
        for entry in store.audit(person.id, since=word.said_at - ROUNDING_S):
            is_this = entry.what.code == _CODES[word.is_pause] and entry.at - word.said_at < SAVED_WITHIN_S
            if is_this:
                caregiver = store.accounts.get(entry.who)
                return caregiver.name if caregiver else None
    except StoreError:
        pass
    return None


def _line(subject: Subject, found: Now, until: float | None, at: float, who: str | None) -> str:
    if until is None:
        return "no end in sight" if found.state is not State.FREE else "No times are set"
    when = _when(until, drawing.zone_of(subject), at)
    following = now(subject, until)
    then = f", then {following.window.name}" if following.window and following.state is State.WINDOW else ""
    by = f" · {_CODES[found.state is State.PAUSED]} by {who}" if who and found.word else ""
    match found.state:
        case State.FREE:
            return f"until {when}{then}"
        case State.WINDOW:
            kept = " · what is always on stays open" if subject.always_on_names or subject.always_on_tags else ""
            return f"until {when}{kept}"
        case _:
            return f"until {when}{then}{by}"


def _when(moment: float, zone: tzinfo, at: float) -> str:
    return moment_words(datetime.fromtimestamp(moment, zone), datetime.fromtimestamp(at, zone))
