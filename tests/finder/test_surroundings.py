"""The kernel's view of the home: a network of our own, made for the test."""

from ipaddress import ip_interface

import pytest

from appliance.finder import surroundings
from appliance.finder.surroundings import Surroundings
from tests.running import in_own_network


@pytest.mark.parametrize(
    ("address", "is_home"),
    [
        ("192.168.77.2/24", True),
        ("10.0.0.1/8", True),
        ("fd77::2/64", True),
        ("127.0.0.1/8", False),
        ("::1/128", False),
        ("169.254.3.4/16", False),
        ("fe80::1/64", False),
        ("198.51.100.7/24", False),
        ("2001:db8::7/64", False),
    ],
)
def test_a_homes_address(address: str, is_home: bool) -> None:
    """Private addresses that someone gave are a home's; public ones and those that a machine gives itself are not."""
    assert surroundings._is_home(ip_interface(address)) is is_home


def test_here() -> None:
    """An address is here if an attached network has it."""
    around = Surroundings(networks=(ip_interface("192.168.77.2/24").network, ip_interface("fd77::2/64").network))
    asked = ["192.168.77.10", "fd77::10", "192.168.78.10", "fd78::10", "fe80::1"]
    assert [around.is_here(address) for address in asked] == [True, True, False, False, False]


def test_this_machine() -> None:
    """A look at the live tables works for anyone, and finds no group among the box's own."""
    around = surroundings.look()
    assert all(len(mac) == 17 for mac in around.own)
    assert "lo" not in around.interfaces


_STORY = """
import subprocess
from appliance.finder import surroundings

def ip(words):
    subprocess.run(["ip", *words.split()], check=True)

ip("link set lo up")
for name, mac in (("home", "02:77:00:00:00:02"), ("wan", "02:99:00:00:00:02")):
    ip(f"link add {name} address {mac} type veth peer name {name}2")
    ip(f"link set {name} up")
    ip(f"link set {name}2 up")
ip("addr add 192.168.77.2/24 dev home")
ip("addr add 2001:db8:77::2/64 dev home nodad")
ip("addr add 198.51.100.2/24 dev wan")
ip("neigh add 192.168.77.10 lladdr 02:77:00:00:00:10 dev home nud reachable")
ip("neigh add 2001:db8:77::11 lladdr 02:77:00:00:00:11 dev home nud stale")
ip("neigh add fe80::12 lladdr 02:77:00:00:00:12 dev home nud stale")
ip("neigh add 192.168.77.1 lladdr 02:77:00:00:00:01 dev home nud stale")
ip("neigh add 198.51.100.9 lladdr 02:99:00:00:00:09 dev wan nud reachable")
ip("neigh add 10.9.9.9 lladdr 02:99:00:00:00:0a dev home nud reachable")
ip("neigh add 192.168.77.13 dev home nud failed")
ip("route add default via 192.168.77.1")
around = surroundings.look()
print(around.interfaces)
for one in sorted(around.neighbours, key=lambda one: one.mac):
    print(one.mac, one.address, one.age_s < 5)
print(sorted(mac for mac in around.own if mac in ("02:77:00:00:00:02", "02:99:00:00:00:02")))
print(sorted(around.routers))
print(sorted(map(str, around.networks)))
"""


def test_a_home_and_a_line() -> None:
    """Neighbours at home count, with the age of their last sign of life; the provider's side does not."""
    done = in_own_network(_STORY)
    assert done.stdout.splitlines() == [
        "('home',)",
        "02:77:00:00:00:01 192.168.77.1 False",
        "02:77:00:00:00:10 192.168.77.10 True",
        "02:77:00:00:00:11 2001:db8:77::11 False",
        "02:77:00:00:00:12 None False",
        "['02:77:00:00:00:02', '02:99:00:00:00:02']",
        "['02:77:00:00:00:01']",
        "['192.168.77.0/24', '2001:db8:77::/64']",
    ], done.stderr
