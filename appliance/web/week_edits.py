"""What a caregiver does to a child's week: routines, other times on some dates, a copy of another week, the grace."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import TypeVar
from zlib import crc32

from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.person import Known, Person
from appliance.core.said import Things
from appliance.core.schedule import DateException, Window
from appliance.web import edits
from appliance.web.edits import EditError

T = TypeVar("T", Window, DateException)

TONIGHT = "Tonight"
"""What an exception is called that moves one bedtime."""
KEPT_DAYS = 7
"""So long an exception that is over stays in the house."""


class Changed(EditError):
    """This was changed in the meantime. Nothing was saved: look at it as it is now."""

    def __init__(self) -> None:
        super().__init__("somebody changed it in the meantime; look at it as it is now")


def key_of(thing: Window | DateException) -> str:
    """Return a word that stands for a routine or an exception as it is: when it changes, so does the word."""
    return _word(thing)


def key_of_week(*persons: Person) -> str:
    """Return a word that stands for all that a copy of a week would change or copy."""
    return _word([(one.windows, one.exceptions, one.budgets) for one in persons])


def with_window(house: House, person_id: str, old: Window | None, window: Window) -> House:
    """Put a routine in the place of another one, None: at the end. Raises NoSuchPerson, Changed.

    Exceptions that stop a routine by its name stop it by its new one.
    """

    def change(person: Person) -> Person:
        if old is None:
            return replace(person, windows=(*person.windows, window))
        windows = _replaced(person.windows, old, (window,))
        is_left = any(one.name == old.name for one in windows)
        come = {old.name: (old.name, window.name) if is_left else (window.name,)}
        return _tidy(replace(person, windows=windows, exceptions=_renamed(person.exceptions, come)))

    return edits.with_person(house, person_id, change)


def without_window(house: House, person_id: str, window: Window) -> House:
    """Take a routine away, and out of what exceptions stop. Raises NoSuchPerson, Changed."""

    def change(person: Person) -> Person:
        return _tidy(replace(person, windows=_replaced(person.windows, window, ())))

    return edits.with_person(house, person_id, change)


def with_exception(house: House, person_id: str, old: DateException | None, new: DateException, today: date) -> House:
    """Put an exception in the place of another one, None: at the end; those long over go. As `with_window` raises."""

    def change(person: Person) -> Person:
        exceptions = (*person.exceptions, new) if old is None else _replaced(person.exceptions, old, (new,))
        recent = (one for one in exceptions if one.last >= today - timedelta(days=KEPT_DAYS) or one is new)
        return _tidy(replace(person, exceptions=tuple(recent)))

    return edits.with_person(house, person_id, change)


def without_exception(house: House, person_id: str, exception: DateException) -> House:
    """Take an exception away: the week holds on its dates again. Raises NoSuchPerson, Changed."""

    def change(person: Person) -> Person:
        return _tidy(replace(person, exceptions=_replaced(person.exceptions, exception, ())))

    return edits.with_person(house, person_id, change)


def with_tonight(house: House, person_id: str, evening: date, exceptions: Iterable[DateException]) -> House:
    """Put these in the place of what was said about the bedtime of an evening. Raises NoSuchPerson."""
    wanted = tuple(exceptions)

    def change(person: Person) -> Person:
        kept = tuple(one for one in person.exceptions if not is_tonight(one, evening))
        return _tidy(replace(person, exceptions=(*kept, *wanted)))

    return edits.with_person(house, person_id, change)


def is_tonight(exception: DateException, evening: date) -> bool:
    """Say whether an exception moves the bedtime of an evening, be it to after midnight."""
    is_of_it = exception.first == evening or (
        exception.first == evening + timedelta(days=1) and not exception.instead_of
    )
    return exception.name == TONIGHT and exception.first == exception.last and is_of_it


def with_grace(house: House, person_id: str, minutes: int) -> House:
    """Let a child go on for some minutes once an evening when time is up. Raises NoSuchPerson."""
    return edits.with_person(house, person_id, lambda person: replace(person, grace_minutes=minutes))


def with_week(
    house: House, source_id: str, person_id: str, known: Known, seen: str, *, exceptions: bool, budgets: bool
) -> House:
    """Give a child the routines of another one in place of its own; exceptions and budgets too, if that is wanted.

    `seen` is `key_of_week` of both as the caregiver saw them. What can't be opened or closed at the child's age is
    left out. Raises NoSuchPerson, Changed.
    """
    source, person = edits.person_of(house, source_id), edits.person_of(house, person_id)
    if key_of_week(source, person) != seen:
        raise Changed
    windows = tuple(fitted(one, person.band, known) for one in source.windows)
    own = person.exceptions
    if exceptions:
        own = tuple(
            replace(one, windows=tuple(fitted(window, person.band, known) for window in one.windows))
            for one in source.exceptions
        )
    return edits.with_person(
        house,
        person_id,
        lambda person: _tidy(
            replace(person, windows=windows, exceptions=own, budgets=source.budgets if budgets else person.budgets)
        ),
    )


def fitted(window: Window, band: str | None, known: Known) -> Window:
    """Return a routine without what a child of a band can't have: hard things opened, protected ones closed."""

    def is_hard(category: str) -> bool:
        return (category, str(band)) in known.hard

    allow, block = window.allow, window.block
    return replace(
        window,
        allow=replace(
            allow,
            categories=tuple(one for one in allow.categories if not is_hard(one)),
            services=tuple(one for one in allow.services if not is_hard(known.services.get(one, ""))),
        ),
        block=_without(block, {category for category, of in known.protected if of == band}),
    )


def _without(things: Things, categories: Collection[str]) -> Things:
    return replace(things, categories=tuple(one for one in things.categories if one not in categories))


def _replaced(things: tuple[T, ...], old: T, new: tuple[T, ...]) -> tuple[T, ...]:
    if old not in things:
        raise Changed
    place = things.index(old)
    return things[:place] + new + things[place + 1 :]


def _renamed(exceptions: Iterable[DateException], come: Mapping[str, tuple[str, ...]]) -> tuple[DateException, ...]:
    """Return exceptions in which names of routines stand for others now."""

    def changed(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(new for name in names for new in come.get(name, (name,))))

    return tuple(
        one if one.instead_of is None else replace(one, instead_of=changed(one.instead_of)) for one in exceptions
    )


def _tidy(person: Person) -> Person:
    """Drop from exceptions names of routines that are not there any more, and exceptions that do nothing then."""
    there = {window.name for window in person.windows}
    kept: list[DateException] = []
    for one in person.exceptions:
        left = None if one.instead_of is None else tuple(name for name in one.instead_of if name in there)
        if left is None or left or one.windows:
            kept.append(replace(one, instead_of=left))
            there |= {window.name for window in one.windows}
    return replace(person, exceptions=tuple(kept))


def _word(value: object) -> str:
    # JSON leaves out what is as usual, but only where nobody said it: like things would have different words.
    return f"{crc32(repr(value).encode()):08x}"
