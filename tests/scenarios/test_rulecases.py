"""Rule cases of AdGuard Home, urlfilter, Pi-hole and blocky, of which nobody here wrote one: what `list check` says."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.commands.list_check import Check, Said, checked
from appliance.commands.options import dns_type
from appliance.core.lists.rule import Syntax, Why
from tests.commands.cli import kindgate
from tests.needs import shared

pytestmark = pytest.mark.shared

SYNTAXES = frozenset(one.value for one in Syntax)
LEAST_AS_EXPECTED = 0.98

NOT_WANTED: dict[str, str] = {}
"""Case → why what the peer does there isn't wanted here."""


@cache
def cases() -> list[dict[str, Any]]:
    """Return the cases with rules of a syntax that lists have."""
    told = json.loads(shared("cases/rulecases.json").read_text("utf-8"))["cases"]
    return [case for case in told if case["syntax"] in SYNTAXES and "policy" not in case]


def test_the_cases_are_there() -> None:
    """There is something to prove."""
    assert len(cases()) == 173


def clients_of(case: dict[str, Any]) -> list[str]:
    """Return who asks."""
    client = case.get("client", {})
    return [client[key] for key in ("ip", "name") if key in client]


def check(case: dict[str, Any]) -> Said:
    """Return what the command says of a case."""
    lists = Check(lines(case["rules"]), lines(case.get("allow_rules", "")), Syntax(case["syntax"]))
    tags = case.get("client", {}).get("tags", ())
    return checked(lists, case["host"], dns_type(case["qtype"]), clients_of(case), tags)[0]


def lines(text: str) -> list[str]:
    """Return the lines of a list."""
    return text.split("\n")


def differs(case: dict[str, Any], said: Said) -> list[str]:
    """Return in what the command and a case don't agree, nothing where they do.

    A back-reference counts as handled where it is reported: the engine that can't be made to hang has none.
    """
    is_left_out = {one.why for one in said.skipped} == {Why.BACK_REFERENCE}
    if is_left_out and (case["expect"], said.action) == ("blocked", "allowed"):
        return []
    told = {
        "expect": said.action, "answers": said.answers, "cname": said.cname, "rcode": said.rcode,
        "matched_rule": said.rule,
    }  # fmt: skip
    if "answers" in case:
        case = case | {"answers": sorted(case["answers"])}
        told["answers"] = None if said.answers is None else sorted(said.answers)
    return [f"{key}: {told[key]!r} for {case[key]!r}" for key in told if key in case and case[key] != told[key]]


def test_what_list_check_says_is_what_the_peers_do() -> None:
    """All of them but for those that are listed, and these are few."""
    wrong = {case["id"]: found for case in cases() if (found := differs(case, check(case)))}
    assert wrong.keys() == NOT_WANTED.keys(), "\n".join(f"{key}: {', '.join(wrong[key])}" for key in wrong)
    assert len(NOT_WANTED) <= (1 - LEAST_AS_EXPECTED) * len(cases())


BY_COMMAND = (
    "agh-matching-016", "agh-hosts-009", "agh-allowlist-001", "urlfilter-client-016", "urlfilter-ctag-002",
    "urlfilter-dnsrewrite-025", "hosts-records-009", "pihole-regex-005", "blocky-wildcard-007", "list-formats-019",
)  # fmt: skip


@pytest.mark.parametrize("which", BY_COMMAND)
def test_the_command_itself_says_the_same(tmp_path: Path, which: str) -> None:
    """A handful by the command line, of all kinds of options."""
    case = next(one for one in cases() if one["id"] == which)
    file = tmp_path / "list.txt"
    file.write_text(case["rules"], "utf-8")
    words = ["--name", case["host"], "--type", case["qtype"], "--syntax", case["syntax"], "--json"]
    words += [word for client in clients_of(case) for word in ("--client", client)]
    words += [word for tag in case.get("client", {}).get("tags", ()) for word in ("--client-tag", tag)]
    if "allow_rules" in case:
        (tmp_path / "allow.txt").write_text(case["allow_rules"], "utf-8")
        words += ["--allow", str(tmp_path / "allow.txt")]
    result = kindgate("list", "check", str(file), *words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(msgspec.json.encode(check(case)))
