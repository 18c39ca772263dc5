"""AdGuard Home's cases of rewrites: played by a house whose records say the same."""

import json
from collections.abc import Iterator
from datetime import UTC
from functools import cache
from typing import Any

import dns.message
import dns.rdatatype
import pytest

from appliance.core import policy
from appliance.core.answers import Answers
from appliance.core.device import normal_address
from appliance.core.domainset import DomainSet, build
from appliance.core.house import House
from appliance.core.local import Local
from appliance.core.query import Ask, Setting, begin, finish, upstream_query
from appliance.core.record import Record, RecordType, problems
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Query
from tests.core.builders import AT, RULES
from tests.needs import shared

pytestmark = pytest.mark.shared

REAL = {"A": "198.51.100.7", "AAAA": "2001:db8::7"}
"""What an upstream answers."""
NOT_WANTED: dict[str, str] = {}
"""Case → why what the peer does there isn't wanted here."""


@cache
def cases() -> list[dict[str, Any]]:
    """Return the cases."""
    told = json.loads(shared("cases/rulecases.json").read_text("utf-8"))["cases"]
    return [case for case in told if case["group"] == "agh-rewrite"]


def record(name: str, value: str) -> Record:
    """Return a rewrite as a record: an address, a type that is left to the internet, or an alias."""
    if value in REAL:
        return Record(name=name, type=RecordType(value), value=value)
    try:
        address = normal_address(value)
    except ValueError:
        return Record(name=name, type=RecordType.CNAME, value=value)
    return Record(name=name, type=RecordType.AAAA if ":" in address else RecordType.A, value=address)


def play(case: dict[str, Any]) -> dict[str, Any]:
    """Ask a case's question in its house, and the upstream where need be."""
    house = House(records=tuple(record(*one) for one in case["rewrites"]))
    assert list(problems(house.records, house.local_domain, ())) == []
    compiled = policy.compile(house, RULES, (DomainSet(build(())),), UTC)
    setting = Setting(compiled, Answers(1 << 20), lambda reason: reason.code, local=Local.of(house))
    query = wire.parse_query(dns.message.make_query(f"{case['host']}.", case["qtype"]).to_wire())
    assert isinstance(query, Query)
    found = begin(setting, compiled.unknown, query, False, AT)
    is_own = isinstance(found, Ask) and found.name == case["host"]
    if isinstance(found, Ask):
        asked = dns.message.from_wire(upstream_query(found, 1))
        made = dns.message.make_response(asked, recursion_available=True)
        made.answer.append(dns.rrset.from_text(asked.question[0].name, 300, "IN", case["qtype"], REAL[case["qtype"]]))
        kept = setting.answers.put(found.key, wire.parse_message(made.to_wire()), AT)
        found = finish(setting, compiled.unknown, found, kept, False, AT)
    read = dns.message.from_wire(found.wire)
    return {
        "expect": "allowed" if is_own else "rewritten",
        "cname": next(_of(read, "CNAME"), None),
        "answers": sorted(_of(read, case["qtype"])),
    }


def _of(read: dns.message.Message, rtype: str) -> Iterator[str]:
    kind = dns.rdatatype.from_text(rtype)
    return (rdata.to_text().removesuffix(".") for rrset in read.answer if rrset.rdtype == kind for rdata in rrset)


def test_the_cases_are_there() -> None:
    """There is something to prove."""
    assert len(cases()) == 13


def test_records_do_what_rewrites_do() -> None:
    """In all cases but for those that are listed."""
    wrong = {}
    for case in cases():
        played = play(case)
        differs = {key: played[key] for key in played if key in case and played[key] != case[key]}
        if differs:
            wrong[case["id"]] = differs
    assert wrong.keys() == NOT_WANTED.keys(), wrong


@pytest.mark.parametrize(("qtype", "expected"), [("A", ["198.51.100.7"]), ("AAAA", [])])
def test_a_type_that_is_left_to_the_internet(qtype: str, expected: list[str]) -> None:
    """As there: the record of that type is the internet's, and there is none of the other family."""
    case = {"rewrites": [["host.example", "A"]], "host": "host.example", "qtype": qtype}
    assert play(case)["answers"] == expected
