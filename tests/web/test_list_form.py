"""The form of a list gives back the list that it was made of, whatever is set in it."""

import pytest
from flask import Flask

from appliance.core.lists.rule import Syntax
from appliance.core.subscription import ListKind, Subscription
from appliance.web.box import Box
from appliance.web.list_form import SYNTAXES, ListForm, is_fetched
from tests.web.conftest import HOUSE

LISTS = [
    Subscription(id="a", name="A", url="https://a.example/a.txt"),
    Subscription(id="a", name="A", url="https://a.example/a.txt", category="gambling", subdomains=False, on=False),
    Subscription(id="a", name="A", kind=ListKind.ALLOW, persons=("jonas", "dana"), subdomains=True, wide=True),
    Subscription(id="a", name="A", url="file:a.txt", syntax=Syntax.RPZ, redirects=True),
]


@pytest.mark.parametrize("told", LISTS, ids=str)
def test_what_is_not_changed_stays(app: Flask, box: Box, told: Subscription) -> None:
    """A form that is sent as it came changes nothing."""
    with app.test_request_context():
        form = ListForm(HOUSE, box.book, told)
        assert form.subscription("a") == told
        assert ("url" in form) == is_fetched(told)
        assert [one.id for one in form.people] == ["mia", "jonas", "dana"]


def test_every_syntax_has_words(app: Flask, box: Box) -> None:
    """But for the host table of a machine, which is no list."""
    assert {*Syntax} - SYNTAXES.keys() == {Syntax.ETC_HOSTS}


def test_no_list_says_what_is_protected(app: Flask, box: Box) -> None:
    """Nor what nothing knows; all other kinds can be chosen."""
    with app.test_request_context():
        form = ListForm(HOUSE, box.book)
        offered = {one.value for one in form.category.choices}
    assert offered == {"", *box.book.categories} - box.book.unfed
