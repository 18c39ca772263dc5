"""The README names every command, option, setting and step, and nothing that there isn't."""

import re
from collections.abc import Iterator

import click
import msgspec
import pytest

from appliance.__main__ import main
from appliance.commands.check import RECIPE
from appliance.config import Config
from appliance.core.helplines import Kind, Line
from appliance.core.verdict import Step
from appliance.core.visibility import Granularity, seconds
from appliance.nameserver.records import RESTRICTED
from appliance.world import rules
from scripts.lablib.router import RECIPES, dnsmasq_conf
from tests.rooms import tree
from tests.rooms.tree import quoted

TEXT = tree.README.read_text("utf-8")
BUSES = {
    "nameserver": ("daemon", "records"),
    "steward": ("daemon",),
    "finder": ("daemon",),
    "guard": ("daemon", "events"),
    "web": ("clerk",),
}
"""Each daemon with the modules that answer on its bus."""


def commands(group: click.Command, path: str = "kindgate") -> Iterator[tuple[str, click.Command]]:
    """Yield each command that does something, with the words that call it."""
    if path == "kindgate" or not isinstance(group, click.Group):
        yield path, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            if (command := group.get_command(context, name)) is not None:
                yield from commands(command, f"{path} {name}")


COMMANDS = dict(commands(main))


def options_of(command: click.Command) -> set[str]:
    """Return the long options of a command; ``--help``, which all have, only of the first."""
    found = {word for one in command.params for word in one.opts if word.startswith("--")}
    return found | ({"--help"} if command is main else set())


def arguments_of(command: click.Command) -> list[str]:
    """Return the arguments of a command as its help writes them."""
    return [(one.name or "").upper() for one in command.params if isinstance(one, click.Argument)]


def told() -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the README's two tables: command with arguments → options; option → what it means."""
    first, second = tree.tables(tree.section(TEXT, "## Commands"))
    return {quoted(row[0])[0]: quoted(row[2]) for row in first}, {quoted(row[0])[0]: row[1] for row in second}


def test_every_command_and_option_is_in_the_readme() -> None:
    """The table of commands is what `kindgate --help` and its commands say, no more and no less."""
    expected = {" ".join([path, *arguments_of(one)]): options_of(one) for path, one in COMMANDS.items()}
    assert {path: set(words) for path, words in told()[0].items()} == expected


def test_every_option_is_explained_once() -> None:
    """The table of options explains each, with the placeholder that the help shows."""
    expected = {"--help", "--version"}
    for command in COMMANDS.values():
        for one in command.params:
            if isinstance(one, click.Option):
                takes = "" if one.is_flag else " " + (one.metavar or {"config": "FILE", "data": "DIR"}[str(one.name)])
                expected.add(f"{max(one.opts, key=len)}{takes}")
    assert sorted(told()[1]) == sorted(expected)
    assert all(told()[1].values())


def test_every_command_says_what_it_does() -> None:
    """Each command and each of its options has a help text."""
    for path, command in COMMANDS.items():
        assert command.help, path
        for one in command.params:
            assert isinstance(one, click.Argument) or getattr(one, "help", None), f"{path} {one.name}"


def test_every_setting_is_in_the_readme() -> None:
    """The table of appliance.yaml has every key of Config, with the default that it has."""
    ((*rows,),) = tree.tables(tree.section(TEXT, "## Configuration").partition("###")[0])
    assert [quoted(row[0])[0] for row in rows] == list(Config.__struct_fields__)
    for key, default, _ in rows:
        value = getattr(Config(), quoted(key)[0])
        if isinstance(value, bool):
            assert quoted(default) == [str(value).lower()]
        elif isinstance(value, int):
            assert default == str(value)
        elif isinstance(value, tuple) and value:
            assert quoted(default) == [msgspec.json.encode(value).decode()]


def test_the_order_of_decision_is_the_one_that_decides() -> None:
    """The README's twelve steps are those of `decide`, in its order."""
    ((*rows,),) = tree.tables(tree.section(TEXT, "## The order of decision"))
    assert [(int(row[0]), quoted(row[1])[0]) for row in rows] == [(step.rank + 1, step.value) for step in Step]


def test_the_routers_recipe_is_the_one_that_the_lab_proves() -> None:
    """The README's dnsmasq lines, its table and the doctor's advice are the recipe that the lab runs."""
    section = tree.section(TEXT, "## The router")
    (conf,) = tree.blocks(section, "conf")
    lines = [line for line in conf.text.splitlines() if not line.startswith("#")]
    proved = dnsmasq_conf(RECIPES["both"], "v4", 53).splitlines()
    assert [line for line in lines if line not in proved and not line.startswith("server=")] == []
    assert set(RECIPES["both"].options or ()) <= set(lines)
    assert [quoted(row[0])[0] for row in tree.tables(section)[0]] == lines
    assert [line for line in lines[2:] if line not in RECIPE] == []


def test_what_is_on_the_disk_is_what_the_contract_lets_be() -> None:
    """The README's table of ages tells of each field that is written how finely and for how long, and no more."""
    contract = rules.load_contract()

    def told(field: str, row: str) -> tuple[str, int] | None:
        """Return how finely a field is written to the disk and for how long (seconds), None where it is not."""
        grain, kept_s = contract.grain(field, row), contract.may_keep(field, row) or 0
        is_kept = grain.rank >= Granularity.NAME.rank or (field == "category_counts" and grain is not Granularity.NO)
        return (grain.value, kept_s) if is_kept else None

    ((*rows,),) = tree.tables(tree.section(TEXT, "## What it promises a child"))
    assert [row[0] for row in rows] == ["0-5", "6-9", "10-12", "13-15", "16-17", "adult", "unknown"]
    for row, *cells in rows:
        shown = []
        for cell in cells:
            fine, _, kept = cell.partition(", ")
            shown.append(None if cell == "none" else (fine.removeprefix("by "), seconds(kept)))
        assert shown == [told(field, row) for field in ("category_counts", "names_blocked", "names_visited")], row


def asked_of(daemon: str) -> set[str]:
    """Return the requests that a daemon knows, from where it answers them."""
    text = "\n".join((tree.PACKAGE / daemon / f"{module}.py").read_text("utf-8") for module in BUSES[daemon])
    return {"status", *re.findall(r'(?:case (?:\{"ask": )?|request.get\("ask"\) == )"(\w+)"', text)}


def test_every_request_of_the_bus_is_in_the_readme() -> None:
    """The table of the bus has each request that a daemon answers, and says of those that are restricted who may."""
    rows = tree.tables(tree.section(TEXT, "## The daemons and their bus"))[1]
    told = [(row[0], quoted(row[1])[0]) for row in rows]
    assert len(told) == len(set(told))
    expected = {(daemon, word) for daemon in BUSES for word in asked_of(daemon)} - {(one, "status") for one in BUSES}
    assert set(told) == expected | {("each", "status")}
    may = {quoted(row[1])[0]: row[3] for row in rows if row[0] == "nameserver"}
    assert {word: may[word] for word in RESTRICTED} == {
        word: next(iter(users)).removeprefix("kindgate-") for word, users in RESTRICTED.items()
    }
    assert {row[3] for row in rows if row[0] == "steward"} == {"web"}
    assert all(row[2] for row in rows)


def test_every_file_of_rules_is_in_their_readme() -> None:
    """The first table of rules/README.md has each file that lies there, and no other."""
    text = tree.RULES_README.read_text("utf-8")
    told = {quoted(row[0])[0] for row in tree.tables(text)[0]}
    found = {path.name for path in (tree.ROOT / "rules").glob("*.yaml")}
    assert told == found | {"lists/<category>.txt"}


def test_every_key_of_a_help_line_is_explained() -> None:
    """The table of help lines has each key once, each kind and each grade."""
    ((*rows,),) = tree.tables(tree.section(tree.RULES_README.read_text("utf-8"), "## Help lines"))
    meanings = {quoted(row[0])[0]: row[1] for row in rows}
    assert sorted(meanings) == sorted(Line.__struct_fields__)
    assert quoted(meanings["kind"]) == [kind.value for kind in Kind]
    assert re.findall(r"\b([A-Z]):", meanings["grade"]) == ["A", "B", "C"]


@pytest.mark.parametrize("name", ["README.md", "rules/README.md", "models/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Every link to a file is to a file that there is."""
    page = tree.ROOT / name
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_paths_in_the_text_exist() -> None:
    """What the README calls by a path of this tree is there."""
    texts = [*quoted(TEXT), *(block.text for block in tree.blocks(TEXT, "sh", "console"))]
    rooms = re.compile(r"(?<![\w/.-])(?:scripts|rules|models|systemd|tests|appliance|\.ci)/[\w./-]+")
    found = {path for text in texts for path in rooms.findall(text)}
    assert "scripts/lab" in found
    assert [path for path in sorted(found) if not (tree.ROOT / path).exists()] == []
