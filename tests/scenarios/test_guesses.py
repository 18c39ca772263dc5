"""New names that look risky, with the model that comes with the box: asked about where an age minds, nowhere else."""

import contextlib
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.household.labels import NAME
from appliance.world import bus
from tests.fakes import REAL, FakeUpstream, fake_upstream
from tests.running import is_alive, until
from tests.scenarios.day import AT, BACK_S, Box, lived_in

ZERO, OPEN = ["0.0.0.0"], [REAL]
PLAIN = "our-village-choir.example"
ROOT = Path(__file__).parents[2]
MODEL = "classifier.onnx"


def risky(number: int) -> str:
    """Return a name that nobody ever saw, and that everybody understands."""
    return f"mega-casino-jackpot-slots{number}.bet"


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    """An upstream that has an address for every name."""
    with fake_upstream() as fake:
        yield fake


@pytest.fixture
def box(tmp_path: Path, upstream: FakeUpstream) -> Iterator[Box]:
    """The house, with a labels process that has its model."""
    with lived_in(tmp_path / "data", upstream.endpoint, workers=1) as made:
        until(lambda: told(made).get("version"), BACK_S, "there is a labels process")
        yield made
        log = made.up.log.read_text()
        assert "Traceback" not in log
        assert "casino" not in log


def told(box: Box) -> dict[str, Any]:
    """Return what the labels process says of itself, nothing while there is none."""
    with contextlib.suppress(bus.BusError):
        return bus.ask(box.data, NAME, {"ask": "status"})
    return {}


def asks_first(box: Box, name: str, who: str = "tween") -> None:
    """Wait until somebody is to ask about a name: on a busy machine a guess may be late, for a moment."""
    until(lambda: box.ask(who, name) == ZERO, BACK_S, f"{who} is to ask about {name}")


def test_whose_names_are_asked_about(box: Box, upstream: FakeUpstream) -> None:
    """A ten-year-old's tablet is told why; for who is older or grown up, and at work, it is open."""
    name = risky(1)
    asks_first(box, name)
    asks_first(box, name, "kid")
    reply = box.up.ask(name, source=AT["tween"])
    assert [(int(one.code), "gambling" in (one.text or "").lower()) for one in reply.extended_errors()] == [(17, True)]
    heard = upstream.names().count(name)
    for _ in range(20):
        assert (box.ask("kid", name), box.ask("tween", name, is_tcp=True)) == (ZERO, ZERO)
    assert upstream.names().count(name) == heard, "what is asked about first is asked of no server"
    for who in ("teen", "youth", "parent", "work", "stranger"):
        assert box.ask(who, name) == OPEN, who
    assert box.ask("tween", PLAIN) == OPEN
    assert box.ask("toddler", PLAIN) == ZERO, "the allow-list decides at this age"
    until(lambda: box.status("nameserver")["counts"].get("guesses.asked", 0) >= 2, BACK_S, "it is counted")


def test_a_caregiver_allows_it(box: Box) -> None:
    """The child is told what it looks like, and asks; the caregiver is told as well, and the answer holds at once."""
    name = risky(2)
    for who in ("tween", "kid"):
        asks_first(box, name, who)
    child, owner = box.browser(AT["tween"]), box.owner()
    until(lambda: name in child.get("/me").words, BACK_S, "the child's page has it")
    assert re.search(r"looks like gambling: .*casino.*you can ask", child.get("/me").words)
    assert child.send("/me/request", what=name).status == 303
    shown = owner.get("/requests")
    assert re.search(r"looks like gambling: .*casino.* %", shown.words)
    (request,) = set(re.findall(r'action="(/requests/[^"]+)"', shown.text))
    assert owner.send(request, answer="always").status == 303
    until(lambda: box.ask("tween", name) == OPEN, BACK_S, "it is open")
    assert box.ask("kid", name) == ZERO


def test_a_labels_process_that_dies(box: Box) -> None:
    """Killed, silent, or with its steward: answers go on, another one takes its place and is asked about new names."""
    asks_first(box, risky(3))
    for number, harm in enumerate((signal.SIGKILL, signal.SIGSTOP, None), 4):
        first = told(box)["pid"]
        if harm is None:
            box.end(["steward"])
            until(lambda pid=first: not is_alive(pid), BACK_S, "it is gone")  # type: ignore[misc]
        else:
            os.kill(first, harm)
        for serial in range(20):
            assert box.ask("tween", f"choir{number}-{serial}.example") == OPEN
            assert box.ask("parent", risky(3)) == OPEN
        assert box.ask("tween", risky(3)) == ZERO, "what was guessed before is remembered"
        until(lambda pid=first: told(box).get("pid", pid) != pid, 2 * BACK_S, "there is another one")  # type: ignore[misc]
        asks_first(box, risky(number))


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_model_that_can_not_be_used(
    tmp_path: Path, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    """Answers go on, nobody is asked about new names, and the dashboard says why."""
    for part in ("appliance", "rules", "models"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    model = tmp_path / "models" / MODEL
    if harm == "missing":
        model.unlink()
    else:
        octets = model.read_bytes()
        model.write_bytes(octets[:-1] + bytes((octets[-1] ^ 1,)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with lived_in(tmp_path / "data", upstream.endpoint, workers=1) as box:
        until(lambda: told(box).get("problem"), BACK_S, "it says what is wrong")
        assert MODEL in told(box)["problem"]
        for number in range(5):
            assert box.ask("tween", risky(number)) == OPEN
            assert box.ask("tween", PLAIN) == OPEN
        owner = box.owner()
        until(lambda: "damaged" in owner.get("/").words, BACK_S, "home says so")
        assert "damaged" in owner.get("/house").words
        assert "Traceback" not in box.up.log.read_text()
