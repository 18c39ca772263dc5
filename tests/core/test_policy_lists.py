"""What lists decide: the tenth step, the categories that they feed, and what no list closes."""

from typing import Any

import pytest

from appliance.core.device import Device, DeviceKind
from appliance.core.guesses import Label
from appliance.core.house import House, Unknown
from appliance.core.person import Mode, Person, Setting
from appliance.core.policy import Policy, category_of, decide, decide_address
from appliance.core.schedule import Window
from appliance.core.subscription import Subscription
from appliance.core.verdict import Action, Given, Lift, Reason, Step, Verdict
from appliance.core.visibility import Never
from appliance.core.wire import dns
from tests.core.builders import (
    AFTERNOON,
    AT,
    adult,
    child,
    device,
    grant,
    lifted,
    minutes_from_now,
    own,
    pause,
    policy_of,
    subject_of,
    told,
)  # fmt: skip
from tests.core.listings import allows, blocks, list_set, listed_policy

NEVER = Never(frozenset(), frozenset({"mental_health"}), frozenset({"stalkerware"}))
Texts = dict[Subscription, str]
BLOCK = ("block", "list", "list_block")
ALLOW = ("allow", "list", "list_allow")
REWRITE = ("rewrite", "list", "list_rewrite")
DEFAULT = ("allow", "default", "default_allow")
ADS = {blocks(): "||open.example^"}
BOTH = ADS | {allows(): "open.example"}
FORUM = {blocks("talk", category="forum"): "open.example"}
MALWARE = {blocks("bad", category="malware_phishing"): "open.example"}
PORN = {blocks("bad", category="pornography"): "open.example"}
SAFE_WINDOW = Window(name="Homework", start="14:00", end="16:00", internet=True, safe_search=True)


def decided(texts: Texts, name: str = "open.example", *, qtype: int = dns.A, **said: Any) -> Verdict:
    """Return what happens to a name that a child of 6-9 (or another person) asks for, on a device of a kind."""
    person = said.pop("person", child())
    kind = said.pop("on", None)
    label = said.pop("label", None)
    devices = () if kind is None else (device(kind, person.id),)
    compiled = listed_policy(texts, persons=(person,), devices=devices, **said)
    subject = compiled.by_person[person.id] if kind is None else compiled.of_device("thing")
    return decide(compiled, subject, name, label, AT, qtype=qtype)


def test_what_was_looked_up_is_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many names are kept with what lists say of them, and each time it is the same that is decided."""
    monkeypatch.setattr("appliance.core.policy.MAX_LOOKED_UP", 2)
    compiled = listed_policy(ADS)
    subject = compiled.by_person[child().id]
    asked = ["www.open.example", "open.example", "other.example"] * 2
    found = [decide(compiled, subject, name, None, AT).is_blocked for name in asked]
    assert found == [True, True, False] * 2
    assert len(compiled._hits) <= 2


STEPS: list[tuple[str, Texts, str, dict[str, Any], tuple[str, str, str]]] = [
    ("a list blocks", ADS, "www.open.example", {}, BLOCK),
    ("and no other name", ADS, "other.example", {}, DEFAULT),
    ("a list that opens goes first", BOTH, "open.example", {}, ALLOW),
    ("also before what is important", {blocks(): "||open.example^$important"} | {allows(): "open.example"},
     "open.example", {}, ALLOW),
    ("an exception of the list itself", {blocks(): "||example^\n@@||open.example^"}, "open.example", {}, ALLOW),
    ("a list of another person", {blocks(persons=("alex",)): "open.example"}, "open.example",
     {"person": child()}, DEFAULT),
    ("a list of one person", {blocks(persons=("kim",)): "open.example"}, "open.example", {}, BLOCK),
    ("a list that is off", {blocks(on=False): "open.example"}, "open.example", {}, DEFAULT),
    ("an adult", ADS, "open.example", {"person": adult()}, DEFAULT),
    ("an adult who wants it", {blocks(persons=("alex",)): "open.example"}, "open.example", {"person": adult()}, BLOCK),
    ("a child's device that is an adult's", ADS, "open.example", {"on": DeviceKind.ADULT}, DEFAULT),
    ("a managed device", ADS, "open.example", {"on": DeviceKind.MANAGED}, BLOCK),
    # what goes before
    ("a help line", {blocks(): "help.example"}, "help.example", {}, ("allow", "help", "help")),
    ("infrastructure", {blocks(): "time.example"}, "time.example", {}, ("allow", "infrastructure", "infrastructure")),
    ("protected information", {blocks(): "mind.example"}, "mind.example", {}, ("allow", "protected", "protected")),
    ("protected information where the band does not protect it", {blocks(): "talk.example"}, "talk.example",
     {"person": child("0-5", unknown_names=Mode.OPEN)}, ("allow", "category", "category_allow")),
    ("an own rule", ADS, "open.example", {"person": child(rules=(own("open.example", "allow"),))},
     ("allow", "own", "own_allow")),
    ("an own block", {allows(): "open.example"}, "open.example",
     {"person": child(rules=(own("open.example", "block"),))}, ("block", "own", "own_block")),
    ("a pass", ADS, "open.example", {"grants": (grant(name="open.example"),)}, ("allow", "word", "grant")),
    ("a pause", {allows(): "open.example"}, "open.example", {"pauses": (pause(),)}, ("block", "word", "pause")),
    ("bedtime", {allows(): "open.example"}, "open.example", {"person": child(windows=(AFTERNOON,))},
     ("block", "time", "window")),
    ("malware", {allows(): "malware.example"}, "malware.example", {}, ("block", "hard", "malware")),
    ("a way around", {allows(): "vpn.example"}, "vpn.example", {}, ("block", "bypass", "bypass")),
    ("a category that is closed", {allows(): "tracker.example"}, "tracker.example", {},
     ("block", "category", "category_block")),
    ("a category that a caregiver opened", {blocks(): "school.example"}, "school.example",
     {"person": child(categories={"education": Setting.ALLOW})}, ("allow", "category", "category_allow")),
    # what comes after
    ("a category that the band opens", {blocks(): "school.example"}, "school.example", {}, BLOCK),
    ("the classifier", ADS, "open.example", {"label": Label("pornography", 1.0)}, BLOCK),
    ("the classifier of what lists open", {allows(): "open.example"}, "open.example",
     {"label": Label("pornography", 1.0)}, ALLOW),
    ("the classifier of what they don't know", ADS, "new.example", {"label": Label("pornography", 1.0)},
     ("ask", "classifier", "classifier")),
    ("an allow-list's child", {allows(): "open.example"}, "open.example", {"person": child("0-5")}, ALLOW),
    ("an exception is no allow-list", {blocks(): "||example^\n@@||open.example^"}, "open.example",
     {"person": child("0-5")}, ("block", "default", "default_block")),
    ("nor does it keep from asking", {blocks(): "||example^\n@@||open.example^"}, "open.example",
     {"person": child(unknown_names=Mode.ASK)}, ("ask", "default", "default_ask")),
    # categories
    ("a category that a list feeds", FORUM, "open.example", {}, ("ask", "category", "category_ask")),
    ("for a band that may", FORUM, "open.example", {"person": child("16-17")}, ("allow", "category", "category_allow")),
    ("malware for a child", MALWARE, "open.example", {}, ("block", "hard", "malware")),
    ("malware for an adult", MALWARE, "open.example", {"person": adult()}, ("block", "hard", "malware")),
    ("malware on a managed device", MALWARE, "open.example", {"on": DeviceKind.MANAGED}, ("block", "hard", "malware")),
    ("malware that an owner opened", MALWARE, "open.example", {"lifted": (lifted(name="open.example"),)},
     ("allow", "category", "category_allow")),
    ("what is hard for the band", PORN, "open.example", {}, ("block", "hard", "hard")),
    ("and goes before a pass", PORN, "open.example", {"grants": (grant(),)}, ("block", "hard", "hard")),
    ("what is closed for the band", PORN, "open.example", {"person": child("13-15")},
     ("block", "category", "category_block")),
    ("and open to an adult", PORN, "open.example", {"person": adult()}, ("allow", "category", "category_allow")),
    ("a way around that a list knows", {blocks("w", category="bypass_vpn"): "open.example"}, "open.example", {},
     ("block", "bypass", "bypass")),
    ("and none on a managed device", {blocks("w", category="bypass_vpn"): "open.example"}, "open.example",
     {"on": DeviceKind.MANAGED}, DEFAULT),
    ("a category of one person", {blocks("t", category="forum", persons=("alex",)): "open.example"}, "open.example",
     {}, DEFAULT),
    ("a category that a list opens closes no name", FORUM | {allows("ok", category="forum"): "open.example"},
     "open.example", {}, DEFAULT),
    ("and the box's own stays", {allows("ok", category="forum"): "forum.example"}, "forum.example", {},
     ("ask", "category", "category_ask")),
    ("no list that opens opens a category that another feeds", FORUM | {allows(): "open.example"}, "open.example", {},
     ("ask", "category", "category_ask")),
    ("an own rule opens it", FORUM, "open.example", {"person": child(rules=(own("open.example", "allow"),))},
     ("allow", "own", "own_allow")),
    ("a help line in a category", {blocks("t", category="malware_phishing"): "help.example"}, "help.example", {},
     ("allow", "help", "help")),
    ("infrastructure in a category", {blocks("t", category="malware_phishing"): "time.example"}, "time.example", {},
     ("allow", "infrastructure", "infrastructure")),
    ("protected information in a hard category", {blocks("t", category="malware_phishing"): "mind.example"},
     "mind.example", {}, ("allow", "protected", "protected")),
    ("a small child's allow-list gets what a list says is for learning",
     {blocks("t", category="education"): "open.example"}, "open.example", {"person": child("0-5")},
     ("allow", "category", "category_allow")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "name", "said", "expected"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS]
)
def test_lists_have_their_place_in_the_order(
    texts: Texts, name: str, said: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    """After categories and before the classifier; and by the category that they feed."""
    assert told(decided(texts, name, **said)) == expected


def test_a_block_says_which_list_and_line() -> None:
    """One caregiver lifts it; nothing is counted."""
    assert decided({blocks(): "# ads\n\n||open.example^"}) == Verdict(
        Action.BLOCK, Step.LIST, Reason.of("list_block", list="ads", line="3"), lift=Lift.ONE
    )


def test_an_allow_list_does_not_stop_the_clock() -> None:
    """A timed name that a list allows is counted all the same."""
    verdict = decided({allows(): "#\ngames.example"}, "games.example")
    assert (verdict.counted, verdict.reason) == (True, Reason.of("list_allow", list="ours", line="2"))


def test_of_two_lists_the_first_of_the_house_is_the_reason() -> None:
    """The same question has the same reason every time."""
    verdict = decided({blocks("b"): "open.example", blocks("a"): "open.example"})
    assert Reason.of("list_block", list="b", line="1") == verdict.reason


BY_LIST: list[tuple[Texts, dict[str, Any], Reason]] = [
    (MALWARE, {}, Reason.of("malware", category="malware_phishing", band="6-9", list="bad", line="1")),
    (PORN, {}, Reason.of("hard", category="pornography", band="6-9", list="bad", line="1")),
    (FORUM, {}, Reason.of("category_ask", category="forum", origin="6-9", list="talk", line="1")),
    (FORUM, {"person": child("16-17")}, Reason.of("category_allow", category="forum", list="talk", line="1")),
    (
        {blocks("w", category="bypass_vpn"): "#\nopen.example"},
        {},
        Reason.of("bypass", category="bypass_vpn", route="", list="w", line="2"),
    ),
]


@pytest.mark.parametrize(("texts", "said", "expected"), BY_LIST)
def test_what_only_a_list_says_names_it(texts: Texts, said: dict[str, Any], expected: Reason) -> None:
    """Whichever step decides by it."""
    assert decided(texts, **said).reason == expected


@pytest.mark.parametrize(
    ("category", "name", "expected"),
    [
        ("forum", "forum.example", Reason.of("category_ask", category="forum", origin="6-9")),
        ("bypass_dns", "vpn.example", Reason.of("bypass", category="bypass_vpn", route="vpn")),
        ("social_media", "tracker.example", Reason.of("category_block", category="trackers_ads", origin="6-9")),
        ("pornography", "malware.example", Reason.of("malware", category="malware_phishing", band="6-9")),
    ],
)
def test_what_the_box_says_as_well_is_the_box_s(category: str, name: str, expected: Reason) -> None:
    """A list that says no more than the rules do, or something as strict, is not the reason."""
    assert decided({blocks("l", category=category): name}, name).reason == expected


ANSWERS: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
    ("192.0.2.9 open.example", {}, (REWRITE, None, Given(0, ("192.0.2.9",)))),
    ("192.0.2.9 open.example", {"qtype": dns.AAAA}, (REWRITE, None, Given(0, ()))),
    ("192.0.2.9 open.example", {"on": DeviceKind.MANAGED}, (DEFAULT, None, None)),
    ("192.0.2.9 open.example", {"person": child("0-5")}, (REWRITE, None, Given(0, ("192.0.2.9",)))),
    ("||open.example^$dnsrewrite=www.school.example", {}, (REWRITE, "www.school.example", None)),
    ("||open.example^$dnsrewrite=NXDOMAIN", {}, (BLOCK, None, Given(3, ()))),
    ("||open.example^$dnsrewrite=NXDOMAIN", {"on": DeviceKind.MANAGED}, (BLOCK, None, None)),
    ("||open.example^$dnstype=AAAA", {}, (DEFAULT, None, None)),
    ("||open.example^$dnstype=AAAA", {"qtype": dns.AAAA}, (BLOCK, None, None)),
    ("||open.example^$ctag=user_child", {}, (BLOCK, None, None)),
    ("||open.example^$ctag=user_child", {"on": DeviceKind.ADULT}, (DEFAULT, None, None)),
    ("||open.example^$ctag=device_tv", {"on": DeviceKind.PHONE}, (DEFAULT, None, None)),
    ("||open.example^$ctag=device_tv", {"on": DeviceKind.TV}, (BLOCK, None, None)),
    ("||open.example^$client=thing", {}, (DEFAULT, None, None)),
    ("||open.example^$client=thing", {"on": DeviceKind.PHONE}, (BLOCK, None, None)),
    ("||open.example^$client=~Kim", {}, (DEFAULT, None, None)),
]


@pytest.mark.parametrize(("text", "said", "expected"), ANSWERS)
def test_rules_of_lists_with_more_to_them(text: str, said: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """Answers of their own, types of questions, clients and what they are."""
    verdict = decided({blocks(): text}, **said)
    assert (told(verdict), verdict.target, verdict.rewrite) == expected


def test_a_safe_mode_goes_before_a_list_s_answer() -> None:
    """Whether it is always on or only in a window; where it is off the list answers."""
    texts = {blocks(): "192.0.2.9 www.search.example\n192.0.2.9 www.soft.example\n||www.video.example^"}
    verdict = decided(texts, "www.search.example")
    assert (told(verdict), verdict.target) == (("rewrite", "category", "category_allow"), "safe.search.example")
    assert told(decided(texts, "www.search.example", person=child("16-17"))) == REWRITE
    assert told(decided(texts, "www.soft.example")) == REWRITE
    verdict = decided(texts, "www.soft.example", person=child(windows=(SAFE_WINDOW,)))
    assert (verdict.target, verdict.rewrite) == ("moderate.soft.example", None)
    assert told(decided(texts, "www.video.example")) == BLOCK


@pytest.mark.parametrize(
    ("choice", "name", "expected"),
    [
        (Unknown.FILTERED.value, "open.example", BLOCK),
        (Unknown.FILTERED.value, "bad.example", ("block", "category", "category_block")),
        (Unknown.CLOSED.value, "bad.example", ("block", "category", "closed")),
        (Unknown.CLOSED.value, "open.example", BLOCK),
        ("13-15", "good.example", ALLOW),
        (Unknown.CLOSED.value, "good.example", ALLOW),
    ],
)
def test_devices_that_nobody_named_have_the_house_s_lists(
    choice: str, name: str, expected: tuple[str, str, str]
) -> None:
    """Whatever the house chose for them."""
    texts = ADS | {blocks("bad", category="pornography"): "bad.example", allows(): "good.example"}
    compiled = listed_policy(texts, unknown_devices=choice)
    assert told(decide(compiled, compiled.of_device(None), name, None, AT)) == expected


def devices_of(kinds: str) -> tuple[Device, ...]:
    """Return a device of Kim's of each kind, called by its kind."""
    return tuple(
        Device(id=kind, macs=(f"02:00:00:00:00:0{number}",), person="kim", kind=DeviceKind(kind))
        for number, kind in enumerate(kinds.split())
    )


def test_devices_of_a_person_are_one_unless_a_rule_tells_them_apart() -> None:
    """By name or by kind; the memory of their replies is by the same key."""
    devices = devices_of("phone tablet laptop")
    same = listed_policy(ADS, devices=devices)
    assert same.of_device("phone") is same.of_device("tablet") is same.of_device("laptop")
    apart = listed_policy({blocks(): "||open.example^$client=phone\n||x.example^$ctag=device_pc"}, devices=devices)
    keys = {device_: apart.of_device(device_).key for device_ in ("phone", "tablet", "laptop")}
    assert keys == {
        "phone": "person:kim:|phone",
        "tablet": "person:kim:",
        "laptop": "person:kim:|device_pc",
    }
    assert told(decide(apart, apart.of_device("phone"), "open.example", None, AT)) == BLOCK
    assert told(decide(apart, apart.of_device("tablet"), "open.example", None, AT)) == DEFAULT
    assert listed_policy({blocks(): "||open.example^$client=kim"}).by_person["kim"].key == "person:kim:|kim"


def test_a_house_whose_lists_are_not_here_is_decided_without() -> None:
    """Lists that never came say nothing."""
    house = House(persons=(child(),), lists=(blocks(),))
    compiled = policy_of(house)
    assert told(decide(compiled, subject_of(compiled), "open.example", None, AT)) == DEFAULT
    compiled = policy_of(house, lists=list_set([blocks("other")], {"other": "open.example"}))
    assert told(decide(compiled, subject_of(compiled), "open.example", None, AT)) == DEFAULT


def test_tags_of_a_name_are_what_lists_say_too() -> None:
    """For who is asked about, and never of what is protected."""
    text = "open.example\nforum.example\nmind.example\nhelp.example\ntime.example"
    compiled = listed_policy({blocks("bad", category="malware_phishing"): text})
    subject = subject_of(compiled)
    assert compiled.tags("open.example") == frozenset()
    assert compiled.tags("open.example", subject) == {"malware_phishing"}
    assert compiled.tags("forum.example", subject) == {"forum", "malware_phishing"}
    for name in ("mind.example", "help.example", "time.example", "other.example"):
        assert compiled.tags(name, subject) == compiled.tags(name)
    assert [compiled.is_protected(name) for name in ("mind.example", "help.example", "time.example")] == [True] * 3
    assert [compiled.is_protected(name) for name in ("open.example", "forum.example")] == [False] * 2


def test_a_name_is_counted_by_the_category_that_a_list_gave() -> None:
    """Blocked or open; a block by a list without one as what the name is."""
    compiled = listed_policy({blocks("games", category="browser_games"): "open.example", blocks(): "video.example"})
    subject = subject_of(compiled)

    def counted_as(name: str) -> str:
        verdict = decide(compiled, subject, name, None, AT)
        return category_of(compiled, subject, compiled.tags(name, subject), verdict)

    assert [counted_as(name) for name in ("open.example", "video.example", "new.example")] == [
        "browser_games",
        "video_sharing",
        "unclassified",
    ]
    assert decide(compiled, subject, "open.example", None, AT).counted


def test_a_list_s_block_ends_with_the_next_change() -> None:
    """As every other verdict."""
    rule = own("open.example", "allow", minutes_from_now(5))
    verdict = decided(ADS, "www2.open.example", person=child(rules=(rule,)))
    assert told(verdict) == ("allow", "own", "own_allow")
    verdict = decided(ADS, "open.example", person=child(rules=(own("x.example", "allow", minutes_from_now(5)),)))
    assert (told(verdict), verdict.until) == (BLOCK, AT + 300)


def address_policy(persons: tuple[Person, ...] = (child(),)) -> Policy:
    """Return a policy with lists that speak of addresses."""
    texts = {
        blocks(): "192.0.2.66\n/^192/\n192.0.2.9 192.0.2.67",
        allows(): "192.0.2.70",
        blocks("bad", category="malware_phishing"): "192.0.2.68\n2001:db8::1",
        blocks("ways", category="bypass_vpn"): "192.0.2.69",
        blocks("talk", category="forum"): "192.0.2.71",
        blocks("more"): "192.0.2.70",
        blocks("play", category="browser_games"): "192.0.2.72",
    }
    return listed_policy(texts, persons=persons)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.66", BLOCK),
        ("192.0.2.68", ("block", "hard", "malware")),
        ("2001:db8::1", ("block", "hard", "malware")),
        ("192.0.2.69", ("block", "bypass", "bypass")),
        ("192.0.2.71", ("ask", "category", "category_ask")),
        ("192.0.2.70", None),
        ("192.0.2.72", None),
        ("192.0.2.1", None),
    ],
)
def test_an_address_is_decided_by_lists_alone(address: str, expected: tuple[str, str, str] | None) -> None:
    """Those that name it; a pattern that happens to be found in it is none."""
    compiled = address_policy()
    found = decide_address(compiled, subject_of(compiled), address, dns.A, AT)
    assert (found and told(found)) == expected


def test_an_address_is_nobody_s_business_without_lists() -> None:
    """Where there are none, or none for who asks."""
    compiled = policy_of(House(persons=(child(),)))
    assert decide_address(compiled, subject_of(compiled), "192.0.2.66", dns.A, AT) is None
    compiled = listed_policy({blocks(): "192.0.2.66"}, persons=(adult(),))
    assert decide_address(compiled, subject_of(compiled), "192.0.2.66", dns.A, AT) is None


def test_a_list_may_be_called_as_a_category_is() -> None:
    """What it closes is neither silent nor the child's alone for that."""
    for id_ in ("mental_health", "stalkerware"):
        verdict = decided({blocks(id_): "open.example"})
        assert verdict.reason.args[0] == ("list", id_)
        assert not NEVER.is_silent(verdict)
        assert not NEVER.is_own(verdict)
