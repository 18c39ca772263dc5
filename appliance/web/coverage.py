"""What the box truly holds for one child, here and now, with what to do; and what holds while it can't look."""

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from msgspec.structs import replace

from appliance.core import coverage as covered
from appliance.core.coverage import Finding, Holds, Way
from appliance.core.house import House
from appliance.core.person import KnownNames, Person, Unwatched
from appliance.household import coverage_words, reach
from appliance.web import bands, edits, look
from appliance.web.box import box
from appliance.web.gate import HOME, Who, open_to
from appliance.web.people import child_or_404
from appliance.web.saving import GOOD, WRONG, changed, done, reason
from appliance.world.snapshot import load_snapshot

pages = Blueprint("coverage", __name__)

LOOKS: dict[Holds, tuple[str, str]] = {
    Holds.YES: ("free", "check-circle"),
    Holds.PARTLY: ("pause", "circle-half"),
    Holds.NO: ("stop", "x-circle"),
    Holds.UNKNOWN: ("ask", "question-circle"),
    Holds.UNWANTED: ("plain", "unlock"),
}
"""The tone and the icon of how something stands."""
CHECK = f"{HOME}/me/check"


@dataclass(frozen=True, slots=True)
class Line:
    """A finding as the page says it."""

    title: str
    word: str
    tone: str
    icon: str
    said: str
    mend: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting with its values as buttons: (value, word, tone, is on); what the present value costs."""

    field: str
    title: str
    note: str
    choices: tuple[tuple[str, str, str, bool], ...]
    cost: str


_UNWATCHED: dict[Unwatched, tuple[str, str, str]] = {
    Unwatched.OPEN: (
        "Passes",
        "free",
        "School and calls go on. Somebody who floods the box on purpose gets more through.",
    ),
    Unwatched.CLOSED: ("Waits", "stop", "Nothing new opens until the box looks again, help lines by name apart."),
}
_KNOWN: dict[KnownNames, tuple[str, str, str]] = {
    KnownNames.OFF: ("Off", "free", "Apps that bring their own addresses work, and so do ways round that do the same."),
    KnownNames.WATCH: ("Watch first", "pause", "Nothing is refused; what would be is told, so that you can decide."),
    KnownNames.ON: ("On", "stop", "Calls, games and apps that bring their own addresses break. Consoles are left out."),
}
"""A value's word, tone and cost."""


@pages.get("/child/<person_id>/coverage")
@open_to(Who.CAREGIVER)
def show(person_id: str) -> ResponseReturnValue:
    """Show what holds, what doesn't, and what holds while the box can't look."""
    person = child_or_404(person_id)
    of = box()
    snapshot = load_snapshot(of.data).snapshot
    found = covered.coverage(reach.facts_of(of.data, snapshot, of.policy(), person, of.contract))
    return render_template(
        "people/coverage.html",
        person=person,
        ages=bands.ages(str(person.band)),
        way=coverage_words.WAYS[found.way],
        is_gateway=found.way is not Way.DNS,
        lines=[_line(one) for one in found.findings],
        notes=[coverage_words.words(one) for one in found.notes],
        settings=_settings(person),
        check=CHECK,
    )


@pages.post("/child/<person_id>/coverage")
@open_to(Who.CAREGIVER)
def choose(person_id: str) -> ResponseReturnValue:
    """Set what holds while the box can't look (`unwatched`), or whether only known addresses open (`known`)."""
    person = child_or_404(person_id)
    said = _said(request.form.get("field", ""), request.form.get("value", "")) or abort(400)
    field, value, code, word = said
    at = look.now()

    def mutate(house: House) -> House:
        clean = edits.cleaned(house, at, person.id)
        return edits.with_person(clean, person.id, lambda one: replace(one, **{field: value}))

    trouble = changed(reason(code, person=person.id, setting=value.value), mutate)
    where = url_for("coverage.show", person_id=person.id, _anchor="settings")
    return done(trouble or f"Set for {person.name}: {word.lower()}.", WRONG if trouble else GOOD, where)


def _said(field: str, value: str) -> tuple[str, Unwatched | KnownNames, str, str] | None:
    """Return what a form says: the field, its value, the code of the change and the value's word."""
    match field:
        case "unwatched" if value in {one.value for one in Unwatched}:
            unwatched = Unwatched(value)
            return field, unwatched, "unwatched_set", _UNWATCHED[unwatched][0]
        case "known_names_only" if value in {one.value for one in KnownNames}:
            known = KnownNames(value)
            return field, known, "known_names_set", _KNOWN[known][0]
    return None


def _line(one: Finding) -> Line:
    tone, icon = LOOKS[one.holds]
    said, mend = coverage_words.words(one.reason)
    return Line(coverage_words.TOPICS[one.topic], coverage_words.HOLDS[one.holds], tone, icon, said, mend)


def _settings(person: Person) -> tuple[Choice, ...]:
    unwatched, known = person.unwatched, person.known_names_only
    return (
        Choice(
            "unwatched",
            "While the box can't look",
            "For a moment after a fault, or when it has too much to do: what becomes of new connections?",
            tuple((one.value, word, tone, one is unwatched) for one, (word, tone, _) in _UNWATCHED.items()),
            _UNWATCHED[unwatched][2],
        ),
        Choice(
            "known_names_only",
            "Known addresses only",
            f"New connections go only where this box said a name of {person.name}'s leads.",
            tuple((one.value, word, tone, one is known) for one, (word, tone, _) in _KNOWN.items()),
            _KNOWN[known][2],
        ),
    )
