"""When the keeper of lists fetches what: each when its time has come, two at a time, at once what somebody wants."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from appliance.household.lists import Phase
from appliance.steward.lists import keeper, shelf
from appliance.steward.lists.timing import DAY_S
from appliance.world import clock
from tests.steward.lists.houses import BAD, WORSE, house, one
from tests.steward.lists.keepers import Houses, held, keeping, names, status, until
from tests.steward.lists.sender import Sender, send


def test_by_the_day(sender: Sender, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is fetched again when its time has come, not before; or when somebody wants it."""
    monkeypatch.setattr(keeper, "LOOK_S", 0.02)
    sender.answers["/a"] = send(BAD)
    passed = 0.0
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + passed)
    with keeping(data, Houses(house(one("a", sender.url("/a"))))) as running:
        until(lambda: status(data).phase is Phase.READY)
        clock.pause(0.1)
        assert len(sender.asked) == 1
        passed = DAY_S - 100
        clock.pause(0.1)
        assert len(sender.asked) == 1
        passed = DAY_S + 100
        until(lambda: len(sender.asked) == 2)
        until(lambda: (status(data).fetched_at or 0) > real() + DAY_S)
        running.want()
        until(lambda: len(sender.asked) == 3)
        until(lambda: status(data).phase is Phase.READY)
        running.want(["a"])
        until(lambda: len(sender.asked) == 4)


def test_two_at_a_time(sender: Sender, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow sender keeps nobody from what the others send."""
    monkeypatch.setattr(keeper, "SETTLE_S", 0.1)
    slow, go = held(sender, WORSE)
    sender.answers |= {"/slow": slow, "/b": send(BAD), "/c": send(b"0.0.0.0 c.example\n")}
    told = house(one("a", sender.url("/slow")), one("b", sender.url("/b")), one("c", sender.url("/c")))
    with keeping(data, Houses(told)):
        until(lambda: names(data) == {"bad.example", "c.example"})
        assert status(data).phase is Phase.FETCHING
        go.set()
        until(lambda: len(names(data)) == 3)


def test_what_is_wanted_says_so(sender: Sender, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, before anybody comes to it; and no longer, once it is on its way or nobody will come to it."""
    monkeypatch.setattr(keeper, "AT_ONCE", 1)
    slow, go = held(sender, WORSE)
    sender.answers |= {"/a": send(BAD), "/b": send(BAD)}
    a, b = one("a", sender.url("/a")), one("b", sender.url("/b"))
    with keeping(data, Houses(house(a, b))) as running:
        until(lambda: (status(data).phase, status(data, "b").phase) == (Phase.READY, Phase.READY))
        sender.answers["/a"] = slow
        running.want(["a"])
        until(lambda: status(data).phase is Phase.FETCHING)
        assert not status(data).is_wanted
        running.want(["a", "b"])
        assert (status(data, "b").phase, status(data, "b").is_wanted) == (Phase.READY, True)
        # The first is on its way already.
        until(lambda: not status(data).is_wanted)
        go.set()
        until(lambda: status(data).phase is Phase.READY and len(sender.asked) == 4)
        until(lambda: status(data, "b").phase is Phase.READY)
        assert not status(data).is_wanted
        assert not status(data, "b").is_wanted


def test_a_wish_dies_with_who_heard_it(sender: Sender, data: Path) -> None:
    """A page must not wait for what nobody knows of any more."""
    sender.answers["/a"] = send(BAD)
    told = house(one("a", sender.url("/a")))
    with keeping(data, Houses(told)):
        until(lambda: status(data).phase is Phase.READY)
    shelf.change_one(data, "a", lambda old: replace(old, is_wanted=True))
    with keeping(data, Houses(told)):
        until(lambda: not status(data).is_wanted)
    assert len(sender.asked) == 1


def test_a_wish_on_a_disk_that_takes_nothing(sender: Sender, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It isn't seen, and holds all the same."""
    sender.answers["/a"] = send(BAD)
    with keeping(data, Houses(house(one("a", sender.url("/a"))))) as running:
        until(lambda: status(data).phase is Phase.READY)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(keeper, "TROUBLE_S", 0.05)
            patch.setattr(shelf, "change_one", full)
            running.want(["a"])
        until(lambda: len(sender.asked) == 2)
