"""appliance.web.deeds: what may be done about a name fits what happens to it, and whom it happens to."""

import pytest
from flask import Flask

from appliance.core.device import Device
from appliance.core.person import Person
from appliance.core.verdict import Action, Lift, Reason, Step, Verdict
from appliance.web import deeds
from tests.web.conftest import DANA, MIA, TABLET

NAME = "new.example"


def texts(app: Flask, verdict: Verdict, person: Person | None = MIA, device: Device | None = None) -> list[str]:
    """Return what is offered, but for the way to all about the person."""
    with app.test_request_context():
        found = deeds.of(person, device, NAME, verdict, is_opened=False)
    return [one.text for one in found if not one.text.startswith("All about")]


def closed(step: Step, lift: Lift = Lift.ONE, action: Action = Action.BLOCK, **args: str) -> Verdict:
    """Return what a step closed."""
    return Verdict(action, step, Reason.of("x", **args), lift=lift)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (closed(Step.WORD), "Resume now"),
        (closed(Step.TIME), "Open for 15 min"),
        (closed(Step.OWN, name=NAME), "Remove the rule"),
        (closed(Step.CATEGORY, category="forum"), "Kinds of sites"),
        (closed(Step.CLASSIFIER, action=Action.ASK, category="gambling"), "Always allow"),
        (closed(Step.HARD, Lift.TWO, category="gambling"), "Lift it together"),
        (Verdict(Action.ALLOW, Step.DEFAULT, Reason("x")), "Block for Mia"),
    ],
)
def test_what_fits_is_offered(app: Flask, verdict: Verdict, expected: str) -> None:
    """By the step that decided."""
    assert expected in texts(app, verdict)


def test_nothing_is_done_about_help_lines_and_for_adults(app: Flask) -> None:
    """They are left as they are."""
    assert texts(app, Verdict(Action.ALLOW, Step.HELP, Reason("help"))) == []
    assert texts(app, closed(Step.LIST), DANA) == []


def test_whose_device_it_is_comes_first(app: Flask) -> None:
    """Of one that is nobody's, known or not."""
    assert texts(app, closed(Step.LIST), None) == ["Say whose it is"]
    assert texts(app, closed(Step.LIST), None, TABLET) == ["Say whose it is"]


def test_the_rule_of_a_form() -> None:
    """What it sends is what the page of rules takes."""
    assert deeds.rule(NAME, "allow", "hour") == {"name": NAME, "do": "allow", "end": "hour"}
    assert deeds.told_name(closed(Step.OWN, name=NAME)) == NAME
