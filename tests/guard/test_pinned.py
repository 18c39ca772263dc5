"""Names at addresses that were given for nothing: when it is a hosts file, and what is honest."""

import pytest

from appliance.core.flowrules import NamePinned
from appliance.guard import pinned
from appliance.guard.pinned import AT_ONCE, AWAY_S, DAY_S, MAX_SEEN, MAX_WAITING, MEMORY_S, SETTLE_S, Pinned, site_of
from tests.nameserver.inside import in_loop

RULES = NamePinned(connections=3, sites=2)
AT = 50_000.0
PINNED = (("www.a.example", "198.51.100.1"), ("img.a.example", "198.51.100.2"), ("b.test", "198.51.100.3"))


class Given:
    """Who knows what was given: everything but the addresses 198.51.100.0/24."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def is_strange(self, device: str | None, address: str, for_s: float, /) -> bool:
        """Answer it."""
        assert (device, for_s) == ("tablet", MEMORY_S)
        self.asked.append(address)
        return address.startswith("198.51.100.")


def made() -> tuple[Pinned, Given]:
    """Return one of a tablet that has long been here, and looks at four sites."""
    given = Given()
    one = Pinned(RULES, given)
    one.present(["tablet"], AT - SETTLE_S)
    one.present(["tablet"], AT)
    for number in range(4):
        one.claim("tablet", f"site{number}.test", f"203.0.113.{number}", None, AT)
    return one, given


@in_loop
async def test_a_hosts_file() -> None:
    """It is told once a day."""
    one, _ = made()
    for name, address in PINNED[:2]:
        one.claim("tablet", name, address, None, AT)
    assert await one.look() == ()
    one.claim("tablet", *PINNED[2], None, AT)
    assert await one.look() == ("tablet",)
    one.claim("tablet", "c.test", "198.51.100.9", None, AT)
    assert await one.look() == ()
    later = AT + DAY_S
    one.present(["tablet"], later - SETTLE_S)
    for number in range(3):
        one.claim("tablet", f"site{number}.test", f"203.0.113.{number}", None, later)
    for name, address in PINNED:
        one.claim("tablet", name, address, None, later)
    assert await one.look() == ("tablet",)


@in_loop
async def test_one_site_is_chance() -> None:
    """However many of its names; so is all that is known to be of one service."""
    for service in ("service:music", None):
        one, _ = made()
        for number in range(4):
            name = f"cdn{number}.a.example" if service is None else f"cdn{number}.test"
            one.claim("tablet", name, f"198.51.100.{number}", service, AT)
        assert await one.look() == ()


@in_loop
async def test_where_most_is_so() -> None:
    """It asks elsewhere: that is another thing."""
    one, _ = made()
    for name, address in (*PINNED, ("c.test", "198.51.100.4"), ("d.test", "198.51.100.5")):
        one.claim("tablet", name, address, None, AT)
    assert await one.look() == ()


@in_loop
async def test_who_has_just_come() -> None:
    """What it looked up elsewhere is not asked about; nor when it was away for a while."""
    one, given = made()
    one.present(["tablet"], AT + AWAY_S)
    for name, address in PINNED:
        one.claim("tablet", name, address, None, AT + AWAY_S + SETTLE_S - 1.0)
        one.claim("phone", name, address, None, AT)
    assert await one.look() == ()
    assert len(given.asked) == 4
    one.claim("tablet", *PINNED[0], None, AT + AWAY_S + SETTLE_S)
    await one.look()
    assert given.asked[4:] == [PINNED[0][1]]


@in_loop
async def test_each_is_asked_about_once_and_some_at_a_time() -> None:
    """A device that opens thousands of connections costs no more than that."""
    one, given = made()
    for _ in range(2):
        for number in range(MAX_WAITING + 9):
            one.claim("tablet", "a.test", f"203.0.{number // 250}.{number % 250}", None, AT)
    await one.look()
    assert len(given.asked) == AT_ONCE
    for _ in range(9):
        await one.look()
    assert len(given.asked) == len(set(given.asked)) == MAX_WAITING
    for number in range(2 * MAX_SEEN):
        one.claim("tablet", f"{number}.test", "203.0.113.9", None, AT)
        await one.look()
    assert len(given.asked) == MAX_SEEN


@in_loop
async def test_a_device_that_is_gone() -> None:
    """Nothing is held of it, and nothing told."""
    one, _ = made()
    for name, address in PINNED:
        one.claim("tablet", name, address, None, AT)
    one.forget(["laptop"])
    assert await one.look() == ()


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("img.shop.co.uk", "shop.co.uk"), ("a.b.example.com", "example.com"), ("example.com", "example.com"),
        ("me.github.io", "me.github.io"), ("x.me.github.io", "me.github.io"), ("com", "com"), ("nas", "nas"),
    ],
)  # fmt: skip
def test_the_site_of_a_name(name: str, site: str) -> None:
    """What somebody registered."""
    assert site_of(name) == site


def test_memory_is_longer_than_what_is_asked_for() -> None:
    """The nameserver holds a day."""
    assert pinned.MEMORY_S < DAY_S
