"""Settings: typed values by key."""

import msgspec
import pytest

from appliance.store.errors import Corrupt
from appliance.store.house import HouseStore
from tests.store.houses import AT


class Look(msgspec.Struct, frozen=True):
    """Some setting with a shape."""

    theme: str
    size: int = 1


@pytest.mark.parametrize("value", [True, 7, "words", ["a", "b"], {"a": 1}, Look("dark", 2)])
def test_round_trip(house: HouseStore, value: object) -> None:
    """What is put comes out, as the type that is asked for."""
    house.settings.put("key", value, AT)
    assert house.settings.get("key", type(value)) == value


def test_never_set(house: HouseStore) -> None:
    """A setting that was never set is None, and dropping it is fine."""
    assert house.settings.get("key", str) is None
    house.settings.drop("key")


def test_again_and_gone(house: HouseStore) -> None:
    """The last value counts, until it is dropped."""
    house.settings.put("two", 2, AT)
    house.settings.put("one", 1, AT)
    house.settings.put("one", 11, AT)
    assert (house.settings.keys(), house.settings.get("one", int)) == (["one", "two"], 11)
    house.settings.drop("one")
    assert house.settings.keys() == ["two"]


def test_another_shape(house: HouseStore) -> None:
    """A value that is not of the type that is asked for is told, with its key."""
    house.settings.put("look", "dark", AT)
    with pytest.raises(Corrupt, match="setting look: Expected `object`"):
        house.settings.get("look", Look)
