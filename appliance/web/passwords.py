"""Passwords: which are good enough, and how one is kept without being known."""

import threading
from functools import cache
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.low_level import Type

MIN_LETTERS = 10
MAX_LETTERS = 200
"""What is longer costs time and helps nobody."""
AT_ONCE = 2
"""Hashes that are made at once: twice 32 MiB is what a box with 1 GB has to spare, however many threads ask."""

HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1, type=Type.ID)
"""Argon2id (RFC 9106): half of the memory of its second recommended choice, in one lane: some 0.3 s on a Pi 4."""

_OBVIOUS = frozenset({
    "0123456789", "1234567890", "12345678910", "abcdefghij", "qwertyuiop", "qwertzuiop", "1q2w3e4r5t", "iloveyou12",
    "kindgate", "kindgate.home", "kindgate12", "kindgate123", "password", "password1", "password12", "password123",
    "passwort", "passwort1", "passwort12", "passwort123", "letmein123", "welcome123", "administrator", "changeme123",
    "caregiver1", "caregiver123", "raspberry1", "raspberrypi",
})  # fmt: skip
_room = threading.BoundedSemaphore(AT_ONCE)


class Weak(ValueError):
    """This password is too easy to guess; the text says why."""


def check_strength(password: str, name: str) -> None:
    """Want a password that neither a list nor a child knows. Raises Weak."""
    plain = _same(password)
    if len(plain) < MIN_LETTERS:
        raise Weak(f"Take at least {MIN_LETTERS} characters: three words that don't belong together are fine.")
    if len(plain) > MAX_LETTERS:
        raise Weak(f"Take at most {MAX_LETTERS} characters.")
    bare = plain.casefold().strip()
    if bare.replace(" ", "") in (name.casefold().replace(" ", "") * times for times in (1, 2, 3)):
        raise Weak("This is the name: everybody in the house would try it.")
    if bare in _OBVIOUS or len(set(bare)) < 4:
        raise Weak("This is one of the first that anybody would try.")


def hash_password(password: str) -> str:
    """Return what is kept of a password. Raises Weak for one that is too long."""
    if len(password) > MAX_LETTERS:
        raise Weak(f"Take at most {MAX_LETTERS} characters.")
    with _room:
        return HASHER.hash(_same(password))


def is_right(password: str, password_hash: str | None) -> bool:
    """Say whether a password is the one that was hashed; for None, take as long to say no."""
    if len(password) > MAX_LETTERS:
        return False
    with _room:
        try:
            HASHER.verify(password_hash or _nobodys(), _same(password))
        except (Argon2Error, InvalidHashError):
            return False
    return password_hash is not None


def is_old(password_hash: str) -> bool:
    """Say whether a hash was made with other parameters than today's: make it anew at the next log-in."""
    return HASHER.check_needs_rehash(password_hash)


@cache
def _nobodys() -> str:
    """Return a hash to hold a password against where there is no account, so that time tells nothing."""
    return HASHER.hash("nobody has this password")


def _same(password: str) -> str:
    """Return one spelling of what may be typed in several ways (RFC 8265, OpaqueString)."""
    return normalize("NFC", password)
