"""A name looked for in all lists of the house: which ones speak of it, by which line, and what that would do."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from appliance.core.lists.rule import Hit, Rule
from appliance.core.subscription import ListKind, Subscription
from appliance.household.lists import lines_of
from appliance.web import ladder, list_look
from appliance.web.box import Box, box
from appliance.web.gate import Who, open_to
from appliance.web.ladder import Mark, NoName
from appliance.wording import Names

pages = Blueprint("list_find", __name__)

MAX_LINES = 40
"""So many lines of one name are shown."""
_CLOSES = Mark("stop", "slash-circle", "Closes")
_OPENS = Mark("free", "check-circle", "Opens")
_COUNTS = Mark("ask", "tag", "Sorts in")
_SPARES = Mark("free", "tag", "Leaves out")
_ANSWERS = Mark("school", "signpost-split", "Leads elsewhere")
_TAKES_BACK = Mark("free", "arrow-counterclockwise", "Takes back")


@dataclass(frozen=True, slots=True)
class Said:
    """A line of a list about a name."""

    told: Subscription
    line: int
    text: str | None
    """As it stands in the list; None where it is not kept here any more."""
    mark: Mark
    words: str
    only: str
    """What else the line asks for, empty for nothing."""


@pages.get("/lists/find")
@open_to(Who.CAREGIVER)
def find() -> ResponseReturnValue:
    """Show the form, and with a name what lists say of it."""
    typed = request.args.get("name", "")
    name, wrong = "", ""
    if typed.strip():
        try:
            name = _asked(typed)
        except NoName as error:
            wrong = str(error)
    elif "name" in request.args:
        wrong = "Type the name of a site, like example.com."
    of = box()
    found = said_of(of, name) if name else []
    shown = render_template(
        "lists/find.html",
        typed=typed,
        name=name,
        wrong=wrong,
        found=found[:MAX_LINES],
        more=max(0, len(found) - MAX_LINES),
        is_protected=bool(found) and of.policy().is_protected(name),
        is_name=bool(name) and not _is_address(name),
        persons=[one for one in of.house().persons if one.band],
        silent=_silent(of),
    )
    return shown, 422 if wrong else 200


def said_of(of: Box, name: str) -> list[Said]:
    """Return every line about a name in normal form (or an address), in the order of the house's lists."""
    lists = of.lists()
    house = of.house()
    names = Names.of(of.book, house)
    told = {one.id: one for one in house.lists if one.on}
    hits = lists.find(name) if lists is not None else ()
    places = {id_: place for place, id_ in enumerate(told)}
    known = sorted((hit for hit in hits if hit.list in told), key=lambda hit: (places[hit.list], hit.line))
    shown = known[:MAX_LINES]
    texts = {
        id_: lines_of(of.data, id_, {hit.line for hit in shown if hit.list == id_})
        for id_ in {hit.list for hit in shown}
    }
    return [_said(of, told[hit.list], hit, names, texts.get(hit.list, {}).get(hit.line)) for hit in known]


def _said(of: Box, told: Subscription, hit: Hit, names: Names, text: str | None) -> Said:
    mark = _mark(told, hit)
    kind = names.categories.get(told.category, told.category) if told.category else ""
    house = of.house()
    whom = list_look.whom(told, house)
    match mark:
        case _ if mark in (_COUNTS, _SPARES):
            words = f"{'Counts' if mark is _COUNTS else 'Does not count'} as “{kind}”, {whom}"
        case _ if mark is _ANSWERS:
            words = f"Answers with another address or name {whom}"
        case _ if mark is _TAKES_BACK:
            words = f"Takes back what another line would answer {whom}"
        case _:
            words = f"{mark.word} it {whom}"
    return Said(told, hit.line, text, mark, words, ", ".join(_conditions(hit.rule)) if hit.rule else "")


def _mark(told: Subscription, hit: Hit) -> Mark:
    is_allow = hit.is_allow or told.kind is ListKind.ALLOW
    if told.category is not None:
        return _SPARES if is_allow else _COUNTS
    if hit.rule is not None and (hit.rule.rewrites or hit.rule.is_rewrite):
        return _TAKES_BACK if is_allow else _ANSWERS
    return _OPENS if is_allow else _CLOSES


def _conditions(rule: Rule) -> Iterator[str]:
    """Yield what else a rule asks for."""
    if rule.qtypes or rule.not_qtypes:
        yield "only for some types of question"
    if rule.clients or rule.not_clients:
        yield "only for some devices"
    if rule.tags or rule.not_tags:
        yield "only for some kinds of devices or people"
    if rule.spared:
        yield "with exceptions"


def _silent(of: Box) -> list[str]:
    """Return the names of lists that are not looked through: off, or not here yet."""
    lists = of.lists()
    there = lists.ids if lists is not None else ()
    return [one.name for one in of.house().lists if not one.on or one.id not in there]


def _asked(typed: str) -> str:
    """Return the name, or the address that answers may hold, in what was typed. Raises NoName."""
    return str(ip_address(typed.strip())) if _is_address(typed.strip()) else ladder.asked_name(typed)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
