"""The journal: what happened, newest first; broken or lost, it is begun anew."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.store import connection
from appliance.store.base import Batch
from appliance.store.connection import writing
from appliance.store.errors import Corrupt, Locked, Newer
from appliance.store.journal import Event, Hour, JournalStore, NameCount, Severity
from tests.store.houses import AT, octets, opened

BROKEN = f"journal.db.broken-{int(AT) + 50}"


def event(kind: str, at: float, person: str | None = None) -> Event:
    """Return an event."""
    return Event(kind=kind, at=at, person=person)


def kinds(journal: JournalStore) -> list[str]:
    """Return what happened, newest first."""
    return [one.kind for one in journal.events()]


def damage(path: Path) -> None:
    """Overwrite what is in the middle of a file, and its log."""
    with opened(path) as db:
        db.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
    text = path.read_bytes()
    path.write_bytes(text[:4096] + b"\xa5" * (len(text) - 4096))


def test_round_trip(journal: JournalStore) -> None:
    """An event comes out as it went in, with all its fields or none."""
    whole = Event(
        kind="bypass", at=AT + 1, severity=Severity.ALARM, person="kim", device="tablet",
        args={"route": "doh", "times": 3, "share": 0.5, "is_new": True},
    )  # fmt: skip
    journal.add([event("start", AT), whole], AT)
    assert journal.events() == [whole, event("start", AT)]
    journal.add([], AT)


def test_questions(journal: JournalStore) -> None:
    """By person, by kind, by time, and all together; at most so many, newest first."""
    journal.add([event("a", AT, "kim"), event("b", AT + 1, "kim"), event("a", AT + 2, "sam"), event("a", AT + 3)], AT)

    def times(**asked: float | str) -> list[float]:
        return [one.at - AT for one in journal.events(**asked)]  # type: ignore[arg-type]

    assert times() == [3, 2, 1, 0]
    assert times(person="kim") == [1, 0]
    assert times(kind="a") == [3, 2, 0]
    assert times(since=AT + 1, until=AT + 3) == [2, 1]
    assert times(person="kim", kind="a", since=AT, until=AT + 1) == [0]
    assert times(limit=2) == [3, 2]
    assert times(kind="' or 1 --") == []


def test_counters(journal: JournalStore) -> None:
    """Counters add up within the hour of the clock, and are read by it."""
    hour = int(AT) // 3600 * 3600
    journal.count({"queries": 5, "blocked": 1}, hour)
    journal.count({"queries": 2}, hour + 3599.9)
    journal.count({"queries": 1}, hour + 3600)
    assert journal.hours(hour, hour + 3600) == [Hour(hour, "blocked", 1), Hour(hour, "queries", 7)]
    assert journal.hours(hour + 1, hour + 7200) == [Hour(hour + 3600, "queries", 1)]
    assert journal.erase_older("hours", hour + 3600) == 2


def name(day: str, host: str, count: int, person: str = "kim") -> NameCount:
    """Return how often a name was blocked."""
    return NameCount(
        day=day, person=person, action="block", category="games", permitted_host_name=host, count=count
    )  # fmt: skip


def test_names(journal: JournalStore) -> None:
    """Names that may be kept are summed by day, read by person, and go by age."""
    days = ("2026-03-03", "2026-03-04")
    journal.count_names(
        [name(days[0], "a.example", 1), name(days[1], "a.example", 1), name(days[1], "b.example", 2)], AT
    )
    journal.count_names([name(days[1], "b.example", 3), name(days[1], "c.example", 1, "sam")], AT)
    expected = [name(days[1], "b.example", 5), name(days[1], "a.example", 1), name(days[0], "a.example", 1)]
    assert journal.names(*days, "kim", "block") == expected
    assert journal.names(*days, "kim", "block", limit=1) == expected[:1]
    assert journal.names(*days, "kim", "allow") == []
    assert journal.erase_older("names", days[1], "kim") == 1
    assert journal.names(*days, "kim", "block") == expected[:2]


def test_erase(journal: JournalStore, tmp_path: Path) -> None:
    """Erasing a person leaves nothing of it on the disk, and all of the others."""
    journal.add([event("a", AT, "canary"), event("b", AT, "sam"), event("c", AT)], AT)
    journal.count_names([name("2026-03-04", "seen.example", 1, "canary")], AT)
    assert journal.erase("canary") == 2
    assert kinds(journal) == ["c", "b"]
    assert b"canary" not in octets(tmp_path)
    assert b"seen.example" not in octets(tmp_path)


@pytest.mark.parametrize("text", [b"", b"\0" * 8192, b"not a file of ours " * 1000, None])
def test_broken_at_the_start(tmp_path: Path, text: bytes | None) -> None:
    """A broken journal is set aside and begun anew; an empty file is simply a new one."""
    with JournalStore(tmp_path, AT) as journal:
        journal.add([event("before", AT)] * 200, AT)
    path = tmp_path / "journal.db"
    if text is None:
        damage(path)
    else:
        path.write_bytes(text)
    before = path.read_bytes()
    with JournalStore(tmp_path, AT + 50) as journal:
        assert journal.events() == []
        journal.add([event("after", AT)], AT)
        assert (kinds(journal), journal.problems()) == (["after"], [])
    if text != b"":
        assert (tmp_path / BROKEN).read_bytes() == before


def test_one_broken_file_is_kept(tmp_path: Path) -> None:
    """However often it breaks, one is set aside: the latest."""
    for number in range(3):
        (tmp_path / "journal.db").write_bytes(b"broken %d " % number * 1000)
        with JournalStore(tmp_path, AT + number):
            pass
    assert [one.name for one in tmp_path.glob("*broken*")] == [f"journal.db.broken-{int(AT) + 2}"]


def test_broken_while_running(journal: JournalStore, tmp_path: Path) -> None:
    """When the file breaks in use, the next write begins it anew, and nobody has to restart."""
    journal.add([event("before", AT)] * 200, AT)
    journal.close()
    damage(journal.path)
    with pytest.raises(Corrupt):
        journal.events()
    journal.add([event("after", AT)], AT + 50)
    assert (kinds(journal), journal.problems()) == (["after"], [])
    assert (tmp_path / BROKEN).exists()


def test_removed_while_running(journal: JournalStore) -> None:
    """When the file is removed in use, reading finds an empty one, writing goes on in it."""
    journal.add([event("before", AT)], AT)
    journal.path.unlink()
    assert kinds(journal) == []
    journal.path.unlink()
    journal.add([event("after", AT)], AT)
    journal.count({"queries": 1}, AT)
    with JournalStore(journal.path.parent, AT) as other:
        assert kinds(other) == ["after"]


def test_another_process_began_it_anew(journal: JournalStore) -> None:
    """Whoever only reads follows to the new file."""
    journal.add([event("before", AT)], AT)
    with JournalStore(journal.path.parent, AT) as other:
        other.begin_anew(AT)
        other.add([event("after", AT)], AT)
    assert kinds(journal) == ["after"]


def test_many_find_it_broken(journal: JournalStore, tmp_path: Path) -> None:
    """Threads that all find it broken begin it anew once: what they write then is all there."""
    journal.add([event("before", AT)] * 200, AT)
    journal.close()
    damage(journal.path)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: journal.add([event(f"after{number}", AT)], AT + 50), range(8)))
    assert sorted(kinds(journal)) == [f"after{number}" for number in range(8)]
    assert [one.name for one in tmp_path.glob("*broken*")] == [BROKEN]


def test_a_stale_log_is_not_taken_up(tmp_path: Path) -> None:
    """The log of a broken file is no part of the new one."""
    with JournalStore(tmp_path, AT) as journal:
        journal.add([event("before", AT)], AT)
        (tmp_path / "kept").write_bytes((tmp_path / "journal.db-wal").read_bytes())
    (tmp_path / "journal.db").write_bytes(b"broken " * 1000)
    (tmp_path / "kept").rename(tmp_path / "journal.db-wal")
    with JournalStore(tmp_path, AT) as journal:
        assert journal.events() == []
        assert journal.problems() == []


def test_broken_under_many_threads(tmp_path: Path) -> None:
    """Twenty times over: no thread sees an error, and the new file is whole whoever opened what in between."""
    for turn in range(20):
        with JournalStore(tmp_path / str(turn), AT) as journal:
            journal.add([event("before", AT)] * 200, AT)
            journal.close()
            damage(journal.path)
            with ThreadPoolExecutor(6) as threads:
                list(threads.map(lambda number, to=journal: to.add([event(f"a{number}", AT)], AT + 50), range(6)))
            assert sorted(kinds(journal)) == [f"a{number}" for number in range(6)]
            assert journal.problems() == []


def test_who_comes_late_sets_nothing_aside(journal: JournalStore, tmp_path: Path) -> None:
    """A process that found the old file broken leaves the new one alone, and so does a thread."""
    journal.add([event("before", AT)], AT)
    with JournalStore(tmp_path, AT) as other:
        stale = journal._pool
        journal.begin_anew(AT + 50)
        journal.add([event("after", AT)], AT)
        other.begin_anew(AT + 60)
        assert kinds(other) == ["after"]
        fresh = journal._pool
        journal._renew(stale, AT + 70)
        assert journal._pool is fresh
    assert [one.name for one in tmp_path.glob("*broken*")] == [BROKEN]


def test_the_new_file_shares_nothing_with_the_old(journal: JournalStore, tmp_path: Path) -> None:
    """Whoever still has the old file open has its log and index too: the new file gets its own."""
    journal.add([event("before", AT)], AT)
    with opened(journal.path) as old:
        assert old.table("events").count == 1
        before = {name: (tmp_path / name).stat().st_ino for name in ("journal.db-wal", "journal.db-shm")}
        journal.begin_anew(AT + 50)
        journal.add([event("after", AT)], AT)
        assert not {(tmp_path / name).stat().st_ino for name in before} & set(before.values())
        assert [row["kind"] for row in old.table("events").rows] == ["before"]
    assert kinds(journal) == ["after"]


@pytest.mark.parametrize("what", ["locked", "newer"])
def test_what_is_not_broken_is_not_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """A locked journal, or one of a newer version, is whole: it is refused, not thrown away."""
    with JournalStore(tmp_path, AT) as journal:
        journal.add([event("before", AT)], AT)
    monkeypatch.setattr(connection, "BUSY_S", 0.05)
    with opened(tmp_path / "journal.db") as db:
        if what == "newer":
            db.execute("PRAGMA user_version = 99")
            with pytest.raises(Newer):
                JournalStore(tmp_path, AT)
        else:
            with writing(db), JournalStore(tmp_path, AT) as journal, pytest.raises(Locked):
                journal.add([event("after", AT)], AT)
    assert list(tmp_path.glob("*broken*")) == []


def test_a_batch_is_taken_once(journal: JournalStore) -> None:
    """Events and names come together, or not at all."""
    for batch, expected in ((Batch("a", "x", 1), True), (Batch("a", "x", 1), False), (Batch("a", "x", 2), True)):
        taken = journal.add([event("start", AT)], AT, names=[name("2026-03-04", "a.example", 2)], batch=batch)
        assert taken is expected
    assert kinds(journal) == ["start"] * 2
    assert [one.count for one in journal.names("2026-03-04", "2026-03-04", "kim", "block")] == [4]


def test_kinds_of_events_grow_old_by_themselves(journal: JournalStore) -> None:
    """Those of one person, each kind for itself; other kinds and other persons' stay."""
    journal.add([event(kind, AT + at, who) for kind in "ab" for at in (0, 10) for who in ("kim", "sam", None)], AT)
    assert journal.erase_kinds({"a": AT + 5, "c": AT + 99}, "kim") == 1
    assert journal.erase_kinds({"a": AT + 5, "b": AT + 99}, "") == 3
    assert sorted((one.kind, one.at - AT, one.person or "") for one in journal.events()) == [
        ("a", 0, "sam"), ("a", 10, ""), ("a", 10, "kim"), ("a", 10, "sam"),
        ("b", 0, "kim"), ("b", 0, "sam"), ("b", 10, "kim"), ("b", 10, "sam"),
    ]  # fmt: skip
    assert journal.erase_kinds({}, "kim") == 0


def test_rows_that_are_nobodys(journal: JournalStore) -> None:
    """They are told apart from those of persons, and erased by themselves."""
    journal.add([event("a", AT), event("b", AT, "kim")], AT)
    assert journal.persons() == {"events": {"", "kim"}, "names": set()}
    assert journal.erase_older("events", AT + 1, "") == 1
    assert kinds(journal) == ["b"]


def test_it_counts_how_often_it_was_begun_anew(journal: JournalStore, tmp_path: Path) -> None:
    """Removed or broken, at work or at the opening: whoever writes can tell of it."""
    journal.add([event("a", AT)] * 200, AT)
    journal.path.unlink()
    journal.add([event("a", AT)] * 200, AT)
    assert journal.renewals == 1
    journal.begin_anew(AT)
    assert journal.renewals == 2
    journal.add([event("a", AT)] * 200, AT)
    damage(journal.path)
    with JournalStore(tmp_path, AT + 50) as again:
        assert again.renewals == 1
