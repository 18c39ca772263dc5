"""Kinds of sites of one child: what holds, who said so, and what a caregiver may choose, by plain forms."""

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.person import BANDS, LETTERS, Mode, Person, Setting
from appliance.core.rulebook import NEW
from appliance.core.verdict import Letter, Reason
from appliance.store.errors import Locked
from appliance.web import categories, edits
from appliance.web.box import Box
from appliance.web.icons import icon
from appliance.world.rules import load_rulebook
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER

BOOK = load_rulebook()
PLACE = "/child/mia/categories"


def kind(person: Person, id_: str) -> categories.Kind:
    """Return one category for a person."""
    return next(one for one in categories.kinds(person, BOOK) if one.id == id_)


def child(band: str = "6-9", **settings: Setting) -> Person:
    """Return a child with settings."""
    return Person(id="kid", name="Kid", band=band, categories=settings)


def test_every_group_of_the_rulebook_has_a_title_and_an_icon() -> None:
    """So that none is shown by its id."""
    assert {category.group for category in BOOK.categories.values()} <= categories.GROUPS.keys()
    assert all(icon(name) for _, name, _ in categories.GROUPS.values())


@pytest.mark.parametrize("band", BANDS)
def test_every_category_is_shown_once_as_the_age_has_it(band: str) -> None:
    """Fixed where two caregivers or nobody could change it, and only there."""
    found = categories.kinds(child(band), BOOK)
    assert [one.id for one in found] == [id_ for id_ in BOOK.categories if id_ != NEW]
    for one in found:
        letter = BOOK.letters[band][one.id]
        assert bool(one.fixed) == (letter in (Letter.H, Letter.P))
        assert one.words == categories.WORDS[letter]
        assert not one.is_set
    assert sum(len(group.kinds) for group in categories.grouped(found)) == len(found)


@pytest.mark.parametrize("band", BANDS)
def test_what_may_be_chosen_makes_a_valid_setting_and_one_of_three_is_on(band: str) -> None:
    """Whatever the age has."""
    for one in categories.kinds(child(band), BOOK):
        if not one.fixed:
            assert sum(choice.is_on for choice in one.main) == 1
            assert sum(choice.is_on for choice in one.finer) <= 1
            assert all(Setting(choice.value) for choice in (*one.main, *one.finer))
            assert [choice.words for choice in one.main] == ["Open", "Ask first", "Closed"]


@pytest.mark.parametrize(
    ("id_", "band", "expected"),
    [("video_sharing", "6-9", "safe-timed"), ("video_sharing", "0-5", "safe-timed"), ("game_platform", "6-9", "timed"),
     ("shopping", "6-9", "allow"), ("image_board", "16-17", "allow"), ("music", "6-9", "allow")],
)  # fmt: skip
def test_open_is_as_the_age_has_it_or_the_next_that_has_it_open(id_: str, band: str, expected: str) -> None:
    """A tap on open never takes a safe mode off that the next age still has."""
    assert kind(child(band), id_).main[0].value == expected


def test_a_safe_mode_is_offered_only_where_there_is_one() -> None:
    """Search and video have one, forums have none."""
    assert [one.value for one in kind(child(), "video_sharing").finer] == ["allow", "timed", "safe", "safe-timed"]
    assert [one.value for one in kind(child(), "forum").finer] == ["allow", "timed"]


@pytest.mark.parametrize("setting", Setting)
def test_a_setting_shows_as_what_it_does(setting: Setting) -> None:
    """And as set by a caregiver."""
    one = kind(child(video_sharing=setting), "video_sharing")
    assert one.is_set
    assert one.words == categories.WORDS[LETTERS[setting]]
    assert one.default == "Open in safe mode, counts as screen time"


def test_the_word_for_unknown_names_shows_at_all_else() -> None:
    """It is what holds there."""
    one = kind(replace(child(), unknown_names=Mode.ASK), "unclassified")
    assert (one.state, one.is_set) == ("ask", True)


def test_a_setting_that_no_caregiver_may_make_is_not_shown_as_one() -> None:
    """A file may have held it."""
    one = kind(child(gambling=Setting.ALLOW), "gambling")
    assert (one.state, one.is_set, one.main) == ("closed", False, ())


def test_a_kind_is_set_with_one_tap(caregiver: FlaskClient, box: Box) -> None:
    """The page leads back to where it was."""
    answer = send(caregiver, PLACE, category="messaging", setting="allow")
    assert box.house().persons[0].categories == {"messaging": Setting.ALLOW}
    assert last(box) == (CAREGIVER, "category_set", {"category": "messaging", "setting": "allow", "person": "mia"})
    assert answer.location == f"{PLACE}?group=social#kind-messaging"
    page = told(caregiver, answer)
    assert "Messengers: open for Mia." in page
    assert "Set by a caregiver" in page


def test_a_kind_is_given_back_to_the_age(caregiver: FlaskClient, box: Box) -> None:
    """With its own word in the audit."""
    box.change("x", Reason("x"), lambda house: edits.with_setting(house, "mia", "messaging", Setting.BLOCK))
    answer = send(caregiver, PLACE, category="messaging", setting="default")
    assert box.house().persons[0].categories == {}
    assert last(box) == (CAREGIVER, "category_reset", {"category": "messaging", "person": "mia"})
    assert "Messengers: ask first for Mia, as the age has it." in told(caregiver, answer)


@pytest.mark.parametrize(
    ("category", "setting", "expected"),
    [
        ("gambling", "allow", "Two caregivers together can lift it, or one after a day."),
        ("help_report", "block", "Always open, and nobody sees who asks."),
        ("mental_health", "block", "Protected: always open"),
        ("forum", "safe", "This can not be chosen here."),
        ("forum", "burn", "This can not be chosen here."),
        ("forum", "", "This can not be chosen here."),
    ],
)
def test_what_may_not_be_chosen_is_refused(
    caregiver: FlaskClient, box: Box, category: str, setting: str, expected: str
) -> None:
    """With the reason."""
    answer = send(caregiver, PLACE, category=category, setting=setting)
    assert expected in told(caregiver, answer)
    assert box.house().persons[0].categories == {}


def test_there_is_no_other_kind(caregiver: FlaskClient) -> None:
    """Nor an adult's, nor that of a child who isn't there."""
    assert send(caregiver, PLACE, category="nonsense", setting="allow").status_code == 404
    for who in ("dana", "nobody"):
        assert caregiver.get(f"/child/{who}/categories").status_code == 404
        assert send(caregiver, f"/child/{who}/categories", category="forum", setting="allow").status_code == 404


def test_the_page_shows_all_and_finds_some(caregiver: FlaskClient) -> None:
    """By words of the name or the note, or by what holds."""
    page = caregiver.get(PLACE)
    assert page.text.count('class="kg-kind"') == len(BOOK.categories) - 1
    assert "<details" in page.text
    assert "<details open" not in page.text
    found = caregiver.get(f"{PLACE}?q=voice")
    assert 0 < found.text.count('class="kg-kind"') < 10
    assert "Online games with voice" in words(found)
    asked = caregiver.get(f"{PLACE}?show=ask")
    expected = sum(one.state == "ask" for one in categories.kinds(child(), BOOK))
    assert asked.text.count('class="kg-kind"') == expected
    assert "Nothing like that" in words(caregiver.get(f"{PLACE}?show=set"))
    assert caregiver.get(f"{PLACE}?show=nonsense").text.count('class="kg-kind"') == len(BOOK.categories) - 1


def test_what_it_costs_is_told_with_what_holds(caregiver: FlaskClient) -> None:
    """In a line, for each that may be set."""
    page = words(caregiver.get(PLACE))
    for one in categories.kinds(child(), BOOK):
        assert one.cost
        assert one.fixed or one.cost in page


def test_a_search_is_kept_when_something_found_is_set(caregiver: FlaskClient) -> None:
    """The next tap is on the same list."""
    answer = send(caregiver, PLACE, category="forum", setting="ask", q="forum", show="closed")
    assert "q=forum" in answer.location
    assert "show=closed" in answer.location


def test_a_hostile_search_is_only_words(caregiver: FlaskClient) -> None:
    """It comes back as it was typed."""
    page = caregiver.get(PLACE, query_string={"q": HOSTILE, "group": HOSTILE, "show": HOSTILE})
    assert "<script>alert" not in page.text
    assert "Nothing like that" in words(page)


def test_what_is_in_the_way_is_said(caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what holds is shown as it is."""

    def locked(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(box, "change", locked)
    answer = send(caregiver, PLACE, category="forum", setting="ask")
    assert Locked("").sentence in told(caregiver, answer)


def test_kinds_are_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """Others are led to the log-in; a form without its token is not taken."""
    assert anyone.get(PLACE).status_code == 303
    assert "/log-in" in send(anyone, PLACE, category="forum", setting="ask").location
    assert caregiver.post(PLACE, data={"category": "forum", "setting": "ask"}).status_code == 400
