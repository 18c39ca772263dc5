"""Names at home: which record answers, what devices are called and where they are, and what is left to the internet."""

from collections.abc import Iterable
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import names
from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.local import MAX_ADDRESSES, NOBODY, TTL_S, Found, Local, address_of, device_names, label_of
from appliance.core.record import Record, RecordType
from appliance.core.wire import dns
from appliance.core.wire.presentation import SRV, encode

MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
TABLET = Device(id="tablet", name="Kim’s Tablet", macs=(MAC,), addresses=("192.168.1.10",))


class Near:
    """A neighbour table that stands still."""

    def __init__(self, **macs: Iterable[str]) -> None:
        self._macs = {mac.replace("_", ":"): tuple(found) for mac, found in macs.items()}

    def mac(self, address: str) -> str | None:
        """Return the MAC of an address."""
        return next((mac for mac, found in self._macs.items() if address in found), None)

    def addresses(self, mac: str) -> Iterable[str]:
        """Return the addresses of a MAC."""
        return self._macs.get(mac, ())


NEAR = Near(
    **{MAC: ("192.168.1.10", "2001:db8::10", "fd00::10", "fe80::1%2", "192.168.1.11"), OTHER: ("192.168.1.12",)}
)


def told(*records: tuple[str, ...], **said: object) -> Local:
    """Return the names of a house with these records: name, type, value."""
    made = tuple(Record(name=one[0], type=RecordType(one[1]), value=one[2]) for one in records)
    return Local.of(House(records=made, **said))  # type: ignore[arg-type]


def values(found: Found | None, qtype: int = dns.A) -> list[str] | None:
    """Return the addresses or names of an answer."""
    if found is None:
        return None
    if qtype in (dns.A, dns.AAAA):
        return [str(ip_address(one)) for one in found.data]
    return [one[1:].decode("latin-1") for one in found.data]


MIXED = told(
    ("nas.lan", "A", "192.168.1.5"), ("nas.lan", "A", "192.168.1.6"), ("nas.lan", "AAAA", "fd00::5"),
    ("nas.lan", "TXT", "cellar"), ("*.nas.lan", "A", "192.168.1.7"), ("*.deep.nas.lan", "A", "192.168.1.8"),
    ("own.deep.nas.lan", "A", "192.168.1.9"), ("www.site.example", "CNAME", "nas.lan"),
    ("alias.lan", "CNAME", "www.site.example"), ("out.example", "CNAME", "there.example"),
    ("far.lan", "A", "198.51.100.7"), ("both.example", "A", "192.168.1.4"), ("both.example", "A", "198.51.100.7"),
    ("text.example", "TXT", "hello"), ("_ipp._tcp.site.example", "SRV", "0 0 631 nas.lan"),
    ("_sip._udp.site.example", "SRV", "0 0 5060 sip.example"), ("10.0.0.9", "PTR", "old.example"),
    ("198.51.100.9", "PTR", "old.lan"), ("198.51.100.8", "PTR", "old.example"), ("six.example", "AAAA", "AAAA"),
    ("gone.lan", "CNAME", "nothing.lan"), ("loop.lan", "CNAME", "localhost"), ("srv.lan", "CNAME", "text.example"),
    ("to-kept.example", "CNAME", "a.kept.example"), ("printer.lan", "A", "A"),
    ("*.kept.example", "CNAME", "*.kept.example"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "qtype", "expected"),
    [
        ("nas.lan", dns.A, ["192.168.1.5", "192.168.1.6"]),
        ("nas.lan", dns.AAAA, ["fd00::5"]),
        ("nas.lan", dns.TXT, ["cellar"]),
        ("nas.lan", dns.HTTPS, []),
        ("nas.lan", dns.CNAME, []),
        ("a.nas.lan", dns.A, ["192.168.1.7"]),
        ("a.b.nas.lan", dns.A, ["192.168.1.7"]),
        ("a.deep.nas.lan", dns.A, ["192.168.1.8"]),
        ("own.deep.nas.lan", dns.A, ["192.168.1.9"]),
        ("deep.nas.lan", dns.A, []),
        ("www.site.example", dns.A, ["192.168.1.5", "192.168.1.6"]),
        ("alias.lan", dns.AAAA, ["fd00::5"]),
        ("both.example", dns.A, ["192.168.1.4", "198.51.100.7"]),
        ("both.example", dns.AAAA, []),
        ("both.example", dns.HTTPS, []),
        ("both.example", dns.TXT, None),
        ("text.example", dns.TXT, ["hello"]),
        ("text.example", dns.A, None),
        ("six.example", dns.AAAA, None),
        ("six.example", dns.A, []),
        ("other.example", dns.A, None),
        ("site.example", dns.A, None),
        ("nothing.lan", dns.A, None),
        ("lan", dns.A, []),
        ("a.kept.example", dns.A, None),
        ("printer.lan", dns.A, None),
        ("5.1.168.192.in-addr.arpa", dns.PTR, ["nas\x03lan\x00"]),
        ("7.1.168.192.in-addr.arpa", dns.PTR, None),
        ("4.1.168.192.in-addr.arpa", dns.PTR, ["both\x07example\x00"]),
        ("7.100.51.198.in-addr.arpa", dns.PTR, None),
        ("9.0.0.10.in-addr.arpa", dns.PTR, ["old\x07example\x00"]),
    ],
)
def test_which_record_answers(name: str, qtype: int, expected: list[str] | None) -> None:
    """The most specific name says it; other types of a name of the internet are the internet's; addresses lead back."""
    assert values(MIXED.answer(name, qtype), qtype) == expected


@pytest.mark.parametrize(
    ("name", "qtype", "expected"),
    [
        ("nas.lan", dns.A, True),
        ("nas.lan", dns.HTTPS, True),
        ("www.site.example", dns.A, True),
        ("www.site.example", dns.CNAME, True),
        ("out.example", dns.CNAME, False),
        ("alias.lan", dns.CNAME, True),
        ("far.lan", dns.A, False),
        ("far.lan", dns.AAAA, False),
        ("both.example", dns.A, False),
        ("both.example", dns.AAAA, False),
        ("text.example", dns.TXT, False),
        ("nas.lan", dns.TXT, True),
        ("_ipp._tcp.site.example", SRV, True),
        ("_sip._udp.site.example", SRV, False),
        ("9.0.0.10.in-addr.arpa", dns.PTR, True),
        ("9.100.51.198.in-addr.arpa", dns.PTR, True),
        ("8.100.51.198.in-addr.arpa", dns.PTR, False),
        ("gone.lan", dns.A, True),
        ("lan", dns.A, True),
    ],
)
def test_what_leads_home(name: str, qtype: int, expected: bool) -> None:
    """Addresses of a home, names of the home; all of them, else it is a matter of the internet."""
    found = MIXED.answer(name, qtype)
    assert found is not None
    assert found.leads_home is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nas.lan", True),
        ("www.site.example", True),
        ("any.nas.lan", True),
        ("x.own.deep.nas.lan", True),
        ("tablet.lan", False),
        ("site.example", False),
        ("other.example", False),
    ],
)
def test_of_which_names_it_tells(name: str, *, expected: bool) -> None:
    """Of those that have a record, of whatever type, and of those that a star stands for."""
    assert MIXED.tells(name) is expected
    assert told(devices=(TABLET,)).tells("kims-tablet.lan")


def target(name: str, qtype: int = dns.A) -> tuple[str | None, bool, int] | None:
    """Return where a name leads, whether that is asked for, and the RCODE."""
    found = MIXED.answer(name, qtype)
    return None if found is None else (found.target, found.is_asked, found.rcode)


def test_aliases() -> None:
    """Within the house they are followed; outside an upstream is asked, as far as nothing in the answer can be cut."""
    assert target("nas.lan") == (None, False, 0)
    assert target("alias.lan") == ("nas.lan", False, 0)
    assert target("out.example") == ("there.example", True, 0)
    assert target("out.example", dns.HTTPS) == ("there.example", True, 0)
    assert target("out.example", SRV) == ("there.example", False, 0)
    assert target("srv.lan", dns.TXT) == ("text.example", False, 0)
    assert target("srv.lan") == ("text.example", True, 0)
    assert target("to-kept.example") == ("a.kept.example", True, 0)
    assert target("gone.lan") == ("nothing.lan", False, dns.NXDOMAIN)
    assert values(MIXED.answer("loop.lan", dns.A)) == ["127.0.0.1"]
    found = MIXED.answer("out.example", dns.CNAME)
    assert found is not None
    assert found.data == (names.to_wire("there.example"),)


def test_a_circle_ends() -> None:
    """No house with one is ever in force; if it were, an upstream would be asked."""
    circle = told(("a.example", "CNAME", "b.example"), ("b.example", "CNAME", "c.example"),
                  ("c.example", "CNAME", "b.example"))  # fmt: skip
    found = circle.answer("a.example", dns.A)
    assert found is not None
    assert found.is_asked


def test_time_to_live() -> None:
    """A minute, else what was said; of several the shortest."""
    house = House(
        records=(
            Record(name="a.lan", type=RecordType.A, value="10.0.0.1", ttl_s=900),
            Record(name="a.lan", type=RecordType.A, value="10.0.0.2", ttl_s=300),
            Record(name="b.lan", type=RecordType.A, value="10.0.0.3"),
            Record(name="c.lan", type=RecordType.CNAME, value="a.lan", ttl_s=500),
            Record(name="d.lan", type=RecordType.CNAME, value="c.lan", ttl_s=0),
        )
    )
    found = {name: Local.of(house).answer(f"{name}.lan", dns.A) for name in "abcd"}
    assert {name: one.ttl_s for name, one in found.items() if one} == {"a": 300, "b": TTL_S, "c": 300, "d": 0}


def test_devices_have_names() -> None:
    """And addresses: those of the house first, then what is seen, the home's own before others, no link-local ones."""
    near = Local.of(House(devices=(TABLET,)), around=NEAR)
    found = near.answer("kims-tablet.lan", dns.A)
    assert values(found) == ["192.168.1.10", "192.168.1.11"]
    assert found is not None
    assert (found.leads_home, found.is_steady, found.ttl_s) == (True, False, 60)
    assert values(near.answer("kims-tablet.lan", dns.AAAA), dns.AAAA) == ["fd00::10", "2001:db8::10"]
    assert values(near.answer("kims-tablet.lan", dns.TXT), dns.TXT) == []
    unseen = Local.of(House(devices=(TABLET,)))
    assert values(unseen.answer("kims-tablet.lan", dns.AAAA), dns.AAAA) == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.168.1.10", "kims-tablet.lan"), ("192.168.1.11", "kims-tablet.lan"), ("fd00::10", "kims-tablet.lan"),
        ("2001:db8::10", "kims-tablet.lan"), ("192.168.1.12", None), ("192.168.1.13", None),
    ],
)  # fmt: skip
def test_addresses_lead_back(address: str, expected: str | None) -> None:
    """To the device that has them now; a stranger's to nobody."""
    near = Local.of(House(devices=(TABLET,)), around=NEAR)
    name = ip_address(address).reverse_pointer
    found = near.answer(name, dns.PTR)
    assert (None if found is None else found.data) == (None if expected is None else (names.to_wire(expected),))
    other = near.answer(name, dns.TXT)
    assert other is None or other.data == ()


def test_a_record_goes_before_a_device() -> None:
    """A caregiver's word for its name; and of its address in the domain of the home."""
    records = (
        Record(name="kims-tablet.lan", type=RecordType.A, value="192.168.1.99"),
        Record(name="drawing.lan", type=RecordType.A, value="192.168.1.10"),
        Record(name="site.example", type=RecordType.A, value="192.168.1.10"),
    )
    found = Local.of(House(devices=(TABLET,), records=records), around=NEAR)
    assert values(found.answer("kims-tablet.lan", dns.A)) == ["192.168.1.99"]
    back = found.answer("10.1.168.192.in-addr.arpa", dns.PTR)
    assert back is not None
    assert back.data == (names.to_wire("drawing.lan"),)


def test_no_more_addresses_than_fit() -> None:
    """A phone keeps its old ones."""
    near = Near(**{MAC: [f"2001:db8::{number}" for number in range(1, 30)]})
    found = Local.of(House(devices=(TABLET,)), around=near).answer("kims-tablet.lan", dns.AAAA)
    assert found is not None
    assert len(found.data) == MAX_ADDRESSES


def test_names_of_devices() -> None:
    """By what people call them, else by their ids; two alike are told apart by a number."""
    devices = (
        TABLET, Device(id="two", name="Kims tablet", macs=(OTHER,)), Device(id="tv", macs=("02:00:00:00:00:03",)),
        Device(id="x", name="Телефон", macs=("02:00:00:00:00:04",)),
        Device(id="3", name="???", macs=("02:00:00:00:00:05",)),
        Device(id="tv-2", name="TV", macs=("02:00:00:00:00:06",)),
    )  # fmt: skip
    assert list(device_names(House(devices=devices, local_domain="home.example"))) == [
        f"{label}.home.example" for label in ("kims-tablet", "kims-tablet-2", "tv", "x", "3", "tv-2")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kim's Tablet", "kims-tablet"), ("Größe  2", "grosse-2"), ("--a--", "a"), ("Ünï", "uni"), ("電話", ""),
        ("x" * 80, "x" * 59), ("a_b.c", "a-b-c"),
    ],
)  # fmt: skip
def test_labels(text: str, expected: str) -> None:
    """Letters that DNS knows, and digits."""
    assert label_of(text) == expected


@given(st.text(max_size=80))
def test_every_label_can_be_a_name(text: str) -> None:
    """Whatever people call a thing."""
    label = label_of(text)
    assert not label or names.normalise(f"{label}-999.lan") == f"{label}-999.lan"


def test_another_domain() -> None:
    """What nothing knows there is no name; there is something above what is known; others go their ways."""
    found = told(("a.b.home.example", "A", "10.0.0.1"), ("*.w.home.example", "A", "10.0.0.1"),
                 local_domain="home.example")  # fmt: skip
    unknown = found.answer("x.home.example", dns.A)
    assert unknown is not None
    assert (unknown.rcode, unknown.leads_home) == (dns.NXDOMAIN, True)
    for name in ("home.example", "b.home.example", "w.home.example"):
        here = found.answer(name, dns.A)
        assert here is not None
        assert (here.rcode, here.data) == (dns.NOERROR, ())
    assert found.answer("example", dns.A) is None
    assert found.answer("ahome.example", dns.A) is None


def test_a_route() -> None:
    """What the router knows is asked of it; records and devices answer all the same."""
    records = (Record(name="nas.home.example", type=RecordType.A, value="10.0.0.1"),)
    house = House(records=records, devices=(TABLET,), local_domain="home.example")
    found = Local.of(house, frozenset(("home.example",)), NOBODY)
    assert values(found.answer("nas.home.example", dns.A)) == ["10.0.0.1"]
    assert values(found.answer("kims-tablet.home.example", dns.A)) == ["192.168.1.10"]
    assert values(found.answer("nas.home.example", dns.AAAA), dns.AAAA) == []
    for name, qtype in (
        ("x.home.example", dns.A),
        ("kims-tablet.home.example", dns.AAAA),
        ("nas.home.example", dns.TXT),
    ):
        assert found.answer(name, qtype) is None


@given(st.ip_addresses())
def test_addresses_turned_round(address: object) -> None:
    """And back."""
    assert address_of(ip_address(str(address)).reverse_pointer) == address


@pytest.mark.parametrize(
    "name",
    ["1.2.3.in-addr.arpa", "x.1.1.1.in-addr.arpa", "in-addr.arpa", "1.ip6.arpa", "g" + ".0" * 31 + ".ip6.arpa",
     "00" + ".0" * 31 + ".ip6.arpa", "arpa", "1.1.1.256.in-addr.arpa"],
)  # fmt: skip
def test_no_address(name: str) -> None:
    """Part of one, or none at all."""
    assert address_of(name) is None
    assert Local.of(House(devices=(TABLET,)), around=NEAR).answer(name, dns.PTR) is None


@given(st.from_regex(r"[a-z0-9.\\-]{0,40}(\.lan|\.arpa|\.ip6\.arpa|\.in-addr\.arpa)?\Z"), st.integers(0, 65535))
def test_any_name(name: str, qtype: int) -> None:
    """Whatever stands in a question, there is an answer or none."""
    found = MIXED.answer(name, qtype)
    assert found is None or all(isinstance(one, bytes) for one in found.data)


def test_data_is_what_records_say() -> None:
    """As the wire has it."""
    found = MIXED.answer("_ipp._tcp.site.example", SRV)
    assert found is not None
    assert found.data == (encode(SRV, "0 0 631 nas.lan"),)
