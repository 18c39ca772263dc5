"""The queue rules as text: one chain of our own, one jump, nothing else."""

import pytest

from appliance.core.mark import State
from appliance.guard import queuerules

FOREIGN = "-P FORWARD ACCEPT\n-A FORWARD -p tcp -j TCPMSS --clamp-mss-to-pmtu\n"
OURS = "-A FORWARD -m mark ! --mark 0x0/0x70000000 -j KINDGATE\n"


def test_install() -> None:
    """Four queues a family: two that are passed by where nobody listens, two that are not."""
    assert queuerules.install(FOREIGN, 2) == (
        "*mangle\n"
        ":KINDGATE - [0:0]\n"
        "-A KINDGATE -m mark --mark 0x10000000/0x70000000 -j NFQUEUE --queue-balance 0:1 --queue-bypass\n"
        "-A KINDGATE -m mark --mark 0x20000000/0x70000000 -j NFQUEUE --queue-balance 2:3\n"
        "-I FORWARD 1 -m mark ! --mark 0x0/0x70000000 -j KINDGATE\n"
        "COMMIT\n"
    )


def test_one_queue() -> None:
    """One queue is no balance: iptables wants two for that."""
    script = queuerules.install("", 1)
    assert "-j NFQUEUE --queue-num 0 --queue-bypass\n" in script
    assert "-j NFQUEUE --queue-num 1\n" in script


@pytest.mark.parametrize("old", [OURS, "-A FORWARD -j KINDGATE\n", OURS + OURS, "-A FORWARD -g KINDGATE\n"])
def test_install_again(old: str) -> None:
    """Each jump that was there goes, whatever its form, and one comes; those of others stay."""
    script = queuerules.install(FOREIGN + old, 1).splitlines()
    assert [line for line in script if line.startswith("-D")] == [line.replace("-A", "-D") for line in old.splitlines()]
    assert len([line for line in script if line.startswith("-I")]) == 1


def test_remove() -> None:
    """The jump goes, then the chain."""
    assert queuerules.remove(FOREIGN + OURS) == (
        "*mangle\n:KINDGATE - [0:0]\n-D FORWARD -m mark ! --mark 0x0/0x70000000 -j KINDGATE\n-X KINDGATE\nCOMMIT\n"
    )


def test_first_queue() -> None:
    """The queues that are not passed by come after the others."""
    assert queuerules.first_queue(State.WATCHED_OPEN, 4) == 0
    assert queuerules.first_queue(State.WATCHED_CLOSED, 4) == 4
