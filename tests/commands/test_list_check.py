"""`list check` says what a list does with a name, by which line, and what of the list was left out."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from appliance.steward.lists.limits import Limits
from tests.commands.cli import kindgate

LIST = """\
! a list
||ads.example^
@@||good.ads.example^
||tv.example^$ctag=device_tv
||kim.example^$client='Kim\\'s phone'|192.0.2.0/24|02:77:00:00:00:10
||six.example^$dnstype=AAAA
|moved.example^$dnsrewrite=192.0.2.1
|alias.example^$dnsrewrite=other.example
|gone.example^$dnsrewrite=NXDOMAIN
0.0.0.0 null.example
::1 loop.example
192.0.2.9 given.example
plain.example##.banner
/(a)\\1/
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the list's file."""
    path = tmp_path / "list.txt"
    path.write_text(LIST, "utf-8")
    return path


def check(*words: str, stdin: bytes | None = None) -> dict[str, Any]:
    """Return what the command says as JSON, but for what it skipped."""
    result = kindgate("list", "check", *words, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    assert list(said) == ["action", "rule", "line", "answers", "cname", "rcode", "skipped"]
    return {key: value for key, value in said.items() if key != "skipped" and value is not None}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--name other.example", {"action": "allowed"}),
        ("--name a.ads.example", {"action": "blocked", "rule": "||ads.example^", "line": 2}),
        ("--name ADS.example.", {"action": "blocked", "rule": "||ads.example^", "line": 2}),
        ("--name a.good.ads.example", {"action": "allowed", "rule": "@@||good.ads.example^", "line": 3}),
        ("--name tv.example --client-tag Device_TV", {"action": "blocked", "line": 4}),
        ("--name tv.example --client-tag device_phone", {"action": "allowed"}),
        ("--name kim.example", {"action": "allowed"}),
        ("--name kim.example --client 192.0.2.77", {"action": "blocked", "line": 5}),
        ("--name kim.example --client 198.51.100.1 --client 02-77-00-00-00-10", {"action": "blocked", "line": 5}),
        ("--name six.example --type aaaa", {"action": "blocked", "line": 6}),
        ("--name six.example --type TYPE28", {"action": "blocked", "line": 6}),
        ("--name six.example", {"action": "allowed"}),
        ("--name moved.example", {"action": "rewritten", "line": 7, "answers": ["192.0.2.1"], "rcode": "NOERROR"}),
        ("--name moved.example --type MX", {"action": "rewritten", "line": 7, "answers": [], "rcode": "NOERROR"}),
        ("--name alias.example", {"action": "rewritten", "line": 8, "cname": "other.example", "rcode": "NOERROR"}),
        ("--name gone.example", {"action": "rewritten", "line": 9, "answers": [], "rcode": "NXDOMAIN"}),
        ("--name null.example", {"action": "blocked", "line": 10, "answers": ["0.0.0.0"], "rcode": "NOERROR"}),
        ("--name null.example --type AAAA", {"action": "blocked", "line": 10, "answers": [], "rcode": "NOERROR"}),
        ("--name loop.example", {"action": "blocked", "line": 11, "answers": [], "rcode": "NOERROR"}),
        (
            "--name loop.example --type AAAA",
            {"action": "rewritten", "line": 11, "answers": ["::1"], "rcode": "NOERROR"},
        ),
        ("--name given.example", {"action": "rewritten", "line": 12, "answers": ["192.0.2.9"], "rcode": "NOERROR"}),
        ("--name .ads.example", {"action": "allowed"}),
    ],
)
def test_a_question_is_answered_as_the_list_says(file: Path, words: str, expected: dict[str, Any]) -> None:
    """The action, the line, its text and what it answers."""
    said = check(str(file), *words.split())
    if "line" in expected:
        assert said["rule"] == LIST.splitlines()[expected["line"] - 1]
    assert {key: value for key, value in said.items() if key in expected or key != "rule"} == expected


def test_a_client_is_known_by_its_name(file: Path) -> None:
    """Spaces, quotes and capitals and all."""
    assert check(str(file), "--name", "kim.example", "--client", "KIM's Phone")["action"] == "blocked"
    assert check(str(file), "--name", "kim.example", "--client", "Kims phone")["action"] == "allowed"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_list_comes_from_a_file_or_the_input_packed_or_not(tmp_path: Path, pack: Any) -> None:
    """What is no UTF-8 spoils its own line only."""
    octets = pack(b"\xef\xbb\xbf||a.example^\r\n\xff\xfe\xff\n||b.example^\n")
    path = tmp_path / "list.gz"
    path.write_bytes(octets)
    for words, stdin in (([str(path)], None), (["-"], octets)):
        assert check(*words, "--name", "a.example", stdin=stdin)["line"] == 1
        assert check(*words, "--name", "b.example", stdin=stdin)["line"] == 3


def test_another_list_opens(tmp_path: Path, file: Path) -> None:
    """Each of its lines, whatever the first says; the line is that of the other file."""
    opening = tmp_path / "opening.txt"
    opening.write_text("# ours\nads.example\nmoved.example\n", "utf-8")
    words = (str(file), "--allow", str(opening), "--name")
    assert check(*words, "ads.example") == {"action": "allowed", "rule": "ads.example", "line": 2}
    assert check(*words, "moved.example") == {"action": "allowed", "rule": "moved.example", "line": 3}
    assert check(*words, "six.example", "--type", "AAAA")["action"] == "blocked"


@pytest.mark.parametrize(
    ("text", "syntax", "name", "qtype", "expected"),
    [
        ("a.example\n", "domain-list", "www.a.example", "A", "blocked"),
        ("a.example\n", "domain-list-exact", "www.a.example", "A", "allowed"),
        ("*.a.example\n", "wildcard-list", "a.example", "A", "blocked"),
        ("a.*x\n", "posix-regex", "axx.example", "A", "blocked"),
        ("address=/a.example/\n", "dnsmasq", "www.a.example", "A", "blocked"),
        ("a.example CNAME .\n", "rpz", "a.example", "A", "blocked"),
        ("0.0.0.0 a.example\n", "etc-hosts", "a.example", "A", "rewritten"),
        ("192.0.2.1 a.example\n", "etc-hosts", "1.2.0.192.in-addr.arpa", "PTR", "rewritten"),
        ("192.0.2.1 a.example\n", "etc-hosts", "a.example", "MX", "allowed"),
    ],
)
def test_a_syntax_may_be_told(tmp_path: Path, text: str, syntax: str, name: str, qtype: str, expected: str) -> None:
    """The same line says another thing in another."""
    path = tmp_path / "list.txt"
    path.write_text(text, "utf-8")
    assert check(str(path), "--syntax", syntax, "--name", name, "--type", qtype)["action"] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.ads.example", ["a.ads.example is blocked by line 2: ||ads.example^"]),
        ("other.example", ["other.example is allowed: no line is about it"]),
        (
            "alias.example",
            [
                "alias.example is rewritten by line 8: |alias.example^$dnsrewrite=other.example",
                "  It is answered as other.example.",
            ],
        ),
        (
            "null.example",
            ["null.example is blocked by line 10: 0.0.0.0 null.example", "  It is answered with 0.0.0.0."],
        ),
        (
            "gone.example",
            [
                "gone.example is rewritten by line 9: |gone.example^$dnsrewrite=NXDOMAIN",
                "  It is answered with no record (NXDOMAIN).",
            ],
        ),
    ],
)
def test_without_json_it_is_a_sentence(file: Path, name: str, expected: list[str]) -> None:
    """With what is answered, where the list answers."""
    result = kindgate("list", "check", str(file), "--name", name)
    assert (result.exit_code, result.stdout.splitlines()) == (0, expected)


def test_what_was_left_out_is_told(file: Path) -> None:
    """On the error output in sentences, and in JSON line by line."""
    result = kindgate("list", "check", str(file), "--name", "a.example", "--json")
    skipped = json.loads(result.stdout)["skipped"]
    assert [(one["line"], one["text"]) for one in skipped] == [(13, "plain.example##.banner"), (14, "/(a)\\1/")]
    assert result.stderr.splitlines() == [
        "Skipped 1 line: hides parts of pages, which a nameserver can't.",
        "Skipped 1 line: a pattern with a back-reference or look-around, which we don't run.",
        "  line 13: plain.example##.banner (hides parts of pages, which a nameserver can't)",
        "  line 14: /(a)\\1/ (a pattern with a back-reference or look-around, which we don't run)",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nowhere.txt", "--name", "a"], "nowhere.txt"),
        (["-"], "--name"),
        (["-", "--name", "a", "--syntax", "klingon"], "klingon"),
        (["-", "--name", "a", "--type", "MXX"], "'MXX' is not a DNS type"),
        (["-", "--name", "a", "--allow", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_misuse_is_told(words: list[str], expected: str) -> None:
    """With status 2."""
    result = kindgate("list", "check", *words, stdin="")
    assert (result.exit_code, expected in result.stderr) == (2, True)


def test_a_file_that_is_broken_is_refused(tmp_path: Path) -> None:
    """Half of a packed file is no list."""
    path = tmp_path / "list.gz"
    path.write_bytes(gzip.compress(LIST.encode())[:-20])
    result = kindgate("list", "check", str(path), "--name", "a")
    assert (result.exit_code, f"{path} can't be read" in result.stderr) == (2, True)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Any) -> None:
    """Packed or not: what it becomes is what counts."""
    monkeypatch.setattr("appliance.commands.list_check.USUAL", Limits(unpacked_octets=1_000))
    path = tmp_path / "list.txt"
    path.write_bytes(pack(b"a.example\n" * 101))
    result = kindgate("list", "check", str(path), "--name", "a")
    assert (result.exit_code, "larger than it may be" in result.stderr) == (2, True)


def test_a_list_that_no_house_would_take_is_refused(tmp_path: Path) -> None:
    """As too many patterns would make every question slow."""
    path = tmp_path / "list.txt"
    path.write_text("".join(f"/a{number}+/\n" for number in range(10_001)), "utf-8")
    result = kindgate("list", "check", str(path), "--name", "a")
    assert (result.exit_code, "pattern" in result.stderr) == (1, True)
