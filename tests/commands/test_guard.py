"""`guard` looks at connections in the foreground, where the configuration has a gateway and the box what that needs."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from appliance.commands import guard as command
from appliance.config import MAX_WORKERS, Gateway
from appliance.guard import daemon
from appliance.guard.firewall import run_program
from appliance.household.orders import Orders
from tests.commands.cli import kindgate

GATEWAY = "gateway: {lan: eth0, wan: eth1, address: 192.168.78.1/24, queues: 3}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a gateway."""
    file = tmp_path / "appliance.yaml"
    file.write_text(GATEWAY)
    return file


@pytest.fixture
def extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `gateway` is installed, or looks so."""
    monkeypatch.setitem(sys.modules, "netfilterqueue", ModuleType("netfilterqueue"))


def test_a_box_that_is_no_gateway(tmp_path: Path) -> None:
    """Exit status 2: no restart mends a configuration."""
    result = kindgate("guard", data=tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the configuration has no gateway" in result.stderr


def test_without_netfilterqueue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: Path) -> None:
    """DNS mode does without it; gateway mode says what to install."""
    monkeypatch.setitem(sys.modules, "netfilterqueue", None)
    result = kindgate("guard", "--config", str(config), data=tmp_path)
    assert result.exit_code == 1
    for word in ("netfilterqueue", "libnetfilter-queue-dev", "kindgate[gateway]"):
        assert word in result.stderr


@pytest.mark.usefixtures("extra")
def test_without_nft(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: Path) -> None:
    """A program that is missing is named with its package."""

    class Daemon:
        def __init__(self, *_: object) -> None:
            pass

        async def run(self, *_: object) -> None:
            run_program(("nft", "-f", "-"), "")

    monkeypatch.setattr(daemon, "Daemon", Daemon)
    monkeypatch.setattr("appliance.guard.firewall._ENVIRONMENT", {"PATH": str(tmp_path)})
    result = kindgate("guard", "--config", str(config), data=tmp_path)
    assert result.exit_code == 1
    assert "nft is missing: install nftables" in result.stderr


@pytest.mark.usefixtures("extra")
def test_its_words_reach_the_daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: Path) -> None:
    """The gateway of the configuration, the data folder, the orders of that folder, and how many queues there are."""
    told: list[tuple[object, ...]] = []

    class Daemon:
        def __init__(self, *words: object) -> None:
            told.append(words)

        async def run(self, *_: object) -> None:
            return

    monkeypatch.setattr(daemon, "Daemon", Daemon)
    result = kindgate("guard", "--config", str(config), data=tmp_path)
    assert result.exit_code == 0, result.output
    ((gateway, data, orders, queues),) = told
    assert isinstance(gateway, Gateway)
    assert isinstance(orders, Orders)
    assert (gateway.lan, gateway.wan, data, queues) == ("eth0", "eth1", tmp_path, 3)


@pytest.mark.parametrize(("cores", "queues"), [(1, 1), (2, 2), (64, MAX_WORKERS)])
def test_one_queue_a_core(monkeypatch: pytest.MonkeyPatch, cores: int, queues: int) -> None:
    """As many as may be used, up to a bound, unless it is set."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    assert command.queue_count(Gateway(lan="eth0")) == queues
    assert command.queue_count(Gateway(lan="eth0", queues=5)) == 5
