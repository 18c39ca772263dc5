"""A set of names: every name has the tags that a naive look at the entries gives it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import domainset, names
from appliance.core.domainset import DomainSet, DomainSetError, Entry, build

LABELS = st.sampled_from(["a", "b", "ab", "com", "com-", "\\046"])
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ENTRIES = st.lists(
    st.builds(Entry, NAMES, st.sampled_from(["red", "blue", "#help"]), st.booleans(), st.booleans()), max_size=12
)


def naive(entries: list[Entry], name: str) -> set[str]:
    """Return the tags of a name: of all entries that speak of a tag for it, the most specific decides, yes over no."""
    found = set()
    for tag in {entry.tag for entry in entries}:
        for above in names.parents(name):
            here = [entry for entry in entries if entry.name == above and entry.tag == tag]
            if any(not entry.is_not and (not entry.is_exact or above == name) for entry in here):
                found.add(tag)
            elif not any(entry.is_not for entry in here):
                continue
            break
    return found


@given(ENTRIES, st.lists(NAMES, min_size=1, max_size=10))
def test_a_set_agrees_with_a_naive_look(entries: list[Entry], asked: list[str]) -> None:
    """Below, exact and taken away, on any names."""
    found = DomainSet(build(entries))
    for name in (*asked, *(entry.name for entry in entries), *("b." + entry.name for entry in entries)):
        assert naive(entries, name) == found.tags(name)


@given(ENTRIES)
def test_a_set_has_as_many_names_as_were_told(entries: list[Entry]) -> None:
    """Each counted once."""
    assert len({entry.name for entry in entries}) == len(DomainSet(build(entries)))


@given(ENTRIES)
def test_a_set_is_built_alike_from_entries_in_any_order(entries: list[Entry]) -> None:
    """The order in which sources speak means nothing."""
    there, back = DomainSet(build(entries)), DomainSet(build(reversed(entries)))
    assert [there.tags(entry.name) for entry in entries] == [back.tags(entry.name) for entry in entries]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("example.com", {"t"}),
        ("www.example.com", {"t"}),
        ("notexample.com", set()),
        ("example.co", set()),
        ("example.com.org", set()),
        ("com", set()),
        ("", set()),
    ],
)
def test_an_entry_ends_at_a_label(name: str, expected: set[str]) -> None:
    """It covers what is below it, not what merely ends alike."""
    assert expected == DomainSet(build([Entry("example.com", "t")])).tags(name)


def test_an_empty_set_knows_nothing() -> None:
    """And is a set all the same."""
    empty = DomainSet(build([]))
    assert (0, frozenset()) == (len(empty), empty.tags("example.com"))


def test_many_names_with_many_tags() -> None:
    """More than an octet can number."""
    entries = [Entry(f"host{number}.example.com", f"tag{number}") for number in range(700)]
    found = DomainSet(build(entries))
    assert [{f"tag{number}"} for number in range(700)] == [found.tags(entry.name) for entry in entries]


@given(st.binary(max_size=200))
def test_octets_that_are_no_set_are_refused(data: bytes) -> None:
    """By our own error."""
    with pytest.raises(DomainSetError):
        DomainSet(data)


@given(st.data())
def test_a_damaged_set_is_refused(data: st.DataObject) -> None:
    """Cut or altered: the library behind it would crash on some of these octets, so it must not see them."""
    octets = bytearray(build([Entry(f"host{number}.example.com", "t") for number in range(20)]))
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DomainSetError, match="damaged"):
        DomainSet(bytes(octets))
    with pytest.raises(DomainSetError, match="damaged"):
        DomainSet(bytes(octets[:place]))


def test_a_set_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its octets may mean something else."""
    octets = build([Entry("example.com", "t")])
    monkeypatch.setattr(domainset, "FORMAT", domainset.FORMAT + 1)
    with pytest.raises(DomainSetError, match="another version"):
        DomainSet(octets)


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\x93\x01\x02\x03", b"\xc1"])
def test_octets_with_a_right_sum_may_still_be_no_set(octets: bytes) -> None:
    """Made by something else that sums alike."""
    with pytest.raises(DomainSetError):
        DomainSet(domainset._sum(octets) + octets)
