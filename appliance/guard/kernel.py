"""The kernel's settings for a gateway: it forwards, and counts what flows; as they were again when it stops."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from appliance.config import V6, Gateway

FILE: Final = "kernel.json"
ROOT: Final = Path("/proc/sys/net")


class KernelError(OSError):
    """The kernel's settings could not be changed."""


class _Was(msgspec.Struct, frozen=True):
    """A setting's value before we came, and ours."""

    before: str
    ours: str


class Kernel:
    """The settings of the network namespace of this process; what they were is kept in a file."""

    def __init__(self, gateway: Gateway, folder: Path, root: Path = ROOT) -> None:
        """`folder` is one that a start of the machine empties, or that outlives it: either will do."""
        self._gateway = gateway
        self._file = folder / FILE
        self._root = root

    def up(self, *, has_v6: bool | None = None) -> None:
        """Have the kernel forward, once the firewall is up. Raises KernelError: then some of it may be set.

        By default IPv6 too, unless it was set to be off.
        """
        wanted = self._settings(self._gateway.v6 is not V6.OFF if has_v6 is None else has_v6)
        known = self._remembered()
        for key, ours in wanted:
            # Also of what is as it should be: when forwarding ends, the kernel sets others back by itself.
            known[key] = _Was(known[key].before if key in known else self._read(key), ours)
            self._remember(known)
            self._write(key, ours)

    def down(self) -> None:
        """Put back what it was, but for what somebody has changed since. Raises KernelError."""
        known = self._remembered()
        # Looked at before the first is put back: one setting moves another.
        still_ours = [key for key, was in known.items() if self._exists(key) and self._read(key) == was.ours]
        for key in reversed(still_ours):
            self._write(key, known[key].before)
        self._file.unlink(missing_ok=True)

    def _settings(self, has_v6: bool) -> Iterator[tuple[str, str]]:
        """Yield what to set, in order; put back the other way round."""
        lan, wan = self._gateway.lan, self._gateway.wan or self._gateway.lan
        # A connection's octets tell whether it still flows.
        yield "netfilter/nf_conntrack_acct", "1"
        # What the far end would not take, the inspector must not read: wrong checksums, numbers out of the window.
        yield "netfilter/nf_conntrack_checksum", "1"
        yield "netfilter/nf_conntrack_tcp_be_liberal", "0"
        # No device is told of a way past this box, and none tells the box of one.
        yield "ipv4/conf/all/send_redirects", "0"
        yield f"ipv4/conf/{lan}/send_redirects", "0"
        yield "ipv4/conf/all/accept_redirects", "0"
        # A device's packets bear an address of its own network.
        yield f"ipv4/conf/{lan}/rp_filter", "1"
        if has_v6 and self._exists("ipv6/conf/all/forwarding"):
            # A router believes no other one, and loses its own way out, unless it is told to (2) before it becomes one.
            if self._read(accept := f"ipv6/conf/{wan}/accept_ra") == "1":
                yield accept, "2"
            yield "ipv6/conf/all/forwarding", "1"
        yield "ipv4/ip_forward", "1"

    def _remembered(self) -> dict[str, _Was]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, _Was])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise KernelError(f"{self._file}: {error}") from error

    def _remember(self, known: dict[str, _Was]) -> None:
        fresh = self._file.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(known))
            fresh.replace(self._file)
        except OSError as error:
            raise KernelError(f"{self._file}: {error}") from error

    def _exists(self, key: str) -> bool:
        return (self._root / key).exists()

    def _read(self, key: str) -> str:
        try:
            return (self._root / key).read_text(encoding="ascii").strip()
        except OSError as error:
            raise KernelError(f"the kernel's {_dotted(key)}: {error.strerror}") from error

    def _write(self, key: str, value: str) -> None:
        try:
            (self._root / key).write_text(value, encoding="ascii")
        except OSError as error:
            raise KernelError(f"the kernel's {_dotted(key)} = {value}: {error.strerror}") from error


def _dotted(key: str) -> str:
    """Return a setting's name as sysctl writes it, where a dot inside a part is a slash."""
    return "net." + ".".join(part.replace(".", "/") for part in key.split("/"))
