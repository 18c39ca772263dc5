"""From packets to marks: whose they are, what they are, and what comes of it."""

import ssl

import pytest

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.mark import ANSWER, FIRST, OPENED, Mark, State, numbers
from appliance.core.schedule import Window
from appliance.core.wire.packet import ACK, SYN
from appliance.guard.connection import Connection
from appliance.guard.inspector import BLIND_S, UNKNOWN, Given, Wait
from appliance.guard.messages import Settled
from tests.core.builders import AT, child, pause
from tests.core.passages import BOOK
from tests.core.wire.hellos import of_ssl
from tests.guard.packets import (
    LAPTOP,
    LAPTOP_V4,
    PORT,
    ROUTER,
    SITE_V4,
    SITE_V6,
    STRANGER,
    TABLET,
    TABLET_V4,
    TABLET_V6,
    hello,
    ip,
    nameless_hello,
    tcp,
    udp,
)
from tests.guard.seen import HOUSE, WATCHED, Seen, mark_of, state_of

QUERY = b"\0\7\1\0\0\1\0\0\0\0\0\0\3www\4kind\7example\0\0\1\0\1"


# --- what is decided


@pytest.mark.parametrize(("client", "site"), [(TABLET_V4, SITE_V4), (TABLET_V6, SITE_V6)])
def test_a_name_decides(seen: Seen, client: str, site: str) -> None:
    """Both ways of IP alike: the mark says what it is, and by which orders it was decided."""
    closed = mark_of(seen.say(hello("www.tiktok.com"), source=client, target=site))
    number = numbers(BOOK)["#service:tiktok"]
    assert closed == Mark(State.REFUSED, number, seen.orders.state)
    (told,) = seen.told
    assert (told.device, told.name, told.kind, told.is_open) == ("tablet", "www.tiktok.com", "tls", False)
    assert (told.mark, told.state) == (closed.bits, seen.orders.state)
    assert Connection(*told_ends(told)).addresses == (client, site)
    assert told.client_port == PORT


def told_ends(told: Settled) -> tuple[int, bytes, int, bytes, int]:
    """Return the connection that was told of."""
    return told.protocol, told.client, told.client_port, told.server, told.server_port


def test_a_connection_is_watched_until_it_names_something(seen: Seen) -> None:
    """A SYN, its answer and half of a hello go on as they came."""
    words = hello("www.wikipedia.org")
    seen.open()
    back = tcp(flags=SYN | ACK, source=SITE_V4, target=TABLET_V4, ports=(443, PORT))
    assert seen.look(back, mac=ROUTER) == WATCHED
    assert seen.look(tcp(words[:20])) == WATCHED
    assert seen.told == []
    assert state_of(seen.look(tcp(words[20:], 20))) is State.ALLOWED


def test_packets_behind_the_one_that_settled_get_the_same_mark(seen: Seen) -> None:
    """Both ways, and it is told once."""
    words = hello("www.tiktok.com")
    mark = seen.say(words)
    assert seen.look(tcp(b"more", len(words))) == mark
    assert seen.look(tcp(b"x", source=SITE_V4, target=TABLET_V4, ports=(443, PORT)), mac=ROUTER) == mark
    assert len(seen.told) == 1


def test_other_orders_decide_anew(seen: Seen) -> None:
    """Of packets that still come to the queue."""
    words = hello("www.wikipedia.org")
    assert state_of(seen.say(words)) is State.ALLOWED
    seen.orders.give(House(persons=HOUSE.persons, devices=HOUSE.devices, pauses=(pause(),)))
    assert state_of(seen.look(tcp(b"more", len(words)))) is State.REFUSED


def test_what_held_until_a_time_is_decided_anew_then() -> None:
    """A pause ends: the same packet again goes another way."""
    seen = Seen(House(persons=HOUSE.persons, devices=HOUSE.devices, pauses=(pause(until=0.1),)))
    words = hello("www.wikipedia.org")
    assert state_of(seen.say(words)) is State.REFUSED
    assert seen.told[0].until == pytest.approx(AT + 6)
    assert state_of(seen.look(tcp(words), AT + 7)) is State.ALLOWED


# --- whose it is


def test_a_device_is_known_by_the_mac_of_its_packet(seen: Seen) -> None:
    """Whatever address it takes, and whatever the kernel takes it for."""
    seen.macs = {LAPTOP_V4: LAPTOP}
    assert state_of(seen.say(hello("www.tiktok.com"), source=LAPTOP_V4)) is State.REFUSED
    assert seen.told[0].device == "tablet"


def test_the_first_packet_tells_whose_it_is(seen: Seen) -> None:
    """Also where a packet of the server's settles it, which comes from the router's MAC."""
    question = udp(QUERY, ports=(PORT, 53))
    assert seen.look(question) == WATCHED
    answer = udp(b"\0\7\x81\x80" + QUERY[4:], source=SITE_V4, target=TABLET_V4, ports=(53, PORT))
    assert state_of(seen.look(answer, mac=ROUTER)) is State.REFUSED
    assert seen.told[0].device == "tablet"
    assert seen.told[0].signs == (("bypass_dns", "dns"),)


def test_without_a_mac_the_kernel_tells_it(seen: Seen) -> None:
    """As of a connection whose first packet nobody saw."""
    seen.macs = {TABLET_V4: TABLET}
    assert state_of(seen.say(hello("www.tiktok.com"), mac=None)) is State.REFUSED
    assert seen.told[0].device == "tablet"


def test_a_device_that_nobody_named(seen: Seen) -> None:
    """It goes by what holds for such."""
    assert state_of(seen.say(hello("www.pornhub.com"), mac=STRANGER)) is State.REFUSED
    assert seen.told[0].device is None


def test_an_adults_device_is_let_go_at_its_first_packet(seen: Seen) -> None:
    """Nothing is told of it."""
    assert state_of(seen.look(tcp(flags=SYN, source=LAPTOP_V4), mac=LAPTOP)) is State.ALLOWED
    assert state_of(seen.look(udp(QUERY, source=LAPTOP_V4, ports=(PORT, 53)), mac=LAPTOP)) is State.ALLOWED
    assert seen.told == []


def test_a_device_that_changes_hands(seen: Seen) -> None:
    """What was known of who asks is not known any more in another house."""
    seen.say(hello("www.wikipedia.org"))
    (tablet, laptop) = HOUSE.devices
    tablet = Device(id="tablet", macs=tablet.macs, person="alex", kind=DeviceKind.TABLET)
    seen.orders.give(House(persons=HOUSE.persons, devices=(tablet, laptop)))
    assert state_of(seen.look(tcp(flags=SYN, ports=(PORT + 1, 443)))) is State.ALLOWED


# --- what can't be read


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x45", ip(TABLET_V4, SITE_V4, 6, b"short"), b"\x45\0\0\x28\0\0\x20\0\x40\x06\0\0" + bytes(8) + bytes(20)],
    ids=["nothing", "no header", "no ports", "a piece"],
)
def test_what_cant_be_read_goes_nowhere(seen: Seen, octets: bytes) -> None:
    """A server that is kinder would read it."""
    assert seen.look(octets) is None
    assert seen.counts["unreadable"] == 1


# --- names that were given out


def test_what_names_nothing_waits_for_what_the_address_was_given_for(seen: Seen) -> None:
    """Once it is known it is decided by that."""
    wait = seen.say(nameless_hello())
    assert isinstance(wait, Wait)
    assert (wait.device, wait.address, seen.told) == ("tablet", SITE_V4, [])
    assert state_of(seen.inspector.decide(wait, Given(("www.tiktok.com",)), AT)) is State.REFUSED
    assert (seen.told[0].name, seen.told[0].is_open) == ("www.tiktok.com", False)
    # And those behind it go the same way.
    assert state_of(seen.look(tcp(b"more", 400))) is State.REFUSED


def test_what_nobody_has_a_name_for(seen: Seen) -> None:
    """Decided as hidden; but not where it was given for a name that is written nowhere, such as a help line's."""
    wait = seen.say(nameless_hello())
    assert isinstance(wait, Wait)
    assert state_of(seen.inspector.decide(wait, UNKNOWN, AT)) is State.REFUSED
    assert state_of(seen.inspector.decide(wait, Given(is_untold=True), AT)) is State.ALLOWED


@pytest.mark.parametrize(
    ("given", "windows", "told"),
    [
        (Given(is_known=False), (), (True, AT + BLIND_S)),
        (Given(is_known=False), (Window(name="Bed", start="15:00", end="16:00"),), (True, AT + BLIND_S)),
        (UNKNOWN, (), (True, None)),
        (Given(), (), (False, None)),
        (Given(("www.wikipedia.org",)), (), (False, None)),
    ],
)
def test_what_nobody_could_say_in_time(
    given: Given, windows: tuple[Window, ...], told: tuple[bool, float | None]
) -> None:
    """It is told as such, and that it is to be looked at again soon, unless it is one of too many."""
    seen = Seen(House(persons=(child("10-12", windows=windows),), devices=HOUSE.devices[:1]))
    wait = seen.say(nameless_hello())
    assert isinstance(wait, Wait)
    seen.inspector.decide(wait, given, AT)
    assert (seen.told[0].is_blind, seen.told[0].until) == told


SAFE = House(persons=(child("6-9"),), devices=HOUSE.devices[:1])


@pytest.mark.parametrize(
    ("is_given", "state", "signs"),
    [
        (True, State.ALLOWED, ()),
        (None, State.ALLOWED, ()),
        (False, State.REFUSED, (("bypass_disguised", "pinned"),)),
    ],
)
def test_a_safe_search_that_is_walked_round(
    is_given: bool | None, state: State, signs: tuple[tuple[str, str], ...]
) -> None:
    """By an address that this box never gave for the name: a hosts file, or another resolver's answer."""
    seen = Seen(SAFE)
    wait = seen.say(hello("www.google.com"))
    assert isinstance(wait, Wait)
    assert state_of(seen.inspector.decide(wait, Given(is_for_name=is_given), AT)) is state
    assert seen.told[0].signs == signs


MADE_UP = of_ssl("www.q7m2zv4k3xlo.com", ssl.TLSVersion.TLSv1_3, has_tickets=False)
"""As Tor's: without application protocols and tickets, to a name of chance."""


@pytest.mark.parametrize(
    ("band", "is_given", "state", "signs"),
    [
        ("6-9", True, State.ALLOWED, ()),
        ("6-9", None, State.ALLOWED, ()),
        ("6-9", False, State.REFUSED, (("bypass_tor", "tor"),)),
        ("13-15", False, State.ALLOWED, (("bypass_tor", "tor"),)),
        ("16-17", False, State.ALLOWED, ()),
    ],
)
def test_a_made_up_name(band: str, is_given: bool | None, state: State, signs: tuple[tuple[str, str], ...]) -> None:
    """Tor's is one that the device never asked for; else it is a hint, and nobody acts on that."""
    seen = Seen(House(persons=(child(band),), devices=HOUSE.devices[:1]))
    wait = seen.say(MADE_UP)
    assert isinstance(wait, Wait)
    assert state_of(seen.inspector.decide(wait, Given(is_for_name=is_given), AT)) is state
    assert seen.told[0].signs == signs


# --- time and room


def test_what_runs_out_of_time_is_decided(seen: Seen) -> None:
    """Without a packet; its next one gets the mark."""
    assert seen.look(udp(b"hello, anybody?", ports=(PORT, 9_999))) == WATCHED
    assert seen.inspector.tend(AT + 5) == []
    (wait,) = seen.inspector.tend(AT + 10)
    mark = seen.inspector.decide(wait, UNKNOWN, AT + 10)
    assert state_of(mark) is State.ALLOWED
    assert seen.told[0].mark == mark
    assert seen.look(udp(b"still there?", ports=(PORT, 9_999)), AT + 11) == mark


def test_a_clock_that_is_set_back_keeps_nobody_waiting(seen: Seen) -> None:
    """By it nothing would be late for an hour."""
    seen.look(udp(b"hello, anybody?", ports=(PORT, 9_999)))
    assert seen.inspector.tend(AT) == []
    assert len(seen.inspector.tend(AT - 3_600)) == 1


def test_a_flood_pushes_out_only_its_own(seen: Seen) -> None:
    """What another device began before it is read to its end, and the flood's own is decided without asking."""
    words = hello("www.tiktok.com")
    seen.open()
    seen.look(tcp(words[:30]))
    for port in range(1_000, 1_400):
        seen.look(udp(b"anybody?", source="192.168.78.66", ports=(port, 9_999)), mac=STRANGER)
    assert state_of(seen.look(tcp(words[30:], 30))) is State.REFUSED
    assert seen.inspector.tend(AT) == []
    assert {told.device for told in seen.told[1:]} == {None}
    assert len(seen.told) > 30


def test_all_that_is_kept_is_bounded() -> None:
    """However many come."""
    seen = Seen(max_flows=4)
    for port in range(1_000, 1_200):
        seen.look(tcp(hello("www.wikipedia.org"), ports=(port, 443)))
        seen.inspector.tend(AT)
    assert len(seen.inspector._macs) <= 16
    assert len(seen.inspector._decided) <= 8


def test_a_decision_outlives_the_watch(seen: Seen) -> None:
    """Of a slow connection that was decided without a packet, the next one gets the mark, however late."""
    assert seen.look(tcp(b"ready?"), flags=OPENED | FIRST | ANSWER) == WATCHED | OPENED | FIRST | ANSWER
    (wait,) = seen.inspector.tend(AT + 10)
    mark = seen.inspector.decide(wait, UNKNOWN, AT + 10)
    assert seen.look(tcp(b"still there", 6), AT + 100, flags=OPENED) == mark
