"""The finder in the lab: the tablet speaks and is found, with and without the right to listen."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts.lablib import net
from tests.lab.appliance import house
from tests.lab.home import Home, wait_until

pytestmark = pytest.mark.lab

FINDER = (sys.executable, "-c", "import sys; from appliance.commands.finder import finder; finder(sys.argv[1:])")
DEAF = ("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw")
ASK = """
import json, sys
from pathlib import Path
from appliance.world import bus
try:
    print(json.dumps(bus.ask(Path(sys.argv[1]), "finder", {"ask": sys.argv[2]})))
except bus.BusError:
    print("{}")
"""
SPEAK = """
import sys
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSRR
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.sendrecv import sendp
mac, v4, v6 = sys.argv[1:4]
ether, dhcp = Ether(src=mac, dst="ff:ff:ff:ff:ff:ff"), UDP(sport=68, dport=67)
wish = [("message-type", "request"), ("hostname", b"kims-tablet"), ("requested_addr", v4), "end"]
boot = BOOTP(chaddr=bytes.fromhex(mac.replace(":", "")))
def records(address, kind):
    service = DNSRR(rrname="_airplay._tcp.local", type="PTR", rdata="Kim Canary._airplay._tcp.local")
    return DNS(qr=1, aa=1, qd=[], an=[service, DNSRR(rrname="Kims-tablet.local", type=kind, ttl=120, rdata=address)])
multicast = UDP(sport=5353, dport=5353)
noise = [Ether(src=mac, dst="01:00:5e:00:00:fb") / IP(src=v4, dst="224.0.0.251", ttl=255) / multicast / Raw(octets)
         for octets in (b"", b"\\xff" * 12, b"\\0\\0\\x84\\0\\0\\0\\0\\xff\\0\\0\\0\\0" + b"\\xc0\\x0c" * 600)]
sendp([
    *noise,
    ether / IP(src="0.0.0.0", dst="255.255.255.255") / dhcp / boot / DHCP(options=wish),
    Ether(src=mac, dst="01:00:5e:00:00:fb") / IP(src=v4, dst="224.0.0.251", ttl=255) / multicast / records(v4, "A"),
    Ether(src=mac, dst="33:33:00:00:00:fb") / IPv6(src=v6, dst="ff02::fb", hlim=255) / multicast / records(v6, "AAAA"),
], iface="eth0", verbose=False)
"""


class Finder:
    """A finder in the appliance."""

    def __init__(self, lab: Home, data: Path) -> None:
        self._lab = lab
        self._data = data

    def ask(self, word: str) -> dict[str, Any]:
        """Ask it, {} while it does not answer."""
        done = self._lab.exec("appliance", [sys.executable, "-c", ASK, str(self._data), word])
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def device(self, mac: str) -> dict[str, Any]:
        """Return what it tells of a device, {} for nothing."""
        return next((one for one in self.ask("seen").get("devices", []) if one["mac"] == mac), {})


@contextmanager
def running(lab: Home, data: Path, *prefix: str) -> Iterator[Finder]:
    """A finder in the appliance, until the block ends."""
    process = lab.popen("appliance", [*prefix, *FINDER, "--data", str(data)])
    finder = Finder(lab, data)
    try:
        wait_until(
            lambda: finder.ask("status").get("why") != "not yet tried" and bool(finder.ask("status")), "an answer"
        )
        yield finder
        log = lab.output(process)
        assert "Traceback" not in log
        assert "anary" not in log
    finally:
        lab.stop(process)
    assert process.returncode == 0


def speak(lab: Home) -> None:
    """Have the tablet ping the box, and announce itself by DHCP and mDNS, with some noise before it."""
    tablet = net.TABLET
    for address in (net.APPLIANCE.v4, net.APPLIANCE.v6):
        assert lab.dig("tablet", f"@{address}", "+tries=1", "+time=1", "x.test") is not None
    done = lab.exec("tablet", [sys.executable, "-c", SPEAK, tablet.mac, tablet.v4, tablet.v6])
    assert done.returncode == 0, done.stderr


def test_the_tablet_is_found(lab: Home, tmp_path: Path) -> None:
    """What says its name by DHCP and mDNS is listed with MAC, addresses and host name; the router is marked as one."""
    lab.set_recipe("both")
    with running(lab, tmp_path / "data") as finder:
        status = finder.ask("status")
        assert (status["hearing"], status["why"], status["interfaces"]) == (True, None, ["eth0"])
        speak(lab)
        wait_until(lambda: len(finder.device(net.TABLET.mac).get("sources", [])) == 3, "all that the tablet said")
        tablet = finder.device(net.TABLET.mac)
        assert set(tablet["addresses"]) == {net.TABLET.v4, net.TABLET.v6}
        assert tablet["host_name"] == "kims-tablet"
        assert tablet["sources"] == ["neighbour", "dhcp", "mdns"]
        assert (tablet["is_random_mac"], tablet["is_router"]) == (True, False)
        lab.dig("appliance", f"@{net.ROUTER.v4}", "x.test")
        wait_until(lambda: bool(finder.device(net.ROUTER.mac)), "the router")
        assert finder.device(net.ROUTER.mac)["is_router"] is True
        assert finder.device(net.APPLIANCE.mac) == {}
        assert finder.ask("presence")["devices"] == []


def test_without_the_right_to_listen(lab: Home, tmp_path: Path) -> None:
    """By the neighbour table alone: MAC and addresses, no name; the status says why."""
    lab.set_recipe("both")
    with running(lab, tmp_path / "data", *DEAF) as finder:
        status = finder.ask("status")
        assert (status["hearing"], status["why"]) == (False, "this process has no CAP_NET_RAW")
        speak(lab)
        wait_until(lambda: len(finder.device(net.TABLET.mac).get("addresses", [])) == 2, "both addresses")
        tablet = finder.device(net.TABLET.mac)
        assert set(tablet["addresses"]) == {net.TABLET.v4, net.TABLET.v6}
        assert (tablet["host_name"], tablet["sources"]) == (None, ["neighbour"])


def test_a_tablet_that_has_an_owner(lab: Home, tmp_path: Path) -> None:
    """A child's device is not among the found ones; that it is there is known, and nothing else of it."""
    lab.set_recipe("both")
    data = tmp_path / "data"
    data.mkdir()
    (data / "house.yaml").write_text(house())
    kindgate = [sys.executable, "-m", "appliance", "house", "apply", str(data / "house.yaml"), "--data", str(data)]
    assert lab.exec("appliance", kindgate).returncode == 0
    with running(lab, data) as finder:
        speak(lab)
        wait_until(lambda: "tablet" in [one["device"] for one in finder.ask("presence")["devices"]], "its presence")
        assert finder.device(net.TABLET.mac) == {}
        assert finder.device(net.LAPTOP.mac) == {}
