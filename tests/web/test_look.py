"""appliance.web.look, and the marks: what every page can use."""

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_wtf import FlaskForm
from msgspec.structs import replace
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired

from appliance.core.device import DeviceKind
from appliance.core.person import Person
from appliance.core.verdict import Reason
from appliance.web import drawing, edits, look
from appliance.web.box import Box
from appliance.web.theme import COOKIE
from tests.web.conftest import AT, OWNER, TABLET

STYLES = Path(look.__file__).parent / "static"
BERLIN = ZoneInfo("Europe/Berlin")
HOSTILE = '<img src=x onerror="alert(1)">'
MARKS = (
    "{% from 'marks.html' import act, avatar, button, card, choice, csrf, empty, field, in_force, ladder, notice, pill,"
    " ring, row, sheet, strip, top, week %}"
)


class _Form(FlaskForm):  # type: ignore[misc]
    name = StringField("Name", [DataRequired("It is missing.")])
    stay = BooleanField("Stay")
    band = RadioField("Age", choices=[SelectChoice("6-9", "6 to 9"), SelectChoice("10-12", "10 to 12")], default="6-9")
    zone = SelectField("Zone", choices=[SelectChoice("UTC")])


@pytest.fixture(autouse=True)
def _morning(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Wednesday, 4 March 2026, 05:53 in Berlin."""
    monkeypatch.setattr(Box, "now", lambda _: AT)


def drawn(app: Flask, template: str, **what: object) -> str:
    """Return a template's text as the app renders it."""
    with app.test_request_context("/"):
        return render_template_string(MARKS + template, **what)


def at(text: str) -> float:
    """Return a moment of Berlin's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-03-04T18:10", "until 18:10"),
        ("2026-03-05T07:00", "until tomorrow 07:00"),
        ("2026-03-06T07:00", "until Friday 07:00"),
        ("2026-03-10T07:00", "until Tuesday 07:00"),
        ("2026-03-11T07:00", "until 11 March 07:00"),
        ("2027-03-04T07:00", "until 4 March 2027 07:00"),
        ("2026-03-03T22:00", "until yesterday 22:00"),
    ],
)
def test_until_is_said_as_people_say_it(app: Flask, moment: str, words: str) -> None:
    """A day is named where it isn't today."""
    assert drawn(app, "{{ until_words(at) }}", at=at(moment)) == words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (AT + 5, "just now"),
        (AT - 59, "just now"),
        (AT - 60, "1 min ago"),
        (AT - 3599, "59 min ago"),
        (AT - 2 * 3600, "2 h ago"),
        (at("2026-03-03T23:30"), "yesterday 23:30"),
        (at("2026-03-01T12:00"), "on 1 March"),
    ],
)
def test_ago_is_said_as_people_say_it(app: Flask, moment: float, words: str) -> None:
    """A clock that was set back makes nothing negative."""
    assert drawn(app, "{{ ago(at) }}", at=moment) == words


def test_times_are_by_the_clock_of_the_house(app: Flask) -> None:
    """Berlin, not UTC; and one page has one now."""
    assert drawn(app, "{{ hhmm(now()) }} {{ house().country }}") == "05:53 DE"


def test_persons_of_a_house_have_different_colours() -> None:
    """As far as there are colours; all of them are in the stylesheet, and nobody new takes somebody's."""
    names = ["mia", "liv", "ben", "jonas", "emre", "dana", "robin", "noor"]
    found = look.spread(names)
    assert sorted(found.values()) == list(range(look.HUES))
    assert list(found) == names
    assert {name: found[name] for name in names[:3]} == look.spread(names[:3])
    assert set(look.spread([*names, "ninth"]).values()) == set(range(look.HUES))


def test_a_person_keeps_their_colour(app: Flask, box: Box) -> None:
    """By the id, so that another name changes nothing; accounts, which are no persons of the house, have one too."""
    drawing_ = "{{ hue('mia') }} {{ hue('jonas') }} {{ hue('dana-account') in range(8) }}"
    before = drawn(app, drawing_)
    box.change(OWNER, Reason("person_changed"), lambda house: edits.changed_person(house, "mia", "Maria", "6-9", ()))
    assert drawn(app, drawing_) == before
    mias, jonas, is_one = before.split()
    assert mias != jonas
    assert is_one == "True"


def test_a_fault_is_looked_for_where_that_may_be(app: Flask) -> None:
    """Not at the device of an adult."""
    adults = replace(TABLET, person="dana", kind=DeviceKind.ADULT)
    found = drawn(app, "{{ has_session(childs) }} {{ has_session(adults) }}", childs=TABLET, adults=adults)
    assert found == "True False"


def test_a_colour_has_its_twin_in_the_dark() -> None:
    """Each stands once in either file, and nothing else stands in the dark one."""
    light, dark = (_tokens(name) for name in ("tokens.css", "dark.css"))
    assert [name for name in dark if name not in light] == []
    assert [name for name in light if name not in dark] == ["--kg-round", "--kg-round-in", "--kg-touch", "--kg-font"]
    assert len(set(light)) == len(light)
    assert len(set(dark)) == len(dark)
    assert "@media" not in (STYLES / "dark.css").read_text()


def _tokens(name: str) -> list[str]:
    return re.findall(r"(--kg-[a-z0-9-]+):", (STYLES / name).read_text())


@pytest.mark.parametrize(
    ("theme", "links"),
    [
        (None, ['media="screen and (prefers-color-scheme: dark)"']),
        ("dark", ['media="screen"']),
        ("light", []),
    ],
)
def test_the_dark_is_linked_where_it_is_dark(anyone: FlaskClient, theme: str | None, links: list[str]) -> None:
    """As the device has it, or as somebody chose; paper is light."""
    if theme:
        anyone.set_cookie(COOKIE, theme)
    page = anyone.get("/me").text
    assert re.findall(r'dark\.css[^"]*" (media="[^"]*")', page) == links


@pytest.mark.parametrize(("name", "letter"), [("mia", "M"), ("  Ömer", "Ö"), ("ß", "S"), ("☺ <b>", "B"), ("☺", "?")])
def test_a_person_is_their_first_letter(name: str, letter: str) -> None:
    """The first sign that is a letter or a digit, large."""
    assert look.initial(name) == letter


@pytest.mark.parametrize(
    "mark",
    [
        "{{ avatar(person, 0.4) }}",
        "{{ pill('free', 'sun', text) }}",
        "{{ strip(day) }}",
        "{{ week([day]) }}",
        "{{ ring(0.4, text, text) }}",
        "{{ ladder([(text, True, 'stop'), (text, False, '')]) }}",
        "{{ row('sun', 'free', text, text) }}",
        "{{ row('sun', 'free', text, text, '/?' ~ text) }}",
        "{% call row(None, 'free', text) %}{{ text }}{% endcall %}",
        "{% call card(text, '', text) %}{{ text }}{% endcall %}",
        "{{ button(text, 'sun', 'plain', 'a', text) }}",
        "{{ act('/?' ~ text, text) }}",
        "{{ choice('a', text, text, True) }}",
        "{{ empty('sun', text, text, '/?' ~ text, text) }}",
        "{{ notice('stop', text) }}",
        "{% call sheet('a', text, text, 'sun', 'plain', text) %}{{ text }}{% endcall %}",
        "{% call top(text, text, '/?' ~ text) %}{{ text }}{% endcall %}",
    ],
)
def test_no_mark_lets_a_hostile_name_through(app: Flask, mark: str) -> None:
    """What a person or a device calls itself stays text, in each mark; and no mark needs a style or a script."""
    day = drawing.Day(HOSTILE, (drawing.Part(drawing.Kind.NIGHT, 0, 10, HOSTILE),), 50.0, HOSTILE)
    page = drawn(app, mark, text=HOSTILE, day=day, person=Person(id="mia", name=HOSTILE, band="6-9"))
    assert "<img" not in page
    assert "style=" not in page
    assert 'onerror="' not in page


def test_a_field_has_its_label_and_what_is_wrong_with_it(app: Flask) -> None:
    """A screen reader says the label, the hint and the error of a field; what was typed is still there."""
    with app.test_request_context("/", method="POST", data=MultiDict({"zone": HOSTILE, "band": "10-12"})):
        form = _Form(meta={"csrf": False})
        assert not form.validate()
        page = render_template_string(MARKS + "{{ field(form.name, 'As the others call you') }}", form=form)
        radios = render_template_string(MARKS + "{{ field(form.band) }}", form=form)
        check = render_template_string(MARKS + "{{ field(form.stay, 'On this device') }}", form=form)
        wrong = render_template_string(MARKS + "{{ field(form.zone) }}", form=form)
    assert '<label for="name">Name</label>' in page
    assert 'aria-describedby="name-hint name-wrong"' in page
    assert 'aria-invalid="true"' in page
    assert "It is missing." in page
    assert '<input type="radio" name="band" value="10-12" checked>' in radios
    assert (radios.count("<fieldset"), radios.count("</fieldset>")) == (1, 1)
    assert '<small id="stay-hint"' in check
    assert "<img" not in wrong


def test_every_form_has_its_token(app: Flask) -> None:
    """An action of one button too."""
    assert 'name="csrf_token" value="' in drawn(app, "{{ act('/resume', 'Resume') }}")


def test_a_page_says_who_is_inside(app: Flask) -> None:
    """Who isn't logged in sees no rail of pages that are closed to them."""
    page = drawn(app, "{% extends 'base.html' %}{% block main %}here{% endblock %}")
    assert "here" in page
    assert "kg-nav" not in page
    assert 'class="kg-brandbar"' in page
