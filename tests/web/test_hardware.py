"""What devices are, guessed and known: kinds, names to start from, addresses as they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.device import Device, DeviceKind, Forwarder
from appliance.core.house import House
from appliance.store.found import FoundDevice
from appliance.web import hardware
from appliance.web.icons import icon

MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"


def found(mac: str = MAC, *addresses: str) -> FoundDevice:
    """Return a device that was seen."""
    return FoundDevice(mac, addresses, None, is_random_mac=True, first_seen=1.0, last_seen=2.0)


def test_every_kind_has_a_word_and_an_icon() -> None:
    """In the order of the form."""
    assert set(hardware.KINDS) == set(DeviceKind)
    assert all(word and icon(name) for word, name, _ in hardware.KINDS.values())


@pytest.mark.parametrize(
    ("host_name", "expected"),
    [
        ("Mias-iPad", DeviceKind.TABLET), ("LIVINGROOM-PS5", DeviceKind.CONSOLE), ("BRAVIA-4K", DeviceKind.TV),
        ("DESKTOP-7Q2", DeviceKind.LAPTOP), ("shelly1-98F4", DeviceKind.IOT), ("Galaxy-A52", DeviceKind.PHONE),
        ("", DeviceKind.PHONE), (None, DeviceKind.PHONE),
    ],
)  # fmt: skip
def test_a_kind_is_guessed_from_what_a_device_calls_itself(host_name: str | None, expected: DeviceKind) -> None:
    """A start for the form, nothing more."""
    assert expected is hardware.guess(host_name)


def test_a_name_to_start_from_is_one_short_line() -> None:
    """Whatever the device says."""
    assert hardware.plain_name("Mias-iPad.local") == "Mias iPad"
    assert hardware.plain_name("a\n\x00b\u202e-" + "c" * 90) == "ab " + "c" * 57
    assert hardware.plain_name(None) == ""


def test_addresses_are_read_as_people_type_them() -> None:
    """On lines, with commas, in any spelling; twice counts once."""
    text = " AA-BB-CC-00-11-22,\n192.0.2.7; 2001:DB8::1 aa:bb:cc:00:11:22"
    assert hardware.known_by(text) == (("aa:bb:cc:00:11:22",), ("192.0.2.7", "2001:db8::1"))


@pytest.mark.parametrize(
    "text",
    ["", " , ", "tablet", "192.0.2.0/24", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "127.0.0.1",
     "::1", "224.0.0.1", "0.0.0.0", " ".join(f"192.0.2.{number}" for number in range(17))],
)  # fmt: skip
def test_what_is_no_devices_address_is_refused(text: str) -> None:
    """A group's, the box's own, a network's, or far too many."""
    with pytest.raises(hardware.NotKnownBy):
        hardware.known_by(text)


@given(st.text())
def test_any_text_is_addresses_or_refused(text: str) -> None:
    """And what is read makes a device."""
    try:
        macs, addresses = hardware.known_by(text)
    except hardware.NotKnownBy:
        return
    device = Device(id="x", macs=macs, addresses=addresses)
    assert (device.macs, device.addresses) == (macs, addresses)


def test_what_the_house_names_is_not_new() -> None:
    """Devices by MAC or by their latest address, and its routers."""
    house = House(
        devices=(Device(id="a", macs=(MAC,)), Device(id="b", addresses=("192.0.2.2",))),
        forwarders=(Forwarder(id="router", addresses=("192.0.2.254",)),),
    )
    seen = [found(), found(OTHER, "192.0.2.2"), found(OTHER, "192.0.2.254"), found(OTHER, "192.0.2.3", "192.0.2.2")]
    assert hardware.unnamed(house, seen) == [seen[3]]
