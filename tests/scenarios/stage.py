"""Plays a story through `query.begin` and `query.finish`, and compares what each asker gets with what the story says.

Of every question it checks as well what no story need say: that the reply's TTL outlives neither the verdict nor the
cap, that until the verdict's end nothing else would be decided and after it everything is decided anew, and that a help
line is open.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zlib import crc32

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import msgspec

from appliance import wording
from appliance.core import budget, domainset, house, policy
from appliance.core.answers import Answers
from appliance.core.budget import NOT_COUNTED, Minutes, Used
from appliance.core.device import DeviceKind
from appliance.core.domainset import DomainSet, Entry
from appliance.core.house import House
from appliance.core.person import PersonKind
from appliance.core.policy import Policy
from appliance.core.query import Ask, Reply, Setting, begin, finish, upstream_query
from appliance.core.rulebook import Rulebook
from appliance.core.subject import Subject
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Message, Query
from appliance.core.word import ALONE
from tests.core.listings import list_set
from tests.scenarios.story import NEVER, STRANGER, Plain, Story, StoryError, Turn, end, next_shown

HELP_LINE = "www.nummergegenkummer.de"
CHILD_CAP_S = 60
BLOCKED_CAP_S = 10
DAY_S = 86_400
UPSTREAM_TTL_S = 300
CACHE_OCTETS = 1 << 20
_SERVICE_RECORDS = ("HTTPS", "SVCB")


def play(story: Story, book: Rulebook, bundled: DomainSet) -> list[str]:
    """Return what went otherwise than a story says: file, line, step, and how. Raises StoryError for a bad act."""
    stage = Stage(story, book, bundled)
    wrong: list[str] = []
    for number, turn in enumerate(story.turns):
        at, place = story.moments[number], story.place(number)
        if turn.asks is None:
            try:
                stage.act(turn, at)
            except (ValueError, LookupError, TypeError) as error:
                raise StoryError(f"{place}: {error}") from error
        elif not stage.knows(str(turn.who)):
            raise StoryError(f"{place}: there is neither a device nor a person {turn.who!r}")
        else:
            wrong += [f"{place}: {turn.who} asks {turn.asks}: {words}" for words in stage.ask(turn, at)]
    return wrong


class Stage:
    """A house while its story is played: what is said, what is counted, what the nameserver keeps."""

    def __init__(self, story: Story, book: Rulebook, bundled: DomainSet) -> None:
        self._story = story
        self._book = book
        self._plain = story.plain
        self._sets = (bundled, DomainSet(domainset.build(_entries(story.names))))
        self._answers = Answers(CACHE_OCTETS)
        self._minutes = NOT_COUNTED
        self._policy = self._compiled(self._plain)

    def knows(self, who: str) -> bool:
        """Say whether somebody is there to ask."""
        return who == STRANGER or who in self._policy.by_device or who in self._policy.by_person

    def act(self, turn: Turn, at: float) -> None:
        """Do what a caregiver does, or count what was used. Raises ValueError for what no house can have."""
        if turn.used is not None:
            self._count(turn.used, at)
        else:
            self._plain = _changed(self._plain, turn, at, self._story)
        self._policy = self._compiled(self._plain)

    def ask(self, turn: Turn, at: float) -> list[str]:
        """Ask a question; return what is otherwise than expected. Minutes are counted up to the last whole one."""
        counted = msgspec.structs.replace(self._minutes, at=at - at % 60)
        self._policy = replace(self._policy, minutes=counted)
        subject = self._subject(str(turn.who))
        asked = _query(str(turn.asks), turn.type)
        reply = self._replied(subject, asked, at, self._answers)
        wrong = [
            f"{what} is {found!r}, not {expected!r}"
            for what, expected, found in self._compared(turn, reply, at)
            if expected is not None and expected != found
        ]
        return [*wrong, *self._broken(subject, asked, reply, at, self._cap_s(str(turn.who)))]

    def _compared(self, turn: Turn, reply: Reply, at: float) -> Iterator[tuple[str, object, object]]:
        """Yield what is compared, what is expected of it (None: nothing), and what it is."""
        verdict = _verdict(reply)
        read = dns.message.from_wire(reply.wire)
        names = wording.Names.of(self._book, self._policy.house)
        language = self._policy.house.language
        yield "the action", turn.gets, verdict.action
        yield "the step", turn.step, verdict.step
        yield "the reason", turn.why, " ".join([verdict.reason.code, *(value for _, value in verdict.reason.args)])
        yield "the sentence", turn.says, wording.sentence(verdict.reason, names, language)
        told = wording.sentence(verdict.reason, names, language, to_child=True)
        yield "the sentence to the child", turn.tells, told
        yield "the answer", turn.answer or _usual(turn), self._shown(read, str(turn.asks), turn.type)
        yield "the TTL", turn.ttl_s, _ttl_s(read)
        yield "counted", turn.counted, verdict.counted
        yield "traceless", turn.traceless, verdict.traceless
        yield "who lifts it", turn.lifted_by, verdict.lift
        if turn.until is not None:
            expected = None if turn.until == NEVER else next_shown(turn.until, at, self._story.zone)
            yield "the end", self._clock(expected), self._clock(verdict.until)

    def _broken(self, subject: Subject, asked: Query, reply: Reply, at: float, cap_s: int) -> Iterator[str]:
        """Yield which of the promises that hold for every question this reply breaks."""
        verdict = _verdict(reply)
        ttl_s = _ttl_s(dns.message.from_wire(reply.wire))
        cap_s = BLOCKED_CAP_S if verdict.is_blocked else cap_s
        if ttl_s > cap_s:
            yield f"a TTL of {ttl_s} s is above the cap of {cap_s} s"
        if verdict.until is None:
            for hours in (12, 24, 8 * 24):
                later = self._decided(subject, asked, at + hours * 3600)
                if (later.action, later.reason) != (verdict.action, verdict.reason):
                    yield f"it never ends, and in {hours} hours it is {_brief(later)}"
        else:
            yield from self._outlived(subject, asked, reply, at, verdict.until)
        help_line = self._decided(subject, _query(HELP_LINE, "A"), at)
        if help_line != Verdict(Action.ALLOW, Step.HELP, Reason("help"), traceless=True):
            yield f"the help line gets {help_line}"

    def _outlived(self, subject: Subject, asked: Query, reply: Reply, at: float, until: float) -> Iterator[str]:
        """Yield where a reply is kept past its verdict's end, or the verdict ends at another time than it says."""
        verdict = _verdict(reply)
        ttl_s = _ttl_s(dns.message.from_wire(reply.wire))
        if until <= at:
            yield f"the verdict ended {at - until} s ago"
        if at + ttl_s > until:
            yield f"a TTL of {ttl_s} s outlives the verdict's {until - at} s"
        if reply.keep_until > at and reply.keep_until + ttl_s > until:
            yield f"the nameserver would give it out again until {self._clock(reply.keep_until)}"
        for share in (0.25, 0.5, 0.75, 1.0):
            then = at + (until - at) * share - (1 if share == 1.0 else 0)
            between = self._decided(subject, asked, then)
            if at < then < until and (between.action, between.reason) != (verdict.action, verdict.reason):
                yield f"already at {self._clock(then)}, before its end, it is {_brief(between)}"
        after = self._decided(subject, asked, until + 1)
        if after.until is not None and after.until <= until + 1:
            yield f"asked again at {self._clock(until + 1)}, the old verdict is given: {_brief(after)}"

    def _decided(self, subject: Subject, asked: Query, at: float) -> Verdict:
        """Return the verdict of a question that nobody asked before."""
        return _verdict(self._replied(subject, asked, at, Answers(CACHE_OCTETS)))

    def _replied(self, subject: Subject, asked: Query, at: float, answers: Answers) -> Reply:
        """Return the reply to a question, asked of the upstream where need be."""

        def say(reason: Reason) -> str:
            names = wording.Names.of(self._book, self._policy.house)
            return wording.sentence(reason, names, self._policy.house.language)

        setting = Setting(self._policy, answers, say)
        found = begin(setting, subject, asked, False, at)
        if isinstance(found, Reply):
            return found
        kept = answers.put(found.key, self._upstream(found), at)
        return finish(setting, subject, found, kept, False, at)

    def _upstream(self, ask: Ask) -> Message:
        """Return what the upstream answers: aliases, then an address of the name's own, or its service record."""
        made = dns.message.make_response(dns.message.from_wire(upstream_query(ask, 1)), recursion_available=True)
        qtype = dns.rdatatype.to_text(made.question[0].rdtype)
        name = ask.name
        while name in self._story.aliases:
            target = self._story.aliases[name]
            made.answer.append(dns.rrset.from_text(f"{name}.", UPSTREAM_TTL_S, "IN", "CNAME", f"{target}."))
            name = target
        rdata = '1 . alpn="h2"' if qtype in _SERVICE_RECORDS else self._address(name, qtype)
        if rdata is not None:
            made.answer.append(dns.rrset.from_text(f"{name}.", UPSTREAM_TTL_S, "IN", qtype, rdata))
        return wire.parse_message(made.to_wire())

    def _shown(self, read: dns.message.Message, name: str, qtype: str) -> str:
        """Return in one word what a device sees in a reply."""
        if read.rcode() != dns.rcode.NOERROR:
            return dns.rcode.to_text(read.rcode()).lower()
        aliases = {rrset.name.to_text(True): rrset[0].target.to_text(True) for rrset in _of_type(read, "CNAME")}
        found = {rdata.to_text() for rrset in _of_type(read, qtype) for rdata in rrset}
        if found & {"0.0.0.0", "::"}:
            return "closed"
        if not found:
            return "nodata"
        owner = name
        while owner in aliases:
            owner = aliases[owner]
        if qtype not in _SERVICE_RECORDS and found != {self._address(owner, qtype)}:
            return ", ".join(sorted(found))
        return "open" if aliases.items() <= self._story.aliases.items() else owner

    def _address(self, name: str, qtype: str) -> str | None:
        told = self._story.addresses.get(name)
        return told if told is not None and qtype == "A" else _address(name, qtype)

    def _subject(self, who: str) -> Subject:
        if who == STRANGER:
            return self._policy.of_device(None)
        return self._policy.by_device.get(who) or self._policy.by_person[who]

    def _cap_s(self, who: str) -> int:
        """Return the longest that an open reply may be kept, told from the house and not from what core makes of it."""
        told = self._policy.house
        device = next((one for one in told.devices if one.id == who), None)
        person_id = device.person if device is not None else who
        is_adult = any(one.id == person_id and one.kind is PersonKind.ADULT for one in told.persons)
        return DAY_S if is_adult or (device is not None and device.kind is DeviceKind.ADULT) else CHILD_CAP_S

    def _count(self, used: Mapping[str, Mapping[str, int | Used]], at: float) -> None:
        today = budget.day_of(at, self._story.zone, self._policy.house.day_starts)
        known = self._minutes.used if self._minutes.day == today else {}
        new = {
            person: {what: Used(one, one) if isinstance(one, int) else one for what, one in by_what.items()}
            for person, by_what in used.items()
        }
        merged = {person: known.get(person, {}) | by_what for person, by_what in new.items()}
        self._minutes = Minutes(at - at % 60, today, {**known, **merged})

    def _compiled(self, plain: Plain) -> Policy:
        """Return the policy of a house as it was written. Raises ValueError for what no house can have."""
        told = msgspec.convert(plain, House)
        wrong = list(house.problems(told, self._book.known))
        if wrong:
            raise ValueError("; ".join(f"{'.'.join(map(str, place))}: {words}" for place, words in wrong))
        here = [one for one in told.lists if one.on and one.id in self._story.lists]
        made = list_set(here, self._story.lists) if here else None
        return policy.compile(told, self._book, self._sets, self._story.zone, self._minutes, made)

    def _clock(self, at: float | None) -> str:
        return NEVER if at is None else datetime.fromtimestamp(at, self._story.zone).isoformat(" ")


def _changed(plain: Plain, turn: Turn, at: float, story: Story) -> Plain:
    """Return a house as it is written after a caregiver's act."""

    def iso(moment: float) -> str:
        return datetime.fromtimestamp(moment, story.zone).isoformat()

    def ending(given: Plain) -> Plain:
        kept = {key: value for key, value in given.items() if key not in ("for", "until")}
        return {**kept, "said_at": iso(at), "until": iso(end(given, at, story.zone))}

    if turn.pause is not None:
        return _added(plain, "pauses", ending(turn.pause))
    if turn.grant is not None:
        return _added(plain, "grants", ending(turn.grant))
    if turn.lift is not None:
        begins = at if len(turn.lift["by"]) == 2 or "name" in turn.lift else at + ALONE.total_seconds()
        return _added(plain, "lifted", {**turn.lift, "said_at": iso(at), "begins": iso(begins)})
    if turn.rule is not None:
        rule = {key: value for key, value in turn.rule.items() if key != "person"}
        person = next(one for one in plain["persons"] if one["id"] == turn.rule["person"])
        return _merged(plain, {"persons": [{"id": person["id"], "rules": [*person.get("rules", []), rule]}]})
    return _merged(plain, turn.house or {})


def _added(plain: Plain, field: str, item: Plain) -> Plain:
    return {**plain, field: [*plain.get(field, []), item]}


def _merged(plain: Plain, change: Plain) -> Plain:
    """Return a house with parts of another: persons and devices by id and key, all else whole."""
    merged = {**plain, **change}
    for field in ("persons", "devices"):
        by_id = {one["id"]: one for one in plain.get(field, [])}
        for one in change.get(field, []):
            by_id[one["id"]] = by_id.get(one["id"], {}) | one
        merged[field] = list(by_id.values())
    return merged


def _entries(names: Mapping[str, tuple[str, ...]]) -> list[Entry]:
    return [Entry(name, category) for category, of_it in names.items() for name in of_it]


def _query(name: str, qtype: str) -> Query:
    """Return a question as a device asks it."""
    asked = wire.parse_query(dns.message.make_query(name, qtype, use_edns=0, payload=1232).to_wire())
    assert isinstance(asked, Query)
    return asked


def _address(name: str, qtype: str) -> str | None:
    """Return the address that a name has, and no other name has."""
    number = crc32(name.encode())
    if qtype == "A":
        return f"198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}"
    return f"2001:db8::{number >> 16:x}:{number & 0xFFFF | 1:x}" if qtype == "AAAA" else None


def _usual(turn: Turn) -> str:
    """Return the answer that goes with an action where the story says none."""
    has_address = turn.type in ("A", "AAAA")
    match turn.gets:
        case Action.ALLOW:
            return "open" if has_address or turn.type in _SERVICE_RECORDS else "nodata"
        case Action.REWRITE if turn.type not in (*_SERVICE_RECORDS, "A", "AAAA"):
            return "nodata"
        case _:
            return "closed" if has_address else "nodata"


def _of_type(read: dns.message.Message, qtype: str) -> list[Any]:
    return [rrset for rrset in read.answer if rrset.rdtype == dns.rdatatype.from_text(qtype)]


def _ttl_s(read: dns.message.Message) -> int:
    """Return for how many seconds a device may keep a reply or any part of it."""
    return max((rrset.ttl for rrset in (*read.answer, *read.authority)), default=0)


def _verdict(reply: Reply) -> Verdict:
    assert reply.verdict is not None
    return reply.verdict


def _brief(verdict: Verdict) -> str:
    return f"{verdict.action.value} ({' '.join([verdict.reason.code, *(value for _, value in verdict.reason.args)])})"
