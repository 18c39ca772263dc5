"""A nameserver under load while its house changes: what `scripts/soak` runs for an hour, for two minutes."""

import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.core.house import problems
from appliance.world.rules import load_rulebook
from scripts.soaklib import cli, home, judge
from scripts.soaklib.home import ADULT, REAL, Kind
from scripts.soaklib.judge import Promise, Sample, Seen
from scripts.soaklib.load import Asked, Told
from tests.needs import need

ROOT = Path(__file__).parents[2]
LIMIT_S = 260
CHILD = "child0"
BLOCKED = bytes(4)


@pytest.mark.alone
@pytest.mark.timeout(LIMIT_S + 20)
def test_two_minutes_lose_nothing_and_leave_memory_flat() -> None:
    """Under load, with twelve houses, three files of lists and three times nobody upstream; how late is only told."""
    need(shutil.which("unbound") is not None, "unbound answers upstream")
    done = subprocess.run(
        [sys.executable, "-m", "scripts.soaklib.cli", "--short"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert (done.returncode, "broken" in done.stdout) == (0, False), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    (told,) = re.findall(r"; (\d+) changes of the house, (\d+) times nobody upstream", done.stdout)
    assert int(told[0]) >= 10
    assert int(told[1]) >= 2


def test_the_house_is_one_that_a_caregiver_may_set() -> None:
    """Whatever turn it is; each is another one, and every second has a pause."""
    rules = load_rulebook()
    houses = [home.house(turn) for turn in range(4)]
    assert [list(problems(each, rules.known)) for each in houses] == [[]] * 4
    assert [len(each.pauses) for each in houses] == [0, 1, 0, 1]
    assert len({each.persons[0].rules for each in houses}) == 4


@pytest.mark.parametrize(
    ("person", "kind", "wire", "expected"),
    [
        (CHILD, Kind.LISTED, REAL, True),
        (None, Kind.LISTED, REAL, True),
        (CHILD, Kind.LISTED, BLOCKED, False),
        (CHILD, Kind.KEPT, BLOCKED, False),
        (ADULT, Kind.LISTED, REAL, False),
        (ADULT, Kind.OFTEN, BLOCKED, True),
        (ADULT, Kind.NEW, REAL, False),
    ],
)
def test_what_is_wrong(person: str | None, kind: Kind, wire: bytes, expected: bool) -> None:
    """A child must not be told what is listed; the adult must be told all."""
    assert home.is_wrong(person, kind, struct.pack("!HHHHHH", 7, 0x8180, 1, 1, 0, 0) + wire) == expected


def test_what_is_kept_and_what_is_broken() -> None:
    """Each promise by itself."""
    good = Seen(
        total=Told(sent=10),
        samples={"worker 0": samples(range(4), (9, 9, 9, 9)), "worker 1": samples(range(4), (12, 9, 12, 9))},
        changes=2,
    )
    assert broken(good) == []
    assert broken(replace(good, total=Told(sent=10, lost=1))) == ["no query lost"]
    assert broken(replace(good, total=Told())) == ["no query lost"], "where nobody asked, nothing was proved"
    assert broken(replace(good, total=Told(sent=10, wrong=1))) == ["no answer wrong"]
    assert broken(replace(good, not_in_force=1)) == ["every change in force"]
    assert broken(replace(good, changes=0)) == ["every change in force"]
    assert broken(replace(good, restarts=1)) == ["no worker started again"]
    assert broken(replace(good, errors=1)) == ["no error of our own"]
    assert broken(replace(good, samples={"worker 1": samples((0, 0, 0, 60), (9, 9, 9, 9))})) == [
        "memory flat: worker 1"
    ]
    assert broken(replace(good, samples={"daemon": samples(range(4), (9, 9, 9, 12))})) == ["open files flat: daemon"]


def test_what_is_lost_is_told_by_kind_and_error() -> None:
    """Of all minutes together, what was lost most first."""
    total, asked = Told(sent=10), [Asked(0.0, CHILD, kind) for kind in (Kind.NEW, Kind.OFTEN, Kind.OFTEN)]
    for one in asked:
        minute = Told(sent=30)
        minute.lose(one, "SERVFAIL")
        total.add(minute)
    first = next(judge.promises(Seen(total=total)))
    assert first == Promise("no query lost", "3 of 100; 2 often: SERVFAIL; 1 new: SERVFAIL", False)


def test_the_table_says_it() -> None:
    """As Markdown."""
    told = judge.table([Promise("kept", "1", True), Promise("not kept", "2", False)])
    assert told.splitlines() == [
        "| promise | | |",
        "|---|---|---|",
        "| kept | 1 | holds |",
        "| not kept | 2 | **broken** |",
    ]


def test_a_minute_is_a_line() -> None:
    """With what each process has."""
    told = Told(sent=30_000, lost=1, late=2, took_s=[0.001] * 99 + [0.5])
    line = judge.minute(3, told, {"daemon": samples((0, 1), (9, 10)), "worker 0": samples((5,), (7,))})
    assert line == "| 3 | 30,000 | 1 | 0 | 0 | 2 | 1.0 | 500.0 | 51.0 + 55.0 | 10 + 7 |"
    assert len(line.split("|")) == len(judge.HEADING.splitlines()[0].split("|"))


def test_the_slope_is_of_an_hour() -> None:
    """A megabyte a second is 3,600 an hour."""
    assert judge.slope_mb_per_h(samples(range(10), [9] * 10)) == pytest.approx(3600)
    assert judge.slope_mb_per_h(samples((4,), (9,))) == 0.0


def test_it_says_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    """And what it promises."""
    with pytest.raises(SystemExit):
        cli.main(["-h"])
    told = " ".join(capsys.readouterr().out.split())
    assert "at most 5 % more than in the second" in told
    assert "--short the two minutes of CI" in told


def samples(more_mb: Sequence[float], fds: Sequence[int]) -> list[Sample]:
    """Return a sample a second: so many MB above fifty, and so many files."""
    return [Sample(float(at), 50.0 + more, each) for at, (more, each) in enumerate(zip(more_mb, fds, strict=True))]


def broken(seen: Seen) -> list[str]:
    """Return the promises that aren't kept."""
    return [one.words for one in judge.promises(seen) if not one.holds]
