"""The file of all lists made of what lies here and what has come, and what comes of each list by that."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import msgspec
from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.lists.listset import ListSetError
from appliance.core.subscription import ListKind, Subscription
from appliance.household.lists import Phase, Standing, Status, load_standing, set_file, source_file
from appliance.steward.lists import shelf, workshop
from appliance.steward.lists.halt import Halt
from appliance.steward.lists.job import Done, Job, Part
from appliance.world import clock
from appliance.world.listfile import digest_of


@dataclass(frozen=True, slots=True)
class Fresh:
    """A list that has come: where it lies, and how it stands if it can be taken and if it can't."""

    path: Path
    good: Status
    bad: Status


def is_made(data: Path, house: House) -> bool:
    """Say whether the file of all lists is made of what the house has and what lies here."""
    standing = load_standing(data)
    if not any(one.on for one in house.lists):
        return standing.digest == "" and _digest(data) == ""
    return standing.recipe == _recipe(data, house) and standing.digest == _digest(data)


def make(data: Path, house: House, fresh: Mapping[str, Fresh], halt: Halt) -> Standing:
    """Make the file of all lists, and return how they stand then.

    What has come takes the place of what lay here only where it can be taken. Raises NotTaken where nothing was made,
    Halted, OSError; then all is as it was, and what has come still lies where it did.
    """
    with shelf.building(data, halt):
        if not fresh and is_made(data, house):
            return load_standing(data)
        parts = tuple(part for one in house.lists if one.on and (part := _part(data, one, fresh.get(one.id))).paths)
        done = workshop.build(Job(parts, str(set_file(data))), halt) if parts else _none(data)
        for id_, one in fresh.items():
            if done.used.get(id_) == str(one.path):
                one.path.replace(source_file(data, id_))
            else:
                one.path.unlink(missing_ok=True)
        return shelf.change(data, lambda old: _noted(data, house, old, fresh, parts, done))


def text_octets(packed: Path) -> int:
    """Return how long a list is that is packed with gzip, as the file says itself. Raises OSError."""
    with packed.open("rb") as file:
        file.seek(-4, 2)
        return int(struct.unpack("<I", file.read(4))[0])


def _part(data: Path, one: Subscription, fresh: Fresh | None) -> Part:
    kept = source_file(data, one.id)
    return Part(
        id=one.id,
        paths=(*((str(fresh.path),) if fresh else ()), *((str(kept),) if kept.exists() else ())),
        is_allow=one.kind is ListKind.ALLOW,
        syntax=one.syntax,
        subdomains=one.category is not None if one.subdomains is None else one.subdomains,
        redirects=one.redirects,
        wide=one.wide,
    )


def _none(data: Path) -> Done:
    set_file(data).unlink(missing_ok=True)
    return Done()


def _noted(
    data: Path, house: House, old: Standing, fresh: Mapping[str, Fresh], parts: tuple[Part, ...], done: Done
) -> Standing:
    """Return how all lists stand after a build."""
    lists = dict(old.lists)
    for part in parts:
        now = lists.get(part.id, Status())
        came = fresh.get(part.id)
        used = done.used.get(part.id)
        if came is not None:
            now = came.good if used == str(came.path) else replace(came.bad, problem=done.refused.get(part.id, ""))
        if used is not None:
            now = replace(now, phase=Phase.READY, report=done.reports.get(part.id))
        else:
            # What lies here is of no use: it is fetched anew, whatever the sender says of it.
            why = done.refused.get(part.id, "")
            now = replace(
                now, phase=Phase.WAITING, report=None, problem=why, source="", etag="", last_modified="", digest=""
            )
        lists[part.id] = now
    return replace(old, lists=lists, digest=done.digest, built_at=clock.now(), problem="", recipe=_recipe(data, house))


def _recipe(data: Path, house: House) -> str:
    """Return what changes with all that the file of all lists is made of."""
    parts = [_part(data, one, None) for one in house.lists if one.on]
    marks = [[_mark(Path(path)) for path in part.paths] for part in parts]
    return sha256(msgspec.json.encode([version("kindgate"), parts, marks])).hexdigest()[:16]


def _mark(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _digest(data: Path) -> str | None:
    """Return the digest of the file of all lists; None for one that can't be used, which no standing has."""
    try:
        return digest_of(set_file(data))
    except (ListSetError, OSError):
        return None
