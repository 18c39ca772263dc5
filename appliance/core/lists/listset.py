"""The file of all lists: which lines of which lists are about a name, found in place in memory that processes share.

A trie of names turned round (``com.example.``) gives each a number, so that one walk finds a name and every name above
it; two tables tell by that number which list says what, at which line. Rules stand beside them, and are read one by
one when they are hit. Only patterns, and rules about every name, are held by each process for itself.
"""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from zlib import crc32

import marisa_trie
import msgspec

from appliance.core.lists.rule import CompilePatterns, Hit, Rule, Says

Octets = bytes | memoryview

MARK = b"KGLISTS\n"
VERSION = 1
MAX_LISTS = 8000
SEVERAL = 0xFFFF
"""In place of an element, for a name of which several lines speak: its value is a place among `Parts.several`."""
MORE = 1 << 63
"""Set in each of several but the last."""
SEVERAL_SHIFT = 32
_HEAD_AT = 24
_ALIGNED = 16
_SAYS_BITS = 3
_SAYS = 7

_ALLOWING = frozenset((Says.ALLOW, Says.ALLOW_EXACT, Says.ALLOW_BELOW))
_EXACT = frozenset((Says.BLOCK_EXACT, Says.ALLOW_EXACT))
_EVERYTHING: frozenset[int] = frozenset(Says)
_AT_IT = _EVERYTHING - {Says.BLOCK_BELOW, Says.ALLOW_BELOW}
"""What may be said at the very name that is asked for."""
_ABOVE_IT = _EVERYTHING - _EXACT - {Says.RULE}
"""What may be said at a name above it; of a rule only the rule itself tells."""

_Line = tuple[int, int, Hit]
"""A list's number, a line, and what it says."""

_place = itemgetter(0, 1)
_rules = msgspec.msgpack.Decoder(Rule)


class ListSetError(ValueError):
    """These octets are not a file of lists of this version."""


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What each process that opens the file keeps for itself."""

    ids: tuple[str, ...]
    clients: tuple[str, ...] = ()
    """Every ``$client`` token of the rules."""
    has_addresses: bool = False
    loose: tuple[tuple[int, int], ...] = ()
    """The rules that are tried on every name: a list's number and the rule's, in this order."""
    sizes: tuple[int, ...] = ()
    """Octets of each of the parts."""
    tags: tuple[str, ...] = ()
    """Every ``$ctag`` of the rules."""


class Parts(msgspec.Struct, frozen=True):
    """The rest of the file; numbers are in the order of octets of this machine."""

    trie: Octets
    elements: Octets
    """Two octets a name: an `element`, or SEVERAL."""
    values: Octets
    """Four octets a name: the line, or the rule's number where the element says RULE."""
    several: Octets
    """Eight octets each: an element, shifted, and a value; and MORE."""
    ends: Octets
    """Four octets a rule: where it ends among the rules, after a first 0."""
    rules: Octets


def element(number: int, says: int) -> int:
    """Return what stands for a list's number (below MAX_LISTS) and what it says: 16 bits, below SEVERAL."""
    return number << _SAYS_BITS | says


def list_of(told: int) -> int:
    """Return the list's number of an element."""
    return told >> _SAYS_BITS


def says_of(told: int) -> int:
    """Return what an element says."""
    return told & _SAYS


def turned(name: str) -> str:
    """Return ``www.example.com`` as ``com.example.www.``: the final dot keeps ``com.exam`` from being a prefix."""
    labels = name.split(".")
    labels.reverse()
    return ".".join(labels) + "."


def turned_back(key: str) -> str:
    """Return the name of a turned one."""
    labels = key.split(".")
    labels.reverse()
    return ".".join(labels[1:])


def pack(head: Head, parts: Parts) -> bytes:
    """Return the octets of a file."""
    sections = msgspec.structs.astuple(parts)
    sized = msgspec.structs.replace(head, sizes=tuple(len(section) for section in sections))
    packed = msgspec.msgpack.encode(sized)
    start = len(packed).to_bytes(4, "little") + bytes(4)
    octets = bytearray(start + packed)
    for section in sections:
        octets += bytes(_gap(_HEAD_AT - len(start) + len(octets)))
        octets += section
    return MARK + VERSION.to_bytes(4, "little") + crc32(octets).to_bytes(4, "little") + octets


class ListSet:
    """All lists, as `build` made them, ready to be searched."""

    __slots__ = (
        "_always",
        "_elements",
        "_ends",
        "_inverted",
        "_octets",
        "_patterns",
        "_rules",
        "_searched",
        "_several",
        "_trie",
        "_values",
        "clients",
        "has_addresses",
        "ids",
        "tags",
    )

    def __init__(self, octets: Octets, compile_patterns: CompilePatterns) -> None:
        """Take the octets of a file, which must not change while this lives. Raises ListSetError."""
        self._octets = memoryview(octets)
        head, places = _checked(self._octets)
        trie, elements, values, several, ends, self._rules = [self._octets[start:end] for start, end in places]
        try:
            self._trie = marisa_trie.Trie().map(trie)
            self._elements, self._values = elements.cast("H"), values.cast("I")
            self._several, self._ends = several.cast("Q"), ends.cast("I")
        except (RuntimeError, TypeError) as error:
            raise ListSetError(str(error)) from error
        if not len(self._trie) + 1 == len(self._elements) == len(self._values):
            raise ListSetError("its parts don't fit together")
        self.ids = head.ids
        """The lists, in their order."""
        self.clients = frozenset(head.clients)
        """Every ``$client`` token of a rule, lower case."""
        self.tags = frozenset(head.tags)
        """Every ``$ctag`` of a rule."""
        self.has_addresses = head.has_addresses
        """Whether a list names IP addresses, which are about answers."""
        self._read_loose(head.loose, compile_patterns)

    def _read_loose(self, loose: Sequence[tuple[int, int]], compile_patterns: CompilePatterns) -> None:
        """Read the rules that are tried on every name."""
        always: list[_Line] = []
        searched: list[_Line] = []
        inverted, expressions = [], []
        for number, place in loose:
            rule = self._rule(place)
            line = (number, rule.line, Hit(self.ids[number], rule.line, rule.is_allow, rule=rule))
            if rule.pattern is None:
                always.append(line)
                continue
            if rule.is_inverted:
                inverted.append(len(searched))
            searched.append(line)
            expressions.append(rule.pattern)
        self._always, self._searched, self._inverted = always, searched, frozenset(inverted)
        try:
            self._patterns = compile_patterns(expressions) if expressions else None
        except ValueError as error:
            raise ListSetError(str(error)) from error

    def __len__(self) -> int:
        """Return how many names there are with an entry of their own."""
        return len(self._trie)

    def find(self, name: str) -> tuple[Hit, ...]:
        """Return the lines about a name in normal form, whatever their conditions, by order of lists and lines.

        Those at the name itself, those at a name above it that mean all below, patterns, and rules about every name.
        """
        key = turned(name)
        found = self._always.copy()
        for prefix, number in self._trie.iter_prefixes_with_ids(key):
            self._gather(number, _AT_IT if len(prefix) == len(key) else _ABOVE_IT, found)
        if self._patterns is not None:
            numbers = self._patterns.found_in(name)
            found += [self._searched[number] for number in self._inverted.symmetric_difference(numbers)]
        if len(found) > 1:
            found.sort(key=_place)
        return tuple([hit for _, _, hit in found])

    def entry(self, name: str) -> tuple[Hit, ...]:
        """Return the lines that stand at just this name, by order of lists and lines."""
        number = self._trie.get(turned(name))
        return () if number is None else self._entry(number)

    def below(self, name: str) -> Iterator[tuple[str, Hit]]:
        """Yield the lines that stand at a name or below it, each with its name."""
        for key, number in self._trie.iteritems(turned(name)):
            for hit in self._entry(number):
                yield turned_back(key), hit

    def _entry(self, number: int) -> tuple[Hit, ...]:
        found: list[_Line] = []
        self._gather(number, _EVERYTHING, found)
        return tuple([hit for _, _, hit in sorted(found, key=_place)])

    def _gather(self, number: int, spoken: frozenset[int], found: list[_Line]) -> None:
        """Add the lines at the name of a number that say one of `spoken`, and rules that mean all below."""
        told, value = self._elements[number], self._values[number]
        if told != SEVERAL:
            self._add(told, value, spoken, found)
            return
        more = MORE
        while more:
            packed = self._several[value]
            more = packed & MORE
            self._add((packed ^ more) >> SEVERAL_SHIFT, packed & 0xFFFFFFFF, spoken, found)
            value += 1

    def _add(self, told: int, value: int, spoken: frozenset[int], found: list[_Line]) -> None:
        number, says = told >> _SAYS_BITS, told & _SAYS
        if says == Says.RULE:
            rule = self._rule(value)
            if says in spoken or not rule.is_exact:
                found.append((number, rule.line, Hit(self.ids[number], rule.line, rule.is_allow, rule.is_exact, rule)))
        elif says in spoken:
            found.append((number, value, Hit(self.ids[number], value, says in _ALLOWING, says in _EXACT)))

    def _rule(self, number: int) -> Rule:
        return _rules.decode(self._rules[self._ends[number] : self._ends[number + 1]])


def _checked(octets: memoryview) -> tuple[Head, list[tuple[int, int]]]:
    """Return the head, and from where to where each of the parts goes. Raises ListSetError.

    The trie's library trusts its octets and would crash on damaged ones: so they are summed before it sees them.
    """
    if octets[: len(MARK)] != MARK:
        raise ListSetError("not a file of lists")
    version, summed, size = (int.from_bytes(octets[at : at + 4], "little") for at in (8, 12, 16))
    if version != VERSION:
        raise ListSetError("made by another version")
    if summed != crc32(octets[16:]):
        raise ListSetError("damaged")
    try:
        head = msgspec.msgpack.decode(octets[_HEAD_AT : _HEAD_AT + size], type=Head)
    except msgspec.MsgspecError as error:
        raise ListSetError(str(error)) from error
    places, end = [], _HEAD_AT + size
    for section in head.sizes:
        start = end + _gap(end)
        end = start + section
        places.append((start, end))
    if len(places) != len(Parts.__struct_fields__) or end != len(octets):
        raise ListSetError("its parts don't fit together")
    return head, places


def _gap(end: int) -> int:
    """Return how many octets stand between the end of one part and the start of the next."""
    return -end % _ALIGNED
