"""Whether a connection may flow: what it is by its first packets, decided by the same order as a question of DNS."""

from collections.abc import Iterator, Sequence
from enum import Enum
from ipaddress import ip_address

import msgspec

from appliance.core.catalogue import SERVICE_TAG
from appliance.core.device import DeviceKind
from appliance.core.flowrules import FlowRules, Likely
from appliance.core.flows.settle import Settle
from appliance.core.policy import Policy, category_of, decide, decide_address
from appliance.core.rulebook import HELP, INFRASTRUCTURE, UNCLASSIFIED
from appliance.core.signs.facts import Kind
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.subject import Subject
from appliance.core.verdict import TERMS, Strictness, Verdict
from appliance.core.wire import dns

_WEB = frozenset((Kind.TLS, Kind.QUIC, Kind.HTTP))
_THINGS = frozenset((DeviceKind.CONSOLE, DeviceKind.TV, DeviceKind.IOT))
_DISGUISED = "two_stories"
_ASKED_ELSEWHERE = "bypass_dns"


class By(Enum):
    """How the name is known by which a connection was decided."""

    WORDS = "words"
    """The client's first words ask for it."""
    RESOLVED = "resolved"
    """This box gave the device the address for it."""
    NOTHING = "nothing"
    """There is no name."""


class Passage(msgspec.Struct, frozen=True):
    """What was decided of a connection."""

    verdict: Verdict
    name: str | None
    """In normal form. It is held in memory for as long as the connection, told to nobody and written nowhere."""
    by: By
    tag: str | None
    """What the connection is of: the tag of a service, else a category, None for what nobody knows."""
    signs: tuple[tuple[str, str], ...] = ()
    """The ways round that it shows and that are closed to the subject or asked for: (category, sign), surest first."""

    @property
    def is_open(self) -> bool:
        """It flows."""
        return not self.verdict.is_blocked


def judge(
    policy: Policy,
    rules: FlowRules,
    subject: Subject,
    settle: Settle,
    resolved: Sequence[str],
    at: float,
    *,
    kind: DeviceKind | None = None,
    tags: frozenset[str] = frozenset(),
) -> Passage:
    """Return whether a connection of a subject's may flow at a time (POSIX seconds).

    `resolved` are the names for which this box gave the subject the server's address, the latest first; they count
    where the connection names nothing. `kind` is the device's. `tags` are a service's and categories that it is known
    to be of, from an earlier look.
    """
    name, by = _named(settle, resolved)
    signs = () if subject.is_managed else tuple(_ways(rules, settle, subject))
    seen = {category for category, _, decides in signs if decides}
    if name is None and settle.kind in _WEB and kind not in _THINGS and not subject.is_managed:
        seen.add(rules.hidden)
    verdict = decide(policy, subject, name or "", None, at, seen=tags | seen)
    if name is None and not verdict.is_blocked:
        # A list may close an address; a name's own addresses were looked at when they were given out.
        closed = decide_address(policy, subject, str(ip_address(settle.server)), _qtype(settle.server), at)
        verdict = closed or verdict
    tags |= policy.tags(name, subject) if name is not None else frozenset[str]()
    told = tuple((category, sign.id) for category, sign, _ in signs if _is_closed(subject, category))
    return Passage(verdict, name, by, _tag(policy, subject, tags | seen, verdict), told)


def _named(settle: Settle, resolved: Sequence[str]) -> tuple[str | None, By]:
    """Return the name that a connection is to. A question's name is not: it says nothing of who answers it."""
    if settle.name is not None and settle.kind is not Kind.DNS:
        return settle.name, By.WORDS
    if resolved:
        return resolved[0], By.RESOLVED
    return None, By.NOTHING


def _ways(rules: FlowRules, settle: Settle, subject: Subject) -> Iterator[tuple[str, Sign, bool]]:
    """Yield the ways round that a connection shows, each with its category and whether that decides."""
    likely = rules.likely[subject.row]
    if settle.kind is Kind.DNS:
        # Questions to port 53 are turned to this box: this one went elsewhere.
        yield _ASKED_ELSEWHERE, Sign("dns", Confidence.STRONG), True
    for sign in settle.signs:
        if sign.id == _DISGUISED:
            yield rules.disguised, sign, True
        elif sign.id in rules.signs and sign.confidence is not Confidence.WEAK:
            is_sure = sign.confidence is Confidence.STRONG
            if is_sure or likely is not Likely.NOTHING:
                yield rules.signs[sign.id], sign, is_sure or likely is Likely.DECIDE


def _is_closed(subject: Subject, category: str) -> bool:
    return TERMS[subject.letter(category)].strictness is not Strictness.ALLOW


def _tag(policy: Policy, subject: Subject, tags: frozenset[str], verdict: Verdict) -> str | None:
    always = min(tags & {HELP, INFRASTRUCTURE}, default=None)
    if always is not None:
        return always
    service = min((tag for tag in tags if tag.startswith(SERVICE_TAG)), default=None)
    if service is not None:
        return service
    category = category_of(policy, subject, tags, verdict)
    return None if category == UNCLASSIFIED else category


def _qtype(address: bytes) -> int:
    return dns.A if len(address) == 4 else dns.AAAA
