"""What pages get of minutes: each role what the contract has it see, and what is left as the nameserver decides it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.core import activity
from appliance.core.budget import Budget
from appliance.core.house import House
from appliance.core.schedule import Day
from appliance.core.visibility import Granularity, Role
from appliance.core.word import Grant
from appliance.steward.allowance import allowance
from appliance.steward.views import Refused
from tests.steward.box import AT, CONTRACT, DAY_S, ROWS, TODAY, books_in
from tests.steward.test_minutes import MINUTE, Noting, Timed, at, home, play

BUDGETS = (
    Budget(minutes=60, week=100, carry_over=30),
    Budget(what="category:video", minutes=10),
    Budget(what="group:game", days={Day.MON: 5}),
)


@pytest.fixture
def counter(tmp_path: Path) -> Timed:
    """A counter of a house in which everybody saw videos for eight minutes."""
    nameserver = Noting()
    for person in ROWS:
        play(nameserver, MINUTE, 8, person=person)
    made = Timed(books_in(tmp_path)[0], nameserver)
    made.count(whole(), at(MINUTE + 9))
    return made


def whole() -> House:
    """Return the house, in which Ada was given five minutes."""
    said = datetime.fromtimestamp(AT, UTC)
    grant = Grant(person="ada", said_at=said, until=said + timedelta(hours=5), minutes=5)
    return msgspec.structs.replace(home(*BUDGETS, **ROWS), grants=(grant,))


def told(counter: Timed, person: str, role: str, at: float = AT + 600) -> dict[str, object]:
    """Return the answer."""
    return allowance({"person": person, "role": role}, counter, CONTRACT, whole(), at)


def test_an_answer(counter: Timed) -> None:
    """All that a page shows."""
    assert told(counter, "ada", "caregiver") == {
        "bus": 1,
        "person": "ada",
        "day": TODAY,
        "ends": AT + DAY_S - 12 * 3_600 + 3.5 * 3_600,
        "counted_to": (MINUTE + 9) * 60.0,
        "grain": "day",
        "sum": 8,
        "how_well": activity.HOW_WELL,
        "is_whole": True,
        "budgets": [
            {
                "what": "everything", "used": 8, "week": 8, "carried": 0, "bonus": 5, "of_day": 60, "of_week": 100,
                "left": 57, "warned": None,
            },
            {
                "what": "category:video", "used": 8, "week": 8, "carried": 0, "bonus": 0, "of_day": 10, "of_week": None,
                "left": 2, "warned": 5,
            },
            {
                "what": "group:game", "used": 0, "week": 0, "carried": 0, "bonus": 0, "of_day": None, "of_week": None,
                "left": None, "warned": None,
            },
        ],
    }  # fmt: skip


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("person", ROWS)
def test_each_row_and_role(counter: Timed, person: str, role: Role) -> None:
    """From thirteen up caregivers see no sum, at sixteen no budget; the child sees the own; adults have none."""
    answer = told(counter, person, role.value)
    budgets, of_sum = (CONTRACT.view(field, ROWS[person], role).granularity for field in ("budget_minutes", "time_sum"))
    assert answer["grain"] == budgets.value
    assert (answer["budgets"] != []) == (budgets is Granularity.DAY)
    assert answer["sum"] == (8 if of_sum is Granularity.DAY else None)


def test_the_rows_above_differ(counter: Timed) -> None:
    """The walk meets each case."""
    found = {(told(counter, who, "caregiver")["grain"], told(counter, who, "caregiver")["sum"]) for who in ROWS}
    assert found == {("day", 8), ("day", None), ("no", None)}


def test_what_is_spent(counter: Timed) -> None:
    """Never less than nothing is left."""
    play(counter.nameserver, MINUTE + 9, 20, person="ben")
    counter.count(whole(), at(MINUTE + 40))
    answer = told(counter, "ben", "child")
    assert isinstance(answer["budgets"], list)
    (video,) = (one for one in answer["budgets"] if one["what"] == "category:video")
    assert (video["left"], video["warned"], video["used"] > 10) == (0, 0, True)


@pytest.mark.parametrize(
    "request_", [{}, {"person": "nobody", "role": "child"}, {"person": "ada"}, {"person": "ada", "role": "owner"}]
)
def test_what_is_not_answered(counter: Timed, request_: dict[str, object]) -> None:
    """Nobody, or nobody who looks."""
    with pytest.raises(Refused):
        allowance(request_, counter, CONTRACT, whole(), AT)
