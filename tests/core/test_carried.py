"""Names inside others: read as translator and cache write them, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import names
from appliance.core.carried import CARRIERS, carried

letters = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
labels = st.lists(letters, min_size=1, max_size=3).map("-".join)
sites = (
    st.lists(labels, min_size=1, max_size=4)
    .map(lambda found: ".".join((*found, "example")))
    .filter(lambda site: len(written(site)) <= 63)
)


def written(site: str) -> str:
    """Return a name of ASCII as a label, as translators write it."""
    label = site.replace("-", "--").replace(".", "-")
    return f"0-{label}-0" if label[2:4] == "--" else label


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("www-tiktok-com.translate.goog", "www.tiktok.com"),
        ("my--site-example.translate.goog", "my-site.example"),
        ("0-en--us-example-com-0.cdn.ampproject.org", "en-us.example.com"),
        ("xn--99999999.translate.goog", None),
        ("xn--mnchen-example-gsb.translate.goog", "xn--mnchen-3ya.example"),
        ("deep.www-tiktok-com.translate.goog", "www.tiktok.com"),
        ("translate.goog", None),
        ("cdn.ampproject.org", None),
        ("www.translate.goog", None),
        ("3f2504e04f8911d39a0c0305e82c3301.cdn.ampproject.org", None),
        ("www-tiktok-com.translate.goog.example", None),
        ("www-tiktok-com.example", None),
        ("-.translate.goog", None),
        ("xn--a\\.translate.goog", None),
        ("", None),
    ],
)
def test_what_is_carried(name: str, expected: str | None) -> None:
    """A site's name, or nothing."""
    assert carried(name) == expected


@given(sites, st.sampled_from(CARRIERS))
def test_what_was_written_is_read(site: str, carrier: str) -> None:
    """Whatever site it is."""
    assert carried(f"{written(site)}.{carrier}") == site


@given(st.binary(min_size=1, max_size=63), st.sampled_from(CARRIERS))
def test_any_label(label: bytes, carrier: str) -> None:
    """Nothing, or a name in normal form."""
    found = carried(names.from_labels([label, *carrier.encode().split(b".")]))
    assert found is None or names.normalise(found) == found
