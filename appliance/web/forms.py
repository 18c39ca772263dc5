"""The forms of log-in, accounts, invitations and the first run: their fields, and what is wrong with what was typed."""

from collections.abc import Iterable, Mapping, Sequence

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, EqualTo, Length, Optional, ValidationError

from appliance.core.house import Doubted, Unknown
from appliance.core.person import BANDS
from appliance.store.accounts import Role
from appliance.web import bands, passwords
from appliance.web.fields import name_field

ROLES = [
    (Role.CAREGIVER.value, "Caregiver: all that concerns children and devices"),
    (Role.OWNER.value, "Owner: that, and who else is a caregiver"),
]
BAND_CHOICES = [(band, bands.ages(band), bands.MEANINGS[band]) for band in BANDS]
CLOCK_CHOICES = [
    (
        Doubted.PLAN.value,
        "As if it had gone on",
        "A bedtime that ran when the power went off goes on. The clock starts where it stopped.",
    ),
    (
        Doubted.CLOSED.value,
        "As at bedtime",
        "For every child who has times. Help, school and what is always on stay open.",
    ),
]
"""What holds while the box doesn't know what time it is."""
UNKNOWN_CHOICES = [
    (Unknown.FILTERED.value, "Filtered", "Guests can go online. What harms everyone, and adult content, is blocked."),
    (
        Unknown.CLOSED.value,
        "Closed until you say whose it is",
        "Help lines still work. A child's new phone gets no way round.",
    ),
    *((band, f"Like a child of {band.replace('-', ' to ')}", "") for band in BANDS),
]


def _filled(words: str) -> DataRequired:
    return DataRequired(message=words)


def _choices(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]


def _name(label: str, autocomplete: str, words: str) -> StringField:
    return name_field(label, words, autocomplete=autocomplete, autocapitalize="words", spellcheck="false")


def _password(label: str, autocomplete: str, *more: object) -> PasswordField:
    return PasswordField(label, [_filled("It is missing."), *more], render_kw={"autocomplete": autocomplete})


class Form(FlaskForm):  # type: ignore[misc]
    """The manner of all forms here."""


class LogInForm(Form):
    """Who logs in."""

    name = StringField(
        "Your name",
        [_filled("Who are you?"), Length(max=200)],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = _password("Password", "current-password")
    stay = BooleanField("Stay logged in on this device")


class _Fresh(Form):
    """A new password, typed twice."""

    password = _password("Password", "new-password")
    again = _password("The same once more", "new-password", EqualTo("password", message="This is not the same."))

    def whose(self) -> str:
        """Return the name that the password must not be."""
        return ""

    def validate_password(self, field: Field) -> None:
        """Refuse what is easily guessed."""
        try:
            passwords.check_strength(field.data or "", self.whose())
        except passwords.Weak as error:
            raise ValidationError(str(error)) from error


class AccountForm(_Fresh):
    """A new caregiver's name and password."""

    name = _name("Your name", "username", "How do the others call you?")

    def whose(self) -> str:
        """Return the name that was typed."""
        return self.name.data or ""


class PasswordForm(_Fresh):
    """Another password for somebody who is logged in."""

    old = _password("Password until now", "current-password")

    def __init__(self, name: str) -> None:
        super().__init__()
        self._whose = name
        self.password.label.text = "New password"
        self.again.label.text = "The new one once more"

    def whose(self) -> str:
        """Return the account's name."""
        return self._whose


class CodeForm(Form):
    """A one-time code."""

    code = StringField(
        "Code",
        [_filled("Type the code."), Length(max=60, message="This is too long for a code.")],
        render_kw={
            "autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false",
            "placeholder": "KIND-…",
        },
    )  # fmt: skip


class InviteForm(Form):
    """What somebody who is invited may do."""

    role = RadioField("What may they do?", choices=_choices(ROLES), default=Role.CAREGIVER.value)


class PlaceForm(Form):
    """Where the house stands, and what is spoken there."""

    country = SelectField("Country", [_filled("Choose the country.")])
    language = RadioField("Language of the box", validate_choice=True)

    def __init__(
        self, countries: Sequence[tuple[str, str]], languages: Sequence[tuple[str, str]], data: Mapping[str, str | None]
    ) -> None:
        super().__init__(data=data)
        self.country.choices = _choices([("", "Choose …"), *countries])
        self.language.choices = _choices(languages)


class ZoneForm(Form):
    """What time it is in the house."""

    zone = RadioField("Time zone", [Optional()])
    other = SelectField("Where the clocks go as in", [Optional()])

    def __init__(self, zones: Sequence[tuple[str, str]], others: Sequence[str], data: Mapping[str, str | None]) -> None:
        super().__init__(data=data)
        self.zone.choices = _choices(zones)
        self.other.choices = _choices([("", "Choose …"), *((name, name.replace("_", " ")) for name in others)])

    def validate(self, extra_validators: object = None) -> bool:
        """Want a zone on the one side or the other."""
        is_good = bool(super().validate(extra_validators))
        if is_good and not self.zone.data and not self.other.data:
            self.other.errors = ["Choose the time zone."]
            return False
        return is_good


class ChildForm(Form):
    """A child."""

    name = _name("First name", "off", "What is the child's name?")
    band = RadioField(
        "Age", [_filled("How old is the child?")], choices=_choices((band, text) for band, text, _ in BAND_CHOICES)
    )


class UnknownForm(Form):
    """What a device gets that nobody named."""

    unknown = RadioField(
        "A device that nobody named",
        [_filled("Choose one.")],
        choices=_choices((key, text) for key, text, _ in UNKNOWN_CHOICES),
    )
