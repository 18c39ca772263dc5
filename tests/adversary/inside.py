"""Sockets of another host of the lab, in this process."""

import ctypes
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.lablib import net

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


@contextmanager
def inside(lab: str, host: str) -> Iterator[None]:
    """Let this thread be in a host's network; a socket stays in the one in which it was made."""
    home = Path(f"/proc/self/task/{threading.get_native_id()}/ns/net").open("rb")  # noqa: SIM115
    with home, (net.NETNS_DIR / net.namespace(lab, host)).open("rb") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def socket_in(lab: str, host: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
    """Return a socket of a host's."""
    with inside(lab, host):
        return socket.socket(family, kind, protocol)


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
