"""Names that things ask for: of which kinds of devices, and that this way no child's names get to caregivers."""

import pytest

from appliance.core import visibility
from appliance.core.device import DeviceKind
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.core.visibility import Granularity, VisibilityError, parse
from appliance.world import rules

TEXT = (rules.folder() / visibility.FILE).read_text("utf-8")
CONTRACT = parse(TEXT)
NOT_KEPT, SEEN = "{caregiver: no, child: no, kept: never}", "{caregiver: name, child: name, kept: 24 h}"
OPENED = Verdict(Action.ALLOW, Step.DEFAULT, Reason("default"))
MONITORING = Verdict(Action.BLOCK, Step.HARD, Reason.of("hard", category="stalkerware"))


def changed(before: str, after: str) -> str:
    """Return the text of a contract in which the things' field says something else."""
    head, mark, rest = TEXT.partition("  - id: thing_names\n")
    assert before in rest
    return head + mark + rest.replace(before, after, 1)


def test_of_things_alone() -> None:
    """Of a TV and a console, before which people sit, nothing."""
    (field,) = (field for field in CONTRACT.fields if field.kinds)
    assert (field.id, field.kinds, field.ring, field.fixed) == ("thing_names", (DeviceKind.IOT,), "things", True)


@pytest.mark.parametrize(
    ("row", "grain", "kept_s"),
    [
        ("0-5", "name", 86_400),
        ("6-9", "name", 86_400),
        ("10-12", "no", 0),
        ("13-15", "no", 0),
        ("16-17", "no", 0),
        ("adult", "no", 0),
        ("unknown", "name", 86_400),
    ],
)
def test_the_ring_of_things(row: str, grain: str, kept_s: int) -> None:
    """A small child's and nobody's, by name and without a time; what monitors somebody in secret never."""
    ring = CONTRACT.ring(row, name="things")
    assert (ring.keeps(OPENED).value, ring.kept_s) == (grain, kept_s)
    assert ring.keeps(MONITORING) is Granularity.NO


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("    kinds: [iot]\n", "", "the ring of things"),
        ("    ring: things\n", "    ring: recent\n", "the ring of things"),
        (f"13-15: {NOT_KEPT}", f"13-15: {SEEN}", "nobody but the child sees names"),
        (f"10-12: {NOT_KEPT}", "10-12: {caregiver: full, child: full, kept: 24 h}", "caregivers see no more than at"),
        ("stores: [memory]", "stores: [memory, journal]", "are on a disk"),
    ],
)
def test_what_no_contract_may_say(before: str, after: str, said: str) -> None:
    """A thing that is nobody's is no way to a child's names, and no disk holds any."""
    with pytest.raises(VisibilityError, match=said):
        parse(changed(before, after))
