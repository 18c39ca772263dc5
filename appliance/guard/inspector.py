"""From packets to marks: whose connection a packet is of, what it is, and whether it may flow."""

import math
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from appliance.core.asker import Registry
from appliance.core.flows.settle import WATCH, Settle, Why
from appliance.core.flows.table import MAX_FLOWS, Flows
from appliance.core.mark import ANSWER, FIRST, OPENED, REPLY, State, bits_of, numbers
from appliance.core.passage import By, Passage, judge
from appliance.core.routes import known_of
from appliance.core.signs.facts import Kind
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.verdict import Action
from appliance.core.wire.ip import parse
from appliance.core.wire.packet import Packet
from appliance.core.wire.packet import Protocol as Number
from appliance.core.wire.reader import WireError
from appliance.guard.connection import Connection
from appliance.guard.manners import is_free
from appliance.guard.messages import Settled
from appliance.household.orders import Orders

SHARE = 4
"""One device has at most a part in so many of the connections that are watched at a time."""
GRACE_S = 60.0
"""So long after a start it is no wonder that the beginning of a connection was not seen."""
MAX_BACK_S = 1.0
BLIND_S = 2.0
"""So soon it is asked again about what has no name, where the nameserver was asked and didn't answer in time."""
MAX_ASKERS = 4096
MAX_LIKE = 1024
HEADLESS = Sign("two_stories", Confidence.LIKELY, "start")
"""That words came and came whose beginning was kept back."""
PINNED = "pinned"
"""The sign of a name that was taken to an address that this box never gave for it."""


K = TypeVar("K")
V = TypeVar("V")


class Given(NamedTuple):
    """What the nameserver knows of an address that a device connects to."""

    names: tuple[str, ...] = ()
    """For which it was given to the device, the latest first."""
    is_for_name: bool | None = None
    """Whether it was given for the name that the connection asks for; None where nobody can say."""
    is_untold: bool = False
    """It was given for a name that is written nowhere."""
    is_known: bool = True
    """The nameserver did answer."""
    is_asked: bool = True
    """It was asked."""


UNKNOWN = Given(is_known=False, is_asked=False)
"""Of one of too many to ask about each."""


class Wait(msgspec.Struct, frozen=True):
    """A connection that is decided by what the nameserver gave out: to be asked, and then `Inspector.decide` called."""

    connection: Connection
    settle: Settle
    device: str | None
    """The id of the device, None for one that nobody named."""

    @property
    def address(self) -> str:
        """The server's."""
        return self.connection.addresses[1]


class MacTable(Protocol):
    """The kernel's neighbours, as far as they matter here."""

    def mac(self, address: str) -> str | None:
        """Return the MAC of an address, None if the kernel knows none."""


class _Asker(NamedTuple):
    device: str | None
    is_free: bool
    """Nobody is to look at what it does."""


class _Decision(NamedTuple):
    mark: int
    state: int
    """Of the orders."""
    until: float | None


class _Judged(NamedTuple):
    passage: Passage
    state: int
    until: float | None


class _Latest(Generic[K, V]):
    """The values that were put last, twice `most` of them at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._new: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._new) + len(self._old)

    def get(self, key: K) -> V | None:
        found = self._new.get(key)
        return self._old.get(key) if found is None else found

    def put(self, key: K, value: V) -> None:
        if len(self._new) >= self._most:
            self._old, self._new = self._new, {}
        self._new[key] = value

    def clear(self) -> None:
        self._old, self._new = {}, {}


_Like = tuple[str | None, str | None, Kind, tuple[Sign, ...], tuple[str, ...], bytes]
"""All by which a connection is judged."""
_Ends = tuple[int, bytes, int, bytes, int]
"""A Connection without its name, for what is made for every packet."""


class Inspector:
    """Takes the packets of watched connections in the order of their arrival; asks nobody and waits for nothing.

    `at` is in POSIX seconds everywhere; it may be set back.
    """

    def __init__(
        self,
        orders: Orders,
        neighbours: MacTable,
        tell: Callable[[Settled], None],
        counts: Counter[str],
        at: float,
        max_flows: int = MAX_FLOWS,
    ) -> None:
        """`tell` hears of each connection that is decided, `at` is when it begins to be looked."""
        self._orders = orders
        self._neighbours = neighbours
        self._tell = tell
        self._began_at = self._tended_at = at
        self._numbers = numbers(orders.rulebook)
        known, share = known_of(orders.rulebook), 2 * max_flows // SHARE
        self._flows = Flows(max_flows, known=known, max_share=share, wants_start=True)
        self._macs = _Latest[_Ends, str](2 * max_flows)
        """Who sent a connection's first packet, by its ends as that packet had them; empty where nobody can say."""
        self._decided = _Latest[_Ends, _Decision](max_flows)
        self._askers = _Latest[tuple[str | None, bytes], _Asker](MAX_ASKERS)
        self._early = _Latest[tuple[_Ends, int], bool](MAX_LIKE)
        """Words that came before their beginning, by the number of their first octet."""
        self._passages = _Latest[_Like, _Judged](MAX_LIKE)
        self._registry: Registry | None = None
        self._counts = counts

    def look(self, octets: bytes, mac: str | None, mark: int, at: float) -> int | Wait | None:
        """Return the mark that a packet goes on with, the one that it has where its connection is still watched.

        None is for one that goes nowhere: what can't be read would be read by a server that is kinder, and no honest
        device sends it. `octets` begin with IP's header, `mac` is the sender's on the link, `mark` the packet's.
        """
        try:
            packet = parse(octets)
        except WireError:
            packet = None
        if not isinstance(packet, Packet):  # the kernel puts pieces together before it asks
            self._counts["unreadable"] += 1
            return None
        if self._is_free(packet, mac, mark):
            self._counts["free"] += 1
            return self._bits(State.ALLOWED)
        if mark & (OPENED | FIRST | REPLY) == OPENED and packet.protocol == Number.TCP:
            before = self._decided.get(_ends(packet))
            if before is not None and _holds(before, self._orders.state, at):
                return before.mark
            if not self._flows.has_start(packet):
                return self._late(packet)
        if mark & (FIRST | ANSWER) == FIRST and not self._flows.is_answered(packet):
            # The server takes no words that confirm what it never said, but those that come behind its own.
            return self._late(packet)
        settle = self._flows.feed(packet, at, is_first=bool(mark & FIRST))
        return mark if settle is WATCH else self._settled(settle, at)

    def _late(self, packet: Packet) -> Wait | None:
        """Return what becomes of words without their beginning: sent again, they come behind it.

        If they don't, nobody knows any more where the words begin, or somebody keeps it back.
        """
        ends, number = _ends(packet), packet.sequence
        if self._early.get((ends, number)) is None:
            self._early.put((ends, number), True)
            self._counts["early"] += 1
            return None
        settle = Settle(*ends, Kind.OTHER, Why.LATE, is_begun=False)
        return Wait(Connection.of(settle), settle, self._asker(self._macs.get(ends), settle.client).device)

    def tend(self, at: float) -> list[Wait]:
        """Decide what no packet settled in its time, and return what is to be asked for that; often to be called."""
        is_back = at < self._tended_at - MAX_BACK_S
        self._tended_at = at
        found = []
        # By a clock that was set back nothing would be late for long: then everything is.
        for settle in self._flows.overdue(math.inf if is_back else at):
            if settle.why is not Why.END:
                answer = self._settled(settle, at)
                if isinstance(answer, Wait):
                    found.append(answer)
        return found

    def decide(self, wait: Wait, given: Given, at: float) -> int:
        """Return the mark of a connection by what the nameserver gave out."""
        settle = wait.settle
        if settle.why is Why.LATE and not (given.names or given.is_untold):
            settle = replace(settle, signs=(HEADLESS,))
        elif not settle.is_begun and at - self._began_at < GRACE_S:
            # That it names nothing is no wonder, and no sign of hiding.
            settle = replace(settle, kind=Kind.OTHER)
        if given.is_for_name is False:
            settle = replace(settle, signs=tuple(self._surer(sign) for sign in settle.signs))
        passage = self._judge(settle, wait.device, given.names, at)
        is_pinned = _is_rewritten(passage) and given.is_for_name is False
        is_spared = given.is_untold and passage.by is By.NOTHING and not passage.signs
        signs = passage.signs
        if is_pinned:
            signs = ((self._orders.flow_rules.disguised, PINNED), *signs)
        is_open = not is_pinned and (passage.is_open or is_spared)
        is_blind = passage.name is None and not given.is_known
        # Those of a flood wait until all that flows is looked through.
        again_at = at + BLIND_S if is_blind and given.is_asked else None
        return self._conclude(wait, passage, signs, is_open=is_open, is_blind=is_blind, again_at=again_at)

    def _is_free(self, packet: Packet, mac: str | None, mark: int) -> bool:
        """Say whether a packet is of a device that nobody is to look at; and remember who began a connection."""
        ends = _ends(packet)
        if mark & REPLY:
            # The sender on the link is the router.
            ends, mac = (packet.protocol, packet.target, packet.target_port, packet.source, packet.source_port), None
        if not mark & FIRST and self._macs.get(ends) is not None:
            return False
        if self._asker(mac, ends[1]).is_free:
            return True
        self._macs.put(ends, mac or "")
        return False

    def _asker(self, mac: str | None, address: bytes) -> _Asker:
        """Return whose a packet is that comes from a MAC and an address."""
        orders = self._orders
        if self._registry is not orders.registry:
            self._askers.clear()
            self._registry = orders.registry
        if not mac:
            mac = self._neighbours.mac(str(ip_address(address)))
        found = self._askers.get((mac, address))
        if found is None:
            device = orders.registry.identify(str(ip_address(address)), (), lambda _: mac).device
            found = _Asker(device, is_free(orders.policy.of_device(device)))
            self._askers.put((mac, address), found)
        return found

    def _settled(self, settle: Settle, at: float) -> int | Wait:
        connection = Connection.of(settle)
        if settle.is_again:
            before = self._decided.get(connection)
            if before is not None and _holds(before, self._orders.state, at):
                return before.mark
        asker = self._asker(self._macs.get(connection), settle.client)
        if asker.is_free:
            return self._bits(State.ALLOWED)
        wait = Wait(connection, settle, asker.device)
        if settle.why is Why.ROOM:  # there are too many of them to ask
            return self.decide(wait, UNKNOWN, at)
        if settle.kind is not Kind.DNS and settle.name is None:
            return wait
        passage = self._judge(settle, asker.device, (), at)
        if _is_rewritten(passage) or (settle.signs and any(map(self._is_doubtful, settle.signs))):
            return wait
        return self._conclude(wait, passage, passage.signs, is_open=passage.is_open)

    def _surer(self, sign: Sign) -> Sign:
        """Return a sign of a connection whose device never asked for the name."""
        return replace(sign, confidence=Confidence.LIKELY) if self._is_doubtful(sign) else sign

    def _is_doubtful(self, sign: Sign) -> bool:
        """Say whether it matters to a sign if the device asked for the name."""
        return sign.confidence is Confidence.WEAK and sign.id in self._orders.flow_rules.unasked

    def _judge(self, settle: Settle, device: str | None, names: tuple[str, ...], at: float) -> Passage:
        """Judge a connection, or one that is like it: a page has dozens to one name."""
        orders = self._orders
        server = settle.server if settle.name is None else b""
        like = device, settle.name, settle.kind, settle.signs, names, server
        found = self._passages.get(like)
        if found is not None and _holds(found, orders.state, at):
            return found.passage
        known = orders.devices.get(device) if device is not None else None
        subject = orders.policy.of_device(device if known else None)
        kind = known.kind if known else None
        passage = judge(orders.policy, orders.flow_rules, subject, settle, names, at, kind=kind)
        self._passages.put(like, _Judged(passage, orders.state, passage.verdict.until))
        return passage

    def _conclude(
        self,
        wait: Wait,
        passage: Passage,
        signs: tuple[tuple[str, str], ...],
        *,
        is_open: bool,
        is_blind: bool = False,
        again_at: float | None = None,
    ) -> int:
        """Decide a connection and tell of it; `again_at` it is to be asked for its name again."""
        orders, until, connection = self._orders, passage.verdict.until, wait.connection
        number = self._numbers.get(passage.tag, 0) if passage.tag is not None else 0
        open_state = State.SLOWED if passage.verdict.slowed else State.ALLOWED
        bits = self._bits(open_state if is_open else State.REFUSED, number)
        self._decided.put(connection, _Decision(bits, orders.state, until))
        self._counts["open" if is_open else "refused"] += 1
        self._tell(
            Settled(
                connection.protocol,
                connection.client,
                connection.client_port,
                connection.server,
                connection.server_port,
                wait.device,
                passage.name,
                wait.settle.kind,
                bits,
                orders.state,
                _sooner(until, again_at),
                is_open,
                is_blind,
                signs,
                _shown(wait.settle.signs) if wait.settle.signs else (),
            )
        )
        return bits

    def _bits(self, state: State, number: int = 0) -> int:
        return bits_of(state, number, self._orders.state)


def _ends(packet: Packet) -> _Ends:
    """Return who sends to whom, which is a connection of the sender's."""
    return packet.protocol, packet.source, packet.source_port, packet.target, packet.target_port


def _holds(decided: _Decision | _Judged, state: int, at: float) -> bool:
    """Say whether it is decided by the same orders, and for so long."""
    return decided.state == state and (decided.until is None or at < decided.until)


def _shown(signs: tuple[Sign, ...]) -> tuple[tuple[str, int], ...]:
    return tuple([(sign.id, int(sign.confidence)) for sign in signs])


def _sooner(one: float | None, other: float | None) -> float | None:
    """Return the earlier of two times, None where there is neither."""
    return one if other is None else other if one is None else min(one, other)


def _is_rewritten(passage: Passage) -> bool:
    """Say whether a name is open only by addresses that this box gives in place of its own."""
    return passage.verdict.action is Action.REWRITE and passage.by is By.WORDS
