"""A change to the house is checked, remembered and published; what one of the two files lacks, the other gives it."""

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from appliance.core.house import EMPTY, House
from appliance.core.person import Person
from appliance.core.verdict import Reason
from appliance.core.word import Grant
from appliance.household.changes import Household, NotValid, Unpublished
from appliance.store.errors import DiskFull, Locked, Unreachable
from appliance.world import rules
from appliance.world.snapshot import CURRENT, load_snapshot, publish_house, publishing
from tests.needs import need
from tests.store.houses import AT, WHAT, blocking, held, named

BOOK = rules.load_rulebook()
WHO = "dana"


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    """An empty data folder's house."""
    with closing(Household(tmp_path, BOOK)) as opened:
        yield opened


def published(data: Path) -> tuple[int, House]:
    """Return what the daemons would run."""
    snapshot = load_snapshot(data).snapshot
    return (snapshot.revision, snapshot.house) if snapshot else (0, EMPTY)


def test_said_is_saved_published_and_told(household: Household) -> None:
    """One change: the same revision in house.db, in house.json and in the audit."""
    household.replace(WHO, named("Mia"), AT)
    said = household.say(WHO, WHAT, blocking("games.example"), AT + 1)
    assert published(household.data) == household.store.current() == (2, said.snapshot.house)
    (entry, _) = household.store.audit()
    assert (entry, entry.who, entry.what, entry.persons) == (said.entry, WHO, WHAT, ("mia",))


def test_nothing_new_is_no_revision(household: Household) -> None:
    """What was so already is neither saved nor published again."""
    first = household.replace(WHO, named("Mia"), AT)
    inode = (household.data / CURRENT).stat().st_ino
    again = household.replace(WHO, named("Mia"), AT + 1)
    assert (again.snapshot, again.entry) == (first.snapshot, None)
    assert (household.data / CURRENT).stat().st_ino == inode


@pytest.mark.parametrize(
    ("house", "words"),
    [
        (House(time_zone="Mars/Olympus"), "no time zone"),
        (msgspec.structs.replace(named("Mia"), persons=()), "there is no person"),
    ],
)
def test_what_is_wrong_is_not_said(household: Household, house: House, words: str) -> None:
    """What the daemons could not run is refused whole: nothing saved, nothing published."""
    with pytest.raises(NotValid, match=words) as caught:
        household.replace(WHO, house, AT)
    assert caught.value.found
    assert (household.store.current(), published(household.data)) == ((0, EMPTY), (0, EMPTY))


def test_an_old_fault_does_not_stand_in_the_way(household: Household) -> None:
    """A house that an update of the rules made wrong can still be changed."""
    wrong = msgspec.structs.replace(named("Mia"), devices=(*named("Mia").devices, *named("Mia").devices))
    household.store.replace(WHO, wrong, AT)
    assert household.say(WHO, WHAT, blocking("games.example"), AT).entry is not None
    with pytest.raises(NotValid, match="no category"):
        household.say(WHO, WHAT, lambda house: with_category(house, "no-such"), AT)


def with_category(house: House, category: str) -> House:
    """Return a house with a pass for a category, that there may be or not."""
    moment = datetime.fromtimestamp(AT, UTC)
    grant = Grant(person=house.persons[0].id, said_at=moment, until=moment, category=category)
    return msgspec.structs.replace(house, grants=(grant,))


def test_a_published_house_is_taken_over(tmp_path: Path) -> None:
    """A box that ran without house.db keeps its house and its number; the next change comes after it."""
    publish_house(tmp_path, named("One"), 7)
    with closing(Household(tmp_path, BOOK)) as household:
        assert household.catch_up(AT) == load_snapshot(tmp_path).snapshot
        assert household.store.current() == (7, named("One"))
        assert household.replace(WHO, named("Two"), AT).snapshot.revision == 8
        assert [entry.what.code for entry in household.store.audit()] == ["house_replaced", "house_taken_over"]


def test_a_lost_house_db_loses_no_house(tmp_path: Path) -> None:
    """Whoever removes house.db loses accounts and audit; what the family said goes on."""
    with closing(Household(tmp_path, BOOK)) as household:
        household.replace(WHO, named("One"), AT)
        household.replace(WHO, named("Two"), AT)
    for file in tmp_path.glob("house.db*"):
        file.unlink()
    with closing(Household(tmp_path, BOOK)) as household:
        assert household.say(WHO, WHAT, blocking("a.example"), AT).snapshot.revision == 3
        assert published(tmp_path)[1].persons[0].name == "Two"


@pytest.mark.parametrize("damage", ["missing", "old", "broken"])
def test_a_saved_house_is_published_again(household: Household, damage: str) -> None:
    """A house.json that is gone, broken or of before is made anew from what is remembered."""
    old = household.replace(WHO, named("One"), AT).snapshot
    new = household.replace(WHO, named("Two"), AT).snapshot
    file = household.data / CURRENT
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(old.text if damage == "old" else b"{")
    assert household.catch_up(AT) == new
    assert published(household.data) == (2, named("Two"))


def test_a_new_box_has_nothing_to_catch_up(household: Household) -> None:
    """Without a house nothing is published: every asker stays unknown."""
    assert household.catch_up(AT) is None
    assert not (household.data / CURRENT).exists()


def test_saved_but_not_published(household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk takes the change but not the snapshot, it is told, kept, and published later."""
    household.replace(WHO, named("One"), AT)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("appliance.world.snapshot.write_file", full)
        with pytest.raises(Unpublished, match="No space"):
            household.replace(WHO, named("Two"), AT)
    assert published(household.data) == (1, named("One"))
    assert household.catch_up(AT) is not None
    assert published(household.data) == (2, named("Two"))


def test_locked_changes_nothing(household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody else holds house.db, a change fails in words and the old house stays published."""
    monkeypatch.setattr("appliance.store.connection.BUSY_S", 0.05)
    household.replace(WHO, named("One"), AT)
    with closing(Household(household.data, BOOK)) as impatient, held(household.store.path), pytest.raises(Locked):
        impatient.replace(WHO, named("Two"), AT)
    assert published(household.data) == household.store.current() == (1, named("One"))


def test_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    """Where no lock can be had, nothing is saved either, and it is told in words for a person."""
    with closing(Household(tmp_path, BOOK)) as household:
        (tmp_path / ".lock").mkdir()
        with pytest.raises(Unreachable, match="Is a directory"):
            household.replace(WHO, named("One"), AT)
        assert household.store.current() == (0, EMPTY)


def test_a_disk_without_room_for_a_lock(household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told that the disk is full, and nothing is changed."""

    def full(_: Path) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("appliance.world.snapshot._lock", full)
        with pytest.raises(DiskFull):
            household.replace(WHO, named("One"), AT)
    assert household.store.current() == (0, EMPTY)


def test_a_lock_that_is_never_given_back(household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs in the middle of a change makes others fail in words, not wait for ever."""
    monkeypatch.setattr("appliance.world.snapshot.LOCK_S", 0.05)
    with publishing(household.data), pytest.raises(Locked):
        household.replace(WHO, named("One"), AT)
    assert household.store.current() == (0, EMPTY)
    assert household.replace(WHO, named("One"), AT).snapshot.revision == 1


def test_changes_of_many_at_once(household: Household) -> None:
    """Eight caregivers at once: each change has its revision, none undoes another, the last one is published."""
    household.replace(WHO, House(persons=(Person(id="mia", name="Mia", band="6-9"),)), AT)
    names = [f"site-{number}.example" for number in range(16)]

    def work(number: int) -> None:
        with closing(Household(household.data, BOOK)) as own:
            for name in names[number::8]:
                own.say(f"c{number}", Reason.of("rule_blocked", name=name), blocking(name), AT)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    revision, house = published(household.data)
    assert (revision, house) == household.store.current()
    assert revision == 17
    assert {rule.name for rule in house.persons[0].rules} == set(names)


def test_what_root_saves_is_the_folders(tmp_path: Path) -> None:
    """A house that root applied can be changed by the dashboard's own user."""
    need(os.geteuid() == 0, "only root gives files away")
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 12345, 23456)
    with closing(Household(data, BOOK)) as household:
        household.replace(WHO, named("One"), AT)
        found = {file.name: file.stat() for file in data.iterdir() if file.is_file()}
    assert {(one.st_uid, one.st_gid) for one in found.values()} == {(12345, 23456)}, found
