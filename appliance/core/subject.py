"""What a policy knows of one asker: the house and the rules as they concern one person on one kind of device."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from appliance.core import matcher
from appliance.core.budget import DAY_STARTS, Bonus, Budget
from appliance.core.catalogue import SERVICE_TAG
from appliance.core.device import THINGS, Device, DeviceKind
from appliance.core.house import Doubted, House, Unknown
from appliance.core.listing import NO_LISTS, Reach, reach_of
from appliance.core.lists.listset import ListSet
from appliance.core.matcher import NOTHING, Groups, Matcher
from appliance.core.person import BANDS, LETTERS, KnownNames, Mode, Person, PersonKind, Rule
from appliance.core.rulebook import BYPASS, UNCLASSIFIED, UPDATES, Rulebook
from appliance.core.safe import NO_SAFE_MODE, Safe, safe_of
from appliance.core.said import Things
from appliance.core.schedule import Schedule
from appliance.core.verdict import Letter
from appliance.core.word import Grant

ADULT_ROW = "adult"
UNKNOWN_ROW = "unknown"

CHILD_TTL_S = 60
BLOCKED_TTL_S = 10
MAX_TTL_S = 86_400

_OWN_RULE_REACHES_INFORMATION = frozenset(("0-5", "6-9"))
_MODES = {Letter.B: Mode.ALLOW_LIST, Letter.K: Mode.ASK}


@dataclass(frozen=True, slots=True)
class Word:
    """A caregiver's pause, pass or extra time, from when it was said until it ends (POSIX seconds)."""

    said_at: float
    until: float
    is_pause: bool
    about: Matcher | None = None
    """None: everything."""
    what: str = ""
    """A name, or a thing as budgets write it; empty for a pause, extra time and everything."""
    is_time: bool = False
    """Extra time: it undoes windows, spent budgets and the pauses said before it, and opens nothing."""
    is_grace: bool = False

    def covers(self, above: Iterable[str], tags: frozenset[str]) -> bool:
        """Say whether the word is about a name with these parents and tags."""
        return self.about is None or self.about.covers(above, tags)


@dataclass(frozen=True, slots=True)
class Open:
    """A hard block that is lifted: a category, or a name, from when until when (POSIX seconds)."""

    begins: float
    until: float
    category: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """One asker, compiled; two devices of one person and of like kind share it, and so all that is remembered of it."""

    key: str
    row: str
    """The band, ``adult`` or ``unknown``: the row of the table that `letters` started from."""
    letters: Mapping[str, Letter]
    """Category → letter; one that is not here is A."""
    zone: tzinfo
    schedule: Schedule
    person: str | None = None
    """Whose minutes are looked up."""
    mode: Mode = Mode.OPEN
    set_by_hand: frozenset[str] = frozenset()
    """Categories that a caregiver set for this person."""
    services: Mapping[str, Letter] = field(default_factory=dict)
    """Tag of a service → letter, for those that a caregiver set, by itself or with its group."""
    only: Matcher | None = None
    """What alone it may reach; None is no such limit."""
    ways_around: frozenset[str] = frozenset()
    """Tags of services that are ways around the filter: where one is set, that decides and not its category."""
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    words: tuple[Word, ...] = ()
    lifted: tuple[Open, ...] = ()
    matchers: Mapping[Things, Matcher] = field(default_factory=dict)
    """What the windows block and allow, ready to be compared."""
    always_on: Matcher = NOTHING
    uncounted: Matcher = NOTHING
    budgets: tuple[tuple[Budget, frozenset[str] | None], ...] = ()
    """Each with the tags that it is about, None for everything."""
    bonuses: tuple[Bonus, ...] = ()
    day_starts: str = DAY_STARTS
    safe: Safe = NO_SAFE_MODE
    lists: Reach = NO_LISTS
    """Which subscribed lists reach it."""
    changes: tuple[float, ...] = ()
    """Moments (POSIX seconds, ascending) at which a word or a rule begins or ends."""
    is_managed: bool = False
    is_traceless: bool = False
    is_scored: bool = False
    is_closed: bool = False
    is_known_only: bool = False
    """The guard must know each address that it is given, before it is: it lets it reach others not, or counts them."""
    is_waiting: bool = False
    """Nobody knows what time it is, and so it is as at bedtime."""

    @property
    def ttl_cap_s(self) -> int:
        """The longest that a reply may be kept by this asker: short for all but adults, so that a change is felt."""
        return MAX_TTL_S if self.row == ADULT_ROW else CHILD_TTL_S

    @property
    def own_rule_reaches_information(self) -> bool:
        """A caregiver may put protected information off at 0-9 only."""
        return self.row in _OWN_RULE_REACHES_INFORMATION

    def letter(self, category: str) -> Letter:
        """Return the letter of a category."""
        return self.letters.get(category, Letter.A)

    def next_change(self, at: float) -> float | None:
        """Return the next moment (POSIX seconds) at which a decision could change by itself, but for used minutes."""
        moments = [moment for moment in self.changes if moment > at][:1]
        change = self.schedule.next_change(at)
        if change is not None:
            moments.append(change)
        return min(moments, default=None)


@dataclass(frozen=True, slots=True)
class Compiler:
    """What all subjects of a house are made of."""

    house: House
    rulebook: Rulebook
    zone: tzinfo
    groups: Groups
    lists: ListSet | None = None
    is_doubted: bool = False
    """Nobody knows what time it is."""

    @classmethod
    def of(
        cls, house: House, rulebook: Rulebook, zone: tzinfo, lists: ListSet | None = None, *, is_doubted: bool = False
    ) -> "Compiler":
        """Return the compiler of a house."""
        return cls(house, rulebook, zone, matcher.groups_of(house, rulebook), lists, is_doubted)

    def unknown(self, device: Device | None = None) -> Subject:
        """Return the subject of a device without a person: the unknown's, but for its kind and its own pauses."""
        choice = self.house.unknown_devices
        row = choice if choice in BANDS else UNKNOWN_ROW
        letters = dict(self.rulebook.letters[row])
        closed = choice == Unknown.CLOSED.value
        if closed:
            kept = {id_: letter for id_, letter in letters.items() if letter in (Letter.P, Letter.H)}
            letters = dict.fromkeys(self.rulebook.categories, Letter.B) | kept
        is_managed = device is not None and device.kind is DeviceKind.MANAGED
        words = self._words(device=device, reaches_all=device is None or not is_managed or device.bedtime)
        lifted = self._lifted(None)
        reach = reach_of(self.house, self.lists, None, device, is_adult=False)
        manner = self._manner(device, reach)
        return Subject(
            key=f"unknown:{choice}:{manner}" if manner else f"unknown:{choice}",
            row=row,
            letters=letters,
            mode=Mode.ALLOW_LIST if closed else _mode(letters, None),
            only=_only(device),
            words=words,
            lifted=lifted,
            always_on=Matcher(tags=_updates(device)),
            safe=NO_SAFE_MODE if is_managed else safe_of(self.rulebook, row, None),
            changes=_changes(words, lifted),
            zone=self.zone,
            schedule=Schedule((), (), self.zone),
            lists=reach,
            is_managed=is_managed,
            is_closed=closed,
        )

    def person(self, person: Person, device: Device | None = None) -> Subject:
        """Return the subject of a person, on a device if one is given."""
        kind = device.kind if device else None
        if person.kind is PersonKind.ADULT or kind is DeviceKind.ADULT:
            return self._adult(person, device)
        row = str(person.band)
        by_band = self.rulebook.letters[row]
        # A setting neither lifts nor softens an H, and no switch turns protected information off.
        settings = {id_: one for id_, one in person.categories.items() if by_band.get(id_) not in (Letter.H, Letter.P)}
        letters = by_band | {id_: LETTERS[setting] for id_, setting in settings.items()}
        is_managed = kind is DeviceKind.MANAGED
        in_time = device is None or not is_managed or device.bedtime
        words = self._words(paused=person if in_time else None, granted=person, device=device, reaches_all=in_time)
        lifted = self._lifted(person)
        windows = person.windows if in_time else ()
        exceptions = person.exceptions if in_time else ()
        rules = _rules(person)
        services = self._services(person)
        ways = self._ways_around() & services.keys()
        if is_managed:
            services = {tag: letter for tag, letter in services.items() if tag not in ways}
        bonuses = self._bonuses(person)
        budgets = () if is_managed else self._budgets(person)
        is_timed = bool(windows or budgets or any(one.windows for one in exceptions))
        reach = reach_of(self.house, self.lists, person, device, is_adult=False)
        return Subject(
            key=f"person:{person.id}:{self._manner(device, reach)}",
            row=row,
            letters=letters,
            zone=self.zone,
            schedule=Schedule(windows, exceptions, self.zone),
            person=person.id,
            mode=_mode(letters, person.unknown_names),
            set_by_hand=frozenset(settings),
            services=services,
            only=_only(device),
            ways_around=ways,
            rules=rules,
            words=words,
            lifted=lifted,
            matchers=self._matchers(person),
            always_on=matcher.of_things(person.always_on, self.groups, _updates(device)),
            uncounted=matcher.of_things(person.uncounted, self.groups),
            budgets=budgets,
            bonuses=bonuses,
            day_starts=self.house.day_starts,
            safe=NO_SAFE_MODE if is_managed else safe_of(self.rulebook, row, person),
            lists=reach,
            changes=_changes(words, lifted, rules, bonuses),
            is_managed=is_managed,
            is_scored=self.house.is_scored(person) and not is_managed,
            is_known_only=person.known_names_only is not KnownNames.OFF and not is_managed and kind not in THINGS,
            is_waiting=self.is_doubted and self.house.doubted_clock is Doubted.CLOSED and is_timed,
        )

    def device(self, device: Device) -> Subject:
        """Return the subject of a device: its person's, an adult's, or the unknown's where it is nobody's."""
        owner = next((person for person in self.house.persons if person.id == device.person), None)
        if owner is not None:
            return self.person(owner, device)
        if device.kind is DeviceKind.ADULT:
            return self._adult(None, device)
        return self.unknown(device)

    def _adult(self, person: Person | None, device: Device | None) -> Subject:
        words = self._words(paused=person, granted=person, device=device, reaches_all=False)
        rules = _rules(person) if person else {}
        lifted = self._lifted(None)
        reach = reach_of(self.house, self.lists, person, device, is_adult=True)
        return Subject(
            key=f"adult:{person.id if person else ''}:{self._manner(device, reach)}",
            row=ADULT_ROW,
            letters=self.rulebook.letters[ADULT_ROW],
            only=_only(device),
            rules=rules,
            words=words,
            lifted=lifted,
            changes=_changes(words, lifted, rules),
            zone=self.zone,
            schedule=Schedule((), (), self.zone),
            lists=reach,
            is_traceless=True,
        )

    def _manner(self, device: Device | None, reach: Reach) -> str:
        """Return what makes two devices of one person differ: their kind where it matters, what is said of one alone.

        That is a pause of its own, the names that it is kept to, and rules of lists that mean it.
        """
        meant = f"|{reach.key}" if reach.key else ""
        if device is None:
            return meant
        kind = device.kind.value if device.kind in (*THINGS, DeviceKind.MANAGED, DeviceKind.ADULT) else ""
        is_alone = device.only is not None or any(pause.device == device.id for pause in self.house.pauses)
        return f"{kind}{'+bedtime' if device.bedtime else ''}{':' + device.id if is_alone else ''}{meant}"

    def _services(self, person: Person) -> dict[str, Letter]:
        letters = {tag: LETTERS[one] for id_, one in person.groups.items() for tag in self.groups.get(id_, ())}
        return letters | {SERVICE_TAG + id_: LETTERS[setting] for id_, setting in person.services.items()}

    def _ways_around(self) -> frozenset[str]:
        pairs = [(one.id, one.category) for one in self.rulebook.services.values()]
        pairs += [(one.id, one.category or "") for one in self.house.services]
        return frozenset(SERVICE_TAG + id_ for id_, category in pairs if category.startswith(BYPASS))

    def _matchers(self, person: Person) -> dict[Things, Matcher]:
        windows = (*person.windows, *(window for one in person.exceptions for window in one.windows))
        things = {things for window in windows for things in (window.block, window.allow)}
        return {one: matcher.of_things(one, self.groups) for one in things}

    def _budgets(self, person: Person) -> tuple[tuple[Budget, frozenset[str] | None], ...]:
        return tuple((budget, matcher.tags_of(budget.what, self.groups)) for budget in person.budgets)

    def _bonuses(self, person: Person) -> tuple[Bonus, ...]:
        return tuple(
            Bonus(grant.budget, grant.minutes, grant.said_at.timestamp(), grant.until.timestamp())
            for grant in self.house.grants
            if grant.person == person.id and grant.minutes is not None
        )

    def _lifted(self, person: Person | None) -> tuple[Open, ...]:
        return tuple(
            Open(one.begins.timestamp(), one.until.timestamp() if one.until else float("inf"), one.category, one.name)
            for one in self.house.lifted
            if one.person is None or (person is not None and one.person == person.id)
        )

    def _words(
        self,
        *,
        paused: Person | None = None,
        granted: Person | None = None,
        device: Device | None = None,
        reaches_all: bool = True,
    ) -> tuple[Word, ...]:
        """Return the pauses and passes that reach a person on a device, the latest said first.

        A pause of the whole house (`reaches_all`) is for children and strangers, not for adults.
        """
        words = [
            Word(pause.said_at.timestamp(), pause.until.timestamp(), is_pause=True)
            for pause in self.house.pauses
            if (reaches_all and pause.person is None and pause.device is None)
            or (paused is not None and pause.person == paused.id)
            or (device is not None and pause.device == device.id)
        ]
        words += [
            self._word(grant)
            for grant in self.house.grants
            if granted is not None and grant.person == granted.id and grant.minutes is None
        ]
        return tuple(sorted(words, key=lambda word: word.said_at, reverse=True))

    def _word(self, grant: Grant) -> Word:
        things = Things(
            names=(grant.name,) if grant.name else (),
            services=(grant.service,) if grant.service else (),
            groups=(grant.group,) if grant.group else (),
            categories=(grant.category,) if grant.category else (),
        )
        what = next((f"{kind}:{id_}" for kind in ("service", "group", "category") if (id_ := getattr(grant, kind))), "")
        return Word(
            grant.said_at.timestamp(),
            grant.until.timestamp(),
            is_pause=False,
            about=matcher.of_things(things, self.groups) if things else None,
            what=grant.name or what,
            is_time=grant.time,
            is_grace=grant.grace,
        )


def _updates(device: Device | None) -> frozenset[str]:
    """Return the tags of the updates that bedtime and pauses don't stop: those of devices without a browser."""
    if device is None or device.kind not in THINGS:
        return frozenset()
    return frozenset((UPDATES + device.kind.value, UPDATES + "system"))


def _only(device: Device | None) -> Matcher | None:
    """Return what a thing is kept to: the names that were said, and its updates."""
    return None if device is None or device.only is None else Matcher(frozenset(device.only), _updates(device))


def _mode(letters: Mapping[str, Letter], chosen: Mode | None) -> Mode:
    return chosen or _MODES.get(letters.get(UNCLASSIFIED, Letter.A), Mode.OPEN)


def _rules(person: Person) -> dict[str, tuple[Rule, ...]]:
    rules: dict[str, tuple[Rule, ...]] = {}
    for rule in person.rules:
        rules[rule.name] = (*rules.get(rule.name, ()), rule)
    return rules


def _changes(
    words: tuple[Word, ...],
    lifted: tuple[Open, ...],
    rules: Mapping[str, tuple[Rule, ...]] | None = None,
    bonuses: tuple[Bonus, ...] = (),
) -> tuple[float, ...]:
    moments = {moment for word in words for moment in (word.said_at, word.until)}
    moments |= {moment for bonus in bonuses for moment in (bonus.said_at, bonus.until)}
    moments |= {moment for one in lifted for moment in (one.begins, one.until)} - {float("inf")}
    said = (rule for same in (rules or {}).values() for rule in same)
    moments |= {rule.until.timestamp() for rule in said if rule.until is not None}
    return tuple(sorted(moments))
