"""What a thing asked for, in words: its maker's names and others' by site, what it needs to be online, advertising."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import Enum

import msgspec

from appliance.core import names
from appliance.core.rulebook import INFRASTRUCTURE, MALWARE, UPDATES
from appliance.world.suffixes import is_suffix

TRACKERS = "trackers_ads"
SHARED = frozenset(
    ("akadns.net", "akamai.net", "akamaiedge.net", "aliyuncs.com", "amazonaws.com", "azure.com", "fastly.net",
     "googleapis.com", "myqcloud.com", "windows.net")
)  # fmt: skip
"""Below these, anybody rents a name: to open them whole would open half of the internet."""


class Asked(msgspec.Struct, frozen=True):
    """A name that a thing asked for, how often it was opened and refused, and when (POSIX, a quarter of an hour)."""

    name: str
    opened: int
    refused: int
    first: float
    last: float
    category: str | None = None


class Sort(Enum):
    """What a site is to a thing."""

    SITE = "site"
    NEEDED = "needed"
    """The time, whether it is online, updates: open whatever it is kept to."""
    TRACKERS = "trackers"
    HARMFUL = "harmful"


@dataclass(frozen=True, slots=True)
class Site:
    """All that a thing asked for below one registrable name; `values` are what opens it, none where nothing should."""

    title: str
    sort: Sort
    names: tuple[str, ...]
    values: tuple[str, ...]
    opened: int
    refused: int
    last: float
    is_allowed: bool
    """The thing may reach it: all of its names, if it is kept to some."""


Tags = Callable[[str], frozenset[str]]


def site_of(name: str) -> str:
    """Return the registrable name that a name is below, or that it is: ``maker.co.uk`` of ``api.maker.co.uk``."""
    while not is_suffix(above := name.partition(".")[2]):
        name = above
    return name


def sites(
    asked: Iterable[Asked], tags: Tags, only: Collection[str] | None, popular: Collection[str] = ()
) -> list[Site]:
    """Return what was asked for by site, those that were refused most first.

    `tags` gives a name's, `only` is what the thing is kept to, None where it may reach any. Of a `popular` site, of
    one with advertising below it, and where anybody rents names, only the names that were asked for are meant; of any
    other the whole of it.
    """
    found: dict[tuple[str, Sort], list[Asked]] = {}
    for one in asked:
        sort = _sort(one, tags(one.name))
        found.setdefault((_title(one.name, sort, tags(one.name)), sort), []).append(one)
    # Else whoever allows the maker's would allow its advertising with it.
    mixed = {site_of(title) for title, sort in found if sort in (Sort.TRACKERS, Sort.HARMFUL)}
    narrow = {*SHARED, *popular, *mixed}
    made = [_site(title, sort, these, only, narrow) for (title, sort), these in found.items()]
    return sorted(made, key=lambda site: (-site.refused, -site.opened, site.title))


def kept(only: Collection[str] | None, shown: Collection[str], ticked: Collection[str]) -> tuple[str, ...]:
    """Return what a thing is kept to, once some of what was shown is ticked: what was not shown stays as it was."""
    stays = [name for name in only or () if name not in shown]
    return tuple(dict.fromkeys((*stays, *ticked)))


def _site(title: str, sort: Sort, these: list[Asked], only: Collection[str] | None, narrow: Collection[str]) -> Site:
    their_names = tuple(one.name for one in these)
    meant = their_names if title in narrow else (title,)
    covered = only is None or all(any(names.is_under(name, each) for each in only) for name in their_names)
    return Site(
        title=meant[0] if len(meant) == 1 else title,
        sort=sort,
        names=their_names,
        values=() if sort in (Sort.NEEDED, Sort.HARMFUL) else tuple(name for name in meant if not is_suffix(name)),
        opened=sum(one.opened for one in these),
        refused=sum(one.refused for one in these),
        last=max(one.last for one in these),
        is_allowed=covered or sort is Sort.NEEDED,
    )


def _title(name: str, sort: Sort, tags: frozenset[str]) -> str:
    """Return under what a name is listed: what it is needed for, the site, or itself where a site is not the matter."""
    if sort is Sort.NEEDED:
        return "The time, and whether it is online" if INFRASTRUCTURE in tags else "Updates"
    return site_of(name) if sort is Sort.SITE else name


def _sort(one: Asked, tags: frozenset[str]) -> Sort:
    if INFRASTRUCTURE in tags or any(tag.startswith(UPDATES) for tag in tags):
        return Sort.NEEDED
    if MALWARE in (one.category, *tags):
        return Sort.HARMFUL
    return Sort.TRACKERS if TRACKERS in (one.category, *tags) else Sort.SITE
