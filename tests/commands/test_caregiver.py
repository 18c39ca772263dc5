"""`kindgate caregiver` helps who lost the password, on the box itself, and says what it did."""

import re
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import Result

from appliance.store.accounts import Role
from appliance.store.house import HouseStore
from appliance.web import passwords
from tests.commands.cli import kindgate
from tests.store.houses import octets

AT = 1_772_600_000.0
OLD, NEW = "correct horse battery", "another good one"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A box with an owner, and a caregiver who was put aside."""
    with HouseStore(tmp_path) as store:
        hashed = passwords.hash_password(OLD)
        store.accounts.add("dana", "dana", "Dana", hashed, Role.OWNER, AT)
        store.accounts.add("dana", "robin", "Robin", hashed, Role.CAREGIVER, AT + 1)
        store.accounts.disable("dana", "robin", AT + 2)
    return tmp_path


def run(data: Path, *words: str, stdin: str | None = None) -> Result:
    """Return what the command does with these words."""
    return kindgate("caregiver", *words, data=data, stdin=stdin)


def is_right(data: Path, name: str, password: str) -> bool:
    """Say whether a password lets somebody in."""
    with HouseStore(data) as store:
        found = store.accounts.credentials(name)
        return found is not None and passwords.is_right(password, found.password_hash)


def test_who_may_log_in_is_listed(data: Path) -> None:
    """With the role, and who was put aside."""
    result = run(data, "list")
    assert (result.exit_code, result.stdout) == (0, "Dana  owner\nRobin  caregiver  (put aside)\n")


def test_a_box_without_caregivers_says_what_to_do(tmp_path: Path) -> None:
    """The first run is next."""
    with HouseStore(tmp_path):
        pass
    result = run(tmp_path, "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "kindgate check" in result.stderr


def test_a_new_password_is_made_and_everything_else_ends(data: Path) -> None:
    """It is printed once; the old one is void, sessions end, wrong tries are forgotten, and the audit tells it."""
    with HouseStore(data) as store:
        store.accounts.lock_out("account:dana", AT * 2, AT)
    result = run(data, "reset", "dana")
    assert result.exit_code == 0, result.output
    told = re.search(r"New password of Dana: (\S+)\n", result.stdout)
    assert told is not None
    assert is_right(data, "Dana", told[1])
    assert not is_right(data, "Dana", OLD)
    with HouseStore(data) as store:
        found = store.accounts.get("dana")
        assert found is not None
        assert found.session_epoch == 2
        assert store.accounts.attempts("account:dana").locked_until is None
        assert store.audit()[0].what.code == "caregiver_reset"
        assert store.audit()[0].who == "box"
    assert told[1].encode() not in octets(data)


def test_a_password_can_be_typed(data: Path) -> None:
    """Twice, without being shown."""
    result = run(data, "reset", "Dana", "--ask", stdin=f"{NEW}\n{NEW}\n")
    assert result.exit_code == 0, result.output
    assert NEW not in result.output
    assert is_right(data, "Dana", NEW)


@pytest.mark.parametrize(("typed", "words"), [("short", "at least 10"), ("DanaDanaDana", "the name")])
def test_a_weak_one_is_refused(data: Path, typed: str, words: str) -> None:
    """And the old one stays."""
    result = run(data, "reset", "Dana", "--ask", stdin=f"{typed}\n{typed}\n")
    assert (result.exit_code, words in result.stderr) == (1, True)
    assert is_right(data, "Dana", OLD)


def test_who_was_put_aside_stays_so(data: Path) -> None:
    """That is an owner's to change, and it is said."""
    result = run(data, "reset", "Robin")
    assert result.exit_code == 0
    assert "put aside by an owner" in result.stderr


def test_a_name_that_nobody_has_is_told(data: Path) -> None:
    """With where to look."""
    result = run(data, "reset", "Eve")
    assert (result.exit_code, result.stderr) == (
        1, "Error: there is no caregiver 'Eve'; see: kindgate caregiver list\n",
    )  # fmt: skip


def test_a_folder_without_a_box_is_not_made_one(tmp_path: Path) -> None:
    """A wrong --data is told, and nothing is written."""
    result = run(tmp_path / "data", "list")
    assert (result.exit_code, "is this the data folder?" in result.stderr) == (1, True)
    assert not (tmp_path / "data").exists()


def test_a_broken_house_db_is_told(data: Path) -> None:
    """In its own sentence."""
    (data / HouseStore.FILE).write_bytes(b"broken" * 1000)
    result = run(data, "list")
    assert (result.exit_code, "The file is damaged" in result.stderr) == (1, True)
