"""`explain` of names that the house answers itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.cli import HOUSE, applied, kindgate

DAY, NIGHT = "2026-11-18T15:00", "2026-11-18T21:00"
RECORDS = """
records:
- {name: nas.lan, type: A, value: 192.168.1.5}
- {name: www.nas.example, type: CNAME, value: nas.lan}
- {name: "*.lan", type: TXT, value: hello}
- {name: site.example, type: A, value: 198.51.100.7}
- {name: news.lan, type: CNAME, value: example.org}
- {name: social.lan, type: CNAME, value: tiktok.com}
- {name: www.google.com, type: A, value: 198.51.100.7}
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a house that has records."""
    return applied(tmp_path / "data", HOUSE + RECORDS)


def explained(data: Path, *words: str) -> dict[str, Any]:
    """Return what `explain --json` says."""
    told: dict[str, Any] = json.loads(kindgate("explain", *words, "--json", data=data).stdout)
    return told


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nas.lan"], ["nas.lan", ["192.168.1.5"], None, False]),
        (["www.nas.example"], ["www.nas.example", ["192.168.1.5"], "nas.lan", False]),
        (["any.lan", "--type", "TXT"], ["*.lan", ["hello"], None, False]),
        (["any.lan"], ["*.lan", [], None, False]),
        (["kims-tablet.lan"], ["kims-tablet.lan", ["192.168.77.10"], None, False]),
        (["kims-tablet.lan", "--type", "AAAA"], ["kims-tablet.lan", ["fd77::10"], None, False]),
        (["10.77.168.192.in-addr.arpa", "--type", "PTR"],
         ["10.77.168.192.in-addr.arpa", ["kims-tablet.lan"], None, False]),
        (["www.nas.example", "--type", "CNAME"], ["www.nas.example", ["nas.lan"], None, False]),
    ],
)  # fmt: skip
def test_what_leads_home(data: Path, words: list[str], expected: list[object]) -> None:
    """Open at night for a child, and by no step."""
    told = explained(data, *words, "--person", "kim", "--at", NIGHT)
    assert (told["action"], told["step"], told["answer"], told["traceless"]) == ("allow", "home", "house", True)
    assert told["to_child"] == "This is inside your home."
    assert [told["at_home"][key] for key in ("by", "values", "target", "is_asked")] == expected


def test_what_leads_to_the_internet(data: Path) -> None:
    """By the verdict of its name: open by day, closed at night, and closed where its target is."""
    site = explained(data, "site.example", "--person", "kim", "--at", DAY)
    assert (site["action"], site["answer"], site["at_home"]["values"]) == ("allow", "house", ["198.51.100.7"])
    news = explained(data, "news.lan", "--person", "kim", "--at", DAY)
    assert (news["at_home"]["target"], news["at_home"]["is_asked"]) == ("example.org", True)
    for words in (("site.example", "--at", NIGHT), ("social.lan", "--at", DAY)):
        closed = explained(data, *words, "--person", "kim")
        assert (closed["action"], closed["answer"], closed["at_home"]) == ("block", "block", None)
    assert explained(data, "social.lan", "--at", DAY)["action"] == "allow"


def test_a_safe_mode_goes_before(data: Path) -> None:
    """As the nameserver answers."""
    told = explained(data, "www.google.com", "--person", "kim", "--at", DAY)
    assert (told["answer"], told["at_home"]) == ("target", None)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nas.lan"], "At home: nas.lan is answered with 192.168.1.5"),
        (["nas.lan", "--type", "AAAA"], "At home: nas.lan is answered with no such record"),
        (["www.nas.example"], "At home: www.nas.example is answered with nas.lan: 192.168.1.5"),
        (["news.lan"], "At home: news.lan is answered with example.org: what the internet has for it"),
    ],
)
def test_in_words(data: Path, words: list[str], line: str) -> None:
    """With or without a child."""
    assert line in kindgate("explain", *words, "--at", DAY, data=data).output
