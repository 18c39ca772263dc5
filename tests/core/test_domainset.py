"""A set of names: every name has the tags that a naive look at the entries gives it."""

from re import fullmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import domainset, names
from appliance.core.domainset import DomainSet, DomainSetError, Entry, build, label_of

LABELS = st.sampled_from(["a", "b", "ab", "co", "com", "com-", "\\046"])
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ENTRIES = st.lists(
    st.builds(Entry, NAMES, st.sampled_from(["red", "blue", "#help"]), st.booleans(), st.booleans()), max_size=12
)
COUNTRYWIDE = st.lists(
    st.builds(Entry, st.sampled_from(["a", "b", "ab"]), st.sampled_from(["red", "green"]), is_label=st.just(True)),
    max_size=3,
)


def naive(entries: list[Entry], name: str) -> set[str]:
    """Return the tags of a name: of all entries that speak of a tag for it, the most specific decides, yes over no.

    What a label says of a name is less specific than what an entry says of it in full.
    """
    found = set()
    for tag in {entry.tag for entry in entries}:
        labels = [entry.name for entry in entries if entry.is_label and entry.tag == tag]
        for above in names.parents(name):
            here = [entry for entry in entries if not entry.is_label and entry.name == above and entry.tag == tag]
            if any(not entry.is_not and (not entry.is_exact or above == name) for entry in here):
                found.add(tag)
            elif not any(entry.is_not for entry in here):
                if not any(fullmatch(rf"{label}\.((co|com|ne|net|or|org)\.)?[a-z]{{2}}", above) for label in labels):
                    continue
                found.add(tag)
            break
    return found


@given(ENTRIES, COUNTRYWIDE, st.lists(NAMES, min_size=1, max_size=10))
def test_a_set_agrees_with_a_naive_look(plain: list[Entry], labels: list[Entry], asked: list[str]) -> None:
    """Below, exact, taken away, and by a label, on any names."""
    entries = plain + labels
    found = DomainSet(build(entries))
    for name in (*asked, *(entry.name for entry in entries), *("b." + entry.name for entry in entries)):
        assert naive(entries, name) == found.tags(name)


@given(ENTRIES)
def test_a_set_has_as_many_names_as_were_told(entries: list[Entry]) -> None:
    """Each counted once."""
    assert len({entry.name for entry in entries}) == len(DomainSet(build(entries)))


@given(ENTRIES, COUNTRYWIDE)
def test_a_set_is_built_alike_from_entries_in_any_order(plain: list[Entry], labels: list[Entry]) -> None:
    """The order in which sources speak means nothing."""
    entries = plain + labels
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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("amazon.de", {"t"}),
        ("www.amazon.de", {"t"}),
        ("amazon.co.uk", {"t"}),
        ("a.b.amazon.com.au", {"t"}),
        ("amazon.co", {"t"}),
        ("notamazon.de", set()),
        ("amazon.evil.com", set()),
        ("amazon.evil.de", set()),
        ("amazon.co.evil.de", set()),
        ("amazon.gov.uk", set()),
        ("amazon.com", set()),
        ("amazon", set()),
        ("co.uk", set()),
        ("de", set()),
        ("pay.amazon.de", set()),
        ("x.pay.amazon.de", set()),
        ("amazon.fr", set()),
        ("www.amazon.fr", set()),
        ("amazon.nl", {"t", "u"}),
        ("www.amazon.nl", {"t"}),
    ],
)
def test_a_label_stands_under_every_country(name: str, expected: set[str]) -> None:
    """Right under the country or what countries put between, and nowhere else; an entry in full goes before it."""
    entries = [
        Entry("amazon", "t", is_label=True),
        Entry("pay.amazon.de", "t", is_not=True),
        Entry("amazon.fr", "t", is_not=True),
        Entry("amazon.nl", "u", is_exact=True),
    ]
    assert expected == DomainSet(build(entries)).tags(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("amazon.de", "amazon"),
        ("www.amazon.co.uk", "amazon"),
        ("co.uk", None),
        ("amazon.com", None),
        ("uk", None),
        ("", None),
    ],
)
def test_the_label_of_a_name_is_the_one_under_its_country(name: str, expected: str | None) -> None:
    """None where there is no country."""
    assert expected == label_of(name)


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
