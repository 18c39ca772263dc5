"""The bundled model's card fits the rules: its classes are categories, and nobody is asked about what isn't minded."""

from appliance.core.person import BANDS
from appliance.core.verdict import SEVERE
from appliance.world import model, rules

CARD = model.load_model_card()
BOOK = rules.load_rulebook()
RISKY = [one for one in CARD.classes if one.category is not None]
SCORED = {"6-9", "10-12", "13-15"}
"""The bands that are asked about a name, if only where a caregiver turned it on."""


def test_every_class_is_a_category_of_the_rules() -> None:
    """And is called by something, where a child may be told of it."""
    assert {one.category for one in RISKY} <= BOOK.categories.keys()
    assert [one.id for one in CARD.classes if one.category is None] == ["benign"]
    assert [one.id for one in RISKY if not one.words] == []


def test_what_a_band_minds_has_a_threshold_there() -> None:
    """Of what stands at K, B or H: more than even odds, and less than certainty."""
    for one in RISKY:
        minded = {band for band in SCORED if BOOK.letters[band][str(one.category)] in SEVERE}
        said = CARD.thresholds.get(one.id, {})
        assert minded <= said.keys() <= SCORED, one.id
        assert [band for band, least in said.items() if not 0.5 < least < 1] == [], one.id


def test_the_youngest_are_asked_about_no_less_than_the_older() -> None:
    """The older they are, the surer the classifier must be."""
    for one in RISKY:
        least = [CARD.thresholds[one.id][band] for band in BANDS if band in CARD.thresholds.get(one.id, {})]
        assert least == sorted(least), one.id


def test_something_is_asked_about_at_every_age() -> None:
    """Gambling and adult content at least."""
    for category in ("gambling", "pornography"):
        assert CARD.by_category[category].keys() >= SCORED
    assert 0 < CARD.least < 1
