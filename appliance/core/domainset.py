"""Search a set of names for a name and all above it: which tags does it bear.

A set is a few octets that any number of processes may share (a mapped file, or bytes in memory): a trie of names
turned round (``com.example.``), so that one walk finds a name and every name above it, and a table of what each entry
says. An entry of a name covers all names below it unless it is `exact`; an entry may also take tags away again, for
the one host under a listed parent that isn't meant.
"""

from collections.abc import Iterable
from zlib import crc32

import marisa_trie
import msgspec

FORMAT = 1
_SUM_OCTETS = 4
NOTHING: frozenset[str] = frozenset()


class DomainSetError(ValueError):
    """These octets are not a set of names of this version."""


class Entry(msgspec.Struct, frozen=True):
    """What one source says of one name: it, and all below it unless `is_exact`, bears `tag` (or doesn't: `is_not`)."""

    name: str
    tag: str
    is_exact: bool = False
    is_not: bool = False


class _Says(msgspec.Struct, frozen=True):
    """All that a set says of one name: tags for it and below, for it alone, and tags it and all below don't bear."""

    below: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class _Stored(msgspec.Struct, frozen=True):
    format: int
    trie: bytes
    says: tuple[_Says, ...]
    says_of: bytes
    """Two octets a trie id, little-endian: which of `says`."""


class DomainSet:
    """A set of names made by `build`, ready to be searched."""

    __slots__ = ("_says", "_says_of", "_trie")

    def __init__(self, data: bytes) -> None:
        """Take what `build` gave. Raises DomainSetError."""
        # The trie's library trusts its octets and would crash on damaged ones: so they are summed before it sees them.
        summed, octets = data[:_SUM_OCTETS], memoryview(data)[_SUM_OCTETS:]
        if summed != _sum(octets):
            raise DomainSetError("damaged")
        try:
            stored = msgspec.msgpack.decode(octets, type=_Stored)
            self._trie = marisa_trie.Trie().frombytes(stored.trie)
        except (msgspec.MsgspecError, RuntimeError, ValueError) as error:
            raise DomainSetError(str(error)) from error
        if stored.format != FORMAT or len(stored.says_of) != 2 * len(self._trie):
            raise DomainSetError("made by another version")
        self._says = [(frozenset(says.below), frozenset(says.exact), frozenset(says.never)) for says in stored.says]
        self._says_of = memoryview(stored.says_of).cast("H")

    def __len__(self) -> int:
        """Return the number of names with an entry of their own."""
        return len(self._trie)

    def tags(self, name: str) -> frozenset[str]:
        """Return the tags of a name in normal form: those of its own entry and of every entry above it."""
        key = _turned(name)
        found = NOTHING
        for prefix, number in self._trie.iter_prefixes_with_ids(key):
            below, exact, never = self._says[self._says_of[number]]
            if never:
                found = found - never
            if below:
                found = found | below
            if exact and len(prefix) == len(key):
                found = found | exact
        return found


def build(entries: Iterable[Entry]) -> bytes:
    """Return the octets of a set with these entries."""
    heard: dict[str, tuple[set[str], set[str], set[str]]] = {}
    for entry in entries:
        says = heard.setdefault(_turned(entry.name), (set(), set(), set()))
        says[2 if entry.is_not else 1 if entry.is_exact else 0].add(entry.tag)
    trie = marisa_trie.Trie(heard)
    table: dict[_Says, int] = {}
    numbers = [0] * len(trie)
    for key, (below, exact, never) in heard.items():
        says_now = _Says(tuple(sorted(below)), tuple(sorted(exact)), tuple(sorted(never)))
        numbers[trie.key_id(key)] = table.setdefault(says_now, len(table))
    says_of = b"".join([number.to_bytes(2, "little") for number in numbers])
    octets = msgspec.msgpack.encode(_Stored(FORMAT, trie.tobytes(), tuple(table), says_of))
    return _sum(octets) + octets


def _sum(octets: bytes | memoryview) -> bytes:
    return crc32(octets).to_bytes(_SUM_OCTETS, "big")


def _turned(name: str) -> str:
    """Return ``www.example.com`` as ``com.example.www.``: the final dot keeps ``com.exam`` from being a prefix."""
    return ".".join(reversed(name.split("."))) + "."
