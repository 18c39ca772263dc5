"""The box's own secret, and what comes of it: the key of sessions, the code of the first run, the hashes of codes."""

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from appliance.store.errors import Claimed
from appliance.store.house import HouseStore

FILE = "web.secret"
OCTETS = 32
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0 and O, no 1, I and L: it is read from a screen and typed on a phone."""
BEGINS = "KIND"
FIRST_RUN_LETTERS = 10
"""31 ** 10 is more than 2 ** 49."""
INVITATION_LETTERS = 15
"""31 ** 15 is more than 2 ** 74: it travels by mail or messenger and is good for two days."""

_TAKEN_FOR = str.maketrans({"0": None, "O": None, "1": None, "I": None, "L": None, " ": None, "-": None})


class NoSecret(OSError):
    """The secret of the dashboard can't be read or kept."""


def load_secret(data: Path) -> bytes:
    """Return the secret of a data folder, made when it is first wanted. Raises NoSecret."""
    path = data / FILE
    try:
        # Whoever comes first makes it; a half-written one never has its name.
        found = _read(path) or _make(path) or _read(path)
    except OSError as error:
        raise NoSecret(f"{path}: {error.strerror or error}") from error
    if found is None:
        raise NoSecret(f"{path}: this is no secret of {OCTETS} octets")
    return found


def session_key(secret: bytes) -> bytes:
    """Return the key that signs sessions and forms."""
    return hmac.digest(secret, b"session", sha256)


def code_of(secret: bytes) -> str:
    """Return the code of the first run, the same for as long as the secret is: ``KIND-7F3QA-9XKAB``."""
    return _spelt(hmac.digest(secret, b"first-run", sha256), FIRST_RUN_LETTERS)


def invitation_code() -> str:
    """Return a new code to invite somebody with: ``KIND-7F3QA-9XKAB-24MNP``."""
    return _spelt(secrets.token_bytes(OCTETS), INVITATION_LETTERS)


def code_hash(secret: bytes, code: str) -> str:
    """Return what is kept of a code, however it was typed; without the secret nobody finds the code by trying."""
    return hmac.new(secret, b"code:" + normal(code).encode(), sha256).hexdigest()


def normal(code: str) -> str:
    """Return the letters of a code that count, as typed in any case, with blanks or without."""
    plain = "".join(letter for letter in code.upper().translate(_TAKEN_FOR) if letter in LETTERS)
    begins = BEGINS.translate(_TAKEN_FOR)
    return plain.removeprefix(begins) if len(plain) in (FIRST_RUN_LETTERS + 3, INVITATION_LETTERS + 3) else plain


def first_run_code(data: Path) -> str | None:
    """Return the code that makes the first owner, None once there is one. Raises NoSecret and StoreError."""
    if (data / HouseStore.FILE).exists():
        with HouseStore(data) as store:
            if store.codes.is_claimed():
                return None
    return code_of(load_secret(data))


def begin_first_run(store: HouseStore, secret: bytes, at: float) -> bool:
    """Let the code of the first run count, if the box has no owner; say whether it does. Raises StoreError."""
    try:
        store.codes.begin_first_run(code_hash(secret, code_of(secret)), at)
    except Claimed:
        return False
    return True


def _spelt(octets: bytes, letters: int) -> str:
    number = int.from_bytes(octets, "big")
    word = ""
    for _ in range(letters):
        number, digit = divmod(number, len(LETTERS))
        word += LETTERS[digit]
    return "-".join([BEGINS, *(word[start : start + 5] for start in range(0, letters, 5))])


def _read(path: Path) -> bytes | None:
    try:
        octets = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(octets) != OCTETS:
        # Cut short by a power cut: sessions and codes made with it are void, and nothing else.
        path.unlink()
        return None
    return octets


def _make(path: Path) -> bytes | None:
    """Make a secret; None where somebody else was faster."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    octets = secrets.token_bytes(OCTETS)
    fresh = path.with_name(f".{FILE}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        if os.geteuid() == 0:
            folder = path.parent.stat()
            os.fchown(handle, folder.st_uid, folder.st_gid)
        os.write(handle, octets)
        os.fsync(handle)
        path.hardlink_to(fresh)
    except FileExistsError:
        return None
    finally:
        os.close(handle)
        fresh.unlink(missing_ok=True)
    return octets
