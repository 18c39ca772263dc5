"""Processes that are killed while the house is in use: no answer, no count and no acknowledged change is lost."""

import http.client
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.core.house import House
from appliance.core.names import is_under
from appliance.nameserver.loops import LOOP_DOMAIN
from appliance.store.house import HouseStore
from appliance.world.snapshot import load_snapshot
from tests.fakes import REAL, FakeUpstream, fake_upstream
from tests.running import ALLOWED, until
from tests.scenarios.day import BACK_S, GAMBLING, Box, Browser, lived_in
from tests.scenarios.load import Query, load

ZERO = ("0.0.0.0",)
QUERIES = [
    Query("toddler", ALLOWED, ZERO, "block"),
    Query("kid", ALLOWED, (REAL,), "allow"),
    Query("kid", GAMBLING, ZERO, "block"),
    Query("tween", ALLOWED, (REAL,), "allow"),
    Query("tween", GAMBLING, ZERO, "block"),
    Query("teen", ALLOWED, (REAL,), "allow"),
    Query("teen", GAMBLING, ZERO, "block"),
    Query("youth", GAMBLING, ZERO),
    Query("parent", GAMBLING, (REAL,)),
    Query("work", ALLOWED, (REAL,)),
    Query("stranger", ALLOWED, (REAL,)),
]
VICTIMS = (["web"], ["steward"], ["finder"], ["web", "steward", "finder"])
MID_COMMIT_S = (0.0, 0.03, 0.08, 0.15)
"""After the word to end: before, while and after the steward writes what it gathered."""
ROUNDS = 10
TYPES_S = 0.6
"""Within this the dashboard is killed, while a caregiver sends one form after another."""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """The house, all daemons at work, and an upstream that has an address for every name."""
    with fake_upstream() as fake, lived_in(tmp_path / "data", fake.endpoint) as made:
        yield made
        assert asked(fake) <= {ALLOWED, GAMBLING}, "no blocked name was asked but for the adult"


def asked(fake: FakeUpstream) -> set[str]:
    """Return the names that were asked upstream, but for those by which the box looks for loops after half a minute."""
    return {name for name in fake.names() if not is_under(name, LOOP_DOMAIN)}


def test_not_one_query_is_lost_or_wrong_and_not_one_count(box: Box) -> None:
    """Web, steward and finder are killed, alone and together, and the steward while it writes.

    All come back, the same session counts, and the ledger has each query of a counted child exactly once.
    """
    browser = box.owner()
    with load(box.up.server, QUERIES) as asking:
        for victims in VICTIMS:
            box.end(victims)
            until(box.pages, BACK_S, "the dashboard answers again")
            assert browser.get("/").status == 200, "and it knows who is logged in"
        for delay_s in MID_COMMIT_S:
            kill_while_it_writes(box, delay_s)
    assert (asking.waiting, asking.wrong) == ({}, [])
    assert asking.answered == sum(asking.asked.values()) > 500
    box.counted(asking.counts())
    box.commit()
    assert (box.held(), box.booked()) == ({}, asking.counts())
    told = box.up.log.read_text()
    assert all(f"The {name} ended (-9) and is started again." in told for name in VICTIMS[-1])
    assert "The nameserver ended" not in told
    assert "Traceback" not in told


def kill_while_it_writes(box: Box, delay_s: float) -> None:
    """Tell the steward to end, upon which it writes all that it gathered, and kill it after so long."""
    pid = box.pid("steward")
    os.kill(pid, signal.SIGTERM)
    time.sleep(delay_s)
    if box.children().get("steward") == pid:
        os.kill(pid, signal.SIGKILL)
    until(lambda: box.pid("steward") not in (0, pid), BACK_S, "another steward")


class Caregiver(threading.Thread):
    """Blocks one site after another for a child until the dashboard is gone, or it is told to stop.

    Gunicorn's master holds the socket: where its worker alone is killed, the next form waits for another worker.
    """

    def __init__(self, browser: Browser, number: int) -> None:
        super().__init__(daemon=True)
        self._browser = browser
        self._names = (f"r{number}-{each}.example" for each in range(10_000))
        self.sent: list[str] = []
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        """Send forms; a form that nobody answered may have been taken or not."""
        try:
            for name in self._names:
                if self.is_over.is_set():
                    return
                self.sent.append(name)
                found = self._browser.send("/child/kid/rules", name=name, do="block")
                if (found.status, found.where) != (303, "/child/kid"):
                    self.refused.append(found.words)
                    return
                self.acknowledged.append(name)
        except (OSError, http.client.HTTPException):
            return


def test_an_acknowledged_change_outlives_a_kill(box: Box) -> None:
    """Ten times the dashboard is killed at a random moment while it saves, now and then gunicorn's master too.

    What it said yes to is in house.db, in house.json and in force; what it said nothing to is there wholly or not at
    all; each revision has its audit row.
    """
    browser = box.owner()
    sent: set[str] = set()
    acknowledged: set[str] = set()
    for number in range(ROUNDS):
        caregiver = Caregiver(browser, number)
        caregiver.start()
        until(lambda who=caregiver: who.acknowledged or who.refused, BACK_S, "a first answer")  # type: ignore[misc]
        time.sleep(random.uniform(0, TYPES_S))
        pid = box.pid("web")
        assert pid, "a dashboard to kill"
        if number % 3:
            os.kill(pid, signal.SIGKILL)
        else:
            box.end(["web"], is_awaited=False)
        caregiver.is_over.set()
        caregiver.join(2 * BACK_S)
        assert (caregiver.is_alive(), caregiver.refused) == (False, [])
        sent.update(caregiver.sent)
        acknowledged.update(caregiver.acknowledged)
        until(box.pages, BACK_S, "the dashboard answers again")
        assert browser.get("/child/kid").status == 200, "and it knows who is logged in"
        until(lambda: is_settled(box), BACK_S, "what was saved is in force")
        assert acknowledged <= blocked(box) <= sent
    assert {name for name in acknowledged if tuple(box.ask("kid", name)) != ZERO} == set()
    with HouseStore(box.data) as store:
        revision, _ = store.current()
        audited = [one.revision for one in store.audit(limit=10_000) if one.what.code == "rule_blocked"]
        assert (store.problems(), audited) == ([], list(range(revision, 1, -1)))
    assert "Traceback" not in box.up.log.read_text()


def saved(box: Box) -> tuple[int, House]:
    """Return what house.db has."""
    with HouseStore(box.data) as store:
        return store.current()


def is_settled(box: Box) -> bool:
    """Say whether house.db and house.json are one, and the nameserver runs it."""
    published = load_snapshot(box.data).snapshot
    assert published is not None
    return (published.revision, published.house) == saved(box) and all(
        worker["digest"] == published.digest for worker in box.up.workers()
    )


def blocked(box: Box) -> set[str]:
    """Return the sites that are blocked for the child."""
    kid = next(person for person in saved(box)[1].persons if person.id == "kid")
    return {rule.name for rule in kid.rules}
