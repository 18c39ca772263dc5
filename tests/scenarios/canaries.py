"""Names that nobody ever asked for before, by which a look through files tells what was written down, however spelt."""

import base64
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Canary:
    """A host name as it goes over the wire, and the letters in it that nothing else has."""

    name: str
    core: str
    is_permitted: bool = False
    """The contract lets this name be written, in the journal alone."""


def canary(below: str, *, is_foreign: bool = False) -> Canary:
    """Return a new name below another one; a foreign one begins with a letter that the wire writes another way."""
    core = f"kq{secrets.token_hex(7)}"
    label = f"ä{core}".encode("idna").decode() if is_foreign else core
    return Canary(f"{label}.{below}", core)


def plain_spellings(word: str) -> Iterator[bytes]:
    """Yield the octets that a word in small letters may leave: as it is, in UTF-16, backwards, as hexadecimal."""
    for text in (word, word[::-1]):
        for encoding in ("ascii", "utf-16-le", "utf-16-be"):
            octets = text.encode(encoding)
            yield octets
            yield octets.hex().encode()


def packed_spellings(word: str) -> Iterator[bytes]:
    """Yield the octets of a word in base 64, where capitals count."""
    for text in (word, word.upper()):
        for before in range(3):
            # What stands before shifts the letters; those at the ends depend on what stands there.
            told = base64.b64encode(b"\0" * before + text.encode())
            yield told[4 if before else 0 : len(told) // 4 * 4 - 4]


def traces(canaries: Iterable[Canary], files: Mapping[str, bytes]) -> Iterator[tuple[Canary, str]]:
    """Yield each canary that left a trace, with the name of the file."""
    lowered = {name: octets.lower() for name, octets in files.items()}
    for one in canaries:
        plain, packed = set(plain_spellings(one.core)), set(packed_spellings(one.core))
        for name, octets in files.items():
            if any(each in lowered[name] for each in plain) or any(each in octets for each in packed):
                yield one, name


def files_of(*places: Path) -> dict[str, bytes]:
    """Return all that stands in files and folders, the names of the files too."""
    found: dict[str, bytes] = {}
    for place in places:
        for path in (place, *place.rglob("*")):
            if path.is_file():
                found[path.name] = found.get(path.name, b"") + str(path).encode() + path.read_bytes()
    return found
