"""The command line as a whole: its commands, its help, its version."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from appliance import commands
from appliance.__main__ import COMMANDS, ELSEWHERE, main
from tests.commands.cli import kindgate


def test_the_commands_are_these() -> None:
    """Each module of the folder that is no help to others is a command, and each command has its module."""
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    assert {name: command.name for name, command in found.items() if command} == {name: name for name in COMMANDS}
    helpers = {"__init__", "daemons", "finding", "list_check", "list_show", "list_tending", "options", "probe", "used"}
    modules = {ELSEWHERE.get(name, name) for name in COMMANDS}
    assert {file.stem for file in Path(commands.__file__).parent.glob("*.py")} - helpers == modules


def test_a_command_brings_no_other_along() -> None:
    """The nameserver's process is not made bigger by what the dashboard needs."""
    code = "import sys; from appliance.__main__ import main; main(['nameserver', '--help'], standalone_mode=False); "
    code += "sys.exit(' '.join({'flask', 'gunicorn', 'scapy', 'apscheduler', 'sqlite_utils'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "\n")


@pytest.mark.parametrize("words", [[], *([one] for one in COMMANDS), ["house", "apply"], ["house", "show"]])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_each_explains_itself(words: list[str], flag: str) -> None:
    """Help goes to standard output, with exit status 0, and says how the command is called."""
    result = kindgate(*words, flag)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"Usage: {' '.join(['kindgate', *words])} ")


def test_the_version_is_the_packages() -> None:
    """One place says it: pyproject.toml."""
    result = kindgate("--version")
    assert (result.exit_code, result.stdout) == (0, f"kindgate, version {version('kindgate')}\n")


@pytest.mark.parametrize("words", [["nothing"], ["explain"], ["check", "--nothing"], ["house", "nothing"], ["-x"]])
def test_a_wrong_word_is_exit_status_2(words: list[str]) -> None:
    """And standard output stays empty."""
    result = kindgate(*words)
    assert (result.exit_code, result.stdout) == (2, "")


def test_python_runs_the_package() -> None:
    """`python -m appliance` is the same command, by the same name."""
    argv = [sys.executable, "-m", "appliance", "check", "-h"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: kindgate check ")


def test_tests_go_by_the_command_line() -> None:
    """Click keeps the help option a command first had: one called past `main` would have no `-h` from then on."""
    callers = [file.name for file in Path(__file__).parent.rglob("*.py") if "CliRunner(" in file.read_text()]
    assert sorted(callers) == ["cli.py", "test_main.py"]
