"""A verdict holds until it says: whatever the house, whoever asks, however the minutes grow meanwhile."""

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from appliance.core.budget import Minutes, Used
from appliance.core.case import RECOUNT_S
from appliance.core.policy import decide, ttl_s
from appliance.core.subject import BLOCKED_TTL_S
from appliance.core.verdict import Reason, Verdict
from tests.core.houses import Played, names, played


def later(one: Played, at: float, growth: dict[str, int]) -> Minutes:
    """Return what may be counted by a time: of each budget so many minutes more, at most each that passed."""
    counted_to = max(one.minutes.at, at - at % 60)
    most = int(counted_to - one.minutes.at) // 60
    used = {
        what: Used(old.day + min(growth.get(what, 0), most), old.week + min(growth.get(what, 0), most), old.carried)
        for what, old in one.minutes.used[one.person].items()
    }
    return Minutes(counted_to, one.minutes.day, {one.person: used})


def same(verdict: Verdict) -> Verdict:
    """Return a verdict but for how long it holds, and for which of several spent budgets it is."""
    reason = Reason("budget") if verdict.reason.code == "budget" else verdict.reason
    return msgspec.structs.replace(verdict, until=None, reason=reason)


@settings(max_examples=600)
@given(
    one=played(),
    name=names,
    share=st.floats(0, 1, exclude_max=True),
    growth=st.dictionaries(
        st.sampled_from(["everything", "service:tube", "group:video", "category:forum"]), st.integers(0, 60)
    ),
    is_person=st.booleans(),
)
def test_nothing_changes_before_until(
    one: Played, name: str, share: float, growth: dict[str, int], *, is_person: bool
) -> None:
    """The strongest promise: the same question has the same answer at every moment before."""
    policy = one.policy()
    subject = policy.by_person[one.person] if is_person else policy.of_device("thing")
    now = decide(policy, subject, name, None, one.at)
    end = one.at + 86_400 if now.until is None else now.until
    assert end > one.at
    at = one.at + (end - one.at) * share
    assume(at < end)
    # A last minute that is over by the clock and not yet by the count may be counted at any moment.
    minutes = one.minutes if end - one.at <= RECOUNT_S else later(one, at, growth)
    then_policy = one.policy(minutes)
    then_subject = then_policy.by_person[one.person] if is_person else then_policy.of_device("thing")
    assert same(now) == same(decide(then_policy, then_subject, name, None, at))


@given(one=played(), name=names, wanted=st.integers(0, 200_000))
def test_no_ttl_outlives_until_or_its_cap(one: Played, name: str, wanted: int) -> None:
    """Nor what was wanted; and none is negative."""
    policy = one.policy()
    subject = policy.of_device("thing")
    verdict = decide(policy, subject, name, None, one.at)
    ttl = ttl_s(subject, verdict, wanted, one.at)
    assert 0 <= ttl <= min(wanted, BLOCKED_TTL_S if verdict.is_blocked else subject.ttl_cap_s)
    assert verdict.until is None or one.at + ttl <= verdict.until
