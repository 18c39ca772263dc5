"""Calls the command line inside the test, and stands in for a nameserver on the bus."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from appliance.__main__ import main
from appliance.world.bus import Answerer, Bus

HOUSE = """\
time_zone: Europe/Berlin
persons:
- id: kim
  name: Kim
  band: 6-9
  rules:
  - {name: blocked.example, do: block}
  windows:
  - {name: Bedtime, start: "20:00", end: "07:00"}
- {id: alex, name: Alex, kind: adult}
devices:
- {id: tablet, name: Kim's Tablet, person: kim, macs: ["02:77:00:00:00:10"], addresses: ["fd77::10", 192.168.77.10]}
- {id: tv, kind: tv, macs: ["02:77:00:00:00:13"]}
"""


def kindgate(*words: str, data: Path | None = None, stdin: str | bytes | None = None) -> Result:
    """Return what a command does with these words; an exception that is not click's own fails the test."""
    argv = [*words, *(["--data", str(data)] if data is not None else [])]
    result = CliRunner().invoke(main, argv, input=stdin, prog_name="kindgate")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def applied(data: Path, house: str = HOUSE) -> Path:
    """Put a house in a data folder where no daemon runs."""
    result = kindgate("house", "apply", "-", data=data, stdin=house)
    assert result.exit_code == 0, result.output
    return data


@contextmanager
def fake_daemon(data: Path, answer: Answerer, name: str = "nameserver") -> Iterator[None]:
    """Answer on a daemon's bus, from a thread of its own, as long as the block runs."""
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        bus = Bus(data, name, answer)
        await bus.open()
        ready.set()
        await done.wait()
        await bus.close()
        # Whoever is being answered gets the answer: a task that is left would be a fault when the loop closes.
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=5)
        # And its transport, which closes a turn of the loop later, is closed.
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(5)
        loop.close()


def status(*digests: str, **other: Any) -> dict[str, object]:
    """Return a status in which each worker runs the house of a digest."""
    workers = [
        {"number": number, "pid": 1, "revision": 1, "digest": digest, "problem": None, "restarts": 0}
        for number, digest in enumerate(digests)
    ]
    plain = {"bus": 1, "pid": 1, "revision": 1, "digest": "", "problem": None, "dns": [], "upstreams": [], "counts": {}}
    return plain | {"workers": workers} | other


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without a house, a configuration or a home of its own."""
    for name in ("KINDGATE_DATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("appliance.commands.options.SYSTEM_CONFIG", tmp_path / "none.yaml")
    return tmp_path


def answering(answers: Mapping[str, object]) -> Answerer:
    """Return an answerer that has one answer for each request."""

    def answer(request: dict[str, object]) -> object:
        with contextlib.suppress(KeyError):
            return answers[str(request.get("ask"))]
        return {"bus": 1, "error": "unknown request"}

    return answer
