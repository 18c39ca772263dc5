"""Looks at what is known of a flow, for all signs."""

from appliance.core.signs.facts import Facts
from appliance.core.signs.sign import Confidence, Sign

_IPSEC = (50, 51)


def look(facts: Facts) -> tuple[Sign, ...]:
    """Return the signs of a flow so far, the surest first."""
    if facts.protocol in _IPSEC:
        return (Sign("ipsec", Confidence.STRONG, "protocol"),)
    return ()
