"""The README's commands do what it shows.

A ``console`` block is run in order: a line after ``$ `` is a command, what follows is what it prints. `…` stands for
anything on a line, a line of nothing else for any lines. `./scripts/run` becomes `kindgate run` on ports and a data
folder of this test's own; a ``yaml`` block that begins with ``# NAME`` is a file that lies beside.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import fake_upstream
from tests.needs import need
from tests.rooms import tree
from tests.running import START_S, Running, running, until

STARTS = "./scripts/run"
SHOWN = "127.0.0.1:5300"
SHOWN_WEB = "127.0.0.1:8080"
LATER = {"house.json", "house.previous.json", "lists/", "tls/", "guard/", "*.before-N", "*.broken-TIME"}
"""What a data folder has only after a change, with a list, on a network, as a gateway, after an update or a fault."""
STUB = """\
#!{python}
# The command as installed, but it never asks a router or a resolver of this machine's own network.
import sys
from appliance.world import neighbours
neighbours.gateways = lambda: ()
from appliance.__main__ import main
sys.argv[0] = "kindgate"
main(prog_name="kindgate")
"""


def steps(text: str) -> list[tuple[str, str]]:
    """Return the commands of all blocks in order, each with what it is shown to print."""
    found = []
    for block in tree.blocks(text, "console"):
        first, *rest = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
        assert first == "", "a block begins with a command"
        found += [(command, shown) for command, _, shown in (step.partition("\n") for step in rest)]
    return found


def pattern(shown: str) -> str:
    """Return what is shown as a regular expression."""
    lines = [".*\n?" if line == "…" else re.escape(line).replace("…", "[^\n]+") + "\n" for line in shown.splitlines()]
    return "".join("(?:.*\n)*" if line == ".*\n?" else line for line in lines)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Kindgate as `./scripts/run` starts it, on another port and with an upstream of the test's own."""
    folder = tmp_path_factory.mktemp("readme")
    with fake_upstream() as upstream, running(folder / "data", (upstream.endpoint,), command="run") as started:
        until(lambda: "  Try " in started.log.read_text(), START_S, "the greeting")
        yield started


def near(text: str, box: Running) -> str:
    """Put the test's address in the place of the README's."""
    shown_address, _, shown_port = SHOWN.partition(":")
    text = text.replace(SHOWN, str(box.server)).replace(SHOWN_WEB, str(box.web))
    text = text.replace(f"-p {shown_port}", f"-p {box.server.port}")
    text = text.replace(f"@{shown_address}", f"@{box.server.address}")
    return re.sub(rf"^{re.escape(shown_address)}$", box.server.address, text, flags=re.MULTILINE)


def test_the_commands_of_the_readme_print_what_it_shows(box: Running, tmp_path: Path) -> None:
    """Every step of every console block, from the first start to the doctor's report."""
    need(shutil.which("dig") is not None, "dig")
    text = tree.README.read_text("utf-8")
    for block in tree.blocks(text, "yaml"):
        if named := re.match(r"# (\S+\.yaml)\n", block.text):
            (tmp_path / named[1]).write_text(block.text)
    stub = tmp_path / "bin" / "kindgate"
    stub.parent.mkdir()
    stub.write_text(STUB.format(python=sys.executable))
    stub.chmod(0o755)
    env = os.environ | {
        "PATH": f"{stub.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(tree.ROOT),
        "KINDGATE_DATA": str(box.data),
    }
    done = []
    for command, shown in steps(text):
        expected = near(shown, box)
        if command == STARTS:
            assert re.fullmatch(pattern(expected), box.log.read_text()), box.log.read_text()
        else:
            argv = ["bash", "-c", near(command, box)]
            ran = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=30)
            assert re.fullmatch(pattern(expected), ran.stdout), (
                f"{command}\n{ran.stdout}{ran.stderr}\nshown:\n{expected}"
            )
            assert ran.returncode == 0, command
        done.append(shlex.split(command)[0])
    assert {STARTS, "dig", "kindgate", "export"} <= set(done)
    assert len(done) >= 10


def test_the_data_folder_holds_what_the_readme_says(box: Running) -> None:
    """Each file that a box makes is in the table of the data folder, and the table names no other."""
    (rows,) = tree.tables(tree.section(tree.README.read_text("utf-8"), "## The data folder"))
    told = {name for row in rows for name in tree.quoted(row[0])}

    def found() -> set[str]:
        entries = (path for path in box.data.iterdir() if not path.name.startswith("."))
        return {re.sub(r"-(wal|shm)$", "", path.name) + "/" * path.is_dir() for path in entries}

    until(lambda: found() >= told - LATER, START_S, f"{sorted(told - LATER - found())}")
    assert found() <= told


def test_a_wrong_line_would_be_noticed() -> None:
    """A text that differs from what is shown does not pass."""
    assert re.fullmatch(pattern("a … c\n…\nend\n"), "a b c\nx\ny\nend\n")
    assert not re.fullmatch(pattern("a … c\n"), "a b d\n")
    assert not re.fullmatch(pattern("a\n"), "a\nb\n")
