"""The README's table is what the tests of the tricks hold the box to."""

from pathlib import Path

from scripts.adversarylib import table
from tests.adversary.evenings import EVENINGS
from tests.adversary.table import GROUPS, OUT_OF_REACH, OVER_BEDTIME, TRICKS

README = Path(__file__).with_name("README.md")


def test_the_table_is_what_is_expected() -> None:
    """`scripts/adversary --write` makes it of what is found, and that is what is expected."""
    assert table.page_of(README.read_text("utf-8")) == table.page(table.all_expected())


def test_every_trick_stands_in_it_once() -> None:
    """With its reason; and there are as many as a clever teenager knows."""
    ids = [one.id for _, group in GROUPS for one in group]
    assert sorted(ids) == sorted([one.id for one in TRICKS] + [one.id for one in OVER_BEDTIME])
    assert (len(ids) >= 40, len(EVENINGS) >= 10) == (True, True)
    ids += [*(one.id for one in OUT_OF_REACH), *(one.id for one in EVENINGS)]
    assert len(set(ids)) == len(ids)
    assert all(one.why for _, group in GROUPS for one in group)
