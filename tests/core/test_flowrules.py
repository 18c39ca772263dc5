"""The rules of connections: the bundled ones hold together, a mistake is told by its line."""

import pytest

from appliance import wording
from appliance.core import flowrules
from appliance.core.flowrules import ROWS, FlowRulesError, Likely
from appliance.core.verdict import Letter
from appliance.world import rules

BOOK = rules.load_rulebook()
GOOD = """\
version: 1
signs: {doh: bypass_dns}
unasked: [doh]
disguised: bypass_disguised
hidden: bypass_hidden
likely: {0-5: decide, 6-9: decide, 10-12: decide, 13-15: tell, 16-17: nothing, adult: nothing, unknown: nothing}
hints:
  minutes: 10
  lone_udp: {megabytes: 50, percent: 80, others: 4}
  busy_without_dns: {megabytes: 20, servers: 3}
  name_pinned: {connections: 3, sites: 2}
"""


def test_the_bundled_rules_speak_of_signs_that_there_are() -> None:
    """Each has a sentence, and each that has a sentence and is a way round has a category."""
    found = rules.load_flow_rules(BOOK)
    no_ways_round = {"bittorrent", "call", "stun", "turn", "two_stories"}
    assert found.signs.keys() == wording.SIGNS.keys() - no_ways_round
    assert found.likely.keys() == set(ROWS)


def test_adults_and_strangers_are_not_decided_by_what_only_looks_so() -> None:
    """Nobody's connection is refused for a likeness whose ways round are open to them anyway."""
    found = rules.load_flow_rules(BOOK)
    assert {found.likely[row] for row in ("16-17", "adult", "unknown")} == {Likely.NOTHING}


@pytest.mark.parametrize("band", ["0-5", "6-9", "10-12", "13-15"])
def test_two_names_at_once_are_closed_to_children(band: str) -> None:
    """A tool that shows the filter another name is stopped wherever a name decides."""
    assert BOOK.letters[band][rules.load_flow_rules(BOOK).disguised] is Letter.B


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("doh: bypass_dns", "doh: music", "flows.yaml: line 2: music is no way round"),
        ("doh: bypass_dns", "doh: bypass_moon", "flows.yaml: line 2: bypass_moon is no way round"),
        ("unasked: [doh]", "unasked: [doh, tor]", "flows.yaml: line 3: tor is none of the signs"),
        ("hidden: bypass_hidden", "hidden: benign", "flows.yaml: line 5: benign is no way round"),
        ("16-17: nothing, ", "", "flows.yaml: line 6: wants exactly"),
        ("13-15: tell", "13-15: shout", "flows.yaml: line 6"),
        ("version: 1", "version: [", "flows.yaml: line"),
        ("disguised: bypass_disguised\n", "", "flows.yaml"),
        ("minutes: 10", "minutes: 0", "flows.yaml: line 8"),
        ("percent: 80", "percent: 50", "flows.yaml: line 9"),
        ("servers: 3", "server: 3", "flows.yaml: line 10"),
        ("connections: 3", "connections: 0", "flows.yaml: line 11"),
    ],
)
def test_a_mistake_is_told_by_its_line(old: str, new: str, told: str) -> None:
    """The one who edits the file finds the place."""
    assert flowrules.parse(GOOD, BOOK).signs == {"doh": "bypass_dns"}
    with pytest.raises(FlowRulesError, match=told.replace(".", r"\.")):
        flowrules.parse(GOOD.replace(old, new), BOOK)
