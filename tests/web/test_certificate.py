"""The certificate is the box's own, holds its names and addresses, and changes only when it must."""

import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.web import certificate
from appliance.web.certificate import DAYS, RENEW_DAYS, NoCertificate, ensure, load
from tests.web.conftest import AT

DAY_S = 86_400.0


def parsed(path: Path) -> x509.Certificate:
    """Return what cryptography reads of a file."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_it_holds_our_names_and_addresses(tmp_path: Path) -> None:
    """Signed by itself, no authority, EC P-256, good for as long as Apple's devices take."""
    made = ensure(tmp_path, ["box.example"], ["192.168.77.1", "fd77::1"], AT)
    found = parsed(made.path)
    assert made.names == ("kindgate.home", "localhost", "box.example")
    assert made.addresses == ("127.0.0.1", "::1", "192.168.77.1", "fd77::1")
    assert found.issuer == found.subject
    assert isinstance(found.public_key(), ec.EllipticCurvePublicKey)
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert (found.not_valid_after_utc - found.not_valid_before_utc).days == DAYS + 1
    assert DAYS + 1 <= 825
    found.verify_directly_issued_by(found)


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    """0600 in a folder of 0700; nothing is left beside it."""
    made = ensure(tmp_path, [], [], AT)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.path.parent.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in made.path.parent.iterdir()] == [certificate.FILE]


def test_the_fingerprint_is_as_browsers_show_it(tmp_path: Path) -> None:
    """32 octets in capitals, those that Python's ssl finds too."""
    made = ensure(tmp_path, [], [], AT)
    der = ssl.PEM_cert_to_DER_cert(made.path.read_text()[made.path.read_text().index("-----BEGIN CERT") :])
    assert made.fingerprint == certificate.fingerprint_of(der)
    assert len(made.fingerprint.split(":")) == 32
    assert made.fingerprint == made.fingerprint.upper()


def test_it_stays_the_same_as_long_as_it_can(tmp_path: Path) -> None:
    """Each new one is a warning in every caregiver's browser."""
    first = ensure(tmp_path, ["box.example"], ["192.168.77.1"], AT)
    assert ensure(tmp_path, ["box.example"], ["192.168.77.1"], AT + 1) == first
    assert ensure(tmp_path, [], [], AT + (DAYS - RENEW_DAYS - 1) * DAY_S) == first


@pytest.mark.parametrize(
    ("names", "addresses", "at"),
    [
        (["other.example"], ["192.168.77.1"], AT),
        ([], ["192.168.77.2"], AT),
        ([], ["192.168.77.1"], AT + (DAYS - RENEW_DAYS) * DAY_S),
        ([], ["192.168.77.1"], AT + 2 * DAYS * DAY_S),
        ([], ["192.168.77.1"], AT - 2 * DAY_S),
    ],
)
def test_it_is_made_anew_when_it_must_be(tmp_path: Path, names: list[str], addresses: list[str], at: float) -> None:
    """A name or an address lacks, it ends soon, or the clock was set back before its beginning."""
    first = ensure(tmp_path, [], ["192.168.77.1"], AT)
    second = ensure(tmp_path, names, addresses, at)
    assert second.fingerprint != first.fingerprint
    assert set(addresses) <= set(second.addresses)
    assert "192.168.77.1" in second.addresses
    assert ensure(tmp_path, names, addresses, at) == second


@pytest.mark.parametrize("text", [b"", b"-----BEGIN CERTIFICATE-----\nx\n", b"\xff" * 100])
def test_a_broken_file_is_replaced(tmp_path: Path, text: bytes) -> None:
    """Cut short by a power cut, for example."""
    made = ensure(tmp_path, [], [], AT)
    made.path.write_bytes(text)
    assert load(tmp_path) is None
    assert ensure(tmp_path, [], [], AT).fingerprint != made.fingerprint


def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """With the file that it was about."""
    (tmp_path / "tls").write_text("")
    with pytest.raises(NoCertificate, match=certificate.FILE):
        ensure(tmp_path, [], [], AT)


def test_our_own_addresses_are_those_that_stay() -> None:
    """Loopback is one of them; none is of a single link."""
    found = certificate.own_addresses()
    assert "127.0.0.1" in found
    assert not any(ip_address(one).is_link_local for one in found)
