"""What a setting costs a child, in a line: for each kind of sites and each way that it may be set."""

from collections.abc import Mapping

from appliance.core.verdict import Letter

_CLOSED: Mapping[str, str] = {
    "search": "Looking things up here is gone; keep another way of searching open.",
    "video": "Clips for school and hobbies that live here are gone too.",
    "games": "Playing together with friends who are here ends.",
    "social": "Friends and classes who talk here can’t be reached here.",
    "contact": "Little is lost for most: friends have safer places to talk.",
    "ai": "Homework and ideas from here have to come from elsewhere.",
    "money": "Nothing can be bought or looked up here without you.",
    "adult": "Questions about love and the body stay open elsewhere: those sites are protected.",
    "harm": "News and advice about it stay open: those are other kinds.",
    "bypass": "Some apps that need such a tunnel for work or school stop.",
    "security": "A page that needs it may look broken.",
    "rights": "School, news or culture that is only here is gone.",
    "help": "Advice that is only here is gone.",
    "other": "Pages that lean on it may look broken.",
}
_SAFE = "Safe mode hides some harmless results too."
_COUNTED = "Minutes here use up a budget, where one is set."


def of(group: str, letter: Letter) -> str:
    """Return what a letter costs the child at sites of a group of the rulebook."""
    match letter:
        case Letter.P | Letter.A:
            return "Nothing is held back, and no minute counts."
        case Letter.T:
            return _COUNTED
        case Letter.S:
            return _SAFE
        case Letter.ST:
            return f"{_SAFE} {_COUNTED}"
        case Letter.K:
            return "Each site waits until a caregiver has answered."
        case Letter.B | Letter.H:
            return _CLOSED.get(group, _CLOSED["other"])
