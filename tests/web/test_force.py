"""appliance.web.force: whether what is set holds in the whole house by now."""

import pytest

from appliance.household.inforce import Daemon, InForce, Standing
from appliance.store.errors import Locked
from appliance.store.house import HouseStore
from appliance.web import force
from appliance.web.box import Box
from appliance.web.force import Force
from tests.web.conftest import AT

RUNS = Standing.RUNS


def standing(**daemons: Standing | Daemon) -> InForce:
    """Return a house of which each daemon says this."""
    told = (one if isinstance(one, Daemon) else Daemon(name, one) for name, one in daemons.items())
    return InForce(7, tuple(told))


def test_in_force_is_said_only_if_all_run_the_house() -> None:
    """With the time at which that was so."""
    told = force.told(standing(nameserver=RUNS, steward=RUNS, finder=RUNS), "17:42", 0.2)
    assert told == Force(True, 7, "In force on the whole house · 17:42", "everywhere")


@pytest.mark.parametrize("age_s", [0.0, 2.9, 3.0, 1e9, float("inf")])
@pytest.mark.parametrize("standing_", [Standing.BEHIND, Standing.SILENT, Standing.GONE])
@pytest.mark.parametrize("name", ["nameserver", "steward", "finder"])
def test_in_force_is_not_said_if_one_does_not(name: str, standing_: Standing, age_s: float) -> None:
    """Whichever it is, however it fails to, however long ago the change was."""
    told = force.told(
        standing(**{"nameserver": RUNS, "steward": RUNS, "finder": RUNS, name: standing_}), "17:42", age_s
    )
    assert "in force" not in (told.words + told.todo).lower()
    assert (told.is_everywhere, told.tone) == (False, "underway" if age_s < force.PATIENCE_S else "late")
    assert bool(told.todo) == (told.tone == "late")


def test_of_several_the_one_that_answers_names_is_told() -> None:
    """Without it nothing holds; without the others what was set still does, and that is said."""
    told = force.told(standing(finder=Standing.GONE, nameserver=Standing.BEHIND, steward=RUNS), "17:42", 9)
    assert told.words == "The name server still runs what was set before"
    assert "Sites are still" not in told.todo
    told = force.told(standing(finder=Standing.BEHIND, nameserver=RUNS, steward=Standing.GONE), "17:42", 9)
    assert told.words == "The steward isn't running"
    assert told.todo.startswith("Sites are still opened and closed as you set it.")


def test_what_a_daemon_says_itself_is_told() -> None:
    """Its own words, and how many of its parts run the house."""
    part = Daemon("nameserver", Standing.BEHIND, running=2, total=4)
    assert force.told(standing(nameserver=part), "17:42", 9).words.endswith("before (2 of 4 parts have it)")
    full = Daemon("nameserver", Standing.BEHIND, problem="no room")
    assert force.told(standing(nameserver=full), "17:42", 9).todo == "It says: no room"


def test_a_change_is_given_a_moment(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted from the last change; where that can't be looked up, it was long ago."""
    changed_at = box.household.store.audit(limit=1)[0].at
    gone = standing(nameserver=Standing.GONE)
    assert force.of(box, gone, changed_at + 1).tone == "underway"
    assert force.of(box, gone, changed_at + 4).tone == "late"

    def fail(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(HouseStore, "audit", fail)
    assert force.of(box, gone, changed_at + 1).tone == "late"


def test_the_time_is_by_the_clock_of_the_house(box: Box) -> None:
    """Berlin's."""
    assert force.of(box, standing(nameserver=RUNS), AT).words.endswith("· 05:53")
