"""Files of lists for tests: a few lines, or thousands of names, built as the steward builds them."""

from collections.abc import Iterable
from pathlib import Path

from appliance.core.lists.build import Known, Source, build
from appliance.core.lists.listset import ListSet
from appliance.core.lists.rule import Syntax
from appliance.household.lists import set_file
from appliance.world.listfile import publish_set
from appliance.world.patterns import compile_patterns

LIST = "ads"


def built(*lines: str, list_id: str = LIST, syntax: Syntax = Syntax.AUTO) -> bytes:
    """Return the file of one list that blocks."""
    source = Source(id=list_id, lines=lines, syntax=syntax, redirects=True)
    return build([source], Known(), compile_patterns).octets


def list_set(*lines: str, list_id: str = LIST) -> ListSet:
    """Return the lists of such a file."""
    return ListSet(built(*lines, list_id=list_id), compile_patterns)


def publish(data: Path, *lines: str) -> str:
    """Put such a file into a data folder, and return its digest."""
    return publish_set(set_file(data), built(*lines))


def many(number: int, word: str = "name") -> Iterable[str]:
    """Return so many lines of a hosts file."""
    return [f"0.0.0.0 {word}{serial}.example" for serial in range(number)]
