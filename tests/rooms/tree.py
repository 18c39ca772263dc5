"""The repository as its tests see it: modules, tracked files, tables and blocks of the README."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.needs import need

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "appliance"
README = ROOT / "README.md"
RULES_README = ROOT / "rules" / "README.md"

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)


def modules() -> list[Path]:
    """Return every module of the package but the packages' own files, relative to the root."""
    found = [path.relative_to(ROOT) for path in PACKAGE.rglob("*.py")]
    assert len(found) > 30
    return sorted(path for path in found if path.name != "__init__.py")


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is or would be committed, relative to the root."""
    need(shutil.which("git") is not None and (ROOT / ".git").exists(), "a git checkout")
    argv = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    found = sorted({Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()})
    assert len(found) > 100
    return tuple(found)


def section(text: str, title: str) -> str:
    """Return what stands under a heading, up to the next heading of its level or a higher one."""
    level = title.split(" ", maxsplit=1)[0]
    _, found, rest = text.partition(f"\n{title}\n")
    assert found, f"there is no {title!r}"
    kept, is_fenced = [], False
    for line in rest.splitlines(keepends=True):
        is_fenced ^= line.startswith("```")
        if not is_fenced and re.match(rf"#{{1,{len(level)}}} ", line):
            break
        kept.append(line)
    return "".join(kept)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and its text."""

    language: str
    text: str


def blocks(text: str, *languages: str) -> list[Block]:
    """Return the fenced blocks of these languages, in order."""
    return [Block(found[1], found[2]) for found in _FENCE.finditer(text) if found[1] in languages]


def tables(text: str) -> list[list[list[str]]]:
    """Return each table's rows, without heading and rule, as cells."""
    found = [
        [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in table.splitlines()[2:]]
        for table in _TABLE.findall(text)
    ]
    assert all(found), "a table has rows"
    return found


def quoted(cell: str) -> list[str]:
    """Return what a cell has between backquotes."""
    return re.findall(r"`([^`]+)`", cell)
