"""Who sees what, cell by cell; the laws of the house, which no contract can break; what is made of it."""

import re
from collections.abc import Iterator
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import visibility
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.core.visibility import Expiry, Granularity, Role, VisibilityError, parse, seconds
from appliance.world import rules

TEXT = (rules.folder() / visibility.FILE).read_text("utf-8")
CONTRACT = parse(TEXT)
BOOK = rules.load_rulebook()

BANDS = ("0-5", "6-9", "10-12", "13-15", "16-17")
COLUMNS = (*BANDS, "adult", "unknown")
HOUR = 3_600
DAY = 24 * HOUR
UNITS = {"m": 60, "h": HOUR, "d": DAY}

# Caregivers / the child: how long; at 0-5, 6-9, 10-12, 13-15, 16-17, for adults and unknown devices, or for all alike.
# - nothing, s a sign, w week, d day, c category, n name, f full; * behind the PIN; >24h after so long, ~ if it lasts.
EXPECTED = """
device_presence    f/f:24h  f/f:24h     f/f:24h       -/f:24h       -/-:0    -/-:0  -/-:0
time_sum           d/d:30d  d/d:30d     d/d:14d       -/d:14d       -/d:2d   -/-:0  -/-:0
budget_minutes     d/d:30d  d/d:30d     d/d:14d       d/d:14d       -/d:2d   -/-:0  -/-:0
budget_ends        d/d:7d   d/d:7d      d/d:7d        d/d:7d        -/-:0    -/-:0  -/-:0
ledger_minutes     d/d:30d  d/d:30d     d/d:14d       w/w:28d       -/-:0    -/-:0  -/-:0
minute_causes      -/c:24h  -/c:24h     -/f*:24h      -/f*:24h      -/f*:24h -/-:0  -/-:0
category_counts    d/d:30d  d/d:30d     d/d:14d       w/w:28d       -/-:0    -/-:0  -/-:0
names_visited      n/n:7d   -/-:0       -/-:0         -/-:0         -/-:0    -/-:0  -/-:0
names_blocked      n/n:7d   n/n:7d      c/c:14d       w/w:28d       -/-:0    -/-:0  -/-:0
just_blocked       -/-:0    -/-:0       -/n:15m       -/n:15m       -/n:15m  -/-:0  -/-:0
queries_ring       -/-:2h   -/-:2h      -/f*:24h      -/f*:24h      -/f*:24h -/-:0  -/-:0
troubleshooting    f/f:15m  f/f:15m     c/f*:15m      -/f*:15m      -/f*:15m -/-:0  -/-:0
bypass_signs       c/c:30d  c>1h/c:30d  c>24h~/c:14d  s>72h~/c:14d  -/-:0    -/-:0  -/-:0
cuts               f/f:7d   f/f:7d      f/f:7d        -/f:24h       -/f:24h  -/-:0  -/-:0
security_events    n/n:7d   n/n:7d      c/c:7d        s/c:7d        s/c:7d   -/-:0  s/s:7d
alerts             c/c:7d   c/c:7d      c>24h~/c:7d   -/-:0         -/-:0    -/-:0  -/-:0
requests           f/f:30d  f/f:30d     f/f:30d       f/f:14d       f/f:14d  -/-:0  f/f:14d
pauses_grants      f/f:30d  f/f:30d     f/f:30d       f/f:14d       f/f:14d  -/-:0  f/f:14d
resolved_addresses -/-:24h  -/-:24h     -/-:24h       -/-:24h       -/-:24h  -/-:0  -/-:24h
thing_names        n/n:24h  n/n:24h     -/-:0         -/-:0         -/-:0    -/-:0  n/n:24h
rules f/f:standing
rule_changes f/f:360d
earlier_houses f/f:14d
persons f/f:standing
device_inventory f/f:standing
found_devices f/f:7d
accounts f/n:standing
invitations n/n:7d
sign_ins f/-:7d
secrets -/-:standing
forwarder_counts d/d:7d
box_counts d/d:30d
box_events f/s:30d
answers -/-:48h
classifier_cache -/-:24h
"""
LETTERS = {"-": "no", "s": "sign", "w": "week", "d": "day", "c": "category", "n": "name", "f": "full"}
CELL = re.compile(r"([-swdcnf])(?:>(\d+h))?(~?)/([-swdcnf])(\*?):(\w+)")


def span(text: str) -> int | None:
    """Return a span of the table in seconds."""
    if text == "standing":
        return None
    return 0 if text == "0" else int(text[:-1]) * UNITS[text[-1]]


def cells() -> Iterator[tuple[str, str, str]]:
    """Yield each field, row and cell of the tables."""
    for line in EXPECTED.strip().splitlines():
        field, *told = line.split()
        yield from ((field, row, cell) for row, cell in zip(COLUMNS, told * (7 // len(told)), strict=True))


WALK = list(cells())
IDS = list(dict.fromkeys(field for field, _, _ in WALK))
OF_PERSONS = IDS[: IDS.index("rules")]
OWN_WORDS = {"requests", "pauses_grants"}
"""Hold a name only if the child sent it or a caregiver wrote it."""
NUMBERS = {"cuts"}
"""Hold numbers and moments, and could hold no name."""


def verdict(action: Action = Action.ALLOW, step: Step = Step.CATEGORY, *, silent: bool = False, **args: str) -> Verdict:
    """Return a verdict as the order of decision gives it."""
    return Verdict(action, step, Reason.of("why", **args), traceless=silent)


def seen(field: str, row: str, role: Role, choice: Granularity | None = None) -> str:
    """Return the word for what a role sees."""
    return CONTRACT.view(field, row, role, choice).granularity.value


OPENED = verdict(Action.ALLOW, category="music")
BLOCKED = verdict(Action.BLOCK, category="forum")
ASKED = verdict(Action.ASK, category="forum")
STALKERWARE = verdict(Action.BLOCK, Step.HARD, category="stalkerware")


@pytest.mark.parametrize(("field", "row", "cell"), WALK, ids=[f"{field}@{row}" for field, row, _ in WALK])
def test_every_cell(field: str, row: str, cell: str) -> None:
    """Role × band × field: how finely, for how long, and how much later than the child."""
    match = CELL.fullmatch(cell)
    assert match
    theirs, after, lasting, own, pin, kept = match.groups()
    you, caregivers = (CONTRACT.view(field, row, role) for role in Role)
    assert (LETTERS[theirs], LETTERS[own]) == (caregivers.granularity.value, you.granularity.value)
    assert (span(after or "0"), bool(lasting)) == (caregivers.after_s, caregivers.is_lasting)
    assert (0, False, bool(pin)) == (you.after_s, you.is_lasting, you.needs_pin)
    assert [span(kept)] * 3 == [caregivers.kept_s, you.kept_s, CONTRACT.may_keep(field, row)]
    assert [caregivers.is_wider, you.is_wider] == [False] * 2


def test_the_tables_are_whole() -> None:
    """No field is here or there alone, each says what it is for, and those of the moment live in memory alone."""
    assert [field.id for field in CONTRACT.fields] == IDS
    assert set(COLUMNS) == set(visibility.ROWS)
    assert all(field.purpose.endswith(".") for field in CONTRACT.fields)
    in_memory = "answers classifier_cache device_presence just_blocked minute_causes queries_ring resolved_addresses"
    found = sorted(field.id for field in CONTRACT.fields if field.stores == ("memory",))
    assert found == [*in_memory.split(), "thing_names", "troubleshooting"]


def test_what_is_never_written() -> None:
    """Help lines, protected information, what ships as hashes only, what nobody may hold: as the rules have it."""
    hashed = {id_ for id_, category in BOOK.categories.items() if category.hashed}
    assert {*BOOK.information, *hashed, "help_report", "csam"} == CONTRACT.never.categories
    assert {Step.HELP, Step.PROTECTED} == CONTRACT.never.steps
    assert {"stalkerware"} == CONTRACT.never.to_caregivers
    assert CONTRACT.never.to_caregivers <= BOOK.categories.keys()


def test_the_rest_of_some_cells() -> None:
    """Three alerts a week, of few categories; own recent names to erase from 10 up, to turn off at the oldest band."""
    assert CONTRACT.field("alerts").per_week == 3
    of = [CONTRACT.view("alerts", row, Role.CAREGIVER).of for row in BANDS]
    assert of == [("gambling", "pornography")] * 2 + [("stranger_video_chat",), (), ()]
    assert {category for told in of for category in told} <= BOOK.categories.keys()
    may = [CONTRACT.view("queries_ring", row, Role.CHILD).child_may for row in BANDS]
    assert may == [(), (), ("erase",), ("erase",), ("erase", "off")]


@pytest.mark.parametrize(("field", "row"), [("diary", "6-9"), ("alerts", "18-99")])
def test_a_cell_that_is_not_there(field: str, row: str) -> None:
    """There is no field outside the contract, and no row."""
    with pytest.raises(KeyError):
        CONTRACT.view(field, row, Role.CAREGIVER)


# --- The laws, whatever a caregiver chooses: every case there is ---

CHOICES = (None, *Granularity)
EVERY = list(product(OF_PERSONS, COLUMNS, CHOICES))
NAME = Granularity.NAME.rank


def test_caregivers_see_no_more_at_an_older_band() -> None:
    """Nor sooner."""
    for field, pair in product(OF_PERSONS, pairwise(BANDS)):
        younger, older = (CONTRACT.view(field, band, Role.CAREGIVER) for band in pair)
        assert older.granularity.rank <= younger.granularity.rank
        assert older.granularity is Granularity.NO or older.after_s >= younger.after_s


def test_a_child_sees_at_least_what_caregivers_see() -> None:
    """Never later, and of no fewer categories; and no less because caregivers chose less."""
    for field, row, choice in EVERY:
        you, caregivers = (CONTRACT.view(field, row, role, choice) for role in (Role.CHILD, Role.CAREGIVER))
        assert you.granularity.rank >= caregivers.granularity.rank
        assert you.granularity.rank >= CONTRACT.view(field, row, Role.CHILD).granularity.rank
        assert (you.after_s, you.of) == (0, caregivers.of)


def test_nothing_is_kept_beyond_twelve_months_and_nothing_of_adults() -> None:
    """But for what is set in the house and stands until someone takes it out."""
    for field, row, choice in product(IDS, COLUMNS, CHOICES):
        kept_s = CONTRACT.may_keep(field, row, choice)
        assert 0 <= (kept_s or 0) <= 365 * DAY
        if field in OF_PERSONS:
            assert kept_s is not None
            assert row != "adult" or (kept_s, CONTRACT.grain(field, row, choice)) == (0, Granularity.NO)


def test_no_names_on_a_disk_from_ten_up() -> None:
    """A name gets there only in the child's own request; visited ones not from 6 up."""
    for field, row, choice in EVERY:
        is_on_disk = CONTRACT.field(field).stores != ("memory",)
        if row not in ("0-5", "6-9") and field not in OWN_WORDS | NUMBERS and is_on_disk:
            assert CONTRACT.grain(field, row, choice).rank < NAME
        if row != "0-5":
            assert CONTRACT.grain("names_visited", row, choice) is Granularity.NO


def test_nobody_but_the_child_sees_names_from_thirteen_up() -> None:
    """And the child for a day at most, behind the PIN, but for what the device in hand was just refused."""
    assert CONTRACT.view("just_blocked", "13-15", Role.CHILD).kept_s == 15 * 60
    named = ["minute_causes", "names_visited", "names_blocked", "queries_ring", "troubleshooting", "security_events"]
    for field, row, choice in product(named, COLUMNS[3:], CHOICES):
        caregivers, you = (CONTRACT.view(field, row, role, choice) for role in (Role.CAREGIVER, Role.CHILD))
        assert caregivers.granularity.rank < NAME
        if you.granularity.rank >= NAME:
            assert (you.needs_pin, (you.kept_s or DAY + 1) <= DAY) == (True, True)


def test_what_caregivers_choose_is_capped() -> None:
    """At most the next younger band's view, with its delay and its age; less is less; what is fixed stays."""
    for field, row, choice in product(IDS, COLUMNS, CHOICES):
        default, view = (CONTRACT.view(field, row, Role.CAREGIVER, one) for one in (None, choice))
        offers = CONTRACT.field(field).offers(row)
        younger = BANDS[max(0, BANDS.index(row) - 1)] if row in BANDS else row
        ceiling = CONTRACT.view(field, younger, Role.CAREGIVER)
        assert {default.granularity, view.granularity} <= set(offers)
        assert view.granularity.rank <= ceiling.granularity.rank
        assert view.is_wider == (view.granularity.rank > default.granularity.rank)
        if view.is_wider:
            assert (view.after_s, view.kept_s, view.of) == (ceiling.after_s, ceiling.kept_s, ceiling.of)
        if choice is not None and len(offers) > 1:
            assert view.granularity.rank <= choice.rank


def test_bypass_signs_can_be_seen_no_sooner() -> None:
    """From 13 up after 72 hours and without detail, in a wider view too."""
    for row, choice in product(("13-15", "16-17"), CHOICES):
        view = CONTRACT.view("bypass_signs", row, Role.CAREGIVER, choice)
        assert view.granularity in (Granularity.NO, Granularity.SIGN)
        assert view.granularity is Granularity.NO or view.after_s == 72 * HOUR


def test_less_and_wider() -> None:
    """What a page may offer: less always, more by one band, nothing where a field is fixed or of the house."""
    expected = """
    category_counts 13-15 no week day
    category_counts 16-17 no week
    category_counts 0-5 no week day
    names_visited 6-9 no
    names_blocked 6-9 no week category name
    names_blocked 10-12 no week category
    names_blocked 13-15 no week category
    bypass_signs 13-15 no sign
    cuts 13-15 no full
    cuts 16-17 no
    requests 16-17 full
    queries_ring 16-17 no
    rules 6-9 full
    security_events unknown no sign
    """
    for line in expected.strip().splitlines():
        field, row, *rungs = line.split()
        assert [rung.value for rung in CONTRACT.field(field).offers(row)] == rungs, line


def test_a_wider_and_a_narrower_view() -> None:
    """Wider: the younger band's, for as long as there, and the child's too. Narrower: the child's own stays."""
    week = Granularity.WEEK
    view = CONTRACT.view("category_counts", "16-17", Role.CAREGIVER, Granularity.FULL)
    assert (view.granularity, view.kept_s, view.is_wider) == (week, 28 * DAY, True)
    assert seen("category_counts", "16-17", Role.CHILD, Granularity.FULL) == "week"
    assert CONTRACT.may_keep("category_counts", "16-17", week) == 28 * DAY
    assert CONTRACT.grain("category_counts", "16-17", week) is week
    assert seen("names_blocked", "6-9", Role.CAREGIVER, Granularity.DAY) == "week"
    assert seen("names_blocked", "6-9", Role.CHILD, Granularity.NO) == "name"
    assert seen("requests", "6-9", Role.CAREGIVER, Granularity.NO) == "full"


# What of an opened, a blocked and a hidden-monitoring query is written, for how many seconds; then in a session.
RINGS = """
0-5     name name no   7200  | full full no   900
6-9     no   name no   7200  | full full no   900
10-12   full full full 86400 | full full no   900
13-15   full full full 86400 | full full full 900
16-17   full full full 86400 | full full full 900
adult   no   no   no   0     | no   no   no   0
unknown no   no   no   0     | no   no   no   0
"""


@pytest.mark.parametrize("line", RINGS.strip().splitlines())
def test_the_rings(line: str) -> None:
    """What caregivers may not know of a device isn't in what they see."""
    row, *expected = line.replace("|", "").split()
    told: list[str] = []
    for ring in (CONTRACT.ring(row), CONTRACT.ring(row, name="session")):
        told += [ring.keeps(each).value for each in (OPENED, BLOCKED, STALKERWARE)] + [str(ring.kept_s)]
        assert ring.keeps(ASKED) is ring.keeps(BLOCKED)
    assert told == expected


SILENT = [
    verdict(silent=True),
    verdict(step=Step.HELP),
    verdict(step=Step.PROTECTED, category="mental_health"),
    *(verdict(Action.BLOCK, Step.HARD, category=category) for category in sorted(CONTRACT.never.categories)),
    verdict(Action.ALLOW, Step.WORD, what="lgbtq_support"),
]


@pytest.mark.parametrize("silent", SILENT, ids=str)
def test_no_ring_holds_what_is_silent(silent: Verdict) -> None:
    """By the verdict's own word, by its step, by its category: each alone is enough."""
    for row, name in product(COLUMNS, ("recent", "session")):
        assert CONTRACT.ring(row, name=name).keeps(silent) is Granularity.NO


def test_choices_and_the_ring() -> None:
    """Caregivers' choices change nothing in it; at 16-17 the child turns it off, and no sum needs it on."""
    for row, choice in product(COLUMNS, Granularity):
        assert CONTRACT.ring(row, dict.fromkeys(IDS, choice)).levels == CONTRACT.ring(row).levels
    assert CONTRACT.ring("13-15", off={"queries_ring"}).keeps(OPENED) is Granularity.FULL
    for off, blocked in (({"queries_ring"}, Granularity.NAME), ({"queries_ring", "just_blocked"}, Granularity.NO)):
        ring = CONTRACT.ring("16-17", {"names_blocked": Granularity.WEEK}, off=off)
        assert [ring.keeps(each) for each in (OPENED, BLOCKED)] == [Granularity.NO, blocked]


@pytest.mark.parametrize(("field", "row"), [("security_events", "13-15"), ("category_counts", "6-9")])
def test_what_caregivers_see_holds_nothing_of_the_own_page_alone(field: str, row: str) -> None:
    """Only what they can't see may."""
    assert CONTRACT.grain(field, row, is_own=True) is Granularity.NO
    assert CONTRACT.grain("queries_ring", "13-15", is_own=True) is Granularity.FULL


@pytest.mark.parametrize("row", COLUMNS)
def test_words_say_every_field(row: str) -> None:
    """In the file's order: seen by the child, seen by caregivers, kept how long."""
    told = list(CONTRACT.words(row))
    assert [line.field.id for line in told] == IDS
    for line in told:
        assert line.you == CONTRACT.view(line.field.id, row, Role.CHILD)
        assert line.caregivers == CONTRACT.view(line.field.id, row, Role.CAREGIVER)
        assert seconds(line.kept) == line.you.kept_s


def test_words_say_a_wider_view() -> None:
    """With its own age."""
    told = {line.field.id: line for line in CONTRACT.words("16-17", {"category_counts": Granularity.WEEK})}
    kept = {id_: (told[id_].caregivers.is_wider, told[id_].kept) for id_ in ("category_counts", "time_sum")}
    assert kept == {"category_counts": (True, "4 weeks"), "time_sum": (False, "2 d")}


def test_spans() -> None:
    """A number and a unit; a month is 30 days."""
    spans = {"15 min": 900, "24 h": DAY, "7 d": 7 * DAY, "4 weeks": 28 * DAY, "12 months": 360 * DAY, "never": 0}
    assert {text: seconds(text) for text in spans} == spans
    assert seconds("standing") is None


def test_outgrown() -> None:
    """What goes at once when a child grows into the next band; all, when the child is grown up."""
    outgrown = [CONTRACT.outgrown(*pair) for pair in pairwise(BANDS)]
    assert outgrown[:2] == [{"names_visited"}, {"names_blocked", "security_events", "thing_names"}]
    assert outgrown[2] == {"category_counts", "ledger_minutes", "names_blocked", "alerts"}
    assert CONTRACT.outgrown("13-15", "10-12") == set()
    left = {id_ for id_ in OF_PERSONS if CONTRACT.grain(id_, "16-17") is not Granularity.NO}
    assert CONTRACT.outgrown("16-17", "adult") == left


FILLED = """columns:
  house:
    requests: {id: "technical, joins", person: "requests, person", said_at: "requests, age", words: requests}
    accounts: {name: accounts, hash: secrets}
    mixed: {person: "requests, person", at: "rule_changes, age", rule: rules}
  ledger: {}
  journal:
    box: {at: "box_counts, age", number: forwarder_counts}
    blocked: {day: "names_blocked, age", person: "names_blocked, person", name: names_blocked}
"""


def filled(columns: str = FILLED) -> visibility.Contract:
    """Return the contract with some columns."""
    return parse(TEXT[: TEXT.index("\ncolumns:")] + "\n" + columns)


def test_retention() -> None:
    """Each table of which a column tells the person, with the age of its shortest-kept field; or of nobody's."""
    contract = filled()
    assert next(contract.retention("6-9")) == Expiry("house", "requests", "said_at", "person", 30 * DAY)
    assert [each.table for each in contract.retention("6-9")] == ["requests", "mixed", "blocked"]
    assert list(contract.retention(None)) == [Expiry("journal", "box", "at", None, 7 * DAY)]
    ages = {row: [each.max_age_s // DAY for each in contract.retention(row)] for row in ("6-9", "13-15", "adult")}
    assert ages == {"6-9": [30, 30, 7], "13-15": [14, 14, 28], "adult": [0, 0, 0]}
    wider = contract.retention("16-17", {"names_blocked": Granularity.WEEK})
    assert [each.max_age_s // DAY for each in wider] == [14, 14, 28]


def test_unlisted_columns() -> None:
    """Every column of a database has an entry, a technical one too."""
    house = {"requests": ["id", "person", "said_at", "words", "mood"], "accounts": ["name", "hash"]}
    there = {"house": house, "ledger": {"minutes": ["day"]}, "other": {"queries": ["name"]}}
    expected = {("house", "requests", "mood"), ("ledger", "minutes", "day"), ("other", "queries", "name")}
    assert filled().unlisted(there) == expected
    assert filled().unlisted({"journal": {"box": ["at"]}}) == set()


def changed(field: str, row: str, cell: str) -> tuple[str, int]:
    """Return the file with another cell, and the number of its line."""
    lines = TEXT.splitlines()
    start = lines.index(f"  - id: {field}")
    at = next(number for number in range(start, len(lines)) if lines[number].startswith(f"      {row}: "))
    lines[at] = f"      {row}: {{{cell}}}"
    return "\n".join(lines), at + 1


BROKEN = [
    ("requests", "6-9", "caregiver: full, child: full, kept: 13 months", "for longer than 12 months"),
    ("requests", "6-9", "caregiver: full, child: full, kept: standing", "only what is of the house is standing"),
    ("requests", "6-9", "caregiver: full, child: full, kept: never", "what is never kept can't be seen"),
    ("requests", "6-9", "caregiver: full, child: full, kept: 30 days", "'30 days' is no span"),
    ("requests", "6-9", "caregiver: full, child: full, kept: 9 d, after: standing", "after is a span of time"),
    ("requests", "6-9", "caregiver: all, child: full, kept: 9 d", "invalid enum value 'all'"),
    ("requests", "6-9", "caregiver: full, child: full", "missing required field `kept`"),
    ("requests", "6-9", "caregiver: full, child: full, kept: 9 d, seen: no", "unknown key 'seen'"),
    ("requests", "6-9", "caregiver: full, child: name, kept: 9 d", "at least what caregivers see"),
    ("requests", "adult", "caregiver: no, child: full, kept: 9 d", "nothing of adults"),
    ("requests", "adult", "caregiver: no, child: no, kept: 9 d", "nothing of adults"),
    ("time_sum", "13-15", "caregiver: full, child: full, kept: 9 d", "no more than at 10-12"),
    ("security_events", "unknown", "caregiver: category, child: full, kept: 9 d", "no more than at 16-17"),
    ("bypass_signs", "13-15", "caregiver: sign, child: category, kept: 9 d, after: 1 h", "no sooner than at 10-12"),
    ("time_sum", "13-15", "caregiver: day, child: day, kept: 9 d, widest: no", "lies between the own view"),
    ("time_sum", "13-15", "caregiver: no, child: day, kept: 9 d, widest: full", "lies between the own view"),
    ("names_visited", "6-9", "caregiver: name, child: name, kept: 7 d", "no names of this age are on a disk"),
    ("names_visited", "6-9", "caregiver: no, child: no, kept: 7 d", "no names of this age are on a disk"),
    ("names_visited", "0-5", "caregiver: name, child: full, kept: 7 d", "no list of queries"),
    ("names_blocked", "10-12", "caregiver: category, child: category, kept: 7 d", "no names of this age"),
    ("names_blocked", "10-12", "caregiver: category, child: name, kept: 7 d", "no names of this age"),
    ("troubleshooting", "13-15", "caregiver: name, child: full, kept: 15 min", "nobody but the child sees names"),
]


@pytest.mark.parametrize(("field", "row", "cell", "said"), BROKEN, ids=range(len(BROKEN)))
def test_a_cell_that_breaks_a_law(field: str, row: str, cell: str, said: str) -> None:
    """Is refused with its line, and in words."""
    text, line = changed(field, row, cell)
    with pytest.raises(VisibilityError) as caught:
        parse(text)
    said = said.removeprefix("widest: ")
    assert any(f"visibility.yaml: line {line}: " in each and said in each for each in str(caught.value).split("\n"))


EDITS = [
    ("version: 1\n", "version: 2\n", "version: 2", "invalid enum value 2"),
    ("  steps: [help, protected]", "  steps: [helf]", "steps: [helf]", "invalid enum value 'helf'"),
    ("  - id: time_sum\n", "  - id: device_presence\n", None, "device_presence stands here a second time"),
    ("    ring: session\n", "    ring: daily\n", "ring: daily", "invalid enum value 'daily'"),
    ("    names: all\n    ring: session\n", "    ring: session\n", "ring: session", "a ring is in memory"),
    ("    per_week: 3\n", "    per_week: 3\n    weekly: 3\n", "weekly: 3", "unknown key 'weekly'"),
    ("    per_week: 3\n", "    everyone: {caregiver: no, child: no, kept: 1 d}\n", "- id: alerts", "has either"),
    ("      adult: {", "      adults: {", "      adults: {", "unknown key 'adults'"),
    ("  ledger:\n    counts:", "  diary:\n    counts:", "  house:\n    revisions", "invalid enum value 'diary'"),
    ("version: 1\n", "version: 1\nversion: 1\n", None, "'version' stands here a second time"),
]


@pytest.mark.parametrize(("old", "new", "at", "said"), EDITS, ids=range(len(EDITS)))
def test_a_file_that_says_something_else(old: str, new: str, at: str | None, said: str) -> None:
    """An unknown word, a missing row, a field twice: refused, with its line where it stands alone."""
    text = TEXT.replace(old, new, 1)
    assert text != TEXT
    with pytest.raises(VisibilityError, match=re.escape(said)) as caught:
        parse(text)
    if at:
        assert str(caught.value).startswith(f"visibility.yaml: line {text[: text.index(at)].count(chr(10)) + 1}: ")


MISFITS = [
    ("{at: box_counts}", "no column tells the age", 4),
    ("{name: diary}", "diary is no field that lives in journal", 4),
    ("{name: accounts}", "accounts is no field that lives in journal", 4),
    ('{at: "queries_ring, age"}', "queries_ring is no field that lives in journal", 4),
    ('{at: "names_blocked, age", name: names_blocked}', "no column tells the person", 4),
    ('{at: "box_events, age", on: "box_events, age"}', "age: a column is", 4),
    ('{at: "box_events, age", on: "box_events, day"}', "day: a column is", 4),
    ("{id: technical}", "technical is no field that lives in journal", 4),
    ('\n      at: "box_events, age"\n      id: diary', "diary is no field", 6),
    ("{id: [1]}", "expected `str`", 2),
]


@pytest.mark.parametrize(("columns", "said", "line"), MISFITS, ids=range(len(MISFITS)))
def test_a_column_that_fits_no_field(columns: str, said: str, line: int) -> None:
    """A field that doesn't live in that database, no age, nobody's, or no reason: refused with its line."""
    begins = TEXT[: TEXT.index("\ncolumns:")].count("\n") + 1
    with pytest.raises(VisibilityError, match=re.escape(said)) as caught:
        filled(f"columns:\n  house: {{}}\n  journal:\n    table: {columns}\n")
    assert f"line {begins + line}: " in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_refused_in_our_own_words(text: str) -> None:
    """Nothing but our error."""
    with pytest.raises(VisibilityError, match=r"visibility\.yaml: line \d+: "):
        parse(text)
