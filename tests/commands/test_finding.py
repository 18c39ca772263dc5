"""A finding is a line for a person and an object for a program."""

import msgspec

from appliance.commands.finding import Finding, Level


def test_as_json() -> None:
    """Level, what, and what mends it."""
    found = msgspec.json.decode(msgspec.json.encode(Finding(Level.WRONG, "It is so", "do this")))
    assert found == {"level": "wrong", "what": "It is so", "mend": "do this"}
