"""What is cut ends at both of its ends, in a kernel that refuses by marks; what is not goes on."""

import errno
import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.guard.ends import ASK, SERVE, TALK
from tests.guard.throughbox import SERVER4, SERVER6, SUSPICIOUS, Passing, passing
from tests.lab.home import wait_until

pytestmark = pytest.mark.lab

AFTERNOON, NIGHT, CHECKED = 15, 21, 21.1
MANY = 1000
ANSWERS_S = 0.6
"""A TCP answers what it doesn't expect once in half a second (Linux's tcp_invalid_ratelimit): a SYN's answer that came
twice, because the network was slow to begin, is such a thing."""

Sweeper = subprocess.Popen[str]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Passing, Sweeper]]:
    """Child, box and server, and what sweeps in the box."""
    with passing(tmp_path_factory.mktemp("house")) as made:
        sweeper = made.start(made.box, "import asyncio; from tests.guard.sweeper import main; asyncio.run(main())")
        yield made, sweeper


@pytest.fixture
def sweeper(house: tuple[Passing, Sweeper]) -> Sweeper:
    """The box's sweeper, in the afternoon, when nothing flows."""
    assert json.loads(say(house[1], "forget")) == []
    return house[1]


@pytest.fixture
def machines(house: tuple[Passing, Sweeper], sweeper: Sweeper) -> Iterator[Passing]:
    """The three of them, alone with the sweeper."""
    with house[0].visit() as machines:
        yield machines


def sweep(sweeper: Sweeper, hour: float) -> dict[str, Any]:
    """Sweep at an hour; return what was done."""
    done: dict[str, Any] = json.loads(say(sweeper, str(hour)))
    return done


def cut(sweeper: Sweeper) -> int:
    """Sweep at night, and once more a little later, as the daemon does; return how many connections were ended.

    A packet may be lost, and an end that has just answered one speaks again only then.
    """
    refused = int(sweep(sweeper, NIGHT)["refused"])
    time.sleep(ANSWERS_S)
    sweep(sweeper, NIGHT)
    return refused


def say(process: "subprocess.Popen[str]", word: str) -> str:
    """Give a program a line, and return the one that it answers."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def last_words(process: "subprocess.Popen[str]") -> list[str]:
    """Return what a program still says until it ends."""
    return process.communicate(timeout=20)[0].split()


def tracked_in(sweeper: Sweeper) -> list[dict[str, Any]]:
    """Return what the box's kernel has."""
    found: list[dict[str, Any]] = json.loads(say(sweeper, "table"))
    return found


@pytest.mark.parametrize("address", [SERVER4, SERVER6])
@pytest.mark.parametrize("has_firewalls", [False, True])
def test_an_idle_connection_is_reset_at_both_ends(
    machines: Passing, sweeper: Sweeper, address: str, has_firewalls: bool
) -> None:
    """Also where the ends' own firewalls drop whatever belongs to no connection."""
    if has_firewalls:
        for machine in (machines.child, machines.server):
            machines.load(machine, SUSPICIOUS)
    server = machines.start(machines.server, SERVE, "echo")
    client = machines.start(machines.child, TALK, address, "443", "3")
    assert sweep(sweeper, AFTERNOON)["refused"] == 0
    assert cut(sweeper) == 3
    assert last_words(client) == ["reset"] * 3
    assert server.stdout is not None
    assert [server.stdout.readline().strip() for _ in range(3)] == ["reset"] * 3
    assert sweep(sweeper, CHECKED)["told"] == [[3, 0, "window"]]


@pytest.mark.parametrize("address", [SERVER4, SERVER6])
def test_a_running_download_ends_and_music_goes_on(machines: Passing, sweeper: Sweeper, address: str) -> None:
    """Both are in the midst of it, to one server; only one of them is always on."""
    machines.start(machines.server, SERVE, "pour")
    download = machines.start(machines.child, TALK, address, "443", "1")
    music = machines.start(machines.child, TALK, address, "444", "1")
    assert cut(sweeper) == 1
    assert last_words(download) == ["reset"]
    assert music.poll() is None
    (flowing,) = [one for one in tracked_in(sweeper) if one["port"] == 444]
    assert (flowing["state"], flowing["is_open"]) == ("ALLOWED", True)
    before = flowing["octets"]

    def flows_on() -> bool:
        return any(one["port"] == 444 and one["octets"] > before for one in tracked_in(sweeper))

    wait_until(flows_on, "more of the music")


@pytest.mark.parametrize("address", [SERVER4, SERVER6])
def test_datagrams_are_refused_and_flow_again(machines: Passing, sweeper: Sweeper, address: str) -> None:
    """The next one has its answer: an error in the night, and in the morning what was asked for."""
    machines.start(machines.server, SERVE, "echo")
    client = machines.start(machines.child, ASK, address, "SOCK_DGRAM", "443")
    assert say(client, "hello") == "hello"
    assert sweep(sweeper, NIGHT)["refused"] == 1
    refused = {SERVER4: errno.EHOSTUNREACH, SERVER6: errno.EACCES}[address]
    assert say(client, "hello?").split()[1] == str(refused)
    assert sweep(sweeper, AFTERNOON)["freed"] == 1
    assert say(client, "again") == "again"


def test_a_connection_that_was_not_told_in_time_flows_again(machines: Passing, sweeper: Sweeper) -> None:
    """One over TCP whose ends never heard of the cut begins anew with its next packet, without a word being lost."""
    machines.start(machines.server, SERVE, "echo")
    client = machines.start(machines.child, ASK, SERVER6, "SOCK_STREAM", "443")
    assert say(client, "hello") == "hello"
    machines.load(machines.box, "add chain inet passing quiet { type filter hook output priority 0; policy drop; }")
    assert sweep(sweeper, NIGHT)["refused"] == 1
    assert sweep(sweeper, AFTERNOON)["freed"] == 1
    machines.load(machines.box, "delete chain inet passing quiet")
    assert say(client, "again") == "again"


def test_many_connections(machines: Passing, sweeper: Sweeper) -> None:
    """All of them end, whatever their number; how long that takes is in the box's answer."""
    machines.start(machines.server, SERVE, "echo")
    clients = [machines.start(machines.child, TALK, address, "443", str(MANY)) for address in (SERVER4, SERVER6)]
    assert sweep(sweeper, AFTERNOON)["seen"] == 2 * MANY
    assert cut(sweeper) == 2 * MANY
    for client in clients:
        assert last_words(client) == ["reset"] * MANY
    assert sweep(sweeper, CHECKED)["told"] == [[2 * MANY, 0, "window"]]
