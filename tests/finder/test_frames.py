"""What DHCP and mDNS say of a device is read, what they say of persons and of others is not."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.utils import RawPcapReader

from appliance.finder import frames
from appliance.finder.inventory import Sighting, Source
from tests.finder.packets import (
    SERVER,
    TABLET,
    TABLET_DHCP,
    TABLET_MDNS,
    address_record,
    dhcp,
    mdns,
    name,
    record,
    udp,
)
from tests.needs import shared

AT = 1_795_384_800.0
ADDRESS = ip_address("192.168.77.10").packed
REVERSE = "10.77.168.192.in-addr.arpa"


def told(source: Source, *addresses: str, host_name: str | None = None, mac: str = TABLET) -> Sighting:
    """Return a sighting at `AT`."""
    return Sighting(mac, source, AT, addresses, host_name)


DHCP = {
    "request": (TABLET_DHCP, told(Source.DHCP, "192.168.77.10", host_name="kims-tablet")),
    "discover": (dhcp(1, (50, ADDRESS), (12, b"kims-tablet")), told(Source.DHCP, host_name="kims-tablet")),
    "renewal": (dhcp(3, ciaddr="192.168.77.10"), told(Source.DHCP, "192.168.77.10")),
    "inform": (dhcp(8, (12, b"pc"), ciaddr="192.168.77.10"), told(Source.DHCP, "192.168.77.10", host_name="pc")),
    "ack": (
        dhcp(5, (12, b"other"), op=2, mac=SERVER, client=TABLET, yiaddr="192.168.77.10"),
        told(Source.DHCP, "192.168.77.10"),
    ),
    "offer": (dhcp(2, op=2, mac=SERVER, client=TABLET, yiaddr="192.168.77.10"), None),
    "of another": (dhcp(3, (12, b"forged"), client="02:77:00:00:00:11"), None),
    "release": (dhcp(7, ciaddr="192.168.77.10"), None),
    "a bad name": (dhcp(3, (12, b"\x1b\xe2\x80\xae\xff")), told(Source.DHCP)),
    "a long name": (dhcp(3, (12, b"a" * 255)), told(Source.DHCP, host_name="a" * 63)),
    "no message type": (dhcp(3).replace(b"\x35\x01\x03", b"\0\0\0"), None),
    "cut options": (TABLET_DHCP[:-20], told(Source.DHCP)),
}
MDNS = {
    "announcement": (TABLET_MDNS, told(Source.MDNS, "192.168.77.10", host_name="Kims-tablet")),
    "v6": (
        mdns("fd77::10", address_record("t.local", "192.168.77.10"), address_record("t.local", "fd77::10")),
        told(Source.MDNS, "fd77::10", host_name="t"),
    ),
    "link-local": (mdns("fe80::10", address_record("t.local", "fe80::10")), told(Source.MDNS, host_name="t")),
    "reverse": (
        mdns("192.168.77.10", record(REVERSE, 12, name("t.local"))),
        told(Source.MDNS, "192.168.77.10", host_name="t"),
    ),
    "additional": (
        mdns("192.168.77.10", additional=(address_record("t.local", "192.168.77.10"),)),
        told(Source.MDNS, "192.168.77.10", host_name="t"),
    ),
    "a service": (
        mdns("192.168.77.10", record("_airplay._tcp.local", 12, name("Kim Smith's tablet._airplay._tcp.local"))),
        told(Source.MDNS, "192.168.77.10"),
    ),
    "a proxy": (
        mdns("192.168.77.10", address_record("sleeper.local", "192.168.77.99")),
        told(Source.MDNS, "192.168.77.10"),
    ),
    "another domain": (
        mdns("192.168.77.10", address_record("bank.example", "192.168.77.10")),
        told(Source.MDNS, "192.168.77.10"),
    ),
    "several labels": (
        mdns("192.168.77.10", address_record("a.b.local", "192.168.77.10")),
        told(Source.MDNS, "192.168.77.10"),
    ),
    "no text": (
        mdns("192.168.77.10", address_record(b"\xff\xfe\x07.local", "192.168.77.10")),
        told(Source.MDNS, "192.168.77.10"),
    ),
    "a question": (mdns("192.168.77.10", flags=0), None),
    "another port": (mdns("192.168.77.10", address_record("t.local", "192.168.77.10"), ports=(53, 5353)), None),
}
OTHER = {
    "another protocol": udp("192.168.77.10", "192.168.77.1", (161, 5354), b"\x30\x26"),
    "a long frame": TABLET_MDNS + bytes(frames.MAX_FRAME_OCTETS),
    "nothing": b"",
    "half": TABLET_MDNS[:20],
    "less than a head": TABLET_MDNS[:4],
}


@pytest.mark.parametrize(("frame", "sighting"), (DHCP | MDNS).values(), ids=(DHCP | MDNS).keys())
def test_what_is_read(frame: bytes, sighting: Sighting | None) -> None:
    """A device's own word about itself counts: its MAC, its address, its host name."""
    assert frames.read(frame, AT) == sighting


@pytest.mark.parametrize("frame", OTHER.values(), ids=OTHER.keys())
def test_what_is_not_read(frame: bytes) -> None:
    """Anything else says nothing."""
    assert frames.read(frame, AT) is None


@given(st.sampled_from((TABLET_DHCP, TABLET_MDNS)), st.integers(0, 300), st.binary(max_size=60), st.integers(0, 60))
def test_a_name_is_always_harmless(frame: bytes, at: int, strange: bytes, cut: int) -> None:
    """Whatever octets are put into a frame: an error or a sighting with a name of bounded, printable letters."""
    try:
        seen = frames.read(frame[:at] + strange + frame[at + cut :], AT)
    except Exception:  # noqa: BLE001 -- allowed here, and caught where frames are heard
        return
    if seen is not None and seen.host_name is not None:
        assert len(seen.host_name) <= 80
        assert seen.host_name.isprintable()


HEARD = {
    "ndpi__iphone.pcap": {"Lucas-iMac", "Lucas-iPhone"},
    "ndpi__android.pcap": {"Lucas-iMac"},
    "ndpi__telegram.pcap": {"Gabrieles-iPad", "TL-SG116E", "Lucas-iMac", "pi3.ntop.org", "sonos7828CA05FACC"},
    "ndpi__gnutella.pcap": {"MSEDGEWIN10"},
    "ndpi__tls_certificate_too_long.pcap": {"MBPro"},
}


@pytest.mark.shared
@pytest.mark.parametrize("file", [*HEARD, "ndpi__dhcp-fuzz.pcapng"])
def test_captures(file: str) -> None:
    """Of real networks: the devices' host names and nothing else; no frame is an error."""
    reader = RawPcapReader(str(shared(f"cases/pcaps/{file}")))
    with reader:
        found = [frames.read(frame, AT) for frame, _ in reader]
    assert {seen.host_name for seen in found if seen and seen.host_name} == HEARD.get(file, set())
