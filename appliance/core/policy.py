"""The order of decision, in one place: who asks for which name, and so what happens, why, and until when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from appliance.core import names
from appliance.core.domainset import NOTHING, DomainSet
from appliance.core.house import EMPTY, Do, House, Mode
from appliance.core.rulebook import BYPASS, HELP, INFRASTRUCTURE, MALWARE, ROUTE, UNCLASSIFIED, Rulebook
from appliance.core.schedule import open_until
from appliance.core.subject import BLOCKED_TTL_S, Subject, Word, of_device, of_person, of_unknown
from appliance.core.verdict import TERMS, Action, Answer, Letter, Lift, Reason, Step, Strictness, Terms, Verdict

LIST_ALLOW = "#allow:"
LIST_BLOCK = "#block:"
"""Tags of names on lists without a category; the list's id follows."""

_SEVERE = frozenset((Letter.K, Letter.B, Letter.H))
_NEVER_LIFTED = "csam"


@dataclass(frozen=True, slots=True)
class Label:
    """What the classifier holds a name to be, with a probability."""

    category: str
    score: float


@dataclass(frozen=True, slots=True)
class Policy:
    """A house and the rules, compiled: for each asker a Subject, for each name its tags."""

    house: House
    rulebook: Rulebook
    sets: tuple[DomainSet, ...]
    unknown: Subject
    by_device: Mapping[str, Subject]
    by_person: Mapping[str, Subject]
    safe_targets: Mapping[str, str] = field(default_factory=dict)
    """Host → the name that answers for it in its safe mode."""

    def of_device(self, device_id: str | None) -> Subject:
        """Return the subject of a device of the house; None is a device that nobody named."""
        return self.unknown if device_id is None else self.by_device.get(device_id, self.unknown)

    def tags(self, name: str) -> frozenset[str]:
        """Return all tags of a name in normal form."""
        found = NOTHING
        for domain_set in self.sets:
            found = found | domain_set.tags(name)
        return found


def compile(  # noqa: A001 -- the field's word for it
    house: House | None,
    rulebook: Rulebook,
    sets: Iterable[DomainSet],
    zone: tzinfo,
    safe_targets: Mapping[str, str] | None = None,
) -> Policy:
    """Return the policy of a house (None: a box without one, where every asker is unknown)."""
    told = house or EMPTY
    shared: dict[str, Subject] = {}

    def share(subject: Subject) -> Subject:
        return shared.setdefault(subject.key, subject)

    return Policy(
        house=told,
        rulebook=rulebook,
        sets=tuple(sets),
        unknown=share(of_unknown(told, rulebook, zone)),
        by_device={device.id: share(of_device(told, rulebook, zone, device)) for device in told.devices},
        by_person={person.id: share(of_person(told, rulebook, zone, person)) for person in told.persons},
        safe_targets=safe_targets or {},
    )


def decide(policy: Policy, subject: Subject, name: str, label: Label | None, at: float) -> Verdict:
    """Return what happens to a name (in normal form) that a subject asks for at a time (POSIX seconds).

    The order of decision: the first step that has an answer gives it. `label` is the classifier's, where it has one.
    """
    tags = policy.tags(name)
    above = tuple(names.parents(name))

    # 1. Help lines: never blocked, logged, counted, scored or timed, whatever the state of child, device or house.
    if HELP in tags:
        return Verdict(Action.ALLOW, Step.HELP, Reason("help"), traceless=True)

    # 2. Infrastructure: without a clock and a connectivity check a device believes that it is offline.
    if INFRASTRUCTURE in tags:
        return Verdict(Action.ALLOW, Step.INFRASTRUCTURE, Reason("infrastructure"), traceless=subject.is_traceless)

    # 3. Hard blocks: malware for everyone, the band's H categories. No grant and no own rule lifts them.
    verdict = _hard(subject, tags)

    # From here on a verdict holds until the next word, window or rule begins or ends.
    until = subject.next_change(at)

    # 4. A caregiver's latest word: a pause or a grant that is running; of two about this name the later one.
    word, extra_time = latest_word(subject, above, tags, at)
    verdict = verdict or _word(subject, word, tags, until)

    # 5. Time: bedtime and other windows, but for what is marked always on, and for extra time.
    if extra_time is None:
        verdict = verdict or _time(subject, above, tags, at, until)

    # 6. The person's own rules: of two the more specific name, at the same name allow.
    verdict = verdict or _own(policy, subject, above, tags, at, until)

    # 7. Protected information: no list, category or score blocks it and nothing logs it.
    verdict = verdict or _protected(policy, subject, tags, until)

    # 8. Ways around the filter, by band.
    verdict = verdict or _bypass(policy, subject, tags, until)

    # 9. Categories, by the person's settings, which start from the band's; an allowed one is still open to step 10.
    terms, category = _strictest(policy, subject, tags)
    verdict = verdict or _category(subject, terms, category, until)

    # 10. Lists without a category, allow entries first.
    verdict = verdict or _listed(subject, terms, tags, until)
    if verdict is None and category is not None:
        verdict = _allowed_category(subject, terms, category, until)

    # 11. The classifier: only what nothing above knows, only to ASK, only where the band would mind.
    verdict = verdict or _labelled(subject, label, until)

    # 12. The default: allow, ask about the new, or the allow-list's block.
    verdict = verdict or _default(subject, until)

    # Afterwards: an admitted name that has a safe mode is answered by it, under grants and own rules too; and what
    # may leave no trace leaves none, whichever step decided.
    return _afterwards(policy, subject, name, tags, terms, verdict)


def category_of(policy: Policy, subject: Subject, tags: frozenset[str], verdict: Verdict) -> str:
    """Return the one category by which a decided name with these tags is counted: what decided, else the strictest."""
    told = next((value for key, value in verdict.reason.args if key == "category"), None)
    if told is None and not tags:
        return UNCLASSIFIED
    told = told or _strictest(policy, subject, tags)[1]
    # What `_strictest` leaves out is a way around the filter, which another step decides.
    return told or min(tags & policy.rulebook.categories.keys(), default=UNCLASSIFIED)


def _admit(subject: Subject, step: Step, reason: Reason, until: float | None, *, counted: bool = False) -> Verdict:
    counts = counted and not (subject.is_managed or subject.is_traceless)
    return Verdict(Action.ALLOW, step, reason, counted=counts, traceless=subject.is_traceless, until=until)


def _refuse(
    subject: Subject,
    action: Action,
    step: Step,
    reason: Reason,
    until: float | None,
    lift: Lift = Lift.ONE,
    answer: Answer | None = None,
) -> Verdict:
    return Verdict(action, step, reason, traceless=subject.is_traceless, lift=lift, until=until, answer=answer)


def _hard(subject: Subject, tags: frozenset[str]) -> Verdict | None:
    hits = sorted(tag for tag in tags if subject.letters.get(tag) is Letter.H)
    if not hits:
        return None
    # What nobody lifts first, then malware, which an owner may lift alone; the rest by name, so that the answer is one.
    category = next((first for first in (_NEVER_LIFTED, MALWARE) if first in hits), hits[0])
    lift = {MALWARE: Lift.OWNER, _NEVER_LIFTED: Lift.NOBODY}.get(category, Lift.TWO)
    code = "malware" if category == MALWARE else "hard"
    reason = Reason(code, (("category", category), ("band", subject.row)))
    return _refuse(subject, Action.BLOCK, Step.HARD, reason, None, lift)


def _is_silent(policy: Policy, category: str) -> bool:
    """Say whether a hit must leave no trace: protected information, hashed lists, what nobody may hold a list of."""
    rulebook = policy.rulebook
    return category in rulebook.information or category == _NEVER_LIFTED or rulebook.categories[category].hashed


def latest_word(
    subject: Subject, above: tuple[str, ...], tags: frozenset[str], at: float
) -> tuple[Word | None, Word | None]:
    """Return the latest pause or pass about a name with these parents and tags, and extra time that runs.

    Extra time undoes a pause that was said before it; a later pause undoes extra time.
    """
    extra_time = None
    for word in subject.words:
        if word.said_at <= at < word.until and word.covers(above, tags):
            if word.is_time:
                extra_time = extra_time or word
            elif not (word.is_pause and extra_time):
                return word, extra_time
    return None, extra_time


def _word(subject: Subject, word: Word | None, tags: frozenset[str], until: float | None) -> Verdict | None:
    if word is None:
        return None
    if not word.is_pause:
        what = word.name or word.category or "everything"
        counted = any(TERMS[subject.letter(tag)].counted for tag in tags if tag in subject.letters)
        return _admit(subject, Step.WORD, Reason.of("grant", what=what), until, counted=counted)
    if any(tag.startswith("#updates:") for tag in tags & subject.always_on_tags):
        return _admit(subject, Step.WORD, Reason("update"), until)
    return _refuse(subject, Action.BLOCK, Step.WORD, Reason("pause"), until)


def _time(
    subject: Subject, above: tuple[str, ...], tags: frozenset[str], at: float, until: float | None
) -> Verdict | None:
    if not subject.windows or subject.zone is None:
        return None
    found = open_until(subject.windows, subject.zone, at)
    if found is None or tags & subject.always_on_tags or not subject.always_on_names.isdisjoint(above):
        return None
    return _refuse(subject, Action.BLOCK, Step.TIME, Reason.of("window", window=found[0].name), until)


def _own(
    policy: Policy, subject: Subject, above: tuple[str, ...], tags: frozenset[str], at: float, until: float | None
) -> Verdict | None:
    if not subject.rules:
        return None
    is_protected = not subject.own_rule_reaches_information and _information(policy, subject, tags) is not None
    for name in above:
        rules = [rule for rule in subject.rules.get(name, ()) if rule.until is None or at < rule.until.timestamp()]
        if any(rule.do is Do.ALLOW for rule in rules):
            counted = any(TERMS[subject.letters[tag]].counted for tag in tags if tag in subject.letters)
            return _admit(subject, Step.OWN, Reason.of("own_allow", name=name), until, counted=counted)
        if rules and not is_protected:
            return _refuse(subject, Action.BLOCK, Step.OWN, Reason.of("own_block", name=name), until)
    return None


def _information(policy: Policy, subject: Subject, tags: frozenset[str]) -> str | None:
    """Return the protected category of the second tier that a name with these tags is in."""
    hits = [tag for tag in tags & policy.rulebook.information if subject.letters.get(tag) is Letter.P]
    return min(hits, default=None)


def _protected(policy: Policy, subject: Subject, tags: frozenset[str], until: float | None) -> Verdict | None:
    category = _information(policy, subject, tags)
    if category is None:
        return None
    reason = Reason.of("protected", category=category)
    return Verdict(Action.ALLOW, Step.PROTECTED, reason, traceless=True, until=until)


def _bypass(policy: Policy, subject: Subject, tags: frozenset[str], until: float | None) -> Verdict | None:
    if subject.is_managed:
        return None
    category = max(
        sorted(tag for tag in tags if tag.startswith(BYPASS)),
        key=lambda tag: TERMS[subject.letter(tag)].strictness,
        default=None,
    )
    if category is None or TERMS[subject.letter(category)].strictness is Strictness.ALLOW:
        return None
    routes = (policy.rulebook.routes[tag[len(ROUTE) :]] for tag in sorted(tags) if tag.startswith(ROUTE))
    route = next((route for route in routes if route.category == category), None)
    reason = Reason.of("bypass", category=category, route=route.id if route else "")
    action = TERMS[subject.letter(category)].action
    return _refuse(subject, action, Step.BYPASS, reason, until, answer=route.answer if route else None)


def _strictest(policy: Policy, subject: Subject, tags: frozenset[str]) -> tuple[Terms, str | None]:
    """Return the strictest terms of a name's categories, and which category that is; counted and safe add up."""
    best: str | None = None
    counted = is_safe = False
    for category in sorted(tags & policy.rulebook.categories.keys()):
        terms = TERMS[subject.letter(category)]
        if category.startswith(BYPASS) and terms.strictness is not Strictness.ALLOW:
            continue
        counted |= terms.counted
        is_safe |= terms.is_safe
        if best is None or _weight(terms) > _weight(TERMS[subject.letter(best)]):
            best = category
    if best is None:
        return TERMS[Letter.A], None
    strictest = TERMS[subject.letter(best)]
    # Safe mode stays on under a grant or an own rule that opens what another category blocks.
    return Terms(strictest.strictness, strictest.action, counted=counted, is_safe=is_safe, lift=strictest.lift), best


def _weight(terms: Terms) -> tuple[Strictness, bool, bool]:
    return terms.strictness, terms.is_safe, terms.counted


def _category(subject: Subject, terms: Terms, category: str | None, until: float | None) -> Verdict | None:
    """Decide by category where it blocks or asks, or where a caregiver said that it is allowed."""
    if category is None:
        return None
    if terms.strictness is Strictness.ALLOW:
        is_said = category in subject.set_by_hand
        return _allowed_category(subject, terms, category, until) if is_said else None
    origin = "person" if category in subject.set_by_hand else subject.row
    code = "category_ask" if terms.action is Action.ASK else "category_block"
    if subject.is_closed:
        code = "closed"
    reason = Reason.of(code, category=category, origin=origin)
    return _refuse(subject, terms.action, Step.CATEGORY, reason, until)


def _allowed_category(subject: Subject, terms: Terms, category: str, until: float | None) -> Verdict:
    reason = Reason.of("category_allow", category=category)
    return _admit(subject, Step.CATEGORY, reason, until, counted=terms.counted)


def _listed(subject: Subject, terms: Terms, tags: frozenset[str], until: float | None) -> Verdict | None:
    if not subject.lists:
        return None
    for prefix, code in ((LIST_ALLOW, "list_allow"), (LIST_BLOCK, "list_block")):
        hits = sorted(tag[len(prefix) :] for tag in tags if tag.startswith(prefix))
        subscribed = [id_ for id_ in hits if id_ in subject.lists]
        if subscribed:
            reason = Reason.of(code, list=subscribed[0])
            if prefix == LIST_ALLOW:
                return _admit(subject, Step.LIST, reason, until, counted=terms.counted)
            return _refuse(subject, Action.BLOCK, Step.LIST, reason, until)
    return None


def _labelled(subject: Subject, label: Label | None, until: float | None) -> Verdict | None:
    if label is None or not subject.is_scored or subject.mode is not Mode.OPEN:
        return None
    if subject.letter(label.category) not in _SEVERE:
        return None
    reason = Reason.of("classifier", category=label.category, score=f"{label.score:.2f}")
    return _refuse(subject, Action.ASK, Step.CLASSIFIER, reason, until)


def _default(subject: Subject, until: float | None) -> Verdict:
    if subject.mode is Mode.OPEN:
        return _admit(subject, Step.DEFAULT, Reason("default_allow"), until)
    if subject.mode is Mode.ASK:
        return _refuse(subject, Action.ASK, Step.DEFAULT, Reason("default_ask"), until)
    code = "closed" if subject.is_closed else "default_block"
    return _refuse(subject, Action.BLOCK, Step.DEFAULT, Reason(code), until)


def _afterwards(
    policy: Policy, subject: Subject, name: str, tags: frozenset[str], terms: Terms, verdict: Verdict
) -> Verdict:
    target = policy.safe_targets.get(name) if terms.is_safe and not subject.is_managed else None
    is_rewritten = target is not None and verdict.action is Action.ALLOW
    is_traceless = verdict.traceless or any(_is_silent(policy, tag) for tag in tags & policy.rulebook.categories.keys())
    if not is_rewritten and is_traceless == verdict.traceless:
        return verdict
    return Verdict(
        Action.REWRITE if is_rewritten else verdict.action,
        verdict.step,
        verdict.reason,
        counted=verdict.counted and not is_traceless,
        traceless=is_traceless,
        lift=verdict.lift,
        until=verdict.until,
        target=target if is_rewritten else None,
        answer=verdict.answer,
    )


def ttl_s(subject: Subject, verdict: Verdict, wanted_s: float, at: float) -> int:
    """Return the TTL of a reply: what is wanted, cut to the asker's cap and to the verdict's `until`."""
    cap = BLOCKED_TTL_S if verdict.is_blocked else subject.ttl_cap_s
    left = cap if verdict.until is None else min(cap, verdict.until - at)
    return max(0, int(min(wanted_s, left)))
