"""Devices that were seen on the network, whether or not the house names them."""

from collections.abc import Iterable

import msgspec
from sqlite_utils import Database

from appliance.store.base import Row, Store

MAX_ADDRESSES = 8
"""The latest are kept: IPv6 devices change theirs every day."""


class Sighting(msgspec.Struct, frozen=True):
    """A device as it was heard. `host_name` is what it calls itself (DHCP, mDNS), never a name that it visits."""

    mac: str
    addresses: tuple[str, ...] = ()
    host_name: str | None = None
    is_random_mac: bool = False


class FoundDevice(msgspec.Struct, frozen=True):
    """A device that was seen; addresses with the latest first."""

    mac: str
    addresses: tuple[str, ...]
    host_name: str | None
    is_random_mac: bool
    first_seen: float
    last_seen: float


class Found:
    """The found devices of a house."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def saw(self, sightings: Iterable[Sighting], at: float) -> None:
        """Remember devices that were seen at a time, in one transaction."""
        with self._store.writing() as db:
            for sighting in sightings:
                _saw(db, sighting, at)

    def all(self) -> list[FoundDevice]:
        """Return the devices, the latest seen first."""
        with self._store.reading() as db:
            return [_device(row) for row in db.table("found").rows_where(order_by="last_seen desc, mac")]

    def get(self, mac: str) -> FoundDevice | None:
        """Return a device by its MAC, None where it was never seen."""
        with self._store.reading() as db:
            return _find(db, mac)

    def forget(self, mac: str) -> None:
        """Erase a device; one that was never seen is no error."""
        with self._store.writing() as db:
            db.table("found").delete_where("mac = ?", [mac])
        self._store.empty_log()


def _saw(db: Database, new: Sighting, at: float) -> None:
    old = _find(db, new.mac)
    addresses = list(dict.fromkeys([*new.addresses, *(old.addresses if old else ())]))[:MAX_ADDRESSES]
    row = {
        "mac": new.mac,
        "addresses": msgspec.json.encode(addresses).decode(),
        "host_name": new.host_name or (old.host_name if old else None),
        "is_random_mac": int(new.is_random_mac),
        "first_seen": min(old.first_seen, at) if old else at,
        "last_seen": max(old.last_seen, at) if old else at,
    }
    db.table("found").upsert(row, pk="mac")


def _find(db: Database, mac: str) -> FoundDevice | None:
    return next((_device(row) for row in list(db.table("found").rows_where("mac = ?", [mac]))), None)


def _device(row: Row) -> FoundDevice:
    addresses = msgspec.json.decode(row["addresses"])
    return msgspec.convert(row | {"addresses": addresses, "is_random_mac": bool(row["is_random_mac"])}, FoundDevice)
