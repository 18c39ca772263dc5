"""A password is good enough, kept as Argon2id, and its check tells nothing by its time."""

import threading

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from appliance.web import passwords
from appliance.web.passwords import Weak, check_strength, hash_password, is_old, is_right

GOOD = "three lamps sing"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 10"),
        ("x" * 201, "at most 200"),
        ("1234567890", "first that anybody"),
        ("Password123", "first that anybody"),
        ("aaaaaaaaaaab", "first that anybody"),
        ("Dana Miller", "the name"),
        ("danamiller", "the name"),
        ("DanaMillerDanaMiller", "the name"),
    ],
)
def test_what_is_easily_guessed_is_refused(password: str, words: str) -> None:
    """Each with the reason."""
    with pytest.raises(Weak, match=words):
        check_strength(password, "Dana Miller")


@pytest.mark.parametrize("password", [GOOD, "ääääöööüüü ß", "🦊🐻🐼 zehn Zeichen", "x" * 100 + "yza"])
def test_what_is_long_enough_is_taken(password: str) -> None:
    """No rule about digits and signs."""
    check_strength(password, "Dana")


def test_a_hash_is_right_for_its_password_alone() -> None:
    """However an accent was typed."""
    hashed = hash_password("caf\u00e9 caf\u00e9 caf\u00e9")
    assert is_right("cafe\u0301 cafe\u0301 cafe\u0301", hashed)
    assert not is_right("cafe cafe cafe", hashed)
    assert not is_right("", hashed)


def test_two_hashes_of_one_password_differ() -> None:
    """There is salt in them."""
    assert hash_password(GOOD) != hash_password(GOOD)


@pytest.mark.parametrize("broken", ["", "plain", "$argon2id$v=19$m=8,t=1,p=1$broken"])
def test_a_broken_hash_is_right_for_nothing(broken: str) -> None:
    """It is no error either: the account is locked, and can be reset."""
    assert not is_right(GOOD, broken)


def test_nobody_is_held_against_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without an account costs one verification, as one with an account does."""
    seen: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override] # noqa: A002
            seen.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "HASHER", Counting(time_cost=1, memory_cost=8, parallelism=1))
    assert not is_right("nobody has this password", None)
    assert not is_right(GOOD, hash_password("another one of these"))
    assert len(seen) == 2


def test_what_is_absurdly_long_costs_nothing() -> None:
    """A megabyte is neither hashed nor verified."""
    assert not is_right("x" * 1_000_000, hash_password(GOOD))
    with pytest.raises(Weak):
        hash_password("x" * 1_000_000)


def test_other_parameters_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the next log-in hashes anew."""
    hashed = hash_password(GOOD)
    assert not is_old(hashed)
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    assert is_old(hashed)
    assert is_right(GOOD, hashed)


def test_the_real_parameters_are_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id, 32 MiB, three rounds, one lane."""
    monkeypatch.undo()
    told = extract_parameters(hash_password(GOOD))
    assert (told.type, told.memory_cost, told.time_cost, told.parallelism) == (Type.ID, 32 * 1024, 3, 1)


def test_no_more_than_two_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads ask."""
    running, most = 0, 0
    lock, full, go = threading.Lock(), threading.Event(), threading.Event()

    class Slow:
        def hash(self, _password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
                if running == passwords.AT_ONCE:
                    full.set()
            assert go.wait(5)
            with lock:
                running -= 1
            return "hash"

    monkeypatch.setattr(passwords, "HASHER", Slow())
    threads = [threading.Thread(target=hash_password, args=(GOOD,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    assert full.wait(5)
    assert running == passwords.AT_ONCE
    go.set()
    for thread in threads:
        thread.join(5)
    assert most == passwords.AT_ONCE
