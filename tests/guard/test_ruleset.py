"""The table as text: what is put into the template, for each way to stand in a network."""

from ipaddress import ip_network

import pytest

from appliance.config import V6, Gateway
from appliance.core.mark import State
from appliance.guard import knock
from appliance.guard.kept import Kept
from appliance.guard.manners import Manners
from appliance.guard.ruleset import FILE, OTHERS, render, render_kept, render_manners
from appliance.world import rules

TEMPLATE = (rules.folder() / FILE).read_text()
ROUTER = Gateway(lan="eth0", wan="eth1", address="192.168.78.1/24")
VLANS = Gateway(lan="eth0.20", wan="eth0.10", address="192.168.78.1/24")
ONE_ARM = Gateway(lan="eth0", address="192.168.78.2/24")
WAYS = (ROUTER, VLANS, ONE_ARM)


def lines(gateway: Gateway, **options: object) -> list[str]:
    """Return the rules without their margins and comments."""
    text = render(TEMPLATE, gateway, **options)  # type: ignore[arg-type]
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


@pytest.mark.parametrize("gateway", WAYS)
def test_whole(gateway: Gateway) -> None:
    """The script makes the table new in one go, and nothing of the template's own language is left."""
    found = lines(gateway)
    assert found[:3] == ["add table inet kindgate", "delete table inet kindgate", "table inet kindgate {"]
    assert found[-1] == "}"
    assert sum(line.count("{") - line.count("}") for line in found) == 0
    assert not [line for line in found if "{{" in line or "{%" in line]


def test_states() -> None:
    """The states are those of a mark, and the bits of others are left."""
    found = lines(ROUTER)
    for chain, state in (("open", State.WATCHED_OPEN), ("closed", State.WATCHED_CLOSED), ("free", State.ALLOWED)):
        after = found[found.index(f"chain {chain} {{") + 1]
        assert after == f"meta mark set ct mark & 0x{OTHERS:08x} | 0x{state.bits:08x}"
    assert f"0x{State.REFUSED.bits:08x} : goto refuse" in found
    assert OTHERS == 0x8000_00FF


def test_knock_is_no_state() -> None:
    """What is sent in another's name bears no mark of a connection."""
    assert knock.MARK not in [state.bits for state in State]
    assert f"meta mark 0x{knock.MARK:08x} notrack" in lines(ROUTER)


def test_vlans() -> None:
    """A VLAN's name, with its dot, is an interface as any other."""
    found = lines(VLANS)
    assert 'iifname "eth0.20" ct direction original goto begin' in found
    assert 'iifname "eth0.10" goto inbound' in found
    assert 'iifname "eth0.20" oifname "eth0.10" meta nfproto ipv4 masquerade' in found


def test_one_arm() -> None:
    """With one arm answers must come back through the box; there is no outside to be closed, and home is a network."""
    found = lines(ONE_ARM, home=[ip_network("10.0.0.0/8"), ip_network("fd00::/64")])
    assert 'iifname "eth0" oifname "eth0" masquerade' in found
    assert not [line for line in found if "inbound" in line or "from_outside" in line]
    assert "set home4 { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.78.0/24 }; }" in found
    assert "set home6 { type ipv6_addr; flags interval; elements = { fd00::/64 }; }" in found
    assert 'oifname "eth0" accept' not in found


def test_one_arm_whose_network_nobody_knows() -> None:
    """An empty set is none of nft's: it has no elements at all."""
    assert "set home4 { type ipv4_addr; flags interval; }" in lines(Gateway(lan="eth0"))


@pytest.mark.parametrize(
    ("v6", "told", "is_refused"),
    [(V6.AUTO, None, False), (V6.OFF, None, True), (V6.AUTO, False, True), (V6.OFF, True, False)],
)
def test_without_v6(v6: V6, told: bool | None, is_refused: bool) -> None:
    """Where the box has no IPv6 for the devices, none passes it."""
    gateway = Gateway(lan="eth0", wan="eth1", address="192.168.78.1/24", v6=v6)
    rule = 'meta nfproto ipv6 iifname "eth0" reject with icmpx type admin-prohibited'
    assert (rule in lines(gateway, has_v6=told)) == is_refused


def test_slow() -> None:
    """A device's rate is in octets, of which a kilobit has 125."""
    gateway = Gateway(lan="eth0", address="192.168.78.1/24", slow_kbit=100)
    assert len([line for line in lines(gateway) if "limit rate over 12500 bytes/second" in line]) == 4


def test_bare() -> None:
    """An acknowledgement with time stamps is 52 octets over IPv4 and 72 over IPv6."""
    v4 = [line for line in lines(ROUTER) if line.startswith("ip hdrlength 5 @th")]
    v6 = [line for line in lines(ROUTER) if line.startswith("ip6 nexthdr tcp @th")]
    assert ["0x80 . 52," in line for line in v4] == [True, True], "what opens a connection, and what follows"
    assert ["0x80 . 72," in line for line in v6] == [True, True]


def test_manners() -> None:
    """What the table knew is replaced, of each kind; MACs and addresses go where they belong."""
    manners = Manners(
        open=frozenset({"02:77:00:00:00:10", "192.168.78.20"}),
        closed=frozenset({"fd78::20"}),
        free=frozenset({"02:77:00:00:00:11"}),
        no_encrypted_dns=frozenset({"192.168.78.20"}),
    )
    assert render_manners(manners).splitlines() == [
        "flush map inet kindgate macs",
        "add element inet kindgate macs { 02:77:00:00:00:10 : goto open, 02:77:00:00:00:11 : goto free }",
        "flush map inet kindgate addresses4",
        "add element inet kindgate addresses4 { 192.168.78.20 : goto open }",
        "flush map inet kindgate addresses6",
        "add element inet kindgate addresses6 { fd78::20 : goto closed }",
        "flush set inet kindgate asks_here_macs",
        "flush set inet kindgate asks_here_addresses4",
        "add element inet kindgate asks_here_addresses4 { 192.168.78.20 }",
        "flush set inet kindgate asks_here_addresses6",
        "flush set inet kindgate things_macs",
        "flush set inet kindgate things_addresses4",
        "flush set inet kindgate things_addresses6",
    ]


def test_two_of_one_address() -> None:
    """Of two manners of one address, in whatever spelling, the stricter one holds: nft would take neither."""
    manners = Manners(open=frozenset({"fd78::20"}), closed=frozenset({"FD78:0::20"}), free=frozenset({"fd78::0:20"}))
    assert "{ fd78::20 : goto closed }" in render_manners(manners)


@pytest.mark.parametrize("bad", ["x", "", "1.2.3.4 }; flush ruleset"])
def test_nothing_else_gets_in(bad: str) -> None:
    """What is neither a MAC nor an address is refused: it would be a line of the script."""
    with pytest.raises(ValueError, match=r"address|does not appear"):
        render_manners(Manners(open=frozenset({bad})))


def test_zone() -> None:
    """An address's zone is left out: there is no check of what it says."""
    assert "{ fe80::1 : goto open }" in render_manners(Manners(open=frozenset({"fe80::1%eth0; flush ruleset"})))


def test_kept() -> None:
    """Devices by MAC or address with their person's number, and who is refused; nobody else is left of those before."""
    kept = {
        2: Kept(frozenset({"02:77:00:00:00:10", "192.0.2.1"}), is_refused=True),
        1: Kept(frozenset({"02:77:00:00:00:11", "fe80::1%eth0"}), is_refused=False),
    }
    assert render_kept(kept) == (
        "flush map inet kindgate owners_macs\n"
        "add element inet kindgate owners_macs { 02:77:00:00:00:10 : 2, 02:77:00:00:00:11 : 1 }\n"
        "flush map inet kindgate owners_addresses4\n"
        "add element inet kindgate owners_addresses4 { 192.0.2.1 : 2 }\n"
        "flush map inet kindgate owners_addresses6\n"
        "add element inet kindgate owners_addresses6 { fe80::1 : 1 }\n"
        "flush set inet kindgate refused\n"
        "add element inet kindgate refused { 2 }\n"
    )
    assert "add element" not in render_kept({})


def test_kept_by_nonsense() -> None:
    """Nothing but a MAC or an address gets into the script."""
    with pytest.raises(ValueError, match="evil"):
        render_kept({1: Kept(frozenset({"evil }"}), is_refused=True)})
