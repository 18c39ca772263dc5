"""Help is open in every state; protected information obeys pause, time and, at 0-9, an own rule, and nothing else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.domainset import Entry
from appliance.core.guesses import Label
from appliance.core.policy import decide
from appliance.core.verdict import Action, Reason, Step, Verdict
from tests.core.builders import policy_of
from tests.core.houses import Played, played

TAGS = [
    "malware_phishing", "csam", "pornography", "social_media", "trackers_ads", "bypass_vpn", "forum", "#block:ads",
    "#service:tube", "#service:chat", "#infrastructure",
]  # fmt: skip
REACHES = {Step.HARD, Step.WORD, Step.TIME, Step.OWN, Step.PROTECTED}
"""Steps that may decide a name of protected information."""
labels = st.none() | st.builds(Label, st.sampled_from(["pornography", "social_media"]), st.just(1.0))


def decided(one: Played, name: str, tags: list[str], label: Label | None) -> tuple[str, Verdict]:
    """Return the row of who asks, and the verdict of a name with these tags besides its own."""
    policy = policy_of(one.house, [Entry(name, tag) for tag in tags], one.minutes)
    subject = policy.of_device("thing")
    return subject.row, decide(policy, subject, name, label, one.at)


@settings(max_examples=300)
@given(one=played(), tags=st.lists(st.sampled_from(TAGS), max_size=3), label=labels)
def test_help_is_open_in_every_state(one: Played, tags: list[str], label: Label | None) -> None:
    """Of child, device and house, whatever else the name is; not counted, and without a trace."""
    for name in ("help.example", "www.help.example", "exacthelp.example", "carrier.example"):
        assert decided(one, name, tags, label)[1] == Verdict(Action.ALLOW, Step.HELP, Reason("help"), traceless=True)


@settings(max_examples=300)
@given(
    one=played(),
    tags=st.lists(
        st.sampled_from(
            [tag for tag in TAGS if tag not in ("malware_phishing", "csam", "pornography", "#infrastructure")]
        ),
        max_size=3,
    ),
    label=labels,
)
def test_protected_information_obeys_time_and_nothing_else(one: Played, tags: list[str], label: Label | None) -> None:
    """No list, category, service, setting or score blocks it; an own rule does at 0-9; it leaves no trace."""
    row, verdict = decided(one, "mind.example", tags, label)
    if row == "adult":
        return
    assert verdict.step in REACHES
    assert (verdict.traceless, verdict.counted) == (True, False)
    assert verdict.action in (Action.ALLOW, Action.BLOCK)
    if verdict.is_blocked:
        codes = {"pause", "window", "budget"} | ({"window_block", "own_block"} if row in ("0-5", "6-9") else set())
        assert verdict.reason.code in codes
