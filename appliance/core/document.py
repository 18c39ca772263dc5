"""A YAML document that a person wrote, as typed values whose errors name the line."""

from collections.abc import Callable, Iterable
from re import compile as regex
from typing import TypeVar

import msgspec
import yaml

MAX_CHARACTERS = 4_000_000
MAX_DEPTH = 30

Path = tuple[str | int, ...]
T = TypeVar("T")

_STEP = regex(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_UNKNOWN_FIELD = regex(r"unknown field `([^`]*)`")


class DocumentError(ValueError):
    """This document can't be used as it stands; each of its problems is a line number and what is wrong there."""

    def __init__(self, problems: Iterable[tuple[int, str]]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(f"line {line}: {text}" for line, text in self.problems))


class Misplaced(ValueError):
    """What stands at a path inside the value that is being read is wrong."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text
        super().__init__(_said(path, text))


class _Loader(yaml.SafeLoader):
    """YAML's core schema: `on`, `no`, 22:00 and 02:77:00:00:00:10 are the words that their writer meant."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, object]]] = {}  # noqa: RUF012 -- PyYAML's own interface

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse an alias where it stands: what is written once is easier to read, and can't grow out of bounds."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not taken here", mark)
        return super().compose_node(parent, index)


class _Dumper(yaml.SafeDumper):
    """Puts between quotes what either YAML 1.1 or `_Loader` would take for something else than text."""


_TAG = "tag:yaml.org,2002:"
_WORDS = (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
)
_SCALARS = frozenset(_TAG + kind for kind in ("bool", "null", "int", "float", "str"))
for _kind, _pattern, _first in _WORDS:
    _Loader.add_implicit_resolver(_TAG + _kind, regex(_pattern), _first)
    _Dumper.add_implicit_resolver(_TAG + _kind, regex(_pattern), _first)


class Document:
    """The plain values of a YAML text, and the line on which each begins."""

    __slots__ = ("_lines", "value")

    def __init__(self, text: str) -> None:
        """Read a text. Raises DocumentError: not YAML, a key written twice, an alias, too long or too deep."""
        if len(text) > MAX_CHARACTERS:
            raise DocumentError([(1, f"longer than {MAX_CHARACTERS} characters")])
        self._lines: dict[Path, int] = {(): 1}
        try:
            loader = _Loader(text)
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise DocumentError([(line, f"{error.reason}: {chr(error.character)!r}")]) from error
        try:
            node = loader.get_single_node()
            self.value: object = {} if node is None else self._plain(node, (), loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise DocumentError([(line, str(error.problem or error.context))]) from error
        except RecursionError as error:
            raise DocumentError([(loader.line + 1, "too many levels")]) from error
        except OverflowError as error:
            raise DocumentError([(loader.line + 1, "no such character")]) from error
        except ValueError as error:
            if isinstance(error, DocumentError):
                raise
            raise DocumentError([(loader.line + 1, str(error))]) from error
        finally:
            loader.dispose()

    def line(self, path: Path) -> int:
        """Return the line on which the value at `path` begins, or that of the nearest value around it."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def to(self, kind: type[T]) -> T:
        """Return the document as a value of `kind` (a msgspec type). Raises DocumentError."""
        try:
            return msgspec.convert(self.value, kind)
        except msgspec.ValidationError as error:
            text, _, place = str(error).partition(" - at ")
            path = _path(place.strip("`"))
            field = _UNKNOWN_FIELD.search(text)
            if isinstance(error.__cause__, Misplaced):
                path, text = (*path, *error.__cause__.path), error.__cause__.text
            elif field:
                path, text = (*path, field[1]), f"unknown key {field[1]!r}"
            elif text.endswith("encoded date"):
                text = "a date is written as in 2026-12-24"
            elif "RFC3339" in text or "timezone" in text:
                text = "a time is written with seconds and its distance to UTC, as in 2026-11-22T18:45:00+01:00"
            raise DocumentError([(self.line(path), _said(path, text))]) from error

    def _plain(self, node: yaml.Node, path: Path, loader: _Loader) -> object:
        if len(path) > MAX_DEPTH:
            raise DocumentError([(node.start_mark.line + 1, "too many levels")])
        if path in self._lines and path:
            raise DocumentError([(node.start_mark.line + 1, f"{path[-1]!r} stands here a second time")])
        self._lines[path] = node.start_mark.line + 1
        match node:
            case yaml.MappingNode():
                return dict(self._pair(key, value, path, loader) for key, value in node.value)
            case yaml.SequenceNode():
                return [self._plain(item, (*path, number), loader) for number, item in enumerate(node.value)]
            case _:
                return _scalar(node, loader)

    def _pair(self, key: yaml.Node, value: yaml.Node, path: Path, loader: _Loader) -> tuple[str, object]:
        if not isinstance(key, yaml.ScalarNode):
            raise DocumentError([(key.start_mark.line + 1, "a key is a word")])
        word = _text(key)
        return word, self._plain(value, (*path, word), loader)


def to_yaml(value: object) -> str:
    """Return a msgspec value as YAML that `Document` reads back."""
    plain = msgspec.to_builtins(value)
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def checked(
    text: str,
    kind: type[T],
    problems: Callable[[T], Iterable[tuple[Path, str]]],
    file: str,
    error: type[ValueError],
) -> T:
    """Return the value of a text; `problems` finds what only the whole shows. Raises `error` with a line for each."""
    try:
        document = Document(text)
        found = document.to(kind)
        wrong = [(document.line(path), said) for path, said in problems(found)]
        if wrong:
            raise DocumentError(wrong)  # noqa: TRY301 -- told like the others
    except DocumentError as cause:
        raise error("\n".join(f"{file}: line {line}: {said}" for line, said in cause.problems)) from cause
    return found


def _scalar(node: yaml.Node, loader: _Loader) -> object:
    line = node.start_mark.line + 1
    if node.tag not in _SCALARS:
        raise DocumentError([(line, "tags (!word) are not taken here")])
    text = _text(node)
    try:
        return loader.construct_object(node)
    except (ValueError, LookupError) as error:
        raise DocumentError([(line, f"{text[:40]!r} can't be read as {node.tag.removeprefix(_TAG)}")]) from error


def _text(node: yaml.Node) -> str:
    r"""Return the words of a scalar; an escape like ``\\ud800`` may make some that no UTF-8 can carry."""
    try:
        str(node.value).encode()
    except UnicodeEncodeError as error:
        raise DocumentError([(node.start_mark.line + 1, "no such character")]) from error
    return str(node.value)


def _path(place: str) -> Path:
    """Return msgspec's `$.persons[0].band` as a path; a mapping's `[...]` ends it."""
    path: list[str | int] = []
    for word, number in _STEP.findall(place):
        if number == "...":
            break
        path.append(int(number) if number else word)
    return tuple(path)


def _said(path: Path, text: str) -> str:
    """Put the place before the words, as a person would look for it: ``persons, 2nd, band: …``."""
    words = ".".join(f"#{step + 1}" if isinstance(step, int) else step for step in path)
    return f"{words}: {text[:1].lower() + text[1:]}" if words else text[:1].lower() + text[1:]
