"""Every reason that core can give reads as a sentence, with all its arguments and nothing left over."""

import ast
import inspect
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import wording
from appliance.core import delivery, policy, steps
from appliance.core.house import House, OwnService
from appliance.core.person import BANDS
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.subscription import Subscription
from appliance.core.verdict import Reason
from appliance.wording import Names
from appliance.world import rules

BOOK = rules.load_rulebook()
NAMES = Names.of(
    BOOK,
    House(
        services=(OwnService(id="chess", name="Chess club", domains=("chess.example",)),),
        lists=(Subscription(id="ours", name="Our own"),),
    ),
)
DERIVED = {
    "malware_list",
    "bypass_hidden",
    "bypass_disguised",
    "hard_nobody",
    "hard_adult",
    "category_block_person",
    "category_block_unknown",
    "budget_week",
    "budget_everything",
    "budget_everything_week",
    "grant_everything",
}
"""Sentences for a code in a certain case: nothing in core names them."""

ROWS = (*BANDS, "adult", "unknown")
WHATS = ("everything", "service:youtube", "service:chess", "group:game", "category:social_media", "roblox.com")
ARGS: dict[str, dict[str, tuple[str, ...]]] = {
    "malware": {"category": ("malware_phishing",), "band": ROWS},
    "hard": {"category": ("gambling", "csam"), "band": ROWS},
    "grant": {"what": WHATS},
    "window": {"window": ("Bedtime",)},
    "window_block": {"window": ("Homework",)},
    "window_allow": {"window": ("Homework",)},
    "budget": {"what": WHATS[:-1], "of": ("day", "week")},
    "own_allow": {"name": ("example.com",)},
    "own_block": {"name": ("example.com",)},
    "protected": {"category": ("mental_health",)},
    "bypass": {"category": ("bypass_dns", "bypass_hidden", "bypass_disguised"), "route": ("doh", "")},
    "engine_block": {"engine": ("google",)},
    "service_block": {"service": ("youtube", "chess")},
    "service_ask": {"service": ("youtube",)},
    "service_allow": {"service": ("youtube",)},
    "category_block": {"category": ("social_media",), "origin": (*ROWS, "person")},
    "category_ask": {"category": ("forum",), "origin": (*ROWS, "person")},
    "closed": {"category": ("social_media",), "origin": ("unknown",)},
    "category_allow": {"category": ("forum",)},
    "list_allow": {"list": ("ours", "gone"), "line": ("12",)},
    "list_block": {"list": ("ours", "gone"), "line": ("12",)},
    "list_rewrite": {"list": ("ours", "gone"), "line": ("12",)},
    "classifier": {"category": ("gambling",), "score": ("0.91",)},
}
"""Code → argument → what it may be."""
BLAME = ("bad", "you are wrong", "forbidden", "not allowed", "naughty", "violat", "illegal", "denied", "sorry")


def codes() -> dict[str, list[set[str]]]:
    """Return the codes that the order of decision can give, each with its arguments in every place that gives it."""
    found: dict[str, list[set[str]]] = {}
    trees = [ast.parse(inspect.getsource(module)) for module in (policy, steps, delivery)]
    for function in (node for tree in trees for node in ast.walk(tree)):
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
CATALOGUES = [wording.ENGLISH, wording.FOR_CHILD]


def said_of(code: str, *, to_child: bool) -> list[str]:
    """Return the sentences of a code with all that its arguments may be."""
    cases: list[dict[str, str]] = [{}]
    for key, known in ARGS.get(code, {}).items():
        cases = [{**case, key: value} for case in cases for value in known]
    return [wording.sentence(Reason.of(code, **case), NAMES, to_child=to_child) for case in cases]


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_every_code_has_a_sentence_and_every_sentence_a_code(catalogue: dict[str, str]) -> None:
    """Neither catalogue is short of one nor has it one too many."""
    assert len(CODES) > 25
    assert catalogue.keys() == CODES.keys() | DERIVED


def test_the_arguments_here_are_those_that_core_gives() -> None:
    """The table above follows the source."""
    given = {code: {word for named in places for word in named} for code, places in CODES.items()}
    assert {code: set(ARGS.get(code, {})) for code in CODES} == given


@pytest.mark.parametrize("catalogue", CATALOGUES)
@pytest.mark.parametrize("code", sorted(CODES))
def test_a_sentence_uses_only_what_it_is_given(code: str, catalogue: dict[str, str]) -> None:
    """Every placeholder of a sentence is an argument of its code, wherever that is given."""
    for key in (key for key in catalogue if key == code or (key in DERIVED and key.startswith(f"{code}_"))):
        used = {field for _, field, _, _ in string.Formatter().parse(catalogue[key]) if field is not None}
        more = {"list"} if key.endswith("_list") else set()
        assert all(used <= named | more for named in CODES[code]), key


@pytest.mark.parametrize("to_child", [False, True])
@pytest.mark.parametrize("code", sorted(CODES))
def test_every_reason_reads_as_a_sentence(code: str, *, to_child: bool) -> None:
    """With all arguments: one line, a capital, a full stop, no brace and no id in it, short, and without blame."""
    for said in said_of(code, to_child=to_child):
        assert (said[0].isupper() or said[0].isdigit(), said[-1], "\n" in said) == (True, ".", False), said
        assert not set("{}_") & set(said), said
        assert ": everything" not in said
        assert not [word for word in ("service:", "group:", "category:") if word in said]
        assert len(said) <= 120, said
        assert not [word for word in BLAME if word in said.lower()], said


def by_list(reason: Reason) -> Reason:
    """Return a reason that is only so because a list says so."""
    return Reason(reason.code, (*reason.args, ("list", "ours"), ("line", "12")))


def test_a_derived_sentence_is_reached() -> None:
    """Each case that has words of its own is told in them."""
    malware = by_list(Reason.of("malware", category="malware_phishing", band="6-9"))
    for catalogue, to_child in ((wording.ENGLISH, False), (wording.FOR_CHILD, True)):
        told = {said for code in CODES for said in said_of(code, to_child=to_child)}
        told.add(wording.sentence(malware, NAMES, to_child=to_child))
        for key in DERIVED:
            start = catalogue[key].partition("{")[0]
            assert any(said.startswith(start) for said in told), key


@pytest.mark.parametrize(
    ("what", "of", "expected", "to_child"),
    [
        ("everything", "day", "The time for today is used up.", "Your time for today is used up."),
        ("everything", "week", "The time for this week is used up.", "Your time for this week is used up."),
        ("service:youtube", "day", "The time for YouTube is used up.", "Your time for YouTube is used up."),
        (
            "service:youtube",
            "week",
            "The time for YouTube is used up for this week.",
            "Your time for YouTube is used up for this week.",
        ),
        ("service:chess", "day", "The time for Chess club is used up.", "Your time for Chess club is used up."),
        ("service:gone", "day", "The time for gone is used up.", "Your time for gone is used up."),
    ],
)
def test_a_budget_is_told_by_what_it_is_for(what: str, of: str, expected: str, to_child: str) -> None:
    """Everything is not named, and a week says so."""
    reason = Reason.of("budget", what=what, of=of)
    assert wording.sentence(reason, NAMES) == expected
    assert wording.sentence(reason, NAMES, to_child=True) == to_child


def test_a_pass_is_told_by_what_it_is_for() -> None:
    """A service, group or category by its name, a name as it is, and everything in a sentence of its own."""
    expected = {
        "everything": "A caregiver opened everything for a while.",
        "service:youtube": "Opened by a caregiver for a while: YouTube.",
        "category:forum": f"Opened by a caregiver for a while: {BOOK.categories['forum'].name}.",
        "example.com": "Opened by a caregiver for a while: example.com.",
    }
    assert {what: wording.sentence(Reason.of("grant", what=what), NAMES) for what in expected} == expected


@pytest.mark.parametrize("category", sorted(BOOK.categories))
def test_every_category_reads_by_its_name(category: str) -> None:
    """A reason names a category as the settings page does, never by its id."""
    said = wording.sentence(Reason.of("category_block", category=category, origin="6-9"), NAMES)
    assert said == f"Blocked at this age: {BOOK.categories[category].name}."


def test_names_of_what_there_is() -> None:
    """Things as budgets write them and tags of names; what has no name is itself, or nothing."""
    assert [NAMES.thing(what) for what in ("service:youtube", "service:chess", "category:forum", "a.example")] == [
        "YouTube",
        "Chess club",
        BOOK.categories["forum"].name,
        "a.example",
    ]
    group = next(iter(BOOK.groups))
    assert (NAMES.thing(f"group:{group}"), NAMES.thing("group:gone")) == (BOOK.groups[group], "gone")
    assert [NAMES.tag(tag) for tag in ("#service:youtube", "#service:gone", "forum", "#updates:tv")] == [
        "YouTube",
        None,
        BOOK.categories["forum"].name,
        None,
    ]


def test_who_said_it_makes_the_difference() -> None:
    """By age, by a caregiver, or because nobody named the device."""
    expected = {
        "6-9": "Blocked at this age: Gambling.",
        "person": "Blocked by a caregiver: Gambling.",
        "unknown": "Blocked on devices that nobody named yet: Gambling.",
    }
    found = {
        origin: wording.sentence(
            Reason.of("category_block", category="gambling", origin=origin), Names({"gambling": "Gambling"})
        )
        for origin in expected
    }
    assert found == expected


BY_LIST = [
    (
        Reason.of("malware", category="malware_phishing", band="6-9"),
        "This name is known for malware or phishing, by the list Our own.",
    ),
    (
        Reason.of("hard", category="gambling", band="6-9"),
        "Closed at this age: {gambling}, by the list Our own. Two caregivers together can lift it.",
    ),
    (Reason.of("bypass", category="bypass_vpn", route=""), "This would lead around the rules of this house: {vpn}."),
    (
        Reason.of("category_block", category="gambling", origin="13-15"),
        "Blocked at this age: {gambling}, by the list Our own.",
    ),
    (
        Reason.of("category_ask", category="gambling", origin="13-15"),
        "Open after asking a caregiver: {gambling}, by the list Our own.",
    ),
    (Reason.of("category_allow", category="gambling"), "Allowed: {gambling}, by the list Our own."),
]


@pytest.mark.parametrize(("reason", "expected"), BY_LIST, ids=[reason.code for reason, _ in BY_LIST])
def test_what_only_a_list_says_names_it_to_caregivers(reason: Reason, expected: str) -> None:
    """A child is told the same as without."""
    told = wording.sentence(by_list(reason), NAMES)
    gambling, vpn = BOOK.categories["gambling"].name, f"{BOOK.categories['bypass_vpn'].name}, by the list Our own"
    assert told == expected.format(gambling=gambling, vpn=vpn)
    assert told == wording.sentence(by_list(reason), NAMES, "xx")
    child = wording.sentence(by_list(reason), NAMES, to_child=True)
    assert child == wording.sentence(reason, NAMES, to_child=True)


def test_what_nobody_lifts_says_so() -> None:
    """No sentence promises that two caregivers could lift what nobody can."""
    for row in ROWS:
        said = wording.sentence(Reason.of("hard", category="csam", band=row), NAMES)
        assert ("nobody can lift it" in said, "Two caregivers" in said) == (True, False)
    for row, words in (("6-9", "Two caregivers together"), ("adult", "on every device")):
        assert words in wording.sentence(Reason.of("hard", category="stalkerware", band=row), NAMES)


def test_a_name_that_looks_like_something_else_stays_as_it_is() -> None:
    """A window called like a category, and braces in what people wrote, are their own words."""
    assert wording.sentence(Reason.of("window", window="education"), NAMES) == "It is education now."
    assert wording.sentence(Reason.of("window", window="{x} %s"), NAMES) == "It is {x} %s now."


def test_other_languages_are_told_in_english() -> None:
    """Until there is a catalogue for them."""
    for language in ("en", "de", "xx"):
        assert wording.sentence(Reason("pause"), NAMES, language) == "The Internet is paused."
        child = wording.sentence(Reason("pause"), NAMES, language, to_child=True)
        assert child == "The Internet is paused for now."


def test_an_unknown_code_is_no_fault() -> None:
    """A reason of a newer core reads as its code rather than not at all."""
    assert wording.sentence(Reason("brand_new"), NAMES) == "brand_new"


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


def ids_of_signs() -> Iterator[str]:
    """Yield the id of every sign that core makes, and of those that the bundled rules speak of."""
    for folder in ("signs", "flows"):
        for path in sorted((Path(policy.__file__).parent / folder).glob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            names = {
                target.id: node.value
                for node in tree.body
                if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
                for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                if isinstance(target, ast.Name)
            }
            for call in ast.walk(tree):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Sign":
                    yield from words_of(call.args[0], names)
    yield from (route.shows for route in rules.load_rulebook().routes.values() if route.shows)


def words_of(made: ast.expr, names: dict[str, ast.expr]) -> Iterator[str]:
    """Yield what an expression may be: a word, one of two, or one that stands above under a name."""
    if isinstance(made, ast.IfExp):
        yield from words_of(made.body, names)
        yield from words_of(made.orelse, names)
    else:
        found = names[made.id] if isinstance(made, ast.Name) else made
        assert isinstance(found, ast.Constant)
        yield str(found.value)


def test_every_sign_has_its_sentence() -> None:
    """Whatever shows it, and however sure it is; and there is none that nothing shows."""
    assert set(ids_of_signs()) == wording.SIGNS.keys()


@pytest.mark.parametrize("id_", sorted(wording.SIGNS.keys() | wording.HINTS.keys()))
def test_what_a_way_looks_like_stands_in_a_sentence(id_: str) -> None:
    """After “looked like”: a thing, without its full stop, in plain words; what has none is told by its id."""
    said = wording.way(id_)
    assert said == said.strip(". ") != id_
    assert not set("{}_") & set(said)
    assert wording.way("new_sign") == "new_sign"


@pytest.mark.parametrize("id_", sorted(wording.SIGNS))
def test_a_sign_reads_as_a_sentence_without_blame(id_: str) -> None:
    """One that is less sure says less."""
    said = [wording.told(Sign(id_, confidence)) for confidence in Confidence]
    assert len(set(said)) == len(Confidence)
    for one in said:
        assert one.startswith("This ")
        assert one.endswith(".")
        assert not {"cheat", "caught", "forbidden", "child"} & set(one.lower().split())


def test_a_sign_is_told_by_what_it_is_and_how_sure_that_is() -> None:
    """In any language; one that a newer core knows by its id."""
    assert wording.told(Sign("tinc", Confidence.STRONG)) == "This is very likely a VPN of the kind tinc."
    assert wording.told(Sign("tinc", Confidence.LIKELY), "de") == "This looks like a VPN of the kind tinc."
    assert wording.told(Sign("new", Confidence.WEAK)) == "This may be new; harmless things look like it too."
