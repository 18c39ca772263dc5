"""What changed between two houses, as small as it can be told, and whom it concerns."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from appliance.core.house import House

Part = dict[str, Any]
"""A part of a house, as JSON: persons, devices, forwarders, own services and lists stand under their ids."""

_KEYED = ("persons", "devices", "forwarders", "services", "lists")
_TIMED = ("pauses", "grants", "lifted")
_CLASSIFIER = "classifier"


class Difference(msgspec.Struct, frozen=True):
    """What was there before and isn't now, what is there now and wasn't, and whom that concerns.

    Of a list only the items that went or came stand there; where just their order changed, both whole lists.
    """

    before: Part
    after: Part
    persons: tuple[str, ...]
    is_whole_house: bool
    """It concerns everybody: a pause of the house, a lifted name, its time zone, what unknown devices get."""


def difference(before: House, after: House) -> Difference:
    """Return what a change changed."""
    old, new = _keyed(before), _keyed(after)
    was, is_ = _changed(old, new)
    concerned = set(was.get("persons", {})) | set(is_.get("persons", {}))
    is_whole_house = bool((was.keys() | is_.keys()) - {"persons", "devices", "lists", *_TIMED})
    for house, part in ((old, was), (new, is_)):
        owners = {id_: device.get("person") for id_, device in house.get("devices", {}).items()}
        touched = was.get("devices", {}).keys() | is_.get("devices", {}).keys()
        concerned |= {owners.get(id_) for id_ in touched}
        for item in (item for field in _TIMED for item in part.get(field, ())):
            concerned.add(item.get("person") or owners.get(item.get("device")))
            is_whole_house |= "person" not in item and "device" not in item
        touched = was.get("lists", {}).keys() | is_.get("lists", {}).keys()
        for whom in (one.get("persons", ()) for id_, one in house.get("lists", {}).items() if id_ in touched):
            concerned |= set(whom)
            is_whole_house |= not whom
    return Difference(was, is_, tuple(sorted(concerned - {None})), is_whole_house)


def without(part: Part, person: str) -> Part:
    """Return a part with nothing in it of one person."""
    kept = dict(part)
    if "persons" in kept:
        kept["persons"] = {id_: told for id_, told in kept["persons"].items() if id_ != person}
    if "devices" in kept:
        kept["devices"] = {id_: told for id_, told in kept["devices"].items() if told.get("person") != person}
    if "lists" in kept:
        told_of = ((id_, told, told.get("persons", ())) for id_, told in kept["lists"].items())
        kept["lists"] = {
            id_: told | {"persons": [one for one in whom if one != person]} if person in whom else told
            for id_, told, whom in told_of
            if whom != [person]
        }
    for field in _TIMED:
        if field in kept:
            kept[field] = [item for item in kept[field] if item.get("person") != person]
    return {key: value for key, value in kept.items() if value or value == part[key]}


def nameless(found: Difference, request: int | None = None) -> Difference:
    """Return a difference that repeats no name which a child may have asked for.

    Of passes that ended their names are left out; with a `request` that it answers it points to that instead of what
    was opened, and what the answer taught the classifier, which is of no child, is left out.
    """
    before, after = dict(found.before), dict(found.after)
    if "grants" in before:
        before["grants"] = [{key: one[key] for key in one if key != "name"} for one in before["grants"]]
    if request is not None:
        if "grants" in after:
            after["grants"] = [_pointing(one, request) for one in after["grants"]]
        if "persons" in after:
            after["persons"] = {id_: _of_rules(told, request) for id_, told in after["persons"].items()}
        if "persons" in before:
            before["persons"] = {id_: _of_rules(told, request) for id_, told in before["persons"].items()}
        lessons = [part.pop(_CLASSIFIER, None) for part in (before, after)]
        is_whole_house = found.is_whole_house and (lessons == [None, None] or not found.persons)
        return msgspec.structs.replace(found, before=before, after=after, is_whole_house=is_whole_house)
    return msgspec.structs.replace(found, before=before, after=after)


def _of_rules(told: Mapping[str, Any], request: int) -> dict[str, Any]:
    rules = told.get("rules")
    return {**told, "rules": [_pointing(one, request) for one in rules]} if isinstance(rules, list) else dict(told)


def _pointing(one: Mapping[str, Any], request: int) -> dict[str, Any]:
    kept = {key: value for key, value in one.items() if key not in ("name", "service", "group", "category")}
    return {**kept, "request": request}


def _keyed(house: House) -> Part:
    """Return a house as JSON with what has an id under it."""
    # By way of the text, so that what is compared is what is stored.
    plain: Part = msgspec.json.decode(msgspec.json.encode(house))
    for field in _KEYED:
        if field in plain:
            plain[field] = {thing.pop("id"): thing for thing in plain[field]}
    return plain


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Part, Part]:
    before: Part = {}
    after: Part = {}
    for key in [*old, *(key for key in new if key not in old)]:
        one, two = old.get(key), new.get(key)
        if one == two:
            continue
        if isinstance(one, dict) and isinstance(two, dict):
            one, two = _changed(one, two)
        elif isinstance(one, list) and isinstance(two, list):
            one, two = _moved(one, two)
        if key in old:
            before[key] = one
        if key in new:
            after[key] = two
    return before, after


def _moved(old: list[Any], new: list[Any]) -> tuple[list[Any], list[Any]]:
    gone, come = _less(old, new), _less(new, old)
    return (gone, come) if gone or come else (old, new)


def _less(items: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    """Return the items that others lack, each as often as they lack it."""
    left = list(others)
    found = []
    for item in items:
        if item in left:
            left.remove(item)
        else:
            found.append(item)
    return found
