"""What on this box is worth a caregiver's look: new devices, daemons that don't run, what is wrong and what to do."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from appliance.core.house import House, Unknown
from appliance.core.person import BANDS
from appliance.household.inforce import InForce, Standing
from appliance.store.errors import StoreError
from appliance.store.found import FoundDevice
from appliance.web import force, lifts
from appliance.web.box import Box
from appliance.web.hardware import unnamed
from appliance.web.look import moment_words
from appliance.world.snapshot import load_snapshot
from appliance.world.state import Problem, load_state

MAX_DEVICES = 3
RECENT_S = 14 * 86_400
"""A device that was not seen for so long is not new any more."""


@dataclass(frozen=True, slots=True)
class Worth:
    """One thing: what it is, and the next step, if a page leads there."""

    tone: str
    icon: str
    title: str
    note: str
    href: str | None = None
    action: str | None = None


PROBLEMS: Mapping[str, tuple[str, str]] = {
    "disk_full": ("The box's disk is full", "What is set holds, but nothing new is saved: make room."),
    "data_away": ("The box's disk is away", "The last house stays in force. Is the card or disk still plugged in?"),
    "data_read_only": ("The box's disk takes nothing", "What is set holds. A worn-out card does this: replace it."),
    "ledger_broken": ("The ledger is damaged", "It is kept as it is; counts wait in memory until it is put back."),
    "ledger_waiting": ("The ledger can't be written at the moment", "Counts wait in memory; it is tried again."),
    "ledger_renewed": ("The ledger was removed and begun anew", "Counts from before are gone. Rules hold."),
    "journal_broken": ("The journal is damaged", "It is put aside and begun anew by itself. Rules are not touched."),
    "journal_waiting": ("The journal can't be written at the moment", "Events wait in memory; it is tried again."),
    "journal_renewed": ("The journal was damaged and begun anew", "What it held is gone. Rules hold."),
    "classifier_broken": ("The model that guesses about new sites is damaged", "Nobody is asked about them meanwhile."),
    "classifier_down": ("What guesses about new sites doesn't run", "Nobody is asked about them until it is back."),
}
"""A steward's problem → what is so, and what that means: on home, on the house's page and from the doctor."""
BROKEN_MODEL = "classifier_broken"
_GUESSING = "classifier_"
"""So begin the codes of what is wrong with the classifier."""


class _Told(msgspec.Struct, frozen=True):
    problems: tuple[Problem, ...] = ()


def look(box: Box, found: InForce, at: float) -> list[Worth]:
    """Return what is worth a look at a time (POSIX seconds), the gravest first; `found` is how the daemons stand."""
    return [*_unpublished(box), *_daemons(found), *_problems(box), *_lifts(box, at), *_new_devices(box, at)]


def problem_words(problem: Problem) -> tuple[str, str]:
    """Return what is so, and what that means; a problem that is not known here is told by its code."""
    unknown = (f"The box reports: {problem.code.replace('_', ' ')}", "The log of the steward says more.")
    return PROBLEMS.get(problem.code, unknown)


def problems(box: Box) -> tuple[Problem, ...]:
    """Return what the steward finds wrong; where it can't be asked, what it last wrote down."""
    status = box.ask_steward("status")
    if status is None:
        state = load_state(box.data)
        return state.problems if state is not None else ()
    try:
        return msgspec.convert(status, _Told).problems
    except msgspec.ValidationError:
        return ()


def new_devices(house: House, found: Collection[FoundDevice], at: float) -> list[FoundDevice]:
    """Return the devices that were seen lately and that the house doesn't name, the latest that came first."""
    new = [one for one in unnamed(house, found) if at - one.last_seen < RECENT_S]
    return sorted(new, key=lambda one: one.first_seen, reverse=True)


def _unpublished(box: Box) -> Iterator[Worth]:
    try:
        revision = box.household.store.current()[0]
    except StoreError as error:
        yield Worth("stop", "database-exclamation", "The box can't read what it remembers", error.sentence)
        return
    published = load_snapshot(box.data).snapshot
    if revision > (published.revision if published else 0):
        note = "The box's disk didn't take it. It is tried again by itself; the rules from before hold meanwhile."
        yield Worth("stop", "hourglass-split", "A change is saved, but not in force", note)


def _daemons(found: InForce) -> Iterator[Worth]:
    for daemon in found.daemons:
        if daemon.standing in (Standing.GONE, Standing.SILENT):
            title, todo = force.late(daemon)
            tone = "stop" if force.is_vital(daemon) else "pause"
            yield Worth(tone, "exclamation-triangle", title, todo, "/house")


def _problems(box: Box) -> Iterator[Worth]:
    for problem in problems(box):
        title, note = problem_words(problem)
        is_guessing = problem.code.startswith(_GUESSING)
        yield Worth("stop", "exclamation-octagon", title, note, "/house/new-sites" if is_guessing else "/house")


def _lifts(box: Box, at: float) -> Iterator[Worth]:
    """Yield what one caregiver began to lift, for the others: they agree, or say no."""
    for one in lifts.pending(box, at):
        when = moment_words(box.local_time(one.begins), box.local_time(at))
        title = f"{one.who_name[:1].upper()}{one.who_name[1:]} wants to lift {one.category_name} for {one.person_name}"
        note = f"It opens by itself {when}, at once if a second caregiver agrees"
        yield Worth("ask", "people", title, note, one.href, "Look")


def _new_devices(box: Box, at: float) -> Iterator[Worth]:
    try:
        house = box.house()
        new = new_devices(house, box.household.store.found.all(), at)
    except StoreError:
        return
    means = _means(house.unknown_devices)
    for one in new[:MAX_DEVICES]:
        title = f"{one.host_name} is new here" if one.host_name else "A new device joined"
        seen = f"{box.local_time(one.first_seen):%H:%M}" if at - one.first_seen < 43_200 else one.mac
        yield Worth("ask", "phone", title, f"{seen} · {means}", f"/devices/found/{one.mac}", "Whose?")
    if len(new) > MAX_DEVICES:
        more = len(new) - MAX_DEVICES
        yield Worth("plain", "three-dots", f"And {more} more", "Devices that nobody named yet", "/devices")


def _means(choice: str) -> str:
    if choice in BANDS:
        return f"treated like a child of {choice.replace('-', ' to ')} until you say whose it is"
    if choice == Unknown.CLOSED.value:
        return "nothing opens until you say whose it is"
    return "open but for what harms everyone"
