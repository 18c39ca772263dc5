"""For whom newly counted minutes change more than the next reply: whose finished replies can't be given out again.

As a rule a minute is counted just when it is over, and a budget ends when every reply said it would. That is not so
where a budget is used up by now or there again, and where its end came nearer because a gap in a use was filled: then
a finished reply might be given out past the end, or kept by a device beyond it.
"""

from collections.abc import Iterator

from appliance.core import budget as budgets
from appliance.core.budget import Minutes
from appliance.core.case import BEHIND_S, MINUTE_S
from appliance.core.policy import Policy
from appliance.core.subject import Subject


def concerned(policy: Policy, now: Minutes, at: float) -> set[str]:
    """Return the persons of a policy whose replies are to be made anew, when `now` follows its minutes."""
    return {
        person
        for person, subject in policy.by_person.items()
        if any(
            (old <= at) != (new <= at) or new < old
            for old, new in zip(_ends(subject, policy.minutes, at), _ends(subject, now, at), strict=True)
        )
    }


def _ends(subject: Subject, minutes: Minutes, at: float) -> Iterator[float]:
    """Yield for each budget when (POSIX seconds) it is used up at the earliest; `at` where nothing is left.

    The end is reckoned as replies are promised it: of the minute that runs, nothing may be left when it is over.
    """
    this_minute = at - at % MINUTE_S
    counted_to = min(max(minutes.at, this_minute - BEHIND_S), this_minute)
    day = budgets.day_of(at, subject.zone, subject.day_starts)
    for budget, _ in subject.budgets:
        used = minutes.of(subject.person or "", budget.what, day)
        left = budgets.left(budget, used, subject.bonuses, day, at)
        yield at if left <= 0 else max(counted_to + left * MINUTE_S, at + 1)
