"""Expressions that lists give, searched by RE2: in linear time whatever they are, and in none where a word is missing.

RE2's filter finds out which words a name must hold for an expression to be found in it, and looks for all those words
in one go: a thousand expressions cost a new name a few microseconds, where a plain set of them takes a hundred.
"""

from collections.abc import Iterable, Sequence
from functools import cache

import re2

from appliance.core.lists.rule import Patterns

MAX_OCTETS = 256 * 1024
"""What one expression may take, compiled."""
AT_ONCE = 1000
"""More of them in one filter would need more memory than it allows itself."""
SHOWN = 80
"""Characters of an expression, and of what is wrong with it, in an error."""


def compile_patterns(expressions: Iterable[str]) -> Patterns:
    """Return expressions ready to search. Raises ValueError, in RE2's words, for one that can't be used."""
    every = list(expressions)
    filters: list[tuple[int, re2.Filter]] = []
    for start in range(0, len(every), AT_ONCE):
        filters += _filters(start, every[start : start + AT_ONCE])
    return _Filters(filters)


class _Filters:
    """The filters, each with the number of its first expression."""

    def __init__(self, filters: Sequence[tuple[int, re2.Filter]]) -> None:
        self._filters = tuple(filters)

    def found_in(self, name: str) -> list[int]:
        """Return the numbers of the expressions that are found in a name, ascending."""
        return [start + number for start, one in self._filters for number in sorted(one.Match(name) or ())]


def _filters(start: int, expressions: list[str]) -> list[tuple[int, re2.Filter]]:
    """Return filters of some expressions: one, or where they don't fit in one, several."""
    made = re2.Filter()
    for expression in expressions:
        _add(made, expression)
    try:
        made.Compile()
    except re2.error as error:
        if len(expressions) == 1:
            raise ValueError(f"{expressions[0][:SHOWN]!r} takes too much memory") from error
        middle = len(expressions) // 2
        return _filters(start, expressions[:middle]) + _filters(start + middle, expressions[middle:])
    return [(start, made)]


def _add(made: re2.Filter, expression: str) -> None:
    try:
        made.Add(expression, _options())
    except re2.error as error:
        raise ValueError(f"{expression[:SHOWN]!r}: {_fault(expression)}") from error


def _fault(expression: str) -> str:
    """Return what RE2 says of an expression that it doesn't take."""
    try:
        re2.compile(expression, _options())
    except re2.error as error:
        said = error.args[0]
        return str(said, "utf-8", "replace")[:SHOWN] if isinstance(said, bytes) else str(said)[:SHOWN]
    return "can't be used"


@cache
def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.never_capture = True
    options.max_mem = MAX_OCTETS
    return options
