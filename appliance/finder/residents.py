"""What the house knows of what was seen: which device of whom it is, which is a router, what may be kept of it."""

from collections.abc import Iterable

from appliance.core.house import House
from appliance.core.visibility import Contract, row_of

PRESENCE = "device_presence"


class Residents:
    """The devices and forwarders of a house, by MAC and address."""

    def __init__(self, house: House, contract: Contract) -> None:
        self._mac = {mac: device.id for device in house.devices for mac in device.macs}
        self._address = {address: device.id for device in house.devices for address in device.addresses}
        self._router_macs = frozenset(mac for one in house.forwarders for mac in one.macs)
        self._router_addresses = frozenset(address for one in house.forwarders for address in one.addresses)
        persons = {person.id: person for person in house.persons}
        self._kept_s = {
            device.id: contract.may_keep(PRESENCE, row_of(persons.get(device.person or ""), device))
            for device in house.devices
        }

    def device(self, mac: str, addresses: Iterable[str]) -> str | None:
        """Return the id of the house's device that this is, None for one that nobody named."""
        if mac in self._mac:
            return self._mac[mac]
        if self.is_router(mac, addresses):
            return None
        return next((self._address[address] for address in addresses if address in self._address), None)

    def is_router(self, mac: str, addresses: Iterable[str]) -> bool:
        """Say whether this is a listed forwarder."""
        return mac in self._router_macs or any(address in self._router_addresses for address in addresses)

    def presence_s(self, device: str) -> float:
        """Return for how long it may be kept (seconds) when a device was last seen, 0 for not at all."""
        kept_s = self._kept_s.get(device, 0)
        return float("inf") if kept_s is None else kept_s
