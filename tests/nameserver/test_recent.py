"""Recent queries in memory."""

import pytest

from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.core.visibility import Granularity
from appliance.nameserver import recent as recent_module
from appliance.nameserver.permit import Who
from appliance.nameserver.recent import COARSE_S, Entry, Recent

KIM = Who("tablet", "kim", "10-12")
AT = 1_772_632_800.0 + 123.4
SLOT = AT // COARSE_S * COARSE_S
ALLOWED = Verdict(Action.ALLOW, Step.DEFAULT, Reason("default"))


def write(
    ring: Recent,
    name: str = "a.example",
    at: float = AT,
    *,
    grain: Granularity = Granularity.FULL,
    who: Who = KIM,
    kept_s: float = 7_200,
) -> None:
    """Write an allowed query."""
    ring.write(who, grain, kept_s, (ALLOWED, "music", name), at)


def names(ring: Recent, at: float = AT) -> list[str | None]:
    """Return the names that can be seen."""
    return [entry.name for entry in ring.read(at)]


@pytest.mark.parametrize(
    ("grain", "expected"),
    [
        (Granularity.NO, []),
        (Granularity.CATEGORY, [Entry(SLOT, "tablet", "kim", "allow", "music", None, "category")]),
        (Granularity.NAME, [Entry(SLOT, "tablet", "kim", "allow", "music", "a.example", "name")]),
        (Granularity.FULL, [Entry(AT, "tablet", "kim", "allow", "music", "a.example", "full")]),
    ],
)
def test_written_as_finely_as_may_be(grain: Granularity, expected: list[Entry]) -> None:
    """Nothing, no name, no time but the quarter of an hour, or all: what is not to be seen is not there."""
    ring = Recent()
    write(ring, grain=grain)
    assert ring.read(AT) == expected
    assert len(ring) == len(expected)
    if grain is not Granularity.FULL:
        assert str(AT) not in repr(ring._kept)
    if grain.rank < Granularity.NAME.rank:
        assert "a.example" not in repr(ring._kept)


def test_newest_first_and_no_older_than_may_be() -> None:
    """Each entry is seen for as long as its own row lets it, and a sweep erases it then."""
    ring = Recent()
    for number, kept_s in enumerate((100, 10, 50)):
        write(ring, f"n{number}", AT + number, kept_s=kept_s)
    assert names(ring, AT + 5) == ["n2", "n1", "n0"]
    assert names(ring, AT + 11) == ["n2", "n0"]
    assert len(ring) == 3
    ring.sweep(AT + 11)
    assert len(ring) == 2
    ring.sweep(AT + 100)
    assert len(ring) == 0


@pytest.mark.parametrize("grain", [Granularity.CATEGORY, Granularity.NAME])
def test_coarse_times_make_nothing_live_longer(grain: Granularity) -> None:
    """An age counts from the beginning of the quarter of an hour."""
    ring = Recent()
    write(ring, grain=grain, kept_s=7_200)
    assert ring.read(SLOT + 7_199)
    assert not ring.read(SLOT + 7_200)


def test_bounded() -> None:
    """The newest stay; what makes room before its age is counted, what was too old anyway is not."""
    ring = Recent(3)
    write(ring, "old", AT - 9, kept_s=9)
    for number in range(4):
        write(ring, f"n{number}")
    assert (names(ring), ring.dropped) == (["n3", "n2", "n1"], 1)
    ring.sweep(AT, lambda entry: entry.name != "n2")
    for number in range(4, 6):
        write(ring, f"n{number}")
    assert (names(ring), ring.dropped) == (["n5", "n4", "n3"], 2)


def test_read_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer holds the newest of those that are wanted."""
    monkeypatch.setattr(recent_module, "MAX_READ", 2)
    ring = Recent()
    for number in range(6):
        write(ring, f"n{number}")
    assert [entry.name for entry in ring.read(AT, lambda entry: entry.name != "n4")] == ["n5", "n3"]


def test_new_house_erases_what_is_not_to_be_kept() -> None:
    """What was asked on a device that is gone, another's or of another row now goes; the rest stays."""
    sam, gone, stranger = Who("laptop", "sam", "16-17"), Who("old", "kim", "10-12"), Who(None, None, "unknown")
    ring = Recent()
    for number, who in enumerate((KIM, sam, gone, stranger)):
        write(ring, f"n{number}", who=who)
    ring.settle({"tablet": KIM, "laptop": sam})
    assert names(ring) == ["n3", "n1", "n0"]
    ring.settle({"tablet": Who("tablet", "kim", "13-15"), "laptop": Who("laptop", "kim", "16-17")})
    assert names(ring) == ["n3"]
    ring.forget()
    assert len(ring) == 0
