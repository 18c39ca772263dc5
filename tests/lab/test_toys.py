"""A toy as a child gets it: it reaches its maker and nothing else, nobody in the house, and is heard asking."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.lablib import net
from scripts.lablib.gateway import Kind
from tests.lab.appliance import Appliance
from tests.lab.gateway import HOUSE, Gateway, gateway, guarding
from tests.lab.home import wait_until
from tests.lab.test_guarded import CLOSED, FAMILIES, OPEN, REFUSED, RESET, TIKTOK, TLS

pytestmark = pytest.mark.lab

KEPT = HOUSE.replace('macs: ["02:77:00:00:00:14"]', 'only: [example.com], macs: ["02:77:00:00:00:14"]')


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A home with two interfaces."""
    with gateway(f"toys-{os.getpid()}", tmp_path_factory.mktemp("gateway")) as up:
        yield up


@pytest.fixture(scope="module")
def box(home: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """Kindgate on it, and a toy that may reach example.com alone."""
    with guarding(home, tmp_path_factory.mktemp("box") / "data", KEPT) as appliance:
        yield appliance


@FAMILIES
def test_its_maker_and_nothing_else(home: Gateway, box: Appliance, family: str) -> None:
    """Not by another name, and not by another's address under any name."""
    assert home.curl("toy", f"https://{OPEN}/", f"-{family}").status == 200
    assert home.curl("toy", f"https://{CLOSED}/", f"-{family}").code == REFUSED
    there = ["--connect-to", TIKTOK[family]]
    assert home.curl("toy", f"https://{CLOSED}/", f"-{family}", *there).code in (RESET, TLS)
    assert home.curl("toy", f"https://{TIKTOK[family].strip(':')}/", f"-{family}", "-k").code in (RESET, TLS)


def test_what_it_asked_for(home: Gateway, box: Appliance) -> None:
    """The steward tells the page, with what was refused; of the tablet, which is no thing, nothing."""
    home.curl("toy", f"https://{OPEN}/")
    home.curl("toy", f"https://{CLOSED}/")

    def asked(device: str) -> dict[str, Any]:
        told = box.ask("steward", {"ask": "things", "device": device, "role": "caregiver"})
        return {one["name"]: one for one in told["asked"]}

    wait_until(lambda: {OPEN, CLOSED} <= asked("toy").keys(), "what the toy asked for")
    told = asked("toy")
    assert (bool(told[OPEN]["opened"]), told[OPEN]["refused"]) == (True, 0)
    assert (told[CLOSED]["opened"], bool(told[CLOSED]["refused"])) == (0, True)
    assert asked("tablet") == {}


def test_nobody_in_the_house(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With one arm the box would carry what a toy sends to the laptop through it, as it does for the tablet."""
    with (
        gateway(f"arm-{os.getpid()}", tmp_path_factory.mktemp("arm"), Kind.ONE) as home,
        guarding(home, tmp_path_factory.mktemp("box") / "data", KEPT),
    ):
        laptop = home.host("laptop").v4
        home.popen("laptop", home.python("http.server", "8009"), "Serving")
        for host, code in (("tablet", 0), ("toy", REFUSED)):
            net.ip(home.name, home.host(host), [f"route add {laptop} via {home.plan.box.v4}"])
            assert home.curl(host, f"http://{laptop}:8009/").code == code
        assert home.curl("toy", f"https://{OPEN}/", "-4").status == 200
