"""For whom counted minutes change more than the next reply."""

from datetime import UTC, date, datetime, timedelta

import pytest

from appliance.core import policy
from appliance.core.budget import Budget, Minutes, Used
from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.word import Grant
from appliance.nameserver.spending import concerned
from tests.nameserver.inside import book, bundled

AT = 1_772_632_830.0
"""A Wednesday, 14:00:30 UTC."""
TURN = AT - 30
DAY = date(2026, 3, 4)


def home(*grants: Grant) -> House:
    """Return a house in which Kim has thirty minutes and Sam as many of video."""
    persons = (
        Person(id="kim", name="Kim", band="6-9", budgets=(Budget(minutes=30),)),
        Person(id="sam", name="Sam", band="6-9", budgets=(Budget(what="category:video_sharing", minutes=30),)),
        Person(id="pat", name="Pat", band="6-9"),
    )
    devices = tuple(Device(id=one.id, addresses=(f"192.0.2.{number}",)) for number, one in enumerate(persons))
    return House(persons=persons, devices=devices, grants=grants)


def minutes(kim: int, sam: int, counted_to: float = TURN, day: date = DAY) -> Minutes:
    """Return counted minutes."""
    return Minutes(
        counted_to, day, {"kim": {"everything": Used(kim, kim)}, "sam": {"category:video_sharing": Used(sam, sam)}}
    )


def of(before: Minutes, now: Minutes, *grants: Grant, at: float = AT) -> set[str]:
    """Return whom it concerns."""
    return concerned(policy.compile(home(*grants), book(), (bundled(),), UTC, before), now, at)


@pytest.mark.parametrize(
    ("before", "now", "whom"),
    [
        (minutes(10, 5, TURN - 60), minutes(11, 5), set()),
        (minutes(10, 5, TURN - 60), minutes(10, 5), set()),
        (minutes(10, 5, TURN - 60), minutes(15, 5), {"kim"}),
        (minutes(29, 5, TURN - 60), minutes(30, 5), {"kim"}),
        (minutes(29, 29, TURN - 60), minutes(30, 31), {"kim", "sam"}),
        (minutes(30, 5, TURN - 60), minutes(20, 5), {"kim"}),
        (minutes(30, 5, TURN - 60), minutes(33, 5), set()),
        (minutes(30, 5, TURN - 86_400, DAY - timedelta(days=1)), minutes(0, 0), set()),
        (minutes(30, 5), minutes(0, 0), {"kim"}),
        (Minutes(0.0, date(1970, 1, 1)), minutes(30, 5), {"kim"}),
    ],
)
def test_whom_it_concerns(before: Minutes, now: Minutes, whom: set[str]) -> None:
    """Whose budget is spent or there again, and whose end came nearer; not who used a minute, nor who used none."""
    assert of(before, now) == whom


def test_with_a_bonus() -> None:
    """What was given counts, as it does for decisions."""
    said = datetime.fromtimestamp(AT - 100, UTC)
    more = Grant(person="kim", said_at=said, until=said + timedelta(hours=2), minutes=5)
    assert of(minutes(29, 5, TURN - 60), minutes(30, 5), more) == set()
    assert of(minutes(34, 5, TURN - 60), minutes(35, 5), more) == {"kim"}
    assert of(minutes(29, 5, TURN - 60), minutes(30, 5), more, at=AT + 7_200) == {"kim"}
