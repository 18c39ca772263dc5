"""The house in revisions: none is lost, none is given twice, and none holds a secret."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.core.device import Device, DeviceKind
from appliance.core.house import EMPTY, House, HouseError, to_json
from appliance.core.person import BANDS, Do, Person, PersonKind, Rule, Setting
from appliance.core.schedule import Day, Window
from appliance.core.word import Grant, Pause
from appliance.store.accounts import Role
from appliance.store.errors import Conflict, Corrupt
from appliance.store.house import HouseStore
from tests.store.houses import AT, WHAT, blocked, blocking, named, opened


def test_a_new_box(house: HouseStore) -> None:
    """Without any change there is revision 0 and no house."""
    assert house.current() == (0, EMPTY)
    assert house.audit() == []


def test_changes_count_up(house: HouseStore) -> None:
    """Each change is the next revision, tells the house before it, and is there for whoever opens the file."""
    first = house.replace("box", named("Kim"), AT)
    second = house.change("ann", WHAT, blocking("one.example"), AT + 1)
    assert (first.revision, first.before, second.revision, second.before) == (1, EMPTY, 2, named("Kim"))
    assert second.house == blocking("one.example")(named("Kim"))
    with HouseStore(house.path.parent) as other:
        assert other.current() == (2, second.house)


def test_an_empty_house_is_a_house(house: HouseStore) -> None:
    """`house apply` of an empty file makes a first revision."""
    assert house.replace("box", EMPTY, AT).revision == 1


def test_what_changes_nothing_writes_nothing(house: HouseStore) -> None:
    """A second tap on the same button is no revision."""
    house.replace("box", named("Kim"), AT)
    again = house.replace("ann", named("Kim"), AT + 1)
    assert (again.revision, again.entry) == (1, None)
    assert len(house.audit()) == 1


def test_a_change_that_fails(house: HouseStore) -> None:
    """When a change can't be made, its error comes out and nothing is written."""
    house.replace("box", named("Kim"), AT)

    def refuse(_: House) -> House:
        raise ValueError("no such child")

    with pytest.raises(ValueError, match="no such child"):
        house.change("ann", WHAT, refuse, AT)
    assert house.current() == (1, named("Kim"))
    assert house.change("ann", WHAT, blocking("one.example"), AT).revision == 2


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_what_could_not_be_read_again_is_not_stored(house: HouseStore, name: str) -> None:
    """A value that Python made past the checks is refused when it is saved, not when the box starts next."""
    house.replace("box", named("Kim"), AT)
    with pytest.raises(HouseError, match="name"):
        house.replace("box", House(persons=(Person(id="kim", name=name, band="6-9"),)), AT)
    assert house.current() == (1, named("Kim"))


def test_a_stale_page(house: HouseStore) -> None:
    """A change based on an earlier revision is refused; on the present one it is made."""
    house.replace("box", named("Kim"), AT)
    house.change("ann", WHAT, blocking("one.example"), AT, base=1)
    with pytest.raises(Conflict):
        house.change("leo", WHAT, blocking("two.example"), AT, base=1)
    with pytest.raises(Conflict):
        house.replace("leo", named("Sam"), AT, base=3)
    assert blocked(house.current()[1]) == ["one.example"]
    assert house.change("leo", WHAT, blocking("two.example"), AT, base=2).revision == 3


def test_a_published_house_is_taken_over(house: HouseStore) -> None:
    """A store that was empty or restored goes on above the number that the daemons know."""
    assert house.replace("box", named("Kim"), AT, above=6).revision == 7
    assert house.replace("box", named("Kim"), AT, above=6).revision == 7
    assert house.change("ann", WHAT, blocking("one.example"), AT).revision == 8
    assert house.replace("box", blocking("one.example")(named("Kim")), AT, above=11).revision == 12


def test_old_revisions_go_but_the_last(house: HouseStore) -> None:
    """However old it is, the house that stands is kept."""
    for name in ("Kim", "Sam", "Leo"):
        house.replace("box", named(name), AT)
    assert house.erase_older("revisions", AT + 1_000_000) == 2
    assert house.current() == (3, named("Leo"))
    assert house.erase_older("revisions", AT + 1_000_000) == 0


def test_a_house_that_cannot_be_read(house: HouseStore) -> None:
    """A revision that is no house is damage, and is told, not skipped."""
    house.replace("box", named("Kim"), AT)
    with opened(house.path) as db:
        db.execute("update revisions set house = '{\"version\": 77}'")
    with pytest.raises(Corrupt, match="revision 1: version 77"):
        house.current()
    with pytest.raises(Corrupt):
        house.change("ann", WHAT, blocking("one.example"), AT)


def test_replace_leaves_the_rest(house: HouseStore) -> None:
    """Accounts, settings and audit stay when a file is applied."""
    house.accounts.add("box", "ann", "Ann", "hash", Role.OWNER, AT)
    house.settings.put("look", "dark", AT)
    house.replace("box", named("Kim"), AT)
    assert (len(house.accounts.all()), house.settings.get("look", str), len(house.audit())) == (1, "dark", 2)


def test_no_secret_in_a_house(house: HouseStore) -> None:
    """Neither a password's hash nor a code's is in any house or audit row."""
    secrets = ("hash-of-password", "hash-of-code", "hash-of-first", "hash-of-next")
    house.codes.begin_first_run("hash-of-first", AT)
    house.codes.redeem("hash-of-first", "ann", "Ann", "hash-of-password", AT)
    house.codes.invite("ann", "hash-of-code", Role.CAREGIVER, AT + 9, AT)
    house.accounts.reset("ann", "ann", "hash-of-next", AT)
    house.replace("ann", named("Kim"), AT)
    told = to_json(house.current()[1]).decode() + repr(house.audit()) + repr(house.accounts.all())
    with house.reading() as db:
        told += repr(list(db.table("revisions").rows)) + repr(list(db.table("audit").rows))
    assert [secret for secret in secrets if secret in told] == []


def test_threads(house: HouseStore) -> None:
    """Changes of many threads at once: each has its own revision, none is lost, readers see whole houses."""
    house.replace("box", named("Kim"), AT)

    def change(number: int) -> int:
        blocked(house.current()[1])
        return house.change("ann", WHAT, blocking(f"n{number}.example"), AT).revision

    with ThreadPoolExecutor(8) as threads:
        revisions = list(threads.map(change, range(80)))
    assert sorted(revisions) == list(range(2, 82))
    assert sorted(blocked(house.current()[1])) == sorted(f"n{number}.example" for number in range(80))


_CHANGES = """
import sys
from pathlib import Path
from appliance.store.house import HouseStore
from tests.store.houses import AT, WHAT, blocking
with HouseStore(Path(sys.argv[1])) as house:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(50):
        print(house.change("ann", WHAT, blocking(f"n{number}.{sys.argv[2]}.example"), AT).revision)
"""


def test_processes(tmp_path: Path) -> None:
    """Two processes that open a new file and change it at once do each other no harm."""
    with HouseStore(tmp_path) as house:
        house.replace("box", named("Kim"), AT)
    argv = [sys.executable, "-c", _CHANGES, str(tmp_path)]
    children = [
        subprocess.Popen(
            [*argv, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        for name in ("one", "two")
    ]
    for child in children:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin
        child.stdin.write("go\n")
        child.stdin.flush()
    said = [child.communicate(timeout=60)[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert sorted(int(number) for numbers in said for number in numbers) == list(range(2, 102))
    with HouseStore(tmp_path) as house:
        expected = {f"n{number}.{name}.example" for number in range(50) for name in ("one", "two")}
        assert set(blocked(house.current()[1])) == expected
        assert len(house.audit(limit=1000)) == 101


def test_opening_at_once(tmp_path: Path) -> None:
    """Many that open a new file at the same time all get the same whole one."""

    def open_(number: int) -> int:
        with HouseStore(tmp_path / "data") as store:
            return store.change("box", WHAT, lambda _: named(f"N{number}"), AT).revision

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(open_, range(24))) == list(range(1, 25))


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=80)
MOMENTS = st.datetimes(
    datetime(2000, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.builds(timezone, st.integers(-14, 14).map(lambda h: timedelta(hours=h))),
)
WINDOWS = st.builds(
    Window, name=TEXT, start=st.sampled_from(["00:00", "21:30"]), end=st.sampled_from(["06:30", "24:00"]),
    days=st.lists(st.sampled_from(Day), min_size=1, unique=True).map(tuple),
)  # fmt: skip
RULES = st.builds(Rule, name=st.just("münchen.example"), do=st.sampled_from(Do), until=st.none() | MOMENTS)
CHILDREN = st.builds(
    Person, id=st.sampled_from(["kim", "sam", "leo"]), name=TEXT, band=st.sampled_from(BANDS),
    categories=st.dictionaries(st.sampled_from(["forum", "music"]), st.sampled_from(Setting)),
    rules=st.lists(RULES, max_size=3).map(tuple), windows=st.lists(WINDOWS, max_size=2).map(tuple),
)  # fmt: skip
ADULTS = st.builds(Person, id=st.just("ann"), name=TEXT, kind=st.just(PersonKind.ADULT))
DEVICES = st.builds(
    Device, id=st.sampled_from(["one", "two"]), name=st.none() | TEXT, kind=st.sampled_from(DeviceKind),
    macs=st.just(("02-00-00-00-00-0A",)), person=st.none() | st.just("kim"), bedtime=st.booleans(),
)  # fmt: skip
HOUSES = st.builds(
    House,
    time_zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    persons=st.lists(CHILDREN | ADULTS, max_size=4, unique_by=lambda person: person.id).map(tuple),
    devices=st.lists(DEVICES, max_size=2, unique_by=lambda device: device.id).map(tuple),
    pauses=st.lists(
        st.builds(Pause, said_at=MOMENTS, until=MOMENTS, person=st.none() | st.just("kim")), max_size=2
    ).map(tuple),
    grants=st.lists(
        st.builds(Grant, person=st.just("kim"), said_at=MOMENTS, until=MOMENTS, name=st.none() | st.just("a.example")),
        max_size=2,
    ).map(tuple),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HOUSES, min_size=1, max_size=4))
def test_round_trip(house: HouseStore, houses: list[House]) -> None:
    """Any house comes out as it went in, whatever was there before, and its change is told."""
    for one in houses:
        revision, before = house.current()
        changed = house.replace("box", one, AT)
        assert house.current() == (changed.revision, one)
        assert changed.before == before
        assert (changed.entry is None) == (changed.revision == revision)
        assert changed.entry is None or house.audit(limit=1) == [changed.entry]
