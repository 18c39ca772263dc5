"""Apps and services for one child: what each is, whether age, kind, group or a caregiver said so, what to choose."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.core.house import House
from appliance.core.person import LETTERS, Person, Setting
from appliance.core.rulebook import UNCLASSIFIED, Rulebook
from appliance.core.said import GROUP, SERVICE
from appliance.core.verdict import Letter
from appliance.web import categories, costs, edits, lift_edits, look, service_edits
from appliance.web.box import box
from appliance.web.categories import DEFAULT, SHOWS, WORDS
from appliance.web.gate import Who, open_to
from appliance.web.icons import symbol
from appliance.web.people import child_or_404
from appliance.web.saving import GOOD, WRONG, changed, done, reason

pages = Blueprint("services", __name__)

CLEAR = "clear"
"""In place of a setting of a group: what was set one by one ends, so that the group or the age decides."""
OWN = "own"
"""In place of a group: the house's own services that are in none."""
CHOICES: tuple[tuple[Setting, str, str], ...] = (
    (Setting.ALLOW, "Open", "free"),
    (Setting.TIMED, "Timed", "night"),
    (Setting.ASK, "Ask", "ask"),
    (Setting.BLOCK, "Closed", "stop"),
)
"""A setting, its word on a button, and its tone."""
ICONS: Mapping[str, str] = {
    "social": "chat-dots", "game": "controller", "stranger_chat": "person-exclamation", "ai_assistant": "robot",
    "streaming": "film", "bypass": "sign-turn-right", "ai_companion": "chat-heart", "messaging": "chat-left-text",
    "video": "play-btn", "shopping": "cart3", "dating": "heart", "game_platform": "joystick", "gambling": "dice-5",
    "livestream": "broadcast", "music": "music-note-beamed", "vr": "headset-vr", "adult": "person-lock",
    "forum": "people", "reading": "book", "cloud_gaming": "cloud", "homework": "pencil", "voice_assistant": "mic",
    OWN: "house-heart",
}  # fmt: skip
TIMED = ("Timed", "night", "stopwatch")
"""How what is open and counted looks: word, tone, icon."""
SYMBOLS = (TIMED[2], "lock", *(icon for _, _, icon in categories.LOOKS.values()))
MAX_NAMED = 4
MAX_WHOLE = 40
"""So many that were found can be set where they stand; of more, each is a tap away."""
MAX_UNFOLDED = 2
"""So many that were looked for by name show their buttons at once."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A service as rulebook or house has it."""

    id: str
    name: str
    group: str
    category: str
    warning: str = ""
    is_enough: bool = True
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A service for a child. `fixed` says why it can't be opened here, empty where it can."""

    id: str
    name: str
    group: str
    state: str
    """open, ask or closed."""
    on: Setting | None
    """The button that is pressed."""
    words: str
    origin: str
    """Who said so, empty for the age."""
    is_set: bool
    """By itself, not with its group."""
    default: str
    """What holds without a setting of its own, in words."""
    fixed: str
    cost: str
    warning: str
    is_enough: bool
    """Names alone stop it."""
    is_own: bool

    @property
    def look(self) -> tuple[str, str, str]:
        """Its word, tone and icon."""
        if self.fixed and self.state == "closed":
            return (categories.LOOKS[self.state][0], "stop", "lock")
        return TIMED if self.on is Setting.TIMED else categories.LOOKS[self.state]


@dataclass(frozen=True, slots=True)
class Group:
    """Services under one switch; `on` is what the switch says, None as the age has it."""

    id: str
    title: str
    icon: str
    on: Setting | None
    services: tuple[Service, ...]
    settable: tuple[str, ...]
    """The services that a caregiver may open; the others stay closed whatever the switch says."""
    by_hand: tuple[str, ...]
    """The names of those that are set one by one."""

    @property
    def counts(self) -> tuple[tuple[str, str, str, int], ...]:
        """How many are open, ask first and are closed: word, tone, icon, number."""
        return categories.counts(self.services)

    @property
    def has_switch(self) -> bool:
        """Say whether it is a group of the rulebook, with something to choose in it."""
        return self.id != OWN and bool(self.settable)


@pages.get("/child/<person_id>/services")
@open_to(Who.CAREGIVER)
def services(person_id: str) -> ResponseReturnValue:
    """Show all services of a child by group, or those that were looked for."""
    person = child_or_404(person_id)
    query, shown = request.args.get("q", "").strip()[:60], request.args.get("show", "all")
    everything = of_person(person, box().book, box().house(), look.now())
    found = [one for one in everything if _matches(one, box().book, query, shown)]
    return render_template(
        "people/services.html",
        person=person,
        groups=grouped(found, everything, person, box().book),
        counts=categories.counts(everything),
        set_by_hand=sum(one.is_set for one in everything),
        choices=CHOICES,
        max_named=MAX_NAMED,
        query=query,
        shown=shown if shown in SHOWS else "all",
        shows=SHOWS,
        opened=request.args.get("group", ""),
        unfolded=request.args.get("open", ""),
        is_searched=bool(query) or shown not in ("all", ""),
        is_whole=len(found) <= MAX_WHOLE,
        is_unfolded=bool(query) and len(found) <= MAX_UNFOLDED,
        symbols=[symbol(name) for name in SYMBOLS],
        own=[one.name for one in everything if one.is_own],
    )


@pages.post("/child/<person_id>/services")
@open_to(Who.CAREGIVER)
def choose(person_id: str) -> ResponseReturnValue:
    """Set one service or one group: ``set`` is ``service:youtube ask`` or ``group:game default``, and so on."""
    person = child_or_404(person_id)
    what, _, wanted = request.form.get("set", "").partition(" ")
    everything = of_person(person, box().book, box().house())
    if what.startswith(SERVICE):
        service = next((one for one in everything if one.id == what.removeprefix(SERVICE)), None)
        return _set_service(person, service or abort(404), wanted)
    groups = grouped(everything, everything, person, box().book)
    group = next((one for one in groups if f"{GROUP}{one.id}" == what and one.id != OWN), None)
    return _set_group(person, group or abort(404), wanted)


def of_person(person: Person, book: Rulebook, house: House, at: float = 0.0) -> list[Service]:
    """Return every service of the rulebook, then the house's own, as it is for a child at a time (POSIX seconds)."""
    lifted = lift_edits.open_kinds(house, person.id, at)
    bundled = (
        _Known(id_, one.name, one.group, one.category, one.warning, is_enough=one.dns_only)
        for id_, one in book.services.items()
    )
    own = (_Known(one.id, one.name, one.group or OWN, one.category or "", is_own=True) for one in house.services)
    return [_service(person, book, one, lifted) for one in (*bundled, *own)]


def grouped(found: Iterable[Service], everything: Iterable[Service], person: Person, book: Rulebook) -> list[Group]:
    """Return what was found by group, in the rulebook's order; groups without any are left out.

    What a group's switch would do is told of everything in it, found or not.
    """
    members: dict[str, list[Service]] = {}
    for one in everything:
        members.setdefault(one.group, []).append(one)
    shown: dict[str, list[Service]] = {}
    for one in found:
        shown.setdefault(one.group, []).append(one)
    titles = {**book.groups, OWN: "Your own"}
    return [
        Group(
            id_, title, ICONS.get(id_, "grid"), person.groups.get(id_), tuple(shown[id_]),
            tuple(one.id for one in members[id_] if not one.fixed),
            tuple(one.name for one in members[id_] if one.is_set),
        )
        for id_, title in titles.items()
        if id_ in shown
    ]  # fmt: skip


def in_short(found: Iterable[Service], person: Person) -> str:
    """Return the present state in a few words, for the page of the child."""
    by_hand = [one for one in found if one.is_set]
    named = [f"{one.name} {one.look[0].lower()}" for one in by_hand[:2]]
    if len(by_hand) > len(named):
        named.append(f"{len(by_hand) - len(named)} more by hand")
    if person.groups:
        named.append(f"{len(person.groups)} {'group' if len(person.groups) == 1 else 'groups'} set")
    return " · ".join(named) or "As usual at this age"


def _service(person: Person, book: Rulebook, one: _Known, lifted: Collection[str]) -> Service:
    by_age = book.letters[str(person.band)].get(one.category or UNCLASSIFIED, Letter.A)
    fixed = "Closed at this age. Two caregivers together can lift its kind." if by_age is Letter.H else ""
    without, origin = _without_own(person, book, one.group, one.category, by_age)
    setting = person.services.get(one.id)
    letter = LETTERS[setting] if setting and not fixed else without
    if fixed and one.category in lifted:
        fixed, letter, origin = categories.LIFTED, Letter.A, "Lifted by caregivers"
    elif fixed:
        origin = ""
    elif setting:
        origin = "Set by a caregiver"
    kind = book.categories.get(one.category)
    return Service(
        one.id, one.name, one.group, categories.state_of(letter), _pressed(letter), WORDS[letter], origin,
        setting is not None and not fixed, WORDS[without], fixed, costs.of(kind.group if kind else "other", letter),
        one.warning, one.is_enough, one.is_own,
    )  # fmt: skip


def _without_own(person: Person, book: Rulebook, group: str, category: str, by_age: Letter) -> tuple[Letter, str]:
    """Return what holds of a service without a setting of its own, and who said so."""
    if by_age is Letter.H:
        return by_age, ""
    if group in person.groups:
        return LETTERS[person.groups[group]], "With its whole group"
    if not category:
        mode = person.unknown_names
        return (categories.MODES[mode] if mode else by_age), "As its sites are"
    if category in person.categories and by_age is not Letter.P:
        return LETTERS[person.categories[category]], f"By its kind: {book.categories[category].name}"
    return by_age, ""


def _pressed(letter: Letter) -> Setting | None:
    return {
        Letter.P: Setting.ALLOW, Letter.A: Setting.ALLOW, Letter.S: Setting.ALLOW, Letter.T: Setting.TIMED,
        Letter.ST: Setting.TIMED, Letter.K: Setting.ASK, Letter.B: Setting.BLOCK,
    }.get(letter)  # fmt: skip


def _set_service(person: Person, service: Service, wanted: str) -> ResponseReturnValue:
    where = _back(person, service.group, service.id)
    setting = _setting(wanted)
    if setting is None and wanted != DEFAULT:
        return done(f"{service.name}: this can not be chosen here.", WRONG, where)
    if service.fixed and setting not in (None, Setting.BLOCK):
        return done(f"{service.name}: {service.fixed}", WRONG, where)
    args = {"service": service.id, "called": service.name, "person": person.id}
    at = look.now()
    trouble = changed(
        reason("service_set", setting=wanted, **args) if setting else reason("service_reset", **args),
        lambda house: service_edits.with_service(edits.cleaned(house, at, person.id), person.id, service.id, setting),
    )
    if trouble is not None:
        return done(trouble, WRONG, where)
    said = _lower(WORDS[LETTERS[setting]] if setting else service.default)
    as_usual = "" if setting else ", as without a word of yours"
    return done(f"{service.name}: {said} for {person.name}{as_usual}.", GOOD, where)


def _set_group(person: Person, group: Group, wanted: str) -> ResponseReturnValue:
    where = _back(person, group.id, None)
    setting = _setting(wanted)
    if (setting is None and wanted not in (DEFAULT, CLEAR)) or not group.settable:
        return done(f"{group.title}: this can not be chosen here.", WRONG, where)
    takes_new = bool(request.form.get("new"))
    at = look.now()

    def mutate(house: House) -> House:
        clean = edits.cleaned(house, at, person.id)
        if wanted == CLEAR:
            members = [one.id for one in of_person(person, box().book, house) if one.group == group.id]
            return service_edits.with_services(clean, person.id, members, None)
        if setting is not None and not takes_new:
            plain = service_edits.with_group(clean, person.id, group.id, None)
            return service_edits.with_services(plain, person.id, group.settable, setting)
        return service_edits.with_group(clean, person.id, group.id, setting)

    args = {"group": group.id, "called": group.title, "person": person.id}
    code = "group_set" if setting else "group_cleared" if wanted == CLEAR else "group_reset"
    trouble = changed(reason(code, setting=setting.value if setting else None, **args), mutate)
    if trouble is not None:
        return done(trouble, WRONG, where)
    return done(_group_words(person, group, wanted, setting, takes_new=takes_new), GOOD, where)


def _group_words(person: Person, group: Group, wanted: str, setting: Setting | None, *, takes_new: bool) -> str:
    if wanted == CLEAR:
        return f"{group.title}: what was set one by one is gone for {person.name}."
    if setting is None:
        return f"{group.title}: as the age has it for {person.name}.{_keeps(group)}"
    said = f"{group.title}: all {_lower(WORDS[LETTERS[setting]])} for {person.name}"
    if not takes_new:
        return f"{said}. A service that comes to the group later is as the age has it."
    return f"{said}, and what comes to the group later.{_keeps(group)}"


def _keeps(group: Group) -> str:
    if not group.by_hand:
        return ""
    named = ", ".join(group.by_hand[:MAX_NAMED])
    more = f" and {len(group.by_hand) - MAX_NAMED} more" if len(group.by_hand) > MAX_NAMED else ""
    return f" Set one by one, and so as before: {named}{more}."


def _setting(wanted: str) -> Setting | None:
    return next((setting for setting, _, _ in CHOICES if setting.value == wanted), None)


def _back(person: Person, group: str, service: str | None) -> str:
    return url_for(
        "services.services", person_id=person.id, group=group, open=service, q=request.form.get("q") or None,
        show=request.form.get("show") or None, _anchor=f"service-{service}" if service else f"group-{group}",
    )  # fmt: skip


def _matches(one: Service, book: Rulebook, query: str, shown: str) -> bool:
    words = f"{one.name} {one.id} {book.groups.get(one.group, '')}".casefold()
    if not all(word in words for word in query.casefold().split()):
        return False
    return shown not in SHOWS or shown in ("all", one.state) or (shown == "set" and one.is_set)


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"
