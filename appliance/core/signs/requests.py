"""Signs in the first lines of text that a client sends: tunnels, proxies and questions of DNS that go as HTTP."""

from collections.abc import Iterator
from re import compile as regex

from appliance.core.signs.facts import Facts
from appliance.core.signs.sign import Confidence, Sign

_LINE = regex(rb"([A-Z_]{3,32}) ([!-~]{1,400})(?: HTTP/1\.[01])?(?:\r?\n|\Z)")
_DNS_MESSAGE = b"application/dns-message"
_DNS_PATH = regex(rb"/(?:dns-query|resolve)(?:[?/]|\Z)|[?&]dns=[A-Za-z0-9_-]{16}")
_TRACKER = regex(rb"[^?]*/announce\?(?:[^ ]*&)?info_hash=")


def look(facts: Facts) -> Iterator[Sign]:
    """Yield what a request in clear shows."""
    line = _LINE.match(facts.first)
    if line is None:
        return
    method, target = line[1], line[2]
    if method == b"CONNECT":
        # The name is read and decided upon all the same, and so is the one inside.
        yield Sign("proxy", Confidence.LIKELY, "connect")
    elif method == b"SSTP_DUPLEX_POST":
        yield Sign("vpn_service", Confidence.STRONG, "sstp")
    elif target.startswith((b"http://", b"https://", b"ftp://")):
        yield Sign("proxy", Confidence.WEAK if facts.server_port == 80 else Confidence.LIKELY, "target")
    elif method == b"POST" and target.startswith(b"/vpnsvc/"):
        yield Sign("softether", Confidence.STRONG, "target")
    elif _DNS_MESSAGE in facts.first.lower():
        yield Sign("doh", Confidence.STRONG, "media type")
    elif _DNS_PATH.search(target):
        yield Sign("doh", Confidence.LIKELY, "target")
    elif _TRACKER.match(target):
        yield Sign("bittorrent", Confidence.LIKELY, "tracker")
