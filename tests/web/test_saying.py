"""Changes as sentences: every code reads well, names are those that people use, details say what differs."""

from typing import Any

import msgspec
import pytest

from appliance import wording
from appliance.core.house import Classifier, House
from appliance.core.person import Person
from appliance.core.verdict import Reason
from appliance.store.accounts import Caregiver, Role
from appliance.store.audit import Entry
from appliance.store.difference import difference
from appliance.web.saying import Teller, teller
from appliance.world import rules
from tests.web.conftest import AT, HOUSE, MIA

CATEGORIES = rules.load_rulebook().categories
PEOPLE = (Caregiver("c1", "Dana", Role.OWNER, 1, AT), Caregiver("c2", "Robin", Role.CAREGIVER, 1, AT))
ARGS = {
    "name": "roblox.com", "person": "mia", "device": "tablet", "category": "forum", "setting": "ask", "role": "owner",
    "until": "2026-03-04T18:10:00+01:00", "caregiver": "c2",
}  # fmt: skip


def telling(you: str | None = None) -> Teller:
    """Return who tells of changes in the house of these tests."""
    return teller(HOUSE, PEOPLE, CATEGORIES, lambda _: "until 18:10", you)


def entry(code: str, who: str = "c1", before: House = HOUSE, after: House = HOUSE, **args: Any) -> Entry:
    """Return a change as the audit has it."""
    found = difference(before, after)
    what = Reason.of(code, **args)
    return Entry(1, AT, who, what, 2, found.before, found.after, found.persons, found.is_whole_house)


@pytest.mark.parametrize("code", sorted(wording.CHANGES))
@pytest.mark.parametrize("args", [ARGS, {}], ids=["all", "none"])
@pytest.mark.parametrize("who", ["c1", "c2", "box", "gone"])
def test_every_code_reads_as_a_sentence(code: str, args: dict[str, Any], who: str) -> None:
    """With all it may be given and with nothing: a capital, a full stop, no brace, no id, no double blank."""
    said = telling().say(entry(code, who, **args)).sentence
    assert (said[0].isupper() or said[0] == "…", said[-1], "  " in said) == (True, ".", False)
    assert not set("{}_") & set(said)
    assert " c2" not in said
    assert " mia" not in said


@pytest.mark.parametrize(
    ("code", "args", "said"),
    [
        ("rule_blocked", ("name", "person"), "Dana blocked roblox.com for Mia."),
        ("rule_allowed", ("name", "person", "until"), "Dana allowed roblox.com for Mia until 18:10."),
        ("rule_removed", ("name", "person"), "Dana took away the rule about roblox.com for Mia."),
        ("category_set", ("category", "setting", "person"), "Dana set Forums to “ask first” for Mia."),
        ("paused", ("until",), "Dana paused the Internet for all children until 18:10."),
        ("paused", ("person", "until"), "Dana paused the Internet for Mia until 18:10."),
        ("opened", ("person", "until"), "Dana gave Mia extra time until 18:10."),
        ("resumed", ("person",), "Dana ended the pause for Mia."),
        ("device_added", ("device", "person"), "Dana added Mia's tablet for Mia."),
        ("device_added", ("device",), "Dana added Mia's tablet."),
        ("caregiver_role", ("caregiver", "name", "role"), "Dana made roblox.com an owner."),
    ],
)
def test_a_change_says_what_and_for_whom(code: str, args: tuple[str, ...], said: str) -> None:
    """By the names that people use."""
    assert telling().say(entry(code, **dict[str, Any]((key, ARGS[key]) for key in args))).sentence == said


def test_to_the_child_it_says_you() -> None:
    """And of another child its name."""
    assert telling("mia").say(entry("rule_blocked", name="x.example", person="mia")).sentence.endswith("for you.")
    assert telling("jonas").say(entry("rule_blocked", name="x.example", person="mia")).sentence.endswith("for Mia.")


def test_who_did_it_to_themselves_did_it_alone() -> None:
    """A first owner and a new password."""
    own: dict[str, Any] = {"caregiver": "c1", "name": "Dana", "role": "owner"}
    assert telling().say(entry("caregiver_added", **own)).sentence == "Dana became a caregiver."
    assert telling().say(entry("caregiver_reset", **own)).sentence == "Dana chose a new password."
    assert telling().say(entry("caregiver_added", "c2", **own)).sentence == "Robin made Dana a caregiver."


def test_a_new_code_is_told_by_what_it_changed() -> None:
    """A change of a later version is not hidden."""
    after = House(time_zone="UTC", country="DE", persons=HOUSE.persons, devices=HOUSE.devices)
    said = telling().say(entry("brand_new", after=after))
    assert said.sentence == "Dana changed something."
    assert said.details == ("time zone: Europe/Berlin → as usual",)


def test_a_replaced_house_is_told_thing_by_thing() -> None:
    """What was added, what was taken out, and what of a thing is otherwise."""
    after = told(
        {
            "time_zone": "Europe/Berlin", "country": "FR",
            "persons": [
                {
                    "id": "mia", "name": "Mia", "band": "10-12", "categories": {"forum": "block"},
                    "rules": [{"name": "x.example", "do": "block", "until": "2026-03-04T18:10:00+01:00"}],
                    "windows": [{"name": "Bedtime", "start": "20:00", "end": "06:30", "days": ["mon", "tue"]}],
                },
                {"id": "dana", "name": "Dana", "kind": "adult"},
                {"id": "ben", "name": "Ben", "band": "0-5"},
                {"id": "kim", "name": "Kim", "kind": "adult"},
            ],
            "devices": [
                {"id": "tablet", "name": "Mia's tablet", "person": "mia", "kind": "tablet",
                 "macs": ["02:77:00:00:00:12"]},
            ],
            "pauses": [{"person": "ben", "said_at": "2026-03-04T18:00:00+01:00", "until": "2026-03-04T18:10:00+01:00"}],
        }
    )  # fmt: skip
    assert set(telling().say(entry("house_replaced", "box", after=after)).details) == {
        "country: DE → FR",
        "Mia: band: 6-9 → 10-12",
        "Mia: Forums: as usual → block",
        "Mia: rule added: block x.example until 2026-03-04 18:10",
        "Mia: time added: Bedtime, 20:00 to 06:30 on mon tue",
        "Added: child Ben",
        "Added: adult Kim",
        "Taken out: child Jonas",
        "Taken out: device Jonas' laptop",
        "Mia's tablet: MAC address taken out: 02:77:00:00:00:10",
        "Mia's tablet: MAC address added: 02:77:00:00:00:12",
        "Mia's tablet: address taken out: 192.168.77.10",
        "pause added: for Ben until 2026-03-04 18:10",
    }


def test_to_a_child_a_replaced_house_tells_its_own_and_everybodys_things() -> None:
    """Of a brother's rules, devices and pauses it says nothing."""
    after = told(
        {
            "time_zone": "Europe/Berlin", "country": "FR",
            "persons": [
                {"id": "mia", "name": "Mia", "band": "10-12"},
                {"id": "jonas", "name": "Jonas", "band": "13-15", "rules": [{"name": "secret.example", "do": "block"}]},
                {"id": "dana", "name": "Dana", "kind": "adult"},
            ],
            "devices": [{"id": "tablet", "name": "Tab", "person": "mia", "macs": ["02:77:00:00:00:10"]}],
            "pauses": [
                {"person": "jonas", "said_at": "2026-03-04T18:00:00+01:00", "until": "2026-03-04T18:10:00+01:00"},
                {"said_at": "2026-03-04T18:00:00+01:00", "until": "2026-03-04T18:20:00+01:00"},
            ],
        }
    )  # fmt: skip
    details = telling("mia").say(entry("house_replaced", "box", after=after)).details
    assert {"country: DE → FR", "Mia: band: 6-9 → 10-12"} <= set(details)
    assert not [line for line in details if any(word in line for word in ("secret", "Jonas", "18:10"))]
    assert [line for line in details if "18:20" in line]


def told(plain: dict[str, Any]) -> House:
    """Return the house of a plain value."""
    return msgspec.convert(plain, House)


def test_who_left_is_called_by_name() -> None:
    """A child that was taken out is in the entry, not in the house."""
    before = House(persons=(*HOUSE.persons, Person(id="lea", name="Lea", band="6-9")))
    said = telling().say(entry("person_removed", before=before, person="lea"))
    assert said.sentence == "Dana took Lea out of the house."


def test_only_their_order_changed() -> None:
    """Is said so, and not as if all went and came."""
    networks = ("198.51.100.0/24", "203.0.113.0/24")
    before, after = House(networks=networks), House(networks=networks[::-1])
    said = telling().say(entry("house_replaced", before=before, after=after))
    assert said.details == ("networks are in another order",)


def test_words_that_people_wrote_are_no_patterns() -> None:
    """Braces in a name stay what they are."""
    house = House(persons=(Person(id="mia", name="{0} %s {who}", band="6-9"),))
    says = teller(house, PEOPLE, CATEGORIES, lambda _: "until 18:10")
    said = says.say(entry("rule_blocked", name="x.example", person="mia"))
    assert said.sentence == "Dana blocked x.example for {0} %s {who}."


def test_what_can_not_be_read_is_left_out() -> None:
    """An end that is no time, a device and a category that are gone."""
    says = telling()
    assert says.say(entry("paused", until="soon")).sentence == "Dana paused the Internet for all children."
    assert says.say(entry("device_removed", device="lamp")).sentence == "Dana took lamp out of the house."
    assert MIA.name in says.say(entry("category_set", category="gone", setting="new", person="mia")).sentence


def test_a_router_is_told_by_its_address() -> None:
    """As it is, else as it was; what it says of who asks is told before and after."""
    with_one, less = (
        told({"forwarders": [{"id": "router", "addresses": ["192.168.77.1"], "macs": ["02:77:00:00:00:01"], **more}]})
        for more in ({}, {"options": ["mac"]})
    )
    none = House()
    assert (
        telling().say(entry("forwarder_added", before=none, after=with_one, forwarder="router")).sentence
        == "Dana let the router 192.168.77.1 say who asks."
    )
    assert (
        telling().say(entry("forwarder_removed", before=with_one, after=none, forwarder="router")).sentence
        == "Dana no longer lets the router 192.168.77.1 say who asks."
    )
    now = teller(less, PEOPLE, CATEGORIES, lambda _: "")
    said = now.say(entry("forwarder_changed", before=with_one, after=less, forwarder="router"))
    assert said.sentence == "Dana changed how the router 192.168.77.1 says who asks."
    assert said.details == ("192.168.77.1: what it says of who asks: as usual → mac",)
    assert said.icon == "router"
    said = telling().say(entry("forwarder_removed", forwarder="x"))
    assert said.sentence == "Dana no longer lets a router say who asks."


def test_a_router_that_is_known_by_its_mac_alone_is_told_by_that() -> None:
    """In what another house has too."""
    after = told({"forwarders": [{"id": "attic", "macs": ["02:77:00:00:00:01"]}]})
    assert telling().say(entry("house_replaced", before=House(), after=after)).details == (
        "Added: router 02:77:00:00:00:01",
    )


def test_what_a_gateway_does_is_told() -> None:
    """What a thing may reach, what holds while nobody looks, what is slow and not closed."""
    window = {"name": "Evening", "start": "18:00", "end": "20:00", "internet": True, "slow": True}
    mia = {"id": "mia", "name": "Mia", "band": "6-9"}
    doll = {"id": "doll", "name": "Doll", "kind": "iot", "macs": ["02:77:00:00:00:40"]}
    before = told({"persons": [mia], "devices": [doll]})
    said = {
        "unwatched": "closed", "known_names_only": "watch", "windows": [window],
        "budgets": [{"minutes": 60, "slow": True}],
    }  # fmt: skip
    after = told({"persons": [mia | said], "devices": [doll | {"only": ["maker.example", "cdn.example"]}]})
    details = telling().say(entry("house_replaced", before=before, after=after)).details
    assert {
        "Mia: while nobody can look: as usual → closed",
        "Mia: only known addresses: as usual → watch",
        "Mia: time added: Evening, 18:00 to 20:00; Internet on; slow and not closed",
        "Mia: budget added: 60, then slow",
        "doll: may reach: as usual → maker.example cdn.example",
    } <= set(details)
    nothing = told({"persons": [mia], "devices": [doll | {"only": []}]})
    details = telling().say(entry("house_replaced", before=before, after=nothing)).details
    assert details == ("doll: may reach: as usual → nothing",)


def test_what_the_classifier_was_told_is_told() -> None:
    """Whether it guesses, and how much surer it must be of which kind of sites; of a child, whether it asks."""
    persons = (msgspec.structs.replace(MIA, risky_names=False), *HOUSE.persons[1:])
    taught = Classifier(on=False, steps={"gambling": -1})
    after = msgspec.structs.replace(HOUSE, persons=persons, classifier=taught)
    assert set(telling().say(entry("house_replaced", "box", after=after)).details) == {
        "Mia: asks about new sites that look risky: as usual → no",
        "guesses which new sites look risky: as usual → no",
        "Surer before it asks, in steps: Gambling: as usual → -1",
    }
    said = telling().say(entry("classifier_reset", category="gambling"))
    assert said.sentence == "Dana had the box forget what answers taught it about Gambling."
