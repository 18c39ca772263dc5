"""`week` prints a child's times and minutes, by the house's clock."""

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.world import clock
from tests.commands.cli import applied, kindgate

HOUSE = """\
time_zone: Europe/Berlin
persons:
- id: kim
  name: Kim
  band: 6-9
  windows:
  - {name: Bedtime, routine: bedtime, start: "20:00", end: "07:00"}
  - name: School
    routine: school
    start: "08:00"
    end: "13:00"
    days: [mon, tue, wed, thu, fri]
    internet: true
    block: {services: [youtube], names: [games.example]}
    allow: {categories: [education]}
    safe_search: true
    uncounted: true
  - {name: Reading, start: "13:00", end: "13:30", days: [sun], internet: true, slow: true}
  - {name: Homework, start: "15:00", end: "16:00", days: [thu], allow: {names: [school.example]}}
  exceptions:
  - {name: Party, first: 2026-11-28, last: 2026-11-28, instead_of: [Bedtime], windows: [
      {name: Late, start: "23:00", end: "09:00"}]}
  - {name: Sick, first: 2026-11-24, last: 2026-11-25}
  - {name: Choir, first: 2026-11-22, last: 2027-01-30, instead_of: [], windows: [
      {name: Singing, start: "17:00", end: "18:00", days: [fri]}]}
  - {name: Long ago, first: 2026-11-20, last: 2026-11-21}
  - {name: Far ahead, first: 2026-12-06, last: 2026-12-06}
  budgets:
  - {minutes: 60, days: {sat: 120, sun: 120}, week: 400, carry_over: 15}
  - {what: "service:youtube", minutes: 20, slow: true}
  - {what: "category:social_media", days: {sun: 10}}
  grace_minutes: 10
- {id: lou, name: Lou, band: 13-15}
- {id: alex, name: Alex, kind: adult}
"""
AT = "2026-11-22T21:00"
"""A Sunday evening."""

PRINTED = """\
Kim, 6-9
  Now: Bedtime until Mon 2026-11-23 07:00
Sun 2026-11-22  13:00-13:30  Reading: slow: all
                20:00-07:00  Bedtime: Internet off
Mon 2026-11-23  08:00-13:00  School: no games.example, YouTube; open: School and knowledge; strictest search; not counted
                20:00-07:00  Bedtime: Internet off
Tue 2026-11-24  no window
Wed 2026-11-25  no window
Thu 2026-11-26  08:00-13:00  School: no games.example, YouTube; open: School and knowledge; strictest search; not counted
                15:00-16:00  Homework: Internet off but for school.example
                20:00-07:00  Bedtime: Internet off
Fri 2026-11-27  08:00-13:00  School: no games.example, YouTube; open: School and knowledge; strictest search; not counted
                17:00-18:00  Singing: Internet off
                20:00-07:00  Bedtime: Internet off
Sat 2026-11-28  23:00-09:00  Late: Internet off
Other times
  Sun 2026-11-22 to Sat 2027-01-30  Choir: the usual windows + 17:00-18:00 (Fri) Singing: Internet off
  Tue 2026-11-24 to Wed 2026-11-25  Sick: none of the usual windows
  Sat 2026-11-28  Party: without Bedtime + 23:00-09:00 Late: Internet off
Minutes
  Everything that counts: 60 min Mon, Tue, Wed, Thu, Fri; 120 min Sat, Sun; 400 min a week; up to 15 min go over to the next day
  YouTube: 20 min a day; then slow
  Social feeds: 10 min Sun
To finish, once an evening: 10 min
"""  # noqa: E501 -- as it is printed


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a house in it."""
    return applied(tmp_path / "data", HOUSE)


def printed(data: Path, *words: str) -> str:
    """Return what `week` prints; exit status 0 and nothing beside."""
    result = kindgate("week", *words, data=data)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def plain(data: Path, *words: str) -> dict[str, Any]:
    """Return what `week --json` says."""
    told: dict[str, Any] = json.loads(printed(data, *words, "--json"))
    return told


def test_a_week_as_it_is_read(data: Path) -> None:
    """What holds now, seven days as they will be, what makes some differ, the minutes, the grace."""
    assert printed(data, "kim", "--at", AT) == PRINTED


@pytest.mark.parametrize("word", ["kim", "Kim", "KIM"])
def test_a_child_by_id_or_name(data: Path, word: str) -> None:
    """In any spelling."""
    assert printed(data, word, "--at", AT) == PRINTED


def test_a_time_with_an_offset(data: Path) -> None:
    """It is the same moment wherever it was written."""
    assert printed(data, "kim", "--at", "2026-11-22T20:00:00+00:00") == PRINTED


@pytest.mark.parametrize(
    ("at", "now"),
    [
        ("2026-11-22T12:00", "no window; Reading from Sun 2026-11-22 13:00"),
        ("2026-11-22T13:29:59", "Reading until Sun 2026-11-22 13:30"),
        ("2026-11-24T07:00", "no window; School from Thu 2026-11-26 08:00"),
    ],
)
def test_what_holds_now(data: Path, at: str, now: str) -> None:
    """What is open and until when, else what is next."""
    assert f"\n  Now: {now}\n" in printed(data, "kim", "--at", at)


def test_a_child_without_times(data: Path) -> None:
    """Seven days without anything, and nothing about minutes."""
    lines = printed(data, "lou", "--at", AT).splitlines()
    assert lines[:3] == ["Lou, 13-15", "  Now: no window", "Sun 2026-11-22  no window"]
    assert len(lines) == 9
    assert all(line.endswith("no window") for line in lines[1:])


def test_the_clock_of_the_day_it_is_set(data: Path) -> None:
    """A night is as long as it is, and its hours are the clock's."""
    (saturday, *_) = plain(data, "kim", "--at", "2027-03-27T12:00")["days"]
    (night,) = saturday["windows"]
    assert (night["start"], night["end"]) == ("2027-03-27T20:00:00+01:00", "2027-03-28T07:00:00+02:00")


def test_json(data: Path) -> None:
    """The same in fields: times with their offset, windows with what was said of them, minutes of each day."""
    told = plain(data, "kim", "--at", AT)
    assert list(told) == [
        "person", "at", "open", "next_change", "days", "exceptions", "budgets", "grace_minutes",
    ]  # fmt: skip
    assert (told["person"], told["at"], told["grace_minutes"]) == ("kim", "2026-11-22T21:00:00+01:00", 10)
    assert told["next_change"] == "2026-11-23T07:00:00+01:00"
    assert [one["name"] for one in told["open"]] == ["Bedtime"]
    assert [(one["date"], one["weekday"], len(one["windows"])) for one in told["days"]] == [
        ("2026-11-22", "sun", 2), ("2026-11-23", "mon", 2), ("2026-11-24", "tue", 0), ("2026-11-25", "wed", 0),
        ("2026-11-26", "thu", 3), ("2026-11-27", "fri", 3), ("2026-11-28", "sat", 1),
    ]  # fmt: skip
    assert told["days"][1]["windows"][0] == {
        "name": "School",
        "routine": "school",
        "internet": True,
        "block": {"names": ["games.example"], "services": ["youtube"]},
        "allow": {"categories": ["education"]},
        "safe_search": True,
        "uncounted": True,
        "start": "2026-11-23T08:00:00+01:00",
        "end": "2026-11-23T13:00:00+01:00",
    }
    assert told["days"][0]["minutes"] == {"everything": 120, "service:youtube": 20, "category:social_media": 10}
    assert told["days"][1]["minutes"] == {"everything": 60, "service:youtube": 20}
    assert [one["name"] for one in told["exceptions"]] == ["Choir", "Sick", "Party"]
    assert told["budgets"][1] == {"what": "service:youtube", "minutes": 20, "slow": True}
    assert plain(data, "lou", "--at", AT)["next_change"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["alex"], "Alex is an adult: adults have no windows and no minutes"),
        (["mia"], "there is no person 'mia'; known: kim, lou, alex"),
        (["kim", "--at", "soon"], "'soon' is not a time"),
        (["kim", "--at", "9999-01-01T00:00"], "too far from now"),
    ],
)
def test_what_can_not_be_told(data: Path, words: list[str], said: str) -> None:
    """Of adults, of strangers, of no time."""
    result = kindgate("week", *words, data=data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


def test_the_ends_of_time(data: Path) -> None:
    """The first and the last year that are taken."""
    for at in ("1971-01-01T00:00", "9998-12-31T23:59"):
        assert len(plain(data, "kim", "--at", at)["days"]) == 7


def test_a_box_without_a_house(tmp_path: Path) -> None:
    """There is nobody yet."""
    result = kindgate("week", "kim", data=tmp_path)
    assert result.exit_code == 1
    assert "there is no person 'kim'; known: nobody" in result.stderr


def test_a_damaged_house_is_told(data: Path) -> None:
    """The one before it is shown, with a warning."""
    (data / "house.json").write_text("{")
    result = kindgate("week", "kim", data=data)
    assert result.exit_code == 1
    assert "Warning: " in result.stderr


def test_a_zone_that_this_machine_does_not_know(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so rather than tell another zone's hours."""

    def unknown(name: str) -> object:
        raise clock.UnknownZone(f"no time zone {name!r} is known here")

    monkeypatch.setattr(clock, "zone", unknown)
    result = kindgate("week", "kim", data=data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no time zone 'Europe/Berlin'" in result.stderr


def test_without_at_it_is_now(data: Path) -> None:
    """The first day is today."""
    before, told, after = clock.now(), plain(data, "kim"), clock.now()
    zone = clock.zone("Europe/Berlin")
    assert clock.iso(before, zone) <= told["at"] <= clock.iso(after, zone)
    assert told["days"][0]["date"] == told["at"][:10]
