"""DHCP servers' lease files: who got which address, and under which name they asked.

Read as dnsmasq (lease.c), ISC dhcpd (dhcpd.leases(5)) and Kea (memfile, CSV) write them. A line that is none of theirs
is skipped and counted: these files are written while they are read, and hold what devices say.
"""

from collections.abc import Iterable, Iterator
from csv import Error as CsvError
from csv import reader as csv_reader
from datetime import UTC, datetime
from ipaddress import ip_address
from re import Match
from re import compile as regex

import msgspec

from appliance.core.device import normal_address, normal_mac
from appliance.finder import hostname

MAX_LEASES = 4_096
MAX_ROW = 2_000
_CLOCK_S = 1_000_000_000.0
"""A dnsmasq on a box without a clock writes how long a lease lasts in place of its end; lengths are below this."""
_KEA_HEADER = "address,hwaddr,"
_KEA_ASSIGNED = "0"
_KEA_ESCAPE = regex(r"&#x([0-9a-fA-F]{2})")
_ISC_LEASE = regex(r"lease\s+(\S+)\s*\{$")
_ISC_TIME = regex(r"\d (\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)$")
_ISC_ESCAPE = regex(r"\\([0-7]{3}|.)")


class Lease(msgspec.Struct, frozen=True):
    """An address that a MAC has; `at` is when it was given (POSIX), where the file says so; `mark` changes with it."""

    address: str
    mac: str
    host_name: str | None = None
    at: float | None = None
    mark: str = ""


class Parsed(msgspec.Struct, frozen=True):
    """The leases of a file that hold, and how many lines or blocks could not be read."""

    leases: tuple[Lease, ...]
    skipped: int = 0


def parse(text: str, at: float) -> Parsed:
    """Return the leases of a file of any of the three kinds, as they hold at a time; of one address, the last."""
    head = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    if head.startswith(_KEA_HEADER):
        return _held(_kea(text, at))
    if any(_ISC_LEASE.match(line) for line in text.splitlines()):
        return _held(_isc(text, at))
    return _held(_dnsmasq(text, at))


def _held(found: Iterable[tuple[str, Lease | None] | None]) -> Parsed:
    """Keep of each address what is said last: a lease, or None where it ended; None in place of both was skipped."""
    leases: dict[str, Lease] = {}
    skipped = 0
    for one in found:
        if one is None:
            skipped += 1
            continue
        address, lease = one
        leases.pop(address, None)
        if lease is not None:
            leases[address] = lease
    return Parsed(tuple(leases.values())[-MAX_LEASES:], skipped)


def _dnsmasq(text: str, at: float) -> Iterator[tuple[str, Lease | None] | None]:
    """Yield the lines ``END MAC ADDRESS NAME CLIENT-ID``; after ``duid`` come IPv6 ones, which have no MAC."""
    for line in text.splitlines():
        words = [] if line.startswith("#") else line[:MAX_ROW].split()
        if words[:1] == ["duid"]:
            return
        try:
            if words:
                yield _dnsmasq_line(words, at)
        except ValueError:
            yield None


def _dnsmasq_line(words: list[str], at: float) -> tuple[str, Lease | None]:
    if len(words) < 4 or not words[0].isascii() or not words[0].isdigit():
        raise ValueError(words[0])
    address, mac = normal_address(words[2]), normal_mac(words[1])
    is_over = _CLOCK_S <= int(words[0]) < at
    return address, None if is_over else Lease(address, mac, hostname.clean(words[3]), mark=words[0])


def _isc(text: str, at: float) -> Iterator[tuple[str, Lease | None] | None]:
    """Yield the blocks ``lease ADDRESS { … }``; a block without an end is being written."""
    address: str | None = None
    said: dict[str, str] = {}
    for whole in text.splitlines():
        line = whole[:MAX_ROW].partition("#")[0].strip() if '"' not in whole else whole[:MAX_ROW].strip()
        if begun := _ISC_LEASE.match(line):
            if address is not None:
                yield None
            address, said = begun[1], {}
        elif address is not None and line == "}":
            try:
                yield _isc_block(address, said, at)
            except (ValueError, OverflowError):
                yield None
            address = None
        elif address is not None:
            said |= _isc_statement(line)


def _isc_statement(line: str) -> dict[str, str]:
    """Return what a line of a block says, by its first word or words."""
    for key in ("binding state", "hardware ethernet", "client-hostname", "starts", "cltt", "ends"):
        if line.startswith(key + " ") and line.endswith(";"):
            return {key: line[len(key) : -1].strip()}
    return {}


def _isc_block(raw_address: str, said: dict[str, str], at: float) -> tuple[str, Lease | None]:
    address = str(ip_address(raw_address))
    if said.get("binding state", "active") != "active":
        return address, None
    ends, begins = _isc_time(said.get("ends", "never")), _isc_time(said.get("cltt") or said.get("starts", "never"))
    if "hardware ethernet" not in said or (ends is not None and ends < at):
        return address, None
    name = _ISC_ESCAPE.sub(_isc_character, said.get("client-hostname", "").removeprefix('"').removesuffix('"'))
    mac = normal_mac(said["hardware ethernet"])
    return address, Lease(address, mac, hostname.clean(name.encode("latin-1", "ignore")), begins, f"{ends}")


def _isc_time(text: str) -> float | None:
    """Return ``4 2026/11/19 20:00:00`` (UTC) or ``epoch N`` in POSIX seconds, None for ``never``."""
    if text == "never":
        return None
    kind, _, number = text.partition(" ")
    if kind == "epoch":
        return float(int(number))
    found = _ISC_TIME.match(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = map(int, found.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()


def _isc_character(escaped: Match[str]) -> str:
    code = escaped[1]
    return chr(int(code, 8) & 0xFF) if len(code) == 3 else code


def _kea(text: str, at: float) -> Iterator[tuple[str, Lease | None] | None]:
    """Yield the rows, whose columns the first line names; a renewed, released or reclaimed lease is a row more."""
    lines = iter(text.splitlines())
    columns = next(line for line in lines if line.startswith(_KEA_HEADER)).split(",")
    for line in lines:
        try:
            row = next(csv_reader([line[:MAX_ROW]]), None)
            if row:
                yield _kea_row(dict(zip(columns, row, strict=False)), at)
        except (ValueError, KeyError, OverflowError, CsvError):
            yield None


def _kea_row(row: dict[str, str], at: float) -> tuple[str, Lease | None]:
    address, lasts_s, ends = normal_address(row["address"]), int(row["valid_lifetime"]), int(row["expire"])
    if row["state"] != _KEA_ASSIGNED or ends < at or not lasts_s:
        return address, None
    name = _KEA_ESCAPE.sub(lambda found: chr(int(found[1], 16)), row["hostname"])
    return address, Lease(address, normal_mac(row["hwaddr"]), hostname.clean(name), float(ends - lasts_s), f"{ends}")
