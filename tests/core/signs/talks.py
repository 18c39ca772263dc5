"""Conversations put together by hand, and what was seen in them."""

from collections.abc import Iterable
from random import Random

from hypothesis import strategies as st

from appliance.core.signs.facts import Facts
from appliance.core.signs.sign import Sign
from appliance.core.wire.packet import Protocol
from tests.core.wire.frames import A4, B4

Talk = tuple[tuple[str, bytes], ...]
"""Payloads in their order: ``>`` the client's, ``<`` the server's."""

Seen = set[tuple[str, str, str]]
"""Signs: id, confidence in small letters, by what."""


def noise(size: int, seed: int = 7) -> bytes:
    """Return octets that look random and are the same every time."""
    return Random(seed).randbytes(size)


def facts(
    talk: Iterable[tuple[str, bytes]],
    port: int = 40_001,
    client_port: int = 50_000,
    protocol: int = Protocol.UDP,
    server: bytes = B4,
) -> Facts:
    """Return what is known of a flow after a conversation."""
    found = Facts(protocol, A4, client_port, server, port)
    for way, payload in talk:
        found.see(payload, way == ">")
    return found


def seen(signs: Iterable[Sign]) -> Seen:
    """Return signs in a form that is short to write."""
    return {(one.id, one.confidence.name.lower(), one.by) for one in signs}


def numbers(*values: int, size: int = 4) -> bytes:
    """Return numbers, each in so many octets."""
    return b"".join(value.to_bytes(size, "big") for value in values)


def turned(talk: Talk) -> Talk:
    """Return a conversation in which each said what the other did."""
    return tuple((">" if way == "<" else "<", payload) for way, payload in talk)


def talks(*beginnings: bytes) -> st.SearchStrategy[Talk]:
    """Return conversations of anything, and of anything after beginnings that mean something."""
    payload = st.binary(min_size=1, max_size=160)
    for one in beginnings:
        payload |= st.binary(max_size=160).map(one.__add__)
    return st.lists(st.tuples(st.sampled_from("<>"), payload), min_size=1, max_size=12).map(tuple)
