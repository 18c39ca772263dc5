"""`house apply` names every mistake and loses nothing; `house show` prints what apply takes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.commands import house as command
from appliance.core.device import Device, DeviceKind, Forwarder, Told
from appliance.core.document import Document, DocumentError, to_yaml
from appliance.core.house import Blocking, BlockMode, House, Unknown
from appliance.core.person import BANDS, Do, Mode, Person, PersonKind, Rule, Setting
from appliance.core.said import Things
from appliance.core.schedule import Day, Window
from appliance.core.word import Grant, Pause
from appliance.world import rules
from appliance.world.snapshot import load_snapshot
from tests.commands.cli import HOUSE, answering, applied, fake_daemon, kindgate, status
from tests.rooms import tree

BOOK = rules.load_rulebook()

WRONG = [
    ("persons:\n- {id: kim, name: Kim, bund: 6-9}", ["line 2: persons.#1.bund: unknown key 'bund'"]),
    ("persons:\n- {id: kim, name: Kim, band: 6-10}", ["line 2: persons.#1: a child needs a band: one of 0-5,"]),
    ("persons:\n- {id: kim, name: Kim, kind: adult, band: 6-9}", ["line 2: persons.#1: an adult has no band"]),
    (
        "devices:\n- id: a\n  person: tom\n  macs: [02:77:00:00:00:10]",
        ["line 3: devices.#1.person: there is no person"],
    ),
    (
        "persons:\n- id: kim\n  name: Kim\n  band: 6-9\n  categories:\n    gambling: ask\n    nothing: block",
        [
            "line 6: persons.#1.categories.gambling: gambling at 6-9 is lifted by two caregivers together",
            "line 7: persons.#1.categories.nothing: there is no category 'nothing'",
        ],
    ),
    ("classifier:\n  steps: {gambling: 5}", ["line 2: classifier.steps: expected `int` <= 4"]),
    ("classifier:\n  steps: {nothing: 1}", ["line 2: classifier.steps.nothing: there is no category 'nothing'"]),
    ("classifier: {learns: true}", ["line 1: classifier.learns: unknown key 'learns'"]),
    ("persons:\n- {id: kim, name: Kim, kind: adult, risky_names: true}", ["line 2: persons.#1: an adult has no band"]),
    ("time_zone: Mars/Base", ["line 1: time_zone: there is no time zone 'Mars/Base'"]),
    ("version: 2", ["line 1: version 2 is not known here"]),
    ("persons: [", ["line "]),
    ("version: 1\nversion: 1", ["line 2: 'version' stands here a second time"]),
    ("just words", ["line 1: expected `object`"]),
    ("# nothing but a comment\n", ["line 1: nothing stands here"]),
    ("", ["line 1: nothing stands here"]),
    ("devices:\n- {id: a}", ["line 2: devices.#1: needs macs or addresses"]),
    ("devices:\n- {id: a, macs: [02:77]}", ["line 2: devices.#1: '02:77' is not a MAC address"]),
    ("pauses:\n- {said_at: 2026-01-01T10:00, until: 2026-01-01T11:00}", ["line 2: pauses.#1.said_at: "]),
    (
        "grants:\n- {person: x, said_at: 2026-01-01T10:00:00Z, until: 2026-01-01T11:00:00Z}",
        ["line 2: grants.#1.person: there is"],
    ),
    ("unknown_devices: 9-12", ["line 1: unknown_devices is one of "]),
    ("blocking: {mode: address}", ["line 1: blocking: mode address needs"]),
]


@pytest.mark.parametrize(("text", "lines"), WRONG)
def test_a_mistake_is_named_with_its_line_and_changes_nothing(tmp_path: Path, text: str, lines: list[str]) -> None:
    """Each problem is one line with file, line and place; exit status 1; the house before stays as it was."""
    data, file = applied(tmp_path / "data"), tmp_path / "new.yaml"
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    file.write_text(text)
    result = kindgate("house", "apply", str(file), data=data)
    assert (result.exit_code, result.stdout) == (1, "")
    told = result.stderr.removeprefix("Error: ").splitlines()
    assert len(told) == len(lines)
    for line, start in zip(told, lines, strict=True):
        assert line.startswith(f"{file}: {start}"), line
    assert {path.name: path.read_bytes() for path in data.iterdir()} == before


def test_two_mistakes_of_different_kinds_are_told_together() -> None:
    """The whole house is checked, so that one try shows all of its problems."""
    text = f"{HOUSE}- {{id: a, person: tom, addresses: [fd77::10]}}\ngrants: []\n"
    with pytest.raises(DocumentError) as caught:
        command.parse_house(text.replace("Europe/Berlin", "Europe/Nowhere"), BOOK)
    assert len(caught.value.problems) == 3


def test_a_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """From a file and from standard input."""
    (tmp_path / "latin.yaml").write_bytes("persons: [{name: Jürgen}]".encode("latin-1"))
    for file, name in ((str(tmp_path / "latin.yaml"), str(tmp_path / "latin.yaml")), ("-", "<stdin>")):
        result = kindgate("house", "apply", file, data=tmp_path / "data", stdin=b"name: J\xfcrgen")
        assert (result.exit_code, result.stderr) == (1, f"Error: {name}: not a text in UTF-8\n")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("file", "words"), [(".", "Is a directory"), ("missing.yaml", "No such file")])
def test_a_file_that_is_none_is_a_wrong_command_line(tmp_path: Path, file: str, words: str) -> None:
    """Exit status 2, and why."""
    result = kindgate("house", "apply", str(tmp_path / file), data=tmp_path / "data")
    assert result.exit_code == 2
    assert words in result.stderr


def test_without_a_daemon_it_is_published(tmp_path: Path) -> None:
    """Exit status 0: whoever starts next runs it; a new revision where something differs."""
    for revision, text in ((1, HOUSE), (1, HOUSE), (2, "version: 1\n"), (3, HOUSE)):
        result = kindgate("house", "apply", "-", data=tmp_path / "data", stdin=text)
        expected = f"Revision {revision} is published; no nameserver is running with {tmp_path / 'data'}.\n"
        assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")


def test_an_empty_house_is_said_on_purpose(tmp_path: Path) -> None:
    """`{}` and a version alone are houses: what `show` prints where nothing was said."""
    shown = kindgate("house", "show", data=tmp_path)
    assert (shown.exit_code, shown.stdout) == (0, "{}\n")
    assert "no house yet" in shown.stderr
    assert kindgate("house", "apply", "-", data=tmp_path, stdin=shown.stdout).exit_code == 0
    assert kindgate("house", "apply", "-", data=tmp_path, stdin="version: 1\n").exit_code == 0


def test_in_force_when_every_worker_says_so(tmp_path: Path) -> None:
    """With daemon: exit status 0 once all workers report the new house's digest."""

    def answer(_: dict[str, object]) -> object:
        snapshot = load_snapshot(tmp_path).snapshot
        return status(*[snapshot.digest if snapshot else ""] * 3)

    with fake_daemon(tmp_path, answer):
        result = kindgate("house", "apply", "-", data=tmp_path, stdin=HOUSE)
    assert (result.exit_code, result.stdout) == (0, "Revision 1 in force on 3 of 3 workers.\n")


def test_not_in_force_everywhere_is_exit_status_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that runs another house, and its reason, are told; the house is published all the same."""
    monkeypatch.setattr(command, "WAIT_S", 0.1)
    for problem, words in ((None, "the others did not report in time"), ("no such zone", "no such zone")):
        told = status("other", "other")
        workers = told["workers"]
        assert isinstance(workers, list)
        workers[1]["problem"] = problem
        with fake_daemon(tmp_path, answering({"status": told})):
            result = kindgate("house", "apply", "-", data=tmp_path, stdin=HOUSE)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr.startswith("Error: Revision ")
        assert result.stderr.endswith(f" in force on 0 of 2 workers: {words}\n")
    assert load_snapshot(tmp_path).snapshot is not None


def test_in_force_is_the_guards_word_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a guard, all its workers must run the house; one that has died is no proof."""
    monkeypatch.setattr(command, "WAIT_S", 0.1)

    def running(_: dict[str, object]) -> object:
        snapshot = load_snapshot(tmp_path).snapshot
        return status(snapshot.digest if snapshot else "")

    with fake_daemon(tmp_path, running):
        with fake_daemon(tmp_path, running, "guard"):
            assert kindgate("house", "apply", "-", data=tmp_path, stdin=HOUSE).exit_code == 0
        result = kindgate("house", "apply", "-", data=tmp_path, stdin=HOUSE)
    assert (result.exit_code, "is not in force at the guard" in result.stderr) == (3, True)


def test_a_bus_that_does_not_answer_is_exit_status_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that does not understand is no proof that the house is in force."""
    monkeypatch.setattr(command, "WAIT_S", 0.1)
    with fake_daemon(tmp_path, answering({})):
        result = kindgate("house", "apply", "-", data=tmp_path, stdin=HOUSE)
    assert (result.exit_code, "unknown request" in result.stderr) == (3, True)


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    """Exit status 1, and where."""
    (tmp_path / "file").write_text("")
    result = kindgate("house", "apply", "-", data=tmp_path / "file" / "data", stdin=HOUSE)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: not saved: {tmp_path / 'file' / 'data'}")


def test_show_falls_back_to_the_house_before(tmp_path: Path) -> None:
    """A damaged house.json is told, and the last good one printed."""
    applied(applied(tmp_path), "version: 1\n")
    (tmp_path / "house.json").write_text("{")
    result = kindgate("house", "show", data=tmp_path)
    assert (result.exit_code, "house.json can't be read" in result.stderr) == (0, True)
    assert command.parse_house(result.stdout, BOOK) == command.parse_house(HOUSE, BOOK)


def test_show_prints_what_apply_takes(tmp_path: Path) -> None:
    """The house with every key comes back as it was, in UTF-8, with umlauts and without quotes gone wrong."""
    (block,) = tree.blocks(tree.section(tree.RULES_README.read_text("utf-8"), "## A house in one file"), "yaml")
    text = block.text.replace("name: Mia", "name: Zoë Müller 🐈", 1)
    data = applied(tmp_path / "one", text)
    shown = kindgate("house", "show", data=data).stdout_bytes.decode("utf-8")
    again = kindgate("house", "show", data=applied(tmp_path / "two", shown)).stdout_bytes.decode("utf-8")
    assert shown == again
    assert command.parse_house(shown, BOOK) == command.parse_house(text, BOOK)
    assert "Zoë Müller 🐈" in shown


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)
NAMES = st.sampled_from(["example.com", "münchen.de", "on", "no.example", "1.2.3.4", "0x10", "xn--mnchen-3ya.de", "12"])
IDS = st.sampled_from(["a", "yes", "on", "1", "1e3", "0o7", "null", "12.5", "kim", "t-1"])
MACS = st.integers(0, 2**48 - 1).map(lambda number: number.to_bytes(6, "big").hex(":"))
ADDRESSES = st.ip_addresses().map(str)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda pair: f"{pair[0]:02}:{pair[1]:02}")
CATEGORIES = st.sampled_from(["shopping", "forum", "messaging", "music"])


def several(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """A few of something, as a tuple."""
    return st.lists(one, max_size=2).map(tuple)


RULES = st.builds(Rule, name=NAMES, do=st.sampled_from(Do), until=st.none() | MOMENTS)
WINDOWS = st.builds(
    Window, name=TEXTS, start=CLOCKS, end=CLOCKS, days=st.sets(st.sampled_from(Day), min_size=1).map(tuple)
)
CHILDREN = st.builds(
    Person,
    id=IDS,
    name=TEXTS,
    band=st.sampled_from(BANDS),
    unknown_names=st.none() | st.sampled_from(Mode),
    categories=st.dictionaries(CATEGORIES, st.sampled_from(Setting), max_size=2),
    rules=several(RULES),
    windows=several(WINDOWS),
    always_on=st.builds(Things, names=several(NAMES), categories=several(CATEGORIES)),
)
MODES = [one for one in BlockMode if one is not BlockMode.ADDRESS]
FORWARDERS = st.builds(
    Forwarder, id=IDS, addresses=st.tuples(ADDRESSES), options=st.sets(st.sampled_from(Told)).map(tuple)
)
DEVICES = st.builds(
    Device,
    id=IDS,
    macs=st.tuples(MACS),
    name=st.none() | TEXTS,
    kind=st.sampled_from(DeviceKind),
    bedtime=st.booleans(),
)
ADULTS = st.builds(Person, id=IDS, name=TEXTS, kind=st.just(PersonKind.ADULT), rules=several(RULES))
HOUSES = st.builds(
    House,
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]),
    country=st.none() | st.sampled_from(["DE", "NO"]),
    language=st.sampled_from(["en", "no", "de"]),
    unknown_devices=st.sampled_from([*BANDS, *(choice.value for choice in Unknown)]),
    networks=several(st.ip_addresses().map(lambda address: f"{address}/{address.max_prefixlen}")),
    blocking=st.builds(Blocking, mode=st.none() | st.sampled_from(MODES)),
    forwarders=several(FORWARDERS),
    persons=several(CHILDREN | ADULTS),
    devices=several(DEVICES),
    pauses=several(st.builds(Pause, said_at=MOMENTS, until=MOMENTS)),
    grants=several(st.builds(Grant, person=IDS, said_at=MOMENTS, until=MOMENTS, name=st.none() | NAMES)),
)


@given(HOUSES)
def test_any_house_comes_back_from_its_yaml(house: House) -> None:
    """Whatever words people use for names and ids, what `show` prints is read as the same house."""
    assert Document(to_yaml(house)).to(House) == house
