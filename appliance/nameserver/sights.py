"""The doctor's own questions: never decided, never forwarded; what they carried is reported to whoever asked."""

from appliance.core.asker import IDENTITY_OPTIONS, Asker
from appliance.core.query import HOME_DOMAIN
from appliance.core.wire import dns
from appliance.core.wire.dns import Query

CHECK_DOMAIN = f"check.{HOME_DOMAIN}"


def sight_of(query: Query, source: str, asker: Asker) -> dict[str, object]:
    """Return what a question of the doctor carried when it came from a source address."""
    options = query.edns.options if query.edns else ()
    return {
        "token": query.name.partition(".")[0],
        "source": source,
        "via": asker.via,
        "device": asker.device,
        "options": {str(code): data.hex() for code, data in options if code in IDENTITY_OPTIONS},
    }


def no_such_name(query: Query) -> bytes:
    """Return the reply to it."""
    return dns.header(query.id, dns.QR | dns.RA | query.flags & dns.RD | dns.NXDOMAIN, (1, 0, 0, 0)) + query.question
