"""What children ask for: kept once, bounded, answered once, forgotten in time."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from appliance.core.house import Classifier, House
from appliance.core.person import Do, Person, Rule
from appliance.core.verdict import Reason
from appliance.store.errors import Answered, TooMany
from appliance.store.house import HouseStore
from appliance.store.requests import (
    DAY_S,
    LAPSE_S,
    MAX_A_DAY,
    MAX_OPEN,
    NOBODY,
    TIME,
    TIME_LAPSE_S,
    Answer,
    Request,
    State,
    TakenBack,
)
from tests.store.houses import AT, octets

KIM = Person(id="kim", name="Kim", band="6-9")
ALLOWED = Reason.of("request_allowed", person="kim", request="1")


def asked(store: HouseStore, what: str = "games.example", person: str = "kim", at: float = AT) -> Request:
    """Have somebody ask."""
    return store.requests.ask(person, "tablet", what, "please", at)


def test_a_request_waits_and_is_its_senders(house: HouseStore) -> None:
    """Whoever asked finds it, with the own words; others find nothing."""
    one = asked(house)
    assert one == Request(1, "kim", "tablet", "games.example", "please", AT)
    assert house.requests.open(AT) == house.requests.of("kim", AT) == [one]
    assert house.requests.get(1) == one
    assert house.requests.of("ada", 0) == []
    assert house.requests.get(2) is None


def test_the_same_once_more_is_the_same(house: HouseStore) -> None:
    """It keeps its place and its time, and takes a new reason; an empty one changes nothing."""
    asked(house)
    again = house.requests.ask("kim", "phone", "games.example", "pretty please", AT + 60)
    assert (again.id, again.at, again.reason) == (1, AT, "pretty please")
    assert house.requests.ask("kim", "phone", "games.example", "", AT + 70).reason == "pretty please"
    assert house.requests.open(AT + 80) == [again]


def test_nobodys_devices_ask_each_for_itself(house: HouseStore) -> None:
    """Two new phones are two requests, one that asks twice is one."""
    for device in ("02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:01"):
        house.requests.ask(NOBODY, device, "device", "", AT)
    assert [one.device for one in house.requests.open(AT)] == ["02:00:00:00:00:01", "02:00:00:00:00:02"]


def test_too_many_are_refused_and_nothing_is_written(house: HouseStore) -> None:
    """So many at once, so many a day; of one child, not of its brother."""
    for number in range(MAX_OPEN):
        asked(house, f"s{number}.example")
    with pytest.raises(TooMany):
        asked(house, "more.example")
    assert len(house.requests.open(AT)) == MAX_OPEN
    assert asked(house, person="ada").person == "ada"


def test_a_day_has_an_end_of_them(house: HouseStore) -> None:
    """Answered ones count too; a day later there is room."""
    for number in range(MAX_A_DAY):
        house.requests.deny("c1", Answer(asked(house, f"s{number}.example").id, is_allowed=False), AT)
    with pytest.raises(TooMany):
        asked(house, "more.example", at=AT + DAY_S - 1)
    assert asked(house, "more.example", at=AT + DAY_S).state is State.OPEN


def test_no_with_a_word(house: HouseStore) -> None:
    """It is remembered who said it, when and how."""
    asked(house)
    denied = house.requests.deny("c1", Answer(1, is_allowed=False, word="after dinner"), AT + 60)
    assert house.requests.get(1) == denied
    assert (denied.state, denied.answered_by, denied.answered_at, denied.word) == (
        State.DENIED, "c1", AT + 60, "after dinner",
    )  # fmt: skip
    assert house.requests.open(AT + 61) == []
    assert house.requests.since(AT, 10) == [denied]


def test_the_second_answer_is_told_of_the_first(house: HouseStore) -> None:
    """Two caregivers at once: one answer holds, and the house is changed once."""
    asked(house)
    yes = Answer(1, is_allowed=True, until=AT + 900)
    house.change("c1", ALLOWED, lambda _: House(persons=(KIM,)), AT, answer=yes)
    with pytest.raises(Answered):
        house.change("c2", ALLOWED, lambda _: House(), AT + 1, answer=yes)
    with pytest.raises(Answered):
        house.requests.deny("c2", Answer(1, is_allowed=False), AT + 1)
    assert house.current() == (1, House(persons=(KIM,)))
    answered = house.requests.get(1)
    assert answered
    assert (answered.state, answered.answered_by, answered.until) == (State.ALLOWED, "c1", AT + 900)


def test_a_change_that_fails_leaves_the_request_open(house: HouseStore) -> None:
    """Both are one transaction."""
    asked(house)

    def fails(_: House) -> House:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        house.change("c1", ALLOWED, fails, AT, answer=Answer(1, is_allowed=True))
    assert house.requests.open(AT)


def test_the_audit_points_to_the_request_and_repeats_no_name(house: HouseStore) -> None:
    """Neither of a rule nor of a pass, so that no name outlives the request."""
    asked(house)
    rule = Rule(name="games.example", do=Do.ALLOW)
    with_rule = House(persons=(Person(id="kim", name="Kim", band="6-9", rules=(rule,)),))
    house.change("c1", Reason("child_added"), lambda _: House(persons=(KIM,)), AT)
    changed = house.change("c1", ALLOWED, lambda _: with_rule, AT, answer=Answer(1, is_allowed=True))
    assert changed.entry
    assert changed.entry.after == {"persons": {"kim": {"rules": [{"do": "allow", "request": 1}]}}}
    assert ("request", "1") in changed.entry.what.args


def test_taken_back(house: HouseStore) -> None:
    """By who sent it alone, and only while it waits."""
    asked(house)
    house.requests.withdraw(1, "ada", "tablet")
    assert house.requests.open(AT)
    house.requests.withdraw(1, "kim", "another of Kim's")
    assert house.requests.open(AT) == []
    house.requests.withdraw(1, "kim", "tablet")
    house.requests.ask(NOBODY, "192.0.2.7", "device", "", AT)
    house.requests.withdraw(2, NOBODY, "192.0.2.8")
    assert [one.id for one in house.requests.open(AT)] == [2]


@pytest.mark.parametrize(("what", "lapse_s"), [("games.example", LAPSE_S), (TIME, TIME_LAPSE_S)])
def test_what_nobody_answered_is_over_some_day(house: HouseStore, what: str, lapse_s: float) -> None:
    """Extra time for another evening sooner than a site; it may be asked for again then."""
    asked(house, what)
    assert house.requests.open(AT + lapse_s - 1)
    assert house.requests.open(AT + lapse_s) == []
    assert asked(house, what, at=AT + lapse_s).id == 2
    house.requests.keep({"kim"}, AT + lapse_s)
    assert [one.state for one in house.requests.of("kim", 0)] == [State.OPEN, State.GONE]


def test_who_left_takes_the_words_along(house: HouseStore, tmp_path: object) -> None:
    """Nothing of it stays in the file; those who are there keep theirs."""
    house.requests.ask("kim", "tablet", "canary.example", "canary words", AT)
    asked(house, person="ada")
    assert house.requests.keep({"ada", NOBODY}, AT) == 1
    assert [one.person for one in house.requests.open(AT)] == ["ada"]
    assert b"canary" not in octets(house.path.parent)


def test_erased_with_the_person(house: HouseStore) -> None:
    """As everything else that is remembered of somebody."""
    asked(house)
    house.erase("kim")
    assert house.requests.of("kim", 0) == []


def guessed(store: HouseStore, at: float = AT, guess: str = "gambling", person: str = "kim") -> Request:
    """Have somebody ask for what looked risky."""
    return store.requests.ask(person, "tablet", "bets.example", "", at, guess)


def test_what_a_name_was_taken_for_stands_with_it(house: HouseStore) -> None:
    """From the asking on; other requests were taken for nothing."""
    one = guessed(house)
    assert (one.guessed, one.taught) == ("gambling", None)
    assert house.requests.get(one.id) == one
    assert asked(house).guessed is None


def test_of_answers_about_a_name_the_last_teaches(house: HouseStore) -> None:
    """Whoever asked; the answers themselves stay as they were given."""
    assert house.requests.lesson("bets.example") is None
    for number, (person, taught) in enumerate((("kim", 1), ("ada", -1)), 1):
        one = guessed(house, person=person)
        house.requests.deny("c1", Answer(one.id, is_allowed=False, taught=taught), AT + number)
        found = house.requests.lesson("bets.example")
        assert found is not None
        assert (found.id, found.taught) == (one.id, taught)
    assert [one.taught for one in house.requests.since(AT, 9)] == [-1, None]
    assert house.requests.lessons() == {"gambling": 1}
    house.requests.deny("c1", Answer(guessed(house).id, is_allowed=False), AT + 9)
    assert house.requests.lessons() == {"gambling": 1}


def test_what_was_taught_is_taken_back_with_a_change(house: HouseStore) -> None:
    """In its transaction; nothing else about the request changes, and one that is gone is no error."""
    one = guessed(house)
    denied = house.requests.deny("c1", Answer(one.id, is_allowed=False, word="no", taught=-1), AT)
    for id_ in (one.id, 99):
        house.change("c1", ALLOWED, lambda before: before, AT, answer=TakenBack(id_))
    assert house.requests.get(one.id) == msgspec.structs.replace(denied, taught=None)


def test_what_was_taught_is_forgotten(house: HouseStore) -> None:
    """About one category, or about all."""
    for guess in ("gambling", "dating"):
        one = house.requests.ask("kim", "tablet", f"{guess}.example", "", AT, guess)
        house.requests.deny("c1", Answer(one.id, is_allowed=False, taught=1), AT)
    house.requests.unlearn("dating")
    assert house.requests.lessons() == {"gambling": 1}
    house.requests.unlearn()
    assert house.requests.lessons() == {}


def test_what_an_answer_taught_stands_in_no_row_about_a_child(house: HouseStore) -> None:
    """Nor is it of the whole house then; where it is all that changed it stands there, for everybody."""
    house.replace("box", House(persons=(KIM,)), AT)
    one = guessed(house)
    rule = Rule(name="bets.example", do=Do.BLOCK)
    after = House(persons=(msgspec.structs.replace(KIM, rules=(rule,)),), classifier=Classifier(steps={"gambling": -1}))
    said = house.change("c1", ALLOWED, lambda _: after, AT, answer=Answer(one.id, is_allowed=False, taught=-1))
    assert said.entry is not None
    assert (said.entry.persons, said.entry.is_whole_house) == (("kim",), False)
    assert "classifier" not in {**said.entry.before, **said.entry.after}
    assert said.house.classifier.steps == {"gambling": -1}
    reset = house.change("c1", ALLOWED, lambda now: msgspec.structs.replace(now, classifier=Classifier()), AT)
    assert reset.entry is not None
    assert (reset.entry.persons, reset.entry.is_whole_house) == ((), True)
    assert "classifier" in reset.entry.before


def test_a_file_of_an_earlier_version_has_taught_nothing(tmp_path: Path) -> None:
    """What was asked for before this stays, and no guess is made of it."""
    with HouseStore(tmp_path) as store:
        one = asked(store)
    with closing(sqlite3.connect(tmp_path / HouseStore.FILE)) as db:
        for column in ("guessed", "taught"):
            db.execute(f"alter table requests drop column {column}")
        db.execute("pragma user_version = 2")
        db.commit()
    with HouseStore(tmp_path) as store:
        assert store.requests.get(one.id) == one
        assert guessed(store).guessed == "gambling"
