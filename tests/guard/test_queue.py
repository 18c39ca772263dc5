"""A queue of the kernel's: packets wait in it, and what becomes of them is what is said; also when it is full."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guard.queueing import WATCHED
from tests.needs import need

pytestmark = pytest.mark.lab
ROOT = Path(__file__).parents[2]
LIMIT_S = 60


def story(name: str) -> object:
    """Return how a story of `queueing` ends, in a network of its own."""
    need(os.geteuid() == 0, "a queue needs root")
    need(shutil.which("iptables-nft", path=f"{os.environ['PATH']}:/usr/sbin") is not None, "a queue needs iptables-nft")
    argv = ["unshare", "-n", sys.executable, "-W", "error", "-m", "tests.guard.queueing", name]
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LIMIT_S, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["accepted", "accepted_v6"])
def test_a_packet_goes_on_with_the_mark_that_it_is_given(name: str) -> None:
    """In our bits of it; one that keeps its own is as it was."""
    assert story(name) == [[WATCHED, WATCHED], ["one", "two"], ["one"]]


def test_who_waits_holds_up_nobody() -> None:
    """Packets may be answered in any order."""
    assert story("answered_late") == ["three", "two", "one"]


def test_a_packet_goes_nowhere() -> None:
    """When that is said; and when nobody can look, as its queue has it."""
    assert story("dropped") == [["two"], []]


def test_a_full_queue() -> None:
    """An open one lets pass what it can't take, a closed one does not."""
    assert story("full") == [[["three", "four"], ["one", "two"]], [[], ["one", "two"]]]


def test_packets_that_come_too_fast() -> None:
    """The loss is counted once, what is lost passed, and the next packet is read."""
    # Some passed, some were read, 100 together; counted; the next one was read; not counted again.
    assert story("overrun") == [True, True, 100, True, 1, 0]


def test_others_have_their_turn() -> None:
    """However many packets wait."""
    assert story("in_turns") == [[True, 64], [True, 100], [False, 100]]


def test_a_large_packet() -> None:
    """More than its beginning is not looked at."""
    assert story("large") == [[4_000], [30_000]]


def test_a_queue_is_one_processes_only() -> None:
    """Another one is told so."""
    assert story("taken_twice") == "queue 0: Failed to create queue 0."
