"""Help and report lines by country: whom to call, what for, and how well the number was checked."""

from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Literal

import msgspec

from appliance.core import names
from appliance.core.document import Path, checked

FILE = "helplines.yaml"
EVERYWHERE = "INT"
CHECKED = frozenset(("A", "B"))
"""The grades of lines that pages show; the rest a person has to look at first."""

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Number = Annotated[str, msgspec.Meta(pattern=r"^\+?[0-9][0-9 -]{1,19}$")]


class HelplinesError(ValueError):
    """The help lines can't be used: each line says the file, the line and what is wrong."""


class Kind(Enum):
    """What a line does."""

    TALK = "talk"
    """Somebody to talk to, for children and young people."""
    ADULTS = "adults"
    """For grown-ups who worry about a child."""
    REPORT = "report"
    FIND = "find"
    """Finds a line near you."""


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A help or report line; `country` is two letters, or INT for everywhere."""

    name: Text
    country: Annotated[str, msgspec.Meta(pattern="^([A-Z]{2}|INT)$")]
    kind: Kind = Kind.TALK
    calls: tuple[Number, ...] = ()
    text: Text = ""
    hours: Text = ""
    about: Text = ""
    names: tuple[str, ...] = ()
    grade: Literal["A", "B", "C"]

    def __post_init__(self) -> None:
        if not (self.calls or self.text or self.names):
            raise ValueError("a line needs a number, words to text, or a site")


class Helplines(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All lines that the box knows."""

    version: Literal[1]
    lines: tuple[Line, ...]

    def of(self, country: str | None) -> tuple[Line, ...]:
        """Return the checked lines of a country (two letters), in the file's order; None has no own."""
        return tuple(line for line in self.lines if line.country == country and line.grade in CHECKED)

    def everywhere(self) -> tuple[Line, ...]:
        """Return the checked lines that are not of one country."""
        return self.of(EVERYWHERE)


def dialled(number: str) -> str:
    """Return a telephone number as a link dials it: ``116 111`` is ``116111`` (RFC 3966, without separators)."""
    return number.replace(" ", "").replace("-", "")


def parse(text: str) -> Helplines:
    """Return the help lines of a text. Raises HelplinesError that names every line at fault."""
    return checked(text, Helplines, _problems, FILE, HelplinesError)


def _problems(found: Helplines) -> Iterator[tuple[Path, str]]:
    """Yield the place and the words of what only the whole shows: a line twice, a name that is none."""
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(found.lines):
        if (line.country, line.name) in seen:
            yield ("lines", number), f"{line.name} stands here a second time"
        seen.add((line.country, line.name))
        for index, name in enumerate(line.names):
            if not _is_normal(name):
                yield ("lines", number, "names", index), f"{name!r} is not a domain name in its normal form"


def _is_normal(name: str) -> bool:
    try:
        return names.normalise(name) == name
    except names.BadName:
        return False
