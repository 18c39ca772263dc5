"""An authority of a test's own, and certificates of it for whatever name."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS = timedelta(days=9)


class Authority:
    """Signs certificates; who is to believe them reads `file`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("An authority for tests")
        self.file = folder / "authority.pem"
        now = datetime.now(UTC)
        root = self._begun(self._name, self._key.public_key(), now - DAYS, now + DAYS).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file.write_bytes(root.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def context(self, *names: str, alpn: str = "", is_valid: bool = True) -> ssl.SSLContext:
        """Return a server's TLS with a certificate for names and addresses, or with one whose time is over."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        until = now + DAYS if is_valid else now - timedelta(days=1)
        own = self._begun(_named("A server for tests"), key.public_key(), now - DAYS, until)
        own = own.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        chain, private = self._folder / f"{names[0]}.pem", self._folder / f"{names[0]}.key"
        chain.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        coding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        private.write_bytes(key.private_bytes(*coding))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, private)
        if alpn:
            context.set_alpn_protocols([alpn])
        return context

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        return builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
