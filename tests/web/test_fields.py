"""A name is one line of a few words, wherever it is typed."""

import pytest
from flask import Flask
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict

from appliance.web.fields import MAX_NAME, folded, name_field


class Named(FlaskForm):  # type: ignore[misc]
    """A form with nothing but a name."""

    name = name_field("What is it?", "Give it a name.", placeholder="Chess club")


def typed(text: str) -> Named:
    """Return the form as it comes back."""
    form: Named = Named(MultiDict({"name": text}), meta={"csrf": False})
    return form


@pytest.mark.parametrize(("text", "wrong"), [
    ("Chess", []), ("", ["Give it a name."]), ("   ", ["Give it a name."]), ("a\x00b", ["One line of text, please."]),
    ("x" * MAX_NAME, []), ("x" * (MAX_NAME + 1), ["At most 40 characters."]),
])  # fmt: skip
def test_a_name_is_checked(text: str, wrong: list[str]) -> None:
    """What is wrong is said in words."""
    app = Flask(__name__)
    app.secret_key = "x"
    with app.test_request_context():
        form = typed(text)
        assert (form.validate(), list(form.name.errors)) == (not wrong, wrong)


def test_blanks_are_folded() -> None:
    """Around it and between words; what isn't there stays so."""
    assert (folded("  Chess   club "), folded(""), folded(None)) == ("Chess club", "", None)


def test_the_input_says_what_it_takes() -> None:
    """Its length and an example; a browser must not fill in somebody's name."""
    app = Flask(__name__)
    app.secret_key = "x"
    with app.test_request_context():
        told = str(typed("").name())
    assert 'maxlength="40"' in told
    assert 'placeholder="Chess club"' in told
    assert 'autocomplete="off"' in told
