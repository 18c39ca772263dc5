"""What a test needs of its machine: a person's laptop may lack it, CI may not."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"
"""Third-party cases beside the checkout; committed nowhere."""


def need(condition: bool, reason: str) -> None:
    """Skip the test for `reason` where the condition doesn't hold; under KINDGATE_CI=1 fail it."""
    if condition:
        return
    if os.environ.get("KINDGATE_CI") == "1":
        pytest.fail(f"CI needs this: {reason}")
    pytest.skip(reason)


def shared(path: str) -> Path:
    """Return a file of the third-party cases; skip, in CI too, only where there is no such folder at all."""
    if not SHARED.is_dir():
        pytest.skip("the third-party cases are not beside this checkout")
    return SHARED / path
