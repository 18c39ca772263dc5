"""What the house itself answers a name with, and in which words that is told."""

from ipaddress import ip_address

import msgspec

from appliance.core import names, policy
from appliance.core.delivery import decide_target
from appliance.core.house import House
from appliance.core.local import Found, Local
from appliance.core.policy import Policy
from appliance.core.subject import Subject
from appliance.core.verdict import Step, Verdict
from appliance.core.wire import dns
from appliance.core.wire.dns import Query
from appliance.household.labels import Labels

STEP = "home"
"""In place of a step of the order of decision: none of them is asked."""
SENTENCE = "This leads nowhere but home, and so it is answered in every state of the house."
TO_CHILD = "This is inside your home."


class AtHome(msgspec.Struct, frozen=True):
    """What the house itself answers with."""

    by: str
    """Whose records these are: a name, or ``*.`` and one."""
    values: list[str]
    target: str | None
    """Where its aliases lead."""
    is_asked: bool
    """The records of the target are the internet's."""

    @property
    def words(self) -> str:
        """What stands there, in words."""
        said = "what the internet has for it" if self.is_asked else ", ".join(self.values) or "no such record"
        return said if self.target is None else f"{self.target}: {said}"

    @property
    def sentence(self) -> str:
        """The same as a sentence."""
        return f"At home {self.by} is answered with {self.words}."


def decide(
    compiled: Policy, routed: frozenset[str], subject: Subject, name: str, qtype: int, at: float, labels: Labels
) -> tuple[Verdict, Found | None]:
    """Return what is decided of a name, and what the house itself answers then: as the nameserver does.

    Where that leads nowhere but home, the verdict doesn't matter.
    """
    local = Local.of(compiled.house, routed)
    found = None if compiled.is_protected(name) else local.answer(name, qtype)
    verdict = policy.decide(compiled, subject, name, None, at, qtype=qtype)
    if not local.tells(name) and set(names.parents(name)).isdisjoint((*routed, *compiled.house.private_names)):
        # Names of the home are none that a classifier is asked about.
        verdict = labels.decide(compiled, subject, name, at, qtype=qtype)
    if found is None or found.leads_home:
        return verdict, found
    if verdict.is_blocked or (verdict.target is not None and verdict.step is not Step.LIST):
        return verdict, None
    query = _query(name, qtype)
    if found.target is None or query is None:
        return verdict, found
    closed = decide_target(compiled, subject, query, verdict, found.target, at)
    return (verdict, found) if closed is None else (closed, None)


def told(house: House, found: Found, qtype: int) -> AtHome:
    """Return what the house answers with as people write it."""
    said = {one.data: one.value for one in house.records if one.rtype == qtype and not one.is_left}
    return AtHome(found.by, [said.get(one) or _shown(one, qtype) for one in found.data], found.target, found.is_asked)


def _shown(data: bytes, qtype: int) -> str:
    """Return the data of a record that nobody wrote: the address of a device, or a name."""
    return str(ip_address(data)) if qtype in (dns.A, dns.AAAA) else dns.parse_name(data, 0)[0]


def _query(name: str, qtype: int) -> Query | None:
    """Return a question as a client asks it, None for a type that nobody gets an answer for."""
    question = names.to_wire(name) + qtype.to_bytes(2, "big") + dns.CLASS_IN.to_bytes(2, "big")
    query = dns.parse_query(dns.header(0, dns.RD, (1, 0, 0, 0)) + question)
    return query if isinstance(query, Query) else None
