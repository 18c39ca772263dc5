"""The doctor looks at every daemon, at what is remembered, and tells how to own a new box."""

from contextlib import ExitStack, closing, nullcontext
from pathlib import Path
from typing import Any

import pytest

from appliance.commands import daemons
from appliance.commands.finding import Finding, Level
from appliance.core.house import Classifier, House
from appliance.core.person import Person
from appliance.core.riskmodel import RiskModelError
from appliance.household.changes import Household
from appliance.store.accounts import Role
from appliance.store.house import HouseStore
from appliance.web import certificate, code
from appliance.world import rules
from appliance.world.snapshot import CURRENT, Snapshot, load_snapshot, publish_house
from tests.commands.cli import answering, fake_daemon
from tests.guessing import CARD, Fake, classifying
from tests.store.houses import AT

URL = "http://127.0.0.1:8080/"
KIM = Person(id="kim", name="Kim", band="6-9")


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """A house that was published."""
    return publish_house(tmp_path, House())


def told(data: Path, snapshot: Snapshot | None, **other: dict[str, Any] | None) -> list[Finding]:
    """Return the findings beside daemons that run the house, but for what is well; `other` stands in for one."""
    digest = snapshot.digest if snapshot else ""
    well: dict[str, dict[str, Any] | None] = {
        "steward": {"bus": 1, "digest": digest, "problem": None, "problems": []},
        "finder": {"bus": 1, "digest": digest, "problem": None, "hearing": True, "why": ""},
        "web": {"bus": 1, "digest": digest, "problem": None, "web": [URL]},
    }
    with ExitStack() as stack:
        for name, answer in (well | other).items():
            if answer is not None:
                stack.enter_context(fake_daemon(data, answering({"status": answer}), name))
        return [one for one in daemons.others(data, snapshot) if one.level is not Level.OK]


def test_all_well(tmp_path: Path, snapshot: Snapshot) -> None:
    """Nothing to say of daemons that run the house, with one and without."""
    assert told(tmp_path, snapshot) == []


@pytest.mark.parametrize("name", ["steward", "finder", "web"])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "is not running"),
        ({"bus": 1, "error": "no"}, "does not answer"),
        ({"bus": 1, "digest": "old", "problem": "the disk is gone"}, "runs another house: the disk is gone"),
    ],
)
def test_one_that_is_not(
    tmp_path: Path, snapshot: Snapshot, name: str, answer: dict[str, Any] | None, words: str
) -> None:
    """Each is told by its name, with what that means and what mends it."""
    (found,) = told(tmp_path, snapshot, **{name: answer})
    assert (found.level, words in found.what, bool(found.mend)) == (Level.WRONG, True, True)
    assert {"steward": "steward", "finder": "finder", "web": "dashboard"}[name] in found.what


def test_what_the_steward_finds(tmp_path: Path, snapshot: Snapshot) -> None:
    """Its problems are the doctor's, in words; what it may add later doesn't break the doctor."""
    status = {"bus": 1, "digest": snapshot.digest, "problem": None}
    (full,) = told(tmp_path, snapshot, steward=status | {"problems": [{"code": "disk_full", "args": {}}]})
    assert (full.level, "disk" in full.what, full.mend) == (Level.WRONG, True, f"df -h {tmp_path}")
    assert told(tmp_path, snapshot, steward=status | {"problems": "none"}) == []


def test_a_finder_that_is_deaf(tmp_path: Path, snapshot: Snapshot) -> None:
    """A hint, not a fault: the neighbour table is enough to begin with."""
    deaf = {"bus": 1, "digest": snapshot.digest, "problem": None, "hearing": False, "why": "no CAP_NET_RAW"}
    (found,) = told(tmp_path, snapshot, finder=deaf)
    assert (found.level, "no CAP_NET_RAW" in found.what) == (Level.HINT, True)


def remembered(data: Path) -> list[Finding]:
    """Return what is said of the memory."""
    return list(daemons.memory(data, load_snapshot(data).snapshot))


def test_memory(tmp_path: Path) -> None:
    """Nothing to say of a new box; then the revision, and what is saved but not in force, or damaged."""
    assert remembered(tmp_path) == []
    with closing(Household(tmp_path, rules.load_rulebook())) as household:
        household.replace("box", House(country="DE"), AT)
    assert remembered(tmp_path) == [Finding(Level.OK, "house.db: revision 1")]
    with HouseStore(tmp_path) as store:
        store.replace("box", House(country="FR"), AT)
    (found,) = remembered(tmp_path)
    assert (found.level, found.what) == (Level.WRONG, "Revision 2 is saved and not in force")
    (tmp_path / CURRENT).unlink()
    assert remembered(tmp_path)[0].level is Level.WRONG
    (tmp_path / "house.db").write_bytes(b"x" * 8192)
    (found,) = remembered(tmp_path)
    assert (found.level, "can't be read" in found.what) == (Level.WRONG, True)


def told_of_the_dashboard(data: Path, *urls: str) -> list[Finding]:
    """Return what is said of a dashboard with these addresses."""
    with fake_daemon(data, answering({"status": {"bus": 1, "web": list(urls)}}), "web"):
        return list(daemons.dashboard(data))


def test_the_code_of_the_first_run(tmp_path: Path) -> None:
    """It is told until the box has an owner, and the same each time."""
    for _ in range(2):
        (where, first) = told_of_the_dashboard(tmp_path, URL)
        assert where == Finding(Level.OK, f"Dashboard {URL}")
        assert str(code.first_run_code(tmp_path)) in first.what
        assert (first.level, first.mend) == (Level.HINT, f"open {URL}")
    with HouseStore(tmp_path) as store:
        store.accounts.add("box", "dana", "Dana", "hash", Role.OWNER, AT)
    assert told_of_the_dashboard(tmp_path, URL) == [Finding(Level.OK, f"Dashboard {URL}")]
    assert list(daemons.dashboard(tmp_path)) == []


def test_the_fingerprint(tmp_path: Path) -> None:
    """Over TLS the certificate is told by what a browser shows of it."""
    kept = certificate.ensure(tmp_path, (), ["192.0.2.2"], AT)
    (where, _) = told_of_the_dashboard(tmp_path, "https://192.0.2.2/")
    assert where.what == f"Dashboard https://192.0.2.2/, fingerprint SHA-256 {kept.fingerprint}"


def of_the_classifier(data: Path, monkeypatch: pytest.MonkeyPatch, house: House, fake: Fake | None) -> list[Finding]:
    """Return what is said of the classifier beside daemons that are well."""
    monkeypatch.setattr(daemons, "load_model_card", lambda: CARD)
    snapshot = publish_house(data, house)
    with classifying(data, fake) if fake else nullcontext():
        return list(daemons._classifier(data, snapshot.house))


@pytest.mark.parametrize(
    ("house", "fake", "expected"),
    [
        (House(persons=(KIM,)), Fake(), (Level.OK, "model test-1")),
        (House(persons=(KIM,)), Fake(problem="its checksum is wrong"), (Level.WRONG, "its checksum is wrong")),
        (House(persons=(KIM,)), None, (Level.HINT, "does not answer, or not yet")),
        (House(persons=(KIM,), classifier=Classifier(on=False)), None, None),
        (House(), None, None),
    ],
)
def test_the_classifier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, house: House, fake: Fake | None,
    expected: tuple[Level, str] | None,
) -> None:  # fmt: skip
    """Where it is needed: its model, what is wrong with it, or that it doesn't run; else nothing is said of it."""
    found = of_the_classifier(tmp_path, monkeypatch, house, fake)
    assert [(one.level, expected is not None and expected[1] in one.what) for one in found] == (
        [] if expected is None else [(expected[0], True)]
    )
    assert all(bool(one.mend) is (one.level is not Level.OK) for one in found)


def test_a_card_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told where the process doesn't say it."""

    def gone() -> None:
        raise RiskModelError("the bundled model is missing: install Kindgate again")

    monkeypatch.setattr(daemons, "load_model_card", gone)
    (found,) = daemons._classifier(tmp_path, House(persons=(KIM,)))
    assert (found.level, "the bundled model is missing" in found.what) == (Level.WRONG, True)


def test_what_the_steward_says_of_the_classifier_is_not_said_twice(tmp_path: Path, snapshot: Snapshot) -> None:
    """What is wrong with its model it is asked itself; that it never comes up only the steward knows."""
    problems = [{"code": "classifier_broken", "args": {"why": "x"}}, {"code": "classifier_down", "args": {}}]
    status = {"bus": 1, "digest": snapshot.digest, "problem": None, "problems": problems}
    (found,) = told(tmp_path, snapshot, steward=status)
    assert (found.level, "doesn't run" in found.what) == (Level.WRONG, True)
