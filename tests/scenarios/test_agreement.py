"""What `kindgate explain` says is what the wire does, for every device and name."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.core.catalogue import SERVICE_TAG
from appliance.core.rulebook import Rulebook
from appliance.world import rules
from tests.commands.cli import kindgate
from tests.fakes import REAL, FakeUpstream
from tests.running import Running, addresses, running

PAIRS = 500

HOUSE = """\
version: 1
time_zone: Europe/Berlin
persons:
  - {id: toddler, name: Toddler, band: 0-5}
  - id: kid
    name: Kid
    band: 6-9
    categories: {messaging: allow, browser_games: block, shopping: ask}
    rules:
      - {name: example.com, do: block}
      - {name: good.example.com, do: allow}
      - {name: plannedparenthood.org, do: block}
  - id: tween
    name: Tween
    band: 10-12
    unknown_names: ask
    windows: [{name: Quiet, start: "00:00", end: "24:00"}]
    always_on: {categories: [education, music], names: [example.org]}
  - {id: teen, name: Teen, band: 13-15, rules: [{name: pornhub.com, do: allow}]}
  - {id: youth, name: Youth, band: 16-17}
  - {id: parent, name: Parent, kind: adult}
devices:
  - {id: toddlers-tablet, person: toddler, kind: tablet, addresses: [127.0.1.1]}
  - {id: kids-tablet, person: kid, kind: tablet, addresses: [127.0.1.2]}
  - {id: kids-console, person: kid, kind: console, addresses: [127.0.1.3]}
  - {id: tweens-phone, person: tween, kind: phone, addresses: [127.0.1.4]}
  - {id: tweens-console, person: tween, kind: console, addresses: [127.0.1.5]}
  - {id: tweens-school-laptop, person: tween, kind: managed, addresses: [127.0.1.6]}
  - {id: teens-phone, person: teen, kind: phone, addresses: [127.0.1.7]}
  - {id: youths-laptop, person: youth, kind: laptop, addresses: [127.0.1.8]}
  - {id: parents-phone, person: parent, kind: phone, addresses: [127.0.1.9]}
  - {id: nobodys-tv, kind: tv, addresses: [127.0.1.10]}
pauses:
  - {person: youth, said_at: "2026-01-01T00:00:00Z", until: "2126-01-01T00:00:00Z"}
grants:
  - {person: teen, category: forum, said_at: "2026-01-01T00:00:00Z", until: "2126-01-01T00:00:00Z"}
"""
DEVICES = {
    "toddlers-tablet": "127.0.1.1", "kids-tablet": "127.0.1.2", "kids-console": "127.0.1.3",
    "tweens-phone": "127.0.1.4", "tweens-console": "127.0.1.5", "tweens-school-laptop": "127.0.1.6",
    "teens-phone": "127.0.1.7", "youths-laptop": "127.0.1.8", "parents-phone": "127.0.1.9", "nobodys-tv": "127.0.1.10",
}  # fmt: skip
OWN_NAMES = ["example.com", "good.example.com", "www.example.com", "example.org", "nothing-knows-this.example"]


@pytest.fixture(scope="module")
def book() -> Rulebook:
    """The bundled rules, read once."""
    return rules.load_rulebook()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A nameserver with that house, and an upstream that has an address for every name."""
    upstream = FakeUpstream()
    try:
        with running(tmp_path_factory.mktemp("agreement") / "data", (upstream.endpoint,), workers=2) as started:
            started.apply(HOUSE)
            yield started
    finally:
        upstream.close()


def pairs(book: Rulebook) -> list[tuple[str, str]]:
    """Devices and names: each tag of the rules several times, names below them, and names that nothing knows."""
    chance = random.Random(20261122)
    by_tag: dict[str, list[str]] = {}
    for entry in book.entries:
        # Services are so many that they are one kind here, or they would leave no room for the others.
        tag = SERVICE_TAG if entry.tag.startswith(SERVICE_TAG) else entry.tag
        by_tag.setdefault(tag, []).append(entry.name)
    found: list[tuple[str, str]] = []
    while len(found) < PAIRS:
        device = chance.choice(list(DEVICES))
        kind = chance.random()
        if kind < 0.75:
            name = chance.choice(by_tag[chance.choice(list(by_tag))])
            name = f"www.{name}" if chance.random() < 0.3 else name
        elif kind < 0.9:
            name = chance.choice(OWN_NAMES)
        else:
            name = f"host-{chance.randrange(10**6)}.example.net"
        found.append((device, name))
    return found


def test_explain_agrees_with_the_wire(book: Rulebook, box: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """For 500 pairs of a device and a name, allow means the real address and all else means that it never comes.

    But for names that nobody is asked for.
    """
    domain_set = rules.bundled_set(book)
    monkeypatch.setattr(rules, "load_rulebook", lambda: book)
    monkeypatch.setattr(rules, "bundled_set", lambda _: domain_set)
    seen: set[tuple[str, str]] = set()
    for device, name in pairs(book):
        said = json.loads(kindgate("explain", name, "--device", device, "--json", data=box.data).stdout)
        reply = box.ask(name, source=DEVICES[device])
        is_open = said["action"] in ("allow", "rewrite")
        has_forced_answer = said["step"] == "bypass" and not reply.answer
        is_special = said["answer"] == "special"
        expected = [REAL] if is_open else [] if has_forced_answer else ["0.0.0.0"]
        assert addresses(reply) == ([] if is_special else expected), (device, name, said, reply.to_text())
        assert [option.text for option in reply.options] == ([] if is_open or is_special else [said["sentence"]])
        seen.add((said["action"], said["step"]))
    assert {step for _, step in seen} >= {
        "help", "infrastructure", "hard", "word", "time", "own", "protected", "bypass", "category", "default",
    }  # fmt: skip


@pytest.mark.parametrize("device", ["kids-tablet", "parents-phone"])
def test_the_installed_command_says_the_same(box: Running, device: str) -> None:
    """The command as a person runs it, without anything of the test in it, agrees as well."""
    installed = Path(sys.executable).with_name("kindgate")
    arguments = ["explain", "example.com", "--device", device, "--json", "--data", str(box.data)]
    done = subprocess.run([installed, *arguments], capture_output=True, check=True, timeout=30)
    blocked = json.loads(done.stdout)["action"] == "block"
    assert (addresses(box.ask("example.com", source=DEVICES[device])) == ["0.0.0.0"]) is blocked
