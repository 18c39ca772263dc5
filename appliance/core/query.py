"""One DNS query: begin makes the reply or says what to ask an upstream, finish makes the reply of what it answered.

Neither touches the machine: both are told who asks and what time it is.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address

import msgspec

from appliance.core import delivery, ech, names, reply
from appliance.core.answers import MAX_NEGATIVE_TTL_S, STALE_TTL_S, Answers, Kept, Key
from appliance.core.delivery import decide_delivery, decide_home, decide_target
from appliance.core.guesses import PENDING_S, Guesses, Label, Memory, Thresholds, label_of
from appliance.core.house import BlockMode
from appliance.core.local import NOTHING_LOCAL, OF_TARGET, Found, Local
from appliance.core.policy import Policy, decide, ttl_s
from appliance.core.record import BOX_DOMAIN
from appliance.core.rulebook import AT_HOME
from appliance.core.special import TOP, Special, goes_before, special_of
from appliance.core.subject import Subject
from appliance.core.verdict import Action, Answer, Given, Reason, Step, Verdict
from appliance.core.wire import dns
from appliance.core.wire.dns import Message, Query, Refusal
from appliance.core.wire.presentation import BadRecord, encode
from appliance.core.wire.reader import WireError

MEMO_SHARE = 0.1
"""Of what is left of an answer, the least share for which a finished reply may be given out again unchanged."""
BLOCK_MEMO_S = 600.0

HOME_DOMAIN = BOX_DOMAIN
HOME_TTL_S = 60
GIVEN_TTL_S = 60
"""What a list answers with may be another thing after its next version."""
SPECIAL_TTL_S = 300

OF_LISTED_TARGET = OF_TARGET
"""The types of records that are taken from the name that a list names."""

_OUR_OPT = dns.opt(dns.MAX_UDP_OCTETS, do=False), dns.opt(dns.MAX_UDP_OCTETS, do=True)
_QUESTION = b"\xc0\x0c"
"""A pointer to the name in the question."""
_OF_TARGET = (dns.A, dns.AAAA)
"""The types of records that are taken from the name of a safe mode."""
_NO_SITES = TOP | {"arpa"}
"""Endings of names that no site has."""
_FORCED_MODE = {Answer.NXDOMAIN: BlockMode.NXDOMAIN, Answer.NODATA: BlockMode.NODATA}

Say = Callable[[Reason], str]
"""A reason as a sentence: handed in, because words are no business of core."""


class Failure(Enum):
    """Why there is no upstream's answer."""

    NO_UPSTREAM = "no upstream is configured"
    NO_ANSWER = "no upstream answered"


class Reply(msgspec.Struct, frozen=True):
    """Finished octets, which may answer the same question of the same asker again before `keep_until`."""

    wire: bytes
    rcode: int
    verdict: Verdict | None = None
    keep_until: float = 0.0
    again: "Ask | None" = None
    """What to ask for once more, because the answer that this was made of is popular and will end soon."""
    addresses: Sequence[bytes] = ()
    """The addresses that it gives for the name, hints of them included; none where it is blocked."""


class Ask(msgspec.Struct, frozen=True):
    """What an upstream must be asked before the reply can be finished."""

    query: Query
    verdict: Verdict
    name: str
    """The question's name, or the target of a REWRITE."""
    key: Key


@dataclass(frozen=True, slots=True)
class Setting:
    """What all queries of a moment share: the policy, the cache and how reasons read."""

    policy: Policy
    answers: Answers
    say: Say
    routed: frozenset[str] = frozenset()
    """Domains that servers of their own are asked for, the home's router perhaps, whatever they are."""
    local: Local = NOTHING_LOCAL
    """Names that the house answers for itself."""
    guessed: Memory | None = None
    """What the classifier said lately of names that nothing else knows."""
    thresholds: Thresholds = field(default_factory=dict)
    """How sure it must be."""

    @property
    def at_home(self) -> tuple[str, ...]:
        """Domains whose names may lie in the home."""
        return (*self.routed, *self.policy.house.private_names)


def begin(setting: Setting, subject: Subject, parsed: Query | Refusal, is_tcp: bool, at: float) -> Reply | Ask:
    """Return the reply to a client's message, or what to ask for it, at a time (POSIX seconds)."""
    if isinstance(parsed, Refusal):
        return Reply(reply.refuse(parsed), parsed.rcode)
    if parsed.qtype == dns.ANY:
        return Reply(reply.any_answer(parsed), dns.NOERROR)
    found = setting.local.answer(parsed.name, parsed.qtype)
    if found is not None and setting.policy.is_protected(parsed.name):
        found = None
    if found is not None and found.leads_home:
        # It is no internet, and so no matter of the policy.
        return _local(subject, parsed, None, found, is_tcp, at)
    guesses = _guesses(setting, subject, parsed.name, at)
    verdict = decide(
        setting.policy, subject, parsed.name, _label(setting, subject, parsed.name, guesses), at, qtype=parsed.qtype
    )
    if guesses is not None and not guesses:
        verdict = _in_passing(setting, parsed.name, verdict, at)
    special = special_of(parsed.name, parsed.qtype, setting.routed) if found is None else None
    if special is not None and not goes_before(verdict):
        return _special(subject, parsed, verdict, special, at)
    if verdict.is_blocked:
        return _blocked(setting, subject, parsed, verdict, at)
    if found is not None and (verdict.target is None or verdict.step is Step.LIST):
        return _here(setting, subject, parsed, verdict, found, is_tcp, at)
    if verdict.rewrite is not None:
        return _given(subject, parsed, verdict, verdict.rewrite, is_tcp, at)
    name = parsed.name if verdict.target is None else _answering(parsed, verdict, verdict.target)
    if name is None:
        ttl = ttl_s(subject, verdict, MAX_NEGATIVE_TTL_S, at)
        keep_until = _last_given(at + BLOCK_MEMO_S, verdict, ttl)
        return Reply(reply.nodata(parsed, ttl), dns.NOERROR, verdict, keep_until)
    if verdict.target is not None and verdict.step is Step.LIST:
        return _led(setting, subject, parsed, verdict, name, is_tcp, at)
    return _asked(setting, subject, parsed, verdict, name, is_tcp, at)


def is_unsure(setting: Setting, subject: Subject, query: Query, verdict: Verdict | None, at: float) -> bool:
    """Say whether a query that was begun with this verdict should be begun again once its name has been guessed at."""
    is_fed = setting.guessed is not None and setting.guessed.is_fed
    if not is_fed or not is_unguessed(setting, subject, query.name, verdict, at):
        return False
    return _is_site(setting, query.name) and not setting.policy.knows(query.name)


def is_unguessed(setting: Setting, subject: Subject, name: str, verdict: Verdict | None, at: float) -> bool:
    """Say whether the default alone has decided, for somebody whom the classifier may ask, and it has said nothing."""
    if setting.guessed is None or not subject.is_scored or verdict is None:
        return False
    if verdict.step is not Step.DEFAULT or verdict.action is not Action.ALLOW:
        return False
    return setting.guessed.get(name, at) is None


def is_as_begun(setting: Setting, subject: Subject, name: str, at: float) -> bool:
    """Say whether what was begun without a guess at a name holds with the one that is there now."""
    guesses = _guesses(setting, subject, name, at)
    if guesses:
        return _label(setting, subject, name, guesses) is None
    return guesses is not None and setting.guessed is not None and not setting.guessed.is_passed_over(name, at)


def _guesses(setting: Setting, subject: Subject, name: str, at: float) -> Guesses | None:
    """Return what was guessed of a name, None where nobody did or it doesn't matter to the asker."""
    return setting.guessed.get(name, at) if subject.is_scored and setting.guessed is not None else None


def _label(setting: Setting, subject: Subject, name: str, guesses: Guesses | None) -> Label | None:
    """Return what a name is held to be by these guesses, None for nothing that the asker is asked about."""
    return label_of(subject, guesses, setting.thresholds) if guesses and _is_site(setting, name) else None


def _in_passing(setting: Setting, name: str, verdict: Verdict, at: float) -> Verdict:
    """Return the verdict on a name without guesses: not for long where they were only not there in time."""
    if setting.guessed is None or verdict.step is not Step.DEFAULT or not setting.guessed.is_passed_over(name, at):
        return verdict
    until = at + PENDING_S
    return msgspec.structs.replace(verdict, until=until if verdict.until is None else min(until, verdict.until))


def _is_site(setting: Setting, name: str) -> bool:
    """Say whether a name may be a site's: it is no whole ending, no address turned round and no name of the home."""
    above = list(names.parents(name))
    if len(above) < 2 or above[-1] in _NO_SITES or setting.local.tells(name):
        return False
    return set(setting.at_home).isdisjoint(above)


def _led(
    setting: Setting, subject: Subject, query: Query, verdict: Verdict, name: str, is_tcp: bool, at: float
) -> Reply | Ask:
    """Begin a query that a list or the house leads to another name, unless that is closed for the asker."""
    cloaked = decide_target(setting.policy, subject, query, verdict, name, at)
    if cloaked is not None:
        return _blocked(setting, subject, query, cloaked, at)
    return _asked(setting, subject, query, verdict, name, is_tcp, at)


def _asked(
    setting: Setting, subject: Subject, query: Query, verdict: Verdict, name: str, is_tcp: bool, at: float
) -> Reply | Ask:
    """Return the reply made of what the cache has for a name, else what to ask an upstream for."""
    ask = Ask(query, verdict, name, (name, query.qtype, _asked_flags(query)))
    kept = setting.answers.get(ask.key, at)
    if kept is None:
        return ask
    made = finish(setting, subject, ask, kept, is_tcp, at)
    return msgspec.structs.replace(made, again=ask) if kept.is_due and made.verdict is verdict else made


def _answering(query: Query, verdict: Verdict, target: str) -> str | None:
    """Return the name whose records answer a rewritten one: the target, itself, or for no answer None."""
    if verdict.step is Step.LIST:
        return target if query.qtype in OF_LISTED_TARGET else None
    if query.qtype in _OF_TARGET:
        return target
    # The original's address hints would lead around the rewrite.
    return None if query.qtype in (dns.HTTPS, dns.SVCB) else query.name


def at_home(query: Query, addresses: Iterable[str]) -> Reply:
    """Return the reply to a question for the box itself: those of its addresses that are of the family asked for.

    It holds for who asks by this way alone, so that it is never given out again.
    """
    if query.qtype == dns.ANY:
        return Reply(reply.any_answer(query), dns.NOERROR)
    version = {dns.A: 4, dns.AAAA: 6}.get(query.qtype)
    found = [address.packed for address in map(ip_address, addresses) if address.version == version]
    if not found:
        return Reply(reply.nodata(query, HOME_TTL_S), dns.NOERROR)
    records = [dns.record(_QUESTION, query.qtype, HOME_TTL_S, address) for address in found]
    return Reply(reply.compose(query, dns.NOERROR, (records, ())), dns.NOERROR)


def finish(setting: Setting, subject: Subject, ask: Ask, outcome: Kept | Failure, is_tcp: bool, at: float) -> Reply:
    """Return the reply made of an upstream's answer: CNAMEs decided again, TTLs cut, our own EDNS."""
    query, verdict = ask.query, ask.verdict
    if isinstance(outcome, Failure):
        code = reply.EDE_NOT_READY if outcome is Failure.NO_UPSTREAM else reply.EDE_NETWORK_ERROR
        return Reply(reply.compose(query, dns.SERVFAIL, ede=(code, outcome.value)), dns.SERVFAIL, verdict)
    message = outcome.message
    try:
        found = delivery.read(message, ask.name)
        closed = decide_delivery(setting.policy, subject, query, verdict, found, at)
        if closed is None and found.leads_home and AT_HOME not in setting.policy.tags(ask.name):
            closed = decide_home(verdict, ask.name, setting.at_home)
        if found.has_keys and ech.is_withheld(subject):
            message = ech.without_keys(message)
    except WireError:
        ede = (reply.EDE_NETWORK_ERROR, "the upstream's answer was malformed")
        return Reply(reply.compose(query, dns.SERVFAIL, ede=ede), dns.SERVFAIL, verdict)
    if closed is not None:
        return _blocked(setting, subject, query, closed, at)
    # An answer with TTL 0 is no longer fresh at once, yet not stale for those who asked for it together.
    is_stale = at >= max(outcome.fresh_until, outcome.put_at + 1)
    # The TTL stands in the octets: it is what will be left when they are given out for the last time.
    left = STALE_TTL_S if is_stale else (outcome.fresh_until - at) * (1 - MEMO_SHARE)
    ttl = ttl_s(subject, verdict, left, at)
    rcode = message.rcode
    if ask.name != query.name:
        wire = reply.rewrite(query, ask.name, message, ttl)
        rcode = dns.NOERROR if rcode == dns.NXDOMAIN else rcode
    elif is_stale:
        wire = reply.pass_on(query, message, ttl, 0, (reply.EDE_STALE, ""))
    else:
        wire = reply.pass_on(query, message, ttl, outcome.age_s(at))
    keep_until = at if is_stale else _last_given(outcome.fresh_until, verdict, ttl)
    return _fitting(query, Reply(wire, rcode, verdict, keep_until, addresses=found.addresses), is_tcp)


def upstream_query(ask: Ask, ident: int, *, has_edns: bool = True, question: bytes = b"") -> bytes:
    """Return the message for an upstream: our own header and EDNS, and nothing of what the client said of itself.

    `question` is what `upstream_question` returned, where that is known already.
    """
    flags = ask.key[2]
    head = dns.header(ident, flags & 0xFFFF, (1, 0, 0, 1 if has_edns else 0))
    return head + (question or upstream_question(ask)) + (_OUR_OPT[flags >> 16] if has_edns else b"")


def upstream_question(ask: Ask) -> bytes:
    """Return the question of such a message: its name in lower case, as whoever asks next would have it."""
    asked = ask.query.question
    return (asked[:-4].lower() if ask.name == ask.query.name else names.to_wire(ask.name)) + asked[-4:]


def is_answer_to(message: Message, ask: Ask, ident: int) -> bool:
    """Say whether an upstream's message answers just what was asked (RFC 5452 section 9.1)."""
    return (
        message.id == ident
        and bool(message.flags & dns.QR)
        and message.name == ask.name
        and message.qtype == ask.query.qtype
        and message.qclass == dns.CLASS_IN
    )


def _asked_flags(query: Query) -> int:
    """Return the flags to ask an upstream with: RD and CD as sent, AD always (RFC 6840 section 5.7), DO as 2^16."""
    do = 1 << 16 if query.edns is not None and query.edns.do else 0
    return query.flags & (dns.RD | dns.CD) | dns.AD | do


def _special(subject: Subject, query: Query, verdict: Verdict, special: Special, at: float) -> Reply:
    """Return the reply for a name that nobody is asked for; it says nothing of who asks, and so is not counted."""
    ttl = ttl_s(subject, verdict, SPECIAL_TTL_S, at)
    wire = reply.given(query, special.rcode, special.data, ttl)
    return Reply(wire, special.rcode, keep_until=_last_given(at + BLOCK_MEMO_S, verdict, ttl))


def _blocked(setting: Setting, subject: Subject, query: Query, verdict: Verdict, at: float) -> Reply:
    ttl = ttl_s(subject, verdict, MAX_NEGATIVE_TTL_S, at)
    ede = (_ede_code(verdict), setting.say(verdict.reason))
    if verdict.rewrite is not None:
        rcode, wire = verdict.rewrite.rcode, reply.given(query, *_data(query, verdict.rewrite), ttl, ede)
    else:
        blocking = setting.policy.house.blocking
        mode = _FORCED_MODE[verdict.answer] if verdict.answer else blocking.mode or BlockMode.NULL
        rcode, wire = reply.block(query, blocking, mode, ttl, ede)
    return Reply(wire, rcode, verdict, _last_given(at + BLOCK_MEMO_S, verdict, ttl))


def _given(subject: Subject, query: Query, verdict: Verdict, given: Given, is_tcp: bool, at: float) -> Reply:
    """Return the reply that a list gives in place of the name's own."""
    ttl = ttl_s(subject, verdict, GIVEN_TTL_S, at)
    rcode, data = _data(query, given)
    wire = reply.given(query, rcode, data, ttl)
    end = _last_given(at + BLOCK_MEMO_S, verdict, ttl)
    return _fitting(query, Reply(wire, rcode, verdict, end, addresses=_addresses(query, data)), is_tcp)


def _here(
    setting: Setting, subject: Subject, query: Query, verdict: Verdict, found: Found, is_tcp: bool, at: float
) -> Reply | Ask:
    """Begin a query for an open name of which the house says where it leads, unless that is closed for the asker."""
    if found.target is None:
        return _local(subject, query, verdict, found, is_tcp, at)
    if found.is_asked:
        return _led(setting, subject, query, verdict, found.target, is_tcp, at)
    cloaked = decide_target(setting.policy, subject, query, verdict, found.target, at)
    if cloaked is not None:
        return _blocked(setting, subject, query, cloaked, at)
    return _local(subject, query, verdict, found, is_tcp, at)


def _local(subject: Subject, query: Query, verdict: Verdict | None, found: Found, is_tcp: bool, at: float) -> Reply:
    """Return the reply that the house gives; with a verdict, to a name of the internet that is open."""
    ttl = found.ttl_s if verdict is None else ttl_s(subject, verdict, found.ttl_s, at)
    wire = reply.given(query, found.rcode, found.data, ttl, target=found.target)
    end = at + BLOCK_MEMO_S if found.is_steady else at
    if verdict is not None:
        # The house may have it for as long as it stays as it is, but nobody keeps it past the verdict.
        end = _last_given(end + ttl, verdict, ttl)
    return _fitting(query, Reply(wire, found.rcode, verdict, end, addresses=_addresses(query, found.data)), is_tcp)


def _addresses(query: Query, data: Sequence[bytes]) -> Sequence[bytes]:
    """Return the addresses among the data of records of the type asked for."""
    return data if query.qtype in _OF_TARGET else ()


def _data(query: Query, given: Given) -> tuple[int, list[bytes]]:
    """Return the RCODE and the records' data of what a list gives; text that is no such data is left out."""
    found = []
    for value in given.values:
        with contextlib.suppress(BadRecord):
            found.append(encode(query.qtype, value))
    return given.rcode, found


def _fitting(query: Query, made: Reply, is_tcp: bool) -> Reply:
    """Return a reply, or in its place what sends the client to TCP where it is too long."""
    if len(made.wire) <= (dns.MAX_TCP_OCTETS if is_tcp else query.udp_octets):
        return made
    return Reply(reply.truncated(query, made.rcode), made.rcode, made.verdict)


def _last_given(end: float, verdict: Verdict, ttl: int) -> float:
    """Return until when a reply with this TTL may be given out, so that nobody keeps it past `end` or the verdict."""
    return (end if verdict.until is None else min(end, verdict.until)) - ttl


def _ede_code(verdict: Verdict) -> int:
    """Return 16 for what the law forbids, 15 for what the box blocks by itself, 17 for what the family chose."""
    if ("category", "csam") in verdict.reason.args:
        return reply.EDE_CENSORED
    return reply.EDE_BLOCKED if verdict.step is Step.HARD else reply.EDE_FILTERED
