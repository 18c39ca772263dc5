"""Health: who is gone, silent or behind is told, once, and so is who came back."""

from collections.abc import Mapping
from typing import Literal

import pytest

from appliance.steward.health import BEGIN_S, PATIENCE_S, Health, House
from appliance.store.journal import Severity

HOUSE, NEXT = House(3, "abc"), House(4, "def")
LATER = BEGIN_S + 1
Said = Mapping[str, object] | Literal["silent", "gone"]


def running(house: House = HOUSE, **worker: object) -> dict[str, object]:
    """Return the status of a nameserver whose parts run a house."""
    runs = {"revision": house.revision, "digest": house.digest}
    return {"bus": 1, "pid": 1, "problem": None, **runs, "workers": [{"number": 0, "problem": None, **runs, **worker}]}


class Watch:
    """A daemon that is heard again and again; the uptime runs by itself."""

    def __init__(self) -> None:
        self.health = Health(0.0)
        self.uptime = 0.0
        self.events: list[tuple[str, Severity]] = []

    def hear(self, said: Said, uptime: float, house: House = HOUSE) -> str | None:
        """Return the state after an answer."""
        event = self.health.hear("nameserver", said, house, uptime, 1000 + uptime)
        if event is not None:
            assert event.args == {"daemon": "nameserver"}
            self.events.append((event.kind, event.severity))
        mode = self.health.modes.get("nameserver")
        return mode.state if mode else None


@pytest.fixture
def watch() -> Watch:
    """A daemon of which nothing was heard yet."""
    return Watch()


def test_all_is_well(watch: Watch) -> None:
    """A daemon that runs is no event."""
    assert [watch.hear(running(), at) for at in (0, 2, 4)] == ["running"] * 3
    assert (watch.events, watch.health.modes["nameserver"].words) == ([], "The nameserver runs.")


def test_gone_and_back(watch: Watch) -> None:
    """At once, and each is told once."""
    said: list[Said] = [running(), "gone", "gone", running(), running()]
    states = [watch.hear(one, at) for at, one in enumerate(said)]
    assert states == ["running", "gone", "gone", "running", "running"]
    assert watch.events == [("daemon_gone", Severity.ALARM), ("daemon_back", Severity.INFO)]
    assert watch.health.modes["nameserver"].since == 1003


def test_silent(watch: Watch) -> None:
    """One answer that is late is nothing; silence for longer than patience is."""
    watch.hear(running(), 0)
    assert [watch.hear("silent", 2), watch.hear(running(), 4)] == ["running"] * 2
    states = [watch.hear("silent", at) for at in (6, 8, 6 + PATIENCE_S, 10)]
    assert states == ["running", "running", "running", "silent"]
    assert watch.hear(running(), 12) == "running"
    assert watch.events == [("daemon_silent", Severity.WARNING), ("daemon_back", Severity.INFO)]


BEHIND = [
    running(House(2, "abc")),
    running(House(3, "other")),
    running(digest="other"),
    running(revision=None, digest=None),
    running(problem="starting"),
]


@pytest.mark.parametrize("said", BEHIND)
def test_behind(watch: Watch, said: Said) -> None:
    """Another house, in any part, or a part with a problem: for longer than patience."""
    watch.hear(running(), 0)
    assert [watch.hear(said, at) for at in (2, 4, 6)] == ["running", "running", "behind"]
    assert watch.hear(running(), 8) == "running"
    assert watch.events == [("daemon_behind", Severity.WARNING), ("daemon_back", Severity.INFO)]


def test_a_house_that_changes_often(watch: Watch) -> None:
    """Each house is waited for anew: who is busy with the latest is not behind."""
    watch.hear(running(), 0)
    for number in range(6):
        house = House(10 + number, str(number))
        assert watch.hear(running(House(9 + number, "before")), 2.0 * (number + 1), house) == "running"
    assert watch.events == []


def test_the_beginning(watch: Watch) -> None:
    """Daemons start together: one that was never seen is given time, and then it is told."""
    assert [watch.hear("gone", at) for at in (0, 2, BEGIN_S - 1)] == [None] * 3
    assert watch.hear("gone", BEGIN_S) == "gone"
    assert watch.events == [("daemon_gone", Severity.ALARM)]


@pytest.mark.parametrize("said", ["silent", running(NEXT)])
def test_the_beginning_of_a_slow_one(watch: Watch, said: Said) -> None:
    """One that starts and is not ready is given time as well."""
    assert [watch.hear(said, at) for at in (0, 5, BEGIN_S - 1)] == [None] * 3
    assert watch.hear(running(), BEGIN_S - 0.5) == "running"
    assert watch.events == []


def test_from_one_trouble_to_another(watch: Watch) -> None:
    """Each change is told."""
    watch.hear(running(), 0)
    for at, said in ((2.0, "silent"), (6.0, "silent"), (8.0, "gone")):
        watch.hear(said, at)  # type: ignore[arg-type]
    watch.hear(running(NEXT), 10.0)
    watch.hear(running(NEXT), 14.0)
    assert [kind for kind, _ in watch.events] == ["daemon_silent", "daemon_gone", "daemon_behind"]


def test_words_say_what_is_wrong(watch: Watch) -> None:
    """A part's own words come with it, each once."""
    said = running(problem="out of memory") | {"problem": "house.json is missing"}
    for at in (LATER, LATER + 2, LATER + 4):
        watch.hear(said, at)
    words = watch.health.modes["nameserver"].words
    assert words == "The nameserver does not run the latest house yet. house.json is missing out of memory"


def test_one_that_runs_no_house(watch: Watch) -> None:
    """A daemon that says nothing of a house can't be behind."""
    assert watch.hear({"bus": 1, "pid": 1, "problem": None}, 0) == "running"
