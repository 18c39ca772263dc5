"""What pages get: for each field, row and role what the contract says, and nothing that it does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.core.house import House
from appliance.core.visibility import Granularity, Role
from appliance.steward.books import Books
from appliance.steward.views import COARSE_S, Refused, Views
from appliance.store.journal import Event, NameCount
from appliance.store.ledger import Count, Span
from tests.steward.box import (
    AT,
    CONTRACT,
    DAY_S,
    HOUR_S,
    HOUSE,
    MONDAY,
    ROWS,
    TODAY,
    Nameserver,
    books_in,
    house_of,
    told,
)

WEEK = {"first": MONDAY, "last": TODAY}
SATURDAY = "2026-11-21"


@pytest.fixture
def nameserver() -> Nameserver:
    """A nameserver with nothing to tell."""
    return Nameserver()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Books in a fresh folder."""
    opened, _ = books_in(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def views(books: Books, nameserver: Nameserver) -> Views:
    """Views of these books."""
    return Views(books, CONTRACT, nameserver.ask, lambda: False)


def counted(person: str, day: str, count: int, action: str = "allow", category: str = "games", *, is_week: bool = False) -> Count:  # fmt: skip # noqa: E501
    """Return a count of the ledger."""
    span = Span.WEEK if is_week else Span.DAY
    return Count(day=day, person=person, category=category, action=action, count=count, span=span)


def named(person: str, name: str, action: str, count: int = 1, day: str = TODAY) -> NameCount:
    """Return a name of the journal."""
    return NameCount(day=day, person=person, action=action, category="games", permitted_host_name=name, count=count)


def put(books: Books, *counts: Count, names: tuple[NameCount, ...] = ()) -> None:
    """Write into the books, past all filters."""
    books.with_ledger(lambda one: one.add(counts))
    books.with_journal(lambda one: one.count_names(names, AT), AT)


def fill(books: Books, person: str) -> None:
    """Write of a person what nobody's contract would let be written, days and weeks and names."""
    put(
        books,
        counted(person, TODAY, 3), counted(person, SATURDAY, 4, "block"),
        counted(person, MONDAY, 9, is_week=True), counted(person, MONDAY, 2, "block", is_week=True),
        names=(named(person, "open.example", "allow", 3), named(person, "shut.example", "block", 2)),
    )  # fmt: skip


def row(day: str, count: int, action: str = "allow") -> dict[str, object]:
    """Return a row of the answer."""
    return {"day": day, "category": "games", "action": action, "count": count}


def shut(name: str | None, count: int, day: str = TODAY) -> dict[str, object]:
    """Return what was blocked, as the answer has it."""
    return {"day": day, "name": name, "category": "games", "count": count}


DAYS = [row(SATURDAY, 4, "block"), row(TODAY, 3)]
WEEKS = [row(MONDAY, 9), row(MONDAY, 2, "block")]
VISITED = [{"name": "open.example", "category": "games", "count": 3}]
COUNTS: dict[str, tuple[str, list[Any], list[Any], list[Any]]] = {
    "ada": ("day", DAYS, [shut("shut.example", 2)], VISITED),
    "ben": ("day", DAYS, [shut("shut.example", 2)], []),
    "cleo": ("day", DAYS, [shut(None, 4, SATURDAY)], []),
    "dan": ("week", WEEKS, [shut(None, 2, MONDAY)], []),
    "eve": ("no", [], [], []),
    "alex": ("no", [], [], []),
}


@pytest.mark.parametrize("person", ROWS)
def test_counts_of_each_row(books: Books, views: Views, person: str) -> None:
    """Whatever stands in the files: days and names as far as each band has them, weeks at 13-15, then nothing."""
    fill(books, person)
    found = views.counts({"person": person, **WEEK}, HOUSE, AT)
    grain, rows, blocked, visited = COUNTS[person]
    assert found == {
        "bus": 1, "grain": grain, "rows": rows, "blocked": blocked, "visited": visited, "is_whole": True,
    }  # fmt: skip


def test_counts_of_nobody(books: Books, views: Views) -> None:
    """Of devices that nobody named nothing is shown."""
    fill(books, "")
    assert views.counts({"person": None, **WEEK}, HOUSE, AT)["rows"] == []


def test_what_is_not_written_yet(books: Books, views: Views, nameserver: Nameserver) -> None:
    """What the nameserver holds is added, of this person alone, by day or by week."""
    nameserver.pending = [
        told("ben", "6-9", count=5), told("ben", "6-9", action="block", name="new.example"), told("ada", "0-5"),
        told("dan", "13-15", count=6),
    ]  # fmt: skip
    fill(books, "ben")
    found = views.counts({"person": "ben", **WEEK}, HOUSE, AT)
    assert found["rows"] == [row(SATURDAY, 4, "block"), row(TODAY, 8), row(TODAY, 1, "block")]
    assert found["blocked"] == [shut("shut.example", 2), shut("new.example", 1)]
    assert views.counts({"person": "dan", **WEEK}, HOUSE, AT)["rows"] == [row(MONDAY, 6)]
    assert nameserver.pending, "looking takes nothing away"


def test_a_batch_that_is_written_and_out(books: Books, nameserver: Nameserver) -> None:
    """It is not seen twice."""
    nameserver.pending = [told("ben", "6-9", count=5)]
    nameserver.ask({"ask": "tally"})
    nameserver.pending = [told("ben", "6-9", count=2)]
    put(books, counted("ben", TODAY, 5))
    views = Views(books, CONTRACT, nameserver.ask, lambda: True)
    assert views.counts({"person": "ben", **WEEK}, HOUSE, AT)["rows"] == [row(TODAY, 7)]


def test_without_a_nameserver(books: Books, views: Views, nameserver: Nameserver) -> None:
    """What is in the files is shown, and that it isn't all."""
    nameserver.is_away = True
    fill(books, "ben")
    found = views.counts({"person": "ben", **WEEK}, HOUSE, AT)
    assert (found["rows"], found["is_whole"]) == (DAYS, False)


@pytest.mark.parametrize("category", sorted(CONTRACT.never.categories))
def test_never(books: Books, views: Views, nameserver: Nameserver, category: str) -> None:
    """What leaves no trace appears nowhere, even if it stood in a file or came from the nameserver."""
    put(books, counted("ada", TODAY, 1, category=category), counted("ada", TODAY, 1, "block", category))
    nameserver.pending = [told("ada", "0-5", category, action, "a.example") for action in ("allow", "block")]
    nameserver.ring = [entry("ada", category=category)]
    found = views.counts({"person": "ada", **WEEK}, HOUSE, AT)
    assert (found["rows"], found["blocked"], found["visited"]) == ([], [], [])
    assert views.recent({"person": "ada", "role": "caregiver"}, HOUSE, AT)["entries"] == []


def test_what_has_outlived_its_age(books: Books, views: Views) -> None:
    """It isn't shown even if it wasn't erased yet."""
    put(books, counted("cleo", "2026-11-08", 1), counted("cleo", "2026-11-09", 2))
    found = views.counts({"person": "cleo", "first": "2026-11-01", "last": TODAY}, HOUSE, AT)
    assert found["rows"] == [row("2026-11-09", 2)]


def test_names_are_the_most_used_of_the_span(books: Books, views: Views) -> None:
    """Twenty names of all days together, the most used first."""
    names = [named("ada", f"n{number}.example", "allow", number + 1, day) for number in range(15) for day in (SATURDAY, TODAY)]  # fmt: skip # noqa: E501
    names += [named("ada", f"m{number}.example", "rewrite", 50 + number) for number in range(10)]
    put(books, names=tuple(names))
    visited: Any = views.counts({"person": "ada", **WEEK}, HOUSE, AT)["visited"]
    assert [one["count"] for one in visited] == [*range(59, 49, -1), *range(30, 10, -2)]


@pytest.mark.parametrize(
    "request_", [{"person": "zoe", **WEEK}, {"person": "ada"}, {"person": "ada", "first": "x", "last": TODAY}]
)
def test_counts_that_can_not_be_told(views: Views, request_: dict[str, object]) -> None:
    """Somebody unknown, or no days, gets words."""
    with pytest.raises(Refused):
        views.counts(request_, HOUSE, AT)


def entry(person: str | None, action: str = "allow", age_s: float = 60, device: str | None = "", category: str = "games") -> dict[str, object]:  # fmt: skip # noqa: E501
    """Return an entry of a ring with all that could ever stand in one."""
    device = f"{person}-phone" if device == "" else device
    name = "open.example" if action == "allow" else "shut.example"
    return {
        "at": AT - age_s, "device": device, "person": person, "action": action, "category": category,
        "name": name, "grain": "full",
    }  # fmt: skip


def sights(answer: dict[str, Any]) -> list[tuple[str, str | None, bool]]:
    """Return action, name, and whether the time is exact, of each entry."""
    return [(one["action"], one["name"], one["at"] % COARSE_S != 0) for one in answer["entries"]]


RECENT: dict[tuple[str, str], list[tuple[str, str | None, bool]]] = {
    ("ada", "caregiver"): [("allow", "open.example", False), ("block", "shut.example", False)],
    ("ada", "child"): [("allow", "open.example", False), ("block", "shut.example", False)],
    ("ben", "caregiver"): [("block", "shut.example", False)],
    ("ben", "child"): [("block", "shut.example", False)],
    ("cleo", "caregiver"): [("block", None, False)],
    ("cleo", "child"): [("block", None, False)],
}


@pytest.mark.parametrize("role", ["caregiver", "child"])
@pytest.mark.parametrize("person", ROWS)
def test_recent_of_each_row_and_role(views: Views, nameserver: Nameserver, person: str, role: str) -> None:
    """Whatever stands in the ring: what the role sees; what is behind a PIN nobody sees here."""
    nameserver.ring = [entry(person), entry(person, "block"), entry("gone")]
    assert sights(views.recent({"person": person, "role": role}, HOUSE, AT)) == RECENT.get((person, role), [])


def test_recent_is_recent(views: Views, nameserver: Nameserver) -> None:
    """What has outlived its age in the ring isn't shown: two hours at 6-9."""
    nameserver.ring = [entry("ben", "block", age_s) for age_s in (2 * HOUR_S, 2 * HOUR_S + 1)]
    assert len(sights(views.recent({"person": "ben", "role": "caregiver"}, HOUSE, AT))) == 1


JUST: dict[tuple[str, str], list[str | None]] = {
    ("ada", "caregiver"): ["shut.example", "shut.example"],
    ("ada", "child"): ["shut.example", "shut.example"],
    ("ben", "caregiver"): ["shut.example", "shut.example"],
    ("ben", "child"): ["shut.example", "shut.example"],
    ("cleo", "caregiver"): [None, None],
    ("cleo", "child"): ["shut.example", None],
    ("dan", "child"): ["shut.example"],
    ("eve", "child"): ["shut.example"],
}


@pytest.mark.parametrize("role", ["caregiver", "child"])
@pytest.mark.parametrize("person", ROWS)
def test_what_the_device_in_hand_was_just_refused(views: Views, nameserver: Nameserver, person: str, role: str) -> None:
    """Its own page names it for a quarter of an hour, at every age; nothing that was opened, of no other device."""
    device = f"{person}-phone"
    nameserver.ring = [entry(person, "block", 900), entry(person, "block", 901)]
    nameserver.ring += [entry(person, "block", 5, device="guest")]
    told = views.recent({"person": person, "role": role, "device": device}, HOUSE, AT)["entries"]
    assert isinstance(told, list)
    assert {one["device"] for one in told} <= {device}
    assert [one["name"] for one in told] == JUST.get((person, role), [])
    nameserver.ring = [entry(person, "allow", 5)]
    opened = sights(views.recent({"person": person, "role": role, "device": device}, HOUSE, AT))
    assert opened == ([("allow", "open.example", False)] if person == "ada" else [])


def test_recent_of_other_devices(views: Views, nameserver: Nameserver) -> None:
    """A managed device is an adult's; one that isn't in the house any more is nobody's to show."""
    nameserver.ring = [entry("ben", "block", device=device) for device in ("school", "sold", None)]
    assert len(sights(views.recent({"person": "ben", "role": "caregiver"}, HOUSE, AT))) == 1


def test_recent_goes_by_the_house_as_it_is(views: Views, nameserver: Nameserver) -> None:
    """What was written at 6-9 is not shown any more at 13."""
    nameserver.ring = [entry("kim", "block")]
    assert sights(views.recent({"person": "kim", "role": "caregiver"}, house_of(kim="6-9"), AT)) != []
    assert sights(views.recent({"person": "kim", "role": "caregiver"}, house_of(kim="13-15"), AT)) == []


def test_what_caregivers_may_have_put_there(views: Views, nameserver: Nameserver) -> None:
    """Stalkerware is not shown to caregivers."""
    nameserver.ring = [entry("ada", "block", category="stalkerware")]
    assert views.recent({"person": "ada", "role": "caregiver"}, HOUSE, AT)["entries"] == []
    assert len(sights(views.recent({"person": "ada", "role": "child"}, HOUSE, AT))) == 1


@pytest.mark.parametrize("request_", [{"person": "zoe", "role": "child"}, {"person": "ada"}, {"person": None, "role": "child"}, {"person": "ada", "role": "owner"}])  # fmt: skip # noqa: E501
def test_recent_that_can_not_be_told(views: Views, request_: dict[str, object]) -> None:
    """Nobody in particular, or no role, gets words."""
    with pytest.raises(Refused):
        views.recent(request_, HOUSE, AT)


SEEN: list[tuple[str, str | None, bool]] = [("allow", "open.example", True)]
SESSION: dict[tuple[str, str], list[tuple[str, str | None, bool]]] = {
    ("ada", "caregiver"): SEEN, ("ada", "child"): SEEN, ("ben", "caregiver"): SEEN, ("ben", "child"): SEEN,
    ("cleo", "caregiver"): [("allow", None, False)],
}  # fmt: skip


@pytest.mark.parametrize("role", ["caregiver", "child"])
@pytest.mark.parametrize("person", ROWS)
def test_session_of_each_row_and_role(views: Views, nameserver: Nameserver, person: str, role: str) -> None:
    """What a session saw is shown as far as the contract widens the view, to each role."""
    device = f"{person}-phone"
    nameserver.sessions = [{"device": device, "person": person, "until": AT + 60, "entries": [entry(person)]}]
    found = views.session({"device": device, "role": role}, HOUSE, AT)
    assert (found["until"], sights(found)) == (AT + 60, SESSION.get((person, role), []))
    assert views.sessions() == {"bus": 1, "sessions": [{"device": device, "person": person, "until": AT + 60}]}


def test_a_session_that_does_not_run(views: Views) -> None:
    """It has no end and saw nothing."""
    found = views.session({"device": "ada-phone", "role": "child"}, HOUSE, AT)
    assert (found["until"], found["entries"]) == (None, [])


@pytest.mark.parametrize(("minutes", "expected"), [(15, AT + 900), (5, AT + 300), (600, AT + 900), (0, 0)])
def test_beginning_and_ending_a_session(views: Views, nameserver: Nameserver, minutes: int, expected: float) -> None:
    """A quarter of an hour at most."""
    found = views.begin_session({"device": "ben-phone", "minutes": minutes}, HOUSE, AT)
    assert (found["until"], nameserver.asked) == (
        expected, [{"ask": "session", "device": "ben-phone", "until": expected}],
    )  # fmt: skip


@pytest.mark.parametrize("device", ["alex-phone", "guest", "school", "sold", None])
@pytest.mark.parametrize("minutes", [15])
def test_devices_without_sessions(views: Views, nameserver: Nameserver, device: str | None, minutes: int) -> None:
    """An adult's, a managed one, one that nobody named, and none at all: the nameserver isn't even asked."""
    with pytest.raises(Refused):
        views.begin_session({"device": device, "minutes": minutes}, HOUSE, AT)
    assert nameserver.asked == []


@pytest.mark.parametrize("minutes", [None, "15", -1, 1.5])
def test_sessions_of_no_length(views: Views, minutes: object) -> None:
    """What is no number of minutes is refused."""
    with pytest.raises(Refused):
        views.begin_session({"device": "ben-phone", "minutes": minutes}, HOUSE, AT)


def test_events(books: Books, views: Views) -> None:
    """From the journal, the newest first, as many as asked for."""
    events = [Event(kind="daemon_gone", at=AT - number, args={"daemon": "web"}) for number in range(9)]
    events.append(Event(kind="bypass_sign", at=AT - DAY_S, person="eve", args={"category": "vpn"}))
    books.with_journal(lambda one: one.add(events, AT), AT)
    found: Any = views.events({"since": AT - 5, "limit": 3}, HOUSE, AT)["events"]
    assert [one["at"] - AT for one in found] == [0, -1, -2]
    everything: Any = views.events({"limit": 10_000}, HOUSE, AT)["events"]
    assert [one["kind"] for one in everything] == ["daemon_gone"] * 9
    with pytest.raises(Refused):
        views.events({"since": "yesterday"}, HOUSE, AT)


def test_events_of_one_and_of_some_kinds(books: Books, views: Views) -> None:
    """Caregivers may ask for one child's or for some kinds; the own page gets its own, and nothing of the box."""
    events = [
        Event(kind=kind, at=AT - 60, person=person, args={"category": "bypass_vpn"})
        for person in ("ben", "dan")
        for kind in ("connections_cut", "bypass_sign")
    ]
    books.with_journal(lambda one: one.add(events, AT), AT)

    def seen(**request: object) -> list[tuple[str, str | None]]:
        found: Any = views.events(request, HOUSE, AT)["events"]
        return sorted((one["kind"], one["person"]) for one in found)

    assert seen() == seen(person="ben") == [("connections_cut", "ben")]
    assert seen(kinds=["bypass_sign"]) == seen(person="dan") == []
    assert seen(role="child", person="dan") == [("bypass_sign", "dan"), ("connections_cut", "dan")]
    assert seen(role="child", person="dan", kinds=["bypass_sign"]) == [("bypass_sign", "dan")]
    for wrong in ({"role": "child"}, {"role": "child", "person": "zoe"}, {"person": "zoe"}, {"role": "owner"}):
        with pytest.raises(Refused):
            views.events(wrong, HOUSE, AT)


def test_the_own_page_gets_nothing_of_the_box(books: Books, views: Views) -> None:
    """What befell the box is nobody's own."""
    books.with_journal(lambda one: one.add([Event(kind="daemon_gone", at=AT)], AT), AT)
    assert views.events({"role": "child", "person": "ada"}, HOUSE, AT)["events"] == []


def test_a_box_without_a_house(views: Views) -> None:
    """There is nobody to ask about."""
    with pytest.raises(Refused):
        views.counts({"person": "ada", **WEEK}, House(), AT)


def test_the_roles_see_what_the_tables_here_say() -> None:
    """The tables above are the contract's: a child's page shows no less than caregivers see."""
    for person, band in ROWS.items():
        sees = {role: CONTRACT.view("names_blocked", band, role).granularity for role in Role}
        is_single = sees[Role.CAREGIVER].rank >= Granularity.CATEGORY.rank
        assert is_single is ((person, "caregiver") in RECENT)
