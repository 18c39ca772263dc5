"""What is heard on an interface: others' messages, neither the box's own nor what is none."""

import errno
import socket
from ipaddress import IPv6Address, IPv6Network
from typing import Any

import pytest

from appliance.guard import links, listening, ndp
from appliance.guard.links import NetworkError
from appliance.guard.listening import BURST, Listening

OWN, OTHER = "02:78:00:00:00:01", "02:78:00:00:00:20"
TARGET = IPv6Address("2001:db8:1::77")


class Wire:
    """Stands in for both sockets."""

    def __init__(self) -> None:
        self.frames: list[tuple[bytes, int] | OSError] = []
        self.sent: list[tuple[bytes, Any]] = []
        self.is_down = False

    def recvfrom(self, _: int) -> tuple[bytes, tuple[object, ...]]:
        """Hand over the next frame."""
        if not self.frames:
            raise BlockingIOError
        found = self.frames.pop(0)
        if isinstance(found, OSError):
            raise found
        return found[0], ("eth0", 0x86DD, found[1], 1, b"")

    def sendto(self, octets: bytes, to: object) -> None:
        """Take a message."""
        if self.is_down:
            raise OSError(errno.ENETDOWN, "Network is down")
        self.sent.append((octets, to))

    def close(self) -> None:
        """Nothing to do."""


def frame(mac: str = OTHER, hop_limit: int = 255) -> bytes:
    """Return a neighbour's frame that says that it has the target."""
    body = bytes((ndp.ADVERTISE, 0, 0, 0, 0, 0, 0, 0)) + TARGET.packed
    head = bytes((0x60, 0, 0, 0)) + len(body).to_bytes(2, "big") + bytes((58, hop_limit))
    return bytes(6) + bytes.fromhex(mac.replace(":", "")) + b"\x86\xdd" + head + TARGET.packed + bytes(16) + body


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Put a wire of the test's own in place."""
    made = Wire()
    monkeypatch.setattr(listening, "open_packets", lambda *_, **__: made)
    monkeypatch.setattr(listening, "_mouth", lambda _: made)
    monkeypatch.setattr(links, "index_of", lambda _: 7)
    monkeypatch.setattr(links, "mac_of", lambda _: OWN)
    return made


def test_what_others_say(wire: Wire) -> None:
    """Not what the box sends, nor what bears its MAC, nor what came through a router."""
    heard: list[ndp.Message] = []
    ear = Listening("eth0", heard.append)
    wire.frames += [
        (frame(), socket.PACKET_OUTGOING),
        (frame(OWN), socket.PACKET_MULTICAST),
        (frame(hop_limit=64), socket.PACKET_MULTICAST),
        (frame(), socket.PACKET_HOST),
    ]
    ear.read()
    assert heard == [ndp.Answered(OTHER, TARGET)]
    assert ear.malformed == 1


def test_what_the_box_asks_itself(wire: Wire) -> None:
    """Only where that is wanted, and none of what it says otherwise."""
    heard: list[ndp.Message] = []
    ear = Listening("eth0", heard.append, own_questions=True)
    asked = frame(OWN).replace(bytes((ndp.ADVERTISE, 0, 0, 0)), bytes((ndp.SOLICIT, 0, 0, 0)))
    wire.frames += [(asked, socket.PACKET_OUTGOING), (frame(OWN), socket.PACKET_OUTGOING)]
    ear.read()
    assert heard == [ndp.Solicited(OWN, TARGET, TARGET)]


def test_others_work_goes_on_in_between(wire: Wire) -> None:
    """A flood is read in pieces."""
    heard: list[ndp.Message] = []
    wire.frames += [(frame(), socket.PACKET_HOST)] * (BURST + 1)
    Listening("eth0", heard.append).read()
    assert len(heard) == BURST


def test_a_link_that_went_down_is_heard_again(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is gone is not."""
    ear = Listening("eth0", lambda _: None)
    monkeypatch.setattr(socket, "if_indextoname", lambda _: "eth0")
    wire.frames.append(OSError(errno.ENETDOWN, "Network is down"))
    ear.read()

    def gone(_: int) -> str:
        raise OSError(errno.ENXIO, "No such device")

    monkeypatch.setattr(socket, "if_indextoname", gone)
    wire.frames.append(OSError(errno.ENETDOWN, "Network is down"))
    with pytest.raises(NetworkError, match="the interface is gone"):
        ear.read()


def test_what_the_box_says(wire: Wire) -> None:
    """To the group of whom it asks, and to all; nothing where the link is down."""
    mouth = Listening("eth0", lambda _: None)
    prefixes = (IPv6Network("2001:db8:1::/64"),)
    mouth.ask_for(TARGET)
    mouth.take_back(prefixes)
    group, question = ndp.solicitation(TARGET, OWN)
    assert wire.sent == [(question, (str(group), 0, 0, 7)), (ndp.farewell(prefixes), ("ff02::1", 0, 0, 7))]
    wire.is_down = True
    mouth.ask_for(TARGET)
    assert len(wire.sent) == 2
