"""Countries and their time zones, by the names that the time zone database gives them."""

from functools import cache
from importlib.resources import files

import msgspec

from appliance.world import clock


class Zone(msgspec.Struct, frozen=True):
    """A time zone, and what tells it from others of its country."""

    name: str
    words: str

    def label(self, at: float) -> str:
        """Return how it reads in a list: its town, and what its clocks show."""
        town = self.name.rpartition("/")[2].replace("_", " ")
        more = f" ({self.words})" if self.words not in ("", town) else ""
        return f"{town}{more}: {clock.iso(at, clock.zone(self.name))[11:16]} now"


@cache
def countries() -> dict[str, str]:
    """Return the countries by their ISO 3166 codes, in the order of their names."""
    found = dict(line.split("\t", 1) for line in _lines("iso3166.tab"))
    return dict(sorted(found.items(), key=lambda country: country[1]))


@cache
def zones(country: str) -> tuple[Zone, ...]:
    """Return the time zones of a country, its main one first; none for what is no country."""
    rows = (line.split("\t") for line in _lines("zone.tab"))
    return tuple(Zone(row[2], row[3] if len(row) > 3 else "") for row in rows if row[0] == country)


@cache
def all_zones() -> tuple[str, ...]:
    """Return the names of all time zones that a place on earth has, and UTC."""
    return (*sorted(line.split("\t")[2] for line in _lines("zone.tab")), "UTC")


def guessed(accept_language: str) -> str | None:
    """Return the country that a browser's languages speak of (``de-AT`` is AT), None where they don't."""
    for part in accept_language.split(","):
        region = part.partition(";")[0].strip().rpartition("-")[2].upper()
        if "-" in part and region in countries():
            return region
    return None


def _lines(name: str) -> list[str]:
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
