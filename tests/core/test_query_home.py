"""Questions for the box itself."""

import pytest

from appliance.core.query import HOME_TTL_S, at_home
from tests.core.box import read, texts
from tests.core.builders import query

BOTH = ("192.0.2.1", "fd00::1")


@pytest.mark.parametrize(
    ("qtype", "addresses", "expected"),
    [
        ("A", BOTH, ["kindgate.home. 60 IN A 192.0.2.1"]),
        ("AAAA", BOTH, ["kindgate.home. 60 IN AAAA fd00::1"]),
        ("A", ("fd00::1",), []),
        ("AAAA", ("192.0.2.1",), []),
        ("A", (), []),
        ("HTTPS", BOTH, []),
        ("SVCB", BOTH, []),
        ("TXT", BOTH, []),
        ("NS", BOTH, []),
        ("ANY", BOTH, ['kindgate.home. 3600 IN HINFO "RFC8482" ""']),
    ],
)
def test_reply(qtype: str, addresses: tuple[str, ...], expected: list[str]) -> None:
    """Its address of the family that was asked for; else NODATA with an SOA, never NXDOMAIN."""
    found = at_home(query("kindgate.home", qtype), addresses)
    assert (found.rcode, texts(found)) == (0, expected)
    assert [rrset.ttl for rrset in read(found).authority] == ([] if expected else [HOME_TTL_S])


@pytest.mark.parametrize("name", ["kindgate.home", "www.kindgate.home", "KindGate.Home"])
def test_names_below(name: str) -> None:
    """In the spelling that was asked; for the asker alone: nothing of it is kept for others, or noted."""
    found = at_home(query(name), BOTH)
    assert texts(found) == [f"{name}. 60 IN A 192.0.2.1"]
    assert (found.keep_until, found.verdict) == (0.0, None)


def test_short_enough() -> None:
    """A home whose box gets another address finds it again within a minute."""
    assert HOME_TTL_S <= 60
