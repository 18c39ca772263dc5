"""Which lists of a house reach whom, by which words their rules mean a device, and what their lines come to."""

from typing import Any

import pytest

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.listing import ADULT_TAG, CHILD_TAG, DEVICE_TAGS, NO_LISTS, NOTHING, Reach, listed, reach_of
from appliance.core.lists.rule import Did
from appliance.core.person import Person
from appliance.core.subscription import Subscription
from appliance.core.wire import dns
from tests.core.builders import adult, child, device
from tests.core.listings import allows, blocks, list_set

MAX = Person(id="max", name="Max", band="13-15")
LISTS: tuple[Subscription, ...] = (
    blocks("house"),
    allows("open"),
    blocks("kind", category="forum"),
    allows("unkind", category="forum"),
    blocks("kims", persons=("kim",)),
    blocks("kims-kind", category="gambling", persons=("kim",)),
    blocks("alexs", persons=("alex", "max")),
    blocks("off", on=False),
    blocks("away"),
)
SET = list_set([one for one in LISTS if one.id != "away"], {one.id: "a.example" for one in LISTS})
EVERYBODYS = {"kind", "unkind"}
REACHES: list[tuple[str, Person | None, bool, set[str]]] = [
    ("a child", child(), False, {"house", "open", *EVERYBODYS, "kims", "kims-kind"}),
    ("another child", MAX, False, {"house", "open", *EVERYBODYS, "alexs"}),
    ("an adult", adult(), True, {*EVERYBODYS, "alexs"}),
    ("a child's device that is an adult's", child(), True, {*EVERYBODYS, "kims", "kims-kind"}),
    ("a device that nobody named", None, False, {"house", "open", *EVERYBODYS}),
    ("an adult's device that is nobody's", None, True, EVERYBODYS),
]


def reached(person: Person | None, device: Device | None = None, *, is_adult: bool = False) -> Reach:
    """Return which of the lists above reach somebody."""
    return reach_of(House(lists=LISTS), SET, person, device, is_adult=is_adult)


@pytest.mark.parametrize(
    ("person", "is_adult", "expected"), [row[1:] for row in REACHES], ids=[row[0] for row in REACHES]
)
def test_whom_a_list_reaches(person: Person | None, is_adult: bool, expected: set[str]) -> None:
    """Its persons; without any all children and strangers, and with a category everybody. Not what is off or away."""
    found = reached(person, is_adult=is_adult)
    assert found.plain | found.feeds.keys() == expected
    assert found.opening == expected & {"open", "unkind"}
    assert {id_: found.feeds[id_] for id_ in found.feeds} == {
        id_: category
        for id_, category in {"kind": "forum", "unkind": "forum", "kims-kind": "gambling"}.items()
        if id_ in expected
    }


def test_without_lists_nothing_reaches_anybody() -> None:
    """Where there is no file of lists, or none of it is for somebody."""
    assert reach_of(House(lists=LISTS), None, child(), None, is_adult=False) is NO_LISTS
    assert reach_of(House(lists=LISTS[4:5]), SET, MAX, None, is_adult=False) is NO_LISTS
    assert (bool(NO_LISTS), NO_LISTS.key) == (False, "")
    assert (bool(Reach(plain=frozenset("a"))), bool(Reach(feeds={"a": "forum"}))) == (True, True)


CLIENTS = (
    "kim kims-tablet thing 02:00:00:00:00:01 02-00-00-00-00-01 192.0.2.7 192.0.2.0/28 192.0.2.99/24 2001:db8::/64"
    " other 192.0.2.8 10.0.0.0/8 02:00:00:00:00:02 300.1.1.1"
)
MEANT: list[tuple[str, Person | None, Device | None, set[str]]] = [
    ("a person by id or name", child(), None, {"kim"}),
    (
        "a device by id, name, MAC, address and network",
        MAX,
        Device(
            id="thing", name="Kims-Tablet", macs=("02:00:00:00:00:01",), addresses=("192.0.2.7", "2001:db8::7")
        ),
        {
            "kims-tablet", "thing", "02:00:00:00:00:01", "02-00-00-00-00-01", "192.0.2.7", "192.0.2.0/28",
            "192.0.2.99/24", "2001:db8::/64",
        },
    ),
    ("neither", None, None, set()),
]  # fmt: skip


@pytest.mark.parametrize(("person", "on", "expected"), [row[1:] for row in MEANT], ids=[row[0] for row in MEANT])
def test_by_which_words_a_rule_means_somebody(person: Person | None, on: Device | None, expected: set[str]) -> None:
    """Only words that rules have, as they have them."""
    words = "|".join(CLIENTS.split())
    made = list_set([blocks()], {"ads": f"||a.example^$client={words}"})
    found = reach_of(House(lists=(blocks(),)), made, person, on, is_adult=False)
    assert found.clients == expected
    assert found.key == " ".join(sorted(expected))


TAGS: list[tuple[Person | None, DeviceKind | None, bool, set[str]]] = [
    (child(), None, False, {CHILD_TAG}),
    (child(), DeviceKind.PHONE, False, {CHILD_TAG, "device_phone"}),
    (child(), DeviceKind.TABLET, False, {CHILD_TAG, "device_tablet"}),
    (child(), DeviceKind.LAPTOP, False, {CHILD_TAG, "device_laptop", "device_pc"}),
    (child(), DeviceKind.MANAGED, False, {CHILD_TAG}),
    (adult(), DeviceKind.ADULT, True, {ADULT_TAG}),
    (None, DeviceKind.CONSOLE, False, {"device_gameconsole"}),
    (None, DeviceKind.TV, False, {"device_tv"}),
    (None, DeviceKind.IOT, False, {"device_other"}),
    (None, None, False, set()),
]


@pytest.mark.parametrize(("person", "kind", "is_adult", "expected"), TAGS)
def test_which_tags_somebody_has(
    person: Person | None,
    kind: DeviceKind | None,
    is_adult: bool,
    expected: set[str],
) -> None:
    """Only those that some rule asks for: where none does, devices are decided alike."""
    on = device(kind) if kind is not None else None
    tags = {CHILD_TAG, ADULT_TAG, *(tag for of_kind in DEVICE_TAGS.values() for tag in of_kind)}
    made = list_set([blocks("alexs", persons=("alex",)), blocks()], {
        "alexs": f"||a.example^$ctag={'|'.join(sorted(tags - {'device_tv'}))}", "ads": "||a.example^$ctag=~device_tv"
    })  # fmt: skip
    lists = (blocks("alexs", category="forum"),)
    assert reach_of(House(lists=lists), made, person, on, is_adult=is_adult).tags == expected
    none = list_set([blocks("alexs")], {"alexs": "a.example"})
    assert reach_of(House(lists=lists), none, person, on, is_adult=is_adult).tags == set()


def outcome(texts: dict[Subscription, str], name: str, *, may_rewrite: bool = True, qtype: int = dns.A) -> Any:
    """Return what lists come to for a child: (what, list, line, rcode, cname, values), or None."""
    made = list_set(texts, {one.id: text for one, text in texts.items()})
    reach = reach_of(House(lists=tuple(texts)), made, child(), None, is_adult=False)
    found = listed(made.find(name), reach, name, qtype).outcome(may_rewrite=may_rewrite)
    return found and (found.did, found.hit.list, found.hit.line, found.rcode, found.cname, found.values)


REWRITES = """\
192.0.2.9 host.example
||leads.example^$dnsrewrite=www.school.example
||nowhere.example^$dnsrewrite=0.0.0.0
||here.example^$dnsrewrite=NOERROR;AAAA;::1
||gone.example^$dnsrewrite=NXDOMAIN
||bare.example^$dnsrewrite=NOERROR
||both.example^$dnsrewrite=192.0.2.9
||both.example^
"""
OUTCOMES: list[tuple[str, bool, Any]] = [
    ("host.example", True, (Did.REWRITE, "ads", 1, 0, None, ("192.0.2.9",))),
    ("host.example", False, None),
    ("leads.example", True, (Did.REWRITE, "ads", 2, 0, "www.school.example", None)),
    ("leads.example", False, None),
    ("nowhere.example", True, (Did.BLOCK, "ads", 3, 0, None, ("0.0.0.0",))),
    ("nowhere.example", False, (Did.BLOCK, "ads", 3, 0, None, ("0.0.0.0",))),
    ("here.example", True, (Did.BLOCK, "ads", 4, 0, None, ())),
    ("gone.example", True, (Did.BLOCK, "ads", 5, 3, None, ())),
    ("bare.example", True, (Did.BLOCK, "ads", 6, 0, None, ())),
    ("both.example", True, (Did.REWRITE, "ads", 7, 0, None, ("192.0.2.9",))),
    ("both.example", False, (Did.BLOCK, "ads", 8, 0, None, None)),
]


@pytest.mark.parametrize(("name", "may_rewrite", "expected"), OUTCOMES)
def test_an_answer_that_leads_nowhere_is_a_block(name: str, may_rewrite: bool, expected: Any) -> None:
    """One that leads elsewhere is given where it may be; where not, the rest of the lines decide."""
    assert outcome({blocks(): REWRITES}, name, may_rewrite=may_rewrite) == expected


def test_nothing_comes_to_nothing() -> None:
    """No line, none that is meant, or only some that say what belongs to a category."""
    assert NOTHING.outcome(may_rewrite=True) is None
    assert outcome({blocks(): "||b.example^"}, "a.example") is None
    assert outcome({blocks(): "||a.example^$client=other"}, "a.example") is None
    assert outcome({blocks(): "||a.example^", blocks("max", persons=("max",)): "||a.example^"}, "b.example") is None
    assert outcome({blocks(category="forum"): "a.example"}, "a.example") is None
    assert outcome({blocks("max", persons=("max",)): "a.example", allows(): "b.example"}, "a.example") is None


FED: list[tuple[str, dict[Subscription, str], set[str], dict[str, tuple[str, int]]]] = [
    ("a line", {blocks("a", category="forum"): "#\na.example"}, set(), {"forum": ("a", 2)}),
    ("what is known without", {blocks("a", category="forum"): "a.example"}, {"forum"}, {}),
    (
        "of two lists the first",
        {blocks("a", category="forum"): "b.example", blocks("b", category="forum"): "a.example"},
        set(),
        {"forum": ("b", 1)},
    ),
    ("an exception", {blocks("a", category="forum"): "||example^\n@@||a.example^"}, set(), {}),
    (
        "a list that opens takes back what other lists say, and no other category",
        {
            blocks("a", category="forum"): "||a.example^$important",
            allows("b", category="forum"): "a.example",
            blocks("c", category="gambling"): "a.example",
        },
        set(),
        {"gambling": ("c", 1)},
    ),
    ("a rule that is not about it", {blocks("a", category="forum"): "||a.example^$dnstype=AAAA"}, set(), {}),
    ("an answer is a word too", {blocks("a", category="forum"): "192.0.2.9 a.example"}, set(), {"forum": ("a", 1)}),
]


@pytest.mark.parametrize(("texts", "known", "expected"), [row[1:] for row in FED], ids=[row[0] for row in FED])
def test_what_lists_say_belongs_to_a_category(
    texts: dict[Subscription, str], known: set[str], expected: dict[str, tuple[str, int]]
) -> None:
    """As far as no rule of the box says so already."""
    made = list_set(texts, {one.id: text for one, text in texts.items()})
    reach = reach_of(House(lists=tuple(texts)), made, child(), None, is_adult=False)
    found = listed(made.find("a.example"), reach, "a.example", dns.A, known).fed
    assert {category: (hit.list, hit.line) for category, hit in found.items()} == expected
