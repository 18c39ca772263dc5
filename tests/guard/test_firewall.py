"""The firewall is loaded whole or not at all, mended, and removed whole; what isn't ours stays as it was."""

import socket
from collections.abc import Iterator, Sequence

import pytest

from appliance.config import Gateway
from appliance.core.mark import State
from appliance.guard import knock
from appliance.guard.firewall import Firewall, FirewallError, run_program
from appliance.guard.manners import Manners
from tests.guard.street import BOX, GATEWAY, MAC, SERVER_AT, Street, street

FOREIGN_TABLE = "table inet foreign {\n chain c { type filter hook forward priority 5; counter accept; }\n}\n"
FOREIGN_RULE = ("FORWARD", "-p", "sctp", "-j", "ACCEPT")
OPEN = Manners(open=frozenset({MAC}))


@pytest.fixture(scope="module")
def built() -> Iterator[Street]:
    """A street for all tests of this file."""
    with street() as one:
        yield one


@pytest.fixture
def road(built: Street) -> Street:
    """The street, with a table of others on the box, and a rule of others where ours go."""
    built.forget()
    built.run(("nft", "-f", "-"), FOREIGN_TABLE)
    for program in ("iptables-nft", "ip6tables-nft"):
        built.run((program, "-t", "mangle", "-A", *FOREIGN_RULE))
    return built


def everything(road: Street) -> str:
    """Return all rules of the box, without what they counted."""
    return road.run(("nft", "-s", "list", "ruleset"))


def queue_rules(road: Street) -> list[list[str]]:
    """Return what is in the shared chains and in ours, of IPv4 and of IPv6."""
    return [road.run((program, "-t", "mangle", "-S")).splitlines()[5:] for program in ("iptables-nft", "ip6tables-nft")]


@pytest.mark.lab
def test_removed_whole(road: Street) -> None:
    """After it is down everything is as it was; once more does no harm."""
    before = everything(road)
    firewall = Firewall(GATEWAY, 2, road.run)
    firewall.up()
    assert firewall.is_up()
    assert everything(road) != before
    firewall.down()
    assert everything(road) == before
    assert not firewall.is_up()
    firewall.down()
    assert everything(road) == before


@pytest.mark.lab
@pytest.mark.parametrize(
    "gateway",
    [
        GATEWAY,
        Gateway(lan="eth0.20", wan="eth0.10", address="192.168.78.1/24"),
        Gateway(lan="eth0", address="192.168.78.2/24"),
        Gateway(lan="eth0"),
    ],
)
def test_each_way_to_stand(road: Street, gateway: Gateway) -> None:
    """The kernel takes the rules of each way to stand in a network, whether or not its interfaces are there."""
    firewall = Firewall(gateway, 1, road.run)
    firewall.up(has_v6=False)
    firewall.set_manners(OPEN)
    assert firewall.is_up()


@pytest.mark.lab
def test_up_again(road: Street) -> None:
    """Loaded again it is the same, with one jump, first; the devices are known from the first moment."""
    firewall = Firewall(GATEWAY, 2, road.run)
    firewall.up(manners=OPEN)
    once = everything(road)
    assert f"{MAC} : goto open" in once
    firewall.up()
    assert everything(road) == once
    for rules in queue_rules(road):
        assert [rule for rule in rules if "KINDGATE" in rule and "-A FORWARD" in rule] == [rules[1]]


@pytest.mark.lab
def test_mended(road: Street) -> None:
    """What somebody broke is whole again."""
    firewall = Firewall(GATEWAY, 2, road.run)
    firewall.up()
    whole = queue_rules(road)
    road.run(("iptables-nft", "-t", "mangle", "-F", "KINDGATE"))
    road.run(("iptables-nft", "-t", "mangle", "-I", "FORWARD", "-j", "KINDGATE"))
    road.run(("ip6tables-nft", "-t", "mangle", "-D", "FORWARD", "1"))
    road.run(("nft", "delete", "table", "inet", "kindgate"))
    assert not firewall.is_up()
    firewall.up()
    assert firewall.is_up()
    assert queue_rules(road) == whole


@pytest.mark.lab
def test_connections_keep_their_marks(road: Street) -> None:
    """A restart of the guard leaves what is open, and how it was decided."""
    Firewall(GATEWAY, 2, road.run).up()
    Firewall(GATEWAY, 2, road.run).set_manners(Manners(free=frozenset({MAC})))
    with road.listen("server", 4, 443) as listener, road.open("device", 4) as near:
        near.connect((SERVER_AT[4], 443))
        far, _ = listener.accept()
        with far:
            Firewall(GATEWAY, 2, road.run).up()
            near.sendall(b"still here")
            assert far.recv(100) == b"still here"
            assert road.marks() == [State.ALLOWED.bits]


@pytest.mark.lab
def test_not_at_all(road: Street) -> None:
    """Where the kernel refuses the table, nothing is left of what came before it; an older table stays."""

    def broken(argv: Sequence[str], stdin: str) -> str:
        return road.run(argv, stdin.replace("masquerade", "masked"))

    before = everything(road)
    with pytest.raises(FirewallError, match=r"^nft: .*syntax error"):
        Firewall(GATEWAY, 2, broken).up()
    assert everything(road) == before
    Firewall(GATEWAY, 2, road.run).up()
    loaded = everything(road)
    with pytest.raises(FirewallError):
        Firewall(GATEWAY, 2, broken).up()
    assert everything(road) == loaded


@pytest.mark.lab
def test_manners_at_once_or_not(road: Street) -> None:
    """Devices come in place of those before; where some can't be taken, those before stay."""
    firewall = Firewall(GATEWAY, 1, road.run)
    with pytest.raises(FirewallError, match="No such file"):
        firewall.set_manners(OPEN)
    firewall.up()
    firewall.set_manners(OPEN)
    loaded = everything(road)
    with pytest.raises(FirewallError, match="the devices: "):
        firewall.set_manners(Manners(free=frozenset({"no MAC"})))
    assert everything(road) == loaded
    firewall.set_manners(Manners(closed=frozenset({"192.168.78.10"})))
    assert MAC not in everything(road)
    assert "192.168.78.10 : goto closed" in everything(road)


@pytest.mark.lab
def test_knock(road: Street) -> None:
    """What the box sends in another's name is nobody's connection."""
    Firewall(GATEWAY, 1, road.run).up()
    with road.open(BOX, 4, socket.SOCK_DGRAM) as box:
        box.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, knock.MARK)
        box.sendto(b"?", (SERVER_AT[4], 9))
        assert road.marks("udp") == []
        box.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0)
        box.sendto(b"?", (SERVER_AT[4], 9))
        assert len(road.marks("udp")) == 1


def test_missing_program() -> None:
    """Which program is missing is said, and what to install."""
    with pytest.raises(FirewallError, match=r"^kindgate-none is missing: install iptables$"):
        run_program(("kindgate-none",), "")


def test_a_programs_own_words() -> None:
    """A program that fails says why, or at least how."""
    with pytest.raises(FirewallError, match=r"^sh: so it is$"):
        run_program(("sh", "-c", "cat >&2; exit 1"), "so it is\n")
    with pytest.raises(FirewallError, match=r"^sh: exit status 3$"):
        run_program(("sh", "-c", "exit 3"), "")


def test_nothing_of_ours_to_find() -> None:
    """Where nft can't be asked, nothing is up."""

    def refuse(argv: Sequence[str], stdin: str) -> str:
        raise FirewallError(f"{argv[0]}: not allowed")

    firewall = Firewall(GATEWAY, 1, refuse)
    assert not firewall.is_up()
    with pytest.raises(FirewallError, match="iptables-nft: not allowed"):
        firewall.up()
