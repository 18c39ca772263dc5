"""What a client says of itself before anything is encrypted, whatever carried it."""

import msgspec


class Hello(msgspec.Struct, frozen=True):
    """A TLS ClientHello, over TCP or inside QUIC (RFC 8446 section 4.1.2, RFC 9001 section 4)."""

    name: str | None
    """The server name in normal form (RFC 6066 section 3); None where there is none, or an address."""
    alpn: tuple[str, ...] = ()
    """Application protocols, odd octets as ``\\xNN``."""
    versions: tuple[int, ...] = ()
    """TLS versions that are offered, the one that the client would like best first."""
    has_ech: bool = False
    """Encrypted Client Hello: the name is but the outer one (RFC 9849), or GREASE."""
    has_esni: bool = False
    """Its draft ancestor, which hides the name altogether."""
    ciphers: tuple[int, ...] = ()
    extensions: tuple[int, ...] = ()
    """Types in the order sent, GREASE left out (RFC 8701)."""
    groups: tuple[int, ...] = ()
    """Supported groups, GREASE left out."""
