"""ClientHellos: built by hand, sent by Python's ssl, and one that Chromium sent."""

import ssl
import struct
from pathlib import Path

CHROMIUM = (Path(__file__).parents[2] / "data" / "chromium_hello.bin").read_bytes()
"""What headless Chromium 156.0.8078.79 of Debian 12 sent to a listener of ours on 2026-11-23, asked for
https://www.kind.example/ with --host-resolver-rules="MAP * 127.0.0.1:PORT": one record with a key share of
X25519MLKEM768 and GREASE for ECH."""
NAME = "www.kind.example"


def extension(kind: int, octets: bytes = b"") -> bytes:
    """Return an extension."""
    return struct.pack("!HH", kind, len(octets)) + octets


def server_name(*raw_names: bytes, kind: int = 0) -> bytes:
    """Return a server name extension."""
    entries = b"".join(struct.pack("!BH", kind, len(raw_name)) + raw_name for raw_name in raw_names)
    return extension(0, struct.pack("!H", len(entries)) + entries)


def message(
    *extensions: bytes,
    version: int = 0x0303,
    ciphers: bytes = b"\x13\x01",
    session: bytes = b"",
    tail: bytes | None = None,
) -> bytes:
    """Return a ClientHello as a handshake message; `tail` stands in place of the extensions' vector."""
    joined = b"".join(extensions)
    body = struct.pack("!H32xB", version, len(session)) + session
    body += struct.pack("!H", len(ciphers)) + ciphers + b"\x01\x00"
    body += struct.pack("!H", len(joined)) + joined if tail is None else tail
    return b"\x01" + len(body).to_bytes(3, "big") + body


def record(octets: bytes, kind: int = 22, version: int = 0x0301) -> bytes:
    """Return a TLS record."""
    return struct.pack("!BHH", kind, version, len(octets)) + octets


def records(octets: bytes, size: int) -> bytes:
    """Return a message over many records."""
    return b"".join(record(octets[at : at + size]) for at in range(0, len(octets), size))


def of_ssl(name: str | None, version: ssl.TLSVersion, *protocols: str, has_tickets: bool = True) -> bytes:
    """Return what OpenSSL sends that offers this version at most; Tor's takes no tickets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = version
    if not has_tickets:
        context.options |= ssl.OP_NO_TICKET
    if protocols:
        context.set_alpn_protocols(list(protocols))
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake with nobody")


def as_openssl_reads(stream: bytes) -> str | None:
    """Return the name that OpenSSL's server hands to its callback."""
    seen: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.sni_callback = lambda _socket, name, _context: seen.append(name)
    incoming = ssl.MemoryBIO()
    incoming.write(stream)
    try:
        context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True).do_handshake()
    except ssl.SSLError:
        # It has no certificate and so goes no further than the name.
        assert len(seen) == 1
    return seen[0]
