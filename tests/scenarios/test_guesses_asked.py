"""A name that looks risky, from the child's tap to the caregiver's answer, with the model that comes with the box."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.household.labels import NAME
from appliance.world import bus
from tests.commands.cli import kindgate
from tests.fakes import REAL, fake_upstream
from tests.running import until
from tests.scenarios.day import AT, BACK_S, Box, lived_in

ZERO, OPEN = ["0.0.0.0"], [REAL]
SITE, OTHER = "mega-casino-jackpot-slots.bet", "online-poker-casino-bonus.bet"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """The house, with a classifier that has its model."""

    def is_up() -> bool:
        with contextlib.suppress(bus.BusError):
            return bus.ask(tmp_path / "data", NAME, {"ask": "status"}).get("version") is not None
        return False

    with fake_upstream() as upstream, lived_in(tmp_path / "data", upstream.endpoint) as made:
        until(is_up, BACK_S, "the classifier is up")
        yield made
        assert "casino" not in made.up.log.read_text()


def asked(box: Box, name: str) -> str:
    """Have the ten-year-old try a name and ask for it; return the words of the page from which that was done."""
    until(lambda: box.ask("tween", name) == ZERO, BACK_S, "it is to be asked about")
    child = box.browser(AT["tween"])
    until(lambda: f'value="{name}"' in child.get("/me").text, BACK_S, "the page has it")
    before = child.get("/me").words
    sent = child.send("/me/request", what=name)
    assert (sent.status, sent.where) == (303, "/me")
    return before


def answered(box: Box, answer: str) -> str:
    """Have the owner answer what waits; return the words of the page from which that was done."""
    owner = box.owner()
    page = owner.get("/requests")
    (number,) = set(re.findall(r'action="/requests/(\d+)"', page.text))
    assert owner.send(f"/requests/{number}", answer=answer).status == 303
    return page.words


def test_a_yes_opens_it_and_the_box_asks_less(box: Box) -> None:
    """The child and the caregiver read why; the yes is a rule of that child, and one step of the house."""
    said = asked(box, SITE)
    assert re.search(r"It looks like gambling: .*“casino”.* We may be wrong: you can ask\.", said)
    page = answered(box, "always")
    assert re.search(r"New, and it looks like gambling: .* sure \(\d\d %\), and may be wrong\.", page)
    until(lambda: box.ask("tween", SITE) == OPEN, BACK_S, "it is open")
    assert box.ask("tween", f"www.{SITE}") == OPEN
    until(lambda: box.ask("kid", SITE) == ZERO, BACK_S, "for another child it is asked about")
    page = box.owner().get("/house/new-sites").words
    assert "Asks less: 1 of 4 steps" in page
    assert " Works " in page
    assert SITE in box.browser(AT["tween"]).get("/me").words


def test_a_no_keeps_it_closed_and_the_box_asks_more(box: Box) -> None:
    """Until the rule is taken away: then it is asked about as before."""
    asked(box, OTHER)
    answered(box, "no")
    until(lambda: explained(box, OTHER)["step"] == "own", BACK_S, "the rule holds")
    owner = box.owner()
    assert "Asks more: 1 of 4 steps" in owner.get("/house/new-sites").words
    assert owner.send("/child/tween/rules/remove", name=OTHER).status == 303
    assert "Nothing yet" in owner.get("/house/new-sites").words
    told = explained(box, OTHER)
    assert (told["step"], told["action"]) == ("classifier", "ask")
    assert "“casino”" in owner.get(f"/why?name={OTHER}&child=tween").words


def explained(box: Box, name: str) -> dict[str, str]:
    """Return what `kindgate explain` says of a name for the ten-year-old."""
    told: dict[str, str] = json.loads(kindgate("explain", name, "--person", "tween", "--json", data=box.data).stdout)
    return told
