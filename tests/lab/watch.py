"""What a device in the lab gets as the evening goes on: every answer with its time, looked through afterwards."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from scripts.lablib import net
from tests.lab.evening import CLOSED
from tests.lab.home import Home, wait_until

ASKER = Path(__file__).with_name("asker.py")
CACHE_SLACK_S = 2.0
"""A cache that reckons in whole seconds may keep an answer this much longer than its TTL."""
CHILD_CAP_S, BLOCKED_CAP_S = 60, 10
_WAYS = (net.ROUTER.v4, net.APPLIANCE.v4)


class Place(NamedTuple):
    """A device: the host that it is in, and its own address there."""

    host: str
    address: str

    @property
    def cache(self) -> str:
        """Where its own cache listens, as any of today's systems has one."""
        return f"127.0.0.{self.address.rpartition('.')[2]}#5300"


class Answer(NamedTuple):
    """One answer; `found` is None where none came."""

    sent: float
    got: float
    server: str
    found: frozenset[str] | None
    ttl_s: int

    @property
    def is_open(self) -> bool:
        """Say whether it has addresses, and not those of a closed name."""
        found = self.found or frozenset()
        return bool(found) and not found & CLOSED


class Spell(NamedTuple):
    """From when until when (POSIX seconds) a name is open or closed; with a known end every reply keeps to it."""

    start: float
    end: float
    is_open: bool
    is_known_end: bool = True
    is_sudden: bool = False
    """Nobody knew before that it would begin: what a device was given before, it may keep."""


class Watch:
    """A device that asks for a name, by its router, by the box, and by a cache of its own."""

    def __init__(self, lab: Home, process: subprocess.Popen[bytes]) -> None:
        self._lab = lab
        self._process = process

    def answers(self) -> list[Answer]:
        """Return what came until now."""
        assert self._process.poll() is None, self._lab.output(self._process)[-2000:]
        whole = self._lab.output(self._process).rpartition("\n")[0]
        return [
            Answer(
                row["sent"],
                row["got"],
                row["server"],
                frozenset(row["found"]) if "found" in row else None,
                row.get("ttl_s", 0),
            )
            for row in map(json.loads, whole.splitlines())
        ]

    def becomes(self, *, is_open: bool, since: float, within_s: float, is_sudden: bool = False) -> float:
        """Wait until the last answer of every way after a moment is open, or closed; return when they were asked for.

        What begins suddenly is not waited for in the device's own cache.
        """
        ways = len(_WAYS) + (0 if is_sudden else 1)

        def last() -> list[Answer]:
            recent = [answer for answer in self.answers() if answer.sent >= since]
            return list({one.server: one for one in recent if not is_sudden or one.server in _WAYS}.values())

        def is_so() -> bool:
            found = last()
            return len(found) == ways and all(one.is_open == is_open for one in found)

        try:
            wait_until(is_so, f"every way to be {'open' if is_open else 'closed'}", within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last() or self.answers()[-3:]}") from error
        return max(one.sent for one in last())

    def wrong(self, spells: Iterable[Spell]) -> list[str]:
        """Return the answers that are otherwise than the spells say, and those that outlive them."""
        return [words for spell in spells for answer in self.answers() for words in broken(spell, answer)]


def broken(spell: Spell, answer: Answer) -> Iterator[str]:
    """Yield how an answer, if it came in a spell, is otherwise than that or outlives it."""
    is_cached = answer.server not in _WAYS
    start = spell.start
    if is_cached:
        start += CACHE_SLACK_S + (CHILD_CAP_S if spell.is_sudden else 0)
    if not (start <= answer.sent and answer.got < spell.end):
        return
    shown = f"{answer.sent - spell.start:.2f} s into {spell}: {answer}"
    if answer.found is None:
        yield f"no answer {shown}"
    elif answer.is_open != spell.is_open:
        yield f"{'open' if answer.is_open else 'closed'} {shown}"
    cap_s = CHILD_CAP_S if spell.is_open else BLOCKED_CAP_S
    if answer.ttl_s > cap_s:
        yield f"a TTL above the cap {shown}"
    if spell.is_known_end and not is_cached and answer.sent + answer.ttl_s > spell.end:
        yield f"a TTL beyond the end {shown}"


@contextmanager
def cached(lab: Home, place: Place) -> Iterator[None]:
    """Give a device a cache of its own, which asks the router."""
    address, port = place.cache.split("#")
    argv = [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--no-resolv",
        "--no-hosts", "--bind-interfaces", f"--listen-address={address}", f"--port={port}", "--cache-size=1000",
        f"--server={net.ROUTER.v4}@{place.address}", "--log-facility=-",
    ]  # fmt: skip
    process = lab.popen(place.host, argv, ready="started")
    try:
        yield
    finally:
        lab.stop(process)


@contextmanager
def watched(lab: Home, place: Place, name: str, pace_s: float = 0.5) -> Iterator[Watch]:
    """Let a device ask for a name all the time."""
    process = lab.popen(place.host, [sys.executable, str(ASKER), place.address, str(pace_s), name, *_WAYS, place.cache])
    try:
        yield Watch(lab, process)
    finally:
        lab.stop(process)


@contextmanager
def played(lab: Home, place: Place, names: Iterable[str]) -> Iterator[None]:
    """Let a device play: it asks for names of a service as an app does that is in use."""
    argv = [sys.executable, str(ASKER), place.address, "2", ",".join(names), net.ROUTER.v4]
    process = lab.popen(place.host, argv)
    try:
        yield
    finally:
        lab.stop(process)
