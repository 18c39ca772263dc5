"""The file of all lists: each name has the lines that a naive look at the lists gives it, and damage is noticed."""

import re
from collections.abc import Iterable
from zlib import crc32

import marisa_trie
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from appliance.core import names
from appliance.core.lists import listset
from appliance.core.lists.listset import Head, ListSet, ListSetError, Parts, pack
from appliance.core.lists.rule import Hit, Rewrite, Rule, Says
from tests.core.lists.packed import RePatterns, Said, opened, packed

LABELS = st.sampled_from(["a", "b", "ab", "com", "com-", "\\046"])
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
PLAIN = sorted(set(Says) - {Says.RULE})
PATTERNS = st.sampled_from(["a", "^a", "b$", "^ab[.]", "com", "a.*com"])
RULES = st.one_of(
    st.builds(Rule, st.just(0), st.booleans(), NAMES, st.booleans()),
    st.builds(Rule, st.just(0), st.booleans(), st.none(), pattern=PATTERNS, is_inverted=st.booleans()),
    st.builds(Rule, st.just(0), st.booleans(), rewrites=st.just((Rewrite(rcode=3),))),
)
SAID = st.one_of(st.tuples(NAMES, st.just(0), st.sampled_from(PLAIN)), RULES)
LISTS = st.lists(st.lists(SAID, max_size=8), max_size=4)


def numbered(lists: list[list[Said]]) -> dict[str, list[Said]]:
    """Return lists by id, with lines numbered from 1."""
    return {
        f"list{number}": [
            replace(one, line=line) if isinstance(one, Rule) else (one[0], line, one[2])
            for line, one in enumerate(said, 1)
        ]
        for number, said in enumerate(lists)
    }


def hit(list_id: str, one: Said) -> Hit:
    """Return a line as the set gives it."""
    if isinstance(one, Rule):
        return Hit(list_id, one.line, one.is_allow, one.is_exact, one)
    return Hit(list_id, one[1], one[2].name.startswith("ALLOW"), one[2].name.endswith("EXACT"))


def is_about(one: Said, name: str) -> bool:
    """Say whether a line speaks of a name."""
    if not isinstance(one, Rule):
        at, _, says = one
        is_under, is_it = names.is_under(name, at), name == at
        return is_it if says.name.endswith("EXACT") else is_under and not (is_it and says.name.endswith("BELOW"))
    if one.name is not None:
        return name == one.name or (not one.is_exact and names.is_under(name, one.name))
    return one.pattern is None or bool(re.search(one.pattern, name)) is not one.is_inverted


def first_lines(said: list[Said]) -> list[Said]:
    """Return a list without plain names that it has said before."""
    kept: dict[object, Said] = {}
    for one in said:
        kept.setdefault(one if isinstance(one, Rule) else (one[0], one[2]), one)
    return list(kept.values())


@given(LISTS, st.lists(NAMES, min_size=1, max_size=10))
def test_a_set_agrees_with_a_naive_look(lists: list[list[Said]], asked: list[str]) -> None:
    """All lines about a name, in the order of lists and lines."""
    by_id = numbered(lists)
    found = opened(by_id)
    everything = [(list_id, one) for list_id, said in by_id.items() for one in first_lines(said)]
    entries = [(list_id, one) for list_id, one in everything if not isinstance(one, Rule) or one.name is not None]
    at = [(one.name if isinstance(one, Rule) else one[0], hit(list_id, one)) for list_id, one in entries]
    for name in (*asked, *(str(name) for name, _ in at)):
        assert [hit(list_id, one) for list_id, one in everything if is_about(one, name)] == list(found.find(name))
        assert [one for name_of, one in at if name_of == name] == list(found.entry(name))
        below = [(name_of, one) for name_of, one in at if names.is_under(str(name_of), name)]
        assert sorted(below, key=repr) == sorted(found.below(name), key=repr)
    assert len({name for name, _ in at}) == len(found)


def test_lines_of_one_list_come_in_their_order() -> None:
    """Of the name itself, of names above it, and patterns, mixed."""
    found = opened(
        {"one": [Rule(4, pattern="www"), ("a.example", 7, Says.BLOCK), ("www.a.example", 2, Says.BLOCK_EXACT), Rule(5)]}
    )
    assert [hit.line for hit in found.find("www.a.example")] == [2, 4, 5, 7]


def test_a_set_tells_what_it_was_told() -> None:
    """The lists in their order, clients, and whether there are addresses."""
    found = opened({"b": [], "a": []})
    assert (found.ids, found.clients, found.has_addresses) == (("b", "a"), frozenset({"nas", "tv"}), True)


def test_an_empty_set_knows_nothing() -> None:
    """And is a set all the same."""
    empty = opened({})
    assert (len(empty), empty.find("a.example"), empty.entry("a.example"), list(empty.below("example"))) == (
        (0, (), (), [])
    )


def test_an_address_is_found_as_it_is_written() -> None:
    """Of either family."""
    found = opened({"one": [("192.0.2.1", 1, Says.BLOCK), ("2001:db8::1", 2, Says.BLOCK)]})
    lines = [[hit.line for hit in found.find(text)] for text in ("192.0.2.1", "2001:db8::1", "192.0.2.11", "2.1")]
    assert lines == [[1], [2], [], []]


def test_an_empty_set_of_patterns_is_never_compiled() -> None:
    """A set of names only needs no engine."""

    def never(expressions: Iterable[str]) -> RePatterns:
        raise AssertionError(expressions)

    assert len(ListSet(packed({"one": [("a.example", 1, Says.BLOCK)]}), never)) == 1


def test_a_set_may_lie_in_the_middle_of_other_octets() -> None:
    """Such as a mapped file."""
    octets = packed({"one": [("a.example", 1, Says.BLOCK), ("a.example", 2, Says.ALLOW)]})
    inside = memoryview(b"before.." + octets + b"after")[8 : 8 + len(octets)]
    assert [hit.line for hit in ListSet(inside, RePatterns).find("www.a.example")] == [1, 2]


@given(st.binary(max_size=100))
def test_octets_that_are_no_set_are_refused(octets: bytes) -> None:
    """By our own error, with the mark before them too."""
    for start in (b"", listset.MARK, listset.MARK + listset.VERSION.to_bytes(4, "little")):
        with pytest.raises(ListSetError):
            ListSet(start + octets, RePatterns)


@given(st.data())
def test_a_damaged_set_is_refused(data: st.DataObject) -> None:
    """Cut or altered: the library behind it would crash on some of these octets, so it must not see them."""
    octets = bytearray(packed({"one": [(f"host{number}.example", 1, Says.BLOCK) for number in range(20)]}))
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ListSetError):
        ListSet(bytes(octets), RePatterns)
    with pytest.raises(ListSetError):
        ListSet(bytes(octets[:place]), RePatterns)


def test_a_set_of_another_version_is_refused() -> None:
    """Its octets may mean something else."""
    octets = packed({}).replace(
        listset.MARK + listset.VERSION.to_bytes(4, "little"), listset.MARK + (99).to_bytes(4, "little"), 1
    )
    with pytest.raises(ListSetError, match="another version"):
        ListSet(octets, RePatterns)


TRIE = marisa_trie.Trie(["example."]).tobytes()
ONE, NONE = bytes(8), b""


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (Parts(b"no trie", ONE, ONE, ONE, ONE, NONE), "MARISA"),
        (Parts(TRIE, ONE, ONE, ONE, ONE, NONE), "don't fit"),
        (Parts(TRIE, ONE[:4], ONE[:4], ONE, ONE, NONE), "don't fit"),
        (Parts(TRIE, ONE[:3], ONE, ONE, ONE, NONE), "multiple of"),
        (Parts(TRIE, ONE[:4], ONE, ONE[:7], ONE, NONE), "multiple of"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(parts: Parts, words: str) -> None:
    """Summed rightly, and no set all the same."""
    with pytest.raises(ListSetError, match=words):
        ListSet(pack(Head(ids=("one",)), parts), RePatterns)


@pytest.mark.parametrize("head", [b"\xc1", msgspec.msgpack.encode(("ids",)), msgspec.msgpack.encode(((), (), False))])
def test_a_head_that_is_none_is_refused(head: bytes) -> None:
    """Summed rightly, too."""
    octets = len(head).to_bytes(4, "little") + bytes(4) + head
    version = listset.VERSION.to_bytes(4, "little")
    with pytest.raises(ListSetError):
        ListSet(listset.MARK + version + crc32(octets).to_bytes(4, "little") + octets, RePatterns)


def test_patterns_that_can_not_be_used_are_an_error_of_the_set() -> None:
    """A file that another engine made."""
    with pytest.raises(ListSetError, match="unterminated"):
        opened({"one": [Rule(1, pattern="(a")]})
