"""OpenVPN over UDP: bare, with tls-auth, with tls-crypt, and from the middle.

OpenVPN's draft-openvpn-wire-protocol: the first octet is an operation and the number of a key; a session's number of
eight octets follows in packets of control.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from appliance.core.signs.facts import Facts, Glimpse
from appliance.core.signs.octets import beginnings, is_count, seems_random, sides
from appliance.core.signs.sign import Confidence, Sign

_CONTROL, _ACK, _DATA = 4, 5, 9
_SERVERS_RESET: Final = 8
_CRYPT_2_RESET: Final = 10
"""Followed by the client's key, wrapped for the server."""
_CLIENTS_RESETS: Final = (7, _CRYPT_2_RESET)
_RESETS: Final = (*_CLIENTS_RESETS, _SERVERS_RESET)
_KEYED: Final = (_CONTROL, _ACK)
_SESSIONAL: Final = (*_RESETS, *_KEYED, 11)

_BARE_RESET_OCTETS: Final = 14
_AUTH_RESET_OCTETS: Final = {_BARE_RESET_OCTETS + 8 + size for size in (16, 20, 28, 32, 48, 64)}
"""With the number and the time of a packet, behind a digest of one of these sizes."""
_CRYPT_RESET_OCTETS: Final = 54
_NO_ACKS_FIRST_MESSAGE: Final = bytes(5)
_SESSION_END: Final = 9
_MANY_ACKS: Final = 8
_MANY_RESETS: Final = 64
"""Nobody asks more often than this and still waits."""
_FIRST_TIME: Final = 0x3A4FC880
"""2001, when OpenVPN began."""
_DAY_S: Final = 86_400
_ENOUGH_PACKETS: Final = 4
_MIN_DATA_OCTETS: Final = 8 + 16


def look(facts: Facts) -> Iterator[Sign]:
    """Yield `openvpn`."""
    operation = facts.glimpses[0].head[0] >> 3
    if operation in _SESSIONAL:
        packets = [(one, octets) for one, octets in beginnings(facts) if _is_sessional(one)]
        if _has_echo(packets) or _has_course(packets):
            yield Sign("openvpn", Confidence.STRONG, "handshake")
            return
        confidence = _reset(packets[0][1], packets[0][0].size) if packets and operation in _CLIENTS_RESETS else None
        if confidence:
            yield Sign("openvpn", confidence, "reset")
    elif operation == _DATA and _is_data(facts.glimpses):
        yield Sign("openvpn", Confidence.LIKELY, "data")


def _is_sessional(one: Glimpse) -> bool:
    operation, key = one.head[0] >> 3, one.head[0] & 7
    return operation in _SESSIONAL and (operation in _KEYED or key == 0) and seems_random(one.head[1:9])


def _has_echo(packets: Sequence[tuple[Glimpse, bytes]]) -> bool:
    """Say whether one side repeats the number of the other's session behind its own, or both resets tell the time."""
    opened: dict[bool, bytes] = {}
    for one, octets in packets:
        others = opened.get(not one.is_clients, b"")
        if others and others[1:9] != octets[1:9]:
            if octets[0] >> 3 not in _CLIENTS_RESETS and _acknowledges(octets, others[1:9]):
                return True
            if others[0] >> 3 in _CLIENTS_RESETS and octets[0] >> 3 == _SERVERS_RESET and _agree(others, octets):
                return True
        opened.setdefault(one.is_clients, octets)
    return False


def _agree(*resets: bytes) -> bool:
    """Say whether two resets of tls-crypt tell nearly the same time."""
    times = [_crypt_time(reset) for reset in resets]
    return min(times) > 0 and max(times) - min(times) < _DAY_S


def _acknowledges(octets: bytes, session: bytes) -> bool:
    """Say whether packets of a session are acknowledged: how many, the number of each, and the session's."""
    at = octets.find(session, _SESSION_END)
    last = octets[at - 4 : at - 2]
    counts = (octets[at - 1 - 4 * many] for many in range(1, _MANY_ACKS + 1) if at > _SESSION_END + 4 * many)
    return last == bytes(2) and any(found == many for many, found in enumerate(counts, start=1))


def _has_course(packets: Sequence[tuple[Glimpse, bytes]]) -> bool:
    """Say whether one side resets and goes on with other packets of the same session."""
    reset = {octets[1:9] for _, octets in packets if octets[0] >> 3 in _RESETS}
    return any(octets[0] >> 3 in _KEYED and octets[1:9] in reset for _, octets in packets)


def _crypt_time(reset: bytes) -> int:
    """Return the time in a reset of tls-crypt, POSIX seconds; 0 where there is none."""
    number, time = int.from_bytes(reset[11:13], "big"), int.from_bytes(reset[13:17], "big")
    is_one = len(reset) >= _CRYPT_RESET_OCTETS and 0 < number <= _MANY_RESETS and time >= _FIRST_TIME
    return time if is_one and seems_random(reset[17:49]) else 0


def _reset(octets: bytes, size: int) -> Confidence | None:
    """Say how sure it is that a packet of `size` octets that begins so is a client's first."""
    if octets.endswith(_NO_ACKS_FIRST_MESSAGE):
        number = int.from_bytes(octets[-13:-9], "big")
        if size in _AUTH_RESET_OCTETS and 0 < number <= _MANY_RESETS and seems_random(octets[9:-13]):
            return Confidence.STRONG
        return Confidence.LIKELY if size == _BARE_RESET_OCTETS else None
    is_sized = size == _CRYPT_RESET_OCTETS or octets[0] >> 3 == _CRYPT_2_RESET
    return Confidence.LIKELY if is_sized and _crypt_time(octets) else None


def _is_data(glimpses: Sequence[Glimpse]) -> bool:
    """Say whether all packets are data: a peer's number, then a count (of AEAD's packets), then what is encrypted."""
    if len(glimpses) < _ENOUGH_PACKETS:
        return False
    for side in sides(glimpses):
        if len({one.head[:4] for one in side}) > 1:
            return False
        if not is_count(sorted({int.from_bytes(one.head[4:8], "big") for one in side})):
            return False
    return all(one.size >= _MIN_DATA_OCTETS and seems_random(one.head[8:]) for one in glimpses)
