"""The box's place in the network, in namespaces: set up when it can be, and again."""

from pathlib import Path

import pytest

from tests.guard.segment import BOX, GATEWAY, ISP, RA, ROUTER6, SITE, TABLET, Segment, until

pytestmark = pytest.mark.lab


def test_what_is_missing_is_said_and_set_up_when_it_comes(home: Segment, tmp_path: Path) -> None:
    """An interface that is plugged in later."""
    box = home.box({**GATEWAY, "lan": "late0"}, tmp_path)
    status = box.until(lambda _: True)
    assert status["network_problem"] == "there is no interface late0: `ip link` shows which there are"
    home.must(BOX, "ip", "link", "set", "lan0", "down")
    home.must(BOX, "ip", "link", "set", "lan0", "name", "late0")
    box.until(lambda status: status["network_problem"] is None and status["dhcp"]["gives"])
    box.stop()


def test_what_another_program_takes_away_is_put_again(home: Segment, tmp_path: Path) -> None:
    """And a device that kept its address of IPv6 all the while is found again."""
    home.advertise(ISP, "home0", ROUTER6, *RA)
    box = home.box(GATEWAY, tmp_path)
    box.until(lambda status: status["v6"]["neighbours"])
    until(lambda: home.answers(TABLET, SITE), "the internet")
    home.must(BOX, "ip", "addr", "flush", "dev", "lan0", "scope", "global")
    until(lambda: "192.168.78.1/24" in home.must(BOX, "ip", "addr", "show", "dev", "lan0"), "the address")
    until(lambda: home.answers(TABLET, SITE), "the internet")
    box.stop()
