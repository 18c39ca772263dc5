"""Servers that know the same names, and which of them is asked first."""

from collections.abc import Sequence
from typing import NamedTuple

from appliance.core.whom import Mode
from appliance.nameserver.standing import Upstream

EXPLORE_EACH = 16
"""Of so many questions, one is asked of another server, too, where the fastest is asked."""


class Plan(NamedTuple):
    """Whom to ask for one question: `order` round by round, `width` at once in each."""

    order: Sequence[Upstream]
    width: int
    is_watched: bool = False
    """All who are asked get their time, also when another one was quicker: so each one's round trip is known."""


class Group:
    """Some servers, and the way to ask them."""

    def __init__(self, upstreams: Sequence[Upstream], mode: Mode) -> None:
        self.upstreams = tuple(upstreams)
        self._mode = mode
        self._in_order = Plan(self.upstreams, 1)
        self._turn = 0
        self.is_watching = False
        """One question at a time is watched: it costs sockets."""

    def resort(self) -> None:
        """Put the sick ones last, and leave out who asks us in turn."""
        asked = (one for one in self.upstreams if not one.is_loop)
        self._in_order = Plan(tuple(sorted(asked, key=lambda one: one.is_sick)), 1)

    def plan(self) -> Plan:
        """Return whom to ask next."""
        if self._mode is Mode.IN_ORDER or len(self._in_order.order) < 2:
            return self._in_order
        order = self._in_order.order
        well = sum(not one.is_sick for one in order)
        if self._mode is Mode.PARALLEL:
            return Plan(order, well or len(order), self._watch())
        return self._fastest(order, well)

    def _fastest(self, order: Sequence[Upstream], well: int) -> Plan:
        """Return the well ones by their round trip, one that was never measured first of all; then the sick ones."""
        quick = sorted(order[:well], key=lambda one: one.smoothed_s or 0.0)
        self._turn += 1
        if well > 1 and self._turn % EXPLORE_EACH == 0 and self._watch():
            other = quick.pop(1 + self._turn // EXPLORE_EACH % (well - 1))
            quick.insert(1, other)
            return Plan((*quick, *order[well:]), 2, is_watched=True)
        return Plan((*quick, *order[well:]), 1)

    def _watch(self) -> bool:
        if self.is_watching:
            return False
        self.is_watching = True
        return True
