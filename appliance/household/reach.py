"""How far the box reaches one child: gathered from the house and from what the daemons tell of themselves."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from appliance.core.coverage import Facts, Guard, Held, Way
from appliance.core.device import Device, DeviceKind
from appliance.core.person import Person
from appliance.core.policy import Policy
from appliance.core.verdict import TERMS, Strictness
from appliance.core.visibility import Contract, Granularity, Role, row_of
from appliance.household.inforce import GUARD, NAMESERVER, Standing, look
from appliance.world import bus
from appliance.world.snapshot import Snapshot

STEWARD, FINDER = "steward", "finder"
ASK_S = 2.0
PRESENCE = "device_presence"
SIGN = "bypass_sign"
MAX_SIGNS = 50
ONE_ARMED = "one-armed"
V6_OFF = "off"

_FREE = frozenset((DeviceKind.ADULT, DeviceKind.MANAGED))

Told = Mapping[str, object]


def facts_of(data: Path, snapshot: Snapshot | None, policy: Policy, person: Person, contract: Contract) -> Facts:
    """Return what is known of how the box stands to a child; a daemon that doesn't answer is not waited for long.

    `snapshot` is the house as it was published, `policy` that of the house as it was saved.
    """
    guard = _ask(data, GUARD, "status") if bus.is_expected(data, GUARD) else None
    way = _way(guard, is_expected=bus.is_expected(data, GUARD))
    counts = _mapping((_ask(data, NAMESERVER, "status") or {}).get("counts"))
    standing = {one.name: one.standing for one in look(data, snapshot, (NAMESERVER, STEWARD)).daemons}
    subject = policy.by_person[person.id]
    seen = _presence(data)
    windows = [*person.windows, *(window for one in person.exceptions for window in one.windows)]
    return Facts(
        way=way,
        answers=_answers(standing[NAMESERVER]),
        counts=standing[STEWARD] in (Standing.RUNS, Standing.BEHIND),
        guard=None if guard is None else _guard(guard, snapshot.digest if snapshot else ""),
        devices=tuple(_held(one, person, contract, seen) for one in policy.house.devices if one.person == person.id),
        # Behind a gateway a router asks for itself alone.
        is_router_between=way is Way.DNS and bool(counts.get("asker.router")),
        is_router_silent=bool(counts.get("asker.missing")),
        encrypted_dns=_strictness(policy, person, "bypass_dns"),
        tunnels=_strictness(policy, person, "bypass_vpn"),
        ways_seen=_ways_seen(data, person),
        has_times=bool(windows),
        has_budgets=bool(subject.budgets),
        is_slowing=any(one.slow for one in windows) or any(one.slow for one in person.budgets),
        unwatched=person.unwatched,
        known_names_only=person.known_names_only,
    )


def _ask(data: Path, daemon: str, ask: str, **what: object) -> Told | None:
    """Return what a daemon answers, None where it is not there or doesn't."""
    try:
        return bus.ask(data, daemon, {"ask": ask, **what}, ASK_S)
    except bus.BusError:
        return None


def _way(guard: Told | None, *, is_expected: bool) -> Way:
    if not is_expected:
        return Way.DNS
    return Way.ONE_ARM if guard is not None and guard.get("mode") == ONE_ARMED else Way.GATEWAY


def _answers(standing: Standing) -> bool | None:
    return None if standing in (Standing.GONE, Standing.SILENT) else standing is Standing.RUNS


def _guard(told: Told, digest: str) -> Guard:
    """Return what a guard tells of itself; a key that it lacks is not known."""
    workers = _workers(told)
    return Guard(
        is_current=None if workers is None else all(one.get("digest") == digest for one in workers),
        is_looking=None if workers is None else _is_looking(told, workers),
        carries_v6=_carries_v6(told.get("v6")),
        side_doors=_count(told.get("side_doors")),
    )


def _workers(told: Told) -> list[Told] | None:
    workers = told.get("workers")
    return [one for one in workers if isinstance(one, dict)] if isinstance(workers, list) else None


def _is_looking(told: Told, workers: list[Told]) -> bool:
    """Say whether each queue has a process that decides; the daemon's own problem may be that no rule is loaded."""
    return bool(workers) and not told.get("problem") and all(one.get("digest") is not None for one in workers)


def _carries_v6(told: object) -> bool | None:
    mode = _mapping(told).get("mode")
    return None if mode is None else mode != V6_OFF


def _count(told: object) -> int | None:
    return len(told) if isinstance(told, list) else None


def _held(device: Device, person: Person, contract: Contract, seen: frozenset[str] | None) -> Held:
    view = contract.view(PRESENCE, row_of(person, device), Role.CAREGIVER)
    return Held(
        name=device.name or device.id,
        is_free=device.kind in _FREE,
        has_mac=bool(device.macs),
        is_kept=device.only is not None,
        is_seen=None if seen is None or view.granularity is Granularity.NO else device.id in seen,
    )


def _presence(data: Path) -> frozenset[str] | None:
    """Return the devices that were seen within a day, None where nobody tells."""
    told = _ask(data, FINDER, "presence")
    devices = None if told is None else told.get("devices")
    if not isinstance(devices, list):
        return None
    return frozenset(str(one.get("device")) for one in devices if isinstance(one, dict))


def _ways_seen(data: Path, person: Person) -> frozenset[str]:
    """Return the kinds of ways round that were lately seen, as far as the steward tells caregivers of them."""
    told = (
        _ask(data, STEWARD, "events", person=person.id, role=Role.CAREGIVER.value, kinds=[SIGN], limit=MAX_SIGNS) or {}
    )
    events = told.get("events")
    found: Iterable[object] = events if isinstance(events, list) else ()
    args = [_mapping(one.get("args")) for one in found if isinstance(one, dict)]
    return frozenset(str(one["category"]) for one in args if "category" in one)


def _strictness(policy: Policy, person: Person, category: str) -> Strictness:
    return TERMS[policy.by_person[person.id].letter(category)].strictness


def _mapping(told: object) -> Told:
    return told if isinstance(told, dict) else {}
