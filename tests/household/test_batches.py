"""What is held for the steward until it is fetched."""

from typing import Any, NamedTuple

import msgspec
import pytest

from appliance.household import batches as batches_module
from appliance.household.batches import Batches, Event

DAY = "2026-11-22"


class Key(NamedTuple):
    """What a daemon counts."""

    person: str | None
    row: str
    category: str
    action: str
    name: str | None = None


KEY = Key("kim", "6-9", "forum", "ask", "a.example")
ROW = [DAY, "kim", "6-9", "forum", "ask", "a.example"]
EVENT = Event(5.0, "malware_blocked", "kim", "tablet", 1, {"category": "malware_phishing"})


def read(answer: object) -> Any:
    """Return an answer as it comes over the bus."""
    return msgspec.json.decode(msgspec.json.encode(answer))


def begun() -> Batches[Key]:
    """Return batches with one count pending."""
    batches = Batches[Key](100)
    batches.count(DAY, KEY, 2)
    return batches


def test_batch_stays_until_it_is_done() -> None:
    """The same batch is given with the same number until it is done; what comes meanwhile is in the next."""
    batches = begun()
    first = read(batches.give())
    assert first == {"serial": 100, "counts": [[*ROW, 2]], "events": [], "dropped": 0}
    batches.count(DAY, KEY, 5)
    assert read(batches.give()) == first
    batches.done(99)
    batches.done("100")
    batches.done(None)
    assert read(batches.give()) == first
    batches.done(100)
    assert read(batches.give()) == first | {"serial": 101, "counts": [[*ROW, 7 - 2]]}
    batches.done(100)
    assert read(batches.give())["serial"] == 101


def test_empty_batch_holds_up_nothing() -> None:
    """A batch without anything in it need not be done."""
    batches = Batches[Key](7)
    assert read(batches.give())["counts"] == []
    batches.count(DAY, KEY, 1)
    assert read(batches.give())["counts"] == [[*ROW, 1]]


def test_peek_moves_nothing() -> None:
    """What is out and what is pending, added up."""
    batches = begun()
    batches.give()
    batches.count(DAY, KEY, 3)
    batches.count("2026-11-23", KEY, 1)
    batches.tell(EVENT, 0)
    expected = [[*ROW, 5], ["2026-11-23", *ROW[1:], 1]]
    for _ in range(2):
        peeked = read(batches.peek())
        assert (peeked["counts"], [event["kind"] for event in peeked["events"]]) == (expected, ["malware_blocked"])
    assert read(batches.give())["counts"] == [[*ROW, 2]]


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the steward stays away, what finds no room is counted, and what is known already still added to."""
    monkeypatch.setattr(batches_module, "MAX_COUNTS", 2)
    monkeypatch.setattr(batches_module, "MAX_EVENTS", 1)
    batches = Batches[Key](1)
    for number in range(4):
        batches.count(DAY, KEY._replace(name=f"n{number}"), 10)
        batches.tell(Event(5.0, "kind", None, None, 1, {"worker": number}), 0)
    batches.count(DAY, KEY._replace(name="n0"), 1)
    given = read(batches.give())
    assert [row[-2:] for row in given["counts"]] == [["n0", 11], ["n1", 10]]
    assert (len(given["events"]), given["dropped"]) == (1, 20 + 3)
    batches.done(given["serial"])
    assert read(batches.give())["dropped"] == 0


def test_answer_fits_the_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is pending, a batch holds no more than an answer may, and the rest comes in the next."""
    monkeypatch.setattr(batches_module, "MAX_OCTETS", 1_000)
    batches = Batches[Key](1)
    for number in range(100):
        batches.count(DAY, KEY._replace(name=f"n{number}"), 1)
    found = []
    while counts := (given := read(batches.give()))["counts"]:
        assert len(msgspec.json.encode(counts)) < 1_200
        assert len(msgspec.json.encode(batches.peek())) < 2_600
        found += [row[-2] for row in counts]
        batches.done(given["serial"])
    assert sorted(found) == sorted(f"n{number}" for number in range(100))


def test_events_are_seldom() -> None:
    """One of a kind, person and category in ten minutes; others are others."""
    batches = Batches[Key](1)
    others = [
        Event(5.0, "malware_blocked", "sam", "laptop", 1, {"category": "malware_phishing"}),
        Event(5.0, "malware_blocked", "kim", "tablet", 1, {}),
        Event(5.0, "worker_restarted", "kim", None, 1, {"category": "malware_phishing"}),
    ]
    for uptime in (0.0, 1.0, 599.9, 600.0, 900.0):
        for event in (EVENT, *others):
            batches.tell(event, uptime)
    assert len(read(batches.give())["events"]) == 8


def test_new_house() -> None:
    """What may not be counted or told any more goes from what is out and from what is pending."""
    batches = begun()
    batches.count(DAY, KEY._replace(person="sam"), 1)
    batches.give()
    batches.count(DAY, KEY._replace(name="b.example"), 1)
    batches.count(DAY, KEY._replace(name="c.example"), 3)
    batches.tell(EVENT, 0)
    batches.settle(lambda key: key._replace(name=None) if key.person == "kim" else None, lambda _: False)
    given = read(batches.give())
    assert given == {"serial": 100, "counts": [[*ROW[:-1], None, 2]], "events": [], "dropped": 0}
    batches.done(100)
    assert read(batches.give()) == {"serial": 101, "counts": [[*ROW[:-1], None, 4]], "events": [], "dropped": 0}
