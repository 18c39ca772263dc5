"""The bundled rules: read as one, every name with its tag, every fault with its file and line."""

import pytest

from appliance.core import rulebook
from appliance.core.domainset import Entry
from appliance.core.rulebook import RulebookError
from appliance.core.verdict import Answer, Letter
from tests.core.builders import BANDS, RULES, TEXTS


def test_bands_have_letters_for_every_category() -> None:
    """And adults and unknown devices those that are said."""
    assert {*BANDS, "adult", "unknown"} == RULES.letters.keys()
    assert {*RULES.categories} == RULES.letters["6-9"].keys()
    assert Letter.ST is RULES.letters["6-9"]["video_sharing"]
    assert RULES.letters["adult"] == {"malware_phishing": Letter.H, "csam": Letter.H}


def test_hard_pairs_are_those_of_letter_h() -> None:
    """What one caregiver can't lift alone, in every row."""
    assert {("csam", row) for row in (*BANDS, "adult", "unknown")} == {pair for pair in RULES.hard if pair[0] == "csam"}
    assert {("pornography", band) for band in ("0-5", "6-9", "10-12")} == {
        pair for pair in RULES.hard if pair[0] == "pornography"
    }


def test_protected_categories_are_known() -> None:
    """The second tier; and what ships as hashes only."""
    assert {"mental_health", "drugs_help"} == RULES.information
    assert [category.id for category in RULES.categories.values() if category.hashed] == ["ed_promotion"]


def test_routes_say_how_they_are_answered() -> None:
    """Or nothing, where the house's way of blocking does."""
    assert {id_: route.answer for id_, route in RULES.routes.items()} == {
        "doh": None,
        "canary": Answer.NXDOMAIN,
        "relay": Answer.NODATA,
        "vpn": None,
    }


@pytest.mark.parametrize(
    "entry",
    [
        Entry("help.example", "#help"),
        Entry("exacthelp.example", "#help", is_exact=True),
        Entry("carrier.example", "#help"),
        Entry("mind.example", "mental_health"),
        Entry("shop.mind.example", "mental_health", is_not=True),
        Entry("time.example", "#infrastructure"),
        Entry("check.example", "#infrastructure"),
        Entry("kindgate.example", "#infrastructure"),
        Entry("patch.example", "#updates:console"),
        Entry("doh.example", "bypass_dns"),
        Entry("doh.example", "#route:doh"),
        Entry("porn.example", "pornography"),
    ],
)
def test_every_name_has_its_tag(entry: Entry) -> None:
    """Categories as they are, all else with a `#`; `=` for the name alone, `-` for what isn't meant."""
    assert entry in RULES.entries


def test_comments_and_empty_lines_of_a_list_are_passed_over() -> None:
    """A list is read line by line."""
    assert [entry.name for entry in RULES.entries if entry.tag == "pornography"] == ["porn.example"]


FAULTS = [
    (
        "protected.yaml",
        "  mental_health: [mind",
        "  mental_health: [no name, mind",
        "protected.yaml: line 6: 'no name'",
    ),
    ("protected.yaml", "carriers: [", "carriers:\n- a b\n- [", "protected.yaml: line 6: carriers.#2: expected `str`"),
    ("protected.yaml", "names: [help", "names: ['', help", "protected.yaml: line 3: ''"),
    ("infrastructure.yaml", "clock: [", "clock:\n- [", "infrastructure.yaml: line 3"),
    ("infrastructure.yaml", "  tv: [", "  tv: [a b, ", "infrastructure.yaml: line 7: 'a b'"),
    ("infrastructure.yaml", "appliance: [", "appliance: [=a b, ", "infrastructure.yaml: line 4: 'a b'"),
    ("bypass.yaml", "[vpn.example]", "[vpn.example, x y]", "bypass.yaml: line 6: 'x y'"),
    ("bypass.yaml", "category: bypass_vpn", "category: bypass_car", "bypass_car: names of a category that does not"),
    ("bypass.yaml", "answer: nodata", "answer: nothing", "bypass.yaml: line 5"),
    ("bypass.yaml", "[vpn.example]", "[vpn.example], addresses: [9.9.9.9, 9.9.9]", "bypass.yaml: line 6: '9.9.9'"),
    (
        "lists/pornography.txt",
        "porn.example",
        "porn.example\nporn example",
        "lists/pornography.txt: line 4: 'porn example'",
    ),
    ("bands.yaml", "forum:", "floor:", "bands.yaml: floor: no such category"),
    ("bands.yaml", "forum:", "floor:", "bands.yaml: forum: no letters"),
    ("bands.yaml", "bands: [0-5, ", "bands: [", "bands.yaml: bands are 0-5"),
    ("bands.yaml", "education: {0-5: A, ", "education: {", "bands.yaml: education: wants exactly the bands"),
    ("bands.yaml", "education: {0-5: A", "education: {0-5: X", "bands.yaml: line"),
    ("bands.yaml", "adult: {", "adult: {cats: H, ", "bands.yaml: adult: cats: no such category"),
    ("bands.yaml", "unknown: {", "unknown: {cats: H, ", "bands.yaml: unknown: cats: no such category"),
    ("categories.yaml", "version: 1", "verison: 1", "categories.yaml: line 1: verison: unknown key"),
    ("categories.yaml", "id: education,", "id: learning,", "education: names of a category that does not exist"),
]


@pytest.mark.parametrize(("file", "old", "new", "expected"), FAULTS)
def test_a_fault_names_file_and_line(file: str, old: str, new: str, expected: str) -> None:
    """So that whoever mends it finds it."""
    assert old in TEXTS[file]
    with pytest.raises(RulebookError) as caught:
        rulebook.parse(TEXTS | {file: TEXTS[file].replace(old, new, 1)})
    assert any(line.startswith(expected) for line in str(caught.value).splitlines())


def test_all_faults_are_told_at_once() -> None:
    """Nobody mends one only to hear of the next."""
    texts = TEXTS | {"lists/forum.txt": "a b\nc d", "lists/cats.txt": "cat.example"}
    with pytest.raises(RulebookError) as caught:
        rulebook.parse(texts)
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("file", [file for file in TEXTS if "/" not in file])
def test_a_missing_file_is_told(file: str) -> None:
    """By its name."""
    with pytest.raises(RulebookError, match=f"^{file}: missing$"):
        rulebook.parse({name: text for name, text in TEXTS.items() if name != file})


def test_no_list_says_what_is_protected_or_hashed() -> None:
    """Nor of what nobody may hold a list, nor what no list knows."""
    assert RULES.unfed == {"help_report", "unclassified", "csam", "mental_health", "drugs_help", "ed_promotion"}
    assert RULES.known.unfed == RULES.unfed
