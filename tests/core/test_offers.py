"""The catalogue of lists: every list is what the file says, and every fault has its line."""

from datetime import date

import pytest

from appliance.core.lists.rule import Syntax
from appliance.core.offers import Offer, OffersError, Overblock, parse, parse_popular

ONE = (
    "id: one, name: One, maker: Me, url: https://lists.example/one.txt, homepage: https://lists.example, licence: MIT, "
    "names: 10, megabytes: 0.1, ages: [0-5, adult], about: It is the first."
)
TEXT = f"""\
version: 1
lists:
  - {{{ONE}}}
"""
POPULAR = """\
version: 1
names:
  search: [search.example, www.find.example]
  news: [news.example]
"""


def with_(**said: str) -> str:
    """Return the catalogue with a second list, as the first but for what is said."""
    words = dict(pair.split(": ", 1) for pair in ONE.replace("[0-5, adult]", "[0-5; adult]").split(", "))
    words |= {"id": "two", "url": "https://lists.example/two.txt"} | said
    pairs = ", ".join(f"{key}: {value}" for key, value in words.items() if value).replace(";", ",")
    return f"{TEXT}  - {{{pairs}}}\n"


def test_a_list_is_what_the_file_says() -> None:
    """Defaults are filled in; addresses come in the form in which a subscription keeps them."""
    (found,) = parse(TEXT)
    assert found == Offer(
        id="one",
        name="One",
        maker="Me",
        url="https://lists.example/one.txt",
        homepage="https://lists.example",
        licence="MIT",
        names=10,
        megabytes=0.1,
        ages=("0-5", "adult"),
        about="It is the first.",
    )
    assert (found.category, found.syntax, found.subdomains, found.default, found.overblock) == (
        None, Syntax.AUTO, None, (), None,
    )  # fmt: skip


def test_what_was_measured_is_read() -> None:
    """The figures of scripts/overblock, and all that a list may have besides."""
    figures = "{index: 1.5; protected: 1; infrastructure: 2; popular: 3; slice: 4; names: 5; measured: 2026-03-20}"
    _, found = parse(
        with_(category="gambling", syntax="hosts", subdomains="false", default="[adult]", overblock=figures)
    )
    assert found.overblock == Overblock(
        index=1.5, protected=1, infrastructure=2, popular=3, slice=4, names=5, measured=date(2026, 3, 20)
    )
    assert (found.category, found.syntax, found.subdomains, found.default) == (
        "gambling", Syntax.HOSTS, False, ("adult",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"id": "one"}, "one stands here a second time"),
        ({"url": "https://lists.example/one.txt#there"}, "https://lists.example/one.txt stands here a second time"),
        ({"url": "http://lists.example/two.txt"}, "https only"),
        ({"url": "file:two.txt"}, "'file:two.txt' is not on the net"),
        ({"homepage": "lists.example"}, "https only"),
        ({"licence": ""}, "missing required field `licence`"),
        ({"licence": "''"}, "lists.#2.licence"),
        ({"price": "1"}, "unknown key 'price'"),
        ({"syntax": "prose"}, "lists.#2.syntax"),
        ({"megabytes": "0"}, "lists.#2.megabytes"),
        ({"ages": "[]"}, "a list is for somebody"),
        ({"ages": "[adult; 0-5]"}, "ages are some of 0-5, 6-9, 10-12, 13-15, 16-17, adult, youngest first"),
        ({"ages": "[7]"}, "lists.#2.ages"),
        ({"ages": "['7']"}, "ages are some of"),
        ({"default": "[6-9]"}, "a list is the default only where it is fit"),
        ({"default": "[0-5; 0-5]"}, "default are some of"),
        ({"overblock": "{index: 1001}"}, "lists.#2.overblock"),
    ],
)
def test_a_fault_has_its_line(said: dict[str, str], words: str) -> None:
    """A person who mends the file is led to the place."""
    with pytest.raises(OffersError) as caught:
        parse(with_(**said))
    assert str(caught.value).startswith("lists.yaml: line 4: ")
    assert words in str(caught.value)


def test_what_is_no_document_is_a_fault() -> None:
    """Neither half a file nor another version is taken."""
    for text in ("version: 1\nlists: [", "version: 2\nlists: []", "version: 1\n"):
        with pytest.raises(OffersError, match=r"lists\.yaml: line \d"):
            parse(text)


def test_popular_names_keep_their_kinds() -> None:
    """By what they are, in the file's order."""
    assert parse_popular(POPULAR) == {"search": ("search.example", "www.find.example"), "news": ("news.example",)}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("search.example", "search.example stands here a second time"),
        ("News.example", "'News.example' is not a domain name in its normal form"),
        ("no name", "'no name' is not a domain name in its normal form"),
    ],
)
def test_an_odd_name_has_its_line(name: str, words: str) -> None:
    """A name stands there once, as the box writes names."""
    with pytest.raises(OffersError) as caught:
        parse_popular(f"{POPULAR}  more:\n    - {name}\n")
    assert str(caught.value) == f"popular.yaml: line 6: {words}"
