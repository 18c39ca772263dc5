"""Addresses for the devices: given by the box, or left to another server; with a stand-in, and in namespaces."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from appliance.config import Dhcp as Setting
from appliance.config import Gateway
from appliance.guard import dhcp
from appliance.guard.dhcp import Dhcp
from appliance.guard.dnsmasq import Announced
from appliance.guard.links import NetworkError
from appliance.guard.otherdhcp import Offer
from tests.guard.segment import BOX, GATEWAY, OTHER, TABLET, Segment, until

OWN = IPv4Interface("192.168.78.1/24")
OFFER = Offer("02:78:00:00:00:20", IPv4Address("192.168.78.2"))
RUNS = "echo 'dnsmasq: started' >&2; exec sleep 60"
LIMIT_S = 20.0


class Finds:
    """Finds what a test gives it, until it gives something else."""

    def __init__(self, found: tuple[Offer, ...] | NetworkError = ()) -> None:
        self.found = found
        self.times = 0

    async def __call__(self, interface: str) -> tuple[Offer, ...]:
        """Find it."""
        assert interface == "eth0"
        self.times += 1
        if isinstance(self.found, NetworkError):
            raise self.found
        return self.found

    def now(self, found: tuple[Offer, ...], is_so: Callable[[Dhcp], bool]) -> Callable[[Dhcp], bool]:
        """Return what finds this from now on, and says whether something is so."""

        def look(served: Dhcp) -> bool:
            self.found = found
            return is_so(served)

        return look


def program(monkeypatch: pytest.MonkeyPatch, folder: Path, runs: str = RUNS, tries: str = "exit 0") -> None:
    """Put a stand-in in dnsmasq's place, and let no time pass between tries."""
    file = folder / "bin" / "dnsmasq"
    file.parent.mkdir()
    file.write_text(f'#!/bin/sh\ncase "$1" in --test) {tries};; esac\n{runs}\n')
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{file.parent}:{os.environ['PATH']}")
    for name in ("LOOK_S", "LOOK_AGAIN_S", "RESTART_S", "RESTART_MAX_S"):
        monkeypatch.setattr(dhcp, name, 0.01)


def run(
    folder: Path,
    setting: Setting,
    find: Finds,
    *steps: Callable[[Dhcp], bool],
    appeared: Callable[[], None] = lambda: None,
) -> Dhcp:
    """Run it until each of these was so, one after the other; return it as it was then."""

    async def main() -> Dhcp:
        gateway = Gateway(lan="eth0", wan="eth1", address=str(OWN), dhcp=setting)
        served = Dhcp(gateway, folder / "guard", find, appeared)
        await served.up(OWN)
        try:
            async with asyncio.timeout(LIMIT_S):
                for is_so in steps:
                    while not is_so(served):  # noqa: ASYNC110 -- what it is waited for announces itself in no other way
                        await asyncio.sleep(0.005)
        finally:
            await served.down()
        assert not served.status()["gives"]
        return served

    return asyncio.run(main())


def gives(served: Dhcp) -> bool:
    """Say whether it gives addresses."""
    return served.status()["gives"] is True


def says(words: str) -> Callable[[Dhcp], bool]:
    """Return whether its problem holds these words."""
    return lambda served: words in str(served.status()["problem"])


def test_addresses_are_given_once_nobody_else_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And no longer when another server appears, which is told; not of one that was there before the box."""
    program(monkeypatch, tmp_path)
    told: list[int] = []
    find = Finds((OFFER,))
    in_the_way = says("switch DHCP off in the router")
    served = run(
        tmp_path,
        Setting.AUTO,
        find,
        lambda served: in_the_way(served) and not gives(served),
        find.now((), gives),
        find.now((OFFER,), lambda served: in_the_way(served) and not gives(served)),
        appeared=lambda: told.append(find.times),
    )
    assert served.status()["others"] == len(told) == 1


def test_one_lost_answer_of_another_server_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is gone when it was silent more than once."""
    program(monkeypatch, tmp_path)
    monkeypatch.setattr(dhcp, "GONE_LOOKS", 10**9)
    find = Finds((OFFER,))

    def falls_silent(_: Dhcp) -> bool:
        find.found, find.times = (), 0
        return True

    run(
        tmp_path,
        Setting.AUTO,
        find,
        says("switch DHCP off"),
        falls_silent,
        lambda _: find.times > 2,
        says("switch DHCP off"),
    )


def test_addresses_are_given_beside_another_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If that was set; and it is said."""
    program(monkeypatch, tmp_path)
    run(tmp_path, Setting.ON, Finds((OFFER,)), gives, says("another server gives addresses too"), gives)


def test_no_addresses_are_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If that was set nobody is looked for, and IPv6 alone is announced."""
    program(monkeypatch, tmp_path)
    find = Finds((OFFER,))

    def announce(served: Dhcp) -> bool:
        served.announce(Announced(is_on_link=True))
        return served.status()["announces"] is True

    served = run(tmp_path, Setting.OFF, find, announce)
    assert (find.times, served.leases()) == (0, ())
    assert "192.168" not in (tmp_path / "guard" / "dnsmasq.conf").read_text()


def test_where_nobody_can_be_looked_for_none_are_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is said why, and tried again."""
    program(monkeypatch, tmp_path)
    find = Finds(NetworkError("no interface"))
    run(
        tmp_path,
        Setting.AUTO,
        find,
        lambda served: find.times > 2 and says("no interface")(served),
        find.now((), gives),
    )


def test_dnsmasq_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is said how to install it."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    run(tmp_path, Setting.ON, Finds(), says("install it: sudo apt-get install dnsmasq-base"))


def test_dnsmasq_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In its words."""
    program(monkeypatch, tmp_path, tries="echo bad option at line 7 >&2; exit 1")
    run(tmp_path, Setting.ON, Finds(), says("refuses its configuration: bad option at line 7"))


def test_dnsmasq_can_not_listen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is started again, and its last words are told."""
    program(monkeypatch, tmp_path, runs="echo 'dnsmasq: failed to bind: Address in use' >&2; exit 2")
    served = run(
        tmp_path, Setting.ON, Finds(), says("ended by itself: failed to bind: Address in use"),
        lambda served: served.status()["restarts"] > 2,  # type: ignore[operator]
    )  # fmt: skip
    assert not gives(served)


def test_an_address_that_is_none_of_the_network(tmp_path: Path) -> None:
    """It is refused before anything runs."""
    served = Dhcp(Gateway(lan="eth0", first="10.0.0.5"), tmp_path, Finds())
    with pytest.raises(NetworkError, match=r"set gateway\.first"):
        asyncio.run(served.up(OWN))


@pytest.mark.lab
def test_a_device_gets_an_address_and_the_box_as_router_and_resolver(home: Segment, tmp_path: Path) -> None:
    """Where nobody else gives one; its name is in the leases, and nothing stays when the box stops."""
    box = home.box(GATEWAY, tmp_path)
    box.until(lambda status: status["dhcp"]["gives"])
    got = home.python(TABLET, "tests.guard.askdhcp", "ada-tablet")
    assert (got["message-type"], got["router"], got["name_server"]) == ([5], ["192.168.78.1"], ["192.168.78.1"])
    assert got["address"].startswith("192.168.78.")
    assert 50 <= int(got["address"].rpartition(".")[2]) <= 249
    status = box.until(lambda status: status["names"] == ["ada-tablet"])
    assert (status["address"], status["network_problem"]) == ("192.168.78.1/24", None)
    assert (status["v6"]["mode"], status["v6"]["why"]) == ("off", "no-prefix")
    box.stop()
    assert "192.168.78.1" not in home.must(BOX, "ip", "addr", "show", "dev", "lan0")
    assert home.pids(BOX) == []


@pytest.mark.lab
def test_another_server_is_left_to_it(home: Segment, tmp_path: Path) -> None:
    """The box gives nothing while that answers."""
    home.advertise(OTHER, "eth0", "192.168.78.2/24", "dhcp-range=192.168.78.200,192.168.78.210,1h", "no-ping")
    box = home.box(GATEWAY, tmp_path)
    status = box.until(lambda status: status["dhcp"]["others"] == 1)
    assert not status["dhcp"]["gives"]
    assert "switch DHCP off in the router" in status["dhcp"]["problem"]
    got = home.python(TABLET, "tests.guard.askdhcp", "ada-tablet")
    assert got["server_id"] == ["192.168.78.2"]
    box.stop()


@pytest.mark.lab
def test_a_dnsmasq_that_ends_is_started_again(home: Segment, tmp_path: Path) -> None:
    """Also that of a box that was killed makes room for the next."""
    box = home.box({**GATEWAY, "dhcp": "on"}, tmp_path)
    box.until(lambda status: status["dhcp"]["gives"])
    pid_file = tmp_path / "guard" / "dnsmasq.pid"
    until(pid_file.exists, "its number")
    first = pid_file.read_text()
    os.kill(int(first), signal.SIGKILL)
    box.until(lambda status: status["dhcp"]["restarts"] == 1)
    box.until(lambda status: status["dhcp"]["gives"])
    until(lambda: pid_file.read_text() not in ("", first), "another number")
    box.process.kill()
    box.process.wait()
    again = home.box({**GATEWAY, "dhcp": "on"}, tmp_path)
    again.until(lambda status: status["dhcp"]["gives"])
    got = home.python(TABLET, "tests.guard.askdhcp", "ada-tablet")
    assert got["server_id"] == ["192.168.78.1"]
    again.stop()
