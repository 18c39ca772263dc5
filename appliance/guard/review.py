"""Judges connections again that were decided before: by what a worker read, what this box resolved, or their marks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import Enum
from ipaddress import ip_address
from itertools import islice
from typing import Final, NamedTuple, Protocol, TypeVar

from appliance.core.catalogue import SERVICE_TAG
from appliance.core.mark import Mark, State, numbers, read
from appliance.core.passage import Passage, judge
from appliance.core.rulebook import Rulebook
from appliance.core.subject import Subject
from appliance.core.verdict import Action, Step
from appliance.core.wire.packet import Protocol as Number
from appliance.guard.book import Book, From, Known
from appliance.guard.connection import Connection
from appliance.guard.conntrack import Tracked
from appliance.guard.manners import is_free
from appliance.household.orders import Orders

SLICE: Final = 100
"""Connections that are judged at a stretch: a few milliseconds."""
ASKED_AT_ONCE: Final = 64

T = TypeVar("T")


class Names(Protocol):
    """Who knows for which names this box gave a device an address."""

    def of(self, device: str | None, address: str, /) -> Awaitable[tuple[str, ...] | None]:
        """Return them, the latest first; None where nobody can say."""

    def is_untold(self, device: str | None, address: str, /) -> Awaitable[bool]:
        """Say whether it was given for a name that is written nowhere, such as a help line's."""


class MacTable(Protocol):
    """The kernel's table of neighbours."""

    def mac(self, address: str) -> str | None:
        """Return the MAC of an address."""

    def refresh(self) -> None:
        """Take in what changed."""


class Judged(NamedTuple):
    """A connection that was judged again."""

    tracked: Tracked
    was: State
    state: State
    """What becomes of it."""
    mark: int
    """The same as the kernel is to have it."""
    device: str | None
    person: str | None
    passage: Passage | None = None
    """None where the device is never looked at."""

    @property
    def is_ended(self) -> bool:
        """Say whether it flowed until now and is to flow no more."""
        return self.state is State.REFUSED and self.was is not State.REFUSED

    @property
    def is_nameless_end(self) -> bool:
        """Say whether it is ended though nobody knows where it leads, nor shows it anything."""
        return self.is_ended and self.passage is not None and self.passage.name is None and not self.passage.signs

    @property
    def is_told(self) -> bool:
        """Say whether somebody is told if it ends: not of one that was over, nor of what leaves no trace."""
        is_over = self.tracked.connection.protocol == Number.TCP and not self.tracked.is_tcp_open
        return self.passage is not None and not is_over and not self.passage.verdict.traceless


class _NobodyKnows(Enum):
    NOBODY_KNOWS = "nobody knows"


NOBODY_KNOWS: Final = _NobodyKnows.NOBODY_KNOWS
"""Whose a connection is, which isn't the same as a device that nobody named."""

_Pair = tuple[str | None, str]
"""A device and an address."""


class Review:
    """Looks at connections by the orders of one moment."""

    def __init__(self, orders: Orders, book: Book, names: Names | None, neighbours: MacTable | None) -> None:
        self._policy, self._registry, self._devices = orders.policy, orders.registry, orders.devices
        self._rules, self._epoch = orders.flow_rules, orders.state
        self._book, self._names, self._neighbours = book, names, neighbours
        self._tags = {number: tag for tag, number in numbers(orders.rulebook).items()}
        self._rulebook: Rulebook = orders.rulebook
        self._passages: dict[tuple[str, Known, bytes], Passage] = {}
        self._owners: dict[bytes, str | _NobodyKnows | None] = {}
        if neighbours is not None:
            neighbours.refresh()

    async def judge(self, found: Sequence[Tracked], at: float) -> list[Judged]:
        """Return what becomes of connections at a time (POSIX seconds). The loop has its turn now and then.

        Those of which nobody can say whose they are stay as they are, and are not among them.
        """
        owned = [(tracked, owner) for tracked in found if (owner := self._owner(tracked)) is not NOBODY_KNOWS]
        await asyncio.sleep(0)
        await self._learn_names(owned)
        judged = []
        for number, (tracked, device) in enumerate(owned, 1):
            judged.append(self._judge(tracked, device, at))
            if number % SLICE == 0:
                await asyncio.sleep(0)
        return await self._spare_untold(judged)

    def _judge(self, tracked: Tracked, device: str | None, at: float) -> Judged:
        mark = read(tracked.mark) or Mark(State.NEW)
        subject = self._policy.of_device(device)
        if is_free(subject):
            # What was refused or slowed while the device was somebody else's is so no more.
            return self._as(tracked, mark, State.ALLOWED, device, subject, None)
        known = self._book.of(tracked.connection) or self._by_mark(mark)
        passage = self._passage(tracked, subject, device, known, at)
        known = self._spared(tracked, mark, known, passage)
        verdict = passage.verdict
        is_past = known.is_pinned and mark.state is State.REFUSED and verdict.action is Action.REWRITE
        is_spared = verdict.reason == known.in_spite_of or (known.is_untold and not passage.signs)
        is_closed = is_past or (verdict.is_blocked and not is_spared)
        open_state = State.SLOWED if verdict.slowed else State.ALLOWED
        return self._as(tracked, mark, State.REFUSED if is_closed else open_state, device, subject, passage)

    def _as(
        self, tracked: Tracked, was: Mark, state: State, device: str | None, subject: Subject, passage: Passage | None
    ) -> Judged:
        bits = Mark(state, was.number, self._epoch).bits
        return Judged(tracked, was.state, state, bits, device, subject.person, passage)

    def _passage(self, tracked: Tracked, subject: Subject, device: str | None, known: Known, at: float) -> Passage:
        """Judge one, or one that is like it: a page has dozens of connections to one name."""
        thing = self._devices.get(device) if device is not None else None
        kind = thing.kind if thing is not None else None
        server = b"" if known.name is not None else tracked.connection.server
        key = f"{kind}:{subject.key}", known, server
        found = self._passages.get(key)
        if found is None:
            names = (known.name,) if known.name is not None else ()
            settle = known.settle(tracked.connection)
            found = judge(self._policy, self._rules, subject, settle, names, at, kind=kind, tags=known.tags)
            self._passages[key] = found
        return found

    def _owner(self, tracked: Tracked) -> "str | _NobodyKnows | None":
        """Return whose a connection is now: as the worker saw by the MAC of its packets, else by its address.

        After a start the kernel may know no MAC for an address: that device is asleep or away. It may be an adult's.
        """
        known = self._book.of(tracked.connection)
        if known is not None and known.device in self._devices:
            return known.device
        client = tracked.connection.client
        if client not in self._owners:
            self._owners[client] = self._owner_of(str(ip_address(client)))
        return self._owners[client]

    def _owner_of(self, address: str) -> "str | _NobodyKnows | None":
        if self._neighbours is None:
            return None
        device = self._registry.identify(address, (), self._neighbours.mac).device
        return NOBODY_KNOWS if device is None and self._neighbours.mac(address) is None else device

    async def _learn_names(self, owned: Sequence[tuple[Tracked, str | None]]) -> None:
        """Have the book know for which names those were resolved that no worker told of, or one that got no answer."""
        if self._names is None:
            return
        asked: dict[_Pair, list[Tracked]] = {}
        for tracked, device in owned:
            known = self._book.of(tracked.connection)
            if (known is None or known.by is From.MARK or known.is_blind) and not is_free(
                self._policy.of_device(device)
            ):
                asked.setdefault((device, tracked.connection.addresses[1]), []).append(tracked)
        told = await _ask(self._names.of, asked)
        blind = [pair for pair in asked if any(self._is_blind(tracked) for tracked in asked[pair])]
        untold = await _ask(self._names.is_untold, [pair for pair in blind if told[pair] == ()])
        for pair, names in told.items():
            if names is not None:
                for tracked in asked[pair]:
                    self._learn(tracked.connection, pair[0], names, is_untold=untold.get(pair, False))

    def _is_blind(self, tracked: Tracked) -> bool:
        known = self._book.of(tracked.connection)
        return known is not None and known.is_blind

    def _learn(self, connection: Connection, device: str | None, names: tuple[str, ...], *, is_untold: bool) -> None:
        """Note for which names a device was given a connection's address, () for none."""
        known = self._book.of(connection)
        name = names[0] if names else None
        if known is not None and known.is_blind:
            self._book.learn(connection, known._replace(name=name, is_blind=False, is_untold=is_untold))
        elif name is not None:
            self._book.learn(connection, Known(From.NAMES, device, name))

    async def _spare_untold(self, judged: list[Judged]) -> list[Judged]:
        """Leave alone what has no name because its name is written nowhere: a help line's connection, perhaps."""
        if self._names is None:
            return judged
        asked = {_pair(one) for one in judged if one.is_nameless_end}
        told = await _ask(self._names.is_untold, asked)
        return [one._replace(state=one.was) if one.is_nameless_end and told[_pair(one)] else one for one in judged]

    def _by_mark(self, mark: Mark) -> Known:
        tag = self._tags.get(mark.number)
        if tag is None:
            return Known(From.MARK)
        service = self._rulebook.services.get(tag.removeprefix(SERVICE_TAG)) if tag.startswith(SERVICE_TAG) else None
        return Known(From.MARK, tags=frozenset({tag, service.category} if service is not None else {tag}))

    def _spared(self, tracked: Tracked, mark: Mark, known: Known, passage: Passage) -> Known:
        """Return what is known, having noted what a connection was let through in spite of.

        A mark tells less than its worker knew: an own rule for a name, say. What the mark alone would close was open
        by that, and stays so until there is another reason. A word, a window and what is closed hard reach all.
        """
        if known.by is not From.MARK or self._book.of(tracked.connection) is not None:
            return known
        verdict = passage.verdict
        is_spared = verdict.is_blocked and mark.state is not State.REFUSED and verdict.step.rank > Step.TIME.rank
        noted = known._replace(in_spite_of=verdict.reason if is_spared else None)
        self._book.learn(tracked.connection, noted)
        return noted


def _pair(judged: Judged) -> _Pair:
    return judged.device, judged.tracked.connection.addresses[1]


async def _ask(question: Callable[[str | None, str], Awaitable[T]], pairs: Iterable[_Pair]) -> dict[_Pair, T]:
    """Ask about each pair, so many at once."""
    told: dict[_Pair, T] = {}
    rest = iter(pairs)
    while some := list(islice(rest, ASKED_AT_ONCE)):
        told |= zip(some, await asyncio.gather(*(question(*pair) for pair in some)), strict=True)
    return told
