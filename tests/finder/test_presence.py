"""Presence is kept for as long as it may be."""

from appliance.finder.presence import Presence

AT = 1_795_384_800.0


def kept_s(device: str) -> float:
    """A day for the tablet, nothing for the rest."""
    return 86_400 if device == "tablet" else 0


def test_the_last_sighting() -> None:
    """The latest counts, in whatever order they come; of others there is nothing."""
    presence = Presence()
    for at in (AT, AT + 5, AT + 3):
        presence.saw("tablet", kept_s, at)
        presence.saw("phone", kept_s, at)
    assert presence.devices() == [{"device": "tablet", "last": AT + 5}]


def test_expire() -> None:
    """After a day it is gone; so is at once what may not be kept any more; a time to come is now."""
    presence = Presence()
    presence.saw("tablet", kept_s, AT)
    presence.expire(kept_s, AT + 86_400)
    assert presence.devices() == [{"device": "tablet", "last": AT}]
    presence.expire(kept_s, AT - 10)
    assert presence.devices() == [{"device": "tablet", "last": AT - 10}]
    presence.expire(kept_s, AT + 86_400)
    assert presence.devices() == []
    presence.saw("tablet", kept_s, AT)
    presence.expire(lambda _: 0, AT)
    assert presence.devices() == []
