"""What is set and is no part of the house that the daemons run: by key, as JSON."""

from typing import TypeVar

import msgspec

from appliance.store.base import Store
from appliance.store.errors import Corrupt

T = TypeVar("T")


class Settings:
    """The settings of a box."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: str, kind: type[T]) -> T | None:
        """Return a setting as a value of a type, None where it was never set. Raises Corrupt."""
        with self._store.reading() as db:
            rows = list(db.table("settings").rows_where("key = ?", [key]))
        if not rows:
            return None
        try:
            return msgspec.json.decode(rows[0]["value"], type=kind)
        except msgspec.MsgspecError as error:
            raise Corrupt(f"setting {key}: {error}") from error

    def put(self, key: str, value: object, at: float) -> None:
        """Set what JSON can say, or a msgspec value."""
        row = {"key": key, "value": msgspec.json.encode(value).decode(), "at": at}
        with self._store.writing() as db:
            db.table("settings").upsert(row, pk="key")

    def drop(self, key: str) -> None:
        """Unset; what was never set is no error."""
        with self._store.writing() as db:
            db.table("settings").delete_where("key = ?", [key])

    def keys(self) -> list[str]:
        """Return the keys that are set."""
        with self._store.reading() as db:
            return [row["key"] for row in db.table("settings").rows_where(order_by="key")]
