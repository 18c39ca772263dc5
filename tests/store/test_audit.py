"""The audit: every change with who, when, what, before and after; and a way to forget a person."""

from pathlib import Path

import msgspec

from appliance.core.house import House
from appliance.core.verdict import Reason
from appliance.store.audit import Entry
from appliance.store.house import REPLACED, HouseStore
from tests.store.houses import AT, WHAT, blocking, named, octets


def test_a_change_is_told(house: HouseStore) -> None:
    """An entry says all: who, when, what, which revision, before, after, whom it concerns."""
    house.replace("box", blocking("one.example")(named("Kim", "Sam")), AT)
    changed = house.change("ann", WHAT, blocking("games.example"), AT + 1)
    entry = Entry(
        id=2, at=AT + 1, who="ann", what=WHAT, revision=2,
        before={"persons": {"kim": {"rules": []}}},
        after={"persons": {"kim": {"rules": [{"name": "games.example", "do": "block"}]}}},
        persons=("kim",), is_whole_house=False,
    )  # fmt: skip
    assert changed.entry == entry
    first, second = house.audit()
    assert first == entry
    assert (second.who, second.what, second.before, second.persons) == ("box", REPLACED, {}, ("kim", "sam"))


def test_what_a_person_is_told(house: HouseStore) -> None:
    """A person's entries are those that concern it or everybody, newest first, from a time on, at most so many."""
    house.replace("box", named("Kim", "Sam"), AT)
    house.change("ann", WHAT, blocking("one.example", child=0), AT + 1)
    house.change("ann", WHAT, blocking("two.example", child=1), AT + 2)
    house.change("ann", Reason.of("zone"), lambda now: msgspec.structs.replace(now, time_zone="Asia/Tokyo"), AT + 3)
    assert [entry.revision for entry in house.audit("kim")] == [4, 2, 1]
    assert [entry.revision for entry in house.audit("sam")] == [4, 3, 1]
    assert [entry.revision for entry in house.audit("leo")] == [4]
    assert [entry.revision for entry in house.audit("kim", since=AT + 2)] == [4]
    assert [entry.revision for entry in house.audit(since=AT + 2)] == [4, 3]
    assert [entry.revision for entry in house.audit(limit=1)] == [4]
    assert [entry.revision for entry in house.audit("kim", limit=2)] == [4, 2]


def test_a_person_is_forgotten(house: HouseStore, tmp_path: Path) -> None:
    """Erased: entries about that person alone, the person's share of others, earlier houses; the rest stays."""
    house.replace("box", named("Kim", "Sam"), AT)
    house.change("ann", WHAT, blocking("kims.example", child=0), AT + 1)
    house.change("ann", WHAT, blocking("sams.example", child=1), AT + 2)

    def leave(now: House) -> House:
        return msgspec.structs.replace(now, persons=now.persons[1:], devices=now.devices[1:])

    house.change("ann", Reason.of("person_removed"), leave, AT + 3)
    house.erase("kim")
    entries = house.audit()
    assert [entry.revision for entry in entries] == [3, 1]
    assert entries[1].persons == ("sam",)
    assert entries[1].after["persons"].keys() == {"sam"}
    assert entries[1].after["devices"].keys() == {"sam-tablet"}
    assert house.current() == (4, leave(blocking("sams.example", child=1)(named("Kim", "Sam"))))
    house.close()
    assert b"kims.example" not in octets(tmp_path)
    assert b"sams.example" in octets(tmp_path)


def test_old_entries_go(house: HouseStore) -> None:
    """By age, of all or of one person, with the persons' links."""
    house.replace("box", named("Kim", "Sam"), AT)
    house.change("ann", WHAT, blocking("one.example", child=0), AT + 1)
    house.change("ann", WHAT, blocking("two.example", child=1), AT + 2)
    assert house.erase_older("audit", AT + 10, "sam") == 2
    assert [entry.revision for entry in house.audit()] == [2]
    assert house.erase_older("audit", AT + 1) == 0
    assert house.erase_older("audit", AT + 2) == 1
    with house.reading() as db:
        assert db.table("audit_persons").count == 0
