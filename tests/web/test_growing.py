"""Growing up: what opens, what stays, what is no longer seen and what is erased, and the move itself."""

from itertools import pairwise

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core import policy
from appliance.core.house import House
from appliance.core.person import BANDS, Do, Level, Person, Rule, Setting
from appliance.core.verdict import TERMS, Letter, Reason
from appliance.core.visibility import Role
from appliance.store.errors import Locked
from appliance.web import edits, growing, lift_edits
from appliance.web.box import Box
from appliance.world.rules import load_contract, load_rulebook
from tests.web.asking import last, send, told, words
from tests.web.conftest import CAREGIVER, OWNER

BOOK, CONTRACT = load_rulebook(), load_contract()
PLACE = "/child/mia/growing-up"
MOVES = list(pairwise(BANDS))


def mia(box: Box) -> Person:
    """Return Mia as she is in the house."""
    return edits.person_of(box.house(), "mia")


def given(box: Box, **said: object) -> None:
    """Give Mia something."""

    def mutate(house: House) -> House:
        return replace(house, persons=(replace(house.persons[0], **said), *house.persons[1:]))

    box.change("x", Reason("x"), mutate)


def names(step: growing.Step, kind: str) -> tuple[str, ...]:
    """Return the categories to which something happens."""
    return next((one.names for one in step.changes if one.title == growing.KINDS[kind][0]), ())


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Letter.B, Letter.A, growing.OPENS), (Letter.H, Letter.T, growing.OPENS), (Letter.K, Letter.T, growing.OPENS),
        (Letter.B, Letter.K, growing.ASKS), (Letter.H, Letter.B, growing.EASES), (Letter.A, Letter.K, growing.CLOSES),
        (Letter.A, Letter.T, growing.COUNTS), (Letter.T, Letter.A, growing.FREES), (Letter.S, Letter.A, growing.FREES),
        (Letter.A, Letter.P, None), (Letter.B, Letter.B, None), (Letter.ST, Letter.ST, None),
    ],
)  # fmt: skip
def test_what_becomes_of_a_kind_of_sites(before: Letter, after: Letter, expected: str | None) -> None:
    """By its letters before and after."""
    assert growing.kind_of(before, after) == expected


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_every_kind_that_changes_is_told_once(box: Box, before: str, after: str) -> None:
    """And none that doesn't."""
    given(box, band=before)
    step = growing.step_of(box, mia(box), after)
    told_ = [name for one in step.changes for name in one.names]
    old, new = BOOK.letters[before], BOOK.letters[after]
    differing = {
        one.name
        for one in BOOK.categories.values()
        if TERMS[old[one.id]].strictness is not TERMS[new[one.id]].strictness
    }
    assert len(set(told_)) == len(told_)
    assert differing <= set(told_)
    assert all(old[one.id] is not new[one.id] for one in BOOK.categories.values() if one.name in told_)


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_what_is_no_longer_seen_is_told_from_the_contract(before: str, after: str) -> None:
    """Caregivers never see more of an older child, and what is erased is named."""
    found = list(growing.seen(CONTRACT, before, after))
    expected = [
        field.id
        for field in CONTRACT.fields
        if field.bands is not None
        and CONTRACT.view(field.id, before, Role.CAREGIVER).granularity
        is not CONTRACT.view(field.id, after, Role.CAREGIVER).granularity
    ]
    assert len([one for one in found if one.before != one.after]) == len(expected)
    assert all(one.is_less for one in found if one.before != one.after)
    assert sum(one.is_erased for one in found) == len(CONTRACT.outgrown(before, after))


def test_what_is_set_by_hand_stays_and_changes_nothing(box: Box) -> None:
    """A kind that a caregiver closed doesn't open by growing up."""
    assert BOOK.categories["forum"].name in names(growing.step_of(box, mia(box), "10-12"), growing.ASKS)
    given(
        box, categories={"forum": Setting.BLOCK}, services={"youtube": Setting.ASK}, groups={"game": Setting.TIMED},
        safe_search={"bing": Level.BLOCK}, rules=(Rule(name="a.example", do=Do.BLOCK),),
    )  # fmt: skip
    step = growing.step_of(box, mia(box), "10-12")
    assert BOOK.categories["forum"].name not in names(step, growing.ASKS)
    assert step.stays == (
        (BOOK.categories["forum"].name, "closed"), ("YouTube", "ask first"),
        (f"All of {BOOK.groups['game']}", "open, counted"), ("Bing, safe mode", "closed"), ("Own rules", "1 site"),
    )  # fmt: skip
    assert step.ends == ()


def test_what_does_not_fit_ends(box: Box) -> None:
    """What two lifted, where one decides from then on."""
    given(box, band="10-12")
    at = box.now()
    box.change("x", Reason("x"), lambda house: lift_edits.lifted_alone(house, "mia", "gambling", OWNER, at, None))
    step = growing.step_of(box, mia(box), "13-15")
    assert step.ends == ((f"Lifted: {BOOK.categories['gambling'].name}", "by caregivers"),)
    assert BOOK.categories["gambling"].name in names(step, growing.EASES)


def test_searching_changes_with_the_age(box: Box) -> None:
    """YouTube's mode at 13, and what new names do."""
    given(box, band="10-12")
    step = growing.step_of(box, mia(box), "13-15")
    assert ("YouTube", "Strict", "Moderate") in step.engines
    assert any("no longer guessed" in text for text in step.more)
    given(box, safe_search={"youtube": Level.STRICT})
    assert "YouTube" not in {name for name, _, _ in growing.step_of(box, mia(box), "13-15").engines}
    given(box, band="0-5")
    assert any("ask a caregiver first" in text for text in growing.step_of(box, mia(box), "6-9").more)
    given(box, band="6-9")
    assert any("protected from now on" in text for text in growing.step_of(box, mia(box), "10-12").more)


def test_one_tap_moves_the_child(caregiver: FlaskClient, box: Box) -> None:
    """The rules of the next age hold at once, and the change is told to the child too."""
    page = words(caregiver.get(PLACE))
    assert "What changes when Mia is 10 to 12?" in page
    assert "What is kept of it is erased with the move." in page
    answer = send(caregiver, PLACE)
    assert mia(box).band == "10-12"
    assert last(box) == (CAREGIVER, "grown", {"person": "mia", "ages": "10 to 12"})
    assert answer.location == "/child/mia"
    assert "Mia is 10 to 12 now" in told(caregiver, answer)
    compiled = box.policy()
    assert compiled.by_person["mia"].row == "10-12"
    assert policy.decide(compiled, compiled.by_person["mia"], "plain.example", None, box.now()).is_blocked is False
    assert "moved Mia to the rules for 10 to 12." in words(caregiver.get("/changes"))
    assert "moved you to the rules for 10 to 12." in words(caregiver.get("/child/mia/page"))


def test_after_the_last_age_there_is_none(caregiver: FlaskClient, box: Box) -> None:
    """The page says what comes then."""
    given(box, band="16-17")
    assert "Nothing comes after this" in words(caregiver.get(PLACE))
    assert send(caregiver, PLACE).status_code == 404
    assert growing.in_short(box, mia(box)) == "The last of the five ages"


def test_what_is_in_the_way_is_said(caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the child is as it was."""

    def locked(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(box, "change", locked)
    assert Locked("").sentence in told(caregiver, send(caregiver, PLACE))


def test_growing_up_is_for_caregivers_of_children(anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """Others are led to the log-in; a form without its token is not taken."""
    assert anyone.get(PLACE).status_code == 303
    assert "/log-in" in send(anyone, PLACE).location
    assert caregiver.post(PLACE).status_code == 400
    for who in ("dana", "nobody"):
        assert caregiver.get(f"/child/{who}/growing-up").status_code == 404
        assert send(caregiver, f"/child/{who}/growing-up").status_code == 404


@pytest.mark.parametrize(
    ("before", "after", "said", "stays", "ends"),
    [
        ("10-12", "13-15", False, [("New sites that look risky", "open")], []),
        ("13-15", "16-17", True, [], [("New sites that look risky", "ask first")]),
        ("13-15", "16-17", None, [], []),
    ],
)
def test_what_was_said_about_new_sites_stays_where_the_age_has_it(
    box: Box, before: str, after: str, said: bool | None, stays: list[tuple[str, str]], ends: list[tuple[str, str]]
) -> None:
    """From 16 on nobody asks first because of a guess."""
    given(box, band=before, risky_names=said)
    step = growing.step_of(box, mia(box), after)
    assert ([one for one in step.stays if "risky" in one[0]], [one for one in step.ends if "risky" in one[0]]) == (
        stays, ends,
    )  # fmt: skip
