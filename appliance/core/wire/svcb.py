"""The data of SVCB and HTTPS records (RFC 9460): where a service is, its parameters, and all of it without one."""

from typing import Final, NamedTuple

from appliance.core import names
from appliance.core.wire import dns
from appliance.core.wire.reader import WireError

TYPES: Final = frozenset((dns.SVCB, dns.HTTPS))

MANDATORY: Final = 0
IPV4HINT: Final = 4
ECH: Final = 5
IPV6HINT: Final = 6
"""RFC 9460 section 14.3.2; `ech` is RFC 9848's."""

_HINT_OCTETS = {IPV4HINT: 4, IPV6HINT: 16}
_SIZES = {MANDATORY: 2, **_HINT_OCTETS}
"""Parameters that are lists → how long an entry is."""


class Service(NamedTuple):
    """One record: its priority (0 is an alias), its target in normal form (empty: the owner itself), its parameters."""

    priority: int
    target: str
    params: tuple[tuple[int, bytes], ...]
    """Key and value, as they came: in the order of their keys."""

    @property
    def hints(self) -> tuple[bytes, ...]:
        """The addresses that it says the service has, as octets."""
        return tuple(
            value[at : at + size]
            for key, value in self.params
            if (size := _HINT_OCTETS.get(key))
            for at in range(0, len(value), size)
        )

    def has(self, key: int) -> bool:
        """Say whether a parameter is there."""
        return any(found == key for found, _ in self.params)

    def without(self, key: int) -> "Service":
        """Return the record without a parameter, which is mandatory no more then (section 8)."""
        params = []
        for found, value in self.params:
            left = b"".join(one for one in _pairs(value) if one != _short(key)) if found == MANDATORY else value
            if found != key and (found != MANDATORY or left):
                params.append((found, left))
        return self._replace(params=tuple(params))

    def encode(self) -> bytes:
        """Return it as the data of a record."""
        params = b"".join(_short(key) + _short(len(value)) + value for key, value in self.params)
        return _short(self.priority) + names.to_wire(self.target) + params


def read(wire: bytes, start: int, end: int) -> Service:
    """Return the record whose data lie between two positions of a message. Raises WireError for what is no such data.

    Section 2.2: keys ascend, no name is cut short; a client would refuse the whole set for one misshapen record.
    """
    if start + 3 > end:
        raise WireError("no priority and target")
    target, pos = ("", start + 3) if not wire[start + 2] else dns.parse_name(wire, start + 2, allow_pointers=False)
    params: list[tuple[int, bytes]] = []
    last = -1
    while pos < end:
        if pos + 4 > end:
            raise WireError("parameter past the end")
        key, size = wire[pos] << 8 | wire[pos + 1], wire[pos + 2] << 8 | wire[pos + 3]
        value = wire[pos + 4 : pos + 4 + size]
        pos += 4 + size
        if key <= last:
            raise WireError("keys of parameters don't ascend")
        if key in _SIZES and (not value or len(value) % _SIZES[key]):
            raise WireError("a list of a wrong length")
        params.append((key, value))
        last = key
    if pos != end:
        raise WireError("parameter or target past the end")
    priority = wire[start] << 8 | wire[start + 1]
    return Service(priority, target, tuple(params))


def _pairs(value: bytes) -> list[bytes]:
    return [value[at : at + 2] for at in range(0, len(value), 2)]


def _short(number: int) -> bytes:
    return number.to_bytes(2, "big")
