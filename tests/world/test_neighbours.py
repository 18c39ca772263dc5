"""The kernel's tables: recorded messages, the live tables, and a network of our own."""

import select

import pytest

from appliance.world import neighbours
from appliance.world.neighbours import Neighbours, Own
from appliance.world.rtnetlink import RTM_DELNEIGH, RTM_NEWNEIGH, messages
from tests.running import in_own_network

# Recorded with `ip neigh`, `ip addr` and `ip route` on a veth pair.
NEW4 = bytes.fromhex(
    "4c0000001c000000000000008809000002000000030000008000000108000100c00002090a000200020000000009000008000400000000001400"
    "030000000000000000000000000001000000"
)
NEW_LINK_LOCAL = bytes.fromhex(
    "580000001c000000000000008c0900000a000000030000008000000114000100fe8000000000000000000000000000090a00020002000000000a"
    "000008000400000000001400030000000000000000000000000001000000"
)
CHANGED4 = bytes.fromhex(
    "4c0000001c000000000000009309000002000000030000008000000108000100c00002090a00020002000000000b000008000400000000001400"
    "0300000000009d0000000000000001000000"
)
FAILED4 = bytes.fromhex(
    "400000001c000000000000009709000002000000030000002000000108000100c000020908000400000000001400030064000000020100006400"
    "000001000000"
)
UNREACHABLE4 = CHANGED4[:24] + b"\x20\x00" + CHANGED4[26:]
"""The kernel still tells the MAC of a neighbour that does not answer any more."""
DELETED4 = bytes.fromhex(
    "400000001d000000000000000000000002000000030000002000000108000100c000020908000400000000001400030064000000020100006400"
    "000000000000"
)
ADDRESS4 = bytes.fromhex(
    "4c00000014000000a250036b6c090000021880000300000008000100c000020108000200c0000201070003007661000008000800800000001400"
    "0600ffffffffffffffff6e5c05006e5c0500"
)
ADDRESS6 = bytes.fromhex(
    "500000001400000000000000000000000a4080fd0300000014000100fe80000000000000b8bc4bfffe76889114000600ffffffffffffffff6e5c"
    "05006e5c0500080008008000000005000b0003000000"
)
ROUTE4 = bytes.fromhex(
    "3400000018000006a650036b9909000002000000fe0300010000000008000f00fe00000008000500c00002fe0800040003000000"
)
RECORDED = (NEW4, NEW_LINK_LOCAL, CHANGED4, FAILED4, DELETED4, ADDRESS4, ADDRESS6, ROUTE4)


def neighbours_in(data: bytes) -> list[tuple[int, str, str | None]]:
    """Return kind, address and MAC of each neighbour message."""
    found = [(kind, neighbours._neighbour(body)) for kind, body in messages(data)]
    return [(kind, *one) for kind, one in found if one is not None]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (NEW4, (RTM_NEWNEIGH, "192.0.2.9", "02:00:00:00:00:09")),
        (NEW_LINK_LOCAL, (RTM_NEWNEIGH, "fe80::9%3", "02:00:00:00:00:0a")),
        (CHANGED4, (RTM_NEWNEIGH, "192.0.2.9", "02:00:00:00:00:0b")),
        (FAILED4, (RTM_NEWNEIGH, "192.0.2.9", None)),
        (UNREACHABLE4, (RTM_NEWNEIGH, "192.0.2.9", None)),
        (DELETED4, (RTM_DELNEIGH, "192.0.2.9", None)),
    ],
)
def test_recorded_neighbour(data: bytes, expected: tuple[int, str, str | None]) -> None:
    """A recorded message is read as what made it."""
    assert neighbours_in(data) == [expected]


def test_messages_in_one_datagram() -> None:
    """The kernel puts several messages into one datagram."""
    assert [kind for kind, _ in messages(b"".join(RECORDED))] == [28, 28, 28, 28, 29, 20, 20, 24]


def test_recorded_addresses() -> None:
    """A box's own address comes with the length of its network's prefix."""
    bodies = [body for data in (ADDRESS4, ADDRESS6) for _, body in messages(data)]
    assert [neighbours._own_address(body) for body in bodies] == [
        Own("192.0.2.1", 24, 3),
        Own("fe80::b8bc:4bff:fe76:8891", 64, 3),
    ]
    assert neighbours._own_address(bodies[1][:2] + b"\x20" + bodies[1][3:]) == Own(
        "fe80::b8bc:4bff:fe76:8891", 64, 3, is_passing=True
    )
    assert neighbours._own_address(b"") is None


LAN = (
    Own("127.0.0.1", 8, 1),
    Own("::1", 128, 1),
    Own("192.0.2.1", 24, 2),
    Own("198.51.100.1", 24, 2),
    Own("169.254.7.7", 16, 2),
    Own("fe80::1", 64, 2),
    Own("2001:db8::7", 64, 2),
    Own("2001:db8::99", 64, 2, is_passing=True),
    Own("fd00::1", 64, 2),
    Own("fe80::1", 64, 3),
    Own("203.0.113.1", 24, 3),
)


@pytest.mark.parametrize(
    ("local", "asker", "expected"),
    [
        ("192.0.2.1", "192.0.2.9", ("192.0.2.1", "fd00::1")),
        ("198.51.100.1", "192.0.2.9", ("198.51.100.1", "fd00::1")),
        ("fd00::1", "fd00::9", ("192.0.2.1", "fd00::1")),
        ("2001:db8::7", "2001:db8::9", ("192.0.2.1", "2001:db8::7")),
        ("fe80::1%2", "fe80::9%2", ("192.0.2.1", "fd00::1")),
        ("fe80::1%2", "2001:db8::9", ("192.0.2.1", "2001:db8::7")),
        ("fe80::1%3", "fe80::9%3", ("203.0.113.1",)),
        ("203.0.113.1", "203.0.113.9", ("203.0.113.1",)),
        ("127.0.0.1", "127.0.0.1", ("127.0.0.1", "::1")),
        ("::1", "::1", ("127.0.0.1", "::1")),
        ("127.0.0.5", "127.0.0.9", ("127.0.0.5",)),
    ],
)
def test_where_an_asker_reaches_the_box(local: str, asker: str, expected: tuple[str, ...]) -> None:
    """At the address that was asked, and of the other family at one of the same interface that lasts."""
    assert neighbours.reachable_at(local, asker, LAN) == expected


def test_better_a_passing_address_than_none() -> None:
    """Where all addresses of a family are passing or a stopgap, one of them is told."""
    own = (Own("192.0.2.1", 24, 2), Own("2001:db8::99", 64, 2, is_passing=True))
    assert neighbours.reachable_at("192.0.2.1", "192.0.2.9", own) == ("192.0.2.1", "2001:db8::99")
    own = (Own("169.254.7.7", 16, 2), Own("fd00::1", 64, 2))
    assert neighbours.reachable_at("fd00::1", "fd00::9", own) == ("169.254.7.7", "fd00::1")


@pytest.fixture
def live() -> Neighbours:
    """Return the live tables, closed by the test."""
    return Neighbours()


def test_live_dump(live: Neighbours) -> None:
    """This machine has a loopback address, and no MAC stands for it."""
    try:
        assert "127.0.0.1/8" in live.networks
        assert live.mac("127.0.0.1") is None
        assert not live.is_router("127.0.0.1")
        assert live.networks_changed
    finally:
        live.close()


def test_changes_are_collected(live: Neighbours) -> None:
    """Who came, changed and went is remembered until somebody asked."""
    try:
        live.changed.clear()
        live._take(NEW4 + NEW_LINK_LOCAL)
        assert live.mac("192.0.2.9") == "02:00:00:00:00:09"
        assert live.mac("fe80::9%3") == "02:00:00:00:00:0a"
        assert live.changed == {"192.0.2.9", "fe80::9%3"}
        assert live.addresses("02:00:00:00:00:09") == ("192.0.2.9",)
        assert live.addresses("02:00:00:00:00:0a") == ("fe80::9%3",)
        assert live.addresses("02:00:00:00:00:ff") == ()
        live.changed.clear()
        live._take(NEW4)
        assert live.changed == set()
        live._take(CHANGED4)
        assert live.mac("192.0.2.9") == "02:00:00:00:00:0b"
        assert live.changed == {"192.0.2.9"}
        live._take(FAILED4)
        assert live.mac("192.0.2.9") is None
        live.changed.clear()
        live._take(DELETED4)
        assert live.changed == set()
    finally:
        live.close()


def test_dropped_changes_reload_all(live: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the kernel dropped changes, the tables are read anew: who is gone is gone."""

    class Overrun:
        def recv(self, _: int) -> bytes:
            raise OSError(105, "No buffer space available")

    try:
        live._take(NEW4)
        live.changed.clear()
        monkeypatch.setattr(live, "_socket", Overrun())
        live.refresh()
        assert live.mac("192.0.2.9") is None
        assert "192.0.2.9" in live.changed
        monkeypatch.undo()
    finally:
        live.close()


def test_router_is_known_by_address_and_mac(live: Neighbours) -> None:
    """All addresses of the default gateway's MAC are the router's."""
    try:
        live.routers = frozenset({"192.0.2.254"})
        live._set("192.0.2.254", "02:00:00:00:00:fe")
        live._set("192.0.2.9", "02:00:00:00:00:09")
        live._set("fe80::fe%3", "02:00:00:00:00:fe")
        asked = ["192.0.2.254", "fe80::fe%3", "192.0.2.9", "192.0.2.77"]
        assert [live.is_router(address) for address in asked] == [True, True, False, False]
    finally:
        live.close()


def wait_readable(table: Neighbours, within_s: float = 5.0) -> None:
    """Wait until the kernel says that something changed, and take it in."""
    assert select.select([table], [], [], within_s)[0], "the kernel said nothing"
    table.refresh()


_STORY = """
import subprocess
from appliance.world.neighbours import Neighbours, gateways
from tests.world.test_neighbours import wait_readable

def ip(words):
    subprocess.run(["ip", *words.split()], check=True)

def wait_for(is_so):
    for _ in range(50):
        table.refresh()
        if is_so():
            return True
        wait_readable(table)
    return False

ip("link set lo up")
ip("link add va type veth peer name vb")
ip("link set va up")
ip("link set vb up")
table = Neighbours()
table.networks_changed = False
ip("addr add 192.0.2.1/24 dev va")
print("network", wait_for(lambda: "192.0.2.1/24" in table.networks), table.networks_changed)
ip("neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev va")
print("added", wait_for(lambda: table.mac("192.0.2.9") == "02:00:00:00:00:09"), "192.0.2.9" in table.changed)
table.changed.clear()
ip("neigh change 192.0.2.9 lladdr 02:00:00:00:00:0b dev va")
print("changed", wait_for(lambda: table.mac("192.0.2.9") == "02:00:00:00:00:0b"), "192.0.2.9" in table.changed)
fresh = Neighbours()
print("dumped", fresh.mac("192.0.2.9"))
fresh.close()
table.changed.clear()
ip("neigh del 192.0.2.9 dev va")
print("deleted", wait_for(lambda: table.mac("192.0.2.9") is None), "192.0.2.9" in table.changed)
ip("neigh add 192.0.2.254 lladdr 02:00:00:00:00:fe dev va")
ip("route add default via 192.0.2.254")
print("router", wait_for(lambda: table.is_router("192.0.2.254")), gateways())
ip("addr del 192.0.2.1/24 dev va")
print("gone", wait_for(lambda: "192.0.2.1/24" not in table.networks and not table.routers))
table.close()
"""


def test_a_network_of_our_own() -> None:
    """A neighbour that comes, changes and goes is seen, and so are networks and the router."""
    done = in_own_network(_STORY)
    assert done.stdout.splitlines() == [
        "network True True",
        "added True True",
        "changed True True",
        "dumped 02:00:00:00:00:0b",
        "deleted True True",
        "router True ('192.0.2.254',)",
        "gone True",
    ], done.stderr
