"""The labels process: what it answers by a model, what it says without one, and that it is one."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.core.riskmodel import RiskModel, parse
from appliance.household.labels import NAME
from appliance.steward import labeller
from appliance.steward.labeller import Labeller, Model, Unusable
from appliance.steward.labelling import Told
from appliance.world import bus, clock
from appliance.world.link import Link

WITHIN_S = 60.0
CARD = parse(
    """
version: 2026.1-test
classes:
- {id: adult, category: pornography, words: adult content}
- {id: gambling, category: gambling, words: gambling}
- {id: betting, category: gambling, words: gambling}
- {id: benign}
thresholds:
  adult: {6-9: 0.9}
  gambling: {6-9: 0.8, 10-12: 0.95}
  betting: {6-9: 0.7}
"""
)
SCORES = {
    "casino.example": (0.01, 0.91, 0.75, 0.0),
    "garden.example": (0.1, 0.2, 0.3, 0.9),
    "both.example": (0.99, 0.71, 0.1, 0.0),
}


class Fake:
    """A model that knows three names, and writes down what it is asked."""

    classes = tuple(one.id for one in CARD.classes)
    version = CARD.version

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def score(self, asked: Sequence[str]) -> list[tuple[float, ...] | None]:
        """Return what it knows."""
        self.asked.append(list(asked))
        return [SCORES.get(site(one) or "") for one in asked]

    def reasons(self, name: str, class_: str) -> list[str]:
        """Return parts of a name."""
        return [(site(name) or "").partition(".")[0], class_]


def site(name: str) -> str | None:
    """Return the last two labels."""
    return ".".join(name.split(".")[-2:]) if "." in name else None


def made(fake: Model | None = None, card: RiskModel = CARD) -> Labeller:
    """Return a labels process's inside with such a model."""
    return Labeller(lambda: (card, fake or Fake()), site)


def guessed(one: Labeller, *names: Any) -> Any:
    """Return what it guesses, as it comes over the bus."""
    told = one.answer({"bus": 1, "ask": "guess", "names": list(names)})
    found = msgspec.json.decode(msgspec.json.encode(told))
    return found.get("guesses", found.get("error"))


CASINO = [["gambling", 0.91], ["gambling", 0.75]]
BOTH = [["pornography", 0.99], ["gambling", 0.71]]


def test_guesses() -> None:
    """In the order of the names, the likeliest first, and only what is as likely as the least threshold of all."""
    names = ("www.casino.example", "garden.example", "both.example", "a.b.both.example", "unknown.example", "lan")
    assert guessed(made(), *names) == [CASINO, [], BOTH, BOTH, [], []]
    assert guessed(made()) == []


def test_a_site_is_scored_once() -> None:
    """Whatever stands before it and whoever asks, for a day, harmless ones too; nobody could read the names there."""
    fake = Fake()
    one = made(fake)
    for _ in range(2):
        assert guessed(one, "a.casino.example", "b.casino.example", "x.unknown.example") == [CASINO, CASINO, []]
    assert fake.asked == [["b.casino.example", "x.unknown.example"]]
    assert b"casino" not in b"".join(one._memory._guessed)
    assert one._counts == {"asked": 6, "remembered": 2, "refused": 0}


def test_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is scored again, and what is too old is forgotten."""
    fake = Fake()
    one = made(fake)
    guessed(one, "casino.example")
    later, up = clock.now() + 86_401, clock.uptime() + labeller.SWEEP_S + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    guessed(one, "garden.example")
    assert len(one._memory) == 2
    monkeypatch.setattr(clock, "uptime", lambda: up)
    one.tend()
    assert len(one._memory) == 1
    assert guessed(one, "casino.example") == [CASINO]
    assert fake.asked == [["casino.example"], ["garden.example"], ["casino.example"]]


def explained(one: Labeller, name: Any, category: Any) -> Any:
    """Return why a name looks like a category."""
    told: Any = one.answer({"bus": 1, "ask": "explain", "name": name, "category": category})
    return told.get("error") or (told["words"], told["parts"], told["score"])


def test_explanations() -> None:
    """In words, by parts of the domain, for the likelier one of two classes of a category."""
    one = made()
    assert explained(one, "www.casino.example", "gambling") == ("gambling", ["casino", "gambling"], 0.91)
    assert explained(one, "garden.example", "gambling") == ("gambling", ["garden", "betting"], 0.3)
    assert explained(one, "both.example", "pornography") == ("adult content", ["both", "adult"], 0.99)
    assert explained(one, "unknown.example", "pornography") == ("adult content", [], 0.0)
    assert explained(one, "lan", "pornography") == ("adult content", [], 0.0)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"ask": "guess"}, "names are up to 64 names"),
        ({"ask": "guess", "names": "casino.example"}, "names are up to 64 names"),
        ({"ask": "guess", "names": [7]}, "names are up to 64 names"),
        ({"ask": "guess", "names": ["a.example"] * 65}, "names are up to 64 names"),
        ({"ask": "guess", "names": ["x" * 1_101]}, "names are up to 64 names"),
        ({"ask": "explain", "category": "gambling"}, "name is a name"),
        ({"ask": "explain", "name": ["a"], "category": "gambling"}, "name is a name"),
        ({"ask": "explain", "name": "a.example"}, "category is one that the model knows"),
        ({"ask": "explain", "name": "a.example", "category": "sports"}, "category is one that the model knows"),
        ({"ask": "explain", "name": "a.example", "category": ["gambling"]}, "category is one that the model knows"),
        ({"ask": "score"}, "unknown request"),
        ({}, "unknown request"),
    ],
)
def test_requests_that_are_none(request_: dict[str, object], words: str) -> None:
    """They get a sentence, and are counted."""
    one = made()
    assert one.answer({"bus": 1} | request_) == {"bus": 1, "error": words}
    assert one._counts["refused"] == 1


def test_status() -> None:
    """Which model, and that all is well."""
    told: Any = made().answer({"bus": 1, "ask": "status"})
    assert (told["pid"], told["version"], told["problem"]) == (os.getpid(), "2026.1-test", None)


def test_without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there, says what is wrong, guesses at nothing, and tries again now and then."""
    told: list[tuple[RiskModel, Model]] = []
    tries: list[float] = []

    def load() -> tuple[RiskModel, Model]:
        tries.append(clock.uptime())
        if not told:
            raise Unusable("classifier.onnx is missing")
        return told[0]

    one = Labeller(load, site)
    assert guessed(one, "casino.example") == "classifier.onnx is missing"
    assert explained(one, "casino.example", "gambling") == "classifier.onnx is missing"
    status: Any = one.answer({"bus": 1, "ask": "status"})
    assert (status["version"], status["problem"]) == (None, "classifier.onnx is missing")
    one.tend()
    assert len(tries) == 1
    told.append((CARD, Fake()))
    later = clock.uptime() + labeller.RELOAD_S + 1
    monkeypatch.setattr(clock, "uptime", lambda: later)
    one.tend()
    assert (one.problem, one.version, guessed(one, "casino.example")) == (None, "2026.1-test", [CASINO])
    later += labeller.RELOAD_S + 1
    one.tend()
    assert len(tries) == 2


def files(folder: Path, **texts: str) -> Path:
    """Write a model's folder."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


@pytest.mark.parametrize(
    "texts", [{}, {"model_yaml": "no card"}, {"model_yaml": "version: '1'\nclasses: []\nthresholds: {}\n"}]
)
def test_a_folder_that_holds_no_model(tmp_path: Path, texts: Mapping[str, str]) -> None:
    """What is wrong is said."""
    with pytest.raises(Unusable, match=r"\w{4}"):
        labeller.load(files(tmp_path / "models", **texts))


def test_what_is_scored_for_a_name() -> None:
    """What somebody registered, below a suffix of a registry or of a company; nothing for what can't be scored."""
    assert labeller.site_of("www.bet.example.co.uk") == labeller.site_of("example.co.uk") == "example.co.uk"
    assert labeller.site_of("a.mine.github.io") == labeller.site_of("mine.github.io") is not None
    assert labeller.site_of("yours.github.io") != labeller.site_of("mine.github.io")
    assert [labeller.site_of(name) for name in ("co.uk", "localhost", "127.0.0.1", "\\200.de", "")] == [None] * 5


@asynccontextmanager
async def process(
    data: Path, *models: Path, how: Sequence[str] = ("-m", "appliance.steward.labeller")
) -> AsyncIterator[tuple["subprocess.Popen[bytes]", Link]]:
    """Give a labels process as its steward starts it, with the steward's end of the link."""
    ours, theirs = socket.socketpair()
    with theirs:
        argv = [sys.executable, *how, str(theirs.fileno()), str(data), *map(str, models)]
        started = subprocess.Popen(argv, pass_fds=[theirs.fileno()])  # noqa: ASYNC220 -- takes milliseconds
    link = await Link.over(ours)
    try:
        yield started, link
    finally:
        link.close()
        try:
            assert await asyncio.to_thread(started.wait, WITHIN_S) == 0
        finally:
            if started.poll() is None:
                started.kill()
                started.wait()


async def said(link: Link) -> Told:
    """Return the next thing that it says."""
    async with asyncio.timeout(WITHIN_S):
        async for told in link.hear(msgspec.json.Decoder(Told)):
            return told
    raise AssertionError("it said nothing")


def test_a_process_without_a_model(tmp_path: Path) -> None:
    """It says so to its steward and on the bus, and takes its leave with its steward."""

    async def story() -> None:
        async with process(tmp_path, files(tmp_path / "models")) as (_, link):
            told = await said(link)
            assert (told.version, bool(told.problem)) == (None, True)
            status = await bus.ask_soon(tmp_path, NAME, {"ask": "status"})
            assert status["problem"] == told.problem
            with pytest.raises(bus.BusError, match="the labels says"):
                await bus.ask_soon(tmp_path, NAME, {"ask": "guess", "names": ["a.example"]})
            assert bus.is_expected(tmp_path, NAME)
        assert not bus.is_expected(tmp_path, NAME)

    asyncio.run(story())


def test_who_may_ask() -> None:
    """Names are the nameserver's and the pages' to ask about."""
    assert {"guess": {"kindgate-nameserver", "kindgate-web"}, "explain": {"kindgate-web"}} == labeller.USERS
    assert all(users <= bus.USERS for users in labeller.USERS.values())
