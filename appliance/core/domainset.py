"""Search a set of names for a name and all above it: which tags does it bear.

A set is a few octets that any number of processes may share (a mapped file, or bytes in memory): a trie of names
turned round (``com.example.``), so that one walk finds a name and every name above it, and a table of what each entry
says. An entry of a name covers all names below it unless it is `exact`; an entry may also take tags away again, for
the one host under a listed parent that isn't meant. A few labels beside it stand for names in every country.
"""

from collections.abc import Iterable, Sequence
from zlib import crc32

import marisa_trie
import msgspec

FORMAT = 2
COUNTRY_LETTERS = 2
"""A top-level domain is a country's where it has two letters (RFC 1591)."""
SECOND_LEVEL = frozenset(("co", "com", "ne", "net", "or", "org"))
"""What may stand between a label and its country."""
_SUM_OCTETS = 4
NOTHING: frozenset[str] = frozenset()


class DomainSetError(ValueError):
    """These octets are not a set of names of this version."""


class Entry(msgspec.Struct, frozen=True):
    """What one source says of one name: it, and all below it unless `is_exact`, bears `tag` (or doesn't: `is_not`).

    With `is_label` the name is a single label and stands for itself under every country (``amazon``: amazon.de,
    amazon.co.uk); what is said of such a name in full goes before it.
    """

    name: str
    tag: str
    is_exact: bool = False
    is_not: bool = False
    is_label: bool = False


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
    labels: dict[str, tuple[str, ...]]
    """Label → tags."""


class DomainSet:
    """A set of names made by `build`, ready to be searched."""

    __slots__ = ("_labels", "_says", "_says_of", "_trie")

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
        self._labels = {label: frozenset(tags) for label, tags in stored.labels.items()}

    def __len__(self) -> int:
        """Return the number of names with an entry of their own."""
        return len(self._trie)

    def tags(self, name: str) -> frozenset[str]:
        """Return the tags of a name in normal form: those of its own entry and of every entry above it."""
        labels = name.split(".")
        labels.reverse()
        key = ".".join(labels) + "."
        start, by_label = self._by_label(labels) if len(labels[0]) == COUNTRY_LETTERS else (0, NOTHING)
        found = NOTHING
        for prefix, number in self._trie.iter_prefixes_with_ids(key):
            if by_label and len(prefix) >= start:
                found, by_label = found | by_label, NOTHING
            below, exact, never = self._says[self._says_of[number]]
            if never:
                found = found - never
            if below:
                found = found | below
            if exact and len(prefix) == len(key):
                found = found | exact
        return found | by_label if by_label else found

    def _by_label(self, labels: Sequence[str]) -> tuple[int, frozenset[str]]:
        """Return the tags by the label under the country, and how long the turned name is that they begin at."""
        place = _label_place(labels)
        if place == 0:
            return 0, NOTHING
        return sum(len(label) + 1 for label in labels[: place + 1]), self._labels.get(labels[place], NOTHING)


def build(entries: Iterable[Entry]) -> bytes:
    """Return the octets of a set with these entries."""
    heard: dict[str, tuple[set[str], set[str], set[str]]] = {}
    labels: dict[str, set[str]] = {}
    for entry in entries:
        if entry.is_label:
            labels.setdefault(entry.name, set()).add(entry.tag)
            continue
        says = heard.setdefault(_turned(entry.name), (set(), set(), set()))
        says[2 if entry.is_not else 1 if entry.is_exact else 0].add(entry.tag)
    trie = marisa_trie.Trie(heard)
    table: dict[_Says, int] = {}
    numbers = [0] * len(trie)
    for key, (below, exact, never) in heard.items():
        says_now = _Says(tuple(sorted(below)), tuple(sorted(exact)), tuple(sorted(never)))
        numbers[trie.key_id(key)] = table.setdefault(says_now, len(table))
    says_of = b"".join([number.to_bytes(2, "little") for number in numbers])
    by_label = {label: tuple(sorted(tags)) for label, tags in sorted(labels.items())}
    octets = msgspec.msgpack.encode(_Stored(FORMAT, trie.tobytes(), tuple(table), says_of, by_label))
    return _sum(octets) + octets


def label_of(name: str) -> str | None:
    """Return the label under the country's suffix by which a name may be known: ``amazon`` of www.amazon.co.uk."""
    labels = name.split(".")[::-1]
    place = _label_place(labels)
    return labels[place] if place else None


def _label_place(labels: Sequence[str]) -> int:
    """Return which of the labels, the last first, stands under the country's suffix; 0 where none does."""
    if len(labels[0]) != COUNTRY_LETTERS or len(labels) == 1:
        return 0
    if labels[1] not in SECOND_LEVEL:
        return 1
    return 2 if len(labels) > 2 else 0


def _sum(octets: bytes | memoryview) -> bytes:
    return crc32(octets).to_bytes(_SUM_OCTETS, "big")


def _turned(name: str) -> str:
    """Return ``www.example.com`` as ``com.example.www.``: the final dot keeps ``com.exam`` from being a prefix."""
    return ".".join(reversed(name.split("."))) + "."
