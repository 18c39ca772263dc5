"""Apps and services of one child: what holds and who said so, one switch for a group, and one form for one change."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.house import House, OwnService
from appliance.core.person import BANDS, Person, Setting
from appliance.core.verdict import Letter, Reason
from appliance.store.errors import Locked
from appliance.web import categories, services
from appliance.web.box import Box
from appliance.web.icons import icon, symbol
from appliance.world.rules import load_rulebook
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER, HOUSE

BOOK = load_rulebook()
PLACE = "/child/mia/services"
CLUB = OwnService(id="club", name="Chess club", domains=("club.example",), group="game", category="board_games")
LOOSE = OwnService(id="loose", name="Loose end", domains=("loose.example",))


def child(band: str = "6-9", **said: Any) -> Person:
    """Return a child with settings."""
    return replace(Person(id="kid", name="Kid", band=band), **said)


def found(person: Person, id_: str, house: House = HOUSE) -> services.Service:
    """Return one service for a person."""
    return next(one for one in services.of_person(person, BOOK, house) if one.id == id_)


def mia(box: Box) -> Person:
    """Return Mia as she is in the house."""
    return box.house().persons[0]


def given(box: Box, **said: object) -> None:
    """Give Mia something."""

    def mutate(house: House) -> House:
        return replace(house, persons=(replace(house.persons[0], **said), *house.persons[1:]))

    box.change("x", Reason("x"), mutate)


def members(group: str) -> list[str]:
    """Return the ids of a group's services."""
    return [id_ for id_, one in BOOK.services.items() if one.group == group]


def test_every_group_has_an_icon_that_is_there() -> None:
    """And what a long page draws many times is there as a symbol."""
    assert all(icon(services.ICONS.get(group, "grid")) for group in (*BOOK.groups, services.OWN))
    assert all(symbol(name).startswith("<symbol") for name in services.SYMBOLS)


@pytest.mark.parametrize("band", BANDS)
def test_every_service_is_as_its_kind_is_at_the_age(band: str) -> None:
    """And can't be opened exactly where two caregivers would be needed."""
    for one in services.of_person(child(band), BOOK, HOUSE):
        letter = BOOK.letters[band][BOOK.services[one.id].category]
        assert one.words == categories.WORDS[letter]
        assert bool(one.fixed) == (letter is Letter.H)
        assert (one.is_set, one.origin) == (False, "")
        assert one.cost


def test_who_said_so_is_told_nearest_first() -> None:
    """A service's own word goes before its group's, that before its kind's, that before the age's."""
    said: dict[str, Any] = {"categories": {"video_sharing": Setting.BLOCK}}
    one = found(child(**said), "youtube")
    assert (one.state, one.origin) == ("closed", f"By its kind: {BOOK.categories['video_sharing'].name}")
    said["groups"] = {BOOK.services["youtube"].group: Setting.ASK}
    one = found(child(**said), "youtube")
    assert (one.state, one.origin) == ("ask", "With its whole group")
    said["services"] = {"youtube": Setting.ALLOW}
    one = found(child(**said), "youtube")
    assert (one.state, one.origin, one.is_set, one.default) == ("open", "Set by a caregiver", True, "Ask first")


@pytest.mark.parametrize(
    ("setting", "word"),
    [(Setting.ALLOW, "Open"), (Setting.TIMED, "Timed"), (Setting.ASK, "Ask first"), (Setting.BLOCK, "Closed")],
)
def test_a_setting_looks_like_what_it_does(setting: Setting, word: str) -> None:
    """And its button is pressed."""
    one = found(child(services={"youtube": setting}), "youtube")
    assert (one.look[0], one.on) == (word, setting)


def test_a_hard_kind_keeps_its_services_closed_whatever_is_set() -> None:
    """A file may have held it, and a group may be open."""
    hard = next(id_ for id_, one in BOOK.services.items() if BOOK.letters["6-9"][one.category] is Letter.H)
    group = BOOK.services[hard].group
    one = found(child(services={hard: Setting.BLOCK}, groups={group: Setting.ALLOW}), hard)
    assert (one.state, one.is_set, one.on, one.look[2]) == ("closed", False, None, "lock")


def test_services_of_the_house_stand_among_the_others() -> None:
    """In their group, as their kind is; without either they are as sites that nothing knows."""
    house = replace(HOUSE, services=(CLUB, LOOSE))
    everything = services.of_person(child(), BOOK, house)
    groups = {one.id: one for one in services.grouped(everything, everything, child(), BOOK)}
    assert groups["game"].services[-1].id == "club"
    assert [one.id for one in groups[services.OWN].services] == ["loose"]
    assert not groups[services.OWN].has_switch
    assert (found(child(), "club", house).state, found(child(), "loose", house).state) == ("open", "open")
    assert found(child("0-5"), "loose", house).state == "closed"


def test_a_service_is_set_with_one_tap(caregiver: FlaskClient, box: Box) -> None:
    """Nothing else changes, and the page leads back to where it was."""
    given(box, services={"roblox": Setting.BLOCK})
    answer = send(caregiver, PLACE, set="service:youtube timed")
    assert mia(box).services == {"roblox": Setting.BLOCK, "youtube": Setting.TIMED}
    expected = {"service": "youtube", "called": "YouTube", "person": "mia", "setting": "timed"}
    assert last(box) == (CAREGIVER, "service_set", expected)
    assert answer.location == f"{PLACE}?group={BOOK.services['youtube'].group}&open=youtube#service-youtube"
    page = told(caregiver, answer)
    assert "YouTube: open, counts as screen time for Mia." in page
    assert "Without your word" in page
    assert "set YouTube to “open, counted” for Mia." in words(caregiver.get("/changes"))


def test_a_service_is_given_back(caregiver: FlaskClient, box: Box) -> None:
    """To its group, its kind or the age."""
    given(box, services={"youtube": Setting.BLOCK})
    answer = send(caregiver, PLACE, set="service:youtube default")
    assert mia(box).services == {}
    assert last(box)[1] == "service_reset"
    assert "as without a word of yours" in told(caregiver, answer)


def test_a_group_is_one_switch_for_what_comes_later_too(caregiver: FlaskClient, box: Box) -> None:
    """What was set one by one keeps its own word, and that is said."""
    given(box, services={"minecraft": Setting.ALLOW})
    answer = send(caregiver, PLACE, set="group:game block", new="yes")
    assert (mia(box).groups, mia(box).services) == ({"game": Setting.BLOCK}, {"minecraft": Setting.ALLOW})
    title = BOOK.groups["game"]
    expected = {"group": "game", "called": title, "person": "mia", "setting": "block"}
    assert last(box) == (CAREGIVER, "group_set", expected)
    page = told(caregiver, answer)
    assert f"{title}: all closed for Mia, and what comes to the group later." in page
    assert "Set one by one, and so as before: Minecraft." in page


def test_of_many_that_keep_their_word_some_are_named(caregiver: FlaskClient, box: Box) -> None:
    """And how many more there are."""
    given(box, services=dict.fromkeys(members("game")[:6], Setting.ALLOW))
    page = told(caregiver, send(caregiver, PLACE, set="group:game block", new="yes"))
    first = ", ".join(BOOK.services[id_].name for id_ in members("game")[:4])
    assert f"{first} and 2 more." in page


def test_without_what_comes_later_each_is_set_by_itself(caregiver: FlaskClient, box: Box) -> None:
    """Those that the group has now, and not the group."""
    given(box, groups={"game": Setting.ALLOW})
    answer = send(caregiver, PLACE, set="group:game ask")
    assert mia(box).groups == {}
    assert mia(box).services == dict.fromkeys(members("game"), Setting.ASK)
    assert "A service that comes to the group later is as the age has it." in told(caregiver, answer)


def test_what_only_two_can_open_is_left_out_of_a_group(caregiver: FlaskClient, box: Box) -> None:
    """Its others are set."""
    letters = BOOK.letters["6-9"]
    mixed = next(
        group for group in BOOK.groups
        if len({letters[BOOK.services[id_].category] is Letter.H for id_ in members(group)}) == 2
    )  # fmt: skip
    send(caregiver, PLACE, set=f"group:{mixed} allow")
    kept = [id_ for id_ in members(mixed) if letters[BOOK.services[id_].category] is not Letter.H]
    assert mia(box).services == dict.fromkeys(kept, Setting.ALLOW)


def test_a_group_is_given_back_or_cleared(caregiver: FlaskClient, box: Box) -> None:
    """The one leaves what was set one by one, the other ends just that."""
    given(box, groups={"game": Setting.BLOCK}, services={"minecraft": Setting.ALLOW, "youtube": Setting.ASK})
    answer = send(caregiver, PLACE, set="group:game default")
    assert (mia(box).groups, len(mia(box).services)) == ({}, 2)
    assert "as the age has it" in told(caregiver, answer)
    answer = send(caregiver, PLACE, set="group:game clear")
    assert mia(box).services == {"youtube": Setting.ASK}
    assert last(box)[1] == "group_cleared"
    assert "what was set one by one is gone" in told(caregiver, answer)


def test_two_caregivers_at_two_services_don_t_undo_each_other(
    caregiver: FlaskClient, owner: FlaskClient, box: Box
) -> None:
    """However long ago each of them opened the page."""
    for client in (caregiver, owner):
        client.get(PLACE)
    send(caregiver, PLACE, set="service:youtube ask")
    send(owner, PLACE, set="service:roblox ask")
    assert mia(box).services == {"youtube": Setting.ASK, "roblox": Setting.ASK}


@pytest.mark.parametrize("wanted", ["safe", "safe-timed", "burn", "", "clear"])
def test_what_may_not_be_chosen_is_refused(caregiver: FlaskClient, box: Box, wanted: str) -> None:
    """A service has no safe mode of its own."""
    answer = send(caregiver, PLACE, set=f"service:youtube {wanted}")
    assert "this can not be chosen here." in told(caregiver, answer)
    if wanted != "clear":
        assert "this can not be chosen here." in told(caregiver, send(caregiver, PLACE, set=f"group:game {wanted}"))
    assert (mia(box).services, mia(box).groups) == ({}, {})


def test_one_caregiver_opens_nothing_hard(caregiver: FlaskClient, box: Box) -> None:
    """But may say that it is closed, for the years to come."""
    hard = next(id_ for id_, one in BOOK.services.items() if BOOK.letters["6-9"][one.category] is Letter.H)
    assert "Two caregivers together" in told(caregiver, send(caregiver, PLACE, set=f"service:{hard} allow"))
    assert mia(box).services == {}
    send(caregiver, PLACE, set=f"service:{hard} block")
    assert mia(box).services == {hard: Setting.BLOCK}


@pytest.mark.parametrize("what", ["service:nonsense ask", "group:nonsense ask", "group:own ask", "youtube ask", ""])
def test_there_is_no_other_service_or_group(caregiver: FlaskClient, what: str) -> None:
    """Nor one that is written otherwise."""
    assert send(caregiver, PLACE, set=what).status_code == 404


@pytest.mark.parametrize("who", ["dana", "nobody"])
def test_only_children_have_services(caregiver: FlaskClient, who: str) -> None:
    """Those of this house."""
    assert caregiver.get(f"/child/{who}/services").status_code == 404
    assert send(caregiver, f"/child/{who}/services", set="service:youtube ask").status_code == 404


def test_the_page_is_short_until_a_group_is_opened(caregiver: FlaskClient) -> None:
    """All services stand there, with buttons only in the group that is open."""
    page = caregiver.get(PLACE)
    assert page.text.count('class="kg-app"') == len(BOOK.services)
    assert 'value="service:' not in page.text
    assert len(page.text) < 300_000
    opened = caregiver.get(f"{PLACE}?group=game&open=roblox")
    assert opened.text.count('value="service:') == 4 * len(members("game"))
    assert "<details open>" in opened.text


def test_what_it_costs_and_what_names_can_t_do_is_told(caregiver: FlaskClient) -> None:
    """Where somebody chooses."""
    one = next(one for one in BOOK.services.values() if one.warning and not one.dns_only)
    page = words(caregiver.get(f"{PLACE}?group={one.group}&open={one.id}"))
    assert " ".join(one.warning.split()) in page
    assert "Names alone can’t stop this" in page


def test_a_search_finds_by_name_and_by_what_holds(caregiver: FlaskClient, box: Box) -> None:
    """Without a script too; few that were found can be set where they stand."""
    page = caregiver.get(f"{PLACE}?q=YouTube")
    assert 0 < page.text.count('class="kg-app"') < 10
    assert 'value="service:youtube ask"' in page.text
    assert "Nothing like that" in words(caregiver.get(f"{PLACE}?show=set"))
    given(box, services={"roblox": Setting.BLOCK})
    assert caregiver.get(f"{PLACE}?show=set").text.count('class="kg-app"') == 1
    assert caregiver.get(f"{PLACE}?show=nonsense").text.count('class="kg-app"') == len(BOOK.services)
    answer = send(caregiver, PLACE, set="service:youtube ask", q="you", show="open")
    assert "q=you" in answer.location
    assert "show=open" in answer.location


def test_a_hostile_search_is_only_words(caregiver: FlaskClient) -> None:
    """It comes back as it was typed."""
    page = caregiver.get(PLACE, query_string={"q": HOSTILE, "group": HOSTILE, "open": HOSTILE, "show": HOSTILE})
    assert "<script>alert" not in page.text


def test_what_is_in_the_way_is_said(caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what holds is shown as it is."""

    def locked(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(box, "change", locked)
    for what in ("service:youtube ask", "group:game ask"):
        assert Locked("").sentence in told(caregiver, send(caregiver, PLACE, set=what))


def test_the_state_in_a_few_words() -> None:
    """For the page of the child."""
    plain = child()
    assert services.in_short(services.of_person(plain, BOOK, HOUSE), plain) == "As usual at this age"
    one = child(services=dict.fromkeys(("youtube", "roblox", "minecraft"), Setting.BLOCK), groups={"game": Setting.ASK})
    said = services.in_short(services.of_person(one, BOOK, HOUSE), one)
    assert said.endswith("closed · 1 more by hand · 1 group set")


def test_services_are_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """Others are led to the log-in; a form without its token is not taken."""
    assert anyone.get(PLACE).status_code == 303
    assert "/log-in" in send(anyone, PLACE, set="service:youtube ask").location
    assert caregiver.post(PLACE, data={"set": "service:youtube ask"}).status_code == 400
