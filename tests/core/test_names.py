"""Names in one normal form, from what people type and from the wire."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import names
from appliance.core.names import BadName
from appliance.core.wire.dns import parse_name

LABELS = st.lists(st.binary(min_size=1, max_size=63), max_size=8).filter(lambda labels: sum(map(len, labels)) < 240)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.Com.", "example.com"),
        ("  example.com \n", "example.com"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("MÜNCHEN.DE", "xn--mnchen-3ya.de"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("ｅｘample.de", "example.de"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("localhost", "localhost"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        (".".join(["a" * 61] * 4) + ".aaaaa", ".".join(["a" * 61] * 4) + ".aaaaa"),
    ],
)
def test_a_typed_name_has_one_normal_form(typed: str, expected: str) -> None:
    """Lower case, A-labels, no final dot."""
    assert expected == names.normalise(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        ".",
        "..",
        "a..b",
        ".example.com",
        "example.com..",
        "exa mple.com",
        "*.example.com",
        "example.com:53",
        "http://example.com",
        "a" * 64 + ".example",
        ".".join(["a" * 61] * 4) + ".aaaaaa",
        "ex\\046ample.com",
        "\u200d.de",
        "☃\u0301..de",
        "ü" * 70 + ".de",
        "\ud800.de",
    ],
)
def test_what_is_no_name_is_refused(typed: str) -> None:
    """Empty labels, odd characters, ports, and what is too long."""
    with pytest.raises(BadName):
        names.normalise(typed)


@given(st.text(max_size=300))
def test_normalise_gives_a_name_or_bad_name(typed: str) -> None:
    """Whatever is typed; and what is normal stays as it is and fits on the wire."""
    try:
        name = names.normalise(typed)
    except BadName:
        return
    assert name == names.normalise(name)
    assert (name, 12 + len(name) + 2) == parse_name(bytes(12) + names.to_wire(name), 12)


@given(LABELS)
def test_labels_survive_the_normal_form(labels: list[bytes]) -> None:
    """Dots, quotes, backslashes and any octet come back, in lower case."""
    assert [label.lower() for label in labels] == names.to_labels(names.from_labels(labels))


@given(LABELS, LABELS)
def test_two_names_have_two_normal_forms(one: list[bytes], other: list[bytes]) -> None:
    """Only names that differ in nothing but case are written alike."""
    are_same = [label.lower() for label in one] == [label.lower() for label in other]
    assert are_same == (names.from_labels(one) == names.from_labels(other))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([], ""),
        ([b"WWW", b"Example"], "www.example"),
        ([b"a.b", b"c"], "a\\046b.c"),
        ([b"a\\b"], "a\\092b"),
        ([b'"'], "\\034"),
        ([b"\x00\xff "], "\\000\\255\\032"),
        ([b"*"], "*"),
    ],
)
def test_odd_octets_are_escaped(labels: list[bytes], expected: str) -> None:
    """An octet that isn't visible, or that would be taken for something else, becomes its number."""
    assert expected == names.from_labels(labels)


def test_an_escaped_character_stands_for_itself() -> None:
    """As master files write it."""
    assert names.to_labels("a\\-b") == [b"a-b"]


def test_parents_begin_with_the_name_itself() -> None:
    """The most specific first, the root not at all."""
    assert list(names.parents("a.b.c")) == ["a.b.c", "b.c", "c"]
    assert list(names.parents("")) == []


@pytest.mark.parametrize(
    ("name", "ancestor", "expected"),
    [
        ("example.com", "example.com", True),
        ("www.example.com", "example.com", True),
        ("notexample.com", "example.com", False),
        ("example.com", "www.example.com", False),
        ("example.com", "", True),
        ("", "com", False),
    ],
)
def test_below_ends_at_a_label(name: str, ancestor: str, *, expected: bool) -> None:
    """A name is under itself, what it ends with after a dot, and the root."""
    assert expected == names.is_under(name, ancestor)


@given(st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=5), min_size=1, max_size=6))
def test_a_name_is_under_all_its_parents(labels: list[str]) -> None:
    """And under nothing that isn't one."""
    name = ".".join(labels)
    assert all(names.is_under(name, parent) for parent in names.parents(name))
    assert not names.is_under(name, "x" + name)
