"""The peers' cases in which a house decides: lists for some only, own rules, categories, CNAMEs, addresses of answers.

Each is played by a child of sixteen whose house says just what the case says. What the peers tell in EDE is left out:
ours says by whom a name is blocked (RFC 8914: 17 where the family chose), theirs by which kind of line.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from fnmatch import fnmatch
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import msgspec
import pytest

from appliance.core import policy
from appliance.core.answers import Answers
from appliance.core.domainset import DomainSet
from appliance.core.house import House
from appliance.core.lists.rule import Syntax
from appliance.core.person import Do, Mode, Person, Rule
from appliance.core.query import Ask, Reply, Setting, begin, finish, upstream_query
from appliance.core.rulebook import Rulebook
from appliance.core.subscription import ListKind, Subscription
from appliance.core.verdict import Action
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Query
from appliance.world import rules
from tests.core.listings import list_set
from tests.needs import shared

pytestmark = pytest.mark.shared

AT = 1_795_000_000.0
TTL_S = 300
KIM = "kim"
SYNTAXES = ("category", "pihole-policy", "policy")
REAL = {"A": "198.51.100.7", "AAAA": "2001:db8::7"}
"""What an upstream answers where a case says nothing of it."""
ALIASES = {"a-cname.ftl": "gravity.ftl", "aaaa-cname.ftl": "gravity-aaaa.ftl"}
"""Of Pi-hole's test zone: cases name it by their note only."""
SAID = {Action.ALLOW: "allowed", Action.BLOCK: "blocked", Action.ASK: "blocked", Action.REWRITE: "rewritten"}
MATURE = {"TestParentalControl": "pornography", "TestSafeBrowsing": "malware_phishing"}
"""The category that a test of AdGuard Home is about."""

NOT_WANTED = {
    "blocky-client-groups-006": "a blocked name has no HTTPS record, but it exists: NXDOMAIN would be kept for A, too",
    "pihole-048": "ANY is answered by RFC 8482 with a record that says nothing, for every name alike",
}
"""Case → why what the peer does there isn't wanted here."""


class Listed(msgspec.Struct, frozen=True):
    """A list and its lines."""

    said: Subscription
    lines: list[str]


class Played(msgspec.Struct, frozen=True):
    """What a device gets."""

    expect: str
    rcode: str
    answers: list[str]


@cache
def told() -> dict[str, Any]:
    """Return what stands in the file of the cases."""
    read: dict[str, Any] = json.loads(shared("cases/rulecases.json").read_text("utf-8"))
    return read


@cache
def cases() -> list[dict[str, Any]]:
    """Return the cases in which a house decides."""
    return [case for case in told()["cases"] if case["syntax"] in SYNTAXES or "policy" in case]


@cache
def bundled() -> tuple[Rulebook, DomainSet]:
    """Return the rules as they are delivered."""
    book = rules.load_rulebook()
    return book, rules.bundled_set(book)


def listed(list_id: str, lines: Iterable[str], **said: Any) -> Listed:
    """Return a list for the child."""
    plain: dict[str, Any] = {"persons": (KIM,), "redirects": True, "wide": True, "subdomains": False}
    return Listed(Subscription(id=list_id, name=list_id, **plain | said), list(lines))


def house_of(case: dict[str, Any]) -> tuple[Person, list[Listed]]:
    """Return the child and its lists as a case tells of them."""
    child = Person(id=KIM, name="Kim", band="16-17")
    if case["syntax"] == "category":
        return child, [_feeding(MATURE[case["source"].rpartition("::")[2]], case["category_domains"])]
    if case["syntax"] == "pihole-policy":
        return _pihole(child, case["client"]["ip"])
    said = case["policy"]
    if "clients" not in said:
        return child, list(_adguard(case))
    groups = list(dict.fromkeys(_groups(said["clients"], case.get("client", {}))))
    if "allow" in said:
        only = msgspec.structs.replace(child, unknown_names=Mode.ALLOW_LIST)
        return only, [listed(group.lower(), said["allow"][group], kind=ListKind.ALLOW) for group in groups]
    return child, [listed(group.lower(), said["lists"][group]) for group in groups]


def _feeding(category: str, lines: Iterable[str]) -> Listed:
    """Return a list of the house that says what is of a category."""
    return listed(category.replace("_", "-"), lines, category=category, persons=(), subdomains=None)


def _pihole(child: Person, client: str) -> tuple[Person, list[Listed]]:
    """Return what Pi-hole's test database has for the group of a client."""
    said = told()["fixtures"]["PIHOLE"]
    gravity = listed("gravity", said["gravity"])
    if client == "127.0.0.1":
        opened = [name for name in said["exact_allow"] if name != "mask.icloud.com"]
        lists = [
            gravity,
            listed("antigravity", said["antigravity"], kind=ListKind.ALLOW),
            listed("regex-allow", said["regex_allow"], kind=ListKind.ALLOW, syntax=Syntax.POSIX_REGEX),
            listed("regex-deny", said["regex_deny"], syntax=Syntax.POSIX_REGEX),
        ]
        closed = said["exact_deny"]
    elif client == "127.0.0.2":
        opened, closed = ["mask.icloud.com"], []
        lists = [gravity, listed("regex-deny", said["regex_deny"][:1], syntax=Syntax.POSIX_REGEX)]
    else:
        return child, []
    own = [Rule(name=name, do=Do.ALLOW) for name in opened] + [Rule(name=name, do=Do.BLOCK) for name in closed]
    return msgspec.structs.replace(child, rules=tuple(own)), lists


def _adguard(case: dict[str, Any]) -> Iterator[Listed]:
    """Yield what is switched on for a client of AdGuard Home."""
    said = case["policy"]
    if said["filtering"]:
        yield listed("rules", case["rules"].split("\n"))
    if said["safebrowsing"]:
        yield _feeding(MATURE["TestSafeBrowsing"], said["safebrowsing_list"])
    yield _feeding(MATURE["TestParentalControl"], said["parental"])
    yield listed("services", said["services"])


def _groups(clients: dict[str, list[str]], client: dict[str, Any]) -> Iterator[str]:
    """Yield the groups of a client: by its names, its address or its network; by default those of everybody else."""
    names = [name.lower() for name in (client.get("name"), *client.get("names", ())) if name]
    found = [
        group
        for words, groups in clients.items()
        for word in words.lower().split(",")
        if any(fnmatch(name, word) for name in names) or _is_in(client.get("ip"), word)
        for group in groups
    ]
    yield from found or clients["default"]


def _is_in(address: str | None, network: str) -> bool:
    try:
        return address is not None and ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False


def play(case: dict[str, Any]) -> Played:
    """Ask a case's question in its house, and the upstream where need be."""
    child, lists = house_of(case)
    here = tuple(one.said for one in lists)
    made = list_set(here, {one.said.id: "\n".join(one.lines) for one in lists}) if lists else None
    book, names = bundled()
    compiled = policy.compile(House(persons=(child,), lists=here), book, (names,), UTC, lists=made)
    setting = Setting(compiled, Answers(1 << 20), lambda reason: reason.code)
    asked = dns.message.make_query(f"{case['host']}.", case["qtype"])
    query = wire.parse_query(asked.to_wire())
    assert isinstance(query, Query)
    found = begin(setting, compiled.by_person[KIM], query, False, AT)
    if isinstance(found, Ask):
        kept = setting.answers.put(found.key, wire.parse_message(_upstream(case, found)), AT)
        found = finish(setting, compiled.by_person[KIM], found, kept, False, AT)
    return _played(found, case["qtype"])


def _played(reply: Reply, qtype: str) -> Played:
    read = dns.message.from_wire(reply.wire)
    wanted = dns.rdatatype.from_text(qtype)
    answers = sorted(rdata.to_text() for rrset in read.answer if rrset.rdtype == wanted for rdata in rrset)
    said = "allowed" if reply.verdict is None else SAID[reply.verdict.action]
    return Played(said, dns.rcode.to_text(read.rcode()), answers)


def _upstream(case: dict[str, Any], ask: Ask) -> bytes:
    """Return what the upstream answers: as the case says, else an address."""
    made = dns.message.make_response(dns.message.from_wire(upstream_query(ask, 1)), recursion_available=True)
    for line in case.get("upstream") or _zone(case["host"], case["qtype"]):
        words = line.split(maxsplit=2)
        owner, rtype, data = words if len(words) == 3 else (case["host"], *words)
        data = f"{data.removesuffix('.')}." if rtype == "CNAME" else data
        made.answer.append(dns.rrset.from_text(f"{owner}.", TTL_S, "IN", rtype, data))
    return made.to_wire()


def _zone(host: str, qtype: str) -> Iterator[str]:
    if host in ALIASES:
        yield f"{host} CNAME {ALIASES[host]}"
    elif qtype in REAL:
        yield f"{host} {qtype} {REAL[qtype]}"


def differs(case: dict[str, Any], played: Played) -> list[str]:
    """Return in what the house and a case don't agree, nothing where they do."""
    said = msgspec.structs.asdict(played)
    wanted = case | ({"answers": sorted(case["answers"])} if "answers" in case else {})
    return [f"{key}: {said[key]!r} for {wanted[key]!r}" for key in said if key in wanted and wanted[key] != said[key]]


def test_the_cases_are_there() -> None:
    """There is something to prove."""
    assert len(cases()) == 42


def test_a_house_does_what_the_peers_do() -> None:
    """In all cases but for those that are listed."""
    wrong = {case["id"]: found for case in cases() if (found := differs(case, play(case)))}
    assert wrong.keys() == NOT_WANTED.keys(), "\n".join(f"{key}: {', '.join(wrong[key])}" for key in wrong)
