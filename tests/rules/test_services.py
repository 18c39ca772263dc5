"""The bundled services: enough of them, each name where it belongs, and nothing reached that must stay open."""

import gzip
import json
import re
from collections import Counter
from datetime import UTC, datetime

import pytest
import yaml

from appliance.core import names, policy
from appliance.core.catalogue import SERVICE_TAG, Service
from appliance.core.domainset import DomainSet, label_of
from appliance.core.house import House
from appliance.core.person import BANDS, Person, Setting
from appliance.core.rulebook import BYPASS, HELP, INFRASTRUCTURE, UPDATES, Rulebook
from appliance.core.verdict import Step
from appliance.world import rules
from tests.needs import shared

BOOK: Rulebook = rules.load_rulebook()
NAMES: DomainSet = rules.bundled_set(BOOK)
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC).timestamp()
CONTACT = ("stranger_chat", "anonymous", "ai_companion")


def services_of(name: str) -> set[str]:
    """Return the services of a name."""
    return {tag.removeprefix(SERVICE_TAG) for tag in NAMES.tags(name) if tag.startswith(SERVICE_TAG)}


def reaches(service: Service, name: str) -> bool:
    """Say whether a name is below one of a service's, whatever is excluded."""
    by_label = service.label is not None and label_of(name) == service.label
    return by_label or any(names.is_under(name, domain) for domain in service.domains)


def test_there_are_enough() -> None:
    """In every group that people look for, and most where strangers wait."""
    assert len(BOOK.services) >= 150
    counted = Counter(service.group for service in BOOK.services.values())
    assert counted.keys() == BOOK.groups.keys()
    assert all(counted[group] >= 10 for group in CONTACT)
    assert sum(service.category == "stranger_video_chat" for service in BOOK.services.values()) >= 20


def test_every_group_and_service_has_a_name_for_people() -> None:
    """And none has that of another one."""
    told = Counter(service.name for service in BOOK.services.values())
    assert [name for name, count in told.items() if count > 1 or not name.strip() or len(name) > 40] == []
    assert all(re.fullmatch(r"[A-Z][A-Za-z ,]+", name) for name in BOOK.groups.values())
    assert len(set(BOOK.groups.values())) == len(BOOK.groups)


def test_the_readme_counts_what_there_is() -> None:
    """Services and groups."""
    text = (rules.folder() / "README.md").read_text("utf-8")
    found = re.search(r"(\d+) services in (\d+) groups", text)
    assert found is not None
    assert tuple(map(int, found.groups())) == (len(BOOK.services), len(BOOK.groups))


def test_ids_are_words() -> None:
    """As all ids of a house."""
    assert [id_ for id_ in (*BOOK.services, *BOOK.groups) if not re.fullmatch(r"[a-z0-9_]+", id_)] == []


def test_warnings_are_sentences() -> None:
    """In a line or two, for a caregiver."""
    told = {id_: service.warning for id_, service in BOOK.services.items() if service.warning}
    assert len(told) > 60
    assert [id_ for id_, text in told.items() if not re.fullmatch(r"[A-Z\"].{8,259}[.]", text)] == []


def test_a_service_that_names_do_not_stop_says_so() -> None:
    """A switch that promises too much is worse than none."""
    partial = [service for service in BOOK.services.values() if not service.dns_only]
    assert len(partial) >= 20
    assert [service.id for service in partial if not service.warning] == []


def test_every_name_bears_its_service_and_its_category() -> None:
    """And what others need bears neither."""
    for service in BOOK.services.values():
        wanted = {SERVICE_TAG + service.id, service.category}
        for name in service.domains:
            assert wanted <= NAMES.tags(f"www.{name}"), name
        for name in service.never_block:
            assert SERVICE_TAG + service.id not in NAMES.tags(name), name
            assert service.category not in NAMES.tags(name), name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("amazon.de", {"amazon_shop"}),
        ("www.amazon.co.uk", {"amazon_shop"}),
        ("amazon.com.au", {"amazon_shop"}),
        ("alexa.amazon.de", {"alexa"}),
        ("notamazon.de", set()),
        ("amazon.evil.com", set()),
        ("amazonaws.com", set()),
        ("d111.cloudfront.net", set()),
        ("pinterest.at", {"pinterest"}),
        ("www.youtube.com", {"youtube"}),
        ("accounts.youtube.com", set()),
        ("upload.youtube.com", set()),
        ("i.ytimg.com", {"youtube"}),
        ("lh3.ggpht.com", set()),
        ("update.playstation.net", set()),
        ("education.minecraft.net", set()),
        ("api.openai.com", set()),
        ("mail.google.com", set()),
        ("edge-chat.facebook.com", {"messenger"}),
        ("discord.com", {"discord"}),
    ],
)
def test_a_name_is_of_the_service_that_people_mean(name: str, expected: set[str]) -> None:
    """By its name, by its label in every country, and not by what it merely looks like."""
    assert expected == services_of(name)


def test_what_must_stay_open_is_reached_by_no_service() -> None:
    """Help lines, what devices need, updates, and information that is protected."""
    kept = {HELP, INFRASTRUCTURE, *BOOK.information}
    found = [entry for entry in BOOK.entries if entry.tag in kept or entry.tag.startswith(UPDATES)]
    assert len(found) > 1_000
    assert {entry.name: of for entry in found if not entry.is_not and (of := services_of(entry.name))} == {}


def test_no_service_is_of_a_category_that_may_not_be_read() -> None:
    """Hashed categories, and protected ones, which no switch may reach."""
    withheld = {category.id for category in BOOK.categories.values() if category.hashed}
    assert withheld == {"ai_nudify", "armed_recruitment", "selfharm_promotion", "ed_promotion"}
    withheld |= BOOK.information | {"help_report", "csam"}
    assert [service.id for service in BOOK.services.values() if service.category in withheld] == []


def test_what_is_of_another_kind_is_not_opened_with_a_service() -> None:
    """Trackers, going live, a shop inside an app: below a service's names each is left to its own category."""
    own = {entry for service in BOOK.services.values() for entry in service.entries}
    others = [one for one in BOOK.entries if one not in own and not one.is_not and one.tag in BOOK.categories]
    loose = [
        (service, entry.name, entry.tag)
        for entry in others
        for service in services_of(entry.name)
        if entry.tag != BOOK.services[service].category and entry.name not in BOOK.services[service].domains
    ]
    assert loose == []


def test_a_name_of_two_services_is_meant() -> None:
    """Two would be of one name only where they share it."""
    told = Counter(name for service in BOOK.services.values() for name in service.domains)
    assert [name for name, count in told.items() if count > 1] == []


@pytest.mark.parametrize("band", BANDS)
def test_a_switch_for_everything_leaves_help_alone(band: str) -> None:
    """A child for whom every service is blocked reaches each help line, and each name that devices need."""
    blocked = dict.fromkeys(BOOK.services, Setting.BLOCK)
    child = Person(id="kim", name="Kim", band=band, services=blocked)
    of = policy.compile(House(persons=(child,)), BOOK, (NAMES,), UTC)
    for entry in BOOK.entries:
        if entry.tag in (HELP, INFRASTRUCTURE) and not entry.is_not:
            verdict = policy.decide(of, of.by_person["kim"], entry.name, None, NOON)
            assert verdict.step in (Step.HELP, Step.INFRASTRUCTURE), entry.name


def test_a_blocked_service_is_blocked_by_all_its_names() -> None:
    """Every name of every service, at the age at which most is open."""
    child = Person(id="kim", name="Kim", band="16-17", services=dict.fromkeys(BOOK.services, Setting.BLOCK))
    of = policy.compile(House(persons=(child,)), BOOK, (NAMES,), UTC)
    for service in BOOK.services.values():
        for name in (*service.domains, *([f"www.{service.label}.de"] if service.label else [])):
            assert policy.decide(of, of.by_person["kim"], name, None, NOON).is_blocked, name


@pytest.mark.shared
def test_ids_of_adguard_home_are_right() -> None:
    """Each exists there, is said once, and knows at least one name of ours."""
    told = json.loads(gzip.decompress(shared("data/lists/services_adguard.json.gz").read_bytes()))
    ours = {service.adguard: service for service in BOOK.services.values() if service.adguard}
    assert len(ours) >= 90
    assert len(ours) == sum(service.adguard is not None for service in BOOK.services.values())
    for id_, service in ours.items():
        assert any(reaches(service, rule.lstrip("|").partition("^")[0]) for rule in told[id_]["rules"]), id_


@pytest.mark.shared
def test_every_known_service_is_here() -> None:
    """With its names, its label and its kind."""
    told = yaml.safe_load(shared("knowledge/services.yaml").read_text("utf-8"))["services"]
    elsewhere = {"hidemyass.com": "bypass_vpn"}
    for one in told:
        service = BOOK.services[one["id"]]
        assert (service.group, service.category, service.label) == (
            one["group"],
            one["category"],
            one.get("cctld_label"),
        )
        for name in one["domains"]:
            assert (name in service.domains or reaches(service, name)) != (name in elsewhere), name
        assert service.dns_only == (one["dns_only"] == "yes"), service.id


@pytest.mark.shared
def test_no_sentence_is_taken_over() -> None:
    """Facts carry over, sentences don't."""
    told = yaml.safe_load(shared("knowledge/services.yaml").read_text("utf-8"))["services"]
    theirs = {text.lower() for one in told for text in one.get("shared_infrastructure_warning", ())}
    assert [service.id for service in BOOK.services.values() if service.warning.lower().rstrip(".") in theirs] == []


@pytest.mark.shared
def test_no_service_reaches_what_belongs_to_many() -> None:
    """Well-known benign names that filters like to block bear no service that is closed at any age by default."""
    with gzip.open(shared("data/dataset/dev_test.csv.gz"), "rt", encoding="utf-8") as file:
        rows = [line.split(",")[0] for line in file if ",overblock:" in line]
    assert len(rows) > 500
    assert {name: of for name in rows if (of := services_of(names.normalise(name)))} == {}


def test_ways_round_the_filter_have_their_routes() -> None:
    """A service that is a way round is in bypass.yaml too, so that its answer is the right one."""
    for service in BOOK.services.values():
        if service.category.startswith(BYPASS):
            for name in service.domains:
                assert any(tag.startswith("#route:") for tag in NAMES.tags(name)), name
