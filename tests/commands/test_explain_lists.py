"""`explain` tells which list decided, at which line, and what stands there."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from appliance.core.subscription import Subscription
from appliance.household.lists import set_file, source_file
from appliance.world.listfile import publish_set
from tests.commands.cli import HOUSE, applied, kindgate
from tests.core.listings import list_octets

DAY = "2026-11-18T15:00"
"""A Wednesday afternoon."""
LISTS = """\
lists:
- {id: ads, name: Advertisements, redirects: true}
- {id: dice, name: Dice games, category: gambling}
"""
TEXTS = {
    "ads": """\
# of a friend
||banner.example^$dnstype=A|MX

192.0.2.9 printer.example
||old.example^$dnsrewrite=new.example
||gone.example^$dnsrewrite=NXDOMAIN
||empty.example^$dnsrewrite=NOERROR
||odd.example^$dnsrewrite=SERVFAIL
""",
    "dice": "dice.example\n",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a house and its lists."""
    where = applied(tmp_path / "data", HOUSE + LISTS)
    lists = (
        Subscription(id="ads", name="Advertisements", redirects=True),
        Subscription(id="dice", name="Dice games", category="gambling"),
    )
    publish_set(set_file(where), list_octets(lists, TEXTS))
    for id_, text in TEXTS.items():
        source = source_file(where, id_)
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(gzip.compress(text.encode()))
    return where


def explained(data: Path, name: str, *words: str, person: str = "kim") -> dict[str, Any]:
    """Return what `explain --json` says to the child; exit status 0 and nothing beside."""
    result = kindgate("explain", name, "--person", person, "--at", DAY, "--json", *words, data=data)
    assert (result.exit_code, result.stderr) == (0, "")
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def shown(data: Path, name: str, *words: str) -> list[str]:
    """Return the lines that a person reads."""
    return kindgate("explain", name, "--person", "kim", "--at", DAY, *words, data=data).stdout.splitlines()


def test_a_block_tells_list_line_and_rule(data: Path) -> None:
    """In words and as JSON; the child is told that it is a list."""
    assert shown(data, "www.banner.example") == [
        "BLOCK  www.banner.example",
        "  The list Advertisements blocks this name.",
        "  To the child: This is on a list of sites that are closed here. You can ask.",
        "  List: Advertisements (ads), line 2: ||banner.example^$dnstype=A|MX",
        "  Step: list",
        "  Until: 2026-11-18T20:00:00+01:00",
        "  A caregiver can lift this.",
    ]
    told = explained(data, "www.banner.example")
    assert told["reason"] == {"code": "list_block", "args": {"list": "ads", "line": "2"}}
    assert told["by_list"] == {
        "id": "ads", "name": "Advertisements", "line": 2, "text": "||banner.example^$dnstype=A|MX",
    }  # fmt: skip
    assert (told["answer"], told["given"]) == ("block", None)


@pytest.mark.parametrize(("qtype", "step"), [("A", "list"), ("MX", "list"), ("AAAA", "default"), ("TYPE65", "default")])
def test_a_rule_may_be_for_a_type(data: Path, qtype: str, step: str) -> None:
    """Which is asked with `--type`."""
    assert explained(data, "banner.example", "--type", qtype)["step"] == step


def test_a_category_that_only_a_list_knows(data: Path) -> None:
    """The list is told, and the category is among the name's; not for an adult, for whom it is open."""
    told = explained(data, "dice.example")
    assert (told["step"], told["categories"], told["lift"]) == ("hard", ["Gambling"], "two")
    assert told["by_list"] == {"id": "dice", "name": "Dice games", "line": 1, "text": "dice.example"}
    assert "by the list Dice games" in told["sentence"]
    assert "list" not in told["to_child"]
    assert explained(data, "dice.example", person="alex")["action"] == "allow"


ANSWERS = [
    ("printer.example", "A", "given", "  Answer: 192.0.2.9"),
    ("printer.example", "AAAA", "given", "  Answer: no record"),
    ("gone.example", "A", "given", "  Answer: NXDOMAIN"),
    ("empty.example", "A", "given", "  Answer: no record"),
    ("odd.example", "A", "given", "  Answer: SERVFAIL"),
    ("old.example", "A", "target", "  The list has it answered by new.example."),
    ("old.example", "HTTPS", "target", "  The list has it answered by new.example."),
    (
        "old.example",
        "MX",
        "none",
        "  The list has it answered by new.example, of which no record of this type is given.",
    ),
]


@pytest.mark.parametrize(("name", "qtype", "answer", "line"), ANSWERS)
def test_what_a_list_answers_is_told(data: Path, name: str, qtype: str, answer: str, line: str) -> None:
    """Its records, its RCODE, or whose records answer."""
    told = explained(data, name, "--type", qtype)
    assert (told["answer"], told["by_list"]["id"]) == (answer, "ads")
    assert line in shown(data, name, "--type", qtype)


def test_a_list_that_does_not_lie_here_any_more_is_told_by_its_line(data: Path) -> None:
    """What stood there can't be."""
    source_file(data, "ads").unlink()
    assert explained(data, "banner.example")["by_list"]["text"] is None
    assert "  List: Advertisements (ads), line 2: which is not here any more" in shown(data, "banner.example")


def test_a_damaged_file_of_lists_is_told_and_explained_without(data: Path) -> None:
    """The warning goes to standard error, so that JSON stays JSON."""
    set_file(data).write_bytes(b"no lists")
    result = kindgate("explain", "banner.example", "--person", "kim", "--at", DAY, "--json", data=data)
    assert (result.exit_code, json.loads(result.stdout)["step"]) == (0, "default")
    assert result.stderr == f"Warning: {set_file(data)} can't be used: not a file of lists\n"


def test_what_no_list_says_names_none(data: Path) -> None:
    """Though there are lists."""
    assert explained(data, "example.com")["by_list"] is None
