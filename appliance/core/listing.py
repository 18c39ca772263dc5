"""What the lists of a house say of a name to one asker: whose list reaches whom, and which of its rules mean it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from appliance.core.device import Device, DeviceKind, normal_mac
from appliance.core.house import House
from appliance.core.lists.judge import judge
from appliance.core.lists.listset import ListSet
from appliance.core.lists.rule import Asked, Did, Hit, Outcome, Rewrite
from appliance.core.person import Person
from appliance.core.subscription import ListKind, Subscription

CHILD_TAG = "user_child"
ADULT_TAG = "user_regular"
DEVICE_TAGS: dict[DeviceKind, tuple[str, ...]] = {
    DeviceKind.PHONE: ("device_phone",),
    DeviceKind.TABLET: ("device_tablet",),
    DeviceKind.LAPTOP: ("device_laptop", "device_pc"),
    DeviceKind.CONSOLE: ("device_gameconsole",),
    DeviceKind.TV: ("device_tv",),
    DeviceKind.IOT: ("device_other",),
}
"""What AdGuard's ``$ctag`` calls a kind of device."""
_SINKS = frozenset(("0.0.0.0", "::", "127.0.0.1", "::1"))  # noqa: S104 -- addresses of answers, nothing listens there


@dataclass(frozen=True, slots=True)
class Reach:
    """Which lists reach an asker, and by which words of their rules it is meant."""

    opening: frozenset[str] = frozenset()
    """Ids of those whose every line opens."""
    plain: frozenset[str] = frozenset()
    """Ids of those without a category."""
    feeds: Mapping[str, str] = field(default_factory=dict)
    """Id → category, of those that have one."""
    clients: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Say whether any list reaches it."""
        return bool(self.plain or self.feeds)

    @property
    def key(self) -> str:
        """Tell askers apart that some rule tells apart; empty where none does."""
        return " ".join(sorted(self.clients | self.tags))


NO_LISTS = Reach()


def reach_of(
    house: House, lists: ListSet | None, person: Person | None, device: Device | None, *, is_adult: bool
) -> Reach:
    """Return which lists reach a person on a device, or a device that is nobody's.

    A list of the house feeds its category for everybody, for what that means is said per person; without one it is for
    children and for devices that nobody named, not for adults.
    """
    if lists is None:
        return NO_LISTS
    reaching = [
        one for one in house.lists if one.on and one.id in lists.ids and _is_for(one, person, is_adult=is_adult)
    ]
    if not reaching:
        return NO_LISTS
    return Reach(
        opening=frozenset(one.id for one in reaching if one.kind is ListKind.ALLOW),
        plain=frozenset(one.id for one in reaching if one.category is None),
        feeds={one.id: one.category for one in reaching if one.category is not None},
        clients=frozenset(_clients(lists.clients, person, device)),
        tags=lists.tags & {*_user_tags(person, is_adult=is_adult), *_device_tags(device)},
    )


def _is_for(one: Subscription, person: Person | None, *, is_adult: bool) -> bool:
    if one.persons:
        return person is not None and person.id in one.persons
    return one.category is not None or not is_adult


@dataclass(frozen=True, slots=True)
class Listed:
    """What the lists that reach an asker say of one name."""

    asked: Asked | None = None
    opening: frozenset[str] = frozenset()
    hits: tuple[Hit, ...] = ()
    """Lines of lists without a category."""
    fed: Mapping[str, Hit] = field(default_factory=dict)
    """Category that only lists say the name is of → the line that does."""

    def outcome(self, *, may_rewrite: bool) -> Outcome | None:
        """Return what lists without a category do, None where they do nothing."""
        if self.asked is None:
            return None
        hits = self.hits
        while hits:
            found = judge(hits, self.asked, opening=self.opening)
            if found is None or found.did is not Did.REWRITE:
                return found
            if is_block(found):
                return Outcome(Did.BLOCK, found.hit, found.rcode, None, found.values)
            if may_rewrite:
                return found
            hits = tuple(hit for hit in hits if hit is not found.hit)
        return None


NOTHING = Listed()


def listed(hits: Sequence[Hit], reach: Reach, name: str, qtype: int, known: Collection[str] = ()) -> Listed:
    """Return what lines about a name say to an asker; `known` are the categories that it is of without them."""
    asked = Asked(name, qtype, reach.clients, (), reach.tags)
    plain: list[Hit] = []
    by_category: dict[str, list[Hit]] = {}
    for hit in hits:
        if hit.list in reach.plain:
            plain.append(hit)
        elif hit.list in reach.feeds and reach.feeds[hit.list] not in known:
            by_category.setdefault(reach.feeds[hit.list], []).append(hit)
    fed = {}
    for category, said in by_category.items():
        outcome = judge(said, asked, opening=reach.opening)
        if outcome is not None and outcome.did is not Did.ALLOW:
            fed[category] = outcome.hit
    return Listed(asked, reach.opening, tuple(plain), fed) if plain or fed else NOTHING


def is_block(outcome: Outcome) -> bool:
    """Say whether a rewrite gives nothing that leads anywhere: an RCODE, no record, addresses of nowhere."""
    rule = outcome.hit.rule
    return rule is not None and all(map(_is_sink, rule.rewrites))


def _is_sink(rewrite: Rewrite) -> bool:
    return rewrite.cname is None and (not rewrite.qtype or rewrite.value in _SINKS)


def _clients(tokens: Iterable[str], person: Person | None, device: Device | None) -> Iterator[str]:
    """Yield the ``$client`` words that mean a person, or a device by its name, MACs, addresses or their network."""
    words = {person.id, person.name.lower()} if person is not None else set()
    if device is not None:
        words |= {device.id, (device.name or device.id).lower()}
    for token in tokens:
        if token in words or (device is not None and _is_at(device, token)):
            yield token


def _is_at(device: Device, token: str) -> bool:
    try:
        return normal_mac(token) in device.macs
    except ValueError:
        pass
    try:
        network = ip_network(token, strict=False)
    except ValueError:
        return False
    return any(ip_address(address) in network for address in device.addresses)


def _user_tags(person: Person | None, *, is_adult: bool) -> tuple[str, ...]:
    if is_adult:
        return (ADULT_TAG,)
    return () if person is None else (CHILD_TAG,)


def _device_tags(device: Device | None) -> tuple[str, ...]:
    return () if device is None else DEVICE_TAGS.get(device.kind, ())
