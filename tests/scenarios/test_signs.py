"""What the signs tell of captures that nobody here made: what must be told is, and no visit is called else."""

import json
from collections.abc import Iterator
from functools import cache

import pytest

from appliance.core.signs.sign import Confidence
from scripts.signslib import cases, table
from scripts.signslib.cli import count
from scripts.signslib.score import Figures, Hit, Score
from scripts.signslib.subject import Subject
from scripts.signslib.truth import SUBJECTS
from tests.needs import shared
from tests.rooms import tree

pytestmark = pytest.mark.shared

FOLDER = "cases/pcaps"


@cache
def counted() -> Score:
    """Return what is counted over all captures."""
    return count(shared(FOLDER))


@cache
def classes() -> dict[str, list[str]]:
    """Return kind → captures, as they came."""
    found: dict[str, list[str]] = json.loads(shared(f"{FOLDER}/classes.json").read_text("utf-8"))
    return found


def figures() -> Iterator[tuple[Subject, Figures]]:
    """Yield each subject with its figures."""
    return ((subject, counted().figures[subject.title]) for subject in SUBJECTS)


def wrong(*confidences: Confidence) -> list[Hit]:
    """Return the flows that have a sign of what they are not, so sure."""
    return [hit for hit in counted().hits if not hit.is_right and hit.sign.confidence in confidences]


def test_the_captures_are_there() -> None:
    """All of them are read, and all that the truth is told of is among them."""
    assert counted().captures == 652
    names = {path.name for path in cases.captures(shared(FOLDER))}
    assert {capture for subject in SUBJECTS for capture in subject.held} - names == set()


def test_what_is_said_to_be_in_a_capture_is_there() -> None:
    """Each word of the truth fits a flow: none is made up."""
    for subject, found in figures():
        assert found.captures == len(subject.held)
        assert found.flows >= len(subject.held), subject.title
    for subject in SUBJECTS:
        for capture, words in subject.held.items():
            flows = cases.flows(shared(f"{FOLDER}/{capture}"))
            for word in words.split():
                one = Subject(subject.title, subject.signs, {capture: word})
                assert any(one.is_in(capture, settle) for settle in flows), (capture, word)


@pytest.mark.parametrize("kind", ["vpn_tor_proxy", "doh_dot_doq"])
def test_every_way_round_the_box_is_told_or_has_its_reason(kind: str) -> None:
    """A right sign of something that is in the capture; or for all that is in it a sentence why it can't be told."""
    told = {hit.capture for hit in counted().hits if hit.is_right}
    explained = {
        capture
        for capture in classes()[kind]
        if all(subject.why for subject, found in figures() if capture in found.missed)
        and any(capture in found.missed for _, found in figures())
    }
    assert sorted(set(classes()[kind]) - told - explained) == []


def test_a_capture_that_is_missed_has_its_reason() -> None:
    """In every class: the table has a sentence for each subject that is not told somewhere."""
    assert [subject.title for subject, found in figures() if found.missed and not subject.why] == []


def test_no_visit_of_a_site_has_a_strong_sign() -> None:
    """None at all, whatever is said to be in its capture.

    A visit is a flow of TLS, QUIC or HTTP in expected.json, of which nDPI says neither VPN (category VPN/2) nor
    encrypted DNS (.DoH_DoT). It is counted by flow, so that what is right elsewhere in a capture excuses nothing here;
    nor does a line in the truth about the flow, for that is our own word and not a stranger's.
    """
    assert counted().web > 1700
    strong = [hit for hit in counted().hits if hit.is_web and hit.sign.confidence is Confidence.STRONG]
    assert [(hit.capture, hit.sign.id, hit.settle.server_port) for hit in strong] == []


def test_the_strong_signs_are_never_wrong() -> None:
    """On whatever captures there are: by one of these a flow may be refused."""
    assert [(hit.capture, hit.sign.id, hit.settle.server_port) for hit in wrong(Confidence.STRONG)] == []


def test_the_readme_has_the_table_that_would_be_written_now() -> None:
    """`scripts/signs --write` would change nothing."""
    made = table.page(counted(), SUBJECTS)
    assert table.page_of(tree.README.read_text("utf-8")) == made
