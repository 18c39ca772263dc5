"""An inspector that tests feed with packets: whose they are, which marks they get, and what was told."""

from collections import Counter
from typing import Any

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.mark import Mark, State, read
from appliance.core.wire.packet import SYN
from appliance.guard.inspector import Inspector, Wait
from appliance.guard.messages import Settled
from tests.core.builders import AT, adult, child
from tests.guard.packets import LAPTOP, TABLET, Standing, tcp

WATCHED = State.WATCHED_OPEN.bits
KIM = child("10-12")
HOUSE = House(
    persons=(KIM, adult()),
    devices=(
        Device(id="tablet", macs=(TABLET,), person="kim", kind=DeviceKind.TABLET),
        Device(id="laptop", macs=(LAPTOP,), person="alex", kind=DeviceKind.LAPTOP),
    ),
)


class Seen:
    """An inspector, and what it told."""

    def __init__(self, house: House = HOUSE, max_flows: int = 64) -> None:
        self.orders = Standing(house)
        self.macs: dict[str, str] = {}
        self.told: list[Settled] = []
        self.counts: Counter[str] = Counter()
        self.inspector = Inspector(self.orders, self, self.told.append, self.counts, AT, max_flows)

    def mac(self, address: str) -> str | None:
        """Be the kernel's table of neighbours."""
        return self.macs.get(address)

    def look(self, octets: bytes, at: float = AT, mac: str | None = TABLET, flags: int = 0) -> int | Wait | None:
        """Have a packet looked at."""
        return self.inspector.look(octets, mac, WATCHED | flags, at)

    def open(self, at: float = AT, mac: str | None = TABLET, **ends: Any) -> None:
        """Begin a connection."""
        assert self.look(tcp(flags=SYN, **ends), at, mac) == WATCHED

    def say(self, words: bytes, at: float = AT, mac: str | None = TABLET, **ends: Any) -> int | Wait | None:
        """Begin a connection by some words."""
        self.open(at, mac, **ends)
        return self.look(tcp(words, **ends), at, mac)


def mark_of(answer: int | Wait | None) -> Mark | None:
    """Return the mark that an answer is."""
    assert isinstance(answer, int)
    return read(answer)


def state_of(answer: int | Wait | None) -> State:
    """Return the state of a mark."""
    mark = mark_of(answer)
    assert mark
    return mark.state
