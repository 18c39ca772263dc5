"""The secret is made once and for the box alone; a code reads well and is known however it is typed."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.store.accounts import Role
from appliance.store.errors import BadCode
from appliance.store.house import HouseStore
from appliance.web import code

SECRET = bytes(range(32))
AT = 1_772_600_000.0


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """0600, 32 octets, the same at each start; nothing else is left behind."""
    first = code.load_secret(tmp_path / "data")
    path = tmp_path / "data" / code.FILE
    assert (len(first), path.stat().st_mode & 0o777) == (32, 0o600)
    assert code.load_secret(tmp_path / "data") == first
    assert [one.name for one in path.parent.iterdir()] == [code.FILE]


def test_a_secret_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    """Sessions end, nothing else does."""
    (tmp_path / code.FILE).write_bytes(b"half")
    assert len(code.load_secret(tmp_path)) == 32


def test_two_who_begin_at_once_have_one_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever's file has the name wins; the other one reads it."""
    real = code._read
    answers = iter([None])
    monkeypatch.setattr(code, "_read", lambda path: next(answers, real(path)))
    (tmp_path / code.FILE).write_bytes(SECRET)
    assert code.load_secret(tmp_path) == SECRET


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    """In our own words."""
    (tmp_path / "file").write_text("")
    with pytest.raises(code.NoSecret, match=code.FILE):
        code.load_secret(tmp_path / "file" / "data")


def test_what_comes_of_the_secret_differs() -> None:
    """The key of sessions says nothing of the code, nor one secret of another."""
    assert code.session_key(SECRET) != SECRET
    assert code.code_of(SECRET) == code.code_of(SECRET)
    assert code.code_of(SECRET) != code.code_of(bytes(32))


@given(st.binary(min_size=32, max_size=32))
def test_a_code_reads_well(secret: bytes) -> None:
    """Two groups of five, no letter that looks like another: 31 ** 10 of them."""
    assert re.fullmatch(r"KIND(-[2-9A-HJKMNP-Z]{5}){2}", code.code_of(secret))
    assert re.fullmatch(r"KIND(-[2-9A-HJKMNP-Z]{5}){3}", code.invitation_code())


@pytest.mark.parametrize("make", [lambda: code.code_of(SECRET), code.invitation_code])
def test_a_code_is_known_however_it_is_typed(make: object) -> None:
    """Small letters, blanks or nothing between, with and without the word at its beginning."""
    assert callable(make)
    word = make()
    wanted = code.code_hash(SECRET, word)
    bare = word.removeprefix("KIND-")
    for typed in (word.lower(), word.replace("-", " "), word.replace("-", ""), bare, f"  {bare.lower()} ", f"{word}\n"):
        assert code.code_hash(SECRET, typed) == wanted
    assert code.code_hash(SECRET, bare[:-1]) != wanted
    assert code.code_hash(bytes(32), word) != wanted


@given(st.text(max_size=80))
def test_anything_may_be_typed(text: str) -> None:
    """It is a hash, whatever it was."""
    assert len(code.code_hash(SECRET, text)) == 64
    assert set(code.normal(text)) <= set(code.LETTERS)


def test_the_code_of_the_first_run_can_be_printed_until_it_is_used(tmp_path: Path) -> None:
    """The same one before the dashboard began and after; none once there is an owner."""
    before = code.first_run_code(tmp_path)
    secret = code.load_secret(tmp_path)
    with HouseStore(tmp_path) as store:
        assert code.begin_first_run(store, secret, AT)
        assert code.begin_first_run(store, secret, AT + 1)
        assert code.first_run_code(tmp_path) == before == code.code_of(secret)
        made = store.codes.redeem(code.code_hash(secret, str(before)), "dana", "Dana", "hash", AT)
        assert made.role is Role.OWNER
        assert not code.begin_first_run(store, secret, AT)
        with pytest.raises(BadCode):
            store.codes.redeem(code.code_hash(secret, str(before)), "eve", "Eve", "hash", AT)
    assert code.first_run_code(tmp_path) is None


def test_no_code_stands_in_the_store(tmp_path: Path) -> None:
    """Only what the secret makes of it."""
    with HouseStore(tmp_path) as store:
        code.begin_first_run(store, SECRET, AT)
    octets = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert code.code_of(SECRET).encode() not in octets
    assert code.normal(code.code_of(SECRET)).encode() not in octets
