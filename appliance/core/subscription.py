"""A list that the house subscribed to: where it comes from, what it does, and for whom."""

from enum import Enum
from urllib.parse import urlsplit

from msgspec.structs import force_setattr

from appliance.core.lists.rule import Syntax
from appliance.core.said import Id, Said, Text

MAX_URL = 2_000


class ListKind(Enum):
    """What a list does with the names in it."""

    BLOCK = "block"
    """What its lines say: an exception in it stays one."""
    ALLOW = "allow"
    """Every line opens."""


class Subscription(Said, frozen=True):
    """A list. Without a category it is decided by itself; one with a category says what belongs to that category."""

    id: Id
    name: Text
    url: str | None = None
    """``https://…``, or ``file:NAME`` in the folder `lists` beside appliance.yaml; None: it was copied in."""
    kind: ListKind = ListKind.BLOCK
    category: Id | None = None
    persons: tuple[Id, ...] = ()
    """For whom; nobody named is the house: all children, and devices that nobody named."""
    syntax: Syntax = Syntax.AUTO
    subdomains: bool | None = None
    """Bare names reach all below them. None: where the list has a category, as such lists are meant."""
    redirects: bool = False
    """It may answer with addresses and names of its own."""
    wide: bool = False
    """It may speak of whole top-level domains, and of patterns that reach many well-known sites."""
    on: bool = True

    def __post_init__(self) -> None:
        """Check the address."""
        if self.url is not None:
            force_setattr(self, "url", normal_url(self.url))

    @property
    def reaches_below(self) -> bool:
        """Say whether bare names in it mean all below them too."""
        return self.category is not None if self.subdomains is None else self.subdomains


def normal_url(typed: str) -> str:
    """Return the address of a list as it is kept. Raises ValueError."""
    url = typed.strip()
    if len(url) > MAX_URL or not url.isprintable() or " " in url:
        raise ValueError("an address of a list is one line without spaces")
    parts = urlsplit(url)
    if parts.scheme == "file":
        name = parts.path
        if parts.netloc or not name or "/" in name or name.startswith(".") or parts.query or parts.fragment:
            raise ValueError("a file of this box is file:NAME, and lies in the folder of the configuration")
        return url
    if parts.scheme != "https":
        raise ValueError("a list is fetched over https only, or nobody knows who wrote it")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise ValueError(f"{typed!r} is not the address of a list")
    return parts._replace(fragment="").geturl()
