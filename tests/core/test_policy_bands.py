"""Every category at every band is decided as the bundled table says, all the way through `decide`."""

import pytest

from appliance.core import domainset, policy
from appliance.core.domainset import DomainSet, Entry
from appliance.core.house import NEVER_LIFTED, House
from appliance.core.person import BANDS, Level
from appliance.core.policy import Policy
from appliance.core.rulebook import BYPASS, HELP, HELP_REPORT, MALWARE, UNCLASSIFIED
from appliance.core.verdict import Action, Letter, Lift, Step, Verdict
from appliance.world import rules
from tests.core.builders import AT, BERLIN, child, told

BOOK = rules.load_rulebook()
BUNDLED = rules.bundled_set(BOOK)
MADE = DomainSet(
    domainset.build(
        Entry(f"{category.replace('_', '-')}.test", HELP if category == HELP_REPORT else category)
        for category in BOOK.categories
        if category != UNCLASSIFIED
    )
)
"""One name for each category; what is unclassified has no tag at all."""

EXPECTED: dict[Letter, tuple[Action, bool, Lift | None]] = {
    Letter.P: (Action.ALLOW, False, None),
    Letter.A: (Action.ALLOW, False, None),
    Letter.S: (Action.ALLOW, False, None),
    Letter.T: (Action.ALLOW, True, None),
    Letter.ST: (Action.ALLOW, True, None),
    Letter.K: (Action.ASK, False, Lift.ONE),
    Letter.B: (Action.BLOCK, False, Lift.ONE),
    Letter.H: (Action.BLOCK, False, Lift.TWO),
}
"""Letter → action, counted, who lifts it."""
LIFTS = {MALWARE: Lift.OWNER, NEVER_LIFTED: Lift.NOBODY}
PAIRS = [(category, band) for category in BOOK.categories for band in BANDS]
POLICIES: dict[str, Policy] = {}


def decided(name: str, band: str) -> Verdict:
    """Return what happens to a name that a child of a band asks for, of whom nothing is said but the band."""
    if band not in POLICIES:
        POLICIES[band] = policy.compile(House(persons=(child(band),)), BOOK, (BUNDLED, MADE), BERLIN)
    compiled = POLICIES[band]
    return policy.decide(compiled, compiled.by_person["kim"], name, None, AT)


@pytest.mark.parametrize(("category", "band"), PAIRS)
def test_a_category_at_a_band_has_its_action(category: str, band: str) -> None:
    """Action, counted or not, without a trace or not, and who lifts it."""
    letter = BOOK.letters[band][category]
    verdict = decided(f"{category.replace('_', '-')}.test", band)
    action, counted, lift = EXPECTED[letter]
    if lift is Lift.TWO:
        lift = LIFTS.get(category, lift)
    assert (verdict.action, verdict.counted, verdict.lift) == (action, counted, lift)
    assert verdict.traceless or letter is not Letter.P
    assert (verdict.step is Step.HARD) == (letter is Letter.H)
    if letter is Letter.P:
        assert verdict.step in (Step.HELP, Step.PROTECTED)
    if category.startswith(BYPASS) and letter is not Letter.A:
        assert verdict.step is Step.BYPASS


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("engine", sorted(BOOK.engines))
def test_s_is_a_safe_mode_that_is_on(engine: str, band: str) -> None:
    """At every host of every engine whose category is S or S+T in a band; where it is A or T, it is off."""
    found = BOOK.engines[engine]
    letter = BOOK.letters[band][found.category]
    level = found.default.get(band, Level.OFF)
    assert (level in found.targets) or letter not in (Letter.S, Letter.ST)
    assert level is Level.OFF or letter not in (Letter.A, Letter.T)
    for host in found.hosts:
        verdict = decided(host, band)
        if letter in (Letter.S, Letter.ST):
            assert (verdict.action, verdict.target) == (Action.REWRITE, found.targets[level]), host
            assert verdict.counted == (letter is Letter.ST)
        elif letter in (Letter.A, Letter.T):
            assert told(verdict)[0] == "allow", host


@pytest.mark.parametrize("band", BANDS)
def test_every_service_is_as_its_category(band: str) -> None:
    """Where nobody set it: none is more open, and none but for a name that is of more than one kind more closed."""
    strictness = {Action.ALLOW: 0, Action.REWRITE: 0, Action.ASK: 1, Action.BLOCK: 2}
    for service in BOOK.services.values():
        expected = EXPECTED[BOOK.letters[band][service.category]][0]
        for name in service.domains:
            verdict = decided(name, band)
            if verdict.step not in (Step.HELP, Step.INFRASTRUCTURE, Step.PROTECTED):
                assert strictness[verdict.action] >= strictness[expected], (service.id, name)
