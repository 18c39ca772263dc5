"""An owner says on a page which router may say who asks: the box's own gateway by one tap, any other by hand."""

from collections.abc import Callable
from pathlib import Path
from re import findall

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.device import Forwarder, Told
from appliance.core.house import House
from appliance.core.verdict import Reason
from appliance.store.errors import DiskFull
from appliance.store.house import HouseStore
from appliance.web import routers
from appliance.web.box import Box
from appliance.web.gate import LOCAL
from appliance.world import bus
from appliance.world.neighbours import Own
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import LAPTOP, OWNER, TABLET

README = Path(__file__).parents[2] / "README.md"
NEW = "/house/routers/new"
MAC = "02:77:00:00:00:01"
GATEWAYS: list[tuple[str, str | None]] = [("192.168.77.1", MAC), ("fe80::1%2", MAC)]
OWN = (Own("127.0.0.1", 8, 1), Own("192.168.77.2", 24, 2), Own("fe80::2", 64, 2), Own("10.0.0.9", 8, 3))
GOOD = {"known_by": "192.168.77.1", "told": "both"}
ROUTER = Forwarder(id="router", addresses=("192.168.77.1",))
PLACES = ("/house/routers", NEW, "/house/routers/router", "/house/routers/router/remove")


@pytest.fixture(autouse=True)
def _network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with one router, which the kernel knows by two addresses."""
    monkeypatch.setattr(routers, "_network", lambda: (GATEWAYS, OWN))


def believing(box: Box, *routers_: Forwarder) -> None:
    """Have the house believe these."""
    box.change("x", Reason("x"), lambda house: replace(house, forwarders=routers_))


def nameserver(monkeypatch: pytest.MonkeyPatch, **status: object) -> None:
    """Have a name server tell this of itself."""

    def ask(_: Path, daemon: str, request: dict[str, object], __: float) -> dict[str, object]:
        if (daemon, request) != ("nameserver", {"ask": "status"}):
            raise bus.NotRunning
        return status

    monkeypatch.setattr(bus, "ask", ask)


def test_the_boxs_own_router_is_believed_by_one_tap(owner: FlaskClient, box: Box) -> None:
    """By its address and its MAC; a link-local address would say nothing. Then it is not offered any more."""
    page = owner.get("/house/routers")
    assert "fe80::1" not in page.text
    offered = dict(findall(r'<input type="hidden" name="(told|known_by)" value="([^"]+)">', page.text))
    assert offered == {"told": "both", "known_by": f"192.168.77.1 {MAC}"}
    answer = send(owner, NEW, **offered)
    assert box.house().forwarders == (Forwarder(id="router", addresses=("192.168.77.1",), macs=(MAC,)),)
    assert last(box) == (OWNER, "forwarder_added", {"forwarder": "router"})
    page_words = told(owner, answer)
    assert "192.168.77.1 may say who asks. “kindgate check” on the box tests whether it does." in page_words
    assert "Says MAC and IP address · known by 1 more" in page_words
    assert "This router asks for its devices" not in page_words


def test_the_page_says_what_a_router_needs_and_what_believing_means(owner: FlaskClient) -> None:
    """With the box's own address, the warning, and what tests it."""
    page = words(owner.get("/house/routers"))
    assert "server=192.168.77.2#53" in page
    assert "right or wrong" in page
    assert "a child can ask as a parent" in page
    assert "kindgate check" in page


def test_without_a_router_in_sight_one_is_added_by_hand(owner: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines then have a place for the box's address."""
    monkeypatch.setattr(routers, "_network", lambda: ([], ()))
    page = owner.get("/house/routers")
    assert "No router found" in words(page)
    assert f'href="{NEW}"' in page.text
    assert "server=BOX#53" in page.text
    assert "Put the address of this box in place of BOX" in words(page)
    page = owner.get("/house/routers", environ_base={LOCAL: "192.168.99.2"})
    assert "server=192.168.99.2#53" in page.text


@pytest.mark.parametrize("kernel", [OSError("no netlink here"), None])
def test_the_kernel_is_asked(monkeypatch: pytest.MonkeyPatch, kernel: OSError | None) -> None:
    """Its tables are the ones that the name server goes by; a kernel that tells nothing breaks no page."""
    closed: list[bool] = []

    class Table:
        own = OWN

        def __init__(self) -> None:
            if kernel is not None:
                raise kernel

        def mac(self, address: str) -> str | None:
            return dict(GATEWAYS).get(address)

        def close(self) -> None:
            closed.append(True)

    monkeypatch.undo()
    monkeypatch.setattr(routers, "Neighbours", Table)
    monkeypatch.setattr(routers, "gateways", lambda: tuple(dict(GATEWAYS)))
    expected = ([], ()) if kernel else (GATEWAYS, OWN)
    assert routers._network() == expected
    assert closed == ([] if kernel else [True])


@pytest.mark.parametrize(
    ("choice", "options", "says"),
    [
        ("both", (Told.MAC, Told.SUBNET), "Says MAC and IP address"),
        ("mac", (Told.MAC,), "Says the MAC address"),
        ("subnet", (Told.SUBNET,), "Says the IP address"),
    ],
)
def test_a_router_is_added_by_hand(
    owner: FlaskClient, box: Box, choice: str, options: tuple[Told, ...], says: str
) -> None:
    """By several addresses, and with what it says."""
    assert 'value="both" checked' in owner.get(NEW).text
    typed = "192.168.77.1\n AA-BB-CC-00-11-22, fd00:0::1;127.0.0.1\nfe80::1%3"
    answer = send(owner, NEW, known_by=typed, told=choice)
    addresses = ("127.0.0.1", "192.168.77.1", "fd00::1", "fe80::1%3")
    made = Forwarder(id="router", macs=("aa:bb:cc:00:11:22",), addresses=addresses, options=options)
    assert box.house().forwarders == (made,)
    assert says in told(owner, answer)
    send(owner, NEW, known_by="127.0.0.2", told=choice)
    assert [one.id for one in box.house().forwarders] == ["router", "router-2"]


def test_a_router_is_changed(owner: FlaskClient, box: Box) -> None:
    """The form shows it as it is, with one that has been given an id by hand too."""
    believing(box, Forwarder(id="attic", addresses=("192.168.77.1",), macs=(MAC,), options=(Told.MAC,)))
    page = owner.get("/house/routers/attic")
    assert f"192.168.77.1\n{MAC}</textarea>" in page.text
    assert 'value="mac" checked' in page.text
    answer = send(owner, "/house/routers/attic", known_by=f"{MAC} fd00::1", told="subnet")
    changed = Forwarder(id="attic", addresses=("fd00::1",), macs=(MAC,), options=(Told.SUBNET,))
    assert box.house().forwarders == (changed,)
    assert last(box) == (OWNER, "forwarder_changed", {"forwarder": "attic"})
    assert "fd00::1 may say who asks." in told(owner, answer)


def test_a_router_of_which_nothing_is_believed_is_shown_so(owner: FlaskClient, box: Box) -> None:
    """A house that was written by hand may have one; the form wants a choice."""
    believing(box, replace(ROUTER, options=()))
    assert "Nothing that it says is believed" in words(owner.get("/house/routers"))
    assert " checked" not in owner.get("/house/routers/router").text
    answer = send(owner, "/house/routers/router", known_by="192.168.77.1")
    assert (answer.status_code, "Choose one." in words(answer)) == (422, True)


def test_a_router_is_believed_no_longer_after_a_question(owner: FlaskClient, box: Box) -> None:
    """The page says what that means; then it is offered again."""
    believing(box, ROUTER)
    assert "What asks through it is one device" in words(owner.get("/house/routers/router/remove"))
    answer = send(owner, "/house/routers/router/remove")
    assert box.house().forwarders == ()
    assert last(box) == (OWNER, "forwarder_removed", {"forwarder": "router"})
    page = told(owner, answer)
    assert "192.168.77.1 is not believed any more" in page
    assert "This router asks for its devices" in page


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"known_by": ""}, "Type at least one address."),
        ({"known_by": " ,\n"}, "Type at least one address."),
        ({"known_by": "my router"}, "“my” is neither a MAC address"),
        ({"known_by": "192.168.77.1/24"}, "is neither a MAC address"),
        ({"known_by": "224.0.0.1"}, "224.0.0.1 is no address of a single device."),
        ({"known_by": "127.0.0.1 0.0.0.0"}, "0.0.0.0 is no address of a single device."),
        ({"known_by": "ff:ff:ff:ff:ff:ff"}, "no address of a single device"),
        ({"known_by": "fe80::1"}, "type the router's MAC address instead"),
        ({"known_by": "fe80::1%eth0"}, "type the router's MAC address instead"),
        ({"known_by": "169.254.1.1"}, "is no address that stays: type the router's MAC address instead"),
        ({"known_by": " ".join(f"192.168.77.{last_}" for last_ in range(30, 50))}, "At most 16 addresses."),
        ({"known_by": "1" * 2001}, "This is too long."),
        ({"known_by": HOSTILE}, "is neither a MAC address"),
        ({"known_by": "192.168.77.10"}, "192.168.77.10 belongs to Mia's tablet: no device is a router."),
        ({"known_by": f"192.168.77.1 {LAPTOP.macs[0]}"}, "belongs to Jonas' laptop"),
        ({"known_by": "192.168.77.254"}, "192.168.77.254 is another router's already."),
        ({"told": ""}, "Choose one."),
        ({"told": "everything"}, "Not a valid choice."),
    ],
)
@pytest.mark.parametrize("where", [NEW, "/house/routers/router"])
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    owner: FlaskClient, box: Box, where: str, wrong: dict[str, str], expected: str
) -> None:
    """For a new one and for one that is here; and the house is as it was."""
    others = (replace(ROUTER, addresses=("192.168.77.3",)), Forwarder(id="other", addresses=("192.168.77.254",)))
    believing(box, *others)
    answer = send(owner, where, **{**GOOD, **wrong})
    assert answer.status_code == 422
    assert expected in words(answer)
    assert "<script>alert" not in answer.text
    assert wrong.get("known_by", GOOD["known_by"]).split(" ")[-1].strip() in words(answer)
    if "told" not in wrong:
        assert 'value="both" checked' in answer.text
    assert (box.house().forwarders, box.house().devices) == (others, (TABLET, LAPTOP))


@pytest.mark.parametrize("where", [NEW, "/house/routers/router"])
def test_a_full_disk_is_told_at_the_field(
    owner: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """What was typed is still there; a removal leads back to its question."""
    believing(box, ROUTER)

    def full(*_: object, **__: object) -> None:
        raise DiskFull("house.db")

    monkeypatch.setattr(HouseStore, "change", full)
    answer = send(owner, where, **{**GOOD, "known_by": "192.168.77.7"})
    assert answer.status_code == 422
    assert DiskFull("").sentence in words(answer)
    assert "192.168.77.7" in answer.text
    assert DiskFull("").sentence in told(owner, send(owner, "/house/routers/router/remove"))
    assert box.house().forwarders == (ROUTER,)


def test_gateways_of_one_mac_are_one_router() -> None:
    """Without link-local addresses, IPv4 first; what can't be known by anything is left out."""
    found = [("fd00::1", MAC), *GATEWAYS, ("10.0.0.1", None), ("fe80::9%3", None), ("fe80::8%3", "02:77:00:00:00:08")]
    assert routers.ways(found) == [
        routers.Way(("10.0.0.1",), None),
        routers.Way(("192.168.77.1", "fd00::1"), MAC),
        routers.Way((), "02:77:00:00:00:08"),
    ]


@pytest.mark.parametrize("known", [{"macs": (MAC,)}, {"addresses": ("192.168.77.1",)}])
def test_a_router_that_is_believed_is_not_offered(known: dict[str, tuple[str, ...]]) -> None:
    """Whatever of it is listed."""
    house = House(forwarders=(Forwarder(id="router", **known),))  # type: ignore[arg-type]
    assert routers.offers([*GATEWAYS, ("10.0.0.1", None)], house) == [routers.Way(("10.0.0.1",), None)]


@pytest.mark.parametrize(
    ("own", "found", "local", "expected"),
    [
        (OWN, GATEWAYS, "10.0.0.9", "192.168.77.2"),
        (OWN, [("172.16.0.1", None)], "10.0.0.9", "10.0.0.9"),
        (OWN, [("172.16.0.1", None)], "127.0.0.1", "BOX"),
        (OWN, [("fe80::1%2", MAC)], "", "BOX"),
        ((Own("fd00::5", 64, 2, is_passing=True), Own("fd00::6", 64, 2)), [("fd00::1", None)], "", "fd00::6"),
        ((Own("fd00::6", 64, 2), *OWN), [("fd00::1", None), *GATEWAYS], "", "192.168.77.2"),
    ],
)
def test_the_router_is_told_an_address_that_it_reaches(
    own: tuple[Own, ...], found: list[tuple[str, str | None]], local: str, expected: str
) -> None:
    """One of its own network that lasts, IPv4 first; else where the page was opened, which loopback is not."""
    assert routers.own_address(own, found, local) == expected


@pytest.mark.parametrize(
    ("listening", "expected"),
    [
        (["0.0.0.0:53", "[::]:53"], 53),
        (["127.0.0.1:53", "192.168.77.2:5300"], 5300),
        (["127.0.0.1:5300"], 53),
        ([], 53),
        (None, 53),
    ],
)
def test_the_router_is_told_the_port_that_the_house_asks(listening: list[str] | None, expected: int) -> None:
    """Loopback is not the house's."""
    assert routers.port(listening) == expected


def test_what_the_name_server_counted_is_said(owner: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the port that it answers at; what can't be so any more, and what was never counted, is not said."""
    counts = {"asker.router": 4, "asker.missing": 0, "asker.forged": 9}
    nameserver(monkeypatch, dns=["192.168.77.2:5300"], counts=counts)
    page = words(owner.get("/house/routers"))
    assert "Questions came from a router that was not believed." in page
    assert "did not say who asks" not in page
    assert "server=192.168.77.2#5300" in page
    believing(box, ROUTER)
    assert "Questions came from a router that was not believed." not in words(owner.get("/house/routers"))


@pytest.mark.parametrize(
    ("counts", "is_believed", "is_offered", "expected"),
    [
        ({"asker.router": 1, "asker.missing": 1, "asker.conflict": 1}, True, True, list(routers.SIGNS)),
        ({"asker.router": 1, "asker.missing": 1}, True, False, ["asker.missing"]),
        ({"asker.router": 1, "asker.missing": 1, "asker.conflict": 1}, False, True, ["asker.router"]),
        ({"asker.router": 1}, False, False, ["asker.router"]),
        ({"asker.router": 0, "asker.forged": 7}, True, True, []),
        ({}, True, True, []),
        (None, True, True, []),
    ],
)
def test_only_what_may_still_be_so_is_said(
    counts: dict[str, int] | None, *, is_believed: bool, is_offered: bool, expected: list[str]
) -> None:
    """Counts are sums since the name server began."""
    found = routers.signs(counts, is_believed=is_believed, is_offered=is_offered)
    assert found == [routers.SIGNS[key] for key in expected]


def test_the_lines_are_those_of_the_readme() -> None:
    """Each page and each manual says the same."""
    readme = README.read_text("utf-8")
    words_ = {"box": "BOX", "port": "PORT"}
    for lines in (routers.DNSMASQ, routers.OPENWRT):
        assert "\n".join(lines).format_map(words_) in readme


def test_a_hostile_id_is_not_found(owner: FlaskClient) -> None:
    """Nor any that is not there."""
    for place in ("/house/routers/x", "/house/routers/x/remove", "/house/routers/%3Cscript%3E"):
        assert owner.get(place).status_code == 404
        assert send(owner, place, **GOOD).status_code == 404


@pytest.mark.parametrize("place", PLACES)
def test_routers_are_for_owners(
    anyone: FlaskClient, caregiver: FlaskClient, owner: FlaskClient, box: Box, place: str
) -> None:
    """Others see neither the pages nor the way there, and change nothing; nor does a form without its token."""
    believing(box, ROUTER)
    assert "/log-in" in anyone.get(place).location
    assert caregiver.get(place).status_code == 403
    assert owner.get(place).status_code == 200
    if place != "/house/routers":
        other = {"known_by": "192.168.77.9", "told": "mac"}
        assert "/log-in" in send(anyone, place, **other).location
        assert send(caregiver, place, **other).status_code == 403
        assert owner.post(place, data=other).status_code in (400, 422)
    assert box.house().forwarders == (ROUTER,)


def test_the_way_to_the_routers_is_on_the_house_page(
    owner: FlaskClient, caregiver: FlaskClient, box: Box, csrf: Callable[[FlaskClient], str]
) -> None:
    """For owners, as that to the caregivers is; it says whether one is believed."""
    assert csrf(owner)
    page = owner.get("/house")
    assert "Does it ask for your devices?" in words(page)
    believing(box, ROUTER)
    assert "It may say who asks" in words(owner.get("/house"))
    for way in ('href="/house/routers"', 'href="/caregivers"'):
        assert way in page.text
        assert way not in caregiver.get("/house").text
