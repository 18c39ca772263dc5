"""Names that stand inside others: a site that a translator or a cache shows, under a name of their own.

``www-example-com.translate.goog`` shows ``www.example.com``. In the label a dot is written as a hyphen and a hyphen as
two, letters beyond ASCII once more as an A-label; ``0-`` and ``-0`` stand around one that would else look like such
(Google's "AMP cache URL format"; its translator writes names so, too). What is longer than a label is a hash, and says
nothing.
"""

from typing import Final

from appliance.core import names

CARRIERS: Final = ("translate.goog", "cdn.ampproject.org")

_BELOW: Final = tuple("." + one for one in CARRIERS)


def carried(name: str) -> str | None:
    """Return the name that stands inside a name, both in normal form; None where none does."""
    if not name.endswith(_BELOW):
        return None
    label = name.removesuffix(next(one for one in _BELOW if name.endswith(one))).rpartition(".")[2]
    try:
        written = label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
        if written.startswith("0-") and written.endswith("-0"):
            written = written[2:-2]
        found = names.normalise("-".join(part.replace("-", ".") for part in written.split("--")))
    except (names.BadName, UnicodeError):
        return None
    return found if "." in found else None
