"""The catalogue of lists and the popular names: fit for whom they are offered, and nothing in them that lists close."""

import gzip
import itertools
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from publicsuffixlist import PublicSuffixList

from appliance.core import names
from appliance.core.domainset import DomainSet
from appliance.core.offers import ADULT, Offer
from appliance.core.person import BANDS
from appliance.core.rulebook import Rulebook
from appliance.core.verdict import Letter
from appliance.world import rules
from scripts.overblocklib import table
from tests.needs import shared
from tests.rooms.tree import README, RULES_README

BOOK: Rulebook = rules.load_rulebook()
BUNDLED: DomainSet = rules.bundled_set(BOOK)
OFFERS = rules.load_offers()
POPULAR = rules.load_popular()
REGISTRIES = PublicSuffixList(only_icann=True)
HARM = ("pornography", "gambling", "malware_phishing", "trackers_ads")
CLOSED = {Letter.H, Letter.B, Letter.K}
RISKY = {id_ for id_ in BOOK.categories if all(BOOK.letters[band].get(id_) in CLOSED for band in BANDS)}
"""Categories that are closed to children of every age."""
FIRST, ENOUGH = 1_000, 0.55
"""Of so many names that the world asks for most, this share is among ours. The rest are hosts that only programs ask
for, and names that hardly anybody knows: more than that isn't worth a longer file."""


def by_id(offers: tuple[Offer, ...] = OFFERS) -> dict[str, Offer]:
    """Return the lists by their ids."""
    return {offer.id: offer for offer in offers}


def test_every_list_is_of_a_category() -> None:
    """Of one that the bundled rules have, that no list is kept from, and that isn't protected."""
    for offer in OFFERS:
        if offer.category is not None:
            category = BOOK.categories[offer.category]
            assert not category.hashed, offer.id
            assert category.id not in {*BOOK.information, "help_report", "csam"}, offer.id


def test_no_list_is_there_twice() -> None:
    """Names and addresses differ too."""
    for field in ("id", "name", "url"):
        assert len({getattr(offer, field) for offer in OFFERS}) == len(OFFERS)


def test_every_list_says_where_it_is_from() -> None:
    """An https address for the list and for people, a licence, and a sentence that ends."""
    for offer in OFFERS:
        assert {urlsplit(offer.url).scheme, urlsplit(offer.homepage).scheme} == {"https"}
        assert offer.licence.strip(), offer.id
        assert offer.about.endswith("."), offer.id
        assert offer.names / offer.megabytes < 150_000, f"{offer.id}: a name takes some ten octets"


def test_no_address_is_itself_a_harmful_site() -> None:
    """The catalogue can be read and followed by a child."""
    for offer in OFFERS:
        for url in (offer.url, offer.homepage):
            host = urlsplit(url).hostname or ""
            assert not BUNDLED.tags(host) & RISKY, offer.id


def test_little_is_ticked_beforehand() -> None:
    """Malware for everybody, adult sites for children, and nothing else."""
    ticked = {offer.id: offer for offer in OFFERS if offer.default}
    assert {offer.category for offer in ticked.values()} == {"malware_phishing", "pornography"}
    assert len(ticked) == 2
    for offer in ticked.values():
        grown_up = offer.category == "malware_phishing"
        assert offer.default == (*BANDS, ADULT) if grown_up else offer.default == BANDS


def test_a_list_is_fit_only_where_its_category_is_closed() -> None:
    """A list that feeds a category is for ages at which that category isn't simply open."""
    for offer in OFFERS:
        if offer.category is not None:
            letters = [BOOK.letters[band][offer.category] for band in BANDS if band in offer.ages]
            assert not {Letter.A, Letter.P} & set(letters), offer.id


def test_every_kind_of_harm_has_a_list() -> None:
    """For the harm that most families want closed there is a choice."""
    fed = [offer.category for offer in OFFERS]
    assert [category for category in HARM if fed.count(category) < 2] == []
    assert {"bypass_dns", "bypass_vpn", "dating", "drugs_sale", "social_media", "stalkerware"} <= set(fed)


def test_what_was_measured_is_in_the_readme() -> None:
    """The README's table is the catalogue's."""
    assert any(offer.overblock is not None for offer in OFFERS)
    assert table.table(OFFERS) in README.read_text("utf-8")


def test_the_rules_readme_tells_every_key() -> None:
    """Each key of a list, and of what was measured, is explained."""
    text = RULES_README.read_text("utf-8")
    (told,) = (part for part in text.split("\n## ") if part.startswith("The catalogue of lists"))
    for field in Offer.__struct_fields__:
        assert f"`{field}`" in told, field


def test_there_are_enough_popular_names() -> None:
    """A thousand at least, and the box counts on each to be a name of its own."""
    assert len(POPULAR) >= 1_000
    assert [name for name in POPULAR if REGISTRIES.is_public(name)] == []


def test_nothing_popular_is_harmful() -> None:
    """No name is of a category that is closed to children of every age: lists close those on purpose."""
    assert {"gambling", "pornography", "trackers_ads", "bypass_vpn"} <= RISKY
    assert {name: found for name in POPULAR if (found := BUNDLED.tags(name) & RISKY)} == {}


def most_asked() -> Iterator[str]:
    """Yield registrable names by how often the world asks for them; none twice."""
    seen: set[str] = set()
    with gzip.open(shared("data/lists/top_umbrella_100k.txt.gz"), "rt", encoding="utf-8") as file:
        for line in file:
            name = REGISTRIES.privatesuffix(names.normalise(line.strip()))
            if name is not None and name not in seen:
                seen.add(name)
                yield name


@pytest.mark.shared
def test_what_the_world_asks_for_is_popular() -> None:
    """Of the most asked names that no list is made to close, most are among ours."""
    asked = list(itertools.islice(most_asked(), 3 * FIRST))
    listed = set()
    with gzip.open(shared("data/bulk/blocklist_tagged.tsv.gz"), "rt", encoding="utf-8") as file:
        wanted = set(asked)
        for line in file:
            if (name := line.partition("\t")[0]) in wanted:
                listed.add(name)
    fair = [name for name in asked if name not in listed and not BUNDLED.tags(name) & RISKY][:FIRST]
    assert len(fair) == FIRST
    ours = POPULAR | {REGISTRIES.privatesuffix(name) for name in POPULAR}
    assert sum(name in ours for name in fair) >= ENOUGH * FIRST
    assert sum(name in ours for name in fair[:100]) >= 70
