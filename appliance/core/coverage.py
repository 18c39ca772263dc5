"""What a box truly enforces for one child, here and now: what is known of box, devices and network in, findings out.

A finding is about one thing that a caregiver may rely on. It never says more than the box can know: where nobody told,
it is unknown, and where something goes past the box by its nature, the best there is is "partly".
"""

from collections.abc import Iterator
from enum import Enum

import msgspec

from appliance.core.person import KnownNames, Unwatched
from appliance.core.verdict import Reason, Strictness


class Way(Enum):
    """How the box stands in the network."""

    DNS = "dns"
    """It answers names, and sees nothing else."""
    ONE_ARM = "one-arm"
    """It is the gateway of devices that could reach the router without it."""
    GATEWAY = "gateway"
    """There is no way out but through it."""


class Topic(Enum):
    """What a caregiver may rely on."""

    SITES = "sites"
    TIMES = "times"
    CUTS = "cuts"
    """What is open already ends, too."""
    NAMELESS = "nameless"
    """Connections to addresses without a name."""
    ENCRYPTED_DNS = "encrypted_dns"
    TUNNELS = "tunnels"
    IPV6 = "ipv6"
    MINUTES = "minutes"


class Holds(Enum):
    """Whether it does."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    UNKNOWN = "unknown"
    """What would tell doesn't answer."""
    UNWANTED = "unwanted"
    """The rules leave it open: there is nothing to enforce."""


class Finding(msgspec.Struct, frozen=True):
    """How one thing stands, and why: `appliance.household.coverage_words` has the sentence and what to do."""

    topic: Topic
    holds: Holds
    reason: Reason


class Coverage(msgspec.Struct, frozen=True):
    """All findings, each topic once; and notes: what else should be known, by reason."""

    way: Way
    findings: tuple[Finding, ...]
    notes: tuple[Reason, ...]


class Guard(msgspec.Struct, frozen=True):
    """The daemon that looks at connections, as it tells of itself; None is what it doesn't tell."""

    is_current: bool | None = None
    """It runs the house in force, in all its parts."""
    is_looking: bool | None = None
    """There is a process at each of its queues, and its rules are in the kernel."""
    carries_v6: bool | None = None
    """IPv6 goes through it; False where the box gives out none."""
    side_doors: int | None = None
    """Other machines that offer themselves as IPv6 routers."""


class Held(msgspec.Struct, frozen=True):
    """A device of the child."""

    name: str
    is_free: bool = False
    """An adult's own, or a managed one: the child's rules don't hold on it."""
    has_mac: bool = True
    is_kept: bool = False
    """It may reach some names alone."""
    is_seen: bool | None = None
    """Lately; None where that is not known, or not to be told."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of box, network and child."""

    way: Way
    answers: bool | None
    """All of the nameserver runs the house; False: some of it doesn't; None: it is not there."""
    counts: bool
    """The steward is there."""
    guard: Guard | None = None
    """None: it is not there."""
    devices: tuple[Held, ...] = ()
    is_router_between: bool = False
    """Questions came from a router that nobody listed: it may hide whose they are."""
    is_router_silent: bool = False
    """A listed router did not say who asks."""
    encrypted_dns: Strictness = Strictness.BLOCK
    """What the rules have for the child's questions to other, encrypted name servers."""
    tunnels: Strictness = Strictness.BLOCK
    """… and for VPNs."""
    ways_seen: frozenset[str] = frozenset()
    """Kinds of ways round that its devices lately showed, as far as caregivers may see that."""
    has_times: bool = False
    has_budgets: bool = False
    is_slowing: bool = False
    """A time or a budget slows in place of stopping."""
    unwatched: Unwatched = Unwatched.OPEN
    known_names_only: KnownNames = KnownNames.OFF

    @property
    def filtered(self) -> tuple[Held, ...]:
        """The devices on which the child's rules hold."""
        return tuple(one for one in self.devices if not one.is_free)

    @property
    def is_gateway(self) -> bool:
        """Connections go through the box."""
        return self.way is not Way.DNS


Found = tuple[Holds, Reason]

_SIGNS = {Topic.ENCRYPTED_DNS: frozenset(("bypass_dns",)), Topic.TUNNELS: frozenset(("bypass_vpn", "bypass_relay"))}


def coverage(facts: Facts) -> Coverage:
    """Return what is enforced."""
    found = {
        Topic.SITES: _sites(facts),
        Topic.TIMES: _times(facts),
        Topic.CUTS: _by_guard(facts, "cuts"),
        Topic.NAMELESS: _nameless(facts),
        Topic.ENCRYPTED_DNS: _round(facts, Topic.ENCRYPTED_DNS, facts.encrypted_dns),
        Topic.TUNNELS: _round(facts, Topic.TUNNELS, facts.tunnels),
        Topic.IPV6: _ipv6(facts),
        Topic.MINUTES: _minutes(facts),
    }
    findings = tuple(Finding(topic, holds, reason) for topic, (holds, reason) in found.items())
    return Coverage(facts.way, findings, tuple(_notes(facts)))


def _obstacle(facts: Facts) -> Found | None:
    """Return what keeps all rules from holding, None where nothing does."""
    if not facts.filtered:
        return Holds.NO, Reason("no_device")
    if facts.answers is None:
        return Holds.NO, Reason("nameserver_gone")
    return None


def _sites(facts: Facts) -> Found:
    hindered = _obstacle(facts)
    if hindered is not None:
        return hindered
    if not facts.answers:
        return Holds.PARTLY, Reason("nameserver_behind")
    if facts.is_router_between:
        return Holds.PARTLY, Reason("router_between")
    if facts.is_router_silent:
        return Holds.PARTLY, Reason("router_silent")
    return _by_guard(facts, "sites")


def _times(facts: Facts) -> Found:
    if not facts.has_times and not facts.has_budgets:
        return Holds.UNWANTED, Reason("no_times")
    return _by_guard(facts, "times")


def _by_guard(facts: Facts, topic: str) -> Found:
    """Return how well something holds that a nameserver does by names, and a gateway by connections."""
    hindered = _obstacle(facts)
    if hindered is not None:
        return hindered
    if not facts.is_gateway:
        # By names alone nothing ends that is open.
        return Holds.NO if topic == "cuts" else Holds.PARTLY, Reason(f"{topic}_by_dns")
    fault = _guard_fault(facts)
    if fault is not None:
        return Holds.NO if topic == "cuts" and facts.guard is None else Holds.PARTLY, fault
    if facts.guard is None or facts.guard.is_looking is None:
        return Holds.UNKNOWN, Reason("guard_untold")
    if facts.way is Way.ONE_ARM:
        return Holds.PARTLY, Reason(f"{topic}_one_arm")
    return Holds.YES, Reason(f"{topic}_by_gateway")


def _guard_fault(facts: Facts) -> Reason | None:
    """Return what is wrong with the guard of a gateway."""
    guard = facts.guard
    if guard is None:
        return Reason("guard_gone")
    if guard.is_looking is False:
        return Reason("guard_blind")
    return Reason("guard_behind") if guard.is_current is False else None


def _nameless(facts: Facts) -> Found:
    holds, reason = _by_guard(facts, "nameless")
    if reason.code == "nameless_by_dns":
        return Holds.NO, reason
    if reason.code not in ("nameless_by_gateway", "nameless_one_arm"):
        return holds, reason
    if facts.known_names_only is KnownNames.ON:
        return holds, Reason("nameless_refused")
    is_watched = facts.known_names_only is KnownNames.WATCH
    return Holds.PARTLY, Reason("nameless_watched" if is_watched else "nameless_by_gateway")


def _round(facts: Facts, topic: Topic, wanted: Strictness) -> Found:
    """Return how well a way round the box is closed. A tunnel that looks like a visit to a site is told by nobody."""
    if wanted is Strictness.ALLOW:
        return Holds.UNWANTED, Reason(f"{topic.value}_open")
    holds, reason = _by_guard(facts, topic.value)
    if holds not in (Holds.YES, Holds.PARTLY) or not reason.code.startswith(topic.value):
        return holds, reason
    if facts.ways_seen & _SIGNS[topic]:
        return Holds.PARTLY, Reason(f"{topic.value}_seen")
    return Holds.PARTLY if topic is Topic.TUNNELS else holds, reason


def _ipv6(facts: Facts) -> Found:
    if facts.guard is not None and facts.guard.side_doors:
        return Holds.NO, Reason("ipv6_side_door")
    holds, reason = _by_guard(facts, "ipv6")
    if reason.code not in ("ipv6_by_gateway", "ipv6_one_arm") or facts.guard is None:
        return holds, reason
    if facts.guard.carries_v6 is None:
        return Holds.UNKNOWN, Reason("guard_untold")
    return (holds, reason) if facts.guard.carries_v6 else (holds, Reason("ipv6_off"))


def _minutes(facts: Facts) -> Found:
    if not facts.has_budgets:
        return Holds.UNWANTED, Reason("no_budgets")
    hindered = _obstacle(facts)
    if hindered is not None:
        return hindered
    return (Holds.PARTLY, Reason("minutes_by_names")) if facts.counts else (Holds.NO, Reason("steward_gone"))


def _notes(facts: Facts) -> Iterator[Reason]:
    """Yield what else should be known, what one can change first."""
    if facts.way is not Way.GATEWAY:
        yield Reason("one_arm" if facts.is_gateway else "be_gateway")
    told = (
        ("devices_free", [one for one in facts.devices if one.is_free]),
        ("devices_unseen", [one for one in facts.filtered if one.is_seen is False]),
        ("devices_by_address", [one for one in facts.filtered if not one.has_mac]),
        ("devices_kept", [one for one in facts.filtered if one.is_kept and not facts.is_gateway]),
    )
    for code, found in told:
        if found:
            yield Reason.of(code, devices=", ".join(one.name for one in found))
    if facts.is_slowing and not facts.is_gateway:
        yield Reason("slow_needs_gateway")
    if facts.is_gateway:
        yield Reason("unwatched_open" if facts.unwatched is Unwatched.OPEN else "unwatched_closed")
        yield Reason("neighbours")
    yield Reason("elsewhere")
