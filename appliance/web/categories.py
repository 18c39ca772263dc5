"""Kinds of sites for one child: what each is, whether the age or a caregiver said so, and what may be chosen."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.core.house import House
from appliance.core.person import BANDS, LETTERS, Mode, Person, Setting
from appliance.core.rulebook import MALWARE, NEW, UNCLASSIFIED, Category, Rulebook
from appliance.core.verdict import TERMS, Letter, Strictness
from appliance.web import costs, edits, lift_edits, look, risky
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.people import child_or_404
from appliance.web.saving import GOOD, WRONG, changed, done, reason

pages = Blueprint("categories", __name__)

DEFAULT = "default"
"""In place of a setting: as the age has it."""

GROUPS: dict[str, tuple[str, str, str]] = {
    "search": ("Search", "search", "How things are found."),
    "video": ("Video and music", "play-btn", "Clips, films, live streams, music."),
    "games": ("Games", "controller", "Alone, together, with and without voice."),
    "social": ("Social", "chat-dots", "Feeds, messengers, forums."),
    "contact": ("People they don't know", "person-exclamation", "Where strangers can write, see or hear."),
    "ai": ("AI", "robot", "Assistants, tutors, companions."),
    "money": ("Money", "cart3", "Shops, gambling, quick riches."),
    "adult": ("For adults only", "person-lock", "Sexual content and its tools."),
    "harm": ("Harmful", "exclamation-triangle", "Violence, drugs, hate."),
    "bypass": ("Ways around", "sign-turn-right", "VPNs, proxies and other name servers."),
    "security": ("Safety of devices", "shield-lock", "Malware, fraud, trackers, remote control."),
    "rights": ("School, culture and news", "book", "Open at every age, and never counted."),
    "help": ("Help and advice", "telephone", "Protected: open, and nobody sees it."),
    "other": ("All else", "three-dots", "What fits nowhere, and what nothing knows."),
}
"""Group of the rulebook → title, icon, what is in it; in the order of the page."""

LOOKS: dict[str, tuple[str, str, str]] = {
    "open": ("Open", "free", "check-circle"),
    "ask": ("Ask first", "ask", "hand-index-thumb"),
    "closed": ("Closed", "stop", "slash-circle"),
}
"""State → word, tone and icon."""
WORDS: dict[Letter, str] = {
    Letter.P: "Always open",
    Letter.A: "Open",
    Letter.T: "Open, counts as screen time",
    Letter.S: "Open in safe mode",
    Letter.ST: "Open in safe mode, counts as screen time",
    Letter.K: "Ask first",
    Letter.B: "Closed",
    Letter.H: "Closed",
}
MODES = {Mode.OPEN: Letter.A, Mode.ASK: Letter.K, Mode.ALLOW_LIST: Letter.B}
_SETTINGS = {letter: setting for setting, letter in LETTERS.items()}
_FINER = (Setting.ALLOW, Setting.TIMED, Setting.SAFE, Setting.SAFE_TIMED)
LIFTED = "Closed at this age, and lifted by caregivers for now."
SHOWS = {"all": "All", "open": "Open", "ask": "Ask first", "closed": "Closed", "set": "Set by hand"}


class HasState(Protocol):
    """What is open, ask first or closed."""

    @property
    def state(self) -> str:
        """Return which of the three."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting that may be chosen, and whether it is the one that holds."""

    value: str
    words: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """A category for a child. `fixed` says why it can't be set here, empty where it can."""

    id: str
    name: str
    note: str
    group: str
    state: str
    """open, ask or closed."""
    words: str
    default: str
    """What the age has, in words."""
    is_set: bool
    fixed: str
    cost: str
    """What this costs the child, in a line."""
    main: tuple[Choice, ...]
    finer: tuple[Choice, ...]

    @property
    def look(self) -> tuple[str, str, str]:
        """Its word, tone and icon."""
        return LOOKS[self.state]


@dataclass(frozen=True, slots=True)
class Group:
    """Categories that belong together."""

    id: str
    title: str
    icon: str
    note: str
    kinds: tuple[Kind, ...]

    @property
    def counts(self) -> tuple[tuple[str, str, str, int], ...]:
        """How many are open, ask first and are closed: word, tone, icon, number; those that are none left out."""
        return counts(self.kinds)


@pages.get("/child/<person_id>/categories")
@open_to(Who.CAREGIVER)
def show(person_id: str) -> ResponseReturnValue:
    """Show all kinds of sites of a child, or those that were looked for."""
    person = child_or_404(person_id)
    query, shown = request.args.get("q", "").strip()[:60], request.args.get("show", "all")
    everything = kinds(person, box().book, lift_edits.open_kinds(box().house(), person.id, look.now()))
    found = [kind for kind in everything if _matches(kind, query, shown)]
    return render_template(
        "people/categories.html",
        person=person,
        groups=grouped(found),
        counts=counts(everything),
        set_by_hand=sum(kind.is_set for kind in everything),
        query=query,
        shown=shown if shown in SHOWS else "all",
        shows=SHOWS,
        opened=request.args.get("group", ""),
        is_searched=bool(query) or shown not in ("all", ""),
        risky=risky.of_child(box().house(), person),
    )


@pages.post("/child/<person_id>/categories")
@open_to(Who.CAREGIVER)
def choose(person_id: str) -> ResponseReturnValue:
    """Set one kind of sites, or let the age decide again."""
    person = child_or_404(person_id)
    category, wanted = request.form.get("category", ""), request.form.get("setting", "")
    kind = next((one for one in kinds(person, box().book) if one.id == category), None)
    if kind is None:
        abort(404)
    where = url_for(
        "categories.show", person_id=person.id, group=kind.group, q=request.form.get("q") or None,
        show=request.form.get("show") or None, _anchor=f"kind-{kind.id}",
    )  # fmt: skip
    if wanted != DEFAULT and wanted not in {one.value for one in (*kind.main, *kind.finer)}:
        return done(f"{kind.name}: {kind.fixed or 'This can not be chosen here.'}", WRONG, where)
    at = look.now()

    def mutate(house: House) -> House:
        clean = edits.cleaned(house, at, person.id)
        if wanted == DEFAULT:
            return edits.without_setting(clean, person.id, category)
        return edits.with_setting(clean, person.id, category, Setting(wanted))

    if wanted == DEFAULT:
        what = reason("category_reset", category=category, person=person.id)
    else:
        what = reason("category_set", category=category, setting=wanted, person=person.id)
    trouble = changed(what, mutate)
    if trouble is not None:
        return done(trouble, WRONG, where)
    said = kind.default if wanted == DEFAULT else WORDS[LETTERS[Setting(wanted)]]
    by_age = ", as the age has it" if wanted == DEFAULT else ""
    return done(f"{kind.name}: {said[:1].lower()}{said[1:]} for {person.name}{by_age}.", GOOD, where)


def kinds(person: Person, book: Rulebook, lifted: Collection[str] = ()) -> list[Kind]:
    """Return every category of the rulebook as it is for a child, in the rulebook's order; `lifted` ones are open.

    But for what is new and looks risky: that is no kind of sites, and asked about or not by a switch of its own.
    """
    found = (category for category in book.categories.values() if category.id != NEW)
    return [_kind(person, book, category, is_lifted=category.id in lifted) for category in found]


def grouped(found: Iterable[Kind]) -> list[Group]:
    """Return categories by group, in the order of the page; groups without any are left out."""
    places = {id_: place for place, id_ in enumerate(GROUPS)}
    ordered = sorted(found, key=lambda kind: (places.get(kind.group, len(places)), kind.group))
    groups = []
    for id_, members in groupby(ordered, key=lambda kind: kind.group):
        title, icon, note = GROUPS.get(id_, (id_.capitalize(), "three-dots", ""))
        groups.append(Group(id_, title, icon, note, tuple(members)))
    return groups


def counts(found: Iterable[HasState]) -> tuple[tuple[str, str, str, int], ...]:
    """Return how many are open, ask first and are closed: word, tone, icon and number."""
    states = [one.state for one in found]
    told = ((*LOOKS[state], states.count(state)) for state in LOOKS)
    return tuple(one for one in told if one[3])


def _kind(person: Person, book: Rulebook, category: Category, *, is_lifted: bool) -> Kind:
    by_age = book.letters[str(person.band)].get(category.id, Letter.A)
    fixed = LIFTED if is_lifted else _fixed(by_age, category, book)
    mode = person.unknown_names if category.id == UNCLASSIFIED else None
    setting = None if fixed else person.categories.get(category.id)
    letter = MODES[mode] if mode else LETTERS[setting] if setting else Letter.A if is_lifted else by_age
    main, finer = (
        ((), ()) if fixed else (tuple(_main(book, category, by_age, letter)), tuple(_finer(book, category, letter)))
    )
    return Kind(
        category.id, category.name, category.note, category.group, state_of(letter), WORDS[letter], WORDS[by_age],
        setting is not None or mode is not None, fixed, costs.of(category.group, letter), main, finer,
    )  # fmt: skip


def _fixed(letter: Letter, category: Category, book: Rulebook) -> str:
    """Return why a category can't be set for this age, empty where it can."""
    match letter:
        case Letter.P if category.id in book.information:
            return "Protected: always open, and nobody sees who looks here."
        case Letter.P:
            return "Always open, and nobody sees who asks."
        case Letter.H if category.id == MALWARE:
            return "Closed for everyone, because it harms devices and people."
        case Letter.H if category.id == "csam":
            return "Closed for everyone, and nobody can lift it."
        case Letter.H:
            return "Closed at this age. Two caregivers together can lift it, or one after a day."
        case _:
            return ""


def state_of(letter: Letter) -> str:
    """Return open, ask or closed."""
    match TERMS[letter].strictness:
        case Strictness.ALLOW:
            return "open"
        case Strictness.ASK:
            return "ask"
        case _:
            return "closed"


def _main(book: Rulebook, category: Category, by_age: Letter, letter: Letter) -> Iterator[Choice]:
    """Yield open, ask and closed. Open is as the age has it, else as the next older age does that has it open."""
    ages = [by_age, *(book.letters[band].get(category.id, Letter.A) for band in BANDS)]
    usual = next((one for one in ages if one in _SETTINGS and state_of(one) == "open"), Letter.A)
    is_open = state_of(letter) == "open"
    yield Choice((_SETTINGS[letter] if is_open else _SETTINGS[usual]).value, "Open", is_open)
    yield Choice(Setting.ASK.value, "Ask first", letter is Letter.K)
    yield Choice(Setting.BLOCK.value, "Closed", letter is Letter.B)


def _finer(book: Rulebook, category: Category, letter: Letter) -> Iterator[Choice]:
    """Yield the ways of being open that exist for a category: a safe mode only where some age has it."""
    ages = {book.letters[band].get(category.id, Letter.A) for band in BANDS}
    has_safe = bool(ages & {Letter.S, Letter.ST})
    for setting in _FINER:
        if has_safe or setting not in (Setting.SAFE, Setting.SAFE_TIMED):
            yield Choice(setting.value, WORDS[LETTERS[setting]], LETTERS[setting] is letter)


def _matches(kind: Kind, query: str, shown: str) -> bool:
    words = f"{kind.name} {kind.note} {GROUPS.get(kind.group, ('',))[0]}".casefold()
    if not all(word in words for word in query.casefold().split()):
        return False
    return shown not in SHOWS or shown in ("all", kind.state) or (shown == "set" and kind.is_set)
