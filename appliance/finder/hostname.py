"""What a device calls itself, made harmless: it comes from the network, and anyone may say anything there."""

from unicodedata import category, normalize

MAX_LABEL = 63
MAX_NAME = 80
EMPTY_WORDS = frozenset(("", "*", "localhost", "none", "null", "unknown", "(none)"))
"""What DHCP servers and devices write where there is no name."""
_INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffd")
"""Drawn as nothing or as "unreadable", though Unicode has them as letters and symbols."""


def clean(raw: str | bytes) -> str | None:
    """Return a host name as it may be shown, None where nothing is left.

    Control, bidi and other format characters, private and unassigned ones go, as do the endings ``.local`` and dots.
    """
    text = raw.decode("utf-8", "ignore") if isinstance(raw, bytes) else raw
    composed = normalize("NFC", text[: 4 * MAX_NAME])
    words = " ".join("".join(_kept(character) for character in composed).split())
    bare = words.strip(".").removesuffix(".local")
    name = ".".join(label.strip()[:MAX_LABEL] for label in bare.split(".") if label.strip())[:MAX_NAME].strip(" .")
    return name if name.casefold() not in EMPTY_WORDS and any(map(str.isalnum, name)) else None


def _kept(character: str) -> str:
    kind = category(character)
    if kind[0] == "Z":
        return " "
    return "" if kind[0] == "C" or kind == "Me" or character in _INVISIBLE else character
