"""The houses that we show are houses: every key of the schema in one, the lab's devices in the other."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import get_args

import msgspec
import pytest

from appliance.commands.house import parse_house
from appliance.config import Config
from appliance.core import policy
from appliance.core.asker import Registry
from appliance.core.device import DeviceKind, Told
from appliance.core.document import Document
from appliance.core.house import BlockMode, House, Unknown
from appliance.core.lists.rule import Syntax
from appliance.core.person import Do, Level, Mode, PersonKind, Setting
from appliance.core.record import RecordType
from appliance.core.schedule import Day, Routine
from appliance.core.subscription import ListKind
from appliance.core.verdict import Action
from appliance.world import clock, rules
from scripts.lablib import net, zone
from scripts.lablib.house import EXAMPLE_HOUSE
from tests.rooms import tree

BOOK = rules.load_rulebook()
NOON = 1_795_344_000.0
"""A day in November 2026."""
SECTION = tree.section(tree.RULES_README.read_text("utf-8"), "## A house in one file")


def structs(kind: object = House) -> Iterator[type[msgspec.Struct]]:
    """Yield a struct and all that stand in its fields."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs(field.type)
    for part in get_args(kind):
        yield from structs(part)


FIELDS = {(kind.__name__, field) for kind in structs() for field in kind.__struct_fields__}


def example() -> str:
    """Return the house of rules/README.md."""
    (block,) = tree.blocks(SECTION, "yaml")
    return block.text


def test_the_schema_is_seen_whole() -> None:
    """The walk through the types finds all structs of a house."""
    assert {name for name, _ in FIELDS} == set(PATHS)


def test_the_example_of_the_rules_loads_and_has_every_key() -> None:
    """A house that `house apply` takes, in which every field of every struct is written down."""
    parse_house(example(), BOOK)
    plain = Document(example()).value
    assert {(name, field) for name, field in FIELDS if not _is_written(name, field, plain)} == set()


PATHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "House": ((),),
    "Access": (("access",),),
    "Record": (("records",),),
    "Blocking": (("blocking",),),
    "Classifier": (("classifier",),),
    "Forwarder": (("forwarders",),),
    "OwnService": (("services",),),
    "Subscription": (("lists",),),
    "Person": (("persons",),),
    "Rule": (("persons", "rules"),),
    "Window": (("persons", "windows"), ("persons", "exceptions", "windows")),
    "DateException": (("persons", "exceptions"),),
    "Budget": (("persons", "budgets"),),
    "Things": (("persons", "windows", "block"), ("persons", "windows", "allow"), ("persons", "uncounted"),
               ("persons", "always_on")),
    "Device": (("devices",),),
    "Pause": (("pauses",),),
    "Grant": (("grants",),),
    "Lifted": (("lifted",),),
}  # fmt: skip
"""Where the values of each struct stand."""


def _at(value: object, path: tuple[str, ...]) -> list[object]:
    """Return all values at a path of keys, through every list on the way."""
    if isinstance(value, list):
        return [found for one in value for found in _at(one, path)]
    if not path:
        return [value]
    return _at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


def _is_written(name: str, field: str, plain: object) -> bool:
    return any(isinstance(one, dict) and field in one for path in PATHS[name] for one in _at(plain, path))


def test_the_table_of_keys_is_whole() -> None:
    """Every key has a row for each struct that has it, and every row a key."""
    words = {
        "House": "the house", "Access": "`access`", "Record": "records", "Blocking": "`blocking`",
        "Classifier": "`classifier`", "Forwarder": "forwarders", "OwnService": "services",
        "Subscription": "lists", "Person": "persons", "Rule": "rules", "Window": "windows",
        "DateException": "exceptions", "Budget": "budgets", "Things": "things", "Device": "devices",
        "Pause": "pauses", "Grant": "grants", "Lifted": "lifted",
    }  # fmt: skip
    (rows,) = tree.tables(SECTION)
    told = [(place, tree.quoted(row[0])[0]) for row in rows for place in row[1].split(", ")]
    assert sorted(told) == sorted((words[name], field) for name, field in FIELDS)


@pytest.mark.parametrize(
    "kind",
    [
        BlockMode,
        DeviceKind,
        PersonKind,
        Mode,
        Setting,
        Level,
        Routine,
        Day,
        Told,
        Do,
        Unknown,
        ListKind,
        RecordType,
        Syntax,
    ],
)
def test_every_choice_is_named(kind: type[Enum]) -> None:
    """Each word that a key may have stands somewhere in the section."""
    for choice in kind:
        assert re.search(rf"(?<![\w-]){re.escape(choice.value)}(?![\w-])", SECTION), choice


def test_the_readmes_houses_load() -> None:
    """Every yaml block of the README is a house, or a part of one, but for one that is an installer's settings."""
    found = tree.blocks(tree.README.read_text("utf-8"), "yaml")
    settings = [block for block in found if block.text.startswith("# appliance.yaml")]
    assert (len(found), len(settings)) == (3, 1)
    assert Document(settings[0].text).to(Config).gateway is not None
    for block in found:
        if block not in settings:
            parse_house(block.text, BOOK)


@pytest.fixture(scope="module")
def lab() -> House:
    """The lab's house."""
    return parse_house(EXAMPLE_HOUSE, BOOK)


def test_the_labs_house_knows_its_devices(lab: House) -> None:
    """Tablet, laptop and router are found by what the lab gives them, whatever address family is spoken."""
    registry = Registry(lab)
    for host in (net.TABLET, net.LAPTOP):
        for source in (host.v4, host.v6):
            assert registry.identify(source, (), {source: host.mac}.get).device == host.name
        mac = bytes.fromhex(host.mac.replace(":", ""))
        for router in (net.ROUTER.v4, net.ROUTER.v6):
            asker = registry.identify(router, ((65001, mac),), lambda _: None)
            assert (asker.device, asker.via) == (host.name, "router")


def test_the_labs_children_differ(lab: House) -> None:
    """Names that the lab's internet serves are open for one of the two devices only, either way round."""
    compiled = policy.compile(lab, BOOK, (rules.bundled_set(BOOK),), clock.zone(lab.time_zone))
    served = {line.split()[0] for line in zone.RECORDS.strip().splitlines()}

    def opened(device: str) -> set[str]:
        subject = compiled.of_device(device)
        verdicts = {name: policy.decide(compiled, subject, name, None, NOON) for name in served}
        return {name for name, verdict in verdicts.items() if verdict.action in (Action.ALLOW, Action.REWRITE)}

    tablet, laptop = opened("tablet"), opened("laptop")
    assert laptop - tablet == {
        "www.tiktok.com", "discord.com", "www.instagram.com", "web.whatsapp.com", "many.example.com",
    }  # fmt: skip
    assert tablet - laptop == {"www.minecraft.net"}
    assert {"www.childline.org.uk", "www.wikipedia.org", "pool.ntp.org", "example.com"} <= tablet & laptop
    assert tablet | laptop | {"www.pornhub.com", "dns.google", "cloudflare-dns.com", "mask.icloud.com"} <= served
    assert not {"www.pornhub.com", "dns.google", "mask.icloud.com"} & (tablet | laptop)
