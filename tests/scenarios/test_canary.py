"""A day in the house: what children ask for is on no disk and in no log but where the visibility contract says so."""

import os
import re
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.store.journal import JournalStore
from appliance.store.ledger import LedgerStore, Span
from appliance.world import rules
from tests.fakes import REAL, REAL6, Asked, FakeUpstream, answer, answers, fake_upstream
from tests.running import addresses, until
from tests.scenarios.canaries import Canary, canary, files_of, packed_spellings, plain_spellings, traces
from tests.scenarios.day import AT, BACK_S, BANDS, COUNTED, GAMBLING, Box, Browser, booked, lived_in

OWN, SMALL = "own-blocked.example", "toddlers.example"
"""What a caregiver typed: blocked for all children, allowed for the one with an allow-list."""
HELP, PROTECTED = "nummergegenkummer.de", "plannedparenthood.org"
SILENT = (HELP, PROTECTED)
"""Of what is asked below these nothing is written, nor counted."""
ALIAS, SHADY = "alias.example", "shady.example"
"""What is below them is another name of something open, or of something blocked."""
BELOW = (
    "example", "nx.example", ALIAS, SHADY, SMALL, OWN, GAMBLING, "adult.kindgate.test", "malware.kindgate.test",
    HELP, PROTECTED,
)  # fmt: skip
STOPPED = ("0.0.0.0", "::")
NEVER = {"help_report", "health_sexuality", "lgbtq_support", "abuse_violence_help", "mental_health", "stalkerware"}

Sums = Mapping[tuple[str, bool], int]
"""Person and whether it was stopped → how often."""


def of_list(name: str) -> str:
    """Return the first name of a bundled list."""
    text = (Path(__file__).parents[2] / "rules" / "lists" / f"{name}.txt").read_text()
    found = re.search(r"(?m)^[a-z0-9-]+(?:\.[a-z0-9-]+)+$", text)
    assert found is not None
    return found[0]


@dataclass
class Day:
    """What was asked until now, and what may stand where because of it."""

    box: Box
    asked: list[Canary] = field(default_factory=list)
    targets: dict[str, Canary] = field(default_factory=dict)
    """What the names below `ALIAS` and `SHADY` really are, by these."""
    counted: Counter[tuple[str, bool]] = field(default_factory=Counter)
    named: Counter[tuple[str, bool, str]] = field(default_factory=Counter)

    def upstream(self, asked: Asked) -> Iterable[bytes]:
        """Answer as the Internet of this day does."""
        name = asked.name.lower()
        if name.endswith(".nx.example"):
            return [answer(asked, rcode=3)]
        if name in self.targets and asked.qtype in ("A", "AAAA"):
            target = self.targets[name].name
            real = REAL if asked.qtype == "A" else REAL6
            return [answer(asked, f"{asked.name} 300 CNAME {target}.", f"{target} 300 {asked.qtype} {real}")]
        return answers(asked)

    def ask(self, who: str, below: str, *, is_foreign: bool = False) -> None:
        """Have somebody's device ask for a new name in several ways, and note what may be known of that."""
        made = canary(below, is_foreign=is_foreign)
        if below in (ALIAS, SHADY):
            self.targets[made.name] = canary("example" if below == ALIAS else GAMBLING)
            self.asked.append(self.targets[made.name])
        ways = [(made.name, "A", False)] * 3 + [(made.name.upper(), "A", True), (made.name.title(), "AAAA", False)]
        stopped = [self._is_stopped(who, *way) for way in ways]
        assert len(set(stopped)) == 1, (who, below, stopped)
        is_counted = who in COUNTED and below not in (*SILENT, of_list("stalkerware"))
        is_named = is_counted and (who == "toddler" or (who == "kid" and stopped[0]))
        if is_counted:
            self.counted[who, stopped[0]] += len(ways)
        if is_named:
            self.named[who, stopped[0], made.name] += len(ways)
        self.asked.append(Canary(made.name, made.core, is_named))

    def _is_stopped(self, who: str, name: str, qtype: str, is_tcp: bool) -> bool:
        reply = self.box.up.ask(name, qtype, source=AT[who], is_tcp=is_tcp)
        return any(one in STOPPED for one in addresses(reply))

    def round(self) -> None:
        """Have everybody ask for something of each kind."""
        for who in AT:
            for below in (*BELOW, of_list("education"), of_list("stalkerware")):
                self.ask(who, below)
            for below in ("example", GAMBLING):
                self.ask(who, below, is_foreign=True)
        until(lambda: folded(self.box.held(), self.box.booked()) == self.counted, BACK_S, "all is told")

    def look_through(self, *places: Path) -> None:
        """Look for traces in the data folder and the log, and in other places that have none at all."""
        data, log = self.box.data, self.box.up.log
        found = list(traces(self.asked, files_of(data)))
        assert {(one.name, file) for one, file in found if not one.is_permitted} == set()
        assert {(one.name, file) for one, file in found if not file.startswith("journal.db")} == set()
        assert list(traces(self.asked, files_of(log, *places))) == []


def folded(*counts: Mapping[tuple[str, str], int]) -> Counter[tuple[str, bool]]:
    """Return sums without the action but for whether something was stopped."""
    found: Counter[tuple[str, bool]] = Counter()
    for one in counts:
        for (person, action), count in one.items():
            found[person, action in ("block", "ask")] += count
    return found


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    """The morning of it: all daemons are at work; the Internet answers by what was asked."""
    with fake_upstream() as fake, lived_in(tmp_path / "data", fake.endpoint) as box:
        yield begun(box, fake)


def begun(box: Box, fake: FakeUpstream) -> Day:
    """Return a day on which nobody asked anything yet."""
    made = Day(box)
    fake.script = made.upstream
    return made


def type_rules(browser: Browser) -> None:
    """Have the caregiver say what holds for children."""
    for child in BANDS:
        assert browser.send(f"/child/{child}/rules", name=OWN, do="block").status == 303
    assert browser.send("/child/toddler/rules", name=SMALL, do="allow").status == 303
    assert browser.send("/child/kid/rules", name=PROTECTED, do="block").status == 303


def look_around(box: Box, browser: Browser, typed: Canary) -> None:
    """Open what caregivers and children look at, and ask why a name is open that only a caregiver typed."""
    for page in ("/", "/today", "/house", "/changes", "/devices", "/force.json", *(f"/child/{one}" for one in BANDS)):
        assert browser.get(page).status == 200, page
    for page in ("/devices/kids/session", "/devices/tweens/session", "/today?child=kid", "/child/teen/page"):
        assert browser.get(page).status == 200, page
    assert typed.name in browser.get(f"/why?name={typed.name}&child=kid").words
    for address in AT.values():
        assert box.browser(address).get("/me").status == 200


def kill_a_worker(box: Box) -> None:
    """Have one of the workers die and another one take its place."""
    pid = box.up.workers()[0]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: box.up.is_up() and box.up.workers()[0]["pid"] not in (None, pid), BACK_S, "another worker")


def test_the_day(day: Day) -> None:
    """Five bands, an adult, a managed device, a stranger; commits, kills, a session, a change, pages, and then a look.

    The ledger has exactly what may be counted, the journal exactly the names that may stand there; no other file and
    no log has any name.
    """
    box, typed = day.box, canary("example")
    browser = box.owner()
    type_rules(browser)
    day.round()
    box.commit()
    for device in ("kids", "tweens"):
        assert browser.send(f"/devices/{device}/session", minutes="15").status == 303
    day.round()
    look_around(box, browser, typed)
    kill_a_worker(box)
    assert browser.send("/child/teen/pause", **{"for": "15"}).status == 303
    assert browser.send("/child/teen/resume").status == 303
    day.round()
    box.end(["steward", "web"])
    until(box.pages, BACK_S, "the dashboard answers again")
    look_around(box, browser, typed)
    box.commit()
    day.round()
    day.look_through()
    box.commit()
    box.up.stop()
    day.asked.append(typed)
    day.look_through()
    assert folded(booked(box.data)) == day.counted
    assert named_in(box.data) == day.named
    assert not categories_in(box.data) & (NEVER | rules.load_contract().never.categories)
    written = {one.name for one, file in traces(day.asked, files_of(box.data)) if file.startswith("journal.db")}
    assert written == {one.name for one in day.asked if one.is_permitted}, "what may be written is found by this look"
    assert {who for who, _, _ in day.named} == {"toddler", "kid"}
    assert {who for who, _ in day.counted} == set(COUNTED)


def named_in(data: Path) -> Counter[tuple[str, bool, str]]:
    """Return the names in the journal: person, whether it was stopped, name."""
    found: Counter[tuple[str, bool, str]] = Counter()
    with JournalStore(data, 0) as journal:
        for person in (*BANDS, "parent", ""):
            for action in ("allow", "rewrite", "block", "ask"):
                for one in journal.names("2000-01-01", "2999-12-31", person, action, limit=10_000):
                    found[person, action in ("block", "ask"), one.permitted_host_name] += one.count
    return found


def categories_in(data: Path) -> set[str]:
    """Return the categories in the ledger."""
    with LedgerStore(data) as ledger:
        return {one.category for span in Span for one in ledger.counts("2000-01-01", "2999-12-31", span=span)}


@pytest.mark.parametrize("is_foreign", [False, True])
def test_the_look_finds_every_spelling(tmp_path: Path, is_foreign: bool) -> None:
    """In a file, in a folder below, in the name of a file; with anything before and after."""
    one, other = (canary("example", is_foreign=is_foreign) for _ in range(2))
    (tmp_path / "below").mkdir()
    for number, octets in enumerate([*plain_spellings(one.core), *packed_spellings(one.core)]):
        (tmp_path / "below" / str(number)).write_bytes(os.urandom(number) + octets + os.urandom(number))
    (tmp_path / f"ä{one.core}.txt").touch()
    (tmp_path / "upper").write_text(one.name.upper(), "utf-16")
    found = sorted(file for _, file in traces([one, other], files_of(tmp_path)))
    assert found == sorted([*(str(each) for each in range(number + 1)), f"ä{one.core}.txt", "upper"])
