"""Faults of our own, which cost one query its answer and nobody else anything."""

import logging

from appliance.nameserver.counts import Counts

log = logging.getLogger(__name__)


class Mishaps:
    """Counts them, and logs each once: its place, never its words, which may hold a name."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._told: set[tuple[str, str, int]] = set()

    def note(self, error: Exception) -> None:
        """Note one."""
        self._counts.add("errors")
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = (
            type(error).__name__,
            trace.tb_frame.f_code.co_qualname if trace else "",
            trace.tb_lineno if trace else 0,
        )
        if place not in self._told:
            self._told.add(place)
            log.error("a query could not be answered: %s in %s, line %d", *place)
