"""The form of a budget: minutes for everything or for one thing, a day, on some days, a week."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, IntegerField, RadioField, SelectChoice, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional, ValidationError

from appliance.core.budget import MAX_MINUTES, Budget
from appliance.core.person import Person
from appliance.core.rulebook import BYPASS, UNCLASSIFIED
from appliance.core.said import CATEGORY, EVERYTHING, GROUP, SERVICE
from appliance.core.schedule import DAY_MINUTES, Day
from appliance.core.verdict import Letter
from appliance.web.box import Box
from appliance.web.left import EVERYTHING_WORDS

DAYS: Mapping[Day, str] = dict(zip(Day, ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"), strict=True))
PRESETS = ((30, "30 min"), (45, "45 min"), (60, "1 h"), (90, "1½ h"), (120, "2 h"), (180, "3 h"))
OTHER, NONE = "other", ""

Things = dict[str, list[tuple[str, str]]]
"""Heading → (thing as budgets write it, its name)."""


def _number(label: str, most: int) -> IntegerField:
    told = {"inputmode": "numeric", "min": 0, "max": most, "step": 5}
    in_range = NumberRange(0, most, message=f"From 0 to {most}.")
    return IntegerField(label, [Optional(), in_range], render_kw=told)


class BudgetForm(FlaskForm):  # type: ignore[misc]
    """Minutes for something."""

    what = SelectField("For what?", [InputRequired("Choose what the minutes are for.")])
    daily = RadioField(
        "How much a day?",
        choices=[
            *(SelectChoice(str(minutes), words) for minutes, words in PRESETS),
            SelectChoice(OTHER, "Other"),
            SelectChoice(NONE, "No daily limit"),
        ],
    )
    minutes = _number("Minutes a day", DAY_MINUTES)
    mon, tue, wed, thu, fri, sat, sun = (_number(day.value, DAY_MINUTES) for day in Day)
    week = _number("At most so many minutes a week", MAX_MINUTES)
    carry_over = _number("At most so many minutes go over to the next day", DAY_MINUTES)
    slow = BooleanField("When they are used up: slow in place of closed")

    def __init__(
        self, choices: Things, budget: Budget | None, *, what: str = EVERYTHING, taken: Collection[str] = ()
    ) -> None:
        super().__init__(data=_data(budget, what))
        self._taken = taken
        self.what.choices = {
            heading: [(value, text) for value, text in found if value not in taken]
            for heading, found in choices.items()
            if any(value not in taken for value, _ in found)
        }
        if not self.what.data:
            self.what.choices = {"": [("", "Choose …")], **self.what.choices}

    @property
    def days(self) -> list[tuple[str, Any]]:
        """Return the fields of the single days with their short names."""
        return [(DAYS[day], self[day.value]) for day in Day]

    def validate_daily(self, field: Field) -> None:
        """Want minutes of some kind."""
        if field.data == OTHER and self.minutes.data is None and not self.minutes.errors:
            raise ValidationError("How many minutes a day?")
        by_day = any(self[day.value].data is not None for day in Day)
        if field.data == NONE and self.week.data is None and not by_day:
            raise ValidationError("Set minutes for a day, for some days, or for a week.")

    def budget(self) -> Budget:
        """Return what was filled in."""
        chosen = self.daily.data
        minutes = self.minutes.data if chosen == OTHER else int(chosen) if chosen else None
        return Budget(
            what=self.what.data,
            minutes=minutes,
            days={day: self[day.value].data for day in Day if self[day.value].data is not None},
            week=self.week.data,
            carry_over=self.carry_over.data or 0,
            slow=bool(self.slow.data),
        )


def choices(of: Box, person: Person) -> Things:
    """Return what minutes may be set for."""
    return {"All": [(EVERYTHING, EVERYTHING_WORDS)], **things(of, person)}


def things(of: Box, person: Person, *, is_closed_too: bool = False) -> Things:
    """Return kinds of sites, groups and apps that one may choose for a child.

    None is among them that is closed hard or protected; kinds that are closed only where that is wanted.
    """
    letters = of.policy().by_person[person.id].letters
    kinds = [
        (f"{CATEGORY}{one.id}", one.name)
        for one in of.book.categories.values()
        if (letter := letters.get(one.id, Letter.A)) not in (Letter.H, Letter.P)
        and (is_closed_too or letter is not Letter.B)
        and not one.id.startswith(BYPASS)
        and one.id not in (UNCLASSIFIED, "trackers_ads")
    ]
    own = [(f"{SERVICE}{one.id}", one.name) for one in of.house().services]
    hard = {category for category, letter in letters.items() if letter is Letter.H}
    apps = [(f"{SERVICE}{id_}", one.name) for id_, one in of.book.services.items() if one.category not in hard]
    groups = [(f"{GROUP}{id_}", name) for id_, name in of.book.groups.items()]
    found = {"Groups of apps": groups, "Apps": [*own, *apps], "Kinds of sites": kinds}
    return {heading: _sorted(pairs) for heading, pairs in found.items() if pairs}


def _sorted(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: pair[1].casefold())


def _data(budget: Budget | None, what: str) -> dict[str, Any]:
    if budget is None:
        return {"what": what, "daily": "60"}
    known = {minutes for minutes, _ in PRESETS}
    daily = NONE if budget.minutes is None else str(budget.minutes) if budget.minutes in known else OTHER
    by_day = {day.value: minutes for day, minutes in budget.days.items()}
    return {
        "what": budget.what, "daily": daily, "minutes": budget.minutes, "week": budget.week,
        "carry_over": budget.carry_over or None, "slow": budget.slow, **by_day,
    }  # fmt: skip
