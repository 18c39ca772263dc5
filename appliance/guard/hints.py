"""What no connection shows by itself: that all a device does is one stream, or that it knows addresses from elsewhere.

It is likely and no more. So it is told as far as the age lets it be, and never decided by; what nobody may be told of
is not looked at.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Final, Protocol

from appliance.core.catalogue import SERVICE_TAG
from appliance.core.device import THINGS
from appliance.core.flowrules import BusyWithoutDns, LoneUdp
from appliance.core.mark import State
from appliance.core.rebinding import is_home
from appliance.core.signs.facts import Kind
from appliance.core.signs.sign import Confidence
from appliance.core.verdict import TERMS, Strictness
from appliance.core.wire.packet import Protocol as Number
from appliance.guard.book import Book, From, Known
from appliance.guard.events import HINTS
from appliance.guard.manners import is_free
from appliance.guard.names import LENIENT_S
from appliance.guard.pinned import Giver, Pinned
from appliance.guard.review import Judged
from appliance.guard.traffic import End, Flow, Moved, Traffic
from appliance.household.orders import Orders

MEGA: Final = 1_000_000
LONE, BUSY, PINNED = "lone_udp", "busy_without_dns", "name_pinned"
MAX_ASKED: Final = 64
"""Of a device's servers, those that it moved most with."""
SLICE: Final = 1_000
"""Connections that are looked at in a stretch."""

_PEERS = frozenset(("bittorrent", "call", "stun", "turn"))
"""Signs of what finds its ends without DNS."""
_WEB = frozenset((Kind.TLS, Kind.QUIC, Kind.HTTP))


class Teller(Protocol):
    """Who tells of them: `Events`."""

    def may_hint(self, device: str, /) -> bool:
        """Say whether hints of a device may be told."""

    def hint(self, device: str | None, route: str, /) -> None:
        """Tell of one."""


class Hints:
    """Looks at all that flows, now and then; `at` is an uptime in seconds."""

    def __init__(self, orders: Orders, book: Book, names: Giver, teller: Teller) -> None:
        self._orders = orders
        self._book = book
        self._names = names
        self._teller = teller
        self._rules = orders.flow_rules.hints
        self._within_s = self._rules.minutes * 60.0
        self._traffic = Traffic(self._within_s)
        self._pinned = Pinned(self._rules.name_pinned, names)

    async def look(self, judged: Sequence[Judged], at: float) -> None:
        """Look through all that flows, as it was judged lately, and tell of what is plain."""
        watched = frozenset(device for device in self._orders.devices if self._is_watched(device))
        flows: list[Flow] = []
        for first in range(0, len(judged), SLICE):
            flows += self._flows(judged[first : first + SLICE], watched, at)
            await asyncio.sleep(0)
        self._pinned.forget(watched)
        self._pinned.present(self._traffic.look(flows, at), at)
        for device, ends in self._traffic.by_device().items():
            if is_lone(ends, self._rules.lone_udp, self._within_s):
                self._tell(device, LONE)
            if await self._is_busy_without_dns(device, ends, at):
                self._tell(device, BUSY)
        for device in await self._pinned.look():
            self._tell(device, PINNED)

    def _is_watched(self, device: str) -> bool:
        subject = self._orders.policy.of_device(device)
        is_persons = self._orders.devices[device].kind not in THINGS
        return is_persons and not subject.is_managed and not is_free(subject) and self._teller.may_hint(device)

    def _flows(self, judged: Sequence[Judged], watched: frozenset[str], at: float) -> Iterator[Flow]:
        """Yield what goes out of the home and isn't refused; note on the way what asks for names."""
        for one in judged:
            connection = one.tracked.connection
            if one.device not in watched or one.state is State.REFUSED or is_home(connection.server):
                continue
            known = self._book.of(connection)
            is_begun = known is not None and known.by is From.WORKER
            if known is not None and is_begun and known.name is not None and known.kind in _WEB:
                self._pinned.claim(one.device, known.name, connection.addresses[1], _service(one), at)
            yield Flow(one.device, connection, _end(one, known), one.tracked.octets, is_begun)

    async def _is_busy_without_dns(self, device: str, ends: Mapping[End, Moved], at: float) -> bool:
        servers = busy_with(ends, self._rules.busy_without_dns)
        # Mostly the first was given, and all is said.
        for some in (servers[:1], servers[1:MAX_ASKED]):
            if not all(await asyncio.gather(*(self._is_strange(device, *one, at) for one in some))):
                return False
        return bool(servers)

    async def _is_strange(self, device: str, address: str, since: float | None, at: float) -> bool:
        """Say whether an address was not given; in touch before anybody looked, it need not be known surely."""
        return await self._names.is_strange(device, address, 0.0 if since is None else at - since + LENIENT_S)

    def _tell(self, device: str, route: str) -> None:
        """Tell of a hint, unless ways round of its kind are open to the device anyway."""
        category = HINTS[route]
        subject = self._orders.policy.of_device(device)
        if category is None or TERMS[subject.letter(category)].strictness is not Strictness.ALLOW:
            self._teller.hint(device, route)


def is_lone(ends: Mapping[End, Moved], rules: LoneUdp, lasting_s: float) -> bool:
    """Say whether a stream of UDP that nobody knows, and that goes on for so long, carries nearly all."""
    total = sum(moved.total for moved in ends.values())
    for end, moved in ends.items():
        if end.stream is None or moved.since is None or not moved.is_answered:
            continue
        if moved.until - moved.since < lasting_s:
            continue
        others = {other.server for other, said in ends.items() if said.is_answered} - {end.server}
        is_much = moved.total >= rules.megabytes * MEGA and moved.total * 100 >= rules.percent * total
        if is_much and len(others) <= rules.others:
            return True
    return False


def busy_with(ends: Mapping[End, Moved], rules: BusyWithoutDns) -> list[tuple[str, float | None]]:
    """Return the servers of a busy device, the one that it moved most with first; none where it isn't busy.

    With each stands since when they are in touch; None, where that was so before anybody looked: such a server makes
    no device busy.
    """
    octets: dict[bytes, int] = {}
    since: dict[bytes, float | None] = {}
    for end, moved in ends.items():
        if end.is_peer or not moved.is_answered:
            continue
        before = since.setdefault(end.server, moved.since)
        since[end.server] = None if before is None or moved.since is None else min(before, moved.since)
        octets[end.server] = octets.get(end.server, 0) + moved.total
    new = [octets[server] for server, at in since.items() if at is not None]
    if len(new) < rules.servers or sum(new) < rules.megabytes * MEGA:
        return []
    return [(str(ip_address(server)), since[server]) for server in sorted(octets, key=lambda server: -octets[server])]


def _end(judged: Judged, known: Known | None) -> End:
    connection = judged.tracked.connection
    signs = {sign.id: sign.confidence for sign in known.signs} if known is not None else {}
    is_peer = not _PEERS.isdisjoint(signs)
    is_named = is_peer or any(confidence is not Confidence.WEAK for confidence in signs.values())
    is_nobodys = (
        connection.protocol == Number.UDP
        and known is not None
        and known.by is From.WORKER
        and known.kind is Kind.OTHER
        and not is_named
        and _tag(judged) is None
    )
    return End(connection.server, connection if is_nobodys else None, is_peer)


def _tag(judged: Judged) -> str | None:
    return judged.passage.tag if judged.passage is not None else None


def _service(judged: Judged) -> str | None:
    tag = _tag(judged)
    return tag if tag is not None and tag.startswith(SERVICE_TAG) else None
