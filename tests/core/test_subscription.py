"""Lists of a house: addresses in one form, and what bare names in them reach."""

import msgspec
import pytest

from appliance.core.subscription import MAX_URL, ListKind, Subscription, normal_url

SAME = [
    ("https://lists.example/ads.txt", "https://lists.example/ads.txt"),
    ("  https://lists.example:8443/a?b=c#top\n", "https://lists.example:8443/a?b=c"),
    ("HTTPS://Lists.example/", "https://Lists.example/"),
    ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
    ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a"),
    ("file:ads.txt", "file:ads.txt"),
    (f"https://lists.example/{'a' * (MAX_URL - 22)}", f"https://lists.example/{'a' * (MAX_URL - 22)}"),
]
REFUSED = [
    ("", "over https only"),
    ("lists.example/ads.txt", "over https only"),
    ("http://lists.example/ads.txt", "over https only"),
    ("ftp://lists.example/ads.txt", "over https only"),
    ("https:///ads.txt", "not the address of a list"),
    ("https://who@lists.example/", "not the address of a list"),
    ("https://:secret@lists.example/", "not the address of a list"),
    ("https://lists.example/a b", "one line without spaces"),
    ("https://lists.example/a\nb", "one line without spaces"),
    ("https://lists.example/\x00", "one line without spaces"),
    (f"https://lists.example/{'a' * MAX_URL}", "one line without spaces"),
    ("https://[2001:db8::1/", "Invalid IPv6 URL"),
    ("file:", "file:NAME"),
    ("file:/etc/passwd", "file:NAME"),
    ("file:///etc/passwd", "file:NAME"),
    ("file://host/ads.txt", "file:NAME"),
    ("file:../ads.txt", "file:NAME"),
    ("file:.hidden", "file:NAME"),
    ("file:a?b", "file:NAME"),
    ("file:a#b", "file:NAME"),
]


@pytest.mark.parametrize(("typed", "expected"), SAME)
def test_an_address_has_one_form(typed: str, expected: str) -> None:
    """Without what a browser keeps for itself; a form stays as it is."""
    assert normal_url(typed) == expected
    assert normal_url(expected) == expected
    assert Subscription(id="a", name="A", url=typed).url == expected


@pytest.mark.parametrize(("typed", "words"), REFUSED)
def test_what_is_no_address_of_a_list_is_refused(typed: str, words: str) -> None:
    """Over https or in the folder of the configuration, nowhere else; no password in it."""
    with pytest.raises(ValueError, match=words):
        normal_url(typed)
    with pytest.raises(ValueError, match=words):
        Subscription(id="a", name="A", url=typed)


@pytest.mark.parametrize(
    ("category", "subdomains", "expected"),
    [(None, None, False), ("forum", None, True), (None, True, True), ("forum", False, False)],
)
def test_how_far_bare_names_reach(category: str | None, subdomains: bool | None, expected: bool) -> None:
    """As was said; else what lists of a category mean."""
    assert Subscription(id="a", name="A", category=category, subdomains=subdomains).reaches_below is expected


def test_what_was_not_said_is_not_written() -> None:
    """A copied list is its id and its name."""
    assert msgspec.json.encode(Subscription(id="a", name="A")) == b'{"id":"a","name":"A"}'
    told = b'{"id":"a","name":"A","kind":"allow","subdomains":false}'
    assert msgspec.json.decode(told, type=Subscription) == Subscription(
        id="a", name="A", kind=ListKind.ALLOW, subdomains=False
    )


@pytest.mark.parametrize("id_", ["", "A", "a/b", "..", ".a", "a.", "a b", "a" * 65])
def test_an_id_is_a_word_that_a_file_may_be_called(id_: str) -> None:
    """The list lies under it."""
    with pytest.raises(msgspec.ValidationError, match="id"):
        msgspec.convert({"id": id_, "name": "A"}, Subscription)
