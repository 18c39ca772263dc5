"""The lease files of dnsmasq, ISC dhcpd and Kea, and whatever else stands in them."""

from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.finder.leases import MAX_LEASES, Lease, parse

AT = 1_795_384_800.0
"""2026-11-22 22:00 UTC."""
TABLET, LAPTOP, TV = "02:77:00:00:00:10", "3c:22:fb:10:20:30", "00:1e:c2:00:00:01"

DNSMASQ = f"""\
1795421325 {TABLET} 192.168.77.10 Kims-tablet 01:{TABLET}
0 {LAPTOP} 192.168.77.11 * *
43200 {TV.upper()} 192.168.77.12 tv ff:00
1795384799 00:1e:c2:00:00:02 192.168.77.13 over *
06-00:1e:c2:00:00:03 nonsense
1795421325 06-{TV} 192.168.77.14 infiniband *
duid 00:01:00:01:2c:aa:bb:cc:02:77:00:00:00:01
1795421325 1936945264 fd77::10 Kims-tablet 00:01:00:01:2d
"""

ISC = f"""\
# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

authoring-byte-order little-endian;

lease 192.168.77.10 {{
  starts 0 2026/11/22 08:00:00;
  ends 0 2026/11/22 20:00:00;
  cltt 0 2026/11/22 08:00:00;
  binding state active;
  next binding state free;
  hardware ethernet {LAPTOP};
  client-hostname "other";
}}
lease 192.168.77.10 {{
  starts 0 2026/11/22 21:00:00;
  ends 1 2026/11/23 09:00:00;
  cltt 0 2026/11/22 21:30:00;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet {TABLET};
  uid "\\001\\002w\\000\\000\\000\\020";
  set vendor-class-identifier = "MSFT 5.0";
  client-hostname "K\\303\\274che \\"1\\"";
}}
lease 192.168.77.11 {{
  starts epoch 1795384000; # Sun Nov 22 21:46:40 2026
  ends never;
  binding state active;
  hardware ethernet {LAPTOP};
}}
lease 192.168.77.12 {{
  starts 0 2026/11/22 21:00:00;
  ends 1 2026/11/23 09:00:00;
  binding state free;
  hardware ethernet {TV};
}}
lease 192.168.77.13 {{
  starts 0 2026/11/22 21:00:00;
  ends tomorrow;
  binding state active;
  hardware ethernet {TV};
}}
server-duid "\\000\\001\\000\\001";

lease 192.168.77.14 {{
  starts 0 2026/11/22 21:00:00;
"""

KEA = f"""\
address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
192.168.77.10,{LAPTOP},01:{LAPTOP},4000,1795384900,1,0,0,old,0,,0
192.168.77.11,{LAPTOP},,4000,1795388000,1,0,0,,0,,0
192.168.77.12,{TV},,4000,1795388000,1,0,0,tv,0,,0
192.168.77.12,{TV},,0,1795384000,1,0,0,tv,0,,0
192.168.77.13,,,86400,1795388000,1,0,0,,1,,0
192.168.77.14,00:1e:c2:00:00:02,,4000,1795380000,1,0,0,gone,2,,0
192.168.77.15,not-a-mac,,4000,1795388000,1,0,0,bad,0,,0
192.168.77.10,{TABLET},01:{TABLET},4000,1795388000,1,0,0,kims&#x2ctablet.home.,0,"{{ ""a"": 1 }}",0
half,a row
"""


def test_dnsmasq() -> None:
    """Names and addresses of what still holds: without an end, with one to come, or with a length in its place."""
    parsed = parse(DNSMASQ, AT)
    assert parsed.leases == (
        Lease("192.168.77.10", TABLET, "Kims-tablet", mark="1795421325"),
        Lease("192.168.77.11", LAPTOP, None, mark="0"),
        Lease("192.168.77.12", TV, "tv", mark="43200"),
    )
    assert parsed.skipped == 2


def test_isc() -> None:
    """Of an address the last block holds, if it is active and not over; an unfinished block is no lease."""
    parsed = parse(ISC, AT)
    assert parsed.leases == (
        Lease("192.168.77.10", TABLET, 'Küche "1"', 1_795_383_000.0, "1795424400.0"),
        Lease("192.168.77.11", LAPTOP, None, 1_795_384_000.0, "None"),
    )
    assert parsed.skipped == 1


def test_kea() -> None:
    """Of an address the last row holds, if it is assigned and not over."""
    parsed = parse(KEA, AT)
    assert parsed.leases == (
        Lease("192.168.77.11", LAPTOP, None, 1_795_384_000.0, "1795388000"),
        Lease("192.168.77.10", TABLET, "kims,tablet.home", 1_795_384_000.0, "1795388000"),
    )
    assert parsed.skipped == 2


@pytest.mark.parametrize("text", ["", "\n\n", "# a comment\n", KEA.splitlines()[0]])
def test_an_empty_file(text: str) -> None:
    """No lease, and nothing wrong."""
    assert parse(text, AT) == parse("", AT)
    assert parse("", AT).leases == ()


def test_a_flood_of_leases() -> None:
    """Of very many the last are kept."""
    lines = "".join(f"0 {TABLET} 10.{n >> 16}.{n >> 8 & 255}.{n & 255} n{n} *\n" for n in range(MAX_LEASES + 10))
    leases = parse(lines, AT).leases
    assert len(leases) == MAX_LEASES
    assert (leases[0].host_name, leases[-1].host_name) == ("n10", f"n{MAX_LEASES + 9}")


@given(
    st.sampled_from((DNSMASQ, ISC, KEA)), st.integers(0, 1200), st.integers(0, 1200), st.text(printable, max_size=40)
)
def test_a_file_that_is_being_written(text: str, begins: int, ends: int, strange: str) -> None:
    """Cut anywhere, with anything in it: leases of normal form, and no error."""
    for lease in parse(text[begins:] + strange + text[:ends], AT).leases:
        assert len(lease.mac) == 17
        assert lease.address == lease.address.strip().lower()


@given(st.text(max_size=300))
def test_anything(text: str) -> None:
    """Octets that are no lease file at all hold no lease, or the like of one, and raise nothing."""
    assert len(parse(text, AT).leases) <= text.count("\n") + text.count("\r") + 300


@given(
    st.sampled_from(("lease 10.0.0.1 {{\n ends {0};\n hardware ethernet {1};\n binding state active;\n}}\n",
                     "{0} {1} 10.0.0.1 a b\n",
                     "address,hwaddr,client_id,valid_lifetime,expire,hostname,state\n10.0.0.1,{1},,{0},{0},x,0\n")),
    st.text("0123456789 /:-never epoch²", max_size=30),
    st.text("0123456789abcdef:-", max_size=20),
)  # fmt: skip
def test_numbers_of_any_size(form: str, number: str, mac: str) -> None:
    """A time that no calendar holds is skipped."""
    parsed = parse(form.format(number, mac), AT)
    assert len(parsed.leases) + parsed.skipped <= 1
