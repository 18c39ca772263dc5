"""Short ids for what a caregiver named: lower case letters and digits, and never one that the house has already."""

from collections.abc import Collection
from re import compile as regex
from unicodedata import normalize

MAX_BASE = 40
RESERVED = frozenset(("new", "found", "find", "fetch", "all"))
"""Words that stand where an id stands in an address of a page."""

_OTHER = regex(r"[^a-z0-9]+")


def new_id(name: str, taken: Collection[str], fallback: str) -> str:
    """Return an id for a thing that is called `name`: `mia`, then `mia-2`; `fallback` where no letter can be kept."""
    plain = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = _OTHER.sub("-", plain)[:MAX_BASE].strip("-") or fallback
    number = 1
    found = base
    while found in taken or found in RESERVED:
        number += 1
        found = f"{base}-{number}"
    return found
