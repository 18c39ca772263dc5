"""A tablet with another MAC: seen by the finder, told once, and forgotten when it has gone."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

from appliance.core.device import Device
from appliance.core.house import House
from appliance.guard.lookalikes import FINDER, Lookalikes
from appliance.household.orders import Orders
from appliance.world.bus import Bus
from tests.core.builders import child
from tests.nameserver.inside import in_loop

AT = 1_795_424_000.0
OLD, NEW = "00:77:00:00:00:10", "da:77:00:00:00:10"
HOUSE = House(persons=(child("6-9"),), devices=(Device(id="tablet", macs=(OLD,), person="kim"),))


class Lease(NamedTuple):
    """Who calls itself what."""

    mac: str
    host_name: str | None


def seen(mac: str = NEW, **said: object) -> dict[str, object]:
    """Return a device that nobody named, as the finder tells it."""
    told = {"mac": mac, "host_name": "ada-tablet", "first": AT, "last": AT + 600.0, "addresses": ["192.168.78.9"]}
    return told | said


class Home:
    """A finder, a server of addresses, and what was told."""

    def __init__(self, data: Path) -> None:
        self.pages: list[list[dict[str, object]]] = [[seen()]]
        self.last: object = [{"device": "tablet", "last": AT - 60.0}]
        self.leases = [Lease(OLD, "Ada-Tablet"), Lease(NEW, "ada-tablet")]
        self.house = HOUSE
        self.told: list[tuple[str, str]] = []
        self.asked: list[object] = []
        self.one = Lookalikes(data, cast("Orders", self), lambda: self.leases, self._hear)

    def _hear(self, device: str, route: str) -> None:
        self.told.append((device, route))

    def answer(self, request: dict[str, Any]) -> object:
        """Answer as the finder."""
        self.asked.append(request["ask"])
        if request["ask"] == "presence":
            return {"bus": 1, "devices": self.last}
        number = request["since"]
        page = self.pages[number] if number < len(self.pages) else []
        return {"bus": 1, "serial": min(number + 1, len(self.pages)), "devices": page, "dropped": 0}

    async def found(self) -> Mapping[str, str]:
        """Look, and return who is who."""
        await self.one.look()
        return dict(self.one.found)


@asynccontextmanager
async def living(data: Path) -> AsyncIterator[Home]:
    """Give a home whose finder answers."""
    home = Home(data)
    opened = Bus(data, FINDER, home.answer)
    await opened.open()
    try:
        yield home
    finally:
        await opened.close()


@in_loop
async def test_a_tablet_under_another_mac(tmp_path: Path) -> None:
    """It is told once for as long as it is here."""
    async with living(tmp_path) as home:
        assert await home.found() == await home.found() == {NEW: "tablet"}
        assert home.told == [("tablet", "mac_changed")]
        home.pages = [[]]
        assert await home.found() == {}
        home.pages = [[seen()]]
        assert await home.found() == {NEW: "tablet"}
        assert len(home.told) == 2


@in_loop
async def test_the_name_goes_over_to_the_new_mac(tmp_path: Path) -> None:
    """The server of addresses takes it from the old one: it is remembered for as long as the house has the device."""
    async with living(tmp_path) as home:
        newcomers, home.pages = home.pages, [[]]
        await home.found()
        home.leases, home.pages = [Lease(OLD, None), Lease(NEW, "ada-tablet")], newcomers
        assert await home.found() == {NEW: "tablet"}
        home.house = House()
        assert await home.found() == {}
        home.house = HOUSE
        assert await home.found() == {}


@in_loop
async def test_what_says_nothing(tmp_path: Path) -> None:
    """A device that nobody saw leave, another name, a maker's MAC, a device without a name, one of the house."""
    async with living(tmp_path) as home:
        for page in ([seen(host_name="guest")], [seen(mac="00:77:00:00:00:99")], [seen(host_name=None)], [seen(OLD)]):
            home.pages = [page]
            assert await home.found() == {}
        home.pages, home.last = [[seen()]], []
        assert await home.found() == {}
        assert home.told == []


@in_loop
async def test_nobody_else_is_asked_without_need(tmp_path: Path) -> None:
    """When devices were last here matters only once somebody came who might be one."""
    async with living(tmp_path) as home:
        home.pages = [[seen(host_name=None)]]
        await home.found()
        assert set(home.asked) == {"seen"}


@in_loop
async def test_many_newcomers(tmp_path: Path) -> None:
    """The finder tells them in pages."""
    async with living(tmp_path) as home:
        home.pages = [[seen(f"02:00:00:00:00:{number:02x}", host_name="x")] for number in range(3)] + home.pages
        assert await home.found() == {NEW: "tablet"}


@in_loop
async def test_a_finder_that_says_nothing(tmp_path: Path) -> None:
    """What was found stays; nonsense is as no answer."""
    async with living(tmp_path) as home:
        await home.found()
        home.last = "yesterday"
        assert await home.found() == {NEW: "tablet"}
        home.last, home.pages = [], [[seen(mac="tablet")]]
        assert await home.found() == {NEW: "tablet"}
    assert await home.found() == {NEW: "tablet"}
