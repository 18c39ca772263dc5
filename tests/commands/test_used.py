"""Minutes that are told on the command line: of a thing that exists, as a whole number, each once."""

from datetime import date

import pytest

from appliance.commands import used
from appliance.commands.options import Fault
from appliance.core.budget import Minutes, Used
from appliance.core.house import House, OwnService
from tests.core.builders import RULES

HOUSE = House(
    services=(
        OwnService(id="chess", name="Chess", domains=("chess.example",)),
        OwnService(id="forum", name="Our forum", domains=("forum.example",)),
        OwnService(id="talk", name="Our talk", domains=("talk.example",)),
    )
)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("everything=0", {"everything": 0}),
        ("tube=20", {"service:tube": 20}),
        ("Tube=20", {"service:tube": 20}),
        ("service:tube=20", {"service:tube": 20}),
        ("chess=20", {"service:chess": 20}),
        ("video=5", {"group:video": 5}),
        ("group:talk=5", {"group:talk": 5}),
        ("browser_games=10080", {"category:browser_games": 10080}),
        ("category:forum=7", {"category:forum": 7}),
    ],
)
def test_a_thing_is_read_by_its_word_or_its_id(word: str, expected: dict[str, int]) -> None:
    """Services of the rules and of the house, groups and categories."""
    assert used.read([word], HOUSE, RULES) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tube"], "'tube' is not a thing and its minutes (youtube=20, everything=45)"),
        (["tube="], "'tube=' is not a thing and its minutes (youtube=20, everything=45)"),
        (["tube=-1"], "'tube=-1' is not a thing and its minutes (youtube=20, everything=45)"),
        (["tube=1.5"], "'tube=1.5' is not a thing and its minutes (youtube=20, everything=45)"),
        (["tube=²"], "'tube=²' is not a thing and its minutes (youtube=20, everything=45)"),
        (["tube=10081"], "'tube=10081' is not a thing and its minutes (youtube=20, everything=45)"),
        (["=5"], "there is no service, group or category ''"),
        (["radio=5"], "there is no service, group or category 'radio'"),
        (["service:video=5"], "there is no service 'video'"),
        (["group:tube=5"], "there is no group 'tube'"),
        (["category:tube=5"], "there is no category 'tube'"),
        (["talk=5"], "'talk' may be service:talk or group:talk: write one of them"),
        (["forum=5"], "'forum' may be service:forum or category:forum: write one of them"),
        (["tube=5", "service:tube=6"], "the minutes of service:tube are told twice"),
    ],
)
def test_what_can_not_be_read_is_told(words: list[str], expected: str) -> None:
    """In a sentence."""
    with pytest.raises(Fault) as caught:
        used.read(words, HOUSE, RULES)
    assert caught.value.message == expected


def test_told_minutes_are_counted_up_to_the_minute() -> None:
    """Of the day, and so of its week."""
    day = date(2026, 3, 4)
    assert used.minutes_of("kim", {"everything": 45}, 179.5, day) == Minutes(
        120.0, day, {"kim": {"everything": Used(45, 45)}}
    )
