"""The shape of the tree: every module says what it knows, has a twin among the tests, and stands on the map."""

import ast
from pathlib import Path

import pytest

from tests.rooms import tree
from tests.rooms.tree import ROOT

MAX_LINES = {"appliance": 400, "scripts": 400, "tests": 500}
"""What grows beyond this holds two things; a test's tables of cases may be longer."""
NO_TWINS = {"adversary", "rooms", "rules", "lab", "scenarios"}
"""Folders of tests that belong to no module."""
ROOMS = ("appliance", "tests", "scripts")
PAGES = (Path("appliance/web/templates"), Path("appliance/web/static"))
FIRST_RUN = "appliance/web/setup.py"
EVERY_PY = sorted(path.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def twin(module: Path) -> Path:
    """Return where the tests of a module stand: ``appliance/a/b.py`` → ``tests/a/test_b.py``."""
    inside = module.relative_to("appliance")
    return Path("tests") / inside.parent / f"test_{inside.stem.strip('_')}.py"


@pytest.mark.parametrize("path", EVERY_PY)
def test_a_file_says_what_it_is(path: str) -> None:
    """Every module, test and script begins by saying what it is, on one line; a module in one sentence."""
    said = ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8")), clean=True)
    assert said, f"{path} has no docstring"
    first = said.split("\n\n")[0]
    assert "\n" not in first
    assert first[-1] in ".?", f"{path}: {first}"
    assert ". " not in first or not path.startswith("appliance/"), f"{path} begins with several sentences: {first}"


@pytest.mark.parametrize("path", EVERY_PY)
def test_a_file_is_short(path: str) -> None:
    """No file is longer than a person reads in one go."""
    assert len((ROOT / path).read_text("utf-8").splitlines()) <= MAX_LINES[path.split("/", maxsplit=1)[0]]


@pytest.mark.parametrize("module", [path.as_posix() for path in tree.modules()])
def test_a_module_has_a_twin(module: str) -> None:
    """What has no test of its own name is not tested on purpose."""
    assert (ROOT / twin(Path(module))).is_file(), f"{module} wants {twin(Path(module))}"


def test_a_test_has_a_module() -> None:
    """Each test file stands where its module does; one module may have several, and so may third-party cases."""
    twins = {twin(module) for module in tree.modules()}
    strays = [
        path.as_posix()
        for path in (found.relative_to(ROOT) for found in (ROOT / "tests").rglob("test_*.py"))
        if path.parts[1] not in NO_TWINS
        and not any(path.parent == one.parent and f"{path.stem}_".startswith(f"{one.stem}_") for one in twins)
        and "shared(" not in (ROOT / path).read_text("utf-8")
    ]
    assert strays == []


def mapped() -> dict[Path, str]:
    """Return what the README's map says of each path; folders end in ``/``, files that belong together share a line."""
    (block,) = tree.blocks(tree.section(tree.README.read_text("utf-8"), "## Map"), "text")
    found: dict[Path, str] = {}
    above: list[tuple[int, Path]] = []
    for line in block.text.splitlines():
        indent = len(line) - len(line.lstrip())
        names, _, says = line.strip().partition("  ")
        above = [(depth, folder) for depth, folder in above if depth < indent]
        paths = [(above[-1][1] if above else Path()) / name for name in names.split()]
        for path in paths:
            assert path not in found, f"{path} stands there twice"
            found[path] = says.strip()
        if names.endswith("/"):
            above.append((indent, paths[-1]))
    return found


def test_the_map_is_true() -> None:
    """Everything on the map exists, as a file or a folder, and is told in words."""
    for path, says in mapped().items():
        assert (ROOT / path).exists(), f"{path} is on the map and nowhere else"
        assert says, f"{path}: what is it?"


def test_the_map_is_whole() -> None:
    """Every module and folder of the package, every top-level entry and every script is on the map.

    What pages are made of (templates, style) is on it as a folder: each belongs to a module that is.
    """
    files = tree.files()
    told = [path for path in files if path.parts[0] in ("appliance", "scripts", ".ci") and part_of(path) is None]
    wanted = {Path(path.parts[0]) for path in files} | {path.parent for path in told}
    wanted |= {path for path in told if path.name != "__init__.py" and not path.parent.name.endswith("lib")}
    wanted |= {folder for path in files if (folder := part_of(path)) is not None}
    assert wanted - mapped().keys() == set()


def part_of(path: Path) -> Path | None:
    """Return the folder of what pages are made of that a file stands in, None for any other file."""
    return next((folder for folder in PAGES if folder in path.parents), None)


def test_no_template_lies_about() -> None:
    """Every template is rendered by a module of the dashboard, or part of another template."""
    templates = [path.relative_to(PAGES[0]) for path in tree.files() if PAGES[0] in path.parents]
    texts = [(ROOT / path).read_text("utf-8") for path in tree.files() if PAGES[0].parent in path.parents
             and path.suffix in (".py", ".html")]  # fmt: skip
    assert len(templates) > 20
    for template in templates:
        # The steps of the first run are rendered by the word of each.
        by_word = template.parts[0] == "setup" and f'"{template.stem}"' in (ROOT / FIRST_RUN).read_text("utf-8")
        assert by_word or any(f'"{template.as_posix()}"' in text for text in texts), template
