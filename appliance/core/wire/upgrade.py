"""Conversations that begin as text and go over to TLS: STARTTLS of mail and files, CONNECT of a proxy."""

from re import IGNORECASE
from re import compile as regex

from appliance.core.wire.reader import NEED_MORE, NeedMore, WireError

_TEXT = regex(rb"[\t -~\x80-\xff]*\r?\Z")
_CONNECT = b"CONNECT "
_COMMAND = regex(rb"(?:[!-~]+ )?(?:STLS|STARTTLS|AUTH (?:TLS|SSL)) *\r?\Z", IGNORECASE)


def parse_upgrade(stream: bytes) -> int | NeedMore:
    """Return where in a client's stream TLS begins, after the lines that lead to it; NEED_MORE while it is but text.

    STLS (RFC 2595 section 4), STARTTLS with a tag or without (RFC 3207, RFC 9051 section 6.2.1), AUTH TLS (RFC 4217),
    and CONNECT up to its empty line (RFC 9110 section 9.3.6). Raises WireError at what is no text.
    """
    is_connect = stream.startswith(_CONNECT)
    pos = 0
    while (end := stream.find(b"\n", pos)) >= 0:
        line = stream[pos:end]
        pos = end + 1
        if not _TEXT.match(line):
            raise WireError("not a line of text")
        if _COMMAND.match(line) if not is_connect else line in (b"", b"\r"):
            return pos
    if not _TEXT.match(stream, pos):
        raise WireError("not a line of text")
    return NEED_MORE
