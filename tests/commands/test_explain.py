"""`explain` says what happens to a name: for whom, when, and in which words."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from appliance.core.budget import Minutes, Used
from appliance.core.rulebook import RulebookError
from appliance.core.wire import mnemonics
from appliance.world import rules
from appliance.world.snapshot import load_snapshot
from appliance.world.state import State, publish_state
from tests.commands.cli import HOUSE, applied, kindgate

KEYS = [
    "action", "step", "reason", "sentence", "to_child", "target", "answer", "given", "at_home", "by_list", "looks",
    "is_unasked", "services", "categories", "until", "counted", "traceless", "slowed", "lift",
]  # fmt: skip
DAY = "2026-11-18T15:00"
"""A Wednesday afternoon."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a house in it."""
    return applied(tmp_path / "data")


def explained(data: Path, *words: str) -> dict[str, Any]:
    """Return what `explain --json` says; exit status 0 and nothing beside."""
    result = kindgate("explain", *words, "--json", data=data)
    assert (result.exit_code, result.stderr) == (0, "")
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_json_has_just_these_fields(data: Path) -> None:
    """Field for field, in this order, for a block."""
    told = explained(data, "tiktok.com", "--person", "kim", "--at", DAY)
    assert list(told) == KEYS
    assert told == {
        "action": "block",
        "step": "category",
        "reason": {"code": "category_block", "args": {"category": "social_media", "origin": "6-9"}},
        "sentence": "Blocked at this age: Social feeds.",
        "to_child": "This is closed for your age: Social feeds. You can ask.",
        "target": None,
        "answer": "block",
        "given": None,
        "at_home": None,
        "by_list": None,
        "looks": None,
        "is_unasked": False,
        "services": ["TikTok"],
        "categories": ["Social feeds"],
        "until": "2026-11-18T20:00:00+01:00",
        "counted": False,
        "traceless": False,
        "slowed": False,
        "lift": "one",
    }


def test_what_is_slow_is_told(tmp_path: Path) -> None:
    """It is open: only a gateway can slow it."""
    evening = '  - {name: Evening, start: "14:00", end: "16:00", internet: true, slow: true}'
    house = HOUSE.replace("  windows:\n", f"  windows:\n{evening}\n")
    data = applied(tmp_path, house)
    told = explained(data, "example.com", "--person", "kim", "--at", DAY)
    assert (told["action"], told["slowed"], told["until"]) == ("allow", True, "2026-11-18T16:00:00+01:00")
    printed = kindgate("explain", "example.com", "--person", "kim", "--at", DAY, data=data).stdout
    assert "  Slow now, where the box is the gateway.\n" in printed


def test_json_of_what_is_open(data: Path) -> None:
    """Nothing to lift is null; no next change is null; counted and traceless are told."""
    told = explained(data, "roblox.com", "--person", "kim", "--at", DAY)
    assert (told["action"], told["counted"], told["lift"]) == ("allow", True, None)
    told = explained(data, "childline.org.uk", "--person", "kim", "--at", "2026-11-18T23:00")
    assert (told["step"], told["traceless"], told["until"]) == ("help", True, None)
    told = explained(data, "example.com")
    assert (told["step"], told["until"]) == ("default", None)


def test_a_person_reads_sentences(data: Path) -> None:
    """Without --json: action and name, the reason, the step, until when, who lifts it."""
    expected = [
        "BLOCK  blocked.example",
        "  A caregiver blocked blocked.example.",
        "  To the child: A grown-up closed blocked.example for you.",
        "  Step: own",
        "  Until: 2026-11-18T20:00:00+01:00",
        "  A caregiver can lift this.",
    ]
    result = kindgate("explain", "Blocked.Example.", "--person", "kim", "--at", DAY, data=data)
    assert (result.exit_code, result.stdout.splitlines()) == (0, expected)
    result = kindgate("explain", "roblox.com", "--person", "kim", "--at", DAY, data=data)
    assert result.stdout.splitlines()[-1] == "  Counts as screen time."
    result = kindgate("explain", "kidshelpphone.ca", data=data)
    assert result.stdout.splitlines()[-1] == "  Leaves no trace."


DEVICE_WORDS = [
    "tablet", "TABLET", "kim's tablet", "Kim's Tablet", "02:77:00:00:00:10", "02-77-00-00-00-10", "02:77:00:00:00:10 ",
    "192.168.77.10", "fd77::10", "FD77:0:0::10", "::ffff:192.168.77.10",
]  # fmt: skip


@pytest.mark.parametrize("word", DEVICE_WORDS)
def test_a_device_by_any_of_its_words(data: Path, word: str) -> None:
    """Id, name, MAC or address, in any spelling: the tablet is the child's."""
    told = explained(data, "blocked.example", "--device", word, "--at", DAY)
    assert told["reason"] == {"code": "own_block", "args": {"name": "blocked.example"}}


@pytest.mark.parametrize("word", ["kim", "Kim", "KIM"])
def test_a_person_by_id_or_name(data: Path, word: str) -> None:
    """In any case."""
    assert explained(data, "blocked.example", "--person", word, "--at", DAY)["step"] == "own"


def test_nobody_is_a_device_that_nobody_named(data: Path) -> None:
    """Neither --person nor --device; a named device without a person gets the same."""
    for words in ((), ("--device", "tv")):
        assert explained(data, "blocked.example", *words)["step"] == "default"
        assert explained(data, "adult.kindgate.test", *words)["reason"]["args"]["origin"] == "unknown"


def test_a_person_on_a_device(data: Path) -> None:
    """Both together must fit."""
    assert explained(data, "blocked.example", "--person", "kim", "--device", "tablet", "--at", DAY)["step"] == "own"
    result = kindgate("explain", "example.com", "--person", "alex", "--device", "tablet", data=data)
    assert (result.exit_code, result.stderr) == (1, "Error: the device tablet is not alex's\n")


def test_a_time_without_an_offset_is_by_the_houses_clock(data: Path) -> None:
    """20:00 in Berlin is bedtime, in winter and in summer; with an offset the offset counts."""
    for at, step in (
        ("2026-11-18T19:59", "default"),
        ("2026-11-18T20:00", "time"),
        ("2026-11-18 20:00:00", "time"),
        ("2026-07-15T20:00", "time"),
        ("2026-07-15T20:00+00:00", "time"),
        ("2026-07-15T17:59Z", "default"),
        ("2026-07-15T18:00Z", "time"),
        ("2026-11-18", "time"),
    ):
        assert explained(data, "example.com", "--person", "kim", "--at", at)["step"] == step, at


def test_until_follows_the_clocks_change(tmp_path: Path) -> None:
    """The night in which the clock goes back is longer; the one in which it goes forward ends in summer time."""
    data = applied(tmp_path)
    told = explained(data, "example.com", "--person", "kim", "--at", "2026-10-24T23:00")
    assert told["until"] == "2026-10-25T07:00:00+01:00"
    told = explained(data, "example.com", "--person", "kim", "--at", "2026-03-29T01:30")
    assert told["until"] == "2026-03-29T07:00:00+02:00"
    # 02:30 does not exist on that night; it is read as a moment of it all the same.
    assert explained(data, "example.com", "--person", "kim", "--at", "2026-03-29T02:30")["step"] == "time"


@pytest.mark.parametrize("at", ["nonsense", "2026-13-01", "25:00", "0001-01-01T00:00", "9999-12-31T23:59", ""])
def test_a_time_that_is_none(data: Path, at: str) -> None:
    """A sentence and exit status 1, never a traceback."""
    result = kindgate("explain", "example.com", "--person", "kim", "--at", at, data=data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {at!r} is ")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a..b"], "Error: 'a..b' is not a domain name"),
        (["a b"], "Error: 'a b' is not a domain name"),
        (["example.com", "--person", "tom"], "Error: there is no person 'tom'; known: kim, alex"),
        (["example.com", "--device", "x"], "Error: there is no device 'x'; known: tablet, tv"),
        (["example.com", "--device", ""], "Error: there is no device ''; known: tablet, tv"),
        (["example.com", "--type", "foo"], "Error: 'foo' is not a DNS type that is known here; write TYPE65"),
    ],
)
def test_what_can_not_be_explained_is_told(data: Path, words: list[str], expected: str) -> None:
    """Exit status 1, and what is known."""
    result = kindgate("explain", *words, data=data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(expected)


@pytest.mark.parametrize("qtype", ["A", "aaaa", "HTTPS", "TYPE65", "type64"])
def test_types(data: Path, qtype: str) -> None:
    """A name is decided alike for every type."""
    told = explained(data, "blocked.example", "--person", "kim", "--type", qtype, "--at", DAY)
    assert told["action"] == "block"
    assert qtype.upper() in mnemonics.QTYPES or qtype.upper().startswith("TYPE")


def test_international_names(data: Path) -> None:
    """As people write them."""
    result = kindgate("explain", "Bücher.example", data=data)
    assert result.stdout.splitlines()[0] == "ALLOW  xn--bcher-kva.example"


def test_without_a_house_everybody_is_unknown(nowhere: Path) -> None:
    """A box without a data folder explains what a fresh one does."""
    assert explained(nowhere / "none", "malware.kindgate.test")["step"] == "hard"
    result = kindgate("explain", "example.com", "--person", "kim", data=nowhere)
    assert result.stderr == "Error: there is no person 'kim'; known: nobody\n"


def test_a_damaged_house_is_told_and_the_one_before_explained(data: Path) -> None:
    """The warning goes to standard error, so that JSON stays JSON."""
    applied(data, f"{HOUSE}country: DE\n")
    (data / "house.json").write_bytes(b"{")
    result = kindgate("explain", "blocked.example", "--person", "kim", "--at", DAY, "--json", data=data)
    assert (result.exit_code, json.loads(result.stdout)["step"]) == (0, "own")
    assert result.stderr.startswith("Warning: house.json can't be read")


def test_a_house_with_a_zone_that_this_machine_lacks(data: Path) -> None:
    """Exit status 1 and a sentence, where a snapshot came from elsewhere."""
    snapshot = load_snapshot(data).snapshot
    assert snapshot is not None
    (data / "house.json").write_bytes(snapshot.text.replace(b"Europe/Berlin", b"Mars/Base"))
    result = kindgate("explain", "example.com", data=data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: there is no time zone 'Mars/Base'")


def test_rules_that_can_not_be_read(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever mends rules/ and slips sees file and line, not a traceback."""

    def broken() -> None:
        raise RulebookError("bands.yaml: line 7: no")

    monkeypatch.setattr(rules, "load_rulebook", broken)
    for words in (("explain", "example.com"), ("house", "apply", "-")):
        result = kindgate(*words, data=data, stdin="{}")
        assert (result.exit_code, result.stderr) == (
            1,
            "Error: the bundled rules can't be read: bands.yaml: line 7: no\n",
        )


TYPES = [
    ("www.google.com", "A", "target", "  Its safe mode is on: answered by forcesafesearch.google.com."),
    ("www.google.com", "AAAA", "target", "  Its safe mode is on: answered by forcesafesearch.google.com."),
    ("www.google.com", "https", "none", "could lead around it, so that none is given."),
    ("www.google.com", "TYPE64", "none", "could lead around it, so that none is given."),
    ("www.google.com", "MX", "own", "a record of this type is the name's own."),
]


@pytest.mark.parametrize(("name", "qtype", "answer", "line"), TYPES)
def test_a_safe_mode_is_answered_by_type(data: Path, name: str, qtype: str, answer: str, line: str) -> None:
    """Addresses are those of the target, nothing leads around it, and mail finds its way."""
    told = explained(data, name, "--person", "kim", "--type", qtype, "--at", DAY)
    assert (told["action"], told["target"], told["answer"]) == ("rewrite", "forcesafesearch.google.com", answer)
    shown = kindgate("explain", name, "--person", "kim", "--type", qtype, "--at", DAY, data=data).stdout
    assert [one for one in shown.splitlines() if one.endswith(line)] != []


def test_without_a_safe_mode_a_type_changes_nothing(data: Path) -> None:
    """What is allowed has its own records, what is blocked none."""
    for qtype in ("A", "HTTPS", "MX"):
        assert explained(data, "example.com", "--type", qtype)["answer"] == "own"
        assert explained(data, "malware.kindgate.test", "--type", qtype)["answer"] == "block"


def test_what_a_name_is_known_as_is_told(data: Path) -> None:
    """Services and categories by the names that people use; nothing where nothing is known."""
    shown = kindgate("explain", "youtube.com", "--person", "kim", "--at", DAY, data=data).stdout.splitlines()
    assert [line for line in shown if line.startswith("  Service: ")] == ["  Service: YouTube"]
    assert [line for line in shown if line.startswith("  Category: ")] != []
    shown = kindgate("explain", "example.com", data=data).stdout.splitlines()
    assert shown == ["ALLOW  example.com", "  No rule speaks against this name.", "  Step: default"]


def test_only_a_child_is_told_a_childs_sentence(data: Path) -> None:
    """Not an adult, nor a device that nobody named."""
    assert explained(data, "example.com", "--person", "kim", "--at", DAY)["to_child"] == "This is open."
    assert explained(data, "example.com", "--person", "alex")["to_child"] is None
    assert explained(data, "example.com")["to_child"] is None


TIMED = HOUSE.replace(
    "  rules:",
    '  budgets:\n  - {minutes: 60}\n  - {what: "service:youtube", minutes: 30, week: 90}\n  rules:',
)


@pytest.fixture
def timed(tmp_path: Path) -> Path:
    """A data folder with a house in which a child has an hour a day, and half an hour of YouTube."""
    return applied(tmp_path / "timed", TIMED)


USED = [
    ([], "allow", "2026-11-18T15:30:00+01:00"),
    (["youtube=20"], "allow", "2026-11-18T15:10:00+01:00"),
    (["service:youtube=30"], "block", "2026-11-18T20:00:00+01:00"),
    (["YouTube=30"], "block", "2026-11-18T20:00:00+01:00"),
    (["youtube=20", "everything=55"], "allow", "2026-11-18T15:05:00+01:00"),
    (["youtube=20", "everything=60"], "block", "2026-11-18T20:00:00+01:00"),
]


@pytest.mark.parametrize(("used", "action", "until"), USED)
def test_minutes_may_be_told(timed: Path, used: list[str], action: str, until: str) -> None:
    """By a whole word or a bare id, several at once; the verdict holds until the sooner budget may be used up."""
    words = [word for one in used for word in ("--used", one)]
    told = explained(timed, "m.youtube.com", "--person", "kim", "--at", DAY, *words)
    assert (told["action"].replace("rewrite", "allow"), told["until"]) == (action, until)


def test_a_spent_budget_is_told_to_both(timed: Path) -> None:
    """By its name; on the child's device as for the child."""
    words = ["m.youtube.com", "--device", "tablet", "--at", DAY, "--used", "youtube=90"]
    told = explained(timed, *words)
    assert told["reason"] == {"code": "budget", "args": {"what": "service:youtube", "of": "week"}}
    assert told["sentence"] == "The time for YouTube is used up for this week."
    assert told["to_child"] == "Your time for YouTube is used up for this week."


def test_counted_minutes_are_those_of_the_state(timed: Path) -> None:
    """Where none are told; told ones take the place of all of them."""
    counted = Minutes(1, date(2026, 11, 18), {"kim": {"everything": Used(60, 60)}})
    publish_state(timed, State(at=0.0, minutes=counted))
    asked = ["example.com", "--person", "kim", "--at", DAY]
    assert explained(timed, *asked)["reason"]["code"] == "budget"
    assert explained(timed, *asked, "--used", "youtube=1")["reason"]["code"] == "default_allow"
    assert explained(timed, *asked[:-1], "2026-11-19T15:00")["reason"]["code"] == "default_allow"


@pytest.mark.parametrize(
    ("words", "what"),
    [(["--person", "kim"], "group:game"), (["--person", "alex"], "everything"), ([], "service:youtube")],
)
def test_minutes_of_what_has_no_budget_are_noted(timed: Path, words: list[str], what: str) -> None:
    """Beside the answer: they stop nothing."""
    result = kindgate("explain", "example.com", "--at", DAY, *words, "--used", f"{what}=500", "--json", data=timed)
    expected = f"Note: nobody set a budget for {what} here, so that its minutes stop nothing.\n"
    assert (result.exit_code, result.stderr) == (0, expected)
    assert json.loads(result.stdout)["action"] == "allow"


def test_a_name_that_nobody_is_asked_for(data: Path, tmp_path: Path) -> None:
    """It says so, unless a server is known that it is asked of."""
    assert explained(data, "nas.home.arpa", "--at", DAY)["answer"] == "special"
    text = kindgate("explain", "nas.home.arpa", "--at", DAY, data=data).stdout
    assert "  Nobody on the internet is asked for this name" in text
    config = tmp_path / "appliance.yaml"
    config.write_text("routes: {home.arpa: [192.168.1.1]}\n", "utf-8")
    assert explained(data, "nas.home.arpa", "--at", DAY, "--config", str(config))["answer"] == "own"
