"""Allowed and blocked clients: by address, by network, by MAC; and what nobody can mean."""

import json
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.access import Access, Door, normal_client, plain_address, problems
from appliance.core.asker import MAC_RAW, Asker, Note, Registry
from appliance.core.device import Forwarder
from appliance.core.document import Document, DocumentError
from appliance.core.house import House
from appliance.core.house import problems as problems_of
from tests.core.test_house import KNOWN
from tests.needs import shared

KIM = "02:00:00:00:00:01"
LOU = "02:00:00:00:00:02"
ROUTER = Forwarder(id="router", macs=("02:00:00:00:00:fe",), addresses=("192.168.1.1",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" 192.168.1.7 ", "192.168.1.7"),
        ("192.168.1.7/24", "192.168.1.0/24"),
        ("192.168.1.7/32", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7/120", "192.168.1.0/24"),
        ("::ffff:192.168.1.7/128", "192.168.1.7"),
        ("FD00::1/64", "fd00::/64"),
        ("::/0", "::/0"),
        ("02-00-00-00-00-01", KIM),
    ],
)
def test_a_client_has_one_spelling(text: str, expected: str) -> None:
    """Whatever it is, and a second time the same."""
    assert expected == normal_client(text) == normal_client(expected)


@pytest.mark.parametrize("text", ["", "kim", "192.168.1", "192.168.1.0/33", "02:00:00:00:00", "fd00::/x", "0/0/0"])
def test_what_is_no_client_is_refused(text: str) -> None:
    """In words that say what would be one."""
    with pytest.raises(ValueError, match="is no address, no network"):
        normal_client(text)


def test_the_line_of_a_wrong_client_is_told() -> None:
    """In a house that a person wrote."""
    with pytest.raises(DocumentError) as error:
        Document("access:\n  blocked:\n    - 192.168.1.9\n    - Kim\n").to(House)
    assert error.value.problems == [
        (4, "access.blocked.#2: 'Kim' is no address, no network (192.168.1.0/24) and no MAC")
    ]


def test_what_is_allowed_and_what_is_blocked() -> None:
    """With some allowed nobody else is answered; blocked goes before allowed; any of one's words is enough."""
    door = Door(Access(allowed=("192.168.1.0/24", "fd00::/64", LOU), blocked=("192.168.1.9", KIM)))
    for known_by, expected in (
        (("192.168.1.7",), True),
        (("fd00::7",), True),
        (("10.0.0.1",), False),
        (("10.0.0.1", LOU), True),
        (("192.168.1.9",), False),
        (("192.168.1.9", LOU), False),
        (("192.168.1.7", KIM), False),
        ((), False),
    ):
        assert expected is door.lets_in(known_by), known_by
    assert not door.lets_in(("192.168.1.7",), is_doubtful=True)
    assert not door.is_open


def test_who_is_not_blocked_is_answered() -> None:
    """Where nobody is allowed by name."""
    door = Door(Access(blocked=("192.168.1.0/28",)))
    assert (door.lets_in(("192.168.1.15",)), door.lets_in(("192.168.1.16",))) == (False, True)
    assert door.lets_in(("192.168.1.16",), is_doubtful=True)
    assert Door(Access()).is_open


@given(st.ip_addresses(v=4) | st.ip_addresses(network="fd00::/8"), st.integers(0, 32))
def test_a_network_holds_what_it_holds(address: Any, prefix: int) -> None:
    """As the library says it, in any spelling."""
    network = f"{address}/{prefix}"
    assert Door(Access(allowed=(network,))).lets_in((plain_address(str(address)),))
    assert not Door(Access(blocked=(network,))).lets_in((plain_address(str(address)),))


WRONG = [
    (Access(blocked=("192.168.1.9", "192.168.1.9/32")), [(("blocked", 1), "192.168.1.9 stands here twice")]),
    (
        Access(allowed=("192.168.1.1", KIM), blocked=(KIM,)),
        [(("blocked", 0), f"{KIM} is allowed, too: it can be only one of the two")],
    ),
    (Access(blocked=("127.0.0.1",)), [(("blocked", 0), "127.0.0.1 is the box itself, which has to be answered")]),
    (Access(blocked=("::/0",)), [(("blocked", 0), "::/0 is the box itself, which has to be answered")]),
    (
        Access(blocked=("192.168.0.0/16",)),
        [(("blocked", 0), "192.168.0.0/16 is the router router: nobody behind it would be answered")],
    ),
    (
        Access(blocked=(ROUTER.macs[0],)),
        [(("blocked", 0), f"{ROUTER.macs[0]} is the router router: nobody behind it would be answered")],
    ),
    (Access(allowed=(KIM,)), [(("allowed",), "the router router is left out: nobody behind it would be answered")]),
    (
        Access(allowed=("10.0.0.0/8",)),
        [(("allowed",), "the router router is left out: nobody behind it would be answered")],
    ),
    (Access(allowed=("192.168.1.0/24",), blocked=("192.168.1.9",)), []),
    (Access(), []),
]


@pytest.mark.parametrize(("said", "expected"), WRONG)
def test_what_cannot_be_meant(said: Access, expected: list[tuple[tuple[str | int, ...], str]]) -> None:
    """Above all what would shut out the box or all behind a router."""
    assert expected == list(problems(said, (ROUTER,)))


def test_a_router_that_is_known_by_its_mac() -> None:
    """Among networks nobody can say whether it is allowed; among MACs one can."""
    bridge = Forwarder(id="bridge", macs=ROUTER.macs)
    assert list(problems(Access(allowed=("192.168.1.0/24",)), (bridge,))) == []
    assert len(list(problems(Access(allowed=(KIM,)), (bridge,)))) == 1


def test_a_house_says_where() -> None:
    """The problems are part of those of the whole house."""
    house = House(access=Access(blocked=("127.0.0.0/8",)))
    assert [place for place, _ in problems_of(house, KNOWN)] == [("access", "blocked", 0)]


def test_behind_a_router_whom_it_told_is_judged() -> None:
    """By MAC or address; itself where it told nothing; and in doubt nobody is allowed."""
    house = House(forwarders=(ROUTER,), access=Access(allowed=("192.168.1.1", KIM), blocked=(LOU,)))
    registry = Registry(house)
    for told, expected in ((KIM, True), (LOU, False), ("02:00:00:00:00:03", False)):
        asker = registry.identify("192.168.1.1", ((MAC_RAW, bytes.fromhex(told.replace(":", ""))),), lambda _: None)
        assert expected is registry.lets_in_behind(asker), told
    assert registry.lets_in_behind(Asker(None, "router", Note.MISSING))
    assert not registry.lets_in_behind(Asker(None, "router", Note.CONFLICT, (KIM, "192.168.1.8")))
    assert Registry(House()).lets_in_behind(Asker(None, "router", Note.CONFLICT, (KIM,)))


def test_a_source_is_judged_by_its_address_and_its_mac() -> None:
    """However its address is written."""
    registry = Registry(House(access=Access(blocked=(KIM, "192.168.1.9", "fe80::9"))))
    for source, mac, expected in (
        ("192.168.1.7", None, True), ("192.168.1.7", KIM, False), ("::ffff:192.168.1.9", LOU, False),
        ("fe80::9%2", None, False), ("fe80::8%2", LOU, True),
    ):  # fmt: skip
        assert expected is registry.lets_in(source, mac), source
    assert Registry(House()).lets_in("192.168.1.7", KIM)


@pytest.mark.shared
def test_the_peers_cases() -> None:
    """Clients whom AdGuard Home doesn't answer aren't answered here (`agh-access` is of lists: `list check` has it)."""
    told = json.loads(shared("cases/rulecases.json").read_text("utf-8"))["cases"]
    cases = [case for case in told if case["syntax"] == "client-acl"]
    assert len(cases) == 3
    for case in cases:
        clients = case["rules"].removeprefix("(disallowed clients) ").split()
        is_let_in = Door(Access(blocked=tuple(clients))).lets_in((str(ip_address(case["client"]["ip"])),))
        assert is_let_in is (case["expect"] == "allowed"), case["id"]
