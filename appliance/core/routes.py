"""The ways round the box as what is known of a flow beforehand: the names and the addresses of `rules/bypass.yaml`."""

from ipaddress import ip_network

from appliance.core.rulebook import ROUTE, Rulebook
from appliance.core.signs.known import Known
from appliance.core.signs.sign import Confidence, Sign


def known_of(rulebook: Rulebook) -> Known:
    """Return what the names and addresses of the bundled routes show in a flow."""
    exact: dict[str, Sign] = {}
    below: dict[str, Sign] = {}
    blocks: dict[tuple[int, int], dict[int, Sign]] = {}
    shown = {
        route.id: (route.shows, Confidence.STRONG if route.is_sure else Confidence.LIKELY)
        for route in rulebook.routes.values()
        if route.shows
    }
    for entry in rulebook.entries:
        says = shown.get(entry.tag.removeprefix(ROUTE)) if entry.tag.startswith(ROUTE) else None
        if says:
            (exact if entry.is_exact else below)[entry.name] = Sign(*says, "name")
    for id_, (shows, confidence) in shown.items():
        for block in map(ip_network, rulebook.routes[id_].addresses):
            kept = blocks.setdefault((block.max_prefixlen // 8, block.prefixlen), {})
            prefix = int(block.network_address) >> block.max_prefixlen - block.prefixlen
            kept[prefix] = Sign(shows, confidence, "address")
    return Known(exact, below, blocks)
