"""Who sees what, in words: every field in every row, made of the contract and nothing beside it."""

import pytest

from appliance.core.visibility import ROWS, Contract, Granularity, Role, seconds
from appliance.web import sees
from appliance.web.sees import ABOUT_YOU, BOX_NEEDS, HOUSE, NOT_KEPT
from appliance.world import rules

CONTRACT: Contract = rules.load_contract()
CATEGORIES = rules.load_rulebook().categories
FIELDS = [field.id for field in CONTRACT.fields]


def test_every_field_has_a_heading_and_every_heading_a_field() -> None:
    """A new field without one fails here."""
    assert sees.TITLES.keys() == set(FIELDS)
    assert len(set(sees.TITLES.values())) == len(FIELDS)


def test_every_grain_has_words() -> None:
    """From nothing to all of it, none like another."""
    assert sees.GRAINS.keys() == set(Granularity)
    assert len(set(sees.GRAINS.values())) == len(Granularity)


@pytest.mark.parametrize("row", ROWS)
def test_every_cell_of_the_contract_has_words(row: str) -> None:
    """Field by field: what the child sees, what caregivers see, for how long, from when; once, and in one group."""
    found = sees.groups(CONTRACT, row, CATEGORIES)
    lines = {line.field: (kind, line) for kind, group in found.items() for line in group}
    assert sum(len(group) for group in found.values()) == len(FIELDS) == len(lines)
    for words in CONTRACT.words(row):
        kind, line = lines[words.field.id]
        cell, field = words.field.cell(row), words.field
        assert line.you.startswith(sees.GRAINS[words.you.granularity])
        assert line.caregivers == sees.GRAINS[cell.caregiver]
        assert line.caregivers_see is (cell.caregiver is not Granularity.NO)
        assert line.why == field.purpose
        assert cell.kept == "standing" or line.kept == "not kept" or line.kept.split()[0] == cell.kept.split()[0]
        assert ("PIN" in line.you) is (cell.pin and cell.child is not Granularity.NO) is line.needs_pin
        is_seen = {cell.caregiver, cell.child} != {Granularity.NO}
        group = HOUSE if field.everyone else ABOUT_YOU
        assert kind == (group if is_seen else NOT_KEPT if seconds(cell.kept) == 0 else BOX_NEEDS)
        assert bool(line.nobody) is not is_seen
        assert all(note[0].isupper() and note.endswith(".") for note in line.notes)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("field", [field.id for field in CONTRACT.fields])
def test_what_is_special_about_a_cell_is_said(field: str, row: str) -> None:
    """That the child knows first and for how long, which kinds only, how often at most, what the child may do."""
    words = next(one for one in CONTRACT.words(row) if one.field.id == field)
    notes = " ".join(sees.line_of(words, CATEGORIES).notes)
    view = CONTRACT.view(field, row, Role.CAREGIVER)
    is_later = bool(view.after_s) and view.granularity is not Granularity.NO
    assert ("before caregivers do" in notes) is is_later
    assert not is_later or sees.span_words(view.after_s) in notes
    assert ("goes on" in notes) is (view.is_lasting and view.granularity is not Granularity.NO)
    assert all(CATEGORIES[id_].name in notes for id_ in view.of)
    assert ("It is yours" in notes) is bool(words.you.child_may)


def test_a_wider_view_is_told_to_the_child() -> None:
    """Where caregivers chose to see more than the age has."""
    chosen = {"category_counts": Granularity.DAY}
    words = next(one for one in CONTRACT.words("13-15", chosen) if one.field.id == "category_counts")
    assert "Your caregivers chose to see more than is usual at your age." in sees.line_of(words, CATEGORIES).notes


@pytest.mark.parametrize(
    ("kept", "said"),
    [("15 min", "15 minutes"), ("24 h", "24 hours"), ("1 d", "1 day"), ("4 weeks", "4 weeks"), ("never", "not kept")],
)
def test_spans_are_said_in_words(kept: str, said: str) -> None:
    """As the contract has them, not rounded."""
    assert sees.kept_words(kept) == said


SPANS = [(3_600, "1 hour"), (259_200, "3 days"), (90, "90 seconds"), (120, "2 minutes")]


@pytest.mark.parametrize(("span", "said"), SPANS)
def test_seconds_are_said_in_their_largest_unit(span: int, said: str) -> None:
    """Where they fit."""
    assert sees.span_words(span) == said


@pytest.mark.parametrize("row", ROWS)
def test_what_most_want_to_know_comes_first(row: str) -> None:
    """Five lines in one order at every age, whether or not it exists."""
    found = sees.groups(CONTRACT, row, CATEGORIES)
    assert tuple(line.field for line in sees.in_short(found)) == sees.FIRST


def test_at_0_to_5_the_page_speaks_to_the_grown_up() -> None:
    """And to nobody else's."""
    assert [row for row in ROWS if sees.is_young(row)] == ["0-5"]
