"""A worker's memory of what was asked: counts, recent queries, sessions, events, each as the contract lets it be."""

from collections.abc import Mapping

from appliance.core.catalogue import SERVICE_TAG
from appliance.core.house import House
from appliance.core.policy import Policy, category_of, service_of
from appliance.core.rulebook import MALWARE
from appliance.core.said import EVERYTHING
from appliance.core.subject import Subject
from appliance.core.verdict import Step, Verdict
from appliance.core.visibility import UNKNOWN, Contract, Granularity
from appliance.nameserver.counts import Counts
from appliance.nameserver.permit import Permit, Who, askers, permits
from appliance.nameserver.recent import Entry, Recent
from appliance.nameserver.tally import Cell, Key, Screen
from appliance.nameserver.things import Things, things_of

MALWARE_BLOCKED = "malware_blocked"
WARNING = 1
"""The journal's severity."""
MAX_EVENTS = 100

Happened = tuple[str | None, str, str | None, float]
"""Person, category (empty where the row shows none), device and time of a malware block."""
STRANGER = Who(None, None, UNKNOWN)


class Memory:
    """What one worker remembers of queries.

    Each reply that was made for the asking is noted once; one that is given out again raises its cell and no more, so
    that the recent queries hold what was asked and not how often.
    """

    def __init__(self, contract: Contract, counts: Counts) -> None:
        self._contract = contract
        self._never = contract.never
        self._permits = permits(contract)
        self._bare = {row for row, permit in self._permits.items() if permit.is_bare}
        self._counts = counts
        self._askers: dict[str, Who] = {}
        self.recent = Recent()
        self.session = Recent()
        self.things = Things()
        self._are_things: frozenset[str] = frozenset()
        self._sessions: dict[str, float] = {}
        self._malware: dict[tuple[str | None, str], tuple[str | None, float]] = {}

    def adopt(self, house: House) -> None:
        """Ask by this house from now on; what was written and may not be kept under it goes at once."""
        self._askers = askers(house)
        self.recent.settle(self._askers)
        self.session.settle(self._askers)
        things = things_of(self._contract, house)
        self._are_things = frozenset(one for one in things if self._permits[self.who(one).row].may_hold_things)
        self.things.settle(self._askers, self._are_things)

    def who(self, device: str | None) -> Who:
        """Return whose a device is."""
        return self._askers.get(device, STRANGER) if device is not None else STRANGER

    def note(
        self, policy: Policy, subject: Subject, device: str | None, said: tuple[str, Verdict], at: float, uptime: float
    ) -> Cell:
        """Note what was decided of a name, as far as that may be, and return the cell to raise.

        `at` is POSIX seconds, `uptime` the seconds by which a session ends.
        """
        name, verdict = said
        who = self.who(device)
        if self._never.is_silent(verdict):
            return self._counts.of(None)
        if who.row in self._bare and verdict.step is not Step.HARD and device not in self._are_things:
            return self._counts.of(verdict)
        tags = policy.tags(name, subject)
        if not self._never.categories.isdisjoint(tags):
            return self._counts.of(None)
        # By its tags as well: a name may be on a worse list, too, that gave the reason.
        is_own = self._never.is_own(verdict) or not self._never.to_caregivers.isdisjoint(tags)
        category = category_of(policy, subject, tags, verdict)
        permit = self._permits[who.row]
        self._write(permit, who, (verdict, category, name), is_own, at, uptime)
        if category == MALWARE and verdict.step is Step.HARD and not is_own:
            self._note_malware(permit, who, at)
        screen = None
        if verdict.counted and who.person is not None and permit.is_timed and not is_own:
            screen = screen_of(who.person, subject, tags, category)
        if not permit.is_counted[is_own]:
            return self._counts.of(verdict, None, screen)
        told = name if permit.is_named[verdict.is_blocked, is_own] else None
        return self._counts.of(verdict, Key(who.person, who.row, category, verdict.action.value, told), screen)

    def _write(
        self, permit: Permit, who: Who, said: tuple[Verdict, str, str], is_own: bool, at: float, uptime: float
    ) -> None:
        kind = said[0].is_blocked, is_own
        self.recent.write(who, permit.recent.levels[kind], permit.recent.kept_s, said, at)
        if who.device is not None and uptime < self._sessions.get(who.device, 0.0):
            self.session.write(who, permit.session.levels[kind], permit.session.kept_s, said, at)
        if who.device in self._are_things:
            thing = said[2], said[1], said[0].is_blocked
            self.things.write(who, permit.things.levels[kind], permit.things.kept_s, thing, at)

    def _note_malware(self, permit: Permit, who: Who, at: float) -> None:
        if permit.malware is Granularity.NO or len(self._malware) >= MAX_EVENTS:
            return
        shown = MALWARE if permit.malware.rank >= Granularity.CATEGORY.rank else ""
        self._malware.setdefault((who.person, shown), (who.device, at))

    def happened(self) -> list[Happened]:
        """Return the malware blocks since the last call, one of each person and category."""
        fresh = [(person, category, *rest) for (person, category), rest in self._malware.items()]
        self._malware.clear()
        return fresh

    def watch(self, left_s: Mapping[str, float], uptime: float) -> None:
        """Run these troubleshooting sessions and no others: device → for how many seconds from now."""
        self._sessions = {device: uptime + seconds for device, seconds in left_s.items()}
        self._end_sessions(0.0, uptime)

    def is_watched(self, device: str | None, uptime: float) -> bool:
        """Say whether each query of a device is noted: a session of it runs, or it is a thing."""
        if device in self._are_things:
            return True
        return bool(self._sessions) and device is not None and uptime < self._sessions.get(device, 0.0)

    def entries(self, device: str | None, person: str | None, at: float) -> list[Entry]:
        """Return recent queries, the newest first; of one device or one person, where that is said."""

        def wanted(entry: Entry) -> bool:
            return device in (None, entry.device) and person in (None, entry.person)

        return self.recent.read(at, wanted)

    def session_entries(self, at: float, uptime: float) -> list[Entry]:
        """Return what the sessions that run have seen, the newest first."""
        self._end_sessions(at, uptime)
        return self.session.read(at)

    def sweep(self, at: float, uptime: float) -> None:
        """Erase what is older than it may be."""
        self.recent.sweep(at)
        self.things.sweep(at)
        self._end_sessions(at, uptime)

    def forget(self) -> None:
        """Erase all entries: their ages can't be told any more, because the clock was set."""
        self.recent.forget()
        self.session.forget()
        self.things.forget()

    def _end_sessions(self, at: float, uptime: float) -> None:
        self._sessions = {device: end for device, end in self._sessions.items() if end > uptime}
        self.session.sweep(at, lambda entry: entry.device in self._sessions)


def screen_of(person: str, subject: Subject, tags: frozenset[str], category: str) -> Screen:
    """Return what minutes with a name of these tags are spent with.

    The service only where a budget is about it or its group: nothing else asks for it. Of several categories the one
    that a budget is about, else the one by which the name is counted.
    """
    budgeted: set[str] = set()
    for budget, about in subject.budgets:
        if budget.what != EVERYTHING and about is not None:
            budgeted |= about & tags
    categories = [tag for tag in budgeted if not tag.startswith(SERVICE_TAG)]
    return Screen(person, service_of(frozenset(budgeted)), min(categories, default=category))
