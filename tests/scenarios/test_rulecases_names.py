"""The peers' cases of names that nobody is asked for, and of answers that lead into the home."""

import json
from datetime import UTC
from functools import cache
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from appliance.core import policy
from appliance.core.answers import Answers
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.query import Ask, Reply, Setting, begin, finish, upstream_query
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Query
from tests.nameserver.inside import book, bundled
from tests.needs import shared

AT = 1_795_000_000.0
TTL_S = 300
SYNTAXES = ("special-use", "rebinding")
PERSONS = (
    Person(id="kim", name="Kim", band="10-12"),
    Person(id="alex", name="Alex", kind=PersonKind.ADULT),
)

NOT_WANTED = {
    "special-use-005": "localhost exists: NXDOMAIN for one type would hold for its addresses, too (RFC 8020 section 2)",
}
"""Case → why what the peer does there isn't wanted here."""


@cache
def cases() -> list[dict[str, Any]]:
    """Return the cases."""
    told = json.loads(shared("cases/rulecases.json").read_text("utf-8"))["cases"]
    return [case for case in told if case["syntax"] in SYNTAXES]


def play(host: str, qtype: str, person: Person, records: list[str]) -> tuple[str, Reply]:
    """Ask in a house with one person: what happens to the name, and the reply."""
    compiled = policy.compile(House(persons=(person,)), book(), (bundled(),), UTC)
    setting = Setting(compiled, Answers(1 << 20), lambda reason: reason.code)
    query = wire.parse_query(dns.message.make_query(f"{host}.", qtype).to_wire())
    assert isinstance(query, Query)
    found = begin(setting, compiled.by_person[person.id], query, False, AT)
    said = "local"
    if isinstance(found, Ask):
        made = dns.message.make_response(dns.message.from_wire(upstream_query(found, 1)), recursion_available=True)
        made.answer = [_rrset(host, line) for line in records]
        kept = setting.answers.put(found.key, wire.parse_message(made.to_wire()), AT)
        found = finish(setting, compiled.by_person[person.id], found, kept, False, AT)
        said = "blocked" if found.verdict is not None and found.verdict.is_blocked else "allowed"
    return said, found


def _rrset(host: str, line: str) -> dns.rrset.RRset:
    """Return a record as a case writes it: with its owner, or without."""
    words = line.split(maxsplit=1)
    if dns.rdatatype.is_metatype(_rtype(words[0])):
        owner, rtype, data = line.split(maxsplit=2)
    else:
        owner, (rtype, data) = host, words
    data = f"{data.removesuffix('.')}." if rtype == "CNAME" else data
    return dns.rrset.from_text(f"{owner}.", TTL_S, "IN", rtype, data)


def _rtype(word: str) -> dns.rdatatype.RdataType:
    """Return a type by its word, for any other word one that no record has."""
    try:
        return dns.rdatatype.from_text(word)
    except dns.rdatatype.UnknownRdatatype:
        return dns.rdatatype.ANY


def told(reply: Reply, qtype: str) -> tuple[str, list[str]]:
    """Return RCODE and data of the type asked for."""
    read = dns.message.from_wire(reply.wire)
    wanted = dns.rdatatype.from_text(qtype)
    data = sorted(rdata.to_text() for rrset in read.answer if rrset.rdtype == wanted for rdata in rrset)
    return dns.rcode.to_text(read.rcode()), data


def differs(case: dict[str, Any], person: Person) -> list[str]:
    """Return in what the box and a case don't agree, nothing where they do."""
    expect, reply = play(case["host"], case["qtype"], person, case.get("upstream", []))
    rcode, answers = told(reply, case["qtype"])
    found = {"expect": expect, "rcode": rcode, "answers": answers}
    return [f"{key}: {found[key]!r} for {case[key]!r}" for key in found if key in case and case[key] != found[key]]


@pytest.mark.shared
def test_the_cases_are_there() -> None:
    """There is something to prove."""
    assert len(cases()) == 20


@pytest.mark.shared
@pytest.mark.parametrize("person", PERSONS, ids=[person.id for person in PERSONS])
def test_the_box_does_what_the_peers_do(person: Person) -> None:
    """For a child as for an adult, in all cases but for those that are listed."""
    wrong = {case["id"]: found for case in cases() if (found := differs(case, person))}
    assert wrong.keys() == NOT_WANTED.keys(), "\n".join(f"{key}: {', '.join(wrong[key])}" for key in wrong)


CANARIES = {
    "use-application-dns.net": "NXDOMAIN",
    "mask.icloud.com": "NXDOMAIN",
    "mask-h2.icloud.com": "NXDOMAIN",
    "_dns.resolver.arpa": "NOERROR",
}


@pytest.mark.parametrize("band", ["0-5", "6-9", "10-12", "13-15", "16-17"])
@pytest.mark.parametrize(("name", "rcode"), CANARIES.items())
def test_a_canary_is_answered_at_every_age(name: str, rcode: str, band: str) -> None:
    """By the bundled rules, as its makers ask for: browsers and phones then keep to this box."""
    for qtype in ("A", "AAAA", "HTTPS", "SVCB"):
        said, reply = play(name, qtype, Person(id="kim", name="Kim", band=band), [])
        assert (said, told(reply, qtype)) == ("local", (rcode, []))


@pytest.mark.parametrize("name", CANARIES)
def test_an_adult_chooses(name: str) -> None:
    """But nobody else is asked for the box's own announcement."""
    said, _ = play(name, "A", PERSONS[1], ["A 192.0.2.1"])
    assert said == ("local" if name == "_dns.resolver.arpa" else "allowed")
