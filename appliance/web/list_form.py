"""The form of a list: its address, its name, what it does and for whom; and what only some lists need."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, RadioField, SelectChoice, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from appliance.core.house import House
from appliance.core.lists.rule import Syntax
from appliance.core.person import PersonKind
from appliance.core.rulebook import Rulebook
from appliance.core.subscription import MAX_URL, ListKind, Subscription, normal_url
from appliance.web.categories import GROUPS
from appliance.web.fields import name_field

HOUSE, SOME = "house", "some"
NO_FILE = (
    "This page takes lists from the Internet, over https. A file goes in at the box itself: "
    "kindgate list add FILE --name NAME."
)
KINDS = (
    (ListKind.BLOCK.value, "It closes", "What it names is closed, unless you opened it.", "slash-circle"),
    (ListKind.ALLOW.value, "It opens", "What it names is open, though another list closes it.", "check-circle"),
)
WHOM = (
    (HOUSE, "The whole house", "All children, and devices that nobody named. An adult only has it by name.", "house"),
    (SOME, "Only some", "Nobody else notices it.", "people"),
)
SYNTAXES: dict[Syntax, str] = {
    Syntax.AUTO: "Find out by looking (nearly always right)",
    Syntax.MIXED: "A mixture: each line as it looks",
    Syntax.HOSTS: "Like a hosts file: 0.0.0.0 name",
    Syntax.EXACT: "Names, one a line",
    Syntax.DOMAINS: "Names, each with all below it",
    Syntax.WILDCARD: "*.name, one a line",
    Syntax.ADBLOCK: "Adblock or AdGuard: ||name^",
    Syntax.DNSMASQ: "dnsmasq: address=/name/",
    Syntax.RPZ: "A response policy zone (RPZ)",
    Syntax.REGEX: "Patterns: /pattern/",
    Syntax.POSIX_REGEX: "Patterns as Pi-hole writes them",
}
SUBDOMAINS = (("", "As such lists are usually meant"), ("yes", "Yes, all below it"), ("no", "No, that name alone"))
_BELOW = {"": None, "yes": True, "no": False}


class ListForm(FlaskForm):  # type: ignore[misc]
    """A list, new or as it is."""

    url = StringField(
        "Its address",
        [InputRequired("Type the address of the list."), Length(max=MAX_URL, message="This is too long.")],
        render_kw={
            "inputmode": "url", "autocapitalize": "none", "autocomplete": "off", "spellcheck": "false",
            "placeholder": "https://example.org/list.txt",
        },
    )  # fmt: skip
    name = name_field("What do you call it?", "Type a name.", placeholder="Fraud, by our bank")
    kind = RadioField("What does it do?", choices=[SelectChoice(value, text) for value, text, _, _ in KINDS])
    category = SelectField("Is it about one kind of sites?")
    whom = RadioField("For whom?", choices=[SelectChoice(value, text) for value, text, _, _ in WHOM])
    persons = SelectMultipleField("Who?")
    syntax = SelectField(
        "How is it written?", choices=[SelectChoice(one.value, text) for one, text in SYNTAXES.items()]
    )
    subdomains = SelectField(
        "Does a bare name stand for all below it?", choices=[SelectChoice(*one) for one in SUBDOMAINS]
    )
    redirects = BooleanField("It may lead elsewhere")
    wide = BooleanField("It may close whole endings")

    def __init__(
        self, house: House, book: Rulebook, old: Subscription | None = None, name: str = "", url: str = ""
    ) -> None:
        was = old or Subscription(id="new", name="new")
        below = {said: word for word, said in _BELOW.items()}[was.subdomains]
        super().__init__(
            data={
                "url": (old.url if old else url) or "", "name": old.name if old else name, "kind": was.kind.value,
                "category": was.category or "", "whom": SOME if was.persons else HOUSE, "persons": list(was.persons),
                "syntax": was.syntax.value, "subdomains": below, "redirects": was.redirects, "wide": was.wide,
            }
        )  # fmt: skip
        self._house = house
        self._old = old
        self.people = sorted(house.persons, key=lambda one: one.kind is PersonKind.ADULT)
        self.persons.choices = [SelectChoice(one.id, one.name) for one in self.people]
        self.category.choices = [SelectChoice("", "No: it is decided by itself"), *_kinds(book)]
        if old is not None and not is_fetched(old):
            # Where it came from can't be told again on a page: what lies here stays.
            del self.url

    def validate_url(self, field: Field) -> None:
        """Refuse what isn't fetched over https, and what is here already."""
        typed = str(field.data or "").strip()
        if typed.lower().startswith("file:") or typed.startswith(("/", "~", ".")):
            raise ValidationError(NO_FILE)
        try:
            field.data = normal_url(typed if ":" in typed else f"https://{typed}")
        except ValueError as error:
            said = str(error)
            raise ValidationError(f"{said[:1].upper()}{said[1:]}.") from error
        what = (field.data, self.kind.data, self.category.data or None)
        for one in self._house.lists:
            is_other = self._old is None or one.id != self._old.id
            if is_other and (one.url, one.kind.value, one.category) == what:
                raise ValidationError(f"This list is here already: {one.name}.")

    def validate_persons(self, field: Field) -> None:
        """Want somebody where it is for some only."""
        if self.whom.data == SOME and not field.data:
            raise ValidationError("Tick who it is for.")

    def subscription(self, list_id: str) -> Subscription:
        """Return the list that stands in the form, which was found to be right."""
        url = self.url.data if "url" in self else self._old.url if self._old else None
        return Subscription(
            id=list_id,
            name=str(self.name.data),
            url=url,
            kind=ListKind(self.kind.data),
            category=self.category.data or None,
            persons=tuple(self.persons.data) if self.whom.data == SOME else (),
            syntax=Syntax(self.syntax.data),
            subdomains=_BELOW[self.subdomains.data],
            redirects=bool(self.redirects.data),
            wide=bool(self.wide.data),
            on=self._old.on if self._old else True,
        )

    @property
    def has_more(self) -> bool:
        """Say whether something is set of what only some lists need, or wrong with it."""
        fields = (self.syntax, self.subdomains, self.redirects, self.wide)
        return any(field.errors or field.data not in ("", False, Syntax.AUTO.value) for field in fields)


def page(form: ListForm, told: Subscription | None) -> ResponseReturnValue:
    """Return the page of a form, for a list of the house or for a new one."""
    shown = render_template("lists/edit.html", form=form, told=told, kinds=KINDS, whom=WHOM)
    return shown, 422 if form.errors else 200


def is_fetched(told: Subscription) -> bool:
    """Say whether a list comes from the Internet, and not from the box itself."""
    return told.url is not None and not told.url.startswith("file:")


def _kinds(book: Rulebook) -> list[SelectChoice]:
    """Return the kinds of sites that a list may speak of."""
    places = {id_: place for place, id_ in enumerate(GROUPS)}
    kinds = sorted(book.categories.values(), key=lambda one: places.get(one.group, len(places)))
    return [SelectChoice(one.id, one.name, optgroup=GROUPS[one.group][0]) for one in kinds if one.id not in book.unfed]
