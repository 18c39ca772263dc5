"""Tries every trick of the fair adversary in the lab, at each age and in both modes, and prints what became of it.

Needs root, takes some minutes. The table in tests/adversary/README.md is made of what is found.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.adversarylib import table
from tests.adversary import trial
from tests.adversary.home import adversary
from tests.adversary.table import OVER_BEDTIME, TRICKS
from tests.adversary.trial import Finding
from tests.adversary.trick import Mode

README = Path(__file__).parents[2] / "tests" / "adversary" / "README.md"


def main(arguments: Sequence[str]) -> int:
    """Try, print and write or compare. Return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/adversary", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="put the table into tests/adversary/README.md")
    what.add_argument("--check", action="store_true", help="fail where the table there differs from what is found")
    given = parser.parse_args(arguments)
    found: set[Finding] = set()
    with tempfile.TemporaryDirectory() as folder:
        for mode in Mode:
            (Path(folder) / mode.value).mkdir()
            found |= set(tried(Path(folder) / mode.value, mode))
    surprises = found ^ table.all_expected()
    for one in sorted(found & surprises, key=str):
        print(f"not as expected: {one.trick}, {one.mode.value}, {one.band}, IPv{one.family}: {one.outcome.value}")
    made = table.page(found)
    print(made)
    text = README.read_text("utf-8")
    if given.write:
        README.write_text(table.with_page(text, made), "utf-8")
    is_other = given.check and table.page_of(text) != made
    if is_other:
        print("tests/adversary/README.md tells otherwise: scripts/adversary --write", file=sys.stderr)
    return 1 if surprises or is_other else 0


def tried(folder: Path, mode: Mode) -> Iterator[Finding]:
    """Try everything in a mode."""
    with adversary(folder, mode) as home:
        for trick in TRICKS:
            for family in trick.families:
                print(f"{mode.value}: {trick.title} (IPv{family})", file=sys.stderr)
                yield from trial.found(home, trick, family)
        yield from trial.found_over_bedtime(home, OVER_BEDTIME)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
