"""What a thing asked for, by site: what is ticked opens its maker and not half of the internet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.rulebook import INFRASTRUCTURE, MALWARE, UPDATES
from appliance.web.asked import TRACKERS, Asked, Site, Sort, kept, site_of, sites

TAGS = {
    "ntp.example": frozenset((INFRASTRUCTURE,)),
    "online.example": frozenset((INFRASTRUCTURE,)),
    "fw.maker.example": frozenset((UPDATES + "iot",)),
    "ads.example": frozenset((TRACKERS,)),
    "bad.example": frozenset((MALWARE,)),
}
AT = 1_772_600_000.0


def asked(name: str, opened: int = 1, refused: int = 0, category: str | None = None, last: float = AT) -> Asked:
    """Return a name that was asked for."""
    return Asked(name, opened, refused, AT - 900, last, category)


def by_site(*names: Asked | str, only: tuple[str, ...] | None = None, popular: tuple[str, ...] = ()) -> list[Site]:
    """Return sites, of names each opened once where nothing more is said."""
    told = [asked(one) if isinstance(one, str) else one for one in names]
    return sites(told, lambda name: TAGS.get(name, frozenset()), only, popular)


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("api.eu.maker.com", "maker.com"),
        ("maker.com", "maker.com"),
        ("www.maker.co.uk", "maker.co.uk"),
        ("doll7.azurewebsites.net", "doll7.azurewebsites.net"),
        ("printer.local", "printer.local"),
        ("wpad", "wpad"),
    ],
)
def test_site_of(name: str, site: str) -> None:
    """What somebody registered, at a registry or at a company below which strangers do."""
    assert site_of(name) == site


@given(
    st.lists(st.sampled_from(["a", "co", "uk", "com", "github", "io", "maker"]), min_size=1, max_size=6).map(".".join)
)
def test_a_site_is_above_its_names(name: str) -> None:
    """It is the name itself or one that it is below, and stays as it is."""
    site = site_of(name)
    assert name == site or name.endswith(f".{site}")
    assert site_of(site) == site


def test_a_makers_names_are_one_site() -> None:
    """Added up, with the time of the last; its whole site is what a tick opens."""
    (site,) = by_site(asked("api.maker.com", 3, 1, last=AT), asked("cdn.maker.com", 1, 2, last=AT + 900))
    names = ("api.maker.com", "cdn.maker.com")
    assert site == Site("maker.com", Sort.SITE, names, ("maker.com",), 4, 3, AT + 900, is_allowed=True)


@pytest.mark.parametrize(
    ("name", "popular", "values"),
    [
        ("a1.iot.eu-west-1.amazonaws.com", (), ("a1.iot.eu-west-1.amazonaws.com",)),
        ("play.google.com", ("google.com",), ("play.google.com",)),
        ("s3.amazonaws.com", (), ()),
        ("wpad", (), ()),
        ("co.uk", (), ()),
    ],
)
def test_a_tick_opens_no_more_than_was_asked_for(name: str, popular: tuple[str, ...], values: tuple[str, ...]) -> None:
    """Where anybody rents names, or everybody goes, only the very name; and never what strangers register below."""
    (site,) = by_site(name, popular=popular)
    assert (site.title, site.values) == (name, values)


def test_names_that_are_rented_are_listed_together() -> None:
    """Under the name of who lets them, and opened one by one."""
    rented = ("a.iot.amazonaws.com", "b.iot.amazonaws.com")
    (site,) = by_site(*rented)
    assert (site.title, site.values) == ("amazonaws.com", rented)


def test_a_makers_advertising_is_not_opened_with_it() -> None:
    """What is ticked then are the other names alone."""
    ads = asked("ads.maker.com", category=TRACKERS)
    found = {site.sort: site for site in by_site("api.maker.com", "cdn.maker.com", ads, only=())}
    assert (found[Sort.SITE].title, found[Sort.SITE].values) == ("maker.com", ("api.maker.com", "cdn.maker.com"))
    assert (found[Sort.TRACKERS].title, found[Sort.TRACKERS].values) == ("ads.maker.com", ("ads.maker.com",))


def test_what_it_needs_is_apart_and_open() -> None:
    """Updates, the time, being online: whatever it is kept to, and nothing to tick. So is what harms."""
    found = by_site("ntp.example", "online.example", "fw.maker.example", "bad.example", "ads.example", only=())
    told = {site.title: (site.sort, site.names, site.values, site.is_allowed) for site in found}
    assert told == {
        "The time, and whether it is online": (Sort.NEEDED, ("ntp.example", "online.example"), (), True),
        "Updates": (Sort.NEEDED, ("fw.maker.example",), (), True),
        "bad.example": (Sort.HARMFUL, ("bad.example",), (), False),
        "ads.example": (Sort.TRACKERS, ("ads.example",), ("ads.example",), False),
    }


def test_the_category_by_which_it_was_counted_counts_too() -> None:
    """A list may know what the rules don't."""
    found = by_site(asked("x.com", category=TRACKERS), asked("y.com", category=MALWARE), asked("z.com"))
    assert [site.sort for site in found] == [Sort.TRACKERS, Sort.HARMFUL, Sort.SITE]


@pytest.mark.parametrize(
    ("only", "is_allowed"),
    [(None, True), ((), False), (("maker.com",), True), (("api.maker.com",), False), (("er.com",), False)],
)
def test_what_is_allowed(only: tuple[str, ...] | None, is_allowed: bool) -> None:
    """All of a site's names, or it is to be ticked."""
    (site,) = by_site("api.maker.com", "cdn.maker.com", only=only)
    assert site.is_allowed == is_allowed


def test_order() -> None:
    """What was refused most stands first: that is what one looks for."""
    found = by_site(asked("a.com", 9), asked("b.com", 1, 1), asked("c.com", 0, 5), "e.com", "d.com")
    assert [site.title for site in found] == ["c.com", "b.com", "a.com", "d.com", "e.com"]


@pytest.mark.parametrize(
    ("only", "shown", "ticked", "expected"),
    [
        (None, ("a.com", "b.com"), ("a.com",), ("a.com",)),
        (("a.com", "old.com"), ("a.com", "b.com"), ("b.com",), ("old.com", "b.com")),
        (("a.com",), ("a.com",), ("a.com",), ("a.com",)),
        (("a.com",), ("a.com",), (), ()),
    ],
)
def test_kept(
    only: tuple[str, ...] | None, shown: tuple[str, ...], ticked: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """What was not asked for of late, and so not shown, stays allowed."""
    assert kept(only, shown, ticked) == expected
