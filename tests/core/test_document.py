"""YAML that people write: the words they meant, and errors that name the line."""

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.document import MAX_CHARACTERS, MAX_DEPTH, Document, DocumentError, Misplaced, to_yaml


class Pet(msgspec.Struct, forbid_unknown_fields=True):
    """An example."""

    name: str
    legs: Annotated[int, msgspec.Meta(ge=0)] = 4


class Zoo(msgspec.Struct, forbid_unknown_fields=True):
    """An example that holds another."""

    pets: list[Pet] = []
    by_name: dict[str, Pet] = {}


class Cage(msgspec.Struct):
    """An example that knows by itself what it can't hold."""

    pets: list[str]

    def __post_init__(self) -> None:
        """Say where it is wrong."""
        if "tiger" in self.pets:
            raise Misplaced(("pets", self.pets.index("tiger")), "No tigers.")
        if not self.pets:
            raise ValueError("it is empty")


class Anything(msgspec.Struct):
    """An example of any word."""

    word: object


WORDS = [
    ("on", "on"),
    ("off", "off"),
    ("yes", "yes"),
    ("no", "no"),
    ("y", "y"),
    ("true", True),
    ("True", True),
    ("FALSE", False),
    ("tRUE", "tRUE"),
    ("22:00", "22:00"),
    ("06:30", "06:30"),
    ("02:77:00:00:00:10", "02:77:00:00:00:10"),
    ("190:20:30", "190:20:30"),
    ("0-5", "0-5"),
    ("2026-03-04", "2026-03-04"),
    ("2026-03-04T20:00:00Z", "2026-03-04T20:00:00Z"),
    ("null", None),
    ("Null", None),
    ("~", None),
    ("", None),
    ("nULL", "nULL"),
    ("0", 0),
    ("-12", -12),
    ("+7", 7),
    ("007", "007"),
    ("0x1F", "0x1F"),
    ("0o17", "0o17"),
    ("1_000", "1_000"),
    ("1.5", 1.5),
    ("-.5", -0.5),
    ("1.", 1.0),
    ("1.5e3", 1500.0),
    ("1e3", "1e3"),
    (".inf", ".inf"),
    ("1.2.3.4", "1.2.3.4"),
    ("=", "="),
    ("<<", "<<"),
    ("'no'", "no"),
    ('"12"', "12"),
    ("münchen.de", "münchen.de"),
]


@pytest.mark.parametrize(("written", "expected"), WORDS)
def test_words_are_what_their_writer_meant(written: str, expected: object) -> None:
    """YAML 1.2's core schema: no sexagesimal numbers, no `no` that is false."""
    found = Document(f"word: {written}\n").to(Anything).word
    assert (type(expected), expected) == (type(found), found)


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "\ufeff"])
def test_an_empty_text_is_an_empty_mapping(text: str) -> None:
    """A file with comments only has the defaults."""
    assert Zoo() == Document(text).to(Zoo) if text != "---\n" else Document(text).value is None


NEST = "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2)

TEXT_ERRORS = [
    ("a key twice", "a: 1\nb: 2\na: 3\n", 3, "'a' stands here a second time"),
    ("a key twice, written otherwise", "1: a\n'1': b\n", 2, "'1' stands here a second time"),
    ("a key twice further down", "a:\n  b: 1\n  b: 2\n", 3, "'b' stands here a second time"),
    ("an alias", "a: &x\n  - 1\nb: *x\n", 3, "aliases (*name) are not taken here"),
    ("an alias of a word", "a: &x 1\nb:\n\n  - *x\n", 4, "aliases"),
    ("an alias for a key", "a: &x b\n*x : 1\n", 2, "aliases"),
    ("an alias of itself", "a: &x\n  - *x\n", 2, "aliases"),
    ("a tag", "\na: !!timestamp 2026-01-01\n", 2, "tags"),
    ("a tag of one's own", "a: !dog rex\n", 1, "tags"),
    ("a tag that doesn't fit", "\n\na: !!int rex\n", 3, "'rex' can't be read as int"),
    ("another", "a: !!bool rex\n", 1, "'rex' can't be read as bool"),
    ("another still", "a: !!int ''\n", 1, "'' can't be read as int"),
    ("a number too long", "a: 1\nb: " + "9" * 5000 + "\n", 2, "can't be read as int"),
    ("a key that is no word", "a: 1\n? [b]\n: 2\n", 2, "a key is a word"),
    ("not closed", "a: [1,\n", 2, "expected the node content"),
    ("not YAML", "a: 1\nb: }\n", 2, "expected the node content"),
    ("a tab", "a:\n\tb: 1\n", 2, "cannot start any token"),
    ("two documents", "a: 1\n---\nb: 2\n", 2, "but found another document"),
    ("too deep", f"a: 1\nb: {NEST}\n", 2, "too many levels"),
    ("far too deep", "a: 1\nb: " + "[" * 5000, 2, "too many levels"),
    ("a control character", "a: 1\nb: \x00\n", 2, "special characters are not allowed"),
    ("half a character", "a: 1\nb: '\ud800'\n", 2, "special characters are not allowed"),
    ("half a character, escaped", 'a: 1\nb: "\\ud800"\n', 2, "no such character"),
    ("in a key", 'a: 1\n"\\ud800": b\n', 2, "no such character"),
    ("no character", 'a: 1\nb: "\\U00110000"\n', 2, "range"),
    ("beyond all characters", 'a: 1\nb: "\\UFFFFFFFF"\n', 2, "no such character"),
    ("an anchor that isn't there", "a: 1\nb: *x\n", 2, "aliases"),
    ("too long", "#" * (MAX_CHARACTERS + 1), 1, "longer than"),
]


@pytest.mark.parametrize(
    ("text", "line", "said"), [row[1:] for row in TEXT_ERRORS], ids=[row[0] for row in TEXT_ERRORS]
)
def test_an_error_in_the_text_names_its_line(text: str, line: int, said: str) -> None:
    """Whatever is the matter with it."""
    with pytest.raises(DocumentError) as caught:
        Document(text)
    assert [line] == [found for found, _ in caught.value.problems]
    assert said in str(caught.value)


def test_a_text_may_be_as_deep_as_is_allowed() -> None:
    """And no deeper, which is an error above."""
    assert Document("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)).value


VALUE_ERRORS = [
    ("an unknown key", "pets: []\ndogs: []\n", 2, "dogs: unknown key 'dogs'"),
    ("an unknown key further down", "pets:\n- name: Rex\n  tail: 1\n", 3, "pets.#1.tail: unknown key 'tail'"),
    ("a wrong type", "pets:\n- name: Rex\n- name: Tom\n  legs: four\n", 4, "pets.#2.legs: expected `int`, got `str`"),
    ("a value out of range", "pets:\n- name: Rex\n  legs: -1\n", 3, "pets.#1.legs: expected `int` >= 0"),
    ("a missing key", "pets:\n- name: Rex\n- legs: 3\n", 3, "pets.#2: object missing required field `name`"),
    ("in a mapping: the mapping", "by_name:\n\n  Rex: {legs: 1}\n", 3, "by_name: object missing required field"),
    ("no mapping at all", "- 1\n", 1, "expected `object`, got `array`"),
    ("a word", "word\n", 1, "expected `object`, got `str`"),
]


@pytest.mark.parametrize(
    ("text", "line", "said"), [row[1:] for row in VALUE_ERRORS], ids=[row[0] for row in VALUE_ERRORS]
)
def test_an_error_in_a_value_names_its_line(text: str, line: int, said: str) -> None:
    """And the place, as a person would look for it."""
    with pytest.raises(DocumentError) as caught:
        Document(text).to(Zoo)
    assert [line] == [found for found, _ in caught.value.problems]
    assert f"line {line}: {said}" in str(caught.value)


def test_the_line_of_what_is_not_there_is_that_of_what_is_around_it() -> None:
    """So that every problem has a line."""
    document = Document("a:\n\n  - b: 1\n    c: 2\n")
    assert [document.line(path) for path in (("a", 0), ("a", 0, "c"), ("a", 0, "d", 1), ("nowhere", "at", "all"))] == [
        3,
        4,
        3,
        1,
    ]


def test_problems_are_told_in_order() -> None:
    """Of several, the first line first."""
    error = DocumentError([(9, "b"), (2, "a")])
    assert (error.problems, str(error)) == ([(2, "a"), (9, "b")], "line 2: a\nline 9: b")


YAMLISH = st.text(
    alphabet=st.sampled_from(list("ab01:-?[]{},&*!|>'\"%@`#~=.\\ \n\t<Uux\x00\ud800é\u2028+e")), max_size=60
)


@given(YAMLISH | st.text(max_size=60))
def test_a_text_gives_a_value_or_our_error(text: str) -> None:
    """Never anything else, and lines that the text has."""
    assert all(1 <= line <= len(text.splitlines()) + 1 for line in lines_at_fault(text))


def lines_at_fault(text: str) -> list[int]:
    """Return the lines that are at fault; none for a text that is a zoo."""
    try:
        Document(text).to(Zoo)
    except DocumentError as error:
        return [line for line, _ in error.problems]
    return []


WRITABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029"), max_size=20)
"""PyYAML folds the three odd line ends."""

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | WRITABLE
    | st.sampled_from([str(word) for word, _ in WORDS]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WRITABLE, inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN.filter(lambda value: value is not None))
def test_what_we_write_we_read_back(value: object) -> None:
    """Text that looks like a number or a word of YAML 1.1 stays text."""
    assert {"word": value} == Document(to_yaml({"word": value})).value


def test_values_are_written_as_people_write_them() -> None:
    """In their order, umlauts as they are."""
    assert to_yaml(Zoo([Pet("Mümmel")])) == "pets:\n- name: Mümmel\n  legs: 4\nby_name: {}\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- pets: [cat]\n- pets:\n  - cat\n  - tiger\n", 4, "#2.pets.#2: no tigers."),
        ("- pets: [cat]\n- pets: []\n", 2, "#2: it is empty"),
    ],
)
def test_a_value_says_where_it_is_wrong(text: str, line: int, words: str) -> None:
    """The line is that of the very word, as far as the value tells it."""
    with pytest.raises(DocumentError) as caught:
        Document(text).to(list[Cage])
    assert caught.value.problems == [(line, words)]


def test_a_misplaced_word_has_its_place() -> None:
    """Also where there is no document."""
    assert str(Misplaced(("pets", 1), "No tigers.")) == "pets.#2: no tigers."
