"""The scripts are careful bash, CI runs what a person runs, and the README installs what there is."""

import os
import re
import shlex
import subprocess
from pathlib import Path

from tests.rooms import tree
from tests.rooms.tree import ROOT

SOURCED = "scripts/lib.sh"
EVERYWHERE = {"git", "mount", "true"}
"""Programs that every Debian with a checkout has."""
BELONGS_TO = {"systemd-sysusers": "systemd"}
"""Programs that come with another's package."""
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


def test_tests_get_the_programs_that_they_want() -> None:
    """What a test looks for by its name, `scripts/test` sees to: by that name, or with a package that has it anyway."""
    text = (ROOT / "scripts" / "test").read_text()
    told = dict(re.findall(r"([\w-]+)=([\w-]+)", text.partition("need_debian ")[2]))
    wanted = {
        program
        for path in tree.files()
        if path.parts[0] == "tests" and path.suffix == ".py"
        for asked in re.findall(r"(?:which\(|map\(shutil\.which, \()([^)]*)\)", (ROOT / path).read_text("utf-8"))
        for program in re.findall(r'"([\w-]+)"', asked)
    }
    assert {"dig", "chromium", "systemd-tmpfiles"} <= wanted
    missing = {program for program in wanted - told.keys() - EVERYWHERE if BELONGS_TO.get(program) not in told.values()}
    assert missing == set()


def test_the_readme_installs_every_unit_file() -> None:
    """The README's lines put each file of systemd/ where systemd looks for its kind, before they use it."""
    lines = [shlex.split(line) for line in installing()]
    copied = {
        source.relative_to(ROOT).as_posix(): words[-1]
        for words in lines
        if words[:2] == ["sudo", "cp"]
        for pattern in words[2:-1]
        for source in ROOT.glob(pattern)
    }
    places = {"sysusers.d": "/etc/sysusers.d/", "tmpfiles.d": "/etc/tmpfiles.d/", "systemd": "/etc/systemd/system/"}
    places["unbound.conf.d"] = "/etc/unbound/unbound.conf.d/"
    expected = {path.as_posix(): places[path.parent.name] for path in tree.files() if path.parts[0] == "systemd"}
    assert copied == expected
    order = ["/etc/tmpfiles.d/", "--create", "venv", "/etc/systemd/system/", "enable", "check"]
    found = [next(number for number, words in enumerate(lines) if word in words) for word in order]
    assert found == sorted(found)


def test_the_readme_makes_the_environment_that_the_units_run() -> None:
    """The program of every unit is in the environment that the README's lines make, its data where they look."""
    text = "\n".join(installing())
    for unit in (ROOT / "systemd").glob("*.service"):
        (start,) = re.findall(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE)
        program, *words = shlex.split(start)
        assert f"-m venv {Path(program).parents[1]}\n" in text
        assert f"{program} check --data {words[words.index('--data') + 1]}\n" in f"{text}\n"


def installing() -> list[str]:
    """Return the lines of the README that install Kindgate with systemd."""
    section = tree.section(tree.README.read_text("utf-8"), "## With systemd")
    return [line for block in tree.blocks(section, "sh") for line in block.text.splitlines()]


def test_all_tests_of_the_lab_are_run() -> None:
    """They lie where `scripts/test` looks for them: it does not gather all tests for those."""
    lab = "pytest.mark." + "lab"
    files = [path for path in tree.files() if path.parts[0] == "tests" and path.suffix == ".py"]
    places = {path.parts[1] for path in files if lab in (ROOT / path).read_text("utf-8")}
    script = (ROOT / "scripts/test").read_text("utf-8")
    lines = re.findall(r"^(?:part lab|gateway=).*", script, re.MULTILINE)
    run = re.findall(r"tests/(\w+)", "".join(lines))
    assert places <= set(run)
