"""The deliberate faults of scripts/mutants fit the code: each could be put in, and says which test is to catch it."""

import pytest

from scripts.mutantlib.faults import Fault
from scripts.mutantlib.trial import CHOICE
from tests.rooms.tree import ROOT


@pytest.mark.parametrize("fault", CHOICE, ids=lambda fault: fault.what)
def test_a_fault_fits(fault: Fault) -> None:
    """Its text stands once in its file, something else goes there, and its tests are there."""
    assert (ROOT / "appliance" / fault.file).read_text("utf-8").count(fault.text) == 1
    assert fault.text != fault.instead
    assert all((ROOT / "tests" / "core" / f"{test}.py").exists() for test in fault.tests)
