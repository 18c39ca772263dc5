"""Conversations that begin as text and go over to TLS: STARTTLS of mail and files, CONNECT of a proxy."""

from re import compile as regex

from appliance.core.wire.reader import NEED_MORE, NeedMore, WireError

_TEXT = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x7F), *range(0x80, 0x100)))
_COMMAND = regex(rb"(?:STLS|STARTTLS|AUTH TLS|AUTH SSL) *\r?\n")
_TAG = regex(rb"[!-~]+ \Z")
_CONNECT = b"CONNECT "
_EMPTY_LINE = regex(rb"\n\r?\n")


def parse_upgrade(stream: bytes) -> int | NeedMore:
    """Return where in a client's stream TLS begins, after the lines that lead to it; NEED_MORE while it is but text.

    STLS (RFC 2595 section 4), STARTTLS with a tag or without (RFC 3207, RFC 9051 section 6.2.1), AUTH TLS (RFC 4217),
    and CONNECT up to its empty line (RFC 9110 section 9.3.6). Raises WireError at what is no text.
    """
    end = _end_of_text(stream)
    text = stream[:end]
    is_split = text.count(b"\r") != text.count(b"\r\n") + text.endswith(b"\r")
    if is_split or text.translate(None, _TEXT):
        raise WireError("not a line of text")
    return NEED_MORE if end is None else end


def _end_of_text(stream: bytes) -> int | None:
    if stream.startswith(_CONNECT):
        last = _EMPTY_LINE.search(stream)
        return last.end() if last else None
    for command in _COMMAND.finditer(stream.upper()):
        before = stream[stream.rfind(b"\n", 0, command.start()) + 1 : command.start()]
        if not before or _TAG.match(before):
            return command.end()
    return None
