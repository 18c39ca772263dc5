"""From what the guard saw to what each one may see of it: through the steward's book, at every age, as time goes by."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.core.verdict import Reason
from appliance.guard.cuts import Cut
from appliance.guard.events import Events
from appliance.household.orders import Orders
from appliance.household.retention import sweep
from appliance.steward.books import Books
from appliance.steward.gather import Gatherer
from appliance.steward.views import Views
from appliance.world import clock, rules
from appliance.world.snapshot import publish_house
from tests.steward.box import AGES, AT, CONTRACT, DAY_S, HOUR_S, HOUSE, books_in

BOOK = rules.load_rulebook()
FLOW_RULES = rules.load_flow_rules(BOOK)
MIN_S = 60


class Box:
    """A guard and a steward, with the time in hand."""

    def __init__(self, data: Path, books: Books) -> None:
        self.at = AT
        self.books = books
        publish_house(data, HOUSE)
        self.events = Events(Orders(data, BOOK, FLOW_RULES))
        self._views = Views(books, CONTRACT, self._ask, lambda: False)
        self._gatherer = Gatherer(books, CONTRACT, self._ask, "guard")

    def _ask(self, request: dict[str, object]) -> dict[str, object]:
        answer = {"bus": 1, "pid": 7} if request == {"ask": "status"} else self.events.answer(request)
        found: dict[str, object] = msgspec.json.decode(msgspec.json.encode(answer))
        return found

    def seen(self, role: str, person: str) -> list[dict[str, Any]]:
        """Return what a role sees now of somebody."""
        self._gatherer.gather(HOUSE, self.at)
        found: Any = self._views.events({"role": role, "person": person}, HOUSE, self.at)["events"]
        return [{key: one[key] for key in ("kind", "is_exact", "args")} for one in found]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A house with a child of every age."""
    books, _ = books_in(tmp_path)
    made = Box(tmp_path, books)
    monkeypatch.setattr(clock, "now", lambda: made.at)
    monkeypatch.setattr(clock, "uptime", lambda: made.at)
    yield made
    books.close()


WAY = {"category": "bypass_vpn", "route": "wireguard"}
SEEN = {"kind": "bypass_sign", "is_exact": False, "args": WAY}
SIGN = {"kind": "bypass_sign", "is_exact": False, "args": {}}


@pytest.mark.parametrize(
    ("person", "child", "alone", "lasting", "after"),
    [
        ("ada", SEEN, SEEN, SEEN, 0),
        ("ben", SEEN, SEEN, SEEN, HOUR_S),
        ("cleo", SEEN, None, SEEN, DAY_S),
        ("dan", SEEN, None, SIGN, 3 * DAY_S),
        ("eve", None, None, None, 0),
        ("alex", None, None, None, 0),
    ],
)
def test_a_way_round(box: Box, person: str, child: object, alone: object, lasting: object, after: int) -> None:
    """The child at once; caregivers when its age says so: one that stays alone, and one that goes on."""
    box.events.sign(f"{person}-phone", "bypass_vpn", "wireguard")
    assert box.seen("child", person) == [one for one in (child,) if one]
    if after:
        box.at = AT + after - 1
        assert box.seen("caregiver", person) == []
    box.at = AT + after
    assert box.seen("caregiver", person) == [one for one in (alone,) if one]
    box.at = AT + after + HOUR_S
    box.events.sign(f"{person}-phone", "bypass_vpn", "wireguard")
    found = box.seen("caregiver", person)
    assert found[-1:] == [one for one in (lasting,) if one]


@pytest.mark.parametrize("person", [*AGES, "alex"])
def test_bedtime(box: Box, person: str) -> None:
    """What was cut at bedtime, exactly, to those who may see it; the next day but one a child of 13 has it no more."""
    box.events.cut(Cut(AT + 4, person, f"{person}-phone", 3, Reason.of("window", window="Bedtime"), 1))
    box.at = AT + MIN_S
    cut = {"kind": "connections_cut", "is_exact": True, "args": {"what": "window", "connections": 3, "still": 1}}
    expected = {"alex": ([], []), "dan": ([cut], []), "eve": ([cut], [])}.get(person, ([cut], [cut]))
    assert (box.seen("child", person), box.seen("caregiver", person)) == expected
    box.at = AT + DAY_S + MIN_S
    assert box.seen("child", person) == ([cut] if person in ("ada", "ben", "cleo") else [])
    box.books.with_journal(lambda one: sweep(one, CONTRACT, HOUSE, box.at), box.at)
    left = box.books.with_journal(lambda one: one.events(person), box.at)
    assert len(left) == (1 if person in ("ada", "ben", "cleo") else 0)


def test_nobody_sees_what_is_anothers(box: Box) -> None:
    """Neither on an own page nor where caregivers look at one child."""
    box.events.sign("ada-phone", "bypass_vpn", "wireguard")
    for role in ("child", "caregiver"):
        assert [len(box.seen(role, person)) for person in ("ada", "ben", "cleo")] == [1, 0, 0]
