"""IPv6 behind the box, in namespaces: by the router's own network, by a prefix of its own; other routers."""

import asyncio
from pathlib import Path

import pytest

from appliance.config import Gateway
from appliance.guard import links, v6
from appliance.guard.links import NetworkError
from appliance.guard.v6 import V6
from tests.guard.segment import (
    BOX,
    BOX_LINK,
    GATEWAY,
    ISP,
    OTHER,
    OTHER_MAC,
    RA,
    RESOLVER,
    ROUTER6,
    SITE,
    TABLET,
    Segment,
    until,
)


@pytest.mark.lab
def test_a_device_behind_the_box_is_a_neighbour_of_the_router(home: Segment, tmp_path: Path) -> None:
    """It gives itself an address of the router's network, and the internet answers it through the box."""
    home.advertise(ISP, "home0", ROUTER6, *RA)
    box = home.box(GATEWAY, tmp_path)
    box.until(lambda status: status["v6"]["mode"] == "proxy")
    until(lambda: bool(home.addresses(TABLET)), "an address of the router's network")
    assert home.addresses(TABLET)[0].startswith("2001:db8:1:")
    until(lambda: home.answers(TABLET, SITE), "the internet")
    assert box.until(lambda status: status["v6"]["neighbours"] == 1)["side_doors"] == []
    box.stop()
    assert home.must(BOX, "ip", "-6", "neigh", "show", "proxy") == ""
    assert "2001:db8:1:" not in home.must(BOX, "ip", "-6", "addr", "show", "dev", "lan0")
    assert home.read(BOX, "net/ipv6/conf/wan0/proxy_ndp") == "0"
    until(lambda: not home.must(TABLET, "ip", "-6", "route", "show", "default"), "the tablet to forget the way")
    assert not home.answers(TABLET, SITE)


@pytest.mark.lab
def test_an_address_that_nobody_announced_is_found_when_the_router_asks(home: Segment, tmp_path: Path) -> None:
    """A device that took its address before the box came."""
    home.advertise(ISP, "home0", ROUTER6, *RA)
    home.write(TABLET, "net/ipv6/conf/eth0/accept_ra", "0")
    home.must(TABLET, "ip", "addr", "add", "2001:db8:1::77/128", "dev", "eth0", "nodad")
    home.must(TABLET, "ip", "-6", "route", "add", "default", "via", BOX_LINK, "dev", "eth0")
    box = home.box(GATEWAY, tmp_path)
    box.until(lambda status: status["v6"]["mode"] == "proxy")
    assert home.answers(ISP, "2001:db8:1::77", 8.0)
    box.stop()


@pytest.mark.lab
def test_an_address_of_the_routers_side_is_nobodys_behind_the_box(home: Segment, tmp_path: Path) -> None:
    """A device that claims the router's own address gets nothing of what is the router's."""
    home.advertise(ISP, "home0", ROUTER6, *RA)
    box = home.box(GATEWAY, tmp_path)
    box.until(lambda status: status["v6"]["mode"] == "proxy")
    home.must(TABLET, "ip", "addr", "add", ROUTER6, "dev", "eth0")
    box.until(lambda status: status["v6"]["refused"] > 0)
    until(
        lambda: "2001:db8:1::1" not in home.must(BOX, "ip", "-6", "neigh", "show", "proxy"), "the box to let go of it"
    )
    box.stop()


@pytest.mark.lab
def test_the_kernel_goes_on_without_the_guard(home: Segment, tmp_path: Path) -> None:
    """A guard that is killed takes nothing with it, and the next one takes over what is there."""
    home.advertise(ISP, "home0", ROUTER6, *RA)
    box = home.box(GATEWAY, tmp_path)
    box.until(lambda status: status["v6"]["mode"] == "proxy")
    until(lambda: home.answers(TABLET, SITE), "the internet")
    box.process.kill()
    box.process.wait()
    assert home.answers(TABLET, SITE)
    again = home.box(GATEWAY, tmp_path)
    again.until(lambda status: status["v6"]["neighbours"])
    assert home.answers(TABLET, SITE)
    again.stop()
    assert home.must(BOX, "ip", "-6", "neigh", "show", "proxy") == ""


@pytest.mark.lab
def test_a_delegated_prefix_goes_to_the_devices(home: Segment, tmp_path: Path) -> None:
    """What a client of prefix delegation keeps as an unreachable route; and it goes with that."""
    home.must(BOX, "ip", "-6", "route", "add", "unreachable", "2001:db8:2::/56")
    home.must(BOX, "ip", "addr", "add", "2001:db8:1::2/64", "dev", "wan0", "nodad")
    home.must(BOX, "ip", "-6", "route", "add", "default", "via", "2001:db8:1::1")
    home.must(ISP, "ip", "addr", "add", ROUTER6, "dev", "home0", "nodad")
    home.must(ISP, "ip", "-6", "route", "add", "2001:db8:2::/56", "via", "2001:db8:1::2")
    box = home.box(GATEWAY, tmp_path)
    box.until(lambda status: status["v6"]["mode"] == "delegated")
    until(lambda: bool(home.addresses(TABLET)), "an address of the delegated prefix")
    assert home.addresses(TABLET)[0].startswith("2001:db8:2:")
    until(lambda: home.answers(TABLET, SITE), "the internet")
    home.must(BOX, "ip", "-6", "route", "del", "unreachable", "2001:db8:2::/56")
    box.until(lambda status: status["v6"]["mode"] == "proxy")
    until(lambda: any(one.startswith("2001:db8:1:") for one in home.addresses(TABLET)), "an address of the router's")
    box.stop()


@pytest.mark.lab
def test_another_router_is_a_side_door(home: Segment, tmp_path: Path) -> None:
    """It is told once, and is there as long as it says."""
    box = home.box({**GATEWAY, "v6": "off", "dhcp": "off"}, tmp_path)
    box.until(lambda status: status["network_problem"] is None)
    home.write(OTHER, "net/ipv6/conf/all/forwarding", "1")
    home.advertise(OTHER, "eth0", "2001:db8:bad::1/64", *(line.replace("home0", "eth0") for line in RA), RESOLVER)
    status = box.until(lambda status: status["side_doors"])
    assert status["side_doors"] == [{"mac": OTHER_MAC, "route": True, "prefixes": 1, "rdnss": 1}]
    assert status["told"] == [OTHER_MAC]
    box.stop()


def test_a_kernel_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none for the devices either, and nothing to hear."""
    monkeypatch.setattr(links.Settings, "get", lambda *_: None)

    async def main() -> dict[str, object]:
        one = V6(Gateway(lan="lo"))
        await one.up()
        await one.down()
        return one.status()

    expected = {"mode": "off", "why": "kernel", "neighbours": 0, "refused": 0, "problem": None}
    assert asyncio.run(main()) == expected


def test_without_the_right_to_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said which is missing."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(v6, "Listening", refuse)
    monkeypatch.setattr(links.Settings, "get", lambda *_: "1")
    with pytest.raises(NetworkError, match="this needs CAP_NET_RAW"):
        asyncio.run(V6(Gateway(lan="lo")).up())
