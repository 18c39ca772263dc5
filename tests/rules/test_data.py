"""The bundled rules keep their promises: help is always open, nothing protected is blocked, every list is clean."""

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml

from appliance.core import names, policy
from appliance.core.device import Device
from appliance.core.domainset import DomainSet, Entry
from appliance.core.house import House
from appliance.core.person import BANDS, Person, PersonKind
from appliance.core.policy import Policy
from appliance.core.rulebook import BYPASS, HELP, INFRASTRUCTURE, UPDATES, Rulebook
from appliance.core.schedule import Window
from appliance.core.subject import Subject
from appliance.core.verdict import Letter, Step
from appliance.core.word import Pause
from appliance.world import rules
from tests.needs import shared

BOOK: Rulebook = rules.load_rulebook()
NAMES: DomainSet = rules.bundled_set(BOOK)
LISTS = sorted((rules.folder() / "lists").glob("*.txt"))
LIST_CATEGORIES = {path.stem for path in LISTS}
ENOUGH = 30
OF_ONE_SERVICE = {"claudeusercontent.com", "discordsays.com", "hf.space", "translate.goog"}
"""Public suffixes below which there is one service only."""
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC).timestamp()
NIGHT = datetime(2026, 11, 18, 23, tzinfo=UTC)


def compiled(**said: object) -> Policy:
    """Return the policy of a house with a child of each band and an adult, at bedtime from 20:00 to 07:00."""
    windows = (Window(name="Night", start="20:00", end="07:00"),)
    persons = [Person(id=f"p{band}", name=band, band=band, windows=windows) for band in BANDS]
    persons.append(Person(id="adult", name="Adult", kind=PersonKind.ADULT))
    devices = (Device(id="nobodys", addresses=("192.168.1.9",)),)
    return policy.compile(House(persons=tuple(persons), devices=devices, **said), BOOK, (NAMES,), UTC)  # type: ignore[arg-type]


OPEN = compiled()
PAUSED = compiled(pauses=(Pause(said_at=NIGHT, until=NIGHT.replace(hour=23, minute=59)),), unknown_devices="closed")


def subjects(of: Policy) -> Iterator[Subject]:
    """Yield all who may ask."""
    yield from of.by_person.values()
    yield from of.by_device.values()
    yield of.unknown


def child(band: str) -> Subject:
    """Return the child of a band."""
    return OPEN.by_person[f"p{band}"]


def entries(*tags: str) -> list[Entry]:
    """Return the entries that put a name under a tag; one that ends in a colon stands for all that it begins."""
    ours = tuple(tag for tag in tags if tag.endswith(":"))
    return [entry for entry in BOOK.entries if not entry.is_not and (entry.tag in tags or entry.tag.startswith(ours))]


def lines(path: Path) -> list[str]:
    """Return the entries of a list as they are written."""
    return [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]


def covering(name: str) -> Iterator[str]:
    """Yield every way in which an entry for a parent of a name may be written."""
    yield from list(names.parents(name))[1:]


def test_every_category_has_names_or_says_why_not() -> None:
    """At least thirty, or a sentence in `without_list`; hashed ones have none at all."""
    counted = Counter(entry.tag for entry in BOOK.entries if not entry.is_not)
    counted["help_report"] = counted[HELP]
    for category in BOOK.categories.values():
        if category.hashed:
            assert (counted[category.id], bool(category.without_list)) == (0, True), category.id
        else:
            assert counted[category.id] >= ENOUGH or category.without_list.endswith("."), category.id


def test_there_are_thousands_of_names() -> None:
    """A fresh box filters before it has ever reached the Internet."""
    assert sum(len(lines(path)) for path in LISTS) >= 3_000


def test_every_list_is_of_a_category() -> None:
    """And no category has both a list and names elsewhere."""
    stems = {path.stem for path in LISTS}
    assert stems <= BOOK.categories.keys()
    assert not stems & BOOK.information
    assert not [stem for stem in stems if stem.startswith(BYPASS)]


@pytest.mark.parametrize("path", LISTS, ids=lambda path: str(path.stem))
def test_a_list_is_clean(path: Path) -> None:
    """Lower case, in A-labels, sorted by name, none twice, none that a parent in the same list covers."""
    found = lines(path)
    bare = [line.lstrip("=-") for line in found]
    assert [name for name in bare if names.normalise(name) != name] == []
    assert [line for line in found if not re.fullmatch(r"[=-]?[a-z0-9_.-]+\.[a-z0-9-]+", line)] == []
    assert bare == sorted(bare)
    assert len(set(bare)) == len(bare)
    below = {line for line in found if line[0] not in "=-"}
    assert [line for line in found if line[0] != "-" and below & set(covering(line.lstrip("=")))] == []
    assert [line for line in found if line[0] == "-" and not below & set(covering(line[1:]))] == []


def test_no_name_stands_twice_in_the_yaml_files() -> None:
    """Within one tag every name stands once."""
    tagged = Counter((entry.tag, entry.name) for entry in BOOK.entries if not entry.tag.startswith("#route:"))
    assert [key for key, count in tagged.items() if count > 1] == []


def test_no_entry_is_a_whole_top_level_domain() -> None:
    """A list is of sites; a label is one below every country."""
    assert [entry for entry in BOOK.entries if ("." in entry.name) == entry.is_label] == []


@pytest.mark.shared
def test_no_entry_is_a_public_suffix() -> None:
    """co.uk, github.io and their like belong to many."""
    text = gzip.decompress(shared("data/lists/public_suffix_list.dat.gz").read_bytes()).decode("utf-8")
    suffixes = {line.strip() for line in text.splitlines() if line.strip() and not line.startswith("//")}
    assert len(suffixes) > 5_000
    ours = [one for one in BOOK.entries if not (one.is_exact or one.is_label) and one.tag in LIST_CATEGORIES]
    assert [one.name for one in ours if one.name in suffixes - OF_ONE_SERVICE] == []


def test_the_test_names_are_in_the_lists() -> None:
    """What the README tries."""
    for name, category in (("malware", "malware_phishing"), ("adult", "pornography"), ("gambling", "gambling")):
        assert category in NAMES.tags(f"{name}.kindgate.test")


def test_help_is_open_for_everybody_at_all_times() -> None:
    """Every help name and carrier: for every band, adults, unknown and closed devices, at night and in a pause."""
    found = entries(HELP)
    assert len(found) > 200
    for of in (OPEN, PAUSED):
        for subject in subjects(of):
            for entry in found:
                for at in (NOON, NIGHT.timestamp()):
                    verdict = policy.decide(of, subject, entry.name, None, at)
                    assert (verdict.step, verdict.is_blocked, verdict.traceless, verdict.counted) == (
                        Step.HELP, False, True, False,
                    ), (entry.name, subject.key)  # fmt: skip


def test_infrastructure_is_open_for_everybody_at_all_times() -> None:
    """Clocks, connectivity checks and the box itself."""
    found = entries(INFRASTRUCTURE)
    assert len(found) > 100
    for subject in (*subjects(OPEN), *subjects(PAUSED)):
        for entry in found:
            verdict = policy.decide(PAUSED, subject, entry.name, None, NIGHT.timestamp())
            assert verdict.step in (Step.HELP, Step.INFRASTRUCTURE), entry.name


@pytest.mark.parametrize("band", BANDS)
def test_nothing_protected_is_blocked_by_default(band: str) -> None:
    """Information of the second tier, for every band; at 0-5 too where the table says P."""
    for entry in entries(*BOOK.information):
        verdict = policy.decide(OPEN, child(band), entry.name, None, NOON)
        if child(band).letters[entry.tag] is Letter.P:
            assert (verdict.is_blocked, verdict.traceless) == (False, True), (entry.name, verdict.reason)
        assert not verdict.is_blocked, (entry.name, verdict.reason)


@pytest.mark.parametrize("band", BANDS[1:])
def test_no_update_is_blocked_by_default(band: str) -> None:
    """A machine without updates is no safer."""
    for entry in entries(UPDATES):
        verdict = policy.decide(OPEN, child(band), entry.name, None, NOON)
        assert not verdict.is_blocked, (entry.name, verdict.reason)


def test_adults_and_unknown_devices_are_hardly_filtered() -> None:
    """An adult's row has what harms everyone; an unknown device's adds adult content, and no more."""
    harms = {"malware_phishing", "stalkerware", "csam"}
    adult = {"pornography", "adult_subscription", "ai_companion_sexual", "ai_nudify"}
    blocked = {
        row: {id_ for id_, letter in BOOK.letters[row].items() if letter in (Letter.B, Letter.H, Letter.K)}
        for row in ("adult", "unknown")
    }
    assert blocked == {"adult": harms, "unknown": harms | adult}


def test_letters_never_loosen_for_the_younger() -> None:
    """What is closed hard at an age is at least blocked at every younger one."""
    strict = {Letter.K: 1, Letter.B: 2, Letter.H: 3}
    for id_ in BOOK.categories:
        ranks = [strict.get(BOOK.letters[band][id_], 0) for band in BANDS]
        if id_ not in ("unclassified", "unknown_new"):
            assert ranks == sorted(ranks, reverse=True), (id_, ranks)


def test_addresses_of_routes_are_public_and_stand_once() -> None:
    """Blocks are no wider than one maker's, and none lies in another."""
    routes = [route for route in BOOK.routes.values() if route.addresses]
    assert [(route.shows, route.is_sure) for route in routes] == [("doh", True), ("warp", True)]
    blocks = [ip_network(word) for route in routes for word in route.addresses]
    for block in blocks:
        assert block.is_global
        assert block.max_prefixlen - block.prefixlen <= (8 if block.version == 4 else 80)
        assert [str(one) for one in blocks if one.version == block.version and one.overlaps(block)] == [str(block)]


def test_a_route_says_what_is_there() -> None:
    """Unless nobody can be there at all; and it takes no name away, for what is known of flows has no exceptions."""
    assert [route.id for route in BOOK.routes.values() if not route.shows] == ["firefox_canary", "ddr"]
    assert [entry.name for entry in BOOK.entries if entry.tag.startswith("#route:") and entry.is_not] == []


def test_the_readme_counts_what_there_is() -> None:
    """The sizes in rules/README.md are those of the files."""
    text = (rules.folder() / "README.md").read_text("utf-8")
    sizes = r"(\d+) entries in (\d+) lists; (\d+) in `bypass.yaml`; (\d+) names of (\d+) help lines and (\d+)"
    found = re.search(sizes, text)
    assert found is not None
    protected = yaml.safe_load((rules.folder() / "protected.yaml").read_text("utf-8"))
    expected = (
        sum(len(lines(path)) for path in LISTS),
        len(LISTS),
        len(entries("#route:")),
        sum(len(line["names"]) for line in protected["help"]),
        len(protected["help"]),
        sum(len(words) for words in protected["information"].values()),
    )
    assert tuple(map(int, found.groups())) == expected
    told = {word: int(size) for word, size in re.findall(r"(?<=\| )([a-z_]+) (\d+)(?= \|)", text)}
    assert {path.stem: len(lines(path)) for path in LISTS} == told


@pytest.mark.shared
def test_letters_are_those_of_the_taxonomy() -> None:
    """Category by category, band by band, but for the two that are no names' and that only a gateway sees."""
    told = yaml.safe_load(shared("knowledge/taxonomy.yaml").read_text("utf-8"))["categories"]
    expected = {one["id"]: {band: Letter(one["default"][band]) for band in BANDS} for one in told}
    named = BOOK.categories.keys() - {"bypass_hidden", "bypass_disguised"}
    assert {id_: {band: BOOK.letters[band][id_] for band in BANDS} for id_ in named} == expected


@pytest.mark.shared
def test_every_known_help_line_is_open() -> None:
    """The domains of the collection of help lines are step help, for all bands, at all times, whatever stands below."""
    told = yaml.safe_load(shared("knowledge/helplines.yaml").read_text("utf-8"))["helplines"]
    found = sorted({domain for line in told for domain in line["domains"]})
    assert len(found) > 80
    for name in (variant for domain in found for variant in (domain, f"www.{domain}")):
        for subject in subjects(PAUSED):
            verdict = policy.decide(PAUSED, subject, names.normalise(name), None, NIGHT.timestamp())
            assert verdict.step is Step.HELP, name


@pytest.mark.shared
@pytest.mark.parametrize("band", BANDS[1:])
def test_nothing_that_must_stay_open_is_blocked(band: str) -> None:
    """Real benign names that filters like to block: none is, from 6 up."""
    with gzip.open(shared("data/dataset/dev_test.csv.gz"), "rt", encoding="utf-8") as file:
        rows = [row["domain"] for row in csv.DictReader(file) if row["source"].startswith("overblock:")]
    assert len(rows) > 500
    blocked = [name for name in rows if policy.decide(OPEN, child(band), names.normalise(name), None, NOON).is_blocked]
    assert blocked == []
