"""What types and RCODEs are called."""

import dns.rcode
import dns.rdatatype

from appliance.core.wire import dns as wire
from appliance.core.wire import mnemonics


def test_types_have_names_both_ways() -> None:
    """As dnspython calls them."""
    named = {number: dns.rdatatype.to_text(dns.rdatatype.RdataType(number)) for number in mnemonics.QTYPE_NAMES}
    assert named == mnemonics.QTYPE_NAMES
    assert mnemonics.QTYPES["HTTPS"] == wire.HTTPS


def test_rcodes_have_names_both_ways() -> None:
    """As dnspython calls them."""
    assert {number: dns.rcode.to_text(dns.rcode.Rcode(number)) for number in mnemonics.RCODE_NAMES} == (
        mnemonics.RCODE_NAMES
    )
    assert mnemonics.RCODES["NXDOMAIN"] == wire.NXDOMAIN
