"""A change that a form asks for: carried out in the name of who is logged in, or the sentence that says why not."""

from collections.abc import Callable

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from flask_login import current_user

from appliance.core.house import House, HouseError
from appliance.core.verdict import Reason
from appliance.household.changes import NotValid, Unpublished
from appliance.store.errors import StoreError
from appliance.store.requests import Answer, TakenBack
from appliance.web.box import box
from appliance.web.edits import EditError, NoSuchDevice, NoSuchPerson, Taken

GOOD, MIND, WRONG = "free", "pause", "stop"
"""Tones of what is said after a change: done, done but, not done."""


def changed(what: Reason, mutate: Callable[[House], House], answer: Answer | TakenBack | None = None) -> str | None:
    """Change the house, with `answer` as that to a request; return None, or what was in the way of it. Raises Taken.

    What is saved but can't take effect yet is told on the next page.
    """
    try:
        box().change(current_user.id, what, mutate, answer=answer)
    except Unpublished as error:
        flash(f"{(type(error).__doc__ or '').strip()} {error}", WRONG)
    except Taken:
        raise
    except (NoSuchPerson, NoSuchDevice) as error:
        return type(error).__doc__
    except StoreError as error:
        return error.sentence
    except (NotValid, HouseError, EditError) as error:
        return f"This can't be saved: {error}."
    return None


def done(text: str, tone: str, where: str) -> ResponseReturnValue:
    """Say what came of a form on the page that it leads to."""
    flash(text, tone)
    return redirect(where, 303)


def reason(code: str, **args: str | None) -> Reason:
    """Return a reason for the audit, without the arguments that are None."""
    return Reason.of(code, **{key: value for key, value in args.items() if value is not None})
