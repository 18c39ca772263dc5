"""The child builds of what it is told; a list that can't be taken as it came last is taken as it was before."""

import errno
import io
import os
import resource
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from appliance.core.lists.build import Known
from appliance.core.lists.report import Conflict
from appliance.household.lists import MAX_LINE
from appliance.steward.lists import build
from appliance.steward.lists.job import Done, Job, Part
from appliance.steward.lists.limits import DAMAGED
from appliance.steward.lists.workshop import CHILD, TOO_MUCH, UNDONE
from appliance.world.listfile import digest_of, open_set
from tests.steward.lists.houses import BAD, WORSE
from tests.steward.lists.packed import pack, part

TOO_MANY = b"".join(b"/bad%d[0-9]/\n" % number for number in range(10_001))


def ran(folder: Path, *parts: Part) -> Done:
    """Build of these parts, with nothing known."""
    return build.run(Job(parts, str(folder / "lists.set")), Known())


def lines(folder: Path, name: str) -> list[tuple[str, int]]:
    """Return which lists say something of a name, at which line."""
    found = open_set(folder / "lists.set")
    return [(hit.list, hit.line) for hit in found.find(name)] if found else []


def test_several_lists(tmp_path: Path) -> None:
    """All are in the one file, each by its id."""
    done = ran(tmp_path, part(tmp_path / "a.gz"), part(tmp_path / "b.gz", WORSE + BAD, "b"))
    assert lines(tmp_path, "bad.example") == [("a", 1), ("b", 2)]
    assert (done.digest, done.refused) == (digest_of(tmp_path / "lists.set"), {})
    assert done.used == {"a": str(tmp_path / "a.gz"), "b": str(tmp_path / "b.gz")}
    assert {list_id: report.names for list_id, report in done.reports.items()} == {"a": 1, "b": 2}


def test_a_list_that_got_bad(tmp_path: Path) -> None:
    """As it was before it stays in force; the others don't notice."""
    new = part(tmp_path / "new.gz", TOO_MANY)
    old = replace(new, paths=(*new.paths, str(pack(tmp_path / "old.gz", BAD))))
    done = ran(tmp_path, old, part(tmp_path / "b.gz", BAD, "b"))
    assert lines(tmp_path, "bad.example") == [("a", 1), ("b", 1)]
    assert done.used["a"] == str(tmp_path / "old.gz")
    assert "10,000" in done.refused["a"]
    assert done.refused["a"][0].isupper()
    assert done.refused["a"].endswith(".")


def test_a_list_that_was_never_good(tmp_path: Path) -> None:
    """It is left out; where nothing is left, there is no file."""
    bad = part(tmp_path / "a.gz", TOO_MANY)
    done = ran(tmp_path, bad, part(tmp_path / "b.gz", BAD, "b"))
    assert (set(done.used), set(done.refused)) == ({"b"}, {"a"})
    done = ran(tmp_path, bad)
    assert (done.digest, set(done.used), set(done.refused)) == ("", set(), {"a"})
    assert not (tmp_path / "lists.set").exists()


def test_a_million_patterns(tmp_path: Path) -> None:
    """They are refused, soon and in a sentence."""
    text = b"".join(b"/^ad%d[0-9]+x/\n" % number for number in range(1_000_000))
    assert ran(tmp_path, part(tmp_path / "a.gz", text)).refused.keys() == {"a"}


def test_a_line_of_megabytes(tmp_path: Path) -> None:
    """It is skipped, and the lines around it hold."""
    done = ran(tmp_path, part(tmp_path / "a.gz", BAD + b"x" * 10_000_000 + b"\n" + WORSE))
    assert (lines(tmp_path, "bad.example"), lines(tmp_path, "worse.example")) == ([("a", 1)], [("a", 3)])
    assert sum(done.reports["a"].skipped.values()) == 1
    assert max(len(one.text) for one in done.reports["a"].examples) < MAX_LINE


def test_what_lies_there_is_damaged(tmp_path: Path) -> None:
    """Broken off, no gzip, or gone."""
    whole = pack(tmp_path / "whole.gz", WORSE).read_bytes()
    for at, octets in enumerate((whole[:-9], b"what?", b"")):
        bad = part(path := tmp_path / f"a{at}.gz")
        path.write_bytes(octets) if octets else path.unlink()
        done = ran(tmp_path, bad, part(tmp_path / "b.gz", BAD, "b"))
        assert done.refused == {"a": DAMAGED}
        assert lines(tmp_path, "bad.example") == [("b", 1)]


def test_what_a_list_may(tmp_path: Path) -> None:
    """What the house says of a list is heeded."""
    ran(
        tmp_path,
        part(tmp_path / "a.gz", b"bad.example\n", subdomains=True),
        part(tmp_path / "b.gz", b"bad.example\n", "b"),
        part(tmp_path / "c.gz", b"bad.example\n", "c", is_allow=True),
    )
    found = open_set(tmp_path / "lists.set")
    assert found is not None
    assert [hit.list for hit in found.find("www.bad.example")] == ["a"]
    assert [hit.is_allow for hit in found.find("bad.example")] == [False, False, True]


def test_what_no_list_should_block() -> None:
    """The names that the bundled rules protect, what devices need, and what everybody knows."""
    known = build.known_names()
    assert all((known.help_lines, known.information, known.infrastructure))
    assert "google.com" in known.popular
    assert known.is_suffix("co.uk")
    assert not known.help_lines & known.infrastructure


def test_a_job(tmp_path: Path) -> None:
    """By a line of JSON, with what the bundled rules know."""
    protected = min(build.known_names().help_lines)
    job = Job((part(tmp_path / "a.gz", f"0.0.0.0 {protected}\n".encode()),), str(tmp_path / "lists.set"))
    done = build.answer(msgspec.json.encode(job))
    assert done.reports["a"].help_lines.first == (Conflict(protected, 1),)


@pytest.mark.parametrize(("fault", "words"), [
    (MemoryError(), TOO_MUCH), (OSError(errno.ENOSPC, "No space"), build.FULL), (OSError(errno.EIO, "?"), UNDONE),
    (ZeroDivisionError(), UNDONE),
])  # fmt: skip
def test_what_may_befall_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, words: str) -> None:
    """It is told in a sentence, and the file is as it was."""

    def befall(*_: object) -> str:
        raise fault

    ran(tmp_path, part(tmp_path / "a.gz"))
    monkeypatch.setattr(build, "publish_set", befall)
    job = Job((part(tmp_path / "a.gz", WORSE),), str(tmp_path / "lists.set"))
    assert build.answer(msgspec.json.encode(job)) == Done(problem=words)
    assert lines(tmp_path, "bad.example") == [("a", 1)]


def test_it_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """It steps back behind all others, as far as it is let."""
    done: list[object] = []
    monkeypatch.setattr(os, "nice", done.append)
    monkeypatch.setattr(resource, "setrlimit", lambda *what: done.append(what))
    monkeypatch.setattr(Path, "write_text", lambda *what: done.append(what[1]))
    build._step_back()
    size = (build.MAX_MEMORY_OCTETS, build.MAX_MEMORY_OCTETS)
    assert done == [build.NICER, "1000", (resource.RLIMIT_AS, size)]

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "nice", refuse)
    build._step_back()
    assert len(done) == 5


def test_as_a_program(tmp_path: Path) -> None:
    """A job on its standard input, what came of it on its standard output."""
    job = Job((part(tmp_path / "a.gz"),), str(tmp_path / "lists.set"))
    argv = [sys.executable, *CHILD]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert isinstance(child.stdout, io.BufferedReader)
        child.stdin.write(msgspec.json.encode(job) + b"\n")
        child.stdin.flush()
        done = msgspec.json.decode(child.stdout.readline(), type=Done)
        assert child.wait(30) == 0
    assert done.digest == digest_of(tmp_path / "lists.set") != ""
