"""dnsmasq: it takes what we write, and says nothing of devices in our log."""

import os
import shutil
import subprocess
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from appliance.config import Gateway
from appliance.guard import dnsmasq
from appliance.guard.dnsmasq import Announced, Given, Served
from appliance.guard.links import NetworkError
from tests.needs import need

OWN = IPv4Interface("192.168.78.1/24")
V4 = (OWN, IPv4Address("192.168.78.50"), IPv4Address("192.168.78.249"))
LEASES, PID = Path("/run/l"), Path("/run/p")


def served(v4: bool = True, v6: Announced | None = None) -> Served:
    """Return what dnsmasq is to do."""
    return Served("eth0.20", V4 if v4 else None, v6, 12)


@pytest.mark.parametrize("v4", [True, False])
@pytest.mark.parametrize("v6", [None, Announced(is_on_link=True), Announced(is_on_link=False)])
def test_dnsmasq_takes_it(tmp_path: Path, *, v4: bool, v6: Announced | None) -> None:
    """Whatever it is to do, by its own word."""
    program = shutil.which("dnsmasq", path=f"{os.environ['PATH']}:/usr/sbin")
    need(program is not None, "dnsmasq-base is not installed")
    assert program is not None
    config = tmp_path / "dnsmasq.conf"
    config.write_text(dnsmasq.render(served(v4, v6), tmp_path / "leases", tmp_path / "pid"))
    done = subprocess.run([program, "--test", f"--conf-file={config}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "dnsmasq: syntax check OK.")


def test_the_box_is_router_and_resolver() -> None:
    """It answers no DNS itself, and listens on one interface."""
    lines = dnsmasq.render(served(v6=Announced(is_on_link=False)), LEASES, PID).splitlines()
    assert {
        "port=0",
        "interface=eth0.20",
        "dhcp-range=192.168.78.50,192.168.78.249,255.255.255.0,12h",
        "dhcp-option=option:router,192.168.78.1",
        "dhcp-option=option:dns-server,192.168.78.1",
        "dhcp-range=::,constructor:eth0.20,ra-stateless,off-link,64,2h",
        "dhcp-option=option6:dns-server,[fe80::]",
        "dhcp-leasefile=/run/l",
        "quiet-dhcp",
    } <= set(lines)


def test_what_is_not_wanted_is_not_there() -> None:
    """No announcement without IPv6, no addresses beside another server."""
    assert "enable-ra" not in dnsmasq.render(served(), LEASES, PID)
    only_v6 = dnsmasq.render(served(v4=False, v6=Announced(is_on_link=True)), LEASES, PID)
    assert "192.168" not in only_v6
    assert "dhcp-range=::,constructor:eth0.20,ra-stateless,64,2h" in only_v6


@pytest.mark.parametrize(
    ("own", "first", "last", "expected"),
    [
        ("192.168.78.1/24", None, None, ("192.168.78.50", "192.168.78.249")),
        ("10.0.0.1/16", None, None, ("10.0.0.50", "10.0.0.249")),
        ("10.0.0.1/29", None, None, ("10.0.0.2", "10.0.0.6")),
        ("192.168.78.1/24", "192.168.78.100", "192.168.78.110", ("192.168.78.100", "192.168.78.110")),
    ],
)
def test_which_addresses_are_given(own: str, first: str | None, last: str | None, expected: tuple[str, str]) -> None:
    """The network's 50th to 249th, unless set or there are less."""
    gateway = Gateway(lan="eth0", wan="eth1", address=own, first=first, last=last)
    assert tuple(map(str, dnsmasq.pool(gateway, IPv4Interface(own)))) == expected


def test_addresses_of_another_network() -> None:
    """With one arm the network shows only when it is there."""
    gateway = Gateway(lan="eth0", first="10.0.0.5")
    with pytest.raises(NetworkError, match=r"10.0.0.5 to 192.168.78.249 are not addresses of 192.168.78.0/24"):
        dnsmasq.pool(gateway, OWN)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dnsmasq[7]: started, version 2.90 DNS disabled\n", "started, version 2.90 DNS disabled"),
        ("dnsmasq-dhcp[7]: DHCP, IP range 10.0.0.50 -- 10.0.0.249", "DHCP, IP range 10.0.0.50 -- 10.0.0.249"),
        ("dnsmasq: failed to create listening socket", "failed to create listening socket"),
        ("dnsmasq-dhcp[7]: DHCPACK(eth0) 192.168.78.60 02:77:00:00:00:10 ada-tablet", None),
        ("dnsmasq-dhcp[7]: not giving name ada-tablet to the DHCP lease of 192.168.78.60", None),
        ("something else", None),
        ("dnsmasq-dhcp[7]: RTR-SOLICIT(eth0) 02:77:00:00:00:10", None),
        (
            "dnsmasq-dhcp[7]: DHCPDISCOVER(eth0) 02:77:00:00:00:10 no address available",
            "there is no address left to give: gateway.first and gateway.last",
        ),
    ],
)  # fmt: skip
def test_its_words_in_our_log(line: str, expected: str | None) -> None:
    """No device is in them."""
    assert dnsmasq.words(line) == expected


def test_who_has_which_address() -> None:
    """As dnsmasq writes it; a device without a name has none."""
    text = (
        "1795424000 02:77:00:00:00:10 192.168.78.60 ada-tablet 01:02:77:00:00:00:10\n"
        "1795424100 02:77:00:00:00:11 192.168.78.61 * *\n"
        "broken\n"
        "duid 00:01\n"
        "1795424100 7 2001:db8::1 laptop 00:01\n"
    )
    assert dnsmasq.given(text) == (
        Given("02:77:00:00:00:10", "192.168.78.60", "ada-tablet", 1795424000.0),
        Given("02:77:00:00:00:11", "192.168.78.61", None, 1795424100.0),
    )
