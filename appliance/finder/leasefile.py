"""A lease file as it is watched: read again when it is another one, never more of it than its end."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from appliance.finder.leases import Lease, parse

KNOWN = (
    Path("/var/lib/misc/dnsmasq.leases"),
    Path("/tmp/dhcp.leases"),  # noqa: S108 -- where OpenWrt's dnsmasq has it
    Path("/var/lib/dhcp/dhcpd.leases"),
    Path("/var/lib/kea/kea-leases4.csv.2"),  # what Kea's clean-up put aside: older than the file itself
    Path("/var/lib/kea/kea-leases4.csv"),
)
MAX_OCTETS = 2_000_000
HEAD_OCTETS = 1_000


class LeaseFile:
    """Follows one lease file, which may not be there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_there = False
        """There is such a file, readable or not."""
        self.problem: str | None = None
        """Why it can't be read, in words."""
        self.skipped = 0
        """How many of its lines or blocks could not be read."""
        self._seen: tuple[int, ...] = ()
        self._known: frozenset[Lease] = frozenset()

    def look(self, at: float) -> tuple[Lease, ...]:
        """Return the leases that are new or renewed since the last look; each says since when (`at`)."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(fd, "rb") as file:  # noqa: PTH123 -- a pipe in its place must not hold us
                self.is_there, self.problem = True, None
                return self._read(file, at)
        except FileNotFoundError:
            self.is_there, self.problem, self.skipped = False, None, 0
            self._seen, self._known = (), frozenset()
        except OSError as error:
            self.is_there, self.problem, self._seen = True, error.strerror or str(error), ()
        return ()

    def status(self) -> dict[str, object]:
        """Return what the daemon tells of it."""
        return {
            "file": str(self.path),
            "is_there": self.is_there,
            "leases": len(self._known),
            "skipped": self.skipped,
            "problem": self.problem,
        }

    def _read(self, file: BinaryIO, at: float) -> tuple[Lease, ...]:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            self.problem = "not a file"
            return ()
        seen = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
        if seen == self._seen:
            return ()
        self._seen = seen
        parsed = parse(_text(file, status.st_size), at)
        fresh = [lease for lease in parsed.leases if lease not in self._known]
        self._known, self.skipped = frozenset(parsed.leases), parsed.skipped
        return tuple(replace(lease, at=min(at, lease.at or status.st_mtime)) for lease in fresh)


def _text(file: BinaryIO, size_octets: int) -> str:
    """Return a file's text; of one that is too long the first line and the end, where the latest stands."""
    octets = file.read(MAX_OCTETS) if size_octets <= MAX_OCTETS else _ends(file, size_octets)
    return octets.decode("utf-8", "replace")


def _ends(file: BinaryIO, size_octets: int) -> bytes:
    head = file.readline(HEAD_OCTETS)
    file.seek(size_octets - MAX_OCTETS)
    file.readline(MAX_OCTETS)
    return head + file.read(MAX_OCTETS)
