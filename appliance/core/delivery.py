"""What delivers an admitted name is decided, too: the aliases and the addresses of an upstream's answer."""

from collections.abc import Collection, Sequence
from dataclasses import replace as replace_fields
from ipaddress import ip_address
from typing import NamedTuple

from msgspec.structs import replace

from appliance.core import names
from appliance.core.policy import Policy, decide, decide_address
from appliance.core.rebinding import is_home
from appliance.core.schedule import Schedule
from appliance.core.subject import Subject
from appliance.core.verdict import Action, Answer, Reason, Step, Verdict
from appliance.core.wire import dns, svcb
from appliance.core.wire.dns import Message, Query
from appliance.core.wire.reader import WireError

MAX_CNAMES = 11
"""A chain with more links is refused, as resolvers do anyway: a block behind many decoys must not pass."""
MAX_RECORDS = 100
"""An answer with more that must be looked at is refused: BIND refuses sets of more than these, no site has one."""

_SPARED = (Step.HELP, Step.INFRASTRUCTURE)
_OCTETS = {dns.A: 4, dns.AAAA: 16}
"""How long an address is."""


class Delivery(NamedTuple):
    """What an answer leads to."""

    targets: Sequence[str]
    """The names of its aliases and services."""
    addresses: Sequence[bytes]
    """Addresses and hints of addresses, as octets."""
    has_keys: bool
    """It brings keys for encrypted hellos."""

    @property
    def leads_home(self) -> bool:
        """Say whether an address is one of a home."""
        return any(map(is_home, self.addresses))


def read(message: Message, name: str) -> Delivery:
    """Return what an answer for a name leads to.

    Raises WireError for what is malformed, has too many records or leads in a circle.
    """
    links: list[tuple[str, str]] = []
    services: list[str] = []
    has_keys = False
    addresses: list[bytes] = []
    for record in message.answers:
        rtype = record.rtype
        if rtype in _OCTETS:
            # One of another length is of no use to anybody.
            if record.end - record.rdata_at == _OCTETS[rtype]:
                addresses.append(message.wire[record.rdata_at : record.end])
        elif rtype == dns.CNAME:
            links.append((record.name, dns.rdata_name(message, record)))
        elif rtype in svcb.TYPES:
            service = svcb.read(message.wire, record.rdata_at, record.end)
            services += [service.target] if service.target else []
            addresses += service.hints
            has_keys = has_keys or service.has(svcb.ECH)
    if links:
        _check_chain(links, name)
    if len(links) + len(services) + len(addresses) > MAX_RECORDS:
        raise WireError("too many records")
    targets = [*(target for _, target in links), *services] if links or services else ()
    return Delivery(targets, addresses, has_keys)


def decide_delivery(
    policy: Policy, subject: Subject, query: Query, admitted: Verdict, found: Delivery, at: float
) -> Verdict | None:
    """Return the verdict of an alias or an address in the answer that blocks it, None if none does."""
    if admitted.step in _SPARED or (admitted.action is Action.REWRITE and admitted.step is not Step.LIST):
        return None
    for target in found.targets:
        verdict = decide_target(policy, subject, query, admitted, target, at)
        if verdict is not None:
            return verdict
    if policy.lists is None or not policy.lists.has_addresses:
        return None
    for octets in found.addresses:
        closed = decide_address(policy, subject, str(ip_address(octets)), query.qtype, at)
        verdict = None if closed is None else _reaching(policy, subject, query, admitted, closed)
        if verdict is not None:
            return verdict
    return None


def decide_home(admitted: Verdict, name: str, at_home: Collection[str]) -> Verdict | None:
    """Return the verdict of an answer that leads a name into a home, None where it may.

    Names of the domains `at_home`, and all below them, may lie there.
    """
    if admitted.step in _SPARED or any(one in at_home for one in names.parents(name)):
        return None
    return Verdict(
        Action.BLOCK,
        Step.HARD,
        Reason("rebinding"),
        traceless=admitted.traceless,
        until=admitted.until,
        answer=Answer.NODATA,
    )


def decide_target(
    policy: Policy, subject: Subject, query: Query, admitted: Verdict, name: str, at: float
) -> Verdict | None:
    """Return the verdict of a name that delivers an admitted one where it blocks that, too; None where it doesn't."""
    verdict = _decide_untimed(policy, subject, name, query.qtype, at)
    is_meant = verdict.is_blocked and verdict.step is not Step.DEFAULT
    return _reaching(policy, subject, query, admitted, verdict) if is_meant else None


def _check_chain(links: list[tuple[str, str]], name: str) -> None:
    if len(links) > MAX_CNAMES:
        raise WireError("too many CNAMEs")
    following = dict(links)
    for _ in links:
        if name not in following:
            return
        name = following[name]
    if name in following:
        raise WireError("CNAMEs in a circle")


def _reaching(policy: Policy, subject: Subject, query: Query, admitted: Verdict, verdict: Verdict) -> Verdict | None:
    """Return a block of what delivers an admitted name as it reaches that name; None where it doesn't.

    It counts only where it is decided by the step that admitted the name or one before it: an own "allow" opens a site
    whatever network delivers it, and malware stays blocked. Pauses and windows were decided for the name, so that what
    is always on or granted stays so. What one list opens no other closes by its network; nor does any list what is
    protected.
    """
    reaches_last = admitted.step.rank
    if admitted.step is Step.PROTECTED and not subject.own_rule_reaches_information:
        reaches_last = Step.HARD.rank
    if admitted.step is Step.LIST and admitted.action is Action.ALLOW:
        reaches_last = Step.CATEGORY.rank
    if verdict.step.rank > reaches_last:
        return None
    if any(key == "list" for key, _ in verdict.reason.args) and policy.is_protected(query.name):
        return None
    ends = [until for until in (verdict.until, admitted.until) if until is not None]
    is_traceless = verdict.traceless or admitted.traceless
    return replace(verdict, until=min(ends, default=None), traceless=is_traceless)


def _decide_untimed(policy: Policy, subject: Subject, name: str, qtype: int, at: float) -> Verdict:
    """Return the verdict of a CNAME's target, but for pauses and windows, and for what a thing is kept to.

    Nobody who says which names it may reach knows by whose network they are delivered.
    """
    if subject.only is not None:
        subject = replace_fields(subject, only=None)
    verdict = decide(policy, subject, name, None, at, qtype=qtype)
    if not verdict.is_blocked or verdict.step not in (Step.WORD, Step.TIME):
        return verdict
    grants = tuple(word for word in subject.words if not word.is_pause)
    untimed = replace_fields(subject, words=grants, schedule=Schedule((), (), subject.zone), budgets=())
    return decide(policy, untimed, name, None, at, qtype=qtype)
