"""How the lists of the house look: what each does, for whom, how far it has come, and what is wrong with it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from appliance.core.house import House
from appliance.core.lists.report import Conflicts, Report
from appliance.core.subscription import ListKind, Subscription
from appliance.household.lists import Phase, Standing, Status, load_standing
from appliance.web import look
from appliance.web.box import Box
from appliance.web.ladder import Mark
from appliance.wording import Names

BUSY = (Phase.FETCHING, Phase.BUILDING)
KILO = 1000
CONFLICTS: dict[str, tuple[str, str, str, str]] = {
    "help_lines": ("Help", "telephone", "free", "Protected: these stay open all the same."),
    "information": ("Protected information", "book", "free", "Protected: these stay open all the same."),
    "infrastructure": (
        "What devices need",
        "hdd-network",
        "free",
        "Needed to be online: these stay open all the same.",
    ),
    "popular": ("Sites that everybody knows", "globe", "pause", "These are closed, because the list says so."),
    "suffixes": ("Whole endings, like com", "signpost-split", "free", "Left out: they would close far too much."),
    "too_wide": ("Patterns that reach known sites", "asterisk", "free", "Left out: they would close far too much."),
}
"""A field of the report → title, icon and tone, and what becomes of the names."""
_WIDE = "This list may say so, and is followed."

_WAITING = Mark("school", "hourglass-split", "Waiting")
_OFF = Mark("plain", "power", "Off")
_MARKS = {
    Phase.FETCHING: Mark("school", "cloud-download", "Fetching"),
    Phase.BUILDING: Mark("school", "gear", "Reading"),
}
_UNDERWAY = Mark("school", "arrow-repeat", "Taking effect")
_READY = Mark("free", "check-circle", "In force")
_OLD = Mark("pause", "exclamation-triangle", "Not renewed")
_FAILED = Mark("stop", "exclamation-octagon", "Failed")


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of something has come; `share` (0 to 1) is None where its end isn't known."""

    share: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Names of one kind that no list should hold, and what becomes of them."""

    title: str
    icon: str
    tone: str
    note: str
    found: Conflicts


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as pages show it."""

    told: Subscription
    status: Status
    mark: Mark
    does: str
    whom: str
    holds: str
    """How much is on it, empty where nobody knows yet."""
    came: str
    """When it was last the same as at its source, empty where it never was."""
    note: str
    """What one should know of how it stands; empty where all is well."""
    is_wrong: bool
    progress: Progress | None

    @property
    def is_busy(self) -> bool:
        """Say whether something happens with it just now, or will in a moment."""
        return self.told.on and (self.status.phase in BUSY or self.mark in (_WAITING, _UNDERWAY))

    @property
    def report(self) -> Report | None:
        """What was read of it."""
        return self.status.report

    @property
    def stay_open(self) -> int:
        """How many names it holds that stay open all the same."""
        told = self.status.report
        return told.help_lines.number + told.information.number + told.infrastructure.number if told else 0

    @property
    def troubles(self) -> list[Trouble]:
        """What it holds that no list should, by kind."""
        told = self.status.report
        return list(_troubles(told, is_wide=self.told.wide)) if told else []


def shown(of: Box) -> list[Shown]:
    """Return all lists of the house, in its order."""
    house, standing = of.house(), load_standing(of.data)
    is_in_force = _is_in_force(of, standing)
    return [_shown(of, house, standing.of(one), one, is_in_force=is_in_force) for one in house.lists]


def one_of(of: Box, told: Subscription) -> Shown:
    """Return a list of the house."""
    standing = load_standing(of.data)
    return _shown(of, of.house(), standing.of(told), told, is_in_force=_is_in_force(of, standing))


def _is_in_force(of: Box, standing: Standing) -> bool:
    return bool(standing.digest) and of.lists_in_force(standing.digest)


def _shown(of: Box, house: House, status: Status, told: Subscription, *, is_in_force: bool) -> Shown:
    mark = _mark(status, is_in_force=is_in_force)
    return Shown(
        told=told,
        status=status,
        mark=mark,
        does=does(told, Names.of(of.book, house)),
        whom=whom(told, house),
        holds=_holds(status.report),
        came=f"{_came(told)} {look.ago(status.fetched_at)}" if status.fetched_at is not None else "",
        note=_note(of, status),
        is_wrong=told.on and bool(status.problem),
        progress=_progress(status),
    )


def does(told: Subscription, names: Names) -> str:
    """Return what a list does, in a few words."""
    kind = names.categories.get(told.category, told.category) if told.category else ""
    match told.kind:
        case ListKind.BLOCK:
            return f"Says what is “{kind}”" if kind else "Closes its sites"
        case ListKind.ALLOW:
            return f"Says what is not “{kind}”" if kind else "Opens its sites"


def to_child(told: Subscription, names: Names) -> str:
    """Return what a list says, to whom it reaches."""
    kind = names.categories.get(told.category, told.category) if told.category else ""
    match told.kind:
        case ListKind.BLOCK:
            return f"Says which sites are: {kind}" if kind else "Its sites are closed here"
        case ListKind.ALLOW:
            return f"Says which sites are not: {kind}" if kind else "Its sites are open here"


def whom(told: Subscription, house: House) -> str:
    """Return for whom a list is."""
    if told.persons:
        named = {person.id: person.name for person in house.persons}
        return f"for {joined(named.get(one, one) for one in told.persons)}"
    return "for everyone" if told.category else "for all children"


def joined(words: Iterable[str]) -> str:
    """Return words as one says them: ``Mia, Emre and Jonas``."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def number(count: int, one: str, many: str = "") -> str:
    """Return a number with what it counts: ``1 name``, ``12,400 names``."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def size(octets: int) -> str:
    """Return a size as people say it: ``3.1 MB``."""
    kilo = octets / KILO
    if kilo < KILO:
        return f"{kilo:.0f} kB" if kilo >= 1 else number(octets, "octet")
    return f"{kilo / KILO:.1f} MB"


def _came(told: Subscription) -> str:
    if told.url is None:
        return "Copied in"
    return "Read" if told.url.startswith("file:") else "Fetched"


def _mark(status: Status, *, is_in_force: bool) -> Mark:
    match status.phase:
        case Phase.OFF:
            return _OFF
        case Phase.FETCHING | Phase.BUILDING:
            return _MARKS[status.phase]
        case _ if status.is_wanted:
            return _WAITING
        case Phase.WAITING:
            return _FAILED if status.problem else _WAITING
        case Phase.READY if status.problem:
            return _OLD
        case Phase.READY:
            return _READY if is_in_force else _UNDERWAY


def _note(of: Box, status: Status) -> str:
    if status.phase is Phase.OFF:
        return ""
    if status.phase is Phase.WAITING and not status.problem:
        return "It is fetched as soon as the box is online."
    if not status.problem:
        return ""
    again = f" It is tried again {_at(of, status.next_at)}." if status.next_at is not None else ""
    kept = f" The one from {_from(status.fetched_at)} stays." if status.fetched_at is not None else ""
    return f"{_ended(status.problem)}{kept}{again}"


def _ended(text: str) -> str:
    said = f"{text[:1].upper()}{text[1:]}"
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."


def _at(of: Box, at: float) -> str:
    if at <= look.now():
        return "at once"
    words = look.moment_words(of.local_time(at), of.local_time(look.now()))
    return f"at {words}" if words[:1].isdigit() and ":" in words[:3] else words


def _from(at: float) -> str:
    """Return how long ago a moment was, as it stands after "from"."""
    return look.ago(at).removeprefix("on ").replace("just now", "a moment ago")


def _holds(report: Report | None) -> str:
    if report is None:
        return ""
    parts = [number(report.names, "name")] if report.names or not report.rules else []
    parts += [number(report.rules, "rule")] if report.rules else []
    return joined(parts)


def _progress(status: Status) -> Progress | None:
    if status.phase is Phase.BUILDING:
        return Progress(None, "Its lines are being read …")
    if status.phase is not Phase.FETCHING:
        return None
    if status.of_octets:
        share = min(1.0, status.octets / status.of_octets)
        return Progress(share, f"{size(status.octets)} of {size(status.of_octets)}")
    return Progress(None, f"{size(status.octets)} so far")


def _troubles(report: Report, *, is_wide: bool) -> Iterator[Trouble]:
    for field, (title, icon, tone, note) in CONFLICTS.items():
        found: Conflicts = getattr(report, field)
        if not found.number:
            continue
        if is_wide and field in ("suffixes", "too_wide"):
            yield Trouble(title, icon, "pause", _WIDE, found)
        else:
            yield Trouble(title, icon, tone, note, found)
