r"""Domain names in one normal form: lower case, A-labels, no final dot, odd bytes as ``\DDD``; the root is ``""``."""

from collections.abc import Iterator, Sequence
from re import compile as regex

import idna

MAX_LABEL_OCTETS = 63
MAX_NAME_OCTETS = 255
"""On the wire, length octets and the root's zero included (RFC 1035 section 2.3.4)."""

_PLAIN = regex(rb"[a-z0-9_.-]*\Z")
_COUNTS = [bytes((size,)) for size in range(MAX_LABEL_OCTETS + 1)]
_TYPED = regex(r"[a-z0-9_-]{1,63}\Z")
_ESCAPE = regex(r"\\(?:([0-9]{3})|(.))")


class BadName(ValueError):
    """This is not a domain name."""


def normalise(typed: str) -> str:
    """Return the normal form of a name that a person or a list typed.

    Takes Unicode names, upper case, a final dot and a leading ``*.``-less form; raises BadName for anything that no
    DNS question for a host could carry (spaces, empty labels, addresses with a port, more than 253 characters).
    """
    text = typed.strip().lower().removesuffix(".")
    if not text:
        raise BadName(f"{typed!r} is not a domain name")
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise BadName(f"{typed!r} is not a domain name: {error}") from error
    labels = text.split(".")
    if len(text) > 253 or not all(_TYPED.match(label) for label in labels):
        raise BadName(f"{typed!r} is not a domain name")
    return text


def from_labels(labels: Sequence[bytes]) -> str:
    r"""Return the normal form of labels off the wire; a dot or an odd octet inside a label becomes ``\DDD``."""
    octets = b".".join(labels).lower()
    if _PLAIN.match(octets) and octets.count(b".") < max(1, len(labels)):
        return octets.decode("ascii")
    return ".".join([_label_text(label.lower()) for label in labels])


def to_labels(name: str) -> list[bytes]:
    r"""Return the labels of a name in normal form, the inverse of `from_labels`."""
    if not name:
        return []
    if "\\" not in name:
        return name.encode("ascii").split(b".")
    return [_ESCAPE.sub(_unescape, label).encode("latin-1") for label in name.split(".")]


def to_wire(name: str) -> bytes:
    """Return a name in normal form as uncompressed wire octets, the root's zero included."""
    return b"".join([_COUNTS[len(label)] + label for label in to_labels(name)]) + b"\x00"


def parents(name: str) -> Iterator[str]:
    """Yield a name and then each name above it, most specific first: ``a.b.c``, ``b.c``, ``c``."""
    while name:
        yield name
        _, _, name = name.partition(".")


def is_under(name: str, ancestor: str) -> bool:
    """Say whether a name is `ancestor` itself or below it."""
    return name == ancestor or not ancestor or name.endswith("." + ancestor)


def _label_text(label: bytes) -> str:
    return "".join(
        chr(octet) if 0x21 <= octet <= 0x7E and octet not in b'.\\"' else f"\\{octet:03d}" for octet in label
    )


def _unescape(match: object) -> str:
    digits, char = match.groups()  # type: ignore[attr-defined]
    return chr(int(digits)) if digits else char
