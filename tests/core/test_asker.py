"""Who asks: by MAC, by address, by what a trusted forwarder says; and nobody where it is in doubt."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.asker import MAC_RAW, MAC_TEXT, Asker, Note, Registry, ecs_client, option_mac
from appliance.core.device import Device, Forwarder, Told
from appliance.core.house import House
from appliance.core.wire.dns import OPTION_ECS

KIM = "02:00:00:00:00:01"
LOU = "02:00:00:00:00:02"
STRANGER = "02:00:00:00:00:03"
ROUTER = "02:00:00:00:00:fe"
BRIDGE = "02:00:00:00:00:fd"

HOUSE = House(
    networks=("198.51.100.0/24", "2001:db8:1::/48"),
    forwarders=(
        Forwarder(id="router", addresses=("192.168.1.1", "fd00::1")),
        Forwarder(id="bridge", macs=(BRIDGE,)),
        Forwarder(id="mac-only", addresses=("192.168.1.3",), options=(Told.MAC,)),
        Forwarder(id="subnet-only", addresses=("192.168.1.4",), options=(Told.SUBNET,)),
    ),
    devices=(
        Device(id="kim", macs=(KIM,), addresses=("192.168.1.11",)),
        Device(id="lou", macs=(LOU,)),
        Device(id="tv", addresses=("192.168.1.13", "fd00::13")),
    ),
)
REGISTRY = Registry(HOUSE)
NEIGHBOURS = {
    "192.168.1.1": ROUTER,
    "192.168.1.2": BRIDGE,
    "192.168.1.11": KIM,
    "192.168.1.12": LOU,
    "192.168.1.13": STRANGER,
    "192.168.1.14": STRANGER,
    "192.168.1.15": LOU,
}


def octets(mac: str) -> bytes:
    """Return a MAC as its six octets."""
    return bytes.fromhex(mac.replace(":", ""))


def raw(mac: str) -> tuple[int, bytes]:
    """Return what dnsmasq's `add-mac` sends."""
    return MAC_RAW, octets(mac)


def text(mac: str) -> tuple[int, bytes]:
    """Return what `add-mac=text` sends."""
    return MAC_TEXT, mac.encode()


def base64(mac: str) -> tuple[int, bytes]:
    """Return what `add-mac=base64` sends."""
    return MAC_TEXT, b64encode(octets(mac))


def subnet(address: str, bits: int = 32) -> tuple[int, bytes]:
    """Return a client subnet of IPv4."""
    return OPTION_ECS, bytes((0, 1, bits, 0)) + bytes(int(part) for part in address.split("."))


def asked(source: str, *options: tuple[int, bytes]) -> Asker:
    """Return who asks."""
    return REGISTRY.identify(source, options, NEIGHBOURS.get)


DIRECT = [
    ("by MAC", "192.168.1.12", (), Asker("lou")),
    ("the MAC before the address", "192.168.1.15", (), Asker("lou")),
    ("by address where the kernel knows no MAC", "fd00::13", (), Asker("tv")),
    ("by address where nobody owns the MAC", "192.168.1.13", (), Asker("tv")),
    ("nobody named it", "192.168.1.14", (), Asker(None)),
    ("nobody at all", "192.168.1.99", (), Asker(None)),
    ("an option of its own is forged and ignored", "192.168.1.12", (raw(KIM),), Asker("lou", None, Note.FORGED)),
    ("in text", "192.168.1.12", (text(KIM),), Asker("lou", None, Note.FORGED)),
    ("as a subnet", "192.168.1.99", (subnet("192.168.1.11"),), Asker(None, None, Note.FORGED)),
    ("other options say nothing", "192.168.1.12", ((10, b"cookie"),), Asker("lou")),
]

BEHIND = [
    ("raw", "192.168.1.1", (raw(KIM),), Asker("kim", "router")),
    ("in text", "192.168.1.1", (text(KIM),), Asker("kim", "router")),
    ("in upper case", "192.168.1.1", (text(KIM.upper()),), Asker("kim", "router")),
    ("in base64", "192.168.1.1", (base64(LOU),), Asker("lou", "router")),
    ("as an address of its own", "192.168.1.1", (subnet("192.168.1.13"),), Asker("tv", "router")),
    ("as an address whose MAC the kernel knows", "192.168.1.1", (subnet("192.168.1.12"),), Asker("lou", "router")),
    (
        "as an IPv6 address",
        "fd00::1",
        ((OPTION_ECS, b"\x00\x02\x80\x00\xfd" + bytes(14) + b"\x13"),),
        Asker("tv", "router"),
    ),
    ("a router known by its MAC", "192.168.1.2", (raw(KIM),), Asker("kim", "bridge")),
    ("both ways, agreeing", "192.168.1.1", (raw(KIM), text(KIM)), Asker("kim", "router")),
    ("MAC and address, agreeing", "192.168.1.1", (raw(KIM), subnet("192.168.1.11")), Asker("kim", "router")),
    ("a MAC that nobody owns", "192.168.1.1", (raw(STRANGER),), Asker(None, "router")),
    ("an address that nobody owns", "192.168.1.1", (subnet("192.168.1.99"),), Asker(None, "router")),
    ("the router itself", "192.168.1.2", (raw(BRIDGE),), Asker(None, "bridge")),
    ("the router's own address", "192.168.1.1", (subnet("192.168.1.2"),), Asker(None, "router")),
    ("nothing", "192.168.1.1", (), Asker(None, "router", Note.MISSING)),
    ("nothing of the kind", "192.168.1.1", ((10, b"cookie"),), Asker(None, "router", Note.MISSING)),
    ("nothing, and its MAC is not looked up", "192.168.1.2", (), Asker(None, "bridge", Note.MISSING)),
    ("five octets", "192.168.1.1", ((MAC_RAW, b"\x02\x00\x00\x00\x00"),), Asker(None, "router", Note.MISSING)),
    ("a wider subnet", "192.168.1.1", (subnet("192.168.1.0", 24),), Asker(None, "router", Note.MISSING)),
    ("two MACs", "192.168.1.1", (raw(KIM), text(LOU)), Asker(None, "router", Note.CONFLICT)),
    ("one option twice", "192.168.1.1", (raw(KIM), raw(KIM)), Asker(None, "router", Note.CONFLICT)),
    ("one option twice, other things said", "192.168.1.1", (raw(KIM), raw(LOU)), Asker(None, "router", Note.CONFLICT)),
    (
        "two addresses",
        "192.168.1.1",
        (subnet("192.168.1.11"), subnet("192.168.1.12")),
        Asker(None, "router", Note.CONFLICT),
    ),
    (
        "MAC and the kernel disagree",
        "192.168.1.1",
        (raw(KIM), subnet("192.168.1.12")),
        Asker(None, "router", Note.CONFLICT),
    ),
    ("MAC and address are two devices", "192.168.1.3", (raw(KIM),), Asker("kim", "mac-only")),
    (
        "what is not believed is not heard",
        "192.168.1.3",
        (subnet("192.168.1.13"),),
        Asker(None, "mac-only", Note.MISSING),
    ),
    ("nor in conflict", "192.168.1.4", (raw(KIM), subnet("192.168.1.12")), Asker("lou", "subnet-only")),
]


@pytest.mark.parametrize(("source", "options", "expected"), [row[1:] for row in DIRECT], ids=[row[0] for row in DIRECT])
def test_who_asks_for_itself(source: str, options: tuple[tuple[int, bytes], ...], expected: Asker) -> None:
    """Known by MAC, else by address; what it says of itself counts nothing."""
    assert expected == asked(source, *options)


@pytest.mark.parametrize(("source", "options", "expected"), [row[1:] for row in BEHIND], ids=[row[0] for row in BEHIND])
def test_who_asks_behind_a_forwarder(source: str, options: tuple[tuple[int, bytes], ...], expected: Asker) -> None:
    """Only what it says tells; options that disagree name nobody."""
    assert expected == asked(source, *options)


def test_a_mac_and_an_address_of_two_devices_disagree() -> None:
    """Though the kernel knows nothing of the address."""
    found = REGISTRY.identify("192.168.1.1", (raw(LOU), subnet("192.168.1.13")), lambda _: None)
    assert Asker(None, "router", Note.CONFLICT) == found


def test_a_forwarders_mac_is_never_a_device() -> None:
    """Though a house lists both, no child becomes "the router"."""
    house = House(
        forwarders=(Forwarder(id="router", macs=(ROUTER,)),),
        devices=(Device(id="kim", macs=(ROUTER,)), Device(id="lou", macs=(LOU,))),
    )
    registry = Registry(house)
    assert Asker(None, "router", Note.MISSING) == registry.identify("192.168.1.1", (), NEIGHBOURS.get)
    assert Asker(None, "router") == registry.identify("192.168.1.1", (raw(ROUTER),), NEIGHBOURS.get)


OPTIONS = [
    (MAC_RAW, octets(KIM), KIM),
    (MAC_RAW, b"", None),
    (MAC_RAW, bytes(7), None),
    (MAC_TEXT, b"02:00:00:00:00:01", KIM),
    (MAC_TEXT, b"02-00-00-00-00-01", KIM),
    (MAC_TEXT, b64encode(octets(KIM)), KIM),
    (MAC_TEXT, b"AAAA AAA", None),
    (MAC_TEXT, b"AAAAAA==", None),
    (MAC_TEXT, b"02:00:00:00:00", None),
    (MAC_TEXT, b"\xff" * 17, None),
    (MAC_TEXT, b"", None),
    (OPTION_ECS, octets(KIM), None),
]


@pytest.mark.parametrize(("code", "data", "expected"), OPTIONS)
def test_an_option_states_a_mac_or_none(code: int, data: bytes, expected: str | None) -> None:
    """In one of three spellings, and nothing malformed."""
    assert expected == option_mac(code, data)


SUBNETS = [
    (b"\x00\x01\x20\x00\xc0\xa8\x01\x02", "192.168.1.2"),
    (b"\x00\x01\x20\x18\xc0\xa8\x01\x02", "192.168.1.2"),
    (b"\x00\x01\x18\x00\xc0\xa8\x01", None),
    (b"\x00\x01\x20\x00\xc0\xa8\x01", None),
    (b"\x00\x02\x80\x00\xfd" + bytes(14) + b"\x01", "fd00::1"),
    (b"\x00\x02\x80\x00" + bytes(10) + b"\xff\xff\xc0\xa8\x01\x02", "192.168.1.2"),
    (b"\x00\x02\x40\x00" + bytes(8), None),
    (b"\x00\x02\x80\x00" + bytes(8), None),
    (b"\x00\x03\x20\x00" + bytes(4), None),
    (b"", None),
]


@pytest.mark.parametrize(("data", "expected"), SUBNETS)
def test_a_subnet_states_one_address_or_none(data: bytes, expected: str | None) -> None:
    """A whole address, a mapped one as IPv4."""
    assert expected == ecs_client(data)


@given(st.lists(st.tuples(st.sampled_from([MAC_RAW, MAC_TEXT, OPTION_ECS, 10]), st.binary(max_size=24)), max_size=4))
def test_no_option_makes_an_error(options: list[tuple[int, bytes]]) -> None:
    """Whatever its octets, there is an asker, and a forged one is nobody else."""
    assert asked("192.168.1.1", *options).via == "router"
    assert asked("192.168.1.12", *options).device == "lou"


ANSWERED = [
    ("192.168.7.7", True),
    ("10.0.0.1", True),
    ("172.16.0.1", True),
    ("172.32.0.1", False),
    ("127.0.0.1", True),
    ("::1", True),
    ("169.254.1.1", True),
    ("fe80::1", True),
    ("fd00::1", True),
    ("2001:db8:1::7", True),
    ("2001:db8:2::7", False),
    ("198.51.100.7", True),
    ("203.0.113.7", True),
    ("203.0.113.200", False),
    ("192.0.2.1", False),
    ("100.64.0.1", False),
    ("8.8.8.8", False),
    ("2001:4860:4860::8888", False),
    ("::ffff:192.168.1.1", True),
    ("::ffff:8.8.8.8", False),
]


@pytest.mark.parametrize(("address", "expected"), ANSWERED)
def test_who_is_answered_at_all(address: str, *, expected: bool) -> None:
    """Private, attached or listed sources; the documentation ranges are as public as any."""
    assert expected == REGISTRY.is_answered(address, ("203.0.113.1/25",))
