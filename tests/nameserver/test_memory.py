"""What a worker remembers: every row, blocked or not, for the own page alone or not, as the contract has it."""

from datetime import UTC
from itertools import product

import pytest

from appliance.core import domainset, policy
from appliance.core.device import Device, DeviceKind
from appliance.core.domainset import DomainSet, Entry
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.rulebook import MALWARE
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.nameserver.counts import Counts
from appliance.nameserver.memory import Memory
from appliance.nameserver.recent import COARSE_S
from appliance.nameserver.tally import Key
from tests.nameserver.inside import book, bundled, contract

BANDS = ("0-5", "6-9", "10-12", "13-15", "16-17")
ROWS = (*BANDS, "adult", "managed", "pc", "unknown")
CANARY = "canary-k4x9.example"
SPY, MIND = "spy.example", "mind.example"
AT, UP = 1_772_632_800.0 + 61.5, 100.0
SLOT = AT // COARSE_S * COARSE_S


def house(**bands: str) -> House:
    """Return a house with a device of every kind: ids are the rows, `bands` are other bands than theirs."""
    children = tuple(Person(id=f"p{band}", name="Kim", band=bands.get(f"p{band}", band)) for band in BANDS)
    adult = Person(id="padult", name="Alex", kind=PersonKind.ADULT)
    owners = {band: f"p{band}" for band in BANDS} | {"adult": "padult", "managed": "p6-9", "pc": None, "unknown": None}
    kinds = {"managed": DeviceKind.MANAGED, "pc": DeviceKind.ADULT}
    devices = tuple(
        Device(id=id_, addresses=(f"192.0.2.{number}",), person=owner, kind=kinds.get(id_, DeviceKind.TABLET))
        for number, (id_, owner) in enumerate(owners.items())
    )
    return House(persons=(*children, adult), devices=devices)


EXTRA = DomainSet(domainset.build([Entry(SPY, "stalkerware", False, False), Entry(MIND, "mental_health")]))
POLICY = policy.compile(house(), book(), (bundled(), EXTRA), UTC)


def memory(told: House | None = None) -> Memory:
    """Return a memory of a house."""
    made = Memory(contract(), Counts())
    made.adopt(told or house())
    return made


def verdict(*, blocked: bool = False, step: Step = Step.DEFAULT, silent: bool = False, **args: str) -> Verdict:
    """Return a verdict."""
    return Verdict(Action.BLOCK if blocked else Action.ALLOW, step, Reason.of("why", **args), traceless=silent)


def note(one: Memory, device: str | None, name: str, said: Verdict, at: float = AT, uptime: float = UP) -> None:
    """Note a query and hand out its reply."""
    one.note(POLICY, POLICY.of_device(device), device, (name, said), at, uptime).add()


def written(one: Memory, at: float = AT) -> list[tuple[str, str | None, float]]:
    """Return grain, name and time of what can be read."""
    return [(entry.grain, entry.name, entry.at) for entry in one.entries(None, None, at)]


# Ring and tally of an opened, a blocked, and (by the own page alone) an opened and a blocked query: - nothing,
# n the name, f the name with its time; c a count, C one with the name.
EXPECTED = """
0-5     n  n  -  -  | C  C  -  -
6-9     -  n  -  -  | c  C  -  -
10-12   f  f  f  f  | c  c  -  -
13-15   f  f  f  f  | c  c  -  -
16-17   f  f  f  f  | -  -  -  -
adult   -  -  -  -  | -  -  -  -
managed -  -  -  -  | -  -  -  -
pc      -  -  -  -  | -  -  -  -
unknown -  -  -  -  | -  -  -  -
"""
RING = {"-": [], "n": [("name", True, SLOT)], "f": [("full", True, AT)]}
CELLS = [
    (row, own, blocked, ring, count)
    for row, *cells in (line.replace("|", "").split() for line in EXPECTED.strip().splitlines())
    for (own, blocked), ring, count in zip(product((False, True), repeat=2), cells[:4], cells[4:], strict=True)
]


@pytest.mark.parametrize(("row", "own", "blocked", "ring", "count"), CELLS)
def test_every_cell(row: str, own: bool, blocked: bool, ring: str, count: str) -> None:
    """What is read of one query, and what is counted; that it is one of many answers is always counted."""
    one = memory()
    name = SPY if own else CANARY
    note(one, row, name, verdict(blocked=blocked))
    expected = [(grain, name if has_name else None, at) for grain, has_name, at in RING[ring]]
    assert written(one) == expected
    action = "block" if blocked else "allow"
    category = "stalkerware" if own else "unclassified"
    key = Key(f"p{row}", row, category, action, name if count == "C" else None)
    assert one._counts.tally.news() == ([] if count == "-" else [(key, 1)])
    assert one._counts.news() == {f"answered.{action}": 1}


def test_the_table_is_whole() -> None:
    """Each row four times."""
    assert [row for row, *_ in CELLS[::4]] == list(ROWS)
    assert len(CELLS) == 4 * len(ROWS)


SILENT = [
    (CANARY, verdict(silent=True)),
    (CANARY, verdict(step=Step.HELP)),
    (CANARY, verdict(step=Step.PROTECTED, category="mental_health")),
    (CANARY, verdict(blocked=True, step=Step.HARD, category="csam")),
    (CANARY, verdict(step=Step.WORD, what="lgbtq_support")),
    (MIND, verdict(blocked=True, step=Step.WORD)),
]


@pytest.mark.parametrize(("name", "said"), SILENT, ids=str)
@pytest.mark.parametrize("row", ROWS)
def test_help_and_protected_information_leave_nothing(row: str, name: str, said: Verdict) -> None:
    """At no row, in no session: not even which action it was; by the verdict's word or by the name's tags alone."""
    one = memory()
    one.watch({row: 60.0}, UP)
    note(one, row, name, said)
    assert (written(one), one.session_entries(AT, UP), one._counts.tally.news(), one.happened()) == ([], [], [], [])
    is_bare = row in ("adult", "managed", "pc", "unknown")
    if not (is_bare and name == MIND and said.step is not Step.HARD):
        assert one._counts.news() == {"answered": 1}


@pytest.mark.parametrize("device", [None, "gone"])
def test_stranger_leaves_nothing(device: str | None) -> None:
    """A device that nobody named, or that the house no longer knows."""
    one = memory()
    note(one, device, CANARY, verdict(blocked=True))
    assert (written(one), one._counts.tally.news()) == ([], [])


def test_name_on_a_worse_list_too() -> None:
    """What was blocked as malware and is hidden monitoring as well is for the own page alone, and told to nobody."""
    one = memory()
    for row in ("0-5", "13-15"):
        note(one, row, SPY, verdict(blocked=True, step=Step.HARD, category=MALWARE))
    assert written(one) == [("full", SPY, AT)]
    assert (one._counts.tally.news(), one.happened()) == ([], [])


def test_category_is_that_of_the_reason_else_the_names() -> None:
    """A pause of a game is counted as a game; what nothing knows is unclassified."""
    one = memory()
    game = next(entry.name for entry in book().entries if entry.tag == "browser_games" and not entry.is_exact)
    for name, said in (
        (CANARY, verdict(blocked=True, category="forum")),
        (game, verdict(blocked=True, step=Step.WORD)),
        (CANARY, verdict(blocked=True, step=Step.WORD)),
    ):
        note(one, "10-12", name, said)
    assert [key.category for key, _ in one._counts.tally.news()] == ["forum", "browser_games", "unclassified"]
    assert [entry.category for entry in one.entries(None, None, AT)] == ["unclassified", "browser_games", "forum"]


# --- malware


@pytest.mark.parametrize(
    ("row", "expected"),
    [*((band, [(f"p{band}", MALWARE, band, AT)]) for band in BANDS), ("unknown", [(None, "", "unknown", AT)])]
    + [(row, []) for row in ("adult", "managed", "pc")],
)
def test_malware_is_told(row: str, expected: list[object]) -> None:
    """As finely as the row lets it: with the kind, as a sign, or not at all; once until it is fetched."""
    one = memory()
    for at in (AT, AT + 1):
        note(one, row, CANARY, verdict(blocked=True, step=Step.HARD, category=MALWARE), at)
    assert one.happened() == expected
    assert one.happened() == []


@pytest.mark.parametrize(
    "said",
    [verdict(blocked=True, step=Step.HARD, category="gambling"), verdict(step=Step.WORD, category=MALWARE)],
    ids=str,
)
def test_what_is_no_malware_block(said: Verdict) -> None:
    """Another hard block, and malware that an owner let pass."""
    one = memory()
    note(one, "6-9", CANARY, said)
    assert one.happened() == []


# --- sessions

# Of an opened and a blocked query, and of both by the own page alone.
SESSIONS = """
0-5     f f - -
6-9     f f - -
10-12   f f - -
13-15   f f f f
16-17   f f f f
adult   - - - -
managed - - - -
pc      - - - -
unknown - - - -
"""


@pytest.mark.parametrize("line", SESSIONS.strip().splitlines())
def test_every_cell_of_a_session(line: str) -> None:
    """A session sees what its row lets it, of its own device."""
    row, *cells = line.split()
    for (own, blocked), cell in zip(product((False, True), repeat=2), cells, strict=True):
        one = memory()
        one.watch({row: 60.0}, UP)
        for device in ROWS:
            note(one, device, SPY if own else CANARY, verdict(blocked=blocked))
        found = [(entry.device, entry.grain, entry.at) for entry in one.session_entries(AT, UP)]
        assert found == ([(row, "full", AT)] if cell == "f" else [])


def test_session_ends() -> None:
    """At its end nothing more is written, and what it saw goes with it; so it does when it is ended before."""
    for is_ended_before in (False, True):
        one = memory()
        one.watch({"6-9": 60.0, "0-5": 300.0}, UP)
        note(one, "6-9", CANARY, verdict(), AT + 59, UP + 59)
        assert [one.is_watched(device, UP + 59) for device in ("6-9", "0-5", "10-12", None)] == [
            True,
            True,
            False,
            False,
        ]
        if is_ended_before:
            one.watch({"0-5": 240.0}, UP + 60)
        assert not one.is_watched("6-9", UP + 60)
        note(one, "6-9", CANARY, verdict(), AT + 60, UP + 60)
        note(one, "0-5", "b.example", verdict(), AT + 60, UP + 60)
        assert [entry.name for entry in one.session_entries(AT + 60, UP + 60)] == ["b.example"]
        one.sweep(AT + 60, UP + 60)
        assert CANARY not in repr(one.session._kept)


def test_session_entries_live_no_longer_than_a_quarter_of_an_hour() -> None:
    """A session that is begun again and again keeps nothing for longer."""
    one = memory()
    one.watch({"6-9": 900.0}, UP)
    note(one, "6-9", CANARY, verdict())
    one.watch({"6-9": 900.0}, UP + 800)
    assert one.session_entries(AT + 899, UP + 899)
    assert not one.session_entries(AT + 900, UP + 900)


# --- reading and forgetting


def test_read_by_device_and_person() -> None:
    """Of everyone, of a person on all devices, of one device."""
    one = memory()
    for row in ("10-12", "13-15"):
        note(one, row, CANARY, verdict())
    found = [
        [entry.device for entry in one.entries(device, person, AT)]
        for device, person in ((None, None), (None, "p13-15"), ("10-12", None), ("10-12", "p13-15"), ("6-9", None))
    ]
    assert found == [["13-15", "10-12"], ["13-15"], ["10-12"], [], []]


@pytest.mark.parametrize(
    ("band", "kept_s"), [("0-5", 7_200), ("6-9", 7_200), ("10-12", 86_400), ("13-15", 86_400), ("16-17", 86_400)]
)
def test_age(band: str, kept_s: int) -> None:
    """Each row's entries go at their own age, coarse ones a little sooner."""
    one = memory()
    note(one, band, CANARY, verdict(blocked=True))
    began = SLOT if band in ("0-5", "6-9") else AT
    assert written(one, began + kept_s - 1)
    assert not written(one, began + kept_s)
    one.sweep(began + kept_s, UP)
    assert len(one.recent) == 0


def test_new_house_erases_at_once() -> None:
    """A child who grew into another band, and one who left: nothing of theirs is in the memory any more."""
    one = memory()
    for band in BANDS:
        note(one, band, CANARY, verdict(blocked=True))
    left = house(**{"p10-12": "13-15"})
    one.adopt(House(persons=left.persons[1:], devices=left.devices[1:]))
    assert [entry.device for entry in one.entries(None, None, AT)] == ["16-17", "13-15", "6-9"]
    assert len(one.recent) == 3
    one.forget()
    assert written(one) == []


def test_no_canary_anywhere_but_where_it_may_be() -> None:
    """After queries of everyone, without a session: the name is held for those rows alone that may."""
    one = memory()
    for device, blocked in product((*ROWS, None), (False, True)):
        note(one, device, f"{device}-{blocked}.{CANARY}", verdict(blocked=blocked))
    held = {key.name for key, _ in one._counts.tally.news() if key.name}
    assert held == {f"{told}.{CANARY}" for told in ("0-5-False", "0-5-True", "6-9-True")}
    held |= {kept.entry.name or "" for kept in one.recent._kept}
    allowed = product(("10-12", "13-15", "16-17"), (False, True))
    assert held == {f"{told}.{CANARY}" for told in ("0-5-False", "0-5-True", "6-9-True")} | {
        f"{band}-{blocked}.{CANARY}" for band, blocked in allowed
    }
    assert CANARY not in repr(one.session._kept)
