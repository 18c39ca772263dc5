"""Looks at what is known of a flow, for all signs."""

from collections.abc import Iterable

from appliance.core.signs import datagrams, names, protocols, streams
from appliance.core.signs.facts import Facts
from appliance.core.signs.known import NOTHING, Known
from appliance.core.signs.sign import Sign
from appliance.core.wire.packet import Protocol


def look(facts: Facts, known: Known = NOTHING) -> tuple[Sign, ...]:
    """Return the signs of a flow so far, the surest first; of two of one id the surer, or the one that came first."""
    signs = [*_of_octets(facts), *names.look(facts, known)]
    if not signs:  # as most have none
        return ()
    found: dict[str, Sign] = {}
    for sign in signs:
        if sign.id not in found or sign.confidence > found[sign.id].confidence:
            found[sign.id] = sign
    return tuple(sorted(found.values(), key=lambda sign: -sign.confidence))


def _of_octets(facts: Facts) -> Iterable[Sign]:
    if facts.protocol not in (Protocol.TCP, Protocol.UDP):
        return protocols.look(facts)
    if not facts.glimpses:
        return ()
    return streams.look(facts) if facts.protocol == Protocol.TCP else datagrams.look(facts)
