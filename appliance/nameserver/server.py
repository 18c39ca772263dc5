"""DNS over UDP: octets in, octets out.

The hot path is `Udp.read`; everything else may take its time.
"""

import socket
from functools import partial
from typing import Any

from appliance.nameserver.mmsg import SLOT_OCTETS, Burst, Outbox
from appliance.nameserver.parking import Local
from appliance.nameserver.resolver import Resolver
from appliance.nameserver.seats import TURNED_AWAY
from appliance.nameserver.sockets import asked_at, is_wildcard, source_key
from appliance.world import clock

MAX_SOURCES = 4_096
"""Senders whose addresses are kept as text."""
CHARGED = 8
"""Of so many queries one is charged, and for all of them: who asks often pays often, and the rest costs next to
nothing."""


class Udp:
    """One UDP socket of a worker."""

    def __init__(self, opened: socket.socket, resolver: Resolver) -> None:
        self._resolver = resolver
        self._is_wildcard = is_wildcard(opened)
        self._burst = Burst(opened, is_wildcard=self._is_wildcard)
        self._sources: dict[object, str] = {}
        self._paying_at = 0
        """How many queries come before the next that is charged."""
        self._outbox = Outbox(self._burst)
        local = source_key(opened.getsockname())
        self._local: Local = lambda: local
        self._lost = resolver.counts.cell("dropped.unsendable")

    def read(self) -> None:
        """Answer a burst: what is in a memo in place and all together, the rest one by one."""
        with self._resolver.soon:
            self._read()

    def _read(self) -> None:
        burst, octets, sources, hot, now = self._burst, self._burst.octets, self._sources, self._resolver.hot, clock.now
        sizes = burst.receive()
        senders = burst.sources(len(sizes))
        first = slot = start = 0
        for size, sender in zip(sizes, senders, strict=True):
            memo = hot.get(sources.get(sender, ""))
            kept = memo.get(octets[start + 2 : start + size].tobytes()) if memo is not None else None
            if kept is not None and kept.until > now():
                cell = kept.cell
                if not cell.fresh:
                    cell.raised.append(cell)
                cell.fresh += 1
                reply = kept.wire
                end = len(reply) + 2
                octets[start + 2 : start + end] = reply
                burst.answer_sizes[slot] = end
            else:
                if first < slot:
                    self._lost.add(burst.send(first, slot))
                first = slot + 1
                if memo is not TURNED_AWAY or self._resolver.is_welcome(sources[sender]):
                    self._resolve(slot, size, sender)
            slot += 1
            start += SLOT_OCTETS
        if first < slot:
            self._lost.add(burst.send(first, slot))
        self._paying_at -= slot
        if self._paying_at < 0:
            self._charge(senders)

    def _charge(self, senders: list[Any]) -> None:
        """Let some pay for all (see CHARGED), and turn away who can't."""
        hot, purses, spent = self._resolver.hot, self._resolver.purses, []
        for sender in senders[self._paying_at :: CHARGED]:
            source = self._sources.get(sender, "")
            purse = purses.get(source)
            if purse is not None and hot.get(source) is not TURNED_AWAY and not purse.owe(CHARGED):
                spent.append(source)
        for source in spent:
            self._resolver.turn_away(source)
        self._paying_at %= CHARGED

    def _flush(self) -> None:
        """Send what was delivered since: all together they wake who reads them once and not each time."""
        self._lost.add(self._outbox.flush())

    def _resolve(self, slot: int, size: int, sender: object) -> None:
        source = self._sources.get(sender)
        if source is None:
            if len(self._sources) >= MAX_SOURCES:
                self._sources.clear()
            source = self._sources[sender] = source_key(self._burst.address(slot))
        back = self._burst.back(slot)
        local = partial(asked_at, self._burst.control(slot)) if self._is_wildcard else self._local

        def deliver(reply: bytes) -> None:
            if not self._outbox:
                self._resolver.soon.do(self._flush)
            self._lost.add(self._outbox.put(reply, back))

        wire = self._burst.octets[slot * SLOT_OCTETS : slot * SLOT_OCTETS + size].tobytes()
        self._resolver.resolve(wire, source, deliver, local, is_tcp=False)
