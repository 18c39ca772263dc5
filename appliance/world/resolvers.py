"""The system's own resolvers, as /etc/resolv.conf names them."""

from pathlib import Path

from appliance.config import DNS_PORT, Endpoint
from appliance.core.device import normal_address

RESOLV_CONF = Path("/etc/resolv.conf")


def system_resolvers(path: Path = RESOLV_CONF) -> tuple[Endpoint, ...]:
    """Return the nameservers of resolv.conf, none where it is missing; a line that is no address is passed over."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                found.append(Endpoint(normal_address(words[1].partition("%")[0]), DNS_PORT))
            except ValueError:
                continue
    return tuple(dict.fromkeys(found))
