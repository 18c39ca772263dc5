"""What the doctor finds of the steward, the finder, the dashboard and what the box remembers."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.commands.finding import Finding, Level
from appliance.core.house import House
from appliance.core.riskmodel import RiskModelError
from appliance.household import labels
from appliance.household.inforce import Standing, look
from appliance.store.errors import StoreError
from appliance.store.house import HouseStore
from appliance.web import certificate, clerk, worth
from appliance.web.server import first_run_code
from appliance.world import bus
from appliance.world.model import load_model_card
from appliance.world.snapshot import Snapshot
from appliance.world.state import Problem

STEWARD, FINDER, WEB = "steward", "finder", clerk.NAME
_DOES = {
    STEWARD: "nothing is counted, and nothing erased when its time is up",
    FINDER: "new devices are not noticed",
    WEB: "caregivers and children can't open the dashboard",
}
_NAMES = {STEWARD: "steward", FINDER: "finder", WEB: "dashboard"}


def others(where: Path, snapshot: Snapshot | None) -> Iterator[Finding]:
    """Yield how each of the other daemons is."""
    for daemon in look(where, snapshot, (STEWARD, FINDER, WEB)).daemons:
        name = _NAMES[daemon.name]
        match daemon.standing:
            case Standing.GONE:
                yield Finding(Level.WRONG, f"The {name} is not running: {_DOES[daemon.name]}", "kindgate run")
            case Standing.SILENT:
                what = f"The {name} does not answer: {_DOES[daemon.name]}"
                yield Finding(Level.WRONG, what, f"kindgate {daemon.name}")
            case Standing.BEHIND:
                why = f": {daemon.problem}" if daemon.problem else ""
                yield Finding(Level.WRONG, f"The {name} runs another house{why}", "kindgate house show")
            case Standing.RUNS:
                yield Finding(Level.OK, f"The {name} runs that house")
    yield from _problems(where)
    yield from _hearing(where)
    if snapshot is not None:
        yield from _classifier(where, snapshot.house)


def _problems(where: Path) -> Iterator[Finding]:
    """Yield what the steward finds wrong."""
    try:
        found = msgspec.convert(bus.ask(where, STEWARD, {"ask": "status"}).get("problems", []), list[Problem])
    except (bus.BusError, msgspec.ValidationError):
        return
    # What is wrong with its model, the classifier is asked itself.
    for problem in (one for one in found if one.code != worth.BROKEN_MODEL):
        title, meaning = worth.problem_words(problem)
        yield Finding(Level.WRONG, f"{title}: {meaning}", f"df -h {where}" if problem.code == "disk_full" else "")


def _hearing(where: Path) -> Iterator[Finding]:
    """Yield whether the finder hears what devices say of themselves."""
    try:
        status = bus.ask(where, FINDER, {"ask": "status"})
    except bus.BusError:
        return
    if status.get("hearing") is False:
        what = f"The finder knows devices by the neighbour table and lease files alone: {status.get('why')}"
        yield Finding(Level.HINT, what, "give it CAP_NET_RAW, as systemd/kindgate-finder.service does, for host names")


def _classifier(where: Path, house: House) -> Iterator[Finding]:
    """Yield how the classifier is, where it is needed."""
    try:
        card, wrong = load_model_card(), ""
    except RiskModelError as error:
        card, wrong = None, str(error)
    match labels.standing(house, labels.told(where) if house.classifier.on else None, wrong):
        case (labels.Standing.WORKS, _):
            yield Finding(
                Level.OK, f"The classifier guesses about new sites{f', model {card.version}' if card else ''}"
            )
        case (labels.Standing.DAMAGED, why):
            what = f"The classifier's model is missing or damaged, so that nobody is asked about new sites: {why}"
            yield Finding(Level.WRONG, what, "pip install --force-reinstall kindgate")
        case (labels.Standing.SILENT, _):
            # What never comes up is a problem of the steward's.
            what = "The classifier does not answer, or not yet: nobody is asked about new sites until it does"
            yield Finding(Level.HINT, what, "kindgate check, in a minute")


def memory(where: Path, snapshot: Snapshot | None) -> Iterator[Finding]:
    """Yield whether what the box remembers can be read, is whole, and is what was published."""
    if not (where / HouseStore.FILE).exists():
        return
    try:
        with HouseStore(where) as store:
            broken = store.problems()
            revision, house = store.current()
    except StoreError as error:
        yield Finding(Level.WRONG, f"What the box remembers can't be read: {error}", error.sentence)
        return
    if broken:
        mend = "put a backup of it back; the published house goes on meanwhile"
        yield Finding(Level.WRONG, f"{where / HouseStore.FILE} is damaged: {broken[0]}", mend)
    elif revision and (snapshot is None or snapshot.revision < revision or snapshot.house != house):
        mend = "kindgate house show; is there room on the disk?"
        yield Finding(Level.WRONG, f"Revision {revision} is saved and not in force", mend)
    else:
        yield Finding(Level.OK, f"{HouseStore.FILE}: revision {revision}")


def dashboard(where: Path) -> Iterator[Finding]:
    """Yield where the dashboard is, what tells it from another, and the code for who is to own it."""
    try:
        told = bus.ask(where, WEB, {"ask": "status"}).get("web")
    except bus.BusError:
        return
    urls = [str(url) for url in told] if isinstance(told, list) else []
    kept = certificate.load(where) if any(url.startswith("https:") for url in urls) else None
    mark = f", fingerprint SHA-256 {kept.fingerprint}" if kept else ""
    yield Finding(Level.OK, f"Dashboard {', '.join(urls)}{mark}")
    code = first_run_code(where)
    if code and urls:
        yield Finding(Level.HINT, f"Nobody owns this box yet: the code of the first run is {code}", f"open {urls[0]}")
