"""Kinds of events of persons: to which field of the visibility contract each belongs, and whose row an event is in.

A kind that is not here is of the box itself.
"""

from collections.abc import Mapping
from typing import Final

from appliance.core.house import House
from appliance.core.visibility import Contract, Granularity, row_of

BYPASS_SIGN: Final = "bypass_sign"
"""A way round the rules was seen: `category` of bypass, `route` by the id of its sign. There is one kind for all ways:
where no more may be seen than that it is so, the kind must not say which."""
CUT: Final = "connections_cut"
"""What was open was ended: `connections` of them, because of `what` (a reason's code); `still` go on all the same."""
SIDE_DOOR: Final = "side_door"
"""Another router offers the network IPv6, past this box. It is nobody's: of the box."""
OTHER_DHCP: Final = "other_dhcp"
"""Another server began to give addresses beside this box, and with them another way out: of the box."""
RESTARTED: Final = "worker_restarted"
"""A part of a daemon ended and is started again: of the box."""

FIELDS: Final[Mapping[str, str]] = {
    "malware_blocked": "security_events",
    BYPASS_SIGN: "bypass_signs",
    CUT: "cuts",
    "serious_block": "alerts",
    "budget_low": "budget_ends",
}
BOX: Final = "box_events"
ARGS: Final = frozenset(("category", "route", "times", "what", "left", "connections", "still"))
"""What an event about a person may carry. A host name is none of these."""


def field_of(kind: str) -> str:
    """Return the field that a kind of event belongs to."""
    return FIELDS.get(kind, BOX)


def row_in(house: House, person: str | None, device: str | None) -> str | None:
    """Return the row of whom an event is about, None for somebody who isn't in the house."""
    whose = next((one for one in house.persons if one.id == person), None)
    which = next((one for one in house.devices if one.id == device), None)
    return None if whose is None and person is not None else row_of(whose, which)


def grain_of(contract: Contract, field: str, row: str | None, category: object) -> Granularity:
    """Return how finely an event of a person's field may be held and written."""
    if row is None or category in contract.never.categories | contract.never.to_caregivers:
        return Granularity.NO
    return contract.grain(field, row)
