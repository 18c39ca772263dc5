"""What the steps know of one question: terms by category or service, what was lifted, what a window means by it."""

from typing import Any

import pytest

from appliance.core.budget import NOT_COUNTED, Budget, Minutes
from appliance.core.case import Case, most_open, strictest
from appliance.core.domainset import Entry
from appliance.core.house import House
from appliance.core.listing import Listed
from appliance.core.lists.rule import Hit
from appliance.core.person import Person, Setting
from appliance.core.said import Things
from appliance.core.verdict import TERMS, Action, Letter, Strictness
from tests.core.builders import AFTERNOON, AT, RULES, SHARED, child, counted, lifted, policy_of, subject_of


def case_of(name: str, person: Person, *extra: Entry, at: float = AT, **said: Any) -> Case:
    """Return the case of a name that a child asks for."""
    policy = policy_of(House(persons=(person,), **said), extra)
    return Case.of(RULES, NOT_COUNTED, subject_of(policy), name, policy.tags(name), at)


def test_a_case_has_the_name_and_all_above() -> None:
    """The longest first; and the windows that are open."""
    case = case_of("www.open.example", child(windows=(AFTERNOON,)))
    assert case.above == ("www.open.example", "open.example", "example")
    assert [one.window.name for one in case.openings] == ["Homework"]
    assert case_of("open.example", child()).openings == ()


CATEGORIES = [
    (["forum"], "forum", Strictness.ASK, False),
    (["forum", "trackers_ads"], "trackers_ads", Strictness.BLOCK, False),
    (["education", "forum"], "forum", Strictness.ASK, False),
    (["education", "browser_games"], "browser_games", Strictness.ALLOW, True),
    (["browser_games", "forum"], "forum", Strictness.ASK, True),
    (["video_sharing", "search_safe", "browser_games"], "video_sharing", Strictness.ALLOW, True),
    (["bypass_vpn"], None, Strictness.ALLOW, False),
    (["bypass_vpn", "education"], "education", Strictness.ALLOW, False),
    (["pornography"], "pornography", Strictness.ALLOW, False),
    (["pornography", "forum"], "forum", Strictness.ASK, False),
    (["#service:chat", "#updates:tv"], None, Strictness.ALLOW, False),
    ([], None, Strictness.ALLOW, False),
]


@pytest.mark.parametrize(("tags", "category", "strictness", "is_counted"), CATEGORIES)
def test_of_categories_the_strictest_gives_the_terms(
    tags: list[str], category: str | None, strictness: Strictness, *, is_counted: bool
) -> None:
    """What counts adds up; ways around are another step's, and what is hard and comes so far was lifted."""
    subject = subject_of(policy_of(House(persons=(child(),))))
    terms, found = strictest(RULES, subject, frozenset(tags))
    assert (found, terms.strictness, terms.counted) == (category, strictness, is_counted)


def test_a_way_around_that_is_open_is_a_category() -> None:
    """As any other."""
    subject = subject_of(policy_of(House(persons=(child(categories={"bypass_vpn": Setting.TIMED}),))))
    assert strictest(RULES, subject, frozenset({"bypass_vpn"})) == (TERMS[Letter.T], "bypass_vpn")


@pytest.mark.parametrize(
    ("chat", "gossip", "expected"),
    [
        (Setting.BLOCK, Setting.ALLOW, "gossip"),
        (Setting.ALLOW, Setting.TIMED, "chat"),
        (Setting.ASK, Setting.TIMED, "gossip"),
        (Setting.ASK, Setting.BLOCK, "chat"),
        (Setting.ASK, Setting.ASK, "chat"),
    ],
)
def test_of_services_the_most_open_gives_the_terms(chat: Setting, gossip: Setting, expected: str) -> None:
    """Of equals the first by its id."""
    case = case_of(SHARED, child(services={"chat": chat, "gossip": gossip}))
    assert case.service == f"#service:{expected}"
    assert case.terms == TERMS[case.subject.services[case.service]]
    assert case.category == "social_media"


def test_without_a_set_service_there_is_none() -> None:
    """Though the name has some."""
    case = case_of(SHARED, child())
    assert (case.service, most_open(case.subject, case.tags)) == (None, None)
    assert (case.terms.action, case.category) == (Action.BLOCK, "social_media")


def test_what_was_lifted_is_letter_a() -> None:
    """While it is; all else keeps its own."""
    case = case_of("porn.example", child(), lifted=(lifted(until=10),))
    assert (set(case.lifted), case.letter("pornography"), case.letter("csam")) == ({"pornography"}, Letter.A, Letter.H)
    later = case_of("porn.example", child(), lifted=(lifted(until=10),), at=AT + 600)
    assert (later.lifted, later.letter("pornography")) == (frozenset(), Letter.H)
    assert later.letter("no such category") is Letter.A


def test_information_is_what_the_band_protects() -> None:
    """The first by its id; none where the band has another letter."""
    both = Entry("mind.example", "drugs_help")
    assert case_of("mind.example", child(), both).information == "drugs_help"
    assert case_of("mind.example", child("0-5"), both).information == "mental_health"
    assert case_of("talk.example", child("0-5")).information is None
    assert case_of("open.example", child()).information is None


def test_what_counts_now() -> None:
    """And what doesn't: always on, uncounted, in a window that isn't counted."""
    person = child(always_on=Things(names=("a.games.example",)), uncounted=Things(names=("b.games.example",)))
    found = {name: case_of(f"{name}.games.example", person) for name in ("a", "b", "c")}
    assert {name: (one.is_always_on, one.is_uncounted, one.is_counted) for name, one in found.items()} == {
        "a": (True, True, False),
        "b": (False, True, False),
        "c": (False, False, True),
    }


def test_spent_is_the_first_that_is() -> None:
    """Of those about this name; none where nothing is counted now."""
    tube, daily = Budget(what="service:tube", minutes=9), Budget(minutes=9, week=20)
    policy = policy_of(House(persons=(child(budgets=(tube, daily)),)))

    def spent(name: str, minutes: Minutes) -> tuple[Budget, str] | None:
        case = Case.of(RULES, minutes, subject_of(policy), name, policy.tags(name), AT)
        return case.spent()

    assert spent("tube.example", counted(service_tube=9, everything=9)) == (tube, "day")
    assert spent("tube.example", counted(service_tube=8, everything=9)) == (daily, "day")
    assert spent("clips.example", counted(service_tube=9, everything=8)) is None
    assert spent("school.example", counted(everything=9)) is None


def test_of_equals_what_only_a_list_says_comes_last() -> None:
    """Of several that are as strict the one that the rules name gives the terms; a stricter one all the same."""
    subject = subject_of(policy_of(House(persons=(child(),))))
    tags = frozenset({"social_media", "trackers_ads"})
    assert strictest(RULES, subject, tags)[1] == "social_media"
    assert strictest(RULES, subject, tags, {"social_media"})[1] == "trackers_ads"
    assert strictest(RULES, subject, tags, tags)[1] == "social_media"
    assert strictest(RULES, subject, frozenset({"forum", "trackers_ads"}), {"trackers_ads"})[1] == "trackers_ads"


def test_which_list_alone_says_what_a_name_is() -> None:
    """The list and its line; nothing of a category that no list gave."""
    policy = policy_of(House(persons=(child(),)))
    fed = {"forum": Hit("boards", 7, is_allow=False)}
    case = Case.of(RULES, NOT_COUNTED, subject_of(policy), "a.example", frozenset(fed), AT, Listed(fed=fed))
    assert case.by_list("forum") == (("list", "boards"), ("line", "7"))
    assert case.by_list("social_media") == ()
    assert case_of("forum.example", child()).by_list("forum") == ()
