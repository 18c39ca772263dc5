"""Settled connections, and houses compiled with the bundled rules, to decide them by."""

from datetime import UTC
from ipaddress import ip_address

from appliance.core import policy
from appliance.core.budget import NOT_COUNTED
from appliance.core.flows.settle import Settle, Why
from appliance.core.house import House
from appliance.core.lists.listset import ListSet
from appliance.core.policy import Policy
from appliance.core.signs.facts import Kind
from appliance.core.signs.sign import Sign
from appliance.world import rules

BOOK = rules.load_rulebook()
FLOW_RULES = rules.load_flow_rules(BOOK)
_BUNDLED = rules.bundled_set(BOOK)


def policy_of(house: House, lists: ListSet | None = None) -> Policy:
    """Return a house compiled with what ships."""
    return policy.compile(house, BOOK, (_BUNDLED,), UTC, NOT_COUNTED, lists)


def settled(
    name: str | None,
    kind: Kind = Kind.TLS,
    *signs: Sign,
    server: str = "203.0.113.1",
    client: str = "192.168.78.10",
    port: int = 443,
) -> Settle:
    """Return a connection that is settled."""
    ends = ip_address(client).packed, 40_000, ip_address(server).packed, port
    return Settle(17 if kind is Kind.QUIC else 6, *ends, kind, Why.READ, name, signs=signs)
