"""Whole registries are told from names below them, as the Public Suffix List's own library tells them."""

import pytest
from publicsuffixlist import PublicSuffixList

from appliance.world import suffixes
from appliance.world.suffixes import is_company, is_suffix


@pytest.mark.parametrize(
    "name", ["com", "lan", "co.uk", "github.io", "ck", "any.ck", "kobe.jp", "any.kobe.jp", "xn--p1ai"]
)
def test_a_whole_registry(name: str) -> None:
    """Of a country, of a company, by a rule for all names, in letters of its own, or nowhere known."""
    assert is_suffix(name)


@pytest.mark.parametrize("name", ["example.com", "www.co.uk", "me.github.io", "www.ck", "city.kobe.jp", "a.b.ck"])
def test_a_name_in_a_registry(name: str) -> None:
    """And one that is excepted from a rule for all names."""
    assert not is_suffix(name)


def test_every_rule_is_understood_as_the_library_does() -> None:
    """The name of each rule, those right below it and above it."""
    told = PublicSuffixList()
    names = {rule.lstrip("!*.") for rule in suffixes._rules()}
    asked = names | {f"a.{name}" for name in names} | {name.partition(".")[2] or "a" for name in names}
    assert {name for name in asked if told.is_public(name)} == {name for name in asked if is_suffix(name)}


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [("github.io", True), ("blogspot.com", True), ("any.compute.amazonaws.com", True), ("com", False), ("co.uk", False),
     ("any.ck", False), ("lan", False)],
)  # fmt: skip
def test_is_company(suffix: str, expected: bool) -> None:
    """Told from registries, by a rule for all names below one too."""
    assert is_company(suffix) is expected
