"""An authority made on the spot, which vouches for any name that a client asks for."""

import datetime
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_FILE = "ca.pem"
NAMELESS = "nameless.example"
"""Whose certificate a client gets that says no name."""
LASTS = datetime.timedelta(days=7)


class Authority:
    """Keys and certificates; what is made for a name is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of a lab")])
        self._contexts: dict[str, ssl.SSLContext] = {}
        own = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self._write(CA_FILE, own.sign(self._key, hashes.SHA256()))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Make a certificate for a name; return its file and that of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        made = self._builder(subject, key).add_extension(names, critical=False).add_extension(usage, critical=False)
        key_file = self.folder / f"{name}.key"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return self._write(f"{name}.pem", made.sign(self._key, hashes.SHA256())), key_file

    def server(self) -> ssl.SSLContext:
        """Return a context that shows each client the certificate of the name it asked for."""
        context = self._context(NAMELESS)
        context.sni_callback = self._choose
        return context

    def _choose(self, asking: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        asking.context = self._context(name or NAMELESS)

    def _context(self, name: str) -> ssl.SSLContext:
        if name not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.issue(name))
            context.set_alpn_protocols(["h2", "http/1.1"])
            self._contexts[name] = context
        return self._contexts[name]

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - LASTS)
            .not_valid_after(now + LASTS)
        )

    def _write(self, name: str, made: x509.Certificate) -> Path:
        file = self.folder / name
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return file
