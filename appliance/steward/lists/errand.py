"""One list brought from where it comes from, as a file that doesn't count yet."""

from dataclasses import dataclass
from dataclasses import replace as with_
from math import inf
from pathlib import Path

from appliance.core.subscription import Subscription
from appliance.household.lists import Status, source_file
from appliance.steward.lists import shelf
from appliance.steward.lists.fetch import Manner, Marks, Progress, fetch
from appliance.steward.lists.halt import Halt
from appliance.steward.lists.intake import Taken
from appliance.steward.lists.limits import NotTaken
from appliance.steward.lists.local import SCHEME, take_file
from appliance.world import clock

SAY_S = 0.5
"""How often it is told how far it has come."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What was brought: where it lies, how long it is, and by what its sender knows it again."""

    path: Path
    taken: Taken
    marks: Marks


def bring(
    data: Path, config: Path | None, one: Subscription, before: Status, manner: Manner, halt: Halt
) -> Brought | None:
    """Return what a list is now, None if it is what lies here already. Raises NotTaken, Halted."""
    url = one.url
    if url is None:
        raise NotTaken("This list was copied in: there is nowhere to fetch it from.")
    is_known = before.source == url and source_file(data, one.id).exists()
    known = Marks(before.etag, before.last_modified) if is_known else Marks()
    telling = with_(manner, progress=_seldom(manner.progress))
    with shelf.draft(data, one.id) as drawn:
        if url.startswith(SCHEME):
            found = take_file(config, url, known.etag, drawn.file, manner.limits)
            got = None if found is None else (found[0], Marks(etag=found[1]))
        else:
            got = fetch(url, known, drawn.file, telling, halt)
        if got is None or (is_known and got[0].digest == before.digest):
            return None
        drawn.is_kept = True
    return Brought(drawn.path, *got)


def _seldom(progress: Progress) -> Progress:
    """Return what tells how far it is at most every so often."""
    said_at = -inf

    def say(octets: int, of: int | None) -> None:
        nonlocal said_at
        if clock.uptime() - said_at >= SAY_S:
            said_at = clock.uptime()
            progress(octets, of)

    return say
