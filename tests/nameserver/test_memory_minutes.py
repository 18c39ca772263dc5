"""Whose screen time is noted, and as what: of every row, and as much as a budget asks for."""

from datetime import UTC

import msgspec
import pytest

from appliance.core import policy
from appliance.core.budget import Budget
from appliance.core.domainset import DomainSet, Entry, build
from appliance.core.house import House, OwnService
from appliance.core.policy import Policy
from appliance.nameserver.counts import Counts
from appliance.nameserver.memory import Memory
from appliance.nameserver.tally import Screen
from tests.nameserver.inside import book, bundled, contract
from tests.nameserver.test_memory import AT, ROWS, SPY, UP, house, verdict

PLAY, OTHER = "play.example", "other.example"
BOTH = "both.example"
NAMES = DomainSet(
    build([
        *(Entry(name, tag) for name in (PLAY, BOTH) for tag in ("game_platform", "#service:play")),
        Entry(OTHER, "video_sharing"), Entry(BOTH, "video_sharing"), Entry(SPY, "stalkerware"),
    ])
)  # fmt: skip


def home(*budgets: Budget) -> House:
    """Return a house of every row in which all children have these budgets, and a service of its own."""
    told = house()
    persons = tuple(
        msgspec.structs.replace(person, budgets=budgets) if person.band else person for person in told.persons
    )
    own = OwnService(id="play", name="Play", domains=(PLAY,), group=next(iter(book().groups), None))
    return msgspec.structs.replace(told, persons=persons, services=(own,))


def of(told: House) -> Policy:
    """Return the policy of a house."""
    return policy.compile(told, book(), (bundled(), NAMES), UTC)


def noted(told: House, device: str, name: str, **said: bool) -> dict[Screen, int]:
    """Return the screen time that an opened name makes."""
    made, rules = Memory(contract(), Counts()), of(told)
    made.adopt(told)
    opened = msgspec.structs.replace(verdict(), **({"counted": True} | said))
    made.note(rules, rules.of_device(device), device, (name, opened), AT, UP).add()
    tally = made._counts.tally
    tally.news()
    return tally.screens()


@pytest.mark.parametrize("row", ROWS)
def test_of_each_row(row: str) -> None:
    """All children's, and nobody else's: no adult's, no managed device's, no stranger's, whatever is decided."""
    found = noted(home(Budget(minutes=5)), row, PLAY)
    is_child = row not in ("adult", "managed", "pc", "unknown")
    assert found == ({Screen(f"p{row}", None, "game_platform"): 1} if is_child else {})


def test_only_what_counts() -> None:
    """What the verdict doesn't count is not noted; nor what must leave no trace, nor what is the own page's alone."""
    told = home(Budget(minutes=5))
    assert noted(told, "6-9", PLAY, counted=False) == {}
    assert noted(told, "6-9", PLAY, traceless=True) == {}
    assert noted(told, "6-9", SPY) == {}
    assert noted(house(), "6-9", PLAY) == {Screen("p6-9", None, "game_platform"): 1}


@pytest.mark.parametrize(
    ("what", "name", "service", "category"),
    [
        ("everything", BOTH, None, "game_platform"),
        ("category:video_sharing", BOTH, None, "video_sharing"),
        ("category:game_platform", BOTH, None, "game_platform"),
        ("service:play", PLAY, "play", "game_platform"),
        ("service:play", OTHER, None, "video_sharing"),
    ],
)
def test_as_what(what: str, name: str, service: str | None, category: str) -> None:
    """The service only where a budget is about it; of two categories the one that a budget is about."""
    assert list(noted(home(Budget(what=what, minutes=5)), "16-17", name)) == [Screen("p16-17", service, category)]
