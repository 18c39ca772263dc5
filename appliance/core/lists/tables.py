"""Turns the entries of many lists into the tables of one file; a million of them take some tens of megabytes."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import marisa_trie
import msgspec

from appliance.core.lists.listset import MORE, SEVERAL, SEVERAL_SHIFT, element, list_of, says_of, turned, turned_back
from appliance.core.lists.rule import Rule, Says

MAX_AT_NAME = 1000
"""Rules of one list at one name: all of them are looked at for each question."""
_AT_ONCE = 4096

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Rule)


class Crowded(ValueError):
    """A list has too many rules for one name."""

    def __init__(self, number: int) -> None:
        super().__init__(f"it has more than {MAX_AT_NAME:,} rules for one name")
        self.number = number
        """Of the list."""


class Tables(msgspec.Struct, frozen=True):
    """What the file says of names, as in `listset.Parts`; and how many plain names each list has."""

    trie: bytes
    elements: bytes
    values: bytes
    several: bytes
    names: tuple[int, ...]


class RuleStore:
    """The rules of all lists, by number, as octets."""

    def __init__(self) -> None:
        self.octets = bytearray()
        self._ends = array("I", (0,))

    def add(self, rule: Rule) -> int:
        """Take a rule; return its number."""
        self.octets += _encoder.encode(rule)
        self._ends.append(len(self.octets))
        return len(self._ends) - 2

    def __getitem__(self, number: int) -> Rule:
        return _decoder.decode(memoryview(self.octets)[self._ends[number] : self._ends[number + 1]])

    def ends(self) -> bytes:
        """Return where each rule ends, after a first 0."""
        return self._ends.tobytes()


class Entries:
    """What one list says at which names: a line, or a rule's number, for each."""

    def __init__(self) -> None:
        self._packed: list[str] = []
        self._keys: list[str] = []
        self.values = array("I")
        self.says = bytearray()

    def __len__(self) -> int:
        return len(self.says)

    def add(self, name: str, value: int, says: Says) -> None:
        """Take one more."""
        self._keys.append(turned(name))
        self.values.append(value)
        self.says.append(says)
        if len(self._keys) == _AT_ONCE:
            self._packed.append("\n".join(self._keys))
            self._keys.clear()

    def __iter__(self) -> Iterator[str]:
        """Yield the names, turned round."""
        for packed in self._packed:
            yield from packed.split("\n")
        yield from self._keys

    def without(self, is_dropped: Callable[[str, int, Says], bool]) -> "Entries":
        """Return these but for those of which this is true, by name, value and what is said."""
        kept = Entries()
        for key, value, says in zip(self, self.values, self.says, strict=True):
            name = turned_back(key)
            if not is_dropped(name, value, Says(says)):
                kept.add(name, value, Says(says))
        return kept


def tables(lists: Sequence[Entries]) -> Tables:
    """Return the tables of lists, in their order. Raises Crowded."""
    trie = marisa_trie.Trie(key for entries in lists for key in entries)
    # Entries of one name are chained, from the last to the first; entry 0 is none.
    last = array("I", bytes(4 * len(trie)))
    before, told, values = array("I", (0,)), array("H", (0,)), array("I", (0,))
    for number, entries in enumerate(lists):
        told.extend(map(element(number, 0).__or__, entries.says))
        values.extend(entries.values)
        for key in entries:
            place = trie.key_id(key)
            before.append(last[place])
            last[place] = len(before) - 1
    table = _Table(map(told.__getitem__, last), map(values.__getitem__, last), len(lists))
    for place, one in enumerate(last):
        if before[one]:
            table.set_several(place, [(told[entry], values[entry]) for entry in _chain(one, before)])
    return table.finished(trie.tobytes())


def _chain(last: int, before: Sequence[int]) -> list[int]:
    """Return a chain of entries from the first to the last."""
    found = []
    while last:
        found.append(last)
        last = before[last]
    found.reverse()
    return found


class _Table:
    """What is said of each name, in the order of the trie's numbers."""

    def __init__(self, elements: Iterable[int], values: Iterable[int], lists: int) -> None:
        self._elements = array("H", elements)
        self._values = array("I", values)
        self._several = array("Q")
        self._names = [0] * lists

    def set_several(self, place: int, entries: list[tuple[int, int]]) -> None:
        """Set a name that has more than one entry; of those of one list that say the same, the first line counts."""
        kept: list[tuple[int, int]] = []
        seen: Counter[int] = Counter()
        for told, value in entries:
            seen[told] += 1
            if says_of(told) == Says.RULE:
                if seen[told] > MAX_AT_NAME:
                    raise Crowded(list_of(told))
            elif seen[told] > 1:
                continue
            kept.append((told, value))
        for number in {list_of(told) for told in seen if says_of(told) != Says.RULE}:
            self._names[number] += 1
        self._elements[place] = SEVERAL
        self._values[place] = len(self._several)
        last = len(kept) - 1
        self._several.extend(
            [told << SEVERAL_SHIFT | value | (MORE if at < last else 0) for at, (told, value) in enumerate(kept)]
        )

    def finished(self, trie: bytes) -> Tables:
        """Return the tables; each ends with one unused value, because none may be empty."""
        for told, number in Counter(self._elements).items():
            if told != SEVERAL and says_of(told) != Says.RULE:
                self._names[list_of(told)] += number
        for table in (self._elements, self._values, self._several):
            table.append(0)
        elements, values, several = (table.tobytes() for table in (self._elements, self._values, self._several))
        return Tables(trie, elements, values, several, tuple(self._names))
