"""The twelve steps of the order of decision; `policy.decide` holds their order.

Each is given one question as a `Case` and has a verdict for it or None.
"""

from msgspec.structs import replace

from appliance.core.case import Case
from appliance.core.catalogue import SERVICE_TAG
from appliance.core.guesses import Label
from appliance.core.house import NEVER_LIFTED
from appliance.core.lists.rule import Did, Outcome
from appliance.core.person import Do, Mode
from appliance.core.rulebook import BYPASS, MALWARE, ROUTE, UPDATES, Rulebook
from appliance.core.schedule import Window
from appliance.core.subject import Subject, Word
from appliance.core.verdict import SEVERE, TERMS, Action, Answer, Given, Letter, Lift, Reason, Step, Strictness, Verdict

SCHOOL = "education"
"""The category that stays open while nobody knows what time it is."""


def hard(case: Case) -> Verdict | None:
    """3. Hard blocks, but for what was lifted."""
    if not case.tags:
        return None
    subject = case.subject
    hits = sorted(tag for tag in case.tags if subject.letters.get(tag) is Letter.H and tag not in case.lifted)
    if not hits:
        return None
    # What nobody lifts first, then malware, which an owner may lift alone; the rest by name, so that the answer is one.
    category_id = next((first for first in (NEVER_LIFTED, MALWARE) if first in hits), hits[0])
    lift = {MALWARE: Lift.OWNER, NEVER_LIFTED: Lift.NOBODY}.get(category_id, Lift.TWO)
    code = "malware" if category_id == MALWARE else "hard"
    reason = Reason(code, (("category", category_id), ("band", subject.row), *case.by_list(category_id)))
    until = case.until if subject.lifted else None
    return Verdict(Action.BLOCK, Step.HARD, reason, traceless=subject.is_traceless, lift=lift, until=until)


def latest_word(
    subject: Subject, above: tuple[str, ...], tags: frozenset[str], at: float
) -> tuple[Word | None, Word | None]:
    """Return the latest pause or pass about a name with these parents and tags, and extra time that runs.

    Extra time undoes a pause that was said before it; a later pause undoes extra time.
    """
    extra_time = None
    for one in subject.words:
        if one.said_at <= at < one.until and one.covers(above, tags):
            if one.is_time:
                extra_time = extra_time or one
            elif not (one.is_pause and extra_time):
                return one, extra_time
    return None, extra_time


def word(case: Case, said: Word | None) -> Verdict | None:
    """4. A caregiver's latest word."""
    if said is None:
        return None
    if not said.is_pause:
        return _admit(case, Step.WORD, Reason.of("grant", what=said.what or "everything"))
    if any(tag.startswith(UPDATES) for tag in case.tags & case.subject.always_on.tags):
        return _admit(case, Step.WORD, Reason("update"))
    return _refuse(case, Action.BLOCK, Step.WORD, Reason("pause"))


def time(case: Case) -> Verdict | None:
    """5. Windows and spent budgets; where nobody knows what time it is, what the house chose for that."""
    if case.is_always_on:
        return None
    if case.subject.is_waiting:
        return None if SCHOOL in case.tags else _refuse(case, Action.BLOCK, Step.TIME, Reason("clock"))
    for one in case.openings:
        window = one.window
        if window.slow or case.is_among(window.allow):
            continue
        if not window.internet:
            return _refuse(case, Action.BLOCK, Step.TIME, Reason.of("window", window=window.name))
        if case.is_stopped_by(case.subject.matchers[window.block]):
            return _refuse(case, Action.BLOCK, Step.TIME, Reason.of("window_block", window=window.name))
    spent = case.spent()
    if spent is None:
        return None
    budget, of = spent
    verdict = _refuse(case, Action.BLOCK, Step.TIME, Reason.of("budget", what=budget.what, of=of))
    return replace(verdict, until=_sooner(case.until, case.day_ends))


def own(case: Case) -> Verdict | None:
    """6. The person's own rules, and the names that an open window allows; before them what a thing is kept to."""
    only = case.subject.only
    if only is None:
        return _by_rules(case)
    is_meant = only.covers(case.above, case.tags)
    # Whoever reads about body and mind on a TV is a person, whatever the TV may reach besides.
    if not is_meant and case.information is None:
        return _refuse(case, Action.BLOCK, Step.OWN, Reason("only"))
    return _by_rules(case) or (_admit(case, Step.OWN, Reason("only_allow")) if is_meant else None)


def _by_rules(case: Case) -> Verdict | None:
    rules = case.subject.rules
    in_windows = {name: one.window.name for one in case.openings for name in one.window.allow.names}
    if not rules and not in_windows:
        return None
    is_protected = not case.subject.own_rule_reaches_information and case.information is not None
    for name in case.above:
        said = [rule for rule in rules.get(name, ()) if rule.until is None or case.at < rule.until.timestamp()]
        if any(rule.do is Do.ALLOW for rule in said):
            return _admit(case, Step.OWN, Reason.of("own_allow", name=name))
        if name in in_windows:
            return _admit(case, Step.OWN, Reason.of("window_allow", window=in_windows[name]))
        if said and not is_protected:
            return _refuse(case, Action.BLOCK, Step.OWN, Reason.of("own_block", name=name))
    return None


def protected(case: Case) -> Verdict | None:
    """7. Protected information."""
    category_id = case.information
    if category_id is None:
        return None
    reason = Reason.of("protected", category=category_id)
    return Verdict(Action.ALLOW, Step.PROTECTED, reason, traceless=True, until=case.until)


def bypass(case: Case) -> Verdict | None:
    """8. Ways around the filter, but for a service that is one and that a caregiver set."""
    if not case.tags or case.subject.is_managed or case.service in case.subject.ways_around:
        return None
    strictness = {tag: TERMS[case.letter(tag)].strictness for tag in sorted(case.tags) if tag.startswith(BYPASS)}
    category_id = max(strictness, key=lambda tag: (strictness[tag], tag not in case.listed.fed), default=None)
    if category_id is None or strictness[category_id] is Strictness.ALLOW:
        return None
    routes = (case.rulebook.routes[tag[len(ROUTE) :]] for tag in sorted(case.tags) if tag.startswith(ROUTE))
    route = next((route for route in routes if route.category == category_id), None)
    by_list = case.by_list(category_id)
    reason = Reason("bypass", (("category", category_id), ("route", route.id if route else ""), *by_list))
    action = TERMS[case.letter(category_id)].action
    return _refuse(case, action, Step.BYPASS, reason, answer=route.answer if route else None)


def category(case: Case) -> Verdict | None:
    """9. What an open window allows; engines that are off; services and categories that are closed, or open by hand."""
    subject = case.subject
    for one in case.openings:
        # What a window allows by name was decided with the own rules.
        if case.is_among(one.window.allow):
            return _admit(case, Step.CATEGORY, Reason.of("window_allow", window=one.window.name))
    if case.name in subject.safe.blocked:
        engine = subject.safe.blocked[case.name]
        return _refuse(case, Action.BLOCK, Step.CATEGORY, Reason.of("engine_block", engine=engine))
    if case.service is not None:
        return _service(case, case.service.removeprefix(SERVICE_TAG))
    if case.category is None:
        return None
    is_by_hand = case.category in subject.set_by_hand
    if case.terms.strictness is Strictness.ALLOW:
        return allowed_category(case) if is_by_hand else None
    code = "category_ask" if case.terms.action is Action.ASK else "category_block"
    if subject.is_closed:
        code = "closed"
    origin = "person" if is_by_hand else subject.row
    reason = Reason(code, (("category", case.category), ("origin", origin), *case.by_list(case.category)))
    return _refuse(case, case.terms.action, Step.CATEGORY, reason)


def allowed_category(case: Case) -> Verdict | None:
    """9, after 10: a category that is open."""
    if case.category is None:
        return None
    reason = Reason("category_allow", (("category", case.category), *case.by_list(case.category)))
    return _admit(case, Step.CATEGORY, reason)


def listed(case: Case) -> Verdict | None:
    """10. Lists without a category."""
    is_managed = case.subject.is_managed
    # A safe mode goes before what a list would answer in its place.
    outcome = case.listed.outcome(may_rewrite=not is_managed and _safe_target(case) is None)
    if outcome is None or (outcome.did is Did.ALLOW and not _opens(case, outcome)):
        return None
    id_, line = outcome.hit.list, str(outcome.hit.line)
    given = Given(outcome.rcode, outcome.values) if outcome.values is not None else None
    if outcome.did is Did.ALLOW:
        return _admit(case, Step.LIST, Reason.of("list_allow", list=id_, line=line))
    if outcome.did is Did.BLOCK:
        verdict = _refuse(case, Action.BLOCK, Step.LIST, Reason.of("list_block", list=id_, line=line))
        return verdict if is_managed else replace(verdict, rewrite=given)
    verdict = _admit(case, Step.LIST, Reason.of("list_rewrite", list=id_, line=line))
    return replace(verdict, action=Action.REWRITE, target=outcome.cname, rewrite=given)


def labelled(case: Case, label: Label | None) -> Verdict | None:
    """11. The classifier."""
    subject = case.subject
    if label is None or not subject.is_scored or subject.mode is not Mode.OPEN:
        return None
    if case.letter(label.category) not in SEVERE:
        return None
    reason = Reason.of("classifier", category=label.category, score=f"{label.score:.2f}")
    return _refuse(case, Action.ASK, Step.CLASSIFIER, reason)


def default(case: Case) -> Verdict:
    """12. What nothing knows."""
    if case.subject.mode is Mode.OPEN:
        return _admit(case, Step.DEFAULT, Reason("default_allow"))
    if case.subject.mode is Mode.ASK:
        return _refuse(case, Action.ASK, Step.DEFAULT, Reason("default_ask"))
    code = "closed" if case.subject.is_closed else "default_block"
    return _refuse(case, Action.BLOCK, Step.DEFAULT, Reason(code))


def afterwards(case: Case, verdict: Verdict, *, is_timed: bool = True) -> Verdict:
    """Answer an admitted name by its safe mode, leave no trace where none may be left, and let no budget be overrun.

    `is_timed`: no extra time runs, so that windows and budgets slow what they are to slow.
    """
    if verdict.action is Action.ALLOW:
        target = _safe_target(case)
        if target is not None:
            verdict = replace(verdict, action=Action.REWRITE, target=target)
    if any(_is_silent(case.rulebook, tag) for tag in case.tags & case.rulebook.categories.keys()):
        verdict = replace(verdict, counted=False, traceless=True)
    if case.subject.budgets and verdict.step.rank > Step.TIME.rank:
        verdict = replace(verdict, until=_sooner(verdict.until, case.next_count()))
    return replace(verdict, slowed=True) if is_timed and is_slowed(case, verdict) else verdict


def is_slowed(case: Case, verdict: Verdict) -> bool:
    """Say whether a window or a spent budget slows what was decided after them; information is as quick as ever."""
    is_after = verdict.step.rank > Step.TIME.rank and verdict.step is not Step.PROTECTED
    is_limited = case.openings or case.subject.budgets
    if verdict.is_blocked or not is_after or not is_limited or case.is_always_on:
        return False
    return any(_slows(case, one.window) for one in case.openings) or case.spent(slow=True) is not None


def _slows(case: Case, window: Window) -> bool:
    if not window.slow or case.is_among(window.allow):
        return False
    return not window.block or case.is_stopped_by(case.subject.matchers[window.block])


def _safe_target(case: Case) -> str | None:
    """Return the name whose addresses answer in the name's safe mode; None where it has none, or it is off."""
    safe = case.subject.safe
    is_forced = any(one.window.safe_search for one in case.openings)
    return (safe.strictest if is_forced else safe.targets).get(case.name)


def _opens(case: Case, outcome: Outcome) -> bool:
    """Say whether an exception opens: one in a list that blocks only takes back what lists close.

    Such a list means no more by it than that the name is not an advertisement. It doesn't make it a site for small
    children, nor one that need not be asked for.
    """
    return case.subject.mode is Mode.OPEN or outcome.hit.list in case.subject.lists.opening


def _service(case: Case, service: str) -> Verdict:
    if case.terms.strictness is Strictness.ALLOW:
        return _admit(case, Step.CATEGORY, Reason.of("service_allow", service=service))
    code = "service_ask" if case.terms.action is Action.ASK else "service_block"
    return _refuse(case, case.terms.action, Step.CATEGORY, Reason.of(code, service=service))


def _admit(case: Case, step: Step, reason: Reason) -> Verdict:
    is_traceless = case.subject.is_traceless
    return Verdict(Action.ALLOW, step, reason, counted=case.is_counted, traceless=is_traceless, until=case.until)


def _refuse(case: Case, action: Action, step: Step, reason: Reason, answer: Answer | None = None) -> Verdict:
    is_traceless = case.subject.is_traceless
    return Verdict(action, step, reason, traceless=is_traceless, lift=Lift.ONE, until=case.until, answer=answer)


def _is_silent(rulebook: Rulebook, category_id: str) -> bool:
    """Say whether a hit must leave no trace: protected information, hashed lists, what nobody may hold a list of."""
    is_named = category_id in rulebook.information or category_id == NEVER_LIFTED
    return is_named or rulebook.categories[category_id].hashed


def _sooner(one: float | None, other: float | None) -> float | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)
