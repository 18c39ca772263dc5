"""appliance.household.labels: what is asked of the classifier, whom it matters to, and what goes on without it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from appliance.core import policy
from appliance.core.guesses import Label, moved
from appliance.core.house import Classifier, House
from appliance.core.person import Do, Mode, Person, PersonKind, Rule
from appliance.core.policy import Policy
from appliance.core.verdict import Action, Reason, Step
from appliance.household import labels
from appliance.household.labels import MAX_NAMES, Labels, Looks, Standing, Told
from appliance.world import clock, rules
from tests.commands.cli import fake_daemon
from tests.guessing import BETS, CARD, DATES, SURELY, Fake, classifying
from tests.web.conftest import AT

BOOK = rules.load_rulebook()
NAMES = rules.bundled_set(BOOK)
MIA = Person(id="mia", name="Mia", band="6-9")
OPEN_NAME = "knitting-circle.example"


def compiled(*persons: Person, **said: object) -> Policy:
    """Return the policy of a house."""
    house = House(persons=persons or (MIA,), **said)  # type: ignore[arg-type]
    return policy.compile(house, BOOK, (NAMES,), clock.zone("Europe/Berlin"))


def asking(data: Path, **steps: int) -> Labels:
    """Return what asks, with the thresholds of the test's card."""
    return Labels(data, moved(CARD.by_category, steps), ask_s=5.0)


def test_a_name_that_looks_risky_is_asked_about(tmp_path: Path) -> None:
    """By step 11, with what it looks like and how likely; another name is open."""
    of = compiled()
    with classifying(tmp_path) as fake:
        ask = asking(tmp_path)
        verdict = ask.decide(of, of.by_person["mia"], BETS, AT)
        assert (verdict.action, verdict.step) == (Action.ASK, Step.CLASSIFIER)
        assert verdict.reason == Reason.of("classifier", category="gambling", score="0.97")
        for name in (OPEN_NAME, "bet-perhaps.example"):
            assert ask.decide(of, of.by_person["mia"], name, AT).step is Step.DEFAULT
    assert fake.names == [BETS, OPEN_NAME, "bet-perhaps.example"]
    assert not ask.is_silent


def test_answers_of_the_family_move_how_sure_it_must_be(tmp_path: Path) -> None:
    """As the nameserver has it."""
    of = compiled()
    with classifying(tmp_path, Fake({BETS: ("gambling", 0.92)})):
        assert asking(tmp_path).decide(of, of.by_person["mia"], BETS, AT).step is Step.CLASSIFIER
        assert asking(tmp_path, gambling=2).decide(of, of.by_person["mia"], BETS, AT).step is Step.DEFAULT


@pytest.mark.parametrize(
    ("person", "name"),
    [
        (MIA, "wikipedia.org"),
        (MIA, "stake.com"),
        (MIA, "localname"),
        (replace(MIA, rules=(Rule(name=BETS, do=Do.ALLOW),)), BETS),
        (replace(MIA, unknown_names=Mode.ASK), BETS),
        (replace(MIA, risky_names=False), BETS),
        (replace(MIA, band="13-15"), BETS),
        (replace(MIA, band="16-17", risky_names=True), BETS),
        (replace(MIA, band="0-5"), BETS),
        (Person(id="mia", name="Dana", kind=PersonKind.ADULT), BETS),
    ],
)
def test_nobody_asks_where_it_does_not_matter(tmp_path: Path, person: Person, name: str) -> None:
    """Of what is known, of persons who need not ask, where another step has an answer: as without it."""
    of = compiled(person)
    with classifying(tmp_path) as fake:
        verdict = asking(tmp_path).decide(of, of.by_person["mia"], name, AT)
    assert fake.asked == []
    assert verdict == policy.decide(of, of.by_person["mia"], name, None, AT)


@pytest.mark.parametrize("answer", [None, {"bus": 1, "error": "no"}, {"bus": 1, "guesses": [[["x", "y"]]]},
                                    {"bus": 1, "guesses": []}, {"bus": 1}])  # fmt: skip
def test_without_an_answer_all_goes_on(tmp_path: Path, answer: dict[str, object] | None) -> None:
    """As if nobody had guessed; and nobody waits for it a second time."""
    of = compiled()
    asked: list[object] = []

    def reply(request: dict[str, object]) -> object:
        asked.append(request)
        return answer

    ask = asking(tmp_path)
    if answer is None:
        verdict = ask.decide(of, of.by_person["mia"], BETS, AT)
    else:
        with fake_daemon(tmp_path, reply, labels.NAME):
            verdict = ask.decide(of, of.by_person["mia"], BETS, AT)
            assert ask.looks(BETS, "gambling") is None
            assert ask.label(of.by_person["mia"], DATES) is None
        assert len(asked) == 1
    assert verdict.step is Step.DEFAULT
    assert ask.is_silent


def test_several_are_asked_about_at_once_and_once(tmp_path: Path) -> None:
    """In one request, and no more than fit; what is known is not asked again."""
    mia = compiled().by_person["mia"]
    with classifying(tmp_path) as fake:
        ask = asking(tmp_path)
        ask.learn([BETS, DATES, BETS])
        assert (ask.label(mia, BETS), ask.label(mia, DATES)) == (Label("gambling", SURELY), Label("dating", 0.93))
        ask.learn([])
        assert [one["names"] for one in fake.asked] == [[BETS, DATES]]
        ask.learn(f"s{number}.example" for number in range(MAX_NAMES + 5))
        assert len(fake.asked[-1]["names"]) == MAX_NAMES
        assert ask.label(mia, "s1.example") is None


def test_why_it_looks_so(tmp_path: Path) -> None:
    """In words, by the parts of the name, with a probability."""
    with classifying(tmp_path):
        assert asking(tmp_path).looks(BETS, "gambling") == Looks("gambling", SURELY, ("casino", "bet", ".example"))


@pytest.mark.parametrize(
    ("house", "found", "wrong", "expected"),
    [
        (House(persons=(MIA,)), Told("1"), "", (Standing.WORKS, "")),
        (House(persons=(MIA,), classifier=Classifier(on=False)), Told("1"), "", (Standing.OFF, "")),
        (House(persons=(replace(MIA, band="16-17"),)), None, "", (Standing.NOT_NEEDED, "")),
        (House(), None, "no card", (Standing.NOT_NEEDED, "")),
        (House(persons=(MIA,)), Told(None, "its checksum is wrong"), "", (Standing.DAMAGED, "its checksum is wrong")),
        (House(persons=(MIA,)), None, "no card", (Standing.DAMAGED, "no card")),
        (House(persons=(MIA,)), None, "", (Standing.SILENT, "")),
    ],
)
def test_how_it_stands(house: House, found: Told | None, wrong: str, expected: tuple[Standing, str]) -> None:
    """Off and not needed before all else; then what is wrong with it."""
    assert labels.standing(house, found, wrong) == expected


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    """Its version and what is wrong with it; nothing where it doesn't run."""
    assert labels.told(tmp_path) is None
    with classifying(tmp_path, Fake(problem="it is gone")):
        assert labels.told(tmp_path) == Told("test-1", "it is gone")
