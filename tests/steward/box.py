"""A house with a person of every row, the bundled contract, and a nameserver that hands out what a test gives it."""

from datetime import UTC, datetime
from pathlib import Path

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.visibility import Contract
from appliance.steward.books import Books
from appliance.steward.problems import Problems
from appliance.world import rules
from appliance.world.bus import BusError

CONTRACT: Contract = rules.load_contract()
GROUPS = {"youtube": "video", "roblox": "game"}
"""Service → group."""
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC).timestamp()
"""A Sunday."""
TODAY, MONDAY = "2026-11-22", "2026-11-16"
DAY_S, HOUR_S = 86_400, 3_600
AGES = {"ada": "0-5", "ben": "6-9", "cleo": "10-12", "dan": "13-15", "eve": "16-17"}
ROWS = AGES | {"alex": "adult"}


def house_of(**bands: str) -> House:
    """Return a house with a person of each id; ``adult`` is a band here."""
    persons = tuple(
        Person(id=id_, name=id_.title(), kind=PersonKind.ADULT)
        if band == "adult"
        else Person(id=id_, name=id_.title(), band=band)
        for id_, band in bands.items()
    )
    devices = [
        Device(id=f"{id_}-phone", macs=(f"02:00:00:00:00:{number:02x}",), person=id_)
        for number, id_ in enumerate(bands, 1)
    ]
    devices.append(Device(id="guest", macs=("02:00:00:00:01:01",)))
    if "ben" in bands:
        devices.append(Device(id="school", macs=("02:00:00:00:01:02",), person="ben", kind=DeviceKind.MANAGED))
    return House(persons=persons, devices=tuple(devices))


HOUSE = house_of(**ROWS)


def books_in(data: Path) -> tuple[Books, Problems]:
    """Return the books of a folder and what is wrong with them."""
    problems = Problems()
    return Books(data, problems), problems


def codes(problems: Problems) -> list[str]:
    """Return the codes of the open problems."""
    return [problem.code for problem in problems.all()]


def told(
    person: str | None, row: str, category: str = "games", action: str = "allow", name: str | None = None,
    *, count: int = 1, day: str = TODAY,
) -> list[object]:  # fmt: skip
    """Return a count as the nameserver tells it."""
    return [day, person, row, category, action, name, count]


class Nameserver:
    """Hands batches out and takes them back as the real one does."""

    def __init__(self, pid: int = 4711) -> None:
        self.pid = pid
        self.counts: dict[str, int] = {}
        self.pending: list[list[object]] = []
        self.events: list[dict[str, object]] = []
        self.given: tuple[list[list[object]], list[dict[str, object]]] | None = None
        self.serial = 0
        self.batch_size = 10_000
        self.dropped = 0
        self.ring: list[dict[str, object]] = []
        self.sessions: list[dict[str, object]] = []
        self.things: dict[str, object] = {"asked": [], "is_thing": True}
        self.run = "first"
        self.screens: list[list[object]] = []
        """``[minute, person, service, category, times]``, in the order of their serials."""
        self.asked: list[dict[str, object]] = []
        self.is_away = False
        self.deaf_to: object = None
        """The word of a request that it dies of."""
        self.house: dict[str, object] = {"revision": 0, "digest": ""}

    def ask(self, request: dict[str, object]) -> dict[str, object]:
        """Answer, as a daemon over the bus does."""
        self.asked.append(request)
        if self.is_away or (self.deaf_to and self.deaf_to in request):
            raise BusError("the nameserver did not answer")
        match request["ask"]:
            case "status":
                worker = {"number": 0, "pid": 1, "problem": None, **self.house}
                return {
                    "bus": 1,
                    "pid": self.pid,
                    "counts": self.counts,
                    "problem": None,
                    "workers": [worker],
                } | self.house
            case "tally":
                return self._tally(request)
            case "screens":
                known = request.get("since") if request.get("run") == self.run else 0
                rows = self.screens[int(str(known)) :]
                return {"bus": 1, "run": self.run, "serial": len(self.screens), "rows": rows, "dropped": 0}
            case "ring":
                person = request["person"]
                return {
                    "bus": 1,
                    "entries": [one for one in self.ring if person in (None, one["person"])],
                    "dropped": 0,
                }
            case "session":
                return {"bus": 1, "sessions": self.sessions}
            case "things":
                return {"bus": 1} | self.things
        return {"bus": 1, "error": "unknown request"}

    def _tally(self, request: dict[str, object]) -> dict[str, object]:
        if "done" in request:
            if request["done"] == self.serial:
                self.given = None
            return {"bus": 1}
        if "peek" in request:
            return self._told((self.given[0] if self.given else []) + self.pending, [])
        if self.given is None or not any(self.given):
            batch, self.pending = self.pending[: self.batch_size], self.pending[self.batch_size :]
            self.given, self.events = (batch, self.events), []
            self.serial += 1
        return self._told(*self.given)

    def _told(self, counts: list[list[object]], events: list[dict[str, object]]) -> dict[str, object]:
        return {"bus": 1, "serial": self.serial, "counts": counts, "events": events, "dropped": self.dropped}
