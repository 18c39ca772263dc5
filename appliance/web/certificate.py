"""The certificate of the dashboard: signed by nobody but the box itself, and told from others by its fingerprint."""

import os
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.web.gate import NAMES
from appliance.world.neighbours import Neighbours

FOLDER = "tls"
FILE = "dashboard.pem"
"""Key and certificate in one file, so that they always belong together."""
DAYS = 800
"""Apple's devices refuse what is good for more than 825 days; each new one is a warning again, so not much less."""
RENEW_DAYS = 30
MAX_ADDRESSES = 32
LOOPBACK = ("127.0.0.1", "::1")
_PASSING = (ip_network("169.254.0.0/16"), ip_network("fe80::/10"))


class NoCertificate(OSError):
    """The certificate of the dashboard can't be read or kept."""


class Certificate(msgspec.Struct, frozen=True):
    """A file with key and certificate, and the SHA-256 by which a person knows it again: ``AB:CD:…``."""

    path: Path
    fingerprint: str
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    ends_at: float
    begins_at: float


def ensure(data: Path, names: Iterable[str], addresses: Iterable[str], at: float) -> Certificate:
    """Return the certificate of a data folder; made anew where a name or address lacks, or where it ends soon.

    Addresses that it had before stay in it, so that a box between two addresses does not change it each time. Raises
    NoCertificate.
    """
    wanted_names = tuple(dict.fromkeys([*NAMES, *names]))
    wanted = tuple(dict.fromkeys([*LOOPBACK, *addresses]))
    old = load(data)
    if old is not None:
        is_fresh = old.begins_at <= at < old.ends_at - RENEW_DAYS * 86_400
        if is_fresh and set(wanted_names) <= set(old.names) and set(wanted) <= set(old.addresses):
            return old
        wanted = tuple(dict.fromkeys([*wanted, *old.addresses]))
    path = data / FOLDER / FILE
    try:
        _write(path, _made(wanted_names, wanted[:MAX_ADDRESSES], at))
    except OSError as error:
        raise NoCertificate(f"{path}: {error.strerror or error}") from error
    made = load(data)
    if made is None:
        raise NoCertificate(f"{path}: it was written and can't be read")
    return made


def load(data: Path) -> Certificate | None:
    """Return the certificate of a data folder, None where there is none that can be read."""
    path = data / FOLDER / FILE
    try:
        octets = path.read_bytes()
        found = x509.load_pem_x509_certificate(octets)
        serialization.load_pem_private_key(octets, None)
        told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None
    return Certificate(
        path,
        fingerprint_of(found.public_bytes(serialization.Encoding.DER)),
        tuple(told.get_values_for_type(x509.DNSName)),
        tuple(str(address) for address in told.get_values_for_type(x509.IPAddress)),
        found.not_valid_after_utc.timestamp(),
        found.not_valid_before_utc.timestamp(),
    )


def fingerprint_of(der: bytes) -> str:
    """Return the SHA-256 of a certificate as browsers show it."""
    return sha256(der).digest().hex(":").upper()


def own_addresses() -> tuple[str, ...]:
    """Return the box's own addresses that stay: not those of one link, and none that the provider changes."""
    neighbours = Neighbours()
    try:
        neighbours.refresh()
        found = [ip_address(one.address) for one in neighbours.own if not one.is_passing]
    finally:
        neighbours.close()
    lasting = (one for one in found if one.version == 4 or one.is_private)
    return tuple(str(one) for one in lasting if not any(one in net for net in _PASSING if net.version == one.version))


def _made(names: Iterable[str], addresses: Iterable[str], at: float) -> bytes:
    """Return a new key (EC P-256) and its certificate, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    told: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    told += [x509.IPAddress(ip_address(address)) for address in addresses]
    now = datetime.fromtimestamp(at, UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(told), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return text + made.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, octets: bytes) -> None:
    """Write a file whole or not at all, for the owner of the data folder only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        if os.geteuid() == 0:
            data = path.parent.parent.stat()
            os.chown(path.parent, data.st_uid, data.st_gid)
            os.fchown(handle, data.st_uid, data.st_gid)
        os.write(handle, octets)
        os.fsync(handle)
        fresh.replace(path)
    finally:
        os.close(handle)
        fresh.unlink(missing_ok=True)
