"""Whom the box answers for on the router's side, and whom it believes."""

from ipaddress import IPv6Address, IPv6Network

import pytest

from appliance.guard import ndp, ndproxy
from appliance.guard.ndproxy import KEPT_S, MAX_OF_MAC, OTHERS_S, Proxied

PREFIX = IPv6Network("2001:db8:1::/64")
TABLET, LAPTOP = "02:78:00:00:00:10", "02:78:00:00:00:11"
NOWHERE = IPv6Address("::")
LINK = IPv6Address("fe80::10")


def at(number: int) -> IPv6Address:
    """Return an address of the prefix."""
    return PREFIX[number]


class Asked:
    """Proxied addresses, and what was asked on each side."""

    def __init__(self) -> None:
        self.inside: list[IPv6Address] = []
        self.outside: list[IPv6Address] = []
        self.proxied = Proxied(PREFIX, "lan0", "wan0", self.inside.append, self.outside.append)

    def takes(self, number: int, when: float = 0.0, mac: str = TABLET) -> None:
        """Have a device check an address before it takes it."""
        self.proxied.heard_inside(ndp.Solicited(mac, NOWHERE, at(number)), when)


def added(number: int) -> list[str]:
    """Return the lines that put an address."""
    return [
        f"route replace {at(number)}/128 dev lan0 proto 75",
        f"neigh replace proxy {at(number)} dev wan0 protocol 75",
    ]


def removed(number: int) -> list[str]:
    """Return the lines that take an address away."""
    return [f"neigh del proxy {at(number)} dev wan0", f"route del {at(number)}/128 dev lan0"]


@pytest.mark.parametrize(
    "said",
    [
        ndp.Solicited(TABLET, NOWHERE, at(7)),
        ndp.Solicited(TABLET, at(7), LINK),
        ndp.Answered(TABLET, at(7)),
    ],
)
def test_an_address_shows_by_what_its_device_says(said: ndp.Message) -> None:
    """It is answered for once, and whoever has it on the other side is asked."""
    home = Asked()
    home.proxied.heard_inside(said, 0.0)
    home.proxied.heard_inside(said, 1.0)
    assert home.proxied.changes() == added(7)
    assert home.proxied.changes() == []
    assert (home.outside, home.inside, len(home.proxied)) == ([at(7)], [], 1)


@pytest.mark.parametrize(
    "said",
    [
        ndp.Solicited(TABLET, LINK, at(7)),
        ndp.Solicited(TABLET, NOWHERE, LINK),
        ndp.Answered(TABLET, IPv6Address("2001:db8:2::7")),
        ndp.Answered(TABLET, PREFIX.network_address),
        ndp.Advertised(TABLET, LINK, 1800),
    ],
)
def test_what_shows_no_address_of_the_prefix(said: ndp.Message) -> None:
    """A question for another's address says nothing of the asker's."""
    home = Asked()
    home.proxied.heard_inside(said, 0.0)
    assert (home.proxied.changes(), len(home.proxied)) == ([], 0)


def test_what_the_router_asks_for_is_asked_on_the_lan() -> None:
    """Not what is known, nor the box's own; nor the same again at once."""
    home = Asked()
    home.proxied.reserve([at(2)])
    home.takes(7)
    for number in (2, 7, 8, 8):
        home.proxied.heard_outside(ndp.Solicited(LAPTOP, at(1), at(number)), 5.0)
    home.proxied.heard_outside(ndp.Solicited(LAPTOP, NOWHERE, at(9)), 5.0)
    home.proxied.heard_outside(ndp.Solicited(LAPTOP, at(1), IPv6Address("2001:db8:2::1")), 5.0)
    assert home.inside == [at(8)]
    home.proxied.heard_outside(ndp.Solicited(LAPTOP, at(1), at(8)), 6.0)
    assert home.inside == [at(8), at(8)]


def test_questions_to_the_lan_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who scans the network asks for very many."""
    monkeypatch.setattr(ndproxy, "MAX_ASKED", 3)
    home = Asked()
    for number in range(10, 20):
        home.proxied.heard_outside(ndp.Solicited(LAPTOP, at(1), at(number)), 5.0)
    assert len(home.inside) == 3


def test_the_boxs_own_and_the_routers_address_are_nobodys() -> None:
    """Whoever claims them, before or after."""
    home = Asked()
    home.proxied.reserve([at(1)])
    home.takes(1)
    home.takes(2)
    home.proxied.changes()
    home.proxied.reserve([at(1), at(2)])
    assert (home.proxied.changes(), home.proxied.refused, len(home.proxied)) == (removed(2), 1, 0)


def test_an_address_that_lives_on_the_routers_side() -> None:
    """Its owner says so, and keeps it; a minute later it may have moved."""
    home = Asked()
    home.takes(7)
    home.proxied.changes()
    home.proxied.heard_outside(ndp.Answered(LAPTOP, at(7)), 1.0)
    home.takes(7, 2.0)
    assert (home.proxied.changes(), home.proxied.refused) == (removed(7), 2)
    home.takes(7, 1.0 + OTHERS_S)
    assert home.proxied.changes() == added(7)


def test_one_device_pushes_out_none_of_the_others() -> None:
    """It loses its own oldest address."""
    home = Asked()
    home.takes(500, mac=LAPTOP)
    for number in range(10, 10 + MAX_OF_MAC + 1):
        home.takes(number)
    assert home.proxied.changes()[-2:] == removed(10)
    assert len(home.proxied) == MAX_OF_MAC + 1


def test_there_is_an_end_to_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was not seen for longest goes."""
    monkeypatch.setattr(ndproxy, "MAX_ADDRESSES", 2)
    home = Asked()
    for number in (10, 11, 10, 12):
        home.takes(number, mac=f"02:78:00:00:00:{number}")
    assert home.proxied.changes()[-2:] == removed(11)


def test_the_silent_are_forgotten() -> None:
    """Not those whom the kernel sees."""
    home = Asked()
    home.takes(7)
    home.takes(8)
    home.proxied.changes()
    home.proxied.alive([at(7), at(99), LINK], KEPT_S)
    assert home.proxied.changes() == added(99)
    home.proxied.alive([], KEPT_S + 1.0)
    assert (home.proxied.changes(), len(home.proxied)) == (removed(8), 2)


def test_what_a_link_forgot_is_put_again() -> None:
    """When it was switched off and on."""
    home = Asked()
    home.takes(7)
    home.proxied.changes()
    home.proxied.renew()
    assert home.proxied.changes() == added(7)


def test_what_an_earlier_life_put_is_taken_over_or_taken_away() -> None:
    """That of another prefix goes."""
    home = Asked()
    home.proxied.adopt([at(7), IPv6Address("2001:db8:2::7")], 0.0)
    assert len(home.proxied) == 1
    assert home.proxied.changes()[1] == "route del 2001:db8:2::7/128 dev lan0"
    home.proxied.clear()
    assert (home.proxied.changes(), len(home.proxied)) == (removed(7), 0)
