"""Every reason that core can give reads as a sentence, with all its arguments and nothing left over."""

import ast
import inspect
import string

import pytest

from appliance import wording
from appliance.core import policy
from appliance.core.house import BANDS
from appliance.core.rulebook import Category
from appliance.core.verdict import Reason
from appliance.world import rules

CATEGORIES = rules.load_rulebook().categories
DERIVED = {"hard_nobody", "hard_adult", "category_block_person", "category_block_unknown"}
"""Sentences for a code in a certain case: nothing in core names them."""

ROWS = (*BANDS, "adult", "unknown")
ARGS: dict[str, dict[str, str]] = {
    "malware": {"category": "malware_phishing", "band": "6-9"},
    "hard": {"category": "gambling", "band": "6-9"},
    "grant": {"what": "roblox.com"},
    "window": {"window": "Bedtime"},
    "own_allow": {"name": "example.com"},
    "own_block": {"name": "example.com"},
    "protected": {"category": "mental_health"},
    "bypass": {"category": "bypass_dns", "route": "doh"},
    "category_block": {"category": "social_media", "origin": "6-9"},
    "category_ask": {"category": "forum", "origin": "person"},
    "closed": {"category": "social_media", "origin": "unknown"},
    "category_allow": {"category": "forum"},
    "list_allow": {"list": "ours"},
    "list_block": {"list": "ours"},
    "classifier": {"category": "gambling", "score": "0.91"},
}


def codes() -> dict[str, list[set[str]]]:
    """Return the codes that policy.py can give, each with the names of its arguments in every place that gives it."""
    found: dict[str, list[set[str]]] = {}
    for function in ast.walk(ast.parse(inspect.getsource(policy))):
        if not isinstance(function, ast.FunctionDef):
            continue
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("Reason", "Reason.of"):
                named = {str(keyword.arg) for keyword in call.keywords}
                pairs = call.args[1].elts if len(call.args) > 1 and isinstance(call.args[1], ast.Tuple) else []
                named |= {ast.literal_eval(pair.elts[0]) for pair in pairs if isinstance(pair, ast.Tuple)}
                for code in values(call.args[0], function):
                    found.setdefault(code, []).append(named)
    return found


def values(node: ast.expr, function: ast.FunctionDef) -> set[str]:
    """Return the words that an expression can be: a constant, or all that its name is given in the function."""
    if not isinstance(node, ast.Name):
        return {ast.literal_eval(node)}
    given: list[ast.expr] = []
    for statement in ast.walk(function):
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == node.id:
            value = statement.value
            given += [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
        elif isinstance(statement, ast.For) and isinstance(statement.target, ast.Tuple):
            place = [ast.unparse(one) for one in statement.target.elts].index(node.id)
            assert isinstance(statement.iter, ast.Tuple)
            given += [pair.elts[place] for pair in statement.iter.elts if isinstance(pair, ast.Tuple)]
    assert given, f"what is {node.id} in {function.name}?"
    return {ast.literal_eval(one) for one in given}


CODES = codes()


def test_every_code_has_a_sentence_and_every_sentence_a_code() -> None:
    """The catalogue is neither short of one nor has it one too many."""
    assert len(CODES) > 20
    assert wording.ENGLISH.keys() == CODES.keys() | DERIVED


def test_the_arguments_here_are_those_that_core_gives() -> None:
    """The table above follows the source."""
    given = {code: {word for named in places for word in named} for code, places in CODES.items()}
    assert {code: set(ARGS.get(code, {})) for code in CODES} == given


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_sentence_uses_only_what_it_is_given(code: str) -> None:
    """Every placeholder of a sentence is an argument of its code, wherever that is given."""
    for key in (key for key in wording.ENGLISH if key == code or (key in DERIVED and key.startswith(f"{code}_"))):
        used = {field for _, field, _, _ in string.Formatter().parse(wording.ENGLISH[key]) if field is not None}
        assert all(used <= named for named in CODES[code]), key


@pytest.mark.parametrize("code", sorted(CODES))
@pytest.mark.parametrize("row", [*ROWS, "person"])
def test_every_reason_reads_as_a_sentence(code: str, row: str) -> None:
    """For each row: one line, begins with a capital, ends with a full stop, no brace and no id in it."""
    args = {key: row if key in ("band", "origin") else value for key, value in ARGS.get(code, {}).items()}
    said = wording.sentence(Reason.of(code, **args), CATEGORIES)
    assert (said[0].isupper(), said[-1], "\n" in said) == (True, ".", False)
    assert not set("{}_") & set(said)
    assert said != code


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_every_category_reads_by_its_name(category: str) -> None:
    """A reason names a category as the settings page does, never by its id."""
    said = wording.sentence(Reason.of("category_block", category=category, origin="6-9"), CATEGORIES)
    assert said == f"Blocked at this age: {CATEGORIES[category].name}."


def test_who_said_it_makes_the_difference() -> None:
    """By age, by a caregiver, or because nobody named the device."""
    expected = {
        "6-9": "Blocked at this age: Gambling.",
        "person": "Blocked by a caregiver: Gambling.",
        "unknown": "Blocked on devices that nobody named yet: Gambling.",
    }
    names = {"gambling": Category(id="gambling", name="Gambling", risk="contract", group="money")}
    found = {
        origin: wording.sentence(Reason.of("category_block", category="gambling", origin=origin), names)
        for origin in expected
    }
    assert found == expected


def test_what_nobody_lifts_says_so() -> None:
    """No sentence promises that two caregivers could lift what nobody can."""
    for row in ROWS:
        said = wording.sentence(Reason.of("hard", category="csam", band=row), CATEGORIES)
        assert ("nobody can lift it" in said, "Two caregivers" in said) == (True, False)
    for row, words in (("6-9", "Two caregivers together"), ("adult", "on every device")):
        assert words in wording.sentence(Reason.of("hard", category="stalkerware", band=row), CATEGORIES)


def test_a_name_that_looks_like_something_else_stays_as_it_is() -> None:
    """A window called like a category, and braces in what people wrote, are their own words."""
    assert wording.sentence(Reason.of("window", window="education"), CATEGORIES) == "It is education now."
    assert wording.sentence(Reason.of("window", window="{x} %s"), CATEGORIES) == "It is {x} %s now."


def test_other_languages_are_told_in_english() -> None:
    """Until there is a catalogue for them."""
    for language in ("en", "de", "xx"):
        assert wording.sentence(Reason("pause"), CATEGORIES, language) == "The Internet is paused."


def test_an_unknown_code_is_no_fault() -> None:
    """A reason of a newer core reads as its code rather than not at all."""
    assert wording.sentence(Reason("brand_new"), CATEGORIES) == "brand_new"


@pytest.mark.parametrize("code", sorted(wording.CHANGES))
def test_every_change_is_one_sentence_about_who_or_whom(code: str) -> None:
    """It ends with a full stop and names somebody; nobody but the caller puts ids into words."""
    pattern = wording.CHANGES[code]
    used = {field for _, field, _, _ in string.Formatter().parse(pattern) if field is not None}
    assert used & {"who", "name"}
    words = {field: f"<{field}>" for field in used}
    said = wording.change(code, words)
    assert (said[-1], all(word in said for word in words.values())) == (".", True)


def test_a_change_of_another_version_is_told_all_the_same() -> None:
    """Without words of its own, in any language; what was never said is left open."""
    assert wording.change("brand_new", {"who": "Dana"}) == "Dana changed something."
    assert wording.change("paused", {"who": "Dana", "person": "Mia"}, "de") == "Dana paused the Internet for Mia."
    assert wording.change("rule_removed", {"who": "Dana"}) == "Dana took away the rule about … for …."
