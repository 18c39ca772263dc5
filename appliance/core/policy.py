"""The order of decision, in one place: who asks for which name, and so what happens, why, and until when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from appliance.core import listing, names, steps
from appliance.core.budget import NOT_COUNTED, Minutes
from appliance.core.carried import carried
from appliance.core.case import Case, strictest
from appliance.core.catalogue import SERVICE_TAG
from appliance.core.domainset import NOTHING, DomainSet, Entry, build
from appliance.core.guesses import Label
from appliance.core.house import EMPTY, House
from appliance.core.listing import Listed
from appliance.core.lists.listset import ListSet
from appliance.core.lists.rule import Hit
from appliance.core.rulebook import HELP, INFRASTRUCTURE, NEW, UNCLASSIFIED, Rulebook
from appliance.core.subject import BLOCKED_TTL_S, Compiler, Subject
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.core.wire import dns

MAX_LOOKED_UP = 1_024

_SPARED = frozenset((HELP, INFRASTRUCTURE))


@dataclass(frozen=True, slots=True)
class Policy:
    """A house and the rules, compiled: for each asker a Subject, for each name its tags."""

    house: House
    rulebook: Rulebook
    sets: tuple[DomainSet, ...]
    unknown: Subject
    by_device: Mapping[str, Subject]
    by_person: Mapping[str, Subject]
    minutes: Minutes = NOT_COUNTED
    """What the steward counted last; replaced while the house stays."""
    lists: ListSet | None = None
    """What the house subscribed to, as far as it is here."""
    _tags: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _hits: dict[str, Sequence[Hit]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was looked up last: a name that is being answered is asked about three times."""

    def of_device(self, device_id: str | None) -> Subject:
        """Return the subject of a device of the house; None is a device that nobody named."""
        return self.unknown if device_id is None else self.by_device.get(device_id, self.unknown)

    def tags(self, name: str, subject: Subject | None = None) -> frozenset[str]:
        """Return all tags of a name in normal form; with a subject, those that its lists give it as well."""
        found = self._tags.get(name)
        if found is None:
            found = NOTHING.union(*(domain_set.tags(name) for domain_set in self.sets))
            if len(self._tags) >= MAX_LOOKED_UP:
                self._tags.clear()
            self._tags[name] = found
        return found if subject is None else found | self.listed(subject, name, found, dns.A).fed.keys()

    def listed(self, subject: Subject, name: str, tags: frozenset[str], qtype: int) -> Listed:
        """Return what a subject's lists say of a name with these tags (those of the rules).

        Nothing of what is protected or what a device needs to be online.
        """
        if self.lists is None or not name or not subject.lists or not self._is_listable(tags):
            return listing.NOTHING
        hits = self._hits.get(name)
        if hits is None:
            if len(self._hits) >= MAX_LOOKED_UP:
                self._hits.clear()
            hits = self._hits[name] = self.lists.find(name)
        return listing.listed(hits, subject.lists, name, qtype, tags) if hits else listing.NOTHING

    def knows(self, name: str) -> bool:
        """Say whether the rules speak of a name or of one above it, and be it to make an exception of the name."""
        return any(self.tags(one) for one in names.parents(name))

    def is_protected(self, name: str) -> bool:
        """Say whether no list closes a name."""
        return not self._is_listable(self.tags(name))

    def _is_listable(self, tags: frozenset[str]) -> bool:
        return not tags or (tags.isdisjoint(_SPARED) and tags.isdisjoint(self.rulebook.information))


def compile(  # noqa: A001 -- the field's word for it
    house: House | None,
    rulebook: Rulebook,
    sets: Iterable[DomainSet],
    zone: tzinfo,
    minutes: Minutes = NOT_COUNTED,
    lists: ListSet | None = None,
    *,
    is_doubted: bool = False,
) -> Policy:
    """Return the policy of a house (None: a box without one, where every asker is unknown).

    `is_doubted`: nobody knows what time it is, and so the house's choice for that holds.
    """
    told = house or EMPTY
    compiler = Compiler.of(told, rulebook, zone, lists, is_doubted=is_doubted)
    shared: dict[str, Subject] = {}

    def share(subject: Subject) -> Subject:
        return shared.setdefault(subject.key, subject)

    return Policy(
        house=told,
        rulebook=rulebook,
        sets=(*sets, *_own_services(told)),
        unknown=share(compiler.unknown()),
        by_device={device.id: share(compiler.device(device)) for device in told.devices},
        by_person={person.id: share(compiler.person(person)) for person in told.persons},
        minutes=minutes,
        lists=lists,
    )


def decide(
    policy: Policy,
    subject: Subject,
    name: str,
    label: Label | None,
    at: float,
    *,
    qtype: int = dns.A,
    seen: frozenset[str] = frozenset(),
) -> Verdict:
    """Return what happens to a name (in normal form) that a subject asks for at a time (POSIX seconds).

    The order of decision: the first step that has an answer gives it. `label` is the classifier's, where it has one.
    `qtype` matters to rules of lists alone. Of a connection `seen` are the categories that it shows besides its name,
    which is empty where it names nothing. Of a name that carries another one both are decided.
    """
    tags = policy.tags(name) | seen

    # 1. Help lines: never blocked, logged, counted, scored or timed, whatever the state of child, device or house.
    if HELP in tags:
        return Verdict(Action.ALLOW, Step.HELP, Reason("help"), traceless=True)

    # 2. Infrastructure: without a clock and a connectivity check a device believes that it is offline.
    if INFRASTRUCTURE in tags:
        return Verdict(Action.ALLOW, Step.INFRASTRUCTURE, Reason("infrastructure"), traceless=subject.is_traceless)

    # A list that has a category says what belongs to it, but of nothing that is protected.
    listed = policy.listed(subject, name, tags, qtype)
    if listed.fed:
        tags |= listed.fed.keys()
    case = Case.of(policy.rulebook, policy.minutes, subject, name, tags, at, listed)

    # 3. Hard blocks: malware for everyone, the band's H categories. No grant and no own rule lifts them.
    verdict = steps.hard(case)

    # 4. A caregiver's latest word: a pause or a grant that is running; of two about this name the later one.
    word, extra_time = steps.latest_word(subject, case.above, tags, at)
    verdict = verdict or steps.word(case, word)

    # 5. Time: bedtime and other windows, spent budgets, but for what is marked always on, and for extra time.
    if extra_time is None:
        verdict = verdict or steps.time(case)

    # 6. What a thing is kept to; the person's own rules: of two the more specific name, at the same name allow.
    verdict = verdict or steps.own(case)

    # 7. Protected information: no list, category or score blocks it and nothing logs it.
    verdict = verdict or steps.protected(case)

    # 8. Ways around the filter, by band.
    verdict = verdict or steps.bypass(case)

    # 9. Services and categories, by the person's settings, which start from the band's; an allowed category is still
    # open to step 10.
    verdict = verdict or steps.category(case)

    # 10. Lists without a category, allow entries first.
    verdict = verdict or steps.listed(case) or steps.allowed_category(case)

    # 11. The classifier: only what nothing above knows, only to ASK, only where the band would mind.
    if verdict is None and label is not None and not policy.knows(name):
        verdict = steps.labelled(case, label)

    # 12. The default: allow, ask about the new, or the allow-list's block.
    verdict = verdict or steps.default(case)

    # Afterwards: an admitted name that has a safe mode is answered by it, under grants and own rules too; and what
    # may leave no trace leaves none, whichever step decided. And what a window or a spent budget only slows is marked.
    verdict = steps.afterwards(case, verdict, is_timed=extra_time is None)

    # What is open only as a translator or a cache is as closed as the site that it shows.
    shown = carried(name) if verdict.step.rank > Step.OWN.rank and not verdict.is_blocked else None
    within = decide(policy, subject, shown, None, at, qtype=qtype) if shown is not None else verdict
    return within if within.is_blocked else verdict


def decide_address(policy: Policy, subject: Subject, address: str, qtype: int, at: float) -> Verdict | None:
    """Return what a subject's lists close an answer with an address for, None where they don't.

    By the steps that lists have a say in (3, 8, 9 and 10), and by nothing else: an address has no other tags.
    """
    if policy.lists is None or not subject.lists:
        return None
    hits = policy.lists.entry(address)
    if not hits:
        return None
    listed = listing.listed(hits, subject.lists, address, qtype)
    case = Case.of(policy.rulebook, policy.minutes, subject, address, frozenset(listed.fed), at, listed)
    verdict = steps.hard(case) or steps.bypass(case) or steps.category(case) or steps.listed(case)
    return verdict if verdict is not None and verdict.is_blocked else None


def category_of(policy: Policy, subject: Subject, tags: frozenset[str], verdict: Verdict) -> str:
    """Return the one category by which a decided name with these tags is counted: what decided, else the strictest."""
    if verdict.step is Step.CLASSIFIER:
        # A guess is counted as one, and nowhere as what was guessed.
        return NEW
    told = next((value for key, value in verdict.reason.args if key == "category"), None)
    if told is None and not tags:
        return UNCLASSIFIED
    told = told or strictest(policy.rulebook, subject, tags)[1]
    # What `strictest` leaves out is a way around the filter, which another step decides.
    return told or min(tags & policy.rulebook.categories.keys(), default=UNCLASSIFIED)


def service_of(tags: frozenset[str]) -> str | None:
    """Return the service by which a name with these tags is counted, the first by its id; None where it is of none."""
    return min((tag.removeprefix(SERVICE_TAG) for tag in tags if tag.startswith(SERVICE_TAG)), default=None)


def ttl_s(subject: Subject, verdict: Verdict, wanted_s: float, at: float) -> int:
    """Return the TTL of a reply: what is wanted, cut to the asker's cap and to the verdict's `until`."""
    cap = BLOCKED_TTL_S if verdict.is_blocked else subject.ttl_cap_s
    left = cap if verdict.until is None else min(cap, verdict.until - at)
    return max(0, int(min(wanted_s, left)))


def _own_services(house: House) -> tuple[DomainSet, ...]:
    entries = [
        Entry(name, tag)
        for service in house.services
        for name in service.domains
        for tag in (SERVICE_TAG + service.id, service.category)
        if tag is not None
    ]
    return (DomainSet(build(entries)),) if entries else ()
