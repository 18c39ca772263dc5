"""The wheel is whole: installed in an empty environment, far from any checkout, it knows its rules and its commands."""

import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from tests.needs import need
from tests.rooms import tree
from tests.rooms.tree import ROOT

OF_A_GATEWAY = {"appliance/guard/queue.py", "appliance/guard/desk.py", "appliance/guard/worker.py"}
"""Those that need NetfilterQueue, which the extra `gateway` brings."""


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel and what it says that it depends on, and nothing else."""

    folder: Path
    wheel: Path

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment from a folder that holds nothing, with a home of its own."""
        empty = self.folder.parent / "elsewhere"
        empty.mkdir(exist_ok=True)
        env = {"PATH": "/usr/bin:/bin", "HOME": str(empty), "LANG": "C.UTF-8"}
        command = [str(self.folder / "bin" / argv[0]), *argv[1:]]
        return subprocess.run(command, cwd=empty, env=env, capture_output=True, text=True, check=False, timeout=30)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build the wheel, unpack it by pip into a fresh environment, and give that the declared dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    pip(None, "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder))
    (wheel,) = folder.glob("*.whl")
    environment = folder / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    pip(environment / "bin" / "python", "install", "--no-deps", "--no-index", str(wheel))
    (site,) = (environment / "lib").glob("python*/site-packages")
    for path in dependencies(wheel):
        if not (site / path.name).exists():
            (site / path.name).symlink_to(path)
    return Installed(environment, wheel)


def pip(python: Path | None, *arguments: str) -> None:
    """Run this environment's pip, on another environment if one is given; nothing is fetched."""
    need(subprocess.run([sys.executable, "-c", "import pip, hatchling"], check=False).returncode == 0, "pip, hatchling")
    argv = [sys.executable, "-m", "pip", *(["--python", str(python)] if python else []), *arguments]
    env = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr


def dependencies(wheel: Path) -> Iterator[Path]:
    """Yield the files and folders of what a wheel's metadata asks for, and of what that asks for in turn."""
    with ZipFile(wheel) as opened:
        metadata = next(name for name in opened.namelist() if name.endswith("/METADATA"))
        lines = opened.read(metadata).decode().splitlines()
    wanted = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]
    seen: set[str] = set()
    while wanted:
        asked = Requirement(wanted.pop())
        if asked.name in seen or not (asked.marker is None or asked.marker.evaluate({"extra": ""})):
            continue
        seen.add(asked.name)
        one = distribution(asked.name)
        wanted += one.requires or []
        tops = {path.parts[0] for path in one.files or [] if path.parts[0] not in ("..", "__pycache__")}
        yield from (Path(str(one.locate_file(top))) for top in sorted(tops))
    assert len(seen) >= 7


def test_the_wheel_carries_the_rules_and_models(installed: Installed) -> None:
    """Every file of rules/ and models/ is in the wheel, octet for octet, and no test is."""
    with ZipFile(installed.wheel) as opened:
        names = set(opened.namelist())
        for path in tree.files():
            if path.parts[0] in ("rules", "models"):
                assert opened.read(f"appliance/{path.as_posix()}") == (ROOT / path).read_bytes()
            elif path.parts[0] == "appliance":
                assert path.as_posix() in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"appliance"}


def test_it_runs_from_the_environment_alone(installed: Installed) -> None:
    """Code and rules come from the environment, not from this checkout."""
    script = "import appliance; from appliance.world import rules; print(appliance.__file__); print(rules.folder())"
    done = installed.run("python", "-c", script)
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(installed.folder) for line in done.stdout.splitlines())


def test_version(installed: Installed) -> None:
    """`kindgate --version` is that of pyproject.toml."""
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    done = installed.run("kindgate", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"kindgate, version {version[1]}\n", "")


def test_explain(installed: Installed) -> None:
    """The bundled rules decide."""
    done = installed.run("kindgate", "explain", "malware.kindgate.test", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["action"], told["step"]) == ("block", "hard")


def test_check(installed: Installed) -> None:
    """The doctor finds the rules, and that nothing runs."""
    done = installed.run("kindgate", "check")
    assert (done.returncode, done.stderr) == (1, "")
    assert re.search(r"^✓ Rules: \d+ categories, \d+ names$", done.stdout, re.MULTILINE)
    assert "No nameserver is running" in done.stdout


def test_every_module_can_be_imported(installed: Installed) -> None:
    """The declared dependencies are enough for every module, but for those that only a gateway has (the extra)."""
    names = [".".join(path.with_suffix("").parts) for path in tree.modules() if path.as_posix() not in OF_A_GATEWAY]
    done = installed.run(
        "python", "-W", "error", "-c", f"import importlib; [importlib.import_module(n) for n in {names}]"
    )
    assert (done.returncode, done.stderr) == (0, "")
