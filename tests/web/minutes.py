"""Minutes that a steward counted, for the pages of these tests."""

from datetime import date

from msgspec.structs import replace

from appliance.core.budget import Budget, Minutes, Used
from appliance.core.house import House
from appliance.core.schedule import Window
from appliance.core.verdict import Reason
from appliance.web.box import Box
from appliance.world.state import State, publish_state
from tests.web.conftest import AT, OWNER

DAY = date(2026, 3, 4)
NEW_DAY = 1_772_677_800.0
"""When the next day of the budgets begins: Thursday, 5 March 2026, 03:30 in Berlin."""
EARLY = Window(name="Early hours", start="05:00", end="07:00")


def used(box: Box, person: str = "mia", day: date = DAY, **minutes: int) -> None:
    """Have the steward count minutes of a person: of everything, or of ``service_youtube``."""
    told = {what.replace("_", ":", 1): Used(number, number) for what, number in minutes.items()}
    publish_state(box.data, State(at=AT, minutes=Minutes(AT, day, {person: told})))


def has(box: Box, *budgets: Budget, person: str = "mia", **more: object) -> None:
    """Give a person these budgets, and what else is said of it."""

    def changed(house: House) -> House:
        persons = (replace(one, budgets=budgets, **more) if one.id == person else one for one in house.persons)
        return replace(house, persons=tuple(persons))

    box.change(OWNER, Reason("house_set"), changed)
