"""Fields that several forms have: the name that people give to a thing."""

from wtforms import StringField
from wtforms.validators import DataRequired, Length, Regexp

MAX_NAME = 40
_ONE_LINE = Regexp("^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$", message="One line of text, please.")


def folded(text: str | None) -> str | None:
    """Return what was typed, without blanks around it and with one between words."""
    return " ".join(text.split()) if text else text


def name_field(label: str, wanted: str, most: int = MAX_NAME, **more: str) -> StringField:
    """Return a field for a name; `wanted` is said where none is typed, `more` are attributes of the input."""
    length = Length(max=most, message=f"At most {most} characters.")
    told = {"autocomplete": "off", "maxlength": most} | more
    return StringField(label, [DataRequired(message=wanted), length, _ONE_LINE], filters=[folded], render_kw=told)
