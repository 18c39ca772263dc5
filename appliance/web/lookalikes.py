"""Which new device is one of the house under another address: as the guard tells it, where that may be seen."""

from collections.abc import Mapping

import msgspec

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.visibility import Granularity, Role, row_of
from appliance.household.inforce import GUARD
from appliance.household.reach import PRESENCE
from appliance.web.box import Box
from appliance.world import bus

ASK_S = 1.0


class _Told(msgspec.Struct, frozen=True):
    newcomers: Mapping[str, str]


def lookalikes(of: Box, house: House) -> dict[str, Device]:
    """Return by MAC which device of the house a new one is likely to be; none without a gateway.

    That one came as another left tells when a child's device is on: where caregivers don't see that, they see this not.
    """
    if not bus.is_expected(of.data, GUARD):
        return {}
    try:
        told = msgspec.convert(bus.ask(of.data, GUARD, {"ask": "newcomers"}, ASK_S), _Told)
    except (bus.BusError, msgspec.ValidationError):
        return {}
    shown = {device.id: device for device in house.devices if _may_see(of, house, device)}
    return {mac: shown[id_] for mac, id_ in told.newcomers.items() if id_ in shown}


def _may_see(of: Box, house: House, device: Device) -> bool:
    owner = next((one for one in house.persons if one.id == device.person), None)
    return of.contract.view(PRESENCE, row_of(owner, device), Role.CAREGIVER).granularity is not Granularity.NO
