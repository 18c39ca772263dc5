"""What takes two caregivers: with two log-ins, alone with a day's wait, taken back by anybody, told to the child."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core import policy
from appliance.core.person import BANDS, Person
from appliance.core.verdict import Letter, Reason, Verdict
from appliance.core.word import Lifted
from appliance.store.accounts import Role
from appliance.store.errors import Locked
from appliance.web import edits, lift_edits, lifts
from appliance.web.box import Box
from appliance.world import clock
from appliance.world.rules import load_rulebook
from tests.web.asking import last, send, told, words
from tests.web.conftest import AT, CAREGIVER, HOUSE, OWNER, logged_in, made

BOOK = load_rulebook()
PLACE = "/child/mia/closed"
KIND = "pornography"
NAME = "adult.kindgate.test"
"""A name of that kind."""
DAY_S = 86_400.0


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the time of the box, to be changed: a certain Wednesday morning."""
    moment = [AT]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return moment


@pytest.fixture
def dana(at: list[float], owner: FlaskClient) -> FlaskClient:
    """One caregiver's log-in."""
    assert at
    return owner


@pytest.fixture
def robin(at: list[float], caregiver: FlaskClient) -> FlaskClient:
    """Another caregiver's log-in."""
    assert at
    return caregiver


def verdict(box: Box, person: str = "mia") -> Verdict:
    """Return what happens to the name now."""
    compiled = box.policy()
    return policy.decide(compiled, compiled.by_person[person], NAME, None, box.now())


def test_two_log_ins_lift_a_hard_block_at_once(
    dana: FlaskClient, robin: FlaskClient, box: Box, at: list[float]
) -> None:
    """The one says it, the other agrees; before that nothing is open, and other children's rules stay."""
    answer = send(dana, f"{PLACE}/lift", category=KIND, end="hour")
    assert answer.location == f"{PLACE}#kind-{KIND}"
    assert "or as soon as a second caregiver agrees. Mia is told now." in told(dana, answer)
    assert last(box) == (OWNER, "lift_asked", {"category": KIND, "person": "mia"})
    assert verdict(box).reason.code == "hard"
    at[0] += 600
    page = robin.get(PLACE)
    assert "Dana wants to open this for Mia." in words(page)
    assert f'action="{PLACE}/agree"' in page.text
    answer = send(robin, f"{PLACE}/agree", category=KIND)
    assert "Pornography is open for Mia until 07:03." in told(robin, answer)
    assert last(box)[:2] == (CAREGIVER, "lift_agreed")
    (one,) = box.house().lifted
    assert (one.by, one.begins.timestamp(), one.person) == ((OWNER, CAREGIVER), AT + 600, "mia")
    assert one.until is not None
    assert one.until.timestamp() == AT + 600 + 3_600
    assert not verdict(box).is_blocked
    assert "Lifted by Dana and Robin." in words(dana.get(PLACE))
    assert "lifted by Dana and Robin: Pornography." in words(dana.get(f"/why?name={NAME}&child=mia"))
    assert "lifted by" not in words(dana.get(f"/why?name={NAME}&child=jonas"))
    assert "and lifted by caregivers for now" in words(dana.get("/child/mia/categories?q=pornography"))
    assert "and lifted by caregivers for now" in words(dana.get("/child/mia/services?q=pornhub"))
    at[0] = one.until.timestamp()
    assert verdict(box).reason.code == "hard"


def test_one_log_in_can_t_be_both(dana: FlaskClient, box: Box, app: Flask) -> None:
    """From the same browser or another one: it is the account that counts."""
    send(dana, f"{PLACE}/lift", category=KIND)
    assert f'action="{PLACE}/agree"' not in dana.get(PLACE).text
    for client in (dana, logged_in(app, OWNER)):
        assert "the second one has to be another caregiver" in told(
            client, send(client, f"{PLACE}/agree", category=KIND)
        )
    assert box.house().lifted[0].by == (OWNER,)
    assert verdict(box).is_blocked


def test_one_alone_opens_it_a_day_later(dana: FlaskClient, box: Box, at: list[float]) -> None:
    """And the child is told from the first minute on."""
    send(dana, f"{PLACE}/lift", category=KIND, end="hour")
    page = words(dana.get("/child/mia/page"))
    assert "Dana began to lift Pornography for you" in page
    at[0] = AT + DAY_S - 1
    assert verdict(box).is_blocked
    assert verdict(box).until == AT + DAY_S
    at[0] = AT + DAY_S
    assert not verdict(box).is_blocked
    at[0] = AT + DAY_S + 3_600
    assert verdict(box).is_blocked


@pytest.mark.parametrize("has_second", [True, False])
def test_any_caregiver_takes_it_back_at_once(
    dana: FlaskClient, robin: FlaskClient, box: Box, at: list[float], *, has_second: bool
) -> None:
    """What waits and what is open; a second one's no is told as a no."""
    send(dana, f"{PLACE}/lift", category=KIND)
    if has_second:
        send(robin, f"{PLACE}/agree", category=KIND)
    at[0] += 60
    answer = send(robin, f"{PLACE}/back", category=KIND)
    expected = "Pornography is closed for Mia." if has_second else "Pornography stays closed for Mia."
    assert expected in told(robin, answer)
    assert last(box)[:2] == (CAREGIVER, "lift_ended" if has_second else "lift_refused")
    assert box.house().lifted == ()
    assert verdict(box).is_blocked
    assert "It is closed already." in told(dana, send(dana, f"{PLACE}/back", category=KIND))
    assert "nothing to agree to any more" in told(robin, send(robin, f"{PLACE}/agree", category=KIND))


def test_who_began_it_takes_it_back_too(dana: FlaskClient, box: Box) -> None:
    """That is no refusal."""
    send(dana, f"{PLACE}/lift", category=KIND)
    send(dana, f"{PLACE}/back", category=KIND)
    assert last(box)[:2] == (OWNER, "lift_ended")


def test_what_was_begun_is_not_begun_again(dana: FlaskClient, robin: FlaskClient, box: Box, at: list[float]) -> None:
    """Or its day would never be over."""
    send(dana, f"{PLACE}/lift", category=KIND)
    before = box.house().lifted
    at[0] += 600
    assert "You said so already" in told(dana, send(dana, f"{PLACE}/lift", category=KIND))
    assert "Dana began to lift Pornography already" in told(robin, send(robin, f"{PLACE}/lift", category=KIND))
    assert box.house().lifted == before
    at[0] += DAY_S
    assert "Pornography is open already." in told(robin, send(robin, f"{PLACE}/lift", category=KIND))


@pytest.mark.parametrize(
    ("category", "person"),
    [("csam", "mia"), ("malware_phishing", "mia"), ("forum", "mia"), ("nonsense", "mia"), (KIND, "jonas"), ("", "mia")],
)
def test_only_what_takes_two_at_this_age_is_lifted(dana: FlaskClient, box: Box, category: str, person: str) -> None:
    """Nobody lifts the worst, malware goes by name, the rest by a setting."""
    for what in ("lift", "agree", "back"):
        assert send(dana, f"/child/{person}/closed/{what}", category=category).status_code == 404
    assert box.house().lifted == ()


@pytest.mark.parametrize("band", BANDS)
def test_every_hard_kind_of_the_age_is_offered_but_the_two(band: str) -> None:
    """By the table of the rulebook."""
    hard = {id_ for id_, letter in BOOK.letters[band].items() if letter is Letter.H}
    offered = {one.id for one in lifts.liftable(BOOK, Person(id="kid", name="Kid", band=band))}
    assert offered == hard - {"csam", "malware_phishing"}
    assert lifts.liftable(BOOK, HOUSE.persons[2]) == []


def test_the_page_offers_nothing_that_nobody_may_lift(dana: FlaskClient) -> None:
    """And says so."""
    page = dana.get(PLACE)
    assert 'value="csam"' not in page.text
    assert 'value="malware_phishing"' not in page.text
    assert "nobody can lift it" in words(page)


def test_a_caregiver_who_is_alone_is_told_so(dana: FlaskClient, box: Box) -> None:
    """There is nobody to ask."""
    assert "A second caregiver is asked." in words(dana.get(PLACE))
    box.household.store.accounts.disable(OWNER, CAREGIVER, AT)
    assert "You are the only caregiver" in words(dana.get(PLACE))


def test_what_waits_is_told_to_the_others(dana: FlaskClient, robin: FlaskClient, box: Box, at: list[float]) -> None:
    """For the home page: who, what, for whom, until when, and where one agrees."""
    assert lifts.pending(box) == ()
    send(dana, f"{PLACE}/lift", category=KIND)
    (one,) = lifts.pending(box)
    assert (one.person, one.person_name, one.category, one.category_name) == ("mia", "Mia", KIND, "Pornography")
    assert (one.who, one.who_name, one.begins, one.href) == (OWNER, "Dana", AT + DAY_S, PLACE)
    assert lifts.pending(box, AT + DAY_S) == ()
    send(robin, f"{PLACE}/agree", category=KIND)
    assert lifts.pending(box) == ()


def test_a_child_is_told_what_was_lifted(dana: FlaskClient, robin: FlaskClient, box: Box, app: Flask) -> None:
    """At once, and while it is open; other children are not told."""
    send(dana, f"{PLACE}/lift", category=KIND, end="week")
    house = box.house()
    mia, jonas = house.persons[:2]
    with app.test_request_context():
        (one,) = lifts.announced(house, mia, AT)
        assert one.words == (
            "Dana wants to open this for you: Pornography. It opens tomorrow 05:53, or sooner if a second caregiver "
            "agrees."
        )
        assert (one.at, one.is_open) == (AT + DAY_S, False)
        assert lifts.announced(house, jonas, AT) == ()
        assert lifts.announced(house, mia, AT + 9 * DAY_S) == ()
    send(robin, f"{PLACE}/agree", category=KIND)
    with app.test_request_context():
        (one,) = lifts.announced(box.house(), mia, AT)
    assert one.words == "Dana and Robin opened this for you until 11 March 05:53: Pornography."
    assert (one.at, one.is_open) == (AT + 7 * DAY_S, True)


def test_another_child_s_page_says_nothing_of_it(dana: FlaskClient) -> None:
    """It is a matter between one child and its caregivers."""
    send(dana, f"{PLACE}/lift", category=KIND)
    assert "Pornography" in words(dana.get("/changes?child=mia"))
    assert "began to lift" not in words(dana.get("/child/jonas/page"))


BERLIN = clock.zone("Europe/Berlin")
MORNING = datetime(2026, 3, 4, 9, 30, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("hour", datetime(2026, 3, 4, 10, 30, tzinfo=BERLIN)), ("today", datetime(2026, 3, 5, tzinfo=BERLIN)),
     ("week", datetime(2026, 3, 11, 9, 30, tzinfo=BERLIN)), ("", None), ("nonsense", None)],
)  # fmt: skip
def test_an_end_is_counted_from_the_moment_at_which_it_opens(choice: str, expected: datetime | None) -> None:
    """By the house's clock."""
    assert lifts.ending(choice, MORNING) == expected


@pytest.mark.parametrize("choice", ["hour", "today", "week", ""])
def test_an_end_moves_with_a_second_caregiver(choice: str) -> None:
    """It is open as long as it would have been, or until the midnight of the day on which it opens."""
    later = MORNING + timedelta(days=1)
    one = Lifted(
        said_at=MORNING.astimezone(UTC), begins=later.astimezone(UTC), until=lifts.ending(choice, later), person="mia",
        category=KIND, by=("dana",),
    )  # fmt: skip
    assert lifts.moved_end(one, MORNING) == lifts.ending(choice, MORNING)


def test_the_state_in_a_few_words(box: Box, at: list[float]) -> None:
    """For the page of the child."""
    mia = edits.person_of(box.house(), "mia")
    number = len(lifts.liftable(BOOK, mia))
    house = lift_edits.lifted_alone(box.house(), "mia", KIND, OWNER, at[0], None)
    for mutate, expected in (
        (lambda _: HOUSE, f"{number} kinds that take two caregivers"),
        (lambda _: house, f"{number} kinds that take two caregivers · 1 waits for a second one"),
        (
            lambda _: lift_edits.agreed(house, "mia", KIND, CAREGIVER, at[0], None),
            f"{number} kinds that take two caregivers · 1 lifted",
        ),
    ):
        box.change("x", Reason("x"), mutate)
        assert said(box, mia, at[0]) == expected


def said(box: Box, person: Person, at: float) -> str:
    """Return the state in words, as a page has it."""
    with made(box).test_request_context():
        return lifts.in_short(lifts.shut(box, person, at))


def test_what_is_in_the_way_is_said(
    dana: FlaskClient, robin: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what holds is shown as it is."""
    send(dana, f"{PLACE}/lift", category=KIND)

    def locked(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(box, "change", locked)
    for what, category in (("lift", "gambling"), ("agree", KIND), ("back", KIND)):
        assert Locked("").sentence in told(robin, send(robin, f"{PLACE}/{what}", category=category))


def test_a_store_that_can_t_say_who_it_was_keeps_nothing_back(
    dana: FlaskClient, box: Box, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child is told all the same."""
    send(dana, f"{PLACE}/lift", category=KIND)

    def locked(*_: object) -> None:
        raise Locked

    monkeypatch.setattr(type(box.household.store.accounts), "all", locked)
    with app.test_request_context():
        (one,) = lifts.announced(box.house(), box.house().persons[0], AT)
    assert one.words.startswith("A caregiver wants to open this for you: Pornography.")
    assert lifts.pending(box)[0].who_name == "a caregiver"


def test_a_second_word_that_comes_too_late_is_told(
    dana: FlaskClient, robin: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken back between the look and the tap."""
    send(dana, f"{PLACE}/lift", category=KIND)
    change = box.change

    def late(who: str, what: object, mutate: object, **more: object) -> object:
        change("x", Reason("x"), lambda house: replace(house, lifted=()))
        return change(who, what, mutate, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(box, "change", late)
    assert "nothing to agree to any more" in told(robin, send(robin, f"{PLACE}/agree", category=KIND))
    assert box.house().lifted == ()


def test_lifting_is_for_caregivers_of_children(anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """Others are led to the log-in; a form without its token is not taken."""
    assert anyone.get(PLACE).status_code == 303
    assert caregiver.get("/child/dana/closed").status_code == 404
    assert caregiver.get("/child/nobody/closed").status_code == 404
    for what in ("lift", "agree", "back"):
        assert "/log-in" in send(anyone, f"{PLACE}/{what}", category=KIND).location
        assert caregiver.post(f"{PLACE}/{what}", data={"category": KIND}).status_code == 400
        assert send(caregiver, f"/child/dana/closed/{what}", category=KIND).status_code == 404


def test_an_account_that_is_gone_is_a_caregiver_still(dana: FlaskClient, robin: FlaskClient, box: Box) -> None:
    """What it began waits on, and says no more of it."""
    send(robin, f"{PLACE}/lift", category=KIND)
    box.household.store.accounts.disable(OWNER, CAREGIVER, AT)
    assert "A caregiver wants to open this" in words(dana.get(PLACE))
    box.household.store.accounts.add(OWNER, "kim-account", "Kim", "-", Role.CAREGIVER, AT)
    assert lifts.pending(box)[0].who_name == "a caregiver"
