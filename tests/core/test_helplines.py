"""Help lines: every country's are what the file says, only checked ones are shown, every fault has its line."""

from pathlib import Path

import pytest
import yaml

from appliance.core import domainset, helplines
from appliance.core.helplines import HelplinesError, Kind, Line, parse
from appliance.core.rulebook import HELP
from appliance.world import rules
from tests.needs import shared

BUNDLED = rules.load_helplines()
TEXT = """\
version: 1
lines:
  - {name: Somebody, country: DE, calls: ["116 111"], names: [line.example], grade: A}
  - {name: Rumoured, country: DE, calls: ["117"], grade: C}
  - {name: Anywhere, country: INT, kind: find, names: [find.example], grade: B}
"""


def test_a_country_has_its_own_lines() -> None:
    """Those that were checked, and none of another country's."""
    found = parse(TEXT)
    somebody = Line(name="Somebody", country="DE", calls=("116 111",), names=("line.example",), grade="A")
    assert found.of("DE") == (somebody,)
    assert (found.of("FR"), found.of(None)) == ((), ())
    assert [line.name for line in found.everywhere()] == ["Anywhere"]


@pytest.mark.parametrize(("number", "link"), [("116 111", "116111"), ("0120-99-7777", "0120997777"), ("+49 1", "+491")])
def test_a_number_is_dialled_without_what_is_for_the_eye(number: str, link: str) -> None:
    """Blanks and dashes are left out."""
    assert helplines.dialled(number) == link


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('- {name: A, country: de, calls: ["1 2"], grade: A}', "line 6:"),
        ('- {name: A, country: DE, calls: ["call me"], grade: A}', "line 6:"),
        ("- {name: A, country: DE, grade: A}", "a line needs a number"),
        ('- {name: A, country: DE, calls: ["11"], grade: D}', "line 6:"),
        ('- {name: A, country: DE, calls: ["11"], grade: A, phone: x}', "unknown key 'phone'"),
        ('- {name: Somebody, country: DE, calls: ["11"], grade: A}', "line 6: Somebody stands here a second time"),
        ("- {name: A, country: DE, names: [Not.Normal], grade: A}", "line 6: 'Not.Normal' is not a domain name"),
        ("- {name: A, country: DE, names: [no name], grade: A}", "line 6: 'no name' is not a domain name"),
    ],
)
def test_a_fault_has_its_line(line: str, said: str) -> None:
    """A person who mends the file is led to the place."""
    with pytest.raises(HelplinesError) as caught:
        parse(f"{TEXT}  {line}\n")
    assert said in str(caught.value)
    assert str(caught.value).startswith("helplines.yaml: line 6: ")


def test_what_is_no_document_is_a_fault() -> None:
    """Not a traceback."""
    with pytest.raises(HelplinesError, match=r"helplines\.yaml: line 1"):
        parse("lines: [")


def test_every_site_of_a_line_is_always_open() -> None:
    """What the page links to is a help name: never blocked, never counted."""
    book = rules.load_rulebook()
    bundled = domainset.DomainSet(domainset.build(book.entries))
    sites = {(line.name, name) for line in BUNDLED.lines for name in line.names}
    assert len(sites) > 70
    assert {one for one in sites if HELP not in bundled.tags(one[1])} == set()


def test_the_file_is_worth_having() -> None:
    """Many countries have somebody to talk to whose number was checked; everywhere there is a finder."""
    talk = {
        line.country
        for line in BUNDLED.lines
        if line.kind is Kind.TALK and line.calls and line in BUNDLED.of(line.country)
    }
    assert len(talk) > 40
    assert Kind.FIND in {line.kind for line in BUNDLED.everywhere()}
    assert BUNDLED.of("DE")[0].name == "Nummer gegen Kummer"


def test_what_was_not_checked_is_not_shown() -> None:
    """Grade C waits for a person to look."""
    unchecked = {(line.country, line.name) for line in BUNDLED.lines if line.grade == "C"}
    assert unchecked
    shown = {
        (line.country, line.name) for country in {one.country for one in BUNDLED.lines} for line in BUNDLED.of(country)
    }
    assert not shown & unchecked


@pytest.mark.shared
def test_the_facts_are_those_of_the_collection() -> None:
    """Every number there is a number here, of the same country and grade, and the other way round."""
    told = yaml.safe_load(shared("knowledge/helplines.yaml").read_text("utf-8"))["helplines"]
    known = {(line.country, helplines.dialled(call), line.grade) for line in BUNDLED.lines for call in line.calls}
    expected = {(one["cc"], one["grade"], "".join(filter(str.isdigit, one["contact"] + one["note"]))) for one in told}
    missing = [
        (country, call)
        for country, call, grade in known
        if not any(country == cc and grade == mark and call in digits for cc, mark, digits in expected)
    ]
    assert missing == []
    assert {one["cc"] for one in told} == {line.country for line in BUNDLED.lines}


def test_a_folder_without_the_file_is_a_fault(tmp_path: Path) -> None:
    """Said in words, and so is a file that is no text."""
    with pytest.raises(HelplinesError, match="missing"):
        rules.load_helplines(tmp_path)
    (tmp_path / helplines.FILE).write_bytes(b"version: 1\nlines: [\xff]\n")
    with pytest.raises(HelplinesError, match="line 2: not UTF-8"):
        rules.load_helplines(tmp_path)
