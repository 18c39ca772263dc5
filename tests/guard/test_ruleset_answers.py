"""First words are known by the number of their first octet, and by what they confirm: one more than the server's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.mark import ANSWER, FIRST
from appliance.guard import ruleset
from tests.guard.street import DEVICE, OPEN, SERVER, SERVER_AT, Inspector, Street, behave, leave

RULE = re.compile(r"tcp sequence & (0x\w+) == (0x\w+) update @answers4 .* tcp sequence \^ (0x\w+) } return")
RULES = [tuple(int(number, 16) for number in found) for found in RULE.findall(ruleset._plus_one("answers4", "ip"))]
NUMBERS = 1 << 32
CONNECTIONS = 300
"""Of so many, each with a number of chance, one ends with eight ones in all likelihood."""


@given(
    st.integers(0, NUMBERS - 1)
    | st.builds(lambda low, ones: low << ones & NUMBERS - 1 | (1 << ones) - 1, st.integers(0, 99), st.integers(0, 32))
)
def test_one_more(number: int) -> None:
    """Of each number one rule makes the next one."""
    assert [number ^ changed for mask, ends, changed in RULES if number & mask == ends] == [(number + 1) % NUMBERS]


@pytest.mark.lab
@pytest.mark.parametrize("version", [4, 6])
def test_first_words(road: Street, version: int) -> None:
    """Each honest connection's first words have both marks; those that follow are not the first."""
    behave(road, OPEN)
    with road.listen(SERVER, version, 443) as listener, Inspector(road, (0, 1), leave) as inspector:
        for _ in range(CONNECTIONS):
            with road.open(DEVICE, version) as near:
                near.connect((SERVER_AT[version], 443))
                far, _ = listener.accept()
                with far:
                    far.settimeout(10)
                    near.sendall(b"words")
                    assert far.recv(100) == b"words"
                    near.sendall(b"more")
                    assert far.recv(100) == b"more"
    assert [mark & (FIRST | ANSWER) for mark in inspector.marks] == [FIRST | ANSWER, ANSWER] * CONNECTIONS
