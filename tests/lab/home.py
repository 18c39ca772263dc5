"""A lab for tests: `scripts/lab` brought up under a name of its own, driven from Python, and always taken down."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from scripts.lablib import net
from scripts.lablib.lab import PACKAGES
from tests.needs import need

SCRIPT = Path(__file__).parents[2] / "scripts" / "lab"
ASK = Path(__file__).with_name("ask.py")
LIMIT_S = 60.0


def need_lab() -> None:
    """Skip (or fail, where it must run) without root or without the programs that the lab is made of."""
    need(os.geteuid() == 0, "the lab needs root")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [program for program in (*PACKAGES, "dig") if not shutil.which(program)]
    need(not missing, f"the lab needs {', '.join(missing)}")


def script(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `scripts/lab` with the system's Python, as a person would."""
    argv = [str(SCRIPT), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False, env=env)


def wait_until(is_so: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
    """Wait for something that announces itself in no other way than by being so."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, f"waited {limit_s} s for {what}"
        time.sleep(0.01)


class Home:
    """A lab that is up."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self._outputs: dict[int, Path] = {}
        self._numbers = count()
        self._skipped = 0

    @property
    def state(self) -> Path:
        """The lab's state folder."""
        return Path(tempfile.gettempdir()) / f"kindgate-lab-{self.name}"

    def host(self, name: str) -> net.Host:
        """A host's addresses and MAC."""
        return net.HOSTS[name]

    def exec(self, host: str, argv: list[str], limit_s: float = LIMIT_S) -> subprocess.CompletedProcess[str]:
        """Run a command in a host to its end; its exit code is not checked."""
        command = net.inside(self.name, host, argv)
        return subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)

    def popen(self, host: str, argv: list[str], ready: str = "", **options: Any) -> subprocess.Popen[bytes]:
        """Start a command in a host and, if `ready` is given, wait until it printed that. It ends with the lab.

        What it prints is in `output(process)`.
        """
        path = self._folder / f"output-{next(self._numbers)}"
        with path.open("wb") as sink:
            process = subprocess.Popen(
                net.inside(self.name, host, argv), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, **options
            )
        self._started.append(process)
        self._outputs[process.pid] = path

        def is_ready() -> bool:
            assert process.poll() is None, f"{argv} ended: {self.output(process)}"
            return ready in self.output(process)

        wait_until(is_ready, f"{ready!r} from {argv}")
        return process

    def output(self, process: subprocess.Popen[bytes]) -> str:
        """What a command started by `popen` has printed until now."""
        return self._outputs[process.pid].read_text(errors="replace")

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End a command that `popen` started."""
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        self._started.remove(process)

    def dig(self, host: str, *arguments: str) -> list[str]:
        """The lines that `dig +short` prints in a host; its resolver is the router unless `@address` is given."""
        done = self.exec(host, ["dig", "+short", "+tries=1", "+time=3", "+nocookie", *arguments])
        return done.stdout.splitlines()

    def ask(self, host: str, message: bytes, to: str = net.ROUTER.v4, port: int = 53, wait_s: float = 3.0) -> bytes:
        """Send a DNS message from a host as it stands, over UDP; the reply's bytes, or none after `wait_s`."""
        argv = [sys.executable, str(ASK), to, str(port), message.hex(), str(wait_s)]
        return bytes.fromhex(self.exec(host, argv).stdout)

    def set_recipe(self, recipe: str, forward_to: str = "v4", port: int = 53) -> None:
        """Switch the router to a recipe, and to where it forwards."""
        self._order("recipe", recipe, "--forward-to", forward_to, "--port", str(port))

    def stop_upstream(self) -> None:
        """Stop unbound."""
        self._order("upstream", "stop")

    def start_upstream(self) -> None:
        """Start unbound again."""
        self._order("upstream", "start")

    def upstream_queries(self, qname: str = "") -> list[dict[str, Any]]:
        """Every query that has reached the upstream since the last `forget_upstream`, or those for one name.

        A marker query is sent after them and waited for, so none that came before it is missing.
        """
        found = self._captured()[self._skipped :]
        asked = [query for query in found if not query["qname"].endswith(".marker.invalid")]
        return [
            query for query in asked if not qname or query["qname"].lower().rstrip(".") == qname.lower().rstrip(".")
        ]

    def forget_upstream(self) -> None:
        """Let `upstream_queries` begin from here."""
        self._skipped = len(self._captured())

    def close(self) -> None:
        """End what was started in the lab."""
        for process in list(self._started):
            self.stop(process)

    def _captured(self) -> list[dict[str, Any]]:
        marker = f"{next(self._numbers)}.marker.invalid"
        self.dig("appliance", f"@{net.INTERNET.v4}", marker)
        path = self.state / "upstream.jsonl"
        wait_until(lambda: marker in path.read_text(), "the marker query in the capture")
        return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def _order(self, *arguments: str) -> None:
        done = script(arguments[0], "--name", self.name, *arguments[1:])
        assert done.returncode == 0, done.stderr


@contextmanager
def home(name: str, folder: Path, *options: str) -> Iterator[Home]:
    """A lab that is up inside the `with`, and gone after it. `options` go to `scripts/lab up`."""
    need_lab()
    done = script("up", "--name", name, *options)
    assert done.returncode == 0, done.stderr
    up = Home(name, folder)
    try:
        yield up
    finally:
        up.close()
        done = script("down", "--name", name)
        assert (done.returncode, done.stderr) == (0, "")
