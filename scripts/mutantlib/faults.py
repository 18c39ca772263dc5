"""Deliberate faults of core: what each does wrong, the text it replaces, and the tests of which one must fail."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One replacement in one file of `appliance/`; `tests` are files of `tests/core/`, without their ending."""

    what: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]


ORDER = ("test_policy_order",)
CARRIED = ("test_policy_carried",)
STEPS = "core/steps.py"
CASE = "core/case.py"
SUBJECT = "core/subject.py"
SCHEDULE = "core/schedule.py"
BUDGET = "core/budget.py"
QUERY = "core/query.py"
DELIVERY = "core/delivery.py"
POLICY = "core/policy.py"
SAFE = "core/safe.py"

FAULTS = (
    # The order of decision.
    Fault(
        "infrastructure goes before help",
        POLICY,
        "if HELP in tags:",
        "if HELP in tags and INFRASTRUCTURE not in tags:",
        ORDER,
    ),
    Fault(
        "the caregiver's word goes before hard blocks",
        POLICY,
        "verdict = verdict or steps.word(case, word)",
        "verdict = steps.word(case, word) or verdict",
        ORDER,
    ),
    Fault(
        "time goes before the caregiver's word",
        POLICY,
        "verdict = verdict or steps.word(case, word)",
        "verdict = verdict or steps.time(case) or steps.word(case, word)",
        ORDER,
    ),
    Fault(
        "own rules go before time",
        POLICY,
        "    if extra_time is None:\n",
        "    verdict = verdict or steps.own(case)\n    if extra_time is None:\n",
        ORDER,
    ),
    Fault(
        "protected information goes before own rules",
        POLICY,
        "verdict = verdict or steps.own(case)",
        "verdict = verdict or steps.protected(case) or steps.own(case)",
        ORDER,
    ),
    Fault(
        "a category blocks protected information",
        POLICY,
        "verdict = verdict or steps.protected(case)",
        "verdict = verdict or steps.category(case) or steps.protected(case)",
        ORDER,
    ),
    Fault(
        "categories go before ways around",
        POLICY,
        "verdict = verdict or steps.bypass(case)",
        "verdict = verdict or steps.category(case) or steps.bypass(case)",
        ORDER,
    ),
    Fault(
        "lists go before categories",
        POLICY,
        "verdict = verdict or steps.category(case)",
        "verdict = verdict or steps.listed(case) or steps.category(case)",
        ("test_policy_lists",),
    ),
    Fault(
        "extra time lifts no window",
        POLICY,
        "if extra_time is None:",
        "if True:",
        ("test_policy_time",),
    ),
    # Words, hard blocks, own rules.
    Fault(
        "a grant beats a later pause",
        SUBJECT,
        "sorted(words, key=lambda word: word.said_at,",
        "sorted(words, key=lambda word: (not word.is_pause, word.said_at),",
        ("test_policy_order", "test_policy_words"),
    ),
    Fault(
        "a word holds until after its end",
        STEPS,
        "one.said_at <= at < one.until",
        "one.said_at <= at <= one.until",
        ORDER,
    ),
    Fault(
        "what is lifted is open before it begins",
        CASE,
        "one.begins <= at < one.until",
        "at < one.until",
        ("test_policy_hard",),
    ),
    Fault(
        "what nobody lifts can be lifted",
        CASE,
        "- {MALWARE, NEVER_LIFTED}",
        "- {MALWARE}",
        ("test_policy_hard",),
    ),
    Fault(
        "a setting softens a hard block",
        SUBJECT,
        "not in (Letter.H, Letter.P)}",
        "is not Letter.P}",
        ("test_subject",),
    ),
    Fault(
        "allow doesn't win at the same own name",
        STEPS,
        "if any(rule.do is Do.ALLOW for rule in said):",
        "if said and all(rule.do is Do.ALLOW for rule in said):",
        ORDER,
    ),
    Fault(
        "the less specific own rule wins",
        STEPS,
        "for name in case.above:",
        "for name in reversed(case.above):",
        ORDER,
    ),
    Fault(
        "an own rule reaches protected information at every age",
        STEPS,
        "not case.subject.own_rule_reaches_information and case.information is not None",
        "False",
        ORDER,
    ),
    # Windows.
    Fault(
        "a window is open at the moment of its end",
        SCHEDULE,
        "if one.start <= at < one.end:",
        "if one.start <= at <= one.end:",
        ("test_policy_windows", "test_schedule"),
    ),
    Fault(
        "a window ends when the clock first shows its end",
        SCHEDULE,
        "moment_of(day, end, self._zone, fold=1)",
        "moment_of(day, end, self._zone, fold=0)",
        ("test_schedule", "test_schedule_zones"),
    ),
    Fault(
        "a window is a weekday late",
        SCHEDULE,
        "weekday = EVERY_DAY[day.weekday()]",
        "weekday = EVERY_DAY[(day.weekday() + 6) % 7]",
        ("test_policy_windows",),
    ),
    Fault(
        "exceptions are applied in reverse",
        SCHEDULE,
        "for one in self._exceptions:",
        "for one in reversed(self._exceptions):",
        ("test_policy_windows",),
    ),
    Fault(
        "one window's allowance opens another window",
        STEPS,
        "if window.slow or case.is_among(window.allow):\n            continue",
        "if window.slow or case.is_among(window.allow):\n            break",
        ("test_policy_windows",),
    ),
    Fault(
        "a window's block by category reaches protected information",
        CASE,
        "return self.subject.own_rule_reaches_information and blocked.names_it(self.above)",
        "return self.subject.own_rule_reaches_information",
        ("test_policy_windows",),
    ),
    Fault(
        "always on is stopped by windows",
        STEPS,
        "    if case.is_always_on:\n        return None\n",
        "",
        ("test_policy_windows",),
    ),
    Fault(
        "a window's safe search is forgotten",
        STEPS,
        "is_forced = any(one.window.safe_search for one in case.openings)",
        "is_forced = False",
        ("test_policy_windows",),
    ),
    # Budgets.
    Fault(
        "a budget's end is no change",
        STEPS,
        "until=_sooner(verdict.until, case.next_count())",
        "until=verdict.until",
        ("test_policy_budgets",),
    ),
    Fault(
        "a count is taken to be of this moment",
        CASE,
        "counted_to = min(max(self.minutes.at, this_minute - BEHIND_S), this_minute)",
        "counted_to = self.at",
        ("test_policy_budgets",),
    ),
    Fault(
        "a budget stops a minute late",
        CASE,
        "self._left(one, day) <= 0), None)",
        "self._left(one, day) < 0), None)",
        ("test_policy_budgets",),
    ),
    Fault(
        "only when all budgets are spent is one",
        CASE,
        "        if found is None:\n",
        "        if found is None or any(self._left(one, day) > 0 for one in self._budgets):\n",
        ("test_policy_budgets", "test_case"),
    ),
    Fault(
        "an uncounted window counts",
        CASE,
        "if self.is_always_on or any(one.window.uncounted for one in self.openings):",
        "if self.is_always_on:",
        ("test_policy_windows",),
    ),
    Fault(
        "minutes on a managed device count",
        CASE,
        "not (self.subject.is_managed or self.subject.is_traceless or self.is_uncounted)",
        "not (self.subject.is_traceless or self.is_uncounted)",
        ("test_policy",),
    ),
    Fault(
        "a penalty takes nothing",
        BUDGET,
        "extra = sum(one.minutes for one in bonuses",
        "extra = sum(max(0, one.minutes) for one in bonuses",
        ("test_policy_budgets",),
    ),
    Fault(
        "all that is left is carried over",
        BUDGET,
        "min(budget.carry_over, max(0, of_day - used))",
        "max(0, of_day - used)",
        ("test_budget",),
    ),
    Fault(
        "the week begins on Sunday",
        BUDGET,
        "return day - timedelta(days=day.weekday())",
        "return day - timedelta(days=(day.weekday() + 1) % 7)",
        ("test_budget",),
    ),
    Fault(
        "a bonus that ends is no change",
        SUBJECT,
        "changes=_changes(words, lifted, rules, bonuses),",
        "changes=_changes(words, lifted, rules),",
        ("test_policy_budgets",),
    ),
    # Services, engines, kinds of devices.
    Fault(
        "a category goes before a service",
        CASE,
        "terms=terms if service is None else TERMS[subject.services[service]],",
        "terms=terms,",
        ("test_policy_services",),
    ),
    Fault(
        "of two services the stricter decides",
        CASE,
        "return min(found, key=lambda tag:",
        "return max(found, key=lambda tag:",
        ("test_policy_services",),
    ),
    Fault(
        "a group goes before its service",
        SUBJECT,
        "return letters | {SERVICE_TAG + id_: LETTERS[setting] for id_, setting in person.services.items()}",
        "return {SERVICE_TAG + id_: LETTERS[setting] for id_, setting in person.services.items()} | letters",
        ("test_policy_services",),
    ),
    Fault(
        "what is opened by a pass has no safe mode",
        STEPS,
        "    if verdict.action is Action.ALLOW:\n",
        "    if verdict.action is Action.ALLOW and verdict.step is not Step.WORD:\n",
        ("test_policy",),
    ),
    Fault(
        "the safe mode of a category's setting goes before the engine's own",
        SAFE,
        "if engine.id in person.safe_search:",
        "if engine.id in person.safe_search and engine.category not in person.categories:",
        ("test_safe",),
    ),
    Fault(
        "the kind of a device is ignored",
        SUBJECT,
        "if device is None or device.kind not in THINGS:",
        "if device is not None or device is None:",
        ORDER,
    ),
    Fault(
        "bedtime reaches a managed device",
        SUBJECT,
        "windows = person.windows if in_time else ()",
        "windows = person.windows",
        ("test_policy_kinds",),
    ),
    Fault(
        "protected information leaves a trace",
        STEPS,
        "verdict = replace(verdict, counted=False, traceless=True)",
        "verdict = replace(verdict, counted=False)",
        ("test_policy",),
    ),
    Fault(
        "the classifier blocks",
        STEPS,
        "return _refuse(case, Action.ASK, Step.CLASSIFIER, reason)",
        "return _refuse(case, Action.BLOCK, Step.CLASSIFIER, reason)",
        ORDER,
    ),
    # On the wire.
    Fault(
        "a TTL outlives the verdict",
        POLICY,
        "left = cap if verdict.until is None else min(cap, verdict.until - at)",
        "left = cap",
        ("test_policy", "test_query"),
    ),
    Fault(
        "a finished reply is given out until the verdict ends",
        QUERY,
        "return (end if verdict.until is None else min(end, verdict.until)) - ttl",
        "return end if verdict.until is None else min(end, verdict.until)",
        ("test_query", "test_query_cnames"),
    ),
    Fault(
        "a translator opens what is closed",
        POLICY,
        "return within if within.is_blocked else verdict",
        "return verdict",
        CARRIED,
    ),
    Fault(
        "a caregiver's word for a translator's name is not heard",
        POLICY,
        "if verdict.step.rank > Step.OWN.rank and not verdict.is_blocked else None",
        "if not verdict.is_blocked else None",
        CARRIED,
    ),
    Fault(
        "a CNAME is not decided again",
        DELIVERY,
        "        if verdict is not None:\n            return verdict\n    if policy",
        "        if verdict is None:\n            return verdict\n    if policy",
        ("test_query_cnames",),
    ),
    Fault(
        "the hints of HTTPS lead around a safe mode",
        QUERY,
        "return None if query.qtype in (dns.HTTPS, dns.SVCB) else query.name",
        "return None if query.qtype in (dns.SVCB,) else query.name",
        ("test_query",),
    ),
)
