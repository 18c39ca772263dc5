"""A house with a dashboard, and who looks at it: anyone, a caregiver, an owner."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.verdict import Reason
from appliance.store.accounts import Role
from appliance.store.found import Sighting
from appliance.web import box as boxes
from appliance.web import passwords
from appliance.web.app import create_app
from appliance.web.box import Box
from appliance.world import rules
from tests.guessing import CARD, Fake, classifying

AT = 1_772_600_000.0
"""Wednesday, 4 March 2026, 05:53 in Berlin."""
SECRET = bytes(range(32))
PASSWORD = "correct horse battery"
OWNER, CAREGIVER = "dana-account", "robin-account"
FOUND_MAC = "02:77:00:00:00:99"

MIA = Person(id="mia", name="Mia", band="6-9")
JONAS = Person(id="jonas", name="Jonas", band="13-15")
DANA = Person(id="dana", name="Dana", kind=PersonKind.ADULT)
TABLET = Device(
    id="tablet", name="Mia's tablet", person="mia", kind=DeviceKind.TABLET, macs=("02:77:00:00:00:10",),
    addresses=("192.168.77.10",),
)  # fmt: skip
LAPTOP = Device(
    id="laptop", name="Jonas' laptop", person="jonas", kind=DeviceKind.LAPTOP, macs=("02:77:00:00:00:11",),
    addresses=("192.168.77.11",),
)  # fmt: skip
HOUSE = House(
    time_zone="Europe/Berlin", country="DE", persons=(MIA, JONAS, DANA), devices=(TABLET, LAPTOP)
)  # fmt: skip

_BOOK = rules.load_rulebook()
_NAMES = rules.bundled_set(_BOOK)
_CONTRACT = rules.load_contract()


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make hashing cost next to nothing."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def empty_box(tmp_path: Path) -> Iterator[Box]:
    """A box before its first run: no owner, no house."""
    made = Box(tmp_path / "data", _BOOK, _NAMES, _CONTRACT)
    yield made
    if made._neighbours is not None:
        made._neighbours.close()
    made.close()


@pytest.fixture
def box(empty_box: Box) -> Box:
    """A box with an owner (Dana), a caregiver (Robin), Mia, Jonas and their devices; one more device was seen."""
    store = empty_box.household.store
    hashed = passwords.hash_password(PASSWORD)
    store.accounts.add(OWNER, OWNER, "Dana", hashed, Role.OWNER, AT)
    store.accounts.add(OWNER, CAREGIVER, "Robin", hashed, Role.CAREGIVER, AT)
    empty_box.change(OWNER, Reason.of("first_run"), lambda _: HOUSE)
    store.found.saw([Sighting(FOUND_MAC, ("192.168.77.99",), "Galaxy-A52", is_random_mac=True)], empty_box.now())
    return empty_box


@pytest.fixture
def app(box: Box) -> Flask:
    """The dashboard of that box."""
    return made(box)


@pytest.fixture
def classifier(box: Box, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """A classifier that runs in that box, with a card of the tests' own."""
    monkeypatch.setattr(boxes, "load_model_card", lambda: CARD)
    box._card = None
    with classifying(box.data) as fake:
        yield fake


@pytest.fixture
def anyone(app: Flask) -> FlaskClient:
    """Somebody in the house who is not logged in."""
    return app.test_client()


@pytest.fixture
def caregiver(app: Flask) -> FlaskClient:
    """Robin, who is a caregiver and no owner, logged in."""
    return logged_in(app, CAREGIVER)


@pytest.fixture
def owner(app: Flask) -> FlaskClient:
    """Dana, who owns the box, logged in."""
    return logged_in(app, OWNER)


@pytest.fixture
def csrf() -> Callable[[FlaskClient], str]:
    """Return what gives the token that the forms of a client carry, as the field `csrf_token`."""
    return token_of


def made(box: Box) -> Flask:
    """Return the dashboard of a box."""
    app = create_app(box, SECRET)
    app.config["TESTING"] = True
    return app


def logged_in(app: Flask, account: str, epoch: int = 1) -> FlaskClient:
    """Return a client with a session of an account, as the log-in page makes it."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = f"{account}:{epoch}"
    return client


def token_of(client: FlaskClient) -> str:
    """Return a token that fits the session of a client."""
    with client.session_transaction() as session:
        raw = session.setdefault("csrf_token", "f" * 40)
    signer = URLSafeTimedSerializer(client.application.secret_key or b"", salt="wtf-csrf-token")
    token = signer.dumps(raw)
    return str(token)
