"""One question as the steps of the order of decision see it: a name with its tags, who asks, what holds just now."""

from collections.abc import Collection
from datetime import date
from typing import Literal

import msgspec
from msgspec.structs import replace

from appliance.core import budget as budgets
from appliance.core import names
from appliance.core.budget import Budget, Minutes
from appliance.core.house import NEVER_LIFTED
from appliance.core.listing import NOTHING, Listed
from appliance.core.matcher import Matcher
from appliance.core.rulebook import BYPASS, MALWARE, Rulebook
from appliance.core.said import Things
from appliance.core.schedule import Opening
from appliance.core.subject import Subject
from appliance.core.verdict import TERMS, Letter, Strictness, Terms

RECOUNT_S = 5.0
"""How soon a budget is looked at again whose last minute is over by the clock and not yet by the count."""
BEHIND_S = 300
"""So far the count of minutes may be behind the clock; a count that is further behind is not waited for."""
MINUTE_S = 60

_OPEN = TERMS[Letter.A]
_NOTHING_LIFTED: frozenset[str] = frozenset()


class Case(msgspec.Struct, frozen=True):
    """One question: a name (in normal form) with its tags, asked by a subject at a time (POSIX seconds)."""

    rulebook: Rulebook
    minutes: Minutes
    subject: Subject
    name: str
    tags: frozenset[str]
    at: float
    above: tuple[str, ...]
    """The name and all above it, the longest first."""
    openings: tuple[Opening, ...]
    """The windows that are open."""
    lifted: frozenset[str]
    """Categories that are closed hard and were lifted."""
    terms: Terms
    service: str | None
    """The tag of the service that a caregiver set and that gave the terms."""
    category: str | None
    """The strictest of the name's categories; where no service did, it gave the terms."""
    until: float | None
    """From here on a verdict holds until the next word, window or rule begins or ends; and see `next_count`."""
    listed: Listed
    """What lists say of the name; the categories that only they say it is of are among its tags."""

    @classmethod
    def of(
        cls,
        rulebook: Rulebook,
        minutes: Minutes,
        subject: Subject,
        name: str,
        tags: frozenset[str],
        at: float,
        listed: Listed = NOTHING,
    ) -> "Case":
        """Look at everything that more than one step wants to know."""
        terms, category = strictest(rulebook, subject, tags, listed.fed)
        service = most_open(subject, tags)
        above = tuple(names.parents(name))
        return cls(
            rulebook=rulebook,
            minutes=minutes,
            subject=subject,
            name=name,
            tags=tags,
            at=at,
            above=above,
            openings=subject.schedule.open_at(at) if subject.schedule else (),
            lifted=_lifted(subject, above, at),
            terms=terms if service is None else TERMS[subject.services[service]],
            service=service,
            category=category,
            until=subject.next_change(at),
            listed=listed,
        )

    def letter(self, category: str) -> Letter:
        """Return the letter of a category at this time: one that was lifted is simply open."""
        return Letter.A if category in self.lifted else self.subject.letter(category)

    def is_among(self, things: Things) -> bool:
        """Say whether the name is among these things of a window."""
        return self.subject.matchers[things].covers(self.above, self.tags)

    def is_stopped_by(self, blocked: Matcher) -> bool:
        """Say whether a window's block reaches the name; protected information by name only, and at 0-9."""
        if not blocked.covers(self.above, self.tags):
            return False
        if self.information is None:
            return True
        return self.subject.own_rule_reaches_information and blocked.names_it(self.above)

    def by_list(self, category: str) -> tuple[tuple[str, str], ...]:
        """Return what a reason tells of the list that alone says the name is of a category; nothing where none does."""
        hit = self.listed.fed.get(category)
        return () if hit is None else (("list", hit.list), ("line", str(hit.line)))

    @property
    def information(self) -> str | None:
        """The protected category of the second tier that the name is in."""
        if not self.tags:
            return None
        hits = [tag for tag in self.tags & self.rulebook.information if self.subject.letters.get(tag) is Letter.P]
        return min(hits, default=None)

    @property
    def is_always_on(self) -> bool:
        """Say whether neither windows nor budgets stop it."""
        return self.subject.always_on.covers(self.above, self.tags)

    @property
    def is_uncounted(self) -> bool:
        """Say whether its minutes count for no budget now, and no spent one stops it."""
        if self.is_always_on or any(one.window.uncounted for one in self.openings):
            return True
        return self.subject.uncounted.covers(self.above, self.tags) and not self._is_timed_by_hand

    @property
    def is_counted(self) -> bool:
        """Say whether its minutes count as screen time."""
        is_wanted = self.terms.counted or any(
            about is not None and not about.isdisjoint(self.tags) for _, about in self.subject.budgets
        )
        return is_wanted and not (self.subject.is_managed or self.subject.is_traceless or self.is_uncounted)

    @property
    def _is_timed_by_hand(self) -> bool:
        """Say whether a caregiver wants its minutes counted, though it is of a kind whose minutes don't count."""
        if not self.terms.counted or self.service is not None:
            return self.terms.counted
        return any(TERMS[self.subject.letters[tag]].counted for tag in self.tags & self.subject.set_by_hand)

    @property
    def day_ends(self) -> float:
        """When the budgets' day is over (POSIX seconds)."""
        return budgets.end_of(self._day, self.subject.zone, self.subject.day_starts)

    def spent(self, *, slow: bool = False) -> tuple[Budget, Literal["day", "week"]] | None:
        """Return the first budget about this name of which nothing is left, and whether the week's minutes are.

        Of those that stop, or with `slow` of those that only slow.
        """
        if not self.subject.budgets:
            return None
        day = self._day
        found = next((one for one in self._budgets if one.slow is slow and self._left(one, day) <= 0), None)
        if found is None:
            return None
        is_week = found.week is not None and self._left(Budget(what=found.what, week=found.week), day) <= 0
        return found, "week" if is_week else "day"

    def next_count(self) -> float | None:
        """Return when a budget about this name may be used up, or its day is over; None where none stops it."""
        found = self._budgets
        if not found:
            return None
        this_minute = self.at - self.at % MINUTE_S
        # What is left was left when it was counted: since then every minute may have been used.
        counted_to = min(max(self.minutes.at, this_minute - BEHIND_S), this_minute)
        day = self._day
        ends = (counted_to + left * MINUTE_S for budget in found if (left := self._left(budget, day)) > 0)
        return min([self.day_ends, *(end if end > self.at else self.at + RECOUNT_S for end in ends)])

    @property
    def _budgets(self) -> list[Budget]:
        """The budgets about this name, none where its minutes don't count now."""
        found = [budget for budget, about in self.subject.budgets if about is None or not about.isdisjoint(self.tags)]
        return [] if not found or self.is_uncounted else found

    @property
    def _day(self) -> date:
        return budgets.day_of(self.at, self.subject.zone, self.subject.day_starts)

    def _left(self, budget: Budget, day: date) -> int:
        used = self.minutes.of(self.subject.person or "", budget.what, day)
        return budgets.left(budget, used, self.subject.bonuses, day, self.at)


def strictest(
    rulebook: Rulebook, subject: Subject, tags: frozenset[str], fed: Collection[str] = ()
) -> tuple[Terms, str | None]:
    """Return the strictest terms of a name's categories, and which category that is; what counts adds up.

    Ways around the filter that are closed are left out: another step decides them. So are hard blocks, for what comes
    so far was lifted. Of equals one that is not only `fed` by a list gives the terms.
    """
    if not tags:
        return _OPEN, None
    found: str | None = None
    best = TERMS[Letter.A]
    counted = False
    for category in sorted(tags & rulebook.categories.keys(), key=lambda one: (one in fed, one)):
        letter = subject.letter(category)
        terms = TERMS[Letter.A if letter is Letter.H else letter]
        if category.startswith(BYPASS) and terms.strictness is not Strictness.ALLOW:
            continue
        counted |= terms.counted
        if found is None or _weight(terms) > _weight(best):
            found, best = category, terms
    return replace(best, counted=counted), found


def most_open(subject: Subject, tags: frozenset[str]) -> str | None:
    """Return the tag of the service by whose setting a name is decided: of two that share it, the more open one.

    A service that a caregiver set goes before every category; what two of them share would break with the other.
    """
    if not tags or not subject.services:
        return None
    found = sorted(tag for tag in tags if tag in subject.services)
    return min(found, key=lambda tag: _weight(TERMS[subject.services[tag]]), default=None)


def _weight(terms: Terms) -> tuple[Strictness, bool, bool]:
    return terms.strictness, terms.is_safe, terms.counted


def _lifted(subject: Subject, above: tuple[str, ...], at: float) -> frozenset[str]:
    """Return the hard categories that are open now: what two lifted for the person, malware for a name by an owner."""
    if not subject.lifted:
        return _NOTHING_LIFTED
    running = [one for one in subject.lifted if one.begins <= at < one.until]
    categories = {one.category for one in running if one.category is not None} - {MALWARE, NEVER_LIFTED}
    is_named = any(one.name in above for one in running)
    return frozenset(categories | {MALWARE} if is_named else categories)
