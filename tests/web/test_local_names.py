"""Names at home: seen by caregivers, changed by owners; what is wrong stands beside the field; no child sees them."""

from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.record import Record, RecordType
from appliance.core.verdict import Reason
from appliance.web import local_names
from appliance.web.box import Box
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import OWNER

PLACE = "/house/names"
NAS = Record(name="nas.lan", type=RecordType.A, value="192.168.77.40")
AT_NAS = f"{PLACE}/record?{urlencode({'name': 'nas.lan', 'type': 'A', 'value': '192.168.77.40'})}"
REMOVE = AT_NAS.replace("/record", "/remove")
CHANGING = (f"{PLACE}/new", AT_NAS, REMOVE, f"{PLACE}/ending", f"{PLACE}/private", f"{PLACE}/private/remove")


def having(box: Box, *records: Record, **said: object) -> None:
    """Give the house records."""
    box.change("x", Reason("x"), lambda house: replace(house, records=records or (NAS,), **said))


def test_who_may_see_and_who_may_change(
    anyone: FlaskClient, caregiver: FlaskClient, owner: FlaskClient, box: Box
) -> None:
    """A caregiver sees, an owner changes, nobody else does either."""
    having(box, private_names=("home.example",))
    before = box.house()
    assert anyone.get(PLACE).status_code == 303
    seen = words(caregiver.get(PLACE))
    assert "nas.lan A · 192.168.77.40" in seen
    assert "home.example" in seen
    assert "An owner can change names." in seen
    assert f'href="{PLACE}/new"' not in caregiver.get(PLACE).text
    for place in CHANGING:
        assert send(caregiver, place, name="x.lan", value="10.0.0.1", ending="home").status_code == 403
        assert send(anyone, place, name="x.lan", value="10.0.0.1", ending="home").status_code == 303
        assert owner.post(place, data={"name": "x.lan"}).status_code == 400
    assert box.house() == before


def test_a_box_without_any(owner: FlaskClient, caregiver: FlaskClient) -> None:
    """It says what they are for."""
    assert "No name of your own yet" in words(owner.get(PLACE))
    assert "An owner can say" in words(caregiver.get(PLACE))
    assert "What devices are called" in words(owner.get("/house"))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (("Printer.lan", "192.168.77.41"), Record(name="printer.lan", type=RecordType.A, value="192.168.77.41")),
        (("printer.lan", "fd77::41"), Record(name="printer.lan", type=RecordType.AAAA, value="fd77::41")),
        (("*.nas.lan", "nas.lan"), Record(name="*.nas.lan", type=RecordType.CNAME, value="nas.lan")),
        (("192.168.77.41", "printer.lan"), Record(name="192.168.77.41", type=RecordType.PTR, value="printer.lan")),
        (("a.lan", "hello there", "TXT", "300"),
         Record(name="a.lan", type=RecordType.TXT, value="hello there", ttl_s=300)),
    ],
)  # fmt: skip
def test_a_name_is_added(owner: FlaskClient, box: Box, typed: tuple[str, ...], expected: Record) -> None:
    """By what stands there, or as it was chosen."""
    name, value, kind, ttl = (*typed, *("look", "")[len(typed) - 2 :])
    answer = send(owner, f"{PLACE}/new", name=name, value=value, kind=kind, ttl_s=ttl)
    assert box.house().records == (expected,)
    assert last(box) == (OWNER, "record_added", {"name": expected.name})
    page = told(owner, answer)
    assert f"{local_names.shown_name(expected)} is saved." in page
    assert local_names.words_of(expected) in page
    assert f"said where {expected.name} leads at home." in words(owner.get("/changes"))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"name": "", "value": "10.0.0.1"}, "Type a name, like nas.lan."),
        ({"name": "a.lan", "value": ""}, "Type an address or a name."),
        ({"name": "no name", "value": "10.0.0.1"}, "'no name' is not a domain name."),
        ({"name": "a.lan", "value": "10.0.0.1", "kind": "AAAA"}, "'10.0.0.1' is not an address of IPv6."),
        ({"name": "10.0.0.1", "value": "no name"}, "'no name' is not a domain name."),
        ({"name": "no name", "value": "a.lan", "kind": "PTR"}, "'no name' is not a domain name."),
        ({"name": "a.lan", "value": "10.0.0.1", "ttl_s": "99999"}, "From 0 seconds to a day, 86400."),
        ({"name": "a.lan", "value": "10.0.0.1", "ttl_s": "x"}, "Not a valid integer value."),
        ({"name": "a.lan", "value": "10.0.0.1", "kind": "MX"}, "Not a valid choice."),
        ({"name": "childline.org.uk", "value": "10.0.0.1"}, "childline.org.uk is protected"),
        ({"name": "kindgate.home", "value": "10.0.0.1"}, "kindgate.home is this box itself."),
        ({"name": "*.com", "value": "10.0.0.1"}, "*.com would be every site that ends in it."),
        ({"name": "nas.lan", "value": "192.168.77.40"}, "stands here twice."),
        ({"name": "a.lan", "value": "kindgate.home"}, "kindgate.home is this box itself, and needs no other name."),
        ({"name": HOSTILE, "value": HOSTILE}, "is not a domain name"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(
    owner: FlaskClient, box: Box, typed: dict[str, str], expected: str
) -> None:
    """With what was typed, and the house is as it was."""
    having(box)
    answer = send(owner, f"{PLACE}/new", **{"kind": "look"} | typed)
    assert answer.status_code == 422
    assert expected in words(answer)
    assert HOSTILE not in answer.text
    assert box.house().records == (NAS,)


def test_a_circle_is_said_at_the_value(owner: FlaskClient, box: Box) -> None:
    """It is the other name that is wrong, not the one that was asked for."""
    having(box, Record(name="a.lan", type=RecordType.CNAME, value="b.lan"))
    answer = send(owner, f"{PLACE}/new", name="b.lan", value="a.lan", kind="look")
    assert 'id="value-wrong"' in answer.text
    assert "leads round in a circle." in words(answer)


def test_a_name_is_changed(owner: FlaskClient, box: Box) -> None:
    """Only that one; the form has it as it is."""
    other = Record(name="nas.lan", type=RecordType.TXT, value="cellar", ttl_s=60)
    having(box, NAS, other)
    page = owner.get(AT_NAS).text
    assert 'value="192.168.77.40"' in page
    assert '<option selected value="look">' in page
    written = f"{PLACE}/record?{urlencode({'name': 'nas.lan', 'type': 'TXT', 'value': 'cellar'})}"
    assert '<option selected value="TXT">' in owner.get(written).text
    answer = send(owner, AT_NAS, name="nas.lan", value="192.168.77.42", kind="A", ttl_s="")
    assert box.house().records == (replace(NAS, value="192.168.77.42"), other)
    assert last(box)[1] == "record_changed"
    assert "192.168.77.42" in told(owner, answer)
    assert "name at home added: nas.lan, A, 192.168.77.42" in words(owner.get("/changes"))
    assert owner.get(AT_NAS).status_code == 404


def test_a_name_is_taken_away(owner: FlaskClient, box: Box) -> None:
    """And is not there twice."""
    having(box)
    assert "Take nas.lan away?" in words(owner.get(AT_NAS))
    assert "as if it had never been here" in told(owner, send(owner, REMOVE))
    assert box.house().records == ()
    assert last(box) == (OWNER, "record_removed", {"name": "nas.lan"})
    assert send(owner, REMOVE).status_code == 404


def test_names_that_may_lie_in_the_home(owner: FlaskClient, box: Box) -> None:
    """Added by the name or the address of a page, and taken away."""
    answer = send(owner, f"{PLACE}/private", name="https://Home.example.com/login")
    assert box.house().private_names == ("home.example.com",)
    assert "may lie in the home" in told(owner, answer)
    assert last(box) == (OWNER, "private_name_added", {"name": "home.example.com"})
    told(owner, send(owner, f"{PLACE}/private/remove", name="home.example.com"))
    assert box.house().private_names == ()
    assert "not there any more" in told(owner, send(owner, f"{PLACE}/private/remove", name="home.example.com"))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", "Type the name of a site."),
        ("no name", "This is not the name of a site."),
        ("com", "would be every site that ends in it"),
        ("x" * 2001, "This is too long."),
    ],
)
def test_what_can_not_lie_in_the_home(owner: FlaskClient, box: Box, typed: str, expected: str) -> None:
    """It is said where it was typed."""
    answer = send(owner, f"{PLACE}/private", name=typed)
    assert answer.status_code == 422
    assert expected in words(answer)
    assert box.house().private_names == ()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [(".Home", "home"), ("house.example.org", "house.example.org"), ("com", None), ("local", None), ("no name", None),
     ("", None), ("kindgate.home", None)],
)  # fmt: skip
def test_what_names_of_devices_end_in(owner: FlaskClient, box: Box, typed: str, expected: str | None) -> None:
    """An ending that the Internet doesn't have, or one's own."""
    answer = send(owner, f"{PLACE}/ending", ending=typed)
    assert box.house().local_domain == (expected or "lan")
    if expected is None:
        assert answer.status_code == 422
        assert 'id="ending-wrong"' in answer.text
        return
    assert f"mias-tablet.{expected}" in told(owner, answer)
    assert last(box) == (OWNER, "local_domain_set", {"name": expected})


def test_devices_by_their_names(caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the addresses that are known, then those that are seen; link-local ones are of no use."""
    seen = {"02:77:00:00:00:10": ("fe80::1%2", "fd77::10", "192.168.77.10")}
    monkeypatch.setattr(box, "addresses", lambda mac: seen.get(mac, ()))
    page = words(caregiver.get(PLACE))
    assert "mias-tablet.lan 192.168.77.10 · fd77::10" in page
    assert "jonas-laptop.lan 192.168.77.11" in page
    assert "fe80" not in page


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (("a.lan", "CNAME", "a.lan"), "As the Internet has it"),
        (("a.lan", "AAAA", "AAAA"), "AAAA: As the Internet has it"),
        (("a.lan", "CNAME", "b.lan"), "The same as b.lan"),
        (("a.lan", "TXT", "hello"), "TXT · hello"),
    ],
)
def test_records_in_words(record: tuple[str, str, str], expected: str) -> None:
    """As people say it."""
    assert local_names.words_of(Record(name=record[0], type=RecordType(record[1]), value=record[2])) == expected


def test_what_stands_in_the_way_is_told(owner: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be saved is said, and nothing is lost of what was typed."""
    having(box, private_names=("home.example",))
    monkeypatch.setattr(local_names, "changed", lambda *_: "The disk is full.")
    for place, typed in (
        (f"{PLACE}/new", {"name": "b.lan", "value": "10.0.0.1", "kind": "look"}),
        (f"{PLACE}/private", {"name": "other.example"}),
        (f"{PLACE}/ending", {"ending": "home"}),
    ):
        answer = send(owner, place, **typed)
        assert answer.status_code == 422
        assert "The disk is full." in words(answer)
    for place, typed in ((REMOVE, {}), (f"{PLACE}/private/remove", {"name": "home.example"})):
        assert "The disk is full." in told(owner, send(owner, place, **typed))
