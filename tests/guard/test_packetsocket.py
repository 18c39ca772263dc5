"""Frames of one interface, and only those that the filter lets through."""

import os
import select
import socket
import struct
from pathlib import Path

import pytest

from appliance.guard.otherdhcp import CLIENT, FILTER
from appliance.guard.packetsocket import MAX_OCTETS, open_packets
from tests.needs import need

LIMIT_S = 10.0
SOME_PORT = 40_123


def test_the_filter_is_the_kernels() -> None:
    """Of two datagrams the one for the port that it names is heard, and nothing else."""
    need(os.geteuid() == 0, "packet sockets need root")
    with open_packets("lo", 0x0800, FILTER) as heard, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spoken:
        for port, words in ((SOME_PORT, b"other"), (CLIENT, b"wanted")):
            spoken.sendto(words, ("127.0.0.7", port))
        assert select.select([heard], [], [], LIMIT_S)[0]
        frame = heard.recv(MAX_OCTETS)
    assert struct.unpack("!H", frame[36:38]) == (CLIENT,)
    assert frame.endswith(b"wanted")


def test_a_missing_interface() -> None:
    """It is an OSError, and nothing stays open."""
    need(os.geteuid() == 0, "packet sockets need root")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="No such device"):
        open_packets("nowhere0", 0x0800, FILTER)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
