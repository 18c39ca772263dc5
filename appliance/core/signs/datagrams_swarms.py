"""BitTorrent over UDP: its table of peers (DHT), its trackers, its own transport (uTP), and its call at home."""

from collections.abc import Iterator, Sequence
from re import DOTALL
from re import compile as regex
from typing import Final

from appliance.core.signs.facts import Facts, Glimpse
from appliance.core.signs.octets import beginnings, sides
from appliance.core.signs.sign import Confidence, Sign

_DHT: Final = regex(rb"d(?:2:ip(?:6:.{6}|18:.{18}))?(?:1:[ar]d2:id20:|1:eli20\de)", DOTALL)
"""BEP 5 and 42: a dictionary of bencode with a question, an answer or an error."""
_CONNECT: Final = bytes.fromhex("0000041727101980 00000000")
_CONNECT_OCTETS: Final = 16
_AT_HOME: Final = b"BT-SEARCH * HTTP/1.1\r\n"
_PEERS_HELLO: Final = b"\x13BitTorrent protocol"

_UTP_OCTETS: Final = 20
_STATE, _SYN = 2, 4
_ONE_WAY_PACKETS: Final = 4
_MOST_US: Final = 60_000_000


def look(facts: Facts) -> Iterator[Sign]:
    """Yield `bittorrent`."""
    heads = [one.head for one in facts.glimpses]
    if any(_DHT.match(head) for head in heads):
        yield Sign("bittorrent", Confidence.STRONG, "dht")
    elif any(one.size == _CONNECT_OCTETS and one.head.startswith(_CONNECT) for one in facts.glimpses):
        yield Sign("bittorrent", Confidence.STRONG, "tracker")
    elif any(head.startswith(_AT_HOME) for head in heads):
        yield Sign("bittorrent", Confidence.STRONG, "lsd")
    elif any(_PEERS_HELLO in octets for _, octets in beginnings(facts)):
        yield Sign("bittorrent", Confidence.STRONG, "handshake")
    elif all(_is_utp(one) for one in facts.glimpses):
        confidence = _utp(facts.glimpses)
        if confidence:
            yield Sign("bittorrent", confidence, "utp")


def _is_utp(one: Glimpse) -> bool:
    """BEP 29: a type and version 1, an extension that is known, a connection's number."""
    return one.size >= _UTP_OCTETS and one.head[0] & 0x0F == 1 and one.head[0] >> 4 <= _SYN and one.head[1] <= 2


def _utp(glimpses: Sequence[Glimpse]) -> Confidence | None:
    if _is_opened(glimpses):
        return Confidence.STRONG
    numbers = [{_number(one, 2) for one in side if one.head[0] >> 4 != _SYN} for side in sides(glimpses)]
    if any(len(side) > 1 for side in numbers) or not all(_tells_time(side) for side in sides(glimpses)):
        return None
    if all(numbers):
        apart = (min(numbers[0]) - min(numbers[1])) % 0x10000
        return Confidence.STRONG if apart in (1, 0xFFFF) and len(glimpses) > 2 else None
    return Confidence.LIKELY if len(glimpses) >= _ONE_WAY_PACKETS else None


def _is_opened(glimpses: Sequence[Glimpse]) -> bool:
    """Say whether one side opens a connection and the other says that it heard that."""
    opened = {
        (not one.is_clients, one.head[2:4], one.head[16:18])
        for one in glimpses
        if one.head[0] >> 4 == _SYN and not any(one.head[8:12])
    }
    return any(
        one.head[0] >> 4 == _STATE and (one.is_clients, one.head[2:4], one.head[18:20]) in opened for one in glimpses
    )


def _tells_time(side: Sequence[Glimpse]) -> bool:
    """Say whether a side's packets tell the time, in millionths of a second, from a first one on."""
    if not side:
        return True
    times = [(_number(one, 4, 4) - _number(side[0], 4, 4)) % (1 << 32) for one in side]
    return all(time < _MOST_US for time in times) and len(set(times)) == len(times)


def _number(one: Glimpse, at: int, size: int = 2) -> int:
    return int.from_bytes(one.head[at : at + size], "big")
