"""Devices and routers: known by MAC and IP addresses, each of which has one spelling."""

from typing import Any

import msgspec
import pytest

from appliance.core.device import THINGS, Device, DeviceKind, Forwarder, Told, normal_address, normal_mac
from appliance.core.names import BadName

MAC = "02:00:00:00:00:01"


@pytest.mark.parametrize("text", ["AA-BB-CC-00-11-22", " aa:bb:cc:00:11:22 ", "Aa:bB:cc:00:11:22"])
def test_a_mac_has_one_spelling(text: str) -> None:
    """Lower case, with colons."""
    assert normal_mac(text) == "aa:bb:cc:00:11:22"


@pytest.mark.parametrize("text", ["", "aa:bb:cc:00:11", "aa:bb:cc:00:11:22:33", "aabb.cc00.1122", "ga:bb:cc:00:11:22"])
def test_what_is_no_mac_is_refused(text: str) -> None:
    """Other lengths and other spellings."""
    with pytest.raises(ValueError, match="not a MAC"):
        normal_mac(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::1", "::1"),
    ],
)
def test_an_address_has_one_spelling(text: str, expected: str) -> None:
    """A mapped IPv4 address is an IPv4 address."""
    assert expected == normal_address(text)


@pytest.mark.parametrize("text", ["", "192.0.2", "192.0.2.1:53", "192.0.2.0/24", "example.com"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """Networks, ports and names are none."""
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        normal_address(text)


@pytest.mark.parametrize("kind", [Device, Forwarder])
def test_what_is_on_the_network_is_known_by_something(kind: Any) -> None:
    """By a MAC address, an IP address or several, in normal form; by none it would be nobody."""
    made = kind(id="a", macs=("AA-BB-CC-00-11-22",), addresses=("2001:DB8::1",))
    assert (made.macs, made.addresses) == (("aa:bb:cc:00:11:22",), ("2001:db8::1",))
    assert kind(id="a", macs=(MAC,)).addresses == ()
    assert kind(id="a", addresses=("192.0.2.1",)).macs == ()
    for given, words in [
        ({}, "needs macs or addresses"),
        ({"macs": ("x",)}, "not a MAC"),
        ({"addresses": ("x",)}, "IPv4 or IPv6"),
    ]:
        with pytest.raises(ValueError, match=words):
            kind(id="a", **given)


def test_what_is_not_said_of_a_device() -> None:
    """It is a phone that nobody named and that is nobody's; a router is believed both ways."""
    plain = Device(id="a", macs=(MAC,))
    assert (plain.name, plain.person, plain.kind, plain.bedtime) == (None, None, DeviceKind.PHONE, False)
    assert Forwarder(id="a", macs=(MAC,)).options == (Told.MAC, Told.SUBNET)


@pytest.mark.parametrize("id_", ["", "A", "a b", "-a", "a-", "a" * 65, "ä"])
def test_an_id_is_a_short_word(id_: str) -> None:
    """Letters, digits and a little between them."""
    with pytest.raises(msgspec.ValidationError, match=r"\$\.id"):
        msgspec.convert({"id": id_, "macs": [MAC]}, Device)


@pytest.mark.parametrize("kind", DeviceKind)
def test_only_a_thing_is_kept_to_some_names(kind: DeviceKind) -> None:
    """It asks for the same names every day; a person doesn't."""
    if kind in THINGS:
        kept = Device(id="a", macs=(MAC,), kind=kind, only=("Maker.example.", "maker.example"))
        assert kept.only == ("maker.example",)
        assert Device(id="a", macs=(MAC,), kind=kind, only=()).only == ()
    else:
        with pytest.raises(ValueError, match="only a console, a TV or a thing"):
            Device(id="a", macs=(MAC,), kind=kind, only=())


def test_what_a_thing_is_kept_to_are_names() -> None:
    """By default it may go anywhere."""
    assert Device(id="a", macs=(MAC,), kind=DeviceKind.IOT).only is None
    with pytest.raises(BadName):
        Device(id="a", macs=(MAC,), kind=DeviceKind.IOT, only=("not a name",))
    with pytest.raises(ValueError, match="needs macs or addresses"):
        Device(id="a", kind=DeviceKind.IOT, only=())
