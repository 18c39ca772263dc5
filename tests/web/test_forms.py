"""What was typed is taken or refused with a sentence; the fields help a phone's keyboard and a password manager."""

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from appliance.core.house import Unknown
from appliance.core.person import BANDS
from appliance.web import forms
from appliance.web.forms import AccountForm, ChildForm, LogInForm, PasswordForm, ZoneForm
from tests.web.conftest import PASSWORD


def filled(app: Flask, kind: type[forms.Form], **told: str) -> forms.Form:
    """Return a form as it was sent, after it was looked at."""
    app.config["WTF_CSRF_ENABLED"] = False
    with app.test_request_context("/", method="POST", data=MultiDict(told)):
        form = kind()
        form.validate_on_submit()
        return form


def test_blanks_around_a_name_do_not_count(app: Flask) -> None:
    """Nor those in the middle that are more than one."""
    form = filled(app, AccountForm, name="  Dana   Miller\n", password=PASSWORD, again=PASSWORD)
    assert (form.errors, form["name"].data) == ({}, "Dana Miller")


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "a\x07b", "x" * 41])
def test_a_name_that_is_none_is_refused(app: Flask, name: str) -> None:
    """Empty, too long, with what can't be seen."""
    assert "name" in filled(app, ChildForm, name=name, band="6-9").errors


def test_a_form_without_anything_names_each_field(app: Flask) -> None:
    """No field is left to guess."""
    assert set(filled(app, AccountForm).errors) == {"name", "password", "again"}
    assert set(filled(app, LogInForm).errors) == {"name", "password"}


def test_password_managers_know_the_fields(app: Flask) -> None:
    """What is asked for and what is new."""
    with app.test_request_context("/"):
        told = {field.name: field.render_kw for field in PasswordForm("Dana") if field.name != "csrf_token"}
    assert {name: kw["autocomplete"] for name, kw in told.items()} == {
        "password": "new-password", "again": "new-password", "old": "current-password",
    }  # fmt: skip


def test_a_zone_is_wanted_on_one_side(app: Flask) -> None:
    """And one that exists."""
    app.config["WTF_CSRF_ENABLED"] = False
    for told, is_good in (
        ({"zone": "Europe/Berlin", "other": ""}, True),
        ({"other": "UTC"}, True),
        ({"zone": "", "other": ""}, False),
        ({"other": "Mars/Base"}, False),
    ):
        with app.test_request_context("/", method="POST", data=told):
            form = ZoneForm([("Europe/Berlin", "Berlin")], ["UTC"], {})
            assert form.validate_on_submit() is is_good


def test_all_that_a_house_takes_can_be_chosen() -> None:
    """Every band, every way to treat what nobody named."""
    assert tuple(band for band, _, _ in forms.BAND_CHOICES) == BANDS
    assert {key for key, _, _ in forms.UNKNOWN_CHOICES} == {*BANDS, *(one.value for one in Unknown)}
