"""Houses with lists, and folders that lists of this box lie in."""

from pathlib import Path
from typing import Any

from appliance.core.house import House
from appliance.core.subscription import Subscription

BAD = b"0.0.0.0 bad.example\n"
WORSE = b"0.0.0.0 worse.example\n"
PAGE = b"<!doctype html><title>Sorry</title>"


def one(id_: str, url: str | None = None, **how: Any) -> Subscription:
    """Return a list of this id."""
    return Subscription(id=id_, name=id_.title(), url=url, **how)


def house(*lists: Subscription) -> House:
    """Return a house with these lists."""
    return House(lists=lists)


def lay(config: Path, name: str, text: bytes) -> None:
    """Put a list into the configuration's folder."""
    (config / "lists").mkdir(parents=True, exist_ok=True)
    (config / "lists" / name).write_bytes(text)
