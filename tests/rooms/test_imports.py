"""The laws of import hold, and each can be broken: a law that no change can break proves nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rooms.tree import ROOT

BIN = Path(sys.executable).parent
PURE = "appliance/core/names.py"


def lint_imports(where: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the package of a folder."""
    argv = [str(BIN / "lint-imports"), "--no-cache", "--config", "pyproject.toml"]
    env = os.environ | {"PYTHONPATH": str(where), "COLUMNS": "200"}
    return subprocess.run(argv, cwd=where, env=env, capture_output=True, text=True, check=False, timeout=60)


def ruff(where: Path, *paths: str) -> subprocess.CompletedProcess[str]:
    """Look for banned names in some files of a folder."""
    argv = [str(BIN / "ruff"), "check", "--no-cache", "--select", "TID251", "--output-format", "concise", *paths]
    return subprocess.run(argv, cwd=where, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and of the laws, to break them in."""
    shutil.copytree(ROOT / "appliance", tmp_path / "appliance", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def add(where: Path, module: str, statement: str) -> None:
    """Put a statement at the end of a module."""
    path = where / module
    path.write_text(f"{path.read_text()}\n{statement}\n")


def test_the_laws_of_import_hold() -> None:
    """import-linter keeps every contract."""
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


BREACHES = [
    (PURE, "import os", "core touches nothing of the machine"),
    ("appliance/core/verdict.py", "from appliance.core import policy", "The rooms of core"),
    ("appliance/world/clock.py", "import appliance.nameserver.daemon", "Imports run downwards only"),
    ("appliance/core/house.py", "import appliance.world.clock", "Imports run downwards only"),
    ("appliance/world/snapshot.py", "import sqlite3", "SQL only in store"),
]


@pytest.mark.parametrize(("module", "statement", "law"), BREACHES)
def test_a_breach_of_an_import_law_fails(copy: Path, module: str, statement: str, law: str) -> None:
    """Each kind of forbidden import breaks just its own contract."""
    add(copy, module, statement)
    done = lint_imports(copy)
    assert done.returncode == 1
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    assert [law in line for line in broken] == [True], done.stdout


def test_core_names_nothing_of_the_machine() -> None:
    """No module of core names a library that reaches out."""
    done = ruff(ROOT, "appliance")
    assert (done.returncode, done.stdout.strip()) == (0, "All checks passed!")


FORBIDDEN = [
    "import os",
    "from time import time",
    "import dnslib",
    "from datetime import datetime\nAT = datetime.now()",
    "from zoneinfo import ZoneInfo",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_a_forbidden_name_in_core_is_found(copy: Path, statement: str) -> None:
    """The same line is refused in core and taken in a door."""
    for module in (PURE, "appliance/world/clock.py", "appliance/commands/run.py", "appliance/config.py"):
        add(copy, module, statement)
    done = ruff(copy, "appliance")
    assert done.returncode == 1
    assert {line.partition(":")[0] for line in done.stdout.splitlines() if "TID251" in line} == {PURE}
