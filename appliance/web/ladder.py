"""One decision looked at: what happens to a name, by which step of the order, and when that changes by itself."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from appliance.core import names
from appliance.core.policy import Policy
from appliance.core.subject import Subject
from appliance.core.verdict import Action, Step, Verdict
from appliance.household.labels import Labels, is_wanted

MAX_CHANGES = 64
"""So many moments are looked at for the next other answer: a busy week has fewer."""

QUESTIONS: dict[Step, str] = {
    Step.HELP: "A help line?",
    Step.INFRASTRUCTURE: "Needed to be online at all?",
    Step.HARD: "Harmful, or closed hard at this age?",
    Step.WORD: "A pause, or extra time?",
    Step.TIME: "Bedtime, another time off, or no minutes left?",
    Step.OWN: "A caregiver's rule for this name?",
    Step.PROTECTED: "Protected information?",
    Step.BYPASS: "A way around the rules?",
    Step.CATEGORY: "An app, or a kind of sites, that is set?",
    Step.LIST: "On a list?",
    Step.CLASSIFIER: "New, and looks risky?",
    Step.DEFAULT: "All other sites",
}
"""The order of decision as questions, first match first."""

_TONES: dict[Action, str] = {Action.ALLOW: "free", Action.REWRITE: "free", Action.ASK: "ask", Action.BLOCK: "stop"}
_WORDS: dict[Action, tuple[str, str]] = {
    Action.ALLOW: ("check-circle", "Open"),
    Action.REWRITE: ("shield-check", "Open, safe mode"),
    Action.ASK: ("hand-index-thumb", "Ask first"),
    Action.BLOCK: ("slash-circle", "Blocked"),
}


class NoName(ValueError):
    """This is not the name of a site."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a verdict looks: a tone, an icon and a word."""

    tone: str
    icon: str
    word: str


@dataclass(frozen=True, slots=True)
class Change:
    """The next moment (POSIX seconds) at which the answer is another one, and that answer."""

    at: float
    verdict: Verdict


def asked_name(typed: str) -> str:
    """Return the name in what a person typed or pasted: a name, or an address of a page. Raises NoName."""
    text = typed.strip()
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
        name = names.normalise(host)
    except ValueError as error:
        raise NoName("This is not the name of a site. Write it like example.com.") from error
    if name.replace(".", "").isdigit():
        raise NoName("This is a number, not a name: the box decides by names.")
    return name


def mark_of(verdict: Verdict) -> Mark:
    """Return how a verdict looks; what time closed looks like the night, what was paused like a pause."""
    icon, word = _WORDS[verdict.action]
    if verdict.is_blocked and verdict.step is Step.TIME:
        return Mark("night", "moon-stars", "Time off")
    if verdict.is_blocked and verdict.step is Step.WORD:
        return Mark("pause", "pause-fill", "Paused")
    return Mark(_TONES[verdict.action], icon, word)


def steps_of(verdict: Verdict, sentence: str, tone: str, classifier: str = "No") -> list[tuple[str, bool, str]]:
    """Return the twelve steps as (text, is the deciding one, tone): no before it, not asked after it.

    `classifier` is what is said of step 11 where a later one decides.
    """
    found = []
    for step, question in QUESTIONS.items():
        if step is verdict.step:
            found.append((f"{question.rstrip('?')}: {sentence}", True, tone))
        elif step.rank < verdict.step.rank:
            found.append((f"{question} {classifier if step is Step.CLASSIFIER else 'No'}", False, "plain"))
        else:
            found.append((f"{question.rstrip('?')}: not asked", False, "plain"))
    return found


def classifier_of(of: Policy, subject: Subject, name: str, verdict: Verdict, labels: Labels) -> str:
    """Return what step 11 came to where it did not decide: it isn't always asked."""
    if not subject.is_scored:
        return "Not asked here"
    if not is_wanted(of, subject, name, verdict):
        return "Not needed"
    return "It can't be asked at the moment" if labels.is_silent else "No"


def next_change(of: Policy, subject: Subject, name: str, verdict: Verdict, at: float, labels: Labels) -> Change | None:
    """Return when a name is next answered otherwise by itself, None where no such moment is in sight."""
    after = verdict
    for _ in range(MAX_CHANGES):
        if after.until is None or after.until <= at:
            return None
        at = after.until
        after = labels.decide(of, subject, name, at)
        if after.action is not verdict.action:
            return Change(at, after)
    return None
