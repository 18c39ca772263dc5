"""The scripts are careful bash, CI runs what a person runs, and the systemd unit calls what there is."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.__main__ import main
from tests.needs import need
from tests.rooms import tree
from tests.rooms.tree import ROOT

UNIT = ROOT / "systemd" / "kindgate-nameserver.service"
SOURCED = "scripts/lib.sh"
CI = """\
#!/usr/bin/env bash
# What CI runs, and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
KINDGATE_CI=1 ./scripts/check && KINDGATE_CI=1 ./scripts/test
"""


def programs() -> list[Path]:
    """Return the files of scripts/ and .ci/ that are run, not imported."""
    found = [path for path in tree.files() if path.parts[0] in ("scripts", ".ci") and path.suffix == ""]
    assert len(found) >= 5
    return found


def test_scripts_can_be_run() -> None:
    """Each program is executable and says by what it is run; nothing else in the tree is executable."""
    for path in programs():
        assert os.access(ROOT / path, os.X_OK), path
        assert (ROOT / path).read_text().startswith("#!/usr/bin/env "), path
    others = [path for path in tree.files() if path not in programs() and os.access(ROOT / path, os.X_OK)]
    assert [path.as_posix() for path in others if (ROOT / path).stat().st_mode & 0o111] == []


def test_bash_scripts_stop_at_the_first_error() -> None:
    """After the comment at its head, a script sets -euo pipefail before it does anything."""
    for path in programs():
        first, *lines = (ROOT / path).read_text().splitlines()
        if first.endswith("bash"):
            assert lines[0].startswith("# "), f"{path} says what it does"
            assert next(line for line in lines if not line.startswith("#")) == "set -euo pipefail", path


def test_bash_reads_them() -> None:
    """`bash -n` has nothing to say."""
    for path in (*programs(), Path(SOURCED)):
        text = (ROOT / path).read_text()
        if path.as_posix() == SOURCED or text.split("\n")[0].endswith("bash"):
            done = subprocess.run(
                ["bash", "-n", str(ROOT / path)], capture_output=True, text=True, check=False, timeout=10
            )
            assert (done.returncode, done.stderr) == (0, ""), path


def test_ci_is_check_and_test() -> None:
    """CI runs the two commands that a person runs, and nothing else."""
    assert (ROOT / ".ci" / "run").read_text() == CI


def unit() -> dict[str, list[str]]:
    """Return the settings of the unit: each key with all its values."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_unit_calls_a_command_that_there_is() -> None:
    """ExecStart is a command with options and values that the command line takes."""
    (start,) = unit()["ExecStart"]
    program, *words = shlex.split(start)
    assert Path(program).name == "kindgate"
    with main.make_context("kindgate", list(words)) as context:
        name, command, rest = main.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        with command.make_context(name, rest, parent=context) as inner:
            told = inner.params
    assert name == "nameserver"
    assert told["dns"] == ("0.0.0.0:53", "[::]:53")
    assert told["data"] == Path("/var/lib") / unit()["StateDirectory"][0]


def test_the_unit_is_careful() -> None:
    """The daemon may bind port 53 and has no other power; it is started again, whatever happens."""
    told = {key: values[0] for key, values in unit().items()}
    expected = {
        "Restart": "always",
        "AmbientCapabilities": "CAP_NET_BIND_SERVICE",
        "CapabilityBoundingSet": "CAP_NET_BIND_SERVICE",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "StateDirectoryMode": "0750",
    }
    assert {key: told.get(key) for key in expected} == expected
    assert told["User"] != "root"
    families = set(told["RestrictAddressFamilies"].split())
    assert families == {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"}


def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say of it, but that nothing is installed in /opt here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd here")
    copy = tmp_path / UNIT.name
    copy.write_text(
        re.sub(r"^ExecStart=\S+", f"ExecStart={shutil.which('true')}", UNIT.read_text(), flags=re.MULTILINE)
    )
    argv = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(copy)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    need("unrecognized option" not in done.stderr, "a newer systemd-analyze")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readme_installs_what_the_unit_wants() -> None:
    """The README's lines make the user, the group and the environment that the unit names."""
    text = "\n".join(block.text for block in tree.blocks(tree.README.read_text("utf-8"), "sh"))
    told = {key: values[0] for key, values in unit().items()}
    assert f"groupadd --system {told['Group']}\n" in text
    assert re.search(rf"useradd .*--gid {told['Group']} .*{told['User']}\n", text)
    assert f"venv {Path(told['ExecStart'].split()[0]).parents[1]} " in text
    assert f"--data /var/lib/{told['StateDirectory']}\n" in text
