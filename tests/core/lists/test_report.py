"""A report counts what a list holds that no list should."""

from appliance.core.lists.report import Conflicts, Report


def test_conflicts_of_all_kinds_are_counted() -> None:
    """Each kind once."""
    report = Report(
        help_lines=Conflicts(1),
        information=Conflicts(10),
        infrastructure=Conflicts(100),
        popular=Conflicts(1_000),
        suffixes=Conflicts(10_000),
        too_wide=Conflicts(100_000),
    )
    assert (report.conflicts, Report().conflicts) == (111_111, 0)
