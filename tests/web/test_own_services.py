"""Services that caregivers made: added, changed and taken away by plain forms; what uses one is told before."""

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.budget import Budget
from appliance.core.house import House, OwnService
from appliance.core.person import Setting
from appliance.core.said import Things
from appliance.core.schedule import Window
from appliance.core.verdict import Reason
from appliance.core.word import Grant
from appliance.store.errors import Locked
from appliance.web import own_services
from appliance.web.box import Box
from appliance.web.ladder import NoName
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER

CLUB = OwnService(id="club", name="Chess club", domains=("club.example",), group="game", category="board_games")
PLACE = "/house/services"
PLACES = [PLACE, f"{PLACE}/new", f"{PLACE}/club", f"{PLACE}/club/remove"]
TYPED = {"name": "Our school", "names": "school.example\n\nhttps://www.moodle.example/login\nschool.example"}


def having(box: Box, **said: object) -> None:
    """Give the house the club, and Mia something."""

    def mutate(house: House) -> House:
        persons = (replace(house.persons[0], **said), *house.persons[1:])
        return replace(house, services=(CLUB,), persons=persons)

    box.change("x", Reason("x"), mutate)


@pytest.mark.parametrize("place", PLACES)
def test_the_pages_are_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient, box: Box, place: str) -> None:
    """Others are led to the log-in, and a form without its token changes nothing."""
    having(box)
    before = box.house()
    assert caregiver.get(place).status_code == 200
    assert anyone.get(place).status_code == 303
    if place != PLACE:
        assert "/log-in" in send(anyone, place, **TYPED).location
        assert caregiver.post(place, data=TYPED).status_code == 400
    assert box.house() == before


def test_a_service_is_made_of_names(caregiver: FlaskClient, box: Box) -> None:
    """One a line, addresses of pages too, each once; children's services offer it then."""
    assert "None yet" in words(caregiver.get(PLACE))
    answer = send(caregiver, f"{PLACE}/new", **TYPED, group="", category="education")
    expected = OwnService(
        id="our-school", name="Our school", domains=("school.example", "moodle.example"), category="education"
    )
    assert box.house().services == (expected,)
    assert last(box) == (CAREGIVER, "own_service_added", {"name": "Our school"})
    assert "Our school 2 sites" in told(caregiver, answer)
    assert "Our school" in words(caregiver.get("/child/mia/services"))
    assert "made the service Our school." in words(caregiver.get("/changes"))


def test_its_id_is_no_bundled_ones(caregiver: FlaskClient, box: Box) -> None:
    """Two things of one id would be one."""
    send(caregiver, f"{PLACE}/new", name="YouTube", names="tube.example")
    assert [one.id for one in box.house().services] == ["youtube-2"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"name": "", "names": "a.example"}, "Type a name."),
        ({"name": "   ", "names": "a.example"}, "Type a name."),
        ({"name": "a" * 41, "names": "a.example"}, "At most 40 characters."),
        ({"name": "A", "names": ""}, "Type at least one site."),
        ({"name": "A", "names": "  \n "}, "Type at least one site."),
        ({"name": "A", "names": "a.example\nno name"}, "Line 2: This is not the name of a site."),
        ({"name": "A", "names": "com"}, "Line 1: “com” would be every site that ends in it."),
        ({"name": "A", "names": "\n".join(f"n{number}.example" for number in range(101))}, "At most 100 sites."),
        ({"name": "A", "names": "a.example", "group": "nonsense"}, "Not a valid choice."),
    ],
)
def test_what_is_wrong_stands_beside_what_was_typed(
    caregiver: FlaskClient, box: Box, typed: dict[str, str], expected: str
) -> None:
    """And the house is as it was."""
    answer = send(caregiver, f"{PLACE}/new", **typed)
    assert answer.status_code == 422
    assert expected in words(answer)
    assert typed["names"].strip() in answer.text
    assert box.house().services == ()


def test_a_service_is_changed(caregiver: FlaskClient, box: Box) -> None:
    """Its id stays, and with it what was said of it."""
    having(box, services={"club": Setting.BLOCK})
    form = caregiver.get(f"{PLACE}/club")
    assert "club.example" in form.text
    assert 'value="game"' in form.text
    answer = send(caregiver, f"{PLACE}/club", name="Chess", names="club.example\nplay.example", group="", category="")
    expected = OwnService(id="club", name="Chess", domains=("club.example", "play.example"))
    assert box.house().services == (expected,)
    assert box.house().persons[0].services == {"club": Setting.BLOCK}
    assert last(box)[1] == "own_service_changed"
    assert "Chess is saved." in told(caregiver, answer)


def test_what_uses_it_is_told_and_ends_with_it(caregiver: FlaskClient, box: Box) -> None:
    """A setting, a budget, a routine, what is always on or never counted, a pass."""
    having(
        box,
        services={"club": Setting.TIMED},
        budgets=(Budget(what="service:club", minutes=30), Budget(minutes=60)),
        windows=(Window(name="Homework", start="14:00", end="16:00", allow=Things(services=("club",))),),
        always_on=Things(services=("club",)),
        uncounted=Things(services=("club",), categories=("education",)),
    )
    now = box.local_time(box.now())
    grant = Grant(person="mia", said_at=now, until=box.local_time(box.now() + 900), service="club")
    box.change("x", Reason("x"), lambda house: replace(house, grants=(grant,)))
    page = words(caregiver.get(f"{PLACE}/club/remove"))
    for text in (
        "What Mia may do with it is set", "A budget of Mia", "Homework of Mia", "Always on for Mia",
        "Never counted for Mia", "A pass of Mia that is running",
    ):  # fmt: skip
        assert text in page
    answer = send(caregiver, f"{PLACE}/club/remove")
    assert "Chess club is gone" in told(caregiver, answer)
    house = box.house()
    mia = house.persons[0]
    assert (house.services, house.grants, mia.services, mia.budgets) == ((), (), {}, (Budget(minutes=60),))
    assert (mia.windows[0].allow, mia.always_on, mia.uncounted) == (
        Things(),
        Things(),
        Things(categories=("education",)),
    )
    assert last(box) == (CAREGIVER, "own_service_removed", {"name": "Chess club"})


def test_nothing_uses_it(caregiver: FlaskClient, box: Box) -> None:
    """And that is said too."""
    having(box)
    assert "Nothing uses it" in words(caregiver.get(f"{PLACE}/club/remove"))


def test_there_is_no_other_service(caregiver: FlaskClient) -> None:
    """A bundled one is not the house's own."""
    for place in (f"{PLACE}/nonsense", f"{PLACE}/youtube", f"{PLACE}/nonsense/remove"):
        assert caregiver.get(place).status_code == 404
        assert send(caregiver, place, **TYPED).status_code == 404


def test_a_hostile_name_is_only_a_name(caregiver: FlaskClient, box: Box) -> None:
    """On every page that shows it."""
    send(caregiver, f"{PLACE}/new", name=HOSTILE[:40], names="a.example")
    id_ = box.house().services[0].id
    for place in (PLACE, f"{PLACE}/{id_}", f"{PLACE}/{id_}/remove", "/child/mia/services", "/house"):
        assert "<script>alert" not in caregiver.get(place).text


def test_what_is_in_the_way_is_said_on_the_form(
    caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was typed."""
    having(box)

    def locked(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(box, "change", locked)
    answer = send(caregiver, f"{PLACE}/new", **TYPED)
    assert answer.status_code == 422
    assert Locked("").sentence in words(answer)
    assert Locked("").sentence in told(caregiver, send(caregiver, f"{PLACE}/club/remove"))


def test_a_kind_that_a_child_s_setting_does_not_fit_is_refused(caregiver: FlaskClient, box: Box) -> None:
    """It would open by one caregiver what takes two."""
    having(box, services={"club": Setting.ALLOW})
    answer = send(caregiver, f"{PLACE}/club", name="Chess", names="club.example", group="", category="gambling")
    assert answer.status_code == 422
    assert "two caregivers" in words(answer)


def test_names_come_in_normal_form() -> None:
    """Or with the line that is none."""
    assert own_services.domains_of("A.Example\n www.b.example ") == ("a.example", "b.example")
    with pytest.raises(NoName, match=r"^Line 3: "):
        own_services.domains_of("a.example\n\n192.168.1.1")
