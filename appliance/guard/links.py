"""The box's interfaces, their addresses and routes: read from the kernel, changed by iproute2's ``ip``."""

import socket
import subprocess
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface, IPv6Network, ip_address, ip_interface
from pathlib import Path

import msgspec

from appliance.world.neighbours import NUD_USELESS
from appliance.world.rtnetlink import (
    IFA_ADDRESS,
    IFA_LOCAL,
    NDA_DST,
    NDA_LLADDR,
    RTM_GETADDR,
    RTM_GETNEIGH,
    RTM_GETROUTE,
    RTM_NEWADDR,
    RTM_NEWNEIGH,
    RTM_NEWROUTE,
    attributes,
    dump,
)

COMMAND_TIMEOUT_S = 10.0
PROTOCOL = 75
"""By which our routes are known as ours: a number of rtnetlink(7)'s ``rtm_protocol`` that nobody else has."""
RTA_DST, RTA_OIF = 1, 4
UNREACHABLE = (6, 7)
"""RTN_BLACKHOLE and RTN_UNREACHABLE: how clients of prefix delegation keep a prefix that no link has yet."""
NTF_PROXY = 8
IFA_FLAGS = 8
F_TENTATIVE, F_DEPRECATED, F_TEMPORARY = 0x40, 0x20, 0x01

_SETTINGS = Path("/proc/sys/net/ipv6")


class NetworkError(OSError):
    """The network can't be set up as it was configured."""


class Route(msgspec.Struct, frozen=True):
    """A route of IPv6."""

    to: IPv6Network
    interface: int
    kind: int
    protocol: int


def index_of(interface: str) -> int:
    """Return the number of an interface. Raises NetworkError."""
    try:
        return socket.if_nametoindex(interface)
    except OSError as error:
        raise NetworkError(f"there is no interface {interface}: `ip link` shows which there are") from error


def mac_of(interface: str) -> str:
    """Return the MAC of an interface. Raises NetworkError."""
    try:
        return Path(f"/sys/class/net/{interface}/address").read_text().strip()
    except OSError as error:
        raise NetworkError(f"there is no interface {interface}: `ip link` shows which there are") from error


def addresses_of(index: int) -> tuple[IPv4Interface | IPv6Interface, ...]:
    """Return the lasting addresses of an interface: none that is yet to be checked, deprecated or a passing one."""
    return tuple(_addresses(index))


def _addresses(index: int) -> Iterator[IPv4Interface | IPv6Interface]:
    for body in dump(RTM_GETADDR, RTM_NEWADDR):
        if int.from_bytes(body[4:8], "little") != index:
            continue
        told = dict(attributes(body[8:]))
        flags = int.from_bytes(told.get(IFA_FLAGS, bytes((body[2],))), "little")
        found = ip_address(told.get(IFA_LOCAL) or told[IFA_ADDRESS])
        # IPv4's second address of one network bears the same bit as IPv6's temporary one.
        passing = F_TENTATIVE | F_DEPRECATED | (F_TEMPORARY if found.version == 6 else 0)
        if not flags & passing:
            yield ip_interface(f"{found}/{body[1]}")


def routes() -> Iterator[Route]:
    """Yield the routes of IPv6 but the default ones."""
    for body in dump(RTM_GETROUTE, RTM_NEWROUTE):
        told = dict(attributes(body[12:]))
        if body[0] == socket.AF_INET6 and RTA_DST in told:
            to = IPv6Network((told[RTA_DST], body[1]), strict=False)
            yield Route(to, int.from_bytes(told.get(RTA_OIF, b""), "little"), body[7], body[5])


def neighbours(index: int) -> frozenset[IPv6Address]:
    """Return the addresses of IPv6 whose MAC the kernel knows at an interface."""
    found = set()
    for body in dump(RTM_GETNEIGH, RTM_NEWNEIGH):
        told = dict(attributes(body[12:]))
        is_known = not int.from_bytes(body[8:10], "little") & NUD_USELESS and not body[10] & NTF_PROXY
        is_here = body[0] == socket.AF_INET6 and int.from_bytes(body[4:8], "little") == index
        if is_here and is_known and NDA_LLADDR in told and NDA_DST in told:
            found.add(IPv6Address(told[NDA_DST]))
    return frozenset(found)


def change(lines: Iterable[str], *, is_lenient: bool = False) -> None:
    """Have ``ip`` do these, one after the other. Raises NetworkError with its own words.

    A lenient one goes on behind what fails, and says nothing: what is to be taken away may be gone already.
    """
    text = "".join(f"{line}\n" for line in lines)
    if not text:
        return
    argv = ["ip", *(("-force",) if is_lenient else ()), "-batch", "-"]
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)
    except FileNotFoundError as error:
        raise NetworkError("ip is missing; install it: sudo apt-get install iproute2") from error
    except subprocess.TimeoutExpired as error:
        raise NetworkError(f"ip did not end within {COMMAND_TIMEOUT_S:.0f} s") from error
    if done.returncode and not is_lenient:
        raise NetworkError(f"ip refused: {done.stderr.strip()} ({text.strip()})")


class Settings:
    """Settings of the kernel for IPv6 that were changed, and what they were before."""

    def __init__(self, root: Path = _SETTINGS) -> None:
        self._root = root
        self._before: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        """Return a setting (``conf/eth0/accept_ra``), None where this kernel has none."""
        try:
            return (self._root / key).read_text().strip()
        except OSError:
            return None

    def set(self, key: str, value: str) -> None:
        """Change a setting. Raises NetworkError."""
        before = self.get(key)
        if before == value:
            return
        try:
            (self._root / key).write_text(value)
        except OSError as error:
            raise NetworkError(f"the kernel's setting {key} can't be changed: {error.strerror}") from error
        if before is not None:
            self._before.setdefault(key, before)

    def restore(self) -> None:
        """Put all back as it was; an interface that is gone took its settings with it."""
        for key, value in self._before.items():
            try:
                (self._root / key).write_text(value)
            except OSError:
                continue
        self._before.clear()
