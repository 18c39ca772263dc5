"""Servers that ask this box in turn: a router that asks us, while we ask it, answers nobody.

Each server is asked for a name that only this box knows something of. Who can tell it has asked the box.
"""

import os
from asyncio import AbstractEventLoop
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Protocol

from appliance.core import reply
from appliance.core.query import HOME_DOMAIN
from appliance.core.rebinding import is_home
from appliance.core.wire import dns
from appliance.core.wire.dns import Message, Query
from appliance.nameserver.own import own_question
from appliance.nameserver.standing import Try, Upstream

LOOP_DOMAIN = f"loop.{HOME_DOMAIN}"
"""Each name below it is asked for once, so that no cache on the way knows it."""
FIRST_S = 30.0
"""How soon after the start servers are asked: by then a box that starts with its router is heard."""
EACH_S = 60.0
"""How often servers of the home are asked; others are asked once, because no router of this home is among them."""
PATIENCE_S = 4.0


class Servers(Protocol):
    """The servers that are asked."""

    loop: AbstractEventLoop

    @property
    def all(self) -> Sequence[Upstream]:
        """Return them."""

    def changed(self, upstream: Upstream) -> None:
        """Take in how a server is doing now."""


def own_answer(query: Query, box: str) -> bytes:
    """Return what the box says of such a name: the word that is its own, until it is started again."""
    text = box.encode()
    return reply.given(query, dns.NOERROR, [bytes((len(text),)) + text] if query.qtype == dns.TXT else [], 0)


class Loops:
    """Looks for servers that ask the box whose own word is `box`, and marks them."""

    def __init__(self, servers: Servers, box: str) -> None:
        self.servers = servers
        self.word = bytes((len(box.encode()),)) + box.encode()
        self._probes: dict[Upstream, _Probe] = {}
        self._asked: set[Upstream] = set()
        self._timer = servers.loop.call_later(FIRST_S, self._look)

    def close(self) -> None:
        """Ask no more."""
        self._timer.cancel()
        for probe in self._probes.values():
            probe.close()

    def _look(self) -> None:
        for upstream in self.servers.all:
            if upstream not in self._asked or upstream.is_loop or _is_near(upstream):
                self._asked.add(upstream)
                if upstream in self._probes:
                    self._probes[upstream].close()
                self._probes[upstream] = _Probe(self, upstream)
        self._timer = self.servers.loop.call_later(EACH_S, self._look)


class _Probe:
    """One question to one server."""

    def __init__(self, loops: Loops, upstream: Upstream) -> None:
        self.ask = own_question(f"{os.urandom(8).hex()}.{LOOP_DOMAIN}", dns.TXT)
        self._loops = loops
        self._tried: Try | None = upstream.start(self)
        self._timer = loops.servers.loop.call_later(PATIENCE_S, self.close)

    def heard(self, tried: Try, message: Message | None) -> None:
        """Take the answer; where there is none, nothing has become known."""
        self._tried = None
        self._timer.cancel()
        upstream = tried.upstream
        is_loop = message is not None and self._loops.word in _texts(message)
        if message is not None and is_loop != upstream.is_loop:
            upstream.is_loop = is_loop
            self._loops.servers.changed(upstream)

    def close(self) -> None:
        """Wait no longer."""
        self._timer.cancel()
        if self._tried is not None:
            self._tried.cancel()
            self._tried = None


def _texts(message: Message) -> list[bytes]:
    return [message.wire[one.rdata_at : one.end] for one in message.answers if one.rtype == dns.TXT]


def _is_near(upstream: Upstream) -> bool:
    """Say whether a server stands in the home, as a router does."""
    address = upstream.server.address.partition("%")[0]
    return bool(address) and is_home(ip_address(address).packed)
