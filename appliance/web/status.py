"""What holds for somebody now, until when, what follows, and who said so: the pill and the line of a card."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from appliance.core.budget import Minutes
from appliance.core.person import Person
from appliance.core.policy import Policy
from appliance.core.schedule import Window
from appliance.core.steps import latest_word
from appliance.core.subject import Subject, Word
from appliance.core.visibility import Role
from appliance.store.errors import StoreError
from appliance.web import drawing, left
from appliance.web.box import Box
from appliance.web.left import Left
from appliance.web.look import moment_words

MAX_CHANGES = 200
"""So many changes ahead are looked at for the one at which the state becomes another."""
SAVED_WITHIN_S = 10.0
"""A word is said when a button is pressed, and its audit row is written this much later at most."""
ROUNDING_S = 0.001
"""What a time loses when the house writes it down."""
_SAID = {"paused": "paused", "opened": "opened", "request_allowed": "opened", "grace_taken": "taken"}


class State(Enum):
    """What holds for somebody."""

    FREE = "free"
    DURING = "during"
    """A window is open in which the Internet is on."""
    WINDOW = "window"
    """A window is open in which it is off."""
    TIME_UP = "time up"
    """The minutes for everything are used up."""
    PAUSED = "paused"
    OPENED = "opened"
    """A caregiver gave extra time, or opened everything that one caregiver may open."""
    WAITING = "waiting"
    """Nobody knows what time it is, and the house chose to wait for it."""
    CLOSED = "closed"
    """Nobody named the device, and such get nothing."""


STOPPED = (State.WINDOW, State.TIME_UP, State.PAUSED, State.WAITING)
"""States in which the Internet is off."""


@dataclass(frozen=True, slots=True)
class Now:
    """What holds at a moment, by the order of decision: the latest word, then time."""

    state: State
    window: Window | None = None
    """The window that is open, under a word too; one that is off before one that is on."""
    word: Word | None = None

    @property
    def name(self) -> str:
        """Return what one calls it as something that follows: a window by its name; empty for free."""
        if self.window is not None and self.state in (State.WINDOW, State.DURING):
            return self.window.name
        return "time up" if self.state is State.TIME_UP else ""


@dataclass(frozen=True, slots=True)
class Status:
    """What a card and the own page say of somebody."""

    state: State
    tone: str
    icon: str
    word: str
    line: str
    until: float | None
    """When the state becomes another one by itself (POSIX seconds), None where it doesn't."""
    since: float | None = None
    """When a caregiver said so, None where the week does."""
    window: str = ""
    """The window that is open, by its name."""
    then: str = ""
    """What follows by its name; empty where it is free then."""
    budget: Left | None = None
    """The minutes for everything, None where these are not limited today."""

    @property
    def is_stopped(self) -> bool:
        """Say whether the Internet is off."""
        return self.state in STOPPED


def look(box: Box, person: Person, at: float) -> Status:
    """Return what holds for a person of the house as caregivers may see it, and who said so where that is known."""
    policy = box.policy()
    subject = policy.by_person[person.id]
    if not left.may_see(box.contract, person, Role.CAREGIVER):
        subject = replace(subject, budgets=())
    found = now(subject, policy.minutes, at)
    return of(subject, policy.minutes, at, said_by(box, person, found.word) if found.word else None)


def of_person(policy: Policy, person: Person, at: float, who: str | None = None) -> Status:
    """Return what holds for a person of a house at a time (POSIX seconds)."""
    return of(policy.by_person[person.id], policy.minutes, at, who)


def of(subject: Subject, minutes: Minutes, at: float, who: str | None = None) -> Status:
    """Return what holds for a subject at a time (POSIX seconds); `who` is the name of the caregiver who said so."""
    found = now(subject, minutes, at)
    until = ends(subject, minutes, at)
    following = now(subject, minutes, until) if until is not None else None
    tone, icon, word = _look(found)
    is_timed = found.state in (State.WINDOW, State.DURING) and found.window is not None
    return Status(
        state=found.state,
        tone=tone,
        icon=icon,
        word=word,
        line=_line(subject, found, left.of_everything(subject, minutes, at), until, following, at, who),
        until=until,
        since=found.word.said_at if found.word else None,
        window=found.window.name if is_timed and found.window else "",
        then=following.name if following else "",
        budget=left.of_everything(subject, minutes, at),
    )


def now(subject: Subject, minutes: Minutes, at: float) -> Now:
    """Return what holds for a subject at a time (POSIX seconds).

    Words about one name or category are no state of the person; of those about everything the latest holds.
    """
    openings = subject.schedule.open_at(at) if subject.schedule else ()
    windows = [one.window for one in openings]
    window = next((one for one in windows if not one.internet), next(iter(windows), None))
    word, extra_time = latest_word(subject, (), frozenset(), at)
    word = word or extra_time
    if word is not None:
        return Now(State.PAUSED if word.is_pause else State.OPENED, window, word)
    if subject.is_waiting:
        return Now(State.WAITING)
    if window is not None and not window.internet:
        return Now(State.WINDOW, window)
    budget = left.of_everything(subject, minutes, at) if subject.budgets else None
    is_spent = budget is not None and budget.left <= 0 and not budget.budget.slow
    if is_spent and not any(one.uncounted for one in windows):
        return Now(State.TIME_UP, window)
    if subject.is_closed:
        return Now(State.CLOSED, window)
    return Now(State.DURING if window is not None else State.FREE, window)


def opened_word(found: Now) -> str:
    """Return what a caregiver opened, in a word or two."""
    if found.word is not None and found.word.is_grace:
        return "Finishing"
    return "Extra time" if found.word is not None and found.word.is_time else "Open"


def ends(subject: Subject, minutes: Minutes, at: float) -> float | None:
    """Return when another state begins by itself (POSIX seconds): one window may follow another, or a word a word."""
    begun = now(subject, minutes, at)
    if begun.state is State.WAITING:
        return None
    for _ in range(MAX_CHANGES):
        moments = [subject.next_change(at), left.end_of_day(subject, at) if subject.budgets else None]
        following = min((one for one in moments if one is not None), default=None)
        if following is None:
            return None
        after = now(subject, minutes, following)
        is_other_window = after.state is State.DURING and after.window != begun.window
        if after.state is not begun.state or is_other_window:
            return following
        at = following
    return None


def said_by(box: Box, person: Person, word: Word) -> str | None:
    """Return the name of the caregiver who said a word about a person, None where it isn't known."""
    store = box.household.store
    wanted = "paused" if word.is_pause else "opened"
    try:
        for entry in store.audit(person.id, since=word.said_at - ROUNDING_S):
            is_this = _SAID.get(entry.what.code) == wanted and entry.at - word.said_at < SAVED_WITHIN_S
            if is_this:
                caregiver = store.accounts.get(entry.who)
                return caregiver.name if caregiver else None
    except StoreError:
        pass
    return None


def _look(found: Now) -> tuple[str, str, str]:
    """Return tone, icon and word of what holds."""
    match found.state:
        case State.PAUSED:
            return "pause", "pause-fill", "Paused"
        case State.OPENED:
            return "free", "unlock", opened_word(found)
        case State.TIME_UP:
            return "night", "hourglass-bottom", "Time is up"
        case State.WAITING:
            return "night", "clock-history", "Waiting for the time"
        case State.CLOSED:
            return "ask", "hourglass-split", "Waiting"
        case State.WINDOW | State.DURING if found.window is not None:
            tone, icon = drawing.LOOKS[drawing.kind_of(found.window)]
            return tone, icon, found.window.name
        case _:
            return "free", "sun", "Free"


def _line(
    subject: Subject,
    found: Now,
    budget: Left | None,
    until: float | None,
    following: Now | None,
    at: float,
    who: str | None,
) -> str:
    """Return the one line that answers until when."""
    kept = "what is always on stays open" if subject.always_on else ""
    if found.state is State.WAITING:
        return " · ".join(one for one in ("as at bedtime, until the box knows what time it is", kept) if one)
    if found.state is State.TIME_UP and budget is not None:
        return " · ".join(one for one in (budget.used_words, kept) if one)
    is_counting = found.window is None or not found.window.uncounted
    begin = budget.left_words if is_counting and budget is not None else ""
    if until is None:
        if found.state in (State.FREE, State.CLOSED):
            return begin or "No times are set"
        return "no end in sight"
    when = _when(subject, until, at)
    then = following.name if following else ""
    by = f" · {_by(found)} by {who}" if who and found.word else ""
    match found.state:
        case State.FREE if begin:
            return f"{begin} · {then} {when}" if then else begin
        case State.WINDOW:
            return f"until {when}{f' · {kept}' if kept else ''}"
        case State.DURING:
            counts = "minutes don't count" if found.window is not None and found.window.uncounted else begin
            return " · ".join(one for one in (f"the Internet is on, until {when}", counts) if one)
        case _:
            return f"until {when}{f', then {then}' if then else ''}{by}"


def _by(found: Now) -> str:
    return "paused" if found.state is State.PAUSED else "opened"


def _when(subject: Subject, moment: float, at: float) -> str:
    return moment_words(datetime.fromtimestamp(moment, subject.zone), datetime.fromtimestamp(at, subject.zone))
