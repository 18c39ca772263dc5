"""The box's own address on the LAN: put, left alone, taken away."""

from ipaddress import IPv4Interface, IPv6Interface

import pytest

from appliance.config import Gateway
from appliance.guard import links
from appliance.guard.addresses import Addresses
from appliance.guard.links import NetworkError

TWO_ARMS = Gateway(lan="eth0", wan="eth1", address="192.168.78.1/24")
OWN = IPv4Interface("192.168.78.1/24")


class Links:
    """Stand in for the kernel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.there: list[IPv4Interface | IPv6Interface] = [IPv6Interface("fe80::1/64")]
        self.numbers = {"eth0": 2, "eth1": 3}
        self.lines: list[str] = []
        monkeypatch.setattr(links, "index_of", self.index_of)
        monkeypatch.setattr(links, "addresses_of", lambda index: tuple(self.there) if index == 2 else ())
        monkeypatch.setattr(links, "change", lambda lines, **_: self.lines.extend(lines))

    def index_of(self, name: str) -> int:
        """Return the number of an interface."""
        if name not in self.numbers:
            raise NetworkError(f"there is no interface {name}")
        return self.numbers[name]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Links:
    """Put a kernel of the test's own in place."""
    return Links(monkeypatch)


def test_the_address_is_put_and_taken_away(kernel: Links) -> None:
    """With both links up."""
    addresses = Addresses(TWO_ARMS)
    assert addresses.up() == OWN
    up = ["link set dev eth0 up", "link set dev eth1 up", "addr replace 192.168.78.1/24 broadcast + dev eth0"]
    assert kernel.lines == up
    addresses.down()
    addresses.down()
    assert kernel.lines == [*up, "addr del 192.168.78.1/24 dev eth0"]
    assert addresses.own is None


def test_what_is_there_is_left_alone(kernel: Links) -> None:
    """It was put by somebody else, and stays."""
    kernel.there.append(OWN)
    addresses = Addresses(TWO_ARMS)
    addresses.up()
    addresses.down()
    assert kernel.lines == ["link set dev eth0 up", "link set dev eth1 up"]


def test_with_one_arm_the_box_has_what_it_has(kernel: Links) -> None:
    """Not what it gave itself where nobody answered (RFC 3927)."""
    kernel.there += [IPv4Interface("169.254.3.4/16"), IPv4Interface("192.168.1.5/24")]
    assert Addresses(Gateway(lan="eth0")).up() == IPv4Interface("192.168.1.5/24")
    assert kernel.lines == ["link set dev eth0 up"]


def test_with_one_arm_and_no_address(kernel: Links) -> None:
    """It is said what to set."""
    with pytest.raises(NetworkError, match=r"eth0 has no IPv4 address; set gateway\.address"):
        Addresses(Gateway(lan="eth0")).up()


def test_the_networks_that_devices_are_on(kernel: Links) -> None:
    """Each once, and none that every link has; none while the interface is missing."""
    kernel.there += [OWN, IPv4Interface("192.168.78.2/24"), IPv6Interface("2001:db8:1::1/64")]
    addresses = Addresses(TWO_ARMS)
    assert addresses.networks() == (OWN.network, IPv6Interface("2001:db8:1::/64").network)
    del kernel.numbers["eth0"]
    assert addresses.networks() == ()


@pytest.mark.parametrize("missing", ["eth0", "eth1"])
def test_a_missing_interface(kernel: Links, missing: str) -> None:
    """It is named, and nothing is changed."""
    del kernel.numbers[missing]
    with pytest.raises(NetworkError, match=f"there is no interface {missing}"):
        Addresses(TWO_ARMS).up()
    assert kernel.lines == []


def test_whether_it_stands(kernel: Links) -> None:
    """Not without its address, nor when an interface is gone or another one."""
    addresses = Addresses(TWO_ARMS)
    addresses.up()
    assert not addresses.is_standing()
    kernel.there.append(OWN)
    assert addresses.is_standing()
    kernel.numbers["eth1"] = 9
    assert not addresses.is_standing()
    del kernel.numbers["eth1"]
    assert not addresses.is_standing()
