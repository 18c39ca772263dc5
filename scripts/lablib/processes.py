"""The lab's own processes: started, recorded so that a later command knows them again, and stopped."""

import json
import os
import select
import signal
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path

from scripts.lablib.errors import LabError

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 3.0
_POLL_S = 0.01

Ready = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Process:
    """A process that the lab started. The start time and the command tell it from a later one with the same id."""

    pid: int
    start_ticks: int
    argv: list[str]

    def is_running(self) -> bool:
        """Whether this very process still runs (a zombie doesn't)."""
        return _start_ticks(self.pid) == self.start_ticks and command_line(self.pid) == self.argv


def command_line(pid: int) -> list[str]:
    """A process's command, empty when it is gone or a zombie."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return raw.decode(errors="replace").split("\0")[:-1]


def _start_ticks(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return -1
    return int(stat.rpartition(")")[2].split()[19])


def start(record: Path, argv: list[str], prefix: list[str], log: Path, is_ready: Ready) -> Process:
    """Start `argv` behind `prefix` (which must exec it), record it, and wait until it is ready."""
    with log.open("ab") as sink:
        child = subprocess.Popen(
            [*prefix, *argv], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
        )
    process = Process(child.pid, _start_ticks(child.pid), argv)
    record.write_text(json.dumps(asdict(process)))
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_ready(child.pid):
        if child.poll() is not None:
            record.unlink()
            raise LabError(f"{argv[0]} ended at once: {_tail(log)}")
        if time.monotonic() > deadline:
            raise LabError(f"{argv[0]} was not ready after {START_TIMEOUT_S:.0f} s: {_tail(log)}")
        time.sleep(_POLL_S)
    return process


def load(record: Path) -> Process | None:
    """The process that a record names, or None without a readable record."""
    try:
        return Process(**json.loads(record.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def running_pid(record: Path) -> int | None:
    """The id of the process that a record names, if it runs."""
    process = load(record)
    return process.pid if process is not None and process.is_running() else None


def stop(record: Path) -> None:
    """End the process that a record names, if it is still that one, and forget it."""
    process = load(record)
    if process is not None:
        _end(process)
    record.unlink(missing_ok=True)


def _end(process: Process) -> None:
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        # Checked after the handle is held: from here on the id can't come to mean another process.
        if not process.is_running():
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(handle, number)
            if select.select([handle], [], [], STOP_TIMEOUT_S)[0]:
                return
        raise LabError(f"process {process.pid} ({process.argv[0]}) does not end")
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def is_bound(pid: int, address: str, port: int) -> bool:
    """Whether a UDP socket in the process's namespace is bound to this address and port."""
    packed = ip_address(address).packed
    # /proc writes an address as 32-bit words in the machine's own byte order.
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    local = "".join(f"{word:08X}" for word in words) + f":{port:04X}"
    try:
        rows = Path(f"/proc/{pid}/net/{'udp' if len(packed) == 4 else 'udp6'}").read_text().splitlines()[1:]
    except OSError:
        return False
    return any(row.split()[1] == local for row in rows)


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
