"""While nobody knows what time it is: the plan at the best guess, or as at bedtime, as the house chose."""

from typing import Any

import pytest

from appliance.core import policy
from appliance.core.budget import Budget
from appliance.core.device import DeviceKind
from appliance.core.house import Doubted, House
from appliance.core.person import Person
from appliance.core.said import Things
from appliance.core.schedule import DateException, Window
from appliance.core.steps import SCHOOL
from appliance.core.verdict import Verdict
from appliance.world import rules
from tests.core.builders import (
    AFTERNOON,
    AT,
    BERLIN,
    BUNDLED,
    NIGHT,
    RULES,
    TODAY,
    adult,
    child,
    device,
    grant,
    told,
)

WAITING = ("block", "time", "clock")
OPEN = ("allow", "default", "default_allow")
TIMED: dict[str, Any] = {"windows": (NIGHT,)}


def verdict_of(
    name: str, person: Person, *, doubted: Doubted = Doubted.CLOSED, is_doubted: bool = True, **said: Any
) -> Verdict:
    """Return what happens to a name while nobody knows what time it is, on the house's one device if it has one."""
    house = House(persons=(person,), doubted_clock=doubted, **said)
    compiled = policy.compile(house, RULES, (BUNDLED,), BERLIN, is_doubted=is_doubted)
    subject = compiled.of_device("thing") if house.devices else compiled.by_person[person.id]
    return policy.decide(compiled, subject, name, None, AT)


CLOSED: tuple[tuple[str, str, Person, dict[str, Any], tuple[str, str, str]], ...] = (
    ("a site", "open.example", child(**TIMED), {}, WAITING),
    ("a site, by a budget", "open.example", child(budgets=(Budget(minutes=60),)), {}, WAITING),
    ("a site, by a date", "open.example",
     child(exceptions=(DateException(name="Fair", first=TODAY, last=TODAY, windows=(NIGHT,)),)), {}, WAITING),
    ("a site, of whoever has no times", "open.example", child(), {}, OPEN),
    ("a site, of an adult", "open.example", adult(), {}, OPEN),
    ("help", "help.example", child(**TIMED), {}, ("allow", "help", "help")),
    ("what devices need", "time.example", child(**TIMED), {}, ("allow", "infrastructure", "infrastructure")),
    ("school", "school.example", child(**TIMED), {}, ("allow", "category", "category_allow")),
    ("what is always on", "open.example", child(always_on=Things(names=("open.example",)), **TIMED), {}, OPEN),
    ("what two would have to open", "porn.example", child(**TIMED), {}, ("block", "hard", "hard")),
    ("more time by a caregiver", "open.example", child(**TIMED), {"grants": (grant(time=True),)}, OPEN),
    ("a school's machine", "open.example", child(**TIMED), {"devices": (device(DeviceKind.MANAGED),)}, OPEN),
    ("a school's machine with bedtime", "open.example", child(**TIMED),
     {"devices": (device(DeviceKind.MANAGED, bedtime=True),)}, WAITING),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "person", "said", "expected"), [row[1:] for row in CLOSED], ids=[c[0] for c in CLOSED]
)
def test_as_at_bedtime(name: str, person: Person, said: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """Help, school and what is always on stay open for whoever has times; for others nothing changes."""
    assert told(verdict_of(name, person, **said)) == expected


@pytest.mark.parametrize(
    ("window", "expected"), [(AFTERNOON, ("block", "time", "window")), (NIGHT, OPEN)], ids=["in it", "outside"]
)
def test_as_if_the_time_had_gone_on(window: Window, expected: tuple[str, str, str]) -> None:
    """The plan holds at the best guess, and nothing else does; as it does where the time is known."""
    person = child(windows=(window,))
    assert told(verdict_of("open.example", person, doubted=Doubted.PLAN)) == expected
    assert told(verdict_of("open.example", person, is_doubted=False)) == expected


def test_there_are_sites_for_school() -> None:
    """The category that stays open is one of the bundled rules, open at every age."""
    book = rules.load_rulebook()
    assert all(book.letters[band][SCHOOL].name == "A" for band in ("0-5", "6-9", "10-12", "13-15", "16-17"))
