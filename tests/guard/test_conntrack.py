"""The kernel's table of connections is read as it is, and changed in what is ours alone."""

import errno
import json
import os
import shutil
import socket
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.mark import MASK, Mark, State
from appliance.guard import conntrack
from appliance.guard.connection import Connection
from appliance.guard.conntrack import Tracked
from tests.needs import need

TCP6, UDP = 6, 17
MARKED = Mark(State.REFUSED, 7, 9).bits

RECORDED = bytes.fromhex(
    "02000000"
    "34000180 14000180 08000100 c0a84e0a 08000200 cb007101"
    "1c000280 05000100 06000000 06000200 9c400000 06000300 01bb0000"
    "34000280 14000180 08000100 cb007101 08000200 cb007102"
    "1c000280 05000100 06000000 06000200 01bb0000 06000300 88880000"
    "30000480 2c000180 05000100 03000000"
    "05000200 07000000 05000300 07000000 06000400 23000000 06000500 23000000"
    "08000800 300000aa"
    "1c000980 0c000100 0000000000000005 0c000200 0000000000000140"
    "1c000a80 0c000100 0000000000000004 0c000200 0000000000000ff0"
)
"""A connection over TCP that the box translates, as the kernel writes it (after the message's head)."""

CHILD = Connection(6, ip_address("192.168.78.10").packed, 40_000, ip_address("203.0.113.1").packed, 443)


def test_an_entry() -> None:
    """Both directions, the mark, what was counted, and that it is established."""
    outside = CHILD._replace(client=ip_address("203.0.113.2").packed, client_port=0x8888)
    assert conntrack._tracked(RECORDED) == Tracked(CHILD, outside, 0x300000AA, (0x140, 0xFF0), (5, 4), is_tcp_open=True)


@pytest.mark.parametrize(("state", "is_open"), [(1, True), (3, True), (4, True), (7, False), (8, False)])
def test_what_is_over(state: int, is_open: bool) -> None:
    """Reset, or closed by both ends; one that is closed by one end alone still carries the other's words."""
    of = RECORDED.replace(bytes.fromhex("0500010003000000"), bytes((5, 0, 1, 0, state, 0, 0, 0)))
    found = conntrack._tracked(of)
    assert found is not None
    assert found.is_tcp_open is is_open


def test_pings_are_left_out() -> None:
    """They have no ports, and nothing is decided of them."""
    assert conntrack._tracked(RECORDED.replace(b"\x05\0\1\0\6", b"\x05\0\1\0\1")) is None


@given(st.integers(0, len(RECORDED)), st.binary(max_size=60))
def test_any_octets(size: int, rest: bytes) -> None:
    """Whatever comes is an entry or none."""
    found = conntrack._tracked(RECORDED[:size] + rest)
    assert found is None or isinstance(found, Tracked)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EINVAL])
def test_a_refusal_is_an_error(number: int) -> None:
    """But for what is not there: that may go at any time."""
    with pytest.raises(OSError, match="table of connections") as raised:
        conntrack._check((-number).to_bytes(4, sys.byteorder, signed=True))
    assert raised.value.errno == number
    assert conntrack._check((-errno.ENOENT).to_bytes(4, sys.byteorder, signed=True))


def test_nothing_is_asked_for_nothing() -> None:
    """No change, no message."""
    assert (conntrack.set_marks(()), conntrack.delete(())) == (0, 0)


PROGRAM = """
import json, socket, sys
from appliance.core.mark import STATE_MASK, State
from appliance.guard import conntrack
from tests.guard.test_conntrack import MARKED, open_some, plain

kept = open_some()
said = {"all": [plain(one) for one in conntrack.dump(0, 0)]}
allowed = conntrack.dump(STATE_MASK, State.ALLOWED.bits)
gone = allowed[0].connection._replace(client_port=1)
said["allowed"] = len(allowed)
said["set"] = conntrack.set_marks([(one, MARKED) for one in (gone, *(one.connection for one in allowed))])
said["marks"] = sorted({one.mark for one in conntrack.dump(STATE_MASK, State.REFUSED.bits)})
said["left"] = len(conntrack.dump(STATE_MASK, State.ALLOWED.bits))
said["deleted"] = conntrack.delete([gone, *(one.connection for one in allowed)])
said["end"] = len(conntrack.dump(0, 0))
print(json.dumps(said))
"""

RULES = f"""
table inet marked {{
    chain output {{
        type filter hook output priority 0;
        ct state new ct mark set {State.ALLOWED.bits | 0x8000_00AA}
    }}
}}
"""
"""Others' bits are set as well."""
DATAGRAMS = 300
"""More than go into one message of changes."""


def open_some() -> list[socket.socket]:
    """Open a connection over TCP and many over UDP, over IPv4 and IPv6; they live as long as what is returned."""
    kept = []
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        kept.append(socket.create_server((host, 443), family=family))
        kept.append(socket.create_connection((host, 443)))
        sending = socket.socket(family, socket.SOCK_DGRAM)
        sending.bind((host, 5000))
        for port in range(10_000, 10_000 + DATAGRAMS):
            sending.sendto(b"word", (host, port))
        kept.append(sending)
    return kept


def plain(tracked: Tracked) -> list[Any]:
    """Return an entry as JSON has it."""
    of = tracked.connection
    return [of.protocol, *of.addresses, of.server_port, tracked.is_tcp_open, tracked.octets[0] > 0]


@pytest.mark.lab
def test_a_live_table(tmp_path: Path) -> None:
    """Both families are told, marked and forgotten; others' bits stay, and one that is gone counts nowhere."""
    need(os.geteuid() == 0, "a network namespace needs root")
    need(all(map(shutil.which, ("nft", "ip", "unshare"))), "needs nft, ip and unshare")
    rules = tmp_path / "rules.nft"
    rules.write_text(RULES)
    count = "echo 1 > /proc/sys/net/netfilter/nf_conntrack_acct"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-ec", f'ip link set lo up; nft -f {rules}; {count}; exec "$0" -c "$1"',
         sys.executable, PROGRAM],
        capture_output=True, text=True, timeout=60, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    for host in ("127.0.0.1", "::1"):
        assert [TCP6, host, host, 443, True, True] in said["all"]
        assert [UDP, host, host, 10_000, False, True] in said["all"]
    total = 2 * (DATAGRAMS + 1)
    assert len(said["all"]) == said["allowed"] == said["set"] == said["deleted"] == total
    assert said["marks"] == [MARKED | 0x8000_00AA]
    assert MARKED & ~MASK == 0
    assert (said["left"], said["end"]) == (0, 0)
